//! Python's `repr` and `str` of session values, which decide how numbers look in a payload and what the tag ` m` makes of a
//! value that is not text.
//!
//! Which characters are printable comes from Rust's tables, whose Unicode version may differ from Python's.

use crate::value::{Datetime, Text, Value};
use std::fmt::Write;
use time::UtcOffset;

/// A finite float: the shortest digits that read back, with an exponent below 1e-4 and from 1e16 on (`PAY-3`).
pub(super) fn finite_float(float: f64) -> String {
    let scientific = nearest_shortest(float.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let sign = if float.is_sign_negative() { "-" } else { "" };
    if !(-4..16).contains(&exponent) {
        return format!("{sign}{mantissa}e{exponent:+03}");
    }
    let digits = mantissa.replace('.', "");
    let before_point = usize::try_from(exponent + 1).unwrap_or_default();
    match digits.split_at_checked(before_point) {
        _ if before_point == 0 => format!("{sign}0.{}{digits}", "0".repeat((-exponent - 1).unsigned_abs() as usize)),
        Some((whole, fraction)) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
        _ => format!("{sign}{digits:0<before_point$}.0"),
    }
}

/// The shortest digits that read back, in scientific form. Where several texts are as short, `{:e}` takes any and Python the
/// nearest, which rounding to as many digits gives.
fn nearest_shortest(float: f64) -> String {
    let shortest = format!("{float:e}");
    let digits = shortest.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count();
    let nearest = format!("{float:.*e}", digits.saturating_sub(1));
    if nearest.parse() == Ok(float) { nearest } else { shortest }
}

/// `str(value)`.
pub(super) fn str_of(value: &Value) -> Text {
    match value {
        Value::Markup(text) | Value::Text(text) => text.clone(),
        Value::Datetime(datetime) => str_of_datetime(datetime).into(),
        Value::Uuid(uuid) => hyphenated(*uuid).into(),
        other => repr(other).into(),
    }
}

/// Datetimes are those that a payload can hold: aware, of whole seconds.
fn str_of_datetime(datetime: &Datetime) -> String {
    let (hour, minute, second) = datetime.local.as_hms();
    let (date, offset) = (datetime.local.date(), datetime.offset.unwrap_or(UtcOffset::UTC));
    let sign = if offset.is_negative() { '-' } else { '+' };
    let minutes = offset.whole_minutes().unsigned_abs();
    format!(
        "{:04}-{:02}-{:02} {hour:02}:{minute:02}:{second:02}{sign}{:02}:{:02}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        minutes / 60,
        minutes % 60
    )
}

/// `repr(value)`.
fn repr(value: &Value) -> String {
    let mut text = String::new();
    append(value, &mut text);
    text
}

fn append(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(b) => out.push_str(if *b { "True" } else { "False" }),
        Value::Bytes(bytes) => {
            out.push('b');
            quote(bytes.iter().map(|&byte| u32::from(byte)), false, out);
        }
        Value::Datetime(datetime) => append_datetime(datetime, out),
        Value::Float(float) if float.is_nan() => out.push_str("nan"),
        Value::Float(float) if float.is_infinite() => {
            out.push_str(if float.is_sign_positive() { "inf" } else { "-inf" })
        }
        Value::Float(float) => out.push_str(&finite_float(*float)),
        Value::Int(int) => out.push_str(&int.to_string()),
        Value::List(items) => append_all("[", items, "]", out),
        Value::Map(map) => {
            out.push('{');
            for (i, (key, value)) in map.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                append(key, out);
                out.push_str(": ");
                append(value, out);
            }
            out.push('}');
        }
        Value::Markup(text) => {
            out.push_str("Markup(");
            quote(text.code_points().iter().copied(), true, out);
            out.push(')');
        }
        Value::Text(text) => quote(text.code_points().iter().copied(), true, out),
        Value::Tuple(items) => append_all("(", items, if items.len() == 1 { ",)" } else { ")" }, out),
        Value::Uuid(uuid) => {
            let _infallible = write!(out, "UUID('{}')", hyphenated(*uuid));
        }
    }
}

fn append_all(start: &str, items: &[Value], end: &str, out: &mut String) {
    out.push_str(start);
    for (i, item) in items.iter().enumerate() {
        out.push_str(if i > 0 { ", " } else { "" });
        append(item, out);
    }
    out.push_str(end);
}

fn append_datetime(datetime: &Datetime, out: &mut String) {
    let date = datetime.local.date();
    let (hour, minute, second) = datetime.local.as_hms();
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    let _infallible = write!(out, "datetime.datetime({year}, {month}, {day}, {hour}, {minute}");
    if second != 0 {
        let _infallible = write!(out, ", {second}");
    }
    out.push_str(", tzinfo=datetime.timezone");
    match datetime.offset.unwrap_or(UtcOffset::UTC).whole_seconds() {
        0 => out.push_str(".utc)"),
        seconds => {
            let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
            let days = if days == 0 { String::new() } else { format!("days={days}, ") };
            let _infallible = write!(out, "(datetime.timedelta({days}seconds={rest})))");
        }
    }
}

fn hyphenated(uuid: u128) -> String {
    uuid::Uuid::from_u128(uuid).to_string()
}

/// Text or bytes in quotes: single ones, unless they stand within and double ones do not.
fn quote(points: impl Iterator<Item = u32> + Clone, is_text: bool, out: &mut String) {
    let has = |c: char| points.clone().any(|point| point == u32::from(c));
    let mark = if has('\'') && !has('"') { '"' } else { '\'' };
    out.push(mark);
    for point in points {
        match char::from_u32(point) {
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some('\\') => out.push_str("\\\\"),
            Some(c) if c == mark => out.extend(['\\', c]),
            Some(c @ ' '..='~') => out.push(c),
            Some(c) if is_text && is_printable(c) => out.push(c),
            _ => {
                let _infallible = match point {
                    0..=0xFF => write!(out, "\\x{point:02x}"),
                    0x100..=0xFFFF => write!(out, "\\u{point:04x}"),
                    _ => write!(out, "\\U{point:08x}"),
                };
            }
        }
    }
    out.push(mark);
}

/// `str.isprintable`. A string's debug form escapes what is not printable, and marks of combination only at its start.
fn is_printable(c: char) -> bool {
    let mut buffer = ['a'; 2];
    buffer[1] = c;
    String::from_iter(buffer).escape_debug().count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_look_as_python_prints_them() {
        for (float, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (123.456, "123.456"),
            (100.0, "100.0"),
            (1e15, "1000000000000000.0"),
            (9999999999999998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (0.0001, "0.0001"),
            (0.00012, "0.00012"),
            (0.5, "0.5"),
            (1e-5, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (5e-324, "5e-324"),
            (1235940514169873.2, "1235940514169873.2"),
            (-89649917681997.12, "-89649917681997.12"),
            (9007199254740993.0, "9007199254740992.0"),
            (f64::MAX, "1.7976931348623157e+308"),
        ] {
            assert_eq!(finite_float(float), expected);
        }
    }

    #[test]
    fn values_look_as_python_prints_them() {
        let map = [("k", Value::Bytes(b"a'\n\xFF".to_vec())), ("l", Value::Tuple(vec![]))].into_iter().collect();
        let list = Value::List(vec![
            Value::Null,
            Value::Tuple(vec![Value::Bool(true)]),
            Value::Map(map),
            "it's".into(),
            Value::Text(Text::from_code_points([0xE9, 0xA0, 0xD800, 0x1F600, 0xE0001, 0x301])),
            Value::Markup("<b>".into()),
        ]);
        assert_eq!(
            str_of(&list).to_string(),
            "[None, (True,), {'k': b\"a'\\n\\xff\", 'l': ()}, \"it's\", 'é\\xa0\\ud800😀\\U000e0001\u{301}', Markup('<b>')]"
        );
    }
}
