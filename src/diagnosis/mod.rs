//! What the failures of a run look like: which known mistakes give the same wrong answers.
//!
//! Each failed check that the run kept is asked of every known mistake (the module `mistakes`). A mistake *explains* a failure
//! when it changes the specified answer, and its answer equals the one that was got, by the suite's own comparison. A mistake
//! that would fail a check that passed is out of the question. Of the others, the one that explains most is named first, then the
//! one that explains most of the rest, and so on, three at most, as long as they explain enough not to be chance.
//!
//! Of a failed check, only the call that was answered wrongly is compared. Counts bound the work, not times, so that two runs of
//! one seed have the same diagnosis.

mod mistakes;
#[cfg(test)]
mod tests;

use crate::{
    adapter::Implementation,
    evidence::vectors::LoadedVector,
    protocol::Capabilities,
    suite::{
        judging::judge::{Case, Verdict, judge},
        outcome::{
            diagnosis::{Cause, Diagnosis},
            results::Results,
        },
        running::options::Options,
    },
};
use mistakes::{Check, Look, Mistake, all};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

/// How many failed checks are compared with the mistakes.
const LOOKED_AT: usize = 200;
/// How many of these are asked of every mistake, each time that one is chosen.
const ASKED_OF_ALL: usize = 30;
/// How many of the mistakes that explain most of that are compared with all failed checks together.
const BEST: usize = 12;
/// How many mistakes are named together.
const CAUSES: usize = 3;
/// How many equal mistakes are named beside one.
const LIKE: usize = 3;
/// How many mistakes are asked the checks that passed.
const TRIED: usize = 60;
/// How many of these checks are asked together; a mistake is out of the question once one of them fails.
const TOGETHER: usize = 50;
/// How many threads ask the mistakes, at most.
const THREADS: usize = 8;

/// Says which known mistakes explain the failures of a run; `None` if no failure was kept. `vectors` and `options` are those of
/// the run.
pub fn diagnose(
    results: &Results,
    implementation: &dyn Implementation,
    vectors: &[LoadedVector],
    options: &Options,
) -> Option<Diagnosis> {
    let samples = &results.unreported.samples;
    let failed = samples.in_turn(LOOKED_AT);
    if failed.is_empty() {
        return None;
    }
    let options = &Options { fixed_config: implementation.config(), ..options.clone() };
    let made = samples.passed_cases(options);
    // A server is asked the vectors in its own configuration, so they are other vectors there.
    let has_vectors = options.fixed_config.is_none();
    let is_passed = |ready: &&LoadedVector| has_vectors && samples.passed_vectors().contains(&ready.vector.id);
    let passed = vectors.iter().filter(is_passed);
    let passed = passed.map(|ready| Case { scenario: &ready.scenario, recorded: &ready.recorded });
    let passed = passed.chain(made.iter().map(|scenario| Case { scenario, recorded: &[] })).collect();
    let hello = &results.implementation;
    let mistakes = all(&hello.choices);
    let checks: Vec<_> = failed.iter().map(|(_, failed)| Check::new(failed, hello)).collect();
    let findings = vec![vec![None; checks.len()]; mistakes.len()];
    let rules = failed.iter().map(|(rule, _)| *rule).collect();
    let tried = BTreeMap::new();
    let chosen = Choice { mistakes: &mistakes, checks, rules, findings, passed, hello, tried }.causes();
    let mut unexplained = BTreeMap::<String, usize>::new();
    for (at, (rule, _)) in failed.iter().enumerate() {
        if !chosen.explained.contains(&at) {
            *unexplained.entry((*rule).to_owned()).or_default() += 1;
        }
    }
    Some(Diagnosis { looked_at: failed.len(), failures: results.total.failed, causes: chosen.causes, unexplained })
}

/// The choice of the mistakes that are named.
struct Choice<'a> {
    mistakes: &'a [Mistake],
    checks: Vec<Check<'a>>,
    /// The rules that these are blamed on.
    rules: Vec<&'a str>,
    /// What each mistake has to do with each failed check, as far as it was asked.
    findings: Vec<Vec<Option<Look>>>,
    passed: Vec<Case<'a>>,
    hello: &'a Capabilities,
    /// The mistakes that were asked the checks that passed, and whether they pass them too.
    tried: BTreeMap<usize, bool>,
}

/// The mistakes that are named, and the places of the failed checks that they explain.
#[derive(Default)]
struct Chosen {
    causes: Vec<Cause>,
    explained: BTreeSet<usize>,
}

impl Choice<'_> {
    fn causes(mut self) -> Chosen {
        let mut chosen = Chosen::default();
        while chosen.causes.len() < CAUSES
            && let Some(at) = self.next(&chosen.explained)
            && let Some(mistake) = self.mistakes.get(at)
        {
            let explained = self.explained_by(at);
            chosen.causes.push(Cause {
                kind: mistake.kind,
                name: mistake.name.clone(),
                summary: mistake.summary.clone(),
                rules: mistake.rules.clone(),
                explains: explained.len(),
                adds: explained.difference(&chosen.explained).count(),
                like: self.like(at, &chosen.explained),
            });
            chosen.explained.extend(explained);
        }
        chosen
    }

    /// The mistake that explains most of what is not explained yet. Every mistake is asked some of it; those that explain most
    /// of that are asked everything.
    fn next(&mut self, explained: &BTreeSet<usize>) -> Option<usize> {
        let left: Vec<_> = (0..self.checks.len()).filter(|place| !explained.contains(place)).collect();
        let some: Vec<_> = left.iter().take(ASKED_OF_ALL).copied().collect();
        let everyone: Vec<_> = (0..self.mistakes.len()).collect();
        self.look(&everyone, &some);
        let first = self.ranked(&everyone, explained);
        for best in first.chunks(BEST) {
            let all: Vec<_> = (0..self.checks.len()).collect();
            self.look(best, &all);
            let ranked = self.ranked(best, explained).into_iter();
            let much: Vec<_> = ranked.filter(|at| self.says_much(*at, explained)).collect();
            let possible = much.into_iter().find(|at| self.is_possible(*at));
            if possible.is_some() {
                return possible;
            }
        }
        None
    }

    /// Whether a mistake explains enough to be named: a tenth of all or everything that is left, and half of all or, with the
    /// mistakes before it, everything that a rule was blamed for. A few answers are easily the same by chance.
    fn says_much(&self, at: usize, explained: &BTreeSet<usize>) -> bool {
        let (all, mut together) = (self.checks.len(), self.explained_by(at));
        let added: Vec<_> = together.difference(explained).copied().collect();
        together.extend(explained);
        let is_whole = |rule: &str| {
            self.rules
                .iter()
                .enumerate()
                .filter(|(_, other)| **other == rule)
                .all(|(place, _)| together.contains(&place))
        };
        let ends_a_rule = || added.iter().filter_map(|place| self.rules.get(*place)).any(|rule| is_whole(rule));
        together.len() == all || (10 * added.len() >= all && (2 * added.len() >= all || ends_a_rule()))
    }

    /// Those of some mistakes that explain anything new, the one that explains most first. A mistake that gives other wrong
    /// answers more often is another mistake.
    fn ranked(&self, mistakes: &[usize], explained: &BTreeSet<usize>) -> Vec<usize> {
        let rank = |at: &usize| {
            let by = self.explained_by(*at);
            let gain = by.difference(explained).count();
            let different = self.count(*at, Look::Different);
            (gain > 0 && different < by.len()).then_some((Reverse(gain), different, Reverse(by.len()), *at))
        };
        let mut ranked: Vec<_> = mistakes.iter().filter_map(rank).collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(.., at)| at).collect()
    }

    /// The names of other mistakes that explain the same.
    fn like(&mut self, one: usize, explained: &BTreeSet<usize>) -> Vec<String> {
        let all: Vec<_> = (0..self.mistakes.len()).filter(|at| *at != one).collect();
        let ranked = self.ranked(&all, explained);
        let some: Vec<_> = ranked.into_iter().take(BEST).collect();
        let places: Vec<_> = (0..self.checks.len()).collect();
        self.look(&some, &places);
        let same: Vec<_> = some.into_iter().filter(|at| self.findings.get(*at) == self.findings.get(one)).collect();
        let possible: Vec<_> = same.into_iter().filter(|at| self.is_possible(*at)).take(LIKE).collect();
        possible.into_iter().filter_map(|at| Some(self.mistakes.get(at)?.name.clone())).collect()
    }

    /// The places of the failed checks that a mistake explains, as far as it was asked.
    fn explained_by(&self, at: usize) -> BTreeSet<usize> {
        let found = self.findings.get(at).into_iter().flatten().enumerate();
        found.filter(|(_, look)| **look == Some(Look::Explained)).map(|(place, _)| place).collect()
    }

    fn count(&self, at: usize, look: Look) -> usize {
        self.findings.get(at).into_iter().flatten().filter(|found| **found == Some(look)).count()
    }

    /// Asks some mistakes some of the failed checks, on all processors.
    fn look(&mut self, mistakes: &[usize], places: &[usize]) {
        let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let work = || {
            loop {
                let Some(at) = mistakes.get(next.fetch_add(1, Relaxed)) else { return };
                let (Some(mistake), Some(known)) = (self.mistakes.get(*at), self.findings.get(*at)) else { continue };
                let is_new = |place: &&usize| known.get(**place) == Some(&None);
                let looks = places
                    .iter()
                    .filter(is_new)
                    .filter_map(|place| Some((*at, *place, self.checks.get(*place)?.look(mistake, self.hello))));
                let looks: Vec<_> = looks.collect();
                found.lock().unwrap_or_else(PoisonError::into_inner).extend(looks);
            }
        };
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS);
        thread::scope(|scope| {
            for _ in 1..threads {
                // Where the system gives no more threads, this one does the work.
                drop(thread::Builder::new().spawn_scoped(scope, work));
            }
            work();
        });
        for (at, place, look) in found.into_inner().unwrap_or_else(PoisonError::into_inner) {
            if let Some(known) = self.findings.get_mut(at).and_then(|known| known.get_mut(place)) {
                *known = Some(look);
            }
        }
    }

    /// Whether the mistake passes every check that the implementation passed.
    fn is_possible(&mut self, at: usize) -> bool {
        if let Some(known) = self.tried.get(&at) {
            return *known;
        }
        let Some(mistake) = self.mistakes.get(at).filter(|_| self.tried.len() < TRIED) else { return false };
        let together = if mistake.remembers() { 1 } else { TOGETHER };
        let passes = |cases: &[Case<'_>]| {
            let verdicts = judge(&mistake.make(self.hello), cases);
            verdicts.is_ok_and(|verdicts| !verdicts.iter().any(|verdict| matches!(verdict, Verdict::Fail(_))))
        };
        let is_possible = self.passed.chunks(together).all(passes);
        self.tried.insert(at, is_possible);
        is_possible
    }
}
