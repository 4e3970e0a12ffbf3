//! Reads and checks an adapter's hello.
//!
//! A misspelt operation or kind of value would silently skip cases, so it is an error.

use crate::protocol::{Hello, VERSION};
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeSet;

const OPS: [&str; 4] = ["bench", "exchange", "sign", "verify"];
const KINDS: [&str; 10] =
    ["bytes", "datetime", "floats", "integers", "json", "map", "markup", "surrogates", "tuple", "uuid"];

/// The hello in the members of a reply; the error says what is wrong with it.
pub fn from_json(reply: &Json) -> Result<Hello, String> {
    for refusal in ["error", "unsupported"] {
        if let Some(what) = reply.get(refusal) {
            return Err(format!("it answers hello with {refusal}: {what}"));
        }
    }
    let ok = reply.get("ok").ok_or("it has no \"ok\"")?;
    if let Some(protocol) = ok.get("protocol").filter(|protocol| protocol.as_u64() != Some(VERSION.into())) {
        return Err(format!("it speaks protocol {protocol}, and this suite speaks {VERSION}"));
    }
    let hello = Hello::deserialize(ok).map_err(|error| error.to_string())?;
    if hello.ops.is_empty() {
        return Err(format!("\"ops\" is empty; there are {}", OPS.join(", ")));
    }
    all_known("ops", &hello.ops, &OPS)?;
    all_known("values", &hello.values, &KINDS)?;
    Ok(hello)
}

fn all_known(member: &str, words: &BTreeSet<String>, known: &[&str]) -> Result<(), String> {
    match words.iter().find(|word| !known.contains(&word.as_str())) {
        Some(word) => Err(format!("{member:?} names {word:?}; there are {}", known.join(", "))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_short_hello_is_enough() {
        let hello = from_json(&json!({"id": 0, "ok": {"name": "mine", "ops": ["verify"]}})).unwrap();
        assert_eq!((hello.name.as_str(), hello.ops.len(), hello.values.len()), ("mine", 1, 1));
    }

    #[test]
    fn what_is_wrong_with_a_hello_is_said() {
        let wrong = [
            (json!({"error": "no"}), "it answers hello with error: \"no\""),
            (json!({"id": 0}), "it has no \"ok\""),
            (json!({"ok": {"ops": ["verify"]}}), "missing field `name`"),
            (json!({"ok": {"name": "mine", "ops": []}}), "\"ops\" is empty; there are bench, exchange, sign, verify"),
            (
                json!({"ok": {"name": "mine", "ops": ["read"]}}),
                "\"ops\" names \"read\"; there are bench, exchange, sign, verify",
            ),
            (
                json!({"ok": {"name": "mine", "ops": ["sign"], "protocol": 2}}),
                "it speaks protocol 2, and this suite speaks 1",
            ),
        ];
        for (reply, message) in wrong {
            assert_eq!(from_json(&reply).unwrap_err(), message);
        }
        let kinds = json!({"ok": {"name": "mine", "ops": ["sign"], "values": ["json", "tuples"]}});
        assert!(from_json(&kinds).unwrap_err().starts_with("\"values\" names \"tuples\"; there are bytes,"));
    }
}
