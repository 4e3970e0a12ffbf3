//! What a run found, in short: the known mistakes that explain the failures, and every broken rule.

use super::style::{BAD, FAINT, styled};
use crate::{
    foreign,
    suite::outcome::{
        diagnosis::{Cause, CauseKind, Diagnosis},
        results::Results,
    },
};
use anstyle::Style;
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, fmt::Write};

/// How many rules of unexplained failures are named.
const NAMED: usize = 6;
/// How many characters of a title are shown in the table.
const TITLE: usize = 60;

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BrokenRule {
    /// The rule.
    pub(super) rule: String,
    /// Its title.
    pub(super) title: String,
    /// How many checks broke it.
    pub(super) failed: usize,
    /// How many checks that are evidence for it passed.
    pub(super) passed: usize,
    /// The id of a failed check, which is the name of its file; none if no failure of the rule was kept.
    pub(super) case: Option<String>,
}

/// Every broken rule, the one that most checks break first.
pub(super) fn broken_rules(results: &Results) -> Vec<BrokenRule> {
    let broken = results.by_rule().filter(|(_, tally)| tally.failed > 0).map(|(rule, tally)| BrokenRule {
        rule: rule.id.clone(),
        title: rule.title.clone(),
        failed: tally.failed,
        passed: tally.passed,
        case: results.failures.iter().find(|failure| failure.rule == rule.id).map(|failure| failure.vector.id.clone()),
    });
    let mut broken: Vec<_> = broken.collect();
    broken.sort_by_key(|broken| Reverse(broken.failed));
    broken
}

/// The diagnosis in lines; none if nobody looked.
pub(super) fn diagnosis(results: &Results) -> Vec<String> {
    let Some(found) = &results.diagnosis else { return Vec::new() };
    if found.causes.is_empty() {
        return vec![format!("no known mistake explains the failures ({} looked at)", found.looked_at)];
    }
    let mut lines: Vec<_> = found.causes.iter().enumerate().map(|(at, cause)| line(found, cause, at == 0)).collect();
    if !found.unexplained.is_empty() {
        lines.push(left(found));
    }
    lines
}

/// A cause, with how much it explains.
fn line(found: &Diagnosis, cause: &Cause, is_first: bool) -> String {
    let (name, summary) = (foreign::line(&cause.name), foreign::line(&cause.summary));
    let what = match cause.kind {
        CauseKind::Choice => format!("behaves as if its choice were {name} ({summary})"),
        CauseKind::Mutant => format!("behaves like `{name}` ({summary})"),
    };
    let like = match &cause.like[..] {
        [] => String::new(),
        like => format!(
            ", or like {}",
            like.iter().map(|name| format!("`{}`", foreign::line(name))).collect::<Vec<_>>().join(", ")
        ),
    };
    let explains = match (is_first, found.looked_at == found.failures) {
        (true, true) => format!("explains {} of {}", cause.explains, failures(found.failures)),
        (true, false) => {
            format!("explains {} of the {} failures that were looked at", cause.explains, found.looked_at)
        }
        (false, _) => format!("explains {} more", cause.adds),
    };
    format!("{}{what}{like}: {explains}", if is_first { "" } else { "and " })
}

/// What no cause explains.
fn left(found: &Diagnosis) -> String {
    let mut rules: Vec<_> = found.unexplained.iter().collect();
    rules.sort_by_key(|(_, count)| Reverse(**count));
    let named = rules.iter().take(NAMED).map(|(rule, count)| format!("{} {count}", foreign::line(rule)));
    let mut named = named.collect::<Vec<_>>().join(", ");
    if rules.len() > NAMED {
        let _ = write!(named, ", and {} rules more", rules.len() - NAMED);
    }
    format!("not explained: {} ({named})", failures(found.looked_at.saturating_sub(found.explained())))
}

fn failures(count: usize) -> String {
    if count == 1 { "1 failure".to_owned() } else { format!("{count} failures") }
}

/// The diagnosis and the broken rules as a person reads them; empty if nothing failed. `replay` is the command that repeats
/// a case, with `CASE` for its id.
pub(super) fn text(results: &Results, replay: Option<&str>) -> String {
    let mut text = String::new();
    let lines = diagnosis(results);
    if !lines.is_empty() {
        let _ = writeln!(text, "\n{}", styled(Style::new().bold(), "Diagnosis:"));
        lines.iter().for_each(|line| text += &format!("  {line}\n"));
    }
    let broken = broken_rules(results);
    if broken.is_empty() {
        return text;
    }
    let width = broken.iter().map(|broken| short(&broken.title).chars().count()).max().unwrap_or_default();
    let heading = format!("{:<10}{:>7}{:>8}  {:<width$}  case", "broken", "fail", "pass", "rule");
    let _ = writeln!(text, "\n{heading}");
    for BrokenRule { rule, title, failed, passed, case } in &broken {
        let case = styled(FAINT, foreign::line(case.as_deref().unwrap_or("-")));
        let failed = styled(BAD, format!("{failed:>7}"));
        let _ = writeln!(text, "{rule:<10}{failed}{passed:>8}  {:<width$}  {case}", short(title));
    }
    if let Some(replay) = replay {
        let _ = writeln!(text, "  replay    {replay}");
    }
    text
}

/// The beginning of a title.
fn short(title: &str) -> String {
    match title.char_indices().nth(TITLE) {
        Some((at, _)) => format!("{}…", title.get(..at).unwrap_or_default().trim_end()),
        None => title.to_owned(),
    }
}
