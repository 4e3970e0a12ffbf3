//! The kinds of session values, as implementations declare them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A kind of session value that an implementation may carry or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ValueKind {
    /// Bytes.
    Bytes,
    /// Points in time.
    Datetime,
    /// Floats that plain JSON numbers do not tell from integers, and those that are no numbers.
    Floats,
    /// Integers that a double does not hold exactly.
    Integers,
    /// Plain JSON.
    Json,
    /// Maps with keys that are not text.
    Map,
    /// HTML-safe text.
    Markup,
    /// Text with lone surrogates.
    Surrogates,
    /// Tuples.
    Tuple,
    /// UUIDs.
    Uuid,
}

impl ValueKind {
    /// Every kind of value.
    pub const ALL: [Self; 10] = [
        Self::Bytes,
        Self::Datetime,
        Self::Floats,
        Self::Integers,
        Self::Json,
        Self::Map,
        Self::Markup,
        Self::Surrogates,
        Self::Tuple,
        Self::Uuid,
    ];

    /// The word of the protocol.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Datetime => "datetime",
            Self::Floats => "floats",
            Self::Integers => "integers",
            Self::Json => "json",
            Self::Map => "map",
            Self::Markup => "markup",
            Self::Surrogates => "surrogates",
            Self::Tuple => "tuple",
            Self::Uuid => "uuid",
        }
    }
}

impl fmt::Display for ValueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
