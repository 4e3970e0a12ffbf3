//! Cookies as Flask writes them today, taken apart at fixed places: a timestamp of four bytes and a signature by SHA-1, both in
//! their canonical spelling. Whatever else a cookie may be is not for this module to say: then the answer is none.
//!
//! The bytes are decoded by one table; what stands in a cookie is no secret, so a table does no harm.

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

/// The parts of a cookie in its usual form.
pub(super) fn split(cookie: &str) -> Option<Usual<'_>> {
    let payload_end = cookie.len().checked_sub(TIMESTAMP + SIGNATURE)?;
    let (payload, tail) = cookie.split_at_checked(payload_end)?;
    let (timestamp, signature) = tail.as_bytes().split_first_chunk::<TIMESTAMP>()?;
    let signature: &[u8; SIGNATURE] = signature.try_into().ok()?;
    let mut seen = Seen::default();
    let timestamp = seen.timestamp(timestamp);
    let signature = seen.signature(signature);
    seen.are_canonical().then_some(Usual { payload, timestamp, signed: payload_end + TIMESTAMP, signature })
}

/// What was seen while decoding: any bit here is a character that does not belong.
#[derive(Default)]
struct Seen {
    oddity: u32,
}

impl Seen {
    fn are_canonical(&self) -> bool {
        self.oddity & !0x3F == 0
    }

    fn timestamp(&mut self, &[dot, a, b, c, d, e, f]: &[u8; TIMESTAMP]) -> u64 {
        let rest = self.value(e) << 6 | self.value(f);
        self.expect(dot == b'.' && rest & 0xF == 0);
        u64::from(self.group([a, b, c, d]) << 8 | rest >> 4)
    }

    fn signature(&mut self, [dot, groups @ .., x, y, z]: &[u8; SIGNATURE]) -> State {
        let mut words = [0; 6];
        for (word, group) in words.iter_mut().zip(groups.as_chunks().0) {
            *word = self.group(*group);
        }
        let [a, b, c, d, e, f] = words;
        let rest = self.value(*x) << 12 | self.value(*y) << 6 | self.value(*z);
        self.expect(*dot == b'.' && rest & 3 == 0);
        [a << 8 | b >> 16, b << 16 | c >> 8, c << 24 | d, e << 8 | f >> 16, f << 16 | rest >> 2]
    }

    /// The 24 bits of four characters.
    fn group(&mut self, [a, b, c, d]: [u8; 4]) -> u32 {
        self.value(a) << 18 | self.value(b) << 12 | self.value(c) << 6 | self.value(d)
    }

    /// The six bits of a character.
    fn value(&mut self, character: u8) -> u32 {
        let value = u32::from(VALUES[usize::from(character)]);
        self.oddity |= value;
        value
    }

    fn expect(&mut self, holds: bool) {
        self.oddity |= u32::from(!holds) << 8;
    }
}

/// What each character of the URL-safe alphabet stands for; more than six bits for the others.
static VALUES: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut values = [0xFF; 256];
    let mut value = 0;
    while value < alphabet.len() {
        values[alphabet[value] as usize] = value as u8;
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
