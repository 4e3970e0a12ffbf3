//! Words of sixteen messages side by side.

use super::{super::LANES, register};
use std::arch::x86_64::*;

/// Five words of state, or sixteen of a message, in sixteen lanes.
pub(super) type Words<const N: usize> = [__m512i; N];

/// Four words of each lane, from the same place on: the first of each in the first register, and so on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
pub(super) fn transposed<const N: usize>(lanes: &[&[u8; N]; LANES], at: usize) -> Words<4> {
    // Every fourth lane goes into a register, so that the squares within the registers are what is transposed.
    let mut four = [_mm512_setzero_si512(); 4];
    for (i, four) in four.iter_mut().enumerate() {
        *four = register::of_quarters(
            part(lanes[i], at),
            part(lanes[i + 4], at),
            part(lanes[i + 8], at),
            part(lanes[i + 12], at),
        );
    }
    let [a, b, c, d] = four;
    let [low_one, high_one] = [_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b)];
    let [low_two, high_two] = [_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d)];
    [
        _mm512_unpacklo_epi64(low_one, low_two),
        _mm512_unpackhi_epi64(low_one, low_two),
        _mm512_unpacklo_epi64(high_one, high_two),
        _mm512_unpackhi_epi64(high_one, high_two),
    ]
}

/// Sixteen bytes from a place that the compiler knows.
#[inline(always)]
fn part<const N: usize>(bytes: &[u8; N], at: usize) -> &[u8; 16] {
    bytes.get(at..).and_then(<[u8]>::first_chunk).unwrap_or(&[0; 16])
}
