//! Values, those that JSON lacks among them.

use super::{Property, signing::signing, single};
use crate::{
    case::scenario::Scenario,
    config::Config,
    protocol::Op,
    suite::generate::{cookies, settings, values},
};
use proptest::prelude::*;

pub(super) const RETURNED: Property = Property {
    name: "what was signed loads as the same values",
    rules: &["PAY-16", "PAY-6", "PAY-7", "PAY-8", "PAY-9", "PAY-10", "PAY-11", "PAY-13"],
    asks: Some(Op::Sign),
    share: 7,
    cases: |configs, sizes| signing(configs, values::session(sizes)).prop_map(Scenario::RoundTrip).boxed(),
    configs: |_| settings::timing(),
};

pub(super) const LOADED: Property = Property {
    name: "a session that Flask signed just now loads as its values",
    rules: &["PAY-16", "PAY-3", "PAY-4", "PAY-6", "PAY-7", "PAY-8", "PAY-9", "PAY-10", "PAY-11", "PAY-13", "SIG-1"],
    asks: Some(Op::Verify),
    share: 3,
    // Half of them are plain, for those who carry nothing else.
    cases: |configs, sizes| {
        single(cookies::fresh(configs, prop_oneof![values::plain_session(sizes), values::session(sizes)].boxed()))
    },
    configs: |_| Just(Config::with_key("development key")).boxed(),
};
