//! The fault bank against the suite: every fault is caught, by a rule that it breaks, and what is right is not blamed.

use sessionproof::{
    adapter::{
        Implementation,
        subprocess::{Options, Subprocess},
    },
    faults::{
        self, Fault,
        matrix::{self, Found},
        traceability,
    },
    suite::{
        coverage, rules,
        vectors::{self, Ready},
    },
};
use std::{collections::BTreeSet, env, fs, path::Path};

/// Few, since tests are built without optimisation.
const CASES: usize = 200;

/// One test, so that the matrix is made once.
#[test]
fn the_suite_finds_every_fault_and_needs_every_rule_for_it() {
    let (faults, vectors) = (faults::all().collect::<Vec<_>>(), vectors::embedded().unwrap());
    let found = matrix::run(&faults, &vectors, CASES, 0);
    let fault_of = |rule: &str| traceability::cell(rule, &faults, &found);
    let pages =
        [("faults.md", matrix::page(&faults, &found, CASES)), ("coverage.md", coverage::matrix(&vectors, &fault_of))];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec");
    if env::var_os("UPDATE_FAULTS").is_some() {
        pages.iter().for_each(|(name, page)| fs::write(folder.join(name), page).unwrap());
    }
    every_fault_is_caught_by_a_rule_that_it_breaks(&faults, &found);
    every_rule_catches_a_fault_alone_or_has_a_reason(&faults, &found);
    what_only_a_rule_catches_survives_without_it(&faults, &found, &vectors);
    for (name, page) in pages {
        let kept = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(
            kept == page,
            "spec/{name} is not up to date: run UPDATE_FAULTS=1 cargo test --test integration fault_bank"
        );
    }
}

fn every_fault_is_caught_by_a_rule_that_it_breaks(faults: &[&Fault], found: &[Found]) {
    let mut wrong = faults.iter().zip(found).filter(|(fault, found)| found.caught_by(fault).is_none()).peekable();
    assert!(wrong.peek().is_none(), "{:#?}", wrong.map(|(fault, found)| (fault.name, found)).collect::<Vec<_>>());
}

fn every_rule_catches_a_fault_alone_or_has_a_reason(faults: &[&Fault], found: &[Found]) {
    let mut wrong = Vec::new();
    for rule in rules::all() {
        let survivor = traceability::only_caught_by(&rule.id, faults, found).map(|fault| fault.name);
        match (survivor, traceability::why_without_fault(&rule.id)) {
            (None, None) => wrong.push(format!("{}: every fault is caught without it", rule.id)),
            (Some(fault), Some(_)) => wrong.push(format!("{}: {fault} needs it, so no reason is needed", rule.id)),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What the matrix tells without another run is what another run finds: for a rule of each kind of call, and one of memory.
fn what_only_a_rule_catches_survives_without_it(faults: &[&Fault], found: &[Found], vectors: &[Ready]) {
    for rule in ["KEY-2", "SIG-8", "EXP-2", "PAY-6", "SET-3", "SYS-4"] {
        let fault = traceability::only_caught_by(rule, faults, found).unwrap();
        let without = matrix::run_without(rule, fault, vectors, CASES, 0).unwrap();
        assert!(without.is_missed(), "{rule} {}: {without:?}", fault.name);
        let with_others = matrix::run_without("UA-1", fault, vectors, CASES, 0).unwrap();
        assert!(!with_others.is_missed(), "{rule} {}", fault.name);
    }
}

#[test]
fn the_model_is_blamed_for_nothing() {
    assert_eq!(matrix::blame_on_the_model(&vectors::embedded().unwrap(), CASES, 0), BTreeSet::new());
}

#[test]
fn there_are_many_faults_with_names_of_their_own() {
    let names: BTreeSet<_> = faults::all().map(|fault| fault.name).collect();
    assert_eq!(names.len(), faults::all().count());
    assert!(names.len() >= 120, "{}", names.len());
}

#[test]
fn the_rules_of_a_fault_exist() {
    for fault in faults::all() {
        assert!(!fault.rules.is_empty(), "{}", fault.name);
        for rule in fault.rules {
            assert!(rules::find(rule).is_some(), "{}: there is no rule {rule}", fault.name);
        }
    }
}

#[test]
fn a_faulty_program_is_judged_as_in_process() {
    let fault = faults::find("age-equal-refused").unwrap();
    let command = [env!("CARGO_BIN_EXE_sessionproof"), "faulty", fault.name].map(str::to_owned);
    let program = Subprocess::start(&command, Options::default()).unwrap();
    let vectors = vectors::embedded().unwrap();
    let judged = |implementation: &dyn Implementation| {
        let results = sessionproof::suite::run::replay(implementation, &vectors, &mut |_| {});
        results.failures.into_iter().map(|failure| (failure.rule, failure.vector.id)).collect::<Vec<_>>()
    };
    let (outside, inside) = (judged(&program), judged(fault.make().as_ref()));
    assert_eq!(outside, inside);
    assert!(!outside.is_empty());
}
