//! What a run found, and what can be said of it afterwards.
//!
//! [`results`] is the one value that reports are made from. [`known`] are the failures that are listed and tolerated, [`merge`]
//! joins the results of shards, [`drift`] tells whether the vectors changed, and [`coverage`] what each rule rests on.

pub mod coverage;
pub mod drift;
pub mod known;
pub mod merge;
pub mod results;
