//! Dates that others write.

use super::{Property, single};
use crate::protocol::Op;
use crate::suite::generate::{cookies, payloads, settings};

pub(super) const READ: Property = Property {
    name: "a date is read in every form that Python reads",
    rules: &["PAY-10", "PAY-14"],
    asks: Some(Op::Verify),
    share: 2,
    cases: |configs, _| single(cookies::carrying(configs, payloads::dated())),
    configs: |_| settings::timing(),
};
