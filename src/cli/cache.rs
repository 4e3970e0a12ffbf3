//! `cache list` and `cache clear`: what is set up in the cache, and how to remove it.

use super::{
    CliError,
    out::{Out, say},
    target::did_you_mean,
};
use clap::{Args, Subcommand};
use indicatif::{HumanBytes, HumanDuration};
use sessionproof::json::json;
use sessionproof::{
    foreign,
    setup::{self, Entry, Kind},
    suite::outcome::results::Outcome,
};
use std::path::Path;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

#[derive(Subcommand)]
pub enum Arguments {
    /// Remove what is set up
    Clear(Clear),
    /// List what is set up: size, age and folder
    List(List),
}

const CLEAR: &str = "\
Examples:
  # everything; it is set up again when you next use it
  sessionproof cache clear
  # every release of one implementation, or only one
  sessionproof cache clear flask
  sessionproof cache clear flask@3.0.3

Exit status:
  0  removed, or the cache was empty
  2  not set up, or it could not be removed";

#[derive(Args)]
#[command(after_help = CLEAR, next_line_help = true)]
pub struct Clear {
    /// An implementation, as flask or flask@3.0.3 [default: all]
    #[arg(value_name = "IMPLEMENTATION")]
    implementation: Option<String>,
}

const LIST: &str = "\
Examples:
  # a line for each release that is set up
  sessionproof cache list
  # as JSON, with sizes in bytes
  sessionproof cache list --json

SESSIONPROOF_CACHE names the folder to use as the cache.";

#[derive(Args)]
#[command(after_help = LIST, next_line_help = true)]
pub struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<Outcome, CliError> {
    match arguments {
        Arguments::Clear(arguments) => clear(arguments)?,
        Arguments::List(arguments) => list(arguments)?,
    }
    Ok(Outcome::Conformant)
}

fn list(arguments: &List) -> Result<(), CliError> {
    let (folder, entries) = setup::list()?;
    if arguments.json {
        let all: Vec<_> = entries.iter().map(object).collect();
        let listing = json!({ "cache": folder.to_string_lossy(), "bytes": bytes(&entries), "entries": all });
        say!("{}", foreign::json(&serde_json::to_string_pretty(&listing)?));
    } else {
        Out::StandardOutput.print(table(&folder, &entries));
    }
    Ok(())
}

fn clear(arguments: &Clear) -> Result<(), CliError> {
    let named = arguments.implementation.as_deref();
    let (name, release) = match named.and_then(|named| named.split_once('@')) {
        Some((name, release)) => (Some(name), Some(release)),
        None => (named, None),
    };
    let (folder, entries) = setup::list()?;
    // Said first, since whether the cache is in use does not matter then.
    if let Some(named) = named
        && !entries.iter().any(|entry| entry.kind.is_of(name, release))
    {
        return Err(CliError(format!(
            "{} is not set up in the cache {}\n{}`sessionproof cache list` lists what is",
            foreign::line(named),
            foreign::path(&folder),
            name.map(did_you_mean).unwrap_or_default()
        )));
    }
    let removed = setup::clear(name, release)?;
    for entry in &removed {
        let (name, release) = words(&entry.kind);
        say!("removed {name} {release} ({})", HumanBytes(entry.bytes));
    }
    let (many, freed) = (removed.len(), HumanBytes(bytes(&removed)));
    let folders = if many == 1 { "folder" } else { "folders" };
    say!("{many} {folders} removed from {}, {freed} freed", foreign::path(&folder));
    Ok(())
}

fn bytes(entries: &[Entry]) -> u64 {
    entries.iter().map(|entry| entry.bytes).sum()
}

fn object(entry: &Entry) -> sessionproof::json::Json {
    let (kind, name, release) = match &entry.kind {
        Kind::Implementation { name, release } => ("implementation", Some(name), Some(release)),
        Kind::Files => ("files", None, None),
        Kind::Partial => ("partial", None, None),
    };
    let made = entry.made.and_then(|made| OffsetDateTime::from(made).format(&Rfc3339).ok());
    let path = entry.path.to_string_lossy();
    json!({ "kind": kind, "name": name, "release": release, "bytes": entry.bytes, "made": made, "path": path })
}

fn table(folder: &Path, entries: &[Entry]) -> String {
    if entries.is_empty() {
        return format!("nothing is set up in {}\n", foreign::path(folder));
    }
    let mut text = line("name", "release", "size", "age", "folder");
    for entry in entries {
        let (name, release) = words(&entry.kind);
        let (name, release) = (&foreign::line(name), &foreign::line(release));
        let age = entry.made.and_then(|made| made.elapsed().ok());
        let age = age.map_or_else(|| "-".to_owned(), |age| HumanDuration(age).to_string());
        let path = foreign::path(&entry.path);
        text += &line(name, release, &HumanBytes(entry.bytes).to_string(), &age, &path);
    }
    text + &format!("\n{} in {}\n", HumanBytes(bytes(entries)), foreign::path(folder))
}

/// The name and the release, or what else it is.
fn words(kind: &Kind) -> (&str, &str) {
    match kind {
        Kind::Implementation { name, release } => (name, release),
        Kind::Files => ("adapters and vectors", "-"),
        Kind::Partial => ("unfinished", "-"),
    }
}

fn line(name: &str, release: &str, size: &str, age: &str, folder: &str) -> String {
    format!("{name:<23}{release:<12}{size:>12}  {age:<14}{folder}\n")
}
