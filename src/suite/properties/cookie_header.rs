//! The Cookie header.

use super::{Property, single};
use crate::protocol::Op;
use crate::suite::generate::{requests, settings};

pub(super) const HEADER: Property = Property {
    name: "the first cookie of the name counts, however the header is written",
    rules: &["HDR-1", "HDR-2", "HDR-3", "HDR-4", "HDR-5", "HDR-6"],
    asks: Some(Op::Exchange),
    share: 5,
    cases: |configs, sizes| single(requests::unusual_header(configs, sizes)),
    configs: settings::names,
};
