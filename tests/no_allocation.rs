//! `verify` allocates nothing, whatever the cookie is, and `verify_batch` nothing for a cookie.
//!
//! The allocator counts for each thread, since the test harness has one that works when it likes.

use sessionproof::{
    clock::UnixTime,
    config::{Config, Digest, Lifetime},
    value::{Map, Value},
    verifier::{Error, Verifier},
};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

#[allow(unsafe_code, reason = "an allocator is unsafe to be; this one counts and hands every call on as it came")]
// SAFETY: every call goes to the system's allocator with the same arguments, and keeps what it promises.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // While a thread ends there is no counter any more, and nothing to be counted.
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);

fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

fn config(digest: Digest) -> Config {
    Config::with_key("key").fallback_keys(["older", "old"]).digest(digest).lifetime(Lifetime::Seconds(60))
}

fn session(length: usize) -> Map {
    [("text", Value::Text("é\"\u{1F600}x".repeat(length).into()))].into_iter().collect()
}

/// Cookies for every way through the verifier, each with what becomes of it.
fn cookies(verifier: &Verifier, old: &Verifier) -> Vec<(String, Result<(), Error>)> {
    let good = verifier.sign(&session(10), NOW).unwrap();
    let at = |seconds| verifier.sign(&session(10), NOW.plus_seconds(seconds)).unwrap();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let with_another_signature = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    vec![
        (good.clone(), Ok(())),
        (verifier.sign(&session(500), NOW).unwrap(), Ok(())),
        (old.sign(&session(10), NOW).unwrap(), Ok(())),
        (format!("{good}="), Ok(())),
        (format!("{signed}.!{signature}!!"), Ok(())),
        (format!("{good}{}", "!".repeat(4000)), Ok(())),
        (at(-61), Err(Error::Expired)),
        (at(1), Err(Error::Future)),
        (with_another_signature, Err(Error::Signature)),
        (format!("{good}AAAA"), Err(Error::Signature)),
        (format!("{good}{}", "A".repeat(4000)), Err(Error::Signature)),
        (format!("{signed}."), Err(Error::Signature)),
        (format!("{signed}.é"), Err(Error::Signature)),
        ("e30".to_owned(), Err(Error::Signature)),
        (String::new(), Err(Error::Signature)),
    ]
}

fn verify_allocates_nothing(verifier: &Verifier, strict: &Verifier, cookies: &[(String, Result<(), Error>)]) {
    for (cookie, expected) in cookies {
        let (mut verdict, mut strict_verdict) = (Ok(()), Ok(()));
        let allocations = allocations(|| {
            verdict = verifier.verify(cookie, NOW).map(|_| ());
            strict_verdict = strict.verify(cookie, NOW).map(|_| ());
        });
        assert_eq!(verdict, *expected, "{cookie:?}");
        assert_eq!(allocations, 0, "{cookie:?}, strictly: {strict_verdict:?}");
    }
}

fn verify_batch_allocates_nothing_for_a_cookie(verifier: &Verifier, cookies: &[(String, Result<(), Error>)]) {
    let of =
        |times: usize| -> Vec<&str> { cookies.iter().map(|(cookie, _)| cookie.as_str()).cycle().take(times).collect() };
    let (few, many) = (of(100 * cookies.len()), of(1000 * cookies.len()));
    let mut verdicts = Vec::new();
    let for_few = allocations(|| drop(verifier.verify_batch(&few, NOW)));
    let for_many = allocations(|| verdicts = verifier.verify_batch(&many, NOW));
    assert_eq!(for_few, for_many);
    assert!(for_many < 100, "{for_many} allocations");
    for (verdict, (cookie, expected)) in verdicts.iter().zip(cookies.iter().cycle()) {
        assert_eq!(verdict.map(|_| ()), *expected, "{cookie:?}");
    }
}

#[test]
fn to_verify_a_cookie_takes_no_allocation() {
    assert_ne!(allocations(|| drop(std::hint::black_box(vec![0]))), 0, "the allocator does not count");
    for digest in [Digest::Sha1, Digest::Sha224, Digest::Sha256, Digest::Sha384, Digest::Sha512] {
        let found = Verifier::new(&config(digest)).unwrap();
        let old = Verifier::new(&Config::with_key("old").digest(digest)).unwrap();
        let cookies = cookies(&found, &old);
        for path in ["off", "sha-ni,avx2", "avx2", "sha-ni,avx512", "avx512"] {
            let verifier = found.clone().with_hardware(path);
            verify_allocates_nothing(&verifier, &verifier.clone().strict(), &cookies);
            verify_batch_allocates_nothing_for_a_cookie(&verifier, &cookies);
        }
    }
}
