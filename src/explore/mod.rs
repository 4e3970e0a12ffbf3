//! The model proved within bounds: every state that a small world of browsers and servers can come to, searched with
//! stateright.
//!
//! - [`configuration`]: the worlds, and what may happen in them;
//! - [`event`] and [`state`]: what happens, and when two states are the same;
//! - [`exploration`]: a configuration as a system, whose transitions are the model's own;
//! - [`observation`]: what is seen of an event;
//! - [`faults`]: systems that are wrong, which a search must find;
//! - [`per_user`]: the recipe for a lifetime per user, searched for what one user does to another;
//! - [`covering`]: runs on which every transition of a system is taken, which knows nothing of sessions either;
//! - [`sequences`]: those runs as servers see them: vectors, and requests that any implementation can be asked;
//! - [`search`]: the search itself, which knows nothing of sessions;
//! - [`timeline`]: a run, told a line for each event.
//!
//! It knows the model, and nothing of the model knows it. What it does not know: implementations under test.

mod claims;
pub mod configuration;
pub mod covering;
pub mod event;
pub mod exploration;
pub mod faults;
pub mod observation;
pub mod per_user;
pub mod search;
pub mod sequences;
pub mod state;
pub mod timeline;
