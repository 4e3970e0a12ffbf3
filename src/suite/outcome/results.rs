//! The results of a run: one value, from which every report is made.

pub use super::failure::{EarlierCall, Failure, Origin};
use super::{
    broken::{Breaks, OTHER_REASONS, REASONS},
    diagnosis::Diagnosis,
    known::{Known, Stale},
    samples::Samples,
};
use crate::{
    adapter::AdapterError,
    protocol::{Capabilities, Op},
};
use crate::{
    rules::{self, Pattern, Rule},
    suite::{
        generate::sizes::{Preset, Sizes},
        judging::judge::Inconclusive,
        running::{options::Options, shard::Shard, times::Times},
    },
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::AddAssign,
};

/// How many ways to break are told of a rule.
const BROKE: usize = 3;

/// What came of a run.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
#[non_exhaustive]
pub struct Results {
    /// The version of the suite that asked.
    pub suite: String,
    /// The implementation, in its own words.
    pub implementation: Capabilities,
    /// The words that name the implementation on a command line, with a space before each; `None` if there was none.
    pub target: Option<String>,
    /// The specification that was asked about; empty when vectors of any kind were asked alone.
    pub spec: String,
    /// The seed of the generated cases.
    pub seed: u64,
    /// How large the generated cases grew.
    pub sizes: Sizes,
    /// How many generated cases were asked for.
    pub cases: usize,
    /// The part of the run that this is.
    pub shard: Shard,
    /// How many checks ended how.
    pub total: Tally,
    /// The same by families of rules, in the order of the specification. A check counts under every family that it is evidence
    /// for. A failure counts under that of the blamed rule alone or, where that rule was not chosen, under those of the chosen
    /// rules that the check is evidence for.
    pub families: Vec<(String, Tally)>,
    /// The same by rules, of every rule that counted in the run.
    pub rules: BTreeMap<String, Tally>,
    /// How many checks it took to the first failure, which is counted too; `None` if nothing failed, and in joined results.
    pub first_failure: Option<usize>,
    /// The failures that are worth a look: every vector, and for each property one case of each rule.
    pub failures: Vec<Failure>,
    /// Which known mistakes explain the failures; `None` if nobody looked.
    pub diagnosis: Option<Diagnosis>,
    /// The failures that were known before, and what came of each.
    pub known: Vec<Known>,
    /// Why checks are inconclusive, with how many there are of each.
    pub inconclusive: BTreeMap<String, usize>,
    /// Whether the adapter itself broke in some check.
    pub adapter_broke: bool,
    /// What no report has.
    pub(crate) unreported: Unreported,
    /// The operations that a type in Rust offers, and of which it answered no call.
    pub unanswered: BTreeSet<Op>,
    /// What went wrong with the adapter though every call was answered in the end.
    pub incidents: Vec<String>,
    /// What made going on pointless.
    pub broken: Option<AdapterError>,
    /// The signal that interrupted the run, such as `SIGTERM`; [`broken`](Self::broken) says it in words.
    pub interrupted: Option<String>,
    /// Whether the run stopped at the first failure, as requested.
    pub stopped_early: bool,
    /// What the run took.
    pub times: Times,
}

/// What is known of a run where it was made, and no report has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unreported {
    /// What broke in the checks of each rule, a few of each.
    pub(crate) broke: BTreeMap<String, Vec<String>>,
    /// The checks in which the adapter broke.
    pub(crate) breaks: Breaks,
    /// The operations that were asked, and of which no call was answered.
    pub(crate) idle: BTreeSet<Op>,
    /// Checks for the diagnosis.
    pub(crate) samples: Samples,
}

/// Results that were written and read equal those that they were.
impl PartialEq for Unreported {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What a run says of an implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// Every check that could be judged passed.
    Conformant,
    /// What failed is known, and everything known still fails; the rest passed.
    KnownFailures,
    /// A check failed, or one that is known to fail no longer does.
    NotConformant,
    /// Nothing failed, but the adapter broke, the run was cut short, an operation that is offered was never answered, or nothing
    /// was judged at all. A run that a signal interrupted
    /// is never judged, whatever failed until then.
    NotJudged,
}

/// How many checks ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// As specified.
    pub passed: usize,
    /// Not as specified.
    pub failed: usize,
    /// Nothing could be said.
    pub inconclusive: usize,
    /// Not as specified, which is known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub known: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Tally {
    /// How many checks there were.
    pub fn total(&self) -> usize {
        [self.passed, self.failed, self.inconclusive, self.known].into_iter().fold(0, usize::saturating_add)
    }
}

/// What the checks that count under something say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judged {
    /// A check failed.
    Failed,
    /// What failed is known.
    Known,
    /// There was no check.
    NotAsked,
    /// Nothing could be said in any check.
    NotJudged,
    /// Checks passed, and none failed.
    Passed,
}

impl Tally {
    /// What the checks say.
    pub fn judged(&self) -> Judged {
        match self {
            Self { failed: 1.., .. } => Judged::Failed,
            Self { known: 1.., .. } => Judged::Known,
            Self { passed: 1.., .. } => Judged::Passed,
            Self { inconclusive: 1.., .. } => Judged::NotJudged,
            _ => Judged::NotAsked,
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
        self.inconclusive = self.inconclusive.saturating_add(other.inconclusive);
        self.known = self.known.saturating_add(other.known);
    }
}

impl Results {
    /// The results of a run in which nothing was asked yet.
    pub fn new(implementation: Capabilities, options: &Options) -> Self {
        let counted = rules::all().iter().filter(|rule| options.rules.matches(&rule.id));
        Self {
            suite: env!("CARGO_PKG_VERSION").to_owned(),
            implementation,
            target: None,
            spec: options.spec.clone(),
            seed: options.seed,
            sizes: options.sizes,
            cases: options.cases,
            shard: options.shard,
            total: Tally::default(),
            families: rules::families().iter().map(|family| (family.id.clone(), Tally::default())).collect(),
            rules: counted.map(|rule| (rule.id.clone(), Tally::default())).collect(),
            first_failure: None,
            failures: Vec::new(),
            diagnosis: None,
            known: options.known.entries(),
            inconclusive: BTreeMap::new(),
            adapter_broke: false,
            unreported: Unreported::default(),
            unanswered: BTreeSet::new(),
            incidents: Vec::new(),
            broken: None,
            interrupted: None,
            stopped_early: false,
            times: Times::default(),
        }
    }

    /// What makes the same generated cases again, in words; empty where there were none.
    pub fn generated(&self) -> String {
        let preset = match self.sizes.preset() {
            Some(Preset::Standard) => String::new(),
            Some(preset) => format!(", preset {}", preset.name()),
            None => ", sizes of their own".to_owned(),
        };
        if self.cases > 0 { format!("{}, seed {}{preset}", self.cases, self.seed) } else { String::new() }
    }

    /// What the run says.
    pub fn outcome(&self) -> Outcome {
        let total = self.total;
        if self.interrupted.is_some() {
            Outcome::NotJudged
        } else if total.failed > 0 {
            Outcome::NotConformant
        } else if self.adapter_broke
            || self.broken.is_some()
            || !self.incidents.is_empty()
            || !self.unanswered.is_empty()
            || total.passed + total.known == 0
        {
            Outcome::NotJudged
        } else if !self.stale().is_empty() {
            Outcome::NotConformant
        } else if total.known > 0 {
            Outcome::KnownFailures
        } else {
            Outcome::Conformant
        }
    }

    /// Every rule that counted in the run, in the order of the specification, with its tally.
    pub fn by_rule(&self) -> impl Iterator<Item = (&'static Rule, Tally)> {
        rules::all().iter().filter_map(|rule| Some((rule, *self.rules.get(&rule.id)?)))
    }

    /// Counts a check that ended as specified, under the rules that it is evidence for.
    pub fn passed<R: AsRef<str>>(&mut self, rules: &[R]) {
        self.count(rules, |tally| tally.passed += 1);
    }

    /// Counts a check that broke some rules, and others of which it is known. It counts once in the total, and as known only if
    /// everything that it broke is.
    pub fn failed<R: AsRef<str>>(&mut self, rules: &[R], known: &[R]) {
        if rules.is_empty() {
            return self.count(known, |tally| tally.known += 1);
        }
        self.count(rules, |tally| tally.failed += 1);
        self.first_failure.get_or_insert(self.total.total());
        let (total, families) = (self.total, self.families.clone());
        self.count(known, |tally| tally.known += 1);
        self.total = total;
        // A family with a failure that is not known counts the check as that.
        let failed: BTreeSet<_> = rules.iter().map(|rule| rules::family_of(rule.as_ref())).collect();
        for ((family, tally), (_, before)) in self.families.iter_mut().zip(families) {
            if failed.contains(family.as_str()) {
                *tally = before;
            }
        }
    }

    /// The failures that count under a rule.
    pub fn failures_of<'r>(&'r self, rule: &'r str) -> impl Iterator<Item = &'r Failure> {
        self.failures.iter().filter(move |failure| failure.counts_under().contains(&rule))
    }

    /// Counts a check about which nothing can be said.
    pub fn inconclusive<R: AsRef<str>>(&mut self, rules: &[R], why: &Inconclusive) {
        self.count(rules, |tally| tally.inconclusive += 1);
        let reason = match why {
            Inconclusive::Broke(broke) => {
                let what = &broke.what;
                self.adapter_broke = true;
                for rule in rules {
                    let told = self.unreported.broke.entry(rule.as_ref().to_owned()).or_default();
                    if told.len() < BROKE && !told.contains(what) {
                        told.push(what.clone());
                    }
                }
                self.unreported.breaks.reason(what, &mut self.inconclusive)
            }
            Inconclusive::NotJudged(what) => what.clone(),
            Inconclusive::NotOffered(what) => format!("not offered: {what}"),
        };
        let is_told = self.inconclusive.len() < REASONS || self.inconclusive.contains_key(&reason);
        let reason = if is_told { reason } else { OTHER_REASONS.to_owned() };
        *self.inconclusive.entry(reason).or_default() += 1;
    }

    fn count<R: AsRef<str>>(&mut self, rules: &[R], add: fn(&mut Tally)) {
        add(&mut self.total);
        let concerned: BTreeSet<_> = rules.iter().map(|rule| rules::family_of(rule.as_ref())).collect();
        for (family, tally) in &mut self.families {
            if concerned.contains(family.as_str()) {
                add(tally);
            }
        }
        for rule in rules {
            if let Some(tally) = self.rules.get_mut(rule.as_ref()) {
                add(tally);
            }
        }
    }
}

impl Results {
    /// The known failures that now pass. Empty if the run cannot tell, since it is one shard of several or ended early.
    pub fn stale(&self) -> Vec<Stale<'_>> {
        if !self.shard.is_whole() || self.stopped_early || self.broken.is_some() {
            return Vec::new();
        }
        let strict = self.known.iter().filter(|known| !known.sometimes);
        strict.flat_map(|known| self.stale_in(known)).collect()
    }

    fn stale_in<'r>(&'r self, known: &'r Known) -> Vec<Stale<'r>> {
        if known.cases.is_empty() {
            let is_stale = known.failures == 0 && !known.left_out && self.all_rules_passed(known);
            return is_stale.then_some(Stale { known, case: None }).into_iter().collect();
        }
        let cases = known.cases.iter().filter(|case| case.judged && case.failures == 0 && !case.left_out);
        cases.map(|case| Stale { known, case: Some(&case.name) }).collect()
    }

    /// Whether every rule that an entry is about was asked, and checks of it passed.
    fn all_rules_passed(&self, known: &Known) -> bool {
        let Some(Ok(pattern)) = known.rules.as_deref().map(Pattern::parse) else { return false };
        let meant = || rules::all().iter().filter(|rule| pattern.matches(&rule.id));
        meant().all(|rule| self.rules.contains_key(&rule.id))
            && meant().any(|rule| self.rules.get(&rule.id).is_some_and(|tally| tally.passed > 0))
    }
}
