//! Generators of generated cases: values, instants, configurations, cookies and requests, each biased to where
//! implementations go wrong. All of them shrink toward the plain.

pub mod cookies;
pub mod requests;
pub mod settings;
pub mod values;
pub mod world;
