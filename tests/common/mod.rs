//! What tests with real Flask share.

#![allow(dead_code, reason = "every test program uses its own part")]

use sessionproof::adapter::setup::{Oracle, Setup};
use std::{env, io::Write, sync::OnceLock};

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
        Err(why) if env::var_os("SESSIONPROOF_REQUIRE_PYTHON").is_some() => panic!("{why}"),
        Err(why) => {
            // Past the test harness, which keeps to itself what a passing test prints.
            let _ = writeln!(std::io::stderr(), "SKIPPED {test}: real Flask cannot be set up: {why}");
            None
        }
    }
}
