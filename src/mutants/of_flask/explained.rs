//! Why mutants of real Flask survive: what each of them changes is not visible in a cookie or a response of a session.

use super::{Fate, Mutant};
use serde::Deserialize;

/// The explanations, read once with each run.
const TEXT: &str = include_str!("explained.toml");

/// All explanations.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explained {
    /// Of mutants that survive.
    pub survivors: Vec<Reason>,
    /// Of functions that no check reaches, or not to their end.
    pub unreached: Vec<Reason>,
}

/// Why some mutants survive.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The reason, as a sentence.
    pub because: String,
    /// Ids of mutants; of what is not reached also places: modules, classes and functions with all that is in them.
    pub mutants: Vec<String>,
}

impl Reason {
    /// Whether it is about a mutant.
    pub fn is_about(&self, mutant: &Mutant) -> bool {
        self.mutants.iter().any(|name| is_in(&mutant.id, name))
    }
}

/// Whether an id is a name, or the name is of a module, a class or a function around it.
fn is_in(id: &str, name: &str) -> bool {
    id.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '.']))
}

impl Explained {
    /// Those that this binary carries.
    ///
    /// # Errors
    ///
    /// What is wrong with the file.
    pub fn embedded() -> Result<Self, String> {
        toml::from_str(TEXT).map_err(|error| format!("src/mutants/of_flask/explained.toml: {error}"))
    }

    /// The reason why a mutant has a fate; `None` if it has none, or needs none.
    pub fn why(&self, mutant: &Mutant, fate: &Fate) -> Option<&Reason> {
        let reasons = match fate {
            Fate::Broke(_) | Fate::Killed(_) => return None,
            Fate::NotReached => &self.unreached,
            Fate::Survived => &self.survivors,
        };
        reasons.iter().find(|reason| reason.is_about(mutant))
    }

    /// Names that no mutant of a list has.
    pub fn unknown<'e>(&'e self, mutants: &[Mutant]) -> Vec<&'e str> {
        let names = self.survivors.iter().chain(&self.unreached).flat_map(|reason| &reason.mutants);
        names.filter(|name| !mutants.iter().any(|mutant| is_in(&mutant.id, name))).map(String::as_str).collect()
    }

    /// Whether a mutant is explained as one that survives, by its own id.
    pub fn says_that_it_survives(&self, mutant: &Mutant) -> bool {
        self.survivors.iter().any(|reason| reason.is_about(mutant))
    }
}
