//! The ids of an implementation beside those of the model.

use std::collections::{BTreeMap, BTreeSet};

/// Which of the model's ids each value of the cookie stands for.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    of_model: BTreeMap<String, String>,
    literal: BTreeSet<String>,
}

impl Ids {
    /// The model's id of a value; a value that was never set stands for itself.
    pub(super) fn of_model(&self, value: &str) -> String {
        self.of_model.get(value).cloned().unwrap_or_else(|| value.to_owned())
    }

    /// Whether a value was set before, and for which id.
    pub(super) fn known(&self, value: &str) -> Option<&str> {
        self.of_model.get(value).map(String::as_str)
    }

    /// From now on a value stands for an id.
    pub(super) fn bind(&mut self, value: &str, id: &str) {
        self.of_model.insert(value.to_owned(), id.to_owned());
    }

    /// A value that the story itself makes up.
    pub(super) fn literal(&mut self, value: String) {
        self.literal.insert(value);
    }

    /// Whether the story made a value up.
    pub(super) fn is_literal(&self, value: &str) -> bool {
        self.literal.contains(value)
    }
}
