//! `replay`: runs the vectors of a file, each once.

use super::{CliError, failures::replay_command, out::Out, signals, target::Target};
use clap::Args;
use sessionproof::{
    evidence::vectors::{LoadedVector, VectorFile},
    foreign,
    report::terminal,
    suite::{
        outcome::results::Outcome,
        running::run::{self, Event},
    },
};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  # repeat a saved failure
  sessionproof replay \\
    sessionproof-failures/expiry-at-lifetime.json \\
    -- python3 my_adapter.py
  # run a file of vectors with real Flask
  sessionproof replay vectors/flask-3.1/expiry.json flask
  # repeat a failure of a running server
  sessionproof replay failure.json --secret-key-file key \\
    --url http://127.0.0.1:8000/sessionproof-probe

Exit status:
  0  all pass
  1  some fail
  2  no verdict (usage, set-up, or the adapter broke)";

#[derive(Args)]
#[command(after_help = EXAMPLES, next_line_help = true)]
pub struct Arguments {
    /// A file of vectors, such as a saved failure
    file: PathBuf,
    #[command(flatten)]
    target: Target,
}

pub fn run(arguments: &Arguments) -> Result<Outcome, CliError> {
    let vectors = read(&arguments.file)?;
    signals::prepare()?;
    let implementation = arguments.target.open()?;
    let again = replay_command(&arguments.file, &arguments.target.words());
    let results = run::replay(implementation.as_ref(), &vectors, &mut |event| match event {
        Event::Broke(check) => Out::StandardOutput.print(terminal::broken_check(check, Some(&again))),
        Event::Failed(failure) => Out::StandardOutput.print(terminal::failure(failure, Some(&again))),
        Event::Checked(_) | Event::Part { .. } => {}
    });
    Out::StandardOutput.print(terminal::summary(&results));
    Ok(results.outcome())
}

/// The vectors of a file.
pub fn read(path: &Path) -> Result<Vec<LoadedVector>, CliError> {
    let name = foreign::path(path);
    let file = VectorFile::read(path)?;
    Ok(file.vectors.iter().map(|vector| vector.ready(&name)).collect::<Result<_, _>>()?)
}
