//! Arrays into registers and back.

use std::arch::x86_64::*;

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
pub(super) fn eight_words(register: __m256i) -> [u32; 8] {
    let mut words = [0; 8];
    // SAFETY: writes the thirty-two bytes of the array.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), register) };
    words
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn of_quarters(a: &[u8; 16], b: &[u8; 16], c: &[u8; 16], d: &[u8; 16]) -> __m512i {
    let lowest = _mm512_castsi128_si512(of_bytes(a));
    let two = _mm512_inserti32x4::<1>(lowest, of_bytes(b));
    let three = _mm512_inserti32x4::<2>(two, of_bytes(c));
    _mm512_inserti32x4::<3>(three, of_bytes(d))
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn of_sixty_four(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: reads the sixty-four bytes behind the reference.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn of_sixteen_words(words: &[u32; 16]) -> __m512i {
    // SAFETY: reads the sixty-four bytes behind the reference.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn sixteen_words(register: __m512i) -> [u32; 16] {
    let mut words = [0; 16];
    // SAFETY: writes the sixty-four bytes of the array.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), register) };
    words
}

/// The bytes, of which there are less than 64, with the mark of SHA-1 behind them and zeros behind that.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn with_mark_behind(bytes: &[u8], block: &mut [u8; 64]) {
    let mark = 1u64 << (bytes.len() & 63);
    // SAFETY: reads as many bytes as there are: what is masked out is not touched. Writes the sixty-four bytes behind the
    // reference.
    unsafe {
        let loaded = _mm512_maskz_loadu_epi8(mark - 1, bytes.as_ptr().cast());
        let marked = _mm512_mask_mov_epi8(loaded, mark, _mm512_set1_epi8(i8::MIN));
        _mm512_storeu_si512(block.as_mut_ptr().cast(), marked);
    }
}
