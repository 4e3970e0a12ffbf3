//! A Set-Cookie header taken apart as RFC 6265bis, section 5.6, has it: name, value, and the attributes that count.
//!
//! The header has one character for each byte. Nothing here knows what time it is or where the header came from.

use super::{Ignored, SameSite, date};

/// How many bytes name and value may have together (`UA-6`).
pub const MAX_NAME_AND_VALUE: usize = 4096;

/// How many bytes the value of an attribute may have (`UA-6`).
pub const MAX_ATTRIBUTE_VALUE: usize = 1024;

/// What a Set-Cookie header says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Parsed {
    /// The name; empty where the header has no equals sign.
    pub name: String,
    /// The value, quotes and all.
    pub value: String,
    /// `Expires` in Unix seconds.
    pub expires: Option<i64>,
    /// `Max-Age` in seconds; what no `i64` holds is cut to its nearest end.
    pub max_age: Option<i64>,
    /// `Domain` in lower case without its leading dot; `None` if it is missing or empty.
    pub domain: Option<String>,
    /// `Path`.
    pub path: PathAttribute,
    /// `Secure`.
    pub secure: bool,
    /// `HttpOnly`.
    pub http_only: bool,
    /// `SameSite`.
    pub same_site: SameSite,
    /// `Partitioned`.
    pub partitioned: bool,
}

/// What the last `Path` attribute says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum PathAttribute {
    /// There is none: the default path of the request holds.
    #[default]
    Absent,
    /// It is not an absolute path: the default path holds.
    Default,
    /// An absolute path.
    Given(String),
}

/// Takes a Set-Cookie header apart.
///
/// # Errors
///
/// Why a user agent ignores the header: it holds a control character, has neither name nor value, or is too long (`UA-6`).
pub fn parse(header: &str) -> Result<Parsed, Ignored> {
    if header.chars().any(|c| matches!(c, '\0'..='\x08' | '\n'..='\x1F' | '\x7F')) {
        return Err(Ignored::ControlCharacter);
    }
    let (name, value) = pair(header);
    match length(name) + length(value) {
        0 => return Err(Ignored::Empty),
        1..=MAX_NAME_AND_VALUE => {}
        _ => return Err(Ignored::TooLong),
    }
    let mut parsed = Parsed { name: name.to_owned(), value: value.to_owned(), ..Parsed::default() };
    for attribute in header.split(';').skip(1) {
        let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        parsed.take(trim(name), trim(value));
    }
    Ok(parsed)
}

/// The name and the value, however long they are.
pub(crate) fn pair(header: &str) -> (&str, &str) {
    let pair = header.split(';').next().unwrap_or("");
    let (name, value) = pair.split_once('=').unwrap_or(("", pair));
    (trim(name), trim(value))
}

impl Parsed {
    /// Takes one attribute in. The last of a name counts, except for a date or age that cannot be read (`UA-8`).
    fn take(&mut self, name: &str, value: &str) {
        if length(value) > MAX_ATTRIBUTE_VALUE {
            return;
        }
        match name.to_ascii_lowercase().as_str() {
            "domain" => {
                let domain = value.strip_prefix('.').unwrap_or(value).to_ascii_lowercase();
                self.domain = Some(domain).filter(|domain| !domain.is_empty());
            }
            "expires" => self.expires = date::parse(value).or(self.expires),
            "httponly" => self.http_only = true,
            "max-age" => self.max_age = read_seconds(value).or(self.max_age),
            "partitioned" => self.partitioned = true,
            "path" if value.starts_with('/') => self.path = PathAttribute::Given(value.to_owned()),
            "path" => self.path = PathAttribute::Default,
            "samesite" => self.same_site = SameSite::read(value),
            "secure" => self.secure = true,
            _ => {}
        }
    }
}

/// Digits, perhaps behind a minus sign.
fn read_seconds(value: &str) -> Option<i64> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let beyond = if value.starts_with('-') { i64::MIN } else { i64::MAX };
    Some(value.parse().unwrap_or(beyond))
}

/// Without the spaces and tabs around it.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// The length in bytes, of which each is one character here.
fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_value_end_at_the_first_equals_sign_and_semicolon() {
        for (header, name, value) in [
            ("a=b", "a", "b"),
            (" a\t=\t b ; Secure", "a", "b"),
            ("a=b=c", "a", "b=c"),
            ("a=\"b c\"", "a", "\"b c\""),
            ("a=", "a", ""),
            ("token", "", "token"),
            ("=token", "", "token"),
        ] {
            let parsed = parse(header).unwrap();
            assert_eq!((parsed.name.as_str(), parsed.value.as_str()), (name, value), "{header:?}");
        }
    }

    #[test]
    fn what_has_neither_name_nor_value_or_holds_control_characters_is_ignored() {
        for header in ["", "=", " = ; Path=/", ";Secure"] {
            assert_eq!(parse(header), Err(Ignored::Empty), "{header:?}");
        }
        for header in ["a=b\0", "a\n=b", "a=b; Path=/\r", "a=b\x7F"] {
            assert_eq!(parse(header), Err(Ignored::ControlCharacter), "{header:?}");
        }
        assert!(parse("a=b\tc").is_ok());
    }

    #[test]
    fn flags_are_read_in_any_case_of_letters() {
        let flags = |header| parse(header).map(|parsed| [parsed.http_only, parsed.partitioned, parsed.secure]);
        assert_eq!(flags("a=b; HTTPOnly; SECURE; partitioned=no"), Ok([true; 3]));
        assert_eq!(flags("a=b; HttpOnlyX"), Ok([false; 3]));
    }

    #[test]
    fn a_name_and_value_of_more_than_4096_bytes_are_ignored() {
        let header = |length: usize| format!("name={}; Path=/", "é".repeat(length - 4));
        assert!(parse(&header(4096)).is_ok());
        assert_eq!(parse(&header(4097)), Err(Ignored::TooLong));
    }

    #[test]
    fn an_attribute_value_of_more_than_1024_bytes_is_ignored() {
        let path = |length: usize| format!("/{}", "p".repeat(length - 1));
        let parsed = parse(&format!("a=b; Path={}; Path={}", path(1024), path(1025))).unwrap();
        assert_eq!(parsed.path, PathAttribute::Given(path(1024)));
    }

    #[test]
    fn the_last_attribute_of_a_name_counts() {
        let parsed = parse(
            "a=b; PATH=/x; Path=/y; Domain=x.example; domain=.Y.example; Max-Age=1; max-age=2; SameSite=Strict; samesite=lAX",
        )
        .unwrap();
        assert_eq!(parsed.path, PathAttribute::Given("/y".to_owned()));
        assert_eq!(parsed.domain.as_deref(), Some("y.example"));
        assert_eq!(parsed.max_age, Some(2));
        assert_eq!(parsed.same_site, SameSite::Lax);
        let parsed = parse("a=b; Path=/x; Path=y; Domain=x.example; Domain=; SameSite=Strict; SameSite=no").unwrap();
        assert_eq!((parsed.path, parsed.domain), (PathAttribute::Default, None));
        assert_eq!(parsed.same_site, SameSite::Default);
    }

    #[test]
    fn an_unreadable_date_or_age_does_not_count() {
        for value in ["", "-", "+5", "5s", " 5 5", "5.0", "--5", "٣"] {
            let header = format!("a=b; Max-Age=7; Max-Age={value}; Expires=01 Jan 1970 00:00:09; Expires={value}");
            let parsed = parse(&header).unwrap();
            assert_eq!((parsed.max_age, parsed.expires), (Some(7), Some(9)), "{value:?}");
        }
    }

    #[test]
    fn ages_beyond_any_number_are_cut() {
        let max_age = |value: &str| parse(&format!("a=b; Max-Age={value}")).unwrap().max_age;
        assert_eq!(max_age("99999999999999999999"), Some(i64::MAX));
        assert_eq!(max_age("-99999999999999999999"), Some(i64::MIN));
        assert_eq!(max_age("-0"), Some(0));
    }
}
