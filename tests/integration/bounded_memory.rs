//! How much memory the suite takes, whatever an adapter answers and whatever file it is given. What is measured is the peak of the
//! program alone, by the system's own count.
//!
//! The same in full, with a release build: 30,000 failing checks whose replies have 3 MiB each, in some minutes:
//!
//! ```sh
//! /usr/bin/time -f '%M KiB' target/release/sessionproof check --cases 115000 -- python3 tests/fixtures/large_answers_adapter.py raised 3145728
//! ```
#![cfg(target_os = "linux")]

use super::common;
use serde_json::Value as Json;
use std::{
    fs,
    io::Read,
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sessionproof");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// The most that a run may take (KiB).
const MOST: u64 = 400 * 1024;

/// Runs the program, and gives its output with the largest amount of memory that it had (KiB).
fn measured(arguments: &[&str], input: Stdio) -> (Output, u64) {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).current_dir(ROOT).stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let number = child.id();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let mut peak = 0;
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let status = thread::scope(|scope| {
        scope.spawn(|| stdout.read_to_end(&mut output).unwrap());
        scope.spawn(|| stderr.read_to_end(&mut errors).unwrap());
        loop {
            let told = fs::read_to_string(format!("/proc/{number}/status")).unwrap_or_default();
            let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            peak = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap_or(0).max(peak);
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            thread::sleep(Duration::from_millis(2));
        }
    });
    (Output { status, stdout: output, stderr: errors }, peak)
}

/// A run on an adapter whose answers are all wrong and take so many bytes each, and how many checks failed.
fn large_answers(shape: &str, bytes: &str, arguments: &[&str]) -> (Json, u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let reports = format!("json={},html={},junit={},tap={}", path("1"), path("2"), path("3"), path("4"));
    let failures = path("failures");
    let check = ["check", "--report", &reports, "--failures", &failures];
    let adapter = ["--", "python3", "tests/fixtures/large_answers_adapter.py", shape, bytes];
    let (ran, peak) = measured(&[&check[..], arguments, &adapter].concat(), Stdio::null());
    let said = String::from_utf8_lossy(&ran.stderr);
    let results: Json = serde_json::from_slice(&fs::read(path("1")).expect(&said)).unwrap();
    assert_eq!(ran.status.code(), Some(if results["total"]["failed"].as_u64() > Some(0) { 1 } else { 2 }), "{said}");
    (results, peak)
}

#[test]
fn a_flood_of_large_wrong_answers_takes_little_memory() {
    if !common::runs("a_flood_of_large_wrong_answers_takes_little_memory", "python3") {
        return;
    }
    // A build without optimisation takes its time over sessions; a text that is no session is read at once.
    for (shape, bytes, rules) in [("raised", "1048576", "*"), ("accepted", "262144", "EXP"), ("list", "131072", "EXP")]
    {
        let (results, peak) = large_answers(shape, bytes, &["--cases", "0", "--rules", rules]);
        let failed = results["total"]["failed"].as_u64().unwrap();
        println!("{shape}: {failed} failed, peak {} MiB", peak / 1024);
        assert!(failed > if rules == "*" { 400 } else { 40 }, "{shape}: {failed}");
        assert!(peak < MOST, "{shape}: {peak} KiB");
    }
}

#[test]
fn every_other_reason_for_a_refusal_takes_little_memory() {
    if !common::runs("every_other_reason_for_a_refusal_takes_little_memory", "python3") {
        return;
    }
    let (results, peak) = large_answers("unsupported", "262144", &["--cases", "0"]);
    println!("peak {} MiB", peak / 1024);
    assert!(results["inconclusive"].as_object().unwrap().len() <= 501);
    assert!(peak < MOST, "{peak} KiB");
}

#[test]
fn a_file_without_an_end_is_refused_by_whoever_reads_it() {
    let readers: [&[&str]; 8] = [
        &["replay", "/dev/zero"],
        &["vectors", "verify", "/dev/zero"],
        &["check", "--known-failures", "/dev/zero"],
        &["report", "merge", "/dev/zero"],
        &["report", "matrix", "/dev/zero"],
        &["inspect", "--secret-key-file", "/dev/zero", "cookie"],
        &["inspect", "--config", "/dev/zero", "cookie"],
        &["check", "--url", "http://127.0.0.1:9/", "--secret-key-file", "/dev/zero"],
    ];
    for arguments in readers {
        let (ran, peak) = measured(arguments, fs::File::open("/dev/zero").unwrap().into());
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(2), "{arguments:?}: {said}");
        let is_told = said.contains("larger than") || said.contains("longer than");
        assert!(said.starts_with("error:") && is_told, "{arguments:?}: {said}");
        // The file, and a buffer that doubled as it was read.
        assert!(peak < 2 * MOST, "{arguments:?}: {peak} KiB");
    }
}

#[test]
fn a_pipe_is_as_good_as_a_file() {
    let vectors = fs::File::open(format!("{ROOT}/vectors/flask-3.1/expiry.json")).unwrap();
    let (ran, _) = measured(&["vectors", "verify", "/dev/stdin"], vectors.into());
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    let piped = Command::new("sh")
        .args(["-c", "cat vectors/flask-3.1/expiry.json | \"$0\" replay /dev/stdin verifier", PROGRAM])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert_eq!(piped.status.code(), Some(0), "{}", String::from_utf8_lossy(&piped.stderr));
}

#[test]
fn json_of_any_depth_is_refused_and_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep.json").display().to_string();
    let whole = fs::read_to_string(format!("{ROOT}/vectors/flask-3.1/expiry.json")).unwrap();
    let deep = whole.replacen("\"input\":", &format!("\"input\":{}", "[".repeat(1_000_000)), 1);
    assert!(deep.len() > 1_000_000);
    fs::write(&file, deep).unwrap();
    for arguments in [&["replay", &file][..], &["report", "merge", &file], &["inspect", "--config", &file, "cookie"]] {
        let (ran, _) = measured(arguments, Stdio::null());
        assert_eq!(ran.status.code(), Some(2), "{arguments:?}");
    }
    let (ran, _) = measured(&["replay", &file], Stdio::null());
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(said.contains("recursion limit exceeded"), "{said}");
}

#[test]
fn what_was_answered_before_the_time_was_over_is_judged() {
    let test = "what_was_answered_before_the_time_was_over_is_judged";
    if !common::runs(test, "python3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path().join("results.json");
    let ran = Command::new(PROGRAM)
        .args(["check", "--time-limit", "3", "--workers", "1", "--rules", "EXP", "--cases", "0", "--report"])
        .arg(format!("json={}", results.display()))
        .args(["--", "python3", "tests/fixtures/relay.py", "vectors"])
        .arg(folder.path().join("marker"))
        .args(["as-it-is", "python3", "adapters/python/stdlib_adapter.py"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.status.code(), Some(2), "{said}");
    let results: Json = serde_json::from_slice(&fs::read(&results).unwrap()).unwrap();
    assert_eq!(results["outcome"], "not-judged");
    assert!(results["total"]["passed"].as_u64() > Some(10), "{}", results["total"]);
    let why = results["broken"]["what"].as_str().unwrap();
    assert!(why.contains("longer than its time limit of 3s") && why.contains("calls have no reply"), "{why}");
}
