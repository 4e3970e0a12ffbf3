//! What Flask's tags mean, and what a session is made of (`PAY-6` to `PAY-11`, `PAY-15`).

use super::{
    Error, base64,
    date::{self, NoDate},
    digits, python,
};
use crate::value::{Map, Text, Value};

/// A tag: the only key of a map that stands for something else.
#[derive(Clone, Copy)]
pub(super) enum Tag {
    Bytes,
    Datetime,
    Escaped,
    Markup,
    Tuple,
    Uuid,
}

/// The tag that a key spells.
pub(super) fn tag_of(key: &Text) -> Option<Tag> {
    const SPACE: u32 = 0x20;
    let letter = |point: u32| char::from_u32(point);
    match *key.code_points() {
        [SPACE, only] => match letter(only)? {
            'b' => Some(Tag::Bytes),
            'd' => Some(Tag::Datetime),
            'm' => Some(Tag::Markup),
            't' => Some(Tag::Tuple),
            'u' => Some(Tag::Uuid),
            _ => None,
        },
        [SPACE, first, second] => (letter(first)? == 'd' && letter(second)? == 'i').then_some(Tag::Escaped),
        _ => None,
    }
}

/// Gives every tagged map its meaning, the innermost first. The depth of the value is the reader's, which is bounded.
pub(super) fn untag(value: Value) -> Result<Value, Error> {
    match value {
        Value::List(items) => items.into_iter().map(untag).collect::<Result<_, _>>().map(Value::List),
        Value::Map(map) => {
            let entries = map.into_iter().map(|(key, value)| Ok((key, untag(value)?)));
            let mut entries = entries.collect::<Result<Vec<_>, Error>>()?;
            if let [(Value::Text(key), _)] = &entries[..]
                && let Some(tag) = tag_of(key)
                && let Some((_, content)) = entries.pop()
            {
                return meaning(tag, content);
            }
            Ok(Value::Map(entries.into_iter().collect()))
        }
        other => Ok(other),
    }
}

fn meaning(tag: Tag, content: Value) -> Result<Value, Error> {
    match tag {
        Tag::Bytes => bytes(&content).map(Value::Bytes).ok_or(Error::Tag(" b")),
        Tag::Datetime => datetime(&content),
        Tag::Escaped => unescape(content).ok_or(Error::Tag(" di")),
        Tag::Markup => Ok(Value::Markup(python::str_of(&content))),
        Tag::Tuple => elements(content).map(Value::Tuple).ok_or(Error::Tag(" t")),
        Tag::Uuid => uuid(&content).map(Value::Uuid).ok_or(Error::Tag(" u")),
    }
}

/// The session that a payload's value is: what `dict(value)` makes of it (`PAY-15`).
pub(super) fn session(value: Value) -> Result<Map, Error> {
    match value {
        Value::Map(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        other => pairs(other).ok_or(Error::NotASession),
    }
}

fn pairs(value: Value) -> Option<Map> {
    let mut map = Map::new();
    for pair in elements(value)? {
        let mut pair = elements(pair)?.into_iter();
        match (pair.next(), pair.next(), pair.next()) {
            (Some(key), Some(value), None) if is_hashable(&key) => map.insert(key, value),
            _ => return None,
        }
    }
    Some(map)
}

/// What Python's `for` meets in a value; none for what it cannot walk over.
fn elements(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::List(items) | Value::Tuple(items) => Some(items),
        Value::Map(map) => Some(map.into_iter().map(|(key, _)| key).collect()),
        Value::Markup(text) | Value::Text(text) => {
            let letters = text.code_points().iter();
            Some(letters.map(|&point| Value::Text(Text::from_code_points([point]))).collect())
        }
        Value::Bytes(bytes) => Some(bytes.into_iter().map(Value::int).collect()),
        Value::Bool(_) | Value::Datetime(_) | Value::Float(_) | Value::Int(_) | Value::Null | Value::Uuid(_) => None,
    }
}

fn is_hashable(key: &Value) -> bool {
    match key {
        Value::Tuple(items) => items.iter().all(is_hashable),
        other => !matches!(other, Value::List(_) | Value::Map(_)),
    }
}

/// ` di`: the first entry, whose key loses the two characters that were added to it.
fn unescape(content: Value) -> Option<Value> {
    let Value::Map(map) = content else { return None };
    let (Value::Text(key), value) = map.into_iter().next()? else { return None };
    Some(Value::Map([(Value::Text(key.without_last(2)), value)].into_iter().collect()))
}

/// ` b`: standard base64 in ASCII text, or in bytes.
fn bytes(content: &Value) -> Option<Vec<u8>> {
    match content {
        Value::Bytes(bytes) => base64::decode_standard(bytes),
        Value::Markup(text) | Value::Text(text) => {
            let ascii = |&point: &u32| u8::try_from(point).ok().filter(u8::is_ascii);
            base64::decode_standard(&text.code_points().iter().map(ascii).collect::<Option<Vec<u8>>>()?)
        }
        _ => None,
    }
}

/// ` u`: Python's `UUID(text)`. Prefixes, braces and hyphens go; of the 32 characters left, `int(_, 16)` makes a number.
fn uuid(content: &Value) -> Option<u128> {
    let (Value::Markup(text) | Value::Text(text)) = content else { return None };
    let text = text.to_utf8()?.replace("urn:", "").replace("uuid:", "");
    let text = text.trim_matches(|c| matches!(c, '{' | '}')).replace('-', "");
    if text.chars().count() == 32 { hexadecimal(&digits::in_ascii(&text)) } else { None }
}

/// Python's `int(text, 16)` without a minus: surrounding space, one plus, `0x`, and single underscores between digits.
fn hexadecimal(text: &str) -> Option<u128> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\x1C'..='\x1F'));
    let text = text.strip_prefix('+').unwrap_or(text);
    let digits = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => digits.strip_prefix('_').unwrap_or(digits),
        None => text,
    };
    let mut number = 0u128;
    let mut after_digit = false;
    for c in digits.chars() {
        match c.to_digit(16) {
            Some(digit) => {
                number = number.checked_mul(16)?.checked_add(digit.into())?;
                after_digit = true;
            }
            None if c == '_' && after_digit => after_digit = false,
            None => return None,
        }
    }
    after_digit.then_some(number)
}

/// ` d`: a date comes back aware, text that is none is null, and so is what Python takes for empty.
fn datetime(content: &Value) -> Result<Value, Error> {
    match content {
        Value::Markup(text) | Value::Text(text) => match date::read(&text.to_string()) {
            Ok(datetime) => Ok(Value::Datetime(datetime)),
            Err(NoDate::Overflow) => Err(Error::Tag(" d")),
            Err(NoDate::Unreadable) => Ok(Value::Null),
        },
        // Bytes are taken apart as text would be, and then found not to be text.
        Value::Bytes(_) => Ok(Value::Null),
        empty if !empty.is_true() => Ok(Value::Null),
        _ => Err(Error::Tag(" d")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::json;
    use super::*;
    use crate::value::Datetime;
    use time::{UtcOffset, macros::datetime};

    fn meant(text: &str) -> Result<Value, Error> {
        untag(json::read(text).unwrap().value)
    }

    #[test]
    fn tags_mean_what_they_mean_to_flask() {
        let at = |local| Value::Datetime(Datetime { local, offset: Some(UtcOffset::UTC) });
        for (text, expected) in [
            (
                r#"{" t":[1,{" t":"ab"}]}"#,
                Value::Tuple(vec![Value::int(1), Value::Tuple(vec!["a".into(), "b".into()])]),
            ),
            (r#"{" b":"AAH/"}"#, Value::Bytes(vec![0, 1, 255])),
            (r#"{" b":{" b":"QUE9PQ=="}}"#, Value::Bytes(vec![0])),
            (r#"{" m":[1.0,"a",null]}"#, Value::Markup("[1.0, 'a', None]".into())),
            (r#"{" u":"{urn:uuid:00000000-0000-0000-0000-0000000000fF}"}"#, Value::Uuid(255)),
            (r#"{" u":" +0x_0_00000000000000000000000a "}"#, Value::Uuid(10)),
            (r#"{" d":"Thu, 29 Feb 2024 12:30:00 GMT"}"#, at(datetime!(2024-02-29 12:30))),
            (r#"{" d":"Thu, 29 Feb 0024 12:30:00 GMT"}"#, at(datetime!(2024-02-29 12:30))),
            (r#"{" d":"Thu, 30 Feb 2024 12:30:00 GMT"}"#, Value::Null),
            (r#"{" u":"\u0661\u06610000000000000000000000000000\uff11f"}"#, Value::Uuid(0x11 << 120 | 0x1F)),
            (r#"{" d":[]}"#, Value::Null),
            (r#"{" di":{" t__":1}}"#, Value::Map([(" t", Value::int(1))].into_iter().collect())),
            (r#"{" t":1,"a":2}"#, Value::Map([(" t", Value::int(1)), ("a", Value::int(2))].into_iter().collect())),
        ] {
            assert_eq!(meant(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_tag_on_the_wrong_content_is_an_error() {
        for text in [
            r#"{" t":5}"#,
            r#"{" b":"A"}"#,
            r#"{" b":"é"}"#,
            r#"{" u":"x"}"#,
            r#"{" u":5}"#,
            r#"{" u":"0x00000000000000000000000000__01"}"#,
            r#"{" d":5}"#,
            r#"{" di":{}}"#,
            r#"{" di":["a"]}"#,
        ] {
            assert!(matches!(meant(text), Err(Error::Tag(_))), "{text}");
        }
    }

    #[test]
    fn a_session_is_what_dict_takes() {
        let of = |text: &str| session(json::read(text).unwrap().value);
        assert_eq!(of("null"), Ok(Map::new()));
        assert_eq!(of("\"\""), Ok(Map::new()));
        assert_eq!(of("[[\"a\",1],\"bc\"]"), Ok([("a", Value::int(1)), ("b", "c".into())].into_iter().collect()));
        for odd in ["5", "true", "\"ab\"", "[1]", "[[[],1]]", "[[1,2,3]]", "[[1]]"] {
            assert_eq!(of(odd), Err(Error::NotASession), "{odd}");
        }
    }
}
