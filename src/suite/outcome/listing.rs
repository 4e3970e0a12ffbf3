//! Failures of a run as a list of known failures, to be completed by a person.

use super::results::{Origin, Results};
use crate::{foreign, rules};
use std::collections::{BTreeMap, BTreeSet};

/// A file that lists the failures of a run as known. Only their reasons are missing, which a person must write.
pub fn write(results: &Results) -> String {
    let hello = &results.implementation;
    let mut text = format!(
        "# Known failures of {} {}, as found by sessionproof {} with {}.\n\
         # Write a reason into each entry, and perhaps a link; then: sessionproof check --known-failures FILE …\n\
         # A listed failure that now passes fails the run, so that this list stays true. An entry with\n\
         # sometimes = true is exempt: which generated cases fail depends on the seed and on their number.\n",
        foreign::line(&hello.name),
        foreign::line(&hello.version),
        foreign::line(&results.suite),
        foreign::line(&results.spec),
    );
    let mut found: BTreeMap<(usize, bool), (&str, BTreeSet<&str>)> = BTreeMap::new();
    for failure in &results.failures {
        let is_property = matches!(failure.origin, Origin::Property(_));
        for broken in failure.rules() {
            let place = rules::all().iter().position(|rule| rule.id == broken).unwrap_or(usize::MAX);
            found.entry((place, is_property)).or_insert((broken, BTreeSet::new())).1.insert(failure.name());
        }
    }
    for ((_, is_property), (rule, cases)) in found {
        text += &format!("\n[[known]]\nrules = {}\ncases = [\n", foreign::toml(rule));
        cases.into_iter().for_each(|case| text += &format!("    {},\n", foreign::toml(case)));
        text += "]\nreason = \"\"\n";
        if is_property {
            text += "sometimes = true\n";
        }
    }
    text
}
