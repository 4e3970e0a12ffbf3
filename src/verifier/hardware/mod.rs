//! Faster ways to the same signatures, by instructions that only some processors have. The one module with `unsafe`.
//!
//! # Why it is here
//! The portable code spends a third of its time on a small cookie between the compressions: padding goes through memory, and
//! so does the state between the inner and the outer hash. [`ShaNi`] keeps both in registers. [`Eight`] hashes eight messages
//! at once, a lane each, which takes about half of the time that the SHA instructions take for one after another.
//!
//! # Why it is sound
//! There are two kinds of `unsafe` here, and no others.
//! - *Calls of functions that need certain instructions.* A value of [`ShaNi`] or [`Eight`] is made by `detect` alone, which
//!   asks the processor first, so whoever holds one may call them.
//! - *Loads and stores of registers* in `register`. They go through references to arrays of the register's size, so they stay
//!   within them, and need no alignment.
//!
//! No pointer is computed: slices are taken apart by the checked methods of the standard library. Tests hold every path
//! against the `hmac` crate for all lengths, with a page behind the message that must not be read.
//!
//! # How it is chosen
//! At run time, when a verifier is made. The feature `hardware` leaves the module out of the build, `SESSIONPROOF_HARDWARE=off`
//! in the environment switches it off, and on processors other than x86-64 there is nothing to switch. AVX-512 is left out: no
//! path is here that the tests do not run. `benches/README.md` has the figures.

#![allow(unsafe_code)]

#[cfg(all(feature = "hardware", target_arch = "x86_64"))]
mod x86_64;
#[cfg(all(feature = "hardware", target_arch = "x86_64"))]
pub(super) use x86_64::{Eight, ShaNi};

#[cfg(not(all(feature = "hardware", target_arch = "x86_64")))]
mod nothing;
#[cfg(not(all(feature = "hardware", target_arch = "x86_64")))]
pub(super) use nothing::{Eight, ShaNi};

/// How many messages [`Eight`] hashes at once.
pub(super) const LANES: usize = 8;

/// What this processor has, unless it was switched off.
#[derive(Clone, Copy, Default)]
pub(super) struct Hardware {
    /// For one cookie.
    pub(super) one: Option<ShaNi>,
    /// For a batch.
    pub(super) eight: Option<Eight>,
}

impl Hardware {
    /// What may be used here.
    pub(super) fn detect() -> Self {
        match std::env::var_os(SWITCH) {
            Some(word) if word == "off" || word == "0" => Self::default(),
            _ => Self { one: ShaNi::detect(), eight: Eight::detect() },
        }
    }

    /// In words.
    pub(super) fn name(self) -> &'static str {
        match (self.one, self.eight) {
            (Some(_), Some(_)) => "SHA-NI and AVX2",
            (Some(_), None) => "SHA-NI",
            (None, Some(_)) => "AVX2",
            (None, None) => "none",
        }
    }
}

/// The environment variable that switches the hardware paths off.
const SWITCH: &str = "SESSIONPROOF_HARDWARE";

#[cfg(test)]
mod tests;
