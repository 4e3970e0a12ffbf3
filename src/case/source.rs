//! Where the cookie of a request comes from.

use serde::{Deserialize, Serialize};

/// Where a step's cookie comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The cookie that an earlier step set, counted from 0: a copy, or a replay.
    From(usize),
    /// A whole Cookie header.
    Header(String),
    /// What the jar holds now.
    #[default]
    Jar,
    /// No cookie.
    None,
}

/// Whether the cookie is the jar's, which JSON does not say.
pub(super) fn is_jar(source: &Source) -> bool {
    *source == Source::Jar
}
