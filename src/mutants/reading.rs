//! Mutants of how a payload is read: inflation, JSON, tags (`PAY-3` to `PAY-16`).

use super::{
    Mutant,
    changes::replace_all,
    hooks::{self, FLASK, Hooks, Read},
    payload::like_a_list,
};
use crate::{
    model::{Raised, base64, payload, tagging},
    value::{Datetime, Map, Value},
};
use time::UtcOffset;

pub(super) const MUTANTS: &[Mutant] = &[
    of_values("integers-read-as-doubles", &["PAY-3"], "integers are read as doubles, and large ones change", |value| {
        match value {
            Value::Int(number) if number.magnitude().bits() > 53 => {
                let float: f64 = number.to_string().parse().unwrap_or(f64::INFINITY);
                format!("{float:.0}").parse().map_or(Value::Float(float), Value::Int)
            }
            other => other,
        }
    }),
    of_values("whole-floats-read-as-integers", &["PAY-3"], "1.0 is read as 1, as by JavaScript", |value| match value {
        Value::Float(float) if float.fract() == 0.0 && float.abs() < 1e15 => {
            format!("{float:.0}").parse().map_or(Value::Float(float), Value::Int)
        }
        other => other,
    }),
    of_text("minus-zero-read-as-float", &["PAY-3"], "-0 is read as the float -0.0", |text| {
        Some(text.replace("-0,", "-0.0,").replace("-0]", "-0.0]").replace("-0}", "-0.0}"))
    }),
    of_text("long-exponents-refused", &["PAY-3"], "a number whose exponent is beyond 16 bits is refused", |text| {
        let digits =
            |rest: &str| rest.trim_start_matches(['+', '-', '0']).bytes().take_while(u8::is_ascii_digit).count();
        let outside: String = text.split('"').step_by(2).collect();
        (!outside.split(['e', 'E']).skip(1).any(|rest| digits(rest) > 5)).then(|| text.to_owned())
    }),
    of_text("nan-not-read", &["PAY-3"], "NaN and Infinity are no JSON", |text| {
        (!["NaN", "Infinity"].iter().any(|word| text.split('"').step_by(2).any(|outside| outside.contains(word))))
            .then(|| text.to_owned())
    }),
    of_values("surrogates-not-read", &["PAY-4"], "a lone surrogate is read as U+FFFD", |value| match value {
        Value::Text(text) => Value::Text(String::from_utf16_lossy(&text.to_utf16()).into()),
        other => other,
    }),
    of_values("tuple-read-as-list", &["PAY-6"], "a tuple's tag gives a list", |value| match value {
        Value::Tuple(items) => Value::List(items),
        other => other,
    }),
    of_values("bytes-read-as-text", &["PAY-7"], "the tag of bytes gives their base64", |value| match value {
        Value::Bytes(bytes) => Value::Text(base64::encode_standard(&bytes).into()),
        other => other,
    }),
    of_values("markup-read-as-text", &["PAY-8"], "markup comes back as text", |value| match value {
        Value::Markup(text) => Value::Text(text),
        other => other,
    }),
    of_values("uuid-read-as-text", &["PAY-9"], "the tag of a UUID gives text", |value| match value {
        Value::Uuid(uuid) => Value::Text(format!("{uuid:032x}").into()),
        other => other,
    }),
    of_text("uuid-needs-hyphens", &["PAY-9"], "a UUID without hyphens is refused", |text| {
        let is_bare = |rest: &str| rest.bytes().take_while(u8::is_ascii_hexdigit).count() >= 32;
        (!text.split("\" u\":\"").skip(1).any(is_bare)).then(|| text.to_owned())
    }),
    of_text("uuid-takes-no-hyphens", &["PAY-9"], "a UUID with hyphens is refused", |text| {
        let has_hyphens = |rest: &str| rest.split('"').next().is_some_and(|uuid| uuid.contains('-'));
        (!text.split("\" u\":\"").skip(1).any(has_hyphens)).then(|| text.to_owned())
    }),
    of_values("datetime-read-as-text", &["PAY-10"], "the tag of a datetime gives text", |value| match value {
        Value::Datetime(at) => Value::Text(crate::value::iso::datetime_to_iso(&at).into()),
        other => other,
    }),
    of_values("datetime-read-without-zone", &["PAY-10"], "a datetime comes back naive", |value| match value {
        Value::Datetime(at) => Value::Datetime(Datetime { offset: None, ..at }),
        other => other,
    }),
    of_values("datetime-read-in-local-time", &["PAY-10"], "a datetime comes back in the server's zone", |value| {
        let zone = UtcOffset::from_hms(1, 0, 0).unwrap_or(UtcOffset::UTC);
        match value {
            Value::Datetime(Datetime { local, offset: Some(offset) }) if offset.is_utc() => {
                let moved = local.checked_add(time::Duration::hours(1)).unwrap_or(local);
                Value::Datetime(Datetime { local: moved, offset: Some(zone) })
            }
            other => other,
        }
    }),
    of_text("datetime-only-in-gmt", &["PAY-10"], "a date that does not end in GMT is refused", |text| {
        let is_odd = |rest: &str| rest.split('"').next().is_some_and(|date| !date.ends_with("GMT"));
        (!text.split("\" d\":\"").skip(1).any(is_odd)).then(|| text.to_owned())
    }),
    Mutant::new(
        "tag-like-maps-not-unescaped",
        &["PAY-11"],
        "a map that was escaped comes back with its escape",
        Hooks {
            read: Read::By(|payload| {
                let is_plain = |text: &String| {
                    let others = text.replace(ESCAPED, "");
                    let is_tagged = tagging::TAGS.iter().any(|tag| others.contains(&format!("{{\"{tag}\":")));
                    text.contains(ESCAPED) && !is_tagged && !text.contains("\" di__\"")
                };
                let Some(text) = payload::text(payload, &FLASK).filter(is_plain) else {
                    return hooks::read(payload);
                };
                hooks::read(payload)?;
                let read = hooks::read(base64::encode(text.replace(ESCAPED, UNKNOWN).as_bytes()).as_bytes())?;
                match renamed(Value::Map(read)) {
                    Value::Map(map) => Ok(map),
                    _ => Err(Raised::Payload),
                }
            }),
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "never-inflated",
        &["PAY-13"],
        "a payload with a leading dot is not inflated",
        Hooks {
            read: Read::By(|payload| match payload.first() {
                Some(b'.') => Err(Raised::Payload),
                _ => hooks::read(payload),
            }),
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "inflated-by-first-bytes",
        &["PAY-13", "PAY-14"],
        "what begins like a zlib stream is inflated, whatever the leading dot says",
        Hooks {
            read: Read::By(|payload| {
                let encoded = payload.strip_prefix(b".").unwrap_or(payload);
                match base64::decode(encoded).is_some_and(|bytes| bytes.starts_with(&[0x78])) {
                    true => hooks::read(&[b".", encoded].concat()),
                    false => hooks::read(encoded),
                }
            }),
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "tail-behind-the-stream-refused",
        &["PAY-13", "PAY-14"],
        "bytes behind the end of a compressed stream are an error",
        Hooks {
            read: Read::By(|payload| match payload.strip_prefix(b".").and_then(base64::decode) {
                Some(bytes) if has_a_tail(&bytes) => Err(Raised::Payload),
                _ => hooks::read(payload),
            }),
            ..Hooks::MODEL
        },
    ),
    limited("inflated-to-4-kib", "payloads are refused that inflate beyond 4 KiB", |length| length > 1 << 12),
    limited("inflated-to-32-kib", "payloads are refused that inflate beyond 32 KiB", |length| length > 1 << 15),
    limited("inflated-to-64-kib", "payloads are refused that inflate beyond 64 KiB", |length| length > 1 << 16),
    limited("inflated-below-1-mib", "payloads are refused that inflate to 1 MiB", |length| length >= 1 << 20),
    Mutant::new(
        "odd-payload-is-empty",
        &["PAY-14"],
        "a payload that is not a session is an empty one where raising is declared",
        Hooks { read: Read::By(|payload| Ok(hooks::read(payload).unwrap_or_default())), ..Hooks::MODEL },
    ),
    of_text("only-maps-load", &["PAY-15"], "a payload that is null or a list of pairs raises", |text| {
        text.trim_start().starts_with('{').then(|| text.to_owned())
    }),
    Mutant::new(
        "nulls-not-read",
        &["PAY-16"],
        "keys whose value is null are left out of what is read",
        Hooks {
            read: Read::By(|payload| {
                Ok(hooks::read(payload)?.into_iter().filter(|(_, value)| *value != Value::Null).collect())
            }),
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "list-like-maps-read-as-lists",
        &["PAY-16"],
        "a map whose keys count from 0 is read as a list, as by PHP",
        Hooks {
            read: Read::By(|payload| {
                read_within(payload, |value| match value {
                    Value::Map(map) => like_a_list(map),
                    other => other,
                })
            }),
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "empty-maps-read-as-lists",
        &["PAY-16"],
        "an empty map comes back as an empty list",
        Hooks {
            read: Read::By(|payload| {
                read_within(payload, |value| match value {
                    Value::Map(map) if map.is_empty() => Value::List(Vec::new()),
                    other => other,
                })
            }),
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "keys-with-a-leading-nul-refused",
        &["PAY-16", "PAY-4"],
        "a key that begins with NUL is refused, as by PHP",
        Hooks {
            read: Read::By(|payload| {
                let session = hooks::read(payload)?;
                match has_leading_nul(&session) {
                    true => Err(Raised::Payload),
                    false => Ok(session),
                }
            }),
            ..Hooks::MODEL
        },
    ),
    of_values(
        "empty-lists-read-as-maps",
        &["PAY-16"],
        "an empty list comes back as an empty map",
        |value| match value {
            Value::List(items) if items.is_empty() => Value::Map(Map::new()),
            other => other,
        },
    ),
];

/// A session with every value in it replaced, but not the session itself.
fn read_within(payload: &[u8], replace: fn(Value) -> Value) -> Result<Map, Raised> {
    Ok(hooks::read(payload)?.into_iter().map(|(key, value)| (key, replace_all(value, &replace))).collect())
}

/// Whether a key in some map begins with NUL.
fn has_leading_nul(map: &Map) -> bool {
    let is_one = |key: &Value| matches!(key, Value::Text(text) if text.code_points().first() == Some(&0));
    let within = |value: &Value| match value {
        Value::Map(map) => has_leading_nul(map),
        _ => false,
    };
    map.iter().any(|(key, value)| is_one(key) || within(value))
}

/// What stands before an escaped map in JSON.
const ESCAPED: &str = "{\" di\":{";
/// The same under a key that is no tag.
const UNKNOWN: &str = "{\" di\\uf8ff\":{";

/// The value with the tag of escaped maps back instead of the key that stood in for it.
fn renamed(value: Value) -> Value {
    replace_all(value, &|value| match value {
        Value::Map(map) => {
            let is_unknown = |key: &Value| *key == " di\u{F8FF}";
            Value::Map(map.into_iter().map(|(k, v)| (if is_unknown(&k) { " di".into() } else { k }, v)).collect())
        }
        other => other,
    })
}

/// Whether the last byte is not needed to inflate the whole.
fn has_a_tail(bytes: &[u8]) -> bool {
    let shorter = bytes.split_last().map(|(_, shorter)| shorter);
    shorter.and_then(payload::inflate).is_some()
}

const fn of_values(
    name: &'static str,
    rules: &'static [&'static str],
    summary: &'static str,
    replace: fn(Value) -> Value,
) -> Mutant {
    Mutant::new(name, rules, summary, Hooks { read: Read::Replaced(replace), ..Hooks::MODEL })
}

/// A mutant that refuses what inflates to some length in bytes.
const fn limited(name: &'static str, summary: &'static str, is_refused: fn(usize) -> bool) -> Mutant {
    Mutant::new(name, &["PAY-13"], summary, Hooks { read: Read::Limited(is_refused), ..Hooks::MODEL })
}

const fn of_text(
    name: &'static str,
    rules: &'static [&'static str],
    summary: &'static str,
    respell: fn(&str) -> Option<String>,
) -> Mutant {
    Mutant::new(name, rules, summary, Hooks { read: Read::Respelled(respell), ..Hooks::MODEL })
}
