//! The command line of sessionproof.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
