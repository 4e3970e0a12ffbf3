//! How long it takes to check one cookie: `cargo bench --bench verification`.
//!
//! Three shapes of cookie: a tiny one, one as Flask-Login makes it, which is compressed, and one near the size that user agents
//! still take, as an implementation that never compresses writes it. The model stands beside the verifier as the measure of a
//! plain implementation.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sessionproof::{
    clock::UnixTime,
    config::Config,
    model::{payload, signing},
    protocol::{Choices, CompressionChoice},
    value::{Map, Value},
    verifier::Verifier,
};
use std::hint::black_box;

const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);

fn verification(criterion: &mut Criterion) {
    let config = Config::with_key("development key");
    let choices = Choices::default();
    let Ok(verifier) = Verifier::new(&config) else { panic!("the configuration has a key") };
    let later = NOW.plus_seconds(60);
    for (shape, session) in [("tiny", tiny()), ("login", login()), ("large", large())] {
        let compression = if shape == "large" { CompressionChoice::Never } else { CompressionChoice::Zlib };
        let payload = payload::write(&session, &Choices { compression, ..choices });
        let cookie = payload.and_then(|payload| signing::sign(&payload, b"development key", &config, NOW));
        let Ok(cookie) = cookie else { panic!("the {shape} session cannot be written") };
        let bad = with_another_signature(&cookie);
        // A benchmark of wrong answers would be worth nothing.
        assert_eq!(verifier.load(&cookie, later).as_ref(), Ok(&session));
        assert!(signing::verify(&cookie, &config, later, &choices).is_ok());
        assert!(verifier.verify(&bad, later).is_err());

        let signed = cookie.rfind('.').unwrap_or_default();
        println!("{shape}: {} bytes, {signed} of them signed", cookie.len());
        let mut group = criterion.benchmark_group(shape);
        group.throughput(Throughput::Elements(1));
        group.bench_function("verify", |b| b.iter(|| verifier.verify(black_box(&cookie), black_box(later)).is_ok()));
        group
            .bench_function("bad signature", |b| b.iter(|| verifier.verify(black_box(&bad), black_box(later)).is_ok()));
        group.bench_function("load", |b| b.iter(|| verifier.load(black_box(&cookie), black_box(later))));
        group.bench_function("model verify", |b| {
            b.iter(|| signing::verify(black_box(&cookie), &config, black_box(later), &choices).is_ok());
        });
        group.finish();
    }
}

/// The last character but one is another, and the spelling still canonical.
fn with_another_signature(cookie: &str) -> String {
    let (head, tail) = cookie.split_at(cookie.len() - 2);
    let (one, last) = tail.split_at(1);
    format!("{head}{}{last}", if one == "A" { "B" } else { "A" })
}

fn tiny() -> Map {
    [("user", Value::int(42)), ("ok", Value::Bool(true))].into_iter().collect()
}

/// What Flask-Login leaves in a session.
fn login() -> Map {
    [
        ("_fresh", Value::Bool(true)),
        ("_id", Value::Text(hexadecimal(128).into())),
        ("_permanent", Value::Bool(true)),
        ("_user_id", "42".into()),
    ]
    .into_iter()
    .collect()
}

/// Many keys and values.
fn large() -> Map {
    let tokens = (0..54).map(|i| (Value::Text(format!("k{i:02}").into()), Value::Text(noise(36, i).into())));
    tokens.collect()
}

fn hexadecimal(length: u64) -> String {
    random(0).take(length as usize).map(|number| format!("{:x}", number >> 60)).collect()
}

fn noise(length: u64, seed: u64) -> String {
    random(seed).take(length as usize).map(|number| char::from(b'#' + (number >> 57) as u8 % 0x39)).collect()
}

/// Numbers without a pattern, the same in each run.
fn random(seed: u64) -> impl Iterator<Item = u64> {
    let step = |n: &u64| Some(n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    std::iter::successors(Some(seed.wrapping_add(0x9E37_79B9_7F4A_7C15)), step).skip(3)
}

criterion_group!(benches, verification);
criterion_main!(benches);
