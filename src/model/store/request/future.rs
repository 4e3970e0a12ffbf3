//! When two worlds are the same for all that can still happen: a search must know that, or it never comes to an end.
//!
//! Ids have other names each time and time only moves forward, so neither counts by itself. What counts is which user agent or
//! request under way leads to which session, how old that is, and what it holds. A session whose id nobody has any more cannot be
//! opened again, and does not count.

use super::{
    super::{Record, SECOND, Stores},
    Found, Held, Mistake,
};
use crate::{protocol::story::StoreState, value::Map};
use std::{
    fmt::{self, Write as _},
    hash::{DefaultHasher, Hash, Hasher},
    mem::discriminant,
};

impl Stores {
    /// The ids that user agents have and that requests under way were sent, each once. The order does not depend on their names.
    pub fn ids_in_reach(&self) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        let mut add = |id: &str| {
            if !id.is_empty() && !ids.iter().any(|known| known == id) {
                ids.push(id.to_owned());
            }
        };
        for agent in self.agents.values() {
            agent.cookies().iter().filter(|cookie| !cookie.is_expired(self.now)).for_each(|cookie| add(&cookie.value));
        }
        for held in self.held.values() {
            held.led_to().into_iter().chain(held.id.as_deref()).for_each(&mut add);
        }
        ids
    }

    /// Hashes all that later answers depend on, but for the names of `ids` and the date. They are those in reach, and others
    /// that somebody may make up.
    pub fn hash_future<H: Hasher>(&self, ids: &[String], state: &mut H) {
        let place = |id: &str| ids.iter().position(|known| known == id);
        let config = &self.config.config;
        (self.lifetime(), config.refresh_each_request, config.signing_key(), &self.config.key_prefix).hash(state);
        (self.state == StoreState::Down, self.state == StoreState::Full).hash(state);
        for id in ids {
            self.ended.get(id).map(|ended| ended.how).hash(state);
            match self.records.get(id) {
                Some(record) => self.hash_record(record, state),
                None => 0.hash(state),
            }
        }
        for (name, agent) in &self.agents {
            for cookie in agent.cookies().iter().filter(|cookie| !cookie.is_expired(self.now)) {
                let left = cookie.expires.map(|at| at.micros().saturating_sub(self.now.micros()));
                (name, place(&cookie.value), left, &cookie.path, cookie.secure).hash(state);
            }
        }
        for (name, held) in &self.held {
            let version = held.led_to().and_then(|id| self.records.get(id)).map(|record| record.version);
            let led_to = held.led_to().map(place);
            (name, &held.agent, led_to, discriminant(&held.found)).hash(state);
            (version.map(|version| version == held.version), held.id.as_deref().map(place)).hash(state);
            let session = &held.session;
            (held.status, held.regenerates, session.accessed, session.modified).hash(state);
            (hash_of_data(&held.opened), hash_of_data(&session.data)).hash(state);
        }
    }

    fn hash_record<H: Hasher>(&self, record: &Record, state: &mut H) {
        let oldest = record.lifetime.saturating_add(SECOND);
        let age = |since: i64| self.now.micros().saturating_sub(since).min(oldest);
        (age(record.renewed), record.lifetime, &record.prefix, &record.key).hash(state);
        if self.has(Mistake::WriteDoesNotRenew) {
            age(record.made).hash(state);
        }
        hash_of_data(&record.data).hash(state);
    }
}

impl Held {
    /// The id that its cookie had, if that is or was one of a session.
    fn led_to(&self) -> Option<&str> {
        match &self.found {
            Found::Ended { id, .. } | Found::Live { id, .. } | Found::OtherPrefix { id } | Found::Over { id, .. } => {
                Some(id)
            }
            Found::NoCookie | Found::Unknown | Found::Unreachable => None,
        }
    }
}

/// A hash of a session's data, in any order. Values have none of their own, since `1` and `1.0` are one key.
pub fn hash_of_data(data: &Map) -> u64 {
    struct Into(DefaultHasher);
    impl fmt::Write for Into {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let of_entry = |(key, value)| {
        let mut into = Into(DefaultHasher::new());
        // This hasher takes all that is written.
        let _ = write!(into, "{key:?}={value:?}");
        into.0.finish()
    };
    data.iter().map(of_entry).fold(data.len() as u64, u64::wrapping_add)
}
