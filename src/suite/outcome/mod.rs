//! What a run found.
//!
//! [`results`] is the one value that reports are made from. [`broken`] are the checks in which the adapter broke. [`known`] are the listed and tolerated failures, [`merge`] joins the
//! results of shards, [`drift`] decides whether vectors changed, and [`coverage`] lists the evidence for each rule.
//! [`diagnosis`] says which known mistakes explain the failures.

pub mod broken;
pub mod coverage;
pub mod diagnosis;
pub mod drift;
pub mod known;
pub mod listing;
pub mod merge;
pub mod results;
pub(crate) mod samples;
