//! Values that JSON lacks.

use super::{Property, signing::signing};
use crate::{
    case::scenario::Scenario,
    suite::generate::{settings, values},
};
use proptest::strategy::Strategy;

pub(super) const RETURNED: Property = Property {
    name: "what was signed loads as the same values",
    rules: &["PAY-16", "PAY-6", "PAY-7", "PAY-8", "PAY-9", "PAY-10", "PAY-11", "PAY-13"],
    asks: Some("sign"),
    share: 7,
    cases: |configs, sizes| signing(configs, values::session(sizes)).prop_map(Scenario::RoundTrip).boxed(),
    configs: |_| settings::timing(),
};
