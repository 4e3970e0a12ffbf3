//! What somebody pastes as a cookie: any text. It is looked at, or refused; the verdict is the model's, and nothing that is shown
//! makes a terminal act.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionproof::{
    inspect::{Answer, Question, inspect, text},
    model::server,
    protocol::{Choices, Verify, VerifyOutcome},
};
use sessionproof_fuzz::{config, now};

fuzz_target!(|bytes: &[u8]| {
    let pasted: String = bytes.iter().copied().map(char::from).collect();
    let question = Question { config: (*config()).clone(), lifetime: Some(config().lifetime), now: now() };
    let shown = match inspect(&pasted, &question) {
        Ok(inspection) => {
            let call = Verify { config: config(), now: now(), cookie: inspection.value.clone() };
            let answer = match server::verify(&call, &Choices::default()) {
                VerifyOutcome::Accepted(_) => Answer::Accepted,
                VerifyOutcome::Raised(_) => Answer::Raised,
                VerifyOutcome::Rejected(_) => Answer::Rejected,
            };
            let found = inspection.server.now.answer;
            assert!(found == answer || found == Answer::NotRead, "{found:?}, and the model says {answer:?}");
            // Styles are escapes of the program's own; JSON has none.
            text::write(&inspection);
            inspection.to_json()
        }
        Err(error) => error.to_string(),
    };
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
});
