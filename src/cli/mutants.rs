//! `mutants` tests the suite on implementations that are wrong; `mutant` runs one of them as an adapter for another suite.

use super::{
    CliError, mutants_of_flask,
    out::{cannot_print, say, unless_nobody_reads},
    signals,
};
use clap::Args;
use sessionproof::{
    adapter::serve,
    evidence::vectors,
    mutants::{self, Mutant, matrix, of_flask::Effort, traceability},
    processes,
    rules::{self, Rule},
    suite::outcome::results::Outcome,
};
use std::{io, path::PathBuf};

const MATRIX_EXAMPLES: &str = "\
Examples:
  # all mutants, and the rule that catches each
  sessionproof mutants
  # one mutant, with all rules that it is blamed for
  sessionproof mutants key-not-derived
  # real Flask, changed in one place at a time (slow)
  sessionproof mutants --of flask
  # its changes of one module
  sessionproof mutants --of flask --only 'flask.sessions:*'

Exit status:
  0  each mutant is caught by a rule that it breaks;
     of Flask: each is found, or docs/evidence says why not
  1  one is not
  2  no verdict";

const MUTANT_EXAMPLES: &str = "\
Examples:
  # list all mutants
  sessionproof mutant
  # test one, with this suite or with another
  sessionproof check -- sessionproof mutant sign-on-read
  my-suite --adapter 'sessionproof mutant sign-on-read'";

#[derive(Args)]
#[command(after_help = MATRIX_EXAMPLES, next_line_help = true)]
pub struct MatrixArguments {
    /// Only these mutants [default: all]
    #[arg(value_name = "NAME", value_parser = named)]
    names: Vec<&'static Mutant>,
    /// Mutants of real Flask's source instead of the model's
    #[arg(long, value_name = "IMPLEMENTATION", value_parser = ["flask"], conflicts_with = "names")]
    of: Option<String>,
    /// With --of: only these ids, where * stands for any characters
    #[arg(long, value_name = "PATTERN", requires = "of", conflicts_with = "names")]
    only: Option<String>,
    /// With --of: print the ids and the changes, and test none
    #[arg(long, requires = "of", conflicts_with = "names")]
    list: bool,
    /// With --of: how many mutants are tested in parallel
    #[arg(long, value_name = "N", requires = "of", value_parser = clap::value_parser!(u16).range(1..=64), default_value_t = 2)]
    jobs: u16,
    /// With --of: keep results in a file, and go on where it ends
    #[arg(long, value_name = "FILE", requires = "of", conflicts_with_all = ["list", "names"])]
    log: Option<PathBuf>,
    /// With --of: write the page of evidence to a file
    #[arg(long, value_name = "FILE", requires = "of", conflicts_with_all = ["list", "names", "only"])]
    page: Option<PathBuf>,
    /// Cases generated for each mutant [default: 2000; of Flask: 1000]
    #[arg(long, value_name = "N")]
    cases: Option<usize>,
    /// The seed of the generated cases; the same seed gives the same cases
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

#[derive(Args)]
#[command(after_help = MUTANT_EXAMPLES, next_line_help = true)]
pub struct MutantArguments {
    /// The mutant to run [default: list all]
    #[arg(value_name = "NAME", value_parser = named)]
    name: Option<&'static Mutant>,
}

fn named(name: &str) -> Result<&'static Mutant, String> {
    mutants::find(name).ok_or_else(|| format!("there is no mutant {name:?}; `sessionproof mutant` lists all"))
}

/// Shows the matrix.
pub fn run(arguments: &MatrixArguments) -> Result<Outcome, CliError> {
    signals::prepare()?;
    if arguments.of.is_some() {
        return mutants_of_flask::run(&mutants_of_flask::Wanted {
            only: arguments.only.as_deref(),
            list: arguments.list,
            log: arguments.log.as_deref(),
            page: arguments.page.as_deref(),
            effort: Effort {
                cases: arguments.cases.unwrap_or(1_000),
                seed: arguments.seed,
                jobs: arguments.jobs.into(),
            },
        });
    }
    let vectors = vectors::all()?;
    let cases = arguments.cases.unwrap_or(2_000);
    let mutants: Vec<&'static Mutant> =
        if arguments.names.is_empty() { mutants::all().collect() } else { arguments.names.clone() };
    let found = matrix::run_to_interruption(&mutants, &vectors, cases, arguments.seed);
    let all = mutants.len();
    let tried = mutants.into_iter().zip(found).filter_map(|(mutant, found)| Some((mutant, found?)));
    let (mutants, found): (Vec<&'static Mutant>, Vec<_>) = tried.unzip();
    say!("{:<40} {:<12} {:>6}  {}", "mutant", "caught by", "checks", "only by it");
    for (mutant, found) in mutants.iter().zip(&found) {
        let (by, checks) = found.describe(mutant);
        let (by, only) = by.strip_prefix("only ").map_or((by.as_str(), ""), |by| (by, "only"));
        say!("{}", format!("{:<40} {by:<12} {checks:>6}  {only}", mutant.name).trim_end());
        if !arguments.names.is_empty() {
            let blamed: Vec<_> = found.blamed().into_iter().collect();
            let others: Vec<_> = found.misblamed(mutant).into_iter().collect();
            say!("    blamed: {}\n    not broken by it: {}", blamed.join(" "), others.join(" "));
        }
    }
    if let Some(interrupted) = processes::interruption() {
        say!("\n{} of {all} mutants were tried until then", mutants.len());
        return Err(interrupted.into());
    }
    let blamed = matrix::blame_on_the_model(&vectors, cases, arguments.seed);
    if !blamed.is_empty() {
        let rules: Vec<_> = blamed.iter().map(String::as_str).collect();
        say!("\nthe model itself is blamed: {}", rules.join(", "));
    }
    let caught = mutants.iter().zip(&found).filter(|(mutant, found)| found.caught_by(mutant).is_some()).count();
    say!("\n{caught} of {} mutants are caught by a rule that they break", mutants.len());
    if arguments.names.is_empty() {
        let is_alone = |rule: &&Rule| traceability::only_caught_by(&rule.id, &mutants, &found).is_some();
        let alone = rules::all().iter().filter(is_alone).count();
        say!("{alone} of {} rules catch a mutant that no other rule catches", rules::all().len());
    }
    match caught == mutants.len() && blamed.is_empty() {
        true => Ok(Outcome::Conformant),
        false => Ok(Outcome::NotConformant),
    }
}

/// Runs a mutant as an adapter, or lists all mutants.
pub fn mutant(arguments: &MutantArguments) -> Result<Outcome, CliError> {
    match arguments.name {
        Some(mutant) => {
            let served = serve::serve(mutant.make().as_ref(), io::stdin().lock(), io::stdout().lock());
            unless_nobody_reads(served).map_err(|error| cannot_print(&error))?;
        }
        None => mutants::all().for_each(|mutant| say!("{:<40} {}", mutant.name, mutant.summary)),
    }
    Ok(Outcome::Conformant)
}
