//! A running server as an implementation: an application that mounts a probe, asked over HTTP.
//!
//! A server has one configuration, a private secret key, and a clock that nobody can set. The calls of the suite have another key
//! and another clock. Their cookies are translated to the server's key and clock ([`carry`]), and its answers back. So the rest
//! of the suite works as with any implementation, and no failure, report or vector holds the server's key or a cookie that the
//! server would accept.
//!
//! Nothing is signed for a server before it has proved that it has the key (`proof`). What is signed travels encrypted, so that
//! only the server can use it, and its sessions are marked as a test's ([`mark`]).
//!
//! Two things make the translation exact. The probe reports the server's time before and after; if a second passed in between,
//! the request is repeated, so that the second in which the server acted is known. And the model is asked on both sides: if it
//! answers differently there, as at the ends of the calendar, the check is inconclusive.
//!
//! It does not know state that a server keeps outside the cookie, which does not age with the cookie.

mod alike;
pub mod carry;
mod client;
mod clock;
mod greeting;
pub mod mark;
mod members;
mod options;
mod proof;
mod waiting;

use super::{AdapterError, Implementation, RealTime, in_order, subprocess::hello};
use crate::json::{Json, json};
use crate::processes;
use crate::{
    clock::UnixTime,
    config::{Config, FallbackTextChoice, Fallbacks, Key},
    cookie_text,
    model::{payload, server},
    protocol::{
        Action, Answer, Call, Capabilities, Exchange, Op, Reply, Response, Sign, SignOutcome, Verify, VerifyOutcome,
        members,
    },
};
use carry::{Endpoint, Translator};
use client::{Answered, Client, only_cookie_in_vary};
use clock::{ahead, clock, expires_here, is_near};
use greeting::{greet, not_found};
pub use options::Options;
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};
use waiting::Waiting;

/// How often a request is asked again because the clock ticked meanwhile.
const TICKS: usize = 10;
/// How far ahead a second is aimed at, at most, while a request is prepared (microseconds).
const LONGEST_LEAD: i64 = 5_000_000;
/// After so many unusable answers in a row, the run stops.
const SENSELESS: usize = 20;
/// A proxy may refuse more than this: bytes of headers or of actions.
const LONG: usize = 3000;

/// A running server.
pub struct Server {
    client: Client,
    hello: Capabilities,
    /// The server's configuration, with keys that stand for its own.
    shown: Arc<Config>,
    /// The server's configuration.
    real: Arc<Config>,
    real_keys: Vec<Vec<u8>>,
    /// How many microseconds its clock was ahead at first.
    ahead: i64,
    workers: usize,
    wait: Duration,
    senseless: AtomicUsize,
}

impl Server {
    /// A server that was asked who it is.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, there is no probe that believes us, or it does not prove that it knows the secret key.
    pub fn connect(options: &Options) -> Result<Self, AdapterError> {
        let client = Client::new(
            &options.url,
            &options.secret_key,
            options.certificates.as_deref(),
            options.workers,
            options.call_timeout,
            options.run_limit,
        )?;
        let greeting = greet(&client, &options.url)?;
        let wrong = |what: String| AdapterError {
            message: format!("{} describes itself wrongly: {what}", options.url),
            hint: "spec/live-servers.md describes what a probe answers".to_owned(),
        };
        let mut hello = hello::from_json(&greeting).map_err(wrong)?;
        let ahead = client.ahead() / 1_000_000;
        let clocks = if ahead == 0 { String::new() } else { format!(", its clock {ahead} s ahead") };
        hello.runtime += &format!(" at {}{clocks}", options.url);
        // What `verify` and `sign` are asked is asked as a request.
        hello.ops = [Op::Exchange, Op::Sign, Op::Verify].into();
        let config = greeting.pointer("/ok/config").cloned().unwrap_or_else(|| json!({}));
        let mut config: Config = members(&config).map_err(|what| wrong(format!("config: {what}")))?;
        config.lifetime = options.lifetime.unwrap_or(config.lifetime);
        options.signs_as(&config)?;
        let with_keys = |secret_key, fallbacks: Vec<Key>| {
            let fallback_keys = (!fallbacks.is_empty()).then_some(Fallbacks::Keys(fallbacks));
            let mut config = config.clone().secret_key(Some(secret_key));
            config.fallback_keys = fallback_keys;
            Arc::new(config)
        };
        let stand_in = |number: usize| Key::Text(format!("in place of fallback key {number}"));
        let real_fallbacks = options.fallback_keys.iter().cloned().map(Key::Bytes).collect();
        let real = with_keys(Key::Bytes(options.secret_key.clone()), real_fallbacks);
        let shown = with_keys(
            Key::from("in place of the secret key"),
            (1..=options.fallback_keys.len()).map(stand_in).collect(),
        );
        Ok(Self {
            ahead: client.ahead(),
            real_keys: real.verifying_keys(FallbackTextChoice::Letters),
            client,
            hello,
            shown,
            real,
            workers: options.workers.max(1),
            wait: options.wait,
            senseless: AtomicUsize::new(0),
        })
    }

    fn one(&self, call: &Call) -> Result<Reply, AdapterError> {
        if let Some(member) = self.other_member(call.config()) {
            return Ok(Reply::Unsupported(format!("a configuration that differs from the server's: {member}")));
        }
        match call {
            Call::Exchange(call) => self.ask(call),
            Call::Sign(call) => self.signed(call),
            Call::Story(_) => Ok(Reply::Unsupported("stories of a running server".to_owned())),
            Call::Verify(call) => self.verified(call),
        }
    }

    /// The member of a configuration that is not the server's; keys are carried over, as long as there are as many.
    fn other_member(&self, config: &Config) -> Option<&'static str> {
        let keys = |config: &Config| config.verifying_keys(self.hello.choices.fallback_text).len();
        if config.signing_key().is_none() {
            return Some("no secret key");
        }
        if keys(config) != keys(&self.shown) {
            return Some("other fallback keys");
        }
        let (a, b) = (config, &*self.shown);
        [
            (a.lifetime == b.lifetime, "another lifetime"),
            (a.refresh_each_request == b.refresh_each_request, "another refresh_each_request"),
            (a.cookie_name == b.cookie_name, "another cookie_name"),
            (a.cookie_domain == b.cookie_domain, "another cookie_domain"),
            (a.cookie_path == b.cookie_path, "another cookie_path"),
            (a.application_root == b.application_root, "another application_root"),
            (a.cookie_httponly == b.cookie_httponly, "another cookie_httponly"),
            (a.cookie_secure == b.cookie_secure, "another cookie_secure"),
            (a.cookie_samesite == b.cookie_samesite, "another cookie_samesite"),
            (a.cookie_partitioned == b.cookie_partitioned, "another cookie_partitioned"),
            (a.salt == b.salt, "another salt"),
            (a.digest == b.digest, "another digest"),
            (a.key_derivation == b.key_derivation, "another key_derivation"),
        ]
        .into_iter()
        .find_map(|(same, member)| (!same).then_some(member))
    }

    /// A cookie is read by a request that brings it: an empty session stands in the place of one that is rejected.
    fn verified(&self, call: &Verify) -> Result<Reply, AdapterError> {
        const APART: [char; 6] = [';', ',', '"', ' ', '\t', '\\'];
        if call.cookie.is_empty() || call.cookie.contains(APART) {
            return Ok(Reply::Unsupported("a cookie that a Cookie header cannot hold unchanged".to_owned()));
        }
        let is_empty =
            |text: &str| payload::read(text.as_bytes(), &self.hello.choices).is_ok_and(|session| session.is_empty());
        if call.cookie.rsplitn(3, '.').nth(2).is_some_and(is_empty) {
            return Ok(Reply::Unsupported("telling an empty session from a rejected cookie".to_owned()));
        }
        let name = cookie_text::name(&call.config);
        let exchange = request(&call.config, call.now, Some(format!("{name}={}", call.cookie)), Vec::new());
        Ok(match self.ask(&exchange)? {
            Reply::Ok(Answer::Exchange(exchanged)) => match exchanged.opened {
                None => VerifyOutcome::Raised("the session was not opened".to_owned()).into(),
                Some(session) if session.is_empty() => VerifyOutcome::Rejected(None).into(),
                Some(session) => VerifyOutcome::Accepted(session).into(),
            },
            other => other,
        })
    }

    /// A session is signed by a view that puts everything into it.
    fn signed(&self, call: &Sign) -> Result<Reply, AdapterError> {
        if call.session.is_empty() {
            return Ok(Reply::Unsupported("the cookie of an empty session".to_owned()));
        }
        let exchange = request(&call.config, call.now, None, vec![Action::Update { values: call.session.clone() }]);
        Ok(match self.ask(&exchange)? {
            Reply::Ok(Answer::Exchange(exchanged)) => match cookie_set(&exchanged, &call.config) {
                Some(cookie) => SignOutcome::Cookie(cookie).into(),
                None => {
                    SignOutcome::Raised(format!("no cookie was set, and the status was {}", exchanged.status)).into()
                }
            },
            other => other,
        })
    }

    /// A request in the server's present, asked until it is known in which second it was answered.
    fn ask(&self, call: &Exchange) -> Result<Reply, AdapterError> {
        let mut second = self.client.server_now().div_euclid(1_000_000);
        for _ in 0..TICKS {
            let began = self.client.server_now();
            if let Some(reply) = self.asked_in(call, second)? {
                return Ok(reply);
            }
            // A large session takes longer to carry over than a second: then a later one is aimed at.
            let ended = self.client.server_now();
            let took = ended.saturating_sub(began).min(LONGEST_LEAD);
            second = ended.div_euclid(1_000_000);
            if took > 500_000 {
                second = ended.saturating_add(took).div_euclid(1_000_000) + 1;
            }
        }
        self.sense(Reply::Error(format!(
            "none of {TICKS} answers came within one second of the server's clock; is it slow, or are there several clocks?"
        )))
    }

    /// A request carried over to a second of the server's clock, and its answer carried back; `None` if that second was over when
    /// it was sent or answered.
    fn asked_in(&self, call: &Exchange, second: i64) -> Result<Option<Reply>, AdapterError> {
        let keys = call.config.verifying_keys(self.hello.choices.fallback_text);
        let there = call.now.plus_seconds(second.saturating_sub(call.now.seconds()));
        let translator = Translator {
            from: Endpoint { config: &call.config, keys: &keys, now: call.now, is_marked: false },
            to: Endpoint { config: &self.real, keys: &self.real_keys, now: there, is_marked: true },
        };
        let Ok(cookie_header) = call.cookie_header.as_deref().map(|header| translator.header(header)).transpose()
        else {
            return Ok(Some(Reply::Unsupported("a session that cannot be marked as a test's".to_owned())));
        };
        let actions = mark::mark_actions(&call.actions);
        let sent = Exchange { config: self.real.clone(), now: there, cookie_header, actions, ..call.clone() };
        if let Some(why) = self.not_carried(call, &sent, translator) {
            return Ok(Some(Reply::Unsupported(why.to_owned())));
        }
        let request = json!({ "op": "exchange", "method": sent.method, "path": sent.path, "actions": sent.actions });
        let early = second.saturating_mul(1_000_000).saturating_sub(self.client.server_now());
        if early <= -1_000_000 {
            return Ok(None);
        }
        processes::pause(Duration::from_micros(u64::try_from(early).unwrap_or_default()))?;
        let answered = self.client.post(&request, sent.cookie_header.as_deref())?;
        let reply = match self.read(call, &answered)? {
            Ok((exchanged, clock)) if clock.map(UnixTime::seconds) == [second; 2] => {
                let expires = |at| expires_here(at, call, there, clock);
                Reply::from(translator.back().answer(exchanged, &call.actions, expires))
            }
            Ok((_, clock)) => {
                self.client.set_ahead(ahead(clock, &answered));
                return Ok(None);
            }
            Err(Reply::Error(_)) if is_long(&request, &sent) && answered.status != 200 => {
                Reply::Unsupported(format!("a request of this length: HTTP status {}", answered.status))
            }
            Err(reply) => reply,
        };
        self.sense(reply).map(Some)
    }

    /// Counts answers that make no sense: of many in a row the next makes none either.
    fn sense(&self, reply: Reply) -> Result<Reply, AdapterError> {
        match &reply {
            Reply::Error(what) if self.senseless.fetch_add(1, Relaxed) + 1 >= SENSELESS => Err(AdapterError {
                message: format!("{SENSELESS} answers in a row were unusable; the last one: {what}"),
                hint: "the server's log may say why".to_owned(),
            }),
            Reply::Error(_) => Ok(reply),
            _ => {
                self.senseless.store(0, Relaxed);
                Ok(reply)
            }
        }
    }

    /// Why a request cannot be asked, or says something else there than here.
    fn not_carried(&self, call: &Exchange, sent: &Exchange, translator: Translator<'_>) -> Option<&'static str> {
        if sent.cookie_header.as_deref().is_some_and(|header| !is_carried_by_http(header)) {
            return Some("a Cookie header that HTTP does not carry");
        }
        let choices = &self.hello.choices;
        let later = sent.now.seconds().saturating_sub(call.now.seconds());
        let back =
            translator.back().answer(server::exchange(sent, choices), &call.actions, |at| at.saturating_sub(later));
        (back != server::exchange(call, choices)).then_some(
            "a check that depends on the absolute date, or on the names of keys: a live server has its own date and marked keys",
        )
    }

    /// The exchange in an answer, and the server's clock before and after; what else to reply where there is none.
    fn read(
        &self,
        call: &Exchange,
        answered: &Answered,
    ) -> Result<Result<(Response, [UnixTime; 2]), Reply>, AdapterError> {
        if answered.status == 404 || (300..400).contains(&answered.status) {
            return Err(not_found(answered, "the probe is gone"));
        }
        let error = |what: String| Ok(Err(Reply::Error(what)));
        if answered.status != 200 {
            return error(format!("HTTP status {}", answered.status));
        }
        let json: Json = match crate::json::from_slice(&answered.body) {
            Ok(json) => json,
            Err(what) => return error(format!("the body is not JSON: {what}")),
        };
        let mut exchanged = match Reply::from_json(&Call::Exchange(call.clone()), &json) {
            Ok(Reply::Ok(Answer::Exchange(exchanged))) => exchanged,
            Ok(reply) => return Ok(Err(reply)),
            // What stands behind the place may be a value of the application's.
            Err(what) => {
                let place = what.split(": ").next().unwrap_or_default();
                return error(format!("the answer is not a probe's: {place}"));
            }
        };
        exchanged.headers.clone_from(&answered.headers);
        only_cookie_in_vary(&mut exchanged.headers);
        match clock(&json) {
            Err(what) => error(what),
            Ok([start, end]) if !is_near(start, end, answered, self.ahead) => error(format!(
                "the server's clock went from {start} to {end}, which does not match the time of the request"
            )),
            Ok(clock) => Ok(Ok((exchanged, clock))),
        }
    }
}

/// Without the keys.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("capabilities", &self.hello).finish_non_exhaustive()
    }
}

impl Implementation for Server {
    fn capabilities(&self) -> Capabilities {
        self.hello.clone()
    }

    fn limits_itself(&self) -> bool {
        true
    }

    fn config(&self) -> Option<Arc<Config>> {
        Some(self.shown.clone())
    }

    fn in_real_time(&self) -> Option<RealTime<'_>> {
        Some(RealTime { implementation: Box::new(Waiting::new(self)), longest: self.wait })
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        in_order(calls, |take| self.answer_each(calls, take))
    }

    fn answer_each(&self, calls: &[Call], take: &mut (dyn FnMut(usize, Reply) + Send)) -> Result<(), AdapterError> {
        let (next, take) = (AtomicUsize::new(0), Mutex::new(take));
        let work = || {
            while let Some((at, call)) = Some(next.fetch_add(1, Relaxed)).and_then(|at| Some((at, calls.get(at)?))) {
                processes::interruption().map_or(Ok(()), Err)?;
                let reply = self.one(call).inspect_err(|_| next.store(calls.len(), Relaxed))?;
                take.lock().unwrap_or_else(PoisonError::into_inner)(at, reply);
            }
            Ok(())
        };
        thread::scope(|scope| {
            let start = |_| thread::Builder::new().name("http".to_owned()).spawn_scoped(scope, work).ok();
            let others: Vec<_> = (1..self.workers.min(calls.len())).filter_map(start).collect();
            let mut done = work();
            for other in others {
                let ended = || {
                    Err(AdapterError { message: "a thread ended".to_owned(), hint: "see the message above".to_owned() })
                };
                done = done.and(other.join().unwrap_or_else(|_| ended()));
            }
            done
        })
    }
}

/// Whether HTTP transports a header's value unchanged.
fn is_carried_by_http(header: &str) -> bool {
    let is_carried = |c: char| matches!(c, '\t' | ' '..='~' | '\u{80}'..='\u{ff}');
    header.chars().all(is_carried) && header.trim_matches([' ', '\t']) == header
}

fn is_long(request: &Json, sent: &Exchange) -> bool {
    request.to_string().len() + sent.cookie_header.as_deref().map_or(0, str::len) > LONG
}

/// A GET of the view.
fn request(config: &Arc<Config>, now: UnixTime, cookie_header: Option<String>, actions: Vec<Action>) -> Exchange {
    Exchange { config: config.clone(), now, cookie_header, method: "GET".to_owned(), path: "/".to_owned(), actions }
}

/// The value of the session cookie that was set; none if it was deleted.
fn cookie_set(exchanged: &Response, config: &Config) -> Option<String> {
    let name = cookie_text::name(config);
    let cookies = exchanged.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case("set-cookie"));
    let mut pairs = cookies.filter_map(|(_, text)| text.split(';').next()?.split_once('='));
    pairs.find(|(given, value)| given.trim() == name && !value.is_empty()).map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_by_the_address_and_not_by_how_it_begins() {
        let in_the_clear = |url: &str| {
            let options = Options {
                url: url.to_owned(),
                secret_key: Vec::new(),
                fallback_keys: Vec::new(),
                lifetime: None,
                salt: None,
                digest: None,
                key_derivation: None,
                certificates: None,
                workers: 1,
                call_timeout: Duration::ZERO,
                run_limit: None,
                wait: Duration::ZERO,
            };
            options.is_in_the_clear().ok()
        };
        for url in
            ["http://127.0.0.1:8000/p", "http://localhost/p", "http://[::1]:80/p", "HTTP://127.8.9.1", "https://a/"]
        {
            assert_eq!(in_the_clear(url), Some(false), "{url}");
        }
        for url in ["http://127.example.com/", "HTTP://localhost.example.com/", "http://10.0.0.1:127/", "http://[::2]/"]
        {
            assert_eq!(in_the_clear(url), Some(true), "{url}");
        }
        for url in [
            "ftp://a/",
            "http://",
            "http:///p",
            "http://me:secret@a/",
            "http://a:99999/",
            "http://a:/",
            "http://a/?b",
            "unix:/a",
            "a",
            "",
            "http://a:80@b/",
            "http://a b/",
        ] {
            assert_eq!(in_the_clear(url), None, "{url}");
        }
    }

    #[test]
    fn http_carries_no_control_characters_and_no_blanks_at_the_ends() {
        for (header, carried) in [
            ("session=é; a=\"b c\"\tx", true),
            ("", true),
            (" a", false),
            ("a\t", false),
            ("a\nb", false),
            ("\0", false),
        ] {
            assert_eq!(is_carried_by_http(header), carried, "{header:?}");
        }
    }
}
