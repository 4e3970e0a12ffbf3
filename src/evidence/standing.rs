//! What a broken rule is for a release that is known: a published defect, a defect, or the behaviour of its day.
//!
//! `spec/defects.json` names the defects, each with its source, the published ones in the order of their publication. A rule that
//! the newest release keeps, and that no defect there is about, was changed in between: what an older release does is *older
//! behaviour*. Of an implementation that has no history nothing is known.

use super::history::History;
use crate::json;
use serde::{Deserialize, Serialize};

const DATA: &str = include_str!("../../spec/defects.json");

/// The defects of known releases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defects {
    /// Each defect.
    pub defects: Vec<Defect>,
}

/// A defect of some releases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defect {
    /// What has it, as on the command line.
    pub name: String,
    /// The rules that it breaks.
    pub rules: Vec<String>,
    /// The releases that have it: the first and the last of each range.
    pub affected: Vec<(String, String)>,
    /// The first release of each line that does not have it.
    pub fixed: Vec<String>,
    /// The advisories that publish it, the best known first; empty if there are none.
    #[serde(default)]
    pub advisories: Vec<String>,
    /// The defect, as a phrase.
    pub what: String,
    /// Where it is told.
    pub source: String,
}

/// What a broken rule is for a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// What kind of thing it is.
    pub kind: Kind,
    /// The advisory that publishes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advisory: Option<String>,
    /// The defect, as a phrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// The releases that ended it; empty if it is not known which.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub until: Vec<String>,
    /// Where it stands among the defects, in the order of their publication.
    #[serde(skip)]
    pub place: usize,
}

/// What kind of thing a broken rule of a known release is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// A defect with an advisory.
    Published,
    /// A defect without one.
    Defect,
    /// What the release was meant to do in its day; a later one does what the rule says.
    Older,
}

/// All that is known of releases.
#[derive(Debug)]
pub struct Known {
    history: History,
    defects: Defects,
}

impl Known {
    /// What is known in this binary.
    ///
    /// # Errors
    ///
    /// The data in the binary are damaged; a test sees to it that they are not.
    pub fn embedded() -> Result<Self, String> {
        let defects = json::from_str(DATA).map_err(|error| format!("spec/defects.json: {error}"))?;
        Ok(Self { history: History::embedded()?, defects })
    }

    /// What a broken rule is for a release of this name; `None` if nothing is known of it.
    pub fn standing(&self, name: &str, release: &str, rule: &str) -> Option<Standing> {
        let is_it = |defect: &Defect| defect.name == name && defect.rules.iter().any(|broken| broken == rule);
        let found = self.defects.defects.iter().enumerate().find(|(_, defect)| is_it(defect) && defect.has(release));
        if let Some((place, defect)) = found {
            let advisory = defect.advisories.first().cloned();
            let kind = if advisory.is_some() { Kind::Published } else { Kind::Defect };
            let (what, until) = (Some(defect.what.clone()), defect.fixed.clone());
            return Some(Standing { kind, advisory, what, until, place });
        }
        let newest = self.history.releases.iter().rfind(|known| known.name == name && known.not_run.is_none())?;
        let is_old = numbers(release) < numbers(&newest.release);
        let since = self.history.kept_since(name, rule).filter(|_| is_old)?;
        // Where it was kept before, it is not known what ended it.
        let until = if numbers(release) < numbers(since) { vec![since.to_owned()] } else { Vec::new() };
        Some(Standing { kind: Kind::Older, advisory: None, what: None, until, place: usize::MAX })
    }
}

impl Defect {
    /// Whether a release has it.
    pub fn has(&self, release: &str) -> bool {
        let release = numbers(release);
        self.affected.iter().any(|(first, last)| numbers(first) <= release && release <= numbers(last))
    }
}

/// A release as numbers, without zeros at the end: as far as it is made of numbers and dots.
fn numbers(release: &str) -> Vec<u64> {
    let mut numbers: Vec<u64> = Vec::new();
    for part in release.split('.') {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        numbers.push(digits.parse().unwrap_or_default());
        if digits.len() < part.len() {
            break;
        }
    }
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(release: &str, rule: &str) -> Option<(Kind, Option<String>, Vec<String>)> {
        let found = Known::embedded().unwrap().standing("flask", release, rule);
        found.map(|found| (found.kind, found.advisory, found.until))
    }

    #[test]
    fn a_published_defect_has_the_name_of_its_advisory_and_ends_with_its_fix() {
        let published = |name: &str, until: &[&str]| {
            Some((Kind::Published, Some(name.to_owned()), until.iter().map(|&release| release.to_owned()).collect()))
        };
        for release in ["1.1.4", "2.2.4", "2.3.1"] {
            assert_eq!(standing(release, "VARY-2"), published("CVE-2023-30861", &["2.2.5", "2.3.2"]), "{release}");
        }
        assert_eq!(standing("3.1.0", "KEY-2"), published("CVE-2025-47278", &["3.1.1"]));
        assert_eq!(standing("3.1.2", "VARY-1"), published("CVE-2026-27205", &["3.1.3"]));
    }

    #[test]
    fn what_the_newest_release_keeps_is_older_behaviour_and_of_the_newest_itself_nothing_is_known() {
        assert_eq!(standing("1.1.4", "EXP-3"), Some((Kind::Older, None, vec!["2.0.0".to_owned()])));
        // Only some runs find it, so it is not known which release ended it.
        assert_eq!(standing("2.2.5", "EXP-3"), Some((Kind::Older, None, Vec::new())));
        assert_eq!(standing("2.2.5", "VARY-2").map(|found| found.0), Some(Kind::Older));
        assert_eq!(standing("3.1.3", "EXP-3"), None);
        assert_eq!(Known::embedded().unwrap().standing("a port", "1.0", "EXP-3"), None);
    }

    #[test]
    fn every_defect_is_one_that_the_runs_over_old_releases_found() {
        let Known { history, defects } = Known::embedded().unwrap();
        for defect in &defects.defects {
            let what = &defect.what;
            let releases = || history.releases.iter().filter(|release| release.name == defect.name);
            for rule in &defect.rules {
                let broken = |number: &str| {
                    let found = releases().find(|release| release.release == number);
                    found.unwrap_or_else(|| panic!("{number}: {what}")).broken.contains_key(rule)
                };
                for (first, last) in &defect.affected {
                    assert!(first == "0" || broken(first), "{rule} in {first}: {what}");
                    assert!(broken(last), "{rule} in {last}: {what}");
                }
                for fixed in &defect.fixed {
                    assert!(!broken(fixed) && !defect.has(fixed), "{rule} in {fixed}: {what}");
                }
            }
            assert!(!defect.source.is_empty(), "{what}");
        }
    }

    #[test]
    fn releases_are_compared_by_number() {
        assert!(numbers("2.10") > numbers("2.9.1") && numbers("1.0") == numbers("1") && numbers("3.0.0rc1") == [3]);
    }
}
