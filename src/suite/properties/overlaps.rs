//! Sessions in a store, and requests that overlap.

use super::Property;
use crate::protocol::Op;
use crate::suite::generate::overlaps;

pub(super) const OVERLAPS: Property = Property {
    name: "sessions in a store go as the rules say, whichever requests overlap",
    rules: &[
        "STO-22", "STO-23", "STO-25", "STO-27", "STO-1", "STO-2", "STO-3", "STO-4", "STO-5", "STO-6", "STO-7", "STO-8",
        "STO-9", "STO-10", "STO-11", "STO-12", "STO-14", "STO-15", "STO-16", "STO-18", "STO-19", "STO-20", "STO-24",
        "STO-26", "STO-28", "STO-29", "STO-30", "STO-31", "STO-32", "STO-33", "STO-34", "STO-35", "STO-36", "STO-37",
        "STO-38", "STO-39",
    ],
    asks: Some(Op::Story),
    share: 20,
    cases: overlaps::story,
    configs: |_| overlaps::config(),
};
