//! A vector file: any text. It is read or refused, never half, and what is read is written as a file that reads the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionproof::evidence::vectors::VectorFile;

fuzz_target!(|text: &str| {
    let Ok(file) = VectorFile::parse("fuzz", text) else { return };
    for vector in &file.vectors {
        let _ = vector.ready("fuzz");
    }
    let again = VectorFile::parse("fuzz", &file.to_text()).expect("a file that was written can be read");
    assert_eq!(again.to_text(), file.to_text());
});
