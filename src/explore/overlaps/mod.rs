//! The search over requests that overlap: every interleaving in small worlds of tabs, one application and its store.
//!
//! The implementation is the model of stores, with or without mistakes. What is claimed of it does not come from the model: an
//! [`observer`] sees requests, answers and the keys in the store, and the [`properties`] are about what it saw.
//!
//! - [`world`]: the worlds;
//! - [`event`]: what may happen, and how a story asks it;
//! - [`observer`]: what can be known from outside;
//! - [`properties`]: the rules as predicates over that;
//! - [`system`]: a world as a system to search;
//! - [`story`]: runs as stories of the protocol;
//! - [`timeline`]: a run as text.

pub mod event;
pub mod observer;
pub mod properties;
pub mod story;
pub mod system;
pub mod timeline;
pub mod world;

#[cfg(test)]
mod tests;
