//! Flask's session cookie in Rust, for sessions of plain JSON: a small port to start from, and an example of how one is
//! tested against the specification (`tests/conformance.rs`).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::read::ZlibDecoder;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Number, Value};
use sha1::Sha1;
use std::io::Read;

/// A session.
pub type Session = Map<String, Value>;

/// The last second of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;
/// The most that a payload may inflate to, in bytes.
const LONGEST: u64 = 1 << 24;
/// The keys of maps that stand for values which JSON lacks.
const TAGS: [&str; 6] = [" b", " d", " di", " m", " t", " u"];

/// Why a cookie does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not to be trusted, or too old, or holds no session.
    Rejected,
    /// It is good, and its JSON may be Python's alone: NaN, infinities, half a surrogate pair.
    OnlyPython,
    /// It is good, and has a value with a tag for something that plain JSON lacks.
    Tagged(String),
}

/// Reads and writes the cookies of one application.
pub struct Signer {
    /// The signing key, then those that only verify.
    keys: Vec<Hmac<Sha1>>,
    lifetime: i64,
}

impl Signer {
    /// A signer for secret keys, the current one first; Flask's salt is `cookie-session`. The lifetime is in seconds.
    pub fn new(secrets: &[Vec<u8>], salt: &str, lifetime: i64) -> Self {
        let keys = secrets.iter().filter_map(|secret| {
            let derived = mac(&Hmac::new_from_slice(secret).ok()?, salt.as_bytes());
            Hmac::new_from_slice(&derived.finalize().into_bytes()).ok()
        });
        Self { keys: keys.collect(), lifetime }
    }

    /// The cookie of a session, signed at some Unix second; none without a key.
    pub fn sign(&self, session: &Session, now: u64) -> Option<String> {
        let timestamp: Vec<u8> = now.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
        let payload = URL_SAFE_NO_PAD.encode(json(&tagged(&Value::Object(session.clone()))));
        let signed = format!("{payload}.{}", URL_SAFE_NO_PAD.encode(timestamp));
        let signature = mac(self.keys.first()?, signed.as_bytes()).finalize().into_bytes();
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The session in a cookie that counts at some Unix second.
    pub fn verify(&self, cookie: &str, now: u64) -> Result<Session, Refusal> {
        let text = self.trusted(cookie, now).ok_or(Refusal::Rejected)?;
        let loaded = serde_json::from_slice(&text).map_err(|_| unreadable(&text))?;
        session(untagged(loaded)?).ok_or(Refusal::Rejected)
    }

    /// The JSON text in a cookie, where signature and age are good.
    fn trusted(&self, cookie: &str, now: u64) -> Option<Vec<u8>> {
        let (signed, signature) = cookie.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let is_signed = |key: &Hmac<Sha1>| mac(key, signed.as_bytes()).verify_slice(&signature).is_ok();
        if !self.keys.iter().any(is_signed) {
            return None;
        }
        let (payload, timestamp) = signed.rsplit_once('.')?;
        let timestamp = second(&URL_SAFE_NO_PAD.decode(timestamp).ok()?)?;
        let age = i64::try_from(now.checked_sub(timestamp)?).ok()?;
        if age > self.lifetime {
            return None;
        }
        match payload.strip_prefix('.') {
            None => URL_SAFE_NO_PAD.decode(payload).ok(),
            Some(deflated) => inflated(&URL_SAFE_NO_PAD.decode(deflated).ok()?),
        }
    }
}

fn mac(key: &Hmac<Sha1>, message: &[u8]) -> Hmac<Sha1> {
    key.clone().chain_update(message)
}

/// A timestamp's bytes as a second of the calendar.
fn second(bytes: &[u8]) -> Option<u64> {
    let second = bytes.iter().try_fold(0u64, |second, byte| Some(second.checked_mul(256)? + u64::from(*byte)))?;
    (bytes.len() <= 8 && second <= LAST_SECOND).then_some(second)
}

fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    ZlibDecoder::new(bytes).take(LONGEST).read_to_end(&mut text).ok()?;
    Some(text)
}

/// JSON as Flask writes it: compact, in ASCII, keys in order, numbers as Python prints them.
fn json(value: &Value) -> String {
    let list = |parts: Vec<String>| parts.join(",");
    match value {
        Value::Array(items) => format!("[{}]", list(items.iter().map(json).collect())),
        Value::Number(number) => printed(number),
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            format!("{{{}}}", list(entries.into_iter().map(|(k, v)| format!("{}:{}", quoted(k), json(v))).collect()))
        }
        Value::String(text) => quoted(text),
        Value::Bool(_) | Value::Null => value.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let mut ascii = String::new();
    for c in Value::from(text).to_string().chars() {
        match c {
            ' '..='~' => ascii.push(c),
            _ => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| ascii += &format!("\\u{unit:04x}")),
        }
    }
    ascii
}

/// Python writes small and large floats with a signed exponent of two digits at least.
fn printed(number: &Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    let scientific = format!("{float:e}");
    match scientific.split_once('e').and_then(|(digits, power)| Some((digits, power.parse::<i32>().ok()?))) {
        Some((digits, power)) if !(-4..16).contains(&power) => {
            format!("{digits}e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs())
        }
        _ => format!("{float:?}"),
    }
}

/// Why a JSON text cannot be read.
fn unreadable(text: &[u8]) -> Refusal {
    let has = |part: &[u8]| text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part));
    let is_pythons = [&b"NaN"[..], b"Infinity", b"\\ud"].into_iter().any(has);
    if is_pythons { Refusal::OnlyPython } else { Refusal::Rejected }
}

fn is_tagged(map: &Session) -> bool {
    map.len() == 1 && map.keys().all(|key| TAGS.contains(&key.as_str()))
}

/// A map that looks like a tag is escaped, or it would be read as what the tag stands for.
fn tagged(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(tagged).collect(),
        Value::Object(map) if is_tagged(map) => {
            let escaped: Session = map.iter().map(|(key, value)| (format!("{key}__"), tagged(value))).collect();
            Session::from_iter([(" di".to_owned(), escaped.into())]).into()
        }
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), tagged(value))).collect(),
        other => other.clone(),
    }
}

/// The way back.
fn untagged(value: Value) -> Result<Value, Refusal> {
    let map: Session = match value {
        Value::Array(items) => return items.into_iter().map(untagged).collect(),
        Value::Object(map) => map.into_iter().map(|(k, value)| Ok((k, untagged(value)?))).collect::<Result<_, _>>()?,
        other => return Ok(other),
    };
    match map.iter().next() {
        Some((tag, Value::Object(escaped))) if is_tagged(&map) && tag == " di" => {
            let (key, value) = escaped.iter().next().ok_or(Refusal::Rejected)?;
            let plain: String = key.chars().take(key.chars().count().saturating_sub(2)).collect();
            Ok(Session::from_iter([(plain, value.clone())]).into())
        }
        Some((tag, _)) if is_tagged(&map) && tag == " di" => Err(Refusal::Rejected),
        Some((tag, _)) if is_tagged(&map) => Err(Refusal::Tagged(tag.clone())),
        _ => Ok(map.into()),
    }
}

/// What Python makes a session of: a map, nothing, or pairs.
fn session(loaded: Value) -> Option<Session> {
    match loaded {
        Value::Null => Some(Session::new()),
        Value::Object(map) => Some(map),
        other => elements(other)?.into_iter().map(pair).collect(),
    }
}

fn pair(value: Value) -> Option<(String, Value)> {
    match <[Value; 2]>::try_from(elements(value)?) {
        Ok([Value::String(key), value]) => Some((key, value)),
        _ => None,
    }
}

/// What Python iterates over.
fn elements(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items),
        Value::Object(map) => Some(map.into_iter().map(|(key, _)| key.into()).collect()),
        Value::String(text) => Some(text.chars().map(|c| c.to_string().into()).collect()),
        Value::Bool(_) | Value::Null | Value::Number(_) => None,
    }
}
