//! The conformance suite: generated cases, the runner, the verdicts and the results.
//!
//! The suite knows an implementation only through [`crate::adapter::Implementation`]; every verdict cites a rule.
//!
//! - [`generate`] makes inputs, and [`properties`] says what must be true of the answers;
//! - [`running`] asks, [`judging`] decides, and [`outcome`] holds what came of it.

pub mod generate;
pub mod judging;
pub mod outcome;
pub mod properties;
pub mod running;
