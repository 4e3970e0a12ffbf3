//! Bounded model checking of the model: every state that small worlds of browsers and servers can reach, and every
//! transition between them.
//!
//! These files know nothing of sessions:
//!
//! - [`system`]: what a search needs to know of a system;
//! - [`graph`]: the states and transitions of a system, found breadth first;
//! - [`search`]: the search, which decides each property and finds shortest witnesses;
//! - [`shortest`]: the shortest run that shows something, as soon as it is found;
//! - [`covering`]: runs on which every transition of a system is taken.
//!
//! These make systems of the model:
//!
//! - [`configuration`]: the worlds, and what may happen in them;
//! - [`event`] and [`state`]: what happens, and when two states are the same;
//! - [`observation`]: what is seen of an event;
//! - [`exploration`]: a configuration as a system, whose transitions are the model's own;
//! - [`mutants`]: systems with a planted mistake, which a search must find;
//! - [`per_user`]: the recipe for a lifetime per user, searched for what one user does to another;
//! - [`sequences`]: covering runs as servers see them: vectors, and requests that any implementation can be asked;
//! - [`timeline`]: a run as text, one line for each event.
//!
//! [`overlaps`] has the worlds of sessions in a store, whose requests overlap.
//!
//! It knows the model, and the model does not know it. It does not know implementations under test.

pub mod configuration;
pub mod covering;
pub mod event;
mod eventually;
pub mod exploration;
pub mod graph;
pub mod mutants;
pub mod observation;
pub mod overlaps;
pub mod per_user;
mod properties;
pub mod search;
pub mod sequences;
pub mod shortest;
pub mod state;
pub mod system;
pub mod timeline;
