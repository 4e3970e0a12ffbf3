//! JSON as this crate needs it: members keep their order, and numbers are read exactly.
//!
//! `serde_json` does both only by features that change every other user of that crate in the same build. An implementation under
//! test may be one of them, and must be tested as it ships. So this crate turns on none of these features: `serde_json` reads
//! the text, and what it would lose is kept here.
//!
//! [`from_str`] and [`from_slice`] read any type, and [`Json`] is JSON of any shape.

mod access;
mod de;
mod make;
mod read;

pub use make::{from_value, to_value};
pub use read::{from_slice, from_str};
pub use serde_json::Error;

#[doc(hidden)]
pub use crate::json_literal as json;

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;

/// The members of an object, in the order of the text. Where a name stands twice, the last value counts, at the first place.
pub type Object = IndexMap<String, Json>;

/// JSON of any shape.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names are those of JSON")]
pub enum Json {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Json>),
    Object(Object),
}

/// A number: an integer that 64 bits hold, or the nearest float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Written with a point or an exponent, beyond 64 bits, or `-0`.
    Float(f64),
    /// An integer below zero.
    Negative(i64),
    /// Any other integer.
    Positive(u64),
}

impl Number {
    /// The number of a text that is one by JSON's grammar.
    fn parse(text: &str) -> Option<Self> {
        let is_integer = !text.contains(['.', 'e', 'E']) && text != "-0";
        let integer = || match text.starts_with('-') {
            true => text.parse().map(Self::Negative).ok(),
            false => text.parse().map(Self::Positive).ok(),
        };
        is_integer.then(integer).flatten().or_else(|| text.parse().map(Self::Float).ok())
    }

    /// The number where it is an integer that `i64` holds.
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Self::Float(_) => None,
            Self::Negative(number) => Some(number),
            Self::Positive(number) => number.try_into().ok(),
        }
    }

    /// The number where it is an integer that `u64` holds.
    pub fn as_u64(self) -> Option<u64> {
        match self {
            Self::Positive(number) => Some(number),
            Self::Float(_) | Self::Negative(_) => None,
        }
    }

    /// The nearest float.
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Float(number) => number,
            Self::Negative(number) => number as f64,
            Self::Positive(number) => number as f64,
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Negative(number) => serializer.serialize_i64(*number),
            Self::Positive(number) => serializer.serialize_u64(*number),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Json::deserialize(deserializer)?.as_number().ok_or_else(|| D::Error::custom("a number is needed"))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members) => serializer.collect_map(members),
        }
    }
}

/// The text without spaces.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
