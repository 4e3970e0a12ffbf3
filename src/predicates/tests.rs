//! The predicates against the text and against the vectors: none may be broken by one, and each must be held by some, so that its
//! negation would be broken.

use super::*;
use crate::{
    evidence::vectors::{self, LoadedVector},
    protocol::{Answer, Call, Choices, VerifyOutcome},
    rules,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The families that the predicates are about, with the files that hold them.
const FAMILIES: [(&str, &str); 12] = [
    ("CFG", include_str!("cfg.rs")),
    ("KEY", include_str!("key.rs")),
    ("SIG", include_str!("sig.rs")),
    ("PAY", include_str!("pay.rs")),
    ("EXP", include_str!("exp.rs")),
    ("PERM", include_str!("perm.rs")),
    ("REN", include_str!("ren.rs")),
    ("MOD", include_str!("modification.rs")),
    ("SET", include_str!("set.rs")),
    ("DEL", include_str!("del.rs")),
    ("VARY", include_str!("vary.rs")),
    ("HDR", include_str!("hdr.rs")),
];

/// Every call of a vector with what Flask answered.
fn calls(ready: &LoadedVector) -> Vec<(Call, Answer)> {
    let mut answered = Vec::new();
    for recorded in &ready.recorded {
        let Some(call) = ready.scenario.next(&answered) else { break };
        answered.push((call, recorded.answer.clone()));
    }
    answered
}

/// Shows every call of the vectors, with the vector's id.
fn each_call(mut see: impl FnMut(&str, &Observed<'_>)) {
    let choices = Choices::default();
    for ready in vectors::embedded().unwrap() {
        for (call, answer) in calls(&ready) {
            see(&ready.vector.id, &Observed::new(&call, &answer, &choices).unwrap());
        }
    }
}

#[test]
fn every_rule_of_the_servers_families_has_its_predicate_in_the_order_of_the_text() {
    let families = FAMILIES.map(|(family, _)| family);
    let expected = rules::all().iter().map(|rule| rule.id.as_str());
    let expected: Vec<_> = expected.filter(|id| families.contains(&rules::family_of(id))).collect();
    assert_eq!(ALL.map(|(rule, _)| rule).to_vec(), expected);
    assert!(find("EXP-2").is_some() && find("UA-1").is_none());
}

#[test]
fn the_comment_of_a_function_is_the_predicate_of_its_rule() {
    for (rule, _) in ALL {
        let (family, source) = FAMILIES.into_iter().find(|(family, _)| *family == rules::family_of(rule)).unwrap();
        let name = format!("fn {}(", rule.to_ascii_lowercase().replace('-', "_"));
        let (before, _) = source.split_once(&name).unwrap_or_else(|| panic!("{family} has no {name}"));
        let comment: Vec<_> = before.lines().rev().skip(1).map_while(|line| line.strip_prefix("///")).collect();
        let comment: Vec<_> = comment.into_iter().rev().map(str::trim_start).collect();
        let text = rules::paragraph(rules::find(rule).unwrap(), "Predicate").unwrap();
        let text: Vec<_> = text.lines().map(str::trim_start).collect();
        assert_eq!(comment, text, "{rule}");
    }
}

/// What a source file imports or names of this crate: each list of `use crate::{…}`, and each path.
fn imports(source: &str) -> Vec<&str> {
    source.split("crate::").skip(1).map(|rest| rest.split(';').next().unwrap_or(rest)).collect()
}

#[test]
fn the_predicates_know_neither_the_model_nor_the_verifier() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/predicates");
    let entries =
        [folder.clone(), folder.join("notation")].into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let files: Vec<_> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    assert!(files.len() > 15, "{files:?}");
    for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
        let source = fs::read_to_string(file).unwrap();
        for import in imports(&source) {
            let words = import.split(|c: char| !c.is_alphanumeric() && c != '_');
            let foreign = ["adapter", "explore", "mutants", "inspect", "model", "suite", "verifier"];
            let known = words.take_while(|word| *word != "fn").find(|word| foreign.contains(word));
            assert_eq!(known, None, "{}: crate::{import}", file.display());
        }
    }
}

#[test]
fn an_import_of_the_model_would_be_noticed() {
    assert_eq!(imports("use crate::{\n    config::Config,\n    model::base64,\n};").len(), 1);
    assert!(imports("let x = crate::model::base64::decode(b);")[0].starts_with("model"));
}

#[test]
fn no_predicate_is_broken_by_a_vector_and_the_negation_of_each_is() {
    let mut held: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let (mut evaluations, mut broken) = (0, Vec::new());
    each_call(|id, observed| {
        for (rule, predicate) in ALL {
            match predicate(observed) {
                Some(true) => _ = held.entry(rule).or_default().insert(id.to_owned()),
                Some(false) => broken.push(format!("{rule} {id}")),
                None => continue,
            }
            evaluations += 1;
        }
    });
    assert!(broken.is_empty(), "{broken:#?}");
    let few = held.iter().filter(|(_, vectors)| vectors.len() < 6);
    let few: Vec<_> = few.map(|(rule, vectors)| format!("{rule} {}", vectors.len())).collect();
    assert_eq!((held.len(), evaluations, few.join(", ").as_str()), (92, 48_060, "SET-9 3, VARY-4 5"));
}

/// A formula that was wrong, and what it is about.
type Wrong = (&'static str, fn(&Observed<'_>) -> Option<bool>);

/// `secret ≠ ∅`: a key that is there, empty or not.
fn has_key(o: &Observed<'_>) -> bool {
    o.config.secret_key.is_some()
}

fn is_rejected(o: &Observed<'_>) -> bool {
    match o.answer {
        Answer::Verify(verified) => matches!(verified, VerifyOutcome::Rejected(_)),
        Answer::Exchange(exchanged) => exchanged.opened.as_ref().is_some_and(|opened| opened.is_empty()),
        Answer::Sign(_) | Answer::Story(_) => false,
    }
}

fn renews(o: &Observed<'_>) -> Option<bool> {
    Some(Observed::permanent(&o.view.as_ref()?.session) && o.refresh())
}

fn sets(o: &Observed<'_>) -> Option<bool> {
    let view = o.view.as_ref()?;
    Some(!view.session.is_empty() && (view.modified || renews(o)?))
}

fn deletes(o: &Observed<'_>) -> Option<bool> {
    let view = o.view.as_ref()?;
    Some(view.session.is_empty() && view.modified)
}

/// Formulas of the specification that were wrong, or come close to those that are right.
const WRONG: [Wrong; 12] = [
    ("SET-1 with an empty key", |o| given(o.writable()?, || o.set() == (has_key(o) && sets(o) == Some(true)))),
    ("SET-1 without SET-10", |o| Some(o.set() == (o.keyed() && sets(o)?))),
    ("DEL-1 with an empty key", |o| given(o.writable()?, || o.deleted() == (has_key(o) && deletes(o) == Some(true)))),
    ("DEL-1 without SET-10", |o| Some(o.deleted() == (o.keyed() && deletes(o)?))),
    ("VARY-1 with an empty key", |o| given(has_key(o) && o.view.as_ref()?.accessed, || o.vary())),
    ("REN-1 with an empty key", |o| given(has_key(o) && renews(o)? && o.writable()?, || o.set())),
    ("REN-1 without a key", |o| given(!has_key(o) && renews(o)? && o.writable()?, || o.set())),
    ("REN-1 without SET-10", |o| given(o.keyed() && renews(o)?, || o.set())),
    ("EXP-7 without EXP-9", |o| given(o.keyed() && o.max() < 0 && o.signed, || is_rejected(o))),
    ("SIG-6 without EXP-9", |o| {
        given(o.keyed() && o.v().is_some_and(|v| !v.is_empty()) && !o.signed, || is_rejected(o))
    }),
    ("EXP-3 without SIG-9", |o| given(o.examined() && o.signed && o.age()? < 0, || is_rejected(o))),
    ("PERM-3 of a deletion", |o| given(o.y().is_some(), || o.y().is_some_and(|y| y.get("max-age").is_none()))),
];

#[test]
fn every_wrong_formula_is_refuted_by_a_vector() {
    let mut refuted: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    each_call(|id, observed| {
        for (name, formula) in WRONG {
            if formula(observed) == Some(false) {
                refuted.entry(name).or_default().insert(id.to_owned());
            }
        }
    });
    let survivors: Vec<_> = WRONG.iter().map(|(name, _)| *name).filter(|name| !refuted.contains_key(name)).collect();
    assert!(survivors.is_empty(), "{survivors:#?}");
}
