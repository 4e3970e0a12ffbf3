//! Cookies as Flask writes them today, taken apart at fixed places: a timestamp of four bytes and a signature by SHA-1, both in
//! their canonical spelling. Whatever else a cookie may be is not for this module to say: then the answer is none.
//!
//! The bytes are decoded by tables: what stands in a cookie is no secret, so they give nothing away.

use super::hmac_sha1::State;

/// The characters of a signature, with the dot before it.
pub(super) const SIGNATURE: usize = 28;
/// The characters of a timestamp, with the dots on both sides.
const TIMESTAMP: usize = 8;
/// The characters behind the payload.
pub(super) const TAIL: usize = TIMESTAMP - 1 + SIGNATURE;

/// What a cookie in its canonical form says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    /// Unix seconds.
    pub(super) timestamp: u32,
    /// Whether the signature is good.
    pub(super) is_signed: bool,
}

/// How many bytes are signed if a cookie is in its canonical form.
#[inline]
pub(super) fn signed(cookie: &[u8]) -> usize {
    cookie.len().saturating_sub(SIGNATURE)
}

/// The payload of a cookie that is in its canonical form: then a dot stands behind it.
#[inline]
pub(super) fn payload(cookie: &str) -> &str {
    cookie.len().checked_sub(TAIL).and_then(|end| cookie.get(..end)).unwrap_or_default()
}

/// The timestamp and the signature of a cookie in its canonical form.
#[inline]
pub(super) fn tail(cookie: &[u8]) -> Option<(u32, State)> {
    let tail: &[u8; TAIL] = cookie.last_chunk()?;
    let timestamp = seconds(tail.first_chunk()?)?;
    let [groups @ .., x, y, z] = tail.last_chunk::<{ SIGNATURE - 1 }>()?;
    let mut words = [0; 6];
    for (word, characters) in words.iter_mut().zip(groups.as_chunks().0) {
        *word = group(*characters);
    }
    let last = group([*x, *y, *z, b'A']);
    let all = words.iter().fold(last, |all, word| all | word);
    // What no byte has room for must be zero.
    if all & ODD != 0 || last & 0xFF != 0 {
        return None;
    }
    Some((timestamp, joined(words, last)))
}

/// The words that groups of 24 bits make in a row.
#[inline]
fn joined([a, b, c, d, e, f]: [u32; 6], last: u32) -> State {
    [a << 8 | b >> 16, b << 16 | c >> 8, c << 24 | d, e << 8 | f >> 16, f << 16 | last >> 8]
}

/// Unix seconds from a timestamp in its canonical form, with the dots on both sides.
#[inline]
pub(super) fn seconds([first_dot, a, b, c, d, e, f, second_dot]: &[u8; TIMESTAMP]) -> Option<u32> {
    let (first, last) = (group([*a, *b, *c, *d]), group([*e, *f, b'A', b'A']));
    let is_usual = first & ODD == 0 && last & (ODD | 0xFFFF) == 0 && *first_dot == b'.' && *second_dot == b'.';
    is_usual.then_some(first << 8 | last >> 16)
}

/// The 24 bits of four characters, and [`ODD`] when one of them does not belong.
#[inline]
fn group([a, b, c, d]: [u8; 4]) -> u32 {
    let [first, second, third, fourth] = &VALUES;
    first[usize::from(a)] | second[usize::from(b)] | third[usize::from(c)] | fourth[usize::from(d)]
}

/// The characters of URL-safe base64, in the order of what they stand for.
pub(super) const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A bit that no group of characters of the alphabet has.
const ODD: u32 = 1 << 31;

/// What each character of the URL-safe alphabet stands for at each of four places; [`ODD`] for the others.
static VALUES: [[u32; 256]; 4] = {
    let mut values = [[ODD; 256]; 4];
    let mut value = 0;
    while value < ALPHABET.len() {
        let mut place = 0;
        while place < 4 {
            values[place][ALPHABET[value] as usize] = (value as u32) << (18 - 6 * place);
            place += 1;
        }
        value += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verifier::{base64, hmac_sha1};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_timestamp_and_signature_is_read_as_it_was_written(
            payload in ".{0,20}",
            timestamp: u32,
            signature: [u8; 20],
        ) {
            let mut cookie = payload.clone();
            cookie.push('.');
            base64::append(&timestamp.to_be_bytes(), &mut cookie);
            let until = cookie.len();
            cookie.push('.');
            base64::append(&signature, &mut cookie);
            let (seconds, words) = tail(cookie.as_bytes()).unwrap();
            prop_assert_eq!(super::payload(&cookie), payload);
            prop_assert_eq!(signed(cookie.as_bytes()), until);
            prop_assert_eq!(seconds, timestamp);
            prop_assert_eq!(hmac_sha1::bytes(&words), signature);
        }
    }

    #[test]
    fn any_other_character_at_any_place_is_not_usual() {
        let cookie = "e30.ZVPxAA.AAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert!(tail(cookie.as_bytes()).is_some());
        for at in 3..cookie.len() {
            for odd in ['.', '+', '/', '=', '!', '\u{7F}'] {
                let mut text = cookie.to_owned();
                text.replace_range(at..=at, &odd.to_string());
                let is_a_dot_in_place = odd == '.' && (at == 3 || at == 10);
                assert_eq!(tail(text.as_bytes()).is_some(), is_a_dot_in_place, "{text}");
            }
        }
        // Two of them do not make up for each other.
        for (one, other) in (4..cookie.len()).flat_map(|one| (one + 1..cookie.len()).map(move |other| (one, other))) {
            let mut text = cookie.to_owned();
            text.replace_range(one..=one, "!");
            text.replace_range(other..=other, "!");
            assert!(tail(text.as_bytes()).is_none(), "{text}");
        }
        // Bits that no byte has room for.
        for unused in ["e30.ZVPxAB.AAAAAAAAAAAAAAAAAAAAAAAAAAA", "e30.ZVPxAA.AAAAAAAAAAAAAAAAAAAAAAAAAAB"] {
            assert!(tail(unused.as_bytes()).is_none(), "{unused}");
        }
        for short in ["", ".", "e30", &cookie[4..], "\u{E9}ZVPxAA.AAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(tail(short.as_bytes()).is_none(), "{short}");
        }
    }
}
