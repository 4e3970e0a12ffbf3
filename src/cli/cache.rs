//! `cache list` and `cache clear`: what is set up in the cache, and its removal.

use super::{
    CliError,
    out::{Out, say},
};
use clap::{Args, Subcommand};
use indicatif::{HumanBytes, HumanDuration};
use serde_json::json;
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
    /// Show what is set up, its size, its age and its folder
    List(List),
}

const CLEAR: &str = "\
Examples:
  sessionproof cache clear                  everything; it is set up again when it is next asked for
  sessionproof cache clear flask            every release of one implementation
  sessionproof cache clear flask@3.0.3      one release

Exit status: 0 removed, or the cache is empty; 2 what is named is not set up,
or could not be removed.";

#[derive(Args)]
#[command(after_help = CLEAR)]
pub struct Clear {
    /// An implementation, as in flask or flask@3.0.3; all of them unless told otherwise
    #[arg(value_name = "IMPLEMENTATION")]
    implementation: Option<String>,
}

const LIST: &str = "\
Examples:
  sessionproof cache list           a line for each release that is set up
  sessionproof cache list --json    as JSON, with sizes in bytes

SESSIONPROOF_CACHE names another folder than the platform's own.";

#[derive(Args)]
#[command(after_help = LIST)]
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
        let told = json!({ "cache": folder.to_string_lossy(), "bytes": bytes(&entries), "entries": all });
        say!("{}", foreign::json(&serde_json::to_string_pretty(&told)?));
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
    let removed = setup::clear(name, release)?;
    let (folder, _) = setup::list()?;
    if let (Some(named), []) = (named, removed.as_slice()) {
        return Err(CliError(format!(
            "{} is not set up in the cache {}\n`sessionproof cache list` shows what is",
            foreign::line(named),
            foreign::path(&folder)
        )));
    }
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

fn object(entry: &Entry) -> serde_json::Value {
    let (kind, name, release) = match &entry.kind {
        Kind::Implementation { name, release } => ("implementation", Some(name), Some(release)),
        Kind::Files => ("files", None, None),
        Kind::Partial => ("partial", None, None),
    };
    let made = entry.made.and_then(|made| OffsetDateTime::from(made).format(&Rfc3339).ok());
    json!({ "kind": kind, "name": name, "release": release, "bytes": entry.bytes, "made": made, "path": entry.path.to_string_lossy() })
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

/// The name and the release, or what it is without them.
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
