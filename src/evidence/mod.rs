//! Recordings of the real thing, inside the binary.
//!
//! [`vectors`] are the answers of real Flask, [`observations`] what real browsers did, and [`revision`] the vectors and rules of
//! a published set. [`history`] tells which releases keep which rules, and [`standing`] what a broken rule is for a release: a
//! published defect, a defect, or the behaviour of its day.

pub mod history;
pub mod observations;
pub mod revision;
pub mod standing;
pub mod vectors;

#[cfg(test)]
mod schema;
