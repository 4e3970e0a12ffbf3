//! `check`: a whole run against one implementation.

use super::{
    CliError,
    failures::Failures,
    files::{self, Readers, write_atomic},
    out::Out,
    progress::Progress,
    protocol,
    report_option::Reports,
    signals,
    target::Target,
};
use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use sessionproof::{
    diagnosis,
    evidence::{revision::Revision, vectors},
    foreign,
    protocol::{Capabilities, Op},
    report::terminal,
    rules::{Pattern, Profile},
    suite::{
        generate::sizes::Preset,
        outcome::{
            known::KnownFailures,
            listing,
            results::{Outcome, Results},
        },
        running::{
            run::{self, Event, Options},
            shard::Shard,
        },
    },
};
use std::{
    io,
    path::{Path, PathBuf},
};

const EXAMPLES: &str = "\
Examples:
  # the verifier in this binary
  sessionproof check
  # real Flask, set up in a virtual environment
  sessionproof check flask
  # another release
  sessionproof check flask@3.0.3
  # any program that speaks the adapter protocol
  sessionproof check -- python3 my_adapter.py
  # whether that program follows the protocol
  sessionproof check --protocol -- python3 my_adapter.py
  # a running server (see `sessionproof probe`)
  sessionproof check --secret-key-file key \\
    --url https://localhost/sessionproof-probe
  # only some rules, or all but one
  sessionproof check --rules EXP,SIG-7 flask
  sessionproof check --rules '*,!VARY-4' flask
  # stop at the first failure
  sessionproof check --fail-fast -- node port.js
  # tolerate the failures that known.toml lists
  sessionproof check --known-failures known.toml -- ./port
  # a quarter of the run (see `sessionproof report merge`)
  sessionproof check --shard 2/4 --report json=2.json flask

Exit status:
  0  conformant
  1  not conformant
  2  no verdict (usage, set-up, or the adapter broke)";

/// The options that have no meaning for protocol checks.
const NOT_WITH_PROTOCOL: [&str; 14] = [
    "cases",
    "fail_fast",
    "failures",
    "known_failures",
    "preset",
    "reports",
    "rules",
    "seed",
    "shard",
    "spec",
    "url",
    "wait",
    "workers",
    "write_known_failures",
];

#[derive(Args)]
#[command(after_help = EXAMPLES, next_line_help = true)]
pub struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Only test whether the adapter follows the protocol
    #[arg(long, alias = "smoke", conflicts_with_all = NOT_WITH_PROTOCOL)]
    protocol: bool,
    /// Only these rules or families, as in EXP-1,SIG,!SIG-7 (! excludes)
    #[arg(long, value_name = "PATTERN", default_value = "*", value_parser = Pattern::parse)]
    rules: Pattern,
    /// The revision of the specification [default: the newest]
    #[arg(long, value_name = "REVISION", value_parser = Revision::find)]
    spec: Option<Revision>,
    /// How many cases are generated, and how large
    #[arg(long, value_name = "PRESET", default_value = "standard", value_parser = preset())]
    preset: Preset,
    /// Override the preset's number of generated cases (0: vectors only)
    #[arg(long, value_name = "N")]
    cases: Option<usize>,
    /// The seed of the generated cases; the same seed gives the same cases
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Run only the K-th of N equal parts
    #[arg(long, value_name = "K/N", default_value_t, hide_default_value = true, value_parser = Shard::parse)]
    shard: Shard,
    /// Tolerate the failures in FILE; fail if one of them now passes
    #[arg(long, value_name = "FILE")]
    known_failures: Option<PathBuf>,
    /// Write the failures of this run to a new file of known failures
    #[arg(long, value_name = "FILE", conflicts_with_all = ["known_failures", "fail_fast"])]
    write_known_failures: Option<PathBuf>,
    /// Stop at the first failure
    #[arg(long)]
    fail_fast: bool,
    #[command(flatten)]
    reports: Reports,
    #[command(flatten)]
    failures: Failures,
}

/// The presets by their names, for the help page too.
fn preset() -> impl TypedValueParser<Value = Preset> {
    let value = |preset: Preset| {
        let help = match preset {
            Preset::Deep => "200,000 cases, some of them larger: minutes",
            Preset::Quick => "2,000 small cases: seconds",
            Preset::Standard => "10,000 cases",
        };
        PossibleValue::new(preset.name()).help(help)
    };
    PossibleValuesParser::new(Preset::ALL.map(value)).try_map(|name| name.parse::<Preset>())
}

pub fn run(arguments: &Arguments) -> Result<Outcome, CliError> {
    if arguments.protocol {
        signals::prepare()?;
        return protocol::run(&arguments.target);
    }
    arguments.reports.make_ready()?;
    let known = arguments.known_failures.as_deref().map(KnownFailures::read).transpose()?.unwrap_or_default();
    arguments.write_known_failures.as_deref().map_or(Ok(()), make_ready_new)?;
    signals::prepare()?;
    let implementation = arguments.target.open()?;
    let revision = match &arguments.spec {
        Some(revision) => revision.clone(),
        None => in_force(&implementation.capabilities())?,
    };
    let vectors = revision.vectors(vectors::all()?);
    let options = Options::default()
        .rules(revision.restrict(arguments.rules.clone()))
        .spec(revision.name)
        .cases(arguments.cases.unwrap_or_else(|| arguments.preset.cases()))
        .sizes(arguments.preset.sizes())
        .known(known)
        .seed(arguments.seed)
        .shard(arguments.shard)
        .fail_fast(arguments.fail_fast);
    let mut progress = Progress::new();
    let out = arguments.reports.out();
    let mut failures = arguments.failures.folder(
        arguments.target.words(),
        arguments.target.failed_with(&implementation.capabilities()),
        out,
    );
    let mut results = run::run(implementation.as_ref(), &vectors, &options, &mut |event| match event {
        Event::Broke(check) => progress.aside(|| failures.show_broken(check)),
        Event::Failed(failure) => progress.aside(|| failures.show(failure)),
        other => progress.follow(other),
    });
    progress.end();
    failures.end();
    if results.interrupted.is_none() {
        results.diagnosis = diagnosis::diagnose(&results, implementation.as_ref(), &vectors, &options);
    }
    failures.tell(&mut results);
    out.print(terminal::summary_with(&results, failures.replay().as_deref()));
    arguments.reports.write(&results)?;
    if let Some(file) = &arguments.write_known_failures {
        write_new(file, &results, out)?;
    }
    Ok(results.outcome())
}

/// The newest revisions of what an implementation offers.
fn in_force(hello: &Capabilities) -> Result<Revision, CliError> {
    let newest = |profile| Revision::newest(profile).map_err(CliError);
    let (story, others): (Vec<Op>, Vec<Op>) = hello.ops.iter().partition(|op| **op == Op::Story);
    match (story.is_empty(), others.is_empty()) {
        (true, _) => newest(Profile::Cookie),
        (false, true) => newest(Profile::Store),
        (false, false) => Ok(newest(Profile::Cookie)?.and(newest(Profile::Store)?)),
    }
}

/// Refuses to overwrite a list of known failures: somebody wrote the reasons in it.
fn make_ready_new(file: &Path) -> Result<(), CliError> {
    if file.metadata().is_ok_and(|found| found.is_file()) {
        let file = foreign::path(file);
        return Err(CliError(format!(
            "{file} exists already, and the reasons in it would be lost\n\
             name another file after --write-known-failures, or remove this one"
        )));
    }
    files::make_ready(file).map_err(|error| cannot_write(file, &error))
}

fn cannot_write(file: &Path, error: &io::Error) -> CliError {
    CliError(format!(
        "{} cannot be written: {error}\nname another file after --write-known-failures",
        foreign::path(file)
    ))
}

fn write_new(file: &Path, results: &Results, out: Out) -> Result<(), CliError> {
    if results.failures.is_empty() {
        out.print("\nno failures, so no list of known failures was written\n");
        return Ok(());
    }
    write_atomic(file, &listing::write(results), Readers::Everybody).map_err(|error| cannot_write(file, &error))?;
    out.print(format!("\n{} lists the failures; write a reason for each entry\n", foreign::path(file)));
    Ok(())
}
