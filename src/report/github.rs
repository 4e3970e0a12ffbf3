//! Results as annotations of a workflow on GitHub: the diagnosis as a notice, an error for each broken rule, a warning for
//! inconclusive rules, and the verdict as a notice.

use super::{style::strip, terminal};
use crate::{
    foreign,
    suite::outcome::results::{Judged, Outcome, Results},
};

/// The results as workflow commands, a line each.
pub fn write(results: &Results) -> String {
    let mut text = String::new();
    let diagnosis = super::findings::diagnosis(results);
    if !diagnosis.is_empty() {
        text += &command("notice", "sessionproof: diagnosis", &diagnosis.join("\n"));
    }
    for (rule, tally) in results.by_rule().filter(|(_, tally)| tally.judged() == Judged::Failed) {
        let found = results.failures_of(&rule.id).next();
        let detail =
            found.map(|failure| strip(&terminal::failure(failure, failure.replay.as_deref()))).unwrap_or_default();
        let message = format!("{}\n{}", super::words::describe(tally), detail.trim());
        text += &command("error", &format!("{} {}", rule.id, rule.title), message.trim());
    }
    for (rule, tally) in results.by_rule().filter(|(_, tally)| tally.judged() == Judged::Known) {
        let message = format!("{}: {}", super::words::describe(tally), super::words::why_known(results, &rule.id));
        text += &command("warning", &format!("known failure: {} {}", rule.id, rule.title), &message);
    }
    for stale in results.stale() {
        let place =
            format!("error file={},line={},", foreign::annotation_property(&stale.known.file), stale.known.line);
        text += &command(&place, "a known failure now passes", &stale.to_string());
    }
    let not_judged: Vec<_> = results
        .by_rule()
        .filter(|(_, tally)| tally.judged() == Judged::NotJudged)
        .map(|(rule, _)| rule.id.as_str())
        .collect();
    if !not_judged.is_empty() {
        let reasons: Vec<_> = results.inconclusive.keys().map(foreign::line).collect();
        let message = format!("{}\n{}", not_judged.join(", "), reasons.join("\n"));
        text += &command("warning", "sessionproof: inconclusive rules", &message);
    }
    let verdict = strip(&terminal::verdict(results));
    let (kind, message) = match results.outcome() {
        Outcome::Conformant => ("notice", verdict),
        Outcome::KnownFailures => ("warning", verdict),
        Outcome::NotConformant => ("error", verdict),
        Outcome::NotJudged => ("error", format!("{verdict}\n{}", super::words::why_not_judged(results))),
    };
    text + &command(kind, &format!("sessionproof: {}", super::words::tested(results)), &message)
}

/// A command; what it is about may follow its name.
fn command(kind: &str, title: &str, message: &str) -> String {
    let space = if kind.ends_with(',') { "" } else { " " };
    format!("::{kind}{space}title={}::{}\n", foreign::annotation_property(title), foreign::annotation(message))
}
