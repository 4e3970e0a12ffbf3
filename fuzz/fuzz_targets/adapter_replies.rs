//! What an adapter answers: a line of JSON, for each operation. It is read without breaking, and what is read is written as the
//! same answer again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionproof::{
    json::{self, Json},
    protocol::{Answer, Op},
};

fuzz_target!(|line: &[u8]| {
    let Ok(json) = json::from_slice::<Json>(line) else { return };
    for op in [Op::Exchange, Op::Sign, Op::Verify] {
        let Ok(answer) = Answer::from_json(op, &json) else { continue };
        let again = Answer::from_json(op, &answer.to_json());
        assert_eq!(again.as_ref(), Ok(&answer), "{op}");
    }
});
