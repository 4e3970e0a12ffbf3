//! Sixteen signatures at once: each word of the state is a register with a lane for each message.
//!
//! Registers never go through a closure of the standard library's (`map` and the like): it is compiled without these
//! instructions, so that each value would travel through memory.

use super::{super::LANES, register, tail::Tail};
use crate::verifier::{
    hmac_sha1::{self, BLOCK, Block, Key, OUTER_BITS, State},
    usual::{self, Seen},
};
use std::arch::x86_64::*;

/// Five words of state, or sixteen of a message, in sixteen lanes.
type Lanes<const N: usize> = [__m512i; N];

/// What each cookie says, and whether it is signed by its key.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn verify(keys: &[&Key; LANES], cookies: &[&[u8]; LANES]) -> [Option<Seen>; LANES] {
    let mut seen = [None; LANES];
    let (mut first_words, mut last_words) = ([[0; 16]; LANES], [0; LANES]);
    let mut messages: [&[u8]; LANES] = [&[]; LANES];
    for (lane, cookie) in cookies.iter().enumerate() {
        messages[lane] = cookie.get(..usual::signed(cookie)).unwrap_or_default();
        if let Some(Tail { timestamp, signature }) = Tail::of(cookie) {
            first_words[lane] = register::bytes(signature.abcd);
            last_words[lane] = _mm_extract_epi32::<3>(signature.e).cast_unsigned();
            seen[lane] = Some(Seen { timestamp, is_signed: false });
        }
    }
    let [a, b, c, d, e] = hash(keys, &messages);
    let [also_d, also_c, also_b, also_a] = transposed(&first_words.each_ref());
    let also_e = register::of_sixteen_words(&last_words);
    // All of each is compared, in constant time (`SIG-10`).
    let mut differences = _mm512_xor_si512(e, also_e);
    for (one, other) in [(a, also_a), (b, also_b), (c, also_c), (d, also_d)] {
        differences = _mm512_or_si512(differences, _mm512_xor_si512(one, other));
    }
    let are_signed = _mm512_testn_epi32_mask(differences, differences);
    for (lane, seen) in seen.iter_mut().enumerate() {
        if let Some(seen) = seen {
            seen.is_signed = are_signed >> lane & 1 == 1;
        }
    }
    seen
}

/// The signatures of messages that all take as many blocks as the first.
#[cfg(test)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn macs(keys: &[&Key; LANES], messages: &[&[u8]; LANES]) -> [State; LANES] {
    let mut states = [State::default(); LANES];
    for (word, lanes) in hash(keys, messages).into_iter().enumerate() {
        for (state, value) in states.iter_mut().zip(register::sixteen_words(lanes)) {
            state[word] = value;
        }
    }
    states
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn hash(keys: &[&Key; LANES], messages: &[&[u8]; LANES]) -> Lanes<5> {
    const NOTHING: Block = [0; BLOCK];
    let blocks = hmac_sha1::inner_blocks(messages[0].len());
    let mut whole: [&[Block]; LANES] = [&[]; LANES];
    let mut last = [NOTHING; LANES];
    let mut bits = [0; LANES];
    for (lane, message) in messages.iter().enumerate() {
        let (blocks, rest) = message.as_chunks();
        whole[lane] = blocks;
        register::with_mark_behind(rest, &mut last[lane]);
        // Longer messages are not for lanes.
        bits[lane] = hmac_sha1::bits(message.len()) as u32;
    }
    let mut state = load(keys.map(|key| &key.inner));
    for i in 0..blocks {
        let block: [&Block; LANES] = std::array::from_fn(|lane| match whole[lane].get(i) {
            Some(block) => block,
            None if i == whole[lane].len() => &last[lane],
            None => &NOTHING,
        });
        let mut words = words(&block);
        if i + 1 == blocks {
            words[15] = _mm512_or_si512(words[15], register::of_sixteen_words(&bits));
        }
        state = compress(&state, &mut words);
    }
    let mut outer = [_mm512_setzero_si512(); 16];
    outer[..5].copy_from_slice(&state);
    outer[5] = _mm512_set1_epi32(i32::MIN);
    outer[15] = _mm512_set1_epi32(i32::from(OUTER_BITS));
    compress(&load(keys.map(|key| &key.outer)), &mut outer)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn load(states: [&State; LANES]) -> Lanes<5> {
    let mut lanes = [_mm512_setzero_si512(); 5];
    let is_one = states.iter().all(|state| std::ptr::eq(*state, states[0]));
    for (word, lanes) in lanes.iter_mut().enumerate() {
        *lanes = if is_one {
            _mm512_set1_epi32(states[0][word].cast_signed())
        } else {
            register::of_sixteen_words(&states.map(|state| state[word]))
        };
    }
    lanes
}

/// The big-endian words of sixteen blocks: the first word of each in the first register, and so on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn words(blocks: &[&Block; LANES]) -> Lanes<16> {
    let backwards = _mm512_broadcast_i32x4(_mm_set_epi64x(0x0C0D_0E0F_0809_0A0B, 0x0405_0607_0001_0203));
    let mut words = [_mm512_setzero_si512(); 16];
    for (i, words) in words.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let quarters = blocks.map(|block| block[i * 16..].first_chunk().unwrap_or(&[0; 16]));
        for (words, bytes) in words.iter_mut().zip(transposed(&quarters)) {
            *words = _mm512_shuffle_epi8(bytes, backwards);
        }
    }
    words
}

/// Four words of each lane: the first of each in the first register, and so on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn transposed(lanes: &[&[u8; 16]; LANES]) -> Lanes<4> {
    // Every fourth lane goes into a register, so that the squares within the registers are what is transposed.
    let four =
        |first: usize| register::of_quarters([lanes[first], lanes[first + 4], lanes[first + 8], lanes[first + 12]]);
    let [a, b, c, d] = [four(0), four(1), four(2), four(3)];
    let [low_one, high_one] = [_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b)];
    let [low_two, high_two] = [_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d)];
    [
        _mm512_unpacklo_epi64(low_one, low_two),
        _mm512_unpackhi_epi64(low_one, low_two),
        _mm512_unpacklo_epi64(high_one, high_two),
        _mm512_unpackhi_epi64(high_one, high_two),
    ]
}

/// One compression (FIPS 180-4, section 6.1.2), in all lanes. The message schedule overwrites the words that are used up.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn compress(state: &Lanes<5>, words: &mut Lanes<16>) -> Lanes<5> {
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    macro_rules! round {
        ($t:expr, $function:ident, $constant:literal) => {{
            const T: usize = $t;
            const CONSTANT: u32 = $constant;
            if T >= 16 {
                let three =
                    _mm512_ternarylogic_epi32::<PARITY>(words[(T + 8) % 16], words[(T + 2) % 16], words[T % 16]);
                words[T % 16] = _mm512_rol_epi32::<1>(_mm512_xor_si512(three, words[(T + 13) % 16]));
            }
            let early = _mm512_add_epi32(e, _mm512_set1_epi32(CONSTANT.cast_signed()));
            let early = _mm512_add_epi32(early, words[T % 16]);
            let late = _mm512_add_epi32(early, _mm512_ternarylogic_epi32::<$function>(b, c, d));
            let next = _mm512_add_epi32(late, _mm512_rol_epi32::<5>(a));
            (a, b, c, d, e) = (next, a, _mm512_rol_epi32::<30>(b), c, d);
        }};
    }
    macro_rules! twenty {
        ($from:literal, $function:ident, $constant:literal) => {
            twenty!(@ $from, $function, $constant, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19)
        };
        (@ $from:literal, $function:ident, $constant:literal, $($t:literal)*) => {
            $(round!($from + $t, $function, $constant);)*
        };
    }
    twenty!(0, CHOICE, 0x5A82_7999);
    twenty!(20, PARITY, 0x6ED9_EBA1);
    twenty!(40, MAJORITY, 0x8F1B_BCDC);
    twenty!(60, PARITY, 0xCA62_C1D6);
    let mut sums = [_mm512_setzero_si512(); 5];
    for (sum, (old, new)) in sums.iter_mut().zip(state.iter().zip([a, b, c, d, e])) {
        *sum = _mm512_add_epi32(*old, new);
    }
    sums
}

/// The functions of the rounds as what they make of each three bits.
const CHOICE: i32 = 0xCA;
const MAJORITY: i32 = 0xE8;
const PARITY: i32 = 0x96;
