//! `report`: what is made of results that were written before.

use super::{
    CliError,
    out::Out,
    report_option::{Reports, make_ready, write_file},
};
use clap::{Args, Subcommand};
use sessionproof::{
    report::{json, matrix::Matrix, terminal},
    suite::outcome::{
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

const MATRIX: &str = "\
Example:
  sessionproof check flask@2.2.4 --report json=old.json
  sessionproof check flask --report json=new.json
  sessionproof report matrix old.json new.json --html table.html

Exit status: 0 when the table is made, whatever it says, and 2 when it cannot be.";

#[derive(Subcommand)]
pub enum Arguments {
    /// Set several results beside each other: implementations against rules, as Markdown.
    Matrix(MatrixArguments),
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

#[derive(Args)]
#[command(after_help = MATRIX)]
pub struct MatrixArguments {
    /// The results of each implementation, as `check --report json=FILE` wrote them
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Where the table is written as a page of its own, too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<Outcome, CliError> {
    match arguments {
        Arguments::Matrix(arguments) => matrix(arguments),
        Arguments::Merge(arguments) => merge(arguments),
    }
}

fn matrix(arguments: &MatrixArguments) -> Result<Outcome, CliError> {
    arguments.html.as_deref().map_or(Ok(()), make_ready)?;
    let matrix = Matrix::new(&read(&arguments.files)?);
    Out::StandardOutput.print(matrix.markdown());
    if let Some(file) = &arguments.html {
        write_file(file, &matrix.html())?;
    }
    Ok(Outcome::Conformant)
}

fn merge(arguments: &Merge) -> Result<Outcome, CliError> {
    let reports = arguments.reports.clone().and_json(arguments.out.as_deref());
    reports.make_ready()?;
    let results = merge::merge(read(&arguments.files)?)?;
    reports.out().print(terminal::summary(&results));
    reports.write(&results)?;
    Ok(results.outcome())
}

fn read(files: &[PathBuf]) -> Result<Vec<(String, Results)>, CliError> {
    let named = |file: &PathBuf| Ok((file.display().to_string(), json::read(file)?));
    files.iter().map(named).collect()
}
