//! A Cookie header: any text. A server opens it without breaking, and finds in it no session that nobody signed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionproof::{
    json::json,
    model::server,
    protocol::{Call, Choices},
    value::Value,
};
use sessionproof_fuzz::{config, now};

fuzz_target!(|header: &str| {
    let input = json!({
        "config": *config(),
        "now": 1_700_000_000,
        "cookie_header": header,
        "actions": [{ "do": "get", "key": "user" }],
    });
    let Ok(Call::Exchange(call)) = Call::from_json("exchange", input) else { panic!("the call is sound") };
    assert_eq!(call.now, now());
    let answer = server::exchange(&call, &Choices::default());
    // The seeds hold one good cookie; whatever else opens spells the same bytes.
    let opened = answer.opened.unwrap_or_default();
    assert!(opened.is_empty() || opened == [("user", Value::int(42))].into_iter().collect(), "opened: {header}");
});
