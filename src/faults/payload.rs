//! Faults of the payload and of the Cookie header (`PAY-*`, `HDR-*`).

use super::{Fault, steps, steps::Steps};
use crate::{
    model::{Raised, base64, cookie_header, json, payload, tagging},
    protocol::DuplicatesChoice,
    value::{Map, Value},
};

pub(super) const FAULTS: &[Fault] = &[
    Fault::new(
        "json-with-spaces",
        &["PAY-1"],
        "JSON is written with a space behind each colon",
        Steps {
            write: |session| {
                let respelled: fn(String) -> String = |text| text.replace("\":", "\": ");
                Ok(packed(&respelled(json_of(session)?)))
            },
            ..Steps::MODEL
        },
    ),
    Fault::new(
        "nan-as-null",
        &["PAY-3", "PAY-16"],
        "NaN is written as null",
        Steps {
            write: |session| {
                let respelled: fn(String) -> String = |text| text.replace("NaN", "null");
                Ok(packed(&respelled(json_of(session)?)))
            },
            ..Steps::MODEL
        },
    ),
    Fault::new(
        "exponent-without-sign",
        &["PAY-3", "PAY-16"],
        "exponents have no plus",
        Steps {
            write: |session| {
                let respelled: fn(String) -> String = |text| text.replace("e+", "e");
                Ok(packed(&respelled(json_of(session)?)))
            },
            ..Steps::MODEL
        },
    ),
    Fault::new(
        "escapes-in-upper-case",
        &["PAY-4", "PAY-1"],
        "the letters of \\u escapes are capitals",
        Steps {
            write: |session| {
                let respelled: fn(String) -> String = |text| text.replace("\\ud8", "\\uD8").replace("\\u00e", "\\u00E");
                Ok(packed(&respelled(json_of(session)?)))
            },
            ..Steps::MODEL
        },
    ),
    Fault::new(
        "tuple-as-list",
        &["PAY-6", "PAY-16", "PAY-12"],
        "tuples are written as lists",
        Steps {
            write: |session| {
                let replaced: fn(Value) -> Value = |value| match value {
                    Value::Tuple(items) => Value::List(items),
                    other => other,
                };
                Ok(packed(&json_of(&changed(session, replaced))?))
            },
            ..Steps::MODEL
        },
    ),
    Fault::new(
        "bytes-as-text",
        &["PAY-7", "PAY-16", "PAY-12"],
        "bytes are written as base64 without a tag",
        Steps {
            write: |session| {
                let replaced: fn(Value) -> Value = |value| match value {
                    Value::Bytes(bytes) => Value::Text(base64::encode_standard(&bytes).into()),
                    other => other,
                };
                Ok(packed(&json_of(&changed(session, replaced))?))
            },
            ..Steps::MODEL
        },
    ),
    Fault::new(
        "markup-as-text",
        &["PAY-8", "PAY-16", "PAY-12"],
        "markup is written as text",
        Steps {
            write: |session| {
                let replaced: fn(Value) -> Value = |value| match value {
                    Value::Markup(text) => Value::Text(text),
                    other => other,
                };
                Ok(packed(&json_of(&changed(session, replaced))?))
            },
            ..Steps::MODEL
        },
    ),
    Fault::new(
        "uuid-as-text",
        &["PAY-9", "PAY-16", "PAY-12"],
        "a UUID is written as hex digits",
        Steps {
            write: |session| {
                let replaced: fn(Value) -> Value = |value| match value {
                    Value::Uuid(uuid) => Value::Text(format!("{uuid:032x}").into()),
                    other => other,
                };
                Ok(packed(&json_of(&changed(session, replaced))?))
            },
            ..Steps::MODEL
        },
    ),
    Fault::new(
        "datetime-iso",
        &["PAY-10", "PAY-16", "PAY-12"],
        "a datetime is written as ISO 8601 text",
        Steps {
            write: |session| {
                let replaced: fn(Value) -> Value = |value| match value {
                    Value::Datetime(at) => Value::Text(crate::value::wire::datetime_to_iso(&at).into()),
                    other => other,
                };
                Ok(packed(&json_of(&changed(session, replaced))?))
            },
            ..Steps::MODEL
        },
    ),
    Fault::new(
        "tag-like-maps-not-escaped",
        &["PAY-11", "PAY-16"],
        "a map that looks like a tag is written as it is",
        Steps {
            write: |session| {
                let text = json_of(session)?.replace("{\" di\":{", "{").replace("__\":", "\":");
                Ok(packed(&text))
            },
            ..Steps::MODEL
        },
    ),
    Fault::new(
        "never-compressed",
        &["PAY-12"],
        "payloads are never compressed, undeclared",
        Steps { write: |session| Ok(base64::encode(json_of(session)?.as_bytes())), ..Steps::MODEL },
    ),
    Fault::new(
        "always-compressed",
        &["PAY-12"],
        "payloads are compressed whether that pays or not",
        Steps {
            write: |session| Ok(format!(".{}", base64::encode(&payload::deflate(json_of(session)?.as_bytes())))),
            ..Steps::MODEL
        },
    ),
    Fault::new(
        "never-inflated",
        &["PAY-13", "PAY-16", "PAY-12"],
        "a payload with a leading dot is not inflated",
        Steps {
            read: |payload| match payload.first() {
                Some(b'.') => Err(Raised::Payload),
                _ => steps::read(payload),
            },
            ..Steps::MODEL
        },
    ),
    Fault::new(
        "odd-payload-is-empty",
        &["PAY-14"],
        "a payload that is not a session is an empty one where raising is declared",
        Steps { read: |payload| Ok(steps::read(payload).unwrap_or_default()), ..Steps::MODEL },
    ),
    Fault::new(
        "only-maps-load",
        &["PAY-15"],
        "a payload that is null or a list of pairs raises",
        Steps {
            read: |payload| match payload::text(payload, &steps::FLASK) {
                Some(text) if !text.trim_start().starts_with('{') => Err(Raised::Payload),
                _ => steps::read(payload),
            },
            ..Steps::MODEL
        },
    ),
    Fault::new(
        "number-keys-dropped",
        &["PAY-5", "PAY-16"],
        "keys that are not text are left out",
        Steps {
            write: |session| {
                let is_text = |key: &Value| matches!(key, Value::Text(_) | Value::Markup(_));
                steps::write(&session.clone().into_iter().filter(|(key, _)| is_text(key)).collect())
            },
            ..Steps::MODEL
        },
    ),
    of_find("last-duplicate", &["HDR-1"], "the last of several cookies counts, undeclared", |header, name| {
        cookie_header::value(header, name, DuplicatesChoice::Last)
    }),
    of_find("quotes-kept", &["HDR-2"], "quoted values keep their quotes", |header, name| {
        model(&header.replace('"', "!!!!"), name)
    }),
    of_find("unreadable-ends-the-header", &["HDR-3"], "nothing behind an unreadable part is read", |header, name| {
        let ends = |part: &&str| part.split('=').next().is_some_and(|name| name.trim().contains([' ', '"']));
        let read: Vec<_> = header.split(';').take_while(|part| !ends(part)).collect();
        model(&read.join(";"), name)
    }),
    of_find(
        "empty-value-skipped",
        &["HDR-4", "HDR-1"],
        "an empty cookie gives way to the next of its name",
        |header, name| {
            let rest: Vec<_> = header.split(';').filter(|part| part.trim().trim_end() != format!("{name}=")).collect();
            model(&rest.join(";"), name)
        },
    ),
    of_find("names-without-case", &["HDR-5", "HDR-1"], "names are compared without regard to case", |header, name| {
        let same = |part: &str| match part.split_once('=') {
            Some((known, value)) if known.trim().eq_ignore_ascii_case(name) => format!("{name}={value}"),
            _ => part.to_owned(),
        };
        model(&header.split(';').map(same).collect::<Vec<_>>().join(";"), name)
    }),
    of_find("header-beyond-ascii-lost", &["HDR-6"], "a header with bytes beyond ASCII is not read", |header, name| {
        if header.is_ascii() { model(header, name) } else { None }
    }),
];

fn model(header: &str, name: &str) -> Option<String> {
    cookie_header::value(header, name, DuplicatesChoice::First)
}

const fn of_find(
    name: &'static str,
    rules: &'static [&'static str],
    summary: &'static str,
    find: fn(&str, &str) -> Option<String>,
) -> Fault {
    Fault::new(name, rules, summary, Steps { find, ..Steps::MODEL })
}

/// A payload's JSON as the specification writes it.
fn json_of(session: &Map) -> Result<String, Raised> {
    json::write(&tagging::tag(&Value::Map(session.clone()))?)
}

/// JSON text as a payload, compressed when that pays.
fn packed(text: &str) -> String {
    let deflated = payload::deflate(text.as_bytes());
    match deflated.len() + 1 < text.len() {
        true => format!(".{}", base64::encode(&deflated)),
        false => base64::encode(text.as_bytes()),
    }
}

/// A session with every value replaced, from the inside out.
fn changed(session: &Map, replace: fn(Value) -> Value) -> Map {
    session.iter().map(|(key, value)| (key.clone(), changed_value(value, replace))).collect()
}

fn changed_value(value: &Value, replace: fn(Value) -> Value) -> Value {
    let all = |items: &[Value]| items.iter().map(|item| changed_value(item, replace)).collect();
    replace(match value {
        Value::List(items) => Value::List(all(items)),
        Value::Tuple(items) => Value::Tuple(all(items)),
        Value::Map(map) => Value::Map(changed(map, replace)),
        plain => plain.clone(),
    })
}
