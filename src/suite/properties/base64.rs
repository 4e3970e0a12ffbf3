//! Spellings of the three parts.

use super::{Property, single};
use crate::protocol::Op;
use crate::suite::generate::{cookies, settings};

pub(super) const SPELLED: Property = Property {
    name: "another spelling of the same bytes is read as declared",
    rules: &["SIG-7", "SIG-3", "SIG-5"],
    asks: Some(Op::Verify),
    share: 3,
    cases: |configs, sizes| single(cookies::respell_cookie(configs, sizes)),
    configs: |_| settings::timing(),
};
