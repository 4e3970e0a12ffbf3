//! Frozen sets of requirements: the rules and vectors of a revision of the specification when it was published.
//!
//! A later revision may add rules and vectors. A run with an earlier revision uses that one alone, so that no later addition can
//! turn a conformant implementation into one that is not. A published revision never changes, which a test checks.

use super::vectors::{LoadedVector, STORES, Vector};
use crate::bundled;
use crate::json::json;
use crate::rules::{self, Pattern, Profile};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Where the revisions are, from the top of the project.
const FOLDER: &str = "vectors/revisions/";

/// One revision of the specification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// Its name, such as `flask-3.1.r1`.
    pub name: String,
    /// The rules in force.
    pub rules: BTreeSet<String>,
    /// The vectors, each with the fingerprint of what it asks and expects.
    pub vectors: BTreeMap<String, String>,
}

impl Revision {
    /// The revision of a name; the error names those that there are.
    pub fn find(name: &str) -> Result<Self, String> {
        let mut all = all()?;
        match all.iter().position(|revision| revision.name == name) {
            Some(at) => Ok(all.swap_remove(at)),
            None => {
                let names: Vec<_> = all.into_iter().map(|revision| revision.name).collect();
                Err(format!("there is no revision {name:?}; there are {}", names.join(", ")))
            }
        }
    }

    /// The newest revision of a profile.
    pub fn newest(profile: Profile) -> Result<Self, String> {
        let mut of_profile = all()?.into_iter().filter(|revision| revision.profile() == profile);
        of_profile.next_back().ok_or_else(|| "no revision is in this binary".to_owned())
    }

    /// What it is about.
    pub fn profile(&self) -> Profile {
        if self.name.starts_with(STORES) { Profile::Store } else { Profile::Cookie }
    }

    /// Both revisions together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.name = format!("{} and {}", self.name, other.name);
        self.rules.extend(other.rules);
        self.vectors.extend(other.vectors);
        self
    }

    /// Everything of a profile that is in force now, under a name.
    pub fn of_now(name: &str, profile: Profile, vectors: &[LoadedVector]) -> Self {
        Self {
            name: name.to_owned(),
            rules: rules::of(profile).map(|rule| rule.id.clone()).collect(),
            vectors: vectors.iter().map(|ready| (ready.vector.id.clone(), fingerprint(&ready.vector))).collect(),
        }
    }

    /// The vectors of this revision, among all.
    pub fn vectors(&self, all: Vec<LoadedVector>) -> Vec<LoadedVector> {
        all.into_iter().filter(|ready| self.vectors.contains_key(&ready.vector.id)).collect()
    }

    /// The pattern, without the rules that came later.
    pub fn restrict(&self, pattern: Pattern) -> Pattern {
        pattern.among(&self.rules)
    }

    /// The file's text: one vector a line.
    pub fn to_text(&self) -> String {
        let lines: Vec<_> = self.vectors.iter().map(|(id, print)| format!("{}:{}", json!(id), json!(print))).collect();
        let (name, rules) = (json!(self.name), json!(self.rules));
        format!("{{\"name\":{name},\n\"rules\":{rules},\n\"vectors\":{{\n{}\n}}}}\n", lines.join(",\n"))
    }
}

/// All revisions, the oldest first.
pub fn all() -> Result<Vec<Revision>, String> {
    let mut all = Vec::new();
    for (path, text) in bundled::under(FOLDER) {
        let revision: Revision = crate::json::from_str(text).map_err(|error| format!("{path}: {error}"))?;
        all.push(revision);
    }
    all.sort_by_key(|revision: &Revision| number(&revision.name));
    Ok(all)
}

/// The number behind `r`.
fn number(name: &str) -> u32 {
    name.rsplit_once(".r").and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
}

/// Some of the SHA-256 of a vector's kind, input and output: its comment and rules may be put better.
fn fingerprint(vector: &Vector) -> String {
    let meaning = json!([vector.kind, vector.input, vector.output]).to_string();
    Sha256::digest(meaning).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::vectors::{self, SPEC};
    use std::{env, fs, path::Path};

    #[test]
    fn what_a_revision_lists_is_neither_changed_nor_taken_away() {
        for revision in all().unwrap() {
            let now = now(&revision.name, revision.profile());
            for rule in &revision.rules {
                assert!(now.rules.contains(rule), "{}: rule {rule} is gone", revision.name);
            }
            for (id, print) in &revision.vectors {
                assert_eq!(now.vectors.get(id), Some(print), "{}: vector {id} is gone or changed", revision.name);
            }
        }
    }

    /// `UPDATE_REVISION=1 cargo test revision` rewrites the newest revision, which is allowed only until it is published.
    #[test]
    fn every_rule_and_vector_belongs_to_the_newest_revision() {
        for (profile, first) in [(Profile::Cookie, SPEC), (Profile::Store, STORES)] {
            let name = Revision::newest(profile).map_or_else(|_| format!("{first}.r1"), |newest| newest.name);
            is_kept(&now(&name, profile));
        }
    }

    fn now(name: &str, profile: Profile) -> Revision {
        let vectors = match profile {
            Profile::Cookie => vectors::embedded(),
            Profile::Store => vectors::of_stores(),
        };
        Revision::of_now(name, profile, &vectors.unwrap())
    }

    fn is_kept(now: &Revision) {
        let name = &now.name;
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join(format!("{name}.json"));
        if env::var_os("UPDATE_REVISION").is_some() {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, now.to_text()).unwrap();
        }
        let kept = fs::read_to_string(&file).unwrap_or_default();
        let missing = "new rules or vectors: add them to a new revision in vectors/revisions";
        assert!(
            kept == now.to_text(),
            "{missing}, or run UPDATE_REVISION=1 cargo test revision before {name} is published"
        );
    }

    #[test]
    fn an_earlier_revision_leaves_out_what_came_later() {
        let vectors = vectors::embedded().unwrap();
        let mut earlier = Revision::of_now("flask-3.1.r0", Profile::Cookie, &vectors);
        earlier.rules.retain(|rule| rule != "EXP-2");
        earlier.vectors.retain(|id, _| id.starts_with("expiry-"));
        let pattern = earlier.restrict(Pattern::default());
        assert!(pattern.matches("EXP-1") && !pattern.matches("EXP-2"));
        assert!(earlier.vectors(vectors).iter().all(|ready| ready.vector.id.starts_with("expiry-")));
    }

    #[test]
    fn an_unknown_revision_is_refused_with_the_names_of_those_there_are() {
        let error = Revision::find("flask-9").unwrap_err();
        assert!(error.contains("flask-3.1.r1"), "{error}");
    }
}
