//! Generators of cases: values, instants, configurations, payloads, cookies, requests and stories. Each is biased to where
//! implementations go wrong, and shrinks toward the plain.
//!
//! [`sizes`] holds their settings. A test of the properties counts what each generator must produce in a run.

pub mod cookies;
pub mod overlaps;
pub mod payloads;
pub mod requests;
pub mod settings;
pub mod sizes;
pub mod stories;
pub mod strategies;
pub mod turns;
pub mod values;
