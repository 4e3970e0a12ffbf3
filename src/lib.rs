//! The executable specification of Flask's session lifetime.
//!
//! - [`value`], [`config`], [`clock`] and [`protocol`] are the plain types that everything shares.
//! - [`foreign`] makes text from elsewhere safe to print.
//! - [`model`] is the specification in code, slow and plain; its rules are numbered in `spec/session-lifetime.md`.
//! - `explore` searches every state of small worlds of the model (a feature of that name, on by default).
//! - [`verifier`] reads and writes cookies fast, and shares only the plain types with the model.
//! - [`mod@bench`] measures it and other implementations.
//! - [`mutants`] are implementations that are wrong in one thing each, to test a suite with.
//! - [`adapter`] reaches an implementation under test, [`suite`] tests it, and [`report`] shows the results.
//! - [`inspect`] explains one cookie, by asking the model.
//! - [`conformance()`] and [`conformance_tests!`] are the same for implementers in Rust.

// Only tests may panic.
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
pub mod bundled;
#[forbid(unsafe_code)]
pub mod case;
#[forbid(unsafe_code)]
pub mod clock;
#[forbid(unsafe_code)]
pub mod config;
#[forbid(unsafe_code)]
pub mod conformance;
#[forbid(unsafe_code)]
pub mod evidence;
#[cfg(feature = "explore")]
#[forbid(unsafe_code)]
pub mod explore;
#[forbid(unsafe_code)]
pub mod foreign;
#[forbid(unsafe_code)]
pub mod inspect;
#[forbid(unsafe_code)]
pub mod model;
#[forbid(unsafe_code)]
pub mod mutants;
#[forbid(unsafe_code)]
pub mod processes;
#[forbid(unsafe_code)]
pub mod protocol;
#[forbid(unsafe_code)]
pub mod protocol_check;
#[forbid(unsafe_code)]
pub mod report;
#[forbid(unsafe_code)]
pub mod setup;
#[forbid(unsafe_code)]
pub mod spec;
#[forbid(unsafe_code)]
pub mod suite;
#[forbid(unsafe_code)]
pub mod value;
pub mod verifier;

pub use conformance::conformance;
