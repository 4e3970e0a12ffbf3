//! Values with one kind of thing replaced by something plain: what a rule is about, put right.

use crate::{
    model::tagging::TAGS,
    protocol::Action,
    value::{Map, Value},
};

/// The rules of kinds of values, the most special first.
pub(super) const KINDS: [&str; 9] = ["PAY-11", "PAY-6", "PAY-7", "PAY-8", "PAY-9", "PAY-10", "PAY-5", "PAY-3", "PAY-4"];

/// The tag of a kind, where it has one.
fn tag(rule: &str) -> Option<&'static str> {
    Some(match rule {
        "PAY-6" => " t",
        "PAY-7" => " b",
        "PAY-8" => " m",
        "PAY-9" => " u",
        "PAY-10" => " d",
        "PAY-11" => " di",
        _ => return None,
    })
}

fn plain() -> Value {
    Value::from("a")
}

/// A value without the kind of a rule.
pub(super) fn value(value: &Value, rule: &str) -> Value {
    let inside = |item: &Value| self::value(item, rule);
    match value {
        Value::Tuple(items) if rule == "PAY-6" => Value::List(items.iter().map(inside).collect()),
        Value::Bytes(_) if rule == "PAY-7" => plain(),
        Value::Markup(_) if rule == "PAY-8" => plain(),
        Value::Uuid(_) if rule == "PAY-9" => plain(),
        Value::Datetime(_) if rule == "PAY-10" => plain(),
        Value::Float(_) | Value::Int(_) if rule == "PAY-3" && !is_plain_number(value) => Value::int(1),
        Value::Text(_) if rule == "PAY-4" && !is_plain_text(value) => plain(),
        Value::List(items) => Value::List(items.iter().map(inside).collect()),
        Value::Tuple(items) => Value::Tuple(items.iter().map(inside).collect()),
        Value::Map(map) => Value::Map(self::map(map, rule)),
        other => other.clone(),
    }
}

/// A map without the kind of a rule, in keys and values.
pub(super) fn map(map: &Map, rule: &str) -> Map {
    let looks_like_a_tag = map.len() == 1;
    let mut changed = Map::new();
    for (number, (key, value)) in map.iter().enumerate() {
        let is_odd = match rule {
            "PAY-4" => matches!(key, Value::Text(_)) && !is_plain_text(key),
            "PAY-5" => !matches!(key, Value::Text(_)),
            "PAY-11" => looks_like_a_tag && is_tag(key),
            _ => false,
        };
        let key = if is_odd { Value::from(&*format!("k{number}")) } else { key.clone() };
        changed.insert(key, self::value(value, rule));
    }
    changed
}

/// JSON, as tags stand in it, without the tag of a rule, or without the numbers or texts that it is about.
pub(super) fn json(value: &Value, rule: &str) -> Value {
    let inside = |item: &Value| json(item, rule);
    match value {
        Value::List(items) => Value::List(items.iter().map(inside).collect()),
        Value::Map(map) => match map.iter().next().filter(|_| map.len() == 1) {
            Some((key, marked)) if tag(rule).is_some_and(|tag| key.to_utf8().as_deref() == Some(tag)) => {
                match (rule, marked) {
                    ("PAY-6", Value::List(items)) => Value::List(items.iter().map(inside).collect()),
                    _ => plain(),
                }
            }
            _ => Value::Map(map.iter().map(|(key, value)| (key.clone(), inside(value))).collect()),
        },
        Value::Float(_) | Value::Int(_) if rule == "PAY-3" && !is_plain_number(value) => Value::int(1),
        Value::Text(_) if rule == "PAY-4" && !is_plain_text(value) => plain(),
        other => other.clone(),
    }
}

/// An action whose values are without the kind of a rule.
pub(super) fn action(action: &Action, rule: &str) -> Action {
    let mut changed = action.clone();
    match &mut changed {
        Action::Append { key, value } | Action::Set { key, value } | Action::SetDefault { key, value } => {
            if rule == "PAY-5" && !matches!(key, Value::Text(_)) {
                *key = Value::from("k");
            }
            *value = self::value(value, rule);
        }
        Action::Mutate { value, .. } => *value = self::value(value, rule),
        Action::Pop { default: Some(value), .. } => *value = self::value(value, rule),
        Action::Union { values } | Action::Update { values } => *values = map(values, rule),
        _ => {}
    }
    changed
}

fn is_tag(key: &Value) -> bool {
    key.to_utf8().is_some_and(|key| TAGS.contains(&key.as_str()))
}

fn is_plain_number(value: &Value) -> bool {
    matches!(value, Value::Int(_)) && value.as_i64().is_some_and(|number| number.unsigned_abs() < 1 << 31)
}

fn is_plain_text(value: &Value) -> bool {
    let Value::Text(text) = value else { return false };
    let is_plain = |point: &u32| (0x20..0x7f).contains(point) && *point != 0x22 && *point != 0x5c;
    text.code_points().iter().all(is_plain)
}
