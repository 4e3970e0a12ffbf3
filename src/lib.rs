//! The executable specification of Flask's session lifetime.
//!
//! - [`value`], [`config`], [`clock`] and [`protocol`] are the plain types that everything shares.

pub mod adapter;
pub mod clock;
pub mod config;
pub mod model;
pub mod protocol;
pub mod suite;
pub mod value;
