//! The executable specification of Flask's session lifetime, and a conformance suite for everyone who reads or writes Flask's
//! session cookie outside Flask.
//!
//! # Test your own implementation
//!
//! Write what your code does behind [`Implementation`], and let [`conformance_tests!`] make a `#[test]` of each numbered
//! rule. The methods that you write are the operations that you offer: a reader has [`verify`](Implementation::verify) alone.
//!
//! ```
//! // tests/conformance.rs
//! use sessionproof::{CallError, Capabilities, Implementation, Verifier, VerifyOutcome, protocol::Verify};
//!
//! struct Port;
//!
//! impl Implementation for Port {
//!     fn capabilities(&self) -> Capabilities {
//!         Capabilities::new("my port").values(sessionproof::ValueKind::ALL)
//!     }
//!
//!     // Call your own code here.
//!     fn verify(&self, call: &Verify) -> Result<VerifyOutcome, CallError> {
//!         let Ok(verifier) = Verifier::new(&call.config) else { return Ok(VerifyOutcome::Rejected(None)) };
//!         Ok(match verifier.load(&call.cookie, call.now) {
//!             Ok(session) => VerifyOutcome::Accepted(session),
//!             Err(error) if error.reason().is_some() => VerifyOutcome::Rejected(None),
//!             Err(error) => VerifyOutcome::Raised(error.to_string()),
//!         })
//!     }
//! }
//!
//! sessionproof::conformance_tests!(Port);
//! ```
//!
//! [`conformance()`] gives the results as a value. [`Options`] choose rules, more generated cases, and known failures.
//!
//! # Read cookies
//!
//! [`Verifier`] checks, reads and writes cookies fast. The time is an argument, so that a test can set it.
//!
//! ```
//! use sessionproof::{Config, Lifetime, UnixTime, Verifier};
//! use std::time::Duration;
//!
//! #[derive(serde::Deserialize)]
//! struct Session {
//!     user_id: u64,
//! }
//!
//! let config = Config::with_key("development key").lifetime(Duration::from_secs(1800));
//! let verifier = Verifier::new(&config)?;
//! let cookie = verifier.sign(&[("user_id", 8)].into_iter().collect(), UnixTime::now())?;
//!
//! let session: Session = verifier.load_as(&cookie, UnixTime::now())?;
//! assert_eq!(session.user_id, 8);
//!
//! let header = format!("theme=dark; session={cookie}");
//! let session = verifier.load_header(header.as_bytes(), UnixTime::now())?.unwrap_or_default();
//! assert_eq!(session.get("user_id").and_then(|id| id.as_u64()), Some(8));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is stable
//!
//! The names at the root of this crate, and the modules [`adapter`], [`clock`], [`config`], [`conformance`](mod@conformance),
//! [`protocol`], [`value`] and [`verifier`], as far as this documentation shows them. They change in a breaking way only with the
//! version's first number that is not zero. The numbers of rules, the ids of vectors and so the names of generated tests
//! (`exp_2`) stay within a major version.
//!
//! Types that the specification can make grow are `#[non_exhaustive]`: make them by their constructors and builders. A new
//! rule, vector or generated case may make a test fail that passed before; that is no breaking change.
//!
//! The modules `clock`, `config`, `value` and `verifier` are in the package `sessionproof-core`. Use them by the names of this
//! crate.
//!
//! The feature `quickcheck` gives the types of `config`, `clock` and `value` the trait `Arbitrary` of that crate.
//!
//! Everything else is public for the program `sessionproof` and for the tests of this project, is hidden here, and changes
//! without notice.

// Only tests may panic.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::todo)
)]

#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod adapter;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
mod adapter_error;
#[cfg(feature = "cli")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod bench;
#[cfg(feature = "conformance")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod bounded;
#[cfg(feature = "conformance")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod bundled;
#[cfg(feature = "conformance")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod case;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod conformance;
#[cfg(feature = "conformance")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod cookie_text;
#[cfg(feature = "cli")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod diagnosis;
#[cfg(feature = "conformance")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod evidence;
#[cfg(feature = "cli")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod explore;
#[cfg(feature = "conformance")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod foreign;
#[cfg(feature = "cli")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod inspect;
#[cfg(feature = "conformance")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod interruption;
#[cfg(feature = "conformance")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod model;
#[cfg(feature = "cli")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod mutants;
#[cfg(feature = "cli")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod predicates;
#[cfg(feature = "cli")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod processes;
#[cfg(feature = "conformance")]
#[forbid(unsafe_code)]
pub mod protocol;
#[cfg(feature = "cli")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod protocol_check;
#[cfg(feature = "conformance")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod report;
#[cfg(feature = "conformance")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod rules;
#[cfg(feature = "cli")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod setup;
#[cfg(feature = "conformance")]
#[doc(hidden)]
#[forbid(unsafe_code)]
pub mod suite;

#[doc(inline)]
pub use sessionproof_core::{clock, config, value, verifier};
#[cfg(feature = "conformance")]
#[doc(hidden)]
pub use sessionproof_core::{json, json_literal};
#[doc(hidden)]
pub use sessionproof_core::{reason, stock_zlib};

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
pub use rules::Pattern as RulePattern;
#[cfg(feature = "conformance")]
pub use suite::{
    generate::sizes::Preset,
    outcome::results::{Outcome, Results},
    running::options::Options,
};
pub use value::{Map, Value};
pub use verifier::Verifier;
