//! The text of the specification as data: its [`rules`] with their numbers, levels and reasons.

pub mod rules;
