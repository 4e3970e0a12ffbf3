//! The diagnosis of mutants by themselves, of two mistakes at once, and of wrong declarations.

use super::*;
use crate::{
    adapter::{AdapterError, in_process::Model},
    evidence::vectors,
    model, mutants,
    protocol::{Answer, Base64Choice, Call, Choices, OnInvalid, Op, Reply, VerifyOutcome},
    suite::running::run,
};
use std::sync::LazyLock;

static VECTORS: LazyLock<Vec<LoadedVector>> = LazyLock::new(|| vectors::embedded().unwrap());

fn diagnosed(implementation: &dyn Implementation) -> Option<Diagnosis> {
    let options = Options { cases: 300, no_shrink: true, ..Options::default() };
    let results = run::run(implementation, &VECTORS, &options, &mut |_| {});
    diagnose(&results, implementation, &VECTORS, &options)
}

/// The names of the causes.
fn causes(implementation: &dyn Implementation) -> Vec<String> {
    let found = diagnosed(implementation).unwrap();
    found.causes.into_iter().map(|cause| cause.name).collect()
}

/// An implementation that declares some choices, offers only reading where they are strict, and answers by a function.
struct Port<F>(Choices, F);

impl<F: Fn(&Call) -> Answer + Send + Sync> Implementation for Port<F> {
    fn capabilities(&self) -> Capabilities {
        let mut hello = Capabilities { choices: self.0, ..Model::default().capabilities() };
        hello.ops.retain(|op| self.0.base64 == Base64Choice::Lenient || *op == Op::Verify);
        hello
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        Ok(calls.iter().map(|call| Reply::Ok((self.1)(call))).collect())
    }
}

fn mutant_answer(name: &str, call: &Call) -> Answer {
    match mutants::find(name).unwrap().make().answer(std::slice::from_ref(call)).unwrap().remove(0) {
        Reply::Ok(answer) => answer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mutant_is_diagnosed_as_itself_and_explains_every_failure() {
    for name in ["age-equal-refused", "accept-all", "sign-on-read"] {
        let found = diagnosed(mutants::find(name).unwrap().make().as_ref()).unwrap();
        let cause = &found.causes[0];
        assert!(cause.name == name || cause.like.iter().any(|like| like == name), "{name}: {found:?}");
        assert_eq!((cause.explains, found.unexplained.len()), (found.looked_at, 0), "{name}: {found:?}");
    }
}

#[test]
fn who_is_right_has_no_diagnosis() {
    assert_eq!(diagnosed(&Model::default()), None);
}

#[test]
fn two_mistakes_at_once_are_both_named() {
    let flask = Choices::default();
    let port = Port(flask, |call: &Call| {
        let one = mutant_answer("age-equal-refused", call);
        if one == model::answer(call, &Model::default().capabilities().choices) {
            mutant_answer("sign-on-read", call)
        } else {
            one
        }
    });
    let named = causes(&port);
    for name in ["age-equal-refused", "sign-on-read"] {
        assert!(named.iter().any(|named| named == name), "{name}: {named:?}");
    }
}

#[test]
fn a_choice_that_is_not_the_declared_one_is_named() {
    let declared = Choices::default().base64(Base64Choice::Strict);
    assert_eq!(causes(&Port(declared, |call: &Call| model::answer(call, &Choices::default()))), ["base64=lenient"]);
    let rejects = Choices::default().odd_payload(OnInvalid::Reject);
    assert_eq!(
        causes(&Port(Choices::default(), move |call: &Call| model::answer(call, &rejects))),
        ["odd_payload=reject"]
    );
}

/// The example of a port that declares strict base64 and compares signatures after decoding them.
#[test]
fn a_lenient_comparison_under_strict_base64_is_named() {
    let declared = Choices::default().base64(Base64Choice::Strict);
    let port = Port(declared, move |call: &Call| {
        let Call::Verify(verify) = call else { return model::answer(call, &declared) };
        let mut verify = verify.clone();
        if let Some((head, signature)) = verify.cookie.rsplit_once('.')
            && let Some(bytes) = model::base64::decode(signature.as_bytes())
        {
            verify.cookie = format!("{head}.{}", model::base64::encode(&bytes));
        }
        model::answer(&Call::Verify(verify), &declared)
    });
    let found = diagnosed(&port).unwrap();
    assert_eq!(found.causes[0].name, "base64=lenient in the signature");
    assert_eq!(found.unexplained.len(), 0, "{found:?}");
}

#[test]
fn a_mistake_that_fails_what_passed_is_out_of_the_question() {
    // Half of a mutant: it refuses the age that equals the lifetime, but only of cookies that some do not get.
    let port = Port(Choices::default(), |call: &Call| match call {
        Call::Verify(verify) if verify.config.salt == "cookie-session" => mutant_answer("age-equal-refused", call),
        _ => model::answer(call, &Choices::default()),
    });
    let named = causes(&port);
    assert!(!named.iter().any(|name| name == "age-equal-refused"), "{named:?}");
}

#[test]
fn what_no_mistake_explains_is_left_over() {
    let port = Port(Choices::default(), |call: &Call| match call {
        Call::Verify(_) => {
            let session = [("nobody", crate::value::Value::int(1))].into_iter().collect();
            Answer::Verify(VerifyOutcome::Accepted(session))
        }
        _ => model::answer(call, &Choices::default()),
    });
    let found = diagnosed(&port).unwrap();
    assert_eq!((found.causes.len(), found.explained()), (0, 0), "{found:?}");
    assert!(found.looked_at <= LOOKED_AT && found.unexplained.values().sum::<usize>() == found.looked_at);
}

#[test]
fn no_mistake_is_named_for_a_few_answers() {
    let port = Port(Choices::default(), |call: &Call| match call {
        Call::Verify(verify) if verify.cookie.len() % 7 == 0 => Answer::Verify(VerifyOutcome::Rejected(None)),
        _ => model::answer(call, &Choices::default()),
    });
    let found = diagnosed(&port).unwrap();
    for cause in &found.causes {
        assert!(10 * cause.adds >= found.looked_at || found.unexplained.is_empty(), "{found:?}");
    }
}

/// The comparison under `key_order=any` passes over the spelling of escapes.
#[test]
fn another_spelling_is_not_taken_for_another_order() {
    let found = diagnosed(mutants::find("escapes-in-upper-case").unwrap().make().as_ref()).unwrap();
    let named = found.causes.iter().flat_map(|cause| [&cause.name].into_iter().chain(&cause.like));
    assert!(!named.clone().any(|name| name.starts_with("key_order")) && named.count() > 0, "{found:?}");
}
