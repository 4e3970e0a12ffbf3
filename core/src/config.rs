//! What an application configures about its session cookie: the plain type that the model, the verifier and the adapter
//! protocol share. Every member's default is Flask's.

mod build;
mod line;

pub use line::Named;

use crate::clock::Seconds;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use std::{fmt, time::Duration};

/// Configuration of an application, as in `config` of the adapter protocol.
///
/// ```
/// use sessionproof::Config;
/// use std::time::Duration;
///
/// let config = Config::with_key("development key").lifetime(Duration::from_secs(1800)).salt("another salt");
/// assert!(!format!("{config:?}").contains("development key"), "no key is printed");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// `SECRET_KEY`; none or empty means that there are no sessions (`KEY-5`).
    pub secret_key: Option<Key>,
    /// `SECRET_KEY_FALLBACKS`: older keys, which verify and never sign (`KEY-2`, `KEY-3`).
    pub fallback_keys: Option<Fallbacks>,
    /// `PERMANENT_SESSION_LIFETIME`.
    pub lifetime: Lifetime,
    /// `SESSION_REFRESH_EACH_REQUEST` (`REN-1`).
    pub refresh_each_request: bool,
    /// `SESSION_COOKIE_NAME`.
    pub cookie_name: String,
    /// `SESSION_COOKIE_DOMAIN`.
    pub cookie_domain: Option<String>,
    /// `SESSION_COOKIE_PATH`.
    pub cookie_path: Option<String>,
    /// `APPLICATION_ROOT`, which is the cookie's path where `cookie_path` is none.
    pub application_root: String,
    /// `SESSION_COOKIE_HTTPONLY`.
    pub cookie_httponly: bool,
    /// `SESSION_COOKIE_SECURE`.
    pub cookie_secure: bool,
    /// `SESSION_COOKIE_SAMESITE`.
    pub cookie_samesite: Option<String>,
    /// `SESSION_COOKIE_PARTITIONED`.
    pub cookie_partitioned: bool,
    /// `SecureCookieSessionInterface.salt`.
    pub salt: String,
    /// `SecureCookieSessionInterface.digest_method`.
    pub digest: Digest,
    /// `SecureCookieSessionInterface.key_derivation`.
    pub key_derivation: KeyDerivation,
    /// Which members are written though they have their defaults (`CFG-1`).
    #[doc(hidden)]
    pub named: Named,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            secret_key: None,
            fallback_keys: None,
            lifetime: Lifetime::default(),
            refresh_each_request: true,
            cookie_name: "session".to_owned(),
            cookie_domain: None,
            cookie_path: None,
            application_root: "/".to_owned(),
            cookie_httponly: true,
            cookie_secure: false,
            cookie_samesite: None,
            cookie_partitioned: false,
            salt: "cookie-session".to_owned(),
            digest: Digest::default(),
            key_derivation: KeyDerivation::default(),
            named: Named::default(),
        }
    }
}

impl Config {
    /// Flask's defaults with a secret key.
    pub fn with_key(key: impl Into<Key>) -> Self {
        Self { secret_key: Some(key.into()), ..Self::default() }
    }

    /// The secret key's bytes; none when there is no key or an empty one.
    pub fn signing_key(&self) -> Option<&[u8]> {
        self.secret_key.as_ref().map(Key::as_bytes).filter(|key| !key.is_empty())
    }

    /// Every key that verifies, the current one first. Empty without a secret key. What text in place of the list of fallback
    /// keys stands for is a choice (`KEY-4`).
    pub fn verifying_keys(&self, choice: FallbackTextChoice) -> Vec<Vec<u8>> {
        let Some(current) = self.signing_key() else {
            return Vec::new();
        };
        let mut keys = vec![current.to_vec()];
        match &self.fallback_keys {
            None => {}
            Some(Fallbacks::Keys(older)) => {
                keys.extend(older.iter().rev().map(|key| key.as_bytes().to_vec()));
            }
            Some(Fallbacks::Text(text)) => match choice {
                FallbackTextChoice::Letters => keys.extend(text.chars().rev().map(|c| c.to_string().into_bytes())),
                FallbackTextChoice::Whole if !text.is_empty() => keys.push(text.clone().into_bytes()),
                FallbackTextChoice::Refuse | FallbackTextChoice::Whole => {}
            },
        }
        keys
    }
}

/// A secret key: bytes, or text that stands for its UTF-8 bytes (`KEY-6`).
///
/// `Debug` prints no key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// Text.
    Text(String),
}

impl Key {
    /// The key's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Text(text) => text.as_bytes(),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Key {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Key {
    fn from(bytes: &[u8; N]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Key {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bytes(bytes) => serializer.collect_map([("$bytes", STANDARD.encode(bytes))]),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const FORMS: &str = "a key is text or {\"$bytes\":\"base64\"}";
        #[derive(Deserialize)]
        #[serde(untagged, deny_unknown_fields)]
        enum Form {
            Text(String),
            Bytes {
                #[serde(rename = "$bytes")]
                base64: String,
            },
        }
        match Form::deserialize(deserializer).map_err(|_| D::Error::custom(FORMS))? {
            Form::Text(text) => Ok(Self::Text(text)),
            Form::Bytes { base64 } => STANDARD.decode(base64).map(Self::Bytes).map_err(|_| D::Error::custom(FORMS)),
        }
    }
}

/// What stands where the list of fallback keys belongs.
///
/// `Debug` prints no key.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fallbacks {
    /// A list of keys, the oldest first by custom; the order has no effect on what is accepted.
    Keys(Vec<Key>),
    /// Text, which Flask takes for a list of one-letter keys (`KEY-4`).
    Text(String),
}

impl fmt::Debug for Fallbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(keys) => f.debug_tuple("Keys").field(keys).finish(),
            Self::Text(_) => f.write_str("Text(…)"),
        }
    }
}

impl<K: Into<Key>> FromIterator<K> for Fallbacks {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        Self::Keys(keys.into_iter().map(Into::into).collect())
    }
}

impl<K: Into<Key>> From<Vec<K>> for Fallbacks {
    fn from(keys: Vec<K>) -> Self {
        keys.into_iter().collect()
    }
}

impl<K: Into<Key>, const N: usize> From<[K; N]> for Fallbacks {
    fn from(keys: [K; N]) -> Self {
        keys.into_iter().collect()
    }
}

/// What text in place of the list of fallback keys stands for (`KEY-4`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FallbackTextChoice {
    /// A key for each character, as Python iterates over text.
    #[default]
    Letters,
    /// Nothing: such a configuration is refused, and not asked about.
    Refuse,
    /// One key.
    Whole,
}

/// How long a signature is accepted and a persistent cookie kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lifetime {
    /// Configured as a `timedelta` of this many seconds.
    Delta(f64),
    /// Configured as an integer number of seconds.
    Seconds(i64),
}

impl Default for Lifetime {
    fn default() -> Self {
        Self::Seconds(31 * 24 * 60 * 60)
    }
}

impl From<Duration> for Lifetime {
    /// Whole seconds where it has no fraction, a `timedelta` otherwise.
    fn from(duration: Duration) -> Self {
        match i64::try_from(duration.as_secs()) {
            Ok(seconds) if duration.subsec_nanos() == 0 => Self::Seconds(seconds),
            _ => Self::Delta(duration.as_secs_f64()),
        }
    }
}

impl Lifetime {
    /// The lifetime in microseconds, or none when no `timedelta` holds it (beyond 999,999,999 days, `EXP-9`).
    pub fn micros(self) -> Option<i128> {
        const DAY: i128 = 86_400_000_000;
        let micros = match self {
            Self::Delta(seconds) => (seconds * 1e6).round_ties_even() as i128,
            Self::Seconds(seconds) => i128::from(seconds) * 1_000_000,
        };
        (-999_999_999 * DAY..1_000_000_000 * DAY).contains(&micros).then_some(micros)
    }

    /// The whole seconds that a signature's age is held against, truncated toward zero (`EXP-5`); none as for
    /// [`Lifetime::micros`].
    pub fn max_age(self) -> Option<i64> {
        self.micros().and_then(|micros| i64::try_from(micros / 1_000_000).ok())
    }
}

impl Serialize for Lifetime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Delta(seconds) => serializer.serialize_f64(*seconds),
            Self::Seconds(seconds) => serializer.serialize_i64(*seconds),
        }
    }
}

impl<'de> Deserialize<'de> for Lifetime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Seconds::deserialize(deserializer)? {
            Seconds::Whole(seconds) => Self::Seconds(seconds),
            Seconds::Fraction(seconds) => Self::Delta(seconds),
        })
    }
}

/// The hash function under the signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Digest {
    #[default]
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// How the signing key is made from secret key and salt (`KEY-1`, `KEY-7`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyDerivation {
    /// `digest(salt || secret)`.
    Concat,
    /// `digest(salt || "signer" || secret)`.
    DjangoConcat,
    /// `HMAC(secret, salt)`, Flask's.
    #[default]
    Hmac,
    /// The secret key itself.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "json")]
    fn what_is_missing_is_flasks_default_and_is_not_written() {
        let config: Config = crate::json::from_str(r#"{"secret_key":"k"}"#).unwrap();
        assert_eq!(config, Config::with_key("k"));
        assert_eq!(serde_json::to_string(&config).unwrap(), r#"{"secret_key":"k"}"#);
    }

    #[test]
    #[cfg(feature = "json")]
    fn integers_and_fractions_of_lifetime_keep_their_form() {
        for text in [r#"{"lifetime":1800}"#, r#"{"lifetime":1800.0}"#, r#"{"lifetime":-0.5}"#] {
            let config: Config = crate::json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&config).unwrap(), text);
        }
    }

    #[test]
    fn lifetimes_truncate_toward_zero_and_have_an_end() {
        assert_eq!(Lifetime::Delta(-0.5).max_age(), Some(0));
        assert_eq!(Lifetime::Delta(59.9).max_age(), Some(59));
        assert_eq!(Lifetime::Seconds(86_400_000_000_000).micros(), None);
        assert!(Lifetime::Seconds(86_399_999_999_999).micros().is_some());
    }

    #[test]
    fn no_key_is_printed_and_every_key_crosses_the_line() {
        let config = Config::with_key("very secret").fallback_keys(["older secret"]);
        let text = Config { fallback_keys: Some(Fallbacks::Text("text secret".to_owned())), ..config.clone() };
        for config in [&config, &text, &Config::with_key(&b"raw secret"[..])] {
            let shown = format!("{config:?} {config:#?}");
            assert!(!shown.contains("secret\""), "{shown}");
            assert!(!shown.contains("114, 97, 119"), "{shown}");
            let line = serde_json::to_string(config).unwrap();
            assert_eq!(serde_json::from_str::<Config>(&line).unwrap(), *config);
        }
        assert!(serde_json::to_string(&config).unwrap().contains("very secret"));
    }

    #[test]
    fn keys_and_lifetimes_come_from_usual_types() {
        assert_eq!(Key::from("k".to_owned()), Key::from("k"));
        assert_eq!(Key::from(vec![1, 2]), Key::from(&[1u8, 2][..]));
        assert_eq!(Lifetime::from(Duration::from_secs(60)), Lifetime::Seconds(60));
        assert_eq!(Lifetime::from(Duration::from_millis(1500)), Lifetime::Delta(1.5));
        let keys: Fallbacks = ["a", "b"].into_iter().collect();
        assert_eq!(keys, Fallbacks::Keys(vec![Key::from("a"), Key::from("b")]));
    }

    #[test]
    #[cfg(feature = "json")]
    fn unknown_members_are_refused() {
        assert!(crate::json::from_str::<Config>(r#"{"secret":"k"}"#).is_err());
    }
}
