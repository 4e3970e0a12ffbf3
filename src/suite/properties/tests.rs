//! What generated cases must come across, counted in a run of 2,000.

use super::*;
use crate::{
    case::story::{Event, Request, Story},
    clock::UnixTime,
    config::{Digest, Key, Lifetime},
    model::{base64, cookie_header, payload, server, signing},
    protocol::{Action, Choices, DuplicatesChoice, Exchange, Verify, VerifyOutcome},
    suite::generate::{
        cookies::FOREIGN_SALTS,
        settings::{DERIVATIONS, DIGESTS, block},
    },
    value::{BigInt, Map, Value},
};
use proptest::test_runner::{RngAlgorithm, TestRng};
use std::{collections::BTreeSet, sync::LazyLock};

const CASES: usize = 2000;

/// The cases of a run of the quick preset.
static RUN: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
    let cases = |(number, property): (u8, &Property)| {
        let mut runner =
            TestRunner::new_with_rng(Default::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[number; 32]));
        let strategy = property.strategy(None, &Sizes::QUICK, &mut runner);
        (0..CASES * property.share / 100).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect::<Vec<_>>()
    };
    (0..).zip(PROPERTIES).flat_map(cases).chain(one_character_edits(None, &Sizes::QUICK)).collect()
});

fn verifies() -> impl Iterator<Item = &'static Verify> {
    RUN.iter().filter_map(|scenario| match scenario {
        Scenario::Single(Call::Verify(call)) => Some(call),
        _ => None,
    })
}

fn exchanges() -> impl Iterator<Item = &'static Exchange> {
    RUN.iter().filter_map(|scenario| match scenario {
        Scenario::Single(Call::Exchange(call)) => Some(call),
        _ => None,
    })
}

fn stories() -> impl Iterator<Item = &'static Story> {
    RUN.iter().filter_map(|scenario| match scenario {
        Scenario::World(story) => Some(story),
        _ => None,
    })
}

/// The sessions that are to be signed, with the configuration and the clock.
fn signs() -> impl Iterator<Item = (&'static Config, UnixTime, &'static Map)> {
    RUN.iter().filter_map(|scenario| match scenario {
        Scenario::RoundTrip(sign) | Scenario::Single(Call::Sign(sign)) => {
            Some((&*sign.config, sign.now, &sign.session))
        }
        _ => None,
    })
}

fn configs() -> impl Iterator<Item = &'static Config> {
    let single = RUN.iter().filter_map(|scenario| match scenario {
        Scenario::Single(call) => Some(&**call.config()),
        Scenario::RoundTrip(sign) => Some(&*sign.config),
        _ => None,
    });
    single.chain(stories().flat_map(|story| story.servers.iter().map(|server| &*server.config)))
}

/// Every value in the sessions to be signed, with how deep it lies.
fn values() -> Vec<(usize, &'static Value)> {
    fn walk(depth: usize, value: &'static Value, found: &mut Vec<(usize, &'static Value)>) {
        found.push((depth, value));
        match value {
            Value::List(items) | Value::Tuple(items) => items.iter().for_each(|item| walk(depth + 1, item, found)),
            Value::Map(map) => map.iter().for_each(|(_, value)| walk(depth + 1, value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    signs().for_each(|(.., session)| session.iter().for_each(|(_, value)| walk(0, value, &mut found)));
    found
}

fn assert_found(what: &str, found: usize, least: usize) {
    assert!(found >= least, "{what}: {found} of at least {least}");
}

#[test]
fn the_shares_of_the_properties_make_up_a_run() {
    let share = |of_stores: bool| {
        let is_meant = |property: &&Property| (property.asks == Some(Op::Story)) == of_stores;
        PROPERTIES.iter().filter(is_meant).map(|property| property.share).sum::<usize>()
    };
    assert_eq!((share(false), share(true)), (100, 20));
    let names: BTreeSet<_> = PROPERTIES.iter().map(|property| property.name).collect();
    assert_eq!(names.len(), PROPERTIES.len());
}

#[test]
fn the_same_source_of_chance_makes_the_same_cases_and_another_preset_makes_others() {
    for property in PROPERTIES {
        let cases = |sizes: &Sizes| {
            let mut runner = TestRunner::deterministic();
            let strategy = property.strategy(None, sizes, &mut runner);
            (0..20).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect::<Vec<_>>()
        };
        assert_eq!(cases(&Sizes::QUICK), cases(&Sizes::QUICK), "{}", property.name);
        assert_ne!(cases(&Sizes::QUICK), cases(&Sizes::DEEP), "{}", property.name);
    }
}

#[test]
fn values_of_every_type_and_extreme_occur() {
    let values = values();
    let count = |is: &dyn Fn(&Value) -> bool| values.iter().filter(|(_, value)| is(value)).count();
    let int = |is: fn(&BigInt) -> bool| count(&|value| matches!(value, Value::Int(int) if is(int)));
    let float = |is: fn(&f64) -> bool| count(&|value| matches!(value, Value::Float(float) if is(float)));
    let text =
        |is: &dyn Fn(&[u32]) -> bool| count(&|value| matches!(value, Value::Text(text) if is(text.code_points())));
    let key =
        |is: fn(&Value) -> bool| count(&|value| matches!(value, Value::Map(map) if map.iter().any(|(k, _)| is(k))));
    let is_tag = |map: &Map| {
        map.len() == 1
            && map.iter().all(|(key, _)| [" t", " b", " m", " u", " d", " di"].iter().any(|tag| *key == **tag))
    };
    for (what, found, least) in [
        ("null", count(&|value| *value == Value::Null), 20),
        ("a boolean", count(&|value| matches!(value, Value::Bool(_))), 20),
        ("bytes", count(&|value| matches!(value, Value::Bytes(_))), 20),
        ("a naive datetime", count(&|value| matches!(value, Value::Datetime(at) if at.offset.is_none())), 10),
        ("a datetime with an offset", count(&|value| matches!(value, Value::Datetime(at) if at.offset.is_some())), 10),
        ("markup", count(&|value| matches!(value, Value::Markup(_))), 20),
        ("a tuple", count(&|value| matches!(value, Value::Tuple(_))), 20),
        ("a UUID", count(&|value| matches!(value, Value::Uuid(_))), 20),
        ("a container in a container", values.iter().filter(|(depth, _)| *depth >= 2).count(), 50),
        ("a map like a tag", count(&|value| matches!(value, Value::Map(map) if is_tag(map))), 5),
        ("a key that is no text", key(|key| matches!(key, Value::Int(_))), 5),
        ("an integer beyond 64 bits", int(|int| int.bits() > 64), 10),
        ("the largest or smallest of 64 bits", int(|int| *int == i64::MAX.into() || *int == i64::MIN.into()), 2),
        ("an integer of hundreds of digits", int(|int| int.bits() > 900), 2),
        ("a float that is no number", float(|float| float.is_nan()), 2),
        ("an infinite float", float(|float| float.is_infinite()), 2),
        ("minus zero", float(|float| float.to_bits() == (-0.0f64).to_bits()), 1),
        ("a subnormal float", float(|float| float.is_subnormal()), 1),
        ("a float on an end of its range", float(|float| float.abs() == f64::MAX), 1),
        ("a whole float", float(|float| float.fract() == 0.0), 10),
        ("lone surrogates", text(&|points| points.iter().any(|point| (0xD800..0xE000).contains(point))), 5),
        ("text beyond the first plane", text(&|points| points.iter().any(|point| *point > 0xFFFF)), 5),
        ("control characters", text(&|points| points.iter().any(|point| *point < 0x20)), 5),
        ("long text", text(&|points| points.len() > 200), 3),
    ] {
        assert_found(what, found, least);
    }
}

#[test]
fn the_threshold_of_compression_is_met_from_both_sides() {
    let never = Choices { compression: crate::protocol::CompressionChoice::Never, ..Choices::default() };
    let margins: Vec<_> = signs()
        .filter_map(|(.., session)| {
            let text = payload::text(payload::write(session, &never).ok()?.as_bytes(), &never)?;
            Some(payload::deflate(text.as_bytes()).len() as isize - (text.len() as isize - 1))
        })
        .collect();
    // Compressed when the stream is shorter than the text by more than one byte: exactly below zero.
    for margin in [-2, -1, 0, 1] {
        assert_found("sessions", margins.iter().filter(|found| **found == margin).count(), 3);
    }
}

#[test]
fn keys_around_the_block_of_every_digest_occur() {
    for digest in DIGESTS {
        for by in [-1, 0, 1] {
            let length = block(digest).saturating_add_signed(by);
            let is_met = |config: &&Config| {
                config.digest == digest && config.signing_key().is_some_and(|key| key.len() == length)
            };
            assert_found(&format!("{digest:?} with {length} bytes"), configs().filter(is_met).count(), 1);
        }
    }
    let letters = |config: &&Config| matches!(&config.secret_key, Some(Key::Text(text)) if !text.is_ascii());
    assert_found("keys beyond ASCII", configs().filter(letters).count(), 20);
    assert_found("keys of bytes", configs().filter(|c| matches!(c.secret_key, Some(Key::Bytes(_)))).count(), 20);
}

/// The age of a cookie that is signed as configured.
fn age(call: &Verify) -> Option<i64> {
    let (signed, _) = call.cookie.rsplit_once('.')?;
    let (_, timestamp) = signed.rsplit_once('.')?;
    let bytes = base64::decode(timestamp.as_bytes()).filter(|bytes| bytes.len() < 8)?;
    let second = bytes.iter().fold(0i64, |second, byte| second * 256 + i64::from(*byte));
    Some(call.now.seconds() - second)
}

#[test]
fn times_at_every_edge_occur() {
    for by in [-1, 0, 1] {
        let at_edge =
            verifies().filter(|call| call.config.lifetime.max_age().is_some_and(|max| age(call) == Some(max + by)));
        assert_found(&format!("ages {by} from the lifetime"), at_edge.count(), 10);
    }
    let now = |is: fn(UnixTime) -> bool| {
        verifies().filter(|call| is(call.now)).count() + exchanges().filter(|call| is(call.now)).count()
    };
    let lifetime = |is: fn(Lifetime) -> bool| configs().filter(|config| is(config.lifetime)).count();
    let micros = |lifetime: Lifetime| lifetime.micros().unwrap_or_default();
    assert_eq!(micros(Lifetime::Seconds(1)), 1_000_000);
    for (what, found, least) in [
        ("ages in the future", verifies().filter(|call| age(call).is_some_and(|age| age < 0)).count(), 20),
        ("instants within a second", now(|now| now.micros() % 1_000_000 != 0), 100),
        ("the year 2038", now(|now| (now.seconds() - (1 << 31)).abs() <= 2), 10),
        ("the first seconds", now(|now| now.seconds() < 3), 10),
        ("the year 9999", now(|now| now.seconds() > signing::LAST_SECOND - 31_536_000), 20),
        ("lifetimes of zero", lifetime(|lifetime| lifetime == Lifetime::Seconds(0)), 5),
        ("negative lifetimes", lifetime(|lifetime| lifetime.micros().is_some_and(|micros| micros < 0)), 5),
        (
            "lifetimes with a fraction",
            lifetime(|lifetime| lifetime.micros().is_some_and(|micros| micros % 1_000_000 != 0)),
            20,
        ),
        ("lifetimes beyond the calendar", lifetime(|lifetime| lifetime.micros().is_none()), 5),
    ] {
        assert_found(what, found, least);
    }
}

fn verdict(call: &Verify) -> VerifyOutcome {
    server::verify(call, &Choices::default())
}

/// Whether the cookie counts in an application that is configured otherwise.
fn counts_with(call: &Verify, change: impl Fn(&mut Config)) -> bool {
    let mut call = call.clone();
    change(Arc::make_mut(&mut call.config));
    // The age does not matter here.
    Arc::make_mut(&mut call.config).lifetime = Lifetime::Seconds(10_000_000_000);
    matches!(verdict(&call), VerifyOutcome::Accepted(_))
}

#[test]
fn cookies_spoiled_in_every_way_occur() {
    let rejected: Vec<_> = verifies().filter(|call| !matches!(verdict(call), VerifyOutcome::Accepted(_))).collect();
    let count = |is: &dyn Fn(&Verify) -> bool| rejected.iter().filter(|call| is(call)).count();
    let signature = |call: &Verify| call.cookie.rsplit_once('.').and_then(|(_, part)| base64::decode(part.as_bytes()));
    let is_flask = |config: &Config| config.digest == Digest::Sha1;
    let other_digest = |call: &Verify| {
        DIGESTS
            .iter()
            .any(|digest| *digest != call.config.digest && counts_with(call, |config| config.digest = *digest))
    };
    let other_derivation = |call: &Verify| {
        DERIVATIONS
            .iter()
            .any(|how| *how != call.config.key_derivation && counts_with(call, |config| config.key_derivation = *how))
    };
    let other_salt = |call: &Verify| {
        FOREIGN_SALTS
            .iter()
            .any(|salt| *salt != call.config.salt && counts_with(call, |config| config.salt = (*salt).to_owned()))
    };
    let flipped_back = |call: &Verify| {
        call.cookie.len() < 120
            && call.cookie.char_indices().any(|(at, there)| {
                (0..8).filter_map(|bit| char::from_u32(u32::from(there) ^ (1 << bit))).any(|c| {
                    let (head, tail) = (&call.cookie[..at], &call.cookie[at + there.len_utf8()..]);
                    counts_with(&Verify { cookie: format!("{head}{c}{tail}"), ..call.clone() }, |_| {})
                })
            })
    };
    let is_theirs = |call: &Verify| call.cookie.starts_with("eyJ1c2VyIjoxfQ.") && call.cookie.matches('.').count() == 2;
    let some_flipped = rejected.iter().rev().step_by(17).filter(|call| flipped_back(call)).count();
    for (what, found, least) in [
        ("too few parts", count(&|call| call.cookie.matches('.').count() < 2), 20),
        (
            "a signature cut short",
            count(&|call| is_flask(&call.config) && signature(call).is_some_and(|s| (1..20).contains(&s.len()))),
            20,
        ),
        ("a doubled separator", count(&|call| call.cookie.contains("..")), 5),
        ("another's payload", count(&|call| is_theirs(call) && signature(call).is_some_and(|s| s.len() == 20)), 5),
        ("a foreign digest", count(&other_digest), 1),
        ("a foreign key derivation", count(&other_derivation), 1),
        ("a foreign salt", count(&other_salt), 1),
        ("one bit off a good cookie, of some that were tried", some_flipped, 10),
        ("percent signs", count(&|call| call.cookie.contains("%2E")), 2),
    ] {
        assert_found(what, found, least);
    }
    let odd = verifies().filter(|call| matches!(verdict(call), VerifyOutcome::Raised(_))).count();
    assert_found("signed, and no session", odd, 20);
}

#[test]
fn headers_with_several_cookies_in_any_order_occur() {
    let cookies = |call: &'static Exchange, duplicates| {
        cookie_header::value(call.cookie_header.as_deref()?, &call.config.cookie_name, duplicates)
    };
    let opens = |call: &Exchange, cookie: Option<String>| {
        let cookie = cookie.unwrap_or_default();
        matches!(verdict(&Verify { config: call.config.clone(), now: call.now, cookie }), VerifyOutcome::Accepted(_))
    };
    let mut orders = BTreeSet::new();
    let (mut quoted, mut none) = (0, 0);
    for call in exchanges() {
        let (first, last) = (cookies(call, DuplicatesChoice::First), cookies(call, DuplicatesChoice::Last));
        none += usize::from(call.cookie_header.is_some() && first.is_none());
        quoted += usize::from(call.cookie_header.as_ref().is_some_and(|header| header.contains("=\"")));
        if first != last {
            orders.insert((opens(call, first), opens(call, last)));
        }
    }
    let all = BTreeSet::from([(false, false), (false, true), (true, false), (true, true)]);
    assert_eq!(orders, all, "whether the first of several cookies counts, and the last");
    assert_found("quotes", quoted, 10);
    assert_found("headers without a cookie of the name", none, 10);
}

#[test]
fn every_combination_of_flags_and_every_attribute_occurs() {
    let flags = |config: &Config| {
        [config.cookie_httponly, config.cookie_secure, config.cookie_partitioned, config.refresh_each_request]
    };
    let looks: Vec<_> = configs()
        .filter(|config| {
            config.cookie_samesite.is_some()
                || !config.cookie_httponly
                || config.cookie_secure
                || config.cookie_partitioned
        })
        .collect();
    assert_eq!(configs().map(flags).collect::<BTreeSet<_>>().len(), 16);
    let distinct = |of: fn(&Config) -> String| looks.iter().map(|config| of(config)).collect::<BTreeSet<_>>().len();
    for (what, found, least) in [
        ("domains", distinct(|config| format!("{:?}", config.cookie_domain)), 4),
        ("paths", distinct(|config| format!("{:?}", config.cookie_path)), 4),
        ("words of SameSite", distinct(|config| format!("{:?}", config.cookie_samesite)), 4),
        ("roots", distinct(|config| config.application_root.clone()), 3),
        ("names", distinct(|config| config.cookie_name.clone()), 4),
        (
            "digests with derivations",
            configs().map(|c| format!("{:?} {:?}", c.digest, c.key_derivation)).collect::<BTreeSet<_>>().len(),
            20,
        ),
    ] {
        assert_found(what, found, least);
    }
}

#[test]
fn every_action_of_a_view_occurs() {
    let name = |action: &Action| crate::json::to_value(action).unwrap()["do"].as_str().unwrap().to_owned();
    let in_stories = stories().flat_map(|story| &story.events).filter_map(|event| match event {
        Event::Request(Request { actions, .. }) => Some(actions),
        _ => None,
    });
    let names: BTreeSet<_> = exchanges().map(|call| &call.actions).chain(in_stories).flatten().map(name).collect();
    assert_eq!(names.len(), 24, "{names:?}");
}

#[test]
fn a_property_declares_what_its_cases_ask_first() {
    for property in PROPERTIES {
        let mut runner =
            TestRunner::new_with_rng(Default::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
        let strategy = property.strategy(None, &Sizes::QUICK, &mut runner);
        let first = |_| Some(strategy.new_tree(&mut runner).unwrap().current().next(&[])?.op());
        let asked: BTreeSet<_> = (0..200).filter_map(first).collect();
        let alone = asked.first().copied().filter(|_| asked.len() == 1);
        assert_eq!(property.asks, alone, "{}: {asked:?}", property.name);
    }
    assert!(
        one_character_edits(None, &Sizes::QUICK).iter().all(|scenario| scenario.next(&[]).unwrap().op() == Op::Verify)
    );
}
