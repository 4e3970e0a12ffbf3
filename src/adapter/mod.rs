//! What the suite knows of an implementation under test: one trait, behind which a type of this crate, a program or a
//! server may stand.

pub mod embedded;
pub mod serve;
pub mod setup;
pub mod subprocess;

use crate::protocol::{Call, Hello, Reply};
use std::time::Duration;

/// An implementation under test.
pub trait Implementation: Sync {
    /// What the implementation says of itself.
    fn hello(&self) -> &Hello;

    /// Answers every call, in the order of the calls. No call depends on another, and each may be answered at any time in
    /// any order behind the scenes.
    ///
    /// A call during which the implementation broke is answered with [`Reply::Error`]; [`Broken`] is for what makes going on
    /// pointless.
    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, Broken>;

    /// What went wrong so far though every call was answered in the end, such as a crash from which the adapter was started
    /// again. Where there is any, a run gives no verdict of conformance.
    fn incidents(&self) -> Vec<String> {
        Vec::new()
    }

    /// How long whoever asked had nothing to do so far but to wait for replies, where that is known. Where calls are written
    /// and replies read while others are being answered, that is less than the time that answering took.
    fn waiting(&self) -> Option<Duration> {
        None
    }
}

/// Nothing more can be learned from this implementation: the run ends without a judgement (exit status 2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}\n{remedy}")]
pub struct Broken {
    /// What happened, and during which call.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}
