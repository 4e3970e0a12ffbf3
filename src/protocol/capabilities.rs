//! What an implementation says of itself: the operations and kinds of value that it offers, and how it decides what the
//! specification leaves open.

use super::{store_choices::StoreChoices, story::StoryOffer};
use crate::{config::FallbackTextChoice, value::kind::ValueKind};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt};

/// An operation of the adapter protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Op {
    /// Measure verification.
    Bench,
    /// Answer one request through a whole application.
    Exchange,
    /// Write a session as a cookie value.
    Sign,
    /// Steps that depend on each other, against a store.
    Story,
    /// Read one cookie value.
    Verify,
}

impl Op {
    /// Every operation.
    pub const ALL: [Self; 5] = [Self::Bench, Self::Exchange, Self::Sign, Self::Story, Self::Verify];

    /// The word of the protocol.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bench => "bench",
            Self::Exchange => "exchange",
            Self::Sign => "sign",
            Self::Story => "story",
            Self::Verify => "verify",
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an implementation says of itself. On the adapter protocol it is the answer to `hello`.
///
/// ```
/// use sessionproof::{Capabilities, Choices, ValueKind, protocol::Base64Choice};
///
/// let capabilities = Capabilities::new("port")
///     .version("1.2")
///     .values([ValueKind::Tuple, ValueKind::Bytes])
///     .choices(Choices::default().base64(Base64Choice::Strict));
/// assert!(capabilities.values.contains(&ValueKind::Json));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Capabilities {
    /// The implementation's name.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// What it runs on.
    #[serde(default)]
    pub runtime: String,
    /// The operations that it offers. A Rust type need not list them: [`conformance`](crate::conformance()) finds out which
    /// methods it has.
    pub ops: BTreeSet<Op>,
    /// The kinds of value that it carries.
    #[serde(default = "json_only")]
    pub values: BTreeSet<ValueKind>,
    /// How it decides what the specification leaves open.
    #[serde(default)]
    pub choices: Choices,
    /// What it says about stories, if it offers them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story: Option<StoryOffer>,
}

impl Capabilities {
    /// An implementation that carries plain JSON and decides as Flask does.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: String::new(),
            runtime: "this process".to_owned(),
            ops: BTreeSet::new(),
            values: json_only(),
            choices: Choices::default(),
            story: None,
        }
    }

    /// Sets the version.
    #[must_use]
    pub fn version(self, version: impl Into<String>) -> Self {
        Self { version: version.into(), ..self }
    }

    /// Sets what it runs on.
    #[must_use]
    pub fn runtime(self, runtime: impl Into<String>) -> Self {
        Self { runtime: runtime.into(), ..self }
    }

    /// Adds operations that it offers. A Rust type seldom needs this; an operation that is declared here and never answered
    /// fails the run.
    #[must_use]
    pub fn operations(mut self, ops: impl IntoIterator<Item = Op>) -> Self {
        self.ops.extend(ops);
        self
    }

    /// Adds kinds of value that it carries, beyond plain JSON.
    #[must_use]
    pub fn values(mut self, kinds: impl IntoIterator<Item = ValueKind>) -> Self {
        self.values.extend(kinds);
        self
    }

    /// Sets how it decides what the specification leaves open.
    #[must_use]
    pub fn choices(self, choices: Choices) -> Self {
        Self { choices, ..self }
    }
}

fn json_only() -> BTreeSet<ValueKind> {
    BTreeSet::from([ValueKind::Json])
}

/// Implementation-defined behaviour: what the specification leaves to each implementation. The defaults are Flask's.
///
/// ```
/// use sessionproof::{Choices, protocol::{Base64Choice, CompressionChoice, OnInvalid}};
///
/// let choices = Choices::default()
///     .base64(Base64Choice::Strict)
///     .compression(CompressionChoice::Never)
///     .odd_payload(OnInvalid::Reject);
/// assert_eq!(choices.timestamp_range, OnInvalid::Raise);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Choices {
    /// `SIG-7`.
    pub base64: Base64Choice,
    /// `PAY-14`.
    pub odd_payload: OnInvalid,
    /// `SIG-9`.
    pub timestamp_range: OnInvalid,
    /// `PAY-12`.
    pub compression: CompressionChoice,
    /// `PAY-2`.
    pub key_order: OrderChoice,
    /// `HDR-1`.
    pub duplicates: DuplicatesChoice,
    /// `KEY-4`.
    pub fallback_text: FallbackTextChoice,
    /// Whether `verify` gives its reasons.
    pub reasons: ReasonsChoice,
    /// What is left open about stores.
    #[serde(flatten)]
    pub store: StoreChoices,
}

impl Choices {
    /// Which spellings of base64 are read (`SIG-7`).
    #[must_use]
    pub fn base64(self, base64: Base64Choice) -> Self {
        Self { base64, ..self }
    }

    /// What a signed payload does that is not a session (`PAY-14`).
    #[must_use]
    pub fn odd_payload(self, odd_payload: OnInvalid) -> Self {
        Self { odd_payload, ..self }
    }

    /// What a timestamp beyond the calendar does (`SIG-9`).
    #[must_use]
    pub fn timestamp_range(self, timestamp_range: OnInvalid) -> Self {
        Self { timestamp_range, ..self }
    }

    /// How payloads are compressed (`PAY-12`).
    #[must_use]
    pub fn compression(self, compression: CompressionChoice) -> Self {
        Self { compression, ..self }
    }

    /// The order of keys in a written payload (`PAY-2`).
    #[must_use]
    pub fn key_order(self, key_order: OrderChoice) -> Self {
        Self { key_order, ..self }
    }

    /// Which of several cookies of one name counts (`HDR-1`).
    #[must_use]
    pub fn duplicates(self, duplicates: DuplicatesChoice) -> Self {
        Self { duplicates, ..self }
    }

    /// What text means where the list of fallback keys belongs (`KEY-4`).
    #[must_use]
    pub fn fallback_text(self, fallback_text: FallbackTextChoice) -> Self {
        Self { fallback_text, ..self }
    }

    /// Whether `verify` gives its reasons.
    #[must_use]
    pub fn reasons(self, reasons: ReasonsChoice) -> Self {
        Self { reasons, ..self }
    }

    /// What is left open about stores.
    #[must_use]
    pub fn store(self, store: StoreChoices) -> Self {
        Self { store, ..self }
    }
}

/// Which spellings of base64 are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Base64Choice {
    /// Everything that Python's decoder reads.
    #[default]
    Lenient,
    /// The canonical spelling alone.
    Strict,
}

/// What happens to a cookie that is signed but invalid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OnInvalid {
    /// An error comes out.
    #[default]
    Raise,
    /// An empty session takes its place.
    Reject,
}

/// How payloads are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CompressionChoice {
    /// Another deflate stream, used exactly when it pays.
    Any,
    /// Never when writing.
    Never,
    /// The bytes of stock zlib at its default level.
    #[default]
    Zlib,
}

/// Which of several cookies of one name counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DuplicatesChoice {
    /// The first in the header.
    #[default]
    First,
    /// The last.
    Last,
}

/// The order of keys in a written payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OrderChoice {
    /// Any order.
    Any,
    /// By code point.
    #[default]
    Sorted,
}

/// Whether reasons are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ReasonsChoice {
    /// No reasons.
    #[default]
    None,
    /// The words of the protocol.
    Typed,
}
