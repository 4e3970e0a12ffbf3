//! Arrays into registers and back.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_loadu_si128, _mm_storeu_si128, _mm256_castsi128_si256, _mm256_inserti128_si256,
    _mm256_loadu_si256, _mm256_storeu_si256,
};

#[inline(always)]
pub(super) fn of_bytes(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: reads the sixteen bytes behind the reference. Every x86-64 processor has SSE2.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline(always)]
pub(super) fn words(register: __m128i) -> [u32; 4] {
    let mut words = [0; 4];
    // SAFETY: writes the sixteen bytes of the array. Every x86-64 processor has SSE2.
    unsafe { _mm_storeu_si128(words.as_mut_ptr().cast(), register) };
    words
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn of_halves(low: &[u8; 16], high: &[u8; 16]) -> __m256i {
    _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(of_bytes(low)), of_bytes(high))
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn of_words(words: &[u32; 8]) -> __m256i {
    // SAFETY: reads the thirty-two bytes behind the reference.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn eight_words(register: __m256i) -> [u32; 8] {
    let mut words = [0; 8];
    // SAFETY: writes the thirty-two bytes of the array.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), register) };
    words
}
