//! The session's cookie in an answer: whether it is set, deleted or left alone, for how long, and how it looks.

use super::{
    Walk, blame,
    change::{Change, words},
};
use crate::{
    clock::UnixTime,
    cookie_text::{ParsedCookie, instant, parse_set_cookie},
    model::{
        cookie_header,
        set_cookie::path,
        store::{CookieIs, Effect, RequestIs},
    },
    protocol::{DuplicatesChoice, story::StepAnswer},
};

const SECOND: i64 = 1_000_000;
/// The bits of randomness that an id has at least (`STO-29`).
const BITS: f64 = 128.0;

/// The attributes of a cookie that its deletion has to repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Looks(Vec<(&'static str, Option<String>)>);

/// What a cookie and its deletion have in common.
const COMMON: [&str; 6] = ["domain", "path", "secure", "httponly", "samesite", "partitioned"];

impl Looks {
    fn of(cookie: &ParsedCookie) -> Self {
        let look = |name: &'static str| {
            let value = cookie.attributes.get(name).map(|value| value.trim_start_matches('.').to_ascii_lowercase());
            (name, value)
        };
        Self(COMMON.into_iter().map(look).collect())
    }

    fn difference<'l>(&'l self, other: &'l Self) -> Option<(&'static str, &'l Option<String>, &'l Option<String>)> {
        let mut both = self.0.iter().zip(&other.0);
        both.find(|(a, b)| a.1 != b.1).map(|(a, b)| (a.0, &a.1, &b.1))
    }
}

/// The value of the session's cookie in a Cookie header.
pub(super) fn session_value(header: &str, name: &str) -> Option<String> {
    cookie_header::value(header, name, DuplicatesChoice::First).filter(|value| !value.is_empty())
}

impl Walk<'_> {
    /// What an answer does to the cookie of the session.
    pub(super) fn change(&self, got: &StepAnswer) -> Change {
        let (name, now) = (self.cookie_name(), self.world.now.micros());
        let all = got.headers.iter().filter(|(field, _)| field.eq_ignore_ascii_case("set-cookie"));
        let mut all = all.map(|(_, value)| parse_set_cookie(value)).filter(|cookie| cookie.name == name);
        let Some(cookie) = all.next_back() else { return Change::None };
        let max_age = cookie.attributes.get("max-age").and_then(|seconds| seconds.parse::<i64>().ok());
        let expires = cookie.attributes.get("expires").and_then(|date| instant(date));
        let until = match (max_age, expires) {
            (Some(seconds), _) => Some(now.saturating_add(seconds.saturating_mul(SECOND))),
            (None, Some(at)) => Some(at.saturating_mul(SECOND)),
            (None, None) => None,
        };
        match until.is_some_and(|until| until <= now) || cookie.value.is_empty() {
            true => Change::Deleted(cookie),
            false => Change::Set(cookie, until),
        }
    }

    /// Compares what an answer does to the cookie, and lets the model's user agent take it.
    pub(super) fn cookie(&mut self, request: &RequestIs, got: &StepAnswer, agent: &str) -> bool {
        let change = self.change(got);
        let (is_right, expected) = match (&request.cookie, &change) {
            (CookieIs::Deleted, Change::Deleted(_)) => (true, String::new()),
            (CookieIs::Deleted, _) => (false, "the cookie is deleted".to_owned()),
            (CookieIs::DeletedOrNone | CookieIs::None | CookieIs::SetOrNone { .. }, Change::None)
            | (CookieIs::DeletedOrNone, Change::Deleted(_)) => (true, String::new()),
            (CookieIs::DeletedOrNone | CookieIs::None, _) => (false, "no cookie is set".to_owned()),
            (CookieIs::Set { .. } | CookieIs::SetOrNone { .. }, Change::Set(..)) => (true, String::new()),
            (CookieIs::Set { .. } | CookieIs::SetOrNone { .. }, _) => (false, "the session's cookie is set".to_owned()),
        };
        if !is_right {
            let rule = self.blame_cookie(request, &change, got);
            self.differ(rule, "the session's cookie", expected, words(&change));
            return false;
        }
        let goes_on = match (&request.cookie, &change) {
            (CookieIs::Set { id, until } | CookieIs::SetOrNone { id, until }, Change::Set(cookie, end)) => {
                self.set(request, id, *until, cookie, *end, got) && {
                    self.looks.insert(agent.to_owned(), Looks::of(cookie));
                    true
                }
            }
            (_, Change::Deleted(cookie)) => {
                self.deletion(cookie, agent, request.effect == Effect::Deleted);
                true
            }
            _ => true,
        };
        self.receive(got, agent);
        goes_on
    }

    /// The model's user agent takes the cookies of the answer, with the model's ids.
    fn receive(&mut self, got: &StepAnswer, agent: &str) {
        let name = self.cookie_name();
        let mut taken = Vec::new();
        for (_, header) in got.headers.iter().filter(|(field, _)| field.eq_ignore_ascii_case("set-cookie")) {
            let cookie = parse_set_cookie(header);
            let start = format!("{name}={}", cookie.value);
            taken.push(match header.strip_prefix(start.as_str()) {
                Some(rest) if cookie.name == name => format!("{name}={}{rest}", self.ids.of_model(&cookie.value)),
                _ => header.clone(),
            });
        }
        self.world.take_cookies(agent, &taken);
    }

    /// A cookie that is set: its id, its end, its looks.
    fn set(
        &mut self,
        request: &RequestIs,
        id: &str,
        until: Option<UnixTime>,
        cookie: &ParsedCookie,
        end: Option<i64>,
        got: &StepAnswer,
    ) -> bool {
        let value = &cookie.value;
        let is_new = matches!(request.effect, Effect::Created | Effect::Regenerated) && !self.is_in_cookie();
        if is_new && (self.ids.known(value).is_some() || self.ids.is_literal(value)) {
            let rule = blame::same_id(request);
            self.differ(rule, "the id of the session", "a new one", "one that was there before");
            return false;
        }
        if is_new && bits(value) < BITS {
            let got = format!("{value}, at most {:.0} bits", bits(value));
            self.differ("STO-29", "the randomness of the id", "128 bits or more", got);
        }
        self.ids.bind(value, id);
        let passed = self.passed(got);
        match (until.map(UnixTime::micros), end) {
            (None, Some(_)) => self.differ(
                "STO-7",
                "the end of the cookie",
                "none, since the session is not permanent",
                cookie.attributes.get("expires").map_or("Max-Age", String::as_str),
            ),
            (Some(_), None) => self.differ("STO-7", "the end of the cookie", "now plus the lifetime", "none"),
            (Some(until), Some(end)) if (end - until).abs() > SECOND + passed => {
                let rule = if request.effect == Effect::Renewed && end < until { "STO-9" } else { "STO-7" };
                let by = (end - until) as f64 / 1e6;
                self.differ(rule, "the end of the cookie", "now plus the lifetime", format!("{by:+} s"));
            }
            _ => {}
        }
        self.attributes(cookie);
        true
    }

    /// The attributes that the configuration names.
    fn attributes(&mut self, cookie: &ParsedCookie) {
        let config = self.world.config.config.clone();
        let has = |name: &str| cookie.attributes.contains_key(name);
        let is_secure = config.cookie_secure || config.cookie_partitioned;
        let flags = [
            ("Secure", "secure", "cookie_secure", is_secure),
            ("HttpOnly", "httponly", "cookie_httponly", config.cookie_httponly),
            ("Partitioned", "partitioned", "cookie_partitioned", config.cookie_partitioned),
        ];
        let word = |is_there: bool| if is_there { "present" } else { "missing" };
        for (name, attribute, member, wanted) in flags {
            if config.names(member) && has(attribute) != wanted {
                self.differ("STO-38", &format!("the attribute {name}"), word(wanted), word(has(attribute)));
            }
        }
        let texts = [
            ("Domain", "domain", "cookie_domain", config.cookie_domain.as_deref()),
            ("Path", "path", "cookie_path", Some(path(&config))),
            ("SameSite", "samesite", "cookie_samesite", config.cookie_samesite.as_deref()),
        ];
        for (name, attribute, member, wanted) in texts {
            let got = cookie.attributes.get(attribute).map(|value| value.trim_start_matches('.'));
            let is_same = match (wanted, got) {
                (Some(wanted), Some(got)) => wanted.trim_start_matches('.').eq_ignore_ascii_case(got),
                (wanted, got) => wanted.is_none() == got.is_none(),
            };
            if config.names(member) && !is_same {
                let words = |value: Option<&str>| value.unwrap_or("missing").to_owned();
                self.differ("STO-38", &format!("the attribute {name}"), words(wanted), words(got));
            }
        }
    }

    /// The deletion looks like the cookie that it deletes, and has an end in the past (`STO-20`).
    fn deletion(&mut self, cookie: &ParsedCookie, agent: &str, is_due: bool) {
        let has_end = ["max-age", "expires"].iter().any(|name| cookie.attributes.contains_key(*name));
        if !has_end && is_due {
            self.differ("STO-20", "the end of the deletion", "in the past", "none");
        }
        let Some(looks) = self.looks.get(agent) else { return };
        let deletion = Looks::of(cookie);
        if let Some((name, wanted, got)) = looks.difference(&deletion) {
            let words = |value: &Option<String>| match value.as_deref() {
                None => "missing".to_owned(),
                Some("") => "present".to_owned(),
                Some(value) => value.to_owned(),
            };
            let (what, wanted, got) = (format!("the deletion's {name}"), words(wanted), words(got));
            self.differ("STO-20", &what, wanted, got);
        }
    }
}

/// How much chance there is in an id at most: as much as letters of these kinds can hold. What follows a point is a signature.
fn bits(id: &str) -> f64 {
    let id = id.split_once('.').map_or(id, |(id, _)| id);
    let has = |kind: fn(&u8) -> bool| id.bytes().any(|b| kind(&b));
    let is_hex = id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
        && !(has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase));
    let letters = match () {
        () if id.bytes().all(|b| b.is_ascii_digit()) => 10.0_f64,
        () if is_hex => 16.0,
        // Base64 of either alphabet, whichever of its signs occur.
        () if has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) => 64.0,
        () => {
            let of = |kind: fn(&u8) -> bool, count: f64| if has(kind) { count } else { 0.0 };
            of(u8::is_ascii_digit, 10.0)
                + of(u8::is_ascii_lowercase, 26.0)
                + of(u8::is_ascii_uppercase, 26.0)
                + of(u8::is_ascii_punctuation, 2.0)
        }
    };
    let count = id.bytes().filter(|b| !(is_hex && *b == b'-')).count();
    letters.log2() * count as f64
}
