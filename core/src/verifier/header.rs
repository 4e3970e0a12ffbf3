//! The session's cookie in a Cookie header (`HDR-*`), read byte by byte in one walk.

use std::borrow::Cow;

/// The value of the first cookie of a name, without quotes and escapes. Each byte of the header is one character (`HDR-6`).
pub fn find<'h>(header: &'h [u8], name: &str) -> Option<Cow<'h, str>> {
    let mut rest = header;
    loop {
        match pair(rest) {
            Some(Pair { name: found, value, rest: behind }) => {
                if is_name(found, name) {
                    return Some(unquoted(value));
                }
                if behind.is_empty() {
                    return None;
                }
                rest = behind;
            }
            // What cannot be read ends at the next semicolon (`HDR-3`).
            None => rest = rest.get(rest.iter().position(|byte| *byte == b';')? + 1..)?,
        }
    }
}

struct Pair<'h> {
    name: &'h [u8],
    value: &'h [u8],
    /// What follows the semicolon.
    rest: &'h [u8],
}

/// The pair that the text begins with: up to a semicolon or the end.
fn pair(text: &[u8]) -> Option<Pair<'_>> {
    let text = skip_space(text);
    let (name, behind) = split_at(text, |byte| matches!(byte, b' ' | b'\t' | b'=' | b'"' | b';'));
    if name.is_empty() {
        return None;
    }
    let behind = skip_space(behind);
    let Some(behind) = behind.strip_prefix(b"=") else {
        return Some(Pair { name, value: &[], rest: end(behind)? });
    };
    let behind = skip_space(behind);
    let (value, behind) = match behind.first() {
        Some(b'"') => quoted(behind)?,
        _ => split_at(behind, |byte| matches!(byte, b' ' | b'\t' | b'"' | b';')),
    };
    Some(Pair { name, value, rest: end(skip_space(behind))? })
}

fn skip_space(text: &[u8]) -> &[u8] {
    split_at(text, |byte| !matches!(byte, b' ' | b'\t')).1
}

fn split_at(text: &[u8], is_end: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|byte| is_end(*byte)).unwrap_or(text.len()))
}

/// What follows the semicolon that must stand here, unless the text ends.
fn end(text: &[u8]) -> Option<&[u8]> {
    if text.is_empty() { Some(text) } else { text.strip_prefix(b";") }
}

/// A value in quotes, and what follows it. A backslash escapes any character but a line feed.
fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return text.split_at_checked(at + 1),
            b'\\' if *text.get(at + 1)? == b'\n' => return None,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Whether the bytes are the characters of the name, one for each (`HDR-5`).
fn is_name(bytes: &[u8], name: &str) -> bool {
    bytes.iter().map(|byte| char::from(*byte)).eq(name.chars())
}

/// The characters of a value, without its quotes and escapes (`HDR-2`).
fn unquoted(value: &[u8]) -> Cow<'_, str> {
    let Some(mut rest) = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) else {
        return match str::from_utf8(value) {
            Ok(text) if text.is_ascii() => Cow::Borrowed(text),
            _ => Cow::Owned(value.iter().map(|byte| char::from(*byte)).collect()),
        };
    };
    let mut bytes = Vec::with_capacity(rest.len());
    // A byte of the header is a character, and only an octal escape is a byte of the value.
    let character = |bytes: &mut Vec<u8>, byte: u8| {
        bytes.extend_from_slice(char::from(byte).encode_utf8(&mut [0; 4]).as_bytes());
    };
    loop {
        match rest {
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = tail;
            }
            [b'\\', byte, tail @ ..] | [byte, tail @ ..] => {
                character(&mut bytes, *byte);
                rest = tail;
            }
            [] => return Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cookie_of_the_name_counts() {
        assert_eq!(find(b"session=a; session=b", "session").as_deref(), Some("a"));
        assert!(matches!(find(b"x=y; session=a", "session"), Some(Cow::Borrowed("a"))));
    }
}
