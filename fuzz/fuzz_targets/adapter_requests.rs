//! What an implementation of ours is asked over the adapter protocol: any bytes. Each line has one answer, and each answer is a line
//! of JSON with the request's id.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionproof::adapter::{in_process::Model, serve::serve};

fuzz_target!(|input: &[u8]| {
    let mut output = Vec::new();
    serve(&Model::default(), input, &mut output).expect("writing to memory does not fail");
    let output = String::from_utf8(output).expect("replies are text");
    for line in output.lines() {
        let reply: serde_json::Value = serde_json::from_str(line).expect("a reply is JSON");
        let kinds = ["ok", "unsupported", "error"].iter().filter(|kind| reply.get(**kind).is_some()).count();
        assert_eq!((reply.get("id").is_some(), kinds), (true, 1), "{line}");
    }
});
