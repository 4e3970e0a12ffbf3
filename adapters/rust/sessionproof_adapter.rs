//! The adapter protocol of sessionproof, version 1, in one file for Rust.
//!
//! Copy this file beside your adapter. It needs the crates `base64`, `libc` and `serde_json` (with the features `float_roundtrip` and
//! `preserve_order`). It reads requests, checks them, decodes session values, keeps one target for each configuration, holds the
//! clock, and encodes the answers. What is left to write is what your implementation does:
//!
//! ```ignore
//! mod sessionproof_adapter;
//! use sessionproof_adapter::{Adapter, Signed, Verified};
//!
//! fn main() {
//!     Adapter {
//!         name: "mysessions",
//!         version: "1.0",
//!         missing: &["fallback_keys", "digest", "key_derivation"],
//!         values: &["json"],
//!         choices: &[("base64", "strict")],
//!         build: |config| Ok(mysessions::Signer::new(config.secret_key()?, config.lifetime()?)),
//!         verify: |signer, now, cookie| match signer.open(cookie, now) {
//!             Ok(session) => Verified::Accepted(session),
//!             Err(_) => Verified::Rejected,
//!         },
//!         sign: |signer, now, session| Signed::Cookie(signer.seal(session, now)),
//!         bench: None,
//!     }
//!     .serve();
//! }
//! ```
//!
//! A session is a `serde_json::Value`. A type of your own needs no program at all where it can depend on the crate `sessionproof`:
//! see `sessionproof::adapter::Implementation`.
//!
//! An implementation that asks the system for the time gets the instant of the call: on Linux this file stands in for the clock of
//! the C library, which `SystemTime::now` asks. Elsewhere what needs it is unsupported, and the suite counts that in sight.

#![allow(dead_code, reason = "every adapter uses its own part")]

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Number, Value, json};
use std::{
    io::{self, BufRead, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

const PROTOCOL: u64 = 1;
const KEPT_CONFIGS: usize = 128;
const MAX_REPLY: usize = 4 * 1024 * 1024;
const MAX_CALLS: u64 = 1_000_000_000;
/// In seconds, as far as Python's `timedelta` goes.
const LIFETIMES: std::ops::Range<f64> = -86_399_999_913_600.0..86_400_000_000_000.0;
const EXACT_INTEGERS: u64 = 1 << 53;

/// One implementation behind the protocol. `T` is what is built once for each configuration.
pub struct Adapter<T> {
    pub name: &'static str,
    pub version: &'static str,
    /// The config members that it does not have: where one has a value that is not the default, the case is unsupported.
    pub missing: &'static [&'static str],
    /// The kinds of session value that survive. A `serde_json::Value` holds `json`, `integers` up to 64 bits, and finite `floats`.
    pub values: &'static [&'static str],
    /// What the implementation decides where the specification leaves it open.
    pub choices: &'static [(&'static str, &'static str)],
    pub build: fn(&Config) -> Result<T, Refusal>,
    pub verify: fn(&T, SystemTime, &str) -> Verified,
    pub sign: fn(&T, SystemTime, &Value) -> Signed,
    pub bench: Option<Bench<T>>,
}

/// Reads the cookie once (all of it, or the signature alone), and says whether it counts.
pub type Bench<T> = fn(&T, Part, &str) -> Result<bool, Refusal>;

/// What became of a cookie.
pub enum Verified {
    /// It counts, and this is the session that it holds.
    Accepted(Value),
    /// An empty session takes its place.
    Rejected,
    /// The implementation let an error out.
    Raised(String),
}

/// What became of a session.
pub enum Signed {
    Cookie(String),
    /// The implementation let an error out.
    Raised(String),
}

/// What of a cookie is read for a measurement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Load,
    Signature,
}

/// Why there is no answer.
pub enum Refusal {
    /// The request makes no sense, or the adapter failed. The case is inconclusive.
    Error(String),
    /// The implementation does not have this. The case is skipped and counted in sight.
    Unsupported(String),
}

/// The request makes no sense, or the adapter failed.
pub fn error(what: impl Into<String>) -> Refusal {
    Refusal::Error(what.into())
}

/// The implementation does not have this.
pub fn unsupported(what: impl Into<String>) -> Refusal {
    Refusal::Unsupported(what.into())
}

/// The result of the implementation, or what it panicked with.
pub fn attempt<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| panic_text(&*panic))
}

/// What a panic says.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message").to_owned()
}

/// The version of a crate in a lock file, as in `locked(include_str!("Cargo.lock"), "mysessions")`.
pub fn locked(lock: &'static str, name: &str) -> &'static str {
    let entry = format!("name = \"{name}\"\nversion = \"");
    lock.split_once(&entry).and_then(|(_, rest)| rest.split_once('"')).map_or("", |(version, _)| version)
}

// Requests and replies.

impl<T> Adapter<T> {
    /// Answers requests until standard input ends.
    pub fn serve(&self) {
        let mut targets = Vec::new();
        answer_lines(|request| self.answer(request, &mut targets));
    }

    fn answer(&self, mut request: Map<String, Value>, targets: &mut Vec<(String, T)>) -> Result<Value, Refusal> {
        let op = text(request.remove("op"), "op")?;
        match op.as_str() {
            "hello" if request.get("protocol") == Some(&json!(PROTOCOL)) => return Ok(self.hello()),
            "hello" => return Err(unsupported(format!("a protocol other than version {PROTOCOL}"))),
            "bench" if self.bench.is_some() => {}
            "sign" | "verify" => {}
            _ => return Err(unsupported(format!("op {op}"))),
        }
        let now = instant(request.remove("now").as_ref())?;
        let config = request.remove("config").unwrap_or_else(|| json!({}));
        let target = kept(targets, config, |config| (self.build)(&Config::read(config, self.missing)?))?;
        clock::hold(now)?;
        match op.as_str() {
            "verify" => {
                let cookie = text(request.remove("cookie"), "cookie")?;
                no_more(&request)?;
                Ok(match (self.verify)(target, now, &cookie) {
                    Verified::Accepted(session) => json!({"accepted": true, "session": encode(&session)}),
                    Verified::Rejected => json!({"accepted": false}),
                    Verified::Raised(what) => json!({"raised": what}),
                })
            }
            "sign" => {
                let session = decode(&request.remove("session").unwrap_or(Value::Null), self.values)?;
                no_more(&request)?;
                if !session.is_object() {
                    return Err(error("session: a map is needed"));
                }
                Ok(match (self.sign)(target, now, &session) {
                    Signed::Cookie(cookie) => json!({"cookie": cookie}),
                    Signed::Raised(what) => json!({"raised": what}),
                })
            }
            _ => self.measure(target, request),
        }
    }

    /// The loop and the clock are here, so that all adapters measure alike.
    fn measure(&self, target: &T, mut request: Map<String, Value>) -> Result<Value, Refusal> {
        let Some(bench) = self.bench else { return Err(unsupported("op bench")) };
        let cookie = text(request.remove("cookie"), "cookie")?;
        let part = match request.remove("part").as_ref().map(Value::as_str) {
            None | Some(Some("load")) => Part::Load,
            Some(Some("signature")) => Part::Signature,
            Some(other) => return Err(unsupported(format!("part {other:?}"))),
        };
        let calls = request.remove("calls").and_then(|calls| calls.as_u64());
        let Some(calls) = calls.filter(|calls| (1..=MAX_CALLS).contains(calls)) else {
            return Err(error(format!("calls: an integer from 1 to {MAX_CALLS} is needed")));
        };
        no_more(&request)?;
        let accepted = bench(target, part, &cookie)?;
        let start = Instant::now();
        for _ in 0..calls {
            let _ = std::hint::black_box(bench(target, part, std::hint::black_box(&cookie)));
        }
        Ok(json!({"seconds": start.elapsed().as_secs_f64(), "accepted": accepted}))
    }

    fn hello(&self) -> Value {
        let choices: Map<_, _> = self.choices.iter().map(|&(name, choice)| (name.to_owned(), json!(choice))).collect();
        let mut ops = vec!["verify", "sign"];
        ops.extend(self.bench.map(|_| "bench"));
        json!({
            "name": self.name, "version": self.version, "runtime": format!("rust on {}", std::env::consts::ARCH),
            "ops": ops, "values": self.values, "choices": choices,
        })
    }
}

/// Answers each line of standard input by this, until there is none.
pub fn answer_lines(mut answer: impl FnMut(Map<String, Value>) -> Result<Value, Refusal>) {
    // What panics say is told in the replies.
    std::panic::set_hook(Box::new(|_| {}));
    let mut replies = io::stdout().lock();
    for line in io::stdin().lock().split(b'\n') {
        let Ok(line) = line else { return };
        let mut text = reply(&line, &mut answer).to_string();
        if text.len() >= MAX_REPLY {
            text = json!({"id": null, "error": "the reply is longer than 4 MiB"}).to_string();
        }
        text.push('\n');
        if replies.write_all(text.as_bytes()).and_then(|()| replies.flush()).is_err() {
            return; // nobody listens any more
        }
    }
}

fn reply(line: &[u8], answer: impl FnOnce(Map<String, Value>) -> Result<Value, Refusal>) -> Value {
    let Ok(Value::Object(mut request)) = serde_json::from_slice(line) else {
        return json!({"id": null, "error": "a line is one JSON object"});
    };
    let id = request.remove("id").unwrap_or(Value::Null);
    if id.as_i64().is_none() {
        return json!({"id": null, "error": "id: an integer is needed"});
    }
    match attempt(|| answer(request)) {
        Ok(Ok(ok)) => json!({"id": id, "ok": ok}),
        Ok(Err(Refusal::Unsupported(what))) => json!({"id": id, "unsupported": what}),
        Ok(Err(Refusal::Error(what))) => json!({"id": id, "error": what}),
        Err(panic) => json!({"id": id, "error": format!("the adapter panicked: {panic}")}),
    }
}

/// The target of a configuration, built if it is not there. The least recently used one stands first, and goes when there are too many.
pub fn kept<T>(
    targets: &mut Vec<(String, T)>,
    config: Value,
    build: impl FnOnce(Value) -> Result<T, Refusal>,
) -> Result<&T, Refusal> {
    let key = config.to_string();
    let target = match targets.iter().position(|(known, _)| *known == key) {
        Some(place) => targets.remove(place),
        None => (key, build(config)?),
    };
    targets.push(target);
    if targets.len() > KEPT_CONFIGS {
        targets.remove(0);
    }
    targets.last().map(|(_, target)| target).ok_or_else(|| error("nothing was built"))
}

pub fn text(value: Option<Value>, name: &str) -> Result<String, Refusal> {
    match value {
        Some(Value::String(text)) => Ok(text),
        _ => Err(error(format!("{name}: text is needed"))),
    }
}

pub fn no_more(rest: &Map<String, Value>) -> Result<(), Refusal> {
    rest.keys().next().map_or(Ok(()), |name| Err(unsupported(format!("member {name}"))))
}

/// Seconds with at most six decimals; the signature's timestamp is its floor.
pub fn instant(now: Option<&Value>) -> Result<SystemTime, Refusal> {
    let Some(seconds) = now.and_then(Value::as_f64) else { return Err(error("now: a number is needed")) };
    let micros = Duration::from_micros((seconds.abs() * 1e6).round() as u64);
    let instant = if seconds < 0.0 { UNIX_EPOCH.checked_sub(micros) } else { UNIX_EPOCH.checked_add(micros) };
    instant.ok_or_else(|| error("now: beyond what this system has"))
}

// Configuration.

/// The configuration: what was given, and Flask's defaults for the rest.
pub struct Config {
    members: Map<String, Value>,
    given: Vec<String>,
}

impl Config {
    fn read(raw: Value, missing: &[&str]) -> Result<Self, Refusal> {
        Self::read_with(raw, Self::defaults(), |name| !missing.contains(&name))
    }

    /// What was given on top of these defaults. A member that is not served has its default, or there is no such configuration.
    pub fn read_with(raw: Value, defaults: Value, is_served: impl Fn(&str) -> bool) -> Result<Self, Refusal> {
        let Value::Object(raw) = raw else { return Err(error("config: an object is needed")) };
        let Value::Object(mut members) = defaults else { return Err(error("config: no defaults")) };
        let given = raw.keys().cloned().collect();
        for (name, value) in raw {
            match members.get_mut(&name) {
                Some(known) if *known == value || is_served(&name) => *known = value,
                _ => return Err(unsupported(format!("config member {name}"))),
            }
        }
        Ok(Self { members, given })
    }

    /// Flask's defaults.
    pub fn defaults() -> Value {
        json!({
            "secret_key": null, "fallback_keys": null, "lifetime": 2678400, "refresh_each_request": true,
            "cookie_name": "session", "cookie_domain": null, "cookie_path": null, "application_root": "/",
            "cookie_httponly": true, "cookie_secure": false, "cookie_samesite": null, "cookie_partitioned": false,
            "salt": "cookie-session", "digest": "sha1", "key_derivation": "hmac",
        })
    }

    /// A member that the request named, for what has defaults of its own.
    pub fn given(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|_| self.given.iter().any(|given| given == name))
    }

    /// A member whose value is a boolean.
    pub fn flag(&self, name: &str) -> Result<bool, Refusal> {
        let flag = self.members.get(name).and_then(Value::as_bool);
        flag.ok_or_else(|| error(format!("{name}: a boolean is needed")))
    }

    /// A boolean that the request named.
    pub fn given_flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.given(name).map(|_| self.flag(name)).transpose()
    }

    /// Text that the request named, and null as none.
    pub fn given_text(&self, name: &str) -> Result<Option<String>, Refusal> {
        self.given(name).filter(|value| !value.is_null()).map(|_| self.text(name).map(str::to_owned)).transpose()
    }

    /// A member whose value is text.
    pub fn text(&self, name: &str) -> Result<&str, Refusal> {
        self.members.get(name).and_then(Value::as_str).ok_or_else(|| error(format!("{name}: text is needed")))
    }

    /// The secret key in bytes. There may be none, or an empty one: Flask writes no sessions then, and a library has no say.
    pub fn secret_key(&self) -> Result<Vec<u8>, Refusal> {
        let key = self.members.get("secret_key").unwrap_or(&Value::Null);
        let bytes = match (key, key.get("$bytes").and_then(Value::as_str)) {
            (Value::String(text), _) => text.clone().into_bytes(),
            (_, Some(text)) => STANDARD.decode(text).map_err(|problem| error(format!("secret_key: {problem}")))?,
            _ => Vec::new(),
        };
        if bytes.is_empty() { Err(unsupported("no secret key")) } else { Ok(bytes) }
    }

    /// The lifetime in microseconds.
    pub fn lifetime_micros(&self) -> Result<i64, Refusal> {
        let seconds = self.members.get("lifetime").and_then(Value::as_f64);
        let seconds =
            seconds.filter(|seconds| seconds.abs() < 1e12).ok_or_else(|| unsupported("a lifetime of that length"))?;
        Ok((seconds * 1e6).round() as i64)
    }

    /// The lifetime in whole seconds, as an age is compared with it. Python's `timedelta` holds no longer ones.
    pub fn lifetime(&self) -> Result<i64, Refusal> {
        let seconds = self.members.get("lifetime").and_then(Value::as_f64);
        let whole = seconds.map(f64::trunc).filter(|seconds| LIFETIMES.contains(seconds));
        whole.map(|seconds| seconds as i64).ok_or_else(|| unsupported("a lifetime of that length"))
    }
}

// Session values.

/// A session value as it crosses the protocol.
pub fn encode(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(encode).collect(),
        Value::Object(map) if map.len() == 1 && map.keys().all(|key| key.starts_with('$')) => {
            json!({"$map": map.iter().map(|(key, item)| json!([key, encode(item)])).collect::<Vec<_>>()})
        }
        Value::Object(map) => map.iter().map(|(key, item)| (key.clone(), encode(item))).collect(),
        Value::Number(number) => encode_number(number),
        other => other.clone(),
    }
}

fn encode_number(number: &Number) -> Value {
    let size = number.as_u64().or(number.as_i64().map(i64::unsigned_abs));
    match (size, number.as_f64()) {
        (Some(size), _) if size < EXACT_INTEGERS => number.clone().into(),
        (Some(_), _) => json!({"$int": number.to_string()}),
        (None, Some(float)) if float.fract() != 0.0 => number.clone().into(),
        (None, float) => json!({"$float": float.map_or_else(|| number.to_string(), python_repr)}),
    }
}

/// Python's `repr` of a float without a fraction.
fn python_repr(float: f64) -> String {
    let scientific = format!("{float:e}");
    match scientific.split_once('e') {
        Some((mantissa, exponent)) if exponent.parse::<u32>().is_ok_and(|exponent| exponent >= 16) => {
            format!("{mantissa}e+{exponent}")
        }
        _ => format!("{float:.1}"),
    }
}

/// The session value that an encoding stands for, as far as `serde_json` holds it.
pub fn decode(value: &Value, kinds: &[&str]) -> Result<Value, Refusal> {
    match value {
        Value::Array(items) => items.iter().map(|item| decode(item, kinds)).collect(),
        Value::Object(map) => match map.iter().next() {
            Some((form, content)) if map.len() == 1 && form.starts_with('$') => decode_form(form, content, kinds),
            _ => map.iter().map(|(key, item)| Ok((key.clone(), decode(item, kinds)?))).collect(),
        },
        other => Ok(other.clone()),
    }
}

fn decode_form(form: &str, content: &Value, kinds: &[&str]) -> Result<Value, Refusal> {
    let wrong = || error(format!("{form}: not what the protocol has there"));
    let digits = content.as_str();
    match form {
        "$int" if kinds.contains(&"integers") => {
            let digits = digits.ok_or_else(wrong)?;
            let number = digits.parse::<i64>().map(Number::from).or_else(|_| digits.parse::<u64>().map(Number::from));
            number.map(Value::Number).map_err(|_| unsupported("integers of more than 64 bits"))
        }
        "$float" if kinds.contains(&"floats") => {
            let float = digits.and_then(|digits| digits.parse().ok()).ok_or_else(wrong)?;
            Number::from_f64(float).map(Value::Number).ok_or_else(|| unsupported("floats that are not finite"))
        }
        "$map" => {
            let pairs = content.as_array().ok_or_else(wrong)?;
            let pair = |pair: &Value| match pair.as_array().map(Vec::as_slice) {
                Some([Value::String(key), item]) => Ok((key.clone(), decode(item, kinds)?)),
                Some([_, _]) => Err(unsupported("values of kind map")),
                _ => Err(wrong()),
            };
            pairs.iter().map(pair).collect()
        }
        "$bytes" | "$datetime" | "$float" | "$int" | "$markup" | "$tuple" | "$utf16" | "$uuid" => {
            Err(unsupported(format!("values of the form {form}")))
        }
        _ => Err(error(format!("{form} is not a form of value"))),
    }
}

// The clock.

#[cfg(target_os = "linux")]
pub mod clock {
    use super::Refusal;
    use std::{
        sync::atomic::{AtomicI64, Ordering},
        time::{SystemTime, UNIX_EPOCH},
    };

    static MICROS: AtomicI64 = AtomicI64::new(0);

    /// From now on the system's clock shows this.
    pub fn hold(now: SystemTime) -> Result<(), Refusal> {
        let micros = match now.duration_since(UNIX_EPOCH) {
            Ok(after) => after.as_micros() as i64,
            Err(before) => -(before.duration().as_micros() as i64),
        };
        MICROS.store(micros, Ordering::Relaxed);
        Ok(())
    }

    /// Stands in for the function of the C library, which `SystemTime::now` calls. All other clocks stay as they are.
    ///
    /// # Safety
    /// `time` is null or points to a `timespec` that can be written, as the C library has it.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> libc::c_int {
        if clock != libc::CLOCK_REALTIME || time.is_null() {
            // SAFETY: what was given is handed on to the kernel as it is, which checks it.
            return unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) as libc::c_int };
        }
        let micros = MICROS.load(Ordering::Relaxed);
        // SAFETY: the caller gives a place for a `timespec`, and it is not null.
        unsafe {
            (*time).tv_sec = micros.div_euclid(1_000_000) as _;
            (*time).tv_nsec = (micros.rem_euclid(1_000_000) * 1000) as _;
        }
        0
    }
}

#[cfg(not(target_os = "linux"))]
pub mod clock {
    use super::{Refusal, unsupported};
    use std::time::SystemTime;

    pub fn hold(_now: SystemTime) -> Result<(), Refusal> {
        Err(unsupported("another time than the system's, which is held on Linux only"))
    }
}
