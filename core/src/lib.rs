//! What every part of `sessionproof` stands on: the configuration, the clock, the values of a session, and the verifier, which reads
//! and writes cookies fast. It is a package of its own so that it alone is optimised for speed; use it by the names that the crate
//! `sessionproof` gives it.

// Only tests may panic.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, clippy::todo)
)]

#[cfg(any(test, feature = "quickcheck"))]
#[forbid(unsafe_code)]
mod arbitrary;
#[forbid(unsafe_code)]
pub mod clock;
#[forbid(unsafe_code)]
pub mod config;
#[cfg(feature = "json")]
#[forbid(unsafe_code)]
pub mod json;
#[forbid(unsafe_code)]
pub mod reason;
pub mod stock_zlib;
#[forbid(unsafe_code)]
pub mod value;
pub mod verifier;
