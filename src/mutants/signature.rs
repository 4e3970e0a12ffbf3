//! Mutants of the signature and the timestamp (`SIG-*`).

use super::{
    Mutant,
    hooks::{self, Hooks},
    tools::{
        BAD_SIGNATURE, append_signature, big_endian, mac_of, parts, respell_signature, sign_with_timestamp,
        to_big_endian, verify_by, verify_stamped,
    },
};
use crate::{
    clock::UnixTime,
    model::{
        Raised, base64,
        signing::{self, LAST_SECOND, Refusal},
    },
    protocol::Reason,
};

/// What itsdangerous counted from before its release 1.1: the beginning of 2011.
const OLD_EPOCH: i64 = 1_293_840_000;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::new(
        "split-from-the-left",
        &["SIG-1", "PAY-13", "PAY-12"],
        "the value is split at its first two dots",
        Hooks {
            verify: |cookie, config, now| match cookie.splitn(3, '.').collect::<Vec<_>>()[..] {
                ["", ..] | [_] | [_, _] => Err(BAD_SIGNATURE),
                _ => hooks::verify(cookie, config, now),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "exactly-two-dots",
        &["SIG-1", "SIG-8", "PAY-14", "PAY-13"],
        "a value with more or fewer dots than an uncompressed session has is refused",
        Hooks {
            verify: |cookie, config, now| match cookie.trim_start_matches('.').matches('.').count() {
                2 => hooks::verify(cookie, config, now),
                _ => Err(BAD_SIGNATURE),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "colons-for-dots",
        &["SIG-1"],
        "the parts are joined and split by colons, as Django joins them",
        Hooks {
            sign: |payload, config, now| Ok(hooks::sign(payload, config, now)?.replace('.', ":")),
            verify: |cookie, config, now| hooks::verify(&cookie.replace(':', "."), config, now),
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "colons-written",
        &["SIG-1"],
        "cookies are read as specified, but the parts are written with colons between them",
        Hooks { sign: |payload, config, now| Ok(hooks::sign(payload, config, now)?.replace('.', ":")), ..Hooks::MODEL },
    ),
    Mutant::new(
        "signer-leaves-the-timestamp-out",
        &["SIG-2"],
        "cookies are read as specified, but what is signed is the payload alone",
        Hooks {
            sign: |payload, config, now| {
                respell_signature(payload, config, now, |_, _| base64::encode(&mac_of(payload, config)))
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "signature-over-payload-only",
        &["SIG-2"],
        "the signature leaves the timestamp out",
        Hooks {
            sign: |payload, config, now| {
                respell_signature(payload, config, now, |_, _| base64::encode(&mac_of(payload, config)))
            },
            verify: |cookie, config, now| match parts(cookie) {
                Some((payload, timestamp, signature)) if base64::encode(&mac_of(payload, config)) == signature => {
                    hooks::verify(&append_signature(&format!("{payload}.{timestamp}"), config), config, now)
                }
                _ => Err(BAD_SIGNATURE),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "signature-without-the-dot",
        &["SIG-2"],
        "payload and timestamp are signed without the dot between them",
        Hooks {
            sign: |payload, config, now| {
                respell_signature(payload, config, now, |signed, _| {
                    let (payload, timestamp) = signed.rsplit_once('.').unwrap_or((signed, ""));
                    base64::encode(&mac_of(&format!("{payload}{timestamp}"), config))
                })
            },
            verify: |cookie, config, now| match parts(cookie) {
                Some((payload, timestamp, signature))
                    if base64::encode(&mac_of(&format!("{payload}{timestamp}"), config)) == signature =>
                {
                    hooks::verify(&append_signature(&format!("{payload}.{timestamp}"), config), config, now)
                }
                _ => Err(BAD_SIGNATURE),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "signature-over-canonical-parts",
        &["SIG-2", "SIG-7", "PAY-14"],
        "the parts are decoded and encoded anew before the signature is checked",
        Hooks {
            verify: |cookie, config, now| {
                let again = |part: &str| base64::decode(part.as_bytes()).map(|bytes| base64::encode(&bytes));
                let canonical = parts(cookie).and_then(|(payload, timestamp, signature)| {
                    let (dot, encoded) = payload.strip_prefix('.').map_or(("", payload), |rest| (".", rest));
                    Some(format!("{dot}{}.{}.{signature}", again(encoded)?, again(timestamp)?))
                });
                hooks::verify(canonical.as_deref().unwrap_or(cookie), config, now)
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "signature-in-hex",
        &["SIG-3", "SIG-2", "KEY-1"],
        "the signature is written and read as hex digits",
        Hooks {
            sign: |payload, config, now| respell_signature(payload, config, now, |_, mac| hex(mac)),
            verify: |cookie, config, now| verify_by(cookie, config, now, |_, signature, mac| signature == hex(mac)),
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "signature-of-hmac-twice",
        &["SIG-2", "KEY-1"],
        "the digest is hashed once more before it is written",
        Hooks {
            sign: |payload, config, now| {
                respell_signature(payload, config, now, |_, mac| {
                    base64::encode(&signing::mac(config.digest, &[], &[mac]))
                })
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "epoch-of-2011",
        &["SIG-4"],
        "timestamps count from 2011, as those of an old itsdangerous did",
        Hooks {
            sign: |payload, config, now| hooks::sign(payload, config, now.plus_seconds(-OLD_EPOCH)),
            verify: |cookie, config, now| {
                verify_stamped(cookie, config, now, |bytes| big_endian(bytes)?.checked_add(OLD_EPOCH))
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "timestamp-in-milliseconds",
        &["SIG-4"],
        "the timestamp counts milliseconds",
        Hooks {
            sign: |payload, config, now| sign_with_timestamp(payload, &to_big_endian(now.micros() / 1000), config),
            verify: |cookie, config, now| verify_stamped(cookie, config, now, |bytes| Some(big_endian(bytes)? / 1000)),
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "timestamp-little-endian",
        &["SIG-4"],
        "the timestamp's bytes stand the wrong way round",
        Hooks {
            sign: |payload, config, now| {
                let bytes: Vec<_> = to_big_endian(now.seconds()).into_iter().rev().collect();
                sign_with_timestamp(payload, &bytes, config)
            },
            verify: |cookie, config, now| {
                verify_stamped(cookie, config, now, |bytes| {
                    big_endian(&bytes.iter().rev().copied().collect::<Vec<_>>())
                })
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "timestamp-of-eight-bytes",
        &["SIG-4"],
        "the timestamp is written with leading zeros, as an integer of 64 bits",
        Hooks {
            sign: |payload, config, now| sign_with_timestamp(payload, &now.seconds().max(0).to_be_bytes(), config),
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "timestamp-of-four-bytes",
        &["SIG-4", "SIG-9"],
        "the timestamp is cut to 32 bits, which end in 2106",
        Hooks {
            sign: |payload, config, now| {
                sign_with_timestamp(payload, &to_big_endian(now.seconds() & 0xFFFF_FFFF), config)
            },
            verify: |cookie, config, now| {
                verify_stamped(cookie, config, now, |bytes| Some(big_endian(bytes)? & 0xFFFF_FFFF))
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "timestamp-signed-of-32-bits",
        &["SIG-4", "SIG-8", "EXP-1", "SIG-9"],
        "a timestamp beyond 2038 is negative, and refused",
        Hooks {
            verify: |cookie, config, now| {
                verify_stamped(cookie, config, now, |bytes| big_endian(bytes).filter(|n| *n < 1 << 31))
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "timestamp-as-text",
        &["SIG-4"],
        "the timestamp is written as decimal digits",
        Hooks {
            sign: |payload, config, now| {
                sign_with_timestamp(payload, now.seconds().max(0).to_string().as_bytes(), config)
            },
            verify: |cookie, config, now| {
                verify_stamped(cookie, config, now, |bytes| std::str::from_utf8(bytes).ok()?.parse().ok())
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "timestamp-rounded",
        &["SIG-4", "EXP-8"],
        "the timestamp is rounded to the nearest second, not down",
        Hooks { sign: |payload, config, now| hooks::sign(payload, config, now.plus_micros(500_000)), ..Hooks::MODEL },
    ),
    Mutant::new(
        "timestamp-rounded-up",
        &["SIG-4", "EXP-8"],
        "the timestamp is rounded up",
        Hooks { sign: |payload, config, now| hooks::sign(payload, config, now.plus_micros(999_999)), ..Hooks::MODEL },
    ),
    Mutant::new(
        "timestamp-in-local-time",
        &["SIG-4", "EXP-3"],
        "the timestamp is that of a clock one hour east, taken for UTC",
        Hooks { sign: |payload, config, now| hooks::sign(payload, config, now.plus_seconds(3600)), ..Hooks::MODEL },
    ),
    Mutant::new(
        "signature-not-checked",
        &["SIG-5", "SIG-10", "KEY-1"],
        "the signature is split off and not looked at",
        Hooks { verify: |cookie, config, now| verify_by(cookie, config, now, |_, _, _| true), ..Hooks::MODEL },
    ),
    Mutant::new(
        "empty-signature-accepted",
        &["SIG-5", "SIG-10", "SIG-6"],
        "an empty signature is taken for an unsigned session, and accepted",
        Hooks {
            verify: |cookie, config, now| match cookie.strip_suffix('.') {
                Some(signed) => hooks::verify(&append_signature(signed, config), config, now),
                None => hooks::verify(cookie, config, now),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "signature-compared-by-prefix",
        &["SIG-10", "SIG-5", "SIG-6"],
        "a beginning of the signature is enough, as with a comparison that stops at the shorter",
        Hooks {
            verify: |cookie, config, now| {
                verify_by(cookie, config, now, |_, signature, mac| {
                    base64::decode(signature.as_bytes()).is_some_and(|given| mac.starts_with(&given))
                })
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "signature-cut-to-ten-bytes",
        &["SIG-10", "SIG-5", "SIG-7"],
        "the first ten bytes of the signature are compared",
        Hooks {
            verify: |cookie, config, now| {
                verify_by(cookie, config, now, |_, signature, mac| {
                    base64::decode(signature.as_bytes()).is_some_and(|given| given.get(..10) == mac.get(..10))
                })
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "signature-with-a-tail-accepted",
        &["SIG-10", "SIG-5", "SIG-7"],
        "what follows a right signature is not looked at",
        Hooks {
            verify: |cookie, config, now| {
                verify_by(cookie, config, now, |_, signature, mac| {
                    base64::decode(signature.as_bytes()).is_some_and(|given| given.starts_with(mac))
                })
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "signature-compared-without-case",
        &["SIG-5", "SIG-10"],
        "signatures are compared without regard to case",
        Hooks {
            verify: |cookie, config, now| {
                verify_by(cookie, config, now, |_, signature, mac| {
                    base64::decode(signature.as_bytes()).as_deref() == Some(mac)
                        || signature.eq_ignore_ascii_case(&base64::encode(mac))
                })
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "malformed-raises",
        &["SIG-6"],
        "a value without dots is an error",
        Hooks {
            verify: |cookie, config, now| match cookie.contains('.') {
                true => hooks::verify(cookie, config, now),
                false => Err(Refusal::Raised(Raised::Payload)),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "non-ascii-raises",
        &["SIG-6", "HDR-6", "PAY-3"],
        "a value that is not ASCII is an error",
        Hooks {
            verify: |cookie, config, now| match cookie.is_ascii() {
                true => hooks::verify(cookie, config, now),
                false => Err(Refusal::Raised(Raised::Payload)),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "bad-signature-raises",
        &["SIG-6", "SIG-5", "KEY-1"],
        "a signature that does not fit is an error, as it is from itsdangerous",
        Hooks {
            verify: |cookie, config, now| match hooks::verify(cookie, config, now) {
                Err(Refusal::Rejected(Reason::Signature)) => Err(Refusal::Raised(Raised::Payload)),
                other => other,
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "value-trimmed",
        &["SIG-6", "SIG-7", "SIG-5"],
        "space around the value is cut off before it is verified",
        Hooks { verify: |cookie, config, now| hooks::verify(cookie.trim(), config, now), ..Hooks::MODEL },
    ),
    Mutant::new(
        "missing-timestamp-accepted",
        &["SIG-8"],
        "a value that is signed without a timestamp counts, as from a signer without times",
        Hooks {
            verify: |cookie, config, now| match hooks::verify(cookie, config, now) {
                Err(Refusal::Rejected(Reason::Timestamp)) => {
                    let (signed, _) = cookie.rsplit_once('.').unwrap_or((cookie, ""));
                    Ok(signed.rsplit_once('.').map_or(signed, |(payload, _)| payload).as_bytes().to_vec())
                }
                other => other,
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "unreadable-timestamp-raises",
        &["SIG-8"],
        "a timestamp that is missing or cannot be read is an error",
        Hooks {
            verify: |cookie, config, now| match hooks::verify(cookie, config, now) {
                Err(Refusal::Rejected(Reason::Timestamp)) => Err(Refusal::Raised(Raised::Payload)),
                other => other,
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "empty-timestamp-refused",
        &["SIG-8", "EXP-1", "SIG-4", "EXP-2"],
        "a timestamp of no bytes, which is the year 1970, is refused",
        Hooks {
            verify: |cookie, config, now| {
                verify_stamped(cookie, config, now, |bytes| if bytes.is_empty() { None } else { big_endian(bytes) })
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "timestamp-beyond-the-calendar-rejected",
        &["SIG-9"],
        "a signed timestamp beyond the year 9999 is rejected where raising is declared",
        Hooks {
            verify: |cookie, config, now| match hooks::verify(cookie, config, now) {
                Err(Refusal::Raised(Raised::Calendar)) if config.lifetime.max_age().is_some() => {
                    Err(Refusal::Rejected(Reason::Timestamp))
                }
                other => other,
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "timestamp-beyond-the-calendar-is-future",
        &["SIG-9"],
        "a signed timestamp beyond the year 9999 is only one in the future",
        Hooks {
            verify: |cookie, config, now| match hooks::verify(cookie, config, now) {
                Err(Refusal::Raised(Raised::Calendar)) if now <= UnixTime::from_seconds(LAST_SECOND) => {
                    Err(Refusal::Rejected(Reason::Future))
                }
                other => other,
            },
            ..Hooks::MODEL
        },
    ),
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
