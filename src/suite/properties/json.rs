//! The text of a payload.

use super::{Property, signing::signing, single};
use crate::{
    protocol::{Call, Op},
    suite::generate::{settings, values},
};
use proptest::strategy::Strategy;

pub(super) const WRITTEN: Property = Property {
    name: "values are written as Python writes them",
    rules: &["PAY-3", "PAY-4", "PAY-5", "PAY-1", "PAY-2"],
    asks: Some(Op::Sign),
    share: 4,
    cases: |configs, sizes| single(signing(configs, values::session(sizes)).prop_map(Call::Sign)),
    configs: |_| settings::timing(),
};
