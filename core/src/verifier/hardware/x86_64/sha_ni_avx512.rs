//! The block function of SHA-1 by the SHA extensions for the rounds, and by AVX-512 in registers of 128 bits for the rest.
//!
//! Twenty groups of four rounds are a chain, of four cycles each. The instructions of the SHA extensions that make the message
//! schedule go through the same port of Intel's processors as the rounds, and hold them up. So the schedule is computed by
//! others here, which have more ports: a rotation is one instruction, and so is the sum modulo two of three registers. From the
//! thirty-third word on, `W[t] = rol1(W[t-3] ^ W[t-8] ^ W[t-14] ^ W[t-16])` is `rol2(W[t-6] ^ W[t-16] ^ W[t-28] ^ W[t-32])`, of
//! which four at a time do not depend on each other.
//!
//! # Why by hand
//! The order of the instructions matters: a compiler puts the schedule before the rounds, where it fills the processor's
//! window, and makes of a masked sum two instructions. That is 95 cycles a block in place of 85. Whatever is `asm!` here keeps
//! its order, and touches nothing but the registers that it names.
//!
//! Registers stay at 128 bits. Wider ones leave something in their upper parts, which instructions of the SHA extensions, having
//! the old encoding, must keep: a block takes 119 cycles then.

use super::state::{Registers, Words};
use std::arch::{asm, x86_64::*};

/// One compression (FIPS 180-4, section 6.1.2).
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1,avx512f,avx512bw,avx512vl")]
pub(super) fn compress(state: Registers, [w0, w1, w2, w3]: Words) -> Registers {
    let none = _mm_setzero_si128();
    // Four words each, of which the last eight are kept: the first of four is in the highest lane.
    let mut words = [w0, w1, w2, w3, none, none, none, none];
    let highest: __mmask8 = 0b1000;
    let mut abcd = state.abcd;
    let mut e = _mm_add_epi32(state.e, w0);

    /// The schedule up to the thirty-second word. Each fourth word depends on the first of the same four, through a rotation by
    /// one more.
    macro_rules! early_words {
        ($i:expr) => {
            // SAFETY: works on the registers that are named, by instructions that the function asks for.
            unsafe {
                asm!(
                    "vpalignr {new}, {w16}, {w12}, 8",
                    "vpslldq {other}, {w4}, 4",
                    "vpternlogd {new}, {w16}, {w8}, 0x96",
                    "vpxor {new}, {new}, {other}",
                    "vpsrldq {other}, {new}, 12",
                    "vprold {new}, {new}, 1",
                    "vprold {other}, {other}, 2",
                    "vpxor {new}, {new}, {other}",
                    new = out(xmm_reg) words[$i],
                    other = out(xmm_reg) _,
                    w16 = in(xmm_reg) words[$i - 4],
                    w12 = in(xmm_reg) words[$i - 3],
                    w8 = in(xmm_reg) words[$i - 2],
                    w4 = in(xmm_reg) words[$i - 1],
                    options(nomem, nostack, preserves_flags),
                );
            }
        };
    }
    /// The schedule from there on, in place of the words that are used up.
    macro_rules! late_words {
        ($i:expr) => {
            // SAFETY: works on the registers that are named, by instructions that the function asks for.
            unsafe {
                asm!(
                    "vpternlogd {w}, {w28}, {w16}, 0x96",
                    "vpalignr {w6}, {w8}, {w4}, 8",
                    "vpxor {w}, {w}, {w6}",
                    "vprold {w}, {w}, 2",
                    w = inout(xmm_reg) words[$i % 8],
                    w6 = out(xmm_reg) _,
                    w28 = in(xmm_reg) words[($i + 1) % 8],
                    w16 = in(xmm_reg) words[($i + 4) % 8],
                    w8 = in(xmm_reg) words[($i + 6) % 8],
                    w4 = in(xmm_reg) words[($i + 7) % 8],
                    options(nomem, nostack, preserves_flags),
                );
            }
        };
    }
    /// Four rounds. What they add to the next words in place of `e` is `a` as it was before them, rotated.
    macro_rules! four_rounds {
        ($next:expr, $function:literal) => {
            // SAFETY: works on the registers that are named, by instructions that the function asks for.
            unsafe {
                asm!(
                    "vprold {a}, {abcd}, 30",
                    "sha1rnds4 {abcd}, {e}, {function}",
                    "vpaddd {next}{{{highest}}}, {next}, {a}",
                    a = out(xmm_reg) _,
                    abcd = inout(xmm_reg) abcd,
                    e = in(xmm_reg) e,
                    next = inout(xmm_reg) $next => e,
                    highest = in(kreg) highest,
                    function = const $function,
                    options(nomem, nostack, preserves_flags),
                );
            }
        };
    }
    macro_rules! groups {
        ($schedule:ident, $($i:literal $function:literal)*) => {
            $(
                four_rounds!(words[($i + 1) % 8], $function);
                $schedule!($i + 4);
            )*
        };
    }
    groups!(early_words, 0 0 1 0 2 0 3 0);
    groups!(late_words, 4 0 5 1 6 1 7 1 8 1 9 1 10 2 11 2 12 2 13 2 14 2 15 3);
    four_rounds!(words[1], 3);
    four_rounds!(words[2], 3);
    four_rounds!(words[3], 3);
    four_rounds!(state.e, 3);
    Registers { abcd: _mm_add_epi32(state.abcd, abcd), e }
}
