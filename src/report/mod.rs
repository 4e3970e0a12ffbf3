//! Reports. Each is made from a value of results alone.

mod findings;
#[cfg(feature = "cli")]
pub mod github;
#[cfg(feature = "cli")]
pub mod html;
#[cfg(feature = "cli")]
pub mod json;
#[cfg(feature = "cli")]
pub mod junit;
#[cfg(feature = "cli")]
pub mod matrix;
mod overlaps;
#[cfg(feature = "cli")]
mod picture;
#[cfg(feature = "cli")]
pub mod protocol;
pub(crate) mod style;
#[cfg(feature = "cli")]
pub mod tap;
pub mod terminal;
pub mod timeline;
#[cfg(feature = "cli")]
mod words;

#[cfg(test)]
mod tests;
