//! What was recorded from the real thing and travels inside the binary.
//!
//! [`vectors`] are the answers of real Flask, [`observations`] what real browsers did, and [`revision`] tells which vectors belong
//! to a published set.

pub mod observations;
pub mod revision;
pub mod vectors;

#[cfg(test)]
mod schema;
