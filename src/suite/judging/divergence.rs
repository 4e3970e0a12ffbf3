//! Where an implementation first differs from the specification.

use super::compare::Difference;
use crate::protocol::{Answer, Call};

/// The first answer that is not the expected one.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// What differs.
    pub difference: Difference,
    /// The calls before and their answers, which were as expected.
    pub before: Vec<(Call, Answer)>,
    /// The call that was answered otherwise.
    pub call: Call,
    /// What it should have been.
    pub expected: Answer,
    /// What it was.
    pub got: Answer,
}
