//! Checks in which the adapter broke: the first are kept with everything, and all are counted under what it said.

use super::{OTHER_REASONS, Origin, REASONS, Results, up_to, words};
use crate::{
    case::scenario::Scenario,
    evidence::vectors::{Vector, from_scenario},
    protocol::Call,
    suite::judging::judge::Broke,
};

/// How many checks in which the adapter broke are told with everything, in all and of those that differ in numbers alone.
const TOLD: usize = 6;
const TOLD_ALIKE: usize = 2;

/// A check in which the adapter broke.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokenCheck {
    /// Where the check comes from.
    pub origin: Origin,
    /// What the adapter said.
    pub what: String,
    /// The call at which it broke.
    pub call: Call,
    /// The check as a vector of its own, to be saved and replayed.
    pub vector: Vector,
}

impl BrokenCheck {
    /// A check of `scenario`, the one of this number in which the adapter broke.
    pub fn new(origin: Origin, rules: &[String], scenario: &Scenario, broke: Broke, number: usize) -> Self {
        let (id, comment) = match &origin {
            Origin::Property(sentence) => (format!("broke-{number}-{}", words(sentence)), (*sentence).to_owned()),
            Origin::Vector { id, comment, .. } => (id.clone(), comment.clone()),
        };
        let Broke { what, before: mut calls, call, expected } = broke;
        let scenario = up_to(scenario, calls.len() + 1);
        calls.push((call.clone(), expected));
        let vector = from_scenario(id, rules.to_vec(), comment, &scenario, &calls);
        Self { origin, what, call, vector }
    }
}

/// What an adapter said when it broke.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// The first such text.
    first: String,
    /// Whether others differ from it in numbers.
    others: bool,
    /// How many checks were told with everything.
    told: usize,
}

impl Said {
    /// The reason under which the checks are counted.
    fn reason(&self) -> String {
        let others = if self.others { " (and others that differ in numbers alone)" } else { "" };
        format!("the adapter broke: {}{others}", self.first)
    }
}

impl Results {
    /// The reason under which a break is counted. Those that differ in numbers alone are counted together, under the first.
    pub(super) fn reason_of_break(&mut self, what: &str) -> String {
        let key = without_numbers(what);
        if self.inconclusive.len() >= REASONS && !self.unreported.said.contains_key(&key) {
            return OTHER_REASONS.to_owned();
        }
        let said = self.unreported.said.entry(key).or_default();
        if said.first.is_empty() {
            what.clone_into(&mut said.first);
        }
        if said.first != what && !said.others {
            let counted = self.inconclusive.remove(&said.reason());
            said.others = true;
            self.inconclusive.extend(counted.map(|count| (said.reason(), count)));
        }
        said.reason()
    }

    /// Keeps a check in which the adapter broke, if it is one of the first. Then it is to be told with everything.
    pub(in crate::suite) fn tell_break(
        &mut self,
        broke: &Broke,
        check: impl FnOnce(usize) -> Option<BrokenCheck>,
    ) -> Option<&BrokenCheck> {
        let number = self.unreported.first_broke.len();
        let said = self.unreported.said.get_mut(&without_numbers(&broke.what))?;
        if number >= TOLD || said.told >= TOLD_ALIKE {
            return None;
        }
        said.told += 1;
        self.unreported.first_broke.push(check(number + 1)?);
        self.unreported.first_broke.last()
    }
}

/// A message with `#` for each number, so that messages that differ in nothing else are counted together.
fn without_numbers(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    for c in message.chars() {
        match c {
            '0'..='9' if text.ends_with('#') => {}
            '0'..='9' => text.push('#'),
            _ => text.push(c),
        }
    }
    text
}
