//! The macro for implementers in Rust, applied to the model: what conforms by definition passes every rule. And what it makes of
//! implementations that do not.

use sessionproof::{
    CallError, Capabilities, Choices, Implementation, Op, Options, Outcome, Preset, Response, SignOutcome, ValueKind,
    VerifyOutcome,
    adapter::in_process::Model,
    conformance::{RuleFailure, RuleVerdicts},
    model, mutants,
    protocol::{Answer, Call, Exchange, Reply, Sign, Verify},
    rules,
};
use std::{thread, time::Duration};

sessionproof::conformance_tests!(Model::default(), Options::from_preset(Preset::Quick).cases(500));

fn told(implementation: impl Implementation + 'static) -> RuleVerdicts {
    told_with(implementation, Options::default())
}

fn told_with(implementation: impl Implementation + 'static, options: Options) -> RuleVerdicts {
    RuleVerdicts::new(sessionproof::conformance(implementation, &options))
}

fn text(verdict: Result<(), RuleFailure>) -> String {
    verdict.map_or_else(|failure| failure.to_string(), |()| String::new())
}

fn red(told: &RuleVerdicts) -> Vec<&'static str> {
    let tested: &[&str] = sessionproof::rule_tests!(ids);
    tested.iter().copied().filter(|rule| told.verdict(rule).is_err()).collect()
}

/// A reader whose answers are the model's after a change.
struct Reader<F>(F);

impl<F: Fn(&Verify, VerifyOutcome) -> Result<VerifyOutcome, CallError> + Send + Sync> Implementation for Reader<F> {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new("reader")
    }

    fn verify(&self, call: &Verify) -> Result<VerifyOutcome, CallError> {
        (self.0)(call, model::server::verify(call, &Choices::default()))
    }
}

#[test]
fn every_rule_that_can_be_asked_about_has_a_test() {
    let tested: &[&str] = sessionproof::rule_tests!(ids);
    let rules = rules::of(rules::Profile::Cookie).filter(|rule| rules::family_of(&rule.id) != "UA");
    assert_eq!(tested, rules.map(|rule| rule.id.as_str()).collect::<Vec<_>>());
}

#[test]
fn a_test_is_named_after_its_rule_by_the_number_alone() {
    let named: fn() -> Result<(), RuleFailure> = exp_2;
    assert!(named().is_ok());
}

#[test]
fn the_test_of_a_broken_rule_fails_with_the_case_and_others_pass() {
    let told = told(mutants::find("age-equal-refused").unwrap().make());
    let failure = text(told.verdict("EXP-2"));
    let title = "EXP-2 Age equal to the lifetime is accepted, one second more is not";
    for part in [title, "FAIL EXP-2", "vector    ", "expected  accepted", "got       rejected"] {
        assert!(failure.contains(part), "{part:?} is not in {failure}");
    }
    assert!(!failure.contains('\u{1b}'), "no colours: {failure}");
    assert_eq!(text(told.verdict("SIG-2")), "");
}

#[test]
fn what_is_offered_follows_from_the_methods() {
    let results = sessionproof::conformance(Reader(|_: &Verify, outcome| Ok(outcome)), &Options::default());
    assert_eq!(results.implementation.ops, [Op::Verify].into());
    assert_eq!(results.outcome(), Outcome::Conformant);
    let told = RuleVerdicts::new(results);
    assert_eq!(red(&told), [""; 0]);
    assert_eq!(text(told.whole_run()), "");
}

/// Has no method.
struct Empty;

impl Implementation for Empty {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new("empty")
    }
}

#[test]
fn an_implementation_without_a_method_is_red_everywhere() {
    let results = sessionproof::conformance(Empty, &Options::default());
    assert_eq!(results.outcome(), Outcome::NotJudged);
    let told = RuleVerdicts::new(results);
    assert!(text(told.verdict("EXP-1")).contains("none of the methods"), "{}", text(told.verdict("EXP-1")));
    assert!(text(told.whole_run()).contains("nothing was judged in the whole run"));
    let tested: &[&str] = sessionproof::rule_tests!(ids);
    assert_eq!(red(&told), tested);
}

/// Declares an operation that it does not have.
struct Boastful;

impl Implementation for Boastful {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new("boastful").operations([Op::Sign])
    }

    fn verify(&self, call: &Verify) -> Result<VerifyOutcome, CallError> {
        Ok(model::server::verify(call, &Choices::default()))
    }
}

#[test]
fn an_operation_that_is_declared_and_never_answered_is_red() {
    let results = sessionproof::conformance(Boastful, &Options::default());
    assert_eq!(results.unanswered, [Op::Sign].into());
    assert_eq!(results.outcome(), Outcome::NotJudged);
    let told = RuleVerdicts::new(results);
    assert!(text(told.whole_run()).contains("sign is offered, and every call of it was answered as unsupported"));
    assert!(text(told.verdict("PAY-2")).contains("nothing was judged"), "{}", text(told.verdict("PAY-2")));
    assert_eq!(text(told.verdict("EXP-1")), "");
}

#[test]
fn one_panic_fails_the_rule_that_the_call_is_about_and_names_the_cookie() {
    let reader = Reader(|call: &Verify, outcome| {
        assert!(call.cookie != "...", "three dots are too many");
        Ok(outcome)
    });
    let results = sessionproof::conformance(reader, &Options::default());
    let failed: Vec<_> = results.failures.iter().map(|failure| failure.rule.clone()).collect();
    assert!(!failed.is_empty() && failed.iter().all(|rule| rule == "SIG-6"), "{failed:?}");
    let told = RuleVerdicts::new(results);
    assert_eq!(red(&told), ["SIG-6"]);
    let failure = text(told.verdict("SIG-6"));
    for part in ["it panicked: three dots are too many", "\"...\""] {
        assert!(failure.contains(part), "{part:?} is not in {failure}");
    }
}

#[test]
fn a_panic_is_wrong_even_where_flask_raises() {
    let reader = Reader(|_: &Verify, outcome| match outcome {
        VerifyOutcome::Raised(why) => panic!("{why}"),
        other => Ok(other),
    });
    let told = told(reader);
    assert!(text(told.verdict("PAY-14")).contains("it panicked"), "{}", text(told.verdict("PAY-14")));
    assert_eq!(text(told.verdict("SIG-5")), "");
}

#[test]
fn an_endless_call_ends_the_run_and_is_named() {
    let reader = Reader(|call: &Verify, outcome| match call.cookie.as_str() {
        "..." => loop {
            thread::sleep(Duration::from_secs(1));
        },
        _ => Ok(outcome),
    });
    let results = sessionproof::conformance(reader, &Options::default().call_limit(Duration::from_secs(1)));
    assert_eq!(results.outcome(), Outcome::NotJudged);
    let broken = results.broken.clone().unwrap();
    assert!(broken.message.contains("no answer came within 1s") && broken.message.contains("\"...\""), "{broken}");
    let told = RuleVerdicts::new(results);
    assert!(text(told.whole_run()).contains("no answer came within"));
    assert!(text(told.verdict("SYS-1")).contains("the run ended"));
}

/// Gives other replies than one to each call.
struct Miscounting(usize);

impl Implementation for Miscounting {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new("miscounting").operations([Op::Verify])
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, sessionproof::AdapterError> {
        let reply = |call: &Call| Reply::Ok(model::answer(call, &Choices::default()));
        Ok(calls.iter().cycle().take(self.0).map(reply).collect())
    }
}

#[test]
fn another_number_of_replies_than_calls_ends_the_run_and_loops_never() {
    for count in [0, 2] {
        let results = sessionproof::conformance(Miscounting(count), &Options::default());
        let broken = results.broken.clone().unwrap();
        assert!(broken.message.contains(&format!("{count} replies to 1 calls")), "{broken}");
        assert_eq!(results.outcome(), Outcome::NotJudged);
    }
}

#[test]
fn a_known_failure_is_green_and_a_stale_one_red() {
    let known = |rule| Options::default().known_failure(rule, "our cookies expire a second early");
    let mutant = || mutants::find("age-equal-refused").unwrap().make();
    let told = told_with(mutant(), known("EXP-2"));
    assert_eq!(text(told.verdict("EXP-2")), "");
    assert_eq!(text(told.whole_run()), "");
    let stale = told_with(Model::default(), known("EXP-2"));
    assert!(text(stale.whole_run()).contains("EXP-2 now passes"), "{}", text(stale.whole_run()));
    assert!(text(stale.whole_run()).contains(file!()));
    let unknown = told_with(Model::default(), known("EXP-99"));
    assert!(text(unknown.whole_run()).contains("EXP-99"));
    assert!(unknown.verdict("SIG-1").is_err());
}

#[test]
fn a_reader_is_told_which_half_of_a_rule_it_does_not_offer() {
    // What goes past the harness is not seen here: the same sentence is made for the whole of a rule.
    let told = told(Reader(|_: &Verify, outcome| Ok(outcome)));
    for (rule, half) in [("PAY-3", Some(Op::Sign)), ("KEY-1", Some(Op::Sign)), ("EXP-2", None), ("SIG-6", None)] {
        assert_eq!(told.missing_half(rule), half, "{rule}");
    }
}

#[test]
fn a_reader_without_tags_is_green_when_it_says_so() {
    let plain = Reader(|call: &Verify, outcome| {
        let payload = call.cookie.rsplitn(3, '.').nth(2).unwrap_or_default();
        let text = model::payload::text(payload.as_bytes(), &Choices::default()).unwrap_or_default();
        let is_tagged = [" b", " d", " m", " t", " u"].iter().any(|tag| text.contains(&format!("\"{tag}\"")));
        if is_tagged { Err(CallError::unsupported("tags")) } else { Ok(outcome) }
    });
    assert_eq!(red(&told(plain)), [""; 0]);
}

/// Trims every text that it reads.
struct Trimming;

impl Implementation for Trimming {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new("trimming").values(ValueKind::ALL)
    }

    fn verify(&self, call: &Verify) -> Result<VerifyOutcome, CallError> {
        Ok(match model::server::verify(call, &Choices::default()) {
            VerifyOutcome::Accepted(session) => VerifyOutcome::Accepted(
                session
                    .into_iter()
                    .map(|(key, value)| match value.to_utf8() {
                        Some(text) if value.is_text() => (key, text.trim().into()),
                        _ => (key, value),
                    })
                    .collect(),
            ),
            other => other,
        })
    }
}

#[test]
fn a_reader_that_trims_text_is_red_under_the_standard_preset() {
    let told = told_with(Trimming, Options::from_preset(Preset::Standard));
    let red = red(&told);
    assert!(!red.is_empty() && red.iter().all(|rule| rule.starts_with("PAY-")), "{red:?}");
}

#[test]
fn a_rule_that_is_left_out_by_choice_does_not_fail() {
    let options = Options::default().rules(rules::Pattern::parse("SIG").unwrap());
    let told = told_with(Reader(|_: &Verify, _| Ok(VerifyOutcome::Rejected(None))), options);
    assert_eq!(text(told.verdict("EXP-1")), "");
    assert_ne!(text(told.verdict("SIG-1")), "");
}

/// Each method answers, and none of another operation can be given.
struct Whole;

impl Implementation for Whole {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new("whole").values(ValueKind::ALL)
    }

    fn verify(&self, call: &Verify) -> Result<VerifyOutcome, CallError> {
        Ok(model::server::verify(call, &Choices::default()))
    }

    fn sign(&self, call: &Sign) -> Result<SignOutcome, CallError> {
        Ok(model::server::sign(call, &Choices::default()))
    }

    fn exchange(&self, call: &Exchange) -> Result<Response, CallError> {
        match model::answer(&Call::Exchange(call.clone()), &Choices::default()) {
            Answer::Exchange(response) => Ok(response),
            other => Err(CallError::failed(format!("{other:?}"))),
        }
    }
}

#[test]
fn an_implementation_with_every_method_passes_every_rule() {
    let told = told(Whole);
    assert_eq!(red(&told), [""; 0]);
    assert_eq!(text(told.whole_run()), "");
}

#[test]
fn an_error_of_the_code_around_it_fails_the_rules_of_that_check_alone() {
    let reader = Reader(|call: &Verify, outcome| match call.cookie.as_str() {
        "🍪.🍪.🍪" => Err(CallError::failed("the connection was lost")),
        _ => Ok(outcome),
    });
    let told = told(reader);
    assert_eq!(red(&told), ["SIG-6"]);
    assert!(text(told.verdict("SIG-6")).contains("the connection was lost"));
}
