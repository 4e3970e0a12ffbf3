//! How session values cross the adapter protocol: plain JSON where JSON says it all, one-key objects that begin with `$`
//! elsewhere (`spec/adapter-protocol.md`, "Values"). Flask's own tags never appear here.

use super::kind::ValueKind;
use super::{
    BigInt, Map, Text, Value,
    iso::{datetime_from_iso, datetime_to_iso},
};
use crate::json::{Json, json};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::collections::BTreeSet;

/// Why a JSON value is not the encoding of a session value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// A one-key object with an unknown `$` key.
    #[error("unknown form {0:?}: see the table of values in the protocol")]
    Form(String),
    /// A `$` form whose content is wrong.
    #[error("{form} needs {needs}")]
    Content {
        /// The form's key.
        form: &'static str,
        /// What stands in it when it is right.
        needs: &'static str,
    },
    /// A number that JSON readers disagree about.
    #[error("the number {0} must be written as {{\"$int\":…}} or {{\"$float\":…}}")]
    Number(String),
    /// A map was needed.
    #[error("a map is needed, not {0}")]
    NotAMap(&'static str),
}

/// The largest integer that every JSON reader keeps.
const PLAIN_INTEGERS: u64 = (1 << 53) - 1;

/// How many pairs a `$map` has at most.
const MOST_PAIRS: usize = 10_000;

/// A session value from its encoding.
pub fn decode(json: &Json) -> Result<Value, WireError> {
    match json {
        Json::Null => Ok(Value::Null),
        Json::Bool(b) => Ok(Value::Bool(*b)),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(int), _) if int.unsigned_abs() <= PLAIN_INTEGERS => Ok(Value::int(int)),
            (None, float) if float.fract() != 0.0 => Ok(Value::Float(float)),
            _ => Err(WireError::Number(number.to_string())),
        },
        Json::String(text) => Ok(Value::Text(text.as_str().into())),
        Json::Array(items) => Ok(Value::List(decode_all(items)?)),
        Json::Object(object) => {
            if let (1, Some((key, content))) = (object.len(), object.iter().next())
                && key.starts_with('$')
            {
                return decode_form(key, content);
            }
            let entry = |(key, value): (&String, &Json)| Ok((Value::from(key.as_str()), decode(value)?));
            Ok(Value::Map(Map::of_distinct(object.iter().map(entry).collect::<Result<_, WireError>>()?)))
        }
    }
}

/// A session from its encoding.
pub fn decode_map(json: &Json) -> Result<Map, WireError> {
    match decode(json)? {
        Value::Map(map) => Ok(map),
        other => Err(WireError::NotAMap(kind(&other))),
    }
}

fn decode_all(items: &[Json]) -> Result<Vec<Value>, WireError> {
    items.iter().map(decode).collect()
}

fn decode_form(key: &str, content: &Json) -> Result<Value, WireError> {
    let wrong = |form, needs| WireError::Content { form, needs };
    let text = content.as_str();
    match key {
        "$bytes" => text
            .and_then(|t| STANDARD.decode(t).ok())
            .map(Value::Bytes)
            .ok_or(wrong("$bytes", "standard base64 with padding")),
        "$datetime" => text
            .and_then(datetime_from_iso)
            .map(Value::Datetime)
            .ok_or(wrong("$datetime", "ISO 8601 text such as 2024-02-29T12:30:00+00:00")),
        "$float" => {
            text.and_then(|t| t.parse().ok()).map(Value::Float).ok_or(wrong("$float", "text such as 1.0, nan or -inf"))
        }
        "$int" => {
            text.and_then(|t| t.parse::<BigInt>().ok()).map(Value::Int).ok_or(wrong("$int", "decimal digits as text"))
        }
        "$map" => {
            let mut map = Map::new();
            let pairs = content.as_array().ok_or(wrong("$map", "a list of pairs"))?;
            // Each key is compared with all before it.
            if pairs.len() > MOST_PAIRS {
                return Err(wrong("$map", "no more than 10000 pairs"));
            }
            for pair in pairs {
                match pair.as_array().map(Vec::as_slice) {
                    Some([key, value]) => map.insert(decode(key)?, decode(value)?),
                    _ => return Err(wrong("$map", "pairs of key and value")),
                }
            }
            Ok(Value::Map(map))
        }
        "$markup" => match decode(content)? {
            Value::Text(text) => Ok(Value::Markup(text)),
            _ => Err(wrong("$markup", "text")),
        },
        "$tuple" => {
            content.as_array().ok_or(wrong("$tuple", "a list")).and_then(|items| Ok(Value::Tuple(decode_all(items)?)))
        }
        "$utf16" => content
            .as_array()
            .and_then(|units| units.iter().map(|u| u.as_u64().and_then(|u| u16::try_from(u).ok())).collect())
            .map(|units: Vec<u16>| Value::Text(Text::from_utf16(units)))
            .ok_or(wrong("$utf16", "a list of UTF-16 code units")),
        "$uuid" => text
            .and_then(|t| uuid::Uuid::try_parse(t).ok())
            .map(|uuid| Value::Uuid(uuid.as_u128()))
            .ok_or(wrong("$uuid", "text such as 12345678-1234-5678-1234-567812345678")),
        other => Err(WireError::Form(other.to_owned())),
    }
}

/// The encoding of a session value.
pub fn encode(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => json!(b),
        Value::Bytes(bytes) => json!({ "$bytes": STANDARD.encode(bytes) }),
        Value::Datetime(datetime) => json!({ "$datetime": datetime_to_iso(datetime) }),
        Value::Float(float) if float.is_finite() && float.fract() != 0.0 => json!(float),
        Value::Float(float) => json!({ "$float": python_float(*float) }),
        Value::Int(int) => match i64::try_from(int) {
            Ok(small) if small.unsigned_abs() <= PLAIN_INTEGERS => json!(small),
            _ => json!({ "$int": int.to_string() }),
        },
        Value::List(items) => items.iter().map(encode).collect(),
        Value::Map(map) => encode_map(map),
        Value::Markup(text) => json!({ "$markup": encode_text(text) }),
        Value::Text(text) => encode_text(text),
        Value::Tuple(items) => json!({ "$tuple": items.iter().map(encode).collect::<Json>() }),
        Value::Uuid(uuid) => json!({ "$uuid": uuid::Uuid::from_u128(*uuid).to_string() }),
    }
}

/// The encoding of a session.
pub fn encode_map(map: &Map) -> Json {
    let plain: Option<Vec<(String, &Value)>> = map
        .iter()
        .map(|(key, value)| match key {
            Value::Text(text) => Some((text.to_utf8()?, value)),
            _ => None,
        })
        .collect();
    match plain {
        Some(entries) if !matches!(&entries[..], [(key, _)] if key.starts_with('$')) => {
            Json::Object(entries.into_iter().map(|(k, v)| (k, encode(v))).collect())
        }
        _ => {
            let pairs: Json = map.iter().map(|(k, v)| json!([encode(k), encode(v)])).collect();
            json!({ "$map": pairs })
        }
    }
}

fn encode_text(text: &Text) -> Json {
    match text.to_utf8() {
        Some(plain) => json!(plain),
        None => json!({ "$utf16": text.to_utf16() }),
    }
}

/// A float as Python's `repr` writes it: the shortest digits that read back as the same number, with an exponent below
/// 1e-4 and from 1e16 on (`PAY-3`). Infinities and NaN are `inf`, `-inf` and `nan`.
pub fn python_float(float: f64) -> String {
    if float.is_nan() {
        return "nan".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let (digits, power) = shortest(float);
    let minus = if float.is_sign_negative() { "-" } else { "" };
    let point = power + 1;
    let count = digits.len() as i32;
    match power {
        -4..0 => format!("{minus}0.{}{digits}", "0".repeat((-point) as usize)),
        0..16 if point >= count => format!("{minus}{digits}{}.0", "0".repeat((point - count) as usize)),
        0..16 => format!("{minus}{}.{}", &digits[..point as usize], &digits[point as usize..]),
        _ => {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            let sign = if power < 0 { '-' } else { '+' };
            format!("{minus}{first}{dot}{rest}e{sign}{:02}", power.abs())
        }
    }
}

/// The shortest digits that read back as a finite float, without zeros at either end, and the power of ten of the first. Of two
/// such texts the nearer one is taken, and the even one where both are as near, as Python does and `core::fmt` does not.
fn shortest(float: f64) -> (String, i32) {
    let text = json!(float.abs()).to_string();
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let leading = all.len() - all.trim_start_matches('0').len();
    let digits = all.trim_matches('0');
    if digits.is_empty() {
        return ("0".to_owned(), 0);
    }
    let exponent: i32 = exponent.parse().unwrap_or(0);
    (digits.to_owned(), exponent + whole.len() as i32 - 1 - leading as i32)
}

/// The kinds of value that `value` needs of an adapter (`values` in `hello`), beyond `json`.
pub fn kinds_needed(value: &Value, kinds: &mut BTreeSet<ValueKind>) {
    let text = |text: &Text, kinds: &mut BTreeSet<_>| {
        if text.to_utf8().is_none() {
            kinds.insert(ValueKind::Surrogates);
        }
    };
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Bytes(_) => {
            kinds.insert(ValueKind::Bytes);
        }
        Value::Datetime(_) => {
            kinds.insert(ValueKind::Datetime);
        }
        Value::Uuid(_) => {
            kinds.insert(ValueKind::Uuid);
        }
        Value::Float(float) if float.is_finite() && float.fract() != 0.0 => {}
        Value::Float(_) => {
            kinds.insert(ValueKind::Floats);
        }
        Value::Int(int) => {
            if i64::try_from(int).is_ok_and(|n| n.unsigned_abs() <= PLAIN_INTEGERS) {
                return;
            }
            kinds.insert(ValueKind::Integers);
        }
        Value::List(items) => items.iter().for_each(|item| kinds_needed(item, kinds)),
        Value::Map(map) => {
            for (key, value) in map.iter() {
                match key {
                    Value::Text(key) => text(key, kinds),
                    _ => {
                        kinds.insert(ValueKind::Map);
                        kinds_needed(key, kinds);
                    }
                }
                kinds_needed(value, kinds);
            }
        }
        Value::Markup(markup) => {
            kinds.insert(ValueKind::Markup);
            text(markup, kinds);
        }
        Value::Text(t) => text(t, kinds),
        Value::Tuple(items) => {
            kinds.insert(ValueKind::Tuple);
            items.iter().for_each(|item| kinds_needed(item, kinds));
        }
    }
}

/// The name of a value's type, as the protocol and messages use it.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Bytes(_) => "bytes",
        Value::Datetime(_) => "datetime",
        Value::Float(_) => "float",
        Value::Int(_) => "integer",
        Value::List(_) => "list",
        Value::Map(_) => "map",
        Value::Markup(_) => "markup",
        Value::Text(_) => "text",
        Value::Tuple(_) => "tuple",
        Value::Uuid(_) => "uuid",
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        encode(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decode(&Json::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for Map {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        encode_map(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Map {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decode_map(&Json::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_goes_round() {
        for text in [
            r#"{"$tuple":[1,{"$tuple":[]}]}"#,
            r#"{"$bytes":"AAH/"}"#,
            r#"{"$uuid":"12345678-1234-5678-1234-567812345678"}"#,
            r#"{"$datetime":"2024-02-29T12:30:00+00:00"}"#,
            r#"{"$datetime":"2024-02-29T12:30:00.000250-05:30"}"#,
            r#"{"$datetime":"0001-01-01T00:00:00"}"#,
            r#"{"$markup":{"$utf16":[55296]}}"#,
            r#"{"$float":"1.0"}"#,
            r#"{"$float":"-0.0"}"#,
            r#"{"$float":"nan"}"#,
            r#"{"$int":"9007199254740992"}"#,
            r#"{"$int":"-9223372036854775808"}"#,
            r#"{"$map":[["$int",1]]}"#,
            r#"{"$map":[[5,"x"],[null,"y"]]}"#,
            r#"{"$int":1,"other":[0.5,-9007199254740991]}"#,
        ] {
            let json: Json = crate::json::from_str(text).unwrap();
            assert_eq!(encode(&decode(&json).unwrap()).to_string(), text);
        }
    }

    #[test]
    fn what_is_not_an_encoding_is_refused() {
        for text in [
            r#"{"$bytes":"A"}"#,
            r#"{"$nothing":1}"#,
            "9007199254740993",
            "1.0",
            r#"{"$map":[[1]]}"#,
            r#"{"$int":"1x"}"#,
        ] {
            let json: Json = crate::json::from_str(text).unwrap();
            assert!(decode(&json).is_err(), "{text}");
        }
    }

    #[test]
    fn floats_are_spelled_as_python_spells_them() {
        for (float, text) in [
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (5e-324, "5e-324"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (123456789.125, "123456789.125"),
            (1235940514169873.2, "1235940514169873.2"),
            (-89649917681997.12, "-89649917681997.12"),
            (9999999999999998.0, "9999999999999998.0"),
            (0.0, "0.0"),
            (100.0, "100.0"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
        ] {
            assert_eq!(python_float(float), text);
        }
    }
}
