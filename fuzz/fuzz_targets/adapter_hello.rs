//! The first line of an adapter: any bytes. It says what the adapter offers, in words that are known, or is refused; what is read is
//! written as the same hello again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionproof::adapter::subprocess::hello;

fuzz_target!(|line: &[u8]| {
    let Ok(reply) = serde_json::from_slice::<serde_json::Value>(line) else { return };
    let Ok(hello) = hello::from_json(&reply) else { return };
    assert!(!hello.ops.is_empty());
    let again = serde_json::json!({ "ok": hello });
    assert_eq!(hello::from_json(&again), Ok(hello));
});
