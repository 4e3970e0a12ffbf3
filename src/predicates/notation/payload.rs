//! Payloads as they are read: `json(p)`, `untag(j)`, `load(p)`, and what is lost on the way, `lossy(S)`.

use super::{
    Not, cookie, date,
    json::{self, Node},
};
use crate::stock_zlib::{self, DEFAULT_LEVEL, Format, InflateError};
use crate::{
    protocol::Base64Choice,
    value::{Datetime, Map, Text, Value},
};
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// The six tags (`PAY-11`).
pub(in super::super) const TAGS: [&str; 6] = [" di", " t", " b", " m", " u", " d"];

/// Payloads that inflate to more are not known.
const MOST_BYTES: usize = 1 << 26;

/// A payload with what stands in it.
pub(in super::super) struct Payload {
    /// `json(p)`.
    pub text: Result<String, Not>,
    pub node: Result<Node, Not>,
    /// `load(p)`.
    pub session: Result<Map, Not>,
}

impl Payload {
    pub fn of(payload: &[u8], choice: Base64Choice) -> Self {
        let text = text(payload, choice);
        let node = text.as_deref().map_err(|not| *not).and_then(Node::parse);
        let value = node.as_ref().map_err(|not| *not).and_then(Node::value);
        Self { session: value.and_then(untag).and_then(session), text, node }
    }

    /// Whether a node of the payload is of a kind.
    pub fn has(&self, is_it: impl Fn(&Node) -> bool) -> bool {
        self.node.as_ref().is_ok_and(|node| node.all().into_iter().any(is_it))
    }

    /// Whether a tag is in `kinds(p)`.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.has(|node| node.only().is_some_and(|(key, _)| *key == *tag))
    }
}

fn text(payload: &[u8], choice: Base64Choice) -> Result<String, Not> {
    let bytes = match payload.strip_prefix(b".") {
        Some(stream) => unzlib(&cookie::unb64(stream, choice).ok_or(Not::Readable)?)?,
        None => cookie::unb64(payload, choice).ok_or(Not::Readable)?,
    };
    String::from_utf8(bytes).map_err(|_| Not::Readable)
}

/// `unzlib(b)`.
pub(in super::super) fn unzlib(stream: &[u8]) -> Result<Vec<u8>, Not> {
    stock_zlib::inflate(stream, MOST_BYTES).map_err(|error| match error {
        InflateError::Data => Not::Readable,
        InflateError::TooLong => Not::Known,
    })
}

/// `zlib(j)`.
pub(in super::super) fn zlib(text: &[u8]) -> Vec<u8> {
    stock_zlib::deflate(text, DEFAULT_LEVEL, Format::Zlib)
}

/// `untag(j)`: from the inside out.
pub(in super::super) fn untag(value: Value) -> Result<Value, Not> {
    Ok(match value {
        Value::List(items) => Value::List(items.into_iter().map(untag).collect::<Result<_, _>>()?),
        Value::Map(map) => {
            let mut read = Map::new();
            for (key, value) in map {
                read.insert(key, untag(value)?);
            }
            let only = read.iter().next().filter(|_| read.len() == 1);
            let tag =
                only.and_then(|(key, _)| TAGS.iter().find(|tag| matches!(key, Value::Text(key) if *key == ***tag)));
            match (tag, only.map(|(_, content)| content.clone())) {
                (Some(tag), Some(content)) => marked(tag, content)?,
                _ => Value::Map(read),
            }
        }
        other => other,
    })
}

/// What a tag marks.
fn marked(tag: &str, content: Value) -> Result<Value, Not> {
    match (tag, content) {
        (" di", Value::Map(map)) => match map.into_iter().next() {
            Some((Value::Text(key), value)) => {
                Ok([(Value::Text(key.without_last(2)), value)].into_iter().collect::<Map>().into())
            }
            _ => Err(Not::Readable),
        },
        (" t", content) => items(&content).map(Value::Tuple),
        (" b", Value::Text(text) | Value::Markup(text)) => {
            let ascii = text.to_utf8().filter(|text| text.is_ascii()).ok_or(Not::Readable)?;
            cookie::python(ascii.as_bytes()).map(Value::Bytes).ok_or(Not::Readable)
        }
        (" b", Value::Bytes(bytes)) => cookie::python(&bytes).map(Value::Bytes).ok_or(Not::Readable),
        (" m", content) => str(&content).map(Value::Markup),
        (" u", Value::Text(text) | Value::Markup(text)) => uuid(&text),
        (" d", Value::Text(text) | Value::Markup(text)) => {
            let text = text.to_utf8().ok_or(Not::Known)?;
            Ok(date::read(&text)?.map_or(Value::Null, Value::Datetime))
        }
        (" d", Value::Bytes(_)) => Ok(Value::Null),
        (" d", content) if !content.is_true() => Ok(Value::Null),
        _ => Err(Not::Readable),
    }
}

/// What a sequence holds (`PAY-6`, `PAY-15`).
fn items(value: &Value) -> Result<Vec<Value>, Not> {
    match value {
        Value::List(items) | Value::Tuple(items) => Ok(items.clone()),
        Value::Map(map) => Ok(map.iter().map(|(key, _)| key.clone()).collect()),
        Value::Text(text) | Value::Markup(text) => {
            Ok(text.code_points().iter().map(|point| Value::Text(Text::from_code_points([*point]))).collect())
        }
        Value::Bytes(bytes) => Ok(bytes.iter().map(|byte| Value::int(*byte)).collect()),
        _ => Err(Not::Readable),
    }
}

/// Python's `str`, for text and words (`PAY-8`).
fn str(value: &Value) -> Result<Text, Not> {
    Ok(match value {
        Value::Text(text) | Value::Markup(text) => text.clone(),
        Value::Null => "None".into(),
        Value::Bool(truth) => if *truth { "True" } else { "False" }.into(),
        Value::Int(int) => int.to_string().into(),
        Value::Float(float) if float.is_finite() => json::repr(*float).into(),
        _ => return Err(Not::Known),
    })
}

/// `PAY-9`; digits beyond ASCII are not known.
fn uuid(text: &Text) -> Result<Value, Not> {
    let text = text.to_utf8().filter(|text| text.is_ascii()).ok_or(Not::Known)?;
    let hex = text.replace("urn:", "").replace("uuid:", "").trim_matches(['{', '}']).replace('-', "");
    if hex.len() != 32 {
        return Err(Not::Readable);
    }
    let number = hex.trim_matches([' ', '\t', '\n', '\x0B', '\x0C', '\r']);
    let number = number.strip_prefix('+').unwrap_or(number).to_ascii_lowercase();
    let number = number.strip_prefix("0x").map_or(number.as_str(), |rest| rest.strip_prefix('_').unwrap_or(rest));
    let is_run = |run: &str| !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !number.split('_').all(is_run) {
        return Err(Not::Readable);
    }
    u128::from_str_radix(&number.replace('_', ""), 16).map(Value::Uuid).map_err(|_| Not::Readable)
}

/// `PAY-15`.
fn session(value: Value) -> Result<Map, Not> {
    let value = match value {
        Value::Map(map) => return Ok(map),
        Value::Null => return Ok(Map::new()),
        other => other,
    };
    let mut session = Map::new();
    for pair in items(&value)? {
        let [key, value] = <[Value; 2]>::try_from(items(&pair)?).map_err(|_| Not::Readable)?;
        if !is_hashable(&key) {
            return Err(Not::Readable);
        }
        session.insert(key, value);
    }
    Ok(session)
}

/// Whether a value can be a key: lists and maps cannot.
pub(in super::super) fn is_hashable(value: &Value) -> bool {
    match value {
        Value::List(_) | Value::Map(_) => false,
        Value::Tuple(items) => items.iter().all(is_hashable),
        _ => true,
    }
}

/// `lossy(S)`; not known where the first century is in it (`PAY-10`).
pub(in super::super) fn lossy(session: &Map) -> Option<Map> {
    match lossy_value(&session.clone().into())? {
        Value::Map(map) => Some(map),
        _ => None,
    }
}

fn lossy_value(value: &Value) -> Option<Value> {
    Some(match value {
        Value::List(items) => Value::List(items.iter().map(lossy_value).collect::<Option<_>>()?),
        Value::Tuple(items) => Value::Tuple(items.iter().map(lossy_value).collect::<Option<_>>()?),
        Value::Map(map) => {
            let mut lost = Map::new();
            for (key, value) in map.iter() {
                lost.insert(Value::Text(name(key)?), lossy_value(value)?);
            }
            Value::Map(lost)
        }
        Value::Datetime(datetime) => {
            let at = OffsetDateTime::from_unix_timestamp(utc(datetime)).ok().filter(|at| at.year() >= 100)?;
            let local = PrimitiveDateTime::new(at.date(), at.time());
            Value::Datetime(Datetime { local, offset: Some(UtcOffset::UTC) })
        }
        other => other.clone(),
    })
}

/// `⌊utc(d)⌋`.
pub(in super::super) fn utc(datetime: &Datetime) -> i64 {
    let east = datetime.offset.map_or(0, UtcOffset::whole_seconds);
    datetime.local.assume_utc().unix_timestamp() - i64::from(east)
}

/// `name(k)`: the text that a key becomes; none if JSON cannot hold it (`PAY-5`).
pub(in super::super) fn name(key: &Value) -> Option<Text> {
    Some(match key {
        Value::Text(text) | Value::Markup(text) => text.clone(),
        Value::Null => "null".into(),
        Value::Bool(truth) => truth.to_string().into(),
        Value::Int(int) => int.to_string().into(),
        Value::Float(float) => json::repr(*float).into(),
        _ => return None,
    })
}
