//! No run ends green when a check failed that cites a chosen rule, whichever rule is blamed, and none when nothing was asked.

use crate::common::{self, program::Run};
use sessionproof::{
    adapter::{AdapterError, Implementation, in_process::Model},
    conformance::{self, RuleVerdicts},
    evidence::vectors::{self, LoadedVector},
    model,
    protocol::{Answer, Call, Capabilities, Reply, VerifyOutcome},
    report::{github, html, json, junit, tap, terminal},
    rules::Pattern,
    suite::{
        outcome::{
            known::KnownFailures,
            listing,
            merge::merge,
            results::{Outcome, Results},
        },
        running::{
            run::{self, Options},
            shard::Shard,
        },
    },
};
use std::{fs, path::Path, sync::LazyLock};

static VECTORS: LazyLock<Vec<LoadedVector>> = LazyLock::new(|| vectors::embedded().unwrap());

/// It rejects where the lifetime is beyond the calendar, and should raise (`EXP-9`). Other rules are blamed for most of that.
struct Rejecting;

impl Implementation for Rejecting {
    fn capabilities(&self) -> Capabilities {
        Model::default().capabilities()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        let choices = self.capabilities().choices;
        let one = |call: &Call| match model::answer(call, &choices) {
            Answer::Verify(VerifyOutcome::Raised(_)) if call.config().lifetime.micros().is_none() => {
                Answer::Verify(VerifyOutcome::Rejected(None))
            }
            other => other,
        };
        Ok(calls.iter().map(|call| Reply::Ok(one(call))).collect())
    }
}

fn options(rules: &str) -> Options {
    Options::default().rules(Pattern::parse(rules).unwrap())
}

fn rejecting(options: &Options) -> Results {
    run::run(&Rejecting, &VECTORS, options, &mut |_| {})
}

#[test]
fn a_check_that_fails_and_cites_a_chosen_rule_fails_the_run_and_every_report() {
    let whole = rejecting(&options("*"));
    let cites =
        |rule: &str| whole.failures.iter().any(|failure| failure.vector.rules.iter().any(|cited| cited == rule));
    for rule in ["EXP-9", "SIG-4", "SIG-7", "SIG-8"].into_iter().filter(|rule| cites(rule)) {
        let results = rejecting(&options(rule));
        assert_eq!(results.outcome(), Outcome::NotConformant, "{rule}");
        assert_eq!(results.rules[rule].failed, results.total.failed, "{rule}");
        assert_eq!(results.failures_of(rule).count(), results.failures.len(), "{rule}");
        for failure in &results.failures {
            assert!(failure.rule == rule || failure.cited == [rule], "{rule}: {} {:?}", failure.rule, failure.cited);
            let shown = terminal::failure(failure, None);
            assert_eq!(shown.contains(&format!("{rule} (chosen; {} is blamed)", failure.rule)), failure.rule != rule);
        }
        let point = |line: &str| line.starts_with("not ok") && line.contains(&format!(" {rule} "));
        assert!(tap::write(&results).lines().any(point), "{rule}");
        assert!(junit::write(&results).contains("<failure"), "{rule}");
        assert!(github::write(&results).contains(&format!("::error title={rule} ")), "{rule}");
        assert!(html::write(&results).contains("not conformant"), "{rule}");
        assert_eq!(json::parse("here", json::write(&results).as_bytes()).unwrap(), results, "{rule}");
    }
    let blamed: Vec<_> = rejecting(&options("EXP-9")).failures.into_iter().map(|failure| failure.rule).collect();
    assert!(blamed.iter().any(|rule| rule != "EXP-9"), "{blamed:?}: none of them shows the fault");
}

#[test]
fn shards_and_the_first_failure_and_the_list_of_known_failures_count_the_same() {
    let whole = rejecting(&options("EXP-9").cases(300));
    let first = rejecting(&options("EXP-9").fail_fast(true));
    assert_eq!((first.outcome(), first.total.failed, first.stopped_early), (Outcome::NotConformant, 1, true));

    let shards = (1..=3).map(|n| rejecting(&options("EXP-9").cases(300).shard(Shard::new(n, 3).unwrap())));
    let written = shards
        .enumerate()
        .map(|(n, shard)| (format!("{n}"), json::parse("s", json::write(&shard).as_bytes()).unwrap()));
    let joined = merge(written.collect()).unwrap();
    assert_eq!((joined.total, joined.outcome()), (whole.total, Outcome::NotConformant));

    let list = listing::write(&whole).replace("reason = \"\"", "reason = \"they know\"");
    let known = rejecting(&options("EXP-9").cases(300).known(KnownFailures::parse("known.toml", &list).unwrap()));
    assert_eq!(
        (known.outcome(), known.total.known),
        (Outcome::KnownFailures, whole.total.failed),
        "{:?}",
        known.stale()
    );
    assert_eq!(known.rules["EXP-9"].known, known.total.known);
}

#[test]
fn an_implementation_in_rust_is_told_the_same() {
    let results = sessionproof::conformance(Rejecting, &options("EXP-9"));
    assert_eq!(results.outcome(), Outcome::NotConformant);
    let error = conformance::RuleVerdicts::new(results).verdict("EXP-9").unwrap_err().to_string();
    assert!(error.contains("EXP-9 (chosen; "), "{error}");
    let whole = RuleVerdicts::new(sessionproof::conformance(Rejecting, &Options::default()));
    assert!(["EXP-9", "SIG-4", "SIG-7", "SIG-8"].iter().any(|rule| whole.verdict(rule).is_err()));
}

#[test]
fn a_rule_that_is_excluded_is_not_blamed_and_what_was_not_judged_is_in_sight() {
    let blamed = rejecting(&options("EXP-9")).failures.into_iter().map(|failure| format!("!{}", failure.rule));
    let mut rules: Vec<_> = blamed.filter(|rule| rule != "!EXP-9").collect();
    rules.push("EXP-9".to_owned());
    let results = rejecting(&options(&rules.join(",")));
    assert!(results.total.inconclusive > 0);
    let summary = terminal::summary(&results);
    assert!(!summary.contains("conformant: ") && summary.contains("but the chosen rules exclude it"), "{summary}");
}

#[test]
fn where_nothing_was_asked_there_is_no_verdict_and_a_rule_that_was_left_over_is_named() {
    let model = |options: &Options| run::run(&Model::default(), &VECTORS, options, &mut |_| {});
    assert_eq!(model(&options("UA-1")).outcome(), Outcome::NotJudged);
    let last = options("EXP-10").shard(Shard::new(9999, 10_000).unwrap());
    assert_eq!(model(&last).outcome(), Outcome::NotJudged);
    let some = model(&options("UA-1,EXP-1"));
    let summary = terminal::summary(&some);
    assert!(summary.contains("nothing was asked about: UA-1\n"), "{summary}");
    assert!(summary.contains("conformant as far as tested:"), "{summary}");
}

/// The example of the issue: an adapter that breaks only `EXP-9`.
#[test]
fn an_adapter_that_breaks_one_rule_is_red_under_that_rule_alone() {
    let test = "an_adapter_that_breaks_one_rule_is_red_under_that_rule_alone";
    if !common::runs(test, "python3") {
        return;
    }
    let adapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters/python");
    let right = fs::read_to_string(adapters.join("stdlib_adapter.py")).unwrap();
    let wrong = right.replace("return raised(target.lifetime)", "return rejected()");
    assert_ne!(right, wrong);
    for (text, status) in [(&right, 0), (&wrong, 1)] {
        for arguments in [["--rules", "EXP-9", "--cases", "0"], ["--rules", "SIG-4", "--cases", "300"]] {
            let done =
                Run::new(&["check", arguments[0], arguments[1], arguments[2], arguments[3], "--", "python3", "a.py"])
                    .env("PYTHONPATH", &adapters)
                    .file("a.py", text)
                    .done();
            let shown = done.stdout() + &done.stderr();
            assert_eq!(done.output.status.code(), Some(status), "{arguments:?}: {shown}");
        }
    }
}
