//! Signature and timestamp: `payload.timestamp.signature` (`KEY-*`, `SIG-*`, `EXP-*`).

use super::{Raised, base64};
use crate::{
    clock::UnixTime,
    config::{Config, Digest, KeyDerivation},
    protocol::{Base64Choice, Choices, OnInvalid, Reason},
};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

/// The last second that Python's calendar holds, 9999-12-31T23:59:59Z.
pub const LAST_SECOND: i64 = 253_402_300_799;

/// Why a cookie does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// An error comes out.
    Raised(Raised),
    /// An empty session takes its place.
    Rejected(Reason),
}

impl From<Raised> for Refusal {
    fn from(raised: Raised) -> Self {
        Self::Raised(raised)
    }
}

/// The payload, signed at `now` with a secret key.
pub fn sign(payload: &str, key: &[u8], config: &Config, now: UnixTime) -> Result<String, Raised> {
    let seconds = u64::try_from(now.seconds()).map_err(|_| Raised::Calendar)?;
    let signed = format!("{payload}.{}", base64::encode(&timestamp_bytes(seconds)));
    let signature = mac(config.digest, &derive_key(config, key), &[signed.as_bytes()]);
    Ok(format!("{signed}.{}", base64::encode(&signature)))
}

/// Unix seconds as big-endian bytes without leading zeros (`SIG-4`).
fn timestamp_bytes(seconds: u64) -> Vec<u8> {
    seconds.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

/// The payload of a cookie value that a key of `config` signed no longer ago than its lifetime.
pub fn verify<'a>(cookie: &'a str, config: &Config, now: UnixTime, choices: &Choices) -> Result<&'a [u8], Refusal> {
    let max_age = config.lifetime.max_age().ok_or(Raised::Calendar)?;
    let (signed, _) = signed_by(cookie.as_bytes(), config, choices).ok_or(Refusal::Rejected(Reason::Signature))?;
    let (payload, timestamp) = split(signed).ok_or(Refusal::Rejected(Reason::Timestamp))?;
    let timestamp = read_timestamp(timestamp, choices).ok_or(Refusal::Rejected(Reason::Timestamp))?;

    // Refused or not, Flask makes a date of the timestamp.
    let is_a_date = i64::try_from(timestamp).is_ok_and(|seconds| seconds <= LAST_SECOND);
    match choices.timestamp_range {
        _ if is_a_date => {}
        OnInvalid::Raise => return Err(Refusal::Raised(Raised::Calendar)),
        OnInvalid::Reject => return Err(Refusal::Rejected(Reason::Timestamp)),
    }
    let age = i128::from(now.seconds()) - i128::from(timestamp);
    match age {
        _ if age > i128::from(max_age) => Err(Refusal::Rejected(Reason::Expired)),
        _ if age < 0 => Err(Refusal::Rejected(Reason::Future)),
        _ => Ok(payload),
    }
}

/// What stands before the last dot, when what stands behind it is its signature by any of the keys (`SIG-2`, `KEY-3`), and
/// which of [`Config::verifying_keys`] that is.
pub(crate) fn signed_by<'a>(cookie: &'a [u8], config: &Config, choices: &Choices) -> Option<(&'a [u8], usize)> {
    let (signed, signature) = split(cookie)?;
    if choices.base64 == Base64Choice::Strict && !base64::is_canonical(signature) {
        return None;
    }
    let signature = base64::decode(signature)?;
    let matches = |key: &Vec<u8>| mac(config.digest, &derive_key(config, key), &[signed]) == signature;
    config.verifying_keys(choices.fallback_text).iter().position(matches).map(|key| (signed, key))
}

/// The parts on both sides of the last dot.
pub(crate) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().rposition(|byte| *byte == b'.')?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

/// The Unix seconds that a timestamp stands for, whether a calendar holds them or not.
pub(crate) fn read_timestamp(part: &[u8], choices: &Choices) -> Option<u64> {
    if choices.base64 == Base64Choice::Strict && !base64::is_canonical(part) {
        return None;
    }
    let bytes = base64::decode(part)?;
    let mut padded = [0; 8];
    padded.get_mut(8usize.checked_sub(bytes.len())?..)?.copy_from_slice(&bytes);
    Some(u64::from_be_bytes(padded))
}

/// The key that signs, from a secret key and the salt (`KEY-1`, `KEY-7`).
pub fn derive_key(config: &Config, secret: &[u8]) -> Vec<u8> {
    let salt = config.salt.as_bytes();
    match config.key_derivation {
        KeyDerivation::Concat => hash(config.digest, &[salt, secret]),
        KeyDerivation::DjangoConcat => hash(config.digest, &[salt, b"signer", secret]),
        KeyDerivation::Hmac => mac(config.digest, secret, &[salt]),
        KeyDerivation::None => secret.to_vec(),
    }
}

/// The digest of some bytes after one another.
fn hash(digest: Digest, parts: &[&[u8]]) -> Vec<u8> {
    let message = parts.concat();
    match digest {
        Digest::Sha1 => Sha1::digest(message).to_vec(),
        Digest::Sha224 => Sha224::digest(message).to_vec(),
        Digest::Sha256 => Sha256::digest(message).to_vec(),
        Digest::Sha384 => Sha384::digest(message).to_vec(),
        Digest::Sha512 => Sha512::digest(message).to_vec(),
    }
}

/// The HMAC of some bytes after one another.
pub fn mac(digest: Digest, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    fn with<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        // HMAC takes keys of every length.
        let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return Vec::new() };
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().to_vec()
    }
    match digest {
        Digest::Sha1 => with::<Hmac<Sha1>>(key, parts),
        Digest::Sha224 => with::<Hmac<Sha224>>(key, parts),
        Digest::Sha256 => with::<Hmac<Sha256>>(key, parts),
        Digest::Sha384 => with::<Hmac<Sha384>>(key, parts),
        Digest::Sha512 => with::<Hmac<Sha512>>(key, parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::with_key("key").lifetime(crate::config::Lifetime::Seconds(60))
    }

    fn opened(cookie: &str, now: i64) -> Result<&[u8], Refusal> {
        verify(cookie, &config(), UnixTime::from_seconds(now), &Choices::default())
    }

    #[test]
    fn a_signature_counts_from_its_second_to_the_end_of_its_lifetime() {
        let cookie = sign("e30", b"key", &config(), UnixTime::from_seconds(1000)).unwrap();
        assert_eq!(opened(&cookie, 999), Err(Refusal::Rejected(Reason::Future)));
        assert_eq!(opened(&cookie, 1000), Ok(&b"e30"[..]));
        assert_eq!(opened(&cookie, 1060), Ok(&b"e30"[..]));
        assert_eq!(opened(&cookie, 1061), Err(Refusal::Rejected(Reason::Expired)));
    }

    #[test]
    fn a_strict_reader_takes_the_canonical_spelling_of_signature_and_timestamp_alone() {
        let cookie = sign("e30", b"key", &config(), UnixTime::from_seconds(1000)).unwrap();
        for (base64, reads_other_spellings) in [(Base64Choice::Lenient, true), (Base64Choice::Strict, false)] {
            let choices = Choices { base64, ..Choices::default() };
            let is_signed = |cookie: &str| signed_by(cookie.as_bytes(), &config(), &choices).is_some();
            assert!(is_signed(&cookie));
            assert_eq!(is_signed(&format!("{cookie}=")), reads_other_spellings);
            assert_eq!(read_timestamp(b"ZVPxAA", &choices), Some(1_700_000_000));
            assert_eq!(read_timestamp(b"ZVPxAB", &choices).is_some(), reads_other_spellings);
        }
    }

    #[test]
    fn a_second_beyond_the_calendar_raises_whether_it_is_young_enough_or_not() {
        let end = LAST_SECOND + 1;
        let cookie = sign("e30", b"key", &config(), UnixTime::from_seconds(end)).unwrap();
        for now in [1000, end, end + 61] {
            assert_eq!(opened(&cookie, now), Err(Refusal::Raised(Raised::Calendar)), "{now}");
        }
        let last = sign("e30", b"key", &config(), UnixTime::from_seconds(LAST_SECOND)).unwrap();
        assert_eq!(opened(&last, end), Ok(&b"e30"[..]));
    }

    #[test]
    fn what_is_not_signed_is_rejected_for_its_signature() {
        for cookie in ["", ".", "..", "e30", "e30.AA.", "e30.AA.AAAA", "é.é.é"] {
            assert_eq!(opened(cookie, 1000), Err(Refusal::Rejected(Reason::Signature)), "{cookie:?}");
        }
    }
}
