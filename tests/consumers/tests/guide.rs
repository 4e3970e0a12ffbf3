//! What `docs/rust.md` shows beside the example of the crate's documentation: a reader that is strict about base64, as it declares, and
//! lets clocks differ by a minute, which it lists as a known failure.

use sessionproof::{
    CallError, Capabilities, Choices, Implementation, Options, Outcome, Preset, ValueKind, Verifier, VerifyOutcome,
    protocol::{Base64Choice, Verify},
    verifier::Error,
};
use std::time::Duration;

struct Port;

impl Implementation for Port {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new("my port")
            .version("1.2.0")
            .values([ValueKind::Bytes, ValueKind::Datetime, ValueKind::Floats, ValueKind::Integers, ValueKind::Tuple])
            .choices(Choices::default().base64(Base64Choice::Strict))
    }

    fn verify(&self, call: &Verify) -> Result<VerifyOutcome, CallError> {
        let Ok(verifier) = Verifier::new(&call.config) else { return Ok(VerifyOutcome::Rejected(None)) };
        let verifier = verifier.strict();
        let loaded = match verifier.load(&call.cookie, call.now) {
            Err(Error::Future) => verifier.load(&call.cookie, call.now.plus_seconds(60)),
            other => other,
        };
        Ok(match loaded {
            Ok(session) => VerifyOutcome::Accepted(session),
            Err(error) if error.reason().is_some() => VerifyOutcome::Rejected(None),
            Err(error) => VerifyOutcome::Raised(error.to_string()),
        })
    }
}

sessionproof::conformance_tests!(
    Port,
    Options::from_preset(Preset::Standard)
        .cases(2000)
        .call_limit(Duration::from_secs(2))
        .known_failure("EXP-3,EXP-8", "we allow the clocks of servers to differ by a minute")
);

#[test]
fn results_are_a_value() -> Result<(), String> {
    let results = sessionproof::conformance(Port, &Options::from_preset(Preset::Quick).rules("SIG,!EXP-3".parse()?));
    assert_eq!(results.outcome(), Outcome::Conformant);
    assert_eq!(results.rules["SIG-1"].failed, 0);
    Ok(())
}
