//! Checks of a run that are kept for the diagnosis: failed ones as they were asked and answered, before they were shrunk, and
//! which ones passed. Both are bounded, whatever the implementation answers. The diagnosis is part of the program alone.

use crate::suite::judging::{divergence::Divergence, kept};
#[cfg(feature = "cli")]
use crate::{
    case::scenario::Scenario,
    suite::running::{cases, options::Options},
};
use std::collections::{BTreeMap, BTreeSet};

/// How many failed checks of one rule are kept.
const OF_A_RULE: usize = 100;
/// How much memory the failed checks take at most, about (bytes).
const ROOM: usize = 8 << 20;
/// How many passed cases of a property are remembered. More would say little that is new, and each has to be made again.
const OF_A_PROPERTY: usize = 24;

/// What is kept of the checks of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples {
    failed: BTreeMap<String, Vec<Divergence>>,
    taken: usize,
    passed_vectors: BTreeSet<String>,
    passed_cases: BTreeMap<&'static str, Vec<usize>>,
}

impl Samples {
    /// Keeps a failed check, if there is room.
    pub(in crate::suite) fn failed(&mut self, rule: &str, divergence: &Divergence) {
        let of_rule = self.failed.entry(rule.to_owned()).or_default();
        if of_rule.len() >= OF_A_RULE || self.taken >= ROOM {
            return;
        }
        let calls = divergence.before.iter().map(|(call, _)| call).chain([&divergence.call]);
        let answers = divergence.before.iter().map(|(_, answer)| answer);
        self.taken += calls.map(|call| call.to_json().to_string().len()).sum::<usize>()
            + answers.chain([&divergence.expected, &divergence.got]).map(kept::weight_of).sum::<usize>();
        of_rule.push(divergence.clone());
    }

    /// Remembers that a vector passed. One that fails when it is asked again did not.
    pub(in crate::suite) fn vector(&mut self, id: &str, passed: bool, again: bool) {
        match (passed, again) {
            (true, false) => drop(self.passed_vectors.insert(id.to_owned())),
            (true, true) => {}
            (false, _) => drop(self.passed_vectors.remove(id)),
        }
    }

    /// Remembers that a generated case passed.
    pub(in crate::suite) fn passed_case(&mut self, property: &'static str, number: usize) {
        let of_property = self.passed_cases.entry(property).or_default();
        if of_property.len() < OF_A_PROPERTY {
            of_property.push(number);
        }
    }

    #[cfg(feature = "cli")]
    /// The failed checks, each with the rule that it was blamed on: in turn one of each rule, up to a number.
    pub(crate) fn in_turn(&self, most: usize) -> Vec<(&str, &Divergence)> {
        let turns = (0..OF_A_RULE)
            .flat_map(|turn| self.failed.iter().filter_map(move |(rule, some)| Some((rule.as_str(), some.get(turn)?))));
        turns.take(most).collect()
    }

    #[cfg(feature = "cli")]
    /// The vectors that passed, by their ids.
    pub(crate) fn passed_vectors(&self) -> &BTreeSet<String> {
        &self.passed_vectors
    }

    #[cfg(feature = "cli")]
    /// Some generated cases that passed, made again with the options of the run.
    pub(crate) fn passed_cases(&self, options: &Options) -> Vec<Scenario> {
        let parts = cases::parts(options);
        let numbers = |part: &cases::PropertyRun| self.passed_cases.get(part.name).map_or(&[][..], Vec::as_slice);
        parts.iter().flat_map(|part| part.again(numbers(part), options)).collect()
    }
}
