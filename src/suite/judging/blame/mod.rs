//! Which rule a difference breaks, as far as the call, the expected answer and the given answer show it.
//!
//! An answer may be wrong for many reasons, and only the implementation knows which. [`Suspects::rule`] is the rule that fits
//! best, and [`Suspects::also`] are others that a check may be about. A vector that cites none of them is about something else,
//! and its rules are not blamed.

mod cookie;
mod exchange;
mod payload;

pub(in crate::suite) use cookie::{
    age, ends_at_the_timestamp, has_unusual_key, is_unusual, leads_beyond_the_calendar, payload, timestamp,
};
pub use cookie::{signature, verdict, writing};
pub use exchange::{attribute, deleted, is_modifying, missing, opened, renewal, result, status, unasked, vary};
pub(in crate::suite) use exchange::{header, is_unreadable, only_kind};
pub(in crate::suite) use payload::is_reordered;
pub use payload::{values, written};

/// The rules that a difference may break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspects {
    /// The likeliest.
    pub rule: &'static str,
    /// Others, as numbers or families.
    pub also: &'static [&'static str],
}

impl From<&'static str> for Suspects {
    /// The rule that the difference alone shows.
    fn from(rule: &'static str) -> Self {
        Self { rule, also: &[] }
    }
}
