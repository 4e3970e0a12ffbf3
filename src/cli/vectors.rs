//! `vectors regenerate` makes the vectors again with real Flask; `vectors verify` compares the model with them.

use super::{
    CliError,
    files::{self, Readers, write_atomic},
    out::{Out, say},
    progress::{announce, tell_set_up},
    replay, signals,
};
use clap::{Args, Subcommand};
use sessionproof::{
    adapter::in_process::Model,
    bounded,
    evidence::vectors::{self, SPEC, VectorError},
    foreign,
    processes::{Tool, time_zone::ZONES},
    report::terminal,
    setup::{Oracle, Setup},
    suite::{
        outcome::{
            drift::{Drift, drift, drift_of_recordings},
            results::Outcome,
        },
        running::run::{self, Event},
    },
};
use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
};

#[derive(Subcommand)]
pub enum Arguments {
    /// Regenerate the vectors with real Flask, pinned by hash
    Regenerate(Regenerate),
    /// Verify that the model agrees with every vector, offline
    Verify(Verify),
}

const REGENERATE: &str = "\
Examples:
  # in a clone: write vectors/flask-3.1 and vectors/recipes
  sessionproof vectors regenerate
  # write nothing; say whether a file would change
  sessionproof vectors regenerate --check
  # write the vectors alone, to any folder
  sessionproof vectors regenerate --out DIR

Exit status:
  0  done, or nothing would change
  1  something would change
  2  failed";

#[derive(Args)]
#[command(after_help = REGENERATE, next_line_help = true)]
pub struct Regenerate {
    /// The folder of vector files [default: vectors/flask-3.1, if it exists]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write nothing; compare with the files in the folder
    #[arg(long)]
    check: bool,
    /// The Python that runs real Flask [default: python3 or python]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
}

const VERIFY: &str = "\
Examples:
  # the vectors in this binary
  sessionproof vectors verify
  # other vectors
  sessionproof vectors verify my-vectors.json

Exit status:
  0  the model agrees with every vector
  1  it does not
  2  a file cannot be read";

#[derive(Args)]
#[command(after_help = VERIFY, next_line_help = true)]
pub struct Verify {
    /// Files of vectors [default: those in this binary]
    files: Vec<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<Outcome, CliError> {
    match arguments {
        Arguments::Regenerate(arguments) => regenerate(arguments),
        Arguments::Verify(arguments) => verify(arguments),
    }
}

fn verify(arguments: &Verify) -> Result<Outcome, CliError> {
    let vectors = match arguments.files.is_empty() {
        true => vectors::embedded()?,
        false => {
            let files: Result<Vec<_>, _> = arguments.files.iter().map(|file| replay::read(file)).collect();
            files?.into_iter().flatten().collect()
        }
    };
    let results = run::replay(&Model::default(), &vectors, &mut |event| {
        if let Event::Failed(failure) = event {
            Out::StandardOutput.print(terminal::failure(failure, None));
        }
    });
    Out::StandardOutput.print(terminal::summary(&results));
    Ok(results.outcome())
}

fn regenerate(arguments: &Regenerate) -> Result<Outcome, CliError> {
    let folder = folder(arguments)?;
    if !arguments.check {
        // Before real Flask is asked, which takes long.
        files::make_ready(&folder.join("vectors.json")).map_err(|error| cannot_write(&folder, &error))?;
    }
    signals::prepare()?;
    let oracle = Setup { python: arguments.python.clone(), report: &mut tell_set_up }.flask(None)?;
    let made = generate(&oracle, "generate.py", ZONES[0])?;
    for zone in &ZONES[1..] {
        is_the_same(&made, &generate(&oracle, "generate.py", zone)?, zone)?;
    }
    let mut outcome = place(arguments, &folder, &made, drift)?;
    let names: BTreeSet<_> = made.iter().map(|(name, _)| OsString::from(name)).collect();
    for stale in others(&folder, &names) {
        outcome = Outcome::NotConformant;
        say!("{}: no family makes this file any more; delete it", foreign::path(&stale));
    }
    if arguments.out.is_none() {
        let recordings = generate(&oracle, "recipes.py", ZONES[0])?;
        let of_recipes = place(arguments, &Path::new("vectors").join("recipes"), &recordings, |_, kept, made| {
            Ok(drift_of_recordings(kept, made))
        })?;
        outcome = if of_recipes == Outcome::Conformant { outcome } else { of_recipes };
    }
    Ok(outcome)
}

type Compare = fn(&str, &str, &str) -> Result<Drift, VectorError>;

/// Compares the new files with those in the folder, and writes them unless only the comparison is wanted.
fn place(
    arguments: &Regenerate,
    folder: &Path,
    made: &[(String, String)],
    compare: Compare,
) -> Result<Outcome, CliError> {
    let mut outcome = Outcome::Conformant;
    for (name, text) in made {
        let path = folder.join(name);
        let kept = match bounded::read_text(&path, vectors::LARGEST) {
            Ok(kept) => Some(kept),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(CliError(format!(
                    "{} cannot be read: {error}\nname another folder with --out DIR",
                    foreign::path(&path)
                )));
            }
        };
        let found = match kept {
            Some(kept) => compare(&foreign::path(&path), &kept, text)?,
            None => Drift::Vectors(vec!["the whole file (new)".to_owned()]),
        };
        if arguments.check && matches!(found, Drift::Vectors(_)) {
            outcome = Outcome::NotConformant;
        }
        if !arguments.check && found != Drift::None {
            write_atomic(&path, text, Readers::Everybody).map_err(|error| cannot_write(&path, &error))?;
        }
        say!("{}: {}", foreign::line(name), foreign::line(shown(&found)));
    }
    Ok(outcome)
}

fn cannot_write(path: &Path, error: &io::Error) -> CliError {
    CliError(format!("{} cannot be written: {error}\nname another folder with --out DIR", foreign::path(path)))
}

fn shown(found: &Drift) -> String {
    match found {
        Drift::None => "unchanged, byte for byte".to_owned(),
        Drift::Provenance(releases) => {
            format!("same outputs, made by other releases: {}", releases.join(", "))
        }
        Drift::Vectors(ids) => {
            let shown: Vec<_> = ids.iter().take(5).cloned().collect();
            let more = if ids.len() > 5 { format!(" and {} more", ids.len() - 5) } else { String::new() };
            format!("changed: {}{more}", shown.join(", "))
        }
    }
}

fn folder(arguments: &Regenerate) -> Result<PathBuf, CliError> {
    if let Some(folder) = &arguments.out {
        return Ok(folder.clone());
    }
    let folder = Path::new("vectors").join(SPEC);
    match folder.is_dir() {
        true => Ok(folder),
        false => Err(CliError(format!(
            "there is no folder {} here\nrun this at the top of a clone of the project, or name a folder with --out DIR",
            foreign::path(&folder)
        ))),
    }
}

/// Fails if real Flask answered otherwise in another time zone: no vector may depend on where it is made.
fn is_the_same(made: &[(String, String)], again: &[(String, String)], zone: &str) -> Result<(), CliError> {
    for ((name, text), (other, again)) in made.iter().zip(again) {
        if name != other || text != again {
            let line = text.lines().zip(again.lines()).find(|(one, other)| one != other).map_or("", |(line, _)| line);
            let line: String = line.chars().take(80).collect();
            return Err(CliError(format!(
                "{}: real Flask answers otherwise in the time zone {zone} than in {}, first in {}\n\
                 something in the adapter asks for local time: look for it in adapters/python/framework.py",
                foreign::line(name),
                ZONES[0],
                foreign::line(&line)
            )));
        }
    }
    Ok(())
}

/// The names and texts of the files that a script in `vectors/` makes with real Flask, in a time zone.
fn generate(oracle: &Oracle, script: &str, zone: &str) -> Result<Vec<(String, String)>, CliError> {
    let out = tempfile::tempdir()?;
    announce(&format!("asking real Flask (vectors/{script}, {zone})"));
    let ran = oracle.script(script).env("TZ", zone).arg("--out").arg(out.path()).stdin(Stdio::null()).run_to_end()?;
    if !ran.status.success() {
        let said = foreign::bytes(ran.stderr.trim_ascii_end()).replace('\n', "\n    ");
        return Err(CliError(format!("vectors/{script} failed ({}):\n    {said}", ran.status)));
    }
    let mut made = Vec::new();
    for entry in fs::read_dir(out.path())? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        made.push((name, bounded::read_text(&path, vectors::LARGEST)?));
    }
    made.sort();
    Ok(made)
}

/// The vector files in a folder that are not among some names.
fn others(folder: &Path, names: &BTreeSet<OsString>) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_other = |path: &PathBuf| {
        path.extension().is_some_and(|end| end == "json") && path.file_name().is_some_and(|name| !names.contains(name))
    };
    entries.filter(is_other).collect()
}
