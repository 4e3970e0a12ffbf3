//! `report`: what is made of results that were written before.

use super::{Trouble, reports::Reports};
use clap::{Args, Subcommand};
use sessionproof::{
    report::{json, terminal},
    suite::{
        merge,
        results::{Outcome, Results},
    },
};
use std::path::PathBuf;

const MERGE: &str = "\
Examples:
  sessionproof check --shard 1/2 --report json=1.json flask    on one machine
  sessionproof check --shard 2/2 --report json=2.json flask    on another
  sessionproof report merge 1.json 2.json

Exit status: that of the whole run: 0 conformant, 1 not conformant, 2 could not judge, or the files are not the shards of
one run.";

#[derive(Subcommand)]
pub enum Arguments {
    /// Join the results of all shards of a run.
    Merge(Merge),
}

#[derive(Args)]
#[command(after_help = MERGE)]
pub struct Merge {
    /// The results of every shard, as `check --report json=FILE` wrote them
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Where the joined results are written; the same as --report json=FILE
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    reports: Reports,
}

pub fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    match arguments {
        Arguments::Merge(arguments) => merge(arguments),
    }
}

fn merge(arguments: &Merge) -> Result<Outcome, Trouble> {
    let reports = arguments.reports.clone().and_json(arguments.out.as_deref());
    reports.make_ready()?;
    let results = merge::merge(read(&arguments.files)?)?;
    reports.out().print(&terminal::summary(&results));
    reports.write(&results)?;
    Ok(results.outcome())
}

fn read(files: &[PathBuf]) -> Result<Vec<(String, Results)>, Trouble> {
    let named = |file: &PathBuf| Ok((file.display().to_string(), json::read(file)?));
    files.iter().map(named).collect()
}
