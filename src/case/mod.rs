//! What is asked in one check: one request ([`scenario`]), or a whole story of them ([`story`]).

pub mod scenario;
pub mod story;
