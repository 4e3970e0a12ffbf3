//! What holds for the user agent on every input.

use proptest::prelude::*;
use sessionproof::{
    clock::UnixTime,
    config::Config,
    model::{
        browser::{Browser, MAX_AGE, Target, attributes, date},
        http_date,
        set_cookie::{self, SetCookie},
        signing::LAST_SECOND,
    },
};

/// The first second of the first year that a cookie date can have.
const FIRST_COOKIE_SECOND: i64 = -11_644_473_600;

/// Clocks from 1970 to 2191.
fn clock() -> impl Strategy<Value = UnixTime> {
    (0i64..7_000_000_000_000_000).prop_map(UnixTime::from_micros)
}

/// Any text, and text made of the words and marks that a Set-Cookie header is made of.
fn header() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "=",
            ";",
            "; ",
            ",",
            " ",
            "\t",
            "-",
            ":",
            ".",
            "/",
            "\"",
            "a",
            "b",
            "__Host-",
            "__Secure-",
            "Expires=",
            "Max-Age=",
            "Domain=",
            "Path=",
            "Secure",
            "HttpOnly",
            "SameSite=",
            "None",
            "Partitioned",
            "example",
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Nov",
            "23:59:59",
            "2023",
            "31",
            "99999999999999999999",
            "é",
            "\u{1F36A}",
        ])
        .prop_map(str::to_owned),
        "[0-9]{1,5}",
        any::<char>().prop_map(String::from),
    ];
    prop_oneof![any::<String>(), prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())]
}

fn target() -> impl Strategy<Value = Target> {
    let host = prop::sample::select(vec!["example", "app.example", "sub.app.example", "127.0.0.1", "[::1]"]);
    let path = prop::sample::select(vec!["/", "/x", "/x/y", "/é"]);
    (host, path, any::<bool>()).prop_map(|(host, path, secure)| Target { secure, ..Target::https(host, path) })
}

/// Everything about a configuration that shapes the header.
fn config() -> impl Strategy<Value = Config> {
    let name = prop_oneof![
        3 => Just("session".to_owned()),
        1 => prop::sample::select(vec!["__Host-session", "__Secure-session", "a=b", "é", "a; Max-Age=5; b"])
            .prop_map(str::to_owned),
        1 => "[!-~]{1,12}",
    ];
    let domain = prop::option::of(prop::sample::select(vec!["example", ".app.example", "app.example:80", "other"]));
    let path = prop::option::of(prop::sample::select(vec!["/", "/x", "/x/", "/é b;c", "x", ""]));
    let same_site = prop::option::of(prop::sample::select(vec!["lax", "Strict", "NONE"]));
    let flags = any::<(bool, bool, bool)>();
    (name, domain, path, same_site, flags).prop_map(|(name, domain, path, same_site, flags)| {
        let mut config = Config::with_key("key")
            .cookie_name(name)
            .cookie_httponly(flags.0)
            .cookie_secure(flags.1)
            .cookie_partitioned(flags.2);
        config.cookie_domain = domain.map(str::to_owned);
        config.cookie_path = path.map(str::to_owned);
        config.cookie_samesite = same_site.map(str::to_owned);
        config
    })
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[A-Za-z0-9_.-]{1,80}", 1 => "x{4080,4100}"]
}

fn set(value: String, expires: Option<i64>) -> SetCookie {
    SetCookie { value, expires, max_age: None }
}

/// A trap: a user agent takes the directory of the page for such a path, for the cookie as for its deletion.
#[test]
fn a_cookie_path_that_is_not_absolute_is_deleted_from_its_own_directory_alone() {
    let config = Config::with_key("key").cookie_path("app".to_owned());
    let now = UnixTime::from_seconds(1_700_000_000);
    let page = |path: &str| Target::https("app.example", path);
    let mut browser = Browser::new();
    browser.receive_one(&set("value".to_owned(), None).header(&config).unwrap(), &page("/app/login"), now).unwrap();
    let deletion = SetCookie::deletion().header(&config).unwrap();
    browser.receive_one(&deletion, &page("/logout"), now).unwrap();
    assert_eq!(browser.cookies().len(), 1);
    browser.receive_one(&deletion, &page("/app/logout"), now).unwrap();
    assert_eq!(browser.cookies(), []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_parsing_panic(header in header()) {
        let _ = attributes::parse(&header);
        let _ = date::parse(&header);
    }

    #[test]
    fn what_is_stored_was_fit_to_be_stored(
        headers in prop::collection::vec(header(), 1..6), from in target(), now in clock(),
    ) {
        let mut browser = Browser::new();
        browser.receive(&headers, &from, now);
        for cookie in browser.cookies() {
            prop_assert!((1..=4096).contains(&(cookie.name.chars().count() + cookie.value.chars().count())));
            prop_assert!(cookie.path.starts_with('/'));
            prop_assert!(from.secure || !cookie.secure);
            prop_assert!(cookie.expires.is_none_or(|at| now <= at && at <= now.plus_seconds(MAX_AGE)));
        }
        // No two in one place.
        for (at, one) in browser.cookies().iter().enumerate() {
            for two in &browser.cookies()[..at] {
                prop_assert!(
                    (&one.name, &one.domain, &one.path, one.host_only, one.partitioned)
                        != (&two.name, &two.domain, &two.path, two.host_only, two.partitioned)
                );
            }
        }
    }

    #[test]
    fn a_header_that_is_received_twice_is_stored_as_once(header in header(), from in target(), now in clock()) {
        let mut once = Browser::new();
        let first = once.receive_one(&header, &from, now);
        let mut twice = once.clone();
        prop_assert_eq!(twice.receive_one(&header, &from, now), first);
        prop_assert_eq!(twice, once);
    }

    #[test]
    fn a_restart_keeps_exactly_what_has_an_expiry(
        headers in prop::collection::vec(header(), 1..6), from in target(), now in clock(),
    ) {
        let mut browser = Browser::new();
        browser.receive(&headers, &from, now);
        let mut persistent = browser.cookies().to_vec();
        persistent.retain(|cookie| cookie.expires.is_some());
        browser.restart();
        prop_assert_eq!(browser.cookies(), persistent);
    }

    #[test]
    fn a_date_as_http_writes_it_is_read_as_the_same_instant(seconds in FIRST_COOKIE_SECOND..=LAST_SECOND) {
        prop_assert_eq!(date::parse(&http_date::format(seconds).unwrap()), Some(seconds));
    }

    /// `UA-2`, `UA-4`, `UA-5`: the browser keeps Flask's cookie until the date that it was given, and no longer.
    #[test]
    fn a_session_cookie_is_kept_with_exactly_its_expires(
        now in clock(), offset in prop_oneof![-5i64..5, -100_000_000i64..100_000_000], value in "[A-Za-z0-9_.-]{1,80}",
    ) {
        let expires = now.seconds() + offset;
        let header = set(value.clone(), Some(expires)).header(&Config::with_key("key")).unwrap();
        let mut browser = Browser::new();
        let from = Target::https("app.example", "/");
        prop_assert_eq!(browser.receive_one(&header, &from, now), Ok(()));
        let kept_until = UnixTime::from_seconds(expires).min(now.plus_seconds(MAX_AGE));
        if kept_until < now {
            prop_assert_eq!(browser.cookies(), []);
        } else {
            prop_assert_eq!(browser.cookies()[0].expires, Some(kept_until));
            prop_assert_eq!(browser.cookie_header(&from, kept_until), Some(format!("session={value}")));
            prop_assert_eq!(browser.cookie_header(&from, kept_until.plus_micros(1)), None);
        }
    }

    /// `DEL-2`, `DEL-3`, `UA-5`: what a configuration sets, its deletion removes, at any time and from any page (except for a
    /// cookie path that is not absolute).
    #[test]
    fn a_deletion_with_the_same_configuration_always_removes_the_cookie(
        config in config(), value in value(), from in target(), later in target(), now in clock(), wait in 0i64..MAX_AGE,
    ) {
        let (Ok(set), Ok(deletion)) =
            (set(value, Some(now.seconds() + MAX_AGE)).header(&config), SetCookie::deletion().header(&config))
        else {
            return Ok(());
        };
        let mut browser = Browser::new();
        let stored = browser.receive_one(&set, &from, now);
        // Another page of the same host, over the same kind of connection.
        let path = if set_cookie::path(&config).starts_with('/') { later.path } else { from.path.clone() };
        let later = Target { path, ..from };
        let removed = browser.receive_one(&deletion, &later, now.plus_seconds(wait));
        prop_assert!(stored.is_err() || removed.is_ok());
        prop_assert_eq!(browser.cookies(), []);
    }
}
