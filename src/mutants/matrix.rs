//! This crate's suite tried on the mutants: which rules catch each, after how many checks, and which mutants only one rule
//! catches.
//!
//! A rule is disabled when its failures do not count, and no check runs that is evidence for it alone (`check --rules
//! '*,!EXP-2'`). A mutant that survives then is caught by this rule only. One whole run shows that for every rule at once, since
//! each failed check names every rule that it breaks; no run is repeated without it.

use super::Mutant;
use crate::{
    adapter::{Implementation, in_process::Model},
    evidence::vectors::LoadedVector,
    rules::Pattern,
    suite::{
        generate::sizes::Sizes,
        outcome::{
            coverage,
            results::{Failure, Origin, Results},
        },
        running::run::{self, Options},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

/// What the suite found of one mutant in a whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The kinds of failure in the order in which they came.
    pub blames: Vec<Blame>,
    /// How many checks it took to the first failure, which is counted too; `None` if every check passed.
    pub checks: Option<usize>,
    /// How many checks were blamed on each rule.
    pub counts: BTreeMap<String, usize>,
}

/// A kind of failure: checks that were blamed on one rule, and asked for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blame {
    /// The rule that is blamed.
    pub rule: String,
    /// The only rule that the checks are evidence for, where there is but one: without it they are not asked.
    pub asked_for: Option<String>,
}

impl Blame {
    /// What a failure breaks, the foremost first.
    fn of(failure: &Failure) -> Vec<Self> {
        let asked: Vec<&str> = match failure.origin {
            Origin::Property(sentence) => coverage::rules_of_property(sentence).to_vec(),
            Origin::Vector { .. } => failure.vector.rules.iter().map(String::as_str).collect(),
        };
        let asked_for = match asked[..] {
            [only] => Some(only.to_owned()),
            _ => None,
        };
        failure.rules().into_iter().map(|rule| Self { rule: rule.to_owned(), asked_for: asked_for.clone() }).collect()
    }

    /// Whether the checks would fail no more, were a rule out of force.
    fn needs(&self, rule: &str) -> bool {
        self.rule == rule || self.asked_for.as_deref() == Some(rule)
    }
}

impl Found {
    fn of(results: &Results) -> Self {
        let mut blames = Vec::new();
        for blame in results.failures.iter().flat_map(Blame::of) {
            if !blames.contains(&blame) {
                blames.push(blame);
            }
        }
        let counts = results.rules.iter().filter(|(_, tally)| tally.failed > 0);
        let counts = counts.map(|(rule, tally)| (rule.clone(), tally.failed)).collect();
        Self { blames, checks: results.first_failure, counts }
    }

    /// The rule that is blamed first, where the mutant breaks it; `None` if nothing is blamed, or something else first.
    pub fn caught_by(&self, mutant: &Mutant) -> Option<&str> {
        self.rules().next().filter(|rule| mutant.rules.contains(rule))
    }

    /// The rule that most checks are blamed on.
    pub fn mostly(&self) -> Option<&str> {
        self.counts.iter().max_by_key(|(_, count)| **count).map(|(rule, _)| rule.as_str())
    }

    /// The rules that are blamed though the mutant does not break them.
    pub fn misblamed(&self, mutant: &Mutant) -> BTreeSet<&str> {
        self.rules().filter(|rule| !mutant.rules.contains(rule)).collect()
    }

    /// Every rule that is blamed.
    pub fn blamed(&self) -> BTreeSet<&str> {
        self.rules().collect()
    }

    /// Whether the suite finds nothing.
    pub fn is_missed(&self) -> bool {
        self.blames.is_empty()
    }

    /// Whether the suite finds nothing when a rule is out of force.
    pub fn is_missed_without(&self, rule: &str) -> bool {
        self.blames.iter().all(|blame| blame.needs(rule))
    }

    /// The rule without which the suite finds nothing, where there is one.
    pub fn only_caught_by(&self) -> Option<&str> {
        let rule = self.rules().next()?;
        self.is_missed_without(rule).then_some(rule)
    }

    /// The rules that are blamed, in the order in which they came, some of them more than once.
    fn rules(&self) -> impl Iterator<Item = &str> {
        self.blames.iter().map(|blame| blame.rule.as_str())
    }
}

/// Tests the suite on some mutants, two at a time, and gives the findings in the order of the mutants.
pub fn run(mutants: &[&Mutant], vectors: &[LoadedVector], cases: usize, seed: u64) -> Vec<Found> {
    run_to_interruption(mutants, vectors, cases, seed).into_iter().map(Option::unwrap_or_default).collect()
}

/// The same, with `None` for each mutant whose run did not end before this process was interrupted.
pub fn run_to_interruption(
    mutants: &[&Mutant],
    vectors: &[LoadedVector],
    cases: usize,
    seed: u64,
) -> Vec<Option<Found>> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(vec![None; mutants.len()]));
    let work = || {
        loop {
            let at = next.fetch_add(1, Relaxed);
            let Some(mutant) = mutants.get(at) else { return };
            let results = suite(mutant.make().as_ref(), vectors, cases, seed);
            let result = results.interrupted.is_none().then(|| Found::of(&results));
            if let Some(place) = found.lock().unwrap_or_else(PoisonError::into_inner).get_mut(at) {
                *place = result;
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The rules that the suite blames the model for: none, if suite and model are right.
pub fn blame_on_the_model(vectors: &[LoadedVector], cases: usize, seed: u64) -> BTreeSet<String> {
    suite(&Model::default(), vectors, cases, seed).failures.into_iter().map(|failure| failure.rule).collect()
}

/// The findings about one mutant while a rule is disabled.
pub fn run_without(
    rule: &str,
    mutant: &Mutant,
    vectors: &[LoadedVector],
    cases: usize,
    seed: u64,
) -> Result<Found, String> {
    let rules = Pattern::parse(&format!("*,!{rule}"))?;
    let options = Options { rules, ..options(cases, seed) };
    Ok(Found::of(&run::run(mutant.make().as_ref(), vectors, &options, &mut |_| {})))
}

/// The results of one mutant while a rule is chosen alone.
pub fn run_with(
    rule: &str,
    mutant: &Mutant,
    vectors: &[LoadedVector],
    cases: usize,
    seed: u64,
) -> Result<Results, String> {
    let options = Options { rules: Pattern::parse(rule)?, ..options(cases, seed) };
    Ok(run::run(mutant.make().as_ref(), vectors, &options, &mut |_| {}))
}

fn suite(implementation: &dyn Implementation, vectors: &[LoadedVector], cases: usize, seed: u64) -> Results {
    run::run(implementation, vectors, &options(cases, seed), &mut |_| {})
}

fn options(cases: usize, seed: u64) -> Options {
    Options { cases, seed, sizes: Sizes::QUICK, no_shrink: true, ..Options::default() }
}

/// The page `docs/evidence/mutants.md`.
pub fn page(mutants: &[&Mutant], found: &[Found], cases: usize) -> String {
    let mut text = format!(
        "# The mutants\n\n\
         {} implementations that are wrong in one thing each, and the rule that caught each of them. A test fails if this page \
         is not up to date; `UPDATE_MUTANTS=1 cargo test --release --test integration mutants` rewrites it.\n\n\
         `sessionproof mutant NAME` runs one as an adapter ([protocol](../../spec/adapter-protocol.md)), to try any suite on it. \
         `sessionproof mutants` tries this suite on all of them.\n\n\
         **Caught by** is the rule that is blamed first, which is always one that the mutant breaks. *only* means that the suite \
         finds nothing without that rule. Later failures may be blamed on other rules: a mutant that derives another key reads \
         no cookie at all. **Checks** counts the checks up to the first failure, in a run of all vectors and {cases} generated \
         cases.\n\n\
         | mutant | what is wrong | caught by | checks |\n|---|---|---|---:|\n",
        mutants.len()
    );
    for (mutant, found) in mutants.iter().zip(found) {
        let (by, checks) = found.describe(mutant);
        let _ = writeln!(text, "| `{}` | {} | {by} | {checks} |", mutant.name, mutant.summary);
    }
    text
}

impl Found {
    /// The rule that caught a mutant, or how it survived, and the number of checks.
    pub fn describe(&self, mutant: &Mutant) -> (String, String) {
        let checks = self.checks.map_or_else(|| "-".to_owned(), |checks| checks.to_string());
        let by = match self.caught_by(mutant) {
            Some(rule) if self.only_caught_by() == Some(rule) => format!("only {rule}"),
            Some(rule) => rule.to_owned(),
            None if self.is_missed() => "survived".to_owned(),
            None => "misblamed".to_owned(),
        };
        (by, checks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::vectors,
        mutants::{self, traceability},
        rules,
    };

    /// How many of the mutants are named by a rule that they break: first, and by most of the failures.
    #[test]
    #[ignore = "a measurement: cargo test --lib named_by_a_rule_that_they_break -- --ignored --nocapture"]
    fn mutants_are_named_by_a_rule_that_they_break() {
        let (mutants, vectors) = (mutants::all().collect::<Vec<_>>(), vectors::all().unwrap());
        let found = run(&mutants, &vectors, 200, 0);
        let (mut counts, mut checks) = (BTreeMap::<_, usize>::new(), (0, 0));
        for (mutant, found) in mutants.iter().zip(&found) {
            let (first, most) = (found.rules().next().unwrap_or("-"), found.mostly().unwrap_or("-"));
            let is_listed = |rule: &str| mutant.rules.contains(&rule);
            let foremost = mutant.rules.first().copied().unwrap_or_default();
            for (what, is_so) in [
                ("first is listed", is_listed(first)),
                ("first is foremost", first == foremost),
                ("most are listed", is_listed(most)),
                ("most are foremost", most == foremost),
                ("every rule is listed", found.misblamed(mutant).is_empty()),
            ] {
                *counts.entry(what).or_default() += usize::from(is_so);
            }
            let of_rule = |rule: &str| found.counts.get(rule).copied().unwrap_or_default();
            checks.0 += mutant.rules.iter().map(|rule| of_rule(rule)).sum::<usize>();
            checks.1 += found.counts.values().sum::<usize>();
            let wrong: Vec<_> = found.misblamed(mutant).into_iter().map(|rule| (rule, of_rule(rule))).collect();
            println!("{} {:?} first {first} most {most} also {wrong:?}", mutant.name, mutant.rules);
        }
        for rule in rules::all() {
            if traceability::only_caught_by(&rule.id, &mutants, &found).is_none()
                && traceability::why_without_mutant(&rule.id).is_none()
            {
                println!("{}: every mutant is caught without it", rule.id);
            }
        }
        println!("{} mutants: {counts:?}; checks under a listed rule: {checks:?}", mutants.len());
    }
}
