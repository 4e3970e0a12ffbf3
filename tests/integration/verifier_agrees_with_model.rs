//! The verifier and the model are two implementations of the same rules that share no code. Here they answer the same calls,
//! and each is compared with what real Flask did.

use proptest::{prelude::*, test_runner::TestRunner};
use sessionproof::{
    adapter::{
        Implementation,
        in_process::{BuiltInVerifier, Model},
    },
    case::scenario::Scenario,
    clock::UnixTime,
    config::Config,
    evidence::vectors,
    model::{self, cookie_header},
    protocol::{
        Answer, Base64Choice, Call, Choices, DuplicatesChoice, ReasonsChoice, Reply, Sign, SignOutcome, Verify,
    },
    suite::{
        generate::{
            cookies,
            payloads::{dates, json_soup, tagged_json},
            settings,
            sizes::Sizes,
            values,
        },
        judging::compare::compare,
        properties,
    },
    value::Value,
    verifier::header,
};
use std::sync::Arc;

const CASES: u32 = 4000;

fn answer(implementation: &dyn Implementation, call: &Call) -> Answer {
    match implementation.answer(std::slice::from_ref(call)).unwrap().remove(0) {
        Reply::Ok(answer) => answer,
        other => panic!("{other:?}"),
    }
}

/// The verifier's answer is the model's, by meaning and with the reason.
fn check(base64: Base64Choice, call: &Call) -> Result<(), TestCaseError> {
    let choices = Choices::default().base64(base64).reasons(ReasonsChoice::Typed);
    let verifier = match base64 {
        Base64Choice::Strict => BuiltInVerifier::strict(),
        _ => BuiltInVerifier::lenient(),
    };
    assert_eq!(verifier.capabilities().choices, choices);
    let (expected, got) = (answer(&Model::new(choices), call), answer(&verifier, call));
    compare(call, &expected, &got, &choices).map_err(|d| TestCaseError::fail(format!("{d:?}\n{}", call.to_line(0))))
}

fn agree(cases: BoxedStrategy<Call>) {
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    let run = |call: Call| {
        check(Base64Choice::Lenient, &call)?;
        check(Base64Choice::Strict, &call)
    };
    if let Err(failure) = TestRunner::new(config).run(&cases, run) {
        panic!("{failure}");
    }
}

fn shared(configs: BoxedStrategy<Config>) -> BoxedStrategy<Arc<Config>> {
    configs.prop_map(Arc::new).boxed()
}

fn signing(configs: BoxedStrategy<Config>) -> BoxedStrategy<Call> {
    (shared(configs), settings::instant(), values::session(&Sizes::STANDARD))
        .prop_map(|(config, now, session)| Call::Sign(Sign { config, now, session }))
        .boxed()
}

fn crypto() -> BoxedStrategy<Config> {
    (0usize..100).prop_flat_map(settings::crypto).boxed()
}

#[test]
fn both_judge_cookies_around_their_lifetime_alike() {
    agree(cookies::aged(shared(settings::timing()), &Sizes::STANDARD));
}

#[test]
fn both_judge_spoiled_cookies_alike() {
    agree(cookies::spoiled(shared(settings::timing()), &Sizes::STANDARD));
}

#[test]
fn both_judge_cookies_of_other_salts_digests_and_derivations_alike() {
    let sizes = &Sizes::STANDARD;
    agree(prop_oneof![cookies::aged(shared(crypto()), sizes), cookies::spoiled(shared(crypto()), sizes)].boxed());
}

#[test]
fn both_sign_alike() {
    agree(prop_oneof![signing(settings::timing()), signing(crypto())].boxed());
}

#[test]
fn both_write_what_is_nested_as_deep_alike() {
    type Wrap = fn(Value) -> Value;
    let wraps: [Wrap; 4] = [
        |inner| Value::List(vec![inner]),
        |inner| Value::Tuple(vec![inner]),
        |inner| Value::Map([("a", inner)].into_iter().collect()),
        |inner| Value::Map([(" t", inner)].into_iter().collect()),
    ];
    let inmost = [Value::Null, Value::Bytes(vec![1]), Value::Markup("m".into()), Value::Uuid(1)];
    let config = Arc::new(Config::with_key("development key"));
    let now = UnixTime::from_seconds(1_700_000_000);
    for (wrap, inmost) in wraps.into_iter().flat_map(|wrap| inmost.iter().map(move |inmost| (wrap, inmost))) {
        for depth in (45..56).chain(95..106).chain(192..206) {
            let value = (0..depth).fold(inmost.clone(), |inner, _| wrap(inner));
            let session = [("v", value)].into_iter().collect();
            let call = Call::Sign(Sign { config: Arc::clone(&config), now, session });
            check(Base64Choice::Lenient, &call).unwrap();
        }
    }
}

#[test]
fn both_read_what_is_nested_as_deep_and_write_integers_as_long_alike() {
    let config = Arc::new(Config::with_key("development key"));
    let now = UnixTime::from_seconds(1_700_000_000);
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{\" t\":[", "]}")] {
        for depth in (95..106).chain(192..206) {
            let json = format!("{{\"v\":{}1{}}}", open.repeat(depth), close.repeat(depth));
            let payload = model::base64::encode(json.as_bytes());
            let cookie = model::signing::sign(&payload, b"development key", &config, now).unwrap();
            check(Base64Choice::Lenient, &Call::Verify(Verify { config: Arc::clone(&config), now, cookie })).unwrap();
        }
    }
    for digits in [4299, 4300, 4301] {
        for sign in ["", "-"] {
            let long = Value::Int(format!("{sign}{}", "1".repeat(digits)).parse().unwrap());
            for session in [[("v", long.clone())].into_iter().collect(), [(long, "v")].into_iter().collect()] {
                let call = Call::Sign(Sign { config: Arc::clone(&config), now, session });
                check(Base64Choice::Lenient, &call).unwrap();
            }
        }
    }
}

#[test]
fn both_judge_every_one_character_edit_of_a_good_cookie_alike() {
    for scenario in properties::one_character_edits(None, &Sizes::DEEP) {
        let Scenario::Single(call) = scenario else { continue };
        check(Base64Choice::Lenient, &call).unwrap();
        check(Base64Choice::Strict, &call).unwrap();
    }
}

#[test]
fn both_read_odd_json_alike() {
    let config = Arc::new(Config::with_key("development key"));
    let text = prop_oneof![
        1 => json_soup(),
        2 => tagged_json(),
        2 => tagged_json().prop_map(|value| format!("{{\"v\":{value}}}")),
        2 => dates().prop_map(|date| format!("{{\"v\":{{\" d\":\"{date}\"}}}}")),
        1 => dates().prop_map(|date| format!("{{\"v\":{{\" m\":[{{\" d\":\"{date}\"}}]}}}}")),
    ];
    let calls = (text, settings::instant()).prop_map(move |(text, now)| {
        let payload = sessionproof::model::base64::encode(text.as_bytes());
        let cookie = cookies::forged(&payload, &config, now);
        Call::Verify(Verify { config: config.clone(), now, cookie })
    });
    agree(calls.boxed());
}

#[test]
fn the_verifier_answers_every_vector_as_flask_did() {
    let embedded = BuiltInVerifier::default();
    let choices = embedded.capabilities().choices;
    let mut asked = 0;
    for ready in vectors::embedded().unwrap() {
        let Scenario::Single(call) = &ready.scenario else { continue };
        if !embedded.capabilities().ops.contains(&call.op()) {
            continue;
        }
        let expected = &ready.recorded[0].answer;
        let got = answer(&embedded, call);
        if let Err(difference) = compare(call, expected, &got, &choices) {
            panic!("{}: {difference:?}", ready.vector.id);
        }
        if let (Answer::Sign(SignOutcome::Cookie(expected)), Answer::Sign(SignOutcome::Cookie(got))) = (expected, &got)
        {
            assert_eq!(got, expected, "{}", ready.vector.id);
        }
        asked += 1;
    }
    assert!(asked > 50, "{asked} vectors");
}

fn header_agrees(header: &[u8], name: &str) {
    let characters: String = header.iter().map(|byte| char::from(*byte)).collect();
    let expected = cookie_header::value(&characters, name, DuplicatesChoice::First);
    assert_eq!(header::find(header, name).as_deref(), expected.as_deref(), "{characters:?}");
}

#[test]
fn headers_that_were_got_wrong_mean_what_the_model_says() {
    for header in [
        "session=a; session=b",
        "other=x;session = a ;",
        "session",
        "session=; session=b",
        "Session=a",
        "session=\"a\\054\\\"b\"",
        "session=\"\\400a\"",
        "session=\"a\\\nb\"",
        "bad\"; session=a",
        "session=\"a; session=b",
        "session=a=b",
        "session=\"a\"b; session=c",
        "session=\"a\\",
        "session=\"",
        "session=a b; session=c",
        "=x; session=a",
        ";;session=a;",
        "x; session=a",
        "x \t; session=a",
        "",
    ] {
        header_agrees(header.as_bytes(), "session");
    }
    for header in [&b"s\xe9=a"[..], b"s\xc3\xa9=a", b"session=\xc3\xa9", b"session=\"\xc3\\303\\251\xff\""] {
        header_agrees(header, "s\u{e9}");
        header_agrees(header, "session");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_header_means_what_the_model_says(pieces in prop::collection::vec(prop::sample::select(vec![
        "a", "b", "=", ";", " ", "\t", "\"", "\\", "\n", "0", "7", "12", "\u{e9}", "\u{ff}", "a=", "; a=", "\"a\"",
    ]), 0..14)) {
        let header: Vec<u8> = pieces.concat().chars().map(|c| c as u8).collect();
        header_agrees(&header, "a");
    }

    #[test]
    fn any_bytes_mean_what_the_model_says(header in prop::collection::vec(any::<u8>(), 0..40)) {
        header_agrees(&header, "a");
    }
}
