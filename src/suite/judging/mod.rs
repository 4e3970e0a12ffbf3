//! From an answer to a verdict.
//!
//! [`compare`] decides whether one answer is right, [`blame`] which rule it may break, `counterfactual` asks again to find out
//! which rule it does break, [`invariants`] says what no story may show,
//! [`judge`] gives the verdict on a check, and [`shrink`] finds the smallest case of a failure.

pub mod blame;
pub mod compare;
pub(in crate::suite) mod counterfactual;
pub mod divergence;
pub mod invariants;
pub mod judge;
pub(in crate::suite) mod kept;
pub mod shrink;
pub(in crate::suite) mod stories;
