//! The recipe for a lifetime per user, searched for what one user's request does to another.
//!
//! Nobody tells the search what to look for. Both users ask one shared application. For each user there is a second
//! application that only this user asks. Where the shared application answers a user otherwise than the user's own, a request
//! of somebody else made the difference.

use super::system::{Kind, Property, System, Transition};
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

/// The property that nobody changes another's `Expires`.
pub const EXPIRY: &str = "nobody-changes-the-expiry-of-another";

/// The property that nobody changes whether another is in.
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

/// Where the answer to a user differs from the one that the user would have had alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    expiry: bool,
    opened: bool,
}

/// A state: the shared application, and for each user one that nobody else uses.
#[derive(Clone, Debug)]
pub struct State {
    now: UnixTime,
    shared: Application,
    alone: Vec<Application>,
    browsers: Vec<Browser>,
    /// How many events have happened.
    events: usize,
}

/// The configuration and the users never change, so they are not hashed.
impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.now, &self.browsers, self.events, self.shared.lifetime().max_age()).hash(hasher);
        self.alone.iter().for_each(|application| application.lifetime().max_age().hash(hasher));
    }
}

impl PerUser {
    /// An application with the recipe. The configuration has nothing to do with the recipe.
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

    fn happen(&self, before: &State, event: Event) -> Option<(State, Differences)> {
        let mut state = before.clone();
        state.events += 1;
        let user = match event {
            Event::LogIn(user) | Event::Read(user) => user,
            Event::Pass(user) => {
                state.now = state.now.plus_seconds(after(user));
                state.browsers.iter_mut().for_each(|browser| browser.evict(state.now));
                return Some((state, Differences::default()));
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
        let seen = Differences { expiry: expiry(&answer) != expiry(&alone), opened: answer.opened != alone.opened };
        Some((state, seen))
    }
}

impl System for PerUser {
    type State = State;
    type Event = Event;
    type Seen = Differences;

    fn initial_states(&self) -> Vec<State> {
        let lifetimes = USERS.map(|(role, seconds)| (role.to_owned(), Lifetime::Seconds(seconds)));
        let shared = Application::start(self.recipe, Arc::clone(&self.config), lifetimes.into());
        let alone = vec![shared.clone(); USERS.len()];
        vec![State { now: START, shared, alone, browsers: vec![Browser::new(); USERS.len()], events: 0 }]
    }

    fn successors(&self, before: &State) -> Vec<Transition<Self>> {
        if before.events == BOUND {
            return Vec::new();
        }
        let events = (0..USERS.len()).flat_map(|user| [Event::Read(user), Event::LogIn(user), Event::Pass(user)]);
        let transition = |event| self.happen(before, event).map(|(state, seen)| Transition { event, state, seen });
        events.filter_map(transition).collect()
    }

    fn properties(&self) -> Vec<Property> {
        let always = |name| Property { name, rule: "EXP-6", kind: Kind::Always };
        [EXPIRY, IN_OR_OUT].map(always).to_vec()
    }

    fn shows(&self, property: usize, _before: &State, transition: &Transition<Self>) -> bool {
        match self.properties().get(property).map(|property| property.name) {
            Some(EXPIRY) => transition.seen.expiry,
            Some(IN_OR_OUT) => transition.seen.opened,
            _ => false,
        }
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

/// The date in the answer; none without a cookie or without a date.
fn expiry(answer: &Response) -> Option<i64> {
    attributes::parse(set_cookie(answer)?).ok()?.expires
}
