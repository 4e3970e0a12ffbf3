//! The Set-Cookie header.

use super::{Property, single};
use crate::protocol::Op;
use crate::suite::generate::{requests, settings};

pub(super) const LOOKS: Property = Property {
    name: "a cookie looks as configured, set or deleted",
    rules: &["SET-2", "SET-3", "SET-4", "SET-5", "SET-6", "SET-7", "SET-9", "SET-10", "DEL-2"],
    asks: Some(Op::Exchange),
    share: 7,
    cases: |configs, sizes| single(requests::request(configs, sizes)),
    configs: settings::looks,
};
