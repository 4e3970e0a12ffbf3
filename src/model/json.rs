//! JSON text as Python's `json` module writes and reads it, which is not quite JSON: `NaN`, `Infinity`, integers of any size and
//! lone surrogates are written and read (`PAY-1` to `PAY-5`).
//!
//! Crates that read JSON refuse lone surrogates, and Flask does not, so the reader is our own.

use super::Raised;
use crate::value::{BigInt, Map, Text, Value, wire::python_float};
use std::cmp::Ordering;

/// How deep lists and maps may be nested. Python's own limit depends on its version and lies higher than any real session.
const MAX_DEPTH: usize = 200;

/// How many digits Python converts between text and integers (CPython's `sys.int_info.default_max_str_digits`).
const MAX_DIGITS: usize = 4300;

/// Writes plain values (null, booleans, numbers, text, lists, maps) as compact ASCII JSON with sorted keys. Markup counts as
/// text and tuples as lists, as they do in Python.
pub fn write(value: &Value) -> Result<String, Raised> {
    let mut json = String::new();
    write_value(value, &mut json, 0)?;
    Ok(json)
}

fn write_value(value: &Value, json: &mut String, depth: usize) -> Result<(), Raised> {
    if depth > MAX_DEPTH {
        return Err(Raised::NotJson);
    }
    match value {
        Value::List(items) | Value::Tuple(items) => {
            json.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    json.push(',');
                }
                write_value(item, json, depth + 1)?;
            }
            json.push(']');
        }
        Value::Map(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            check_keys_can_be_ordered(&entries)?;
            entries.sort_by(|(a, _), (b, _)| order_of_keys(a, b));
            json.push('{');
            for (i, (key, value)) in entries.into_iter().enumerate() {
                if i > 0 {
                    json.push(',');
                }
                write_key(key, json)?;
                json.push(':');
                write_value(value, json, depth + 1)?;
            }
            json.push('}');
        }
        Value::Markup(text) | Value::Text(text) => write_text(text, json),
        scalar => json.push_str(&scalar_text(scalar)?),
    }
    Ok(())
}

/// Null, booleans and numbers, as values and as keys.
fn scalar_text(value: &Value) -> Result<String, Raised> {
    match value {
        Value::Null => Ok("null".to_owned()),
        Value::Bool(b) => Ok(b.to_string()),
        Value::Float(float) => Ok(match python_float(*float).as_str() {
            "nan" => "NaN".to_owned(),
            "inf" => "Infinity".to_owned(),
            "-inf" => "-Infinity".to_owned(),
            finite => finite.to_owned(),
        }),
        Value::Int(int) => {
            let digits = int.to_string();
            if digits.trim_start_matches('-').len() > MAX_DIGITS {
                return Err(Raised::NotJson);
            }
            Ok(digits)
        }
        _ => Err(Raised::NotJson),
    }
}

fn write_key(key: &Value, json: &mut String) -> Result<(), Raised> {
    match key {
        Value::Markup(text) | Value::Text(text) => write_text(text, json),
        other => write_text(&scalar_text(other)?.into(), json),
    }
    Ok(())
}

/// Keys are ordered before they are converted, so text and numbers together cannot be (`PAY-5`).
fn check_keys_can_be_ordered(entries: &[(&Value, &Value)]) -> Result<(), Raised> {
    let is_text = |key: &Value| matches!(key, Value::Markup(_) | Value::Text(_));
    let is_number = |key: &Value| matches!(key, Value::Bool(_) | Value::Float(_) | Value::Int(_));
    let ordered = entries.len() < 2
        || entries.iter().all(|(key, _)| is_text(key))
        || entries.iter().all(|(key, _)| is_number(key));
    if ordered { Ok(()) } else { Err(Raised::NotJson) }
}

/// Text by code point, numbers by value. NaN, which Python leaves wherever its sorting happens to, comes last.
fn order_of_keys(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Markup(a) | Value::Text(a), Value::Markup(b) | Value::Text(b)) => a.cmp(b),
        _ => {
            let (x, y) = (number(a), number(b));
            let roughly = x.is_nan().cmp(&y.is_nan()).then(x.partial_cmp(&y).unwrap_or(Ordering::Equal));
            roughly.then_with(|| whole(a).cmp(&whole(b)))
        }
    }
}

/// A key as a double, rounded.
fn number(key: &Value) -> f64 {
    match key {
        Value::Float(float) => *float,
        other => match other.as_int().and_then(|n| n.to_string().parse::<f64>().ok()) {
            Some(rounded) => rounded.clamp(f64::MIN, f64::MAX),
            None => f64::NAN,
        },
    }
}

/// A key as an exact integer. Asked of keys that are one double alike: where one of them is an integer, the other is whole too.
fn whole(key: &Value) -> Option<BigInt> {
    match key {
        Value::Float(float) => format!("{float:.0}").parse().ok(),
        other => other.as_int(),
    }
}

fn write_text(text: &Text, json: &mut String) {
    json.push('"');
    for unit in text.to_utf16() {
        match unit {
            0x08 => json.push_str("\\b"),
            0x09 => json.push_str("\\t"),
            0x0A => json.push_str("\\n"),
            0x0C => json.push_str("\\f"),
            0x0D => json.push_str("\\r"),
            0x22 => json.push_str("\\\""),
            0x5C => json.push_str("\\\\"),
            0x20..=0x7E => json.push(char::from(unit as u8)),
            _ => json.push_str(&format!("\\u{unit:04x}")),
        }
    }
    json.push('"');
}

/// Reads JSON text as Python's `json.loads` does. The same key twice: the last value, in the first place.
pub fn read(json: &str) -> Result<Value, Raised> {
    let mut reader = Reader { rest: json };
    reader.skip_space();
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.rest.is_empty() { Ok(value) } else { Err(Raised::Payload) }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn need(&mut self, word: &str) -> Result<(), Raised> {
        if self.take(word) { Ok(()) } else { Err(Raised::Payload) }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Raised> {
        if depth > MAX_DEPTH {
            return Err(Raised::Payload);
        }
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ] {
            if self.take(word) {
                return Ok(value);
            }
        }
        match self.rest.as_bytes().first() {
            Some(b'"') => self.text().map(Value::Text),
            Some(b'[') => self.list(depth),
            Some(b'{') => self.map(depth),
            _ => self.number(),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, Raised> {
        self.need("[")?;
        self.skip_space();
        let mut items = Vec::new();
        if self.take("]") {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take("]") {
                return Ok(Value::List(items));
            }
            self.need(",")?;
            self.skip_space();
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, Raised> {
        self.need("{")?;
        self.skip_space();
        let mut map = Map::new();
        if self.take("}") {
            return Ok(Value::Map(map));
        }
        loop {
            let key = self.text()?;
            self.skip_space();
            self.need(":")?;
            self.skip_space();
            map.insert(Value::Text(key), self.value(depth + 1)?);
            self.skip_space();
            if self.take("}") {
                return Ok(Value::Map(map));
            }
            self.need(",")?;
            self.skip_space();
        }
    }

    fn text(&mut self) -> Result<Text, Raised> {
        self.need("\"")?;
        let mut text = Text::default();
        loop {
            let c = self.next()?;
            match c {
                '"' => return Ok(text),
                '\\' => text.push(self.escape()?),
                '\0'..='\x1F' => return Err(Raised::Payload),
                _ => text.push(u32::from(c)),
            }
        }
    }

    fn next(&mut self) -> Result<char, Raised> {
        let mut chars = self.rest.chars();
        let c = chars.next().ok_or(Raised::Payload)?;
        self.rest = chars.as_str();
        Ok(c)
    }

    fn escape(&mut self) -> Result<u32, Raised> {
        Ok(match self.next()? {
            c @ ('"' | '\\' | '/') => u32::from(c),
            'b' => 0x08,
            'f' => 0x0C,
            'n' => 0x0A,
            'r' => 0x0D,
            't' => 0x09,
            'u' => {
                let digits = self.rest.get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
                let unit = digits.and_then(|d| u32::from_str_radix(d, 16).ok()).ok_or(Raised::Payload)?;
                self.rest = &self.rest[4..];
                unit
            }
            _ => return Err(Raised::Payload),
        })
    }

    fn digits(&mut self) -> &str {
        let end = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits
    }

    /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?`, the longest match; a part that does not match is left for the
    /// caller to stumble over.
    fn number(&mut self) -> Result<Value, Raised> {
        let start = self.rest;
        self.take("-");
        if !self.take("0") && self.digits().is_empty() {
            return Err(Raised::Payload);
        }
        let mut is_float = false;
        let mut mark = self.rest;
        if self.take(".") && !self.digits().is_empty() {
            is_float = true;
            mark = self.rest;
        }
        self.rest = mark;
        if self.take("e") || self.take("E") {
            if !self.take("-") {
                self.take("+");
            }
            if !self.digits().is_empty() {
                is_float = true;
                mark = self.rest;
            }
        }
        self.rest = mark;
        let number = &start[..start.len() - mark.len()];
        if is_float {
            return number.parse().map(Value::Float).map_err(|_| Raised::Payload);
        }
        if number.trim_start_matches('-').len() > MAX_DIGITS {
            return Err(Raised::Payload);
        }
        number.parse::<BigInt>().map(Value::Int).map_err(|_| Raised::Payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_writes_comes_back_to_the_letter() {
        for json in [
            r#"{"a":[1,-2,0.5,1e+16,NaN,Infinity,-Infinity,null,true,false],"b":{"c":""}}"#,
            r#"["\b\t\n\f\r\"\\/\u0000\u007f\u00e9\ud83d\ude00\ud800"]"#,
            "123456789012345678901234567890",
            "-0.0",
        ] {
            assert_eq!(write(&read(json).unwrap()).as_deref(), Ok(json));
        }
    }

    #[test]
    fn python_reads_these_too() {
        for (text, value) in [
            (" {\"a\" : 1 , \"a\":2 } ", Value::Map([("a", Value::int(2))].into_iter().collect())),
            ("1E5", Value::Float(1e5)),
            ("1e400", Value::Float(f64::INFINITY)),
            ("-0", Value::int(0)),
        ] {
            assert_eq!(read(text), Ok(value));
        }
    }

    #[test]
    fn python_refuses_these() {
        for text in
            ["", "01", "1.", "-", ".5", "[1,]", "{\"a\":1,}", "\"\t\"", "'a'", "\u{FEFF}1", "1 2", "\"\\x\"", "nan"]
        {
            assert_eq!(read(text), Err(Raised::Payload), "{text:?}");
        }
        assert_eq!(read(&"[".repeat(100_000)), Err(Raised::Payload));
        assert_eq!(read(&"1".repeat(4301)), Err(Raised::Payload));
    }

    #[test]
    fn what_is_too_deep_or_too_long_is_neither_written_nor_read() {
        let lists = |levels| (0..levels).fold(Value::Null, |inner, _| Value::List(vec![inner]));
        let maps = |levels| (0..levels).fold(Value::Null, |inner, _| Value::Map([("a", inner)].into_iter().collect()));
        for (deepest, too_deep) in [(lists(MAX_DEPTH), lists(MAX_DEPTH + 1)), (maps(MAX_DEPTH), maps(MAX_DEPTH + 1))] {
            let json = write(&deepest).unwrap();
            assert_eq!(read(&json), Ok(deepest));
            assert_eq!(write(&too_deep), Err(Raised::NotJson));
        }
        let [list, map] = [("[", "]"), ("{\"a\":", "}")].map(|(open, close)| {
            let levels = MAX_DEPTH + 1;
            format!("{}1{}", open.repeat(levels), close.repeat(levels))
        });
        assert_eq!((read(&list), read(&map)), (Err(Raised::Payload), Err(Raised::Payload)));
        for (sign, digits, is_short_enough) in
            [("", MAX_DIGITS, true), ("-", MAX_DIGITS, true), ("", MAX_DIGITS + 1, false)]
        {
            let int = Value::Int(format!("{sign}{}", "1".repeat(digits)).parse().unwrap());
            assert_eq!(write(&int).is_ok(), is_short_enough, "{sign}{digits}");
        }
    }

    #[test]
    fn keys_are_ordered_before_they_become_text() {
        let map = |keys: Vec<Value>| Value::Map(keys.into_iter().map(|k| (k, Value::Null)).collect());
        let numbers = map(vec![Value::int(10), Value::int(9), Value::Bool(true)]);
        assert_eq!(write(&numbers).as_deref(), Ok(r#"{"true":null,"9":null,"10":null}"#));
        assert_eq!(write(&map(vec![Value::Null])).as_deref(), Ok(r#"{"null":null}"#));
        assert_eq!(write(&map(vec![Value::int(1), "1".into()])), Err(Raised::NotJson));
        assert_eq!(write(&map(vec![Value::Bytes(vec![])])), Err(Raised::NotJson));
    }

    #[test]
    fn any_numbers_have_an_order_with_nan_behind_them() {
        let big = BigInt::from(1u64 << 53);
        let mut keys: Vec<Value> = (0..60).map(|i| Value::Float(f64::from(i * 37 % 60) + 0.5)).collect();
        keys.extend([Value::Int(&big + 1), Value::Float((1u64 << 53) as f64), Value::Int(&big - 1)]);
        keys.extend([Value::Float(((1u64 << 53) + 4) as f64), Value::Int(&big + 3)]);
        for i in (0..60).step_by(7) {
            keys.insert(i, Value::Float(f64::NAN));
        }
        keys.sort_by(order_of_keys);
        let tail: Vec<_> = keys.iter().filter(|key| number(key) > 1e6 || number(key).is_nan()).cloned().collect();
        assert_eq!(tail[..3], [Value::Int(&big - 1), Value::Float((1u64 << 53) as f64), Value::Int(&big + 1)]);
        assert_eq!(tail[3..5], [Value::Int(&big + 3), Value::Float(((1u64 << 53) + 4) as f64)]);
        assert!(tail[5..].iter().all(|key| number(key).is_nan()));
        assert!(keys[..60].is_sorted_by(|a, b| number(a) < number(b)));
    }
}
