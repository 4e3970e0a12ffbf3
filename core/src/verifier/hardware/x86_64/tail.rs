//! What stands behind the payload of a cookie in its canonical form, decoded in registers.
//!
//! Nothing depends on what the characters are but whether they are base64 at all, and a cookie is no secret.

use super::{register, state::Registers};
use crate::verifier::canonical::{self, SIGNATURE, TAIL};
use std::arch::x86_64::*;

/// What stands behind the payload.
pub(super) struct Tail {
    /// Unix seconds.
    pub(super) timestamp: u32,
    /// As the hash makes it.
    pub(super) signature: Registers,
}

impl Tail {
    /// None when the cookie has another form.
    #[inline]
    #[target_feature(enable = "ssse3,sse4.1")]
    pub(super) fn of(cookie: &[u8]) -> Option<Self> {
        let tail: &[u8; TAIL] = cookie.last_chunk()?;
        let timestamp = canonical::seconds(tail.first_chunk()?)?;
        let (first, last) = (tail[TAIL - SIGNATURE + 1..].first_chunk()?, tail.last_chunk()?);
        Some(Self { timestamp, signature: signature(first, last)? })
    }
}

/// The signature that 27 characters spell canonically, of which these are the first and the last sixteen.
#[inline]
#[target_feature(enable = "ssse3,sse4.1")]
fn signature(first: &[u8; 16], last: &[u8; 16]) -> Option<Registers> {
    let (first, odd) = values(register::of_bytes(first));
    let (last, also_odd) = values(register::of_bytes(last));
    // What is in both is taken from the first.
    let (first, last) = (groups(first), groups(_mm_srli_si128::<5>(last)));
    // What no byte has room for must be zero.
    let unused = _mm_and_si128(last, _mm_set_epi32(0, 0xFF, 0, 0));
    let odd = _mm_or_si128(_mm_or_si128(odd, also_odd), unused);
    if _mm_testz_si128(odd, odd) == 0 {
        return None;
    }
    // Each group holds its three bytes in its lowest, backwards.
    let twelve = _mm_set_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    let next_four = _mm_set_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 2, 1, 0, 6);
    let last_four = _mm_set_epi8(5, 4, 10, 9, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    Some(Registers {
        abcd: _mm_or_si128(_mm_shuffle_epi8(first, twelve), _mm_shuffle_epi8(last, next_four)),
        e: _mm_shuffle_epi8(last, last_four),
    })
}

/// What sixteen characters of the URL-safe alphabet stand for, and something else than zeros where one does not belong.
///
/// A character is taken by halves of four bits, as the row and the column of a table of ASCII. The row says what to add for the
/// value, and both together whether the character belongs.
#[inline]
#[target_feature(enable = "ssse3,sse4.1")]
fn values(characters: __m128i) -> (__m128i, __m128i) {
    let half = _mm_set1_epi8(0x0F);
    let low = _mm_and_si128(characters, half);
    let high = _mm_and_si128(_mm_srli_epi16::<4>(characters), half);
    let [add, rows, columns] = [&ADD, &ROWS, &COLUMNS].map(register::of_bytes);
    let odd = _mm_and_si128(_mm_shuffle_epi8(rows, high), _mm_shuffle_epi8(columns, low));
    // The row of the underscore is that of letters as well.
    let underscore = _mm_cmpeq_epi8(characters, _mm_set1_epi8(b'_'.cast_signed()));
    let correction = _mm_and_si128(underscore, _mm_set1_epi8(33));
    let values = _mm_add_epi8(characters, _mm_add_epi8(_mm_shuffle_epi8(add, high), correction));
    (values, odd)
}

/// The 24 bits of each four values.
#[inline]
#[target_feature(enable = "ssse3,sse4.1")]
fn groups(values: __m128i) -> __m128i {
    let twelve_bits = _mm_maddubs_epi16(values, _mm_set1_epi32(0x0140_0140));
    _mm_madd_epi16(twelve_bits, _mm_set1_epi32(0x0001_1000))
}

/// What the characters of a row of ASCII need to become their values. That of the hyphen, of digits, of letters and letters.
static ADD: [u8; 16] = {
    let mut add = [0; 16];
    add[2] = 62 - b'-';
    add[3] = 52u8.wrapping_sub(b'0');
    add[4] = 0u8.wrapping_sub(b'A');
    add[5] = 0u8.wrapping_sub(b'A');
    add[6] = 26u8.wrapping_sub(b'a');
    add[7] = 26u8.wrapping_sub(b'a');
    add
};

/// A bit for each kind of row; rows without a character of the alphabet have one that every column has.
static ROWS: [u8; 16] = {
    let mut rows = [NEVER; 16];
    rows[2] = 1;
    rows[3] = 1 << 1;
    rows[4] = 1 << 2;
    rows[5] = 1 << 3;
    rows[6] = 1 << 2;
    rows[7] = 1 << 4;
    rows
};

/// In each column the bits of the rows where it holds nothing of the alphabet.
static COLUMNS: [u8; 16] = {
    let mut columns = [NEVER; 16];
    let mut byte = 0x20u8;
    while byte < 0x80 {
        if !(byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
            columns[(byte & 0xF) as usize] |= ROWS[(byte >> 4) as usize];
        }
        byte += 1;
    }
    columns
};

/// The bit of rows that hold nothing of the alphabet.
const NEVER: u8 = 1 << 7;
