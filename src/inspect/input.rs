//! Finds the session's cookie in what somebody pasted: a bare value, or header lines.
//!
//! The model parses the headers. This module only decides which kind of header a text is.

use super::{Form, NotACookie};
use crate::{
    foreign::beginning,
    model::{browser::attributes, cookie_header},
    protocol::DuplicatesChoice,
};

/// The longest text that is looked at, in bytes. Servers take headers of some kilobytes.
pub const LONGEST: usize = 1 << 20;

/// A cookie that was found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub form: Form,
    /// The cookie's name; `None` for a bare value.
    pub name: Option<String>,
    pub value: String,
    /// What stands behind `Set-Cookie:`.
    pub set_cookie: Option<String>,
    /// Whether a Cookie header has other values under the name as well.
    pub is_one_of_several: bool,
}

impl Found {
    /// A bare value.
    pub fn value(value: &str) -> Self {
        Self { form: Form::Value, name: None, value: value.to_owned(), set_cookie: None, is_one_of_several: false }
    }
}

/// The names of attributes, which distinguish a Set-Cookie header from a Cookie header if neither is named.
const ATTRIBUTES: [&str; 8] = ["domain", "expires", "httponly", "max-age", "partitioned", "path", "samesite", "secure"];

/// Finds the cookie of a name in a text, which has one character for each byte.
pub(super) fn find(text: &str, name: &str) -> Result<Found, NotACookie> {
    if text.len() > LONGEST {
        return Err(NotACookie::TooLong);
    }
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let headers = |header: &str| lines.iter().filter_map(|line| value_of(line, header)).collect::<Vec<_>>();
    let (set_cookies, cookies) = (headers("set-cookie"), headers("cookie"));
    match lines[..] {
        [] => Err(NotACookie::Empty),
        _ if !set_cookies.is_empty() => in_set_cookies(&set_cookies, name),
        _ if !cookies.is_empty() => in_cookies(&cookies, name),
        [line] if !is_pair(line, name) => Ok(Found::value(line)),
        [line] if has_attributes(line) => in_set_cookies(&[line], name),
        [line] => in_cookies(&[line], name),
        _ => Err(NotACookie::Lines),
    }
}

/// What stands behind the name of a header, in any case of letters.
fn value_of<'l>(line: &'l str, header: &str) -> Option<&'l str> {
    let (name, value) = line.split_once(':')?;
    name.trim().eq_ignore_ascii_case(header).then(|| value.trim())
}

/// Of several cookies of one name in a response the last stays.
fn in_set_cookies(headers: &[&str], name: &str) -> Result<Found, NotACookie> {
    let found = headers.iter().map(|header| (*header, attributes::pair(header))).rfind(|(_, (n, _))| *n == name);
    match found {
        Some((header, (name, value))) => Ok(Found {
            form: Form::SetCookie,
            name: Some(name.to_owned()),
            value: value.to_owned(),
            set_cookie: Some(header.to_owned()),
            is_one_of_several: false,
        }),
        None => Err(missing(name, headers.iter().map(|header| attributes::pair(header).0))),
    }
}

fn in_cookies(headers: &[&str], name: &str) -> Result<Found, NotACookie> {
    let value = |duplicates| headers.iter().find_map(|header| cookie_header::value(header, name, duplicates));
    match (value(DuplicatesChoice::First), value(DuplicatesChoice::Last)) {
        (Some(value), last) => Ok(Found {
            form: Form::Cookie,
            name: Some(name.to_owned()),
            is_one_of_several: last.is_some_and(|last| last != value),
            value,
            set_cookie: None,
        }),
        (None, _) => {
            let names = headers.iter().flat_map(|header| cookie_header::pairs(header)).map(|(name, _)| name);
            Err(missing(name, names))
        }
    }
}

fn missing<'n>(name: &str, there: impl Iterator<Item = &'n str>) -> NotACookie {
    let shown = there.take(5).map(|name| beginning(name, 40)).collect();
    NotACookie::NotThere { name: beginning(name, 40), there: shown }
}

/// Whether a line is `name=value` and not a value alone, in which an equals sign is padding.
fn is_pair(line: &str, name: &str) -> bool {
    let begins = |name: &str| line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='));
    let other = line.split_once('=').is_some_and(|(name, value)| {
        !name.contains('.') && !value.starts_with(['=', '.']) && value.contains(|c: char| c.is_ascii_alphanumeric())
    });
    begins(name) || line.contains(';') || other
}

fn has_attributes(line: &str) -> bool {
    let attributes = line.split(';').skip(1).map(|part| part.split('=').next().unwrap_or("").trim());
    attributes.into_iter().any(|name| ATTRIBUTES.iter().any(|known| name.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_each_form_in_which_it_is_pasted() {
        for (text, form, value) in [
            ("a.b.c", Form::Value, "a.b.c"),
            (" a.b.c \n", Form::Value, "a.b.c"),
            ("e30=.b.c", Form::Value, "e30=.b.c"),
            ("a.b.c==", Form::Value, "a.b.c=="),
            ("session=a.b.c", Form::Cookie, "a.b.c"),
            ("x=1; session=a.b.c", Form::Cookie, "a.b.c"),
            ("Cookie: x=1; session=\"a.b.c\"", Form::Cookie, "a.b.c"),
            ("session=a.b.c; Path=/", Form::SetCookie, "a.b.c"),
            ("set-cookie: session=a.b.c", Form::SetCookie, "a.b.c"),
            ("HTTP/1.1 200 OK\r\nSet-Cookie: x=1\r\nSet-Cookie: session=a.b.c; secure\r\n", Form::SetCookie, "a.b.c"),
            ("Set-Cookie: session=a; Path=/\nSet-Cookie: session=b; Path=/", Form::SetCookie, "b"),
        ] {
            let found = find(text, "session").unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!((found.form, found.value.as_str()), (form, value), "{text:?}");
        }
    }

    #[test]
    fn of_several_cookies_of_one_name_the_first_counts_and_that_is_noted() {
        assert!(find("Cookie: session=a; session=b", "session").unwrap().is_one_of_several);
        assert!(!find("Cookie: session=a; session=a", "session").unwrap().is_one_of_several);
    }

    #[test]
    fn another_name_is_named() {
        let error = find("Cookie: sid=a.b.c; x=\u{1b}", "session").unwrap_err().to_string();
        assert!(error.contains("sid") && error.contains("--cookie-name") && !error.contains('\u{1b}'), "{error}");
    }
}
