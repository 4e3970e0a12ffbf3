//! Writes a session as Flask and Python do: tags, sorted keys, compact ASCII text, all in one pass over the values.

use super::{
    Error, base64,
    json::{MAX_DEPTH, MAX_DIGITS},
    python, tags,
};
use crate::value::{BigInt, Datetime, Map, Text, Value};
use std::fmt::Write;
use time::UtcOffset;

/// The JSON text of a session (`PAY-1` to `PAY-11`).
pub(super) fn session(session: &Map) -> Result<String, Error> {
    let mut writer = Writer { json: String::with_capacity(256) };
    writer.map(session, 0)?;
    Ok(writer.json)
}

struct Writer {
    json: String,
}

impl Writer {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        check_depth(depth)?;
        match value {
            Value::List(items) => self.list(items, depth),
            Value::Map(map) => self.map(map, depth),
            Value::Text(text) => self.text(text),
            Value::Tuple(items) => self.tagged(" t", depth, |writer| writer.list(items, depth + 1)),
            Value::Bytes(bytes) => self.tagged(" b", depth, |writer| writer.bytes(bytes)),
            Value::Markup(text) => self.tagged(" m", depth, |writer| writer.text(text)),
            Value::Uuid(uuid) => self.tagged(" u", depth, |writer| writer.quoted(&format!("{uuid:032x}"))),
            Value::Datetime(datetime) => {
                let date = http_date(datetime)?;
                self.tagged(" d", depth, |writer| writer.quoted(&date))
            }
            Value::Bool(_) | Value::Float(_) | Value::Int(_) | Value::Null => {
                let text = scalar(value)?;
                self.json.push_str(&text);
                Ok(())
            }
        }
    }

    fn list(&mut self, items: &[Value], depth: usize) -> Result<(), Error> {
        self.json.push('[');
        for (i, item) in items.iter().enumerate() {
            self.comma(i);
            self.value(item, depth + 1)?;
        }
        self.json.push(']');
        Ok(())
    }

    fn map(&mut self, map: &Map, depth: usize) -> Result<(), Error> {
        let mut entries: Vec<(&Value, &Value)> = map.iter().collect();
        if let [(Value::Text(key) | Value::Markup(key), value)] = entries[..]
            && tags::tag_of(key).is_some()
        {
            return self.escaped(key, value, depth);
        }
        sort(&mut entries)?;
        self.json.push('{');
        for (i, (key, value)) in entries.into_iter().enumerate() {
            self.comma(i);
            match key {
                Value::Markup(text) | Value::Text(text) => self.text(text)?,
                scalar_key => self.quoted(&scalar(scalar_key)?)?,
            }
            self.json.push(':');
            self.value(value, depth + 1)?;
        }
        self.json.push('}');
        Ok(())
    }

    /// A map that would be read as a tagged value (`PAY-11`).
    fn escaped(&mut self, key: &Text, value: &Value, depth: usize) -> Result<(), Error> {
        self.tagged(" di", depth, |writer| {
            let _infallible = write!(writer.json, "{{\"{key}__\":");
            writer.value(value, depth + 2)?;
            writer.json.push('}');
            Ok(())
        })
    }

    fn tagged(
        &mut self,
        tag: &str,
        depth: usize,
        content: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        check_depth(depth + 1)?;
        let _infallible = write!(self.json, "{{\"{tag}\":");
        content(self)?;
        self.json.push('}');
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.json.push('"');
        base64::append_standard(bytes, &mut self.json);
        self.json.push('"');
        Ok(())
    }

    /// Text that needs no escape.
    fn quoted(&mut self, text: &str) -> Result<(), Error> {
        self.json.push('"');
        self.json.push_str(text);
        self.json.push('"');
        Ok(())
    }

    fn text(&mut self, text: &Text) -> Result<(), Error> {
        self.json.push('"');
        for &point in text.code_points() {
            match char::from_u32(point) {
                Some('"') => self.json.push_str("\\\""),
                Some('\\') => self.json.push_str("\\\\"),
                Some(plain @ ' '..='~') => self.json.push(plain),
                Some('\n') => self.json.push_str("\\n"),
                Some('\r') => self.json.push_str("\\r"),
                Some('\t') => self.json.push_str("\\t"),
                Some('\u{8}') => self.json.push_str("\\b"),
                Some('\u{C}') => self.json.push_str("\\f"),
                Some(other) => {
                    for unit in other.encode_utf16(&mut [0; 2]) {
                        self.escape(u32::from(*unit));
                    }
                }
                None => self.escape(point),
            }
        }
        self.json.push('"');
        Ok(())
    }

    fn escape(&mut self, unit: u32) {
        let _infallible = write!(self.json, "\\u{unit:04x}");
    }

    fn comma(&mut self, i: usize) {
        if i > 0 {
            self.json.push(',');
        }
    }
}

fn check_depth(depth: usize) -> Result<(), Error> {
    if depth > MAX_DEPTH { Err(Error::Unwritable("lists and maps are nested too deep")) } else { Ok(()) }
}

/// Null, booleans and numbers, as values and as keys (`PAY-3`, `PAY-5`).
fn scalar(value: &Value) -> Result<String, Error> {
    Ok(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Float(float) if float.is_nan() => "NaN".to_owned(),
        Value::Float(float) if float.is_infinite() => {
            if float.is_sign_positive() { "Infinity" } else { "-Infinity" }.to_owned()
        }
        Value::Float(float) => python::finite_float(*float),
        Value::Int(int) => {
            let text = int.to_string();
            if text.trim_start_matches('-').len() > MAX_DIGITS {
                return Err(Error::Unwritable("an integer has too many digits"));
            }
            text
        }
        _ => return Err(Error::Unwritable("a key is neither text, number, boolean nor null")),
    })
}

/// The datetime as an HTTP date in UTC; naive ones count as UTC (`PAY-10`).
fn http_date(datetime: &Datetime) -> Result<String, Error> {
    let offset = datetime.offset.unwrap_or(UtcOffset::UTC);
    let utc = datetime
        .local
        .checked_sub(time::Duration::seconds(offset.whole_seconds().into()))
        .filter(|utc| (1..=9999).contains(&utc.year()))
        .ok_or(Error::Calendar)?;
    let (weekday, month) = (utc.weekday().to_string(), utc.month().to_string());
    let (hour, minute, second) = utc.as_hms();
    let (weekday, month) = (weekday.get(..3).unwrap_or_default(), month.get(..3).unwrap_or_default());
    Ok(format!("{weekday}, {:02} {month} {:04} {hour:02}:{minute:02}:{second:02} GMT", utc.day(), utc.year()))
}

/// Sorts entries by their keys as they are before they become text: text by code point, numbers by value. Text and numbers
/// together have no order, nor has null beside anything (`PAY-2`, `PAY-5`). NaN, for which Python's order is an accident,
/// comes last.
fn sort(entries: &mut [(&Value, &Value)]) -> Result<(), Error> {
    let is_text = |key: &Value| matches!(key, Value::Markup(_) | Value::Text(_));
    let is_number = |key: &Value| matches!(key, Value::Bool(_) | Value::Float(_) | Value::Int(_));
    let all = |is: &dyn Fn(&Value) -> bool| entries.iter().all(|(key, _)| is(key));
    if entries.len() > 1 && !all(&is_text) && !all(&is_number) {
        return Err(Error::Unwritable("keys of different kinds have no order"));
    }
    entries.sort_by(|(a, _), (b, _)| match (a, b) {
        (Value::Markup(a) | Value::Text(a), Value::Markup(b) | Value::Text(b)) => a.cmp(b),
        _ => Rank::of(a).cmp(&Rank::of(b)),
    });
    Ok(())
}

/// Where a number stands among others, exactly.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    MinusInfinity,
    /// The integer below it, and what it has beyond that: the bits of a double, which are ordered as doubles without a sign are.
    Finite(BigInt, u64),
    Infinity,
    NoNumber,
}

impl Rank {
    fn of(key: &Value) -> Self {
        match key {
            Value::Float(float) if *float == f64::INFINITY => Self::Infinity,
            Value::Float(float) if *float == f64::NEG_INFINITY => Self::MinusInfinity,
            Value::Float(float) => {
                let floor = float.floor();
                format!("{floor:.0}")
                    .parse()
                    .map_or(Self::NoNumber, |whole| Self::Finite(whole, (float - floor).to_bits()))
            }
            other => other.as_int().map_or(Self::NoNumber, |int| Self::Finite(int, 0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(entries: Vec<(Value, Value)>) -> Result<String, Error> {
        session(&entries.into_iter().collect())
    }

    fn keys(keys: Vec<Value>) -> Result<String, Error> {
        json(keys.into_iter().map(|key| (key, Value::Null)).collect())
    }

    #[test]
    fn every_type_has_its_tag() {
        let at = Datetime {
            local: time::macros::datetime!(2024-02-29 23:30:01.5),
            offset: Some(time::macros::offset!(-01:30)),
        };
        for (value, expected) in [
            (Value::Tuple(vec![Value::int(1), Value::Tuple(vec![])]), r#"{"a":{" t":[1,{" t":[]}]}}"#),
            (Value::Bytes(vec![0, 1, 255]), r#"{"a":{" b":"AAH/"}}"#),
            (Value::Markup("<b>".into()), r#"{"a":{" m":"<b>"}}"#),
            (Value::Uuid(1), r#"{"a":{" u":"00000000000000000000000000000001"}}"#),
            (Value::Datetime(at), r#"{"a":{" d":"Fri, 01 Mar 2024 01:00:01 GMT"}}"#),
            (Value::Float(-0.0), r#"{"a":-0.0}"#),
            (
                Value::Text(Text::from_utf16([0x7F, 0xE9, 0xD83D, 0xDE00, 0xD800])),
                "{\"a\":\"\\u007f\\u00e9\\ud83d\\ude00\\ud800\"}",
            ),
        ] {
            assert_eq!(json(vec![("a".into(), value)]).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_map_that_looks_like_a_tag_is_escaped() {
        assert_eq!(keys(vec![" t".into()]).as_deref(), Ok(r#"{" di":{" t__":null}}"#));
        assert_eq!(keys(vec![" t".into(), "a".into()]).as_deref(), Ok(r#"{" t":null,"a":null}"#));
        assert_eq!(keys(vec![" x".into()]).as_deref(), Ok(r#"{" x":null}"#));
    }

    #[test]
    fn keys_are_ordered_before_they_become_text() {
        let numbers = [
            Value::int(10),
            Value::Float(f64::NAN),
            Value::int(9),
            Value::Bool(true),
            Value::Float(9.5),
            Value::Float(-1.25),
            Value::Float(-1.75),
            Value::Float(f64::INFINITY),
        ];
        assert_eq!(
            keys(numbers.into()).as_deref(),
            Ok(r#"{"-1.75":null,"-1.25":null,"true":null,"9":null,"9.5":null,"10":null,"Infinity":null,"NaN":null}"#)
        );
        assert_eq!(
            keys(vec!["\u{1F600}".into(), "\u{FF61}".into()]).as_deref(),
            Ok(r#"{"\uff61":null,"\ud83d\ude00":null}"#)
        );
        assert_eq!(keys(vec![Value::Null]).as_deref(), Ok(r#"{"null":null}"#));
        for wrong in [vec![Value::Null, Value::int(1)], vec![Value::int(1), "1".into()], vec![Value::Bytes(vec![])]] {
            assert!(matches!(keys(wrong), Err(Error::Unwritable(_))));
        }
    }

    #[test]
    fn what_is_too_deep_or_too_long_is_refused() {
        let nested = |depth| (0..depth).fold(Value::Null, |inner, _| Value::List(vec![inner]));
        assert!(json(vec![("a".into(), nested(MAX_DEPTH - 1))]).is_ok());
        assert!(json(vec![("a".into(), nested(MAX_DEPTH))]).is_err());
        // A tuple is a map around a list.
        let tuples = |depth| (0..depth).fold(Value::Null, |inner, _| Value::Tuple(vec![inner]));
        assert!(json(vec![("a".into(), tuples(MAX_DEPTH / 2 - 1))]).is_ok());
        assert!(json(vec![("a".into(), Value::List(vec![tuples(MAX_DEPTH / 2 - 1)]))]).is_ok());
        assert!(json(vec![("a".into(), tuples(MAX_DEPTH / 2))]).is_err());
        // So are bytes, and a map that looks like a tag is two.
        let around = |depth, innermost| (0..depth).fold(innermost, |inner, _| Value::List(vec![inner]));
        let escaped = |depth| Value::Map([(" t", around(depth, Value::Null))].into_iter().collect());
        for (deepest, too_deep) in [
            (around(MAX_DEPTH - 2, Value::Bytes(vec![])), around(MAX_DEPTH - 1, Value::Bytes(vec![]))),
            (escaped(MAX_DEPTH - 3), escaped(MAX_DEPTH - 2)),
        ] {
            assert!(json(vec![("a".into(), deepest)]).is_ok());
            assert!(json(vec![("a".into(), too_deep)]).is_err());
        }
        let digits = |count| Value::Int("1".repeat(count).parse::<BigInt>().unwrap());
        assert!(json(vec![("a".into(), digits(MAX_DIGITS))]).is_ok());
        let long = "1".repeat(MAX_DIGITS + 1).parse::<BigInt>().unwrap();
        assert!(json(vec![("a".into(), Value::Int(long))]).is_err());
    }
}
