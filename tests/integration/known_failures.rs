//! Known failures: listed failures are tolerated, a listed failure that now passes fails the run, and what was not asked does neither.

use sessionproof::{
    evidence::vectors::{self, LoadedVector},
    mutants,
    report::{github, html, json, junit, matrix::Matrix, tap, terminal},
    rules::Pattern,
    suite::{
        outcome::{
            known::KnownFailures,
            listing,
            merge::merge,
            results::{Judged, Outcome, Results},
        },
        running::{
            run::{self, Options},
            shard::Shard,
        },
    },
};
use std::{
    fs,
    path::Path,
    process::{Command, Output},
    sync::LazyLock,
};

static VECTORS: LazyLock<Vec<LoadedVector>> = LazyLock::new(|| vectors::embedded().unwrap());

/// A mutant whose failures are few.
const MUTANT: &str = "age-equal-refused";

fn run(mutant: &str, options: &Options) -> Results {
    run::run(mutants::find(mutant).unwrap().make().as_ref(), &VECTORS, options, &mut |_| {})
}

fn options(known: &str) -> Options {
    Options::default().cases(100).known(KnownFailures::parse("known.toml", known).unwrap())
}

/// The list that a run starts, with a reason in every entry.
fn listed(results: &Results) -> String {
    listing::write(results)
        .replace("reason = \"\"", "reason = \"we compare strictly | # <here>\"\nlink = \"https://example.com/7\"")
}

#[test]
fn a_run_whose_failures_are_all_listed_does_not_fail_and_does_not_look_conformant() {
    for mutant in [MUTANT, "accept-all", "forget-all"] {
        let before = run(mutant, &options(""));
        assert_eq!(before.outcome(), Outcome::NotConformant);
        let after = run(mutant, &options(&listed(&before)));
        assert_eq!(after.outcome(), Outcome::KnownFailures, "{mutant}: {:?}", after.stale());
        assert_eq!((after.total.failed, after.total.known), (0, before.total.failed), "{mutant}");
        assert_eq!(after.total.passed, before.total.passed, "{mutant}");
        let text = terminal::summary(&after);
        assert!(
            text.contains("conformant except for known failures:") && text.contains("we compare strictly"),
            "{text}"
        );
    }
}

#[test]
fn the_list_of_a_run_cannot_be_used_before_reasons_are_written() {
    let text = listing::write(&run(MUTANT, &options("")));
    let error = KnownFailures::parse("known.toml", &text).unwrap_err().to_string();
    assert!(error.contains("no reason"), "{error}");
}

const AGE: &str = "[[known]]\nrules = \"EXP-2\"\nreason = \"why\"\n";

#[test]
fn an_entry_that_no_longer_fails_fails_the_run() {
    // A good implementation under the lists of a bad one.
    let good = |known: &str| {
        let model = sessionproof::adapter::in_process::Model::default();
        run::run(&model, &VECTORS, &options(known), &mut |_| {})
    };
    let results = good(AGE);
    assert_eq!(results.outcome(), Outcome::NotConformant);
    assert_eq!(results.stale().len(), 1);
    assert!(terminal::summary(&results).contains("known.toml:1: EXP-2 now passes"));

    let list = "[[known]]\nrules = \"EXP\"\ncases = [\"expiry-at-lifetime\"]\nreason = \"why\"\n";
    assert!(terminal::summary(&good(list)).contains("known.toml:1: \"expiry-at-lifetime\" now passes"));
    let sometimes = format!("{AGE}sometimes = true\n");
    assert_eq!(good(&sometimes).outcome(), Outcome::Conformant);
}

#[test]
fn of_an_entry_only_the_case_that_no_longer_fails_is_named() {
    let before = run(MUTANT, &options(""));
    let list =
        listed(&before).replacen("\"expiry-at-lifetime\"", "\"expiry-at-lifetime\", \"expiry-one-past-lifetime\"", 1);
    let after = run(MUTANT, &options(&list));
    assert_eq!(after.outcome(), Outcome::NotConformant);
    let stale: Vec<_> = after.stale().iter().map(|stale| stale.case.map(str::to_owned)).collect();
    assert_eq!(stale, [Some("expiry-one-past-lifetime".to_owned())]);
}

#[test]
fn what_was_not_asked_is_not_said_to_fail_no_longer() {
    let list = listed(&run(MUTANT, &options("")));
    let whole = options(&list);
    for (what, options) in [
        ("other rules", whole.clone().rules(Pattern::parse("PAY").unwrap())),
        ("one of its rules", whole.clone().rules(Pattern::parse("EXP-2").unwrap())),
        ("a rule that shares its vectors", whole.clone().rules(Pattern::parse("EXP-1,EXP-5").unwrap())),
        ("no generated cases", whole.clone().cases(0)),
        ("the first shard", whole.clone().shard(Shard::new(1, 3).unwrap())),
        ("the second shard", whole.clone().shard(Shard::new(2, 3).unwrap())),
    ] {
        let results = run(MUTANT, &options);
        assert!(results.stale().is_empty(), "{what}: {:?}", results.stale());
        assert_ne!(results.outcome(), Outcome::NotConformant, "{what}");
    }
    // An entry of rules alone, in a run of some of them.
    let family = "[[known]]\nrules = \"EXP\"\nreason = \"why\"\n";
    let some = options(family).rules(Pattern::parse("EXP-9").unwrap());
    assert!(run(MUTANT, &some).stale().is_empty());
}

#[test]
fn a_failure_that_is_not_listed_fails_the_run_and_ends_it_where_the_first_is_to_be_the_last() {
    let list = listed(&run(MUTANT, &options("")));
    let other = options(&list).fail_fast(true);
    let known = run(MUTANT, &other);
    assert_eq!((known.outcome(), known.stopped_early), (Outcome::KnownFailures, false));
    let results = run("accept-all", &other);
    assert_eq!((results.outcome(), results.stopped_early, results.total.failed), (Outcome::NotConformant, true, 1));
    assert!(results.stale().is_empty(), "it ended early");
}

#[test]
fn shards_are_judged_when_they_are_joined() {
    let list = listed(&run(MUTANT, &options("")));
    let stale = format!("{list}\n[[known]]\nrules = \"EXP-3\"\ncases = [\"expiry-*\"]\nreason = \"why\"\n");
    for (list, outcome) in [(&list, Outcome::KnownFailures), (&stale, Outcome::NotConformant)] {
        let shard = |number| options(list).shard(Shard::new(number, 2).unwrap());
        let parts = [1, 2].map(|number| (number.to_string(), run(MUTANT, &shard(number))));
        let whole = run(MUTANT, &options(list));
        let joined = merge(parts.to_vec()).unwrap();
        assert_eq!((joined.outcome(), joined.total, &joined.known), (outcome, whole.total, &whole.known));
    }
    let parts = [(1, list.as_str()), (2, "")]
        .map(|(number, list)| (number.to_string(), run(MUTANT, &options(list).shard(Shard::new(number, 2).unwrap()))));
    assert!(merge(parts.to_vec()).unwrap_err().to_string().contains("the list of known failures"));
}

#[test]
fn every_report_knows_the_third_kind() {
    let list = listed(&run(MUTANT, &options("")));
    let results = run(MUTANT, &options(&list));
    assert_eq!(json::parse("results", json::write(&results).as_bytes()).unwrap(), results);
    assert!(json::write(&results).contains("\"outcome\": \"known-failures\""));

    let known: Vec<_> = results.by_rule().filter(|(_, tally)| tally.judged() == Judged::Known).collect();
    assert!(!known.is_empty());
    let tap = tap::write(&results);
    let todo: Vec<_> = tap.lines().filter(|line| line.starts_with("not ok ") && line.contains(" # TODO ")).collect();
    assert_eq!(todo.len(), known.len(), "{tap}");
    assert_eq!(tap.lines().filter(|line| line.starts_with("not ok ")).count(), todo.len());
    assert!(tap.lines().last().unwrap().ends_with("every known failure still fails"));

    let junit = junit::write(&results);
    assert_eq!(junit.matches("<skipped message=\"known failure: ").count(), known.len());
    assert!(!junit.contains("<failure"), "{junit}");
    let github = github::write(&results);
    assert_eq!(github.matches("::warning title=known failure").count(), known.len());
    assert!(!github.contains("::error"), "{github}");

    let page = html::write(&results);
    assert!(
        page.contains("conformant except for known failures") && page.contains("strictly | # &lt;here&gt;"),
        "{page}"
    );
    let matrix = Matrix::new(&[("a.json".to_owned(), results)]);
    assert!(matrix.markdown().contains("| ! ") && matrix.markdown().contains("| known failures |"));
    assert!(matrix.html().contains("class=\"known\""));
}

#[test]
fn every_report_names_what_no_longer_fails() {
    let model = sessionproof::adapter::in_process::Model::default();
    let results = run::run(&model, &VECTORS, &options(AGE), &mut |_| {});
    assert_eq!(json::parse("results", json::write(&results).as_bytes()).unwrap(), results);
    assert!(tap::write(&results).contains("not ok") && tap::write(&results).contains("known.toml:1"));
    assert!(junit::write(&results).contains("<failure message=\"known.toml:1"));
    assert!(github::write(&results).contains("::error file=known.toml,line=1,title="));
    assert!(html::write(&results).contains("known.toml:1: EXP-2 now passes"));
    // What the figures say and what is stated has to agree here as well.
    let changed = json::write(&results).replace("\"not-conformant\"", "\"conformant\"");
    assert!(json::parse("results", changed.as_bytes()).is_err());
}

/// `check` of a mutant, in a folder.
fn check(folder: &Path, arguments: &[&str], mutant: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_sessionproof");
    Command::new(program)
        .args(["check", "--cases", "100", "--rules", "EXP"])
        .args(arguments)
        .args(["--", program, "mutant", mutant])
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn the_exit_status_and_the_files_are_as_they_are_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let text = |output: &Output| String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    let done = |arguments: &[&str], mutant: &str, status: i32, part: &str| {
        let output = check(folder.path(), arguments, mutant);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(part), "{arguments:?}: {part} is not in {}", text(&output));
    };
    let file = folder.path().join("known.toml");
    done(&["--write-known-failures", "known.toml"], MUTANT, 1, "known.toml lists the failures");
    done(&["--write-known-failures", "known.toml"], MUTANT, 2, "exists already");
    done(&["--known-failures", "known.toml"], MUTANT, 2, "no reason");
    let written = fs::read_to_string(&file).unwrap();
    fs::write(&file, written.replace("reason = \"\"", "reason = \"why\"")).unwrap();
    done(&["--known-failures", "known.toml"], MUTANT, 0, "conformant except for known failures:");
    done(&["--known-failures", "known.toml"], "accept-all", 1, "not conformant:");
    done(&["--known-failures", "known.toml"], "vary-never", 1, "now passes");
    done(&["--known-failures", "missing.toml"], MUTANT, 2, "missing.toml cannot be read");
    fs::write(&file, "[[known]]\nrules = 3").unwrap();
    done(&["--known-failures", "known.toml"], MUTANT, 2, "known.toml:2");
    done(&["--known-failures", "known.toml", "--write-known-failures", "x"], MUTANT, 2, "cannot be used with");
    done(&["--write-known-failures", "known.toml/x"], MUTANT, 2, "cannot be written");
}

#[test]
fn the_list_in_the_guide_is_one() {
    let guide = include_str!("../../docs/known-failures.md");
    let list = guide.split("```toml\n[[known]]").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(KnownFailures::parse("known-failures.md", &format!("[[known]]{list}")).unwrap().entries().len(), 1);
}
