//! A list of known failures: any text. It is read, or refused with the line that is wrong.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionproof::suite::outcome::known::{KnownError, KnownFailures};

fuzz_target!(|text: &str| {
    let lines = 1 + text.matches('\n').count();
    match KnownFailures::parse("known.toml", text) {
        Ok(known) => assert!(known.entries().iter().all(|entry| (1..=lines).contains(&entry.line))),
        Err(KnownError::Entry { line, .. }) => assert!((1..=lines).contains(&line), "line {line} of {lines}"),
        Err(other) => panic!("{other}"),
    }
});
