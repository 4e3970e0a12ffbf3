//! The predicates on generated calls of real Flask, and on implementations that are wrong in one thing each.

use crate::common;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sessionproof::{
    adapter::{
        Implementation,
        subprocess::{Options, Subprocess},
    },
    faults::{self, Fault},
    predicates::{self, Observed},
    protocol::{Answer, Call, Choices, Reply},
    suite::{generate::sizes::Sizes, properties::PROPERTIES, scenario::Scenario, vectors},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
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

/// The rules whose predicates a call breaks, and how many say anything.
fn broken(call: &Call, answer: &Answer, choices: &Choices) -> (Vec<&'static str>, Vec<&'static str>) {
    let Some(observed) = Observed::new(call, answer, choices) else { return (Vec::new(), Vec::new()) };
    let said = predicates::ALL.iter().filter_map(|(rule, predicate)| Some((*rule, predicate(&observed)?)));
    let (held, broken): (Vec<_>, Vec<_>) = said.partition(|(_, holds)| *holds);
    let rules = |said: Vec<(&'static str, bool)>| said.into_iter().map(|(rule, _)| rule).collect();
    (rules(broken), rules(held))
}

/// Asks an implementation that decides as Flask does, and gives how many calls there were, how many evaluations, and for how many
/// rules.
fn none_is_broken(implementation: &dyn Implementation) -> (usize, usize, usize) {
    let (mut calls, mut evaluations, mut rules) = (0, 0, BTreeSet::new());
    walk(implementation, &generated(), |_, call, answer| {
        let (broken, held) = broken(call, answer, &implementation.hello().choices);
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
    none_is_broken(&sessionproof::adapter::embedded::Model::default());
}

/// The rules whose predicates some answer of a mutant to the vectors breaks.
fn noticed(mutant: &Fault, scenarios: &[Scenario], expected: &[Vec<Answer>]) -> BTreeSet<&'static str> {
    let implementation = mutant.make();
    let (mut rules, mut steps) = (BTreeSet::new(), vec![0; scenarios.len()]);
    walk(implementation.as_ref(), scenarios, |at, call, answer| {
        // What Flask answered breaks none.
        if expected[at].get(steps[at]) != Some(answer) {
            rules.extend(broken(call, answer, &Choices::default()).0);
        }
        steps[at] += 1;
    });
    rules
}

/// Each mutant is the model with one mistake, and names the rules that it breaks.
#[test]
fn every_predicate_is_broken_by_a_mutant_of_its_rule() {
    let vectors = vectors::embedded().unwrap();
    let scenarios: Vec<_> = vectors.iter().map(|ready| ready.scenario.clone()).collect();
    let answers = |ready: &vectors::Ready| ready.recorded.iter().map(|recorded| recorded.answer.clone()).collect();
    let expected: Vec<Vec<Answer>> = vectors.iter().map(answers).collect();
    let mutants: Vec<&Fault> = faults::all().collect();
    let found = Mutex::new(BTreeMap::new());
    let half = mutants.len().div_ceil(2);
    thread::scope(|scope| {
        for some in mutants.chunks(half) {
            let (scenarios, expected, found) = (&scenarios, &expected, &found);
            scope.spawn(move || {
                for mutant in some {
                    let rules = noticed(mutant, scenarios, expected);
                    found.lock().unwrap().insert(mutant.name, rules);
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    let cited = |mutant: &&&Fault, rule: &str| mutant.rules.contains(&rule) && found[mutant.name].contains(rule);
    let count = |rule: &str| mutants.iter().filter(|mutant| cited(mutant, rule)).count();
    let counts: Vec<_> = predicates::ALL.iter().map(|(rule, _)| (*rule, count(rule))).collect();
    let unnoticed: Vec<_> = mutants.iter().filter(|mutant| found[mutant.name].is_empty()).map(|m| m.name).collect();
    let told: Vec<_> = counts.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
    assert_eq!(told.join(", "), "", "{unnoticed:?}");
}
