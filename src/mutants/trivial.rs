//! Implementations that do nothing right, which every suite must catch.

use super::{
    Mutant,
    hooks::Hooks,
    tools::{send_nothing, verify_by},
};
use crate::model::{base64, signing::Refusal};
use crate::protocol::Reason;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::new(
        "accept-all",
        &["SIG-5", "SIG-10", "EXP-1", "EXP-2", "EXP-3", "SYS-1", "KEY-1"],
        "every readable payload counts, whatever its signature and age",
        Hooks {
            verify: |cookie, _, _| {
                let signed = cookie.rsplit_once('.').map_or(cookie, |(signed, _)| signed);
                Ok(signed.rsplit_once('.').map_or(signed, |(payload, _)| payload).as_bytes().to_vec())
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "reject-all",
        &["EXP-1", "EXP-2", "KEY-1", "SIG-2", "PAY-16", "MOD-10", "SYS-2"],
        "no cookie ever counts",
        Hooks { verify: |_, _, _| Err(Refusal::Rejected(Reason::Signature)), ..Hooks::MODEL },
    ),
    Mutant::new(
        "forget-all",
        &["SET-1", "MOD-10", "PAY-16", "SYS-2", "EXP-1", "KEY-1"],
        "the session is always empty, and nothing is ever set",
        Hooks {
            verify: |_, _, _| Err(Refusal::Rejected(Reason::Signature)),
            answered: |exchanged, _| send_nothing(exchanged),
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "echo",
        &["SIG-5", "SIG-1", "SIG-2", "SIG-10", "KEY-1"],
        "cookies are payloads without a signature, and any counts",
        Hooks {
            sign: |payload, _, _| Ok(payload.to_owned()),
            verify: |cookie, config, now| match verify_by(cookie, config, now, |_, _, _| true) {
                Ok(payload) => Ok(payload),
                Err(_) if base64::decode(cookie.as_bytes()).is_some() => Ok(cookie.as_bytes().to_vec()),
                Err(refusal) => Err(refusal),
            },
            ..Hooks::MODEL
        },
    ),
];
