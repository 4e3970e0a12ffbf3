//! The command line: arguments in, reports out, an exit status that scripts can use. What is behind it is the library's.

mod bench;
mod cache;
mod check;
mod completions;
#[cfg(feature = "explore")]
mod explore;
mod failures;
mod files;
mod inspect;
mod list;
mod man;
mod mutants;
mod out;
mod probe;
mod progress;
mod protocol;
mod replay;
mod report;
mod report_option;
mod rules;
mod server;
mod signals;
mod target;
mod vectors;

use clap::{Parser, Subcommand};
use out::{Out, note};
use sessionproof::{foreign, processes, suite::outcome::results::Outcome};
use std::{fmt, process::ExitCode};

/// The end of the first help page.
const STATUS: &str = "Exit status: 0 conformant, 1 not conformant, 2 could not judge.";

/// The first help page, so that it fits on one screen.
const FIRST_PAGE: &str = "{about}\n\n{usage-heading} {usage}\n\n{subcommands}\n\n{options}{after-help}";

/// The executable specification of Flask's session lifetime, and its suite
#[derive(Parser)]
#[command(version, max_term_width = 110, after_help = STATUS, help_template = FIRST_PAGE, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure how long the verification of a cookie takes
    Bench(bench::Arguments),
    /// Show or remove what is set up on this machine
    #[command(subcommand)]
    Cache(cache::Arguments),
    /// Hold an implementation against the specification.
    Check(check::Arguments),
    /// Print what a shell needs to complete command lines
    Completions(completions::Arguments),
    /// Search every state that small worlds of the model can come to
    #[cfg(feature = "explore")]
    Explore(explore::Arguments),
    /// Try the suite on implementations that are wrong in one thing each
    #[command(alias = "faults")]
    Mutants(mutants::MatrixArguments),
    /// Run one of those implementations as an adapter
    #[command(alias = "faulty")]
    Mutant(mutants::MutantArguments),
    /// Look at a cookie: what it is, what becomes of it, when and why
    Inspect(inspect::Arguments),
    /// List the implementations that are known by name
    List(list::Arguments),
    /// Print or write the manual pages
    Man(man::Arguments),
    /// Write what a running server mounts for `check --url`
    Probe(probe::Arguments),
    /// Ask saved failures, or vectors of your own, again.
    Replay(replay::Arguments),
    /// Join the results of shards, or compare those of implementations.
    #[command(subcommand)]
    Report(report::Arguments),
    /// Read the rules.
    Rules(rules::Arguments),
    /// Make the test vectors with real Flask, or hold the model to them.
    #[command(subcommand)]
    Vectors(vectors::Arguments),
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    if signals::stood_guard() {
        return ExitCode::SUCCESS;
    }
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(status) => return status,
    };
    let done = match arguments.command {
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Cache(arguments) => cache::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        #[cfg(feature = "explore")]
        Command::Explore(arguments) => explore::run(&arguments),
        Command::Mutants(arguments) => mutants::run(&arguments),
        Command::Mutant(arguments) => mutants::mutant(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::List(arguments) => list::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
        Command::Probe(arguments) => probe::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Vectors(arguments) => vectors::run(&arguments),
    };
    let trouble = match (done, processes::interrupted_by()) {
        (Ok(outcome), None) => return status(outcome),
        (Ok(outcome), Some(signal)) => {
            if outcome != Outcome::NotJudged {
                note!("interrupted by {signal} after the last answer; the reports are whole");
            }
            return status(Outcome::NotJudged);
        }
        // Whatever went wrong then went wrong because of it.
        (Err(_), Some(signal)) => Trouble(format!("interrupted by {signal}")),
        (Err(trouble), None) => trouble,
    };
    let style = anstyle::AnsiColor::Red.on_default().bold();
    note!("{style}error:{style:#} {trouble}");
    status(Outcome::NotJudged)
}

/// The arguments; the exit status where there is nothing to do but to print help or what is wrong with them.
fn arguments() -> Result<Arguments, ExitCode> {
    let words: Vec<_> = std::env::args_os().collect();
    Arguments::try_parse_from(&words).map_err(|error| {
        // Its message repeats words. Of the same words, each on one line of visible characters, clap says the same.
        let visible = words.iter().map(|word| foreign::line(word.display()));
        let error = Arguments::try_parse_from(visible).err().unwrap_or(error);
        let out = if error.use_stderr() { Out::StandardError } else { Out::StandardOutput };
        out.print(error.render().ansi());
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
    })
}

fn status(outcome: Outcome) -> ExitCode {
    ExitCode::from(match outcome {
        Outcome::Conformant | Outcome::KnownFailures => 0,
        Outcome::NotConformant => 1,
        _ => 2,
    })
}

/// Why a command could not do its work, and what to do about it.
#[derive(Debug)]
struct Trouble(String);

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_sound() {
        super::Arguments::command().debug_assert();
    }

    #[test]
    fn the_first_help_page_fits_on_one_screen_with_a_line_for_each_command() {
        let mut command = super::Arguments::command().term_width(80);
        let page = command.render_help().to_string();
        let lines: Vec<_> = page.lines().collect();
        assert!(lines.len() <= 24, "{} lines of 24:\n{page}", lines.len());
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{page}");
        for inner in command.get_subcommands() {
            let about = inner.get_about().unwrap().to_string();
            assert!(lines.iter().any(|line| line.ends_with(&about)), "{about:?} takes more than a line:\n{page}");
        }
    }
}
