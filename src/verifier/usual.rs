//! Cookies as Flask writes them today, taken apart at fixed places: a timestamp of four bytes and a signature by SHA-1, both in
//! their canonical spelling. Whatever else a cookie may be is not for this module to say: then the answer is none.
//!
//! The bytes are decoded by tables: what stands in a cookie is no secret, so they give nothing away.

use super::hmac_sha1::State;

/// The characters of a signature, and of a timestamp, with the dot before each.
const SIGNATURE: usize = 28;
const TIMESTAMP: usize = 7;

/// The parts of a cookie.
pub(super) struct Usual<'a> {
    pub(super) payload: &'a str,
    /// Unix seconds.
    pub(super) timestamp: u64,
    /// How many bytes are signed.
    pub(super) signed: usize,
    pub(super) signature: State,
}

/// How many bytes are signed if a cookie is in its usual form.
#[inline]
pub(super) fn signed(cookie: &str) -> usize {
    cookie.len().saturating_sub(SIGNATURE)
}

/// The parts of a cookie in its usual form.
#[inline]
pub(super) fn split(cookie: &str) -> Option<Usual<'_>> {
    let payload_end = cookie.len().checked_sub(TIMESTAMP + SIGNATURE)?;
    let (payload, tail) = cookie.split_at_checked(payload_end)?;
    let tail: &[u8; TIMESTAMP + SIGNATURE] = tail.as_bytes().try_into().ok()?;
    let [first_dot, a, b, c, d, e, f, second_dot, groups @ .., x, y, z] = tail;

    let seconds = group([*a, *b, *c, *d]);
    let last_of_seconds = group([*e, *f, b'A', b'A']);
    let mut words = [0; 6];
    for (word, characters) in words.iter_mut().zip(groups.as_chunks().0) {
        *word = group(*characters);
    }
    let last = group([*x, *y, *z, b'A']);

    let all = words.iter().fold(seconds | last_of_seconds | last, |all, word| all | word);
    // What no byte has room for must be zero.
    let unused = last_of_seconds & 0xFFFF | last & 0xFF;
    if all & ODD != 0 || unused != 0 || *first_dot != b'.' || *second_dot != b'.' {
        return None;
    }
    let [a, b, c, d, e, f] = words;
    Some(Usual {
        payload,
        timestamp: u64::from(seconds << 8 | last_of_seconds >> 16),
        signed: signed(cookie),
        signature: [a << 8 | b >> 16, b << 16 | c >> 8, c << 24 | d, e << 8 | f >> 16, f << 16 | last >> 8],
    })
}

/// The 24 bits of four characters, and [`ODD`] when one of them does not belong.
#[inline]
fn group([a, b, c, d]: [u8; 4]) -> u32 {
    let [first, second, third, fourth] = &VALUES;
    first[usize::from(a)] | second[usize::from(b)] | third[usize::from(c)] | fourth[usize::from(d)]
}

/// A bit that no group of characters of the alphabet has.
const ODD: u32 = 1 << 31;

/// What each character of the URL-safe alphabet stands for at each of four places; [`ODD`] for the others.
static VALUES: [[u32; 256]; 4] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut values = [[ODD; 256]; 4];
    let mut value = 0;
    while value < alphabet.len() {
        let mut place = 0;
        while place < 4 {
            values[place][alphabet[value] as usize] = (value as u32) << (18 - 6 * place);
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
            let signed = cookie.len();
            cookie.push('.');
            base64::append(&signature, &mut cookie);
            let usual = split(&cookie).unwrap();
            prop_assert_eq!(usual.payload, payload);
            prop_assert_eq!(usual.timestamp, u64::from(timestamp));
            prop_assert_eq!(usual.signed, signed);
            prop_assert_eq!(hmac_sha1::bytes(&usual.signature), signature);
        }
    }

    #[test]
    fn any_other_character_at_any_place_is_not_usual() {
        let cookie = "e30.ZVPxAA.AAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert!(split(cookie).is_some());
        for at in 3..cookie.len() {
            for odd in ['.', '+', '/', '=', '!', '\u{7F}'] {
                let mut text = cookie.to_owned();
                text.replace_range(at..=at, &odd.to_string());
                let is_a_dot_in_place = odd == '.' && (at == 3 || at == 10);
                assert_eq!(split(&text).is_some(), is_a_dot_in_place, "{text}");
            }
        }
        // Bits that no byte has room for.
        for unused in ["e30.ZVPxAB.AAAAAAAAAAAAAAAAAAAAAAAAAAA", "e30.ZVPxAA.AAAAAAAAAAAAAAAAAAAAAAAAAAB"] {
            assert!(split(unused).is_none(), "{unused}");
        }
        for short in ["", ".", "e30", &cookie[4..], "\u{E9}ZVPxAA.AAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(split(short).is_none(), "{short}");
        }
    }
}
