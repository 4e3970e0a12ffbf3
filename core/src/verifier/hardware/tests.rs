//! Each path is held against the `hmac` crate and against portable code, where the processor has what it takes.

use super::*;
use crate::{
    clock::UnixTime,
    config::{Config, Fallbacks, Lifetime},
    verifier::{
        Verifier, base64,
        canonical::{self, Parsed},
        hmac_sha1::{self, Key, Message, State},
    },
};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha1::Sha1;

/// What every path can be narrowed down to.
const WORDS: [&str; 4] = ["sha-ni", "sha-ni,avx512", "avx2", "avx512"];

const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);

/// The signature by the `hmac` crate.
fn expected(key: &[u8], message: &[u8]) -> State {
    let mac = Hmac::<Sha1>::new_from_slice(key).unwrap().chain_update(message);
    hmac_sha1::words(&mac.finalize().into_bytes()).unwrap()
}

/// Every path's signature of the first `length` bytes is that of the `hmac` crate.
fn check(bytes: &[u8], length: usize) {
    for secret in [&[][..], b"key", &[7; 100]] {
        let (key, message) = (Key::new(secret), &bytes[..length]);
        let expected = expected(secret, message);
        let what = |path: &str| format!("{path}, {length} of {} bytes", bytes.len());
        assert_eq!(key.mac(&Message::new(bytes, length)), expected, "{}", what("portable"));
        #[cfg(all(feature = "hardware", target_arch = "x86_64"))]
        for words in WORDS {
            let Hardware { one, many } = Hardware::of(words);
            if let Some(one) = one {
                assert_eq!(one.mac(&key, bytes, length), expected, "{}", what(words));
            }
            if let Some(many) = many {
                assert_eq!(many.macs(&key, &[message; LANES]), [expected; LANES], "{}", what(words));
            }
        }
    }
}

#[test]
fn every_length_is_signed_alike_with_and_without_bytes_behind() {
    let bytes: Vec<u8> = (0..400).map(|i| (i * 31 % 251) as u8).collect();
    for length in 0..=300 {
        for behind in [0, 1, 14, 15, 16, 28, 100] {
            check(&bytes[..length + behind], length);
        }
    }
}

/// The portable verifier first, then one for each path. All have three keys.
fn verifiers() -> Vec<(&'static str, Verifier)> {
    let fallback_keys = Some(Fallbacks::Keys(vec!["older".into(), "old".into()]));
    let config = Config { fallback_keys, lifetime: Lifetime::Seconds(60), ..Config::with_key("new") };
    let verifier = Verifier::new(&config).unwrap();
    let narrowed = WORDS.map(|words| (words, verifier.clone().with_hardware(words)));
    let found = [("portable", verifier.clone().without_hardware()), ("found", verifier)];
    found.into_iter().chain(narrowed).collect()
}

/// A cookie with any payload, signed by the first of the keys, or another.
fn signed(payload: &str, timestamp: u32, secret: &str) -> String {
    let mut cookie = format!("{payload}.");
    base64::append(&timestamp.to_be_bytes(), &mut cookie);
    let key = Verifier::new(&Config::with_key(secret)).unwrap();
    let signature = key.keys[0].sign(cookie.as_bytes());
    cookie.push('.');
    base64::append(&signature, &mut cookie);
    cookie
}

/// Every path's verdicts are those of the portable code, one by one and in a batch.
fn judge_alike(cookies: &[&str]) {
    let all = verifiers();
    let expected: Vec<_> = cookies.iter().map(|cookie| all[0].1.verify(cookie, NOW)).collect();
    for (path, verifier) in &all {
        let got: Vec<_> = cookies.iter().map(|cookie| verifier.verify(cookie, NOW)).collect();
        assert_eq!(got, expected, "{path}, {cookies:?}");
        assert_eq!(verifier.verify_batch(cookies, NOW), expected, "{path}, in a batch, {cookies:?}");
    }
}

#[test]
fn every_length_of_a_payload_is_judged_alike() {
    for length in 0..=330 {
        let good = signed(&"p".repeat(length), 1_700_000_000, ["new", "old", "older", "none"][length % 4]);
        judge_alike(&[good.as_str(); LANES]);
    }
}

#[test]
fn odd_characters_in_a_signed_timestamp_are_judged_alike() {
    let key = &Verifier::new(&Config::with_key("new")).unwrap().keys[0];
    let timestamps = (0..6).flat_map(|at| {
        (0x21..0x7F).map(move |byte| {
            let mut timestamp = *b"ZVPxAA";
            timestamp[at] = byte;
            timestamp.map(char::from).iter().collect::<String>()
        })
    });
    let cookies: Vec<String> = timestamps
        .map(|timestamp| {
            let mut cookie = format!("e30.{timestamp}");
            let signature = key.sign(cookie.as_bytes());
            cookie.push('.');
            base64::append(&signature, &mut cookie);
            cookie
        })
        .collect();
    judge_alike(&cookies.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_batch_of_every_size_is_judged_alike() {
    let cookies: Vec<String> = (0..70u32)
        .map(|i| {
            signed(&"p".repeat(i as usize % 3), 1_700_000_000 - i, ["new", "old", "older", "none"][i as usize % 4])
        })
        .collect();
    let cookies: Vec<&str> = cookies.iter().map(String::as_str).collect();
    for size in 0..=cookies.len() {
        judge_alike(&cookies[..size]);
    }
}

/// Good cookies whose signatures have every character of the alphabet among them.
fn of_all_characters() -> Vec<String> {
    let mut missing: std::collections::BTreeSet<u8> = canonical::ALPHABET.iter().copied().collect();
    let mut cookies = Vec::new();
    for i in 0.. {
        let cookie = signed(&format!("e{i}"), 1_700_000_000, "new");
        let before = missing.len();
        missing.retain(|character| !cookie.as_bytes()[cookie.len() - 27..].contains(character));
        if missing.len() < before {
            cookies.push(cookie);
        }
        if missing.is_empty() {
            break;
        }
    }
    cookies
}

/// Every byte that a cookie can hold alone, in every place behind the payload and in every lane.
#[test]
fn a_difference_is_seen_in_every_place_and_every_lane() {
    for good in of_all_characters() {
        let mut changed = Vec::new();
        for at in good.len() - canonical::TAIL..good.len() {
            for byte in 0..0x80u8 {
                let mut bytes = good.clone().into_bytes();
                bytes[at] = byte;
                changed.push(String::from_utf8(bytes).unwrap());
            }
        }
        let changed: Vec<&str> = changed.iter().map(String::as_str).collect();
        judge_alike(&changed);
        // Each place has one right byte, and the last some more: not all of its bits count. The hyphen and the underscore may be
        // written as in the standard alphabet.
        let (last, others) = good.as_bytes()[good.len() - 27..].split_last().unwrap();
        let twice = others.iter().filter(|byte| b"-_".contains(byte)).count() + if *last == b'8' { 2 } else { 0 };
        let accepted = verifiers()[0].1.verify_batch(&changed, NOW).iter().filter(|verdict| verdict.is_ok()).count();
        assert_eq!(accepted, canonical::TAIL + 3 + twice, "{good}");
    }
    let good = signed("e30", 1_700_000_000, "new");
    for (at, lane) in (good.len() - 27..good.len()).zip((0..LANES).cycle()) {
        let mut cookies = vec![good.as_str(); LANES];
        let byte = if good.as_bytes()[at] == b'A' { 'E' } else { 'A' };
        let mut bad = good.clone();
        bad.replace_range(at..=at, &byte.to_string());
        cookies[lane] = &bad;
        judge_alike(&cookies);
    }
}

proptest! {
    #[test]
    fn every_message_is_signed_alike(bytes in proptest::collection::vec(any::<u8>(), 0..700), behind in 0usize..40) {
        check(&bytes, bytes.len().saturating_sub(behind));
    }

    #[test]
    fn every_text_is_judged_alike(
        texts in proptest::collection::vec(prop_oneof![".{0,90}", "[a-z]{0,9}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27}"], 0..40),
    ) {
        judge_alike(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn each_lane_has_its_own_message(
        payloads in proptest::collection::vec(("\\PC{0,40}", 0usize..4, 0u32..80), 0..50),
        spoiled in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..6),
    ) {
        let mut cookies: Vec<String> = payloads
            .iter()
            .map(|(payload, key, age)| signed(payload, 1_700_000_010 - age, ["new", "old", "older", "none"][*key]))
            .collect();
        for (which, place) in spoiled {
            let Some(last) = cookies.len().checked_sub(1) else { continue };
            let cookie = &mut cookies[which.index(last + 1)];
            let at = cookie.len() - 1 - place.index(34);
            let other = if cookie.as_bytes()[at] == b'B' { "C" } else { "B" };
            cookie.replace_range(at..=at, other);
        }
        judge_alike(&cookies.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[cfg(all(feature = "hardware", target_arch = "x86_64"))]
    #[test]
    fn lanes_are_not_mixed_up(bytes: [[u8; 200]; LANES], length in 0usize..=200) {
        let messages = bytes.each_ref().map(|bytes| &bytes[..length]);
        let expected = messages.map(|message| expected(b"key", message));
        for many in WORDS.into_iter().filter_map(|words| Hardware::of(words).many) {
            prop_assert_eq!(many.macs(&Key::new(b"key"), &messages), expected);
        }
    }
}

#[test]
fn a_verifier_uses_what_is_named_and_there_and_says_so() {
    let verifier = Verifier::new(&Config::with_key("key")).unwrap();
    let says = |words: &str| verifier.clone().with_hardware(words).hardware();
    assert_eq!((says("off"), verifier.clone().without_hardware().hardware()), ("none", "none"));
    #[cfg(all(feature = "hardware", target_arch = "x86_64"))]
    {
        let if_there = |is_there: bool, name| if is_there { name } else { "none" };
        let has_avx512 = is_x86_feature_detected!("avx512vbmi") && is_x86_feature_detected!("avx512vl");
        assert_eq!(says("sha-ni"), if_there(is_x86_feature_detected!("sha"), "SHA-NI"));
        assert_eq!(says("avx2"), if_there(is_x86_feature_detected!("avx2"), "AVX2"));
        assert_eq!(says("avx512"), if_there(has_avx512, "AVX-512"));
        if is_x86_feature_detected!("sha") {
            assert_eq!(
                says("sha-ni,avx2"),
                if is_x86_feature_detected!("avx2") { "SHA-NI and AVX2" } else { "SHA-NI" }
            );
            assert_eq!(says("sha-ni,avx512"), if has_avx512 { "SHA-NI and AVX-512" } else { "SHA-NI" });
        }
    }
}

#[test]
fn every_path_sees_a_cookie_in_the_usual_form_without_the_slow_way() {
    let verifier = Verifier::new(&Config::with_key("new")).unwrap();
    let good = of_all_characters().into_iter().map(|cookie| (cookie, true));
    for (cookie, is_signed) in good.chain([(signed("e30", 1_700_000_000, "another"), false)]) {
        let seen = Some(Parsed { timestamp: 1_700_000_000, is_signed });
        assert_eq!(verifier.parse(cookie.as_bytes()), seen);
        for one in WORDS.into_iter().filter_map(|words| Hardware::of(words).one) {
            assert_eq!(one.verify(&verifier.keys, cookie.as_bytes()), seen);
        }
    }
}

#[cfg(all(feature = "hardware", target_arch = "x86_64"))]
#[test]
fn without_avx512_the_schedule_is_left_to_sha_ni() {
    for words in ["sha-ni", "sha-ni,avx2"] {
        assert!(!matches!(Hardware::of(words).one, Some(x86_64::Single::ShaNiAvx512(_))), "{words}");
    }
}

#[test]
fn what_this_processor_has_is_found_and_can_be_switched_off() {
    // The switch is of the whole process: it is asked for in others.
    let Ok(words) = std::env::var(SWITCH) else {
        assert_eq!(Hardware::detect().name(), Hardware::of("sha-ni,avx2,avx512").name());
        let test = std::thread::current().name().map(str::to_owned).unwrap();
        let program = std::env::current_exe().unwrap();
        for words in ["off", "0", "", "sha-ni", "avx2", "sha-ni, AVX2", "avx512", "avx512,sha-ni", "no such"] {
            let status = std::process::Command::new(&program).args(["--exact", &test]).env(SWITCH, words).status();
            assert!(status.unwrap().success(), "{words}");
        }
        return;
    };
    let name = Hardware::detect().name();
    assert_eq!(name, Hardware::of(&words).name());
    for (word, instructions) in [("sha-ni", "SHA-NI"), ("avx2", "AVX2"), ("avx512", "AVX-512")] {
        assert!(!name.contains(instructions) || words.to_lowercase().contains(word), "{words}: {name}");
    }
}

#[cfg(unix)]
mod guarded {
    use super::*;
    use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

    const PAGE: usize = 1 << 16;

    /// Bytes that end where the next page begins, which nobody may read.
    struct Guarded(*mut std::ffi::c_void);

    impl Guarded {
        fn new() -> Self {
            // SAFETY: two new pages of nobody else's; the second is taken away before anything refers to it.
            let start = unsafe {
                let flags = ProtFlags::READ | ProtFlags::WRITE;
                let start = mmap_anonymous(std::ptr::null_mut(), 2 * PAGE, flags, MapFlags::PRIVATE).unwrap();
                mprotect(start.byte_add(PAGE), PAGE, MprotectFlags::empty()).unwrap();
                start
            };
            Self(start)
        }

        /// The last bytes of the page.
        fn bytes(&mut self, length: usize) -> &mut [u8] {
            // SAFETY: the bytes are within the first page, which is ours as long as `self`.
            unsafe { std::slice::from_raw_parts_mut(self.0.cast::<u8>().add(PAGE - length), length) }
        }

        /// Some text at the end of the page.
        fn put(&mut self, text: &str) -> &str {
            let bytes = self.bytes(text.len());
            bytes.copy_from_slice(text.as_bytes());
            str::from_utf8(bytes).unwrap()
        }

        /// The last bytes of the page, filled.
        fn last(&mut self, length: usize) -> &[u8] {
            let bytes = self.bytes(length);
            bytes.iter_mut().enumerate().for_each(|(i, byte)| *byte = (i * 31 % 251) as u8);
            bytes
        }
    }

    impl Drop for Guarded {
        fn drop(&mut self) {
            // SAFETY: the pages that `new` made, which nothing refers to any more.
            unsafe { munmap(self.0, 2 * PAGE).unwrap() };
        }
    }

    #[test]
    fn no_path_reads_beyond_the_bytes() {
        let mut guarded = Guarded::new();
        for length in 0..=300 {
            for behind in [0, 1, 15, 28] {
                check(guarded.last(length + behind), length);
            }
        }
    }

    #[test]
    fn no_path_reads_beyond_a_cookie() {
        let mut guarded: [Guarded; LANES] = std::array::from_fn(|_| Guarded::new());
        for length in 0..=330 {
            let good = signed(&"p".repeat(length), 1_700_000_000, "new");
            // As it is, and its end alone, which is too short to be a cookie.
            for cookie in [good.as_str(), &good[good.len() - length % 36..]] {
                let cookies = guarded.each_mut().map(|guarded| guarded.put(cookie));
                judge_alike(&cookies);
            }
        }
    }
}
