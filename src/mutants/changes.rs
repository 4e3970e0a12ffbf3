//! Sessions and payloads with something changed in them, by the model's own functions.

use crate::{
    config::FallbackTextChoice,
    model::{Raised, base64, json, payload, tagging},
    protocol::{
        Base64Choice, Choices, CompressionChoice, DuplicatesChoice, OnInvalid, OrderChoice, ReasonsChoice, StoreChoices,
    },
    value::{Map, Value},
};

/// What Flask chooses, with reasons.
pub(super) const FLASK: Choices = Choices {
    base64: Base64Choice::Lenient,
    odd_payload: OnInvalid::Raise,
    timestamp_range: OnInvalid::Raise,
    compression: CompressionChoice::Zlib,
    key_order: OrderChoice::Sorted,
    duplicates: DuplicatesChoice::First,
    fallback_text: FallbackTextChoice::Letters,
    reasons: ReasonsChoice::Typed,
    store: StoreChoices::FIRST,
};

/// A letter for private use.
pub(super) const MARK: char = '\u{F8FF}';
/// The same as JSON has it.
const MARK_IN_JSON: &str = "\\uf8ff";

/// A payload's JSON as the specification writes it.
pub(super) fn json_of(session: &Map) -> Result<String, Raised> {
    json::write(&tagging::tag(&Value::Map(session.clone()))?)
}

/// JSON text as a payload, compressed when that pays.
pub(super) fn pack(text: &str) -> String {
    let deflated = payload::deflate(text.as_bytes());
    match deflated.len() + 1 < text.len() {
        true => format!(".{}", base64::encode(&deflated)),
        false => base64::encode(text.as_bytes()),
    }
}

/// The payload of a session whose JSON is respelled.
pub(super) fn write_respelled(session: &Map, respell: fn(&str) -> String) -> Result<String, Raised> {
    Ok(pack(&respell(&json_of(session)?)))
}

/// The payload of a session whose values are replaced.
pub(super) fn write_replaced(session: &Map, replace: fn(Value) -> Value) -> Result<String, Raised> {
    let session = session.iter().map(|(key, value)| (key.clone(), replace_all(value.clone(), &replace))).collect();
    let text = json_of(&session)?;
    Ok(pack(&text.replace(&format!("\"{MARK_IN_JSON}"), "\"")))
}

/// The session in a payload, with every value replaced.
pub(super) fn read_replaced(payload: &[u8], replace: fn(Value) -> Value) -> Result<Map, Raised> {
    match replace_all(Value::Map(read(payload)?), &replace) {
        Value::Map(map) => Ok(map),
        _ => Err(Raised::Payload),
    }
}

/// The session in a payload, refused if it is compressed and inflates to such a length in bytes.
pub(super) fn read_limited(payload: &[u8], is_refused: fn(usize) -> bool) -> Result<Map, Raised> {
    let stream = payload.strip_prefix(b".").and_then(base64::decode);
    match stream.and_then(|stream| payload::inflate(&stream)).is_some_and(|text| is_refused(text.len())) {
        true => Err(Raised::Payload),
        false => read(payload),
    }
}

/// The session in a payload whose text is looked at first; none refuses it.
pub(super) fn read_respelled(payload: &[u8], respell: fn(&str) -> Option<String>) -> Result<Map, Raised> {
    let Some(text) = payload::text(payload, &FLASK) else { return read(payload) };
    let respelled = respell(&text).ok_or(Raised::Payload)?;
    if respelled == text { read(payload) } else { read(base64::encode(respelled.as_bytes()).as_bytes()) }
}

fn read(payload: &[u8]) -> Result<Map, Raised> {
    payload::read(payload, &FLASK)
}

/// A value with every value in it replaced, from the inside out, and itself at last.
pub(super) fn replace_all(value: Value, replace: &impl Fn(Value) -> Value) -> Value {
    let all = |items: Vec<Value>| items.into_iter().map(|item| replace_all(item, replace)).collect();
    replace(match value {
        Value::List(items) => Value::List(all(items)),
        Value::Tuple(items) => Value::Tuple(all(items)),
        Value::Map(map) => Value::Map(map.into_iter().map(|(key, value)| (key, replace_all(value, replace))).collect()),
        plain => plain,
    })
}
