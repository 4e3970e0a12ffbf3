//! A state of the search: a world of the model, and what a bystander has written down about the cookies in it.
//!
//! The bystander saw each cookie being set, and knows what no browser and no server can know: when that was by which clock,
//! for whom, under which key. The claims are judged by that, not by what stands in the cookie.
//!
//! **Two states are the same** (have the same hash) when they differ only in how late it is. Nothing in the model depends on
//! the date but by differences, so that a cookie counts by its age, and one beyond every lifetime by being that. So there
//! are finitely many states, and the search has an end without a bound on events or time.

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

/// A fraction in the clock, since whole seconds would hide what is rounded.
pub const START: UnixTime = UnixTime::from_micros(1_700_000_000_250_000);

/// The age at which no lifetime and no clock in any configuration makes a difference any more, in seconds.
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
    /// How many seconds are left, where the search has a bound.
    pub left: Option<i64>,
}

/// What a bystander knows of a cookie that a server set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// The second at which it was set, by the clock of the server that set it.
    pub issued: i64,
    /// The second of the login that it goes back to; none without one.
    pub login: Option<i64>,
    /// The user in it: the number of a browser.
    pub user: Option<usize>,
    /// Whether something else is in it.
    pub cart: bool,
    /// Whether the session is permanent.
    pub permanent: bool,
    /// The key that was to sign.
    pub secret: Secret,
    /// The lifetime in force when it was set.
    pub lifetime: LifetimeStep,
    /// What stands in it, whatever should.
    pub text: Text,
    /// Whether it came by a copy.
    pub copied: bool,
    /// Whether a browser with the same cookie has logged out since.
    pub logged_out: bool,
}

/// What stands in a cookie: for servers that do as they should it follows from the rest, but states are the same only if
/// this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Text {
    /// The payload, as a hash.
    pub payload: u64,
    /// The timestamp in it; none where it cannot be read.
    pub second: Option<i64>,
    /// The key that signed it; none where neither did.
    pub secret: Option<Secret>,
}

impl State {
    /// Nobody is logged in.
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

    /// When a browser's cookie goes, as the browser has it: none without a date, or without a cookie.
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

    /// What makes the cookies in the browsers what they are, and nothing of how late it is.
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
