//! Cookies, a line each. Every path of the verifier judges them as portable code does, one by one and as a batch.
//!
//! Signatures are not to be guessed. So a line that begins with a digit is about a cookie with the rest of it as its payload: the
//! digit chooses who signs it, the next two characters which of its places holds what instead.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sessionproof::{config::Config, model::signing, verifier::Verifier};
use sessionproof_fuzz::now;
use std::sync::LazyLock;

/// Who signs. The last has none of the verifiers' keys.
const KEYS: [&str; 4] = ["new", "old", "older", "none of them"];

/// Portable code first, then each path, and all that is there.
static VERIFIERS: LazyLock<Vec<Verifier>> = LazyLock::new(|| {
    let [new, old, older, _] = KEYS;
    let config = Config::with_key(new).fallback_keys([old, older]);
    let Ok(found) = Verifier::new(&config) else { return Vec::new() };
    let paths = ["off", "sha-ni", "sha-ni,avx512", "avx2", "avx512"];
    paths.into_iter().map(|path| found.clone().with_hardware(path)).chain([found.clone()]).collect()
});

fuzz_target!(|text: &str| {
    // Each in memory of its own, so that the sanitizer sees what is read behind it.
    let cookies: Vec<Box<str>> = text.lines().map(cookie).collect();
    let cookies: Vec<&str> = cookies.iter().map(|cookie| &**cookie).collect();
    let mut expected = None;
    for verifier in VERIFIERS.iter() {
        let one_by_one: Vec<_> = cookies.iter().map(|cookie| verifier.verify(cookie, now())).collect();
        assert_eq!(verifier.verify_batch(&cookies, now()), one_by_one, "{}", verifier.hardware());
        assert_eq!(expected.get_or_insert(one_by_one.clone()), &one_by_one, "{}", verifier.hardware());
    }
});

fn cookie(line: &str) -> Box<str> {
    let mut characters = line.chars();
    let (Some(digit), Some(place), Some(other)) =
        (characters.next().and_then(|c| c.to_digit(10)), characters.next(), characters.next())
    else {
        return line.into();
    };
    let (key, age) = (KEYS[digit as usize % KEYS.len()], i64::from(digit / 4) - 1);
    let signed = signing::sign(characters.as_str(), key.as_bytes(), &Config::default(), now().plus_seconds(-age));
    let Ok(mut cookie) = signed else { return line.into() };
    // Counted from the end; what is beyond the start leaves the cookie as it was signed.
    if let Some((at, found)) = cookie.char_indices().rev().nth(place as usize) {
        cookie.replace_range(at..at + found.len_utf8(), other.encode_utf8(&mut [0; 4]));
    }
    cookie.into()
}
