//! A state of the search: a world of the model, and what a bystander knows about the cookies in it.
//!
//! The bystander saw each cookie being set, and knows what no browser and no server can know: when that was and by which clock,
//! for whom, and under which key. The properties are tested by that knowledge, not by what the cookie says.
//!
//! **Two states are the same** (have the same hash) when they differ only in the date. Only ages matter, and all ages beyond the
//! longest lifetime are equivalent. So there are finitely many states, and the search ends without a bound on events or time.

use super::{
    configuration::Configuration,
    event::{Keys, LifetimeStep, Secret, config},
};
use crate::{
    clock::UnixTime,
    config::Config,
    model::world::{Server, World},
};
use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

/// When runs begin. It is not a whole second, which would hide rounding.
pub const START: UnixTime = UnixTime::from_micros(1_700_000_000_250_000);

/// In seconds, an age at which every cookie is too old, whatever the lifetime and the clocks of the configuration.
const OLD: i64 = LifetimeStep::Longer.seconds() + 2;

/// A state of the search.
#[derive(Clone, Debug)]
pub struct State {
    /// The world of the model.
    pub world: World,
    /// For each browser, what is known of the session's cookie in it.
    pub held: Vec<Option<Held>>,
    /// For each server, its keys.
    pub keys: Vec<Keys>,
    /// The lifetime in force.
    pub lifetime: LifetimeStep,
    /// How many seconds are left, if the configuration limits them.
    pub left: Option<i64>,
}

/// What a bystander knows of a cookie that a server set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// When it was set, in whole seconds of the clock of the server that set it.
    pub issued: i64,
    /// When the login was that it goes back to; none without a login.
    pub login: Option<i64>,
    /// The user in it: the number of a browser.
    pub user: Option<usize>,
    /// Whether something else is in it.
    pub cart: bool,
    /// Whether the session is permanent.
    pub permanent: bool,
    /// The key that should have signed it.
    pub secret: Secret,
    /// The lifetime in force when it was set.
    pub lifetime: LifetimeStep,
    /// What is in it, right or wrong.
    pub text: Text,
    /// Whether it was copied from another browser.
    pub copied: bool,
    /// Whether another browser with the same cookie has logged out since.
    pub logged_out: bool,
}

/// What is in a cookie. For correct servers this follows from the rest of [`Held`]; two states of a mutant may differ in this
/// alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Text {
    /// The payload, as a hash.
    pub payload: u64,
    /// The timestamp in it; none if it cannot be read.
    pub second: Option<i64>,
    /// The key that signed it; none if neither did.
    pub secret: Option<Secret>,
}

impl State {
    /// The state in which nobody is logged in.
    pub(super) fn start(configuration: &Configuration) -> Self {
        let served = Arc::new(config(Keys::Old, LifetimeStep::Normal, configuration.refresh));
        let server = |skew: &i64| Server { skew: skew * 1_000_000, ..Server::new(Config::clone(&served)) };
        let mut world = World::new(START, configuration.servers.iter().map(server).collect(), configuration.browsers());
        for agent in &mut world.browsers {
            agent.skew = configuration.browser_skew * 1_000_000;
        }
        Self {
            held: vec![None; world.browsers.len()],
            keys: vec![Keys::Old; world.servers.len()],
            lifetime: LifetimeStep::Normal,
            left: configuration.idle,
            world,
        }
    }

    /// The whole second that a server's clock shows.
    pub fn second_of(&self, server: usize) -> i64 {
        self.world.servers.get(server).map_or(0, |server| server.clock(self.world.now).seconds())
    }

    /// What is known of the cookie in a browser.
    pub fn held_by(&self, browser: usize) -> Option<Held> {
        self.held.get(browser).copied().flatten()
    }

    /// The value of the cookie in a browser.
    pub fn value_in(&self, browser: usize) -> Option<&str> {
        self.world.browsers.get(browser)?.browser.cookies().first().map(|cookie| cookie.value.as_str())
    }

    /// When a browser's cookie expires, as the browser has stored it; none without a date or without a cookie.
    pub fn expiry_in(&self, browser: usize) -> Option<UnixTime> {
        self.world.browsers.get(browser)?.browser.cookies().first()?.expires
    }

    /// What is known of a cookie goes when the cookie goes.
    pub(super) fn forget_what_is_gone(&mut self) {
        for browser in 0..self.held.len() {
            if self.value_in(browser).is_none()
                && let Some(held) = self.held.get_mut(browser)
            {
                *held = None;
            }
        }
    }

    /// What is known of the cookies in the browsers, with ages instead of dates.
    fn aged(&self) -> impl Iterator<Item = (Option<Held>, Option<i64>)> {
        let now = self.world.now.seconds();
        let age = move |second: i64| (now - second).min(OLD);
        self.held.iter().enumerate().map(move |(browser, held)| {
            let aged = held.map(|held| Held {
                issued: age(held.issued),
                login: held.login.map(age),
                text: Text { second: held.text.second.map(age), ..held.text },
                ..held
            });
            (aged, self.expiry_in(browser).map(|expires| expires.seconds() - now))
        })
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.aged().for_each(|aged| aged.hash(hasher));
        (&self.keys, self.lifetime, self.left).hash(hasher);
    }
}
