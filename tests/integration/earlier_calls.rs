//! Answers that depend on earlier calls are found on purpose, said to be so, and saved with the calls that they take.

use crate::common::program::Run;
use sessionproof::{
    adapter::{AdapterError, Implementation, in_process::Model},
    case::scenario::Scenario,
    evidence::vectors::{self, LoadedVector},
    mutants,
    protocol::{Answer, Call, Capabilities, Reply},
    report::{json, terminal},
    rules::Pattern,
    suite::{
        generate::sizes::Sizes,
        outcome::results::{EarlierCall, Failure, Results},
        running::run::{self, Options},
    },
};
use std::{
    fs,
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

static VECTORS: LazyLock<Vec<LoadedVector>> = LazyLock::new(|| vectors::embedded().unwrap());

fn checked(mutant: &str, rules: &str, cases: usize) -> Results {
    let options = Options::default().rules(Pattern::parse(rules).unwrap()).cases(cases).sizes(Sizes::QUICK);
    run::run(mutants::find(mutant).unwrap().make().as_ref(), &VECTORS, &options, &mut |_| {})
}

/// How many calls a saved failure replays with.
fn replayed(mutant: &str, failure: &Failure) -> usize {
    let ready = [failure.vector.ready("saved").unwrap()];
    let mutant = mutants::find(mutant).unwrap().make();
    let again = run::replay(mutant.as_ref(), &ready, &mut |_| {});
    assert_eq!(again.total.failed, 1, "{}", terminal::failure(failure, None));
    let right = run::replay(&Model::default(), &ready, &mut |_| {});
    assert_eq!(right.total.passed, 1, "{}", terminal::failure(failure, None));
    ready[0].scenario.len()
}

#[test]
fn a_signer_that_a_verify_turns_is_found_and_saved_with_that_verify() {
    let mutant = "signer-turned-by-fallback-keys";
    let results = checked(mutant, "*", 1000);
    let found: Vec<_> = results.failures.iter().filter(|failure| failure.earlier == EarlierCall::Asked).collect();
    assert!(found.iter().any(|failure| failure.rule == "KEY-2"), "{:?}", results.failures);
    for failure in found {
        assert!(matches!(failure.scenario, Scenario::Calls(_)));
        assert_eq!(replayed(mutant, failure), 2, "{}", terminal::failure(failure, None));
        assert!(terminal::failure(failure, None).contains("an earlier call changed the answer"));
    }
    assert_eq!(json::parse("here", json::write(&results).as_bytes()).unwrap(), results);
}

/// Every printed failure replays, or says that it will not.
#[test]
fn whatever_a_memory_turns_is_saved_with_the_calls_that_it_takes() {
    let mut unknown = Vec::new();
    for mutant in [
        "verdicts-cached-by-cookie",
        "accepted-cookies-cached",
        "rejected-cookies-remembered",
        "keys-cached-by-salt",
        "lifetime-frozen-at-start",
        "clock-never-goes-back",
        "logout-revokes",
        "replays-refused",
    ] {
        let results = checked(mutant, "*", 300);
        assert!(results.total.failed > 0, "{mutant}");
        let mut asked = 0;
        for failure in &results.failures {
            match failure.earlier {
                EarlierCall::Unknown => unknown.push((mutant, failure.vector.id.clone())),
                EarlierCall::Asked | EarlierCall::None => {
                    asked += usize::from(failure.earlier == EarlierCall::Asked);
                    let calls = replayed(mutant, failure);
                    assert!(calls <= 12, "{mutant}: {}", terminal::failure(failure, None));
                }
            }
        }
        let said = results.failures.iter().map(|failure| (failure.vector.id.as_str(), failure.earlier));
        assert!(
            asked > 0 || said.clone().all(|(_, earlier)| earlier == EarlierCall::None),
            "{mutant}: {:?}",
            said.collect::<Vec<_>>()
        );
    }
    // Searches are limited in number and time; what is beyond says so.
    assert!(unknown.iter().all(|(mutant, name)| !name.is_empty() && !mutant.is_empty()), "{unknown:?}");
}

#[test]
fn the_model_and_a_stateless_fault_are_not_said_to_remember() {
    let results = checked("age-equal-refused", "*", 300);
    assert!(results.failures.iter().all(|failure| failure.earlier == EarlierCall::None));
}

#[test]
fn a_program_that_remembers_is_found_and_its_saved_failure_replays() {
    let program = env!("CARGO_BIN_EXE_sessionproof");
    let mutant = [program, "mutant", "signer-turned-by-fallback-keys"];
    let options = ["check", "--rules", "KEY-2", "--cases", "1000", "--workers", "2", "--"];
    let done = Run::new(&[&options[..], &mutant].concat()).done();
    assert_eq!(done.output.status.code(), Some(1), "{}{}", done.stdout(), done.stderr());
    assert!(done.stdout().contains("an earlier call changed the answer"), "{}", done.stdout());
    let folder = done.folder.path().join("sessionproof-failures");
    let mut saved = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let file = saved.find(|file| fs::read_to_string(file).unwrap().contains("\"kind\":\"calls\"")).unwrap();
    let file = file.display().to_string();

    let again = Run::new(&[&["replay", &file, "--"][..], &mutant].concat()).done();
    assert_eq!(again.output.status.code(), Some(1), "{}{}", again.stdout(), again.stderr());
    assert!(again.stdout().contains("1 check of 1 failed"), "{}", again.stdout());
    let right = Run::new(&["replay", &file, "model"]).done();
    assert_eq!(right.output.status.code(), Some(0), "{}", right.stdout());
    let said = "the saved failure did not occur again: mutant signer-turned-by-fallback-keys";
    assert!(right.stdout().contains(said), "{}", right.stdout());

    // A command in a file is shown, and not run.
    Run::new(&["replay", &file]).done().is_refused_with(&[
        "no implementation is named",
        " mutant signer-turned",
        "replay",
    ]);
}

#[test]
fn a_replay_without_an_implementation_asks_the_one_in_the_file_or_for_one() {
    let vectors = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/flask-3.1/expiry.json");
    Run::new(&["replay", vectors]).done().is_refused_with(&["no implementation is named", "expiry.json flask"]);
    let text = fs::read_to_string(vectors).unwrap();
    let named = text.replacen(
        "},\n\"vectors\"",
        "},\"implementation\":{\"reported\":\"m 1\",\"name\":\"model\"},\n\"vectors\"",
        1,
    );
    assert_ne!(text, named);
    let done = Run::new(&["replay", "named.json"]).file("named.json", &named).done();
    assert_eq!(done.output.status.code(), Some(0), "{}{}", done.stdout(), done.stderr());
    assert!(done.stderr().contains("asking model, in which the failure was found"), "{}", done.stderr());
}

/// The model, but every fiftieth answer to a request is an error: what was asked before has worn it out.
#[derive(Default)]
struct WornOut {
    model: Model,
    asked: AtomicUsize,
}

impl Implementation for WornOut {
    fn capabilities(&self) -> Capabilities {
        self.model.capabilities()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        let mut replies = self.model.answer(calls)?;
        for reply in &mut replies {
            if let Reply::Ok(Answer::Exchange(response)) = reply
                && self.asked.fetch_add(1, Relaxed) % 50 == 49
            {
                response.status = 500;
            }
        }
        Ok(replies)
    }

    fn fresh(&self) -> Option<Box<dyn Implementation>> {
        Some(Box::<Self>::default())
    }
}

#[test]
fn a_status_that_a_call_alone_does_not_get_is_named_as_one_of_memory() {
    let options = Options::default().cases(0);
    let some: Vec<_> = VECTORS.iter().step_by(4).cloned().collect();
    let results = run::run(&WornOut::default(), &some, &options, &mut |_| {});
    let failed = |rule: &str| results.rules.get(rule).map_or(0, |tally| tally.failed);
    assert!(failed("SYS-4") > results.total.failed / 2, "{} of {}", failed("SYS-4"), results.total.failed);
}
