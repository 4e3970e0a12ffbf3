//! The functions of the specification's notation: what its predicates mean by `unb64`, `key`, `load`, `at` and the like.
//!
//! They are written from the text of `spec/session-lifetime.md`, and share nothing with the model or the verifier. What no
//! vector needs is left out, and said to be unknown: a predicate then says nothing.

pub(super) mod cookie;
pub(super) mod date;
pub(super) mod header;
pub(super) mod json;
pub(super) mod payload;
pub(super) mod view;
pub(super) mod written;

/// Why a value cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Not {
    /// `fails`.
    Readable,
    /// It is beyond what is written here.
    Known,
}
