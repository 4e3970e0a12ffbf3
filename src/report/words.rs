//! What several reports say in the same words.

use crate::{
    foreign,
    rules::Pattern,
    suite::outcome::{
        known::Known,
        results::{Results, Tally},
    },
};

/// How many failures of a rule are shown in full.
pub(super) const SHOWN_OF_A_RULE: usize = 2;

/// The name of the test that stands for the whole run.
pub(super) const VERDICT: &str = "a verdict could be given";

/// What was tested and what it ran on, its libraries among it.
pub(super) fn tested(results: &Results) -> String {
    let hello = &results.implementation;
    format!("{} {} on {}", hello.name, hello.version, hello.runtime)
}

/// The result of a rule's checks, in words.
pub(super) fn describe(tally: Tally) -> String {
    let checks = |count: usize| if count == 1 { "1 check".to_owned() } else { format!("{count} checks") };
    let Tally { passed, failed, inconclusive, known } = tally;
    match (failed, known, passed, inconclusive) {
        (0, 0, 0, 0) => "nothing was asked".to_owned(),
        (0, 0, 0, _) => format!("inconclusive in {}", checks(inconclusive)),
        (0, 0, _, 0) => format!("{} passed", checks(passed)),
        (0, 0, ..) => format!("{} passed, {inconclusive} inconclusive", checks(passed)),
        (0, ..) => format!("{known} of {} failed, all known", checks(tally.total())),
        (_, 0, ..) => format!("{failed} of {} failed", checks(tally.total())),
        _ => format!("{failed} of {} failed, and {known} known", checks(tally.total())),
    }
}

/// The name of the test that stands for the list of known failures.
pub(super) const ALL_STILL_FAIL: &str = "every known failure still fails";

/// Why the checks of a rule fail, if the list says so: each reason once, with its link.
pub(super) fn why_known(results: &Results, rule: &str) -> String {
    let concerns = |known: &&Known| {
        let rules = known.rules.as_deref().map(Pattern::parse);
        known.failures > 0 && rules.is_none_or(|pattern| pattern.is_ok_and(|pattern| pattern.matches(rule)))
    };
    let mut reasons: Vec<_> = results.known.iter().filter(concerns).map(Known::why).collect();
    reasons.dedup();
    reasons.join("; ")
}

/// Why there is no verdict.
pub(super) fn why_not_judged(results: &Results) -> String {
    match (&results.broken, results.incidents.first()) {
        (Some(broken), _) => broken.to_string(),
        (None, Some(incident)) => foreign::block(incident),
        (None, None) if results.adapter_broke => match results.unreported.breaks.first.first() {
            Some(check) => {
                let (id, what) = (foreign::line(&check.vector.id), foreign::block(&check.what));
                format!("the adapter broke in {id}: {what}\n  asked: {}", foreign::json(&check.call.to_line(1)))
            }
            None => "the adapter broke during a check".to_owned(),
        },
        (None, None) => "no check gave a verdict".to_owned(),
    }
}
