//! The suite can fail: each deliberate mistake in an adapter of real Flask is found by `check`, and named by a rule.

use crate::common;

use sessionproof::setup::Oracle;
use std::{path::Path, process::Command};

/// Each mistake, with a rule that it breaks.
const MISTAKES: [(&str, &str); 16] = [
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

#[test]
fn every_deliberate_mistake_is_found() {
    let Some(oracle) = common::oracle("every_deliberate_mistake_is_found") else { return };
    for (mistake, _) in MISTAKES {
        let (status, said) = check(oracle, mistake, &[]);
        assert_eq!(status, Some(1), "{mistake}: {said}");
        assert!(said.contains("sessionproof replay "), "{mistake}: {said}");
    }
}

#[test]
fn every_deliberate_mistake_is_found_under_the_rule_that_it_breaks() {
    let Some(oracle) = common::oracle("every_deliberate_mistake_is_found_under_the_rule_that_it_breaks") else {
        return;
    };
    for (mistake, rule) in MISTAKES {
        let (status, said) = check(oracle, mistake, &["--rules", rule]);
        assert_eq!(status, Some(1), "{mistake}, {rule}: {said}");
    }
}
