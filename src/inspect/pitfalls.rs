//! What the owner of a cookie may not intend, each with the rule behind it.

use super::{Browser, BrowserDoes, Inspection, Key, LifetimeFrom, Pitfall, input::Found};
use crate::{
    foreign::beginning,
    model::{
        base64,
        browser::{self, SameSite, attributes},
    },
    value::{Map, Value},
};
use std::collections::BTreeSet;

/// From how many bytes on a Set-Cookie header is near Flask's limit of 4093 (`SET-9`): nine tenths of it.
const NEAR: usize = 3684;
/// Flask's limit to a Set-Cookie header, in bytes (`SET-9`).
const LIMIT: usize = 4093;

/// The words in the name of a key that hint at a secret in its value. A name is split at everything that is not a letter or
/// digit, and at capitals; two adjacent words count as one as well, so that `api_key` and `apiKey` are `apikey`.
const SECRET_WORDS: [&str; 22] = [
    "accesskey",
    "apikey",
    "authorization",
    "cardnumber",
    "credential",
    "credentials",
    "creditcard",
    "cvc",
    "cvv",
    "iban",
    "otp",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "pin",
    "privatekey",
    "pwd",
    "secret",
    "secretkey",
    "ssn",
    "token",
];

/// The pitfalls of a cookie that was looked at.
pub(super) fn of(inspection: &Inspection, found: &Found) -> Vec<Pitfall> {
    let mut pitfalls = Vec::new();
    let mut add = |id, rule, what: String, remedy| pitfalls.push(Pitfall { id, rule, what, remedy });
    let payload = inspection.payload.as_ref();
    let permanent = payload.and_then(|payload| payload.permanent);
    let lifetime = inspection.lifetime.seconds.micros().map(|micros| micros.div_euclid(1_000_000));

    if permanent == Some(false) && inspection.lifetime.from == LifetimeFrom::Given {
        add(
            "not-permanent",
            "PERM-4",
            "a lifetime is configured, but the session is not permanent: the browser drops the cookie when it closes"
                .to_owned(),
            "set session.permanent = True at login, or rely on the server's limit alone (SYS-7)",
        );
    }
    let secrets = payload.and_then(|payload| payload.session.as_ref()).map(secrets).unwrap_or_default();
    if !secrets.is_empty() {
        let names: Vec<_> = secrets.into_iter().take(5).map(|name| beginning(&name, 40)).collect();
        add(
            "readable-secret",
            "PAY-1",
            format!(
                "these names look like secrets, and anybody who has the cookie can read them: {}",
                names.join(", ")
            ),
            "keep them on the server, and an identifier in the session",
        );
    }
    if let (Some(seconds), Some(true)) = (lifetime, permanent)
        && seconds > i128::from(browser::MAX_AGE)
    {
        add(
            "beyond-browsers",
            "UA-4",
            "the lifetime is longer than the 400 days that browsers keep a cookie".to_owned(),
            "configure at most 400 days; each visit renews a permanent session",
        );
    }
    if let Some(Key::Fallback(_)) = inspection.signature.as_ref().map(|signature| signature.key) {
        add(
            "fallback-key",
            "SYS-6",
            "a fallback key made the signature: the session ends when that key is removed".to_owned(),
            "keep the key for one lifetime after the last server stopped signing with it",
        );
    }
    if payload.is_some() && !is_as_written(&found.value) {
        add(
            "other-spelling",
            "SIG-7",
            "Flask would spell a part in other base64: strict readers reject the cookie, and block lists miss it"
                .to_owned(),
            "look for a proxy that pads or re-encodes cookies, or for an attacker",
        );
    }
    if found.is_one_of_several {
        add(
            "several-cookies",
            "HDR-1",
            "the header has several cookies of this name, and the first counts".to_owned(),
            "delete those of other domains and paths, which a changed configuration leaves behind (UA-7)",
        );
    }
    size(found, &mut add);
    if let Some(header) = &found.set_cookie {
        attributes_of(header, inspection, &mut add);
    }
    pitfalls
}

type Add<'a> = dyn FnMut(&'static str, &'static str, String, &'static str) + 'a;

/// Sizes near the limits, and beyond.
fn size(found: &Found, add: &mut Add<'_>) {
    let bytes = |text: &str| text.chars().count();
    let pair = found.name.as_deref().map_or(0, bytes) + bytes(&found.value);
    let (size, of) = match &found.set_cookie {
        Some(header) => (bytes(header), "the Set-Cookie header"),
        None => (pair + 1, "the cookie, without its attributes,"),
    };
    if pair > attributes::MAX_NAME_AND_VALUE {
        add(
            "oversize",
            "UA-6",
            format!(
                "name and value have {pair} bytes: browsers ignore more than {} and keep the old cookie",
                attributes::MAX_NAME_AND_VALUE
            ),
            "keep less in the session",
        );
    } else if size > LIMIT {
        add(
            "oversize",
            "SET-9",
            format!("{of} has {size} bytes, more than the {LIMIT} that Flask warns at"),
            "keep less in the session",
        );
    } else if size >= NEAR {
        add(
            "near-the-limit",
            "SET-9",
            format!(
                "{of} has {size} bytes of the {LIMIT} that Flask warns at; beyond 4096 browsers keep the old cookie (UA-6)"
            ),
            "keep less in the session",
        );
    }
}

/// What the attributes of a Set-Cookie header leave open.
fn attributes_of(header: &str, inspection: &Inspection, add: &mut Add<'_>) {
    if let Some(browser) = inspection.browser.as_ref().filter(is_ignored_for_its_look) {
        let why = browser.why.clone().unwrap_or_default();
        add(
            "ignored",
            browser.rule,
            format!("browsers ignore the header: {why}"),
            "fix the cookie's attributes or size",
        );
    }
    let Ok(parsed) = attributes::parse(header) else { return };
    if inspection.browser.as_ref().is_some_and(|browser| browser.does == BrowserDoes::Remove) {
        return;
    }
    if !parsed.secure {
        add(
            "no-secure",
            "SET-5",
            "no Secure: the browser also sends the cookie over unencrypted connections".to_owned(),
            "set SESSION_COOKIE_SECURE = True if the site uses https",
        );
    }
    if !parsed.http_only {
        add(
            "no-http-only",
            "SET-5",
            "no HttpOnly: scripts in the page can read the cookie".to_owned(),
            "leave SESSION_COOKIE_HTTPONLY at True, which is the default",
        );
    }
    if parsed.same_site == SameSite::Default {
        add(
            "no-same-site",
            "SET-6",
            "no SameSite: each browser decides whether requests from other sites carry the cookie".to_owned(),
            "set SESSION_COOKIE_SAMESITE = \"Lax\", or \"Strict\"",
        );
    }
    let at = inspection.signature.as_ref().and_then(|signature| signature.at).and_then(|at| i64::try_from(at).ok());
    let lifetime = inspection.lifetime.seconds.micros().map(|micros| micros.div_euclid(1_000_000));
    if let (LifetimeFrom::Given, Some(at), Some(expires), Some(lifetime)) =
        (inspection.lifetime.from, at, parsed.expires, lifetime)
        && (i128::from(expires) - i128::from(at) - lifetime).abs() > 1
    {
        let told = super::text::span(i128::from(expires) - i128::from(at));
        add(
            "other-lifetime",
            "PERM-3",
            format!("Expires implies a lifetime of {told}, not the given one"),
            "compare the servers' configurations; the current one decides (EXP-6)",
        );
    }
}

/// Whether the header is ignored, and not for its size, which is said before.
fn is_ignored_for_its_look(browser: &&Browser) -> bool {
    browser.does == BrowserDoes::Ignore && browser.rule != "UA-6"
}

/// Whether all three parts are spelled as Flask spells them (`SIG-3`).
fn is_as_written(value: &str) -> bool {
    let encoded = value.strip_prefix('.').unwrap_or(value);
    encoded.split('.').all(|part| base64::is_canonical(part.as_bytes()))
}

/// The names of keys, at any depth, that hint at a secret.
fn secrets(session: &Map) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    in_map(session, &mut found);
    found
}

fn in_map(map: &Map, found: &mut BTreeSet<String>) {
    for (key, value) in map.iter() {
        if let Value::Text(name) | Value::Markup(name) = key
            && let name = name.to_string()
            && tells_of_a_secret(&name)
        {
            found.insert(name);
        }
        in_value(value, found);
    }
}

fn in_value(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Map(map) => in_map(map, found),
        Value::List(items) | Value::Tuple(items) => items.iter().for_each(|item| in_value(item, found)),
        _ => {}
    }
}

/// Whether a name hints at a secret. A token against forged requests is meant to be there.
fn tells_of_a_secret(name: &str) -> bool {
    let words = words(name);
    if words.iter().any(|word| ["csrf", "xsrf"].contains(&word.as_str())) {
        return false;
    }
    let pairs = words.windows(2).map(|pair| pair.concat());
    words.iter().cloned().chain(pairs).any(|word| SECRET_WORDS.contains(&word.as_str()))
}

/// The words of a name, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (was_lower && c.is_uppercase()) {
            words.push(String::new());
        }
        was_lower = c.is_lowercase();
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_documented() {
        let page = include_str!("../../spec/inspection-format.md");
        for word in SECRET_WORDS {
            assert!(page.contains(&format!("`{word}`")), "{word}");
        }
    }

    #[test]
    fn names_tell_of_secrets_by_whole_words() {
        for name in ["password", "user_password", "apiKey", "API_KEY", "api key", "reset-token", "pin", "accessToken"] {
            assert!(tells_of_a_secret(name), "{name}");
        }
        for name in
            ["csrf_token", "_csrfToken", "spinner", "passwords_changed_at", "secretary", "key", "user", "_id", ""]
        {
            assert!(!tells_of_a_secret(name), "{name}");
        }
    }
}
