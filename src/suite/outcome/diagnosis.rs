//! What the failures of a run look like: plain data for the reports. `crate::diagnosis` finds it, where the mutants are known.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The known mistakes that explain the failures of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diagnosis {
    /// How many failed checks were compared with the mistakes.
    pub looked_at: usize,
    /// How many failed checks there were.
    pub failures: usize,
    /// The mistakes, the one that explains most first; empty if no known mistake explains anything.
    pub causes: Vec<Cause>,
    /// How many of the failed checks that were compared no mistake explains, by the rule that they were blamed on.
    pub unexplained: BTreeMap<String, usize>,
}

/// A known mistake that gives the same wrong answers, and fails no check that passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// What kind of mistake it is.
    pub kind: CauseKind,
    /// Its name: of a mutant, or of a choice with its value.
    pub name: String,
    /// The mistake, as a phrase.
    pub summary: String,
    /// The rules that it breaks, the foremost first.
    pub rules: Vec<String>,
    /// How many of the failed checks that were compared it explains.
    pub explains: usize,
    /// How many of these no mistake before it explains.
    pub adds: usize,
    /// Other mistakes that explain exactly the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub like: Vec<String>,
}

/// A kind of mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CauseKind {
    /// The implementation takes another choice than it declares.
    Choice,
    /// A mutant of the model, which `sessionproof mutant NAME` runs.
    Mutant,
}

impl Diagnosis {
    /// How many of the failed checks that were compared are explained.
    pub fn explained(&self) -> usize {
        self.looked_at.saturating_sub(self.unexplained.values().sum())
    }
}
