//! Mutants of how a session is written: JSON, tags and compression (`PAY-1` to `PAY-12`).

use super::{
    Mutant,
    changes::{MARK, json_of, pack, replace_all},
    hooks::{self, Hooks, Write},
};
use crate::{
    model::{Raised, base64, json, payload, tagging},
    stock_zlib::{self, DEFAULT_LEVEL, Format},
    value::{BigInt, Map, Text, Value},
};

pub(super) const MUTANTS: &[Mutant] = &[
    of_text("json-with-spaces", &["PAY-1"], "JSON is written with a space behind each colon", |text| {
        text.replace("\":", "\": ")
    }),
    of_text("json-with-spaces-behind-commas", &["PAY-1"], "JSON is written with a space behind each comma", |text| {
        text.replace(",\"", ", \"")
    }),
    of_text(
        "json-beyond-ascii",
        &["PAY-1", "PAY-4"],
        "characters beyond ASCII are written as they are, as by most writers of JSON",
        |text| unescape(text, |c| !c.is_ascii()),
    ),
    of_write("keys-as-inserted", &["PAY-2"], "keys are written in the order in which they were set", |session| {
        in_order(session, |_| {})
    }),
    of_write(
        "number-keys-sorted-as-text",
        &["PAY-2"],
        "keys become text before they are sorted: 10 stands before 9",
        |session| in_order(session, |entries| entries.sort_by(|(a, _), (b, _)| a.cmp(b))),
    ),
    of_write(
        "keys-sorted-by-utf-16",
        &["PAY-2"],
        "keys are sorted by UTF-16 units, as by a browser's sort",
        |session| {
            let units = |key: &Value| match key {
                Value::Text(text) | Value::Markup(text) => text.to_utf16(),
                _ => Vec::new(),
            };
            in_order(session, |entries| {
                if entries.iter().all(|(key, _)| key.starts_with('"')) {
                    entries.sort_by_cached_key(|(key, _)| json::read(key).map(|key| units(&key)).unwrap_or_default());
                }
            })
        },
    ),
    of_text("nan-as-null", &["PAY-3"], "NaN is written as null", |text| text.replace("NaN", "null")),
    of_text("exponent-without-sign", &["PAY-3"], "exponents have no plus", |text| text.replace("e+", "e")),
    of_values("integers-of-doubles", &["PAY-3"], "integers go through a double, and large ones change", |value| {
        match value {
            Value::Int(number) => Value::Int(through_a_double(number)),
            other => other,
        }
    }),
    of_values(
        "large-integers-as-floats",
        &["PAY-3"],
        "integers beyond 2^53 are written as floats",
        |value| match value {
            Value::Int(number) if number.magnitude().bits() > 53 => {
                Value::Float(number.to_string().parse().unwrap_or(f64::INFINITY))
            }
            other => other,
        },
    ),
    of_values("whole-floats-as-integers", &["PAY-3"], "1.0 is written as 1, as JavaScript does", |value| match value {
        Value::Float(float) if float.fract() == 0.0 && float.abs() < 1e15 => {
            format!("{float:.0}").parse().map_or(Value::Float(float), Value::Int)
        }
        other => other,
    }),
    of_text("escapes-in-upper-case", &["PAY-4"], "the letters of \\u escapes are capitals", |text| {
        text.replace("\\ud8", "\\uD8").replace("\\u00e", "\\u00E")
    }),
    of_text("slashes-escaped", &["PAY-4"], "a slash is escaped, as PHP does", |text| text.replace('/', "\\/")),
    of_text("html-escaped", &["PAY-4"], "<, > and & are escaped in JSON, as Go does", |text| {
        text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
    }),
    of_text("delete-not-escaped", &["PAY-4"], "U+007F is written as it is", |text| unescape(text, |c| c == '\u{7F}')),
    of_values("lone-surrogates-replaced", &["PAY-4"], "a lone surrogate becomes U+FFFD", |value| match value {
        Value::Text(text) => Value::Text(String::from_utf16_lossy(&text.to_utf16()).into()),
        other => other,
    }),
    of_write("number-keys-dropped", &["PAY-5"], "keys that are not text are left out", |session| {
        let is_text = |key: &Value| matches!(key, Value::Text(_) | Value::Markup(_));
        hooks::write(&session.clone().into_iter().filter(|(key, _)| is_text(key)).collect())
    }),
    of_write("number-keys-raise", &["PAY-5"], "keys that are not text are an error", |session| {
        match session.iter().all(|(key, _)| matches!(key, Value::Text(_) | Value::Markup(_))) {
            true => hooks::write(session),
            false => Err(Raised::Payload),
        }
    }),
    of_write("keys-as-python-prints-them", &["PAY-5"], "true as a key becomes True, and null None", |session| {
        let printed = |key: Value| match key {
            Value::Bool(true) => "True".into(),
            Value::Bool(false) => "False".into(),
            Value::Null => "None".into(),
            other => other,
        };
        let all = |value: Value| match value {
            Value::Map(map) => Value::Map(map.into_iter().map(|(key, value)| (printed(key), value)).collect()),
            other => other,
        };
        Ok(pack(&json::write(&tagging::tag(&replace_all(Value::Map(session.clone()), &all))?)?))
    }),
    of_values("tuple-as-list", &["PAY-6"], "tuples are written as lists", |value| match value {
        Value::Tuple(items) => Value::List(items),
        other => other,
    }),
    of_values("bytes-as-text", &["PAY-7"], "bytes are written as base64 without a tag", |value| match value {
        Value::Bytes(bytes) => Value::Text(base64::encode_standard(&bytes).into()),
        other => other,
    }),
    of_values("bytes-in-url-safe-base64", &["PAY-7"], "bytes are written in URL-safe base64", |value| match value {
        Value::Bytes(bytes) => tag(" b", &base64::encode_standard(&bytes).replace('+', "-").replace('/', "_")),
        other => other,
    }),
    of_values("bytes-without-padding", &["PAY-7"], "bytes are written without padding", |value| match value {
        Value::Bytes(bytes) => tag(" b", base64::encode_standard(&bytes).trim_end_matches('=')),
        other => other,
    }),
    of_values("markup-as-text", &["PAY-8"], "markup is written as text", |value| match value {
        Value::Markup(text) => Value::Text(text),
        other => other,
    }),
    of_values("uuid-as-text", &["PAY-9"], "a UUID is written as hex digits", |value| match value {
        Value::Uuid(uuid) => Value::Text(format!("{uuid:032x}").into()),
        other => other,
    }),
    of_values("uuid-with-hyphens", &["PAY-9"], "a UUID is written with hyphens", |value| match value {
        Value::Uuid(uuid) => tag(" u", &uuid::Uuid::from_u128(uuid).to_string()),
        other => other,
    }),
    of_values("datetime-iso", &["PAY-10"], "a datetime is written as ISO 8601 text", |value| match value {
        Value::Datetime(at) => Value::Text(crate::value::iso::datetime_to_iso(&at).into()),
        other => other,
    }),
    of_values("datetime-iso-in-its-tag", &["PAY-10"], "a datetime's tag holds ISO 8601", |value| match value {
        Value::Datetime(at) => tag(" d", &crate::value::iso::datetime_to_iso(&at)),
        other => other,
    }),
    of_values(
        "datetime-offset-lost",
        &["PAY-10"],
        "a datetime is written by its own clock and said to be in GMT",
        |value| match value {
            Value::Datetime(at) => Value::Datetime(crate::value::Datetime { offset: None, ..at }),
            other => other,
        },
    ),
    of_values("datetime-rounded", &["PAY-10"], "a datetime is rounded to the nearest second", |value| match value {
        Value::Datetime(at) => {
            let later = at.local.checked_add(time::Duration::milliseconds(500)).unwrap_or(at.local);
            Value::Datetime(crate::value::Datetime { local: later, ..at })
        }
        other => other,
    }),
    of_write("tag-like-maps-not-escaped", &["PAY-11"], "a map that looks like a tag is written as it is", |session| {
        Ok(pack(&json::write(&not_escaped(tagging::tag(&Value::Map(session.clone()))?))?))
    }),
    of_write("never-compressed", &["PAY-12"], "payloads are never compressed, undeclared", |session| {
        Ok(base64::encode(json_of(session)?.as_bytes()))
    }),
    of_write("always-compressed", &["PAY-12"], "payloads are compressed whether that pays or not", |session| {
        Ok(format!(".{}", base64::encode(&payload::deflate(json_of(session)?.as_bytes()))))
    }),
    of_write(
        "leading-dot-not-counted",
        &["PAY-12"],
        "whether compression pays is judged without the leading dot",
        |session| packed_by(&json_of(session)?, payload::deflate, |deflated, plain| deflated < plain),
    ),
    of_write("compressed-harder", &["PAY-12"], "the best compression is taken, not the default", |session| {
        packed_by(
            &json_of(session)?,
            |bytes| stock_zlib::deflate(bytes, 9, Format::Zlib),
            |deflated, plain| deflated + 1 < plain,
        )
    }),
    of_write("compressed-faster", &["PAY-12"], "the fastest compression is taken, not the default", |session| {
        packed_by(
            &json_of(session)?,
            |bytes| stock_zlib::deflate(bytes, 1, Format::Zlib),
            |deflated, plain| deflated + 1 < plain,
        )
    }),
    of_write("compressed-as-gzip", &["PAY-12", "PAY-1", "PAY-3"], "the stream has gzip's header", |session| {
        packed_by(
            &json_of(session)?,
            |bytes| stock_zlib::deflate(bytes, DEFAULT_LEVEL, Format::Gzip),
            |deflated, plain| deflated + 1 < plain,
        )
    }),
    of_write("compressed-raw", &["PAY-12", "PAY-1", "PAY-3"], "the stream has no header", |session| {
        let raw = |bytes: &[u8]| {
            let stream = payload::deflate(bytes);
            stream.get(2..stream.len().saturating_sub(4)).unwrap_or_default().to_vec()
        };
        packed_by(&json_of(session)?, raw, |deflated, plain| deflated + 1 < plain)
    }),
    of_values(
        "list-like-maps-as-lists",
        &["PAY-16"],
        "a map whose keys count from 0 is written as a list, as PHP does",
        |value| match value {
            Value::Map(map) => like_a_list(map),
            other => other,
        },
    ),
    of_values(
        "empty-maps-as-lists",
        &["PAY-16"],
        "an empty map is written as a list, as PHP does",
        |value| match value {
            Value::Map(map) if map.is_empty() => Value::List(Vec::new()),
            other => other,
        },
    ),
    of_write(
        "prototype-key-dropped",
        &["PAY-16"],
        "a key with the name __proto__ is lost, as in JavaScript",
        |session| {
            let is_kept = |key: &Value| *key != "__proto__";
            hooks::write(&session.clone().into_iter().filter(|(key, _)| is_kept(key)).collect())
        },
    ),
    of_values("booleans-as-integers", &["PAY-16"], "true and false are written as 1 and 0", |value| match value {
        Value::Bool(truth) => Value::int(u8::from(truth)),
        other => other,
    }),
    of_write("nulls-dropped", &["PAY-16"], "keys whose value is null are left out", |session| {
        hooks::write(&session.clone().into_iter().filter(|(_, value)| *value != Value::Null).collect())
    }),
];

/// The values of a map whose keys count from 0, as a list; any other map as it is.
pub(super) fn like_a_list(map: Map) -> Value {
    let is_counted = (0..map.len()).all(|number| map.contains_key(&Value::from(number.to_string().as_str())));
    if map.is_empty() || !is_counted {
        return Value::Map(map);
    }
    let item = |number: usize| map.get(number.to_string().as_str()).cloned();
    Value::List((0..map.len()).filter_map(item).collect())
}

/// JSON text as a payload, compressed in another way or when something else pays.
fn packed_by(
    text: &str,
    deflate: impl Fn(&[u8]) -> Vec<u8>,
    pays: impl Fn(usize, usize) -> bool,
) -> Result<String, Raised> {
    // Where stock zlib does not pay, no other level is looked at: the mutant is in the bytes, not in the decision.
    let (deflated, stock) = (deflate(text.as_bytes()), payload::deflate(text.as_bytes()));
    Ok(match pays(stock.len(), text.len()) {
        true => format!(".{}", base64::encode(&deflated)),
        false => base64::encode(text.as_bytes()),
    })
}

/// The payload of a session whose maps are written in another order: of their keys as JSON has them.
fn in_order(session: &Map, order: impl Fn(&mut Vec<(String, Value)>)) -> Result<String, Raised> {
    Ok(pack(&write_in_order(&tagging::tag(&Value::Map(session.clone()))?, &order)?))
}

fn write_in_order(value: &Value, order: &impl Fn(&mut Vec<(String, Value)>)) -> Result<String, Raised> {
    let key_of = |key: &Value| {
        let alone = Value::Map([(key.clone(), Value::Null)].into_iter().collect());
        json::write(&alone).map(|text| text.trim_start_matches('{').trim_end_matches(":null}").to_owned())
    };
    match value {
        Value::List(items) => {
            let items = items.iter().map(|item| write_in_order(item, order)).collect::<Result<Vec<_>, _>>()?;
            Ok(format!("[{}]", items.join(",")))
        }
        Value::Map(map) => {
            // What cannot be written raises as ever.
            json::write(value)?;
            let keyed = |(key, value): (&Value, &Value)| Ok((key_of(key)?, value.clone()));
            let mut entries = map.iter().map(keyed).collect::<Result<Vec<_>, Raised>>()?;
            order(&mut entries);
            let write = |(key, value): &(String, Value)| Ok(format!("{key}:{}", write_in_order(value, order)?));
            let entries = entries.iter().map(write).collect::<Result<Vec<_>, Raised>>()?;
            Ok(format!("{{{}}}", entries.join(",")))
        }
        plain => json::write(plain),
    }
}

/// JSON text with some of its `\u` escapes written as the characters that they stand for.
fn unescape(text: &str, is_plain: fn(char) -> bool) -> String {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6).and_then(|escape| escape.strip_prefix("\\u"));
        digits.and_then(|digits| u16::from_str_radix(digits, 16).ok())
    };
    let mut plain = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let units: Vec<_> = [unit(at), unit(at + 6)].into_iter().map_while(|unit| unit).collect();
        let one = units.get(..1).and_then(|one| char::decode_utf16(one.iter().copied()).next());
        let two = units.get(..2).and_then(|two| char::decode_utf16(two.iter().copied()).next());
        match (one, two) {
            (Some(Ok(c)), _) if is_plain(c) => {
                plain.push(c);
                at += 6;
            }
            (Some(Err(_)), Some(Ok(c))) if is_plain(c) => {
                plain.push(c);
                at += 12;
            }
            _ => {
                let length = if c == '\\' { 2 } else { c.len_utf8() };
                plain.push_str(text.get(at..at + length).unwrap_or(""));
                at += length;
            }
        }
    }
    plain
}

fn through_a_double(number: BigInt) -> BigInt {
    let float: f64 = number.to_string().parse().unwrap_or(f64::INFINITY);
    if float.is_finite() { format!("{float:.0}").parse().unwrap_or(number) } else { number }
}

/// What stands under a tag, with every map that is escaped by ` di` as it was.
fn not_escaped(tagged: Value) -> Value {
    match tagged {
        Value::List(items) => Value::List(items.into_iter().map(not_escaped).collect()),
        Value::Map(map) => {
            let map = match map.get(" di") {
                Some(Value::Map(escaped)) if map.len() == 1 => escaped.clone(),
                _ => map,
            };
            let is_alone = map.len() == 1;
            let entries = map.into_iter().map(|(key, value)| match &key {
                Value::Text(text) if is_alone && text.to_string().ends_with("__") => {
                    let name = text.to_string();
                    let bare = name.trim_end_matches("__");
                    let is_tag = [" t", " b", " m", " u", " d", " di"].contains(&bare);
                    (if is_tag { Value::from(bare) } else { key }, not_escaped(value))
                }
                _ => (key, not_escaped(value)),
            });
            Value::Map(entries.collect())
        }
        other => other,
    }
}

/// A tag that the specification would write with other content. Such a map looks like a tag to the writer too: it is told apart
/// by a letter that is taken away again.
fn tag(tag: &str, content: &str) -> Value {
    Value::Map(
        [(Value::Text(format!("{MARK}{tag}").as_str().into()), Value::Text(Text::from(content)))].into_iter().collect(),
    )
}

/// A mutant of the JSON text that is packed.
const fn of_text(
    name: &'static str,
    rules: &'static [&'static str],
    summary: &'static str,
    respell: fn(&str) -> String,
) -> Mutant {
    Mutant::new(name, rules, summary, Hooks { write: Write::Respelled(respell), ..Hooks::MODEL })
}

/// A mutant of single values.
const fn of_values(
    name: &'static str,
    rules: &'static [&'static str],
    summary: &'static str,
    replace: fn(Value) -> Value,
) -> Mutant {
    Mutant::new(name, rules, summary, Hooks { write: Write::Replaced(replace), ..Hooks::MODEL })
}

const fn of_write(
    name: &'static str,
    rules: &'static [&'static str],
    summary: &'static str,
    write: fn(&Map) -> Result<String, Raised>,
) -> Mutant {
    Mutant::new(name, rules, summary, Hooks { write: Write::By(write), ..Hooks::MODEL })
}
