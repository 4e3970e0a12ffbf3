//! A known failure that now passes.

use sessionproof::{CallError, Capabilities, Implementation, Verifier, VerifyOutcome, protocol::Verify};

/// What the verifier of sessionproof makes of a call.
fn right(call: &Verify) -> VerifyOutcome {
    let Ok(verifier) = Verifier::new(&call.config) else { return VerifyOutcome::Rejected(None) };
    match verifier.load(&call.cookie, call.now) {
        Ok(session) => VerifyOutcome::Accepted(session),
        Err(error) if error.reason().is_some() => VerifyOutcome::Rejected(None),
        Err(error) => VerifyOutcome::Raised(error.to_string()),
    }
}

struct Port;

impl Implementation for Port {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new("port").values(sessionproof::ValueKind::ALL)
    }

    fn verify(&self, call: &Verify) -> Result<VerifyOutcome, CallError> {
        Ok(right(call))
    }
}

sessionproof::conformance_tests!(Port, sessionproof::Options::default().known_failure("EXP-2", "it failed once"));
