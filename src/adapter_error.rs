//! Why a run cannot go on.

use crate::foreign;

/// Nothing more can be learned from this implementation: the run ends without a judgement (exit status 2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}\n{}", foreign::block(message), foreign::block(hint))]
pub struct AdapterError {
    /// What happened, and during which call.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}
