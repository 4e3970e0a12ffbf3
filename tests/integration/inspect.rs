//! `inspect`: what it says of the cookies of real Flask, that it says what real Flask and the model say, and that nothing that
//! anybody pastes harms it.

use proptest::prelude::*;
use sessionproof::{
    case::scenario::Scenario,
    clock::UnixTime,
    config::{Config, Key as SecretKey, Lifetime},
    evidence::vectors::{self, LoadedVector},
    inspect::{Answer, Inspection, Key, LARGEST_PAYLOAD, NotACookie, Question, inspect, inspect_value, text},
    model::{base64, payload, server, signing},
    protocol::{Answer as Answered, Call, Choices, Verify, VerifyOutcome},
    rules,
    suite::generate::{cookies, payloads, settings, sizes::Preset},
    value::Value,
    verifier::Verifier,
};
use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

static VECTORS: LazyLock<Vec<LoadedVector>> = LazyLock::new(|| vectors::embedded().unwrap());

fn vector(id: &str) -> &'static LoadedVector {
    VECTORS.iter().find(|ready| ready.vector.id == id).unwrap_or_else(|| panic!("there is no vector {id}"))
}

/// What was asked in a vector, and real Flask's answer.
fn asked(ready: &LoadedVector) -> Option<(Call, &Answered)> {
    match (&ready.scenario, ready.recorded.first()) {
        (Scenario::Single(call), Some(recorded)) => Some((call.clone(), &recorded.answer)),
        _ => None,
    }
}

/// The first Set-Cookie header that real Flask sent, with the question that belongs to it, some seconds later.
fn sent(id: &str, later: i64) -> (String, Question) {
    let Some((Call::Exchange(call), Answered::Exchange(exchanged))) = asked(vector(id)) else { panic!("{id}") };
    let (_, header) = exchanged.headers.iter().find(|(name, _)| name == "Set-Cookie").unwrap();
    // The lifetime is told by Expires alone.
    let config = (*call.config).clone().lifetime(Lifetime::default());
    let question = Question { config, lifetime: None, now: call.now.plus_seconds(later) };
    (format!("Set-Cookie: {header}"), question)
}

fn plain(inspection: &Inspection) -> String {
    anstream::adapter::strip_str(&text::write(inspection)).to_string()
}

/// The verdict in the words of the protocol.
fn answer(verified: &VerifyOutcome) -> Answer {
    match verified {
        VerifyOutcome::Accepted(_) => Answer::Accepted,
        VerifyOutcome::Raised(_) => Answer::Raised,
        VerifyOutcome::Rejected(_) => Answer::Rejected,
    }
}

#[test]
fn cookies_of_real_flask_are_told() {
    for (name, id, later, lifetime) in [
        ("permanent", "permanence-flag-new", 10, None),
        ("expired", "permanence-flag-new", 3600, Some(60)),
        ("every_attribute", "set-cookie-all-renewed", 10, None),
        ("few_attributes", "set-cookie-fewest", 10, Some(60)),
        ("deletion", "deletion-by-clear", 10, None),
        ("oversize", "set-cookie-pair-4097", 10, None),
        ("near_the_limit", "set-cookie-size-4093", 10, None),
    ] {
        let (header, mut question) = sent(id, later);
        question.lifetime = lifetime.map(Lifetime::Seconds);
        insta::assert_snapshot!(name, plain(&inspect(&header, &question).unwrap()));
    }
}

#[test]
fn every_type_of_value_is_told() {
    let Some((Call::Verify(call), _)) = asked(vector("types-together-verify")) else { panic!() };
    let question = Question { config: Config::default(), lifetime: None, now: call.now };
    insta::assert_snapshot!("types", plain(&inspect(&call.cookie, &question).unwrap()));
}

#[test]
fn the_json_of_an_inspection() {
    let (header, question) = sent("permanence-flag-new", 10);
    insta::assert_snapshot!("json", inspect(&header, &question).unwrap().to_json());
}

#[test]
fn the_verdict_on_every_vector_is_that_of_real_flask() {
    let mut judged = [0; 3];
    for ready in VECTORS.iter() {
        let Some((Call::Verify(Verify { config, now, cookie }), Answered::Verify(recorded))) = asked(ready) else {
            continue;
        };
        if config.signing_key().is_none() {
            continue;
        }
        let question = Question { lifetime: Some(config.lifetime), config: (*config).clone(), now };
        let id = &ready.vector.id;
        match inspect_value(&cookie, &question) {
            Ok(inspection) => {
                let found = inspection.server.now.answer;
                assert_eq!(found, answer(recorded), "{id}");
                judged[found as usize % 3] += 1;
                if let VerifyOutcome::Accepted(session) = recorded {
                    assert_eq!(inspection.payload.unwrap().session.as_ref(), Some(session), "{id}");
                }
            }
            // A lifetime beyond the calendar raises before anything is looked at.
            Err(_) if config.lifetime.max_age().is_none() => {
                assert!(matches!(recorded, VerifyOutcome::Raised(_)), "{id}")
            }
            Err(_) => assert!(matches!(recorded, VerifyOutcome::Rejected(_)), "{id}"),
        }
    }
    assert!(judged.iter().sum::<usize>() > 400, "{judged:?}");
}

#[test]
fn every_pitfall_and_verdict_rests_on_a_rule_that_there_is() {
    for ready in VECTORS.iter() {
        let Some((Call::Exchange(_), Answered::Exchange(exchanged))) = asked(ready) else { continue };
        for (_, header) in exchanged.headers.iter().filter(|(name, _)| name == "Set-Cookie") {
            let config = Config::default().cookie_name(header.split('=').next().unwrap().to_owned());
            let question =
                Question { config, lifetime: Some(Lifetime::Seconds(7)), now: UnixTime::from_seconds(1_700_000_100) };
            let Ok(inspection) = inspect(&format!("Set-Cookie: {header}"), &question) else { continue };
            let cited = inspection.pitfalls.iter().map(|pitfall| pitfall.rule);
            for rule in cited.chain([inspection.server.now.rule]).chain(inspection.browser.map(|browser| browser.rule))
            {
                assert!(rules::find(rule).is_some(), "{rule}");
            }
        }
    }
}

fn pitfalls(header: &str, question: &Question) -> Vec<&'static str> {
    inspect(header, question).unwrap().pitfalls.into_iter().map(|pitfall| pitfall.id).collect()
}

pub fn cookie(text: &str, now: i64) -> String {
    let encoded = base64::encode(text.as_bytes());
    signing::sign(&encoded, b"key", &Config::with_key("key"), UnixTime::from_seconds(now)).unwrap()
}

pub const NOW: i64 = 1_700_000_000;

fn question() -> Question {
    Question { config: Config::with_key("key"), lifetime: None, now: UnixTime::from_seconds(NOW + 60) }
}

#[test]
fn each_pitfall_shows_where_it_is_and_nowhere_else() {
    let good = cookie(r#"{"_permanent":true,"user":1}"#, NOW);
    let attributes = "Expires=Fri, 15 Dec 2023 22:13:20 GMT; Secure; HttpOnly; Path=/; SameSite=Lax";
    let header = |value: &str, attributes: &str| format!("Set-Cookie: session={value}; {attributes}");
    let without = |part: &str| header(&good, &attributes.replace(part, ""));
    let given = Question { lifetime: Some(Lifetime::default()), ..question() };
    let long = Question { lifetime: Some(Lifetime::Seconds(401 * 86_400)), ..question() };
    let fallback = Config::with_key("new")
        .fallback_keys(sessionproof::config::Fallbacks::Keys(vec![SecretKey::from("old"), SecretKey::from("key")]));
    let padded = {
        let signed = format!("{}=.ZVPxAA", base64::encode(b"{}"));
        let config = Config::with_key("key");
        let signature = signing::mac(config.digest, &signing::derive_key(&config, b"key"), &[signed.as_bytes()]);
        format!("{signed}.{}", base64::encode(&signature))
    };
    let secret = cookie(r#"{"_permanent":true,"a":[{"resetToken":"x"}]}"#, NOW);
    let large = cookie(&format!(r#"{{"_permanent":true,"a":"{}"}}"#, "x".repeat(2700)), NOW);
    let huge = cookie(&format!(r#"{{"_permanent":true,"a":"{}"}}"#, "x".repeat(3100)), NOW);
    for (header, question, expected) in [
        (header(&good, attributes), &given, &[][..]),
        (header(&cookie(r#"{"user":1}"#, NOW), "Secure; HttpOnly; SameSite=Lax"), &given, &["not-permanent"]),
        (header(&cookie(r#"{"user":1}"#, NOW), "Secure; HttpOnly; SameSite=Lax"), &question(), &[]),
        (header(&secret, attributes), &given, &["readable-secret"]),
        (header(&good, "Secure; HttpOnly; SameSite=Lax"), &long, &["beyond-browsers"]),
        (format!("Cookie: session={good}"), &Question { config: fallback, ..question() }, &["fallback-key"]),
        (padded, &question(), &["other-spelling"]),
        (format!("Cookie: session={good}; session=x"), &question(), &["several-cookies"]),
        (header(&large, attributes), &given, &["near-the-limit"]),
        (header(&huge, attributes), &given, &["oversize"]),
        (without("Secure; "), &given, &["no-secure"]),
        (without("HttpOnly; "), &given, &["no-http-only"]),
        (without("; SameSite=Lax"), &given, &["no-same-site"]),
        (header(&good, "HttpOnly; SameSite=None"), &given, &["ignored", "no-secure"]),
        (
            header(&good, attributes),
            &Question { lifetime: Some(Lifetime::Seconds(60)), ..question() },
            &["other-lifetime"],
        ),
        (header("", "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"), &given, &[]),
    ] {
        assert_eq!(pitfalls(&header, question), expected, "{header}");
    }
}

#[test]
fn the_key_that_signed_is_named() {
    let keys = ["first", "second", "third"];
    let config = Config::with_key("current")
        .fallback_keys(sessionproof::config::Fallbacks::Keys(keys.map(SecretKey::from).to_vec()));
    let signed = |key: &str| signing::sign("e30", key.as_bytes(), &config, UnixTime::from_seconds(NOW)).unwrap();
    let question = Question { config: config.clone(), ..question() };
    let found = |key: &str| inspect(&signed(key), &question).unwrap().signature.unwrap().key;
    assert_eq!(found("current"), Key::Current);
    assert_eq!(keys.map(found), [Key::Fallback(1), Key::Fallback(2), Key::Fallback(3)]);
    assert_eq!(found("other"), Key::Unknown);
}

#[test]
fn what_is_no_cookie_is_told_what_it_lacks() {
    for (text, part) in [
        ("", "no cookie was given"),
        ("  \n ", "no cookie was given"),
        ("eyJ1c2VyIjoxfQ", "no dot"),
        ("eyJ1c2VyIjoxfQ.MRSiw1YrHkeZE4nCOUjf5Vy0yU", "one dot"),
        ("eyJ1c2VyIjoxfQ:1rabcd:MRSiw1YrHkeZE4nCOUjf5Vy0yU", "Django"),
        (
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
            "JSON Web Token",
        ),
        ("!.!.!", "neither its payload nor its timestamp"),
        ("Cookie: sid=a.b.c", "sid"),
        ("a.b.c\nd.e.f", "several lines"),
    ] {
        let error = inspect(text, &question()).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
    assert_eq!(inspect(&"x".repeat(2 << 20), &question()).unwrap_err(), NotACookie::TooLong);
}

/// A cookie whose payload inflates to some text, signed by `key`.
fn compressed(text: &[u8]) -> String {
    let payload = format!(".{}", base64::encode(&payload::deflate(text)));
    signing::sign(&payload, b"key", &Config::with_key("key"), UnixTime::from_seconds(NOW)).unwrap()
}

#[test]
fn bombs_are_not_looked_at_and_take_no_time() {
    let started = Instant::now();
    let many_keys = (0..60_000).map(|n| format!("\"{n:x}\":0")).collect::<Vec<_>>().join(",");
    for bomb in [vec![b' '; 100 << 20], format!("{{{many_keys}}}").into_bytes()] {
        let inspection = inspect(&compressed(&bomb), &question()).unwrap();
        assert_eq!(inspection.server.now.answer, Answer::NotRead);
        assert!(plain(&inspection).contains("not read"), "{}", plain(&inspection));
        assert!(inspection.to_json().len() < 1 << 20);
    }
    let deep = format!("{{\"a\":{}}}", "[".repeat(1 << 20));
    assert_eq!(inspect(&compressed(deep.as_bytes()), &question()).unwrap().server.now.answer, Answer::Raised);
    let wide = format!("{{\"a\":[{}]}}", vec!["0"; LARGEST_PAYLOAD / 2 - 10].join(","));
    let inspection = inspect(&compressed(wide.as_bytes()), &question()).unwrap();
    assert!(plain(&inspection).len() < 20_000);
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn nothing_in_a_cookie_reaches_the_terminal_as_a_control_character() {
    let nasty = "\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\u{2066}\u{200b}\r\n\u{7f}";
    let json = serde_json::json!({ nasty: nasty, "a": { nasty: [nasty] } }).to_string();
    let config = Config::with_key("key").cookie_name("session".to_owned());
    let question = Question { config, ..question() };
    let header = format!("Set-Cookie: session={}; Path=/\u{1b}[31m; \u{9b}x=\u{202e}", cookie(&json, NOW));
    for text in
        [cookie(&json, NOW), header, format!("Cookie: {nasty}=1; session=\"\\033.\\033.\\033\""), nasty.to_owned()]
    {
        let shown = match inspect(&text, &question) {
            Ok(inspection) => plain_and_json(&inspection),
            Err(error) => error.to_string(),
        };
        let bad = shown.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{200b}'..='\u{206f}').contains(c));
        assert_eq!(bad, None, "{shown:?}");
    }
}

fn plain_and_json(inspection: &Inspection) -> String {
    // The styles are the program's own, and are the only escapes.
    let styled = text::write(inspection);
    let plain = anstream::adapter::strip_str(&styled).to_string();
    let json = inspection.to_json();
    serde_json::from_str::<serde_json::Value>(&json).unwrap();
    plain + &json
}

fn configs() -> BoxedStrategy<Arc<Config>> {
    prop_oneof![settings::timing(), settings::keys(), settings::crypto(7)].prop_map(Arc::new).boxed()
}

fn calls() -> BoxedStrategy<Call> {
    let sizes = Preset::Quick.sizes();
    prop_oneof![
        4 => cookies::aged(configs(), &sizes),
        2 => cookies::spoiled(configs(), &sizes),
        1 => cookies::respell_cookie(configs(), &sizes),
        1 => cookies::carrying(configs(), payloads::odd()),
        1 => cookies::carrying(configs(), payloads::tagged_json().prop_map(|json| base64::encode(json.as_bytes())).boxed()),
    ]
    .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_verdict_is_the_models_and_holds_until_it_is_said_to_change(call in calls()) {
        let Call::Verify(Verify { config, now, cookie }) = call else { unreachable!() };
        prop_assume!(config.signing_key().is_some());
        let choices = Choices::default();
        let asked = |now| answer(&server::verify(&Verify { config: config.clone(), now, cookie: cookie.clone() }, &choices));
        let question = Question { lifetime: Some(config.lifetime), config: (*config).clone(), now };
        let Ok(inspection) = inspect_value(&cookie, &question) else {
            prop_assert_ne!(asked(now), Answer::Accepted);
            return Ok(());
        };
        let found = inspection.server.now.answer;
        prop_assert_eq!(found, asked(now));
        if let Ok(verifier) = Verifier::new(&config) {
            prop_assert_eq!(verifier.load(&cookie, now).is_ok(), found == Answer::Accepted);
        }
        if let Some(then) = &inspection.server.then {
            prop_assert!(then.at > now.seconds());
            prop_assert_eq!(asked(UnixTime::from_seconds(then.at).plus_micros(-1)), found, "just before");
            prop_assert_eq!(asked(UnixTime::from_seconds(then.at)), then.verdict.answer);
        } else {
            // It stays so for as long as anybody may care.
            let laters = [1, 60, 86_400, 400 * 86_400, 100 * 365 * 86_400];
            for later in laters.into_iter().filter(|later| now.seconds() + later <= signing::LAST_SECOND) {
                prop_assert_eq!(asked(now.plus_seconds(later)), found, "{} later", later);
            }
        }
        // Without the key, the same is said of payload and age.
        let mut keyless = (*config).clone().secret_key(None);
        keyless.fallback_keys = None;
        let without = Question { config: keyless, ..question };
        if inspection.signature.as_ref().is_some_and(|signature| signature.key != Key::Unknown) {
            let Ok(blind) = inspect_value(&cookie, &without) else {
                prop_assert_ne!(found, Answer::Accepted);
                return Ok(());
            };
            prop_assert!(blind.server.assumes_signature);
            prop_assert_eq!(blind.server.now.answer, found);
        }
    }

    #[test]
    fn a_renewal_is_what_a_reading_request_gets(call in cookies::aged(configs(), &Preset::Quick.sizes()), refresh in any::<bool>()) {
        let Call::Verify(Verify { config, now, cookie }) = call else { unreachable!() };
        let config = (*config).clone().refresh_each_request(refresh);
        let question = Question { lifetime: Some(config.lifetime), config: config.clone(), now };
        let Ok(inspection) = inspect_value(&cookie, &question) else { return Ok(()) };
        let exchange = sessionproof::protocol::Exchange {
            config: Arc::new(config.clone()),
            now,
            cookie_header: Some(format!("{}={cookie}", config.cookie_name)),
            method: "GET".to_owned(),
            path: "/".to_owned(),
            actions: vec![sessionproof::protocol::Action::Get { key: Value::from("user") }],
        };
        let exchanged = server::exchange(&exchange, &Choices::default());
        let is_set = exchanged.headers.iter().any(|(name, _)| name == "Set-Cookie");
        prop_assert_eq!(inspection.renewal.is_some_and(|renewal| renewal.renewed), is_set);
    }

    #[test]
    fn nothing_that_is_pasted_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), now in any::<i64>(), lifetime in any::<i64>()) {
        let latin: String = bytes.iter().copied().map(char::from).collect();
        let question = Question { now: UnixTime::from_micros(now), lifetime: Some(Lifetime::Seconds(lifetime)), ..question() };
        for text in [latin.clone(), format!("Set-Cookie: session={latin}"), format!("session={latin}; Expires={latin}"), format!("Cookie: {latin}; session={latin}")] {
            if let Ok(inspection) = inspect(&text, &question) {
                plain_and_json(&inspection);
            }
        }
    }

    #[test]
    fn no_timestamp_or_payload_makes_it_panic(
        payload in proptest::collection::vec(any::<u8>(), 0..60),
        timestamp in proptest::collection::vec(any::<u8>(), 0..10),
        attributes in "(; ?(Expires|Max-Age|Path|Domain|SameSite|Secure)=?[0-9A-Za-z:, -]{0,30}){0,5}",
        now in any::<i64>(),
        lifetime in prop_oneof![any::<i64>().prop_map(Lifetime::Seconds), any::<f64>().prop_map(Lifetime::Delta)],
    ) {
        let value = format!("{}.{}.AAAA", base64::encode(&payload), base64::encode(&timestamp));
        let question = Question { now: UnixTime::from_micros(now), lifetime: Some(lifetime), config: Config::default() };
        for lifetime in [question.lifetime, None] {
            let question = Question { lifetime, ..question.clone() };
            if let Ok(inspection) = inspect(&format!("Set-Cookie: session={value}{attributes}"), &question) {
                plain_and_json(&inspection);
            }
        }
    }
}

#[test]
fn the_guide_shows_what_is_printed() {
    let (header, question) = sent("permanence-flag-new", 10);
    let told = plain(&inspect(&header, &question).unwrap());
    assert!(include_str!("../../docs/inspect.md").contains(&format!("```text\n{told}```")), "{told}");
}

#[test]
fn every_member_and_pitfall_is_documented() {
    let page = include_str!("../../spec/inspection-format.md");
    let (header, question) = sent("set-cookie-fewest", 10);
    let json: serde_json::Value = serde_json::from_str(&inspect(&header, &question).unwrap().to_json()).unwrap();
    fn members(json: &serde_json::Value, found: &mut Vec<String>) {
        for (name, value) in json.as_object().into_iter().flatten().filter(|(name, _)| *name != "session") {
            found.push(name.clone());
            members(value, found);
        }
    }
    let mut found = Vec::new();
    members(&json, &mut found);
    assert!(found.len() > 30, "{found:?}");
    for name in found {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
    let source = include_str!("../../src/inspect/pitfalls.rs");
    let ids: Vec<_> = source.split("add(").skip(1).filter_map(|call| call.split('"').nth(1)).collect();
    assert!(ids.len() > 12, "{ids:?}");
    for id in ids {
        assert!(page.contains(&format!("| `{id}` |")), "{id}");
    }
}
