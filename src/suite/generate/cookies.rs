//! Cookie values: good ones, and every way to spoil them.

use super::{settings, values};
use crate::{
    clock::UnixTime,
    config::{Config, FallbackTextChoice, Key},
    model::{base64, payload, signing},
    protocol::{Call, Choices, Verify},
    value::Map,
};
use proptest::{prelude::*, sample::select};
use std::sync::Arc;

/// The cookie of a session, signed by a key of the configuration that need not be the current one. Empty when it cannot be.
pub fn signed(session: &Map, key: &[u8], config: &Config, at: UnixTime) -> String {
    payload::write(session, &Choices::default())
        .and_then(|payload| signing::sign(&payload, key, config, at))
        .unwrap_or_default()
}

/// A cookie for `payload`, signed by the current key, whatever the payload is.
pub fn forged(payload: &str, config: &Config, at: UnixTime) -> String {
    signing::sign(payload, config.signing_key().unwrap_or_default(), config, at).unwrap_or_default()
}

/// A good cookie read at an age around its lifetime, signed by the current or a fallback key.
pub fn aged(configs: BoxedStrategy<Arc<Config>>) -> BoxedStrategy<Call> {
    (configs, settings::instant(), values::session(), any::<prop::sample::Index>())
        .prop_flat_map(|(config, now, session, which)| {
            let lifetime = config.lifetime;
            (Just((config, now, session, which)), settings::age(lifetime))
        })
        .prop_map(|((config, now, session, which), age)| {
            let keys = config.verifying_keys(FallbackTextChoice::Letters);
            let key = keys.get(which.index(keys.len().max(1))).cloned().unwrap_or_default();
            let at = UnixTime::from_seconds((now.seconds() - age).max(0));
            let cookie = signed(&session, &key, &config, at);
            Call::Verify(Verify { config, now, cookie })
        })
        .boxed()
}

/// A good cookie with one change that makes it another text.
pub fn spoiled(configs: BoxedStrategy<Arc<Config>>) -> BoxedStrategy<Call> {
    (configs, settings::instant(), values::session(), spoil())
        .prop_map(|(config, now, session, spoil)| {
            let good = signed(&session, config.signing_key().unwrap_or_default(), &config, now);
            Call::Verify(Verify { cookie: spoil.apply(&good, &config, now), config, now })
        })
        .boxed()
}

/// Every cookie that is one character away from a good one: each position, some characters in its place.
pub fn neighbours(config: &Arc<Config>, session: &Map, now: UnixTime) -> Vec<Call> {
    let good = signed(session, config.signing_key().unwrap_or_default(), config, now);
    let mut calls = Vec::new();
    for at in 0..good.len() {
        for other in ['A', 'B', 'g', 'w', '9', '-', '_', '.', '=', '!', '+'] {
            if good[at..].starts_with(other) {
                continue;
            }
            let cookie = format!("{}{other}{}", &good[..at], &good[at + 1..]);
            calls.push(Call::Verify(Verify { config: config.clone(), now, cookie }));
        }
        let cookie = format!("{}{}", &good[..at], &good[at + 1..]);
        calls.push(Call::Verify(Verify { config: config.clone(), now, cookie }));
    }
    calls
}

/// One way to spoil a cookie.
#[derive(Clone, Debug)]
enum Spoil {
    Append(String),
    Case(prop::sample::Index),
    ForeignKey(Key),
    Insert(prop::sample::Index, char),
    Payload(String),
    Prefix(prop::sample::Index),
    Replace(prop::sample::Index, char),
    Respell(usize, &'static str),
    SwapParts,
    Timestamp(Vec<u8>),
}

fn spoil() -> BoxedStrategy<Spoil> {
    let character = select("ABQgwz019-_.=!+/ ~é".chars().collect::<Vec<_>>());
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), character.clone()).prop_map(|(at, c)| Spoil::Replace(at, c)),
        (index(), character).prop_map(|(at, c)| Spoil::Insert(at, c)),
        index().prop_map(Spoil::Prefix),
        index().prop_map(Spoil::Case),
        "[.=A-Za-z]{1,4}".prop_map(Spoil::Append),
        (0usize..3, select(vec!["=", "==", "===", "=AA", "!!!!", "!", "standard", "bits"]))
            .prop_map(|(part, how)| Spoil::Respell(part, how)),
        settings::key().prop_map(Spoil::ForeignKey),
        Just(Spoil::SwapParts),
        odd_payload().prop_map(Spoil::Payload),
        prop::collection::vec(any::<u8>(), 0..10).prop_map(Spoil::Timestamp),
    ]
    .boxed()
}

/// Texts that are signed in place of a session's payload.
fn odd_payload() -> BoxedStrategy<String> {
    let texts = vec![
        "",
        "5",
        "\"ab\"",
        "[]",
        "null",
        "true",
        "[1]",
        "[[\"a\",1]]",
        "[\"ab\"]",
        "{",
        "{}x",
        "[NaN]",
        "{\"a\":1e400}",
        "{\" u\":\"x\"}",
        "{\"a\":{\" u\":\"x\"}}",
        "{\"a\":{\" t\":5}}",
        "{\"a\":{\" b\":\"A\"}}",
        "{\"a\":{\" d\":\"x\"}}",
        "{\"a\":{\" d\":\"Thursday, 29-Feb-24 12:30:05 EST\"}}",
        "{\"a\":{\" d\":\"Feb 29 12:30 2024\"}}",
        "{\"a\":{\" d\":\"29 Feb 2024 12.30 -0530\"}}",
        "{\"a\":{\" d\":\"31 Dec 2016 23:59:60 GMT\"}}",
        "{\"a\":{\" d\":\"1 Jan 2024 00:00 +2400\"}}",
        "{\"a\":{\" d\":\"1 Jan 2147483648 00:00\"}}",
        "{\"a\":{\" di\":{}}}",
        "{\"a\":{\" di\":{\"b\":1}}}",
        "{\"a\":{\" m\":[1]}}",
        "{\"a\":01}",
        " {} ",
        "{\"a\":1,\"a\":2}",
    ];
    prop_oneof![
        select(texts).prop_map(|text| base64::encode(text.as_bytes())),
        any::<String>().prop_map(|text| base64::encode(text.as_bytes())),
        "[A-Za-z0-9_.!-]{0,9}",
        "[ -~]{0,40}".prop_map(|text| format!(".{}", base64::encode(&payload::deflate(text.as_bytes())))),
    ]
    .boxed()
}

impl Spoil {
    fn apply(&self, good: &str, config: &Config, now: UnixTime) -> String {
        let parts: Vec<&str> = good.rsplitn(3, '.').collect();
        let [signature, timestamp, payload] = parts[..] else { return good.to_owned() };
        let key = config.signing_key().unwrap_or_default();
        match self {
            Self::Append(tail) => format!("{good}{tail}"),
            Self::Case(at) => {
                let at = at.index(good.len());
                let (head, tail) = good.split_at(at);
                let (c, rest) = tail.split_at(1);
                let flipped = if c.chars().all(char::is_uppercase) { c.to_lowercase() } else { c.to_uppercase() };
                format!("{head}{flipped}{rest}")
            }
            Self::ForeignKey(key) => forged_by(payload, key.bytes(), config, now),
            Self::Insert(at, c) => {
                let (head, tail) = good.split_at(at.index(good.len() + 1));
                format!("{head}{c}{tail}")
            }
            Self::Payload(text) => forged(text, config, now),
            Self::Prefix(at) => good[..at.index(good.len())].to_owned(),
            Self::Replace(at, c) => {
                let at = at.index(good.len());
                format!("{}{c}{}", &good[..at], &good[at + 1..])
            }
            // A part of the signed text is spelled otherwise before it is signed, the signature afterwards.
            Self::Respell(0, how) => format!("{payload}.{timestamp}.{}", respelled(signature, how)),
            Self::Respell(1, how) => sign_text(&format!("{payload}.{}", respelled(timestamp, how)), key, config),
            Self::Respell(_, how) => forged_by(&respelled(payload, how), key, config, now),
            Self::SwapParts => format!("{timestamp}.{payload}.{signature}"),
            Self::Timestamp(bytes) => sign_text(&format!("{payload}.{}", base64::encode(bytes)), key, config),
        }
    }
}

fn forged_by(payload: &str, key: &[u8], config: &Config, now: UnixTime) -> String {
    signing::sign(payload, key, config, now).unwrap_or_default()
}

fn sign_text(text: &str, key: &[u8], config: &Config) -> String {
    let signature = signing::mac(config.digest, &signing::derive_key(config, key), &[text.as_bytes()]);
    format!("{text}.{}", base64::encode(&signature))
}

/// Another spelling, which a lenient decoder may take for the same bytes.
fn respelled(part: &str, how: &str) -> String {
    match how {
        "standard" => part.replace('-', "+").replace('_', "/"),
        "bits" => {
            const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let mut bytes = part.as_bytes().to_vec();
            if let Some(last) = bytes.last_mut()
                && let Some(at) = ALPHABET.iter().position(|c| c == last)
            {
                *last = ALPHABET[at ^ 1];
            }
            String::from_utf8(bytes).unwrap_or_default()
        }
        junk if junk.starts_with('!') => {
            let (head, tail) = part.split_at(part.len() / 2);
            format!("{head}{junk}{tail}")
        }
        tail => format!("{part}{tail}"),
    }
}
