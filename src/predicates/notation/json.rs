//! JSON text as Python reads it, token by token, and how Python writes numbers and text (`PAY-1` to `PAY-5`).

use super::Not;
use crate::value::{BigInt, Map, Text, Value};
use std::fmt::Write;

/// Deeper nesting is not known: Python's limit depends on its version.
const MOST_DEEP: usize = 150;

/// A JSON value with its tokens as they stand.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Node {
    /// `null`, `true`, `false` and numbers.
    Word(String),
    /// A text: its token with the quotes, and what it stands for.
    Text(String, Text),
    List(Vec<Node>),
    /// Keys are texts.
    Map(Vec<(Node, Node)>),
}

impl Node {
    pub fn parse(text: &str) -> Result<Self, Not> {
        let mut reader = Reader { rest: text };
        reader.skip_space();
        let node = reader.node(0)?;
        reader.skip_space();
        if reader.rest.is_empty() { Ok(node) } else { Err(Not::Readable) }
    }

    /// The tokens without space between them.
    pub fn compact(&self) -> String {
        let all = |nodes: &[Node]| nodes.iter().map(Node::compact).collect::<Vec<_>>().join(",");
        match self {
            Self::Word(token) | Self::Text(token, _) => token.clone(),
            Self::List(items) => format!("[{}]", all(items)),
            Self::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| format!("{}:{}", key.compact(), value.compact()));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
            }
        }
    }

    /// The value that it stands for, before tags are read.
    pub fn value(&self) -> Result<Value, Not> {
        Ok(match self {
            Self::Text(_, text) => Value::Text(text.clone()),
            Self::List(items) => Value::List(items.iter().map(Node::value).collect::<Result<_, _>>()?),
            Self::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    map.insert(key.value()?, value.value()?);
                }
                Value::Map(map)
            }
            Self::Word(word) => match word.as_str() {
                "null" => Value::Null,
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "NaN" => Value::Float(f64::NAN),
                "Infinity" => Value::Float(f64::INFINITY),
                "-Infinity" => Value::Float(f64::NEG_INFINITY),
                number if number.contains(['.', 'e', 'E']) => Value::Float(number.parse().map_err(|_| Not::Readable)?),
                number if number.trim_start_matches('-').len() > 4300 => return Err(Not::Readable),
                number => Value::Int(number.parse::<BigInt>().map_err(|_| Not::Readable)?),
            },
        })
    }

    /// Whether this is a number.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Word(word) if !["null", "true", "false"].contains(&word.as_str()))
    }

    /// The only key of a map and what stands under it.
    pub fn only(&self) -> Option<(&Text, &Node)> {
        match self {
            Self::Map(entries) => match &entries[..] {
                [(Self::Text(_, key), value)] => Some((key, value)),
                _ => None,
            },
            _ => None,
        }
    }

    /// What stands under a key.
    pub fn get(&self, name: &Text) -> Option<(&Node, &Node)> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(key, _)| matches!(key, Self::Text(_, text) if text == name)).map(|(k, v)| (k, v))
    }

    /// This and everything within.
    pub fn all(&self) -> Vec<&Node> {
        let mut all = vec![self];
        match self {
            Self::List(items) => all.extend(items.iter().flat_map(Node::all)),
            Self::Map(entries) => all.extend(entries.iter().flat_map(|(key, value)| {
                let mut both = key.all();
                both.extend(value.all());
                both
            })),
            _ => {}
        }
        all
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn node(&mut self, depth: usize) -> Result<Node, Not> {
        if depth > MOST_DEEP {
            return Err(Not::Known);
        }
        for word in ["null", "true", "false", "NaN", "Infinity", "-Infinity"] {
            if self.take(word) {
                return Ok(Node::Word(word.to_owned()));
            }
        }
        if self.rest.starts_with('"') {
            return self.text();
        }
        if self.take("[") {
            return self.items("]", |reader| reader.node(depth + 1)).map(Node::List);
        }
        if self.take("{") {
            return self.items("}", |reader| reader.entry(depth)).map(Node::Map);
        }
        self.number()
    }

    fn items<T>(&mut self, end: &str, item: impl Fn(&mut Self) -> Result<T, Not>) -> Result<Vec<T>, Not> {
        let mut items = Vec::new();
        self.skip_space();
        if self.take(end) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            self.skip_space();
            if self.take(end) {
                return Ok(items);
            }
            if !self.take(",") {
                return Err(Not::Readable);
            }
            self.skip_space();
        }
    }

    fn entry(&mut self, depth: usize) -> Result<(Node, Node), Not> {
        let key = self.text()?;
        self.skip_space();
        if !self.take(":") {
            return Err(Not::Readable);
        }
        self.skip_space();
        Ok((key, self.node(depth + 1)?))
    }

    fn text(&mut self) -> Result<Node, Not> {
        let start = self.rest;
        let mut chars = start.char_indices();
        if chars.next().is_none_or(|(_, c)| c != '"') {
            return Err(Not::Readable);
        }
        let mut text = Text::default();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    let (token, rest) = start.split_at(at + 1);
                    self.rest = rest;
                    return Ok(Node::Text(token.to_owned(), text));
                }
                '\\' => match chars.next().ok_or(Not::Readable)?.1 {
                    'u' => {
                        let digits: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                        let is_hex = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
                        let unit = u32::from_str_radix(&digits, 16).ok().filter(|_| is_hex);
                        text.push(unit.ok_or(Not::Readable)?);
                    }
                    escaped => {
                        let place = ESCAPES.iter().find(|(_, letter)| *letter == escaped);
                        let plain = place.map(|(plain, _)| *plain).or((escaped == '/').then_some('/'));
                        text.push(u32::from(plain.ok_or(Not::Readable)?));
                    }
                },
                '\0'..='\x1F' => return Err(Not::Readable),
                _ => text.push(u32::from(c)),
            }
        }
        Err(Not::Readable)
    }

    /// The longest number that stands here.
    fn number(&mut self) -> Result<Node, Not> {
        let bytes = self.rest.as_bytes();
        let digits = |at: usize| at + bytes[at.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
        let start = usize::from(bytes.first() == Some(&b'-'));
        let mut end = match bytes.get(start) {
            Some(b'0') => start + 1,
            Some(b'1'..=b'9') => digits(start),
            _ => return Err(Not::Readable),
        };
        if bytes.get(end) == Some(&b'.') && digits(end + 1) > end + 1 {
            end = digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            end = Some(digits(sign)).filter(|last| *last > sign).unwrap_or(end);
        }
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(Node::Word(token.to_owned()))
    }
}

/// The escapes of one letter.
const ESCAPES: [(char, char); 7] =
    [('"', '"'), ('\\', '\\'), ('\n', 'n'), ('\r', 'r'), ('\t', 't'), ('\x0C', 'f'), ('\x08', 'b')];

/// `escape(k)`.
pub(in super::super) fn escape(text: &Text) -> String {
    let mut token = String::from("\"");
    for unit in text.to_utf16() {
        let c = char::from_u32(u32::from(unit)).unwrap_or('\u{FFFD}');
        match ESCAPES.iter().find(|(plain, _)| *plain == c) {
            Some((_, letter)) => token.extend(['\\', *letter]),
            None if (' '..='~').contains(&c) => token.push(c),
            None => {
                // Writing to a String cannot fail.
                let _ = write!(token, "\\u{unit:04x}");
            }
        }
    }
    token + "\""
}

/// `repr(f)`, with the names of JSON for the special floats.
pub(in super::super) fn repr(float: f64) -> String {
    if !float.is_finite() {
        return if float.is_nan() {
            "NaN"
        } else if float > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned();
    }
    let shortest = format!("{:e}", float.abs());
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let (digits, exponent) = (digits.replace('.', ""), exponent.parse::<i32>().unwrap_or(0));
    let magnitude = match usize::try_from(exponent) {
        Err(_) if exponent >= -4 => format!("0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1)),
        Ok(e) if e < 16 && digits.len() > e + 1 => format!("{}.{}", &digits[..=e], &digits[e + 1..]),
        Ok(e) if e < 16 => format!("{digits}{}.0", "0".repeat(e + 1 - digits.len())),
        _ => {
            let (first, others) = digits.split_at(1);
            let point = if others.is_empty() { "" } else { "." };
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{first}{point}{others}e{sign}{:02}", exponent.unsigned_abs())
        }
    };
    if float.is_sign_negative() { format!("-{magnitude}") } else { magnitude }
}
