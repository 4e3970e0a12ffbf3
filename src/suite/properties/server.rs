//! One whole request: what opens, and what is written without the view's doing.

use super::{Property, single};
use crate::protocol::Op;
use crate::suite::generate::{cookies, requests, settings};
use proptest::prop_oneof;

pub(super) const DEFAULTS: Property = Property {
    name: "what is not configured has its default",
    rules: &["CFG-1", "KEY-1", "PERM-3", "SET-2", "SET-5"],
    asks: Some(Op::Exchange),
    share: 2,
    cases: |configs, sizes| single(requests::request(configs, sizes)),
    configs: |_| settings::defaults(),
};

pub(super) const KEYS: Property = Property {
    name: "keys that are missing, empty or mistaken decide as configured",
    rules: &["KEY-5", "KEY-4", "KEY-3", "KEY-6"],
    asks: None,
    share: 6,
    cases: |configs, sizes| {
        single(prop_oneof![cookies::aged(configs.clone(), sizes), requests::request(configs, sizes)])
    },
    configs: |_| settings::keys(),
};

pub(super) const SLIDING: Property = Property {
    name: "a permanent session slides on every request, and no other does",
    rules: &["REN-1", "REN-2", "REN-3", "REN-4", "REN-5", "REN-6", "PERM-3", "PERM-4", "PERM-6", "EXP-6", "DEL-6"],
    asks: Some(Op::Exchange),
    share: 6,
    cases: |configs, _| single(requests::untouched(configs)),
    configs: |_| settings::timing(),
};
