//! The recipe for a lifetime per user, searched for what one user's request does to another.
//!
//! Nobody tells the search what to look for. Beside the application that both users ask stands, for each user, one that this
//! user alone asks; and each answer is held against the answer that the user would have had alone. Where they differ, a
//! request of somebody else made the difference.

use super::search::{Claim, Kind, System, Way, bit};
use crate::{
    clock::UnixTime,
    config::{Config, Lifetime},
    model::{
        browser::{Browser, Target, attributes},
        recipe::{Application, ROLE, Recipe},
    },
    protocol::{Action, Choices, Exchange, Response},
};
use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

/// The users, by their roles, with their lifetimes in seconds: those of the recipe.
pub const USERS: [(&str, i64); 2] = [("admin", 8 * 60 * 60), ("user", 30 * 60)];

/// When runs begin.
pub const START: UnixTime = UnixTime::from_seconds(1_700_000_000);

/// The claim that nobody changes another's `Expires`.
pub const EXPIRY: &str = "nobody-changes-the-expiry-of-another";

/// The claim that nobody changes whether another is in.
pub const IN_OR_OUT: &str = "nobody-lets-another-in-or-out";

/// The longest runs, in events.
const BOUND: usize = 6;

/// An application with the recipe, and its users.
pub struct PerUser {
    recipe: Recipe,
    config: Arc<Config>,
}

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A user logs in.
    LogIn(usize),
    /// As much time passes as a user's lifetime, and a second more.
    Pass(usize),
    /// A user reads.
    Read(usize),
}

/// A state: what is shared, and what would be if each user were alone.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    now: UnixTime,
    shared: Application,
    alone: Vec<Application>,
    browsers: Vec<Browser>,
    /// How many events have been.
    events: usize,
}

/// One configuration of the application is all there is, and its users are always the same.
impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.now, &self.browsers, self.events, self.shared.lifetime().max_age()).hash(hasher);
        self.alone.iter().for_each(|application| application.lifetime().max_age().hash(hasher));
    }
}

impl PerUser {
    /// An application with the recipe, in a configuration that knows nothing of it.
    pub fn new(recipe: Recipe, config: Config) -> Self {
        Self { recipe, config: Arc::new(config) }
    }

    /// The instant, the user and the view of each request of a run.
    pub fn requests(events: &[Event]) -> Vec<(UnixTime, &'static str, Vec<Action>)> {
        let mut now = START;
        let mut requests = Vec::new();
        for event in events {
            match *event {
                Event::Pass(user) => now = now.plus_seconds(after(user)),
                Event::LogIn(user) | Event::Read(user) => {
                    requests.push((now, role(user), actions(*event)));
                }
            }
        }
        requests
    }

    fn happen(&self, before: &State, event: Event) -> Option<(State, u32)> {
        let mut state = before.clone();
        state.events += 1;
        let user = match event {
            Event::LogIn(user) | Event::Read(user) => user,
            Event::Pass(user) => {
                state.now = state.now.plus_seconds(after(user));
                state.browsers.iter_mut().for_each(|browser| browser.evict(state.now));
                return Some((state, 0));
            }
        };
        let here = Target::https("localhost", "/");
        let browser = state.browsers.get_mut(user)?;
        let call = Exchange {
            config: Arc::clone(&self.config),
            now: state.now,
            cookie_header: browser.cookie_header(&here, state.now),
            method: "GET".to_owned(),
            path: "/".to_owned(),
            actions: actions(event),
        };
        let answer = state.shared.exchange(&call, &Choices::default());
        let alone = state.alone.get_mut(user)?.exchange(&call, &Choices::default());
        if let Some(header) = set_cookie(&answer) {
            browser.receive(&[header], &here, state.now);
        }
        let shows = [expiry(&answer) != expiry(&alone), answer.opened != alone.opened];
        let broken = shows.into_iter().enumerate().filter(|(_, broken)| *broken);
        Some((state, broken.fold(0, |bits, (place, _)| bits | bit(place))))
    }
}

impl System for PerUser {
    type State = State;
    type Event = Event;

    fn starts(&self) -> Vec<State> {
        let lifetimes = USERS.map(|(role, seconds)| (role.to_owned(), Lifetime::Seconds(seconds)));
        let shared = Application::start(self.recipe, Arc::clone(&self.config), lifetimes.into());
        let alone = vec![shared.clone(); USERS.len()];
        vec![State { now: START, shared, alone, browsers: vec![Browser::new(); USERS.len()], events: 0 }]
    }

    fn ways(&self, before: &State) -> Vec<Way<Self>> {
        if before.events == BOUND {
            return Vec::new();
        }
        let events = (0..USERS.len()).flat_map(|user| [Event::Read(user), Event::LogIn(user), Event::Pass(user)]);
        let way = |event| self.happen(before, event).map(|(state, shows)| Way { event, state, shows });
        events.filter_map(way).collect()
    }

    fn claims(&self) -> Vec<Claim> {
        let always = |name| Claim { name, rule: "EXP-6", kind: Kind::Always };
        [EXPIRY, IN_OR_OUT].map(always).to_vec()
    }
}

fn role(user: usize) -> &'static str {
    USERS.get(user).map_or("", |(role, _)| role)
}

fn after(user: usize) -> i64 {
    USERS.get(user).map_or(0, |(_, seconds)| seconds + 1)
}

fn actions(event: Event) -> Vec<Action> {
    match event {
        Event::LogIn(user) => {
            vec![Action::SetPermanent { value: true }, Action::Set { key: ROLE.into(), value: role(user).into() }]
        }
        Event::Pass(_) => Vec::new(),
        Event::Read(_) => vec![Action::Get { key: ROLE.into() }],
    }
}

fn set_cookie(answer: &Response) -> Option<&str> {
    let (_, header) = answer.headers.iter().find(|(name, _)| name == "Set-Cookie")?;
    Some(header)
}

/// The date in the answer; none without a cookie as well as without a date.
fn expiry(answer: &Response) -> Option<i64> {
    attributes::parse(set_cookie(answer)?).ok()?.expires
}
