//! A results file, as `report merge` and `report matrix` read it: any bytes. It is read, or refused with a line of it; what is read is
//! written as a file that reads the same, every report can be written of it, and it is joined with nothing that it does not fit.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionproof::{
    report::{
        github, html,
        json::{self, ReadError},
        junit,
        matrix::Matrix,
        tap, terminal,
    },
    suite::outcome::merge::merge,
};

fuzz_target!(|bytes: &[u8]| {
    let results = match json::parse("results.json", bytes) {
        Ok(results) => results,
        Err(ReadError::Format { line, .. }) => {
            let lines = 1 + bytes.iter().filter(|byte| **byte == b'\n').count();
            return assert!((1..=lines).contains(&line), "line {line} of {lines}");
        }
        Err(other) => panic!("{other}"),
    };
    let text = json::write(&results);
    let again = json::parse("again.json", text.as_bytes()).expect("results that were written can be read");
    assert_eq!(json::write(&again), text);
    for write in [github::write, html::write, junit::write, tap::write, terminal::summary] {
        write(&results);
    }
    for failure in &results.failures {
        terminal::failure(failure, Some("sessionproof replay"));
    }
    let both = [("one.json".to_owned(), results), ("two.json".to_owned(), again)];
    let matrix = Matrix::new(&both);
    matrix.markdown();
    matrix.html();
    // The same shard twice is refused, as is a part without the others.
    let _ = merge(both.into());
});
