use super::*;

const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);

fn home() -> Target {
    Target::https("app.example", "/")
}

/// A browser that received some headers from one place, all of them heeded.
fn browser(headers: &[&str], from: &Target) -> Browser {
    let mut browser = Browser::new();
    assert!(browser.receive(headers, from, NOW).iter().all(Result::is_ok));
    browser
}

fn sent_after(seconds: i64, browser: &Browser) -> Option<String> {
    browser.cookie_header(&home(), NOW.plus_seconds(seconds))
}

#[test]
fn a_cookie_without_expiry_lives_until_the_browser_restarts() {
    let mut browser = browser(&["a=b"], &home());
    assert_eq!(sent_after(MAX_AGE * 10, &browser).as_deref(), Some("a=b"));
    browser.restart();
    assert_eq!(browser.cookies(), []);
}

#[test]
fn a_cookie_with_expires_lives_until_that_instant_over_restarts() {
    let mut browser = browser(&["a=b; Expires=Tue, 14 Nov 2023 22:14:20 GMT"], &home());
    browser.restart();
    assert_eq!(sent_after(60, &browser).as_deref(), Some("a=b"));
    assert_eq!(browser.cookie_header(&home(), NOW.plus_micros(60_000_001)), None);
}

#[test]
fn max_age_takes_precedence_over_expires_wherever_it_stands() {
    for header in [
        "a=b; Max-Age=5; Expires=Tue, 14 Nov 2023 22:14:20 GMT",
        "a=b; Expires=Tue, 14 Nov 2023 22:14:20 GMT; Max-Age=5",
    ] {
        assert_eq!(browser(&[header], &home()).cookies()[0].expires, Some(NOW.plus_seconds(5)));
    }
}

#[test]
fn no_lifetime_is_longer_than_400_days() {
    for header in ["a=b; Max-Age=99999999999999999999", "a=b; Expires=Fri, 31 Dec 9999 23:59:59 GMT"] {
        assert_eq!(browser(&[header], &home()).cookies()[0].expires, Some(NOW.plus_seconds(MAX_AGE)));
    }
}

#[test]
fn an_expiry_in_the_past_removes_the_cookie_and_only_in_its_place() {
    for deletion in ["a=; Max-Age=0", "a=; Max-Age=-5", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"] {
        let mut browser = browser(&["a=b", "a=c; Path=/x", "b=d"], &home());
        assert_eq!(browser.receive_one(deletion, &home(), NOW), Ok(()));
        let left: Vec<&str> = browser.cookies().iter().map(|cookie| cookie.value.as_str()).collect();
        assert_eq!(left, ["c", "d"]);
    }
}

#[test]
fn an_oversize_cookie_is_ignored_and_the_old_one_stays() {
    let mut browser = browser(&["a=b"], &home());
    let oversize = format!("a={}", "x".repeat(4096));
    assert_eq!(browser.receive_one(&oversize, &home(), NOW), Err(Ignored::TooLong));
    assert_eq!(sent_after(0, &browser).as_deref(), Some("a=b"));
}

#[test]
fn a_cookie_replaces_the_one_in_its_place_and_keeps_its_creation_time() {
    let mut browser = browser(&["a=1", "b=1"], &home());
    let later = NOW.plus_seconds(9);
    assert_eq!(browser.receive_one("a=2; Path=/", &home(), later), Ok(()));
    assert_eq!(browser.cookie_header(&home(), later).as_deref(), Some("a=2; b=1"));
    assert_eq!(browser.cookies()[0].created, NOW);
}

#[test]
fn a_cookie_after_an_expired_one_begins_anew() {
    let mut browser = browser(&["a=1; Max-Age=5", "b=1"], &home());
    let later = NOW.plus_seconds(6);
    assert_eq!(browser.receive_one("a=2", &home(), later), Ok(()));
    assert_eq!(browser.cookie_header(&home(), later).as_deref(), Some("b=1; a=2"));
}

#[test]
fn another_domain_path_or_partition_is_another_cookie() {
    let headers = ["a=1", "a=2; Domain=app.example", "a=3; Path=/x", "a=4; Secure; Partitioned"];
    let browser = browser(&headers, &home());
    assert_eq!(
        browser.cookie_header(&Target::https("app.example", "/x/y"), NOW).as_deref(),
        Some("a=3; a=1; a=2; a=4")
    );
}

#[test]
fn unreadable_expiry_makes_a_cookie_of_the_browsers_session() {
    // Flask writes such a year when the lifetime is negative enough.
    for header in ["a=b; Expires=soon", "a=b; Max-Age=1h", "a=b; Expires=Fri, 01 Jan 0100 00:00:00 GMT"] {
        assert_eq!(browser(&[header], &home()).cookies()[0].expires, None);
    }
}

#[test]
fn a_cookie_goes_to_its_host_alone_or_to_the_hosts_below_its_domain() {
    let from = Target::https("App.Example", "/");
    let browser = browser(&["host=1", "domain=1; Domain=.EXAMPLE"], &from);
    for (host, sent) in [
        ("app.example", Some("host=1; domain=1")),
        ("APP.EXAMPLE", Some("host=1; domain=1")),
        ("sub.app.example", Some("domain=1")),
        ("example", Some("domain=1")),
        ("badexample", None),
        ("app.example.org", None),
    ] {
        assert_eq!(browser.cookie_header(&Target::https(host, "/"), NOW).as_deref(), sent, "{host}");
    }
}

#[test]
fn a_domain_that_does_not_match_the_host_is_ignored() {
    for (host, domain) in [
        ("app.example", "other.example"),
        ("app.example", "sub.app.example"),
        ("app.example", "pp.example"),
        ("app.example", "..example"),
        ("127.0.0.1", "0.0.1"),
    ] {
        let header = format!("a=b; Domain={domain}");
        let ignored = Browser::new().receive_one(&header, &Target::https(host, "/"), NOW);
        assert_eq!(ignored, Err(Ignored::ForeignDomain), "{domain} at {host}");
    }
    for host in ["127.0.0.1", "[::1]"] {
        let from = Target::https(host, "/");
        let header = format!("a=b; Domain={}", host.trim_matches(['[', ']']));
        assert_eq!(Browser::new().receive_one(&header, &from, NOW), Ok(()));
    }
}

#[test]
fn a_cookie_goes_to_its_path_and_below() {
    for (cookie_path, path, goes) in [
        ("/", "/", true),
        ("/", "/x", true),
        ("/x", "/x", true),
        ("/x", "/x/y", true),
        ("/x", "/xy", false),
        ("/x/", "/x", false),
        ("/x/", "/x/y", true),
        ("/x", "/X", false),
    ] {
        let browser = browser(&[&format!("a=b; Path={cookie_path}")], &home());
        let sent = browser.cookie_header(&Target::https("app.example", path), NOW);
        assert_eq!(sent.is_some(), goes, "{cookie_path} to {path}");
    }
}

#[test]
fn without_a_path_the_directory_of_the_request_holds() {
    for (path, default) in
        [("", "/"), ("x", "/"), ("/", "/"), ("/x", "/"), ("/x/", "/x"), ("/x/y", "/x"), ("/x/y/z", "/x/y")]
    {
        let from = Target::https("app.example", path);
        for header in ["a=b", "a=b; Path=", "a=b; Path=x"] {
            assert_eq!(browser(&[header], &from).cookies()[0].path, default, "{path:?}");
        }
    }
}

#[test]
fn a_secure_cookie_is_set_and_sent_over_secure_connections_alone() {
    let plain = Target { secure: false, ..home() };
    assert_eq!(Browser::new().receive_one("a=b; Secure", &plain, NOW), Err(Ignored::SecureOverInsecure));
    let mut browser = browser(&["a=b; Secure; Path=/x"], &home());
    assert_eq!(browser.cookie_header(&Target { path: "/x".to_owned(), ..plain.clone() }, NOW), None);
    assert_eq!(browser.receive_one("a=c; Path=/x/y", &plain, NOW), Err(Ignored::OverSecure));
    assert_eq!(browser.receive_one("a=c; Path=/", &plain, NOW), Ok(()));
}

#[test]
fn same_site_none_and_partitioned_need_secure() {
    for header in ["a=b; SameSite=None", "a=b; Partitioned"] {
        assert_eq!(Browser::new().receive_one(header, &home(), NOW), Err(Ignored::WithoutSecure));
        assert_eq!(Browser::new().receive_one(&format!("{header}; Secure"), &home(), NOW), Ok(()));
    }
}

#[test]
fn prefixes_of_names_promise_attributes() {
    for (header, kept) in [
        ("__Secure-a=b; Secure", true),
        ("__Secure-a=b", false),
        ("__secure-a=b", false),
        ("__Host-a=b; Secure; Path=/", true),
        ("__HOST-a=b; Secure", false),
        ("__Host-a=b; Path=/", false),
        ("__Host-a=b; Secure; Path=/x", false),
        ("__Host-a=b; Secure; Path=/; Domain=app.example", false),
        ("__Host-; Secure; Path=/", false),
        ("=__Secure-a=b; Secure", false),
    ] {
        let result = Browser::new().receive_one(header, &home(), NOW);
        assert_eq!(result, if kept { Ok(()) } else { Err(Ignored::Prefix) }, "{header}");
    }
}

#[test]
fn a_cookie_without_a_name_is_sent_as_its_value() {
    assert_eq!(sent_after(0, &browser(&["token", "a="], &home())).as_deref(), Some("token; a="));
}

#[test]
fn the_longest_lifetime_is_that_of_rfc_6265bis_in_seconds() {
    assert_eq!(MAX_AGE, 34_560_000);
}

#[test]
fn the_words_of_same_site_are_read_in_any_case_and_the_last_counts() {
    for (word, expected) in
        [("Strict", SameSite::Strict), ("lax", SameSite::Lax), ("NONE", SameSite::None), ("other", SameSite::Default)]
    {
        let held = browser(&[&format!("a=b; Secure; SameSite=Lax; SameSite={word}")], &home());
        assert_eq!(held.cookies()[0].same_site, expected, "{word}");
    }
}

#[test]
fn a_cookie_that_is_not_secure_covers_no_secure_one_of_the_host_or_of_a_domain_above_or_below() {
    let insecure = Target { secure: false, ..home() };
    for (secure, other) in
        [("a=b; Secure", "a=c; Domain=app.example"), ("a=b; Secure; Domain=app.example", "a=c"), ("a=b; Secure", "a=c")]
    {
        let mut held = browser(&[secure], &home());
        assert_eq!(held.receive_one(other, &insecure, NOW), Err(Ignored::OverSecure), "{secure} and {other}");
        assert_eq!(sent_after(0, &held).as_deref(), Some("a=b"));
    }
    let below = Target { host: "www.app.example".to_owned(), ..insecure };
    let mut held = browser(&["a=b; Secure; Domain=app.example"], &home());
    assert_eq!(held.receive_one("a=c", &below, NOW), Err(Ignored::OverSecure));
    let above = Target { host: "app.example".to_owned(), ..home() };
    let mut held = browser(&["a=b; Secure"], &Target::https("www.app.example", "/"));
    assert_eq!(
        held.receive_one("a=c; Domain=app.example", &Target { secure: false, ..above }, NOW),
        Err(Ignored::OverSecure)
    );
}
