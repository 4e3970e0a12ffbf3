//! Mutants of the Cookie header (`HDR-*`).

use super::{Mutant, hooks::Hooks};
use crate::{
    model::{cookie_header, server},
    protocol::DuplicatesChoice,
};

pub(super) const MUTANTS: &[Mutant] = &[
    of_find("last-duplicate", &["HDR-1"], "the last of several cookies counts, undeclared", |header, name| {
        cookie_header::value(header, name, DuplicatesChoice::Last)
    }),
    of_find("quotes-kept", &["HDR-2"], "quoted values keep their quotes", |header, name| {
        model(&header.replace('"', "!!!!"), name)
    }),
    of_find("octal-escapes-kept", &["HDR-2"], "escapes in quoted values stand for themselves", |header, name| {
        model(&if header.is_ascii() { header.replace('\\', "\\\\") } else { header.to_owned() }, name)
    }),
    of_find("percent-decoded", &["HDR-2", "HDR-3", "SIG-6"], "values are percent-decoded", |header, name| {
        model(header, name).map(|value| percent_decode(&value))
    }),
    of_find(
        "one-quote-is-a-pair",
        &["HDR-3", "HDR-1"],
        "a value with a quote at one end loses a character at both",
        |header, name| {
            let is_quoted = |value: &str| value.starts_with('"') != value.ends_with('"');
            let mut pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
            match pairs.find(|(known, value)| *known == name && is_quoted(value)) {
                Some((_, value)) => Some(without_ends(value)),
                None => model(header, name),
            }
        },
    ),
    of_find("quotes-taken-off-twice", &["HDR-2"], "quotes within the quotes are taken off as well", |header, name| {
        let is_quoted = |value: &str| value.starts_with('"') || value.ends_with('"');
        model(header, name).map(|value| if is_quoted(&value) { without_ends(&value) } else { value })
    }),
    of_find("unreadable-ends-the-header", &["HDR-3"], "nothing behind an unreadable part is read", |header, name| {
        let ends = |part: &&str| part.split('=').next().is_some_and(|name| name.trim().contains([' ', '"']));
        let read: Vec<_> = header.split(';').take_while(|part| !ends(part)).collect();
        model(&read.join(";"), name)
    }),
    of_find("commas-separate", &["HDR-3", "HDR-1"], "cookies end at commas too, as they did once", |header, name| {
        model(&header.replace(',', ";"), name)
    }),
    of_find(
        "semicolon-and-space-separate",
        &["HDR-3", "HDR-1"],
        "cookies end at a semicolon and a space, and not without the space",
        |header, name| {
            let mut pairs = header.split("; ").filter_map(|pair| pair.split_once('='));
            pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
        },
    ),
    of_find(
        "empty-value-skipped",
        &["HDR-4", "HDR-1"],
        "an empty cookie gives way to the next of its name",
        |header, name| {
            let rest: Vec<_> = header.split(';').filter(|part| part.trim().trim_end() != format!("{name}=")).collect();
            model(&rest.join(";"), name)
        },
    ),
    Mutant::new(
        "empty-value-raises",
        &["HDR-4"],
        "an empty value is an error",
        Hooks {
            answered: |answer, call| {
                let empty = format!("{}=", call.config.cookie_name);
                if call.cookie_header.as_ref() == Some(&empty) && call.config.signing_key().is_some() {
                    *answer = server::not_opened();
                }
            },
            ..Hooks::MODEL
        },
    ),
    of_find("names-without-case", &["HDR-5", "HDR-1"], "names are compared without regard to case", |header, name| {
        let same = |part: &str| match part.split_once('=') {
            Some((known, value)) if known.trim().eq_ignore_ascii_case(name) => format!("{name}={value}"),
            _ => part.to_owned(),
        };
        model(&header.split(';').map(same).collect::<Vec<_>>().join(";"), name)
    }),
    of_find(
        "names-by-their-end",
        &["HDR-5", "HDR-1", "HDR-3"],
        "a name that ends like the cookie's counts",
        |header, name| {
            let same = |part: &str| match part.split_once('=') {
                Some((known, value)) if known.trim().ends_with(name) => format!("{name}={value}"),
                _ => part.to_owned(),
            };
            model(&header.split(';').map(same).collect::<Vec<_>>().join(";"), name)
        },
    ),
    of_find("header-beyond-ascii-lost", &["HDR-6"], "a header with bytes beyond ASCII is not read", |header, name| {
        if header.is_ascii() { model(header, name) } else { None }
    }),
    of_find(
        "header-cut-at-ascii",
        &["HDR-6", "HDR-1"],
        "a header ends at the first byte beyond ASCII",
        |header, name| model(header.split(|c: char| !c.is_ascii()).next().unwrap_or(""), name),
    ),
];

fn model(header: &str, name: &str) -> Option<String> {
    cookie_header::value(header, name, DuplicatesChoice::First)
}

/// A value without its first and its last character.
fn without_ends(value: &str) -> String {
    let mut inner = value.chars();
    inner.next();
    inner.next_back();
    inner.as_str().to_owned()
}

fn percent_decode(value: &str) -> String {
    let mut parts = value.split('%');
    let mut decoded = parts.next().unwrap_or("").to_owned();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(char::from(byte));
                decoded.push_str(&part[2..]);
            }
            None => {
                decoded.push('%');
                decoded.push_str(part);
            }
        }
    }
    decoded
}

const fn of_find(
    name: &'static str,
    rules: &'static [&'static str],
    summary: &'static str,
    find: fn(&str, &str) -> Option<String>,
) -> Mutant {
    Mutant::new(name, rules, summary, Hooks { find, ..Hooks::MODEL })
}
