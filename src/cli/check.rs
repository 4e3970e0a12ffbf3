//! `check`: a whole run against one implementation.

use super::{
    Trouble,
    failures::Failures,
    files::{Readers, write_whole},
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
    evidence::{revision::Revision, vectors},
    foreign,
    report::terminal,
    spec::rules::Pattern,
    suite::{
        generate::sizes::Preset,
        outcome::{
            known::{self, KnownFailures},
            results::{Outcome, Results},
        },
        running::{
            run::{self, Event, Options},
            shard::Shard,
        },
    },
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

const EXAMPLES: &str = "\
Examples:
  sessionproof check                               the verifier in this binary; needs nothing else
  sessionproof check flask                         real Flask, set up in a virtual environment
  sessionproof check flask@3.0.3                   another release
  sessionproof check -- python3 my_adapter.py      any program that speaks the adapter protocol
  sessionproof check --smoke -- python3 my_adapter.py
                                                   whether that program speaks the protocol, and what to mend
  sessionproof check --url https://localhost/sessionproof-probe --secret-key-file key
                                                   a running server that mounts the probe; see `sessionproof probe`
  sessionproof check --rules EXP,SIG-7 flask       only some rules
  sessionproof check --rules '*,!VARY-4' flask     all but one
  sessionproof check --fail-fast -- node port.js   stop at the first failure
  sessionproof check --known-failures known.toml -- ./port
                                                   what is listed there, with its reason, does not fail the run
  sessionproof check --shard 2/4 --report json=2.json flask
                                                   a quarter of the run; `sessionproof report merge` joins the results

Exit status: 0 conformant, 1 not conformant, 2 could not judge (usage, set-up, adapter broken).";

/// What has no meaning for an adapter's manners.
const NOT_WITH_SMOKE: [&str; 14] = [
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
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Judge the adapter's manners instead of the implementation: whether it speaks the protocol, and what to mend
    #[arg(long, conflicts_with_all = NOT_WITH_SMOKE)]
    smoke: bool,
    /// Only rules of these numbers or families: EXP-1, EXP, EXP-1*, several with commas; `!EXP-2` leaves
    /// one out
    #[arg(long, value_name = "PATTERN", default_value = "*", value_parser = Pattern::parse)]
    rules: Pattern,
    /// The revision of the specification: what came later does not count; the newest unless told otherwise
    #[arg(long, value_name = "REVISION", value_parser = Revision::find)]
    spec: Option<Revision>,
    /// How many cases are generated, and how large they grow
    #[arg(long, value_name = "PRESET", default_value = "standard", value_parser = preset())]
    preset: Preset,
    /// How many cases are generated, in place of the preset's number alone; 0 for the vectors alone
    #[arg(long, value_name = "N")]
    cases: Option<usize>,
    /// The seed of the generated cases: the same seed and preset make the same cases
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Only the K-th of N equal parts of the run, which together are the whole
    #[arg(long, value_name = "K/N", default_value_t, hide_default_value = true, value_parser = Shard::parse)]
    shard: Shard,
    /// A file of failures that are known, with their reasons: they do not fail the run, and what no longer fails does
    #[arg(long, value_name = "FILE")]
    known_failures: Option<PathBuf>,
    /// Start such a file from the failures of this run; a file that is there already is left alone
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
            Preset::Deep => "200,000 cases, larger ones among them: minutes",
            Preset::Quick => "2,000 small cases: seconds",
            Preset::Standard => "10,000 cases",
        };
        PossibleValue::new(preset.name()).help(help)
    };
    PossibleValuesParser::new(Preset::ALL.map(value)).try_map(|name| name.parse::<Preset>())
}

pub fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    if arguments.smoke {
        signals::prepare()?;
        return protocol::run(&arguments.target);
    }
    let revision = match &arguments.spec {
        Some(revision) => revision.clone(),
        None => Revision::newest().map_err(Trouble)?,
    };
    let vectors = revision.vectors(vectors::embedded()?);
    arguments.reports.make_ready()?;
    let known = arguments.known_failures.as_deref().map(KnownFailures::read).transpose()?.unwrap_or_default();
    arguments.write_known_failures.as_deref().map_or(Ok(()), make_ready_anew)?;
    signals::prepare()?;
    let implementation = arguments.target.open()?;
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
    let mut failures = arguments.failures.folder(arguments.target.words(), out);
    let results = run::run(implementation.as_ref(), &vectors, &options, &mut |event| match event {
        Event::Failed(failure) => progress.aside(|| failures.show(failure)),
        other => progress.follow(other),
    });
    progress.end();
    failures.end();
    out.print(terminal::summary(&results));
    arguments.reports.write(&results)?;
    if let Some(file) = &arguments.write_known_failures {
        write_anew(file, &results, out)?;
    }
    Ok(results.outcome())
}

/// Refuses to write over a list of known failures: the reasons in it are somebody's work.
fn make_ready_anew(file: &Path) -> Result<(), Trouble> {
    if file.symlink_metadata().is_ok() {
        let file = foreign::path(file);
        return Err(Trouble(format!(
            "{file} is there already, and the reasons in it would be lost\n\
             name another file behind --write-known-failures, or remove this one"
        )));
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), fs::create_dir_all).map_err(|error| cannot_write(file, &error))
}

fn cannot_write(file: &Path, error: &io::Error) -> Trouble {
    Trouble(format!(
        "{} cannot be written: {error}\nname another file behind --write-known-failures",
        foreign::path(file)
    ))
}

fn write_anew(file: &Path, results: &Results, out: Out) -> Result<(), Trouble> {
    if results.failures.is_empty() {
        out.print("\nnothing failed: no list of known failures was written\n");
        return Ok(());
    }
    write_whole(file, &known::write(results), Readers::Everybody).map_err(|error| cannot_write(file, &error))?;
    out.print(format!("\n{} lists the failures; write a reason into each entry\n", foreign::path(file)));
    Ok(())
}
