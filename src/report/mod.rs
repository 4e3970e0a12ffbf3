//! Reports. Each is made from a value of results alone.

pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod matrix;
mod picture;
pub mod protocol;
mod style;
pub mod tap;
pub mod terminal;
pub mod timeline;

use crate::{
    foreign,
    spec::rules::Pattern,
    suite::outcome::{
        known::Known,
        results::{Results, Tally},
    },
};

/// How many failures of a rule are shown in full.
const SHOWN_OF_A_RULE: usize = 2;

/// The name of the test that stands for the whole run.
const VERDICT: &str = "a verdict could be given";

/// The result of a rule's checks, in words.
fn describe(tally: Tally) -> String {
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
const ALL_STILL_FAIL: &str = "every known failure still fails";

/// Why the checks of a rule fail, if the list says so: each reason once, with its link.
fn why_known(results: &Results, rule: &str) -> String {
    let concerns = |known: &&Known| {
        let rules = known.rules.as_deref().map(Pattern::parse);
        known.failures > 0 && rules.is_none_or(|pattern| pattern.is_ok_and(|pattern| pattern.matches(rule)))
    };
    let mut reasons: Vec<_> = results.known.iter().filter(concerns).map(reason).collect();
    reasons.dedup();
    reasons.join("; ")
}

/// The reason of a known failure, with its link.
fn reason(known: &Known) -> String {
    match &known.link {
        Some(link) => format!("{} ({})", foreign::line(&known.reason), foreign::line(link)),
        None => foreign::line(&known.reason),
    }
}

/// Why there is no verdict.
fn why_not_judged(results: &Results) -> String {
    match (&results.broken, results.incidents.first()) {
        (Some(broken), _) => broken.to_string(),
        (None, Some(incident)) => foreign::block(incident),
        (None, None) if results.adapter_broke => "the adapter broke during a check".to_owned(),
        (None, None) => "no check gave a verdict".to_owned(),
    }
}

/// A text without styles.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[cfg(test)]
mod tests;
