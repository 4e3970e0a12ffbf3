//! The text of a session cookie taken apart: the parts of its value, and the headers that set it. Nothing here says whether a
//! signature or a date is right.

use crate::{
    config::Config,
    model::{base64, browser},
    protocol::{Exchange, Response},
};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// The cookie's name as it stands in a header: one character for each byte (`SET-2`).
pub fn name(config: &Config) -> String {
    config.cookie_name.bytes().map(char::from).collect()
}

/// The parts of a cookie's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// The session, with a point before it if it is compressed.
    pub payload: &'a str,
    /// When it was signed.
    pub timestamp: &'a str,
    /// The signature of both.
    pub signature: &'a str,
}

/// Takes a cookie's value apart; none if it has fewer than two points.
pub fn parts(cookie: &str) -> Option<Parts<'_>> {
    let (signed, signature) = cookie.rsplit_once('.')?;
    let (payload, timestamp) = signed.rsplit_once('.')?;
    Some(Parts { payload, timestamp, signature })
}

/// When a cookie's value says that it was signed, in Unix seconds.
pub fn signed_at(cookie: &str) -> Option<u64> {
    read_timestamp(parts(cookie)?.timestamp)
}

/// The Unix seconds of a timestamp: at most eight big-endian bytes in base64 (`SIG-4`).
pub fn read_timestamp(text: &str) -> Option<u64> {
    base64::decode(text.as_bytes()).as_deref().and_then(seconds)
}

/// The number in at most eight big-endian bytes.
pub fn seconds(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |seconds, byte| seconds << 8 | u64::from(*byte)))
}

/// A Set-Cookie header taken apart: value, and attributes by lower-case name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedCookie {
    /// The cookie's name.
    pub name: String,
    /// The value as it stands.
    pub value: String,
    /// The attributes; those without a value have an empty one.
    pub attributes: BTreeMap<String, String>,
}

/// Takes a Set-Cookie header apart.
pub fn parse_set_cookie(header: &str) -> ParsedCookie {
    let mut parts = header.split(';');
    let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).unwrap_or((header, ""));
    let attributes = parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    ParsedCookie { name: name.trim().to_owned(), value: value.trim().to_owned(), attributes }
}

/// The Set-Cookie of the session's name, if there is one.
pub fn set_cookie(exchanged: &Response, call: &Exchange) -> Option<ParsedCookie> {
    session_cookies(exchanged, call).into_iter().next()
}

/// Every Set-Cookie of the session's name.
pub fn session_cookies(exchanged: &Response, call: &Exchange) -> Vec<ParsedCookie> {
    let name = name(&call.config);
    let mut cookies: Vec<_> = headers(exchanged, "set-cookie").map(parse_set_cookie).collect();
    cookies.retain(|cookie| cookie.name == name);
    cookies
}

/// The values of the headers of a name.
pub fn headers<'a>(exchanged: &'a Response, name: &'a str) -> impl Iterator<Item = &'a str> {
    exchanged.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The instant of an `Expires` attribute, in Unix seconds. A date with a time zone is read by it. Other spellings, such as
/// `Tue, 14-Nov-2023 22:13:20 GMT` of Netscape and RFC 850, are read as user agents read them (`UA-8`).
pub fn instant(date: &str) -> Option<i64> {
    let zoned = OffsetDateTime::parse(date, &time::format_description::well_known::Rfc2822).ok();
    let is_utc = || date.ends_with("GMT") || date.ends_with("UTC") || date.ends_with(|c: char| c.is_ascii_digit());
    zoned.map(|at| at.unix_timestamp()).or_else(|| is_utc().then(|| browser::date::parse(date)).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_has_many_spellings() {
        let at = Some(1_700_000_000);
        for date in [
            "Tue, 14 Nov 2023 22:13:20 GMT",
            "Tue, 14-Nov-2023 22:13:20 GMT",
            "Tuesday, 14-Nov-23 22:13:20 GMT",
            "Tue Nov 14 22:13:20 2023",
            "Tue, 14 Nov 2023 23:13:20 +0100",
        ] {
            assert_eq!(instant(date), at, "{date}");
        }
        for date in ["Tue, 14-Nov-2023 22:13:21 GMT", "Tue, 14-Nov-2023 22:13:20 CET", "", "GMT"] {
            assert_ne!(instant(date), at, "{date}");
        }
    }
}
