//! Session values as the JSON of `serde_json`, for implementers in Rust whose sessions are made of that.
//!
//! It knows no tags and no escapes: what plain JSON cannot hold is not turned into something else.

use super::{BigInt, Map, Value};
use serde_json::{Map as JsonMap, Number, Value as Json};

/// A session as plain JSON; none when a value in it has no such form: an integer beyond 64 bits, a float that is no number, text
/// with lone surrogates, a key that is not text, or a type that JSON lacks.
pub fn to_json(session: &Map) -> Option<JsonMap<String, Json>> {
    let entry = |(key, value): (&Value, &Value)| match key {
        Value::Text(key) => Some((key.to_utf8()?, value_to_json(value)?)),
        _ => None,
    };
    session.iter().map(entry).collect()
}

fn value_to_json(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Float(float) => Json::Number(Number::from_f64(*float)?),
        Value::Int(int) => match i64::try_from(int) {
            Ok(int) => int.into(),
            Err(_) => u64::try_from(int).ok()?.into(),
        },
        Value::List(items) => Json::Array(items.iter().map(value_to_json).collect::<Option<_>>()?),
        Value::Map(map) => Json::Object(to_json(map)?),
        Value::Text(text) => Json::String(text.to_utf8()?),
        Value::Bytes(_) | Value::Datetime(_) | Value::Markup(_) | Value::Tuple(_) | Value::Uuid(_) => return None,
    })
}

/// Plain JSON as a session.
pub fn from_json(session: JsonMap<String, Json>) -> Map {
    session.into_iter().map(|(key, value)| (Value::Text(key.into()), value_from_json(value))).collect()
}

fn value_from_json(value: Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(truth),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Value::Int(BigInt::from(int)),
            (None, Some(int)) => Value::Int(BigInt::from(int)),
            (None, None) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::Text(text.as_str().into()),
        Json::Array(items) => Value::List(items.into_iter().map(value_from_json).collect()),
        Json::Object(map) => Value::Map(from_json(map)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_values_survive_the_trip() {
        let Json::Object(session) = json!({"a": [1, -2, 18446744073709551615u64, 0.5, true, null], "$b": {"c": "é"}})
        else {
            panic!("it is an object")
        };
        assert_eq!(to_json(&from_json(session.clone())), Some(session));
    }

    #[test]
    fn what_json_lacks_has_no_plain_form() {
        let lone = crate::value::Text::from_code_points([0xD800]);
        for value in [
            Value::Float(f64::NAN),
            Value::Int(BigInt::from(1) << 64),
            Value::Text(lone),
            Value::Tuple(Vec::new()),
            Value::Map([(Value::int(1), Value::Null)].into_iter().collect()),
        ] {
            assert_eq!(to_json(&[("a", value)].into_iter().collect()), None);
        }
    }
}
