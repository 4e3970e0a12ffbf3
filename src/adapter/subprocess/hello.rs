//! Reads and checks an adapter's hello.
//!
//! A misspelt operation or kind of value would silently skip cases, so it is an error.

use crate::json::Json;
use crate::protocol::{Capabilities, Op, VERSION, ValueKind};
use serde::Deserialize;

/// The hello in the members of a reply; the error says what is wrong with it.
pub fn from_json(reply: &Json) -> Result<Capabilities, String> {
    for refusal in ["error", "unsupported"] {
        if let Some(what) = reply.get(refusal) {
            return Err(format!("it answers hello with {refusal}: {what}"));
        }
    }
    let ok = reply.get("ok").ok_or("it has no \"ok\"")?;
    let is_known = |protocol: &&Json| protocol.as_u64().is_some_and(|version| (1..=VERSION.into()).contains(&version));
    if let Some(protocol) = ok.get("protocol").filter(|protocol| !is_known(protocol)) {
        return Err(format!("it speaks protocol {protocol}, and this suite speaks 1 to {VERSION}"));
    }
    all_known(ok, "ops", &Op::ALL.map(Op::as_str))?;
    all_known(ok, "values", &ValueKind::ALL.map(ValueKind::as_str))?;
    let hello = Capabilities::deserialize(ok).map_err(|error| error.to_string())?;
    if hello.ops.is_empty() {
        return Err(format!("\"ops\" is empty; there are {}", Op::ALL.map(Op::as_str).join(", ")));
    }
    Ok(hello)
}

/// What is no word at all is left for the reading of the whole to refuse.
fn all_known(hello: &Json, member: &str, known: &[&str]) -> Result<(), String> {
    let words = hello.get(member).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    match words.into_iter().find(|word| !known.contains(word)) {
        Some(word) => Err(format!("{member:?} names {word:?}; there are {}", known.join(", "))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

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
            (
                json!({"ok": {"name": "mine", "ops": []}}),
                "\"ops\" is empty; there are bench, exchange, sign, story, verify",
            ),
            (
                json!({"ok": {"name": "mine", "ops": ["read"]}}),
                "\"ops\" names \"read\"; there are bench, exchange, sign, story, verify",
            ),
            (
                json!({"ok": {"name": "mine", "ops": ["sign"], "protocol": 3}}),
                "it speaks protocol 3, and this suite speaks 1 to 2",
            ),
        ];
        for (reply, message) in wrong {
            assert_eq!(from_json(&reply).unwrap_err(), message);
        }
        let kinds = json!({"ok": {"name": "mine", "ops": ["sign"], "values": ["json", "tuples"]}});
        assert!(from_json(&kinds).unwrap_err().starts_with("\"values\" names \"tuples\"; there are bytes,"));
    }
}
