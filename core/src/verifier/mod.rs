//! Reads and writes Flask's session cookies, fast and safely: for a gateway next to a Flask application.
//!
//! A [`Verifier`] is made once for a configuration and then shared. It holds the hash states of every key; to
//! [`verify`](Verifier::verify) a cookie takes no allocation, and [`verify_batch`](Verifier::verify_batch) takes many at once. It
//! shares no code with the model but the plain types, so that each can catch the other's mistakes. The code is portable;
//! one module, `hardware`, has faster ways for some processors, which [`Verifier::without_hardware`] leaves alone.
//!
//! ```
//! use sessionproof::{Config, Reason, UnixTime, Value, Verifier};
//!
//! let verifier = Verifier::new(&Config::with_key("development key"))?;
//! let now = UnixTime::from_seconds(1_700_000_000);
//! let cookie = "eyJ1c2VyIjo0Mn0.ZVPxAA.SBjXa6bYomRBABYXHdOKvD88Eg4";
//!
//! let accepted = verifier.verify(cookie, now)?;
//! assert_eq!(accepted.payload, "eyJ1c2VyIjo0Mn0");
//! assert_eq!(accepted.timestamp, 1_700_000_000);
//!
//! let session = verifier.load(cookie, now)?;
//! assert_eq!(session.get("user").and_then(Value::as_i64), Some(42));
//! assert_eq!(verifier.sign(&session, now)?, cookie);
//!
//! let a_month_and_a_day_later = now.plus_seconds(32 * 24 * 60 * 60);
//! let error = verifier.verify(cookie, a_month_and_a_day_later).unwrap_err();
//! assert_eq!(error.reason(), Some(Reason::Expired));
//! # Ok::<(), sessionproof::verifier::Error>(())
//! ```

#[forbid(unsafe_code)]
mod base64;
#[forbid(unsafe_code)]
mod batch;
#[forbid(unsafe_code)]
mod canonical;
#[forbid(unsafe_code)]
mod date;
#[forbid(unsafe_code)]
mod digits;
mod hardware;
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod header;
#[forbid(unsafe_code)]
mod hmac_sha1;
#[forbid(unsafe_code)]
mod json;
#[forbid(unsafe_code)]
mod mac;
#[forbid(unsafe_code)]
mod python;
#[forbid(unsafe_code)]
mod tags;
#[forbid(unsafe_code)]
mod write;
#[forbid(unsafe_code)]
mod zlib;

pub use batch::Verdict;

use crate::{
    clock::UnixTime,
    config::{Config, FallbackTextChoice},
    reason::Reason,
    value::{DeserializeError, Map},
};
use canonical::Parsed;
use ctutils::CtEq;
use hardware::Hardware;
use hmac_sha1::Message;
use mac::Keyed;
use serde::de::DeserializeOwned;
use std::{borrow::Cow, fmt};

/// The last second that Python's calendar holds, 9999-12-31T23:59:59Z.
const LAST_SECOND: u64 = 253_402_300_799;

/// Reads and writes the cookies of one configuration.
#[derive(Clone)]
pub struct Verifier {
    /// The current key, then the fallback keys. Never empty.
    keys: Vec<Keyed>,
    signature_length: usize,
    /// The lifetime in whole seconds; none when it is beyond the calendar.
    max_age: Option<i64>,
    is_strict: bool,
    inflate_limit: usize,
    hardware: Hardware,
    cookie_name: String,
}

/// Without the keys.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("keys", &self.keys.len())
            .field("cookie_name", &self.cookie_name)
            .field("max_age", &self.max_age)
            .field("is_strict", &self.is_strict)
            .field("inflate_limit", &self.inflate_limit)
            .field("hardware", &self.hardware())
            .finish_non_exhaustive()
    }
}

/// Why a session is not read as a type of one's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The cookie does not count, or holds no session.
    #[error(transparent)]
    Cookie(#[from] Error),
    /// The session is not of that type.
    #[error("the session is not of the type that was asked for: {0}")]
    Type(#[from] DeserializeError),
}

/// A cookie that a key signed no longer ago than the lifetime. What it says was not looked at yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted<'a> {
    /// The first part, compressed when it begins with a dot.
    pub payload: &'a str,
    /// When the cookie was signed, in Unix seconds.
    pub timestamp: u64,
}

/// Why a cookie is not read, or a session not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A payload that is not base64, or in a strict verifier not its canonical spelling (`PAY-14`).
    #[error("the payload is not base64")]
    Base64,
    /// A time that no calendar holds: a timestamp (`SIG-9`), or a time or date to be written.
    #[error("a time is beyond the calendar")]
    Calendar,
    /// A compressed payload that is not a whole zlib stream (`PAY-14`).
    #[error("the payload is not a zlib stream")]
    Deflate,
    /// Signed longer ago than the lifetime (`EXP-1`).
    #[error("the cookie is older than the lifetime")]
    Expired,
    /// Signed later than now (`EXP-3`).
    #[error("the cookie was signed in the future: compare the servers' clocks")]
    Future,
    /// A compressed payload that grows beyond the limit.
    #[error("the payload inflates to more than {limit} bytes: raise the limit if your sessions are that large")]
    InflateLimit {
        /// The limit in bytes.
        limit: usize,
    },
    /// A payload that is not JSON as Python reads it (`PAY-14`).
    #[error("the payload is not JSON: byte {at}")]
    Json {
        /// Where reading stopped, in bytes from the start of the JSON text.
        at: usize,
    },
    /// A lifetime that no calendar holds (`EXP-9`).
    #[error("the lifetime is beyond the calendar")]
    Lifetime,
    /// JSON that is not a session (`PAY-15`).
    #[error("the payload is not a session")]
    NotASession,
    /// There is no secret key, or an empty one (`KEY-5`).
    #[error("there is no secret key: configure one")]
    NoSecretKey,
    /// No key made the signature, or the cookie is not of the form `payload.timestamp.signature` (`SIG-5`, `SIG-6`).
    #[error("no key made this signature")]
    Signature,
    /// A tag with content that it does not take (`PAY-14`).
    #[error("the tag {0:?} stands before something else than it marks")]
    Tag(&'static str),
    /// Signed, but the timestamp is missing or cannot be read (`SIG-8`).
    #[error("the cookie is signed but has no timestamp")]
    Timestamp,
    /// A session that JSON cannot hold (`PAY-5`).
    #[error("the session cannot be written: {0}")]
    Unwritable(&'static str),
    /// A payload that is not UTF-8 (`PAY-14`).
    #[error("the payload is not UTF-8")]
    Utf8,
}

impl Error {
    /// Why the cookie is rejected, where an empty session takes its place. None for the errors that come out of Flask as they
    /// do here, and would be answered with status 500.
    #[must_use]
    pub fn reason(self) -> Option<Reason> {
        match self {
            Self::Expired => Some(Reason::Expired),
            Self::Future => Some(Reason::Future),
            Self::Signature => Some(Reason::Signature),
            Self::Timestamp => Some(Reason::Timestamp),
            _ => None,
        }
    }
}

impl Verifier {
    /// How many bytes a payload may inflate to by default: 16 MiB.
    pub const INFLATE_LIMIT: usize = 16 << 20;

    /// A verifier for a configuration: its keys, salt, digest, key derivation and lifetime. A lifetime beyond the calendar is
    /// an error of each cookie, not of this (`EXP-9`).
    ///
    /// # Errors
    ///
    /// There is no secret key, or an empty one (`KEY-5`).
    pub fn new(config: &Config) -> Result<Self, Error> {
        let keys = config.verifying_keys(FallbackTextChoice::Letters);
        let keys = keys.iter().map(|key| Keyed::derive(config, key)).collect::<Option<Vec<_>>>();
        Ok(Self {
            keys: keys.filter(|keys| !keys.is_empty()).ok_or(Error::NoSecretKey)?,
            signature_length: mac::length(config.digest),
            max_age: config.lifetime.max_age(),
            is_strict: false,
            inflate_limit: Self::INFLATE_LIMIT,
            hardware: Hardware::detect(),
            cookie_name: config.cookie_name.clone(),
        })
    }

    /// The same, but it reads the canonical spelling of base64 alone, where Flask reads others as well (`SIG-7`).
    #[must_use]
    pub fn strict(self) -> Self {
        Self { is_strict: true, ..self }
    }

    /// The same with another limit to what a payload may inflate to, in bytes.
    #[must_use]
    pub fn with_inflate_limit(self, limit: usize) -> Self {
        Self { inflate_limit: limit, ..self }
    }

    /// The same by portable code alone, without the instructions that only some processors have.
    #[must_use]
    pub fn without_hardware(self) -> Self {
        Self { hardware: Hardware::default(), ..self }
    }

    /// The same by no other of these instructions than are named, with commas between them, as in the environment variable
    /// `SESSIONPROOF_HARDWARE`: `sha-ni`, `avx2`, `avx512`. What this processor has not stays unused.
    #[must_use]
    pub fn with_hardware(self, names: &str) -> Self {
        Self { hardware: Hardware::of(names), ..self }
    }

    /// Which of those instructions are used, in words.
    pub fn hardware(&self) -> &'static str {
        self.hardware.name()
    }

    /// Checks signature and age of a cookie's value (`SIG-*`, `EXP-*`). What the payload says is left to
    /// [`load`](Self::load) and [`load_payload`](Self::load_payload).
    ///
    /// # Errors
    ///
    /// The signature is not good, the cookie is too old or from the future, or a time is beyond the calendar.
    pub fn verify<'a>(&self, cookie: &'a str, now: UnixTime) -> Result<Accepted<'a>, Error> {
        // An empty value is no cookie, and no lifetime is asked for.
        if cookie.is_empty() {
            return Err(Error::Signature);
        }
        let max_age = self.max_age.ok_or(Error::Lifetime)?;
        let bytes = cookie.as_bytes();
        let seen = match self.hardware.one {
            Some(one) => one.verify(&self.keys, bytes),
            None => self.parse(bytes),
        };
        match seen {
            Some(Parsed { is_signed: false, .. }) => Err(Error::Signature),
            Some(Parsed { timestamp, .. }) => judge(canonical::payload(cookie), timestamp.into(), max_age, now),
            None => self.verify_slow(cookie, max_age, now),
        }
    }

    /// The session in a cookie's value, after [`verify`](Self::verify).
    ///
    /// # Errors
    ///
    /// Those of [`verify`](Self::verify) and of [`load_payload`](Self::load_payload).
    pub fn load(&self, cookie: &str, now: UnixTime) -> Result<Map, Error> {
        self.load_payload(self.verify(cookie, now)?.payload)
    }

    /// The session in a cookie's value as a type of one's own, after [`verify`](Self::verify). What the type does not name may be
    /// anything.
    ///
    /// ```
    /// use sessionproof::{Config, Map, UnixTime, Value, Verifier};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Session {
    ///     user_id: u64,
    /// }
    ///
    /// let verifier = Verifier::new(&Config::with_key("development key"))?;
    /// let mut session: Map = [("user_id", 8)].into_iter().collect();
    /// session.insert("_flashes", vec![Value::Tuple(vec!["message".into(), "hi".into()])]);
    /// let cookie = verifier.sign(&session, UnixTime::now())?;
    ///
    /// let session: Session = verifier.load_as(&cookie, UnixTime::now())?;
    /// assert_eq!(session.user_id, 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The cookie does not count, or its session is not of this type; the error names the value.
    pub fn load_as<T: DeserializeOwned>(&self, cookie: &str, now: UnixTime) -> Result<T, LoadError> {
        Ok(self.load(cookie, now)?.deserialize_into()?)
    }

    /// The value of the session's cookie in a Cookie header: of several cookies of the configured name the first (`HDR-1`),
    /// without quotes and escapes. Where HTTP/2 splits the header, join its parts with `"; "`.
    #[must_use]
    pub fn cookie_in<'h>(&self, cookie_header: &'h [u8]) -> Option<Cow<'h, str>> {
        header::find(cookie_header, &self.cookie_name)
    }

    /// The session in a Cookie header; none when it has no cookie of the configured name, or an empty one (`HDR-4`).
    ///
    /// ```
    /// use sessionproof::{Config, UnixTime, Verifier, value::Value};
    ///
    /// let verifier = Verifier::new(&Config::with_key("development key"))?;
    /// let now = UnixTime::from_seconds(1_700_000_000);
    /// let header = "theme=dark; session=eyJ1c2VyIjo0Mn0.ZVPxAA.SBjXa6bYomRBABYXHdOKvD88Eg4";
    /// let session = verifier.load_header(header.as_bytes(), now)?.unwrap_or_default();
    /// assert_eq!(session.get("user").and_then(Value::as_i64), Some(42));
    /// # Ok::<(), sessionproof::verifier::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load): there is a cookie of the name, and it does not count.
    pub fn load_header(&self, cookie_header: &[u8], now: UnixTime) -> Result<Option<Map>, Error> {
        match self.cookie_in(cookie_header) {
            Some(cookie) if !cookie.is_empty() => self.load(&cookie, now).map(Some),
            _ => Ok(None),
        }
    }

    /// The session in the payload of a cookie that was verified (`PAY-*`).
    ///
    /// Work grows with the square of the number of keys in one map: behind a signature that is the application's own affair.
    ///
    /// # Errors
    ///
    /// The payload is not a session as Flask writes one (`PAY-14`), or inflates beyond the limit.
    pub fn load_payload(&self, payload: &str) -> Result<Map, Error> {
        let bytes = self.decode_payload(payload)?;
        if payload.starts_with('.') {
            zlib::inflate(&bytes, self.inflate_limit, |json| self.read(json))?
        } else {
            self.read(&bytes)
        }
    }

    /// The bytes that a payload spells, compressed or not.
    #[doc(hidden)]
    pub fn decode_payload(&self, payload: &str) -> Result<Vec<u8>, Error> {
        let part = payload.strip_prefix('.').unwrap_or(payload);
        base64::decode(part, self.is_strict).ok_or(Error::Base64)
    }

    /// The session in JSON text with Flask's tags.
    #[doc(hidden)]
    pub fn read(&self, json: &[u8]) -> Result<Map, Error> {
        let document = json::read(str::from_utf8(json).map_err(|_| Error::Utf8)?)?;
        tags::session(if document.may_have_tags { tags::untag(document.value)? } else { document.value })
    }

    /// The value of a cookie for a session, signed with the current key (`KEY-2`). Compressed when that pays (`PAY-12`).
    ///
    /// # Errors
    ///
    /// JSON cannot hold the session (`PAY-5`), or the time is beyond the calendar.
    pub fn sign(&self, session: &Map, now: UnixTime) -> Result<String, Error> {
        let key = self.keys.first().ok_or(Error::NoSecretKey)?;
        let seconds = u64::try_from(now.seconds()).map_err(|_| Error::Calendar)?;
        let json = write::session(session)?;
        let mut cookie = String::with_capacity(json.len() / 3 * 4 + 64);
        match zlib::deflate(json.as_bytes()) {
            Some(deflated) if deflated.len() + 1 < json.len() => {
                cookie.push('.');
                base64::append(&deflated, &mut cookie);
            }
            _ => base64::append(json.as_bytes(), &mut cookie),
        }
        cookie.push('.');
        let bytes = seconds.to_be_bytes();
        let zeros = (seconds.leading_zeros() / 8) as usize;
        base64::append(bytes.get(zeros..).unwrap_or_default(), &mut cookie);
        let signature = key.sign(cookie.as_bytes());
        cookie.push('.');
        base64::append(&signature, &mut cookie);
        Ok(cookie)
    }

    /// What a cookie in the canonical form says, by portable code. Signatures are compared as a whole, in constant time
    /// (`SIG-10`).
    #[inline]
    fn parse(&self, cookie: &[u8]) -> Option<Parsed> {
        // The padding is laid out before the rest is decoded: what is read at once after it was written is waited for.
        let message = Message::new(cookie, canonical::signed(cookie));
        let (timestamp, signature) = canonical::tail(cookie)?;
        let is_signed = |key: &hmac_sha1::Key| key.mac(&message).ct_eq(&signature).to_bool();
        Some(Parsed { timestamp, is_signed: self.keys.iter().filter_map(Keyed::sha1).any(is_signed) })
    }

    /// A cookie of another digest, of another timestamp, in another spelling, or no cookie at all.
    #[cold]
    fn verify_slow<'a>(&self, cookie: &'a str, max_age: i64, now: UnixTime) -> Result<Accepted<'a>, Error> {
        let (signed, signature) = cookie.rsplit_once('.').ok_or(Error::Signature)?;
        if !self.is_signed(signed, signature) {
            return Err(Error::Signature);
        }
        let (payload, timestamp) = signed.rsplit_once('.').ok_or(Error::Timestamp)?;
        judge(payload, self.timestamp(timestamp).ok_or(Error::Timestamp)?, max_age, now)
    }

    /// Whether any key made the signature. Its length is no secret, so one of another length costs no hash.
    fn is_signed(&self, signed: &str, signature: &str) -> bool {
        let matches = |signature: &[u8]| {
            signature.len() == self.signature_length
                && self.keys.iter().any(|key| key.verify(signed.as_bytes(), signature))
        };
        base64::with_short(signature, self.is_strict, matches).unwrap_or(false)
    }

    /// Unix seconds from at most eight big-endian bytes (`SIG-4`).
    fn timestamp(&self, part: &str) -> Option<u64> {
        let number = |bytes: &[u8]| {
            (bytes.len() <= 8).then(|| bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
        };
        base64::with_short(part, self.is_strict, number)?
    }

    /// A whole zlib stream, inflated.
    #[doc(hidden)]
    pub fn inflate(&self, deflated: &[u8]) -> Result<Vec<u8>, Error> {
        zlib::inflate(deflated, self.inflate_limit, <[u8]>::to_vec)
    }
}

/// What becomes of a cookie that is signed, by its age (`EXP-1`, `EXP-3`).
fn judge(payload: &str, timestamp: u64, max_age: i64, now: UnixTime) -> Result<Accepted<'_>, Error> {
    // Flask makes a date of every timestamp, refused or not (`SIG-9`).
    if timestamp > LAST_SECOND {
        return Err(Error::Calendar);
    }
    match age(timestamp, now) {
        age if age > max_age => Err(Error::Expired),
        age if age < 0 => Err(Error::Future),
        _ => Ok(Accepted { payload, timestamp }),
    }
}

/// Seconds from signing to now, negative when it was signed later (`EXP-8`).
fn age(timestamp: u64, now: UnixTime) -> i64 {
    // What is too long ago for a number is before every timestamp.
    now.seconds().saturating_sub_unsigned(timestamp)
}

#[cfg(test)]
mod tests;
