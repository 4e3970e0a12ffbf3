//! The input of one check: one request ([`scenario`]), or a whole story of requests ([`story`]).

pub mod scenario;
pub mod source;
pub mod story;
