//! Sessions in a store: what a server-side session does over time, for requests that may overlap (`STO-*`).
//!
//! The model is small. The store is a map from ids to records, each with its data and its end, and it remembers which ids have
//! ended and how. A request that is under way is a snapshot: what its session held when it was opened. Whatever happens meanwhile,
//! its end may only do what the rules allow. The ids of the model are `id-1`, `id-2` and so on; a real one's are matched to them.
//!
//! [`Stores::step`] lets one step of a story happen and says what the answer must be ([`Expected`]), with the reason, so that a
//! wrong answer can be blamed on a rule. [`answer`] is the same as an implementation would answer. What the rules leave open is
//! declared ([`StoreChoices`]). [`Mistakes`] makes it wrong in one thing.
//!
//! It does not know how a session is written, what guards the id, or how long anything takes.

mod answer;
pub mod expected;
pub mod mistakes;
mod request;

pub use answer::{answer, answer_with};
pub use expected::{CookieIs, Effect, Expected, Found, How, KeyIs, RequestIs, StatusIs};
pub use mistakes::{Mistake, Mistakes};
pub use request::hash_of_data;

use super::{
    browser::{Browser, Target},
    session::PERMANENT,
};
use crate::{
    clock::UnixTime,
    protocol::{
        BoundaryChoice, Choices, StoreChoices,
        story::{Step, StoreState, Story, StoryConfig},
    },
    value::{Map, Value},
};
use std::collections::BTreeMap;

/// The host of every story.
pub const HOST: &str = "localhost";
const SECOND: i64 = 1_000_000;
const THIRTY_DAYS: i64 = 30 * 86_400 * SECOND;

/// An application, its store, and the user agents, at an instant.
#[derive(Clone, Debug)]
pub struct Stores {
    /// The time.
    pub now: UnixTime,
    /// What the application configures.
    pub config: StoryConfig,
    choices: StoreChoices,
    mistakes: Mistakes,
    /// The sessions that live, by their ids.
    records: BTreeMap<String, Record>,
    /// The ids that have ended, and how.
    ended: BTreeMap<String, Ended>,
    /// The cookies of each user agent.
    agents: BTreeMap<String, Browser>,
    /// The requests under way.
    held: BTreeMap<String, request::Held>,
    state: StoreState,
    ids: u32,
    /// How often the store was written.
    writes: u64,
    /// Whether user agents are given their cookies by [`Stores::take_cookies`] alone.
    observes: bool,
}

/// A session in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The keys and values.
    pub data: Map,
    /// Its namespace.
    prefix: Option<String>,
    /// When its life was counted anew (microseconds).
    renewed: i64,
    /// How long it lives from then on (microseconds).
    lifetime: i64,
    /// Which write made its data.
    version: u64,
    /// What counted its life anew.
    by: Effect,
    /// When its data were written (microseconds).
    made: i64,
    /// The key that guards its id, if one does.
    key: Option<Vec<u8>>,
}

/// An id that no session has any more.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// How it ended.
    pub how: How,
    /// What a request did that ended later than the session, the last of them.
    pub late: Option<Effect>,
}

impl Stores {
    /// The world at the beginning of a story.
    pub fn new(story: &Story, choices: &Choices) -> Self {
        Self::with(story, choices, Mistakes::NONE)
    }

    /// The same with mistakes.
    pub fn with(story: &Story, choices: &Choices, mistakes: Mistakes) -> Self {
        Self {
            now: story.now,
            config: story.config.clone(),
            choices: choices.store,
            mistakes,
            records: BTreeMap::new(),
            ended: BTreeMap::new(),
            agents: BTreeMap::new(),
            held: BTreeMap::new(),
            state: StoreState::Up,
            ids: 0,
            writes: 0,
            observes: false,
        }
    }

    /// The same world, whose user agents take the cookies that a real implementation sets ([`Self::take_cookies`]).
    #[must_use]
    pub fn observing(self) -> Self {
        Self { observes: true, ..self }
    }

    /// A user agent takes some Set-Cookie headers of an answer from `/`.
    pub fn take_cookies(&mut self, agent: &str, headers: &[String]) {
        let now = self.now;
        self.agents.entry(agent.to_owned()).or_default().receive(headers, &Self::target("/"), now);
    }

    /// How an id ended, if it did.
    pub fn ended(&self, id: &str) -> Option<&Ended> {
        self.ended.get(id)
    }

    /// Whether a session is over only since a shorter lifetime is configured now. Its key may still be there.
    pub fn is_over_by_shortening(&self, id: &str) -> bool {
        let is_shortened = |record: &Record| record.lifetime > self.given_lifetime() && !self.is_live(record);
        self.records.get(id).is_some_and(is_shortened)
    }

    /// Whether the session of an id is permanent.
    pub fn is_permanent(&self, id: &str) -> bool {
        self.records.get(id).is_some_and(|record| self.until(&record.data).is_some())
    }

    /// Whether an older key guards the id of a session.
    pub fn is_guarded_by_fallback(&self, id: &str) -> bool {
        let is_other = |key: &Vec<u8>| Some(&**key) != self.config.config.signing_key();
        self.records.get(id).is_some_and(|record| record.key.as_ref().is_some_and(is_other))
    }

    /// Lets a step happen, and says what its answer must be.
    pub fn step(&mut self, step: &Step) -> Expected {
        match step {
            Step::Advance { seconds } => {
                self.now = self.now.plus_micros(seconds.micros());
                Expected::Nothing
            }
            Step::Begin { name, request } => {
                let held = self.begin(request);
                let expected = Expected::Begun(held.found.clone(), Box::new(held.answer_so_far()));
                self.held.insert(name.clone(), held);
                expected
            }
            Step::Copy { agent, from } => {
                let copied = self.agents.get(from).cloned().unwrap_or_default();
                self.agents.insert(agent.clone(), copied);
                Expected::Nothing
            }
            Step::End { name, actions } => match self.held.remove(name) {
                Some(held) => Expected::Answered(Box::new(self.end(held, actions))),
                None => Expected::Nothing,
            },
            Step::Look => Expected::Keys(self.keys()),
            Step::Request(request) => {
                let held = self.begin(request);
                Expected::Answered(Box::new(self.end(held, &[])))
            }
            Step::Restart { config } => {
                if let Some(config) = config {
                    self.config = config.clone();
                }
                if self.has(Mistake::RestartForgets) {
                    self.lose_all();
                }
                Expected::Nothing
            }
            Step::Store { is } => {
                match is {
                    StoreState::Emptied | StoreState::Restarted => self.lose_all(),
                    other => self.state = *other,
                }
                Expected::Nothing
            }
        }
    }

    /// What the store holds, for the namespace of the application.
    fn keys(&self) -> Vec<KeyIs> {
        let live = self.records.iter().filter(|(_, record)| self.is_live(record));
        live.map(|(id, record)| KeyIs {
            id: id.clone(),
            is_own: record.prefix == self.config.key_prefix,
            left: self.left(record),
            slack: self.slack(record),
            has_end: !self.is_endless(record),
            by: record.by,
            is_shortened: record.lifetime > self.given_lifetime(),
        })
        .collect()
    }

    fn lose_all(&mut self) {
        for id in std::mem::take(&mut self.records).into_keys() {
            self.ended.insert(id, Ended { how: How::Lost, late: None });
        }
    }

    /// How long a session has left (microseconds): the shorter of the life that it was given, and of what is configured now.
    fn left(&self, record: &Record) -> i64 {
        let lifetime = match self.has(Mistake::OldLifetime) {
            true => record.lifetime,
            false => record.lifetime.min(self.given_lifetime()),
        };
        record.renewed.saturating_add(lifetime).saturating_sub(self.now.micros())
    }

    /// By how much a session may live longer, since ends are kept in coarse units (microseconds).
    fn slack(&self, record: &Record) -> i64 {
        let unit = i64::from(self.choices.precision_ms.0).max(1).saturating_mul(1000);
        match record.lifetime.rem_euclid(unit) {
            0 => 0,
            rest => unit - rest,
        }
    }

    fn is_live(&self, record: &Record) -> bool {
        let left = self.left(record);
        if self.has(Mistake::ExpiredAccepted) || self.is_endless(record) {
            return true;
        }
        match self.choices.boundary {
            BoundaryChoice::Inclusive | BoundaryChoice::Tick if !self.has(Mistake::Boundary) => left >= 0,
            _ => left > 0,
        }
    }

    fn is_endless(&self, record: &Record) -> bool {
        let is_permanent = record.data.get(PERMANENT).is_some_and(Value::is_true);
        self.has(Mistake::NoEnd)
            || self.has(Mistake::NotPermanentHasNoEnd) && !is_permanent
            || self.has(Mistake::FractionOfSecondIsForever) && record.lifetime < SECOND
    }

    /// The configured lifetime (microseconds).
    fn lifetime(&self) -> i64 {
        i64::try_from(self.config.config.lifetime.micros().unwrap_or(0)).unwrap_or(i64::MAX)
    }

    /// The lifetime that a session is given in the store (microseconds).
    fn given_lifetime(&self) -> i64 {
        let lifetime = self.lifetime();
        match lifetime {
            _ if self.has(Mistake::LifetimeShort) => lifetime / 10 * 9,
            _ if self.has(Mistake::LifetimeLong) => lifetime.saturating_mul(2),
            _ if self.has(Mistake::LifetimeInMinutes) => lifetime - lifetime.rem_euclid(60 * SECOND),
            _ if self.has(Mistake::FractionCut) => lifetime - lifetime.rem_euclid(SECOND),
            THIRTY_DAYS.. if self.has(Mistake::ThirtyDaysAsDate) => 0,
            THIRTY_DAYS.. if self.has(Mistake::ThirtyDaysAtMost) => THIRTY_DAYS,
            _ => lifetime,
        }
    }

    fn target(path: &str) -> Target {
        Target { host: HOST.to_owned(), path: path.to_owned(), secure: true }
    }
}
