//! One observed call, and what the symbols of the predicates are of it.

use super::notation::{
    Not,
    cookie::{self, Parts},
    header::{self, Found, SetCookie},
    json::Node,
    payload::Payload,
    view::{Step, View},
    written,
};
use crate::{
    clock::UnixTime,
    config::{Config, Lifetime},
    protocol::{Answer, Base64Choice, Call, Choices, OnInvalid, Reason, Response, SignOutcome, VerifyOutcome},
    value::{Map, Value},
};

/// The last second of the year 9999.
pub(super) const LAST_SECOND: u64 = 253_402_300_799;

/// A call, its answer, and the choices that the implementation declares.
pub struct Observed<'a> {
    pub(super) call: &'a Call,
    pub(super) answer: &'a Answer,
    pub(super) choices: &'a Choices,
    /// `C`.
    pub(super) config: &'a Config,
    pub(super) now: UnixTime,
    /// `secret`.
    pub(super) secret: &'a [u8],
    /// `F`.
    pub(super) fallbacks: Vec<Vec<u8>>,
    /// `v`, and what else the header says.
    pub(super) found: Found,
    /// `signed(v)`.
    pub(super) signed: bool,
    /// `ts`.
    pub(super) ts: Option<u64>,
    /// What stands in `p`; none if `v` has no payload.
    pub(super) payload: Option<Payload>,
    /// The view; none if the session was not opened, or the call is no request.
    pub(super) view: Option<View<'a>>,
    /// `cookies`.
    pub(super) cookies: Vec<SetCookie>,
    /// What stands in `p(w)`.
    pub(super) written: Option<Payload>,
}

/// What a cookie value should open as (`decide(v)`).
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Decision {
    Raised,
    /// With the reason, where reasons are given.
    Rejected(Reason),
    Session(Map),
}

impl<'a> Observed<'a> {
    /// What is to be seen of a call and its answer; none if the answer is one to another operation.
    pub fn new(call: &'a Call, answer: &'a Answer, choices: &'a Choices) -> Option<Self> {
        let config: &Config = call.config();
        let (now, found) = match call {
            Call::Exchange(call) => {
                let header = call.cookie_header.as_deref().unwrap_or("");
                (call.now, Found::of(header, &config.cookie_name, choices.duplicates))
            }
            Call::Sign(call) => (call.now, Found::default()),
            Call::Story(_) => return None,
            Call::Verify(call) => (call.now, Found { value: Some(call.cookie.clone()), ..Found::default() }),
        };
        let mut observed = Self {
            call,
            answer,
            choices,
            config,
            now,
            secret: config.secret_key.as_ref().map_or(&[], |key| key.as_bytes()),
            fallbacks: cookie::fallbacks(config, choices.fallback_text),
            found,
            signed: false,
            ts: None,
            payload: None,
            view: None,
            cookies: Vec::new(),
            written: None,
        };
        match (call, answer) {
            (Call::Exchange(call), Answer::Exchange(answer)) => {
                let headers = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
                observed.cookies = headers.map(|(_, header)| SetCookie::of(header, config)).collect();
                observed.read();
                if let Some(opened) = &answer.opened {
                    // The order of the keys is that of the payload (`MOD-2`).
                    let loaded = observed.payload.as_ref().and_then(|payload| payload.session.as_ref().ok());
                    let opened = loaded.filter(|loaded| *loaded == opened).unwrap_or(opened);
                    observed.view = Some(View::of(call, opened, observed.keyed()));
                }
            }
            (Call::Sign(_), Answer::Sign(_)) => {}
            (Call::Verify(_), Answer::Verify(_)) => observed.read(),
            _ => return None,
        }
        let payload = observed.w().and_then(Parts::of).and_then(|parts| parts.p);
        observed.written = payload.map(|payload| Payload::of(payload, Base64Choice::Lenient));
        Some(observed)
    }

    /// Reads `v`.
    fn read(&mut self) {
        let choice = self.choices.base64;
        let Some(parts) = self.found.value.as_deref().and_then(Parts::of) else { return };
        let signature = cookie::unb64(parts.g, choice);
        let is_signed = signature.is_some_and(|signature| self.keys().any(|key| self.hmac(key, parts.x) == signature));
        let (ts, payload) =
            (parts.t.and_then(|t| cookie::timestamp(t, choice)), parts.p.map(|payload| Payload::of(payload, choice)));
        (self.signed, self.ts, self.payload) = (is_signed, ts, payload);
    }

    /// `v`.
    pub(super) fn v(&self) -> Option<&str> {
        self.found.value.as_deref()
    }

    /// The parts of `v`.
    pub(super) fn parts(&self) -> Option<Parts<'_>> {
        self.v().and_then(Parts::of)
    }

    /// `keyed`.
    pub(super) fn keyed(&self) -> bool {
        !self.secret.is_empty()
    }

    /// `{secret} ∪ F`; none without a secret key.
    pub(super) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        let all = std::iter::once(self.secret).chain(self.fallbacks.iter().map(Vec::as_slice));
        all.filter(|_| self.keyed())
    }

    /// `HMAC(key(s), m)`.
    pub(super) fn hmac(&self, secret: &[u8], message: &[u8]) -> Vec<u8> {
        cookie::hmac(self.config.digest, &cookie::key(self.config, secret), message)
    }

    /// `standard`.
    pub(super) fn standard(&self) -> bool {
        let default = Config::default();
        (&self.config.salt, self.config.digest, self.config.key_derivation)
            == (&default.salt, default.digest, default.key_derivation)
    }

    /// `bare`.
    pub(super) fn bare(&self) -> bool {
        *self.config == Config::default().secret_key(self.config.secret_key.clone())
    }

    /// `C.lifetime` in microseconds.
    pub(super) fn lifetime(&self) -> i128 {
        match self.config.lifetime {
            Lifetime::Delta(seconds) => (seconds * 1e6).round_ties_even() as i128,
            Lifetime::Seconds(seconds) => i128::from(seconds) * 1_000_000,
        }
    }

    /// `span`.
    pub(super) fn span(&self) -> bool {
        (-86_399_999_913_600_000_000..86_400_000_000_000_000_000).contains(&self.lifetime())
    }

    /// `⌊now + C.lifetime⌋`.
    pub(super) fn end(&self) -> i128 {
        (i128::from(self.now.micros()) + self.lifetime()).div_euclid(1_000_000)
    }

    /// `dates`.
    pub(super) fn dates(&self) -> bool {
        (-62_135_596_800..253_402_300_800).contains(&self.end())
    }

    /// `max`.
    pub(super) fn max(&self) -> i128 {
        self.lifetime() / 1_000_000
    }

    /// `⌊now⌋`.
    pub(super) fn second(&self) -> i128 {
        i128::from(self.now.micros().div_euclid(1_000_000))
    }

    /// `now ≠ ⌊now⌋`.
    pub(super) fn has_fraction(&self) -> bool {
        self.now.micros().rem_euclid(1_000_000) != 0
    }

    /// `age`.
    pub(super) fn age(&self) -> Option<i128> {
        self.ts.map(|ts| self.second() - i128::from(ts))
    }

    /// `0 ≤ age ≤ max`.
    pub(super) fn fresh(&self) -> bool {
        self.age().is_some_and(|age| 0 <= age && age <= self.max())
    }

    /// `examined(v)`.
    pub(super) fn examined(&self) -> bool {
        self.keyed() && self.span() && self.v().is_some_and(|v| !v.is_empty())
    }

    /// `timed(v)`.
    pub(super) fn timed(&self) -> bool {
        self.examined() && self.signed && self.ts.is_some_and(|ts| ts <= LAST_SECOND)
    }

    /// `valid(v)`.
    pub(super) fn valid(&self) -> bool {
        self.timed() && self.fresh()
    }

    /// `sound(v)`.
    pub(super) fn sound(&self) -> bool {
        self.examined() && self.ts.is_some_and(|ts| ts <= LAST_SECOND) && self.fresh() && self.loaded().is_some()
    }

    /// `load(p)` where it is neither `fails` nor `{}`.
    pub(super) fn loaded(&self) -> Option<&Map> {
        self.payload.as_ref()?.session.as_ref().ok().filter(|session| !session.is_empty())
    }

    /// `canonical` of a cookie value.
    pub(super) fn canonical(value: &str) -> bool {
        let Some(Parts { p: Some(p), t: Some(t), g, .. }) = Parts::of(value) else { return false };
        [p.strip_prefix(b".").unwrap_or(p), t, g].into_iter().all(cookie::is_canonical)
    }

    /// `decide(v)`; none if it is not known.
    pub(super) fn decide(&self) -> Option<Decision> {
        let odd =
            |choice, reason| if choice == OnInvalid::Raise { Decision::Raised } else { Decision::Rejected(reason) };
        if !self.keyed() || self.v().is_none_or(str::is_empty) || (self.span() && !self.signed) {
            return Some(Decision::Rejected(Reason::Signature));
        }
        if !self.span() {
            return Some(Decision::Raised);
        }
        let (Some(ts), Some(age)) = (self.ts, self.age()) else { return Some(Decision::Rejected(Reason::Timestamp)) };
        if ts > LAST_SECOND {
            return Some(odd(self.choices.timestamp_range, Reason::Timestamp));
        }
        if age > self.max() || age < 0 {
            let reason = if age > self.max() { Reason::Expired } else { Reason::Future };
            return Some(Decision::Rejected(reason));
        }
        match self.payload.as_ref().map(|payload| &payload.session) {
            Some(Ok(session)) => Some(Decision::Session(session.clone())),
            Some(Err(Not::Known)) => None,
            Some(Err(Not::Readable)) | None => Some(odd(self.choices.odd_payload, Reason::Payload)),
        }
    }

    /// Whether `open(v)` is this; a request does not show whether an empty session was rejected.
    pub(super) fn opens_as(&self, decision: &Decision) -> bool {
        match (self.answer, decision) {
            (Answer::Verify(VerifyOutcome::Accepted(got)), Decision::Session(session)) => got == session,
            (Answer::Verify(VerifyOutcome::Raised(_)), Decision::Raised) => true,
            (Answer::Verify(VerifyOutcome::Rejected(got)), Decision::Rejected(reason)) => {
                got.is_none_or(|got| got == *reason)
            }
            (Answer::Exchange(Response { opened: Some(got), .. }), Decision::Session(session)) => got == session,
            (Answer::Exchange(Response { opened: Some(got), .. }), Decision::Rejected(_)) => got.is_empty(),
            (Answer::Exchange(Response { opened: None, .. }), Decision::Raised) => true,
            _ => false,
        }
    }

    /// `open(v) = decide(v)`; none if that is not known.
    pub(super) fn opens_as_decided(&self) -> Option<bool> {
        self.decide().map(|decision| self.opens_as(&decision))
    }

    /// `open(v) = load(p)`.
    pub(super) fn opens_as_loaded(&self) -> bool {
        self.loaded().is_some_and(|session| self.opens_as(&Decision::Session(session.clone())))
    }

    /// `accepted(v)`.
    pub(super) fn accepted(&self) -> bool {
        match self.answer {
            Answer::Verify(VerifyOutcome::Accepted(session)) => !session.is_empty(),
            Answer::Exchange(Response { opened: Some(session), .. }) => !session.is_empty(),
            _ => false,
        }
    }

    /// What came of a request.
    pub(super) fn response(&self) -> Option<&'a Response> {
        match self.answer {
            Answer::Exchange(exchanged) => Some(exchanged),
            _ => None,
        }
    }

    /// `opened`.
    pub(super) fn opened(&self) -> Option<&'a Map> {
        self.response()?.opened.as_ref()
    }

    /// `S`.
    pub(super) fn session(&self) -> Option<&Map> {
        match self.call {
            Call::Sign(call) => Some(&call.session),
            _ => self.view.as_ref().map(|view| &view.session),
        }
    }

    /// `y`: the session's Set-Cookie.
    pub(super) fn y(&self) -> Option<&SetCookie> {
        self.cookies.iter().find(|cookie| cookie.is_session)
    }

    /// `set`.
    pub(super) fn set(&self) -> bool {
        self.y().is_some_and(|y| !y.value.is_empty())
    }

    /// `deleted`.
    pub(super) fn deleted(&self) -> bool {
        self.y().is_some_and(|y| y.value.is_empty())
    }

    /// `vary`.
    pub(super) fn vary(&self) -> bool {
        let fields = self.response().into_iter().flat_map(|response| &response.headers);
        let fields = fields.filter(|(name, _)| name.eq_ignore_ascii_case("vary"));
        fields.flat_map(|(_, value)| value.split(',')).any(|field| field.trim().eq_ignore_ascii_case("cookie"))
    }

    /// `w`.
    pub(super) fn w(&self) -> Option<&str> {
        match self.answer {
            Answer::Sign(SignOutcome::Cookie(cookie)) => Some(cookie),
            _ => self.y().map(|y| y.value.as_str()).filter(|value| !value.is_empty()),
        }
    }

    /// `permanent(S)`.
    pub(super) fn permanent(session: &Map) -> bool {
        session.get("_permanent").is_some_and(is_true)
    }

    /// `refresh`.
    pub(super) fn refresh(&self) -> bool {
        self.config.refresh_each_request
    }

    /// `due`; none if no session was opened.
    pub(super) fn due(&self) -> Option<bool> {
        match self.call {
            Call::Sign(_) => Some(true),
            _ => self.view.as_ref().map(|view| view.modified || (Self::permanent(&view.session) && self.refresh())),
        }
    }

    /// `writable`; none if that is not known.
    pub(super) fn writable(&self) -> Option<bool> {
        let session = self.session()?;
        let attributes = matches!(self.call, Call::Sign(_)) || self.attributes_are_writable()?;
        let is_empty = session.is_empty() && !matches!(self.call, Call::Sign(_));
        if is_empty {
            return Some(attributes);
        }
        let can = written::can_be_written(&Value::Map(session.clone()), 0)?;
        let date = matches!(self.call, Call::Sign(_)) || !Self::permanent(session) || (self.span() && self.dates());
        Some(attributes && can && date)
    }

    fn attributes_are_writable(&self) -> Option<bool> {
        let domain = self.config.cookie_domain.as_deref().map_or(Some(true), header::is_domain)?;
        let same_site = self.config.cookie_samesite.as_deref().is_none_or(|word| header::same_site(word).is_some());
        Some(domain && same_site && !self.config.cookie_name.contains(['\r', '\n']))
    }

    /// The node of `json(p(w))`.
    pub(super) fn written_node(&self) -> Option<&Node> {
        self.written.as_ref()?.node.as_ref().ok()
    }

    /// Every reading of the flag `modified`: how many actions came before it, and what it shows. The last is what the response
    /// shows.
    pub(super) fn sightings(&self) -> Vec<(usize, bool)> {
        let (Some(view), Some(response)) = (&self.view, self.response()) else { return Vec::new() };
        let mut sightings = Vec::new();
        for (place, (step, result)) in view.steps.iter().zip(&response.results).enumerate() {
            if let (crate::protocol::Action::Modified, Value::Bool(flag)) = (step.action, result) {
                sightings.push((place, *flag));
            }
        }
        let renews = Self::permanent(&view.session) && self.refresh();
        if self.keyed() && self.writable() == Some(true) && (view.session.is_empty() || !renews) {
            sightings.push((view.steps.len(), self.set() || self.deleted()));
        }
        sightings
    }

    /// Whether `flag(a)` is what the rules say, for every action `a` of a kind that is the last before a reading. None if
    /// there is no such reading.
    pub(super) fn flag(&self, is_it: impl Fn(&Step<'_>) -> bool) -> Option<bool> {
        let steps = &self.view.as_ref()?.steps;
        let mut found = None;
        for (place, flag) in self.sightings() {
            if let Some(step) = steps[..place].iter().rev().find(|step| !step.reads()).filter(|step| is_it(step)) {
                found = Some(found.unwrap_or(true) && flag == step.after);
            }
        }
        found
    }
}

/// Python's truth (`PERM-1`).
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Int(int) => int.to_string() != "0",
        Value::Float(float) => *float != 0.0,
        Value::Text(text) | Value::Markup(text) => !text.code_points().is_empty(),
        Value::Bytes(bytes) => !bytes.is_empty(),
        Value::List(items) | Value::Tuple(items) => !items.is_empty(),
        Value::Map(map) => !map.is_empty(),
        Value::Datetime(_) | Value::Uuid(_) => true,
    }
}
