//! What a view does with a session.

use super::{Property, single};
use crate::protocol::Op;
use crate::suite::generate::{requests, settings};

pub(super) const VIEW: Property = Property {
    name: "what the view does decides what is written",
    rules: &[
        "SET-1", "SET-8", "SET-10", "MOD-1", "MOD-2", "MOD-3", "MOD-4", "MOD-5", "MOD-6", "MOD-7", "MOD-8", "MOD-9",
        "MOD-10", "PERM-1", "PERM-2", "PERM-5", "DEL-1", "DEL-3", "DEL-4", "DEL-5", "VARY-1", "VARY-2", "VARY-3",
        "VARY-4",
    ],
    asks: Some(Op::Exchange),
    share: 10,
    cases: |configs, sizes| single(requests::request(configs, sizes)),
    configs: |_| settings::timing(),
};
