//! Which rule a difference breaks: what can be told from the call, the expected answer and the given one.
//!
//! An answer may be wrong for many reasons, and the reasons are the implementation's secret. What is told is the rule that fits
//! best, as [`Suspects::rule`]; [`Suspects::also`] are those that a check may be about instead. A vector that cites none of
//! either is about something else, and is not blamed on what it cites.

mod cookie;
mod exchange;
mod payload;

pub use cookie::{signature, verdict, writing};
pub use exchange::{attribute, deleted, is_modifying, missing, opened, renewal, result, status, unasked, vary};
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
    /// A rule that the difference alone tells.
    fn from(rule: &'static str) -> Self {
        Self { rule, also: &[] }
    }
}
