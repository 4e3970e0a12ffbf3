//! `replay`: runs the vectors of a file, each once.

use super::{
    CliError,
    failures::replay_command,
    out::{Out, note},
    signals,
    target::Target,
};
use clap::Args;
use sessionproof::{
    adapter::Implementation,
    evidence::vectors::{FAILURES, LoadedVector, VectorFile},
    foreign,
    protocol::Capabilities,
    report::terminal,
    suite::{
        outcome::results::{Outcome, Results},
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
  0  all pass (the saved failure did not occur again)
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
    let file = VectorFile::read(&arguments.file)?;
    let vectors = ready(&file, &arguments.file)?;
    signals::prepare()?;
    let (implementation, words) = open(&file, arguments)?;
    let again = replay_command(&arguments.file, &words);
    let results = run::replay(implementation.as_ref(), &vectors, &mut |event| {
        if let Event::Failed(failure) = event {
            Out::StandardOutput.print(terminal::failure(failure, Some(&again)));
        }
    });
    Out::StandardOutput.print(terminal::summary(&results));
    if let Some(note) = not_again(&file, &results) {
        Out::StandardOutput.print(note);
    }
    Ok(results.outcome())
}

/// The implementation on the command line, or the one in which the failure was found if this program knows it by name; with the
/// words that name it. A command in a file is only shown: whoever wrote the file is not asked to run programs here.
fn open(file: &VectorFile, arguments: &Arguments) -> Result<(Box<dyn Implementation>, String), CliError> {
    let target = &arguments.target;
    if target.is_named() {
        return Ok((target.open()?, target.words()));
    }
    let failed_with = file.implementation.clone().unwrap_or_default();
    if let Some(name) = &failed_with.name {
        let implementation = target.open_as(Some(name))?;
        note!("asking {}, in which the failure was found", foreign::line(name));
        return Ok((implementation, format!(" {}", foreign::shell_word(name))));
    }
    let path = foreign::path(&arguments.file);
    let words: String = failed_with.command.iter().map(|word| format!(" {}", foreign::shell_word(word))).collect();
    Err(CliError(match &*words {
        "" => format!(
            "no implementation is named, and {path} names none\n\
             name one, as in: {} flask, or: {} -- python3 my_adapter.py",
            replay_command(&arguments.file, ""),
            replay_command(&arguments.file, "")
        ),
        words => format!(
            "no implementation is named; the failure in {path} was found in {}\n\
             a command in a file is not run by itself; to ask it again: {}",
            foreign::line(&failed_with.reported),
            replay_command(&arguments.file, &format!(" --{words}"))
        ),
    }))
}

/// What to say when every check passes that failed when the file was saved.
fn not_again(file: &VectorFile, results: &Results) -> Option<String> {
    let total = results.total;
    if file.family != FAILURES || total.failed + total.known + total.inconclusive > 0 || total.passed == 0 {
        return None;
    }
    let Capabilities { name, version, .. } = &results.implementation;
    let now = format!("{name} {version}").trim().to_owned();
    let then = file.implementation.as_ref().map(|failed_with| failed_with.reported.as_str());
    let mut text = "\nthe saved failure did not occur again".to_owned();
    match then {
        Some(then) if then == now => {
            text += " in the same version: is it repaired, or does it depend on something else?"
        }
        Some(then) => text += &format!(": {} failed, and {} passes", foreign::line(then), foreign::line(&now)),
        None => {}
    }
    Some(text + "\n")
}

/// The vectors of a file.
pub fn read(path: &Path) -> Result<Vec<LoadedVector>, CliError> {
    ready(&VectorFile::read(path)?, path)
}

fn ready(file: &VectorFile, path: &Path) -> Result<Vec<LoadedVector>, CliError> {
    let name = foreign::path(path);
    Ok(file.vectors.iter().map(|vector| vector.ready(&name)).collect::<Result<_, _>>()?)
}
