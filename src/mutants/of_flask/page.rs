//! The page `docs/evidence/mutants-of-flask.md`, and the counts that it and the command line show.

use super::{
    Effort, Fate, Mutant,
    explained::{Explained, Reason},
};
use std::fmt::Write;

/// How many mutants had which fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// A check failed.
    pub killed: usize,
    /// It did not start, did not answer, or broke the adapter.
    pub broke: usize,
    /// No check reaches the statement.
    pub not_reached: usize,
    /// Every check passed, and nothing else is possible.
    pub explained: usize,
    /// Every check passed, and there is no reason.
    pub unexplained: usize,
}

impl Counts {
    /// Counts fates.
    pub fn of<'m>(tried: impl IntoIterator<Item = (&'m Mutant, &'m Fate)>, explained: &Explained) -> Self {
        let mut counts = Self::default();
        for (mutant, fate) in tried {
            *match fate {
                Fate::Broke(_) => &mut counts.broke,
                Fate::Killed(_) => &mut counts.killed,
                Fate::NotReached => &mut counts.not_reached,
                Fate::Survived if explained.why(mutant, fate).is_some() => &mut counts.explained,
                Fate::Survived => &mut counts.unexplained,
            } += 1;
        }
        counts
    }

    /// All of them.
    pub fn total(&self) -> usize {
        self.killed + self.broke + self.not_reached + self.explained + self.unexplained
    }

    /// The share that was found of those that change something visible, in per cent.
    pub fn share(&self) -> f64 {
        let found = self.killed + self.broke;
        let visible = found + self.unexplained;
        // Counts are small.
        #[allow(clippy::cast_precision_loss)]
        let share = found as f64 * 100.0 / visible.max(1) as f64;
        share
    }
}

/// What is wrong after a run, a line each: what is not explained, and what is explained and was killed.
pub fn wrong<'m>(tried: &[(&'m Mutant, &'m Fate)], explained: &Explained) -> Vec<(&'m Mutant, &'static str)> {
    let why = |(mutant, fate): &(&'m Mutant, &'m Fate)| {
        let why = match fate {
            Fate::Broke(_) | Fate::Killed(_) if explained.says_that_it_survives(mutant) => {
                "is explained, and was found"
            }
            Fate::Survived if explained.why(mutant, fate).is_none() => "survived",
            Fate::NotReached if explained.why(mutant, fate).is_none() => "is not reached",
            _ => return None,
        };
        Some((*mutant, why))
    };
    tried.iter().filter_map(why).collect()
}

/// The page.
pub fn page(tried: &[(&Mutant, &Fate)], explained: &Explained, release: &str, effort: Effort) -> String {
    let counts = Counts::of(tried.iter().copied(), explained);
    let mut text = format!(
        "# Mutants of real Flask\n\n\
         The suite tried on Flask {release} itself, with one small change in its source, or in that of itsdangerous or \
         Werkzeug: {} mutants of what opens, reads and saves a session. `sessionproof mutants --of flask --page \
         docs/evidence/mutants-of-flask.md` tries them all and rewrites this page; it fails when a mutant survives that is not \
         explained here.\n\n\
         `adapters/python/flask_mutants.py` makes them: other comparisons, constants, defaults and operators; statements, \
         arguments, elements, operands and decorators that go. Docstrings, annotations, code for type checkers, the texts of \
         errors and warnings, and `__repr__` are left out. Each mutant is asked all vectors and {} generated cases (seed {}), up \
         to the first failure.\n\n\
         **Killed**: a check failed. **Broke**: it did not start, answer in time or keep the adapter running. **Not reached**: \
         no check runs the statement. **Invisible**: every check passed, and a reason below says why nothing else is \
         possible.\n\n\
         Of those that change something visible in a cookie or a response, {:.1} % were found.\n\n\
         | module | mutants | killed | broke | not reached | invisible | unexplained |\n|---|---:|---:|---:|---:|---:|---:|\n",
        counts.total(),
        effort.cases,
        effort.seed,
        counts.share(),
    );
    let mut modules: Vec<&str> = tried.iter().map(|(mutant, _)| mutant.module.as_str()).collect();
    modules.dedup();
    for module in modules {
        let of_module = tried.iter().copied().filter(|(mutant, _)| mutant.module == module);
        row(&mut text, &format!("`{module}`"), Counts::of(of_module, explained));
    }
    row(&mut text, "all", counts);
    let of_fate = |fate: Fate| tried.iter().filter(move |(_, other)| **other == fate).copied().collect::<Vec<_>>();
    let _ = write!(text, "\n## Invisible\n");
    for (reason, mutants) in grouped(&explained.survivors, &of_fate(Fate::Survived)) {
        let _ = write!(text, "\n{reason}\n\n");
        for mutant in mutants {
            let _ = writeln!(text, "- `{}`, line {}: {}", mutant.id, mutant.line, code(&mutant.describe()));
        }
    }
    let _ = write!(text, "\n## Not reached\n");
    for (reason, mutants) in grouped(&explained.unreached, &of_fate(Fate::NotReached)) {
        let mut places: Vec<(&str, usize)> = Vec::new();
        for place in mutants.iter().map(|mutant| mutant.place()) {
            match places.iter_mut().find(|(known, _)| *known == place) {
                Some((_, count)) => *count += 1,
                None => places.push((place, 1)),
            }
        }
        let places: Vec<_> = places.iter().map(|(place, count)| format!("`{place}` ({count})")).collect();
        let _ = write!(text, "\n{reason}\n\n{}\n", places.join(", "));
    }
    text
}

fn row(text: &mut String, name: &str, counts: Counts) {
    let Counts { killed, broke, not_reached, explained, unexplained } = counts;
    let total = counts.total();
    let _ = writeln!(text, "| {name} | {total} | {killed} | {broke} | {not_reached} | {explained} | {unexplained} |");
}

/// Mutants under the first reason that is about them, and at the end those without.
fn grouped<'m>(reasons: &[Reason], tried: &[(&'m Mutant, &Fate)]) -> Vec<(String, Vec<&'m Mutant>)> {
    let place = |mutant: &Mutant| reasons.iter().position(|reason| reason.is_about(mutant));
    let titles = reasons.iter().map(|reason| (reason.because.clone(), Vec::new()));
    let mut groups: Vec<(String, Vec<&Mutant>)> =
        titles.chain([("These are not explained:".to_owned(), Vec::new())]).collect();
    for (mutant, _) in tried {
        if let Some((_, group)) = groups.get_mut(place(mutant).unwrap_or(reasons.len())) {
            group.push(mutant);
        }
    }
    groups.retain(|(_, group)| !group.is_empty());
    groups
}

/// Source in a line of Markdown, whichever backticks are in it.
fn code(source: &str) -> String {
    if source.contains('`') { format!("``` {source} ```") } else { format!("`{source}`") }
}
