//! What a run found, in short: the known mistakes that explain the failures, and every broken rule.

use super::style::{BAD, FAINT, styled};
use crate::{
    evidence::standing::{Kind, Known, Standing},
    foreign, rules,
    suite::outcome::{
        diagnosis::{Cause, CauseKind, Diagnosis},
        results::{Results, Tally},
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
    /// What that is for a known release; none if nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) standing: Option<Standing>,
}

impl BrokenRule {
    /// Published defects come first, in the order of their publication, then other defects, then what nothing is known of, and
    /// the behaviour of older releases last; of these the rule that most checks break first.
    fn order(&self) -> (usize, usize, Reverse<usize>) {
        let (group, place) = match &self.standing {
            Some(Standing { kind: Kind::Published, place, .. }) => (0, *place),
            Some(Standing { kind: Kind::Defect, .. }) => (1, 0),
            None => (2, rules::weight(&self.rule)),
            Some(_) => (3, 0),
        };
        (group, place, Reverse(self.failed))
    }

    /// What the table says above rules of this standing.
    fn heading(&self) -> &'static str {
        match self.standing.as_ref().map(|standing| standing.kind) {
            Some(Kind::Published) => "published defects of this release:",
            Some(Kind::Defect) => "other defects of this release:",
            Some(_) => "older behaviour, which a later release changed:",
            None => "not known of this release:",
        }
    }
}

/// Every broken rule, the most important first.
pub(super) fn broken_rules(results: &Results) -> Vec<BrokenRule> {
    let hello = &results.implementation;
    let is_broken = |(_, tally): &(_, Tally)| tally.failed > 0;
    let known = results.by_rule().any(|rule| is_broken(&rule)).then(Known::embedded).and_then(Result::ok);
    let broken = results.by_rule().filter(is_broken).map(|(rule, tally)| BrokenRule {
        standing: known.as_ref().and_then(|known| known.standing(&hello.name, &hello.version, &rule.id)),
        rule: rule.id.clone(),
        title: rule.title.clone(),
        failed: tally.failed,
        passed: tally.passed,
        case: results.failures.iter().find(|failure| failure.rule == rule.id).map(|failure| failure.vector.id.clone()),
    });
    let mut broken: Vec<_> = broken.collect();
    broken.sort_by_key(BrokenRule::order);
    broken
}

/// The diagnosis in lines: what is known of the release, and the known mistakes; none if nothing is known and nobody looked.
pub(super) fn diagnosis(results: &Results) -> Vec<String> {
    let mut lines = of_release(results);
    let Some(found) = &results.diagnosis else { return lines };
    if found.causes.is_empty() {
        // That one failure is like no known mistake says nothing.
        if found.failures == 1 {
            return lines;
        }
        lines.push(format!("no known mistake explains the failures ({} looked at)", found.looked_at));
        return lines;
    }
    lines.extend(found.causes.iter().enumerate().map(|(at, cause)| line(found, cause, at == 0)));
    if !found.unexplained.is_empty() {
        lines.push(left(found));
    }
    lines
}

/// What is known of the release: its defects, and the rules that a later release keeps.
fn of_release(results: &Results) -> Vec<String> {
    let (mut lines, mut older) = (Vec::new(), Vec::new());
    for BrokenRule { rule, failed, standing, .. } in broken_rules(results) {
        let Some(Standing { kind, advisory, what, until, .. }) = standing else { continue };
        if let Some(what) = what {
            let name = advisory.map_or_else(|| "a defect".to_owned(), |name| format!("published defect {name}"));
            let until = until.join(" and ");
            lines.push(format!("{name}: {what}; fixed in {until} ({rule}, {})", failures(failed)));
        } else if kind == Kind::Older {
            older.push(until.first().map_or_else(|| rule.clone(), |until| format!("{rule} until {until}")));
        }
    }
    if !older.is_empty() {
        lines.push(format!("older behaviour, which a later release changed: {}", older.join(", ")));
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
    // A single failure stands above with everything that the table would say.
    if broken.is_empty() || results.total.failed == 1 {
        return text;
    }
    let width = broken.iter().map(|broken| short(&broken.title).chars().count()).max().unwrap_or_default();
    let heading = format!("{:<10}{:>7}{:>8}  {:<width$}  case", "broken", "fail", "pass", "rule");
    let _ = writeln!(text, "\n{heading}");
    let is_known = broken.iter().any(|broken| broken.standing.is_some());
    let mut above = "";
    for broken in &broken {
        if is_known && above != broken.heading() {
            above = broken.heading();
            let _ = writeln!(text, "{}", styled(FAINT, above));
        }
        let BrokenRule { rule, title, failed, passed, case, .. } = broken;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        adapter::{Implementation, in_process::Model},
        protocol::Capabilities,
        suite::running::options::Options,
    };

    /// What is told of a release in which one check of each rule failed, and more of some.
    fn told(name: &str, version: &str, failed: &[(&str, usize)]) -> String {
        let (name, version) = (name.to_owned(), version.to_owned());
        let hello = Capabilities { name, version, ..Model::default().capabilities() };
        let mut results = Results::new(hello, &Options::default());
        for (rule, times) in failed {
            (0..*times).for_each(|_| results.failed(&[*rule], &[]));
        }
        super::super::style::strip(&text(&results, None))
    }

    fn place(text: &str, part: &str) -> usize {
        text.find(part).unwrap_or_else(|| panic!("{part:?} is not in {text}"))
    }

    #[test]
    fn published_defects_come_first_and_older_behaviour_last_whatever_their_counts() {
        let failed = [("EXP-3", 9), ("KEY-1", 2), ("MOD-3", 3), ("VARY-1", 5), ("VARY-2", 4)];
        let text = told("flask", "1.1.4", &failed);
        let parts = [
            "\nDiagnosis:\n  published defect CVE-2023-30861: ",
            "fixed in 2.2.5 and 2.3.2 (VARY-2, 4 failures)",
            "published defect CVE-2026-27205: ",
            "a defect: `session |= values` is not noticed",
            "older behaviour, which a later release changed: EXP-3 until 2.0.0, KEY-1\n",
            "\nbroken ",
            "\npublished defects of this release:\nVARY-2 ",
            "\nVARY-1 ",
            "\nother defects of this release:\nMOD-3 ",
            "\nolder behaviour, which a later release changed:\nEXP-3 ",
            "\nKEY-1 ",
        ];
        let places: Vec<_> = parts.iter().map(|part| place(&text, part)).collect();
        assert!(places.is_sorted(), "{places:?} {text}");
        let text = told("flask", "3.1.0", &[("VARY-1", 9), ("KEY-2", 1)]);
        assert!(place(&text, "CVE-2025-47278") < place(&text, "CVE-2026-27205"), "{text}");
    }

    #[test]
    fn of_an_implementation_without_a_history_the_rule_that_most_checks_break_comes_first() {
        let text = told("a port", "1.1.4", &[("VARY-2", 1), ("EXP-3", 2)]);
        assert!(place(&text, "\nEXP-3 ") < place(&text, "\nVARY-2 "), "{text}");
        assert!(!text.contains("Diagnosis") && !text.contains("defect"), "{text}");
        // What the newest release breaks is new.
        let text = told("flask", "3.1.3", &[("VARY-2", 1)]);
        assert!(!text.contains("defect") && !text.contains("older"), "{text}");
    }
}
