//! Flask's tags: how a session carries types that JSON lacks (`PAY-6` to `PAY-11`).
//!
//! A tagged value is a map with one key, such as `{" t": [1, 2]}` for a tuple. A map of the session that happens to look like
//! that is escaped: its key gains `__` and the whole stands under ` di`.

use super::{Raised, base64, email_date, http_date, integer};
use crate::value::{BigInt, Datetime, Map, Text, Value, wire::python_float};
use time::UtcOffset;

/// The tags, each with the type that it marks.
pub const TAGS: [&str; 6] = [" di", " t", " b", " m", " u", " d"];

/// A session value as plain JSON values.
pub fn tag(value: &Value) -> Result<Value, Raised> {
    Ok(match value {
        Value::Map(map) => tag_map(map)?,
        Value::Tuple(items) => tagged(" t", Value::List(tag_all(items)?)),
        Value::List(items) => Value::List(tag_all(items)?),
        Value::Bytes(bytes) => tagged(" b", Value::Text(base64::encode_standard(bytes).into())),
        Value::Markup(text) => tagged(" m", Value::Text(text.clone())),
        Value::Uuid(uuid) => tagged(" u", Value::Text(format!("{uuid:032x}").into())),
        Value::Datetime(datetime) => tagged(" d", Value::Text(http_date_of(datetime)?.into())),
        plain => plain.clone(),
    })
}

fn tag_all(items: &[Value]) -> Result<Vec<Value>, Raised> {
    items.iter().map(tag).collect()
}

fn tagged(tag: &str, content: Value) -> Value {
    Value::Map([(tag, content)].into_iter().collect())
}

fn tag_map(map: &Map) -> Result<Value, Raised> {
    if let (1, Some((Value::Text(key) | Value::Markup(key), value))) = (map.len(), map.iter().next())
        && is_tag(key)
    {
        let escaped = format!("{key}__");
        return Ok(tagged(" di", Value::Map([(escaped.as_str(), tag(value)?)].into_iter().collect())));
    }
    let mut plain = Map::new();
    for (key, value) in map.iter() {
        plain.insert(key.clone(), tag(value)?);
    }
    Ok(Value::Map(plain))
}

fn is_tag(key: &Text) -> bool {
    TAGS.iter().any(|tag| *key == **tag)
}

/// The datetime as an HTTP date in UTC: naive ones count as UTC, microseconds are lost (`PAY-10`).
fn http_date_of(datetime: &Datetime) -> Result<String, Raised> {
    let offset = datetime.offset.unwrap_or(UtcOffset::UTC);
    let seconds = datetime.local.assume_utc().unix_timestamp() - i64::from(offset.whole_seconds());
    http_date::format(seconds).ok_or(Raised::Calendar)
}

/// Plain JSON values as a session value: from the inside out, every map of one key that is a tag becomes what it marks.
pub fn untag(value: Value) -> Result<Value, Raised> {
    match value {
        Value::List(items) => items.into_iter().map(untag).collect::<Result<_, _>>().map(Value::List),
        Value::Map(map) => {
            let mut untagged = Map::new();
            for (key, value) in map {
                untagged.insert(key, untag(value)?);
            }
            untag_map(untagged)
        }
        plain => Ok(plain),
    }
}

fn untag_map(map: Map) -> Result<Value, Raised> {
    let Some((tag, content)) = only_tag(&map) else { return Ok(Value::Map(map)) };
    match tag {
        " di" => unescape(content),
        " t" => iterate(content).map(Value::Tuple).ok_or(Raised::Payload),
        " b" => bytes(content).map(Value::Bytes).ok_or(Raised::Payload),
        " m" => Ok(Value::Markup(text_of(content))),
        " u" => uuid(content).map(Value::Uuid).ok_or(Raised::Payload),
        _ => datetime(content),
    }
}

/// The tag that is a map's only key, and what stands under it.
fn only_tag(map: &Map) -> Option<(&'static str, &Value)> {
    let (key, content) = map.iter().next().filter(|_| map.len() == 1)?;
    let Value::Text(key) = key else { return None };
    let tag = TAGS.into_iter().find(|tag| *key == **tag)?;
    Some((tag, content))
}

/// ` di`: the first key loses its last two characters.
fn unescape(content: &Value) -> Result<Value, Raised> {
    let Value::Map(map) = content else { return Err(Raised::Payload) };
    match map.iter().next() {
        Some((Value::Text(key), value)) => Ok(Value::Map([(key.without_last(2), value.clone())].into_iter().collect())),
        _ => Err(Raised::Payload),
    }
}

/// What Python iterates over in a value: items, keys, characters or bytes.
pub fn iterate(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(items) | Value::Tuple(items) => Some(items.clone()),
        Value::Map(map) => Some(map.iter().map(|(key, _)| key.clone()).collect()),
        Value::Text(text) | Value::Markup(text) => {
            Some(text.code_points().iter().map(|&point| Value::Text(Text::from_code_points([point]))).collect())
        }
        Value::Bytes(bytes) => Some(bytes.iter().map(|&byte| Value::int(byte)).collect()),
        _ => None,
    }
}

fn bytes(content: &Value) -> Option<Vec<u8>> {
    match content {
        Value::Text(text) | Value::Markup(text) => {
            let ascii = text.to_utf8().filter(|text| text.is_ascii())?;
            base64::decode_standard(ascii.as_bytes())
        }
        Value::Bytes(bytes) => base64::decode_standard(bytes),
        _ => None,
    }
}

/// Python's `UUID(hex)`: `urn:`, `uuid:`, braces and hyphens are ignored, and the 32 characters that remain are read by `int`,
/// which takes a sign, a `0x`, digits of any script, single underscores and surrounding space.
fn uuid(content: &Value) -> Option<u128> {
    let (Value::Text(text) | Value::Markup(text)) = content else { return None };
    let text = text.to_utf8()?.replace("urn:", "").replace("uuid:", "");
    let hex = text.trim_matches(['{', '}']).replace('-', "");
    if hex.chars().count() != 32 {
        return None;
    }
    let ascii = |c| integer::decimal(c).and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c);
    let hex: String = hex.chars().map(ascii).collect();
    let digits = hex.trim_matches([' ', '\t', '\n', '\x0B', '\x0C', '\r']);
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let (digits, prefixed) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(rest) => (rest, true),
        None => (digits, false),
    };
    let digits = if prefixed { digits.strip_prefix('_').unwrap_or(digits) } else { digits };
    if digits.split('_').any(|run| run.is_empty() || !run.bytes().all(|b| b.is_ascii_hexdigit())) {
        return None;
    }
    u128::from_str_radix(&digits.replace('_', ""), 16).ok()
}

/// ` d`: a date comes back aware, with the offset that it names; another text is null, and so are bytes. What is neither raises
/// unless Python takes it for empty.
fn datetime(content: &Value) -> Result<Value, Raised> {
    match content {
        Value::Text(text) | Value::Markup(text) => Ok(email_date::read(text)?.map_or(Value::Null, Value::Datetime)),
        Value::Bytes(_) => Ok(Value::Null),
        empty if !empty.is_true() => Ok(Value::Null),
        _ => Err(Raised::Payload),
    }
}

/// Python's `str()` of a value, which ` m` makes of anything that is not text.
fn text_of(value: &Value) -> Text {
    match value {
        Value::Markup(text) | Value::Text(text) => text.clone(),
        Value::Datetime(at) => crate::value::iso::datetime_to_iso(at).replacen('T', " ", 1).into(),
        Value::Uuid(uuid) => uuid::Uuid::from_u128(*uuid).to_string().into(),
        other => repr(other).into(),
    }
}

/// Python's `repr()`, exact for what JSON can hold in ASCII.
fn repr(value: &Value) -> String {
    let all = |items: &[Value]| items.iter().map(repr).collect::<Vec<_>>().join(", ");
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Bytes(bytes) => {
            let quoted =
                repr_text(&Text::from_code_points(bytes.iter().map(|&b| b.into())), |c| (' '..='~').contains(&c));
            format!("b{quoted}")
        }
        Value::Datetime(at) => repr_datetime(at),
        Value::Float(float) => python_float(*float),
        Value::Int(int) => BigInt::to_string(int),
        Value::List(items) => format!("[{}]", all(items)),
        Value::Map(map) => {
            let entries: Vec<_> = map.iter().map(|(k, v)| format!("{}: {}", repr(k), repr(v))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Markup(text) => format!("Markup({})", repr_text(text, is_printable)),
        Value::Text(text) => repr_text(text, is_printable),
        Value::Tuple(items) if items.len() == 1 => format!("({},)", all(items)),
        Value::Tuple(items) => format!("({})", all(items)),
        Value::Uuid(uuid) => format!("UUID('{}')", uuid::Uuid::from_u128(*uuid)),
    }
}

fn repr_datetime(at: &Datetime) -> String {
    let (date, time) = (at.local.date(), at.local.time());
    let mut numbers = vec![u32::try_from(date.year()).unwrap_or_default(), u8::from(date.month()).into()];
    numbers.extend([date.day(), time.hour(), time.minute()].map(u32::from));
    match (time.second(), time.microsecond()) {
        (0, 0) => {}
        (second, 0) => numbers.push(second.into()),
        (second, micro) => numbers.extend([second.into(), micro]),
    }
    let numbers: Vec<_> = numbers.iter().map(u32::to_string).collect();
    let zone = match at
        .offset
        .map(|offset| (offset.whole_seconds().div_euclid(86_400), offset.whole_seconds().rem_euclid(86_400)))
    {
        None => String::new(),
        Some((0, 0)) => ", tzinfo=datetime.timezone.utc".to_owned(),
        Some((0, seconds)) => format!(", tzinfo=datetime.timezone(datetime.timedelta(seconds={seconds}))"),
        Some((days, seconds)) => {
            format!(", tzinfo=datetime.timezone(datetime.timedelta(days={days}, seconds={seconds}))")
        }
    };
    format!("datetime.datetime({}{zone})", numbers.join(", "))
}

fn repr_text(text: &Text, is_printable: fn(char) -> bool) -> String {
    let holds = |mark: char| text.code_points().contains(&u32::from(mark));
    let mark = if holds('\'') && !holds('"') { '"' } else { '\'' };
    let mut repr = String::from(mark);
    for &point in text.code_points() {
        match (char::from_u32(point), point) {
            (Some('\n'), _) => repr.push_str("\\n"),
            (Some('\r'), _) => repr.push_str("\\r"),
            (Some('\t'), _) => repr.push_str("\\t"),
            (Some(c), _) if c == mark || c == '\\' => repr.extend(['\\', c]),
            (Some(c), _) if is_printable(c) => repr.push(c),
            (_, ..=0xFF) => repr.push_str(&format!("\\x{point:02x}")),
            (_, ..=0xFFFF) => repr.push_str(&format!("\\u{point:04x}")),
            _ => repr.push_str(&format!("\\U{point:08x}")),
        }
    }
    repr.push(mark);
    repr
}

/// Python's `str.isprintable`, as far as Rust's edition of Unicode agrees with Python's. Behind another letter, Rust escapes what
/// is not printable, and quotes and the backslash.
fn is_printable(c: char) -> bool {
    (' '..='~').contains(&c) || format!("a{c}").escape_debug().count() == 2
}

#[cfg(test)]
mod tests {
    use super::super::json;
    use super::*;

    fn untagged(text: &str) -> Result<Value, Raised> {
        untag(json::read(text).unwrap())
    }

    #[test]
    fn a_map_that_looks_like_a_tag_is_escaped_and_comes_back() {
        let map = Value::Map([(" t", Value::Tuple(vec![Value::int(1)]))].into_iter().collect());
        let text = json::write(&tag(&map).unwrap()).unwrap();
        assert_eq!(text, r#"{" di":{" t__":{" t":[1]}}}"#);
        assert_eq!(untagged(&text), Ok(map));
    }

    #[test]
    fn uuids_are_what_python_reads_as_hexadecimal() {
        let read = |text: &str| uuid(&text.into());
        let zeros = "0".repeat(29);
        assert_eq!(read(&format!("{zeros}00f")), Some(15));
        assert_eq!(read(&format!("{zeros}0_f")), Some(15));
        for odd in ["__f", "0f_", "0_g", "0-f", "0++", "_0x"] {
            assert_eq!(read(&format!("{zeros}{odd}")), None, "{odd}");
        }
        assert_eq!(read(&format!("_{zeros}ff")), None);
        assert_eq!(read(&format!("0x_{zeros}")), Some(0));
        assert_eq!(read(&format!("0x__{}", "0".repeat(28))), None);
    }

    #[test]
    fn tuples_in_markup_read_as_python_prints_them() {
        for (content, shown) in [("[]", "()"), ("[1]", "(1,)"), ("[1,[2]]", "(1, [2])")] {
            let text = format!(r#"{{" m":{{" t":{content}}}}}"#);
            assert_eq!(untagged(&text), Ok(Value::Markup(shown.into())));
        }
    }

    #[test]
    fn datetimes_in_markup_read_as_python_prints_them() {
        let shown = "[datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone.utc), \
                     datetime.datetime(2024, 2, 29, 0, 0, 5, \
                     tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=57600)))]";
        let text = r#"{" m":[{" d":"29 Feb 2024 12:30 GMT"},{" d":"29 Feb 2024 0:0:5 -0800"}]}"#;
        assert_eq!(untagged(text), Ok(Value::Markup(shown.into())));
        assert_eq!(
            untagged(r#"{" m":{" d":"1 Feb 2024 1:02 +0530"}}"#),
            Ok(Value::Markup("2024-02-01 01:02:00+05:30".into()))
        );
    }

    #[test]
    fn tags_take_what_python_takes() {
        let chars = vec!["a".into(), "b".into()];
        assert_eq!(untagged(r#"{" t":"ab"}"#), Ok(Value::Tuple(chars)));
        assert_eq!(untagged(r#"{" m":[1,"a",null]}"#), Ok(Value::Markup("[1, 'a', None]".into())));
        assert_eq!(untagged(r#"{" m":["\ud800"]}"#), Ok(Value::Markup(r"['\ud800']".into())));
        assert_eq!(untagged(r#"{" d":"soon"}"#), Ok(Value::Null));
        assert_eq!(untagged(r#"{" d":{" b":"AA=="}}"#), Ok(Value::Null));
        assert_eq!(untagged(r#"{" d":5}"#), Err(Raised::Payload));
        assert_eq!(untagged(r#"{" d":"1 Jan 2147483648 00:00"}"#), Err(Raised::Payload));
        assert_eq!(
            untagged(r#"{" u":"\u06610000000000000000000000000000\uff110f"}"#),
            Ok(Value::Uuid(1 << 124 | 0x10F))
        );
        assert_eq!(untagged(r#"{" u":"x"}"#), Err(Raised::Payload));
        assert_eq!(untagged(r#"{" di":{}}"#), Err(Raised::Payload));
    }
}
