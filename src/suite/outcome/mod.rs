//! What a run found.
//!
//! [`results`] is the one value that reports are made from. A [`failure`] is a failed check, [`broken`] are the checks in which
//! the adapter broke, and [`known`] are the listed and tolerated failures. [`diagnosis`] says which known mistakes explain the
//! failures, [`merge`] joins the results of shards, [`drift`] decides whether vectors changed, and [`coverage`] lists the
//! evidence for each rule.

pub mod broken;
pub mod coverage;
pub mod diagnosis;
pub mod drift;
pub mod failure;
pub mod known;
pub mod listing;
pub mod merge;
pub mod results;
pub(crate) mod samples;
