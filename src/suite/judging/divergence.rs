//! Where an implementation first differs from the specification, and in what.

use super::compare::Difference;
use crate::protocol::{Answer, Call};

/// The first answer that is not the expected one.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// What differs foremost.
    pub difference: Difference,
    /// What differs as well, each under a rule of its own.
    pub also: Vec<Difference>,
    /// The calls before and their answers, which were as expected.
    pub before: Vec<(Call, Answer)>,
    /// The call that was answered otherwise.
    pub call: Call,
    /// What it should have been.
    pub expected: Answer,
    /// What it was.
    pub got: Answer,
}

impl Divergence {
    /// Everything that differs, the foremost first.
    pub fn differences(&self) -> impl Iterator<Item = &Difference> {
        std::iter::once(&self.difference).chain(&self.also)
    }

    /// The likeliest rule of everything that differs, the foremost first.
    pub fn rules(&self) -> impl Iterator<Item = &'static str> {
        self.differences().map(Difference::rule)
    }

    /// Drops what differs under other rules; `None` if nothing is left.
    pub(in crate::suite) fn only(mut self, mut is_meant: impl FnMut(&str) -> bool) -> Option<Self> {
        let also = std::mem::take(&mut self.also);
        let mut left = std::iter::once(self.difference).chain(also).filter(|difference| is_meant(difference.rule()));
        let difference = left.next()?;
        let also = left.collect();
        Some(Self { difference, also, ..self })
    }

    /// Puts what differs under a rule before everything else.
    pub(in crate::suite) fn lead_with(&mut self, rule: &str) {
        if let Some(at) = self.also.iter().position(|difference| difference.rule() == rule)
            && self.difference.rule() != rule
        {
            let foremost = self.also.remove(at);
            self.also.insert(0, std::mem::replace(&mut self.difference, foremost));
        }
    }
}
