//! Faster ways to the same signatures, by instructions that only some processors have. The one module with `unsafe`.
//!
//! # Why it is here
//! The portable code spends a third of its time on a small cookie between the compressions: padding goes through memory, and so
//! does the state between the inner and the outer hash. [`Single`] keeps both in registers, by the SHA extensions alone or with
//! AVX-512, which takes the message schedule away from the port that the rounds wait for. [`Lanes`] hashes messages side by side,
//! a lane each: eight with AVX2, sixteen with AVX-512. `benches/README.md` has the figures.
//!
//! # Why it is sound
//! There are three kinds of `unsafe` here, and no others.
//! - *Calls of functions that need certain instructions.* A value of [`Single`] or [`Lanes`] is made by `detect` alone, which
//!   asks the processor first, so whoever holds one may call them.
//! - *Loads and stores of registers* in `register`. They go through references to arrays of the register's size, or are masked to
//!   the length of a slice, so they stay within them, and need no alignment.
//! - *Assembly* in `sha_ni_avx512`, a few instructions at a time, where their order matters. They work on the registers that
//!   they name, and touch no memory, stack or flags.
//!
//! No pointer is computed: slices are taken apart by the checked methods of the standard library. Tests hold every path
//! against the `hmac` crate and the portable code, for all lengths, with a page behind the message that must not be read.
//!
//! # How it is chosen
//! At run time, when a verifier is made: what is there of `avx512` goes before `avx2`, and with `sha-ni` before `sha-ni` alone.
//! The feature `hardware` leaves the module out of the build. `SESSIONPROOF_HARDWARE` in the environment names what may be used,
//! with commas between: `sha-ni`, `avx2`, `avx512`. So `off`, or any other word, leaves nothing. On processors other than x86-64
//! there is nothing to choose.
//!
//! | `SESSIONPROOF_HARDWARE` | one cookie | a batch |
//! |---|---|---|
//! | `off` | portable | one after another |
//! | `sha-ni` | SHA-NI | one after another |
//! | `sha-ni,avx2` | SHA-NI | eight lanes |
//! | `sha-ni,avx512`, or unset | SHA-NI and AVX-512 | sixteen lanes |
//! | `avx2` or `avx512` | portable | eight or sixteen lanes |

#![allow(unsafe_code)]

#[cfg(all(feature = "hardware", target_arch = "x86_64"))]
mod x86_64;
#[cfg(all(feature = "hardware", target_arch = "x86_64"))]
pub(super) use x86_64::{Lanes, Room, Single};

#[cfg(not(all(feature = "hardware", target_arch = "x86_64")))]
mod fallback;
#[cfg(not(all(feature = "hardware", target_arch = "x86_64")))]
pub(super) use fallback::{Lanes, Room, Single};

/// How many cookies [`Lanes`] takes at once.
pub(super) const LANES: usize = 16;

/// The verdicts of [`Lanes`], one lane for each cookie. Lanes without a cookie mean nothing.
#[derive(Clone, Copy, Default)]
pub(super) struct Verdicts {
    /// A bit for each cookie in the canonical form, the first in the lowest.
    pub(super) are_canonical: u16,
    /// A bit for each of these whose signature is good.
    pub(super) are_signed: u16,
    /// Unix seconds.
    pub(super) timestamps: [u32; LANES],
}

/// What this processor has, unless it was switched off.
#[derive(Clone, Copy, Default)]
pub(super) struct Hardware {
    /// For one cookie.
    pub(super) one: Option<Single>,
    /// For a batch.
    pub(super) many: Option<Lanes>,
}

impl Hardware {
    /// What may be used here, as the environment says.
    pub(super) fn detect() -> Self {
        match std::env::var(SWITCH) {
            Ok(words) => Self::of(&words),
            Err(_) => Self::allowed(Allowed::ALL),
        }
    }

    /// What is named by some words, and there. Words that name nothing here are passed over.
    pub(super) fn of(words: &str) -> Self {
        Self::allowed(Allowed::of(words))
    }

    fn allowed(allowed: Allowed) -> Self {
        Self { one: Single::detect(allowed), many: Lanes::detect(allowed) }
    }

    /// In words.
    pub(super) fn name(self) -> &'static str {
        match (self.one.is_some(), self.many.map(Lanes::is_avx512)) {
            (true, Some(true)) => "SHA-NI and AVX-512",
            (true, Some(false)) => "SHA-NI and AVX2",
            (true, None) => "SHA-NI",
            (false, Some(true)) => "AVX-512",
            (false, Some(false)) => "AVX2",
            (false, None) => "none",
        }
    }
}

/// The environment variable that says what may be used.
const SWITCH: &str = "SESSIONPROOF_HARDWARE";

/// What may be used if it is there.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(all(feature = "hardware", target_arch = "x86_64")),
    allow(dead_code, reason = "where nothing is there, nobody asks what may be used")
)]
struct Allowed {
    sha_ni: bool,
    avx2: bool,
    avx512: bool,
}

impl Allowed {
    const ALL: Self = Self { sha_ni: true, avx2: true, avx512: true };

    /// What the words name, with commas between them.
    fn of(words: &str) -> Self {
        let has = |name: &str| words.split(',').any(|word| word.trim().eq_ignore_ascii_case(name));
        Self { sha_ni: has("sha-ni"), avx2: has("avx2"), avx512: has("avx512") }
    }
}

#[cfg(test)]
mod tests;
