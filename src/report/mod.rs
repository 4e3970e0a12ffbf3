//! Reports: each is made from the one results value and from nothing else.

pub mod terminal;
pub mod timeline;
