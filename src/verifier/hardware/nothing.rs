//! What stands in where there are no hardware paths: types without a value.

use super::{Allowed, LANES, Lanes};
use crate::verifier::{hmac_sha1::Key, mac::Keyed, usual::Seen};

/// Never found.
#[derive(Clone, Copy)]
pub(in crate::verifier) enum One {}

impl One {
    pub(super) fn detect(_: Allowed) -> Option<Self> {
        None
    }

    pub(in crate::verifier) fn verify(self, _: &[Keyed], _: &[u8]) -> Option<Seen> {
        match self {}
    }
}

/// Nothing to work with.
#[derive(Default)]
pub(in crate::verifier) struct Room;

/// Never found.
#[derive(Clone, Copy)]
pub(in crate::verifier) enum Many {}

impl Many {
    pub(super) fn detect(_: Allowed) -> Option<Self> {
        None
    }

    pub(super) fn is_avx512(self) -> bool {
        match self {}
    }

    pub(in crate::verifier) fn enough(self) -> usize {
        match self {}
    }

    pub(in crate::verifier) fn verify(self, _: &mut Room, _: usize, _: &Key, _: &[&str; LANES]) -> Lanes {
        match self {}
    }
}
