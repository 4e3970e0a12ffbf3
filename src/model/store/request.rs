//! One request of a session in a store: what its cookie led to when it began, and what it may do when it ends.

mod future;

pub use future::hash_of_data;

use super::{
    Ended, Record, Stores,
    expected::{CookieIs, Effect, Found, How, RequestIs, StatusIs},
    mistakes::Mistake,
};
use crate::{
    clock::UnixTime,
    cookie_text,
    model::{
        Raised, cookie_header,
        session::{PERMANENT, Session},
    },
    protocol::{
        Action, ConcurrentChoice, DownChoice, DuplicatesChoice, FullChoice, GuardChoice, LateWriteChoice,
        PermanenceChoice, RenewChoice,
        story::{Request, StepAnswer, StoreState},
    },
    value::{Map, Value},
};

/// A request under way.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) found: Found,
    pub(super) cookie_header: Option<String>,
    pub(super) agent: String,
    path: String,
    method: String,
    /// What the session held when it was opened, and which write had made it.
    opened: Map,
    version: u64,
    session: Session,
    results: Vec<Value>,
    status: u16,
    regenerates: bool,
    /// Whether it had a session of its own before it was changed.
    id: Option<String>,
}

impl Held {
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Its answer to the step that begins it.
    pub(super) fn answer_so_far(&self) -> StepAnswer {
        StepAnswer {
            held: Some(self.status == 200),
            cookie_header: Some(self.cookie_header.clone()),
            opened: Some(self.opened.clone()),
            results: self.results.clone(),
            ..StepAnswer::default()
        }
    }

    fn act(&mut self, actions: &[Action]) {
        for action in actions {
            if self.status != 200 {
                return;
            }
            let result = match action {
                Action::Regenerate => {
                    self.session.accessed = true;
                    self.regenerates |= !is_empty(&self.session.data);
                    Ok(Value::Null)
                }
                other => self.session.act(other),
            };
            match result {
                Ok(value) => self.results.push(value),
                Err(Raised::Action) if matches!(action, Action::NotFound) => self.status = 404,
                Err(_) => self.status = 500,
            }
        }
    }

    /// Whether the view changed the session, as far as the session noticed.
    fn wrote(&self) -> bool {
        self.session.modified || self.regenerates
    }
}

/// Whether a session holds nothing but the note of its permanence.
pub(super) fn is_empty(data: &Map) -> bool {
    data.iter().all(|(key, _)| *key == Value::from(PERMANENT))
}

impl Stores {
    /// Opens the session of a request, and runs its view as far as its first actions go.
    pub(super) fn begin(&mut self, request: &Request) -> Held {
        let now = self.now;
        let of_agent =
            || self.agents.get(&request.agent).and_then(|jar| jar.cookie_header(&Self::target(&request.path), now));
        let cookie_header = request.cookie_header.clone().unwrap_or_else(of_agent);
        let name = cookie_text::name(&self.config.config);
        let value =
            cookie_header.as_deref().and_then(|header| cookie_header::value(header, &name, DuplicatesChoice::First));
        let found = self.find(value.as_deref().filter(|value| !value.is_empty()));
        let record = match &found {
            Found::Live { id, .. } => self.records.get(id),
            _ => None,
        };
        let (mut opened, version) =
            record.map_or_else(Default::default, |record| (record.data.clone(), record.version));
        if self.has(Mistake::ValuesChanged) {
            opened = opened.into_iter().map(|(key, value)| (key, changed(value))).collect();
        }
        let id = match &found {
            Found::Live { id, .. } => Some(id.clone()),
            Found::Unknown if self.has(Mistake::UnknownIdAdopted) => value.clone(),
            Found::Ended { id, .. } | Found::Over { id, .. } if self.has(Mistake::EndedIdUsedAgain) => Some(id.clone()),
            _ => None,
        };
        if id.is_none() && self.choices.permanence == PermanenceChoice::Permanent {
            opened.insert(Value::from(PERMANENT), Value::Bool(true));
        }
        let mut held = Held {
            found,
            cookie_header,
            agent: request.agent.clone(),
            path: request.path.clone(),
            method: request.method.clone(),
            session: Session::opened(opened.clone()),
            opened,
            version,
            results: Vec::new(),
            status: 200,
            regenerates: false,
            id,
        };
        match (held.path.as_str(), held.method.as_str()) {
            ("/", "GET" | "HEAD" | "POST") => held.act(&request.actions),
            ("/static/file.txt", "GET" | "HEAD") => {}
            _ => held.status = 404,
        }
        held
    }

    fn find(&self, id: Option<&str>) -> Found {
        let Some(id) = id.map(str::to_owned) else { return Found::NoCookie };
        if self.state == StoreState::Down && self.choices_of_down() {
            return Found::Unreachable;
        }
        if let Some(record) = self.records.get(&id) {
            if record.prefix != self.config.key_prefix && !self.has(Mistake::PrefixIgnored) {
                return Found::OtherPrefix { id };
            }
            let is_guarded = self.choices.guard == GuardChoice::Signer || self.has(Mistake::SecretKeyEndsSessions);
            if is_guarded && !self.is_signed(record) {
                return Found::Unknown;
            }
            let (left, slack) = (self.left(record), self.slack(record));
            if self.is_live(record) {
                let made = record.made.saturating_add(record.lifetime);
                let only_by_renewal = made < self.now.micros();
                return Found::Live { id, left, slack, by: record.by, only_by_renewal };
            }
            let since = left.saturating_neg();
            let given = record.renewed.saturating_add(record.lifetime).saturating_sub(self.now.micros());
            return Found::Over { id, since, slack, is_shortened: given > 0 };
        }
        match self.ended.get(&id) {
            Some(Ended { how, late }) => Found::Ended { id, how: *how, late: *late },
            None => Found::Unknown,
        }
    }

    /// Whether an unreachable store is an error.
    fn choices_of_down(&self) -> bool {
        self.choices.down == DownChoice::Error || !self.has(Mistake::DownIsEmpty)
    }

    /// Whether one of the keys that count now guards the id of a session.
    fn is_signed(&self, record: &Record) -> bool {
        let config = &self.config.config;
        let keys = config.verifying_keys(Default::default());
        record.key.as_ref().is_none_or(|key| keys.contains(key))
    }

    /// Runs the rest of a request, and says what must come of it.
    pub(super) fn end(&mut self, mut held: Held, actions: &[Action]) -> RequestIs {
        let before = held.results.len();
        held.act(actions);
        let results: Vec<_> = match actions.is_empty() {
            true => std::mem::take(&mut held.results),
            false => held.results.split_off(before),
        };
        let mut expected = RequestIs {
            cookie_header: held.cookie_header.clone(),
            found: held.found.clone(),
            effect: Effect::Nothing,
            status: StatusIs::Exactly(held.status),
            opened: Some(held.opened.clone()),
            results,
            cookie: CookieIs::None,
            vary: held.session.accessed && !self.has(Mistake::NoVaryOnRead),
            accessed: held.session.accessed,
            wrote: held.wrote(),
            left: held.id.as_ref().and_then(|id| self.records.get(id)).map(|record| self.left(record)),
            is_stale: held
                .id
                .as_ref()
                .and_then(|id| self.records.get(id))
                .is_some_and(|now| now.version != held.version),
            open_end: false,
        };
        match &held.found {
            Found::Unreachable => self.unreachable(&held, &mut expected),
            _ if self.state == StoreState::Down => self.away(&held, &mut expected),
            Found::Live { id, .. } => match self.records.get(id).filter(|record| self.is_live(record)) {
                Some(_) => self.go_on(&held, &id.clone(), &mut expected),
                None if self.records.contains_key(id) => {
                    // It was there at the beginning, and its lifetime ended meanwhile. Whether its use counts is left open.
                    expected.open_end = true;
                    (expected.status, expected.cookie) = (StatusIs::Any, CookieIs::DeletedOrNone);
                }
                None => self.late(&held, &id.clone(), &mut expected),
            },
            _ => self.without_session(&held, &mut expected),
        }
        self.receive(&held, &expected);
        expected
    }

    /// The store could not be asked for the session (`STO-34`, `STO-35`).
    fn unreachable(&mut self, held: &Held, expected: &mut RequestIs) {
        expected.status = StatusIs::Error;
        (expected.opened, expected.results) = (None, Vec::new());
        expected.vary = false;
        if self.has(Mistake::LogoutWhileDown) && held.session.modified {
            (expected.status, expected.cookie) = (StatusIs::Exactly(200), CookieIs::Deleted);
        }
    }

    /// The store is away, and the request has no session in it. One that has nothing to write is served (`STO-34`).
    fn away(&self, held: &Held, expected: &mut RequestIs) {
        let writes = held.wrote() && !is_empty(&held.session.data);
        if writes || self.has(Mistake::DownForVisitors) {
            expected.status = StatusIs::Error;
        } else if held.session.modified {
            // To clear nothing may ask the store.
            expected.status = StatusIs::Any;
        }
    }

    /// No session was opened: one is made by the first write, and by nothing else (`STO-1`, `STO-2`).
    fn without_session(&mut self, held: &Held, expected: &mut RequestIs) {
        let creates = held.wrote() && !is_empty(&held.session.data);
        if !creates {
            expected.cookie = match held.found {
                Found::NoCookie if !held.session.modified => CookieIs::None,
                _ => CookieIs::DeletedOrNone,
            };
            if self.has(Mistake::EveryVisitorGetsKey) && held.status == 200 {
                self.create(held, expected, None);
            }
            return;
        }
        if self.is_refused(expected) {
            return;
        }
        let id = held.id.clone();
        self.create(held, expected, id);
    }

    fn create(&mut self, held: &Held, expected: &mut RequestIs, id: Option<String>) {
        let id = id.unwrap_or_else(|| self.fresh_id());
        if !self.has(Mistake::FirstWriteWithoutKey) {
            self.write(&id, held.session.data.clone(), Effect::Created);
        }
        if self.has(Mistake::TwoKeys) {
            let other = self.fresh_id();
            self.write(&other, held.session.data.clone(), Effect::Created);
        }
        expected.effect = Effect::Created;
        expected.vary = true;
        expected.cookie = self.set(id, &held.session.data);
        if self.has(Mistake::FirstWriteWithoutCookie) {
            expected.cookie = CookieIs::None;
        }
    }

    /// The session lives to the end of the request.
    fn go_on(&mut self, held: &Held, id: &str, expected: &mut RequestIs) {
        let data = self.written(held, id);
        if held.session.modified && is_empty(&held.session.data) {
            self.delete(id, How::Cleared);
            (expected.effect, expected.cookie, expected.vary) = (Effect::Deleted, CookieIs::Deleted, true);
        } else if held.wrote() && expected.is_stale && self.choices.concurrent == ConcurrentChoice::Conflict {
            (expected.effect, expected.status) = (Effect::Refused, StatusIs::Error);
        } else if held.regenerates {
            self.regenerate(held, id, data, expected);
        } else if held.session.modified {
            self.update(held, id, data, expected);
        } else {
            self.read(held, id, expected);
        }
    }

    /// What a write leaves in the store, where others may have written meanwhile (`STO-24`).
    fn written(&self, held: &Held, id: &str) -> Map {
        let mut data = held.session.data.clone();
        let Some(record) = self.records.get(id) else { return data };
        let merges = self.choices.concurrent == ConcurrentChoice::Merge;
        if record.version == held.version || !merges {
            return data;
        }
        let mut merged = record.data.clone();
        for (key, value) in std::mem::take(&mut data) {
            if held.opened.get(&key) != Some(&value) {
                merged.insert(key, value);
            }
        }
        for (key, _) in held.opened.clone() {
            if held.session.data.get(&key).is_none() {
                merged.remove(&key);
            }
        }
        merged
    }

    fn update(&mut self, held: &Held, id: &str, data: Map, expected: &mut RequestIs) {
        let is_stale = expected.is_stale;
        if self.is_refused(expected) {
            return;
        }
        if !(is_stale && self.has(Mistake::FirstWriterWins)) {
            let data = if self.has(Mistake::UpdateLost) { held.opened.clone() } else { data };
            self.write(id, data, Effect::Updated);
        }
        (expected.effect, expected.vary) = (Effect::Updated, true);
        expected.cookie = self.renewed(id, &held.session.data);
    }

    fn regenerate(&mut self, held: &Held, id: &str, data: Map, expected: &mut RequestIs) {
        if self.is_refused(expected) {
            expected.open_end = true;
            return;
        }
        let fresh = if self.has(Mistake::RegenerateKeepsId) { id.to_owned() } else { self.fresh_id() };
        let renewed = self.records.get(id).map(|record| record.renewed);
        if !self.has(Mistake::RegenerateKeepsOldKey) && fresh != id {
            self.delete(id, How::Regenerated);
        }
        let data = if self.has(Mistake::RegenerateLosesData) { only_first(data) } else { data };
        self.write(&fresh, data, Effect::Regenerated);
        if let (true, Some(record), Some(renewed)) =
            (self.has(Mistake::RegenerateKeepsEnd), self.records.get_mut(&fresh), renewed)
        {
            record.renewed = renewed;
        }
        (expected.effect, expected.vary) = (Effect::Regenerated, true);
        expected.cookie = self.set(fresh, &held.session.data);
        if self.has(Mistake::RegenerateWithoutCookie) {
            expected.cookie = CookieIs::None;
        }
    }

    /// A request that only read renews what is there, if reads do, and writes no data (`STO-9` to `STO-13`, `STO-25`).
    fn read(&mut self, held: &Held, id: &str, expected: &mut RequestIs) {
        let undoes = match held.session.accessed {
            true => self.has(Mistake::ReadUndoesWrite),
            false => self.has(Mistake::UntouchedUndoesWrite),
        };
        let is_used = held.session.accessed;
        let renews = match self.choices.renew {
            RenewChoice::Request => is_used || !self.has(Mistake::UntouchedDoesNotRenew),
            RenewChoice::Use => is_used,
            RenewChoice::Write => false,
        };
        let is_on = self.config.config.refresh_each_request;
        let in_store = renews && (is_on || self.has(Mistake::RefreshOffRenewsStore));
        let in_cookie = renews && (is_on || self.has(Mistake::RefreshOffRenewsCookie));
        if in_store && !self.has(Mistake::ReadDoesNotRenewStore) && !self.has(Mistake::ReadDoesNotRenew) {
            self.renew(id);
            expected.effect = Effect::Renewed;
        }
        if undoes && let Some(record) = self.records.get_mut(id) {
            record.data.clone_from(&held.opened);
        }
        if self.state == StoreState::Full {
            expected.status = StatusIs::Any;
        }
        if in_cookie && !self.has(Mistake::ReadDoesNotRenewCookie) && !self.has(Mistake::ReadDoesNotRenew) {
            expected.cookie = self.renewed(id, &held.session.data);
        }
        expected.vary |= matches!(expected.cookie, CookieIs::Set { .. });
    }

    /// The session ended while the request was under way. Nothing brings it back (`STO-22`, `STO-23`, `STO-27`, `STO-37`).
    fn late(&mut self, held: &Held, id: &str, expected: &mut RequestIs) {
        expected.effect = match (held.wrote(), held.session.accessed) {
            (true, _) => Effect::LateWrite,
            (false, true) => Effect::LateRead,
            (false, false) => Effect::LateUntouched,
        };
        let how = self.ended.get(id).map(|ended| ended.how);
        expected.status = match (expected.effect, self.choices.late_write) {
            // To end a session that has ended is no write that is lost.
            (Effect::LateWrite, _) if held.session.modified && is_empty(&held.session.data) => {
                expected.cookie = CookieIs::DeletedOrNone;
                StatusIs::Any
            }
            (Effect::LateWrite, LateWriteChoice::Error) if !self.has(Mistake::LateWriteSaysNothing) => StatusIs::Error,
            (Effect::LateWrite, _) => StatusIs::Exactly(held.status),
            _ => StatusIs::Any,
        };
        let revives = match (expected.effect, how) {
            (_, Some(How::Lost)) => self.has(Mistake::LateRevivesLost),
            (Effect::LateWrite, Some(How::Regenerated)) => self.has(Mistake::LateWriteRevivesOldId),
            (_, Some(How::Regenerated)) => self.has(Mistake::LateReadRevivesOldId),
            (Effect::LateRead, _) => self.has(Mistake::LateReadRevives),
            (Effect::LateUntouched, _) => self.has(Mistake::LateUntouchedRevives),
            (Effect::LateWrite, _) if held.regenerates => self.has(Mistake::LateRegenerateRevives),
            (Effect::LateWrite, _) => self.has(Mistake::LateWriteRevives) && !is_empty(&held.session.data),
            _ => false,
        };
        if revives {
            let id = if held.regenerates { self.fresh_id() } else { id.to_owned() };
            self.ended.remove(&id);
            self.write(&id, held.session.data.clone(), Effect::Updated);
            expected.status = StatusIs::Exactly(held.status);
            expected.cookie = self.set(id, &held.session.data);
            expected.vary = true;
            return;
        }
        if self.has(Mistake::LateReadSetsCookie) && expected.effect == Effect::LateRead {
            expected.cookie = self.set(id.to_owned(), &held.session.data);
        }
        if self.has(Mistake::LateDeletesCookie) {
            expected.cookie = CookieIs::Deleted;
        }
        if let Some(ended) = self.ended.get_mut(id) {
            ended.late = Some(expected.effect);
        }
    }

    /// Whether the store refuses a write, being full (`STO-36`).
    fn is_refused(&self, expected: &mut RequestIs) -> bool {
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

    fn write(&mut self, id: &str, data: Map, by: Effect) {
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
        };
        self.records.insert(id.to_owned(), record);
    }

    fn renew(&mut self, id: &str) {
        let (now, lifetime) = (self.now.micros(), self.given_lifetime());
        let keeps = self.has(Mistake::RenewalKeepsLifetime);
        if let Some(record) = self.records.get_mut(id) {
            record.renewed = now;
            record.lifetime = if keeps { record.lifetime } else { lifetime };
            record.by = Effect::Renewed;
        }
    }

    fn delete(&mut self, id: &str, how: How) {
        if how == How::Cleared && self.has(Mistake::ClearKeepsKey) {
            return;
        }
        if let (How::Cleared, true, Some(record)) =
            (how, self.has(Mistake::ClearKeepsEmptyKey), self.records.get_mut(id))
        {
            record.data = Map::new();
            return;
        }
        self.records.remove(id);
        self.ended.insert(id.to_owned(), Ended { how, late: None });
    }

    /// The cookie of a new id.
    fn set(&self, id: String, data: &Map) -> CookieIs {
        CookieIs::Set { id, until: self.until(data) }
    }

    /// The cookie of a session that was renewed. One without an end of its own says nothing new.
    fn renewed(&self, id: &str, data: &Map) -> CookieIs {
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
    fn fresh_id(&mut self) -> String {
        self.ids += 1;
        match self.has(Mistake::ShortIds) {
            true => format!("{:04}", self.ids),
            false => format!("id-{:028}-{:028}", self.ids, u64::MAX - u64::from(self.ids)),
        }
    }
}

fn changed(value: Value) -> Value {
    match value {
        Value::Null => Value::Bool(false),
        Value::Tuple(items) => Value::List(items),
        Value::List(items) => Value::List(items.into_iter().map(changed).collect()),
        other => other,
    }
}

fn only_first(data: Map) -> Map {
    data.into_iter().take(1).collect()
}
