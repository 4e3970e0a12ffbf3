use super::*;
use crate::{
    config::{Fallbacks, Key, Lifetime},
    value::Value,
};

const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);

fn config() -> Config {
    Config { lifetime: Lifetime::Seconds(60), ..Config::with_key("key") }
}

fn verifier() -> Verifier {
    Verifier::new(&config()).unwrap()
}

fn session() -> Map {
    [("user", Value::int(42))].into_iter().collect()
}

/// A cookie with any payload, signed.
fn forged(verifier: &Verifier, payload: &[u8], is_deflated: bool, timestamp: &[u8]) -> String {
    let mut text = String::from(if is_deflated { "." } else { "" });
    base64::append(payload, &mut text);
    text.push('.');
    base64::append(timestamp, &mut text);
    let signature = verifier.keys[0].sign(text.as_bytes());
    text.push('.');
    base64::append(&signature, &mut text);
    text
}

#[test]
fn a_cookie_counts_from_its_second_to_the_end_of_its_lifetime() {
    let verifier = verifier();
    let cookie = verifier.sign(&session(), NOW).unwrap();
    let after = |seconds| verifier.verify(&cookie, NOW.plus_seconds(seconds)).map(|accepted| accepted.timestamp);
    assert_eq!(after(-1), Err(Error::Future));
    assert_eq!(after(0), Ok(1_700_000_000));
    assert_eq!(after(60), Ok(1_700_000_000));
    assert_eq!(after(61), Err(Error::Expired));
}

#[test]
fn what_is_not_signed_is_rejected_for_its_signature() {
    for cookie in ["", ".", "..", "e30", "e30.AA.", "e30.AA.AAAA", "é.é.é"] {
        let error = verifier().verify(cookie, NOW).unwrap_err();
        assert_eq!(error.reason(), Some(Reason::Signature), "{cookie:?}");
    }
}

#[test]
fn timestamps_have_at_most_eight_bytes_and_a_calendar() {
    let verifier = verifier();
    let verify = |timestamp: &[u8]| {
        let cookie = forged(&verifier, b"{}", false, timestamp);
        verifier.verify(&cookie, NOW).map(|accepted| accepted.timestamp)
    };
    assert_eq!(verify(&[0, 0, 0, 0, 0x65, 0x53, 0xF1, 0]), Ok(1_700_000_000));
    assert_eq!(verify(&[0; 9]), Err(Error::Timestamp));
    assert_eq!(verify(&[0xFF; 8]), Err(Error::Calendar));
    assert_eq!(verify(&[]), Err(Error::Expired));
    let beyond = LAST_SECOND + 1;
    let cookie = forged(&verifier, b"{}", false, &beyond.to_be_bytes());
    assert_eq!(verifier.verify(&cookie, UnixTime::from_seconds(beyond as i64)), Err(Error::Calendar));
}

#[test]
fn a_lifetime_beyond_the_calendar_is_an_error_of_each_cookie() {
    let verifier = Verifier::new(&Config { lifetime: Lifetime::Seconds(i64::MAX), ..config() }).unwrap();
    let cookie = verifier.sign(&session(), NOW).unwrap();
    assert_eq!(verifier.verify(&cookie, NOW), Err(Error::Lifetime));
    assert_eq!(verifier.verify("", NOW), Err(Error::Signature));
}

#[test]
fn fallback_keys_verify_and_never_sign() {
    let old = Verifier::new(&Config::with_key("old")).unwrap();
    let fallback_keys = Some(Fallbacks::Keys(vec![Key::from("older"), Key::from("old")]));
    let new = Verifier::new(&Config { fallback_keys, ..Config::with_key("new") }).unwrap();
    assert_eq!(new.load(&old.sign(&session(), NOW).unwrap(), NOW), Ok(session()));
    assert_eq!(old.load(&new.sign(&session(), NOW).unwrap(), NOW), Err(Error::Signature));
    assert!(matches!(Verifier::new(&Config::with_key("")), Err(Error::NoSecretKey)));
}

#[test]
fn a_strict_verifier_reads_the_canonical_spelling_alone() {
    let lenient = verifier();
    let strict = lenient.clone().strict();
    let cookie = lenient.sign(&session(), NOW).unwrap();
    assert_eq!(strict.load(&cookie, NOW), Ok(session()));
    let padded = format!("{cookie}=");
    assert_eq!(lenient.load(&padded, NOW), Ok(session()));
    assert_eq!(strict.load(&padded, NOW), Err(Error::Signature));
    let (payload, _) = cookie.split_once('.').unwrap();
    let padded = format!("{payload}=");
    assert_eq!(lenient.load_payload(&padded), Ok(session()));
    assert_eq!(strict.load_payload(&padded), Err(Error::Base64));
}

#[test]
fn long_sessions_are_compressed_and_come_back() {
    let verifier = verifier();
    let long: Map = [("text", Value::Text("a".repeat(100_000).into()))].into_iter().collect();
    let cookie = verifier.sign(&long, NOW).unwrap();
    assert!(cookie.starts_with('.') && cookie.len() < 500);
    assert_eq!(verifier.load(&cookie, NOW), Ok(long));
}

#[test]
fn a_payload_inflates_up_to_the_limit() {
    let payload = |bytes: usize| {
        let mut json = b"null".to_vec();
        json.resize(bytes, b' ');
        let mut text = String::from(".");
        base64::append(&zlib::deflate(&json).unwrap(), &mut text);
        text
    };
    for limit in [40, 1000, 100_000] {
        let verifier = verifier().with_inflate_limit(limit);
        assert_eq!(verifier.load_payload(&payload(limit)), Ok(Map::new()));
        for beyond in [limit + 1, limit + 2, 2 * limit, 100 * limit] {
            assert_eq!(verifier.load_payload(&payload(beyond)), Err(Error::InflateLimit { limit }));
        }
    }
    let plain = vec![b' '; 40];
    assert_eq!(verifier().inflate(&zlib::deflate(&plain).unwrap()), Ok(plain));
    assert!(verifier().with_inflate_limit(usize::MAX).load_payload(&payload(1 << 20)).is_ok());
    assert_eq!(verifier().with_inflate_limit(0).load_payload(&payload(40)), Err(Error::InflateLimit { limit: 0 }));
}

#[test]
fn a_truncated_stream_is_refused_and_a_tail_ignored() {
    let stream = zlib::deflate(format!("null{:40}", "").as_bytes()).unwrap();
    let load = |stream: &[u8]| verifier().load(&forged(&verifier(), stream, true, &[0x65, 0x53, 0xF1, 0]), NOW);
    assert_eq!(load(&[&stream[..], b"tail"].concat()), Ok(Map::new()));
    for end in 0..stream.len() {
        assert_eq!(load(&stream[..end]), Err(Error::Deflate), "{end}");
    }
}

/// What each cookie of a batch is, before it is shuffled: of many lengths, by every key and none, of every age, spoiled or not.
fn all_sorts(seeds: &[(u16, u8, u8)]) -> Vec<String> {
    let by = ["new", "old", "older", "none of them"].map(|key| Verifier::new(&Config::with_key(key)).unwrap());
    let cookie = |&(length, key, kind): &(u16, u8, u8)| {
        let text = "ab".repeat(usize::from(length) % if kind == 0 { 4000 } else { 90 });
        let payload = format!("{text}{length}");
        let seconds = 1_700_000_000 - u32::from(kind % 4) * 25;
        let cookie = forged(&by[usize::from(key) % 4], payload.as_bytes(), false, &seconds.to_be_bytes());
        match kind % 7 {
            5 => cookie + "=",
            6 => cookie.replacen('e', "f", 1),
            _ => cookie,
        }
    };
    seeds.iter().map(cookie).collect()
}

proptest::proptest! {
    #[test]
    fn a_batch_is_judged_as_its_cookies_are_one_by_one(
        seeds in proptest::collection::vec(proptest::prelude::any::<(u16, u8, u8)>(), 0..120)
    ) {
        let fallback_keys = Some(Fallbacks::Keys(vec![Key::from("older"), Key::from("old")]));
        let lifetime = Lifetime::Seconds(60);
        let found = Verifier::new(&Config { fallback_keys, lifetime, ..Config::with_key("new") }).unwrap();
        let cookies = all_sorts(&seeds);
        let cookies: Vec<&str> = cookies.iter().map(String::as_str).collect();
        let portable = found.clone().without_hardware();
        let expected: Vec<_> = cookies.iter().map(|cookie| portable.verify(cookie, NOW)).collect();
        proptest::prop_assert_eq!(&cookies.iter().map(|cookie| found.verify(cookie, NOW)).collect::<Vec<_>>(), &expected);
        for verifier in [&portable, &found] {
            proptest::prop_assert_eq!(&verifier.verify_batch(&cookies, NOW), &expected);
            #[cfg(feature = "rayon")]
            proptest::prop_assert_eq!(&verifier.verify_batch_in_threads(&cookies, NOW), &expected);
        }
    }
}

#[test]
fn a_batch_of_thousands_keeps_its_order() {
    let verifier = verifier();
    let cookies: Vec<String> = (0..5000u32)
        .map(|i| {
            forged(
                &verifier,
                i.to_string().repeat(1 + i as usize % 40).as_bytes(),
                false,
                &(1_700_000_000 - i % 90).to_be_bytes(),
            )
        })
        .collect();
    let cookies: Vec<&str> = cookies.iter().map(String::as_str).collect();
    let expected: Vec<_> = cookies.iter().map(|cookie| verifier.verify(cookie, NOW)).collect();
    assert!(expected.iter().any(Result::is_ok) && expected.contains(&Err(Error::Expired)));
    assert_eq!(verifier.verify_batch(&cookies, NOW), expected);
    #[cfg(feature = "rayon")]
    assert_eq!(verifier.verify_batch_in_threads(&cookies, NOW), expected);
    let without_a_calendar = Verifier::new(&Config { lifetime: Lifetime::Seconds(i64::MAX), ..config() }).unwrap();
    assert!(without_a_calendar.verify_batch(&cookies, NOW).iter().all(|verdict| *verdict == Err(Error::Lifetime)));
}
