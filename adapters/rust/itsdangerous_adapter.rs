//! The crate itsdangerous, used for Flask's cookie as itsdangerous itself would be: Flask's salt and key derivation, plain JSON.

mod sessionproof_adapter;

use itsdangerous::{
    IntoTimestampSigner, SignerBuilder, TimedSerializer, TimestampSigner, URLSafeEncoding, algorithm::HMACAlgorithm,
    key_derivation::Hmac, timed_serializer_with_signer,
};
use serde_json::Value;
use sessionproof_adapter::{Adapter, Config, Part, Refusal, Signed, Verified, attempt, locked, unsupported};
use sha1::Sha1;
use std::time::Duration;

type Function<A, R> = Box<dyn Fn(&A) -> R>;

/// The crate's types have no names outside of it.
struct Target {
    verify: Function<str, Option<Value>>,
    sign: Function<Value, serde_json::Result<String>>,
    is_young: Function<str, bool>,
}

fn build(config: &Config) -> Result<Target, Refusal> {
    let key = String::from_utf8(config.secret_key()?).map_err(|_| unsupported("keys that are not UTF-8"))?;
    let lifetime = u64::try_from(config.lifetime()?).map_err(|_| unsupported("a negative lifetime"))?;
    let salt = config.text("salt")?.to_owned();
    let serializer = move || {
        let signer = SignerBuilder::<Sha1, HMACAlgorithm<Sha1>, Hmac>::new(key.clone()).with_salt(salt.clone()).build();
        timed_serializer_with_signer(signer.into_timestamp_signer(), URLSafeEncoding)
    };
    let lifetime = Duration::from_secs(lifetime);
    let (reading, writing, signed) = (serializer(), serializer(), serializer());
    Ok(Target {
        verify: Box::new(move |cookie| {
            let unsigned = reading.unsign::<Value>(cookie).ok()?;
            unsigned.value_if_not_expired(lifetime).ok()
        }),
        sign: Box::new(move |session| writing.sign(session)),
        is_young: Box::new(move |cookie| {
            signed.signer().unsign(cookie).is_ok_and(|unsigned| unsigned.value_if_not_expired(lifetime).is_ok())
        }),
    })
}

fn main() {
    Adapter {
        name: "itsdangerous-rs",
        version: locked(include_str!("Cargo.lock"), "itsdangerous"),
        missing: &["fallback_keys", "digest", "key_derivation"],
        values: &["json"],
        choices: &[
            ("base64", "strict"),
            ("compression", "never"),
            ("key_order", "any"),
            ("odd_payload", "reject"),
            ("timestamp_range", "reject"),
        ],
        build,
        verify: |target, _now, cookie| match attempt(|| (target.verify)(cookie)) {
            Ok(Some(session)) if session.is_object() => Verified::Accepted(session),
            Ok(_) => Verified::Rejected,
            Err(panic) => Verified::Raised(panic),
        },
        sign: |target, _now, session| match attempt(|| (target.sign)(session)) {
            Ok(Ok(cookie)) => Signed::Cookie(cookie),
            Ok(Err(error)) => Signed::Raised(error.to_string()),
            Err(panic) => Signed::Raised(panic),
        },
        bench: Some(|target, part, cookie| match part {
            Part::Load if cookie.starts_with('.') => Err(unsupported("compressed payloads")),
            Part::Load => Ok((target.verify)(cookie).is_some()),
            Part::Signature => Ok((target.is_young)(cookie)),
        }),
    }
    .serve();
}
