//! `mutants --of flask`: the suite tried on real Flask with one small change in its source.

use super::{
    CliError,
    files::{Readers, write_atomic},
    out::{note, say},
    progress::{Counter, tell_set_up},
};
use serde::{Deserialize, Serialize};
use sessionproof::{
    bounded,
    evidence::vectors,
    foreign,
    mutants::of_flask::{
        self, Effort, Fate, Fates, Mutant,
        explained::Explained,
        page::{self, Counts},
    },
    processes,
    setup::{Known, Setup},
    suite::outcome::{known::fits, results::Outcome},
};
use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};

/// The largest file of fates that is read, in bytes.
const LARGEST_LOG: u64 = 16 * 1024 * 1024;

/// What is to be done.
pub struct Wanted<'a> {
    /// Only mutants with such an id, in which `*` stands for any characters.
    pub only: Option<&'a str>,
    /// Print the mutants, and try none.
    pub list: bool,
    /// Where fates are kept, so that an interrupted run goes on.
    pub log: Option<&'a Path>,
    /// Where the page goes.
    pub page: Option<&'a Path>,
    /// How hard the suite tries.
    pub effort: Effort,
}

/// Tries the suite on mutants of real Flask, or lists them.
pub fn run(wanted: &Wanted<'_>) -> Result<Outcome, CliError> {
    let oracle = Setup { python: None, report: &mut tell_set_up }.flask(None)?;
    let all = of_flask::list(&oracle)?;
    let explained = Explained::embedded().map_err(CliError)?;
    let is_wanted = |mutant: &&Mutant| wanted.only.is_none_or(|pattern| fits(pattern, &mutant.id));
    let mutants: Vec<Mutant> = all.iter().filter(is_wanted).cloned().collect();
    if mutants.is_empty() {
        let pattern = wanted.only.unwrap_or_default();
        return Err(CliError(format!(
            "no mutant of Flask is called {pattern:?}\n\
             `sessionproof mutants --of flask --list` prints all ids; in a pattern, * stands for any characters"
        )));
    }
    if wanted.list {
        mutants.iter().for_each(|mutant| say!("{}  {}", mutant.id, foreign::line(mutant.describe())));
        return Ok(Outcome::Conformant);
    }
    let vectors = vectors::embedded()?;
    let known = wanted.log.map_or_else(|| Ok(Fates::new()), read)?;
    let mut log = wanted.log.map(|file| OpenOptions::new().create(true).append(true).open(file)).transpose();
    let log = log.as_mut().map_err(|error| cannot("written", wanted.log, error))?.take().map(Mutex::new);
    let progress = Counter::new(mutants.len(), "mutants of Flask");
    let fates = of_flask::run(&oracle, &mutants, &vectors, wanted.effort, &known, &|mutant, fate| {
        if let Some(log) = &log {
            let line = serde_json::to_string(&Logged { id: mutant.id.clone(), fate: fate.clone() }).unwrap_or_default();
            // A fate that is not kept is found again.
            let _ = writeln!(log.lock().unwrap_or_else(PoisonError::into_inner), "{line}");
        }
        progress.aside(|| say!("{}", line(mutant, fate, &explained)));
        progress.one_more();
    });
    progress.end();
    let fates = fates?;
    let tried: Vec<_> =
        mutants.iter().zip(&fates).filter_map(|(mutant, fate)| Some((mutant, fate.as_ref()?))).collect();
    let counts = Counts::of(tried.iter().copied(), &explained);
    if let Some(interrupted) = processes::interruption() {
        say!("\n{} of {} mutants were tried until then", tried.len(), mutants.len());
        return Err(interrupted.into());
    }
    let wrong = page::wrong(&tried, &explained);
    say!("");
    for (mutant, why) in &wrong {
        say!("{} {why}\n    line {}: {}", mutant.id, mutant.line, foreign::line(mutant.describe()));
    }
    let unknown = explained.unknown(&all);
    unknown.iter().for_each(|name| say!("{name} is explained, and there is no such mutant"));
    say!(
        "{} mutants: {} killed, {} broke, {} not reached, {} invisible, {} unexplained",
        counts.total(),
        counts.killed,
        counts.broke,
        counts.not_reached,
        counts.explained,
        counts.unexplained
    );
    say!("{:.1} % of those that change something visible were found", counts.share());
    if let Some(file) = wanted.page {
        let release = Known::named("flask").and_then(Known::release).unwrap_or_default();
        let text = page::page(&tried, &explained, release, wanted.effort);
        write_atomic(file, &text, Readers::Everybody).map_err(|error| {
            CliError(format!("{} cannot be written: {error}\nname another file after --page", foreign::path(file)))
        })?;
        note!("{} is written", foreign::path(file));
    }
    match wrong.is_empty() && unknown.is_empty() {
        true => Ok(Outcome::Conformant),
        false => Ok(Outcome::NotConformant),
    }
}

/// A line of the file of fates.
#[derive(Deserialize, Serialize)]
struct Logged {
    id: String,
    fate: Fate,
}

/// The fates that a file keeps; none if there is no such file.
fn read(file: &Path) -> Result<Fates, CliError> {
    let text = match bounded::read_text(file, LARGEST_LOG) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        text => text.map_err(|error| cannot("read", Some(file), &error))?,
    };
    let line = |(at, line): (usize, &str)| {
        let logged: Logged = serde_json::from_str(line).map_err(|error| {
            let file = foreign::path(file);
            CliError(format!("{file}, line {}: {error}\nremove the line, or name another file after --log", at + 1))
        })?;
        Ok((logged.id, logged.fate))
    };
    text.lines().enumerate().map(line).collect()
}

fn cannot(what: &str, file: Option<&Path>, error: &std::io::Error) -> CliError {
    let file = foreign::path(file.unwrap_or(Path::new("")));
    CliError(format!("{file} cannot be {what}: {error}\nname another file after --log"))
}

fn line(mutant: &Mutant, fate: &Fate, explained: &Explained) -> String {
    let (word, more) = match fate {
        Fate::Broke(what) => ("broke", foreign::line(what.lines().next().unwrap_or_default())),
        Fate::Killed(check) => ("killed", check.clone()),
        Fate::NotReached => ("not reached", String::new()),
        Fate::Survived if explained.why(mutant, fate).is_some() => ("invisible", String::new()),
        Fate::Survived => ("SURVIVED", foreign::line(mutant.describe())),
    };
    format!("{word:<11} {}  {more}", mutant.id).trim_end().to_owned()
}
