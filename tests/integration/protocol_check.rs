//! `check --protocol`: each check fails on an adapter with that mistake, and no other check does; ready-made adapters pass all.

use crate::common;

use std::{path::Path, process::Command};

/// Each mistake in `protocol_adapter.py`, the check that it fails, and words of the message.
const MISTAKES: [(&str, &str, &str); 31] = [
    ("hello_is_an_error", "hello", "it answers hello with error"),
    ("hello_has_no_name", "hello", "missing field `name`"),
    ("hello_has_an_empty_name", "hello", "\"name\" is empty"),
    ("hello_names_another_operation", "hello", "\"ops\" names \"read\""),
    ("hello_names_another_kind", "hello", "\"values\" names \"tuples\""),
    ("hello_names_another_choice", "hello", "\"choices\" names \"compresion\""),
    ("hello_decides_otherwise", "hello", "unknown variant"),
    ("hello_never_comes", "hello", "nothing for request 0 within"),
    ("hello_speaks_another_protocol", "hello", "it speaks protocol 3"),
    ("ends_before_hello", "hello", "exited with status 3"),
    ("nothing_is_flushed", "hello", "this only when standard input ended"),
    ("only_hello_is_flushed", "flush", "this only when standard input ended"),
    ("ids_are_forgotten", "ids", "no request with this id is waiting"),
    ("ids_are_text", "ids", "no request with this id is waiting"),
    ("replies_are_swapped", "ids", "the same request had another reply"),
    ("replies_come_twice", "ids", "no request with this id is waiting"),
    ("an_operation_is_an_error", "operations", "not `unsupported`"),
    ("members_of_config_are_ignored", "members", "Keep a list of the members of `config`"),
    ("members_are_ignored", "members", "Keep a list of the members of each operation"),
    ("actions_are_skipped", "actions", "never skip it"),
    ("nonsense_is_answered", "nonsense", "not `error`"),
    ("nonsense_ends_it", "nonsense", "exited with status"),
    ("values_are_text", "values", "read as another value than was written"),
    ("declares_what_it_has_not", "values", "leave it out of `values`"),
    ("guesses_at_kinds", "values", "hello does not declare the kind"),
    ("signs_by_its_own_clock", "clock", "not the timestamp 1000086400"),
    ("reads_by_its_own_clock", "clock", "the lifetime is 3600 s"),
    ("keeps_the_first_configuration", "configurations", "answer every request with its own"),
    ("cuts_long_lines", "long lines", "Read whole lines"),
    ("never_exits", "end of input", "it keeps running"),
    ("prints", "standard output", "2 lines that are not JSON objects"),
];

/// The exit status of `check --protocol`, and what it prints.
fn check(options: &[&str], adapter: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sessionproof"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("PYTHONUNBUFFERED")
        .args(["check", "--protocol"]);
    let done = command.args(options).args(adapter).output().unwrap();
    let said = [done.stdout, done.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    (done.status.code(), said)
}

/// The checks that failed.
fn failed(said: &str) -> Vec<&str> {
    let marked = said.lines().filter_map(|line| line.strip_prefix("✗ "));
    marked.filter_map(|line| line.split_once("  ")).map(|(check, _)| check).collect()
}

#[test]
fn each_mistake_fails_its_check_and_no_other() {
    if !common::runs("each_mistake_fails_its_check_and_no_other", "python3") {
        return;
    }
    for (mistake, name, words) in MISTAKES {
        // What hangs is waited for; what does not is given time on a slow machine.
        let hangs = ["hello_never_comes", "nothing_is_flushed", "only_hello_is_flushed"].contains(&mistake);
        let timeout = if hangs { "2" } else { "60" };
        let (status, said) =
            check(&["--call-timeout", timeout], &["--", "python3", "tests/fixtures/protocol_adapter.py", mistake]);
        assert_eq!((status, failed(&said)), (Some(1), vec![name]), "{mistake}: {said}");
        for part in [words, "    asked  ", "    came   ", "    fix    "] {
            assert!(said.contains(part), "{mistake}: no {part:?} in {said}");
        }
    }
}

#[test]
fn every_check_has_a_mistake_and_every_mistake_is_listed() {
    let (status, said) = check(&[], &["--", "python3", "tests/fixtures/protocol_adapter.py"]);
    if !common::runs("every_check_has_a_mistake_and_every_mistake_is_listed", "python3") {
        return;
    }
    assert_eq!(status, Some(0), "{said}");
    for line in said.lines().take_while(|line| !line.is_empty()) {
        let (name, _) =
            line.strip_prefix("✓ ").and_then(|line| line.split_once("  ")).unwrap_or_else(|| panic!("{said}"));
        assert!(MISTAKES.iter().any(|(_, failed, _)| *failed == name), "{name}");
    }
    let listed = Command::new("python3").args(["tests/fixtures/protocol_adapter.py", "--list"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let mut names: Vec<_> = MISTAKES.iter().map(|(name, ..)| *name).chain(["dawdles"]).collect();
    names.sort_unstable();
    assert_eq!(listed.lines().collect::<Vec<_>>(), names);
}

#[test]
fn an_adapter_by_the_helper_for_python_passes_all_checks() {
    if !common::runs("an_adapter_by_the_helper_for_python_passes_all_checks", "python3") {
        return;
    }
    let (status, said) = check(&[], &["--", "python3", "adapters/python/stdlib_adapter.py"]);
    assert_eq!((status, failed(&said)), (Some(0), vec![]), "{said}");
    assert!(said.contains("follows the protocol: 12 checks passed"), "{said}");
}

/// Known implementations, and the checks that they fail for reasons of their own: see `docs/findings.md`.
#[test]
fn ready_made_adapters_pass_all_checks() {
    let own: [(&str, &[&str]); 3] = [("flask", &[]), ("starlette-flask", &["clock"]), ("itsdangerous.js", &[])];
    for (name, expected) in own {
        let known = sessionproof::setup::Known::named(name).unwrap();
        if common::program("ready_made_adapters_pass_all_checks", known).is_none() {
            continue;
        }
        let (status, said) = check(&[], &[name]);
        assert_eq!(
            (status, failed(&said)),
            (Some(i32::from(!expected.is_empty())), expected.to_vec()),
            "{name}: {said}"
        );
    }
}

#[test]
fn a_type_of_this_crate_behind_the_protocol_passes_all_checks() {
    let program = Path::new(env!("CARGO_BIN_EXE_sessionproof")).display().to_string();
    let (status, said) = check(&[], &["--", &program, "mutant", "age-equal-refused"]);
    assert_eq!((status, failed(&said)), (Some(0), vec![]), "{said}");
}

#[test]
fn what_cannot_be_checked_is_said() {
    let (status, said) = check(&[], &["--", "./no-such-program"]);
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("cannot start the adapter"), "{said}");
    for name in ["verifier", "model"] {
        let (status, said) = check(&[], &[name]);
        assert_eq!(status, Some(2), "{said}");
        assert!(said.contains("name a program"), "{said}");
    }
    let (status, said) = check(&["--smoke"], &["verifier"]);
    assert_eq!((status, said.contains("--protocol")), (Some(2), true), "the old name works for one version: {said}");
    for option in [["--rules", "EXP"], ["--seed", "1"], ["--report", "tap=-"], ["--failures", "x"], ["--workers", "2"]]
    {
        let (status, said) = check(&option, &["flask"]);
        assert_eq!(status, Some(2), "{said}");
        assert!(said.contains("cannot be used with"), "{said}");
    }
}

#[test]
fn a_slow_adapter_gets_no_more_than_the_time_for_the_run() {
    if !common::runs("a_slow_adapter_gets_no_more_than_the_time_for_the_run", "python3") {
        return;
    }
    let began = std::time::Instant::now();
    let (status, said) =
        check(&["--time-limit", "3"], &["--", "python3", "tests/fixtures/protocol_adapter.py", "dawdles"]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("raise --time-limit"), "{said}");
    assert!(began.elapsed().as_secs() < 30, "{said}");
}
