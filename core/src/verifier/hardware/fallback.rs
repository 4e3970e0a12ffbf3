//! What stands in where there are no hardware paths: types without a value.

use super::{Allowed, LANES, Verdicts};
use crate::verifier::{canonical::Parsed, hmac_sha1::Key, mac::Keyed};

/// Never found.
#[derive(Clone, Copy)]
pub(in crate::verifier) enum Single {}

impl Single {
    pub(super) fn detect(_: Allowed) -> Option<Self> {
        None
    }

    pub(in crate::verifier) fn verify(self, _: &[Keyed], _: &[u8]) -> Option<Parsed> {
        match self {}
    }
}

/// Nothing to work with.
#[derive(Default)]
pub(in crate::verifier) struct Room {}

/// Never found.
#[derive(Clone, Copy)]
pub(in crate::verifier) enum Lanes {}

impl Lanes {
    pub(super) fn detect(_: Allowed) -> Option<Self> {
        None
    }

    pub(super) fn is_avx512(self) -> bool {
        match self {}
    }

    pub(in crate::verifier) fn enough(self) -> usize {
        match self {}
    }

    pub(in crate::verifier) fn verify(self, _: &mut Room, _: usize, _: &Key, _: &[&str; LANES]) -> Verdicts {
        match self {}
    }
}
