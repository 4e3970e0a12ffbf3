//! The mutants against the suite: every mutant is caught, by a rule that it breaks, and what is right is not blamed.

use super::common;
use sessionproof::{
    adapter::{
        Implementation,
        subprocess::{Options, Subprocess},
    },
    evidence::vectors::{self, LoadedVector},
    mutants::{
        self, Mutant,
        matrix::{self, Found},
        traceability,
    },
    rules,
    suite::outcome::coverage,
};
use std::{collections::BTreeSet, env, fs, path::Path};

const CASES: usize = 200;

/// Every mutant takes some minutes, so some are tried, unless the whole is wanted.
const EACH: usize = 12;

fn tried() -> Vec<&'static Mutant> {
    mutants::all().step_by(if common::is_whole() { 1 } else { EACH }).collect()
}

#[test]
fn the_suite_finds_some_mutants_as_the_page_says() {
    let mutants = tried();
    let found = matrix::run(&mutants, &vectors::all().unwrap(), CASES, 0);
    every_mutant_is_caught_by_a_rule_that_it_breaks(&mutants, &found);
    let kept = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/evidence/mutants.md")).unwrap();
    let page = matrix::page(&mutants, &found, CASES);
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| `")).collect();
    assert!(rows.len() >= mutants.len(), "{page}");
    let new: Vec<_> = rows.into_iter().filter(|row| !kept.lines().any(|line| line == *row)).collect();
    assert!(new.is_empty(), "docs/evidence/mutants.md is not up to date: {new:#?}");
}

/// One test, so that the matrix is made once.
#[test]
#[ignore = "it takes minutes: SESSIONPROOF_WHOLE=1 cargo test --release -- --include-ignored mutants::"]
fn the_suite_finds_every_mutant_and_needs_every_rule_for_it() {
    let (mutants, vectors) = (mutants::all().collect::<Vec<_>>(), vectors::all().unwrap());
    let found = matrix::run(&mutants, &vectors, CASES, 0);
    let mutant_of = |rule: &str| traceability::cell(rule, &mutants, &found);
    let pages = [
        ("mutants.md", matrix::page(&mutants, &found, CASES)),
        ("coverage.md", coverage::matrix(&vectors, &mutant_of)),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join("evidence");
    if env::var_os("UPDATE_MUTANTS").is_some() {
        pages.iter().for_each(|(name, page)| fs::write(folder.join(name), page).unwrap());
    }
    every_mutant_is_caught_by_a_rule_that_it_breaks(&mutants, &found);
    every_rule_catches_a_mutant_alone_or_has_a_reason(&mutants, &found);
    what_only_a_rule_catches_survives_without_it(&mutants, &found, &vectors);
    for (name, page) in pages {
        let kept = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(
            kept == page,
            "docs/evidence/{name} is not up to date: run UPDATE_MUTANTS=1 cargo test --release --test integration -- --include-ignored mutants::"
        );
    }
}

fn every_mutant_is_caught_by_a_rule_that_it_breaks(mutants: &[&Mutant], found: &[Found]) {
    let mut wrong = mutants.iter().zip(found).filter(|(mutant, found)| found.caught_by(mutant).is_none()).peekable();
    assert!(wrong.peek().is_none(), "{:#?}", wrong.map(|(mutant, found)| (mutant.name, found)).collect::<Vec<_>>());
}

fn every_rule_catches_a_mutant_alone_or_has_a_reason(mutants: &[&Mutant], found: &[Found]) {
    let mut wrong = Vec::new();
    for rule in rules::all() {
        let survivor = traceability::only_caught_by(&rule.id, mutants, found).map(|mutant| mutant.name);
        match (survivor, traceability::why_without_mutant(&rule.id)) {
            (None, None) => wrong.push(format!("{}: every mutant is caught without it", rule.id)),
            (Some(mutant), Some(_)) => wrong.push(format!("{}: {mutant} needs it, so no reason is needed", rule.id)),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What the matrix tells without another run is what another run finds: for a rule of each kind of call, and one of memory.
fn what_only_a_rule_catches_survives_without_it(mutants: &[&Mutant], found: &[Found], vectors: &[LoadedVector]) {
    for rule in ["KEY-2", "SIG-8", "EXP-2", "PAY-6", "SET-3", "SYS-4"] {
        let mutant = traceability::only_caught_by(rule, mutants, found).unwrap();
        let without = matrix::run_without(rule, mutant, vectors, CASES, 0).unwrap();
        assert!(without.is_missed(), "{rule} {}: {without:?}", mutant.name);
        let with_others = matrix::run_without("UA-1", mutant, vectors, CASES, 0).unwrap();
        assert!(!with_others.is_missed(), "{rule} {}", mutant.name);
    }
}

/// Whoever chooses the rule that a mutant breaks foremost must not be told that all is well, whichever rule is blamed.
#[test]
fn no_mutant_is_green_when_the_rule_that_it_breaks_is_chosen_alone() {
    let vectors = vectors::all().unwrap();
    let mut green = Vec::new();
    for mutant in tried() {
        let rule = mutant.rules[0];
        let found = matrix::run_with(rule, mutant, &vectors, CASES, 0).unwrap();
        if found.total.failed == 0 {
            green.push((mutant.name, rule, found.total));
        }
    }
    assert!(green.is_empty(), "{green:#?}");
}

#[test]
fn the_model_is_blamed_for_nothing() {
    assert_eq!(matrix::blame_on_the_model(&vectors::all().unwrap(), CASES, 0), BTreeSet::new());
}

#[test]
fn there_are_many_mutants_with_names_of_their_own() {
    let names: BTreeSet<_> = mutants::all().map(|mutant| mutant.name).collect();
    assert_eq!(names.len(), mutants::all().count());
    assert!(names.len() >= 120, "{}", names.len());
}

#[test]
fn the_rules_of_a_mutant_exist() {
    for mutant in mutants::all() {
        assert!(!mutant.rules.is_empty(), "{}", mutant.name);
        for rule in mutant.rules {
            assert!(rules::find(rule).is_some(), "{}: there is no rule {rule}", mutant.name);
        }
    }
}

#[test]
fn a_mutant_program_is_judged_as_in_process() {
    let mutant = mutants::find("age-equal-refused").unwrap();
    let command = [env!("CARGO_BIN_EXE_sessionproof"), "mutant", mutant.name].map(str::to_owned);
    let program = Subprocess::start(&command, Options::default()).unwrap();
    let vectors = vectors::all().unwrap();
    let judged = |implementation: &dyn Implementation| {
        let results = sessionproof::suite::running::run::replay(implementation, &vectors, &mut |_| {});
        results.failures.into_iter().map(|failure| (failure.rule, failure.vector.id)).collect::<Vec<_>>()
    };
    let (outside, inside) = (judged(&program), judged(mutant.make().as_ref()));
    assert_eq!(outside, inside);
    assert!(!outside.is_empty());
}
