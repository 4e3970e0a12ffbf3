//! What a server answers in the live mode, over a real connection: the whole answer to hello, the body of one, the whole answer to a
//! request, the body of one, or its Set-Cookie header. It is read, or refused in words, in time; a whole answer has no proof of the
//! secret key, and is not believed; and what comes back to the suite is no session cookie that the server would take.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionproof::{
    adapter::Implementation,
    protocol::{Action, Answer, Call, Exchange, Reply},
};
use sessionproof_fuzz::live::{Part, connect, is_taken, serving};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let part = match kind % 5 {
        0 => Part::Capabilities,
        1 => Part::HelloBody,
        2 => Part::Answer,
        3 => Part::AnswerBody,
        _ => Part::SetCookie,
    };
    let Ok(server) = connect(&serving(part, bytes), None) else { return };
    assert!(part != Part::Capabilities, "a server without a proof is believed");
    let config = server.config().expect("a server has a configuration");
    let call = Exchange {
        config,
        now: sessionproof_fuzz::now(),
        cookie_header: None,
        method: "GET".to_owned(),
        path: "/".to_owned(),
        actions: vec![Action::Nothing],
    };
    let Ok(replies) = server.answer(&[Call::Exchange(call)]) else { return };
    if let [Reply::Ok(Answer::Exchange(exchanged))] = replies.as_slice() {
        assert!(part != Part::Answer, "an answer without a proof is believed");
        for (name, value) in exchanged.headers.iter().filter(|(name, _)| name == "set-cookie") {
            assert!(!is_taken(value), "{name}: {value}");
        }
    }
});
