//! Reports: each is made from the one results value and from nothing else.

pub mod json;
pub mod terminal;
pub mod timeline;
