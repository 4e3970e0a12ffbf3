//! Results in the Test Anything Protocol, version 14: a test point for each rule, and one for the verdict. The diagnosis stands
//! in comments.

use super::{style::strip, terminal};
use crate::json::json;
use crate::{
    foreign,
    rules::Rule,
    suite::outcome::results::{Judged, Outcome, Results, Tally},
};
use std::fmt::Write;

/// The results as text.
pub fn write(results: &Results) -> String {
    let rules: Vec<_> = results.by_rule().collect();
    let known = usize::from(!results.known.is_empty());
    let mut text = format!("TAP version 14\n1..{}\n", rules.len() + 1 + known);
    let _ = writeln!(text, "# {}", foreign::line(super::words::tested(results)));
    super::findings::diagnosis(results).iter().for_each(|line| text += &format!("# {line}\n"));
    for (number, (rule, tally)) in (1..).zip(&rules) {
        text += &point(results, number, rule, *tally);
    }
    let (number, ok) = (rules.len() + 1, results.outcome() != Outcome::NotJudged);
    let _ = writeln!(text, "{}ok {number} - {}", if ok { "" } else { "not " }, super::words::VERDICT);
    if !ok {
        text += &diagnosis(&super::words::why_not_judged(results), &[]);
    }
    if known > 0 {
        let stale: Vec<_> = results.stale().iter().map(ToString::to_string).collect();
        let _ = writeln!(
            text,
            "{}ok {} - {}",
            if stale.is_empty() { "" } else { "not " },
            number + 1,
            super::words::ALL_STILL_FAIL
        );
        if let Some(first) = stale.first() {
            text += &diagnosis(first, &stale);
        }
    }
    text
}

fn point(results: &Results, number: usize, rule: &Rule, tally: Tally) -> String {
    let described = format!("{number} - {}", foreign::tap(&format!("{} {}", rule.id, rule.title)));
    match tally.judged() {
        Judged::Passed => format!("ok {described}\n"),
        Judged::Known => {
            let why = foreign::tap(&super::words::why_known(results, &rule.id));
            format!("not ok {described} # TODO {}: {why}\n", super::words::describe(tally))
        }
        Judged::NotAsked | Judged::NotJudged => format!("ok {described} # SKIP {}\n", super::words::describe(tally)),
        Judged::Failed => {
            let found = results.failures_of(&rule.id);
            let texts: Vec<_> = found
                .take(super::words::SHOWN_OF_A_RULE)
                .map(|f| strip(&terminal::failure(f, f.replay.as_deref())))
                .collect();
            format!("not ok {described}\n{}", diagnosis(&super::words::describe(tally), &texts))
        }
    }
}

/// A block of YAML. JSON strings are YAML strings.
fn diagnosis(message: &str, failures: &[String]) -> String {
    let mut text = format!("  ---\n  message: {}\n", foreign::json(&json!(message).to_string()));
    if !failures.is_empty() {
        text += "  failures:\n";
        failures.iter().for_each(|failure| text += &format!("    - {}\n", foreign::json(&json!(failure).to_string())));
    }
    text + "  ...\n"
}
