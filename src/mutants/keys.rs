//! Mutants of keys: how the signing key is derived, and which keys verify (`KEY-*`).

use super::{
    Mutant,
    hooks::{self, Hooks},
    tools::{derive_by, each_key},
};
use crate::{
    config::{Config, Digest, Fallbacks, Key, KeyDerivation},
    model::{
        base64,
        signing::{self, Refusal},
    },
    protocol::Reason,
};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::new(
        "key-not-derived",
        &["KEY-1", "KEY-7"],
        "the secret key signs as it is, without the salt",
        Hooks { config: |config| config.key_derivation = KeyDerivation::None, ..Hooks::MODEL },
    ),
    Mutant::new(
        "salt-and-key-swapped",
        &["KEY-1", "KEY-7"],
        "the derived key is the HMAC of the secret key under the salt",
        Hooks {
            config: |config| derive_by(config, |c, key| signing::mac(c.digest, c.salt.as_bytes(), &[key])),
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "key-derived-by-concatenation",
        &["KEY-1", "KEY-7"],
        "the key is derived as itsdangerous does by default, not as Flask asks it to",
        Hooks {
            config: |config| {
                if config.key_derivation == KeyDerivation::Hmac {
                    config.key_derivation = KeyDerivation::DjangoConcat;
                }
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "key-derived-in-hex",
        &["KEY-1"],
        "the derived key is used as hex digits",
        Hooks { config: |config| derive_by(config, |c, key| hex(&signing::derive_key(c, key))), ..Hooks::MODEL },
    ),
    Mutant::new(
        "signer-of-itsdangerous",
        &["KEY-1"],
        "cookies are read as specified, but signed with the key derivation that itsdangerous takes unless told otherwise",
        Hooks {
            saving: |config| {
                if config.key_derivation == KeyDerivation::Hmac {
                    config.key_derivation = KeyDerivation::DjangoConcat;
                }
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "salt-of-itsdangerous",
        &["KEY-1", "KEY-7"],
        "the salt is that of an unconfigured itsdangerous serializer",
        Hooks { config: |config| config.salt = "itsdangerous.Signer".to_owned(), ..Hooks::MODEL },
    ),
    Mutant::new(
        "salt-fixed",
        &["KEY-7"],
        "the configured salt is not looked at",
        Hooks { config: |config| config.salt = "cookie-session".to_owned(), ..Hooks::MODEL },
    ),
    Mutant::new(
        "digest-sha256",
        &["KEY-1", "KEY-7"],
        "the digest is SHA-256, as in newer libraries",
        Hooks { config: |config| config.digest = Digest::Sha256, ..Hooks::MODEL },
    ),
    Mutant::new(
        "digest-fixed",
        &["KEY-7"],
        "the configured digest is not looked at",
        Hooks { config: |config| config.digest = Digest::Sha1, ..Hooks::MODEL },
    ),
    Mutant::new(
        "derivation-fixed",
        &["KEY-7"],
        "the configured key derivation is not looked at",
        Hooks { config: |config| config.key_derivation = KeyDerivation::Hmac, ..Hooks::MODEL },
    ),
    Mutant::new(
        "digest-not-in-derivation",
        &["KEY-7"],
        "the configured digest signs, but the key is derived with SHA-1",
        Hooks {
            config: |config| {
                derive_by(config, |c, key| signing::derive_key(&c.clone().digest(Digest::Sha1), key));
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "key-trimmed",
        &["KEY-6"],
        "space around a key is cut off, as from a line of a file",
        Hooks {
            config: |config| {
                each_key(config, |key| *key = Key::Bytes(key.as_bytes().trim_ascii().to_vec()));
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "key-newline-trimmed",
        &["KEY-6"],
        "a newline behind a key is cut off, as from a line of a file",
        Hooks {
            config: |config| {
                each_key(config, |key| {
                    *key = Key::Bytes(key.as_bytes().strip_suffix(b"\n").unwrap_or(key.as_bytes()).to_vec())
                });
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "key-in-latin-1",
        &["KEY-6"],
        "text keys stand for their Latin-1 bytes, with question marks beyond",
        Hooks { config: |config| each_key(config, latin_1), ..Hooks::MODEL },
    ),
    Mutant::new(
        "key-as-base64",
        &["KEY-6", "KEY-1"],
        "a text key that happens to be base64 is decoded",
        Hooks { config: |config| each_key(config, decode_key), ..Hooks::MODEL },
    ),
    Mutant::new(
        "key-bytes-as-text",
        &["KEY-6"],
        "keys go through text, so that bytes that are not UTF-8 change",
        Hooks {
            config: |config| {
                each_key(config, |key| *key = Key::Text(String::from_utf8_lossy(key.as_bytes()).into_owned()));
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "key-cut-to-the-block",
        &["KEY-6", "KEY-1"],
        "keys longer than a block of the digest are cut instead of hashed",
        Hooks {
            config: |config| {
                each_key(config, |key| *key = Key::Bytes(key.as_bytes().iter().copied().take(64).collect()));
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "fallback-signs",
        &["KEY-2"],
        "the oldest fallback key signs",
        Hooks {
            saving: |config| {
                if let Some(Fallbacks::Keys(keys)) = &config.fallback_keys
                    && let Some(oldest) = keys.first().filter(|key| !key.as_bytes().is_empty()).cloned()
                {
                    config.secret_key = Some(oldest);
                }
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "newest-fallback-signs",
        &["KEY-2"],
        "the last of the fallback keys signs, as the last of itsdangerous' list does",
        Hooks {
            saving: |config| {
                if let Some(Fallbacks::Keys(keys)) = &config.fallback_keys
                    && let Some(newest) = keys.last().filter(|key| !key.as_bytes().is_empty()).cloned()
                {
                    config.secret_key = Some(newest);
                }
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "fallbacks-ignored",
        &["KEY-3", "KEY-2", "SYS-6"],
        "fallback keys never verify",
        Hooks { reading: |config| config.fallback_keys = None, ..Hooks::MODEL },
    ),
    Mutant::new(
        "only-first-fallback",
        &["KEY-3"],
        "only the first fallback key verifies",
        Hooks {
            reading: |config| {
                if let Some(Fallbacks::Keys(keys)) = &mut config.fallback_keys {
                    keys.truncate(1);
                }
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "current-key-replaced-by-fallbacks",
        &["KEY-3", "KEY-2", "SYS-6"],
        "with fallback keys the current key does not verify",
        Hooks { verify: |cookie, config, now| verify_by_fallbacks(cookie, config, now), ..Hooks::MODEL },
    ),
    Mutant::new(
        "fallback-text-whole",
        &["KEY-4"],
        "text instead of a list of fallback keys is one key, undeclared",
        Hooks {
            config: |config| {
                if let Some(Fallbacks::Text(text)) = &config.fallback_keys {
                    config.fallback_keys = Some(Fallbacks::Keys(vec![Key::Text(text.clone())]));
                }
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "no-key-signs-with-empty-key",
        &["KEY-5"],
        "without a secret key the empty key signs and verifies",
        // HMAC fills a key up with zeros: one zero is the same key as none.
        Hooks { config: |config| no_key(config, Key::Bytes(vec![0])), ..Hooks::MODEL },
    ),
    Mutant::new(
        "no-key-default-key",
        &["KEY-5"],
        "without a secret key a default of the library signs and verifies",
        Hooks { config: |config| no_key(config, Key::from("dev")), ..Hooks::MODEL },
    ),
    Mutant::new(
        "no-key-raises-on-read",
        &["KEY-5"],
        "without a secret key reading the session raises",
        Hooks {
            act: |session, action| match session.is_null {
                true if session.clone().act(action).is_ok() && *action != crate::protocol::Action::Nothing => {
                    Err(crate::model::Raised::NoSecretKey)
                }
                _ => session.act(action),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "no-key-writes-are-lost",
        &["KEY-5"],
        "without a secret key writes go nowhere, without an error",
        Hooks {
            act: |session, action| match session.act(action) {
                Err(crate::model::Raised::NoSecretKey) => Ok(crate::value::Value::Null),
                result => result,
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "fallback-without-current-key",
        &["KEY-5"],
        "without a secret key the fallback keys do its work",
        Hooks {
            config: |config| {
                if let Some(Fallbacks::Keys(keys)) = &config.fallback_keys
                    && let Some(key) = keys.first().cloned()
                {
                    no_key(config, key);
                }
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "no-key-varies",
        &["KEY-5", "VARY-3"],
        "without a secret key a read adds Vary",
        Hooks {
            answered: |exchanged, call| {
                if call.config.signing_key().is_none() && !super::tools::is_idle(call) {
                    super::tools::vary(exchanged);
                }
            },
            ..Hooks::MODEL
        },
    ),
];

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

fn latin_1(key: &mut Key) {
    if let Key::Text(text) = key {
        *key = Key::Bytes(text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect());
    }
}

fn decode_key(key: &mut Key) {
    if let Key::Text(text) = key
        && text.len() > 3
        && base64::is_canonical(text.as_bytes())
        && let Some(bytes) = base64::decode(text.as_bytes())
    {
        *key = Key::Bytes(bytes);
    }
}

fn no_key(config: &mut Config, key: Key) {
    if config.signing_key().is_none() {
        config.secret_key = Some(key);
    }
}

fn verify_by_fallbacks(cookie: &str, config: &Config, now: crate::clock::UnixTime) -> Result<Vec<u8>, Refusal> {
    let mut by_current = config.clone();
    by_current.fallback_keys = None;
    let is_current = !matches!(hooks::verify(cookie, &by_current, now), Err(Refusal::Rejected(Reason::Signature)));
    match &config.fallback_keys {
        Some(Fallbacks::Keys(keys)) if !keys.is_empty() && is_current => Err(Refusal::Rejected(Reason::Signature)),
        _ => hooks::verify(cookie, config, now),
    }
}
