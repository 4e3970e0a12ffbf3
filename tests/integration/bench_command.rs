//! `sessionproof bench`, alone and beside adapters, of which most cannot be trusted: each ends in a message, in bounded time.
#![cfg(unix)]

use crate::common;

use sessionproof::json::{self, Json};
use std::{
    process::{Command, Output},
    time::{Duration, Instant},
};

const HELLO: &str = r#"{"id":0,"ok":{"name":"mine","version":"1","runtime":"sh","ops":["bench"]}}"#;

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sessionproof")).arg("bench").args(arguments).output().unwrap()
}

/// An adapter in the shell that says hello and answers with `reply`, where ID stands for the number of the request.
fn beside(hello: &str, reply: &str) -> Output {
    let script = format!(
        "read line; echo '{hello}'; n=1; while read line; do echo '{reply}' | sed \"s/ID/$n/\"; n=$((n+1)); done"
    );
    bench(&["--json", "--turns", "1", "--call-timeout", "2", "--time-limit", "20", "--", "sh", "-c", &script])
}

#[test]
fn alone_it_tells_every_shape_against_the_floor() {
    let output = bench(&["--json", "--turns", "1"]);
    assert!(output.status.success(), "{output:?}");
    let told: Json = json::from_slice(&output.stdout).unwrap();
    let shapes = told["shapes"].as_array().unwrap();
    assert_eq!(shapes.len(), 5);
    for shape in shapes {
        for part in ["floor", "portable", "verify", "rejected", "batch", "load", "sign"] {
            let of = |place: &str| shape[part][place].as_f64().unwrap();
            assert!(0.0 < of("lower_quartile") && of("lower_quartile") <= of("median"), "{shape}");
            assert!(of("median") <= of("upper_quartile"), "{shape}");
        }
    }
    let table = String::from_utf8(bench(&["--turns", "1"]).stdout).unwrap();
    assert!(table.contains("compressed") && table.contains("inflate"), "{table}");
}

#[test]
fn an_adapter_that_measures_itself_stands_beside_the_verifier() {
    // It waits as long as it says.
    let reply = r#"{"id":ID,"ok":{"seconds":0.02,"accepted":true}}"#;
    let script = format!(
        "read line; echo '{HELLO}'; n=1; while read line; do sleep 0.03; echo '{reply}' | sed \"s/ID/$n/\"; n=$((n+1)); done"
    );
    let output = bench(&["--json", "--turns", "2", "--", "sh", "-c", &script]);
    assert!(output.status.success(), "{output:?}");
    let told: Json = json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["beside"], "mine 1 sh");
    for one in told["shapes"].as_array().unwrap() {
        assert_eq!(one["theirs"]["median"].as_f64(), Some(2e7), "{one}");
        let ours = one["ours"]["median"].as_f64().unwrap();
        assert!(0.0 < ours && ours < 2e7, "{one}");
        assert_eq!(one["ratio"].as_f64().unwrap(), 2e7 / ours, "{one}");
    }
}

#[test]
fn what_an_adapter_cannot_measure_is_left_out() {
    let output = beside(HELLO, r#"{"id":ID,"unsupported":"part"}"#);
    assert!(output.status.success(), "{output:?}");
    let told: Json = json::from_slice(&output.stdout).unwrap();
    assert!(told["shapes"].as_array().unwrap().iter().all(|one| one["theirs"].is_null() && one["ratio"].is_null()));
}

#[test]
fn an_adapter_that_cannot_be_believed_is_told_so() {
    let without = r#"{"id":0,"ok":{"name":"mine","ops":["verify"]}}"#;
    for (hello, reply, message) in [
        (without, "", "does not offer the operation bench"),
        (HELLO, r#"{"id":ID,"ok":{"seconds":5.0,"accepted":true}}"#, "cannot be: the reply came after"),
        (HELLO, r#"{"id":ID,"ok":{"seconds":-1.0,"accepted":true}}"#, "cannot be: the reply came after"),
        (HELLO, r#"{"id":ID,"ok":{"seconds":0.0,"accepted":true}}"#, "take no time"),
        (HELLO, r#"{"id":ID,"ok":{"seconds":0.0,"accepted":false}}"#, "a good cookie does not count"),
        (HELLO, r#"{"id":ID,"ok":{"seconds":"1"}}"#, "cannot be used"),
        (HELLO, r#"{"id":ID,"error":"no clock"}"#, "no clock"),
        (HELLO, r#"{"id":7,"ok":{"seconds":0.0,"accepted":true}}"#, "its \"id\" is not"),
        (HELLO, "not JSON", "cannot be used"),
    ] {
        let output = beside(hello, reply);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{reply}: {text}");
        assert!(text.contains(message), "{reply}: {text}");
    }
}

#[test]
fn an_adapter_that_hangs_floods_or_ends_is_given_up_in_time() {
    for (script, message) in [
        ("sleep 100".to_owned(), "has not answered hello within 1s"),
        (format!("read line; echo '{HELLO}'; sleep 100"), "has not answered bench within 1s"),
        (format!("read line; echo '{HELLO}'; read line; echo oops >&2; exit 3"), "exited with status 3"),
        (format!("read line; echo '{HELLO}'; yes"), "cannot be used"),
        ("tr '\\0' x < /dev/zero".to_owned(), "printed a line of more than"),
        ("exec <&-; exec sleep 100".to_owned(), "has not answered hello within 1s"),
    ] {
        let start = Instant::now();
        let output = bench(&["--call-timeout", "1", "--", "sh", "-c", &script]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{script}: {text}");
        assert!(text.contains(message), "{script}: {text}");
        assert!(start.elapsed() < Duration::from_secs(20), "{script}");
    }
    let missing = bench(&["--", "no-such-program-anywhere"]);
    assert_eq!(missing.status.code(), Some(2));
    let model = bench(&["model"]);
    assert!(String::from_utf8(model.stderr).unwrap().contains("cannot be measured"));
}

#[test]
fn real_flask_is_measured() {
    let Some(_) = common::oracle("real_flask_is_measured") else { return };
    let output = bench(&["--json", "--turns", "1", "flask"]);
    assert!(output.status.success(), "{output:?}");
    let told: Json = json::from_slice(&output.stdout).unwrap();
    for one in told["shapes"].as_array().unwrap() {
        assert!(one["theirs"]["median"].as_f64().unwrap() > 1000.0, "{one}");
    }
}
