//! A failed check: the rule that is blamed, what differs, and the check as a vector of its own.

use crate::{
    case::scenario::Scenario,
    evidence::vectors::{Vector, from_scenario},
    protocol::{Answer, Call},
    rules,
    suite::{
        judging::{compare::Difference, divergence::Divergence},
        properties::{ONE_CHARACTER_EDITS, PROPERTIES},
    },
};
use serde::{Deserialize, Serialize};

/// A failed check.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The rule that is blamed.
    pub rule: String,
    /// The chosen rules that the check is evidence for, where the rule that is blamed was not chosen: the failure counts under
    /// them. Empty everywhere else.
    pub cited: Vec<String>,
    /// Whether an earlier call changed the answer.
    pub earlier: EarlierCall,
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

/// Whether an earlier call changed the answer that failed a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EarlierCall {
    /// It did, and the calls that it takes are part of what was asked.
    Asked,
    /// It did not, or there is no way to tell.
    #[default]
    None,
    /// It did: asked alone, the implementation answers as expected. The calls that it takes were not found.
    Unknown,
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

impl Failure {
    /// A failure of `scenario`.
    pub fn new(origin: Origin, rules: &[String], scenario: &Scenario, mut divergence: Divergence) -> Self {
        let rule = match &origin {
            // It had passed: the answer depends on what was asked before.
            Origin::Vector { again: true, .. } => {
                divergence.also.clear();
                of_memory(&divergence).to_owned()
            }
            _ => rule_of(rules, &divergence.difference).to_owned(),
        };
        // The rule is found: the other suspects are no part of the results.
        for difference in std::iter::once(&mut divergence.difference).chain(&mut divergence.also) {
            difference.suspects = difference.rule().into();
        }
        let (id, comment, rules) = match &origin {
            Origin::Property(sentence) => {
                let id = format!("{}-{}", rule.to_ascii_lowercase(), words(sentence));
                (id, format!("{sentence}: {}", divergence.difference.what), vec![rule.clone()])
            }
            Origin::Vector { id, comment, .. } => (id.clone(), comment.clone(), rules.to_vec()),
        };
        let scenario = up_to(scenario, divergence.before.len() + 1);
        let vector = from_scenario(id, rules, comment, &scenario, &expected(&divergence));
        let (cited, earlier, replay) = (Vec::new(), EarlierCall::None, None);
        Self { rule, cited, earlier, origin, divergence, scenario, vector, replay }
    }

    /// The rules that the failure counts under.
    pub fn counts_under(&self) -> Vec<&str> {
        if self.cited.is_empty() { self.rules() } else { self.cited.iter().map(String::as_str).collect() }
    }
}

/// Names what differs by the rules that a check is about, each rule once.
pub(in crate::suite) fn named(mut divergence: Divergence, rules: &[String]) -> Divergence {
    let is_of_defaults = rules.iter().any(|rule| rule == DEFAULTS) && is_of_defaults(&divergence);
    for difference in std::iter::once(&mut divergence.difference).chain(&mut divergence.also) {
        let rule = if is_of_defaults { DEFAULTS } else { rule_of(rules, difference) };
        if let Some(rule) = rules::find(rule) {
            difference.suspects = rule.id.as_str().into();
        }
    }
    let mut seen = vec![divergence.difference.rule()];
    divergence.also.retain(|difference| {
        let is_new = !seen.contains(&difference.rule());
        seen.push(difference.rule());
        is_new
    });
    divergence
}

/// Nothing but the value, the clock and the configuration decides whether a cookie opens.
pub(in crate::suite) const NO_MEMORY: &str = "SYS-4";

/// The rule that a call breaks which was answered rightly before: what opens must not depend on earlier calls. What is signed has
/// rules of its own.
pub(in crate::suite) fn of_memory(divergence: &Divergence) -> &'static str {
    match &divergence.call {
        Call::Sign(_) | Call::Story(_) => divergence.difference.rule(),
        Call::Exchange(_) | Call::Verify(_) => NO_MEMORY,
    }
}

/// The rule of defaults.
pub(in crate::suite) const DEFAULTS: &str = "CFG-1";

/// Whether a call failed that leaves members of the configuration to their defaults, after one that named them all was answered
/// rightly: that is not by chance in the checks that are about defaults.
fn is_of_defaults(divergence: &Divergence) -> bool {
    let (call, before) = (&divergence.call, divergence.before.last());
    !call.config().names_all() && before.is_some_and(|(before, _)| before.config().names_all())
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
pub(super) fn words(sentence: &str) -> String {
    let words = sentence.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.take(6).collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// The scenario without what comes behind so many calls.
pub(in crate::suite) fn up_to(scenario: &Scenario, calls: usize) -> Scenario {
    match scenario {
        Scenario::Calls(all) => Scenario::Calls(all.iter().take(calls).cloned().collect()),
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

impl Failure {
    /// Every rule that the check broke, the foremost first.
    pub fn rules(&self) -> Vec<&str> {
        let mut rules = vec![self.rule.as_str()];
        for rule in self.divergence.also.iter().map(Difference::rule) {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        rules
    }

    /// The vector or property that found it.
    pub(crate) fn name(&self) -> &str {
        match &self.origin {
            Origin::Property(sentence) => sentence,
            Origin::Vector { id, .. } => id,
        }
    }
}
