//! The block function of SHA-1 by the SHA extensions alone.

use super::state::{Registers, Words};
use std::arch::x86_64::*;

/// One compression (FIPS 180-4, section 6.1.2): twenty groups of four rounds. Each group after the first four makes the words
/// of the next in place of those that are used up.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
pub(super) fn compress(state: Registers, [mut w0, mut w1, mut w2, mut w3]: Words) -> Registers {
    macro_rules! schedule {
        ($w0:ident, $w1:ident, $w2:ident, $w3:ident) => {
            $w0 = _mm_sha1msg2_epu32(_mm_xor_si128(_mm_sha1msg1_epu32($w0, $w1), $w2), $w3)
        };
    }
    macro_rules! four_rounds {
        ($to:ident, $from:ident, $words:ident, $function:literal) => {
            $to = _mm_sha1rnds4_epu32::<$function>($from, _mm_sha1nexte_epu32($to, $words))
        };
    }
    macro_rules! sixteen_words {
        () => {
            schedule!(w0, w1, w2, w3);
            schedule!(w1, w2, w3, w0);
            schedule!(w2, w3, w0, w1);
            schedule!(w3, w0, w1, w2);
        };
    }
    let mut one = state.abcd;
    let mut two = _mm_sha1rnds4_epu32::<0>(one, _mm_add_epi32(state.e, w0));
    four_rounds!(one, two, w1, 0);
    four_rounds!(two, one, w2, 0);
    four_rounds!(one, two, w3, 0);
    sixteen_words!();
    four_rounds!(two, one, w0, 0);
    four_rounds!(one, two, w1, 1);
    four_rounds!(two, one, w2, 1);
    four_rounds!(one, two, w3, 1);
    sixteen_words!();
    four_rounds!(two, one, w0, 1);
    four_rounds!(one, two, w1, 1);
    four_rounds!(two, one, w2, 2);
    four_rounds!(one, two, w3, 2);
    sixteen_words!();
    four_rounds!(two, one, w0, 2);
    four_rounds!(one, two, w1, 2);
    four_rounds!(two, one, w2, 2);
    four_rounds!(one, two, w3, 3);
    sixteen_words!();
    four_rounds!(two, one, w0, 3);
    four_rounds!(one, two, w1, 3);
    four_rounds!(two, one, w2, 3);
    four_rounds!(one, two, w3, 3);
    Registers { abcd: _mm_add_epi32(state.abcd, one), e: _mm_sha1nexte_epu32(two, state.e) }
}
