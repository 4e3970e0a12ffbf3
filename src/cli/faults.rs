//! `faults` and `faulty`: the suite tried on implementations that are wrong, and those lent to others.

use super::{Trouble, out::say, signals};
use clap::Args;
use sessionproof::{
    adapter::{processes, serve},
    faults::{self, Fault, matrix, traceability},
    suite::{
        results::Outcome,
        rules::{self, Rule},
        vectors,
    },
};
use std::io;

const MATRIX_EXAMPLES: &str = "\
Examples:
  sessionproof faults                            all of them
  sessionproof faults key-not-derived            one, with all rules that are blamed

Exit status: 0 every fault is caught, and blamed first for a rule that it breaks, 1 not so, 2 could not judge.";

const FAULTY_EXAMPLES: &str = "\
Examples:
  sessionproof faulty                            the names, with what is wrong
  sessionproof check -- sessionproof faulty sign-on-read
  my-suite --adapter 'sessionproof faulty sign-on-read'";

#[derive(Args)]
#[command(after_help = MATRIX_EXAMPLES)]
pub struct MatrixArguments {
    /// Only these faults
    #[arg(value_name = "NAME", value_parser = named)]
    names: Vec<&'static Fault>,
    /// How many cases are generated for each, behind the vectors
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    cases: usize,
    /// The seed of the generated cases: the same seed makes the same cases
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

#[derive(Args)]
#[command(after_help = FAULTY_EXAMPLES)]
pub struct FaultyArguments {
    /// The fault; all are listed where none is named
    #[arg(value_name = "NAME", value_parser = named)]
    name: Option<&'static Fault>,
}

fn named(name: &str) -> Result<&'static Fault, String> {
    faults::find(name).ok_or_else(|| format!("there is no fault {name:?}; `sessionproof faulty` lists them"))
}

/// Shows the matrix.
pub fn run(arguments: &MatrixArguments) -> Result<Outcome, Trouble> {
    let vectors = vectors::embedded()?;
    signals::prepare()?;
    let faults = if arguments.names.is_empty() { faults::all().collect() } else { arguments.names.clone() };
    let found = matrix::run(&faults, &vectors, arguments.cases, arguments.seed);
    // What was cut short would look like faults that survive.
    processes::interruption().map_or(Ok(()), Err)?;
    say!("{:<40} {:<12} {:>6}  {}", "fault", "caught by", "checks", "only by it");
    for (fault, found) in faults.iter().zip(&found) {
        let (by, checks) = found.told(fault);
        let (by, only) = by.strip_prefix("only ").map_or((by.as_str(), ""), |by| (by, "only"));
        say!("{}", format!("{:<40} {by:<12} {checks:>6}  {only}", fault.name).trim_end());
        if !arguments.names.is_empty() {
            let blamed: Vec<_> = found.blamed().into_iter().collect();
            let beside: Vec<_> = found.misblamed(fault).into_iter().collect();
            say!("    blamed: {}\n    not its own: {}", blamed.join(" "), beside.join(" "));
        }
    }
    let blamed = matrix::blame_on_the_model(&vectors, arguments.cases, arguments.seed);
    if !blamed.is_empty() {
        let rules: Vec<_> = blamed.iter().map(String::as_str).collect();
        say!("\nthe model itself is blamed: {}", rules.join(", "));
    }
    let caught = faults.iter().zip(&found).filter(|(fault, found)| found.caught_by(fault).is_some()).count();
    say!("\n{caught} of {} faults are caught, and blamed first for a rule that they break", faults.len());
    if arguments.names.is_empty() {
        let is_alone = |rule: &&Rule| traceability::only_caught_by(&rule.id, &faults, &found).is_some();
        let alone = rules::all().iter().filter(is_alone).count();
        say!("{alone} of {} rules catch a fault that no other rule catches", rules::all().len());
    }
    match caught == faults.len() && blamed.is_empty() {
        true => Ok(Outcome::Conformant),
        false => Ok(Outcome::NotConformant),
    }
}

/// Speaks the adapter protocol as a faulty implementation, or lists those that there are.
pub fn faulty(arguments: &FaultyArguments) -> Result<Outcome, Trouble> {
    match arguments.name {
        Some(fault) => serve::serve(fault.make().as_ref(), io::stdin().lock(), io::stdout().lock())?,
        None => faults::all().for_each(|fault| say!("{:<40} {}", fault.name, fault.summary)),
    }
    Ok(Outcome::Conformant)
}
