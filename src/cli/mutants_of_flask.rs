//! `mutants --of flask`: the suite tried on real Flask with one small change in its source.

use super::{
    CliError,
    files::{Readers, write_atomic},
    out::{note, say},
    progress::{Counter, tell_set_up},
};
use sessionproof::{
    evidence::vectors,
    foreign,
    mutants::of_flask::{
        self, Effort, Fate, Mutant,
        explained::Explained,
        page::{self, Counts},
    },
    processes,
    setup::{Known, Setup},
    suite::outcome::{known::fits, results::Outcome},
};
use std::path::Path;

/// What is to be done.
pub struct Wanted<'a> {
    /// Only mutants with such an id, in which `*` stands for any characters.
    pub only: Option<&'a str>,
    /// Print the mutants, and try none.
    pub list: bool,
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
    let progress = Counter::new(mutants.len(), "mutants of Flask");
    let fates = of_flask::run(&oracle, &mutants, &vectors, wanted.effort, &|mutant, fate| {
        progress.aside(|| say!("{}", line(mutant, fate, &explained)));
        progress.one_more();
    });
    progress.end();
    let fates = fates?;
    let tried: Vec<_> = mutants.iter().zip(&fates).filter_map(|(mutant, fate)| Some((mutant, fate.as_ref()?))).collect();
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
