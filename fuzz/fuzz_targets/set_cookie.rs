//! Set-Cookie headers, one a line: any text. What a browser keeps of them stays within the bounds of RFC 6265bis.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionproof::model::browser::{Browser, MAX_AGE, Target, attributes::MAX_NAME_AND_VALUE};
use sessionproof_fuzz::now;

fuzz_target!(|headers: &str| {
    let (mut browser, from) = (Browser::new(), Target::https("app.example.com", "/account/login"));
    let headers: Vec<_> = headers.lines().take(64).collect();
    let kept = browser.receive(&headers, &from, now());
    assert_eq!(kept.len(), headers.len());
    assert!(browser.cookies().len() <= headers.len());
    for cookie in browser.cookies() {
        assert!(cookie.name.chars().count() + cookie.value.chars().count() <= MAX_NAME_AND_VALUE, "{cookie:?}");
        assert!(cookie.expires.is_none_or(|expires| expires.seconds() <= now().seconds() + MAX_AGE), "{cookie:?}");
        assert!("app.example.com".ends_with(&cookie.domain), "{cookie:?}");
    }
    browser.restart();
    assert!(browser.cookies().iter().all(|cookie| cookie.expires.is_some()));
});
