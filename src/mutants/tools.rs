//! The tools of the mutants: they take cookies and headers apart and put them together, with the model's own functions.

use super::hooks::{self, FLASK};
use crate::{
    clock::UnixTime,
    config::{Config, Key, KeyDerivation, Lifetime},
    cookie_text,
    model::{
        Raised, base64, http_date,
        signing::{self, Refusal},
    },
    protocol::{Action, Exchange, Reason, Response},
    value::Map,
};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

pub(super) const BAD_SIGNATURE: Refusal = Refusal::Rejected(Reason::Signature);

/// Payload, timestamp and signature of a cookie.
pub(super) fn parts(cookie: &str) -> Option<(&str, &str, &str)> {
    cookie_text::parts(cookie).map(|parts| (parts.payload, parts.timestamp, parts.signature))
}

/// The HMAC of a text by the current key.
pub(super) fn mac_of(text: &str, config: &Config) -> Vec<u8> {
    let key = signing::derive_key(config, config.signing_key().unwrap_or_default());
    signing::mac(config.digest, &key, &[text.as_bytes()])
}

/// A text with its right signature.
pub(super) fn append_signature(text: &str, config: &Config) -> String {
    format!("{text}.{}", base64::encode(&mac_of(text, config)))
}

/// A cookie of a payload with another timestamp, signed rightly.
pub(super) fn sign_with_timestamp(payload: &str, timestamp: &[u8], config: &Config) -> Result<String, Raised> {
    config.signing_key().ok_or(Raised::NoSecretKey)?;
    Ok(append_signature(&format!("{payload}.{}", base64::encode(timestamp)), config))
}

/// Signs by the specification, then spells the signature otherwise.
pub(super) fn respell_signature(
    payload: &str,
    config: &Config,
    now: UnixTime,
    spell: impl Fn(&str, &[u8]) -> String,
) -> Result<String, Raised> {
    let cookie = hooks::sign(payload, config, now)?;
    let (signed, _) = cookie.rsplit_once('.').unwrap_or((&cookie, ""));
    Ok(format!("{signed}.{}", spell(signed, &mac_of(signed, config))))
}

/// Verifies a cookie whose signature is judged by `is_good`, which sees the signed text, the signature as it stands, and what
/// one of the keys would have made. All else is judged by the specification.
pub(super) fn verify_by(
    cookie: &str,
    config: &Config,
    now: UnixTime,
    is_good: impl Fn(&str, &str, &[u8]) -> bool,
) -> Result<Vec<u8>, Refusal> {
    // Such a lifetime raises before any signature is looked at (`EXP-9`).
    config.lifetime.max_age().ok_or(Raised::Calendar)?;
    let (signed, signature) = cookie.rsplit_once('.').ok_or(BAD_SIGNATURE)?;
    let good = |key: &Vec<u8>| {
        let key = signing::derive_key(config, key);
        is_good(signed, signature, &signing::mac(config.digest, &key, &[signed.as_bytes()]))
    };
    match config.verifying_keys(FLASK.fallback_text).iter().any(good) {
        true => hooks::verify(&append_signature(signed, config), config, now),
        false => Err(BAD_SIGNATURE),
    }
}

/// Verifies a cookie whose timestamp is read by `read`; all else is as specified.
pub(super) fn verify_stamped(
    cookie: &str,
    config: &Config,
    now: UnixTime,
    read: impl Fn(&[u8]) -> Option<i64>,
) -> Result<Vec<u8>, Refusal> {
    let is_signed = |_: &str, signature: &str, mac: &[u8]| base64::decode(signature.as_bytes()).as_deref() == Some(mac);
    // Any age will do to see whether a key made the signature.
    if let Err(refusal @ Refusal::Rejected(Reason::Signature)) = verify_by(cookie, config, now, is_signed) {
        return Err(refusal);
    }
    let bad = Refusal::Rejected(Reason::Timestamp);
    let (payload, timestamp, _) = parts(cookie).ok_or(bad)?;
    let seconds = base64::decode(timestamp.as_bytes()).and_then(|bytes| read(&bytes)).ok_or(bad)?;
    let at = UnixTime::from_seconds(seconds.clamp(0, signing::LAST_SECOND));
    hooks::verify(&hooks::sign(payload, config, at)?, config, now)
}

/// The timestamp of a cookie in seconds, where it has a readable one.
pub(super) fn timestamp(cookie: &str) -> Option<i64> {
    let bytes = base64::decode(parts(cookie)?.1.as_bytes())?;
    big_endian(&bytes)
}

/// Bytes as an integer, the first the greatest.
pub(super) fn big_endian(bytes: &[u8]) -> Option<i64> {
    let number = bytes.iter().try_fold(0u64, |n, byte| Some(n.checked_mul(256)? + u64::from(*byte)))?;
    i64::try_from(number).ok()
}

/// An integer as bytes, the first the greatest, without leading zeros.
pub(super) fn to_big_endian(seconds: i64) -> Vec<u8> {
    seconds.max(0).to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

/// The configuration with another lifetime in seconds.
pub(super) fn with_lifetime(config: &Config, seconds: i64) -> Config {
    config.clone().lifetime(Lifetime::Seconds(seconds))
}

/// Makes every key what `derive` makes of it, and uses it as it is.
pub(super) fn derive_by(config: &mut Config, derive: impl Fn(&Config, &[u8]) -> Vec<u8>) {
    let before = config.clone();
    let derived = |key: &mut Key| {
        // An empty key stays empty: there are no sessions without one.
        if !key.as_bytes().is_empty() {
            *key = Key::Bytes(derive(&before, key.as_bytes()));
        }
    };
    each_key(config, derived);
    config.key_derivation = KeyDerivation::None;
}

/// Changes every key of a configuration.
pub(super) fn each_key(config: &mut Config, change: impl Fn(&mut Key)) {
    config.secret_key.iter_mut().for_each(&change);
    if let Some(crate::config::Fallbacks::Keys(keys)) = &mut config.fallback_keys {
        keys.iter_mut().for_each(change);
    }
}

/// The Set-Cookie of a response, deletions left out.
pub(super) fn cookie_set(exchanged: &Response) -> Option<&str> {
    let (_, header) = exchanged.headers.iter().find(|(name, _)| name == "Set-Cookie")?;
    (!is_deletion(header)).then_some(header)
}

/// Whether a Set-Cookie deletes.
pub(super) fn is_deletion(header: &str) -> bool {
    header.contains("; Max-Age=0")
}

/// The value in a Set-Cookie.
pub(super) fn value_of(header: &str) -> &str {
    header.split(';').next().and_then(|pair| pair.split_once('=')).map_or("", |(_, value)| value)
}

/// Changes the text of every Set-Cookie.
pub(super) fn each_cookie(exchanged: &mut Response, change: impl Fn(&mut String)) {
    for (name, value) in &mut exchanged.headers {
        if name == "Set-Cookie" {
            change(value);
        }
    }
}

/// Changes the text of every Set-Cookie that does not delete.
pub(super) fn each_set(exchanged: &mut Response, change: impl Fn(&mut String)) {
    each_cookie(exchanged, |header| {
        if !is_deletion(header) {
            change(header);
        }
    });
}

/// Changes the text of every Set-Cookie that deletes.
pub(super) fn each_deletion(exchanged: &mut Response, change: impl Fn(&mut String)) {
    each_cookie(exchanged, |header| {
        if is_deletion(header) {
            change(header);
        }
    });
}

/// The session in the value of a Set-Cookie.
pub(super) fn session_in(header: &str) -> Option<Map> {
    hooks::read(parts(value_of(header))?.0.as_bytes()).ok()
}

/// Signs the value of a Set-Cookie again, for another time.
pub(super) fn resign(header: &mut String, config: &Config, at: UnixTime) {
    let value = value_of(header).to_owned();
    if let Some(again) = parts(&value).and_then(|(payload, ..)| hooks::sign(payload, config, at).ok()) {
        *header = header.replacen(&value, &again, 1);
    }
}

/// An HTTP date some seconds later.
pub(super) fn shift_date(date: &str, seconds: i64) -> Option<String> {
    let at = OffsetDateTime::parse(date, &Rfc2822).ok()?.unix_timestamp();
    http_date::format(at.checked_add(seconds)?)
}

/// Takes an attribute out of a Set-Cookie.
pub(super) fn drop_attribute(header: &mut String, name: &str) {
    let is_other = |part: &&str| part.trim().split('=').next() != Some(name);
    *header = header.split(';').filter(is_other).collect::<Vec<_>>().join(";");
}

/// Changes an attribute's value in a Set-Cookie, where it stands.
pub(super) fn set_attribute(header: &mut String, name: &str, change: impl Fn(&str) -> String) {
    let changed = |part: &str| match part.trim().split_once('=') {
        Some((known, value)) if known == name => format!(" {name}={}", change(value)),
        _ => part.to_owned(),
    };
    *header = header.split(';').map(changed).collect::<Vec<_>>().join(";");
}

/// Takes every header of a name out of a response.
pub(super) fn drop_headers(exchanged: &mut Response, name: &str) {
    exchanged.headers.retain(|(known, _)| known != name);
}

/// Sends nothing of the session.
pub(super) fn send_nothing(exchanged: &mut Response) {
    exchanged.headers.clear();
}

/// Adds `Vary: Cookie`.
pub(super) fn vary(exchanged: &mut Response) {
    exchanged.headers.push(("Vary".to_owned(), "Cookie".to_owned()));
}

/// Whether no view ran, or it had nothing to do: a cookie that is set then is a renewal.
pub(super) fn is_idle(call: &Exchange) -> bool {
    let is_nothing = |action: &Action| matches!(action, Action::Nothing | Action::NotFound | Action::Raise);
    !is_of_view(call) || call.actions.iter().all(is_nothing)
}

/// Whether an action only looks.
pub(super) fn is_read(action: &Action) -> bool {
    matches!(
        action,
        Action::Bool | Action::Contains { .. } | Action::Get { .. } | Action::Items | Action::Iterate | Action::Len
    )
}

/// Whether a request reaches the view.
pub(super) fn is_of_view(call: &Exchange) -> bool {
    call.path == "/" && matches!(call.method.as_str(), "GET" | "HEAD" | "POST")
}
