//! The Cookie header as Werkzeug takes it apart (`HDR-*`).

use crate::protocol::DuplicatesChoice;
use regex_lite::Regex;
use std::sync::LazyLock;

/// One pair and the semicolon or end behind it: a name, and perhaps a value that is quoted or bare.
static PAIR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"^[ \t]*([^ \t=";]+)(?:[ \t]*=[ \t]*("(?:[^\\"]|\\[^\n])*"|[^ \t";]*))?[ \t]*(?:;|$)"#).ok()
});

/// The value of the cookie of a name, or none; which of several counts is a choice (`HDR-1`). The header has one character for
/// each byte, and is left so: a byte beyond ASCII is the Latin-1 letter, whether it belongs to UTF-8 or not (`HDR-6`). No header
/// raises in today's Werkzeug.
pub fn value(header: &str, name: &str, duplicates: DuplicatesChoice) -> Option<String> {
    let mut values = pairs(header).filter(|(n, _)| *n == name).map(|(_, value)| unquote(value));
    match duplicates {
        DuplicatesChoice::First => values.next(),
        DuplicatesChoice::Last => values.last(),
    }
}

/// Names and values as they stand. What cannot be read is skipped up to the next semicolon (`HDR-3`).
pub(crate) fn pairs(header: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = header;
    std::iter::from_fn(move || {
        loop {
            match PAIR.as_ref()?.captures(rest) {
                Some(found) => {
                    let end = found.get(0).map_or(0, |all| all.end());
                    let name = found.get(1).map_or("", |name| name.as_str());
                    rest = &rest[end..];
                    return Some((name, found.get(2).map_or("", |value| value.as_str())));
                }
                None => rest = &rest[rest.find(';')? + 1..],
            }
        }
    })
}

/// A quoted value without its quotes and escapes: `\"` and the like, and bytes as three octal digits (`HDR-2`).
fn unquote(value: &str) -> String {
    let inner = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').unwrap_or(""),
        None => return value.to_owned(),
    };
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.as_bytes();
    loop {
        match rest {
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = tail;
            }
            [b'\\', byte, tail @ ..] => {
                bytes.push(*byte);
                rest = tail;
            }
            [byte, tail @ ..] => {
                bytes.push(*byte);
                rest = tail;
            }
            [] => return String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DuplicatesChoice::{First, Last};

    #[test]
    fn the_first_cookie_of_the_name_counts() {
        for (header, expected) in [
            ("session=a; session=b", Some("a")),
            ("other=x;session = a ;", Some("a")),
            ("session", Some("")),
            ("session=; session=b", Some("")),
            ("Session=a", None),
            ("session=\"a\\054\\\"b\"", Some("a,\"b")),
            ("session=\"\\101\\142\\063\"", Some("Ab3")),
            ("session=\"\\400a\"", Some("400a")),
            ("session=\"a\\\nb\"", None),
            ("bad\"; session=a", Some("a")),
            ("session=\"a; session=b", Some("b")),
            ("session=a=b", Some("a=b")),
            ("", None),
        ] {
            assert_eq!(value(header, "session", First), expected.map(str::to_owned), "{header:?}");
        }
    }

    #[test]
    fn the_last_cookie_of_the_name_counts_where_that_is_chosen() {
        for (header, expected) in
            [("session=a; session=b; x=c", Some("b")), ("session=a; session", Some("")), ("x=a", None)]
        {
            assert_eq!(value(header, "session", Last), expected.map(str::to_owned), "{header:?}");
        }
    }

    #[test]
    fn bytes_are_letters_and_only_octal_escapes_are_utf8() {
        for (header, expected) in [
            ("x=\u{FF}; session=a", Some("a")),
            ("session=\u{C3}\u{A9}", Some("\u{C3}\u{A9}")),
            ("session=\"\u{C3}\u{A9}\"", Some("\u{C3}\u{A9}")),
            ("session=\"\\303\\251\"", Some("\u{E9}")),
            ("session=\"\\377\"", Some("\u{FFFD}")),
        ] {
            assert_eq!(value(header, "session", First), expected.map(str::to_owned), "{header:?}");
        }
        assert_eq!(value("s\u{C3}\u{A9}=a", "s\u{E9}", First), None);
        assert_eq!(value("s\u{E9}=a", "s\u{E9}", First), Some("a".to_owned()));
    }
}
