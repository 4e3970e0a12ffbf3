//! Instants and configurations.
//!
//! The cases of a property share a few configurations. If all combinations of some members matter, a generator takes the
//! configuration's number in that pool and goes through them, so that even a small pool has every one.

use super::strategies::text_in;
use crate::{
    clock::UnixTime,
    config::{Config, Digest, Fallbacks, Key, KeyDerivation, Lifetime},
    model::signing::LAST_SECOND,
};
use proptest::{collection::vec, prelude::*, sample::select};
use std::sync::Arc;

/// An instant: most around today, some where a timestamp gets another byte or another sign, and at the calendar's ends. Its
/// fraction is one that a double holds.
pub fn instant() -> BoxedStrategy<UnixTime> {
    let edges = vec![1 << 8, 1 << 16, 1 << 24, 1 << 31, 1 << 32];
    let seconds = prop_oneof![
        8 => 1_600_000_000i64..1_900_000_000,
        2 => (select(edges), -2i64..=2).prop_map(|(edge, by)| edge + by),
        1 => 0i64..3,
        2 => 0i64..4_000_000_000,
    ];
    // Six decimals and ten digits are what a double holds.
    let micros = prop_oneof![3 => Just(0i64), 2 => select(vec![250_000i64, 500_000, 999_999, 1]), 1 => 0i64..1_000_000];
    let common = (seconds, micros).prop_map(|(s, us)| UnixTime::from_seconds(s).plus_micros(us));
    prop_oneof![12 => common, 1 => last_year()].boxed()
}

/// An instant in the year 9999, from which some lifetimes end beyond the calendar. So far out a double's microseconds come in
/// steps of 32, which whole and half seconds are multiples of.
fn last_year() -> BoxedStrategy<UnixTime> {
    let left = prop_oneof![
        2 => (select(vec![60i64, 3600, 2_678_400]), -2i64..=2).prop_map(|(lifetime, by)| lifetime + by),
        1 => 0i64..3,
        1 => 0i64..31_000_000,
    ];
    (left, select(vec![0i64, 500_000]))
        .prop_map(|(left, micros)| UnixTime::from_seconds(LAST_SECOND - left).plus_micros(micros))
        .boxed()
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
        8 => select(vec![Lifetime::Seconds(3600), Lifetime::default(), Lifetime::Delta(1800.0), Lifetime::Seconds(60)]),
        2 => select(vec![
            Lifetime::Seconds(0), Lifetime::Seconds(1), Lifetime::Seconds(-1), Lifetime::Delta(0.5), Lifetime::Delta(-0.5),
            Lifetime::Delta(-1.5), Lifetime::Delta(59.9), Lifetime::Delta(1.5), Lifetime::Seconds(-3600),
            Lifetime::Seconds(10_000_000_000),
        ]),
        2 => (0i64..100_000).prop_map(Lifetime::Seconds),
        2 => (0u32..4_000_000).prop_map(|quarters| Lifetime::Delta(f64::from(quarters) / 4.0)),
        // The longest that there is, and one beyond.
        1 => select(vec![Lifetime::Seconds(86_399_999_999_999), Lifetime::Seconds(86_400_000_000_000)]),
    ]
    .boxed()
}

/// A secret key: text or bytes, with lengths around the blocks of the digests.
pub fn key() -> BoxedStrategy<Key> {
    prop_oneof![
        6 => Just(Key::from("development key")),
        2 => text_in(&[' '..='~', 'é'..='é', '€'..='€', '😀'..='😀'], 1..=24).prop_map(Key::Text),
        2 => select(vec![Digest::Sha1, Digest::Sha512]).prop_flat_map(|digest| key_around(block(digest), -1..=1)),
        1 => select(vec![1usize, 19, 20, 21, 32, 200]).prop_map(|length| Key::Text("k".repeat(length))),
        2 => vec(any::<u8>(), 1..80).prop_map(Key::Bytes),
    ]
    .boxed()
}

/// A key of about so many bytes: one-byte text, text of two-byte letters, or bytes.
fn key_around(block: usize, by: std::ops::RangeInclusive<isize>) -> BoxedStrategy<Key> {
    by.prop_flat_map(move |by| {
        let length = block.saturating_add_signed(by);
        prop_oneof![
            Just(Key::Text("k".repeat(length))),
            Just(Key::Text("é".repeat(length / 2) + &"k".repeat(length % 2))),
            vec(any::<u8>(), length).prop_map(Key::Bytes),
        ]
    })
    .boxed()
}

/// The block of the HMAC over a digest, in bytes: a longer key is digested first.
pub fn block(digest: Digest) -> usize {
    match digest {
        Digest::Sha1 | Digest::Sha224 | Digest::Sha256 => 64,
        Digest::Sha384 | Digest::Sha512 => 128,
    }
}

/// A configuration that plays with keys, lifetime and refresh, and leaves the cookie's looks alone.
pub fn timing() -> BoxedStrategy<Config> {
    let fallbacks = prop_oneof![
        3 => Just(None),
        1 => vec(key(), 0..3).prop_map(|keys| Some(Fallbacks::Keys(keys))),
    ];
    (key(), fallbacks, lifetime(), any::<bool>())
        .prop_map(|(key, fallback_keys, lifetime, no_refresh)| {
            let mut config = Config::with_key(key).lifetime(lifetime).refresh_each_request(!no_refresh);
            config.fallback_keys = fallback_keys;
            config
        })
        .boxed()
}

/// A configuration that names a key, and leaves everything else to its default.
pub fn defaults() -> BoxedStrategy<Config> {
    key().prop_map(Config::with_key).boxed()
}

/// A configuration that plays with what stands where keys belong: nothing, an empty key, text instead of a list.
pub fn keys() -> BoxedStrategy<Config> {
    let secret = prop_oneof![
        2 => key().prop_map(Some),
        1 => select(vec![None, Some(Key::from("")), Some(Key::Bytes(Vec::new())), Some(Key::from("o"))]),
    ];
    let fallbacks = prop_oneof![
        2 => text_in(&['a'..='z', 'é'..='é'], 0..=4).prop_map(|text| Some(Fallbacks::Text(text))),
        1 => vec(prop_oneof![3 => key(), 1 => Just(Key::from(""))], 0..3).prop_map(|keys| Some(Fallbacks::Keys(keys))),
        1 => Just(None),
    ];
    (secret, fallbacks, lifetime())
        .prop_map(|(secret_key, fallback_keys, lifetime)| {
            let mut config = Config::default().secret_key(secret_key).lifetime(lifetime);
            config.fallback_keys = fallback_keys;
            config
        })
        .boxed()
}

/// Names of the cookie.
pub const NAMES: [&str; 5] = ["session", "sid", "__Host-session", "s.e-s_s", "SESSION"];

/// The configuration of a number that plays with the cookie's name alone.
pub fn names(number: usize) -> BoxedStrategy<Config> {
    let name = NAMES[number % NAMES.len()];
    (key(), lifetime())
        .prop_map(move |(key, lifetime)| Config::with_key(key).cookie_name(name).lifetime(lifetime))
        .boxed()
}

/// The configuration of a number that plays with the cookie's name and attributes: every sixteen of them have all combinations
/// of the four flags.
pub fn looks(number: usize) -> BoxedStrategy<Config> {
    let flags = [1, 2, 4, 8].map(|flag| number & flag != 0);
    let domain = select(vec![None, Some("example.com"), Some(".example.com"), Some("localhost:5000"), Some("")]);
    let path = select(vec![None, Some("/"), Some("/app"), Some("/a b"), Some("/é"), Some("")]);
    let same_site = select(vec![None, Some("Lax"), Some("strict"), Some("NONE"), Some("sometimes"), Some("")]);
    let root = select(vec!["/", "/app", "/a;b"]);
    let owned = |text: Option<&str>| text.map(str::to_owned);
    (domain, path, same_site, root, select(NAMES.to_vec()), lifetime())
        .prop_map(move |(domain, path, same_site, root, name, lifetime)| {
            let mut config = Config::with_key("development key")
                .application_root(root)
                .cookie_name(name)
                .cookie_httponly(!flags[0])
                .cookie_secure(flags[1])
                .cookie_partitioned(flags[2])
                .refresh_each_request(!flags[3])
                .lifetime(lifetime);
            config.cookie_domain = owned(domain);
            config.cookie_path = owned(path);
            config.cookie_samesite = owned(same_site);
            config
        })
        .boxed()
}

/// Every digest.
pub const DIGESTS: [Digest; 5] = [Digest::Sha1, Digest::Sha224, Digest::Sha256, Digest::Sha384, Digest::Sha512];
/// Every key derivation.
pub const DERIVATIONS: [KeyDerivation; 4] =
    [KeyDerivation::Hmac, KeyDerivation::Concat, KeyDerivation::DjangoConcat, KeyDerivation::None];

/// The configuration of a number that plays with what is under the signature. Every twenty of them have all digests, each with
/// every derivation, and each with keys one byte shorter than its block, as long, and one byte longer.
pub fn crypto(number: usize) -> BoxedStrategy<Config> {
    let digest = DIGESTS[number % DIGESTS.len()];
    let round = number / DIGESTS.len();
    let key_derivation = DERIVATIONS[round % DERIVATIONS.len()];
    let key = match (round + round / DERIVATIONS.len()) % 4 {
        0 => key_around(block(digest), -1..=-1),
        1 => key_around(block(digest), 0..=0),
        2 => key_around(block(digest), 1..=1),
        _ => key(),
    };
    let salt = prop_oneof![2 => Just("cookie-session".to_owned()), 1 => text_in(&[' '..='~', 'é'..='é'], 0..=12)];
    (key, salt)
        .prop_map(move |(key, salt)| Config::with_key(key).salt(salt).digest(digest).key_derivation(key_derivation))
        .boxed()
}

/// A few configurations of a run, so that an implementation builds its objects once for each, as an application does. The
/// first is plain, and shrinking leads to it.
pub fn pool(configs: Vec<Arc<Config>>) -> BoxedStrategy<Arc<Config>> {
    select(configs).boxed()
}
