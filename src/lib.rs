//! The executable specification of Flask's session lifetime.
//!
//! - [`value`], [`config`], [`clock`] and [`protocol`] are the plain types that everything shares.
//! - [`foreign`] makes text safe to print that comes from elsewhere.
//! - [`model`] is the specification in code, slow and plain; its rules are numbered in `spec/session-lifetime.md`.
//! - [`explore`] searches every state that small worlds of the model can reach.
//! - [`predicates`] are the rules as functions of one observed call, independent of the model.
//! - [`verifier`] reads and writes cookies fast, and shares nothing with the model but the plain types.
//! - [`mod@bench`] measures it, and others beside it.
//! - [`mutants`] are implementations that are wrong in one thing each, to try a suite on.
//! - [`adapter`] is how an implementation under test is reached, [`suite`] what it is held against, and [`report`] how the
//!   results are told.
//! - [`inspect`] looks at one cookie, and asks the model what would become of it.
//! - [`conformance()`] and [`conformance_tests!`] are the same for implementers in Rust.

// What is not a test has no right to give up.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::todo)
)]

#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod adapter;
#[cfg(feature = "cli")]
#[forbid(unsafe_code)]
pub mod bench;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod bounded;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod bundled;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod case;
#[forbid(unsafe_code)]
pub mod clock;
#[forbid(unsafe_code)]
pub mod config;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod conformance;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod cookie_text;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod evidence;
#[cfg(feature = "cli")]
#[forbid(unsafe_code)]
pub mod explore;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod foreign;
#[cfg(feature = "cli")]
#[forbid(unsafe_code)]
pub mod inspect;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod interruption;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod json;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod model;
#[cfg(feature = "cli")]
#[forbid(unsafe_code)]
pub mod mutants;
#[cfg(feature = "cli")]
#[forbid(unsafe_code)]
pub mod predicates;
#[cfg(feature = "cli")]
#[forbid(unsafe_code)]
pub mod processes;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod protocol;
#[cfg(feature = "cli")]
#[forbid(unsafe_code)]
pub mod protocol_check;
#[forbid(unsafe_code)]
mod reason;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod report;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod rules;
#[cfg(feature = "cli")]
#[forbid(unsafe_code)]
pub mod setup;
pub mod stock_zlib;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod suite;
#[forbid(unsafe_code)]
pub mod value;
pub mod verifier;

#[cfg(feature = "conformance")]
pub use adapter::{AdapterError, CallError, Implementation};
pub use clock::UnixTime;
pub use config::{Config, Fallbacks, Key, Lifetime};
#[cfg(feature = "conformance")]
pub use conformance::conformance;
#[cfg(feature = "conformance")]
pub use protocol::{Capabilities, Choices, Op, Response, SignOutcome, ValueKind, VerifyOutcome};
pub use reason::Reason;
#[cfg(feature = "conformance")]
pub use suite::{
    generate::sizes::Preset,
    outcome::results::{Outcome, Results},
    running::options::Options,
};
pub use value::{Map, Value};
pub use verifier::Verifier;
