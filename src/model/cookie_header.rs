//! The Cookie header as Werkzeug takes it apart (`HDR-*`).

use super::Raised;
use regex_lite::Regex;
use std::sync::LazyLock;

/// One pair and the semicolon or end behind it: a name, and perhaps a value that is quoted or bare.
static PAIR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"^[ \t]*([^ \t=";]+)(?:[ \t]*=[ \t]*("(?:[^\\"]|\\[^\n])*"|[^ \t";]*))?[ \t]*(?:;|$)"#).ok()
});

/// The value of the first cookie of a name (`HDR-1`), or none. The header has one character for each byte, and is left so: a byte
/// beyond ASCII is the Latin-1 letter, whether it belongs to UTF-8 or not (`HDR-6`). No header raises in today's Werkzeug.
pub fn first(header: &str, name: &str) -> Result<Option<String>, Raised> {
    let Some(pair) = PAIR.as_ref() else { return Ok(None) };

    let mut rest = header;
    loop {
        match pair.captures(rest) {
            Some(found) => {
                if found.get(1).is_some_and(|n| n.as_str() == name) {
                    return Ok(Some(unquote(found.get(2).map_or("", |v| v.as_str()))));
                }
                let end = found.get(0).map_or(rest.len(), |all| all.end());
                if end == 0 {
                    return Ok(None);
                }
                rest = &rest[end..];
            }
            // What cannot be read is skipped up to the next semicolon (`HDR-3`).
            None => match rest.find(';') {
                Some(at) => rest = &rest[at + 1..],
                None => return Ok(None),
            },
        }
    }
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
            [b'\\', byte, tail @ ..] if *byte != b'\n' => {
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

    #[test]
    fn the_first_cookie_of_the_name_counts() {
        for (header, value) in [
            ("session=a; session=b", Some("a")),
            ("other=x;session = a ;", Some("a")),
            ("session", Some("")),
            ("session=; session=b", Some("")),
            ("Session=a", None),
            ("session=\"a\\054\\\"b\"", Some("a,\"b")),
            ("bad\"; session=a", Some("a")),
            ("session=\"a; session=b", Some("b")),
            ("session=a=b", Some("a=b")),
            ("", None),
        ] {
            assert_eq!(first(header, "session"), Ok(value.map(str::to_owned)), "{header:?}");
        }
    }

    #[test]
    fn bytes_are_letters_and_only_octal_escapes_are_utf8() {
        for (header, value) in [
            ("x=\u{FF}; session=a", Some("a")),
            ("session=\u{C3}\u{A9}", Some("\u{C3}\u{A9}")),
            ("session=\"\u{C3}\u{A9}\"", Some("\u{C3}\u{A9}")),
            ("session=\"\\303\\251\"", Some("\u{E9}")),
            ("session=\"\\377\"", Some("\u{FFFD}")),
        ] {
            assert_eq!(first(header, "session"), Ok(value.map(str::to_owned)), "{header:?}");
        }
        assert_eq!(first("s\u{C3}\u{A9}=a", "s\u{E9}"), Ok(None));
        assert_eq!(first("s\u{E9}=a", "s\u{E9}"), Ok(Some("a".to_owned())));
    }
}
