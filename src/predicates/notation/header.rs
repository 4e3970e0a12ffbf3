//! The two headers: Cookie (`HDR-*`) and Set-Cookie.

use crate::{config::Config, protocol::DuplicatesChoice};

/// What a Cookie header says about the session's cookie.
#[derive(Default)]
pub(in super::super) struct Found {
    /// `v`; none if the header has no pair of the name.
    pub value: Option<String>,
    /// Whether `v` stands in quotes.
    pub quoted: bool,
    /// `#named`.
    pub named: usize,
    /// Whether a part cannot be read as a pair.
    pub skipped: bool,
    /// Whether a pair's name is like the configured one.
    pub near: bool,
}

impl Found {
    pub fn of(header: &str, name: &str, choice: DuplicatesChoice) -> Self {
        let mut found = Self::default();
        let mut named = Vec::new();
        let chars: Vec<char> = header.chars().collect();
        let mut at = 0;
        while at < chars.len() {
            match pair(&chars, at) {
                Some((pair_name, value, end)) => {
                    if pair_name == name {
                        named.push(value);
                    } else if pair_name.to_lowercase().contains(&name.to_lowercase()) {
                        found.near = true;
                    }
                    at = end;
                }
                None => {
                    found.skipped = true;
                    match chars[at..].iter().position(|c| *c == ';') {
                        Some(semicolon) => at += semicolon + 1,
                        None => break,
                    }
                }
            }
        }
        found.named = named.len();
        let chosen = match choice {
            DuplicatesChoice::First => named.first(),
            DuplicatesChoice::Last => named.last(),
        };
        if let Some(raw) = chosen {
            found.quoted = raw.starts_with('"');
            found.value = Some(unquote(raw));
        }
        found
    }
}

/// Step 1: a name and a raw value, and where the pair ends.
fn pair(chars: &[char], start: usize) -> Option<(String, String, usize)> {
    let space = |at: usize| at + chars[at..].iter().take_while(|c| matches!(c, ' ' | '\t')).count();
    let bare = |at: usize, ends: &[char]| at + chars[at..].iter().take_while(|c| !ends.contains(c)).count();
    let begin = space(start);
    let mut at = bare(begin, &[' ', '\t', '=', '"', ';']);
    let name: String = chars[begin..at].iter().collect();
    if name.is_empty() {
        return None;
    }
    let mut value = String::new();
    let behind = space(at);
    if chars.get(behind) == Some(&'=') {
        let begin = space(behind + 1);
        at = match chars.get(begin) {
            Some('"') => quoted(chars, begin)?,
            _ => bare(begin, &[' ', '\t', '"', ';']),
        };
        value = chars[begin..at].iter().collect();
    }
    match chars.get(space(at)) {
        None => Some((name, value, chars.len())),
        Some(';') => Some((name, value, space(at) + 1)),
        Some(_) => None,
    }
}

/// Where the quotes that begin here end.
fn quoted(chars: &[char], begin: usize) -> Option<usize> {
    let mut at = begin + 1;
    loop {
        match chars.get(at)? {
            '"' => return Some(at + 1),
            '\\' if *chars.get(at + 1)? == '\n' => return None,
            '\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// `HDR-2`.
fn unquote(raw: &str) -> String {
    let Some(inner) = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) else { return raw.to_owned() };
    let bytes = inner.as_bytes();
    let (mut plain, mut at) = (Vec::new(), 0);
    while let Some(&byte) = bytes.get(at) {
        let octal = |place: usize, most: u8| bytes.get(place).filter(|b| (b'0'..=most).contains(*b)).map(|b| b - b'0');
        match (byte, octal(at + 1, b'3'), octal(at + 2, b'7'), octal(at + 3, b'7')) {
            (b'\\', Some(a), Some(b), Some(c)) => {
                plain.push(a * 64 + b * 8 + c);
                at += 4;
            }
            (b'\\', ..) if at + 1 < bytes.len() => {
                plain.push(bytes[at + 1]);
                at += 2;
            }
            _ => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// A Set-Cookie of the response, one character for each byte.
pub(in super::super) struct SetCookie {
    /// Whether its name is the configured one.
    pub is_session: bool,
    pub value: String,
    /// Names in lower case, with what stands behind `=`.
    attributes: Vec<(String, String)>,
}

impl SetCookie {
    pub fn of(header: &str, config: &Config) -> Self {
        let name: String = config.cookie_name.bytes().map(char::from).chain(['=']).collect();
        let (is_session, rest) = match header.strip_prefix(&name) {
            Some(rest) => (true, rest),
            None => (false, header.split_once('=').map_or("", |(_, rest)| rest)),
        };
        let mut parts = rest.split(';').map(str::trim);
        let value = parts.next().unwrap_or("").to_owned();
        let attributes = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
        let attributes = attributes.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Self { is_session, value, attributes }
    }

    /// An attribute; none if it is not there.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `Expires(y)`: none if it is not there, and no instant where it is not a date as Flask writes it.
    pub fn expires(&self) -> Option<Option<i64>> {
        self.get("expires").map(super::date::read_fixdate)
    }
}

/// `title(k)` for the words that a SameSite may have.
pub(in super::super) fn same_site(word: &str) -> Option<&'static str> {
    ["Strict", "Lax", "None"].into_iter().find(|known| known.eq_ignore_ascii_case(word))
}

/// `strip(k)`: a domain without port and leading dots.
pub(in super::super) fn strip(domain: &str) -> &str {
    domain.split(':').next().unwrap_or("").trim_start_matches('.')
}

/// Whether a domain can be written (`SET-3`); unknown for those beyond ASCII.
pub(in super::super) fn is_domain(domain: &str) -> Option<bool> {
    let labels: Vec<&str> = strip(domain).split('.').collect();
    let fits = |(place, label): (usize, &&str)| label.len() < 64 && (!label.is_empty() || place + 1 == labels.len());
    domain.is_ascii().then(|| labels.iter().enumerate().all(fits) && !strip(domain).contains(['\r', '\n']))
}

/// `quote(k)`: a path with percent signs (`SET-4`).
pub(in super::super) fn quote(path: &str) -> String {
    let kept = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-~%!$&'()*+,/:=@".contains(byte);
    path.bytes().map(|byte| if kept(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
