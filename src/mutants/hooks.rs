//! The model as a table of functions, one for each step of its work, so that a mutant can replace one of them.

use super::changes;
pub(super) use super::changes::FLASK;
use crate::{
    adapter::{AdapterError, Implementation, in_process::capabilities},
    clock::UnixTime,
    config::Config,
    model::{
        self, Raised, cookie_header, payload, server,
        session::Session,
        signing::{self, Refusal},
    },
    protocol::{
        Action, Answer, Call, Capabilities, DuplicatesChoice, Exchange, Op, Reason, Reply, Response, Sign, SignOutcome,
        Verify, VerifyOutcome,
    },
    value::{Map, Value},
};

/// One function for each step of the work. [`Hooks::MODEL`] holds the ones of the specification.
#[derive(Clone, Copy)]
pub(super) struct Hooks {
    /// Changes the configuration before anything else sees it.
    pub(super) config: fn(&mut Config),
    /// Changes the configuration that cookies are read by.
    pub(super) reading: fn(&mut Config),
    /// Changes the configuration that a response is written by.
    pub(super) saving: fn(&mut Config),
    /// The cookie of a name in a Cookie header.
    pub(super) find: fn(&str, &str) -> Option<String>,
    /// The payload of a cookie that counts.
    pub(super) verify: fn(&str, &Config, UnixTime) -> Result<Vec<u8>, Refusal>,
    /// The session in a payload.
    pub(super) read: Read,
    /// Changes the session when it is opened for a request.
    pub(super) opened: fn(&mut Session),
    /// One action of a view.
    pub(super) act: fn(&mut Session, &Action) -> Result<Value, Raised>,
    /// Changes the session when it is about to be saved.
    pub(super) before_save: fn(&mut Session, &Exchange),
    /// The payload of a session.
    pub(super) write: Write,
    /// The cookie of a payload.
    pub(super) sign: fn(&str, &Config, UnixTime) -> Result<String, Raised>,
    /// Changes what comes of a request.
    pub(super) answered: fn(&mut Response, &Exchange),
}

/// How a payload is read.
#[derive(Clone, Copy)]
pub(super) enum Read {
    /// By a function of its own.
    By(fn(&[u8]) -> Result<Map, Raised>),
    /// As specified, except that a compressed payload is refused if it inflates to such a length in bytes.
    Limited(fn(usize) -> bool),
    /// As specified, and then every value is replaced.
    Replaced(fn(Value) -> Value),
    /// As specified, of a JSON text that is respelled first; none refuses it.
    Respelled(fn(&str) -> Option<String>),
}

impl Read {
    fn session(self, payload: &[u8]) -> Result<Map, Raised> {
        match self {
            Self::By(read) => read(payload),
            Self::Limited(is_refused) => changes::read_limited(payload, is_refused),
            Self::Replaced(replace) => changes::read_replaced(payload, replace),
            Self::Respelled(respell) => changes::read_respelled(payload, respell),
        }
    }
}

/// How the payload of a session is made.
#[derive(Clone, Copy)]
pub(super) enum Write {
    /// By a function of its own.
    By(fn(&Map) -> Result<String, Raised>),
    /// As specified, of values that are replaced first.
    Replaced(fn(Value) -> Value),
    /// As specified, except that the JSON text is respelled before it is packed.
    Respelled(fn(&str) -> String),
}

impl Write {
    fn payload(self, session: &Map) -> Result<String, Raised> {
        match self {
            Self::By(write) => write(session),
            Self::Replaced(replace) => changes::write_replaced(session, replace),
            Self::Respelled(respell) => changes::write_respelled(session, respell),
        }
    }
}

impl Hooks {
    /// The specification.
    pub(super) const MODEL: Self = Self {
        config: |_| {},
        reading: |_| {},
        saving: |_| {},
        find: |header, name| cookie_header::value(header, name, DuplicatesChoice::First),
        verify,
        read: Read::By(read),
        opened: |_| {},
        act: Session::act,
        before_save: |_, _| {},
        write: Write::By(write),
        sign,
        answered: |_, _| {},
    };

    fn open(&self, cookie: &str, config: &Config, now: UnixTime) -> Result<Map, Refusal> {
        if cookie.is_empty() || config.signing_key().is_none() {
            return Err(Refusal::Rejected(Reason::Signature));
        }
        Ok(self.read.session(&(self.verify)(cookie, config, now)?)?)
    }

    fn verify_call(&self, call: &Verify) -> VerifyOutcome {
        match self.open(&call.cookie, &apply_changes(&call.config, &[self.config, self.reading]), call.now) {
            Ok(session) => VerifyOutcome::Accepted(session),
            Err(Refusal::Raised(raised)) => VerifyOutcome::Raised(raised.to_string()),
            Err(Refusal::Rejected(reason)) => VerifyOutcome::Rejected(Some(reason)),
        }
    }

    fn sign_call(&self, call: &Sign) -> SignOutcome {
        let config = apply_changes(&call.config, &[self.config, self.saving]);
        match self.write.payload(&call.session).and_then(|payload| (self.sign)(&payload, &config, call.now)) {
            Ok(cookie) => SignOutcome::Cookie(cookie),
            Err(raised) => SignOutcome::Raised(raised.to_string()),
        }
    }

    fn exchange(&self, call: &Exchange) -> Response {
        let reading = apply_changes(&call.config, &[self.config, self.reading]);
        let find = |header: &str| (self.find)(header, &reading.cookie_name);
        let open = |cookie: &str| self.open(cookie, &reading, call.now);
        let mut exchanged = match server::open_by(call, &reading, find, open) {
            Err(_) => server::not_opened(),
            Ok(mut session) => {
                (self.opened)(&mut session);
                server::respond_by(session, call, self.act, |session| {
                    let (mut session, config) =
                        (session.clone(), apply_changes(&call.config, &[self.config, self.saving]));
                    (self.before_save)(&mut session, call);
                    server::save(&session, &config, call.now, |session| {
                        (self.sign)(&self.write.payload(session)?, &config, call.now)
                    })
                })
            }
        };
        (self.answered)(&mut exchanged, call);
        exchanged
    }
}

fn apply_changes(config: &Config, changes: &[fn(&mut Config)]) -> Config {
    let mut config = config.clone();
    changes.iter().for_each(|change| change(&mut config));
    config
}

/// The specification's [`Hooks::verify`].
pub(super) fn verify(cookie: &str, config: &Config, now: UnixTime) -> Result<Vec<u8>, Refusal> {
    signing::verify(cookie, config, now, &FLASK).map(<[u8]>::to_vec)
}

/// The specification's [`Hooks::read`].
pub(super) fn read(payload: &[u8]) -> Result<Map, Raised> {
    payload::read(payload, &FLASK)
}

/// The specification's [`Hooks::write`].
pub(super) fn write(session: &Map) -> Result<String, Raised> {
    payload::write(session, &FLASK)
}

/// The specification's [`Hooks::sign`].
pub(super) fn sign(payload: &str, config: &Config, now: UnixTime) -> Result<String, Raised> {
    signing::sign(payload, config.signing_key().ok_or(Raised::NoSecretKey)?, config, now)
}

/// The model with one step replaced.
pub(super) struct Mutated {
    hello: Capabilities,
    hooks: Hooks,
}

impl Mutated {
    pub(super) fn new(name: &str, hooks: Hooks) -> Self {
        Self { hello: introduced(name), hooks }
    }
}

/// What a mutated implementation says of itself.
pub(super) fn introduced(name: &str) -> Capabilities {
    capabilities(&format!("mutant {name}"), [Op::Exchange, Op::Sign, Op::Verify], FLASK)
}

impl Implementation for Mutated {
    fn capabilities(&self) -> Capabilities {
        self.hello.clone()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        let answer = |call: &Call| match call {
            Call::Exchange(call) => Answer::Exchange(self.hooks.exchange(call)),
            Call::Sign(call) => Answer::Sign(self.hooks.sign_call(call)),
            Call::Story(_) => model::answer(call, &FLASK),
            Call::Verify(call) => Answer::Verify(self.hooks.verify_call(call)),
        };
        Ok(calls.iter().map(|call| Reply::Ok(answer(call))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{adapter::in_process, evidence::vectors, suite::judging::judge};

    #[test]
    fn the_steps_together_are_the_model() {
        let ready = vectors::embedded().unwrap();
        let cases: Vec<_> =
            ready.iter().map(|r| judge::Case { scenario: &r.scenario, recorded: &r.recorded }).collect();
        let verdicts = judge::judge(&Mutated::new("in nothing", Hooks::MODEL), &cases).unwrap();
        for (ready, verdict) in ready.iter().zip(verdicts) {
            assert_eq!(verdict, judge::Verdict::Pass, "{}", ready.vector.id);
        }
        assert_eq!(in_process::Model::default().capabilities().choices, FLASK);
    }
}
