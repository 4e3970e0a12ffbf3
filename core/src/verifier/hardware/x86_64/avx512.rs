//! Sixteen signatures at once: each word of the state is a register with a lane for each message.
//!
//! Registers never go through a closure of the standard library's (`map` and the like): it is compiled without these
//! instructions, so that each value would travel through memory.

use super::{
    super::LANES,
    lanes::{Words, transposed},
    register,
    tail_x16::Tails,
};
use crate::verifier::{
    canonical::{self, TAIL},
    hardware::Verdicts,
    hmac_sha1::{self, BLOCK, Block, Key, OUTER_BITS, State},
};
use std::arch::x86_64::*;

/// What is left of a message in each lane behind its whole blocks, with the mark. To be used again, so that nobody has to write
/// zeros before.
#[derive(Default)]
pub(in crate::verifier) struct Room([Aligned; LANES]);

/// A block that is stored at once.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Aligned(Block);

impl Default for Aligned {
    fn default() -> Self {
        Self([0; BLOCK])
    }
}

/// What each cookie says, and whether the key signed it.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
pub(super) fn verify(room: &mut Room, key: &Key, cookies: &[&str; LANES]) -> Verdicts {
    let mut messages = Messages::new(room);
    // What is too short has zeros in place of its tail, which are not of the alphabet.
    let mut tails = [&[0; TAIL]; LANES];
    for (lane, (cookie, tail)) in cookies.iter().zip(&mut tails).enumerate() {
        let cookie = cookie.as_bytes();
        messages.put(lane, cookie.get(..canonical::signed(cookie)).unwrap_or_default());
        *tail = cookie.last_chunk().unwrap_or(&[0; TAIL]);
    }
    let tails = Tails::of(&tails);
    let state = hash(key, &messages);
    // All of each is compared, in constant time (`SIG-10`).
    let mut differences = _mm512_setzero_si512();
    for (one, other) in state.into_iter().zip(tails.signatures) {
        differences = _mm512_or_si512(differences, _mm512_xor_si512(one, other));
    }
    Verdicts {
        are_canonical: tails.are_canonical,
        are_signed: tails.are_canonical & _mm512_testn_epi32_mask(differences, differences),
        timestamps: register::sixteen_words(tails.timestamps),
    }
}

/// The signatures of messages that all take as many blocks as the first.
#[cfg(test)]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
pub(super) fn macs(key: &Key, messages: &[&[u8]; LANES]) -> [State; LANES] {
    let mut room = Room::default();
    let mut laid_out = Messages::new(&mut room);
    for (lane, message) in messages.iter().enumerate() {
        laid_out.put(lane, message);
    }
    let mut states = [State::default(); LANES];
    for (word, lanes) in hash(key, &laid_out).into_iter().enumerate() {
        for (state, value) in states.iter_mut().zip(register::sixteen_words(lanes)) {
            state[word] = value;
        }
    }
    states
}

/// A message in each lane.
struct Messages<'a> {
    whole: [&'a [Block]; LANES],
    room: &'a mut Room,
    lengths: [u32; LANES],
}

impl<'a> Messages<'a> {
    #[inline]
    fn new(room: &'a mut Room) -> Self {
        Self { whole: [&[]; LANES], room, lengths: [0; LANES] }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    fn put(&mut self, lane: usize, message: &'a [u8]) {
        let (whole, rest) = message.as_chunks();
        self.whole[lane] = whole;
        register::with_mark_behind(rest, &mut self.room.0[lane].0);
        // Longer messages are not for lanes.
        self.lengths[lane] = message.len() as u32;
    }

    /// How many blocks the first message takes.
    #[inline]
    fn blocks(&self) -> usize {
        hmac_sha1::inner_blocks(self.lengths[0] as usize)
    }

    /// The lengths in bits, with the block of the key.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    fn bits(&self) -> __m512i {
        let lengths = register::of_sixteen_words(&self.lengths);
        _mm512_slli_epi32::<3>(_mm512_add_epi32(lengths, _mm512_set1_epi32(BLOCK as i32)))
    }

    /// One block of each; zeros where there is none.
    #[inline]
    fn block(&self, i: usize) -> [&Block; LANES] {
        let mut block = [&[0; BLOCK]; LANES];
        for ((block, whole), Aligned(rest)) in block.iter_mut().zip(&self.whole).zip(&self.room.0) {
            match whole.get(i) {
                Some(found) => *block = found,
                None if i == whole.len() => *block = rest,
                None => {}
            }
        }
        block
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
fn hash(key: &Key, messages: &Messages) -> Words<5> {
    let mut state = everywhere(&key.inner);
    let blocks = messages.blocks();
    for i in 0..blocks {
        let mut words = words(&messages.block(i));
        if i + 1 == blocks {
            words[15] = _mm512_or_si512(words[15], messages.bits());
        }
        state = compress::<false>(&state, &mut words);
    }
    let mut outer = [_mm512_setzero_si512(); 16];
    outer[..5].copy_from_slice(&state);
    outer[5] = _mm512_set1_epi32(i32::MIN);
    outer[15] = _mm512_set1_epi32(i32::from(OUTER_BITS));
    compress::<true>(&everywhere(&key.outer), &mut outer)
}

/// The same state in each lane.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
fn everywhere(state: &State) -> Words<5> {
    let mut lanes = [_mm512_setzero_si512(); 5];
    for (lanes, word) in lanes.iter_mut().zip(state) {
        *lanes = _mm512_set1_epi32(word.cast_signed());
    }
    lanes
}

/// The big-endian words of sixteen blocks: the first word of each in the first register, and so on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
fn words(blocks: &[&Block; LANES]) -> Words<16> {
    let backwards = _mm512_broadcast_i32x4(_mm_set_epi64x(0x0C0D_0E0F_0809_0A0B, 0x0405_0607_0001_0203));
    let mut words = [_mm512_setzero_si512(); 16];
    for (i, words) in words.as_chunks_mut().0.iter_mut().enumerate() {
        *words = transposed(blocks, 16 * i);
    }
    for words in &mut words {
        *words = _mm512_shuffle_epi8(*words, backwards);
    }
    words
}

/// One compression (FIPS 180-4, section 6.1.2), in all lanes. The message schedule overwrites the words that are used up.
///
/// The outer hash has one of its own, so that the compiler does once what its constant words lead to.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
fn compress<const IS_OUTER: bool>(state: &Words<5>, words: &mut Words<16>) -> Words<5> {
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
