//! No run ends green when a check failed that cites a chosen rule, whichever rule is blamed, and none when nothing was asked.

use crate::common::{self, program::Run};
use sessionproof::{
    adapter::{AdapterError, Implementation, in_process::Model},
    conformance::RuleVerdicts,
    evidence::vectors::{self, LoadedVector},
    model, mutants,
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
use std::{collections::BTreeSet, fs, path::Path, sync::LazyLock};

static VECTORS: LazyLock<Vec<LoadedVector>> = LazyLock::new(|| vectors::embedded().unwrap());

/// It rejects where a lifetime is beyond the calendar, and should raise. That is `EXP-9`, and no other rule is blamed.
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

/// It signs and reads with the key as it is. Checks of nearly every rule fail, and `KEY-1` is blamed for most of them.
fn key_not_derived() -> Box<dyn Implementation> {
    mutants::find("key-not-derived").unwrap().make()
}

fn options(rules: &str) -> Options {
    Options::default().rules(Pattern::parse(rules).unwrap())
}

fn judged(implementation: &dyn Implementation, options: &Options) -> Results {
    run::run(implementation, &VECTORS, options, &mut |_| {})
}

fn rejecting(options: &Options) -> Results {
    judged(&Rejecting, options)
}

/// Neither a rule that is blamed in a run of all rules, nor one that a failed check cites, is green on its own.
#[test]
fn no_rule_that_is_broken_in_a_run_of_all_rules_is_green_when_it_is_chosen_alone() {
    // The key that is not derived breaks nearly every rule: some of them are tried.
    for (implementation, most) in [(Box::new(Rejecting) as Box<dyn Implementation>, usize::MAX), (key_not_derived(), 5)]
    {
        let whole = judged(implementation.as_ref(), &options("*"));
        let cited = whole.failures.iter().flat_map(|failure| &failure.vector.rules);
        let broken: BTreeSet<_> = whole.failures.iter().map(|failure| &failure.rule).chain(cited).collect();
        assert!(!broken.is_empty());
        for rule in broken.iter().step_by(broken.len().div_ceil(most)) {
            let alone = judged(implementation.as_ref(), &options(rule));
            assert_eq!(alone.outcome(), Outcome::NotConformant, "{rule} of {broken:?}");
        }
    }
}

#[test]
fn a_check_that_fails_and_cites_a_chosen_rule_fails_the_run_and_every_report() {
    let mut elsewhere = 0;
    let wrong_key = key_not_derived();
    let rejecting: &dyn Implementation = &Rejecting;
    for (implementation, rule) in
        [(rejecting, "EXP-9"), (&*wrong_key, "KEY-1"), (&*wrong_key, "EXP-1"), (&*wrong_key, "SIG-8")]
    {
        let results = judged(implementation, &options(rule));
        assert_eq!(results.outcome(), Outcome::NotConformant, "{rule}");
        assert_eq!(results.rules[rule].failed, results.total.failed, "{rule}");
        assert_eq!(results.failures_of(rule).count(), results.failures.len(), "{rule}");
        for failure in &results.failures {
            assert!(failure.rule == rule || failure.cited == [rule], "{rule}: {} {:?}", failure.rule, failure.cited);
            let shown = terminal::failure(failure, None);
            let is_elsewhere = failure.rule != rule;
            assert_eq!(shown.contains(&format!("{rule} (chosen; {} is blamed)", failure.rule)), is_elsewhere);
            elsewhere += usize::from(is_elsewhere);
        }
        let point = |line: &str| line.starts_with("not ok") && line.contains(&format!(" {rule} "));
        assert!(tap::write(&results).lines().any(point), "{rule}");
        assert!(junit::write(&results).contains("<failure"), "{rule}");
        assert!(github::write(&results).contains(&format!("::error title={rule} ")), "{rule}");
        assert!(html::write(&results).contains("not conformant"), "{rule}");
        assert_eq!(json::parse("here", json::write(&results).as_bytes()).unwrap(), results, "{rule}");
    }
    assert!(elsewhere > 0, "no other rule is blamed for a check that cites the chosen one");
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
    let whole = RuleVerdicts::new(sessionproof::conformance(Rejecting, &Options::default()));
    for rule in ["EXP-9", "SIG-4", "SIG-7", "SIG-8"] {
        assert_eq!(whole.verdict(rule).is_err(), rule == "EXP-9", "{rule}");
    }
    let results = judged(key_not_derived().as_ref(), &options("EXP-1"));
    assert_eq!(results.outcome(), Outcome::NotConformant);
    let error = RuleVerdicts::new(results).verdict("EXP-1").unwrap_err().to_string();
    assert!(error.contains("EXP-1 (chosen; "), "{error}");
}

#[test]
fn a_rule_that_is_excluded_is_not_blamed_and_what_was_not_judged_is_in_sight() {
    let wrong_key = key_not_derived();
    let blamed = judged(&*wrong_key, &options("EXP-1")).failures.into_iter().map(|failure| failure.rule);
    let mut rules: BTreeSet<_> = blamed.filter(|rule| rule != "EXP-1").map(|rule| format!("!{rule}")).collect();
    assert!(!rules.is_empty());
    rules.insert("EXP-1".to_owned());
    let rules: Vec<_> = rules.into_iter().collect();
    let results = judged(&*wrong_key, &options(&rules.join(",")));
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
    // What it breaks is named, and nothing else: the others were, and were green when they were chosen. A check about another
    // spelling cites SIG-7, and fails as its lifetime is beyond the calendar; none that cites SIG-4 fails.
    for (text, rules, cases, status) in [
        (&right, "EXP-9", "0", 0),
        (&wrong, "EXP-9", "0", 1),
        (&right, "SIG-4,SIG-7,SIG-8", "300", 0),
        (&wrong, "SIG-4", "300", 0),
        (&wrong, "SIG-7", "300", 1),
        (&wrong, "*", "300", 1),
    ] {
        let done = Run::new(&["check", "--rules", rules, "--cases", cases, "--", "python3", "a.py"])
            .env("PYTHONPATH", &adapters)
            .file("a.py", text)
            .done();
        let shown = done.stdout() + &done.stderr();
        assert_eq!(done.output.status.code(), Some(status), "{rules}: {shown}");
        let failed = shown.lines().filter_map(|line| line.strip_prefix("FAIL ")?.split(' ').next());
        let named: BTreeSet<_> = failed.collect();
        let expected = if status == 1 { BTreeSet::from(["EXP-9"]) } else { BTreeSet::new() };
        assert_eq!(named, expected, "{rules}: {shown}");
        assert_eq!(shown.contains("SIG-7 (chosen; EXP-9 is blamed)"), rules == "SIG-7", "{rules}: {shown}");
    }
}
