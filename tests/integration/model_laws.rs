//! Laws of the model, on what quickcheck makes: a second generator, which shares nothing with the suite's own.

use quickcheck::{Gen, QuickCheck, Testable};
use sessionproof::{
    clock::UnixTime,
    config::{Config, Fallbacks, Key, Lifetime},
    model,
    protocol::{Action, Answer, Call, Choices, Exchange, Response, Sign, SignOutcome, Verify, VerifyOutcome},
    suite::judging::compare::differences,
    value::{Map, Value},
};
use std::sync::Arc;

/// Tries a law on many cases, always the same.
fn law(cases: u64, seed: u64, law: impl Testable) {
    QuickCheck::new().rng(Gen::from_size_and_seed(30, seed)).tests(cases).quickcheck(law);
}

/// The cookie that the model makes of a session, if it makes one.
fn signed(config: &Config, now: UnixTime, session: &Map) -> Option<String> {
    let call = Sign { config: Arc::new(config.clone()), now, session: session.clone() };
    match model::answer(&Call::Sign(call), &Choices::default()) {
        Answer::Sign(SignOutcome::Cookie(cookie)) => Some(cookie),
        _ => None,
    }
}

fn verified(config: &Config, now: UnixTime, cookie: &str) -> VerifyOutcome {
    let call = Verify { config: Arc::new(config.clone()), now, cookie: cookie.to_owned() };
    match model::answer(&Call::Verify(call), &Choices::default()) {
        Answer::Verify(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

fn exchanged(call: Exchange) -> Response {
    match model::answer(&Call::Exchange(call), &Choices::default()) {
        Answer::Exchange(response) => response,
        other => panic!("{other:?}"),
    }
}

/// A configuration by which fresh cookies live.
fn living(config: &Config, seconds: i64) -> Config {
    config.clone().lifetime(Lifetime::Seconds(seconds))
}

/// A time at which every cookie can be signed and read.
fn instant(number: u32) -> UnixTime {
    UnixTime::from_seconds(1_000_000_000 + i64::from(number))
}

#[test]
fn what_was_opened_and_written_again_opens_as_the_same() {
    fn holds(config: Config, number: u32, session: Map) -> bool {
        let (config, now) = (living(&config, 60), instant(number));
        let Some(cookie) = signed(&config, now, &session) else { return true };
        let VerifyOutcome::Accepted(opened) = verified(&config, now, &cookie) else { return false };
        let Some(again) = signed(&config, now, &opened) else { return false };
        verified(&config, now, &again) == VerifyOutcome::Accepted(opened)
    }
    law(1_000, 1, holds as fn(_, _, _) -> _);
}

#[test]
fn no_bytes_in_the_cookie_header_are_a_panic_and_only_a_key_opens_a_session() {
    fn holds(config: Config, number: u32, bytes: Vec<u8>, is_named: bool) -> bool {
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        let header = if is_named { format!("{}={text}", config.cookie_name) } else { text };
        let mut call = Exchange::new(Arc::new(living(&config, 60)), instant(number));
        call.cookie_header = Some(header);
        call.actions = vec![Action::Items, Action::Len];
        exchanged(call).opened.is_none_or(|session| session.is_empty())
    }
    law(3_000, 2, holds as fn(_, _, _, _) -> _);
}

#[test]
fn a_cookie_that_is_too_old_is_never_valid_later() {
    fn holds(config: Config, number: u32, session: Map, ages: (u16, u16)) -> bool {
        let (config, signed_at) = (living(&config, 20_000), instant(number));
        let Some(cookie) = signed(&config, signed_at, &session) else { return true };
        let is_accepted = |age: u16| {
            matches!(verified(&config, signed_at.plus_seconds(age.into()), &cookie), VerifyOutcome::Accepted(_))
        };
        let (early, late) = (ages.0.min(ages.1), ages.0.max(ages.1));
        (is_accepted(early) || !is_accepted(late)) && is_accepted(early) == (early <= 20_000)
    }
    law(1_000, 3, holds as fn(_, _, _, _) -> _);
}

#[test]
fn fallback_keys_read_and_never_sign() {
    fn holds(config: Config, number: u32, session: Map, older: Vec<Key>) -> bool {
        let (config, now) = (living(&config, 60), instant(number));
        let (mut with, mut without) = (config.clone(), config);
        with.fallback_keys = Some(Fallbacks::Keys(older.clone()));
        without.fallback_keys = None;
        let made = (signed(&with, now, &session), signed(&without, now, &session));
        let is_key = |key: &&Key| !key.as_bytes().is_empty();
        let (Some(current), Some(key)) = (&made.0, older.iter().find(is_key)) else { return made.0 == made.1 };
        let Some(old) = signed(&without.clone().secret_key(Some(key.clone())), now, &session) else { return true };
        // A cookie of the older key opens as one of the current key does.
        made.0 == made.1 && verified(&with, now, &old) == verified(&with, now, current)
    }
    law(600, 4, holds as fn(_, _, _, _) -> _);
}

#[test]
fn an_answer_differs_from_itself_in_nothing_and_from_that_to_another_session_in_something_both_ways() {
    fn holds(config: Config, number: u32, one: Map, other: Map) -> bool {
        let (config, now) = (living(&config, 60), instant(number));
        let call = |session: &Map| Call::Sign(Sign { config: Arc::new(config.clone()), now, session: session.clone() });
        let choices = Choices::default();
        let (asked, answers) = (call(&one), [&one, &other].map(|session| model::answer(&call(session), &choices)));
        let differs = |a: &Answer, b: &Answer| !differences(&asked, a, b, &choices).is_empty();
        let is_cookie = |answer: &Answer| matches!(answer, Answer::Sign(SignOutcome::Cookie(_)));
        let is_other = answers[0] != answers[1] && answers.iter().any(is_cookie);
        answers.iter().all(|answer| !differs(answer, answer))
            && differs(&answers[0], &answers[1]) == is_other
            && differs(&answers[1], &answers[0]) == is_other
    }
    law(600, 5, holds as fn(_, _, _, _) -> _);
}

#[test]
fn what_a_view_sets_is_what_the_next_request_opens_with() {
    fn holds(config: Config, number: u32, value: Value) -> bool {
        let config = Arc::new(living(&config, 60));
        let mut first = Exchange::new(config.clone(), instant(number));
        first.actions = vec![Action::Set { key: "k".into(), value: value.clone() }];
        let response = exchanged(first);
        let set = response.headers.iter().find(|(name, _)| name == "Set-Cookie");
        let Some(pair) = set.and_then(|(_, header)| header.split(';').next()) else { return true };
        let mut second = Exchange::new(config.clone(), instant(number).plus_seconds(1));
        second.cookie_header = Some(pair.to_owned());
        let written: Map = [(Value::from("k"), value)].into_iter().collect();
        let alone =
            signed(&config, instant(number), &written).map(|cookie| verified(&config, instant(number), &cookie));
        match (exchanged(second).opened, alone) {
            (Some(opened), Some(VerifyOutcome::Accepted(expected))) => opened == expected,
            _ => false,
        }
    }
    law(1_000, 6, holds as fn(_, _, _) -> _);
}
