//! Reports: each is made from the one results value and from nothing else.

pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod matrix;
mod picture;
pub mod tap;
pub mod terminal;
pub mod timeline;

use crate::suite::results::{Results, Tally};

/// How many failures of a rule are shown in full.
const SHOWN_OF_A_RULE: usize = 2;

/// What the test says that stands for the run as a whole.
const VERDICT: &str = "a verdict could be given";

/// What the checks of a rule came to, in words.
fn told(tally: Tally) -> String {
    let checks = |count: usize| if count == 1 { "1 check".to_owned() } else { format!("{count} checks") };
    match tally {
        Tally { failed: 0, passed: 0, inconclusive: 0 } => "nothing was asked".to_owned(),
        Tally { failed: 0, passed: 0, inconclusive } => format!("inconclusive in {}", checks(inconclusive)),
        Tally { failed: 0, passed, inconclusive: 0 } => format!("{} passed", checks(passed)),
        Tally { failed: 0, passed, inconclusive } => {
            format!("{} passed, {inconclusive} inconclusive", checks(passed))
        }
        Tally { failed, .. } => format!("{} of {} failed", failed, checks(tally.total())),
    }
}

/// Why there is no verdict.
fn why_not_judged(results: &Results) -> String {
    match (&results.broken, results.incidents.first()) {
        (Some(broken), _) => broken.to_string(),
        (None, Some(incident)) => incident.clone(),
        (None, None) if results.adapter_broke => "the adapter broke in a check".to_owned(),
        (None, None) => "nothing was judged".to_owned(),
    }
}

/// A text without styles.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[cfg(test)]
mod tests;
