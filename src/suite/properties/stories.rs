//! Browsers, servers and clocks together.

use super::Property;
use crate::protocol::Op;
use crate::suite::generate::{settings, stories};

pub(super) const STORIES: Property = Property {
    name: "browsers, servers and clocks together go as the rules say",
    rules: &[
        "SYS-1", "SYS-2", "SYS-3", "SYS-4", "SYS-5", "SYS-6", "SYS-7", "SYS-8", "REN-5", "REN-6", "EXP-6", "DEL-1",
    ],
    asks: Some(Op::Exchange),
    share: 8,
    cases: stories::story,
    configs: |_| settings::timing(),
};
