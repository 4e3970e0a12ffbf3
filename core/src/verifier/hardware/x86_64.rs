//! The hardware paths of x86-64 processors.

mod avx2;
mod avx512;
mod lanes;
mod one;
mod register;
mod sha_ni;
mod sha_ni_avx512;
mod state;
mod tail;
mod tail_x16;

pub(in crate::verifier) use avx512::Room;

use super::{Allowed, LANES, Verdicts};
#[cfg(test)]
use crate::verifier::hmac_sha1::State;
use crate::verifier::{canonical::Parsed, hmac_sha1::Key, mac::Keyed};

/// One cookie after another.
#[derive(Clone, Copy)]
pub(in crate::verifier) enum Single {
    /// The SHA extensions, with SSE up to 4.1.
    ShaNi(Detected),
    /// The same with AVX-512, in registers of 128 bits.
    ShaNiAvx512(Detected),
}

/// Many cookies side by side.
#[derive(Clone, Copy)]
pub(in crate::verifier) enum Lanes {
    /// Eight lanes, twice.
    Avx2(Detected),
    /// Sixteen lanes.
    Avx512(Detected),
}

/// Evidence that the processor was asked. Made here alone.
#[derive(Clone, Copy)]
pub(in crate::verifier) struct Detected(());

impl Single {
    /// The fastest of what is there and allowed.
    pub(super) fn detect(allowed: Allowed) -> Option<Self> {
        let sse = is_x86_feature_detected!("ssse3") && is_x86_feature_detected!("sse4.1");
        if !(allowed.sha_ni && sse && is_x86_feature_detected!("sha")) {
            return None;
        }
        Some(if allowed.avx512 && has_avx512() { Self::ShaNiAvx512(Detected(())) } else { Self::ShaNi(Detected(())) })
    }

    /// What a cookie in the canonical form says, and whether one of the keys signed it. None in another form.
    #[inline]
    pub(in crate::verifier) fn verify(self, keys: &[Keyed], cookie: &[u8]) -> Option<Parsed> {
        // SAFETY: `detect` found the instructions, or there would be no `self`.
        unsafe {
            match self {
                Self::ShaNi(_) => one::sha_ni::verify(keys, cookie),
                Self::ShaNiAvx512(_) => one::sha_ni_avx512::verify(keys, cookie),
            }
        }
    }

    /// The signature of the first `length` bytes, or of all when there are not as many.
    #[cfg(test)]
    pub(super) fn mac(self, key: &Key, bytes: &[u8], length: usize) -> State {
        // SAFETY: `detect` found the instructions, or there would be no `self`.
        unsafe {
            let message = one::Message::new(bytes, length);
            match self {
                Self::ShaNi(_) => one::sha_ni::mac(key, &message).state(),
                Self::ShaNiAvx512(_) => one::sha_ni_avx512::mac(key, &message).state(),
            }
        }
    }
}

impl Lanes {
    /// The fastest of what is there and allowed.
    pub(super) fn detect(allowed: Allowed) -> Option<Self> {
        if allowed.avx512 && has_avx512() {
            return Some(Self::Avx512(Detected(())));
        }
        (allowed.avx2 && is_x86_feature_detected!("avx2")).then_some(Self::Avx2(Detected(())))
    }

    pub(super) fn is_avx512(self) -> bool {
        matches!(self, Self::Avx512(_))
    }

    /// From how many cookies on this is faster than one after another, when some lanes have nothing to do.
    pub(in crate::verifier) fn enough(self) -> usize {
        match self {
            Self::Avx2(_) => 4,
            Self::Avx512(_) => 7,
        }
    }

    /// What each of the first `count` cookies says, and whether the key signed it.
    /// What is signed has to take the same number of blocks in all lanes.
    #[inline]
    pub(in crate::verifier) fn verify(
        self,
        room: &mut Room,
        count: usize,
        key: &Key,
        cookies: &[&str; LANES],
    ) -> Verdicts {
        // SAFETY: `detect` found the instructions, or there would be no `self`.
        unsafe {
            match self {
                Self::Avx2(_) => avx2::verify(count, key, cookies),
                Self::Avx512(_) => avx512::verify(room, key, cookies),
            }
        }
    }

    /// The signatures of messages that take the same number of blocks.
    #[cfg(test)]
    pub(super) fn macs(self, key: &Key, messages: &[&[u8]; LANES]) -> [State; LANES] {
        // SAFETY: `detect` found the instructions, or there would be no `self`.
        unsafe {
            match self {
                Self::Avx2(_) => avx2::all_macs(key, messages),
                Self::Avx512(_) => avx512::macs(key, messages),
            }
        }
    }
}

/// The parts of AVX-512 that are used. They are together in all processors that have SHA extensions beside AVX-512.
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi")
}
