//! The suite can fail: each deliberate mistake in an adapter of real Flask is found by `check`, and named by a rule.

use crate::common;

use sessionproof::{
    adapter::subprocess::{Options, Subprocess},
    conformance,
    processes::time_zone::ZONES,
    setup::Oracle,
    suite::{outcome::results::Outcome, running::run},
};
use std::{path::Path, process::Command};

/// Each mistake, with a rule that it breaks.
const MISTAKES: [(&str, &str); 27] = [
    ("boundary_is_exclusive", "EXP-2"),
    ("boundary_is_a_second_late", "EXP-2"),
    ("timestamp_is_a_second_early", "SIG-4"),
    ("future_is_accepted", "EXP-3"),
    ("browser_sessions_never_expire", "EXP-2"),
    ("no_refresh", "REN-1"),
    ("refresh_of_browser_sessions", "REN-3"),
    ("wrong_salt", "KEY-1"),
    ("fallback_key_signs", "KEY-2"),
    ("ten_bytes_of_the_signature_are_compared", "SIG-5"),
    ("timestamp_is_not_signed", "SIG-2"),
    ("no_vary", "VARY-1"),
    ("deletion_has_no_attributes", "DEL-2"),
    ("expires_an_hour_late", "PERM-3"),
    ("expires_in_local_time", "PERM-3"),
    ("expires_by_naive_local_time", "PERM-3"),
    ("expires_by_today", "PERM-3"),
    ("signed_by_the_clock_on_the_wall", "SIG-4"),
    ("signed_by_utc_taken_for_local_time", "SIG-4"),
    ("another_default_salt", "CFG-1"),
    ("another_default_derivation", "CFG-1"),
    ("another_default_lifetime", "CFG-1"),
    ("same_site_lax_by_default", "CFG-1"),
    ("another_default_name", "CFG-1"),
    ("maps_whose_keys_count_are_lists", "PAY-16"),
    ("payloads_are_limited_to_64_kib", "PAY-13"),
    ("session_leaks_into_the_next_request", "HDR-4"),
];

/// What `check` says of an adapter with a mistake, and its exit status.
fn check(oracle: &Oracle, mistake: &str, options: &[&str]) -> (Option<i32>, String) {
    let failures = tempfile::tempdir().unwrap();
    let adapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join("broken_adapter.py");
    let checked = Command::new(env!("CARGO_BIN_EXE_sessionproof"))
        .args(["check", "--preset", "quick", "--workers", "1", "--fail-fast", "--failures"])
        .arg(failures.path())
        .args(options)
        .arg("--")
        .args([oracle.python.as_os_str(), adapter.as_os_str()])
        .arg(mistake)
        .output()
        .unwrap();
    let said = [checked.stdout, checked.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    (checked.status.code(), said)
}

/// Where the rule is chosen that it breaks; and some of them where all rules are.
#[test]
fn every_deliberate_mistake_is_found_under_the_rule_that_it_breaks() {
    let Some(oracle) = common::oracle("every_deliberate_mistake_is_found_under_the_rule_that_it_breaks") else {
        return;
    };
    for (at, (mistake, rule)) in MISTAKES.into_iter().enumerate() {
        for rules in [rule, "*"].into_iter().take(if at % 9 == 0 { 2 } else { 1 }) {
            let (status, said) = check(oracle, mistake, &["--rules", rules]);
            assert_eq!(status, Some(1), "{mistake}, {rules}: {said}");
            assert!(said.contains("sessionproof replay "), "{mistake}, {rules}: {said}");
        }
    }
}

/// Whoever has another default is told so first, and not that the salt or the lifetime is wrong.
#[test]
fn another_default_is_named_as_one() {
    let Some(oracle) = common::oracle("another_default_is_named_as_one") else { return };
    for (mistake, _) in MISTAKES.iter().filter(|(_, rule)| *rule == "CFG-1") {
        let (status, said) = check(oracle, mistake, &["--cases", "0"]);
        assert_eq!(status, Some(1), "{mistake}: {said}");
        let first = said.lines().find(|line| line.starts_with("FAIL") || line.contains("CFG-1"));
        assert!(first.is_some_and(|line| line.contains("CFG-1")), "{mistake}: {said}");
    }
}

/// Local time is wrong wherever it is not UTC, and real Flask is right everywhere.
#[test]
fn local_time_is_found_in_every_zone_and_real_flask_is_right_in_each() {
    let test = "local_time_is_found_in_every_zone_and_real_flask_is_right_in_each";
    let Some(oracle) = common::oracle(test) else { return };
    for zone in ZONES {
        let found = if zone == "UTC" { 0 } else { 1 };
        for (mistake, rules) in
            [("expires_by_naive_local_time", "PERM-3"), ("signed_by_the_clock_on_the_wall", "SIG-4")]
        {
            let options = ["--cases", "0", "--rules", rules, "--time-zone", zone];
            let (status, said) = check(oracle, mistake, &options);
            assert_eq!(status, Some(found), "{mistake} {zone}: {said}");
            assert!(found == 0 || said.contains(&format!("--time-zone {zone} -- ")), "{said}");
        }
        let program = oracle.program().with_time_zone(zone);
        let flask = Subprocess::start(program, Options::default()).unwrap();
        let results = conformance(flask, &run::Options::default().cases(100).seed(7));
        assert_eq!(results.outcome(), Outcome::Conformant, "{zone}: {:?}", results.failures);
    }
}
