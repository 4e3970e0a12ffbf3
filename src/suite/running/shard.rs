//! One of the equal parts of a run that is split over several machines.
//!
//! Every vector and every generated case has a number that depends only on the run; a shard has every N-th of them. Together the
//! shards ask exactly what the whole run asks.

use serde::{Deserialize, Serialize};
use std::{fmt, iter::StepBy, ops::Range};

/// The most shards that a run can be split into.
const MOST: usize = 10_000;

/// Which part of a run. The default is the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Wire")]
pub struct Shard {
    number: usize,
    of: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    number: usize,
    of: usize,
}

impl TryFrom<Wire> for Shard {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Self, String> {
        Self::new(wire.number, wire.of).ok_or_else(|| format!("there is no shard {} of {}", wire.number, wire.of))
    }
}

impl Default for Shard {
    fn default() -> Self {
        Self { number: 1, of: 1 }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl Shard {
    /// The shard of a number, counted from 1; `None` if there is no such shard.
    pub fn new(number: usize, of: usize) -> Option<Self> {
        (1..=of).contains(&number).then_some(Self { number, of }).filter(|_| of <= MOST)
    }

    /// The shard of a text like `2/8`.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, and what it should be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        numbers.and_then(|(number, of)| Self::new(number, of)).ok_or_else(|| {
            format!(
                "{text:?} is not a shard; write K/N with K from 1 to N, and N at most {MOST}, as in 1/4, 2/4, 3/4 and 4/4"
            )
        })
    }

    /// Its number, counted from 1.
    pub fn number(self) -> usize {
        self.number
    }

    /// How many shards there are.
    pub fn of(self) -> usize {
        self.of
    }

    /// Whether it is the whole run.
    pub fn is_whole(self) -> bool {
        self.of == 1
    }

    /// Which of `count` numbers, counted from 0, belong to it.
    pub(in crate::suite) fn numbers(self, count: usize) -> StepBy<Range<usize>> {
        (self.number - 1..count).step_by(self.of)
    }

    /// Whether something of this number, counted from 0, belongs to it.
    pub fn holds(self, number: usize) -> bool {
        number % self.of == self.number - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_belongs_to_exactly_one_shard() {
        for of in 1..9 {
            for number in 0..100 {
                let holders = (1..=of).filter(|k| Shard::new(*k, of).unwrap().holds(number));
                assert_eq!(holders.count(), 1, "{number} of {of}");
            }
            for shard in (1..=of).map(|k| Shard::new(k, of).unwrap()) {
                assert!(shard.numbers(100).eq((0..100).filter(|number| shard.holds(*number))), "{shard}");
            }
        }
    }

    #[test]
    fn what_is_no_shard_is_refused_with_an_example() {
        assert_eq!(Shard::parse("2/8").unwrap().to_string(), "2/8");
        for text in ["0/2", "3/2", "1/0", "1", "1/", "/2", "a/b", "-1/2", "1/10001", "1/2/3", "99999999999999999999/2"]
        {
            assert!(Shard::parse(text).unwrap_err().contains("as in 1/4"), "{text}");
        }
    }
}
