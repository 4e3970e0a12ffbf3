//! A reader whose sessions pass through `serde_json` as its author has it: without `float_roundtrip`. It loses the last digit of some
//! floats. With that feature turned on by sessionproof, it would be green here, and wrong where it is used.

use sessionproof::{CallError, Capabilities, Implementation, Verifier, VerifyOutcome, protocol::Verify, value::plain};

struct Port;

impl Implementation for Port {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new("port")
    }

    fn verify(&self, call: &Verify) -> Result<VerifyOutcome, CallError> {
        let Ok(verifier) = Verifier::new(&call.config) else { return Ok(VerifyOutcome::Rejected(None)) };
        Ok(match verifier.load(&call.cookie, call.now) {
            Ok(session) => {
                let json = plain::to_json(&session).ok_or_else(|| CallError::unsupported("values beyond JSON"))?;
                let text = serde_json::to_string(&json).unwrap();
                VerifyOutcome::Accepted(plain::from_json(serde_json::from_str(&text).unwrap()))
            }
            Err(error) if error.reason().is_some() => VerifyOutcome::Rejected(None),
            Err(error) => VerifyOutcome::Raised(error.to_string()),
        })
    }
}

sessionproof::conformance_tests!(Port);

#[test]
fn serde_json_loses_floats_here() {
    let text = "31.245270191439438";
    assert_ne!(serde_json::from_str(text).ok(), text.parse::<f64>().ok());
}

#[test]
fn serde_json_sorts_the_keys_of_maps_here() {
    let map: serde_json::Value = serde_json::from_str(r#"{"b":1,"a":2}"#).unwrap();
    assert_eq!(map.to_string(), r#"{"a":2,"b":1}"#);
}

#[test]
fn serde_json_keeps_no_digits_of_numbers_here() {
    let number: serde_json::Value = serde_json::from_str("1.00").unwrap();
    assert_eq!(number.to_string(), "1.0");
}
