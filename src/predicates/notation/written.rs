//! How a session stands in the payload that was written: `at(m)` for each of its values, and whether it can be written at all.

use super::{
    cookie::{b64, standard_base64},
    date::fixdate,
    json::{Node, escape, repr},
    payload::{TAGS, name, utc, zlib},
};
use crate::value::{Map, Value};
use std::cmp::Ordering;

/// A value of `S` and `at` of it; no node where nothing stands for it.
pub(in super::super) struct At<'a> {
    pub value: &'a Value,
    pub node: Option<&'a Node>,
}

/// Every value and every text key of a session, at any depth. What stands within a value that was written in another shape
/// is left out.
pub(in super::super) fn places<'a>(session: &'a Value, node: &'a Node) -> Vec<At<'a>> {
    let mut places = Vec::new();
    collect(session, Some(node), &mut places);
    places
}

fn collect<'a>(value: &'a Value, node: Option<&'a Node>, places: &mut Vec<At<'a>>) {
    places.push(At { value, node });
    let Some(node) = node else { return };
    match value {
        Value::List(items) => each(items, Some(node), places),
        Value::Tuple(items) => each(items, under(node, " t"), places),
        Value::Map(map) => match tag_like(map) {
            Some((key, content)) => {
                let escaped = under(node, " di").and_then(Node::only);
                let node =
                    escaped.filter(|(name, _)| name.without_last(2) == *key && is_escaped(name)).map(|(_, node)| node);
                if node.is_some() {
                    collect(content, node, places);
                }
            }
            None => {
                for (key, value) in map.iter() {
                    let Some((key_node, node)) = name(key).and_then(|name| node.get(&name)) else { continue };
                    if matches!(key, Value::Text(_)) {
                        places.push(At { value: key, node: Some(key_node) });
                    }
                    collect(value, Some(node), places);
                }
            }
        },
        _ => {}
    }
}

fn each<'a>(items: &'a [Value], list: Option<&'a Node>, places: &mut Vec<At<'a>>) {
    if let Some(Node::List(nodes)) = list {
        items.iter().zip(nodes).for_each(|(item, node)| collect(item, Some(node), places));
    }
}

/// What stands under a tag.
pub(in super::super) fn under<'a>(node: &'a Node, tag: &str) -> Option<&'a Node> {
    node.only().filter(|(key, _)| **key == *tag).map(|(_, content)| content)
}

/// The key and the value of a map that looks like a tag (`PAY-11`).
pub(in super::super) fn tag_like(map: &Map) -> Option<(&crate::value::Text, &Value)> {
    let (key, content) = map.iter().next().filter(|_| map.len() == 1)?;
    match key {
        Value::Text(text) | Value::Markup(text) if TAGS.iter().any(|tag| *text == **tag) => Some((text, content)),
        _ => None,
    }
}

/// Whether a name ends in what marks an escaped tag.
pub(in super::super) fn is_escaped(name: &crate::value::Text) -> bool {
    name.code_points().ends_with(&[u32::from(b'_'), u32::from(b'_')])
}

/// Whether JSON can hold a session; not known where it is nested deeply.
pub(in super::super) fn can_be_written(value: &Value, depth: usize) -> Option<bool> {
    let all = |items: &[Value]| {
        let known = items.iter().map(|item| can_be_written(item, depth + 1));
        known.collect::<Option<Vec<_>>>().map(|all| all.into_iter().all(|one| one))
    };
    match value {
        _ if depth > 100 => None,
        Value::List(items) | Value::Tuple(items) => all(items),
        Value::Map(map) => {
            let values: Vec<_> = map.iter().map(|(_, value)| value.clone()).collect();
            Some(is_orderable(map) && all(&values)?)
        }
        Value::Int(int) => Some(int.to_string().trim_start_matches('-').len() <= 4300),
        Value::Datetime(datetime) => Some((-62_135_596_800..253_402_300_800).contains(&utc(datetime))),
        _ => Some(true),
    }
}

/// Whether one map can be written (`PAY-5`).
pub(in super::super) fn is_orderable(map: &Map) -> bool {
    let keys: Vec<&Value> = map.iter().map(|(key, _)| key).collect();
    let is_text = |key: &&Value| matches!(key, Value::Text(_) | Value::Markup(_));
    let is_number = |key: &&Value| matches!(key, Value::Bool(_) | Value::Int(_) | Value::Float(_));
    let is_short = |key: &&Value| can_be_written(key, 0) == Some(true) && name(key).is_some();
    (keys.len() < 2 || keys.iter().all(is_text) || keys.iter().all(is_number)) && keys.iter().all(is_short)
}

/// `dump(S)` where keys are in order and zlib is the stock one.
pub(in super::super) fn dump(session: &Map) -> Option<String> {
    let text = json(&Value::Map(session.clone()))?;
    let stream = zlib(text.as_bytes());
    Some(if stream.len() + 1 < text.len() { format!(".{}", b64(&stream)) } else { b64(text.as_bytes()) })
}

/// The JSON text of a value, tags included.
fn json(value: &Value) -> Option<String> {
    let all = |items: &[Value]| items.iter().map(json).collect::<Option<Vec<_>>>().map(|all| all.join(","));
    let tagged = |tag: &str, content: String| format!("{{\"{tag}\":{content}}}");
    let quoted = |text: String| format!("\"{text}\"");
    Some(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Float(float) => repr(*float),
        Value::Text(text) => escape(text),
        Value::List(items) => format!("[{}]", all(items)?),
        Value::Tuple(items) => tagged(" t", format!("[{}]", all(items)?)),
        Value::Bytes(bytes) => tagged(" b", quoted(standard_base64(bytes))),
        Value::Markup(text) => tagged(" m", escape(text)),
        Value::Uuid(uuid) => tagged(" u", quoted(format!("{uuid:032x}"))),
        Value::Datetime(datetime) => tagged(" d", quoted(fixdate(utc(datetime))?)),
        Value::Map(map) => match tag_like(map) {
            Some((key, content)) => tagged(" di", format!("{{\"{key}__\":{}}}", json(content)?)),
            None => {
                let entry = |key: &Value| Some(format!("{}:{}", escape(&name(key)?), json(map.get(key)?)?));
                let entries: Option<Vec<_>> = sorted(map)?.into_iter().map(entry).collect();
                format!("{{{}}}", entries?.join(","))
            }
        },
    })
}

/// Every map of a value.
pub(in super::super) fn maps(value: &Value) -> Vec<&Map> {
    match value {
        Value::List(items) | Value::Tuple(items) => items.iter().flat_map(maps).collect(),
        Value::Map(map) => [map].into_iter().chain(map.iter().flat_map(|(_, value)| maps(value))).collect(),
        _ => Vec::new(),
    }
}

/// Every datetime of a value.
pub(in super::super) fn datetimes(value: &Value) -> Vec<&crate::value::Datetime> {
    match value {
        Value::List(items) | Value::Tuple(items) => items.iter().flat_map(datetimes).collect(),
        Value::Map(map) => map.iter().flat_map(|(_, value)| datetimes(value)).collect(),
        Value::Datetime(datetime) => vec![datetime],
        _ => Vec::new(),
    }
}

/// `sorted(keys(m))`; not known where numbers are beyond what a double holds exactly.
pub(in super::super) fn sorted(map: &Map) -> Option<Vec<&Value>> {
    let mut keys: Vec<&Value> = map.iter().map(|(key, _)| key).collect();
    let number = |key: &Value| match key {
        Value::Float(float) => Some(*float),
        other => other.as_int()?.to_string().parse::<f64>().ok(),
    };
    let is_text = |key: &&Value| matches!(key, Value::Text(_) | Value::Markup(_));
    if keys.iter().all(is_text) {
        keys.sort_by_key(|key| name(key));
    } else if keys.len() > 1 {
        let exact = |key: &&Value| number(key).is_some_and(|number| number.abs() < 9e15);
        if !keys.iter().all(exact) {
            return None;
        }
        keys.sort_by(|a, b| number(a).partial_cmp(&number(b)).unwrap_or(Ordering::Equal));
    }
    Some(keys)
}
