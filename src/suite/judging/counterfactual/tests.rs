use crate::{
    adapter::{AdapterError, Implementation},
    config::{Fallbacks, Key},
    evidence::vectors,
    model,
    protocol::{Answer, Base64Choice, Call, Capabilities, Choices, Op, Reason, ReasonsChoice, Reply, VerifyOutcome},
    suite::{
        generate::sizes::Sizes,
        outcome::{
            known::KnownFailures,
            results::{Failure, Origin, Outcome, Results},
        },
        running::run::{Options, run},
    },
};

/// The model, whose answers are changed.
struct Changed {
    hello: Capabilities,
    answer: fn(&Call) -> Answer,
}

impl Implementation for Changed {
    fn capabilities(&self) -> Capabilities {
        self.hello.clone()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        Ok(calls.iter().map(|call| Reply::Ok((self.answer)(call))).collect())
    }
}

fn right(call: &Call) -> Answer {
    model::answer(call, &Choices::default().reasons(ReasonsChoice::Typed))
}

fn results(choices: Choices, options: &Options, answer: fn(&Call) -> Answer) -> Results {
    let choices = choices.reasons(ReasonsChoice::Typed);
    let ops = [Op::Exchange, Op::Sign, Op::Verify];
    let hello = crate::adapter::in_process::capabilities("changed", ops, choices);
    run(&Changed { hello, answer }, &vectors::embedded().unwrap(), options, &mut |_| {})
}

fn quick() -> Options {
    Options { cases: 100, sizes: Sizes::QUICK, ..Options::default() }
}

/// The rules that failed, with how many checks each; `SYS-4` is about calls in another order.
fn broken(results: &Results) -> Vec<(&str, usize)> {
    let failed = results.rules.iter().filter(|(_, tally)| tally.failed > 0);
    failed.map(|(rule, tally)| (rule.as_str(), tally.failed)).collect()
}

fn refused(call: &Call, is_refused: impl Fn(&str) -> bool) -> Answer {
    match call {
        Call::Verify(verify) if is_refused(&verify.cookie) => match right(call) {
            Answer::Verify(VerifyOutcome::Accepted(_)) => {
                Answer::Verify(VerifyOutcome::Rejected(Some(Reason::Payload)))
            }
            other => other,
        },
        Call::Exchange(exchange) if exchange.cookie_header.as_deref().is_some_and(&is_refused) => {
            let mut without = exchange.clone();
            without.cookie_header = None;
            match right(call) {
                // An odd payload stays an error.
                Answer::Exchange(response) if response.opened.is_none() => Answer::Exchange(response),
                _ => right(&Call::Exchange(without)),
            }
        }
        _ => right(call),
    }
}

#[test]
fn who_declares_a_strict_reader_and_is_lenient_breaks_that_choice_alone() {
    let results = results(Choices::default().base64(Base64Choice::Strict), &quick(), right);
    let broken = broken(&results);
    assert!(matches!(broken[..], [("SIG-7", 20..)]), "{broken:?}");
}

#[test]
fn who_cannot_read_compressed_payloads_breaks_that_rule_alone_whatever_the_key_is() {
    let results = results(Choices::default(), &quick(), |call| refused(call, is_compressed));
    let broken = broken(&results);
    let of = |rule: &str| broken.iter().filter(|(other, _)| *other == rule).map(|(_, count)| count).sum::<usize>();
    let all: usize = broken.iter().map(|(_, count)| count).sum();
    assert!(of("PAY-13") * 100 >= all * 98, "{broken:?}");
    for failure in results.failures.iter().filter(|failure| failure.rule == "PAY-13" && failure.scenario.len() == 1) {
        let asked = failure.divergence.call.to_json().to_string();
        assert!(asked.len() <= 200 || !matches!(failure.origin, Origin::Property(_)), "{asked}");
    }
}

fn is_compressed(text: &str) -> bool {
    text.starts_with('.') || text.contains("session=.")
}

#[test]
fn who_cannot_use_a_key_of_bytes_breaks_that_rule_and_no_rule_about_ages() {
    let results = results(Choices::default(), &quick(), |call| match call {
        Call::Verify(_) if has_odd_bytes(call) => refused(call, |_| true),
        _ => right(call),
    });
    let broken = broken(&results);
    assert!(matches!(broken[..], [("KEY-6", 5..)]), "{broken:?}");
}

/// It rejects where a lifetime that no time span holds should raise.
#[test]
fn who_rejects_under_a_lifetime_beyond_the_calendar_breaks_that_rule_alone_whatever_the_cookie_is() {
    let results = results(Choices::default(), &Options { cases: 400, ..quick() }, |call| match (call, right(call)) {
        (Call::Verify(verify), Answer::Verify(VerifyOutcome::Raised(_)))
            if verify.config.lifetime.micros().is_none() =>
        {
            Answer::Verify(VerifyOutcome::Rejected(Some(Reason::Signature)))
        }
        (_, other) => other,
    });
    let broken = broken(&results);
    assert!(matches!(broken[..], [("EXP-9", 5..)]), "{broken:?}");
}

fn has_odd_bytes(call: &Call) -> bool {
    let config = call.config();
    let is_odd = |key: &Key| matches!(key, Key::Bytes(bytes) if std::str::from_utf8(bytes).is_err());
    let older = match &config.fallback_keys {
        Some(Fallbacks::Keys(keys)) => keys.as_slice(),
        _ => &[],
    };
    config.secret_key.iter().chain(older).any(is_odd)
}

/// As Werkzeug 1 writes dates, without HttpOnly, and without Vary where the cookie is set.
fn old(call: &Call) -> Answer {
    let mut answer = right(call);
    if let Answer::Exchange(response) = &mut answer {
        let sets = response.headers.iter().any(|(name, _)| name == "Set-Cookie");
        response.headers.retain(|(name, _)| !sets || name != "Vary");
        for (_, header) in response.headers.iter_mut().filter(|(name, _)| name == "Set-Cookie") {
            *header = dashed(header).replace("; HttpOnly", "");
        }
    }
    answer
}

/// `Expires=Tue, 14-Nov-2023 …` for `Expires=Tue, 14 Nov 2023 …`.
fn dashed(header: &str) -> String {
    let Some((head, date)) = header.split_once("Expires=") else { return header.to_owned() };
    let mut words = date.splitn(5, ' ');
    let mut word = || words.next().unwrap_or_default();
    let (day_name, day, month, year, rest) = (word(), word(), word(), word(), word());
    format!("{head}Expires={day_name} {day}-{month}-{year} {rest}")
}

#[test]
fn no_mistake_hides_behind_another_or_behind_a_date_in_another_spelling() {
    assert_eq!(
        dashed("a=b; Expires=Tue, 14 Nov 2023 22:13:20 GMT; Path=/"),
        "a=b; Expires=Tue, 14-Nov-2023 22:13:20 GMT; Path=/"
    );
    let results = results(Choices::default(), &Options { cases: 0, ..quick() }, old);
    let broken = broken(&results);
    let rules: Vec<_> = broken.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(rules, ["DEL-2", "SET-5", "VARY-2"], "{broken:?}");
    let both = |failure: &&Failure| failure.rules() == ["SET-5", "VARY-2"];
    let failure = results.failures.iter().find(both).unwrap();
    assert_eq!(failure.divergence.also.len(), 1);
    // The check counts once in all.
    assert!(results.total.failed < broken.iter().map(|(_, count)| count).sum());
}

#[test]
fn a_known_failure_covers_no_other_mistake_in_the_same_check() {
    let list = |rules: &str| {
        let text = format!("[[known]]\nrules = \"{rules}\"\nreason = \"old\"\n");
        Options { cases: 0, ..quick() }.known(KnownFailures::parse("known.toml", &text).unwrap())
    };
    let one = results(Choices::default(), &list("SET-5,DEL-2"), old);
    assert_eq!(one.outcome(), Outcome::NotConformant);
    assert_eq!(broken(&one).iter().map(|(rule, _)| *rule).collect::<Vec<_>>(), ["VARY-2"]);
    assert!(one.failures.iter().all(|failure| failure.rule == "VARY-2"));
    assert!(one.rules["SET-5"].known > 0 && one.rules["SET-5"].failed == 0);
    let both = results(Choices::default(), &list("SET-5,DEL-2,VARY-2"), old);
    assert_eq!((both.outcome(), both.total.failed), (Outcome::KnownFailures, 0));
    assert_eq!(both.total.known, one.total.failed + one.total.known);
}

#[test]
fn vary_has_cookie_and_nothing_else() {
    for (vary, is_right) in
        [("Cookie", true), ("cookie", true), ("Accept, Cookie", false), ("Cookie, Cookie", true), ("*", false)]
    {
        let config = std::sync::Arc::new(crate::config::Config::with_key("key"));
        let mut call = crate::protocol::Exchange::new(config, crate::clock::UnixTime::from_seconds(1_700_000_000));
        call.actions = vec![crate::protocol::Action::Len];
        let call = Call::Exchange(call);
        let Answer::Exchange(mut response) = right(&call) else { panic!("an exchange") };
        let expected = Answer::Exchange(response.clone());
        response.headers = vec![("Vary".to_owned(), vary.to_owned())];
        let found = super::differences(&call, &expected, &Answer::Exchange(response.clone()), &Choices::default());
        let rules: Vec<_> = found.iter().map(crate::suite::judging::compare::Difference::rule).collect();
        assert_eq!(rules.is_empty(), is_right, "{vary}: {rules:?}");
        // A second header counts as one more field.
        response.headers.push(("Vary".to_owned(), "Accept-Encoding".to_owned()));
        let found = super::differences(&call, &expected, &Answer::Exchange(response), &Choices::default());
        assert!(found.iter().any(|difference| difference.rule() == "VARY-1"), "{vary}");
    }
}
