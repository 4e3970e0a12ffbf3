//! What stands in where there are no hardware paths: types without a value.

use super::LANES;
use crate::verifier::hmac_sha1::{Key, Message, State};

/// Never found.
#[derive(Clone, Copy)]
pub(in crate::verifier) enum ShaNi {}

impl ShaNi {
    pub(super) fn detect() -> Option<Self> {
        None
    }

    pub(in crate::verifier) fn mac(self, _: &Key, _: &[u8], _: usize) -> State {
        match self {}
    }
}

/// Never found.
#[derive(Clone, Copy)]
pub(in crate::verifier) enum Eight {}

impl Eight {
    pub(super) fn detect() -> Option<Self> {
        None
    }

    pub(in crate::verifier) fn macs(self, _: &[&Key; LANES], _: &[Message; LANES]) -> [State; LANES] {
        match self {}
    }
}
