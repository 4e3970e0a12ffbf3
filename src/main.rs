//! The command line of sessionproof.

#![forbid(unsafe_code)]
// Only tests may panic.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::todo)
)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
