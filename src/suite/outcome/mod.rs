//! What a run found.
//!
//! [`results`] is the one value that reports are made from. [`known`] are the listed and tolerated failures, [`merge`] joins the
//! results of shards, [`drift`] decides whether vectors changed, and [`coverage`] lists the evidence for each rule.

pub mod coverage;
pub mod drift;
pub mod known;
pub mod listing;
pub mod merge;
pub mod results;
