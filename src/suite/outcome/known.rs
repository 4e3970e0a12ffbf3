//! Known failures, listed in a file with a reason for each. A run tolerates them, and fails if a listed failure now passes.
//!
//! An entry names the rule that is broken, the vector or property that finds it, or both. A run judges only entries whose checks
//! it made. If it ran other rules, was one shard of several, or ended early, the other entries stand.

use crate::{bounded, foreign};
use crate::{
    evidence::vectors,
    rules::Pattern,
    suite::properties::{ONE_CHARACTER_EDITS, PROPERTIES},
};
use serde::{Deserialize, Serialize};
use std::panic::Location;
use std::{collections::BTreeSet, io::ErrorKind, ops::Range, path::Path};
use toml::Spanned;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 4 << 20;

/// Why a file of known failures cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KnownError {
    /// An entry that says too little, or nothing that there is.
    #[error("{file}:{line}: {what}")]
    Entry {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong, and what to write.
        what: String,
    },
    /// It cannot be read.
    #[error("{file} cannot be read: {source}\n`check --write-known-failures {file}` starts such a file")]
    Io {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too large.
    #[error("{file} is larger than {} MiB, so it is not a list of known failures", LARGEST >> 20)]
    TooLarge {
        /// The file.
        file: String,
    },
}

/// The failures that are known before a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownFailures {
    entries: Vec<Entry>,
    /// What is wrong with an entry that the code says.
    wrong: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    rules: Option<Pattern>,
    known: Known,
}

/// A known failure, and what came of it in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The file that lists it.
    pub file: String,
    /// The line of its entry, counted from 1.
    pub line: usize,
    /// The rules that are broken, as `--rules` has them; `None` for any.
    pub rules: Option<String>,
    /// The vectors and properties that find it; empty for all.
    pub cases: Vec<KnownCase>,
    /// Why it fails.
    pub reason: String,
    /// Where more is said.
    pub link: Option<String>,
    /// Whether it may pass as well: a failure that generated cases come across only now and then.
    pub sometimes: bool,
    /// How many checks failed as it says.
    pub failures: usize,
    /// Whether a check failed as it says under a rule that the run left out.
    pub left_out: bool,
}

/// A vector or property that finds a known failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownCase {
    /// The vector's id or the property's sentence, with `*` for any characters.
    pub name: String,
    /// Whether it passed or failed in the run.
    pub judged: bool,
    /// How many of its checks failed as the entry says.
    pub failures: usize,
    /// Whether one failed so under a rule that the run left out.
    pub left_out: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileToml {
    #[serde(default)]
    known: Vec<Spanned<EntryToml>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryToml {
    rules: Option<Spanned<String>>,
    #[serde(default)]
    cases: Vec<Spanned<String>>,
    reason: Option<Spanned<String>>,
    link: Option<String>,
    #[serde(default)]
    sometimes: bool,
}

impl KnownFailures {
    /// Reads the list from a file.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, with its line and the remedy.
    pub fn read(path: &Path) -> Result<Self, KnownError> {
        let file = foreign::path(path);
        match bounded::read_text(path, LARGEST) {
            Err(error) if error.kind() == ErrorKind::FileTooLarge => Err(KnownError::TooLarge { file }),
            Err(source) => Err(KnownError::Io { file, source }),
            Ok(text) => Self::parse(&file, &text),
        }
    }

    /// Reads the list from its text; `file` names it in errors.
    ///
    /// # Errors
    ///
    /// As [`Self::read`].
    pub fn parse(file: &str, text: &str) -> Result<Self, KnownError> {
        let line = |span: Range<usize>| 1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count();
        let wrong =
            |span: Range<usize>, what: String| KnownError::Entry { file: file.to_owned(), line: line(span), what };
        let read: FileToml = toml::from_str(text).map_err(|error| {
            let what = format!(
                "{}\nan entry is [[known]] with rules, cases or both, and a reason",
                foreign::line(error.message())
            );
            wrong(error.span().unwrap_or_default(), what)
        })?;
        let mut names = None;
        let mut entries = Vec::new();
        for entry in read.known {
            let span = entry.span();
            let EntryToml { rules, cases, reason, link, sometimes } = entry.into_inner();
            if rules.is_none() && cases.is_empty() {
                let what = "this entry has neither rules nor cases\n\
                            write rules = \"EXP-2\", cases = [\"expiry-at-lifetime\"], or both";
                return Err(wrong(span, what.to_owned()));
            }
            let reason = match reason {
                Some(reason) if !reason.get_ref().trim().is_empty() => reason.into_inner(),
                empty => {
                    let span = empty.map_or(span, |reason| reason.span());
                    return Err(wrong(span, "this entry has no reason\nwrite why it fails: reason = \"…\"".to_owned()));
                }
            };
            let pattern = match &rules {
                Some(rules) => {
                    Some(Pattern::parse(rules.get_ref()).map_err(|what| wrong(rules.span(), foreign::block(what)))?)
                }
                None => None,
            };
            for case in &cases {
                let names = names.get_or_insert_with(all_names);
                if !names.iter().any(|name| fits(case.get_ref(), name)) {
                    let what = format!(
                        "no vector or property is named \"{}\"\n\
                     a case is a vector's id or a property's sentence, as a failure shows it; * stands for any characters",
                        foreign::line(case.get_ref())
                    );
                    return Err(wrong(case.span(), what));
                }
            }
            let line = line(span);
            let case = |name: Spanned<String>| KnownCase {
                name: name.into_inner(),
                judged: false,
                failures: 0,
                left_out: false,
            };
            let known = Known {
                file: file.to_owned(),
                line,
                rules: rules.map(Spanned::into_inner),
                cases: cases.into_iter().map(case).collect(),
                reason,
                link,
                sometimes,
                failures: 0,
                left_out: false,
            };
            entries.push(Entry { rules: pattern, known });
        }
        Ok(Self { entries, wrong: None })
    }

    /// Adds an entry that the code says. What is wrong with it fails the run.
    pub(in crate::suite) fn add(&mut self, at: &Location<'_>, rules: Option<&str>, case: Option<&str>, reason: &str) {
        let (file, line) = (at.file().to_owned(), at.line() as usize);
        let pattern = rules.map(Pattern::parse).transpose();
        let names = || all_names().iter().any(|name| case.is_none_or(|case| fits(case, name)));
        let wrong = match &pattern {
            Err(what) => Some(what.clone()),
            Ok(_) if !names() => Some(format!("no vector or property is named {:?}", case.unwrap_or_default())),
            Ok(_) if reason.trim().is_empty() => Some("a known failure needs a reason".to_owned()),
            Ok(_) => None,
        };
        self.wrong = self.wrong.take().or(wrong.map(|what| format!("{file}:{line}: {}", foreign::line(what))));
        let known = Known {
            file,
            line,
            rules: rules.map(str::to_owned),
            cases: case
                .map(|name| KnownCase { name: name.to_owned(), judged: false, failures: 0, left_out: false })
                .into_iter()
                .collect(),
            reason: reason.to_owned(),
            link: None,
            sometimes: false,
            failures: 0,
            left_out: false,
        };
        self.entries.push(Entry { rules: pattern.unwrap_or_default(), known });
    }

    /// What is wrong with an entry that the code says, and where.
    pub(crate) fn wrong(&self) -> Option<&str> {
        self.wrong.as_deref()
    }

    /// The entries, of which nothing came yet.
    pub fn entries(&self) -> Vec<Known> {
        self.entries.iter().map(|entry| entry.known.clone()).collect()
    }

    /// Follows one run.
    pub(in crate::suite) fn watch(&self) -> Watch {
        Watch { entries: self.entries.clone(), seen: BTreeSet::new() }
    }
}

/// The ids of all vectors and the sentences of all properties.
fn all_names() -> BTreeSet<String> {
    let vectors = vectors::all().unwrap_or_default().into_iter().map(|ready| ready.vector.id);
    let properties = PROPERTIES.iter().map(|property| property.name).chain([ONE_CHARACTER_EDITS]);
    vectors.chain(properties.map(str::to_owned)).collect()
}

/// Whether a name is what a pattern says, in which `*` stands for any characters.
pub fn fits(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match name.find(part) {
            Some(at) => name = name.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    name.ends_with(last)
}

/// What the known failures come to during a run.
pub(in crate::suite) struct Watch {
    entries: Vec<Entry>,
    /// The names of vectors and properties that were judged.
    seen: BTreeSet<String>,
}

impl Watch {
    /// A check passed or failed.
    pub fn judged(&mut self, name: &str) {
        if self.entries.is_empty() || self.seen.contains(name) {
            return;
        }
        self.seen.insert(name.to_owned());
        let cases = self.entries.iter_mut().flat_map(|entry| &mut entry.known.cases);
        cases.filter(|case| fits(&case.name, name)).for_each(|case| case.judged = true);
    }

    /// Whether a failure is known; it is then counted under every entry that lists it.
    pub fn knows(&mut self, rule: &str, name: &str) -> bool {
        self.each(rule, name, |known| known.failures += 1, |case| case.failures += 1)
    }

    /// A check failed under a rule that the run leaves out.
    pub fn left_out(&mut self, rule: &str, name: &str) {
        self.each(rule, name, |known| known.left_out = true, |case| case.left_out = true);
    }

    /// Does something with every entry that lists a failure, and with its case; whether there is one.
    fn each(&mut self, rule: &str, name: &str, entry: fn(&mut Known), case: fn(&mut KnownCase)) -> bool {
        let mut is_listed = false;
        for Entry { rules, known } in &mut self.entries {
            if rules.as_ref().is_some_and(|rules| !rules.matches(rule)) {
                continue;
            }
            let mut fits_here = known.cases.is_empty();
            for found in known.cases.iter_mut().filter(|case| fits(&case.name, name)) {
                case(found);
                fits_here = true;
            }
            if fits_here {
                entry(known);
                is_listed = true;
            }
        }
        is_listed
    }

    /// What came of each entry.
    pub fn end(self) -> Vec<Known> {
        self.entries.into_iter().map(|entry| entry.known).collect()
    }
}

/// A known failure, or a case of one, that now passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale<'r> {
    /// The entry.
    pub known: &'r Known,
    /// The case in it; `None` for the whole entry.
    pub case: Option<&'r str>,
}

impl std::fmt::Display for Stale<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Known { file, line, .. } = self.known;
        match self.case {
            Some(case) => write!(f, "{}:{line}: \"{}\" now passes", foreign::line(file), foreign::line(case)),
            None => write!(f, "{}:{line}: {} now passes", foreign::line(file), self.known.what()),
        }
    }
}

impl Known {
    /// Why it is tolerated, with its link, on one line.
    pub fn why(&self) -> String {
        match &self.link {
            Some(link) => format!("{} ({})", foreign::line(&self.reason), foreign::line(link)),
            None => foreign::line(&self.reason),
        }
    }

    /// What the entry is about, in words on one line.
    pub fn what(&self) -> String {
        let cases = match &self.cases[..] {
            [] => None,
            [case] => Some(case.name.clone()),
            [case, others @ ..] => Some(format!("{} and {} more", case.name, others.len())),
        };
        match (&self.rules, cases) {
            (Some(rules), Some(cases)) => foreign::line(format!("{rules} in {cases}")),
            (Some(rules), None) => foreign::line(rules),
            (None, cases) => foreign::line(cases.unwrap_or_default()),
        }
    }

    /// Adds what came of the same entry in another part of the run.
    pub(in crate::suite) fn add(&mut self, other: &Self) {
        self.failures = self.failures.saturating_add(other.failures);
        self.left_out |= other.left_out;
        for (case, more) in self.cases.iter_mut().zip(&other.cases) {
            case.failures = case.failures.saturating_add(more.failures);
            case.judged |= more.judged;
            case.left_out |= more.left_out;
        }
    }

    /// The entry as it stands in the file, without what came of it.
    pub(in crate::suite) fn listed(&self) -> Self {
        let case = |case: &KnownCase| KnownCase { judged: false, failures: 0, left_out: false, ..case.clone() };
        Self { failures: 0, left_out: false, cases: self.cases.iter().map(case).collect(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_stars_for_any_characters() {
        for (pattern, name) in
            [("a-b", "a-b"), ("a*", "a-b"), ("*b", "a-b"), ("*", ""), ("a*b*c", "a-bb-c"), ("a**c", "ac")]
        {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("a-b", "a-bc"), ("a*", "b"), ("*b", "ba"), ("a*b*c", "a-c"), ("", "a"), ("ab*ba", "aba")]
        {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_line() {
        for (text, line, part) in [
            ("\n[[known]]\nrules = \"EXP-2\"\n", 2, "no reason"),
            ("[[known]]\nrules = \"EXP-2\"\nreason = \" \"\n", 3, "no reason"),
            ("[[known]]\nreason = \"x\"\n", 1, "neither rules nor cases"),
            ("[[known]]\nrules = \"EXP-99\"\nreason = \"x\"\n", 2, "EXP-99"),
            ("[[known]]\nreason = \"x\"\ncases = [\n\"expiry-*\",\n\"nothing-like-it\"]\n", 5, "nothing-like-it"),
            ("[[known]]\nrules = 7\n", 2, "string"),
            ("[[known]]\nrulez = \"EXP\"\n", 2, "rulez"),
            ("a\nb", 1, "an entry is [[known]]"),
        ] {
            let error = KnownFailures::parse("known.toml", text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("known.toml:{line}: ")) && error.contains(part), "{text:?}: {error}");
        }
        assert_eq!(KnownFailures::parse("known.toml", "# nothing\n").unwrap(), KnownFailures::default());
    }
}
