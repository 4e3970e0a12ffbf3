//! One signature by the SHA extensions, from the first block to the last without leaving the registers.
//!
//! The rounds are a chain: on no processor does the next group of four begin before the last has ended. What can be saved is
//! what stands between them: laying the padding out in memory, and storing and loading the state for each hash.

use super::register;
use crate::verifier::hmac_sha1::{self, Block, Key, OUTER_BITS, State};
use std::arch::x86_64::*;

/// A state as the instructions take it: `a` in the highest lane of the one, `e` in the highest of the other above zeros.
#[derive(Clone, Copy)]
struct Registers {
    abcd: __m128i,
    e: __m128i,
}

/// The message words of a block, the first in the highest lane.
type Words = [__m128i; 4];

#[target_feature(enable = "sha,ssse3,sse4.1")]
pub(super) fn mac(key: &Key, bytes: &[u8], length: usize) -> State {
    let length = length.min(bytes.len());
    let (whole, rest) = bytes[..length].as_chunks::<{ hmac_sha1::BLOCK }>();
    let mut state = load(&key.inner);
    for block in whole {
        state = compress(state, words(block));
    }
    let mut last = padded(bytes, length - rest.len(), rest.len());
    let bits = _mm_cvtsi64_si128(hmac_sha1::bits(length).cast_signed());
    if whole.len() + 1 < hmac_sha1::inner_blocks(length) {
        state = compress(state, last);
        last = [_mm_setzero_si128(); 4];
    }
    last[3] = _mm_or_si128(last[3], bits);
    let digest = compress(state, last);

    // A digest is laid out as the first five words of a block are.
    let mark = _mm_set_epi32(0, i32::MIN, 0, 0);
    let outer =
        [digest.abcd, _mm_or_si128(digest.e, mark), _mm_setzero_si128(), _mm_set_epi32(0, 0, 0, i32::from(OUTER_BITS))];
    store(compress(load(&key.outer), outer))
}

#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn load(&[a, b, c, d, e]: &State) -> Registers {
    let set = |a: u32, b: u32, c: u32, d: u32| {
        _mm_set_epi32(a.cast_signed(), b.cast_signed(), c.cast_signed(), d.cast_signed())
    };
    Registers { abcd: set(a, b, c, d), e: set(e, 0, 0, 0) }
}

#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn store(state: Registers) -> State {
    let [d, c, b, a] = register::words(state.abcd);
    [a, b, c, d, _mm_extract_epi32::<3>(state.e).cast_unsigned()]
}

/// Sixteen bytes as four big-endian words, the first in the highest lane.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn four_words(bytes: &[u8; 16]) -> __m128i {
    let backwards = _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0A0B_0C0D_0E0F);
    _mm_shuffle_epi8(register::of_bytes(bytes), backwards)
}

#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn words(block: &Block) -> Words {
    let mut words = [_mm_setzero_si128(); 4];
    for (words, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *words = four_words(bytes);
    }
    words
}

/// The last words of a message, `rest` bytes from `start` on, with the mark behind them and zeros behind that. What stands behind
/// the message is loaded with it where it can be, and masked out; no byte beyond `bytes` is touched.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn padded(bytes: &[u8], start: usize, rest: usize) -> Words {
    const PIECE: usize = 16;
    let mut copy = [0; hmac_sha1::BLOCK];
    let mut words = [_mm_setzero_si128(); 4];
    let from = hmac_sha1::BLOCK - rest;
    for (i, words) in words.iter_mut().enumerate() {
        let at = start + i * PIECE;
        // A piece behind the message is masked out, wherever it comes from.
        let piece = match bytes.len().checked_sub(PIECE) {
            Some(end) if at <= end || i * PIECE >= rest => bytes[at.min(end)..].first_chunk(),
            _ => {
                let tail = bytes.get(at..start + rest).unwrap_or_default();
                let slot = &mut copy[i * PIECE..][..PIECE];
                slot[..tail.len()].copy_from_slice(tail);
                slot.first_chunk()
            }
        };
        if let (Some(piece), Some(keep), Some(mark)) =
            (piece, KEEP[from + i * PIECE..].first_chunk(), MARK[from + i * PIECE..].first_chunk())
        {
            *words = _mm_or_si128(_mm_and_si128(four_words(piece), four_words(keep)), four_words(mark));
        }
    }
    words
}

/// Seen through a window of one block: ones for the bytes of the message, zeros behind them.
static KEEP: [u8; 2 * hmac_sha1::BLOCK] = {
    let mut bytes = [0; 2 * hmac_sha1::BLOCK];
    bytes.split_at_mut(hmac_sha1::BLOCK).0.copy_from_slice(&[0xFF; hmac_sha1::BLOCK]);
    bytes
};

/// Seen through the same window: the mark behind the message.
static MARK: [u8; 2 * hmac_sha1::BLOCK] = {
    let mut bytes = [0; 2 * hmac_sha1::BLOCK];
    bytes[hmac_sha1::BLOCK] = 0x80;
    bytes
};

/// One compression (FIPS 180-4, section 6.1.2): twenty groups of four rounds. Each group after the first four makes the words
/// of the next in place of those that are used up.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn compress(state: Registers, [mut w0, mut w1, mut w2, mut w3]: Words) -> Registers {
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
