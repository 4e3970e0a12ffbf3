//! One run: which checks there are, in which order they are asked, and how far they have come.
//!
//! [`run`] does a whole run, or one [`shard`] of it, and measures its [`times`]. [`live`] tells what a server with one configuration
//! cannot be asked.

mod cases;
pub mod live;
pub mod options;
mod pipeline;
pub mod run;
pub mod shard;
pub mod times;
