//! What requests do to the records of a store, and to the cookie that names one.

use super::{
    Ended, Record, Stores,
    expected::{CookieIs, Effect, How, RequestIs, StatusIs},
    mistakes::Mistake,
};
use crate::{
    clock::UnixTime,
    model::session::PERMANENT,
    protocol::{FullChoice, PermanenceChoice, story::StoreState},
    value::Map,
};

impl Stores {
    /// Whether the store refuses a write, being full (`STO-36`).
    pub(super) fn is_refused(&self, expected: &mut RequestIs) -> bool {
        if self.state != StoreState::Full {
            return false;
        }
        match self.choices.full {
            FullChoice::Refuse if self.has(Mistake::FullLosesSilently) => expected.status = StatusIs::Exactly(200),
            FullChoice::Refuse => expected.status = StatusIs::Error,
            FullChoice::Evict => {
                expected.open_end = true;
                return false;
            }
        }
        true
    }

    pub(super) fn write(&mut self, id: &str, data: Map, by: Effect) {
        self.writes += 1;
        let made = self.records.get(id).map_or(self.now.micros(), |record| record.made);
        let made = if by == Effect::Updated && self.has(Mistake::WriteDoesNotRenew) { made } else { self.now.micros() };
        let record = Record {
            data,
            prefix: self.config.key_prefix.clone(),
            renewed: made,
            made,
            lifetime: self.given_lifetime(),
            version: self.writes,
            by,
            key: self.config.config.signing_key().map(<[u8]>::to_vec),
            is_hidden: false,
        };
        self.records.insert(id.to_owned(), record);
    }

    pub(super) fn renew(&mut self, id: &str) {
        let (now, lifetime) = (self.now.micros(), self.given_lifetime());
        let keeps = self.has(Mistake::RenewalKeepsLifetime);
        if let Some(record) = self.records.get_mut(id) {
            record.renewed = now;
            record.lifetime = if keeps { record.lifetime } else { lifetime };
            record.by = Effect::Renewed;
        }
    }

    pub(super) fn delete(&mut self, id: &str, how: How) {
        if how == How::Cleared && self.has(Mistake::ClearKeepsKey) {
            return;
        }
        if let (How::Cleared, true, Some(record)) =
            (how, self.has(Mistake::ClearKeepsEmptyKey), self.records.get_mut(id))
        {
            record.data = Map::new();
            return;
        }
        if how == How::Cleared && self.has(Mistake::KeepsCopies) {
            self.records.get_mut(id).into_iter().for_each(|record| record.is_hidden = true);
            return;
        }
        self.records.remove(id);
        self.ended.insert(id.to_owned(), Ended { how, late: None });
    }

    /// The cookie of a new id.
    pub(super) fn set(&self, id: String, data: &Map) -> CookieIs {
        CookieIs::Set { id, until: self.until(data) }
    }

    /// The cookie of a session that was renewed. One without an end of its own says nothing new.
    pub(super) fn renewed(&self, id: &str, data: &Map) -> CookieIs {
        let id = id.to_owned();
        match self.until(data) {
            Some(until) => CookieIs::Set { id, until: Some(until) },
            None => CookieIs::SetOrNone { id, until: None },
        }
    }

    /// When the user agent forgets the cookie of a session (`STO-7`).
    pub(super) fn until(&self, data: &Map) -> Option<UnixTime> {
        let is_permanent = match data.get(PERMANENT) {
            Some(value) => value.is_true(),
            None => self.choices.permanence == PermanenceChoice::Permanent,
        };
        is_permanent.then(|| self.now.plus_micros(self.lifetime()))
    }

    /// A new id: deterministic, and of the length and letters of a random one.
    pub(super) fn fresh_id(&mut self) -> String {
        self.ids += 1;
        match self.has(Mistake::ShortIds) {
            true => format!("{:04}", self.ids),
            false => format!("id-{:028}-{:028}", self.ids, u64::MAX - u64::from(self.ids)),
        }
    }
}
