//! Generators of generated cases: values, instants, configurations, payloads, cookies, requests and stories, each biased to where
//! implementations go wrong. All of them shrink toward the plain.
//!
//! [`sizes`] has their knobs. What each must come across, a test of the properties counts in the cases of a run.

pub mod cookies;
pub mod payloads;
pub mod requests;
pub mod settings;
pub mod sizes;
pub mod stories;
pub mod strategies;
pub mod values;
