//! One cookie, from its tail to the verdict on its signature without leaving the registers.
//!
//! The rounds of SHA-1 are a chain: on no processor does the next group of four begin before the last has ended. What can be
//! saved is what stands between the blocks, and before and behind them: laying the padding out in memory, storing and loading the
//! state for each hash, and taking the cookie apart.

use super::{
    register,
    state::{Registers, Words},
};
use crate::verifier::hmac_sha1::{self, Block, OUTER_BITS};
use std::arch::x86_64::*;

/// The functions of one path, which has these instructions and this block function.
macro_rules! one_path {
    ($name:ident, $features:literal, $compress:path) => {
        pub(super) mod $name {
            use super::{Message, Registers, outer_words};
            use crate::verifier::{
                canonical::{self, Parsed},
                hardware::x86_64::tail::Tail,
                hmac_sha1::Key,
                mac::Keyed,
            };

            /// What a cookie in the canonical form says, and whether one of the keys signed it. None in another form.
            #[target_feature(enable = $features)]
            pub(in super::super) fn verify(keys: &[Keyed], cookie: &[u8]) -> Option<Parsed> {
                let message = Message::new(cookie, canonical::signed(cookie));
                let tail = Tail::of(cookie)?;
                for key in keys.iter().filter_map(Keyed::sha1) {
                    if mac(key, &message).is(tail.signature) {
                        return Some(Parsed { timestamp: tail.timestamp, is_signed: true });
                    }
                }
                Some(Parsed { timestamp: tail.timestamp, is_signed: false })
            }

            #[inline]
            #[target_feature(enable = $features)]
            pub(in super::super) fn mac(key: &Key, message: &Message) -> Registers {
                let mut state = Registers::load(&key.inner);
                for block in message.whole {
                    state = $compress(state, super::words(block));
                }
                if let Some(before) = message.before_the_last() {
                    state = $compress(state, before);
                }
                let digest = $compress(state, message.last());
                $compress(Registers::load(&key.outer), outer_words(digest))
            }
        }
    };
}

one_path!(sha_ni, "sha,ssse3,sse4.1", crate::verifier::hardware::x86_64::sha_ni::compress);
one_path!(
    sha_ni_avx512,
    "sha,ssse3,sse4.1,avx512f,avx512bw,avx512vl",
    crate::verifier::hardware::x86_64::sha_ni_avx512::compress
);

/// A message, of which the last words were laid out.
pub(super) struct Message<'a> {
    whole: &'a [Block],
    /// What is left behind the whole blocks, with the mark.
    rest: Words,
    /// Whether the length takes one more block.
    is_long: bool,
    bits: u64,
}

impl<'a> Message<'a> {
    /// The first `length` bytes, or all when there are not as many.
    #[inline]
    #[target_feature(enable = "ssse3,sse4.1")]
    pub(super) fn new(bytes: &'a [u8], length: usize) -> Self {
        let length = length.min(bytes.len());
        let (whole, rest) = bytes[..length].as_chunks();
        Self {
            whole,
            rest: marked(bytes, length - rest.len(), rest.len()),
            is_long: whole.len() + 1 < hmac_sha1::inner_blocks(length),
            bits: hmac_sha1::bits(length),
        }
    }

    #[inline]
    #[target_feature(enable = "ssse3,sse4.1")]
    fn before_the_last(&self) -> Option<Words> {
        self.is_long.then_some(self.rest)
    }

    #[inline]
    #[target_feature(enable = "ssse3,sse4.1")]
    fn last(&self) -> Words {
        let bits = _mm_cvtsi64_si128(self.bits.cast_signed());
        if self.is_long {
            return [_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128(), bits];
        }
        let [a, b, c, d] = self.rest;
        [a, b, c, _mm_or_si128(d, bits)]
    }
}

/// The only block of the outer hash. A digest is laid out as the first five words of a block are.
#[inline]
#[target_feature(enable = "ssse3,sse4.1")]
fn outer_words(digest: Registers) -> Words {
    let mark = _mm_set_epi32(0, i32::MIN, 0, 0);
    let bits = _mm_set_epi32(0, 0, 0, i32::from(OUTER_BITS));
    [digest.abcd, _mm_or_si128(digest.e, mark), _mm_setzero_si128(), bits]
}

/// Sixteen bytes as four big-endian words, the first in the highest lane.
#[inline]
#[target_feature(enable = "ssse3,sse4.1")]
fn four_words(bytes: __m128i) -> __m128i {
    _mm_shuffle_epi8(bytes, _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0A0B_0C0D_0E0F))
}

#[inline]
#[target_feature(enable = "ssse3,sse4.1")]
fn words(block: &Block) -> Words {
    let mut words = [_mm_setzero_si128(); 4];
    for (words, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *words = four_words(register::of_bytes(bytes));
    }
    words
}

const PIECE: usize = 16;

/// Where the last piece of a block stands.
const LAST_PIECE: usize = hmac_sha1::BLOCK - PIECE;

/// The last words of a message, `rest` bytes from `start` on, with the mark behind them and zeros behind that. What stands behind
/// the message is loaded with it, and masked out; no byte beyond `bytes` is touched.
#[inline]
#[target_feature(enable = "ssse3,sse4.1")]
fn marked(bytes: &[u8], start: usize, rest: usize) -> Words {
    // A piece that holds something of the message ends less than a piece behind it.
    match bytes.len().checked_sub(PIECE) {
        Some(last) if start + rest <= last + 1 => marked_in_place(bytes, start, last, rest),
        _ => {
            let mut copy = [0; hmac_sha1::BLOCK];
            copy[..rest].copy_from_slice(&bytes[start..][..rest]);
            marked_in_place(&copy, 0, LAST_PIECE, rest)
        }
    }
}

/// The same where a piece can be loaded from every place up to `last`.
#[inline]
#[target_feature(enable = "ssse3,sse4.1")]
fn marked_in_place(bytes: &[u8], start: usize, last: usize, rest: usize) -> Words {
    let window = hmac_sha1::BLOCK - rest;
    let mut words = [_mm_setzero_si128(); 4];
    for (i, words) in words.iter_mut().enumerate() {
        let load = |bytes: &[u8], at: usize| register::of_bytes(bytes[at..].first_chunk().unwrap_or(&[0; PIECE]));
        let piece = load(bytes, (start + i * PIECE).min(last));
        let keep = load(&KEEP, window + i * PIECE);
        let mark = load(&MARK, window + i * PIECE);
        *words = four_words(_mm_or_si128(_mm_and_si128(piece, keep), mark));
    }
    words
}

/// Parsed through a window of one block: ones for the bytes of the message, zeros behind them.
static KEEP: [u8; 2 * hmac_sha1::BLOCK] = {
    let mut bytes = [0; 2 * hmac_sha1::BLOCK];
    bytes.split_at_mut(hmac_sha1::BLOCK).0.copy_from_slice(&[0xFF; hmac_sha1::BLOCK]);
    bytes
};

/// Parsed through the same window: the mark behind the message.
static MARK: [u8; 2 * hmac_sha1::BLOCK] = {
    let mut bytes = [0; 2 * hmac_sha1::BLOCK];
    bytes[hmac_sha1::BLOCK] = 0x80;
    bytes
};
