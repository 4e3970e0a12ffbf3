use super::generated::SHRUNK_FAILURES;
use super::*;
use crate::rules::Pattern;
use crate::{
    adapter::in_process::Model,
    evidence::vectors::{self, Kind},
    model::answer,
    protocol::{Answer, Call, Capabilities, Reply, VerifyOutcome},
};

fn quick(cases: usize) -> Options {
    Options { cases, ..Options::default() }
}

#[test]
fn the_model_conforms_and_the_same_seed_counts_the_same() {
    let vectors = vectors::embedded().unwrap();
    let results = run(&Model::default(), &vectors, &quick(500), &mut |_| {});
    assert_eq!(results.total.failed, 0, "{:?}", results.failures.first());
    assert_eq!(results.inconclusive.len(), 0);
    assert!(results.total.passed > vectors.len() + 500);
    assert_eq!(run(&Model::default(), &vectors, &quick(500), &mut |_| {}).families, results.families);
}

#[test]
fn whatever_an_implementation_declares_it_is_held_to() {
    let vectors = vectors::embedded().unwrap();
    for declared in [
        r#"{"base64":"strict"}"#,
        r#"{"odd_payload":"reject","reasons":"typed"}"#,
        r#"{"timestamp_range":"reject"}"#,
        r#"{"compression":"never"}"#,
        r#"{"compression":"any","key_order":"any"}"#,
        r#"{"duplicates":"last"}"#,
        r#"{"fallback_text":"whole"}"#,
        r#"{"fallback_text":"refuse"}"#,
    ] {
        let choices = serde_json::from_str(declared).unwrap();
        let results = run(&Model::new(choices), &vectors, &quick(300), &mut |_| {});
        assert_eq!(results.total.failed, 0, "{declared}: {:?}", results.failures.first());
        // The same answers under Flask's choices are wrong somewhere, unless the choice only widens what is right.
        if !declared.contains("any") && !declared.contains("refuse") {
            let undeclared =
                run(&Undeclared(Model::new(choices), Model::default()), &vectors, &quick(300), &mut |_| {});
            assert!(undeclared.total.failed > 0, "{declared}");
        }
    }
}

/// The answers of one model under the declarations of another.
struct Undeclared(Model, Model);

impl Implementation for Undeclared {
    fn capabilities(&self) -> Capabilities {
        self.1.capabilities()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        self.0.answer(calls)
    }
}

/// An implementation that takes age equal to the lifetime for too old.
struct Strict(Model);

impl Implementation for Strict {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        let choices = &self.capabilities().choices;
        let strict = |call: &Call| match call {
            Call::Verify(verify) => {
                let mut later = verify.clone();
                later.now = later.now.plus_seconds(1);
                match answer(call, choices) {
                    Answer::Verify(VerifyOutcome::Accepted(_)) => answer(&Call::Verify(later), choices),
                    other => other,
                }
            }
            other => answer(other, choices),
        };
        Ok(calls.iter().map(|call| Reply::Ok(strict(call))).collect())
    }
}

#[test]
fn a_boundary_that_is_off_by_one_is_found_by_vectors_and_by_generated_cases() {
    let vectors = vectors::embedded().unwrap();
    let results = run(&Strict(Model::default()), &vectors, &quick(500), &mut |_| {});
    let is_vector = |failure: &&Failure| matches!(failure.origin, Origin::Vector { .. });
    assert!(results.failures.iter().filter(is_vector).any(|f| f.rule == "EXP-2"));
    let generated = results.failures.iter().find(|f| !is_vector(f) && f.rule == "EXP-2");
    assert!(generated.is_some());
}

#[test]
fn a_saved_failure_replays() {
    let vectors = vectors::embedded().unwrap();
    let found = run(&Strict(Model::default()), &vectors, &quick(500), &mut |_| {});
    for failure in &found.failures {
        let ready = [failure.vector.ready("saved").unwrap()];
        let replayed = replay(&Strict(Model::default()), &ready, &mut |_| {});
        assert_eq!(replayed.total.failed, 1, "{failure:?}");
        assert_eq!(replay(&Model::default(), &ready, &mut |_| {}).total.passed, 1, "{failure:?}");
    }
}

#[test]
fn the_first_failure_ends_a_run_that_is_told_so() {
    let vectors = vectors::embedded().unwrap();
    let options = Options { fail_fast: true, ..quick(500) };
    let results = run(&Strict(Model::default()), &vectors, &options, &mut |_| {});
    assert!(results.stopped_early);
}

/// An implementation that saves nothing when the view ends in an error.
struct Forgetful(Model);

impl Implementation for Forgetful {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        let forgetful = |call: &Call| match answer(call, &self.capabilities().choices) {
            Answer::Exchange(mut exchanged) if exchanged.status >= 400 => {
                exchanged.headers.retain(|(name, _)| name != "Set-Cookie");
                Answer::Exchange(exchanged)
            }
            other => other,
        };
        Ok(calls.iter().map(|call| Reply::Ok(forgetful(call))).collect())
    }
}

#[test]
fn generated_failures_are_made_small_however_many_vectors_failed() {
    let vectors = vectors::embedded().unwrap();
    let results = run(&Forgetful(Model::default()), &vectors, &quick(2000), &mut |_| {});
    let is_vector = |failure: &&Failure| matches!(failure.origin, Origin::Vector { .. });
    assert!(results.failures.iter().filter(is_vector).count() > SHRUNK_FAILURES);
    let stories = results.failures.iter().filter(|failure| failure.vector.kind == Kind::World);
    let lengths: Vec<_> = stories.map(|failure| failure.divergence.before.len() + 1).collect();
    assert!(!lengths.is_empty() && lengths.iter().all(|length| *length <= 2), "{lengths:?}");
}

#[test]
fn only_chosen_rules_are_asked_about() {
    let vectors = vectors::embedded().unwrap();
    let options = Options { rules: Pattern::parse("DEL").unwrap(), ..quick(200) };
    let results = run(&Model::default(), &vectors, &options, &mut |_| {});
    assert!(results.total.passed > 0);
    assert!(results.total.passed < vectors.len());
}
