//! Reads JSON text as Python does, in one pass over its bytes and without recursion.
//!
//! Python's dialect has `NaN`, `Infinity`, integers of any size and lone surrogates; the last of these no reader of the
//! usual crates takes. Tags are left as the maps that they are: [`super::tags`] gives them their meaning.

use super::Error;
use crate::value::{BigInt, Map, Text, Value};

/// How deep lists and maps may be nested, in reading and writing. Python's own limit varies with its version and lies higher.
pub(super) const MAX_DEPTH: usize = 200;

/// How many digits Python converts between integers and text.
pub(super) const MAX_DIGITS: usize = 4300;

/// What stands in a JSON text.
pub(super) struct Document {
    /// The value, tags and all.
    pub(super) value: Value,
    /// Whether any key could be a tag, which begins with a space.
    pub(super) may_have_tags: bool,
}

/// Reads a whole text. Of the same key twice the last value counts.
pub(super) fn read(text: &str) -> Result<Document, Error> {
    let mut reader = Reader { text, at: 0, may_have_tags: false };
    let value = reader.document()?;
    Ok(Document { value, may_have_tags: reader.may_have_tags })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    may_have_tags: bool,
}

/// A list or map whose end has not come.
enum Open {
    List(Vec<Value>),
    Map(Map, Text),
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Value, Error> {
        let mut open = Vec::new();
        self.skip_space();
        loop {
            if open.len() > MAX_DEPTH {
                return self.wrong();
            }
            if let Some(value) = self.start(&mut open)?
                && let Some(whole) = self.place(value, &mut open)?
            {
                return if self.at == self.text.len() { Ok(whole) } else { self.wrong() };
            }
        }
    }

    /// Reads what stands at the start of a value: the whole of it, or the opening of a list or map that has something in it.
    fn start(&mut self, open: &mut Vec<Open>) -> Result<Option<Value>, Error> {
        match self.peek() {
            Some(b'"') => self.string().map(|text| Some(Value::Text(text))),
            Some(b'[') => {
                self.at += 1;
                self.skip_space();
                if self.eat(b']') {
                    return Ok(Some(Value::List(Vec::new())));
                }
                open.push(Open::List(Vec::new()));
                Ok(None)
            }
            Some(b'{') => {
                self.at += 1;
                self.skip_space();
                if self.eat(b'}') {
                    return Ok(Some(Value::Map(Map::new())));
                }
                let key = self.key()?;
                open.push(Open::Map(Map::new(), key));
                Ok(None)
            }
            Some(b'-' | b'0'..=b'9') => self.number().map(Some),
            _ => self.word().map(Some),
        }
    }

    /// Puts a value where it belongs, and each list and map that ends with it. None while something follows; the outermost
    /// value at the end.
    fn place(&mut self, mut value: Value, open: &mut Vec<Open>) -> Result<Option<Value>, Error> {
        loop {
            self.skip_space();
            let Some(container) = open.last_mut() else { return Ok(Some(value)) };
            let end = match container {
                Open::List(items) => {
                    items.push(value);
                    b']'
                }
                Open::Map(map, key) => {
                    map.insert(Value::Text(std::mem::take(key)), value);
                    b'}'
                }
            };
            if self.eat(b',') {
                self.skip_space();
                if let Open::Map(_, key) = container {
                    *key = self.key()?;
                }
                return Ok(None);
            }
            if !self.eat(end) {
                return self.wrong();
            }
            value = match open.pop() {
                Some(Open::List(items)) => Value::List(items),
                Some(Open::Map(map, _)) => Value::Map(map),
                None => return self.wrong(),
            };
        }
    }

    fn key(&mut self) -> Result<Text, Error> {
        let key = self.string()?;
        self.may_have_tags |= key.code_points().first() == Some(&0x20);
        self.skip_space();
        if !self.eat(b':') {
            return self.wrong();
        }
        self.skip_space();
        Ok(key)
    }

    fn string(&mut self) -> Result<Text, Error> {
        if !self.eat(b'"') {
            return self.wrong();
        }
        let run = self.run();
        if self.eat(b'"') {
            return Ok(Text::from(run));
        }
        let mut points: Vec<u32> = run.chars().map(u32::from).collect();
        while !self.eat(b'"') {
            if !self.eat(b'\\') {
                return self.wrong();
            }
            points.push(self.escape()?);
            points.extend(self.run().chars().map(u32::from));
        }
        Ok(Text::from_code_points(points))
    }

    /// The characters up to a quote, a backslash or a control character, which must not stand in a string.
    fn run(&mut self) -> &'a str {
        let text: &'a str = self.text;
        let rest = text.get(self.at..).unwrap_or_default();
        let end = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// What stands behind a backslash, as a code point or half of a surrogate pair.
    fn escape(&mut self) -> Result<u32, Error> {
        let letter = self.peek();
        self.at += 1;
        Ok(match letter {
            Some(same @ (b'"' | b'/' | b'\\')) => u32::from(same),
            Some(b'b') => 0x08,
            Some(b'f') => 0x0C,
            Some(b'n') => 0x0A,
            Some(b'r') => 0x0D,
            Some(b't') => 0x09,
            Some(b'u') => {
                let mut unit = 0;
                for _ in 0..4 {
                    let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
                    let Some(digit) = digit else { return self.wrong() };
                    unit = unit << 4 | digit;
                    self.at += 1;
                }
                unit
            }
            _ => {
                self.at -= 1;
                return self.wrong();
            }
        })
    }

    /// A number: `-Infinity`, an integer of any size, or a double.
    fn number(&mut self) -> Result<Value, Error> {
        let start = self.at;
        let is_negative = self.eat(b'-');
        if is_negative && self.eat_word("Infinity") {
            return Ok(Value::Float(f64::NEG_INFINITY));
        }
        let digits = if self.eat(b'0') { 1 } else { self.digits()? };
        let mut is_float = false;
        if self.eat(b'.') {
            self.digits()?;
            is_float = true;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _sign = self.eat(b'-') || self.eat(b'+');
            self.digits()?;
            is_float = true;
        }
        let number = self.text.get(start..self.at).unwrap_or_default();
        let value = match (is_float, digits) {
            (true, _) => number.parse().ok().map(Value::Float),
            (false, ..=18) => number.parse::<i64>().ok().map(Value::int),
            (false, ..=MAX_DIGITS) => number.parse::<BigInt>().ok().map(Value::Int),
            _ => None,
        };
        value.map_or_else(|| self.wrong(), Ok)
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<usize, Error> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { self.wrong() } else { Ok(self.at - start) }
    }

    fn word(&mut self) -> Result<Value, Error> {
        let words = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
        ];
        match words.into_iter().find(|(word, _)| self.eat_word(word)) {
            Some((_, value)) => Ok(value),
            None => self.wrong(),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let is_there = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        self.at += if is_there { word.len() } else { 0 };
        is_there
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn wrong<T>(&self) -> Result<T, Error> {
        Err(Error::Json { at: self.at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Value, Error> {
        read(text).map(|document| document.value)
    }

    #[test]
    fn python_writes_and_reads_these() {
        let text = |units: &[u16]| Value::Text(Text::from_utf16(units.iter().copied()));
        for (json, expected) in [
            ("123456789012345678901234567890", Value::Int("123456789012345678901234567890".parse().unwrap())),
            ("-0", Value::int(0)),
            ("-0.0", Value::Float(-0.0)),
            ("1E5", Value::Float(1e5)),
            ("1e400", Value::Float(f64::INFINITY)),
            ("[NaN,-Infinity]", Value::List(vec![Value::Float(f64::NAN), Value::Float(f64::NEG_INFINITY)])),
            (r#""a\ud83d\ud83d\ude00\/\u00e9é""#, text(&[0x61, 0xD83D, 0xD83D, 0xDE00, 0x2F, 0xE9, 0xE9])),
            (" {\"a\" : 1 ,\n\"a\":{ } } ", Value::Map([("a", Map::new())].into_iter().collect())),
            ("[[],[[1]]]", {
                let one = Value::List(vec![Value::List(vec![Value::int(1)])]);
                Value::List(vec![Value::List(vec![]), one])
            }),
        ] {
            assert_eq!(value(json), Ok(expected), "{json}");
        }
    }

    #[test]
    fn python_refuses_these() {
        for text in [
            "",
            " ",
            "01",
            "1.",
            "-",
            ".5",
            "+1",
            "1e",
            "[1,]",
            "[1 2]",
            "[",
            "{",
            "{\"a\"",
            "{\"a\":1,}",
            "{1:2}",
            "]",
            "[}",
            "\"\t\"",
            "\"",
            "\"\\",
            "\"\\u12",
            "\"\\u+123\"",
            "\"\\x\"",
            "'a'",
            "\u{FEFF}1",
            "1 2",
            "nan",
            "nul",
        ] {
            assert!(matches!(value(text), Err(Error::Json { .. })), "{text:?}");
        }
        assert!(value(&"1".repeat(MAX_DIGITS)).is_ok());
        assert!(value(&"1".repeat(MAX_DIGITS + 1)).is_err());
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(value(&nested(MAX_DEPTH)).is_ok());
        assert!(value(&nested(MAX_DEPTH + 1)).is_err());
        assert!(value(&"[{\"a\":".repeat(100_000)).is_err());
    }

    #[test]
    fn errors_say_where() {
        assert_eq!(value("{\"a\":tru}"), Err(Error::Json { at: 5 }));
        assert_eq!(value(r#"["\x"]"#), Err(Error::Json { at: 3 }));
    }
}
