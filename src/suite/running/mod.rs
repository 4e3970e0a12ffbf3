//! One run: its checks, their order, and its progress.
//!
//! [`run`] does a whole run, or one [`shard`] of it, and measures its [`times`]. [`live`] knows what cannot be tested on a server
//! with one configuration.

pub(in crate::suite) mod cases;
mod earlier;
pub mod live;
pub mod options;
mod pipeline;
pub mod run;
pub mod shard;
pub mod times;
