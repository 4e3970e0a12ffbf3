//! The command line: arguments in, reports out, and an exit status for scripts. The library does the work.

mod bench;
mod cache;
mod check;
mod completions;
mod explore;
mod failures;
mod files;
mod inputs;
mod inspect;
mod list;
mod man;
mod mutants;
mod mutants_of_flask;
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
const STATUS: &str = "Exit status: 0 conformant, 1 not conformant, 2 no verdict.";

/// The layout of the first help page, which fits on one screen.
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
    /// Measure how fast cookies are verified
    Bench(bench::Arguments),
    /// List or remove what is set up on this machine
    #[command(subcommand)]
    Cache(cache::Arguments),
    /// Test an implementation against the specification
    Check(Box<check::Arguments>),
    /// Generate shell completions
    Completions(completions::Arguments),
    /// Search every state of small worlds of browsers and servers
    Explore(explore::Arguments),
    /// Explain a cookie: its content, its lifetime and its pitfalls
    Inspect(inspect::Arguments),
    /// List the implementations that are known by name
    List(list::Arguments),
    /// Print or write the manual pages
    Man(man::Arguments),
    /// Run a mutant as an adapter
    #[command(alias = "faulty")]
    Mutant(mutants::MutantArguments),
    /// Test the suite itself on mutants, each wrong in one thing
    #[command(alias = "faults")]
    Mutants(mutants::MatrixArguments),
    /// Write the probe files that `check --url` needs
    Probe(probe::Arguments),
    /// Repeat saved failures, or run your own vectors
    Replay(replay::Arguments),
    /// Merge the results of shards, or compare results
    #[command(subcommand)]
    Report(report::Arguments),
    /// Show the rules and their evidence
    Rules(rules::Arguments),
    /// Regenerate the test vectors, or verify the model with them
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
    let error = match (done, processes::interrupted_by()) {
        (Ok(outcome), None) => match out::unwritten() {
            None => return status(outcome),
            Some(error) => out::cannot_print(&error),
        },
        (Ok(outcome), Some(signal)) => {
            if outcome != Outcome::NotJudged {
                note!("interrupted by {signal} after the last answer; the reports are complete");
            }
            return status(Outcome::NotJudged);
        }
        // The interruption is the cause of whatever went wrong.
        (Err(_), Some(signal)) => CliError(format!("interrupted by {signal}")),
        (Err(error), None) => error,
    };
    failed(&error)
}

/// Says why a command failed.
fn failed(error: &CliError) -> ExitCode {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    note!("{style}error:{style:#} {error}");
    status(Outcome::NotJudged)
}

/// The arguments, or the exit status after printing help or what is wrong with them.
fn arguments() -> Result<Arguments, ExitCode> {
    let words: Vec<_> = std::env::args_os().collect();
    Arguments::try_parse_from(&words).map_err(|error| {
        // Its message repeats words. Parsed again with each word on one line of visible characters, they give the same message.
        let visible = words.iter().map(|word| foreign::line(word.display()));
        let error = Arguments::try_parse_from(visible).err().unwrap_or(error);
        let out = if error.use_stderr() { Out::StandardError } else { Out::StandardOutput };
        out.print(error.render().ansi());
        match out::unwritten() {
            None => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)),
            Some(error) => failed(&out::cannot_print(&error)),
        }
    })
}

fn status(outcome: Outcome) -> ExitCode {
    ExitCode::from(match outcome {
        Outcome::Conformant | Outcome::KnownFailures => 0,
        Outcome::NotConformant => 1,
        _ => 2,
    })
}

/// Why a command failed, and what to do about it.
#[derive(Debug)]
struct CliError(String);

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for CliError {
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

    /// Every command with its name, from the outside in.
    fn commands() -> Vec<(String, clap::Command)> {
        fn collect(name: String, command: clap::Command, all: &mut Vec<(String, clap::Command)>) {
            for inner in command.get_subcommands() {
                collect(format!("{name} {}", inner.get_name()), inner.clone(), all);
            }
            all.push((name, command));
        }
        let mut all = Vec::new();
        let mut program = super::Arguments::command();
        program.build();
        collect("sessionproof".to_owned(), program, &mut all);
        all
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
    #[test]
    fn every_line_of_help_about_an_argument_fits_on_a_screen_of_80_columns() {
        for (name, command) in commands() {
            let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set());
            for argument in arguments.filter(|argument| !["help", "version"].contains(&argument.get_id().as_str())) {
                let help = argument.get_help().unwrap_or_else(|| panic!("{name}: {argument} has no help")).to_string();
                let longest = help.lines().map(|line| line.chars().count()).max().unwrap_or_default();
                // The text stands on a line of its own, behind ten spaces.
                assert!(longest <= 70, "{name}: {longest} columns of 70: {help}");
            }
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(about.chars().count() <= 80, "{name}: {about}");
        }
    }

    #[test]
    fn what_stands_below_the_options_is_not_wrapped_at_60_columns_so_that_examples_can_be_copied() {
        for (name, command) in commands() {
            let Some(below) = command.get_after_help().map(ToString::to_string) else { continue };
            let page = command.clone().term_width(60).render_long_help().to_string();
            for line in below.lines() {
                assert!(line.chars().count() <= 60, "{name}: {line}");
                assert!(page.lines().any(|shown| shown == line), "{name}: {line:?} is broken in\n{page}");
            }
        }
    }
}
