//! The conformance suite: vectors, properties and the runner that holds an implementation against them.
//!
//! The suite knows an implementation only through [`crate::adapter::Implementation`]; every verdict cites a rule.

pub mod compare;
pub mod generate;
pub mod properties;
pub mod rules;
pub mod scenario;
#[cfg(test)]
mod schema;
pub mod vectors;
