//! The first line of an adapter: any bytes. It says what the adapter offers, in words that are known, or is refused; what is read is
//! written as the same hello again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionproof::{
    adapter::subprocess::hello,
    json::{self, Json, json},
};

fuzz_target!(|line: &[u8]| {
    let Ok(reply) = json::from_slice::<Json>(line) else { return };
    let Ok(hello) = hello::from_json(&reply) else { return };
    assert!(!hello.ops.is_empty());
    let again = json!({ "ok": hello });
    assert_eq!(hello::from_json(&again), Ok(hello));
});
