//! What stands behind the payloads of sixteen cookies in their canonical form, decoded side by side.
//!
//! A lane of a register holds four characters of a cookie. They are counted from the end, so that no lane reaches beyond it: the
//! 27 characters of a signature fill six lanes and three quarters, and the dot before them the rest, as if it were a zero.

use super::{
    super::LANES,
    lanes::{Words, transposed},
    register,
};
use crate::verifier::canonical::{ALPHABET, TAIL};
use std::arch::x86_64::*;

/// What stands behind the payloads.
pub(super) struct Tails {
    /// A bit for each cookie that is in the canonical form.
    pub(super) are_canonical: __mmask16,
    /// Unix seconds.
    pub(super) timestamps: __m512i,
    pub(super) signatures: Words<5>,
}

impl Tails {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    pub(super) fn of(tails: &[&[u8; TAIL]; LANES]) -> Self {
        let [a, ..] = transposed(tails, 0);
        let [b, c, d, e] = transposed(tails, 3);
        let [f, g, h, i] = transposed(tails, TAIL - 16);
        let mut odd = _mm512_setzero_si512();

        // The dot and three characters of the timestamp; the third again, and the others.
        let a = group(behind_a_dot(a), &mut odd);
        let b = group(b, &mut odd);
        // The dot and three characters of the signature; four each.
        let c = group(behind_a_dot(c), &mut odd);
        let [d, e, f, g, h, i] = [
            group(d, &mut odd),
            group(e, &mut odd),
            group(f, &mut odd),
            group(g, &mut odd),
            group(h, &mut odd),
            group(i, &mut odd),
        ];
        odd = _mm512_and_si512(odd, _mm512_set1_epi8(NONE.cast_signed()));
        // What the dots stand for, and what no byte has room for, must be zero.
        for (group, bits) in [(a, 0xFC_0000), (b, 0xF), (c, 0xFC_0000), (i, 0x3)] {
            odd = _mm512_or_si512(odd, _mm512_and_si512(group, _mm512_set1_epi32(bits)));
        }
        macro_rules! bits {
            ($($group:ident $shift:ident $by:literal),*) => {{
                let mut word = _mm512_setzero_si512();
                $(word = _mm512_or_si512(word, $shift::<$by>($group));)*
                word
            }};
        }
        use {_mm512_slli_epi32 as left, _mm512_srli_epi32 as right};
        let last_three = left::<14>(b);
        Self {
            are_canonical: _mm512_testn_epi32_mask(odd, odd),
            timestamps: bits!(a left 14, last_three right 18),
            signatures: [
                bits!(c left 14, d right 10),
                bits!(d left 22, e right 2),
                bits!(e left 30, f left 6, g right 18),
                bits!(g left 14, h right 10),
                bits!(h left 22, i right 2),
            ],
        }
    }
}

/// An `A` in place of a dot as the first character, and in place of an `A` something else.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
fn behind_a_dot(characters: __m512i) -> __m512i {
    _mm512_xor_si512(characters, _mm512_set1_epi32((b'.' ^ b'A').into()))
}

/// The 24 bits of each four characters. Where one is not of the alphabet, `odd` gets the highest bit of its byte.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
fn group(characters: __m512i, odd: &mut __m512i) -> __m512i {
    let [low, high] = [&VALUES.0, &VALUES.1];
    let values = _mm512_permutex2var_epi8(register::of_sixty_four(low), characters, register::of_sixty_four(high));
    // Of a character beyond ASCII the highest bit is not looked up.
    *odd = _mm512_or_si512(*odd, _mm512_or_si512(values, characters));
    let twelve_bits = _mm512_maddubs_epi16(values, _mm512_set1_epi32(0x0140_0140));
    _mm512_madd_epi16(twelve_bits, _mm512_set1_epi32(0x0001_1000))
}

/// What the characters of ASCII stand for in the URL-safe alphabet, in two halves; more than six bits where they do not belong.
static VALUES: ([u8; 64], [u8; 64]) = {
    let mut halves = ([NONE; 64], [NONE; 64]);
    let mut value = 0;
    while value < ALPHABET.len() {
        let character = ALPHABET[value] as usize;
        if character < 64 {
            halves.0[character] = value as u8;
        } else {
            halves.1[character - 64] = value as u8;
        }
        value += 1;
    }
    halves
};

const NONE: u8 = 0x80;
