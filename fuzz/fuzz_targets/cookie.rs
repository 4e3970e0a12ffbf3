//! A cookie's value: any text. Model and verifier judge it alike, and accept nothing that is not signed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionproof::{
    model::server,
    protocol::{Choices, Verify, VerifyOutcome},
};
use sessionproof_fuzz::{both_judge_alike, config, now};

fuzz_target!(|cookie: &str| {
    let call = Verify { config: config(), now: now(), cookie: cookie.to_owned() };
    // The seeds hold one good cookie. Whatever else is accepted spells the same bytes.
    if let VerifyOutcome::Accepted(session) = server::verify(&call, &Choices::default()) {
        assert_eq!(session.len(), 1, "accepted: {cookie}");
    }
    both_judge_alike(call.cookie);
});
