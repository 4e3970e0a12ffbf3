//! What the tests of several files share.

pub mod program;

use serde::Deserialize;
use sessionproof::{
    adapter::Program,
    setup::{Known, Oracle, Setup},
};
use std::{
    collections::HashMap,
    env,
    io::Write,
    process::{Command, Stdio},
    sync::{Mutex, OnceLock, PoisonError},
};

/// The steps of a recording, or what came of each.
#[derive(Deserialize)]
pub struct Steps<T> {
    /// In order.
    pub steps: Vec<T>,
}

/// Whether tests that take minutes take all of their cases, and not a part. Pages of evidence are about all.
pub fn is_whole() -> bool {
    ["SESSIONPROOF_WHOLE", "UPDATE_MUTANTS", "UPDATE_PLANTED"].iter().any(|name| env::var_os(name).is_some())
}

/// The oracle; if it cannot be set up, `None` and a message. With `SESSIONPROOF_REQUIRE_PYTHON` set, a
/// missing oracle is a failure.
pub fn oracle(test: &str) -> Option<&'static Oracle> {
    static ORACLE: OnceLock<Result<Oracle, String>> = OnceLock::new();
    let oracle = ORACLE.get_or_init(|| {
        let mut setup = Setup { python: None, report: &mut |_| {} };
        setup.flask(None).map_err(|error| error.to_string())
    });
    match oracle {
        Ok(oracle) => Some(oracle),
        Err(why) => {
            skipped(test, &format!("real Flask cannot be set up: {why}"));
            None
        }
    }
}

/// The program that runs a known implementation, or `None` if it cannot be set up, which is treated alike.
pub fn program(test: &str, known: &Known) -> Option<Program> {
    static PROGRAMS: Mutex<Option<HashMap<String, Program>>> = Mutex::new(None);
    // One after another, so that no two tests set up the same.
    let mut programs = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
    let programs = programs.get_or_insert_default();
    if let Some(program) = programs.get(known.name) {
        return Some(program.clone());
    }
    match (Setup { python: None, report: &mut |_| {} }).program(known, None) {
        Ok(program) => {
            programs.extend(program.clone().map(|program| (known.name.to_owned(), program)));
            program
        }
        Err(why) => {
            skipped(test, &format!("{} cannot be set up: {why}", known.name));
            None
        }
    }
}

/// Whether a program is here.
pub fn runs(test: &str, program: &str) -> bool {
    let ran = Command::new(program).arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).status();
    let is_here = ran.is_ok_and(|status| status.success());
    if !is_here {
        skipped(test, &format!("there is no {program}"));
    }
    is_here
}

/// Says in sight that a test is skipped, past the test harness, which keeps to itself what a passing test prints.
pub fn skipped(test: &str, why: &str) {
    assert!(env::var_os("SESSIONPROOF_REQUIRE_PYTHON").is_none(), "{why}");
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}
