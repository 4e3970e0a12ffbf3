//! The executable specification of Flask's session lifetime.
//!
//! - [`value`], [`config`], [`clock`] and [`protocol`] are the plain types that everything shares.
//! - [`foreign`] makes text safe to print that comes from elsewhere.
//! - [`model`] is the specification in code, slow and plain; its rules are numbered in `spec/session-lifetime.md`.
//! - [`predicates`] are the rules as functions of one observed call, independent of the model.
//! - `explore` searches every state that a small world of the model can come to (the feature of that name, on by default).
//! - [`verifier`] reads and writes cookies fast, and shares nothing with the model but the plain types.
//! - [`mod@bench`] measures it, and others beside it.
//! - [`faults`] are implementations that are wrong in one thing each, to try a suite on.
//! - [`adapter`] is how an implementation under test is reached, [`suite`] what it is held against, and [`report`] how the
//!   results are told.
//! - [`inspect`] looks at one cookie, and asks the model what would become of it.
//! - [`conformance()`] and [`conformance_tests!`] are the same for implementers in Rust.

// What is not a test has no right to give up.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::todo)
)]

#[forbid(unsafe_code)]
pub mod adapter;
#[forbid(unsafe_code)]
pub mod bench;
#[forbid(unsafe_code)]
pub mod bounded;
#[forbid(unsafe_code)]
pub mod clock;
#[forbid(unsafe_code)]
pub mod config;
#[forbid(unsafe_code)]
pub mod conformance;
#[forbid(unsafe_code)]
pub mod embedded;
#[cfg(feature = "explore")]
#[forbid(unsafe_code)]
pub mod explore;
#[forbid(unsafe_code)]
pub mod faults;
#[forbid(unsafe_code)]
pub mod foreign;
#[forbid(unsafe_code)]
pub mod inspect;
#[forbid(unsafe_code)]
pub mod model;
#[forbid(unsafe_code)]
pub mod predicates;
#[forbid(unsafe_code)]
pub mod protocol;
#[forbid(unsafe_code)]
pub mod report;
#[forbid(unsafe_code)]
pub mod suite;
#[forbid(unsafe_code)]
pub mod value;
pub mod verifier;

pub use conformance::conformance;
