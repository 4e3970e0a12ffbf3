//! What a failed run ends with: the known mistake that explains the failures, and every broken rule with a case to replay.

use crate::common::program::Run;
use sessionproof::{
    diagnosis::diagnose,
    evidence::vectors,
    json::{Json, from_str, json},
    mutants,
    report::{json as report, junit, tap, terminal},
    suite::{
        outcome::{merge::merge, results::Results},
        running::{
            run::{self, Options},
            shard::Shard,
        },
    },
};
use std::collections::BTreeSet;

fn check(mutant: &str, more: &[&str]) -> (String, Json, tempfile::TempDir) {
    let program = env!("CARGO_BIN_EXE_sessionproof");
    let arguments = ["check", "--preset", "quick", "--cases", "200", "--report", "json=r.json,html=r.html,github"];
    let done = Run::new(&[&arguments, more, &["--", program, "mutant", mutant]].concat()).done();
    assert_eq!(done.output.status.code(), Some(1), "{}", done.stderr());
    let json = std::fs::read_to_string(done.folder.path().join("r.json")).unwrap();
    (done.stdout(), from_str(&json).unwrap(), done.folder)
}

#[test]
fn a_run_ends_with_the_diagnosis_and_then_every_broken_rule() {
    let (text, json, folder) = check("age-equal-refused", &[]);
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part:?} is not in {text}"));
    let named = "behaves like `age-equal-refused` (age equal to the lifetime is too old): explains ";
    assert!(place("\nDiagnosis:\n") < place(named) && place(named) < place("\nbroken "), "{text}");
    assert!(place("\nbroken ") < place("\nnot conformant: "), "{text}");
    assert!(text.contains("explains 100 of the 100 failures that were looked at"), "{text}");
    assert_eq!(json["diagnosis"]["causes"][0]["name"].as_str(), Some("age-equal-refused"));
    assert_eq!(json["diagnosis"]["unexplained"], json!({}));
    let page = std::fs::read_to_string(folder.path().join("r.html")).unwrap();
    assert!(page.contains("behaves like `age-equal-refused`"), "{page}");
    assert!(text.contains("::notice title=sessionproof%3A diagnosis::behaves like"), "{text}");
}

#[test]
fn every_broken_rule_is_in_the_table_and_has_a_file_to_replay() {
    // More rules than failures are shown.
    let (text, json, folder) = check("accept-all", &[]);
    let broken: Vec<_> = json["broken_rules"].as_array().unwrap().clone();
    let rules = json["rules"].as_object().unwrap();
    let failed: BTreeSet<_> =
        rules.iter().filter(|(_, tally)| tally["failed"].as_u64() != Some(0)).map(|(rule, _)| rule.as_str()).collect();
    assert_eq!(broken.iter().map(|rule| rule["rule"].as_str().unwrap()).collect::<BTreeSet<_>>(), failed);
    let table = text.split("\nbroken ").nth(1).unwrap();
    for rule in &broken {
        let (id, case) = (rule["rule"].as_str().unwrap(), rule["case"].as_str().unwrap());
        let counts = format!("{:>7}{:>8}", rule["failed"].to_string(), rule["passed"].to_string());
        let line =
            table.lines().find(|line| line.starts_with(&format!("{id} "))).unwrap_or_else(|| panic!("{id} {table}"));
        assert!(line.contains(&counts) && line.ends_with(case), "{line}");
        assert!(folder.path().join(format!("sessionproof-failures/{case}.json")).is_file(), "{case}");
    }
    let counts: Vec<_> = broken.iter().map(|rule| rule["failed"].as_u64().unwrap()).collect();
    assert!(counts.is_sorted_by(|one, other| one >= other), "{counts:?}");
}

#[test]
fn a_conformant_run_has_neither() {
    let done = Run::new(&["check", "model", "--preset", "quick", "--cases", "100", "--report", "json=r.json"]).done();
    let json = std::fs::read_to_string(done.folder.path().join("r.json")).unwrap();
    for part in ["Diagnosis", "broken "] {
        assert!(!done.stdout().contains(part), "{}", done.stdout());
    }
    assert!(!json.contains("diagnosis") && !json.contains("broken_rules"), "{json}");
}

/// The diagnosed results of a mutant.
fn diagnosed(mutant: &str, shard: Shard) -> Results {
    let (vectors, options) = (vectors::embedded().unwrap(), Options::default().shard(shard));
    let implementation = mutants::find(mutant).unwrap().make();
    let mut results = run::run(implementation.as_ref(), &vectors, &options, &mut |_| {});
    results.diagnosis = diagnose(&results, implementation.as_ref(), &vectors, &options);
    results
}

#[test]
fn a_diagnosis_stands_in_every_report_and_reads_back_as_the_same_value() {
    let results = diagnosed("age-equal-refused", Shard::default());
    let text = report::write(&results);
    let read = report::parse("results", text.as_bytes()).unwrap();
    assert_eq!(read, results);
    assert_eq!(report::write(&read), text);
    let named = "behaves like `age-equal-refused`";
    for text in [junit::write(&results), tap::write(&results), terminal::summary(&read)] {
        assert!(text.contains(named), "{text}");
    }
    assert!(tap::write(&results).contains(&format!("\n# {named}")));
    assert!(junit::write(&results).contains(&format!("<property name=\"diagnosis\" value=\"{named}")));
    // A file without it is one of an earlier release.
    let mut old: Json = from_str(&text).unwrap();
    old.as_object_mut().unwrap().retain(|name, _| name != "diagnosis" && name != "broken_rules");
    let mut without = results;
    without.diagnosis = None;
    assert_eq!(report::parse("old", old.to_string().as_bytes()).unwrap(), without);
}

#[test]
fn joined_results_have_no_diagnosis_since_one_shard_does_not_know_what_passed_in_the_other() {
    let shards = [1, 2].map(|number| diagnosed("age-equal-refused", Shard::new(number, 2).unwrap()));
    assert!(shards.iter().all(|results| results.diagnosis.is_some()));
    let whole = merge(shards.into_iter().map(|results| (results.shard.to_string(), results)).collect()).unwrap();
    assert_eq!(whole.diagnosis, None);
    assert!(!report::write(&whole).contains("\"diagnosis\"") && report::write(&whole).contains("\"broken_rules\""));
}
