//! Answers that do not depend on earlier calls.

use super::Property;
use crate::suite::generate::{settings, turns};

pub(super) const TURNS: Property = Property {
    name: "an earlier call changes no answer",
    rules: &["KEY-2", "KEY-3", "KEY-1", "KEY-7", "SIG-5", "EXP-1", "EXP-2", "EXP-3", "EXP-6", "SYS-4"],
    asks: None,
    share: 3,
    cases: turns::turns,
    configs: |_| settings::timing(),
};
