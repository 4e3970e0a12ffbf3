//! The results of a run: one value, from which every report is made.

mod broken;

pub use broken::BrokenCheck;

use super::known::{Known, Stale};
use crate::{
    adapter::AdapterError,
    protocol::{Answer, Call, Capabilities, Op},
};
use crate::{
    case::scenario::Scenario,
    evidence::vectors::{Vector, from_scenario},
    rules::{self, Pattern, Rule},
    suite::{
        generate::sizes::{Preset, Sizes},
        judging::{compare::Difference, divergence::Divergence, judge::Inconclusive},
        properties::{ONE_CHARACTER_EDITS, PROPERTIES},
        running::{options::Options, shard::Shard, times::Times},
    },
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::AddAssign,
};

/// How many different reasons for being inconclusive are counted.
const REASONS: usize = 500;
/// How many ways to break are told of a rule.
const BROKE: usize = 3;
const OTHER_REASONS: &str = "another reason, beyond the first 500";

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
    /// for, and a failure under that of the broken rule alone.
    pub families: Vec<(String, Tally)>,
    /// The same by rules, of every rule that counted in the run.
    pub rules: BTreeMap<String, Tally>,
    /// How many checks it took to the first failure, which is counted too; `None` if nothing failed, and in joined results.
    pub first_failure: Option<usize>,
    /// The failures that are worth a look: every vector, and for each property one case of each rule.
    pub failures: Vec<Failure>,
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
    /// What the adapter said when it broke, by the same without numbers.
    said: BTreeMap<String, broken::Said>,
    /// The first checks in which it broke.
    pub(crate) first_broke: Vec<BrokenCheck>,
    /// The operations that were asked, and of which no call was answered.
    pub(crate) idle: BTreeSet<Op>,
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

/// A failed check.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The rule that is broken.
    pub rule: String,
    /// Where the check comes from.
    pub origin: Origin,
    /// The first answer that is not the expected one.
    pub divergence: Divergence,
    /// What was asked, up to that answer.
    pub scenario: Scenario,
    /// The check as a vector of its own, to be saved and replayed.
    pub vector: Vector,
    /// The command line that asks it again, if the vector was saved.
    pub replay: Option<String>,
}

/// Where a check comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A property's sentence.
    Property(&'static str),
    /// A vector: its id, its comment, and whether it was asked a second time, in another order.
    Vector {
        /// The id.
        id: String,
        /// Why it exists.
        comment: String,
        /// Whether it had passed before.
        again: bool,
    },
}

impl Origin {
    /// A property of this suite, by its sentence.
    pub fn property(sentence: &str) -> Option<Self> {
        let mut known = PROPERTIES.iter().map(|property| property.name).chain([ONE_CHARACTER_EDITS]);
        known.find(|known| *known == sentence).map(Self::Property)
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

    /// Counts a check that broke a rule.
    pub fn failed(&mut self, rule: &str) {
        self.count(&[rule], |tally| tally.failed += 1);
        self.first_failure.get_or_insert(self.total.total());
    }

    /// Counts a check that broke a rule, which is known.
    pub fn failed_as_known(&mut self, rule: &str) {
        self.count(&[rule], |tally| tally.known += 1);
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
                self.reason_of_break(what)
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

impl Failure {
    /// A failure of `scenario`.
    pub fn new(origin: Origin, rules: &[String], scenario: &Scenario, mut divergence: Divergence) -> Self {
        let rule = match &origin {
            // It had passed: the answer depends on what was asked before.
            Origin::Vector { again: true, .. } => "SYS-4".to_owned(),
            _ => rule_of(rules, &divergence.difference).to_owned(),
        };
        // The rule is found: the other suspects are no part of the results.
        divergence.difference.suspects = divergence.difference.rule().into();
        let (id, comment, rules) = match &origin {
            Origin::Property(sentence) => {
                let id = format!("{}-{}", rule.to_ascii_lowercase(), words(sentence));
                (id, format!("{sentence}: {}", divergence.difference.what), vec![rule.clone()])
            }
            Origin::Vector { id, comment, .. } => (id.clone(), comment.clone(), rules.to_vec()),
        };
        let scenario = up_to(scenario, divergence.before.len() + 1);
        let vector = from_scenario(id, rules, comment, &scenario, &expected(&divergence));
        Self { rule, origin, divergence, scenario, vector, replay: None }
    }
}

/// The rule that a failed check breaks: the likeliest, but where the check is about others that may be broken by the same
/// difference, the foremost of them.
pub fn rule_of<'r>(rules: &'r [String], difference: &Difference) -> &'r str {
    let likeliest = difference.rule();
    if rules.iter().any(|rule| rule == likeliest) {
        return likeliest;
    }
    rules.iter().find(|rule| difference.may_break(rule)).map_or(likeliest, String::as_str)
}

/// The first words of a sentence, as part of an id.
fn words(sentence: &str) -> String {
    let words = sentence.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.take(6).collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// The scenario without what comes behind so many calls.
fn up_to(scenario: &Scenario, calls: usize) -> Scenario {
    match scenario {
        Scenario::Sequence(sequence) => {
            let mut sequence = sequence.clone();
            sequence.steps.truncate(calls);
            Scenario::Sequence(sequence)
        }
        Scenario::World(story) => Scenario::World(story.up_to(calls)),
        other => other.clone(),
    }
}

fn expected(divergence: &Divergence) -> Vec<(Call, Answer)> {
    let mut expected = divergence.before.clone();
    expected.push((divergence.call.clone(), divergence.expected.clone()));
    expected
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

impl Failure {
    /// The vector or property that found it.
    pub(crate) fn name(&self) -> &str {
        match &self.origin {
            Origin::Property(sentence) => sentence,
            Origin::Vector { id, .. } => id,
        }
    }
}
