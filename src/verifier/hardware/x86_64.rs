//! The hardware paths of x86-64 processors.

mod avx2;
mod register;
mod sha_ni;

use super::LANES;
use crate::verifier::hmac_sha1::{Key, Message, State};

/// The SHA extensions, with SSE up to 4.1.
#[derive(Clone, Copy)]
pub(in crate::verifier) struct ShaNi(());

impl ShaNi {
    pub(super) fn detect() -> Option<Self> {
        let is_there =
            is_x86_feature_detected!("sha") && is_x86_feature_detected!("ssse3") && is_x86_feature_detected!("sse4.1");
        is_there.then_some(Self(()))
    }

    /// The signature of the first `length` bytes, or of all when there are not as many.
    #[inline]
    pub(in crate::verifier) fn mac(self, key: &Key, bytes: &[u8], length: usize) -> State {
        // SAFETY: `detect` found the instructions, or there would be no `self`.
        unsafe { sha_ni::mac(key, bytes, length) }
    }
}

/// AVX2, for eight messages at once.
#[derive(Clone, Copy)]
pub(in crate::verifier) struct Eight(());

impl Eight {
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// The signatures of eight messages that take the same number of blocks.
    pub(in crate::verifier) fn macs(self, keys: &[&Key; LANES], messages: &[Message; LANES]) -> [State; LANES] {
        // SAFETY: `detect` found the instructions, or there would be no `self`.
        unsafe { avx2::macs(keys, messages) }
    }
}
