//! How long it takes to verify, load and sign a cookie, beside the floor and the alternatives: `cargo bench --bench verification`.
//! `benches/README.md` tells what came of it.

#![allow(missing_docs, reason = "criterion makes the public items")]

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use hmac::{Hmac, KeyInit, Mac};
use itsdangerous::{IntoTimestampSigner, TimestampSigner, default_builder};
use ring::hmac as ring_hmac;
use sessionproof::{
    bench::shapes::{self, NOW, SIGNED, Shape},
    model::signing,
    protocol::Choices,
    verifier::{Error, Verifier},
};
use sha1::{Sha1, block_api::compress};
use std::{hint::black_box, time::Duration};

const KEY: &[u8] = b"development key";
const SALT: &[u8] = b"cookie-session";
const BATCH: usize = 1024;

fn verification(criterion: &mut Criterion) {
    let Ok(found) = Verifier::new(&shapes::config()) else { panic!("the configuration has a key") };
    println!("hardware paths: {}", found.hardware());
    for shape in shapes::all() {
        println!("{}: {} bytes, {} of them signed", shape.name, shape.cookie.len(), shape.signed());
        let mut group = criterion.benchmark_group(shape.name);
        group.throughput(Throughput::Elements(1));
        floor(&mut group, &shape);
        for (level, verifier) in [
            ("", found.clone()),
            (" by SHA-NI alone", found.clone().with_hardware("sha-ni")),
            (" portable", found.clone().without_hardware()),
        ] {
            ours(&mut group, level, &verifier, &shape);
        }
        group.bench_function("load", |b| b.iter(|| found.load(black_box(&shape.cookie), black_box(NOW))));
        group.bench_function("sign", |b| b.iter(|| found.sign(black_box(&shape.session), black_box(SIGNED))));
        alternatives(&mut group, &shape);
        batch(&mut group, &found, &shape);
        group.finish();
    }
    rejections(criterion, &found);
}

/// As many compressions as a signature takes, each waiting for the last.
fn floor(group: &mut BenchmarkGroup<WallTime>, shape: &Shape) {
    let blocks = shape.blocks();
    group.bench_function("floor", |b| {
        let mut state = [1, 2, 3, 4, 5];
        b.iter(|| {
            for _ in 0..blocks {
                compress(&mut state, black_box(&[[7; 64]]));
            }
            state[0]
        });
    });
}

fn ours(group: &mut BenchmarkGroup<WallTime>, level: &str, verifier: &Verifier, shape: &Shape) {
    // A benchmark of wrong answers would be worth nothing.
    assert_eq!(verifier.load(&shape.cookie, NOW).as_ref(), Ok(&shape.session));
    let cookie = shape.cookie.as_str();
    group.bench_function(format!("verify{level}"), |b| {
        b.iter(|| verifier.verify(black_box(cookie), black_box(NOW)).is_ok());
    });
    group.bench_function(format!("verify{level}, latency"), |b| {
        b.iter(|| {
            let is_ok = verifier.verify(black_box(cookie), black_box(NOW)).is_ok();
            wait();
            is_ok
        });
    });
}

/// Nothing of what follows begins before everything is done: otherwise one call overlaps the next.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, unused_unsafe, reason = "an instruction of every x86-64 processor, which touches no memory")]
fn wait() {
    // SAFETY: every x86-64 processor has SSE2.
    unsafe { std::arch::x86_64::_mm_lfence() }
}

#[cfg(not(target_arch = "x86_64"))]
fn wait() {}

fn batch(group: &mut BenchmarkGroup<WallTime>, found: &Verifier, shape: &Shape) {
    // Each in memory of its own, as cookies come.
    let own = vec![shape.cookie.clone(); BATCH];
    let cookies: Vec<&str> = own.iter().map(String::as_str).collect();
    group.throughput(Throughput::Elements(BATCH as u64));
    for (level, verifier) in [
        ("", found.clone()),
        (" by AVX2", found.clone().with_hardware("sha-ni,avx2")),
        (" portable", found.clone().without_hardware()),
    ] {
        group.bench_function(format!("batch{level}"), |b| b.iter(|| verifier.verify_batch(black_box(&cookies), NOW)));
    }
    #[cfg(feature = "rayon")]
    {
        let cookies = vec![shape.cookie.as_str(); 16 * BATCH];
        group.throughput(Throughput::Elements(16 * BATCH as u64));
        group
            .bench_function("batch in threads", |b| b.iter(|| found.verify_batch_in_threads(black_box(&cookies), NOW)));
    }
}

/// Others on the same bytes. None of them looks at the age but the model.
fn alternatives(group: &mut BenchmarkGroup<WallTime>, shape: &Shape) {
    let cookie = shape.cookie.as_str();
    let (signed, signature) = cookie.split_at(shape.signed());
    let signature = base64(&signature[1..]);

    let config = shapes::config();
    group.bench_function("other: the model", |b| {
        b.iter(|| signing::verify(black_box(cookie), &config, black_box(NOW), &Choices::default()).is_ok());
    });

    let derive = || Hmac::<Sha1>::new_from_slice(KEY).map(|mac| mac.chain_update(SALT).finalize().into_bytes());
    let Ok(derived) = derive() else { panic!("HMAC takes every key") };
    let verify = |key: &[u8]| {
        let mac = Hmac::<Sha1>::new_from_slice(key).map(|mac| mac.chain_update(black_box(signed)));
        mac.is_ok_and(|mac| mac.verify_slice(black_box(&signature)).is_ok())
    };
    assert!(verify(&derived));
    group.bench_function("other: hmac and sha1, key derived per call, no base64", |b| {
        b.iter(|| derive().is_ok_and(|key| verify(&key)));
    });
    let Ok(ready) = Hmac::<Sha1>::new_from_slice(&derived) else { panic!("HMAC takes every key") };
    group.bench_function("other: hmac and sha1, reused, no base64", |b| {
        b.iter(|| ready.clone().chain_update(black_box(signed)).verify_slice(black_box(&signature)).is_ok());
    });

    let key = ring_hmac::Key::new(ring_hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &derived);
    assert!(ring_hmac::verify(&key, signed.as_bytes(), &signature).is_ok());
    group.bench_function("other: ring, reused, no base64", |b| {
        b.iter(|| ring_hmac::verify(&key, black_box(signed.as_bytes()), black_box(&signature)).is_ok());
    });

    // Its default derivation is another than Flask's, and its types cannot name Flask's: so it reads a cookie of its own.
    let Some((payload, _)) = signed.rsplit_once('.') else { panic!("a cookie has a timestamp") };
    let signer = || default_builder("development key").with_salt("cookie-session").build().into_timestamp_signer();
    let reused = signer();
    let cookie = reused.sign(payload);
    assert!(reused.unsign(&cookie).is_ok());
    group.bench_function("other: crate itsdangerous, per call", |b| {
        b.iter(|| signer().unsign(black_box(&cookie)).is_ok())
    });
    group.bench_function("other: crate itsdangerous, reused", |b| b.iter(|| reused.unsign(black_box(&cookie)).is_ok()));
}

fn base64(text: &str) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.decode(text).unwrap_or_default()
}

/// A rejection at each stage, of the login cookie.
fn rejections(criterion: &mut Criterion, verifier: &Verifier) {
    let Some(login) = shapes::all().into_iter().find(|shape| shape.name == "login") else { return };
    let month = 32 * 24 * 60 * 60;
    let good = login.cookie.clone();
    let cases = [
        ("no cookie", "e30".to_owned(), NOW, Error::Signature),
        ("another signature", login.with_another_signature(), NOW, Error::Signature),
        ("a signature of another length", format!("{good}AAAA"), NOW, Error::Signature),
        ("another signature, lenient spelling", login.with_another_signature() + "=", NOW, Error::Signature),
        ("expired", good.clone(), NOW.plus_seconds(month), Error::Expired),
        ("from the future", good, SIGNED.plus_seconds(-1), Error::Future),
    ];
    let mut group = criterion.benchmark_group("rejected");
    group.throughput(Throughput::Elements(1));
    for (name, cookie, now, error) in cases {
        assert_eq!(verifier.verify(&cookie, now), Err(error), "{name}");
        group.bench_function(name, |b| b.iter(|| verifier.verify(black_box(&cookie), black_box(now)).is_ok()));
    }
    group.finish();
}

fn short() -> Criterion {
    let seconds = |millis| Duration::from_millis(millis);
    Criterion::default().sample_size(30).warm_up_time(seconds(300)).measurement_time(seconds(900))
}

criterion_group!(name = benches; config = short(); targets = verification);
criterion_main!(benches);
