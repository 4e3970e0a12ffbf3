//! The conformance suite: vectors, properties and the runner that holds an implementation against them.
//!
//! The suite knows an implementation only through [`crate::adapter::Implementation`]; every verdict cites a rule.
//!
//! - [`rules`] reads the specification, [`vectors`] the recorded answers of real Flask, [`drift`] tells whether they changed,
//!   [`revision`] which of them belong to a published set;
//! - [`properties`] and [`generate`] make the generated cases;
//! - [`scenario`] is what is asked in one check, [`world`] a whole story as one; [`compare`] tells whether one answer is right,
//!   [`blame`] which rule it breaks, [`invariants`] what no story may show, [`judge`] the verdict on a check, [`shrink`] the
//!   smallest case of a failure;
//! - [`live`] tells what a server with one configuration cannot be asked;
//! - [`observations`] are what real browsers were seen to do; [`coverage`] tells what each rule rests on;
//! - [`run`] does a whole run, or one [`shard`] of it, and gives [`results`] with their [`times`]; [`merge`] joins those of shards.

pub mod blame;
mod cases;
pub mod compare;
pub mod coverage;
pub mod drift;
pub mod generate;
pub mod invariants;
pub mod judge;
mod kept;
pub mod known;
pub mod live;
pub mod merge;
pub mod observations;
mod pipeline;
pub mod properties;
pub mod results;
pub mod revision;
pub mod rules;
pub mod run;
pub mod scenario;
pub mod shard;
pub mod shrink;
pub mod times;
pub mod vectors;
pub mod world;

#[cfg(test)]
mod schema;
