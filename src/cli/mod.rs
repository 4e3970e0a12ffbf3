//! The command line: arguments in, reports out, an exit status that scripts can use. What is behind it is the library's.

mod bench;
mod check;
#[cfg(feature = "explore")]
mod explore;
mod failures;
mod faults;
mod files;
mod list;
mod progress;
mod replay;
mod report;
mod reports;
mod rules;
mod target;
mod vectors;

use clap::{Parser, Subcommand};
use sessionproof::suite::results::Outcome;
use std::{fmt, process::ExitCode};

/// The exit statuses, for every help page.
const STATUS: &str = "Exit status: 0 conformant, 1 not conformant, 2 could not judge (usage, set-up, adapter broken).";

/// The executable specification of Flask's session lifetime, and the conformance suite for implementations of it.
#[derive(Parser)]
#[command(version, max_term_width = 110, after_help = STATUS)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure how long the verification of a cookie takes
    Bench(bench::Arguments),
    /// Hold an implementation against the specification.
    Check(check::Arguments),
    /// Search every state that small worlds of the model can come to
    #[cfg(feature = "explore")]
    Explore(explore::Arguments),
    /// Try the suite on implementations that are wrong in one thing each
    Faults(faults::MatrixArguments),
    /// Speak the adapter protocol as an implementation that is wrong in one thing
    Faulty(faults::FaultyArguments),
    /// List the implementations that are known by name
    List(list::Arguments),
    /// Ask saved failures, or vectors of your own, again.
    Replay(replay::Arguments),
    /// Join the results of shards, or compare those of implementations.
    #[command(subcommand)]
    Report(report::Arguments),
    /// Read the rules.
    Rules(rules::Arguments),
    /// Make the test vectors again with real Flask, or hold them against the model.
    #[command(subcommand)]
    Vectors(vectors::Arguments),
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        #[cfg(feature = "explore")]
        Command::Explore(arguments) => explore::run(&arguments),
        Command::Faults(arguments) => faults::run(&arguments),
        Command::Faulty(arguments) => faults::faulty(&arguments),
        Command::List(arguments) => list::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Vectors(arguments) => vectors::run(&arguments),
    };
    match done {
        Ok(outcome) => status(outcome),
        Err(trouble) => {
            let style = anstyle::AnsiColor::Red.on_default().bold();
            anstream::eprintln!("{style}error:{style:#} {trouble}");
            status(Outcome::NotJudged)
        }
    }
}

fn status(outcome: Outcome) -> ExitCode {
    ExitCode::from(match outcome {
        Outcome::Conformant => 0,
        Outcome::NotConformant => 1,
        Outcome::NotJudged => 2,
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
}
