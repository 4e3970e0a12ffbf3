//! `check`: a whole run against one implementation.

use super::{Trouble, failures::Failures, progress::Progress, target::Target};
use clap::{Args, ValueEnum};
use sessionproof::{
    report::terminal,
    suite::{
        results::Outcome,
        revision::Revision,
        rules::Pattern,
        run::{self, Event, Options},
        vectors,
    },
};

const EXAMPLES: &str = "\
Examples:
  sessionproof check                               the verifier in this binary; needs nothing else
  sessionproof check flask                         real Flask, set up in a virtual environment
  sessionproof check flask@3.0.3                   another release
  sessionproof check -- python3 my_adapter.py      any program that speaks the adapter protocol
  sessionproof check --rules EXP,SIG-7 flask       only some rules
  sessionproof check --rules '*,!VARY-4' flask     all but one
  sessionproof check --fail-fast -- node port.js   stop at the first failure

Exit status: 0 conformant, 1 not conformant, 2 could not judge (usage, set-up, adapter broken).";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Only rules of these numbers or families: EXP-1, EXP, EXP-1*, several with commas; `!EXP-2` leaves
    /// one out
    #[arg(long, value_name = "PATTERN", default_value = "*", value_parser = Pattern::parse)]
    rules: Pattern,
    /// The revision of the specification: what came later does not count; the newest unless told otherwise
    #[arg(long, value_name = "REVISION", value_parser = Revision::find)]
    spec: Option<Revision>,
    /// How many cases are generated
    #[arg(long, value_enum, default_value_t = Preset::Standard)]
    preset: Preset,
    /// How many cases are generated, in place of the preset's number; 0 for the vectors alone
    #[arg(long, value_name = "N")]
    cases: Option<usize>,
    /// The seed of the generated cases: the same seed makes the same cases
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Stop at the first failure
    #[arg(long)]
    fail_fast: bool,
    #[command(flatten)]
    failures: Failures,
}

#[derive(Clone, Copy, ValueEnum)]
enum Preset {
    /// 2,000 cases: seconds
    Quick,
    /// 10,000 cases
    Standard,
    /// 200,000 cases: minutes
    Deep,
}

impl Preset {
    fn cases(self) -> usize {
        match self {
            Self::Deep => 200_000,
            Self::Quick => 2_000,
            Self::Standard => 10_000,
        }
    }
}

pub fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    let revision = match &arguments.spec {
        Some(revision) => revision.clone(),
        None => Revision::newest().map_err(Trouble)?,
    };
    let vectors = revision.vectors(vectors::embedded()?);
    let implementation = arguments.target.open()?;
    let options = Options {
        rules: revision.restrict(arguments.rules.clone()),
        spec: revision.name,
        cases: arguments.cases.unwrap_or_else(|| arguments.preset.cases()),
        seed: arguments.seed,
        fail_fast: arguments.fail_fast,
        as_found: false,
    };
    let mut progress = Progress::new();
    let mut failures = arguments.failures.folder(arguments.target.words());
    let results = run::run(implementation.as_ref(), &vectors, &options, &mut |event| match event {
        Event::Failed(failure) => progress.aside(|| failures.show(failure)),
        other => progress.follow(other),
    });
    progress.end();
    failures.end();
    anstream::print!("{}", terminal::summary(&results));
    Ok(results.outcome())
}
