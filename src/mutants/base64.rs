//! Mutants of base64, in which the three parts of a cookie are written (`SIG-3`, `SIG-7`).

use super::{
    Mutant,
    hooks::{self, Hooks, Write},
    tools::{BAD_SIGNATURE, append_signature, parts, respell_signature},
};
use crate::{
    clock::UnixTime,
    config::Config,
    model::{Raised, base64, signing::Refusal},
    protocol::{Base64Choice, Choices},
};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::new(
        "standard-base64-payload",
        &["SIG-3", "PAY-12", "PAY-1"],
        "the payload is written in standard base64",
        Hooks {
            write: Write::By(|session| {
                let payload = hooks::write(session)?;
                Ok(payload.replace('-', "+").replace('_', "/"))
            }),
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "standard-base64-signature",
        &["SIG-3", "SIG-2"],
        "the signature is written in standard base64",
        Hooks {
            sign: |payload, config, now| {
                respell_signature(payload, config, now, |_, mac| {
                    base64::encode_standard(mac).trim_end_matches('=').to_owned()
                })
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "payload-padded",
        &["SIG-3", "PAY-12", "PAY-1"],
        "the payload is written with padding",
        Hooks { write: Write::By(|session| Ok(pad(&hooks::write(session)?))), ..Hooks::MODEL },
    ),
    Mutant::new(
        "timestamp-padded",
        &["SIG-3", "SIG-4"],
        "the timestamp is written with padding",
        Hooks {
            sign: |payload, config, now| {
                let cookie = hooks::sign(payload, config, now)?;
                let (payload, timestamp, _) = parts(&cookie).ok_or(Raised::Payload)?;
                Ok(append_signature(&format!("{payload}.{}", pad(timestamp)), config))
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "signature-padded",
        &["SIG-3", "SIG-2"],
        "the signature is written with padding",
        Hooks {
            sign: |payload, config, now| respell_signature(payload, config, now, |_, mac| pad(&base64::encode(mac))),
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "padding-required",
        &["SIG-3", "SIG-7", "KEY-1"],
        "a part without its padding is refused",
        Hooks {
            verify: |cookie, config, now| match parts(cookie) {
                Some((_, _, signature)) if !signature.len().is_multiple_of(4) => Err(BAD_SIGNATURE),
                _ => hooks::verify(cookie, config, now),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "strict-base64-undeclared",
        &["SIG-7", "PAY-14"],
        "other spellings of the same bytes are refused where reading them is declared",
        Hooks { verify: strict, ..Hooks::MODEL },
    ),
    Mutant::new(
        "only-url-safe-alphabet",
        &["SIG-7"],
        "plus and slash are refused in a signature",
        Hooks { verify: |cookie, config, now| unless_in_signature(cookie, config, now, &['+', '/']), ..Hooks::MODEL },
    ),
    Mutant::new(
        "only-standard-alphabet",
        &["SIG-3", "SIG-7", "KEY-1"],
        "minus and underscore are skipped as junk",
        Hooks {
            verify: |cookie, config, now| match parts(cookie) {
                Some((payload, timestamp, signature)) => {
                    let signature = signature.replace(['-', '_'], "");
                    hooks::verify(&format!("{payload}.{timestamp}.{signature}"), config, now)
                }
                None => Err(BAD_SIGNATURE),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "padding-refused",
        &["SIG-7"],
        "padding is refused in a signature",
        Hooks { verify: |cookie, config, now| unless_in_signature(cookie, config, now, &['=']), ..Hooks::MODEL },
    ),
    Mutant::new(
        "unused-bits-refused",
        &["SIG-7"],
        "a signature whose unused last bits are set is refused",
        Hooks {
            verify: |cookie, config, now| match parts(cookie) {
                Some((_, _, signature)) if has_unused_bits(signature) => Err(BAD_SIGNATURE),
                _ => hooks::verify(cookie, config, now),
            },
            ..Hooks::MODEL
        },
    ),
];

fn pad(part: &str) -> String {
    format!("{part}{}", "=".repeat((4 - part.trim_start_matches('.').len() % 4) % 4))
}

fn strict(cookie: &str, config: &Config, now: UnixTime) -> Result<Vec<u8>, Refusal> {
    let choices = Choices { base64: Base64Choice::Strict, ..hooks::FLASK };
    crate::model::signing::verify(cookie, config, now, &choices).map(<[u8]>::to_vec)
}

fn unless_in_signature(cookie: &str, config: &Config, now: UnixTime, bad: &[char]) -> Result<Vec<u8>, Refusal> {
    match parts(cookie) {
        Some((_, _, signature)) if signature.contains(bad) => Err(BAD_SIGNATURE),
        _ => hooks::verify(cookie, config, now),
    }
}

/// Whether a part is in the right alphabet and no other spelling except for its last bits.
fn has_unused_bits(part: &str) -> bool {
    let is_plain = part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    is_plain && !base64::is_canonical(part.as_bytes())
}
