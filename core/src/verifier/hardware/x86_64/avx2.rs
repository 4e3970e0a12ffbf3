//! Eight signatures at once: each word of the state is a register with a lane for each message.
//!
//! Registers never go through a closure of the standard library's (`map` and the like): it is compiled without these
//! instructions, so that each value would travel through memory.

use super::{register, tail::Tail};
use crate::verifier::{
    canonical,
    hardware::{LANES, Verdicts},
    hmac_sha1::{Block, Key, Message, OUTER_BITS, State},
};
use ctutils::CtEq;
use std::arch::x86_64::*;

/// How many messages are hashed at once.
const EIGHT: usize = 8;

/// Five words of state, or sixteen of a message, in eight lanes.
type Words<const N: usize> = [__m256i; N];

/// What each of the first cookies says, and whether the key signed it.
#[target_feature(enable = "avx2")]
pub(super) fn verify(count: usize, key: &Key, cookies: &[&str; LANES]) -> Verdicts {
    let mut lanes = Verdicts::default();
    for (i, cookies) in cookies.as_chunks::<EIGHT>().0.iter().take(count.div_ceil(EIGHT)).enumerate() {
        let cookies = cookies.map(str::as_bytes);
        let states = macs(key, &cookies.map(|cookie| Message::new(cookie, canonical::signed(cookie))));
        for (lane, (cookie, state)) in cookies.iter().zip(states).enumerate() {
            let Some(Tail { timestamp, signature }) = Tail::of(cookie) else { continue };
            let lane = EIGHT * i + lane;
            lanes.are_canonical |= 1 << lane;
            lanes.are_signed |= u16::from(state.ct_eq(&signature.state()).to_bool()) << lane;
            lanes.timestamps[lane] = timestamp;
        }
    }
    lanes
}

/// The signatures of messages that all take as many blocks as the first.
#[cfg(test)]
#[target_feature(enable = "avx2")]
pub(super) fn all_macs(key: &Key, messages: &[&[u8]; LANES]) -> [State; LANES] {
    let mut states = [State::default(); LANES];
    for (messages, states) in messages.as_chunks().0.iter().zip(states.as_chunks_mut::<EIGHT>().0) {
        *states = macs(key, &messages.map(|message| Message::new(message, message.len())));
    }
    states
}

/// The signatures of messages that all take as many blocks as the first.
#[target_feature(enable = "avx2")]
fn macs(key: &Key, messages: &[Message; EIGHT]) -> [State; EIGHT] {
    let blocks = messages[0].blocks();
    let mut state = everywhere(&key.inner);
    for i in 0..blocks {
        let mut block = transposed(&std::array::from_fn(|lane| messages[lane].block(i)));
        state = compress(&state, &mut block);
    }
    let mut outer = [_mm256_setzero_si256(); 16];
    outer[..5].copy_from_slice(&state);
    outer[5] = _mm256_set1_epi32(i32::MIN);
    outer[15] = _mm256_set1_epi32(i32::from(OUTER_BITS));
    store(&compress(&everywhere(&key.outer), &mut outer))
}

/// The same state in each lane.
#[inline]
#[target_feature(enable = "avx2")]
fn everywhere(state: &State) -> Words<5> {
    let mut lanes = [_mm256_setzero_si256(); 5];
    for (lanes, word) in lanes.iter_mut().zip(state) {
        *lanes = _mm256_set1_epi32(word.cast_signed());
    }
    lanes
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(lanes: &Words<5>) -> [State; EIGHT] {
    let mut states = [State::default(); EIGHT];
    for (word, lanes) in lanes.iter().enumerate() {
        for (state, value) in states.iter_mut().zip(register::eight_words(*lanes)) {
            state[word] = value;
        }
    }
    states
}

/// The words of eight blocks: the first word of each in the first register, and so on.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed(blocks: &[&Block; EIGHT]) -> Words<16> {
    let [a, b, c, d, e, f, g, h] = blocks.map(quarters);
    let backwards =
        _mm256_set_epi64x(0x0C0D_0E0F_0809_0A0B, 0x0405_0607_0001_0203, 0x0C0D_0E0F_0809_0A0B, 0x0405_0607_0001_0203);
    let mut words = [_mm256_setzero_si256(); 16];
    for i in 0..4 {
        // Four lanes in each half: squares of four words, transposed by pairs of words and pairs of pairs.
        let [ae, bf, cg, dh] = [
            register::of_halves(a[i], e[i]),
            register::of_halves(b[i], f[i]),
            register::of_halves(c[i], g[i]),
            register::of_halves(d[i], h[i]),
        ];
        let [low_one, high_one] = [_mm256_unpacklo_epi32(ae, bf), _mm256_unpackhi_epi32(ae, bf)];
        let [low_two, high_two] = [_mm256_unpacklo_epi32(cg, dh), _mm256_unpackhi_epi32(cg, dh)];
        let four = [
            _mm256_unpacklo_epi64(low_one, low_two),
            _mm256_unpackhi_epi64(low_one, low_two),
            _mm256_unpacklo_epi64(high_one, high_two),
            _mm256_unpackhi_epi64(high_one, high_two),
        ];
        for j in 0..4 {
            words[4 * i + j] = _mm256_shuffle_epi8(four[j], backwards);
        }
    }
    words
}

/// The sixteen bytes of each quarter, as references that need no check of bounds.
#[inline]
fn quarters(block: &Block) -> [&[u8; 16]; 4] {
    let (a, rest) = block.split_at(16);
    let (b, rest) = rest.split_at(16);
    let (c, d) = rest.split_at(16);
    [a, b, c, d].map(|quarter| quarter.first_chunk().unwrap_or(&[0; 16]))
}

/// A rotation to the left by a constant.
macro_rules! rotated {
    ($word:expr, $left:literal) => {
        _mm256_or_si256(_mm256_slli_epi32::<$left>($word), _mm256_srli_epi32::<{ 32 - $left }>($word))
    };
}

/// One compression (FIPS 180-4, section 6.1.2), in all lanes. The message schedule overwrites the words that are used up.
#[target_feature(enable = "avx2")]
fn compress(state: &Words<5>, words: &mut Words<16>) -> Words<5> {
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    macro_rules! round {
        ($t:expr, $function:ident, $constant:expr) => {{
            const T: usize = $t;
            if T >= 16 {
                let (far, near) = (
                    _mm256_xor_si256(words[(T + 13) % 16], words[(T + 8) % 16]),
                    _mm256_xor_si256(words[(T + 2) % 16], words[T % 16]),
                );
                let sum = _mm256_xor_si256(far, near);
                // A rotation by one is a sum and a shift: processors have more units for sums than for shifts.
                words[T % 16] = _mm256_or_si256(_mm256_add_epi32(sum, sum), _mm256_srli_epi32::<31>(sum));
            }
            let constant: u32 = $constant;
            let early = _mm256_add_epi32(e, _mm256_add_epi32(words[T % 16], _mm256_set1_epi32(constant.cast_signed())));
            let next = _mm256_add_epi32(_mm256_add_epi32(early, $function!()), rotated!(a, 5));
            (a, b, c, d, e) = (next, a, rotated!(b, 30), c, d);
        }};
    }
    macro_rules! choice {
        () => {
            _mm256_xor_si256(d, _mm256_and_si256(b, _mm256_xor_si256(c, d)))
        };
    }
    macro_rules! parity {
        () => {
            _mm256_xor_si256(b, _mm256_xor_si256(c, d))
        };
    }
    macro_rules! majority {
        () => {
            _mm256_add_epi32(_mm256_and_si256(c, d), _mm256_and_si256(b, _mm256_xor_si256(c, d)))
        };
    }
    macro_rules! twenty {
        ($from:literal, $function:ident, $constant:literal) => {
            twenty!(@ $from, $function, $constant, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19)
        };
        (@ $from:literal, $function:ident, $constant:literal, $($t:literal)*) => {
            $(round!($from + $t, $function, $constant);)*
        };
    }
    twenty!(0, choice, 0x5A82_7999);
    twenty!(20, parity, 0x6ED9_EBA1);
    twenty!(40, majority, 0x8F1B_BCDC);
    twenty!(60, parity, 0xCA62_C1D6);
    let mut sums = [_mm256_setzero_si256(); 5];
    for (sum, (old, new)) in sums.iter_mut().zip(state.iter().zip([a, b, c, d, e])) {
        *sum = _mm256_add_epi32(*old, new);
    }
    sums
}
