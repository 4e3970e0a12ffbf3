//! Instants and configurations.

use crate::{
    clock::UnixTime,
    config::{Config, Digest, Fallbacks, Key, KeyDerivation, Lifetime},
};
use proptest::{prelude::*, sample::select};
use std::sync::Arc;

/// An instant: most around today, some at the edges of four and five byte timestamps, some at the calendar's ends.
pub fn instant() -> BoxedStrategy<UnixTime> {
    let seconds = prop_oneof![
        4 => 1_600_000_000i64..1_900_000_000,
        1 => (select(vec![0i64, 1 << 8, 1 << 16, 1 << 24, 1 << 31, 1 << 32]), 0i64..3).prop_map(|(edge, by)| edge + by),
        1 => 0i64..4_000_000_000,
    ];
    // Six decimals and ten digits are what a double holds.
    let micros = prop_oneof![3 => Just(0i64), 2 => select(vec![250_000i64, 500_000, 999_999, 1]), 1 => 0i64..1_000_000];
    (seconds, micros).prop_map(|(s, us)| UnixTime::from_seconds(s).plus_micros(us)).boxed()
}

/// The distance from signing to now, in seconds, biased to the edges of a lifetime: negative ones lie in the future.
pub fn age(lifetime: Lifetime) -> BoxedStrategy<i64> {
    let max_age = lifetime.max_age().unwrap_or(3600).clamp(-10, 10_000_000_000);
    prop_oneof![
        2 => Just(0i64),
        4 => (-2i64..=2).prop_map(move |by| max_age + by),
        2 => -2i64..=2,
        2 => 0..=max_age.max(1),
        1 => (0i64..100_000_000).prop_map(move |by| max_age + by),
        1 => -100_000i64..0,
    ]
    .boxed()
}

/// A lifetime: ordinary ones, and those that have been got wrong.
pub fn lifetime() -> BoxedStrategy<Lifetime> {
    prop_oneof![
        4 => select(vec![Lifetime::Seconds(3600), Lifetime::default(), Lifetime::Delta(1800.0), Lifetime::Seconds(60)]),
        1 => select(vec![
            Lifetime::Seconds(0), Lifetime::Seconds(1), Lifetime::Seconds(-1), Lifetime::Delta(0.5), Lifetime::Delta(-0.5),
            Lifetime::Delta(59.9), Lifetime::Delta(1.5), Lifetime::Seconds(10_000_000_000),
        ]),
        1 => (0i64..100_000).prop_map(Lifetime::Seconds),
        1 => (0u32..4_000_000).prop_map(|quarters| Lifetime::Delta(f64::from(quarters) / 4.0)),
    ]
    .boxed()
}

/// A secret key: text or bytes, with lengths around a block of the digest.
pub fn key() -> BoxedStrategy<Key> {
    prop_oneof![
        3 => Just(Key::from("development key")),
        1 => "[ -~é€😀]{1,24}".prop_map(Key::Text),
        1 => select(vec![1usize, 19, 20, 21, 63, 64, 65, 128, 200]).prop_map(|len| Key::Text("k".repeat(len))),
        1 => proptest::collection::vec(any::<u8>(), 1..80).prop_map(Key::Bytes),
    ]
    .boxed()
}

/// A configuration that plays with keys, lifetime and refresh, and leaves the cookie's looks alone.
pub fn timing() -> BoxedStrategy<Config> {
    let fallbacks = prop_oneof![
        3 => Just(None),
        1 => proptest::collection::vec(key(), 0..3).prop_map(|keys| Some(Fallbacks::Keys(keys))),
    ];
    (key(), fallbacks, lifetime(), any::<bool>())
        .prop_map(|(key, fallback_keys, lifetime, no_refresh)| Config {
            fallback_keys,
            lifetime,
            refresh_each_request: !no_refresh,
            ..Config::with_key(key)
        })
        .boxed()
}

/// A configuration that plays with what stands where keys belong: nothing, an empty key, text in place of a list.
pub fn keys() -> BoxedStrategy<Config> {
    let secret = prop_oneof![
        2 => key().prop_map(Some),
        1 => select(vec![None, Some(Key::from("")), Some(Key::Bytes(Vec::new())), Some(Key::from("o"))]),
    ];
    let fallbacks = prop_oneof![
        2 => "[a-zé]{0,4}".prop_map(|text| Some(Fallbacks::Text(text))),
        1 => proptest::collection::vec(prop_oneof![3 => key(), 1 => Just(Key::from(""))], 0..3)
            .prop_map(|keys| Some(Fallbacks::Keys(keys))),
        1 => Just(None),
    ];
    (secret, fallbacks, lifetime())
        .prop_map(|(secret_key, fallback_keys, lifetime)| Config {
            secret_key,
            fallback_keys,
            lifetime,
            ..Config::default()
        })
        .boxed()
}

/// A configuration that plays with the cookie's name and attributes.
pub fn looks() -> BoxedStrategy<Config> {
    let domain = select(vec![None, Some("example.com"), Some(".example.com"), Some("localhost:5000"), Some("")]);
    let path = select(vec![None, Some("/"), Some("/app"), Some("/a b"), Some("/é"), Some("")]);
    let same_site = select(vec![None, Some("Lax"), Some("strict"), Some("NONE"), Some("sometimes"), Some("")]);
    let root = select(vec!["/", "/app", "/a;b"]);
    let name = select(vec!["session", "sid", "__Host-session", "s.e-s_s"]);
    let owned = |text: Option<&str>| text.map(str::to_owned);
    (domain, path, same_site, root, name, any::<[bool; 4]>())
        .prop_map(move |(domain, path, same_site, root, name, [no_http_only, secure, partitioned, no_refresh])| {
            Config {
                cookie_domain: owned(domain),
                cookie_path: owned(path),
                cookie_samesite: owned(same_site),
                application_root: root.to_owned(),
                cookie_name: name.to_owned(),
                cookie_httponly: !no_http_only,
                cookie_secure: secure,
                cookie_partitioned: partitioned,
                refresh_each_request: !no_refresh,
                ..Config::with_key("development key")
            }
        })
        .boxed()
}

/// A configuration that plays with what is under the signature.
pub fn crypto() -> BoxedStrategy<Config> {
    let digest = select(vec![Digest::Sha1, Digest::Sha256, Digest::Sha512, Digest::Sha224, Digest::Sha384]);
    let derivation =
        select(vec![KeyDerivation::Hmac, KeyDerivation::Concat, KeyDerivation::DjangoConcat, KeyDerivation::None]);
    let salt = prop_oneof![2 => Just("cookie-session".to_owned()), 1 => "[ -~é]{0,12}"];
    (key(), salt, digest, derivation)
        .prop_map(|(key, salt, digest, key_derivation)| Config {
            salt,
            digest,
            key_derivation,
            ..Config::with_key(key)
        })
        .boxed()
}

/// A few configurations of a run, so that an implementation builds its objects once for each, as an application does. The
/// first is plain, and shrinking leads to it.
pub fn pool(configs: Vec<Arc<Config>>) -> BoxedStrategy<Arc<Config>> {
    select(configs).boxed()
}
