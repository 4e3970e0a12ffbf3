// tests/conformance.rs
use sessionproof::{CallError, Capabilities, Implementation, Verifier, VerifyOutcome, protocol::Verify};

struct Port;

impl Implementation for Port {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new("my port").values(sessionproof::ValueKind::ALL)
    }

    // Call your own code here.
    fn verify(&self, call: &Verify) -> Result<VerifyOutcome, CallError> {
        let Ok(verifier) = Verifier::new(&call.config) else { return Ok(VerifyOutcome::Rejected(None)) };
        Ok(match verifier.load(&call.cookie, call.now) {
            Ok(session) => VerifyOutcome::Accepted(session),
            Err(error) if error.reason().is_some() => VerifyOutcome::Rejected(None),
            Err(error) => VerifyOutcome::Raised(error.to_string()),
        })
    }
}

sessionproof::conformance_tests!(Port);
