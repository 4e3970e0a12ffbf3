//! `report`: merges and compares results of earlier runs.

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
  # on one machine
  sessionproof check --shard 1/2 --report json=1.json flask
  # on another
  sessionproof check --shard 2/2 --report json=2.json flask
  # join the results
  sessionproof report merge 1.json 2.json

Exit status of the whole run:
  0  conformant
  1  not conformant
  2  no verdict, or the files are not all shards of a run";

const MATRIX: &str = "\
Example:
  sessionproof check flask@2.2.4 --report json=old.json
  sessionproof check flask --report json=new.json
  sessionproof report matrix old.json new.json \\
    --html table.html

Exit status:
  0  the table was made, whatever it says
  2  it was not";

#[derive(Subcommand)]
pub enum Arguments {
    /// Print a table of several results: rules by implementations
    Matrix(MatrixArguments),
    /// Merge the results of all shards of a run
    Merge(Merge),
}

#[derive(Args)]
#[command(after_help = MERGE, next_line_help = true)]
pub struct Merge {
    /// The results of every shard, from `check --report json=FILE`
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Write the merged results to FILE, like --report json=FILE
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    reports: Reports,
}

#[derive(Args)]
#[command(after_help = MATRIX, next_line_help = true)]
pub struct MatrixArguments {
    /// The results to compare, from `check --report json=FILE`
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Also write the table as an HTML page
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
