//! The fault bank against the suite: every fault is caught, by a rule that it breaks, and what is right is not blamed.

use sessionproof::{
    adapter::{
        Implementation,
        subprocess::{Options, Subprocess},
    },
    faults::{
        self, Fault,
        matrix::{self, Found},
    },
    suite::{rules, vectors},
};
use std::{collections::BTreeSet, env, fs, path::Path};

/// Few, since tests are built without optimisation.
const CASES: usize = 200;

#[test]
fn every_fault_is_caught_by_a_rule_that_it_breaks_and_the_page_says_so() {
    let all: Vec<&Fault> = faults::all().collect();
    let found = matrix::run(&all, &vectors::embedded().unwrap(), CASES, 0);
    let wrong: Vec<_> = all
        .iter()
        .zip(&found)
        .filter(|(_, found)| !matches!(found, Found::Caught { .. }))
        .map(|(f, r)| (f.name, r))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");

    let page = matrix::page(&all, &found, CASES);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec").join("faults.md");
    if env::var_os("UPDATE_FAULTS").is_some() {
        fs::write(&file, &page).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == page, "spec/faults.md is not up to date: run UPDATE_FAULTS=1 cargo test --test fault_bank");
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
