//! Whether the time of a rejection tells where a signature differs: `cargo bench --bench timing_leak`.
//!
//! After Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?" (2016): two classes of cookies, one that differs at an
//! early character and one that differs at a late one, are verified in random order, and Welch's t-test says whether their times
//! have different means. A comparison that stops at the first difference is put to the same test, and has to be found out.
//!
//! Exit status 1 when a leak is found where there must be none, or none where there is one. Without `--bench`, as in a run of all
//! tests, a thousand samples are taken and not judged.

use sessionproof::{
    bench::shapes::{self, NOW, Shape},
    verifier::Verifier,
};
use std::{hint::black_box, process::ExitCode, time::Instant};

/// How many cookies are timed for each verdict.
const SAMPLES: usize = 1_000_000;

/// A larger t has no other explanation (the authors' bound).
const BOUND: f64 = 10.0;

/// Which characters of the signature differ, in the two classes.
const PLACES: [(usize, usize); 3] = [(0, 25), (0, 13), (6, 20)];

fn main() -> ExitCode {
    let is_judged = std::env::args().any(|argument| argument == "--bench");
    let samples = if is_judged { SAMPLES } else { 1000 };
    let Ok(found) = Verifier::new(&shapes::config()) else { return ExitCode::FAILURE };
    let paths = [
        ("verify", found.clone()),
        ("verify, SHA-NI alone", found.clone().with_hardware("sha-ni")),
        ("verify, portable", found.clone().without_hardware()),
    ];
    println!("hardware paths: {}; {samples} samples each; a leak from |t| = {BOUND} on", found.hardware());
    let mut is_good = true;
    for shape in shapes::all().into_iter().filter(|shape| ["tiny", "login"].contains(&shape.name)) {
        let expected = shape.cookie[shape.signed() + 1..].to_owned();
        for places in PLACES {
            for (path, verifier) in &paths {
                let verifies = |cookie: &str| verifier.verify(cookie, NOW).is_ok();
                is_good &= report(path, &shape, places, false, samples, verifies);
            }
            // One cookie is spoiled, the others are not, and all are timed.
            let batch = |cookie: &str| {
                let mut cookies = [shape.cookie.as_str(); 16];
                cookies[5] = cookie;
                found.verify_batch(&cookies, NOW)[5].is_ok()
            };
            is_good &= report("verify_batch", &shape, places, false, samples, batch);
            let leaky = |cookie: &str| stops_at_the_first_difference(&expected, cookie);
            is_good &= report("a leaky comparison", &shape, places, true, samples, leaky);
        }
    }
    if is_good || !is_judged { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What must be found out.
fn stops_at_the_first_difference(expected: &str, cookie: &str) -> bool {
    let signature = &cookie.as_bytes()[cookie.len() - expected.len()..];
    for (one, other) in black_box(expected.as_bytes()).iter().zip(signature) {
        if black_box(one) != other {
            return false;
        }
    }
    true
}

/// Whether the test says what it must.
fn report(
    what: &str,
    shape: &Shape,
    places: (usize, usize),
    leaks: bool,
    samples: usize,
    verify: impl Fn(&str) -> bool,
) -> bool {
    let t = worst_t(samples, &shape.cookie, places_in_cookie(shape, places), verify);
    let found = t.abs() >= BOUND;
    let verdict = match (found, leaks) {
        (true, true) => "found, as it must be",
        (false, false) => "no leak found",
        (true, false) => "LEAK",
        (false, true) => "NOT FOUND",
    };
    println!("{:<6} {what:<20} characters {:>2} and {:>2}: t = {t:>9.2}  {verdict}", shape.name, places.0, places.1);
    found == leaks
}

/// The places of the cookie where the classes differ.
fn places_in_cookie(shape: &Shape, (early, late): (usize, usize)) -> [usize; 2] {
    [early, late].map(|place| shape.signed() + 1 + place)
}

/// The t of largest size over all times, and over those that are not among the longest: interruptions hide small differences.
fn worst_t(samples: usize, good: &str, places: [usize; 2], verify: impl Fn(&str) -> bool) -> f64 {
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut times: [Vec<f64>; 2] = [Vec::with_capacity(samples), Vec::with_capacity(samples)];
    // One cookie for both classes, of which the same bytes are written each time: only what stands there differs.
    let mut cookie = good.as_bytes().to_vec();
    let spoiled = |class: usize, i: usize| {
        let byte = good.as_bytes()[places[i]];
        let other = if byte == b'A' { b'B' } else { b'A' };
        if class == i { other } else { byte }
    };
    let bytes = [0, 1].map(|class| [0, 1].map(|i| spoiled(class, i)));
    for _ in 0..samples {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let class = (random >> 33) as usize & 1;
        for (place, byte) in places.iter().zip(bytes[class]) {
            cookie[*place] = byte;
        }
        let Ok(text) = str::from_utf8(&cookie) else { panic!("a cookie is text") };
        let start = Instant::now();
        let is_accepted = verify(black_box(text));
        let time = start.elapsed();
        assert!(!black_box(is_accepted), "a spoiled cookie was accepted");
        times[class].push(time.as_nanos() as f64);
    }
    let mut all = times.concat();
    all.sort_by(f64::total_cmp);
    let crops = [0.5, 0.75, 0.9, 0.99, 1.0].map(|share| all[(share * (all.len() - 1) as f64) as usize]);
    let of = |longest: f64| {
        welch_t(&times.each_ref().map(|times| times.iter().copied().filter(|t| *t <= longest).collect()))
    };
    crops.map(of).into_iter().fold(0.0, |worst: f64, t| if t.abs() > worst.abs() { t } else { worst })
}

/// Welch's t of two samples.
fn welch_t(samples: &[Vec<f64>; 2]) -> f64 {
    let [one, other] = samples.each_ref().map(|sample| {
        let count = sample.len().max(2) as f64;
        let mean = sample.iter().sum::<f64>() / count;
        let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    });
    (one.0 - other.0) / (one.1 + other.1).sqrt().max(f64::MIN_POSITIVE)
}
