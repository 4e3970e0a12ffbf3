//! What the tests of several files share.

use serde::Deserialize;
use sessionproof::adapter::setup::{Known, Oracle, Setup};
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

/// The oracle, or none where it cannot be set up, which is then said in sight. With `SESSIONPROOF_REQUIRE_PYTHON` set, a
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

/// The command that runs a known implementation, or none where it cannot be set up, which is treated alike.
pub fn command(test: &str, known: &Known) -> Option<Vec<String>> {
    static COMMANDS: Mutex<Option<HashMap<String, Vec<String>>>> = Mutex::new(None);
    // One after another, so that no two tests set up the same.
    let mut commands = COMMANDS.lock().unwrap_or_else(PoisonError::into_inner);
    let commands = commands.get_or_insert_default();
    if let Some(command) = commands.get(known.name) {
        return Some(command.clone());
    }
    match (Setup { python: None, report: &mut |_| {} }).command(known, None) {
        Ok(command) => {
            commands.extend(command.clone().map(|command| (known.name.to_owned(), command)));
            command
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
fn skipped(test: &str, why: &str) {
    assert!(env::var_os("SESSIONPROOF_REQUIRE_PYTHON").is_none(), "{why}");
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}
