//! The predicates on generated calls of real Flask, and on implementations that are wrong in one thing each.

use crate::common;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use sessionproof::{
    adapter::{
        Implementation,
        subprocess::{Options, Subprocess},
    },
    case::scenario::Scenario,
    evidence::vectors::{self, LoadedVector},
    mutants::{self, Mutant},
    predicates::{self, Observed},
    protocol::{Answer, Call, Choices, Reply},
    suite::{generate::sizes::Sizes, properties::PROPERTIES},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

/// How many cases each property gets for each of its shares.
const CASES: usize = 16;

/// Every generated case of one run.
fn generated() -> Vec<Scenario> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut scenarios = Vec::new();
    for property in PROPERTIES {
        let cases = property.strategy(None, &Sizes::QUICK, &mut runner);
        let drawn = (0..property.share * CASES).filter_map(|_| Some(cases.new_tree(&mut runner).ok()?.current()));
        scenarios.extend(drawn);
    }
    scenarios
}

/// Walks scenarios side by side, and shows every call with its answer.
fn walk(implementation: &dyn Implementation, scenarios: &[Scenario], mut see: impl FnMut(usize, &Call, &Answer)) {
    let mut walks: Vec<Vec<(Call, Answer)>> = vec![Vec::new(); scenarios.len()];
    let mut going: Vec<usize> = (0..scenarios.len()).collect();
    while !going.is_empty() {
        let next = going.iter().filter_map(|at| Some((*at, scenarios[*at].next(&walks[*at])?)));
        let (places, calls): (Vec<usize>, Vec<Call>) = next.unzip();
        let replies = implementation.answer(&calls).unwrap();
        going.clear();
        for ((at, call), reply) in places.into_iter().zip(calls).zip(replies) {
            if let Reply::Ok(answer) = reply {
                see(at, &call, &answer);
                walks[at].push((call, answer));
                going.push(at);
            }
        }
    }
}

/// The rules whose predicates a call breaks, and those whose predicates hold.
fn said(call: &Call, answer: &Answer, choices: &Choices) -> (Vec<&'static str>, Vec<&'static str>) {
    let Some(observed) = Observed::new(call, answer, choices) else { return (Vec::new(), Vec::new()) };
    let verdicts = predicates::ALL.iter().filter_map(|(rule, predicate)| Some((*rule, predicate(&observed)?)));
    let (held, broken): (Vec<_>, Vec<_>) = verdicts.partition(|(_, holds)| *holds);
    let rules = |verdicts: Vec<(&'static str, bool)>| verdicts.into_iter().map(|(rule, _)| rule).collect();
    (rules(broken), rules(held))
}

/// Asks an implementation that decides as Flask does, and gives how many calls there were, how many evaluations, and for how many
/// rules.
fn none_is_broken(implementation: &dyn Implementation) -> (usize, usize, usize) {
    let (mut calls, mut evaluations, mut rules) = (0, 0, BTreeSet::new());
    walk(implementation, &generated(), |_, call, answer| {
        let (broken, held) = said(call, answer, &implementation.capabilities().choices);
        assert!(broken.is_empty(), "{broken:?} {call:?} {answer:?}");
        calls += 1;
        evaluations += held.len();
        rules.extend(held);
    });
    (calls, evaluations, rules.len())
}

#[test]
fn real_flask_breaks_no_predicate_on_generated_calls() {
    let Some(oracle) = common::oracle("real_flask_breaks_no_predicate_on_generated_calls") else { return };
    let flask = Subprocess::start(oracle.program(), Options::default()).unwrap();
    let (calls, evaluations, rules) = none_is_broken(&flask);
    assert!(
        calls > 1_500 && evaluations > 20_000 && rules > 85,
        "{calls} calls, {evaluations} evaluations, {rules} rules"
    );
}

#[test]
fn the_model_breaks_no_predicate_on_generated_calls() {
    none_is_broken(&sessionproof::adapter::in_process::Model::default());
}

/// The rules whose predicates some answer of a mutant breaks, of its answers to the vectors of the rules that it breaks.
fn noticed(mutant: &Mutant, vectors: &[LoadedVector]) -> BTreeSet<&'static str> {
    let is_about = |ready: &&LoadedVector| ready.vector.rules.iter().any(|rule| mutant.rules.contains(&rule.as_str()));
    let asked: Vec<&LoadedVector> = vectors.iter().filter(is_about).collect();
    let scenarios: Vec<_> = asked.iter().map(|ready| ready.scenario.clone()).collect();
    let (mut rules, mut steps) = (BTreeSet::new(), vec![0; asked.len()]);
    walk(mutant.make().as_ref(), &scenarios, |at, call, answer| {
        // What Flask answered breaks none.
        if asked[at].recorded.get(steps[at]).map(|recorded| &recorded.answer) != Some(answer) {
            rules.extend(said(call, answer, &Choices::default()).0);
        }
        steps[at] += 1;
    });
    rules
}

/// Each mutant is the model with one mistake, and names the rules that it breaks.
#[test]
fn every_predicate_is_broken_by_a_mutant_of_its_rule() {
    let vectors = vectors::embedded().unwrap();
    let mutants: Vec<&Mutant> = mutants::of_cookies().collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some(mutant) = mutants.get(next.fetch_add(1, Relaxed)) {
            let rules = noticed(mutant, &vectors);
            found.lock().unwrap().insert(mutant.name, rules);
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let found = found.into_inner().unwrap();
    let is_noticed = |mutant: &&&Mutant, rule: &str| mutant.rules.contains(&rule) && found[mutant.name].contains(rule);
    let count = |rule: &str| mutants.iter().filter(|mutant| is_noticed(mutant, rule)).count();
    let counts: Vec<_> = predicates::ALL.iter().map(|(rule, _)| (*rule, count(rule))).collect();
    let with = |count: usize| counts.iter().filter(|(_, c)| *c == count).map(|(rule, _)| *rule).collect::<Vec<_>>();
    let total: usize = counts.iter().map(|(_, count)| count).sum();
    let unnoticed: Vec<_> = mutants.iter().filter(|mutant| found[mutant.name].is_empty()).map(|m| m.name).collect();
    assert_eq!(with(0), Vec::<&str>::new(), "no mutant of these rules breaks their predicates");
    assert_eq!(
        (counts.len(), total),
        (92, 470),
        "rules, and mutants that break the predicate of a rule that they name"
    );
    let only_one = ["KEY-4", "PAY-15", "PERM-2", "REN-6", "MOD-1", "MOD-4", "MOD-5", "SET-8", "SET-9", "VARY-4"];
    assert_eq!(with(1), only_one, "rules with only one such mutant");
    let silent = [
        "signer-leaves-the-timestamp-out",
        "signature-compared-without-case",
        "nulls-not-read",
        "lifetime-in-days",
        "signer-turned-by-fallback-keys",
        "replays-refused",
    ];
    assert_eq!(unnoticed, silent, "mutants that break no predicate on the vectors of their rules");
}
