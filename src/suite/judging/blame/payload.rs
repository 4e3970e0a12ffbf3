//! The rules behind a payload: of the values that were read, or of the JSON that was written.

use super::Suspects;
use crate::{
    model::{json, payload, session::PERMANENT},
    protocol::{Action, Call, Choices},
    value::{Map, Value},
};

/// The rule behind a session that opened with other values.
pub fn values(expected: &Map, got: &Map, cookie: &str) -> Suspects {
    let payload = cookie.rsplitn(3, '.').nth(2).unwrap_or("");
    let text = payload::text(payload.as_bytes(), &Choices::default()).unwrap_or_default();
    let is_map = text.trim_start().starts_with('{');
    let whole = (Value::Map(expected.clone()), Value::Map(got.clone()));
    match value(&whole.0, &whole.1, &text) {
        "PAY-16" if !is_map => "PAY-15".into(),
        rule => rule.into(),
    }
}

/// The rule behind two values that should be equal: that of the innermost kind at which they part. `text` is the JSON that was
/// read.
fn value(expected: &Value, got: &Value, text: &str) -> &'static str {
    use Value::{List, Map, Text, Tuple};
    match (expected, got) {
        (List(a), List(b)) | (Tuple(a), Tuple(b)) if a.len() == b.len() => {
            a.iter().zip(b).find(|(a, b)| a != b).map_or("PAY-16", |(a, b)| value(a, b, text))
        }
        (Map(a), Map(b)) if a.len() == b.len() && a.iter().all(|(key, _)| b.contains_key(key)) => {
            let parts = a.iter().find_map(|(key, a)| b.get(key).filter(|b| *b != a).map(|b| (a, b)));
            parts.map_or("PAY-5", |(a, b)| value(a, b, text))
        }
        (Map(_), _) if text.contains("\" di\"") => "PAY-11",
        (Text(_), Text(_)) => "PAY-4",
        // What the tag of a datetime does not understand is null.
        (Value::Null, _) if text.contains("\" d\"") => "PAY-10",
        (one, _) => kind(one),
    }
}

/// The rule of a kind of value.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Bytes(_) => "PAY-7",
        Value::Datetime(_) => "PAY-10",
        Value::Float(_) | Value::Int(_) => "PAY-3",
        Value::Markup(_) => "PAY-8",
        Value::Tuple(_) => "PAY-6",
        Value::Uuid(_) => "PAY-9",
        Value::Bool(_) | Value::List(_) | Value::Map(_) | Value::Null | Value::Text(_) => "PAY-16",
    }
}

/// The rule of the first unusual kind in a session that could not be read.
pub(in crate::suite) fn kinds_in(value: &Value, text: &str) -> &'static str {
    let all = |values: &[Value]| values.iter().map(|v| kinds_in(v, "")).find(|rule| *rule != "PAY-16");
    let inside = match value {
        Value::List(items) => all(items),
        Value::Map(map) => map.iter().map(|(_, v)| kinds_in(v, "")).find(|rule| *rule != "PAY-16"),
        _ => None,
    };
    inside.or_else(|| tag_in(text)).unwrap_or_else(|| kind(value))
}

fn tag_in(text: &str) -> Option<&'static str> {
    let tags =
        [(" di", "PAY-11"), (" t", "PAY-6"), (" b", "PAY-7"), (" m", "PAY-8"), (" u", "PAY-9"), (" d", "PAY-10")];
    tags.into_iter().find(|(tag, _)| text.contains(&format!("\"{tag}\""))).map(|(_, rule)| rule)
}

/// The rule behind a payload whose JSON is another text.
pub fn written(call: &Call, expected: &str, got: &str) -> Suspects {
    let is_nested = |action: &Action| matches!(action, Action::Append { .. } | Action::Mutate { .. });
    let rule = match (json::read(expected), json::read(got)) {
        (Ok(a), Ok(b)) if a != b => match call {
            Call::Exchange(call) if call.actions.iter().any(is_nested) => "MOD-6",
            _ => tagged(&a, &b),
        },
        (Ok(_), Ok(_)) if is_reordered(expected, got) => "PAY-2",
        // In another order as well: the first token that differs is no more than another key.
        (Ok(_), Ok(_)) if escapes(expected) != escapes(got) => "PAY-4",
        _ => spelling(expected, got),
    };
    rule.into()
}

/// Whether two texts have the same bytes in another order.
pub(in crate::suite) fn is_reordered(one: &str, other: &str) -> bool {
    let sorted = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.sort_unstable();
        bytes
    };
    sorted(one) == sorted(other)
}

/// The escapes in a JSON text, in the order of their spelling.
fn escapes(text: &str) -> Vec<&str> {
    let starts = text.match_indices('\\').map(|(at, _)| at);
    let mut all: Vec<_> = starts.filter_map(|at| text.get(at..at + 6)).filter(|text| text.starts_with("\\u")).collect();
    all.sort_unstable();
    all
}

/// Whether a key in JSON may have been something else than text before it was written.
fn was_no_text(key: &Value) -> bool {
    let Value::Text(key) = key else { return true };
    let key = key.to_utf8().unwrap_or_default();
    key.parse::<f64>().is_ok()
        || ["true", "false", "null"].contains(&key.to_ascii_lowercase().as_str())
        || key == "None"
}

/// The rule behind two JSON values that should be equal: that of the tag above the place at which they part.
fn tagged(expected: &Value, got: &Value) -> &'static str {
    let content = |value: &Value| match value {
        Value::Map(map) if map.len() == 1 => map.iter().next().and_then(|(key, inner)| match key {
            Value::Text(key) => tag_in(&format!("\"{}\"", key.to_utf8()?)).map(|rule| (rule, inner.clone())),
            _ => None,
        }),
        _ => None,
    };
    match (expected, got) {
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            a.iter().zip(b).find(|(a, b)| a != b).map_or("PAY-16", |(a, b)| tagged(a, b))
        }
        (a, b) if content(a).is_some() => match (content(a), content(b)) {
            (Some(("PAY-6" | "PAY-11", a)), Some(("PAY-6" | "PAY-11", b))) if a != b => match tagged(&a, &b) {
                "PAY-16" => content(expected).map_or("PAY-16", |(rule, _)| rule),
                rule => rule,
            },
            (Some((rule, _)), _) => rule,
            _ => "PAY-16",
        },
        (_, b) if content(b).is_some() => content(b).map_or("PAY-16", |(rule, _)| rule),
        (Value::Map(a), Value::Map(b)) => {
            let lost = a.iter().map(|(key, _)| key).find(|key| !b.contains_key(key));
            if let Some(key) = lost.or_else(|| b.iter().map(|(key, _)| key).find(|key| !a.contains_key(key))) {
                if key.to_utf8().as_deref() == Some(PERMANENT) {
                    return "PERM-1";
                }
                return if was_no_text(key) { "PAY-5" } else { "PAY-16" };
            }
            let parts = a.iter().find_map(|(key, a)| b.get(key).filter(|b| *b != a).map(|b| (a, b)));
            parts.map_or("PAY-16", |(a, b)| tagged(a, b))
        }
        (Value::Text(_), Value::Text(_)) => "PAY-4",
        (Value::Int(_) | Value::Float(_), _) => "PAY-3",
        _ => "PAY-16",
    }
}

/// The rule behind two spellings of the same JSON, or behind one that is no JSON: that of the token at which they part.
fn spelling(expected: &str, got: &str) -> &'static str {
    let parts = expected.bytes().zip(got.bytes()).take_while(|(a, b)| a == b).count();
    let (before, rest) = (expected.get(..parts).unwrap_or(""), got.get(parts..).unwrap_or(""));
    let quotes = before.replace("\\\\", "").replace("\\\"", "").matches('"').count();
    match rest.chars().next() {
        Some(next) if !next.is_ascii() => "PAY-1",
        _ if quotes % 2 == 1 => "PAY-4",
        Some(next) if next.is_ascii_whitespace() => "PAY-1",
        _ if !got.is_ascii() => "PAY-1",
        _ => "PAY-3",
    }
}
