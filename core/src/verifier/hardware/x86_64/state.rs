//! A state of SHA-1 and a block's words, as the instructions for SHA take them.

use super::register;
use crate::verifier::hmac_sha1::State;
use std::arch::x86_64::*;

/// A state as the instructions take it: `a` in the highest lane of the one, `e` in the highest of the other above zeros.
#[derive(Clone, Copy)]
pub(super) struct Registers {
    pub(super) abcd: __m128i,
    pub(super) e: __m128i,
}

/// The message words of a block, the first in the highest lane.
pub(super) type Words = [__m128i; 4];

impl Registers {
    #[inline]
    #[target_feature(enable = "ssse3,sse4.1")]
    pub(super) fn load(&[a, b, c, d, e]: &State) -> Self {
        let set = |a: u32, b: u32, c: u32, d: u32| {
            _mm_set_epi32(a.cast_signed(), b.cast_signed(), c.cast_signed(), d.cast_signed())
        };
        Self { abcd: set(a, b, c, d), e: set(e, 0, 0, 0) }
    }

    /// Whether both are the same. All of both is compared, in constant time (`SIG-10`).
    #[inline]
    #[target_feature(enable = "ssse3,sse4.1")]
    pub(super) fn is(self, other: Self) -> bool {
        let differences = _mm_or_si128(_mm_xor_si128(self.abcd, other.abcd), _mm_xor_si128(self.e, other.e));
        _mm_testz_si128(differences, differences) == 1
    }

    #[inline]
    #[target_feature(enable = "ssse3,sse4.1")]
    pub(super) fn state(self) -> State {
        let [d, c, b, a] = register::words(self.abcd);
        [a, b, c, d, _mm_extract_epi32::<3>(self.e).cast_unsigned()]
    }
}
