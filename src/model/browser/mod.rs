//! The user agent's half of a session's life: what it keeps of a Set-Cookie header, for how long, and what it sends back
//! (`UA-*`, RFC 6265bis).
//!
//! A browser reads its own clock, which comes in as an argument, and keeps cookies by name, domain, path and partition.
//! Headers have one character for each byte. What is left out, because no lifetime depends on it:
//!
//! - every request is same-site: `SameSite` is kept and never holds a cookie back, and one partition is all there is;
//! - there is no list of public suffixes: a host may set a cookie for `com`;
//! - hosts are compared as they stand, in lower case, without IDNA;
//! - cookies are never evicted for want of room, and no script sees them (`HttpOnly` is kept only).

pub mod attributes;
pub mod date;

use crate::clock::UnixTime;
use attributes::{Parsed, PathAttribute};
use std::{cmp::Reverse, net::IpAddr};

/// The longest that a cookie is kept, in seconds: 400 days (`UA-4`).
pub const MAX_AGE: i64 = 400 * 24 * 60 * 60;

/// A user agent with its cookies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Browser {
    /// In the order of their creation.
    cookies: Vec<Cookie>,
}

/// One stored cookie.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cookie {
    /// The name; may be empty.
    pub name: String,
    /// The value.
    pub value: String,
    /// The domain that it goes to, in lower case.
    pub domain: String,
    /// Whether it goes to that very host alone and not to the hosts below it.
    pub host_only: bool,
    /// The path that it goes to, and what lies below.
    pub path: String,
    /// Whether it is kept apart for each top-level site.
    pub partitioned: bool,
    /// Whether it goes over secure connections alone.
    pub secure: bool,
    /// Whether it is kept from scripts.
    pub http_only: bool,
    /// Its `SameSite` attribute.
    pub same_site: SameSite,
    /// When the first cookie in this place was stored (`UA-7`).
    pub created: UnixTime,
    /// The last instant at which it is kept; `None` for as long as the user agent runs (`UA-1`, `UA-2`).
    pub expires: Option<UnixTime>,
}

/// The `SameSite` attribute. It is kept and has no effect in this model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the attribute's words")]
pub enum SameSite {
    /// Missing, or another word.
    #[default]
    Default,
    Lax,
    None,
    Strict,
}

impl SameSite {
    fn read(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "lax" => Self::Lax,
            "none" => Self::None,
            "strict" => Self::Strict,
            _ => Self::Default,
        }
    }
}

/// Where a request goes. The port and the query have no effect on cookies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The host: a name or an address, IPv6 with or without its brackets.
    pub host: String,
    /// The path.
    pub path: String,
    /// Whether the connection is secure, as with https.
    pub secure: bool,
}

impl Target {
    /// A path at a host over https.
    pub fn https(host: &str, path: &str) -> Self {
        Self { host: host.to_owned(), path: path.to_owned(), secure: true }
    }
}

/// Why a user agent ignores a Set-Cookie header, and leaves alone what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Ignored {
    /// It holds a control character.
    #[error("the header holds a control character")]
    ControlCharacter,
    /// It has neither name nor value.
    #[error("the cookie has neither name nor value")]
    Empty,
    /// Its domain is neither the host nor a domain above it.
    #[error("the cookie's domain does not match the host")]
    ForeignDomain,
    /// It is not secure and would stand in the place of one that is.
    #[error("the cookie would cover a secure one")]
    OverSecure,
    /// Its name promises by a prefix what its attributes do not keep.
    #[error("the cookie does not keep what its name's prefix promises")]
    Prefix,
    /// It has `Secure` and came over a connection that is not secure.
    #[error("the cookie is secure and the connection is not")]
    SecureOverInsecure,
    /// Name and value have more than 4096 bytes together (`UA-6`).
    #[error("name and value have more than 4096 bytes")]
    TooLong,
    /// It has `SameSite=None` or `Partitioned`, and not `Secure`.
    #[error("the cookie needs Secure for SameSite=None or Partitioned")]
    WithoutSecure,
}

impl Browser {
    /// A user agent without cookies.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the Set-Cookie headers of one response, in order; gives what became of each.
    pub fn receive<H: AsRef<str>>(&mut self, headers: &[H], from: &Target, now: UnixTime) -> Vec<Result<(), Ignored>> {
        headers.iter().map(|header| self.receive_one(header.as_ref(), from, now)).collect()
    }

    /// Takes in one Set-Cookie header.
    ///
    /// # Errors
    ///
    /// Why the header is ignored. A deletion is not: it is stored with an expiry in the past, and gone (`UA-5`).
    pub fn receive_one(&mut self, header: &str, from: &Target, now: UnixTime) -> Result<(), Ignored> {
        self.evict(now);
        let parsed = attributes::parse(header)?;
        let has_path = parsed.path != PathAttribute::Absent;
        let cookie = Cookie::new(parsed, from, now)?;
        cookie.keeps_its_promises(has_path)?;
        if !from.secure && self.cookies.iter().any(|stored| cookie.covers_secure(stored)) {
            return Err(Ignored::OverSecure);
        }
        self.store(cookie);
        self.evict(now);
        Ok(())
    }

    /// Stores a cookie as it is, past all checks: what somebody does who copies it from elsewhere.
    pub fn store(&mut self, mut cookie: Cookie) {
        match self.cookies.iter_mut().find(|stored| stored.place() == cookie.place()) {
            Some(stored) => {
                cookie.created = stored.created;
                *stored = cookie;
            }
            None => self.cookies.push(cookie),
        }
    }

    /// The Cookie header of a request; `None` if there is nothing to send. Longer paths come first, then older cookies.
    pub fn cookie_header(&self, to: &Target, now: UnixTime) -> Option<String> {
        let mut cookies: Vec<&Cookie> = self.cookies.iter().filter(|cookie| cookie.goes_to(to, now)).collect();
        cookies.sort_by_key(|cookie| (Reverse(cookie.path.chars().count()), cookie.created));
        let pairs: Vec<String> = cookies.into_iter().map(Cookie::pair).collect();
        if pairs.is_empty() { None } else { Some(pairs.join("; ")) }
    }

    /// The end of the user agent's session: cookies without an expiry go, the others stay (`UA-1`, `UA-2`).
    pub fn restart(&mut self) {
        self.cookies.retain(|cookie| cookie.expires.is_some());
    }

    /// The stored cookies in the order of their creation. Some may have expired since the last header came in.
    pub fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }

    /// Removes what has expired. Nothing depends on when this is done, but what a state looks like.
    pub fn evict(&mut self, now: UnixTime) {
        self.cookies.retain(|cookie| !cookie.is_expired(now));
    }
}

impl Cookie {
    /// A received cookie, with domain, path and expiry settled by where it came from and when.
    fn new(parsed: Parsed, from: &Target, now: UnixTime) -> Result<Self, Ignored> {
        let host = canonical(&from.host);
        if parsed.domain.as_ref().is_some_and(|domain| !domain_matches(&host, domain)) {
            return Err(Ignored::ForeignDomain);
        }
        if parsed.secure && !from.secure {
            return Err(Ignored::SecureOverInsecure);
        }
        Ok(Self {
            expires: expiry(&parsed, now),
            host_only: parsed.domain.is_none(),
            domain: parsed.domain.unwrap_or(host),
            path: match parsed.path {
                PathAttribute::Given(path) => path,
                PathAttribute::Absent | PathAttribute::Default => default_path(&from.path).to_owned(),
            },
            name: parsed.name,
            value: parsed.value,
            partitioned: parsed.partitioned,
            secure: parsed.secure,
            http_only: parsed.http_only,
            same_site: parsed.same_site,
            created: now,
        })
    }

    /// Attributes that cannot go without `Secure`, and the prefixes `__Secure-` and `__Host-`, in any case of letters. A
    /// nameless cookie may not look as if it had such a name.
    fn keeps_its_promises(&self, has_path: bool) -> Result<(), Ignored> {
        if !self.secure && (self.same_site == SameSite::None || self.partitioned) {
            return Err(Ignored::WithoutSecure);
        }
        let begins = |text: &str, prefix: &str| text.to_ascii_lowercase().starts_with(prefix);
        let for_this_host = self.secure && self.host_only && has_path && self.path == "/";
        let nameless = self.name.is_empty();
        let broken = (begins(&self.name, "__secure-") && !self.secure)
            || (begins(&self.name, "__host-") && !for_this_host)
            || (nameless && (begins(&self.value, "__secure-") || begins(&self.value, "__host-")));
        if broken { Err(Ignored::Prefix) } else { Ok(()) }
    }

    /// Whether this one, from a connection that is not secure, would be sent in the place of a secure one.
    fn covers_secure(&self, stored: &Self) -> bool {
        stored.secure
            && stored.name == self.name
            && (domain_matches(&stored.domain, &self.domain) || domain_matches(&self.domain, &stored.domain))
            && path_matches(&self.path, &stored.path)
    }

    /// What two cookies cannot have in common: the later replaces the earlier (`UA-7`).
    fn place(&self) -> (&str, &str, bool, &str, bool) {
        (&self.name, &self.domain, self.host_only, &self.path, self.partitioned)
    }

    /// Whether its expiry lies in the past. At the very instant it does not; some user agents drop it then.
    pub fn is_expired(&self, now: UnixTime) -> bool {
        self.expires.is_some_and(|expires| expires < now)
    }

    /// Whether a request carries it.
    pub fn goes_to(&self, to: &Target, now: UnixTime) -> bool {
        let host = canonical(&to.host);
        let host_fits = if self.host_only { host == self.domain } else { domain_matches(&host, &self.domain) };
        host_fits && path_matches(&to.path, &self.path) && (to.secure || !self.secure) && !self.is_expired(now)
    }

    /// As it stands in a Cookie header.
    pub fn pair(&self) -> String {
        if self.name.is_empty() { self.value.clone() } else { format!("{}={}", self.name, self.value) }
    }
}

/// The last instant at which a cookie is kept, none without `Expires` and `Max-Age`. `Max-Age` takes precedence (`UA-3`) and
/// means the past when it is not positive (`UA-5`); neither reaches further than 400 days (`UA-4`).
fn expiry(parsed: &Parsed, now: UnixTime) -> Option<UnixTime> {
    let limit = now.plus_seconds(MAX_AGE);
    match (parsed.max_age, parsed.expires) {
        (Some(..=0), _) => Some(UnixTime::from_micros(i64::MIN)),
        (Some(seconds), _) => Some(now.plus_seconds(seconds).min(limit)),
        (None, Some(seconds)) => Some(UnixTime::from_seconds(seconds).min(limit)),
        (None, None) => None,
    }
}

/// A host in lower case, an IPv6 address without its brackets.
fn canonical(host: &str) -> String {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.to_ascii_lowercase()
}

/// Whether a host is a domain or lies below it (RFC 6265bis, section 5.1.3). Addresses lie below nothing.
fn domain_matches(host: &str, domain: &str) -> bool {
    let below = || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')) && host.parse::<IpAddr>().is_err();
    host == domain || below()
}

/// The directory of a request's path (RFC 6265bis, section 5.1.4).
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(last) if last > 0 && path.starts_with('/') => path.get(..last).unwrap_or("/"),
        _ => "/",
    }
}

/// Whether a request's path is a cookie's path or lies below it (RFC 6265bis, section 5.1.4).
fn path_matches(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || cookie_path.ends_with('/'))
}

#[cfg(test)]
mod tests;
