//! Laws of the types and of the verifier, on what quickcheck makes.

use super::*;
use crate::verifier::{Error, Verifier};
use quickcheck::{QuickCheck, Testable};
use std::collections::BTreeSet;

/// Tries a law on many cases, always the same.
fn law(cases: u64, seed: u64, law: impl Testable) {
    QuickCheck::new().rng(Gen::from_size_and_seed(40, seed)).tests(cases).quickcheck(law);
}

/// A verifier, a time that is not before the signature, and a session, if that can be signed and lives.
fn signed(config: &Config, now: UnixTime, session: &Map) -> Option<(Verifier, String)> {
    let verifier = Verifier::new(config).ok()?;
    let cookie = verifier.sign(session, now).ok()?;
    Some((verifier, cookie))
}

/// A configuration by which fresh cookies live.
fn living(config: &Config) -> Config {
    Config { lifetime: Lifetime::Seconds(60), ..config.clone() }
}

#[test]
fn what_was_signed_is_loaded_and_a_second_round_changes_nothing() {
    fn holds(config: Config, now: UnixTime, session: Map) -> bool {
        let Some((verifier, cookie)) = signed(&living(&config), now, &session) else { return true };
        let loaded = match verifier.load(&cookie, now) {
            Ok(loaded) => loaded,
            // No key signs a timestamp outside the calendar that it also reads.
            Err(error) => return error == Error::Calendar,
        };
        let again = verifier.sign(&loaded, now).and_then(|cookie| verifier.load(&cookie, now));
        again.as_ref() == Ok(&loaded)
    }
    law(2_000, 1, holds as fn(_, _, _) -> _);
}

#[test]
fn text_keys_and_values_that_have_a_tag_or_are_json_come_back_as_they_were() {
    fn carried(value: &Value) -> bool {
        match value {
            Value::Datetime(_) => false,
            Value::List(items) | Value::Tuple(items) => items.iter().all(carried),
            Value::Map(map) => map.iter().all(|(key, value)| matches!(key, Value::Text(_)) && carried(value)),
            _ => true,
        }
    }
    fn holds(config: Config, session: Map) -> bool {
        let now = UnixTime::from_seconds(1_700_000_000);
        if !carried(&Value::Map(session.clone())) {
            return true;
        }
        let Some((verifier, cookie)) = signed(&living(&config), now, &session) else { return true };
        verifier.load(&cookie, now) == Ok(session)
    }
    law(3_000, 2, holds as fn(_, _) -> _);
}

#[test]
fn no_bytes_make_the_verifier_panic() {
    fn holds(config: Config, now: UnixTime, bytes: Vec<u8>, text: String, payload: Vec<u8>) -> bool {
        let Ok(verifier) = Verifier::new(&config) else { return true };
        let latin: String = bytes.iter().copied().map(char::from).collect();
        for cookie in [&text, &latin, &format!("{latin}.ZVPxAA.{text}"), &format!(".{text}.{latin}.e30")] {
            let _ = (verifier.verify(cookie, now), verifier.load(cookie, now), verifier.load_payload(cookie));
        }
        let _ = (verifier.load_header(&bytes, now), verifier.read(&payload), verifier.inflate(&payload));
        true
    }
    law(5_000, 3, holds as fn(_, _, _, _, _) -> _);
}

#[test]
fn one_other_byte_in_a_cookie_is_never_accepted_as_another_session() {
    fn holds(session: Map, at: usize, byte: u8) -> bool {
        let now = UnixTime::from_seconds(1_700_000_000);
        let Some((verifier, cookie)) = signed(&Config::with_key("k"), now, &session) else { return true };
        let mut bytes = cookie.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte % 0x80;
        let Ok(loaded) = verifier.load(&String::from_utf8(bytes).unwrap(), now) else { return true };
        // Another spelling of the same signature.
        loaded == verifier.load(&cookie, now).unwrap()
    }
    law(3_000, 4, holds as fn(_, _, _) -> _);
}

#[test]
fn a_cookie_is_accepted_exactly_up_to_its_lifetime() {
    fn holds(lifetime: u32, session: Map, late: i8) -> bool {
        let now = UnixTime::from_seconds(1_700_000_000);
        let lifetime = i64::from(lifetime);
        let config = Config { lifetime: Lifetime::Seconds(lifetime), ..Config::with_key("k") };
        let Some((verifier, cookie)) = signed(&config, now, &session) else { return true };
        let then = now.plus_seconds(lifetime + i64::from(late));
        let is_live = late <= 0 && lifetime + i64::from(late) >= 0;
        verifier.load(&cookie, then).is_ok() == is_live
    }
    law(3_000, 5, holds as fn(_, _, _) -> _);
}

#[test]
fn equality_of_values_is_an_equivalence_and_that_of_keys_is_wider() {
    fn holds(a: Value, b: Value) -> bool {
        let reflexive = a == a.clone() && b == b.clone();
        let symmetric = (a == b) == (b == a) && a.is_same_key(&b) == b.is_same_key(&a);
        // NaN is the same value, and no key.
        let has_nan = format!("{a:?}").contains("NaN");
        reflexive && symmetric && (a != b || has_nan || a.is_same_key(&b))
    }
    law(5_000, 6, holds as fn(_, _) -> _);
    fn with_itself(a: Value) -> bool {
        holds(a.clone(), a)
    }
    law(2_000, 7, with_itself as fn(_) -> _);
}

#[test]
fn maps_are_equal_in_any_order_and_hold_what_was_put_in_last() {
    fn holds(map: Map, key: Text, first: Value, second: Value) -> bool {
        let mut reversed = Map::new();
        let entries: Vec<_> = map.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        entries.into_iter().rev().for_each(|(key, value)| reversed.insert(key, value));
        let key = Value::Text(key);
        let mut changed = map.clone();
        changed.insert(key.clone(), first);
        changed.insert(key.clone(), second.clone());
        let is_held = changed.get(&key) == Some(&second);
        changed.remove(&key);
        let is_out = !changed.contains_key(&key) && changed.len() + usize::from(map.contains_key(&key)) == map.len();
        map == reversed && is_held && is_out
    }
    law(2_000, 8, holds as fn(_, _, _, _) -> _);
}

#[test]
fn text_goes_through_utf_16_and_is_ordered_by_code_points() {
    fn holds(a: Text, b: Text) -> bool {
        Text::from_utf16(a.to_utf16()) == a
            && a.cmp(&b) == a.code_points().cmp(b.code_points())
            && a.to_utf8().is_none_or(|text| a == text.as_str())
    }
    law(5_000, 9, holds as fn(_, _) -> _);
}

#[test]
fn time_and_lifetime_round_as_python_does() {
    fn holds(time: UnixTime, seconds: i32, lifetime: Lifetime) -> bool {
        let floor = time.seconds() <= time.micros().div_euclid(1_000_000)
            && i128::from(time.seconds()) * 1_000_000 <= i128::from(time.micros());
        let moved = time.plus_seconds(seconds.into());
        let is_ordered = (moved >= time) == (seconds >= 0 || moved.micros() == time.micros());
        let truncated = lifetime.max_age().zip(lifetime.micros()).is_none_or(|(age, micros)| {
            i128::from(age) * 1_000_000 - micros < 1_000_000 && i128::from(age).abs() * 1_000_000 <= micros.abs()
        });
        floor && is_ordered && truncated
    }
    law(5_000, 10, holds as fn(_, _, _) -> _);
}

#[test]
fn every_kind_of_value_is_made_and_what_is_tried_next_is_another_value_and_comes_to_an_end() {
    let mut g = Gen::from_size_and_seed(40, 11);
    let mut kinds = BTreeSet::new();
    for _ in 0..2_000 {
        let mut value = Value::arbitrary(&mut g);
        kinds.insert(format!("{value:?}").split(['(', ' ']).next().unwrap_or_default().to_owned());
        // Always the first: that it ends shows that nothing comes back.
        let mut steps = 0;
        while let Some(next) = value.shrink().next() {
            assert_ne!(next, value);
            value = next;
            steps += 1;
            assert!(steps < 2_000, "{value:?}");
        }
    }
    assert_eq!(kinds.len(), 12, "{kinds:?}");
}

#[test]
fn a_law_that_fails_is_shown_by_a_small_value() {
    fn wrong(value: Value) -> bool {
        !matches!(&value, Value::Map(map) if map.iter().any(|(_, value)| matches!(value, Value::Tuple(_))))
    }
    let found = QuickCheck::new()
        .rng(Gen::from_size_and_seed(40, 12))
        .tests(50_000)
        .max_tests(50_000)
        .quicktest(wrong as fn(Value) -> bool)
        .unwrap_err();
    let shown = format!("{found:?}");
    assert!(shown.contains("Tuple([])") && shown.len() < 200, "{shown}");
}
