//! Results as annotations of a workflow on GitHub: an error for each broken rule, a warning for what was not judged, and the
//! verdict as a notice.

use super::{plain, terminal};
use crate::suite::results::{Judged, Outcome, Results};

/// The results as workflow commands, a line each.
pub fn write(results: &Results) -> String {
    let mut text = String::new();
    for (rule, tally) in results.by_rule().filter(|(_, tally)| tally.judged() == Judged::Failed) {
        let found = results.failures.iter().find(|failure| failure.rule == rule.id);
        let detail = found.map(|failure| plain(&terminal::failure(failure, None))).unwrap_or_default();
        let message = format!("{}\n{}", super::told(tally), detail.trim());
        text += &command("error", &format!("{} {}", rule.id, rule.title), message.trim());
    }
    let not_judged: Vec<_> = results
        .by_rule()
        .filter(|(_, tally)| tally.judged() == Judged::NotJudged)
        .map(|(rule, _)| rule.id.as_str())
        .collect();
    if !not_judged.is_empty() {
        let reasons: Vec<_> = results.inconclusive.keys().map(String::as_str).collect();
        let message = format!("{}\n{}", not_judged.join(", "), reasons.join("\n"));
        text += &command("warning", "sessionproof: rules about which nothing can be said", &message);
    }
    let verdict = plain(&terminal::verdict(results));
    let (kind, message) = match results.outcome() {
        Outcome::Conformant => ("notice", verdict),
        Outcome::NotConformant => ("error", verdict),
        Outcome::NotJudged => ("error", format!("{verdict}\n{}", super::why_not_judged(results))),
    };
    let hello = &results.implementation;
    text + &command(kind, &format!("sessionproof: {} {}", hello.name, hello.version), &message)
}

fn command(kind: &str, title: &str, message: &str) -> String {
    let title = escaped(title).replace(':', "%3A").replace(',', "%2C");
    format!("::{kind} title={title}::{}\n", escaped(message))
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}
