//! The predicates against the vectors, and against implementations that are wrong in one thing.

use super::*;
use crate::{
    adapter::Implementation,
    protocol::{Answer, Call, Choices, Reply},
    suite::{
        rules,
        vectors::{self, Ready},
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// The families that the predicates are about.
const FAMILIES: [&str; 11] = ["KEY", "SIG", "PAY", "EXP", "PERM", "REN", "MOD", "SET", "DEL", "VARY", "HDR"];

/// Every call of a vector with what Flask answered.
fn calls(ready: &Ready) -> Vec<(Call, Answer)> {
    let mut answered = Vec::new();
    for recorded in &ready.recorded {
        let Some(call) = ready.scenario.next(&answered) else { break };
        answered.push((call, recorded.answer.clone()));
    }
    answered
}

/// What each predicate says of a call, as far as it says anything.
fn verdicts(call: &Call, answer: &Answer) -> Vec<(&'static str, bool)> {
    let choices = Choices::default();
    let observed = Observed::new(call, answer, &choices).unwrap();
    ALL.iter().filter_map(|(rule, predicate)| Some((*rule, predicate(&observed)?))).collect()
}

#[test]
fn every_rule_of_the_servers_families_has_its_predicate_in_the_order_of_the_text() {
    let expected = rules::all().iter().map(|rule| rule.id.as_str());
    let expected: Vec<_> = expected.filter(|id| FAMILIES.contains(&rules::family_of(id))).collect();
    assert_eq!(ALL.map(|(rule, _)| rule).to_vec(), expected);
}

#[test]
fn no_predicate_is_broken_by_a_vector_and_each_is_held_by_one() {
    let mut held: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let (mut evaluations, mut broken) = (0, Vec::new());
    let vectors = vectors::embedded().unwrap();
    for ready in &vectors {
        for (call, answer) in calls(ready) {
            for (rule, holds) in verdicts(&call, &answer) {
                evaluations += 1;
                if holds {
                    held.entry(rule).or_default().insert(&ready.vector.id);
                } else {
                    broken.push(format!("{rule} {} {call:?} {answer:?}", ready.vector.id));
                }
            }
        }
    }
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    broken.iter().for_each(|line| *rules.entry(line.split(' ').next().unwrap()).or_default() += 1);
    let unheld: Vec<_> = ALL.iter().filter(|(rule, _)| !held.contains_key(rule)).map(|(rule, _)| rule).collect();
    let least = held.iter().min_by_key(|(_, vectors)| vectors.len()).map(|(rule, vectors)| (*rule, vectors.len()));
    println!("{} rules, {evaluations} evaluations, {least:?}; {unheld:?}", held.len());
    for (rule, vectors) in &held {
        print!("{rule} {} ", vectors.len());
    }
    assert!(broken.is_empty(), "{rules:?}\n{}", broken.iter().take(12).cloned().collect::<Vec<_>>().join("\n\n"));
}
