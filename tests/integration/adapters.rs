//! The implementations that are known by name, each set up and judged, and the helpers that their adapters rest on.

use crate::common;

use sessionproof::{
    adapter::{
        Implementation,
        subprocess::{Options, Subprocess},
    },
    bundled,
    clock::UnixTime,
    conformance,
    protocol::{Answer, Call, Op, Reply, Sign, SignOutcome},
    setup::{KNOWN, Known},
    suite::{outcome::results::Outcome, running::run},
    value::Map,
};
use std::path::Path;

/// What a few checks of an implementation come to.
fn judged(test: &str, name: &str, outcome: Outcome) {
    let known = Known::named(name).unwrap();
    let Some(program) = common::program(test, known) else { return };
    let implementation = Subprocess::start(program, Options::default()).unwrap();
    let hello = implementation.capabilities();
    assert_eq!(hello.name, name);
    assert!(hello.ops.contains(&Op::Verify), "{:?}", hello.ops);
    let options = run::Options::default().cases(100);
    let results = conformance(implementation, &options);
    assert_eq!(results.broken, None);
    assert_eq!(results.outcome(), outcome, "{:?}", results.inconclusive);
    assert!(results.total.passed > 400, "{:?}", results.total);
    let broke: Vec<_> = results.inconclusive.keys().filter(|why| !why.starts_with("not offered: ")).collect();
    assert!(broke.is_empty(), "{broke:?}");
}

macro_rules! judged {
    ($($test:ident: $name:literal is $outcome:ident;)*) => {
        $(
            #[test]
            fn $test() {
                judged(stringify!($test), $name, Outcome::$outcome);
            }
        )*

        #[test]
        fn every_known_implementation_is_judged() {
            // Those of stores come last; `stores` is about them.
            let all = KNOWN.iter().filter(|known| !known.is_in_binary()).map(|known| known.name);
            let all: Vec<_> = all.take_while(|name| *name != "flask-session").collect();
            assert_eq!(all, [$($name),*]);
        }
    };
}

judged! {
    flask_is_conformant: "flask" is Conformant;
    quart_is_judged: "quart" is NotConformant;
    anyquart_is_judged: "anyquart" is NotConformant;
    itsdangerous_is_judged: "itsdangerous" is NotConformant;
    starlette_flask_is_judged: "starlette-flask" is NotConformant;
    flask_session_decoder_is_judged: "flask-session-decoder" is NotConformant;
    flask_unsign_is_judged: "flask-unsign" is NotConformant;
    itsdangerous_js_is_judged: "itsdangerous.js" is NotConformant;
    cyberchef_is_judged: "cyberchef" is NotConformant;
    itsdangerous_rs_is_judged: "itsdangerous-rs" is NotConformant;
}

/// Every session in the vectors, of all kinds of value.
fn sessions() -> Vec<Map> {
    let mut sessions = Vec::new();
    for (file, text) in bundled::under("vectors/flask-3.1/") {
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        for vector in json["vectors"].as_array().unwrap_or_else(|| panic!("{file}")) {
            for session in [&vector["input"]["session"], &vector["output"]["session"]] {
                sessions.extend(serde_json::from_value(session.clone()));
            }
        }
    }
    sessions
}

/// The helper gives back the values that it was given, and its clock shows the instant of the call.
fn helper_keeps_values_and_holds_the_clock(test: &str, program: &str, file: &str) {
    if !common::runs(test, program) {
        return;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(file);
    let command = [program.to_owned(), file.display().to_string()];
    let echo = Subprocess::start(&command, Options::default()).unwrap();
    let sessions = sessions();
    assert!(sessions.len() > 200, "{}", sessions.len());
    let now: UnixTime = serde_json::from_str("1700000000.25").unwrap();
    let sign = |session: &Map| Call::Sign(Sign { config: Default::default(), now, session: session.clone() });
    let calls: Vec<_> = sessions.iter().map(sign).collect();
    for (session, reply) in sessions.iter().zip(echo.answer(&calls).unwrap()) {
        let Reply::Ok(Answer::Sign(SignOutcome::Cookie(text))) = reply else { panic!("{session:?}: {reply:?}") };
        let (given, rest) = text.split_once(' ').unwrap();
        let (clock, value) = rest.split_once(' ').unwrap();
        assert_eq!((given, clock), ("1700000000.25", "1700000000250"));
        // As JSON, where what is not a number equals itself.
        let value: serde_json::Value = serde_json::from_str(value).unwrap();
        assert_eq!(value, serde_json::to_value(session).unwrap());
    }
}

#[test]
fn the_helper_for_node_keeps_values_and_holds_the_clock() {
    let test = "the_helper_for_node_keeps_values_and_holds_the_clock";
    helper_keeps_values_and_holds_the_clock(test, "node", "echo_adapter.mjs");
}

#[test]
fn the_helper_for_python_keeps_values_and_holds_the_clock() {
    let test = "the_helper_for_python_keeps_values_and_holds_the_clock";
    helper_keeps_values_and_holds_the_clock(test, "python3", "echo_adapter.py");
}
