//! Compression, and payloads that are no session.

use super::{Property, signing::signing, single};
use crate::{
    protocol::{Call, Op},
    suite::generate::{cookies, payloads, settings, values},
};
use proptest::strategy::Strategy;

pub(super) const COMPRESSED: Property = Property {
    name: "a payload is compressed exactly when that pays",
    rules: &["PAY-12"],
    asks: Some(Op::Sign),
    share: 3,
    cases: |configs, _| single(signing(configs, values::barely_compressed()).prop_map(Call::Sign)),
    configs: |_| settings::timing(),
};

pub(super) const ODD: Property = Property {
    name: "whatever is signed as a payload is a session, or odd",
    rules: &["PAY-14", "PAY-15", "PAY-13", "PAY-6", "PAY-7", "PAY-8", "PAY-9", "PAY-11", "SIG-1"],
    asks: Some(Op::Verify),
    share: 3,
    cases: |configs, _| single(cookies::carrying(configs, payloads::odd())),
    configs: |_| settings::timing(),
};
