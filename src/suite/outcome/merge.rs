//! Joins the results of all shards of a run into those of the whole run.
//!
//! Only the shards of one run are joined: the same suite, implementation, specification, rules, seed and number of cases, each
//! shard once.

use super::{
    known::Known,
    results::{Failure, Origin, Results},
};
use crate::foreign;
use crate::json::json;
use crate::suite::running::shard::Shard;
use std::collections::{BTreeMap, BTreeSet};

/// Why results cannot be joined.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// They are not of one run.
    #[error(
        "{} and {} are not of one run: {what} is {} in the first and {} in the second\n\
         the shards of one run may differ only in --shard",
        foreign::line(first),
        foreign::line(second),
        foreign::line(one),
        foreign::line(other)
    )]
    Different {
        /// A file.
        first: String,
        /// Another.
        second: String,
        /// What differs.
        what: &'static str,
        /// What it is in the first.
        one: String,
        /// What it is in the second.
        other: String,
    },
    /// A shard is not there.
    #[error("shard {missing} of {of} is missing\nrun `check` with --shard {missing}/{of} too, and name its results")]
    Missing {
        /// The first that is missing.
        missing: usize,
        /// How many there should be.
        of: usize,
    },
    /// There is nothing to be joined.
    #[error("no results are named")]
    Nothing,
    /// A shard is there twice.
    #[error(
        "{} and {} are both shard {shard}\nname the results of each shard once",
        foreign::line(first),
        foreign::line(second)
    )]
    Repeated {
        /// A file.
        first: String,
        /// Another.
        second: String,
        /// Which shard.
        shard: Shard,
    },
}

/// Joins the results of every shard of a run, each with the name of its file.
pub fn merge(results: Vec<(String, Results)>) -> Result<Results, MergeError> {
    let mut shards = results.into_iter();
    let (first, mut whole) = shards.next().ok_or(MergeError::Nothing)?;
    let shard = whole.shard;
    let mut seen = BTreeMap::from([(shard, first.clone())]);
    for (name, other) in shards {
        same_run(&first, &whole, &name, &other)?;
        if let Some(earlier) = seen.insert(other.shard, name.clone()) {
            return Err(MergeError::Repeated { first: earlier, second: name, shard: other.shard });
        }
        add(&mut whole, other);
    }
    let of = shard.of();
    if let Some(missing) = (1..=of).find(|n| !seen.keys().any(|shard| shard.number() == *n)) {
        return Err(MergeError::Missing { missing, of });
    }
    if !shard.is_whole() {
        whole.shard = Shard::default();
        whole.first_failure = None;
        whole.failures = worth_a_look(whole.failures);
        // What one shard passed speaks against what another one looks like, and is not known here.
        whole.diagnosis = None;
    }
    Ok(whole)
}

fn same_run(first: &str, one: &Results, second: &str, other: &Results) -> Result<(), MergeError> {
    let traits = |results: &Results| {
        let Results { suite, implementation: hello, spec, seed, sizes, cases, shard, .. } = results;
        let rules: Vec<_> = results.rules.keys().map(String::as_str).collect();
        [
            ("the version of sessionproof", suite.clone()),
            ("the implementation", format!("{} {}", hello.name, hello.version)),
            ("what it runs on", hello.runtime.clone()),
            ("what it offers", json!([hello.ops, hello.values, hello.choices]).to_string()),
            ("the specification", spec.clone()),
            ("the seed", seed.to_string()),
            ("the sizes of generated cases", json!(sizes).to_string()),
            ("the number of generated cases", cases.to_string()),
            ("the number of shards", shard.of().to_string()),
            ("the list of rules that counted", rules.join(" ")),
            (
                "the list of known failures",
                json!(results.known.iter().map(Known::listed).collect::<Vec<_>>()).to_string(),
            ),
        ]
    };
    for ((what, one), (_, other)) in traits(one).into_iter().zip(traits(other)) {
        if one != other {
            let (first, second) = (first.to_owned(), second.to_owned());
            return Err(MergeError::Different { first, second, what, one, other });
        }
    }
    Ok(())
}

fn add(whole: &mut Results, other: Results) {
    whole.total += other.total;
    whole.target = whole.target.take().filter(|target| other.target.as_ref() == Some(target));
    for ((_, tally), (_, more)) in whole.families.iter_mut().zip(other.families) {
        *tally += more;
    }
    for (rule, more) in other.rules {
        *whole.rules.entry(rule).or_default() += more;
    }
    for (reason, count) in other.inconclusive {
        let sum = whole.inconclusive.entry(reason).or_default();
        *sum = sum.saturating_add(count);
    }
    for (known, more) in whole.known.iter_mut().zip(&other.known) {
        known.add(more);
    }
    whole.failures.extend(other.failures);
    whole.adapter_broke |= other.adapter_broke;
    whole.incidents.extend(other.incidents);
    whole.stopped_early |= other.stopped_early;
    whole.times += other.times;
    // One reason is enough for there being no verdict.
    whole.broken = whole.broken.take().or(other.broken);
    whole.interrupted = whole.interrupted.take().or(other.interrupted);
}

/// The failures in the order of a whole run; of the generated ones, one for each rule that a property found broken.
fn worth_a_look(mut failures: Vec<Failure>) -> Vec<Failure> {
    let mut seen = BTreeSet::new();
    failures.retain(|failure| match &failure.origin {
        Origin::Property(sentence) => seen.insert((*sentence, failure.rule.clone())),
        Origin::Vector { .. } => true,
    });
    failures.sort_by_key(|failure| match failure.origin {
        Origin::Property(_) => 2,
        Origin::Vector { again, .. } => u8::from(again),
    });
    failures
}
