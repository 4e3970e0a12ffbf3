//! Which releases of Flask, Quart and itsdangerous keep which rules: what came of runs over old releases, each beside the
//! packages of its own day. `.ci/history` makes the runs and writes the data; [`History::page`] is `spec/history.md`.

use crate::{
    foreign,
    rules::{self, Rule},
};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt::Write};

const DATA: &str = include_str!("../../spec/history.json");

/// The frameworks and libraries with a history, and how they write their names.
const NAMES: [(&str, &str); 3] = [("flask", "Flask"), ("quart", "Quart"), ("itsdangerous", "itsdangerous")];

/// Runs over old releases.
#[derive(Debug, Deserialize)]
pub struct History {
    /// The revision of the specification that they were asked about.
    pub spec: String,
    /// How many generated cases each was asked.
    pub cases: usize,
    /// The seed of these.
    pub seed: u64,
    /// The rules that were asked about.
    pub rules: Vec<String>,
    /// Each release, in the order of numbers.
    pub releases: Vec<Release>,
}

/// What came of one release.
#[derive(Debug, Deserialize)]
pub struct Release {
    /// The name, as on the command line.
    pub name: String,
    /// Its number.
    pub release: String,
    /// The day on which it came out.
    pub day: String,
    /// What it ran with.
    #[serde(default)]
    pub runtime: String,
    /// How many checks ended how.
    #[serde(default)]
    pub total: Counts,
    /// The broken rules, with how many checks failed.
    #[serde(default)]
    pub broken: BTreeMap<String, usize>,
    /// The rules of which most checks could not be judged, often because the release does not offer what they are about.
    #[serde(default)]
    pub not_judged: Vec<String>,
    /// Why there are no results.
    pub not_run: Option<String>,
}

/// How many checks ended how.
#[derive(Debug, Default, Deserialize)]
pub struct Counts {
    /// As specified.
    pub passed: usize,
    /// Not as specified.
    pub failed: usize,
    /// Nothing could be said.
    pub inconclusive: usize,
}

/// What a release does with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Broken,
    Kept,
    NotJudged,
}

impl Status {
    const fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Kept => "kept",
            Self::NotJudged => "not judged",
        }
    }
}

/// Releases one after the other that do the same with a rule.
struct Span<'h> {
    status: Status,
    first: &'h str,
    last: &'h str,
}

impl Span<'_> {
    fn words(&self) -> String {
        let word = self.status.word();
        match self.first == self.last {
            true => format!("{word} in {}", self.first),
            false => format!("{word} from {} to {}", self.first, self.last),
        }
    }
}

impl Release {
    fn status(&self, rule: &str) -> Status {
        match () {
            () if self.broken.contains_key(rule) => Status::Broken,
            () if self.not_judged.iter().any(|id| id == rule) => Status::NotJudged,
            () => Status::Kept,
        }
    }
}

impl History {
    /// The history in this binary.
    ///
    /// # Errors
    ///
    /// The data in the binary is damaged; a test sees to it that it is not.
    pub fn embedded() -> Result<Self, String> {
        Self::parse(DATA)
    }

    /// A history from the text of `spec/history.json`.
    ///
    /// # Errors
    ///
    /// The text is something else.
    pub fn parse(text: &str) -> Result<Self, String> {
        crate::json::from_str(text).map_err(|error| format!("spec/history.json: {error}"))
    }

    /// The releases of a name of which there are results.
    fn of<'h>(&'h self, name: &str) -> impl Iterator<Item = &'h Release> {
        self.releases.iter().filter(move |release| release.name == name && release.not_run.is_none())
    }

    fn spans(&self, name: &str, rule: &str) -> Vec<Span<'_>> {
        let mut spans: Vec<Span<'_>> = Vec::new();
        for release in self.of(name) {
            let (status, number) = (release.status(rule), release.release.as_str());
            match spans.last_mut().filter(|span| span.status == status) {
                Some(span) => span.last = number,
                None => spans.push(Span { status, first: number, last: number }),
            }
        }
        spans
    }

    /// The release since which a rule is kept without a break up to the newest release; `None` if the newest breaks it, or if it
    /// is not known.
    pub(super) fn kept_since(&self, name: &str, rule: &str) -> Option<&str> {
        let is_asked = self.rules.iter().any(|asked| asked == rule);
        let last = is_asked.then(|| self.spans(name, rule).pop()).flatten()?;
        (last.status == Status::Kept).then_some(last.first)
    }

    /// Since when a rule is kept, and by which releases it is not; `None` if it was not asked.
    fn since(&self, name: &str, rule: &str) -> Option<String> {
        if !self.rules.iter().any(|asked| asked == rule) {
            return None;
        }
        let mut spans = self.spans(name, rule);
        let now = spans.pop()?;
        let (word, first, last) = (now.status.word(), now.first, now.last);
        if spans.is_empty() {
            return Some(match now.status {
                Status::NotJudged => word.to_owned(),
                _ => format!("{word} in every release from {first} to {last}"),
            });
        }
        spans.reverse();
        let before: Vec<_> = spans.iter().map(Span::words).collect();
        Some(format!("{word} since {first}; {}", before.join(", ")))
    }

    /// What the releases do with a rule: a line for each name.
    pub fn of_rule(&self, rule: &str) -> Vec<String> {
        let line = |(name, shown): &(&str, &str)| {
            let since = self.since(name, rule).filter(|since| since != Status::NotJudged.word())?;
            Some(format!("{shown}: {since}"))
        };
        NAMES.iter().filter_map(line).collect()
    }

    /// The history as a page in Markdown.
    pub fn page(&self) -> String {
        let mut page = format!(
            "# Which releases keep which rules\n\n\
             Made by `.ci/history` from runs of `sessionproof check NAME@RELEASE --cases {}` with seed {}, specification\n{}. \
             Each release ran beside the packages that were newest on its own day, on a Python of that day; the releases\n\
             of which this program has hashes ran with the packages of these. **Kept** means that no check failed.\n\
             **Not judged** means that most checks of the rule could not be asked, often because the release does not have\n\
             what it is about, or because another rule is broken. `sessionproof rules RULE` prints the line of one rule.\n\n\
             ## Rules\n\n| rule | |",
            self.cases, self.seed, self.spec
        );
        NAMES.iter().for_each(|(_, shown)| page += &format!(" {shown} |"));
        page += "\n|---|---|---|---|---|\n";
        for rule in rules::all().iter().filter(|rule| self.rules.contains(&rule.id)) {
            page += &self.row(rule);
        }
        page += "\n## What changed, release by release\n";
        for (name, shown) in NAMES {
            page += &self.changes(name, shown);
        }
        page += "\n## The releases\n\n| release | day | ran on | passed | failed | not judged | rules broken |\n";
        page += "|---|---|---|---:|---:|---:|---:|\n";
        for release in &self.releases {
            page += &of_release(release);
        }
        page
    }

    fn row(&self, rule: &Rule) -> String {
        let mut row = format!("| {} | {} |", rule.id, foreign::markdown(&rule.title));
        for (name, _) in NAMES {
            row += &format!(" {} |", self.since(name, &rule.id).unwrap_or_default());
        }
        row + "\n"
    }

    /// The rules that each release keeps or breaks other than the one before.
    fn changes(&self, name: &str, shown: &str) -> String {
        let mut text = String::new();
        let releases: Vec<_> = self.of(name).collect();
        for pair in releases.windows(2) {
            let [before, after] = pair else { continue };
            let mut of_pair = String::new();
            for status in [Status::Kept, Status::Broken, Status::NotJudged] {
                let changed = |rule: &&String| after.status(rule) == status && before.status(rule) != status;
                let rules: Vec<_> = self.rules.iter().filter(changed).map(String::as_str).collect();
                if !rules.is_empty() {
                    let _ = writeln!(of_pair, "- {}: {}", status.word(), rules.join(", "));
                }
            }
            if !of_pair.is_empty() {
                let _ = write!(text, "\n### {shown} {} ({})\n\n", after.release, after.day);
                text += &note(name, &after.release);
                text += &of_pair;
            }
        }
        text
    }
}

fn of_release(release: &Release) -> String {
    let Release { name, release: number, day, runtime, total, broken, not_run, .. } = release;
    match not_run {
        Some(why) => format!("| {name} {number} | {day} | not run: {} |||||\n", foreign::markdown(why)),
        None => format!(
            "| {name} {number} | {day} | {} | {} | {} | {} | {} |\n",
            foreign::markdown(runtime),
            total.passed,
            total.failed,
            total.inconclusive,
            broken.len()
        ),
    }
}

/// What its authors changed in a release that shows in the rules, from reading the sources beside the runs.
const NOTES: &[(&str, &str, &str)] = &[
    ("flask", "0.11", "`SESSION_REFRESH_EACH_REQUEST` came."),
    (
        "flask",
        "1.0",
        "`Vary: Cookie` is sent when the session was accessed, `SESSION_COOKIE_SAMESITE` came, and maps that look like a tag\n\
         are escaped.",
    ),
    ("flask", "1.0.3", "itsdangerous 1.1 was out by then: timestamps count from 1970. Before, they counted from 2011."),
    ("flask", "1.1.3", "It ran on Python 3.9, the first with `|=` on maps, which the session does not notice."),
    (
        "flask",
        "2.0.0",
        "itsdangerous 2.0 rejects a timestamp in the future. But one beyond the calendar raises an error even if the\n\
         signature is wrong, so any client can bring it about.",
    ),
    ("flask", "2.1.0", "itsdangerous 2.1 rejects a wrong signature before it reads the timestamp."),
    (
        "flask",
        "2.2.5",
        "`Vary: Cookie` is also sent when the session was modified or refreshed (CVE-2023-30861, GHSA-m2qf-hxjv-5gpq).",
    ),
    (
        "flask",
        "2.3.2",
        "`Vary: Cookie` is also sent when the session was modified or refreshed (CVE-2023-30861, GHSA-m2qf-hxjv-5gpq).",
    ),
    ("flask", "3.1.0", "`SECRET_KEY_FALLBACKS` and `SESSION_COOKIE_PARTITIONED` came."),
    ("flask", "3.1.1", "The current key signs, and no longer a fallback key (CVE-2025-47278, GHSA-4grg-w6v8-c28g)."),
    ("flask", "3.1.3", "`in`, `len` and iteration count as an access to the session (GHSA-68rp-wp8r-4726)."),
];

fn note(name: &str, release: &str) -> String {
    let found = NOTES.iter().filter(|(of, number, _)| (*of, *number) == (name, release));
    found.map(|(_, _, what)| format!("{what}\n\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> History {
        let release = |name: &str, number: &str, broken: &[&str], not_judged: &[&str]| Release {
            name: name.to_owned(),
            release: number.to_owned(),
            day: "2020-01-01".to_owned(),
            runtime: "cpython 3.8".to_owned(),
            total: Counts::default(),
            broken: broken.iter().map(|&rule| (rule.to_owned(), 1)).collect(),
            not_judged: not_judged.iter().map(|&rule| rule.to_owned()).collect(),
            not_run: None,
        };
        let mut lost = release("flask", "1.1", &[], &[]);
        lost.not_run = Some("it did not start".to_owned());
        History {
            spec: "flask-3.1.r1".to_owned(),
            cases: 200,
            seed: 0,
            rules: ["VARY-1", "EXP-1", "KEY-2", "SET-1"].map(str::to_owned).into(),
            releases: vec![
                release("flask", "0.12", &["VARY-1", "SET-1"], &["KEY-2"]),
                release("flask", "1.0", &["VARY-1", "SET-1"], &["KEY-2"]),
                lost,
                release("flask", "2.0", &["SET-1"], &[]),
                release("quart", "0.10", &[], &["KEY-2"]),
                release("quart", "0.11", &["VARY-1"], &["KEY-2"]),
            ],
        }
    }

    #[test]
    fn a_rule_tells_since_when_it_is_kept() {
        let history = history();
        assert_eq!(
            history.of_rule("VARY-1"),
            ["Flask: kept since 2.0; broken from 0.12 to 1.0", "Quart: broken since 0.11; kept in 0.10"]
        );
        assert_eq!(history.of_rule("KEY-2"), ["Flask: kept since 2.0; not judged from 0.12 to 1.0"]);
        assert_eq!(
            history.of_rule("EXP-1"),
            ["Flask: kept in every release from 0.12 to 2.0", "Quart: kept in every release from 0.10 to 0.11"]
        );
        assert_eq!(history.of_rule("SET-1")[0], "Flask: broken in every release from 0.12 to 2.0");
        assert!(history.of_rule("UA-1").is_empty());
    }

    #[test]
    fn the_page_tells_what_changed_and_what_was_not_run() {
        let page = history().page();
        assert!(page.contains("\n### Flask 2.0 (2020-01-01)\n\n- kept: VARY-1, KEY-2\n"), "{page}");
        assert!(page.contains("| flask 1.1 | 2020-01-01 | not run: it did not start |||||"), "{page}");
    }

    #[test]
    fn the_history_in_the_binary_is_read_and_its_rules_are_rules() {
        let history = History::embedded().unwrap();
        assert!(history.rules.iter().all(|rule| rules::find(rule).is_some()));
        for (name, number, _) in NOTES {
            assert!(history.of(name).any(|release| release.release == *number), "{name} {number}");
        }
    }
}
