//! The results of the protocol checks.

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The name of the check, in a word or two.
    pub check: &'static str,
    /// Whether the adapter passed it.
    pub verdict: Verdict,
}

impl Finding {
    /// Whether the adapter failed the check.
    pub fn is_failed(&self) -> bool {
        matches!(self.verdict, Verdict::Failed(_))
    }
}

/// Whether an adapter passed a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It failed.
    Failed(Violation),
    /// It could not be asked, with the reason.
    NotAsked(String),
    /// It passed, with what was seen.
    Passed(String),
}

/// How an adapter violates the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The line that was sent last.
    pub asked: String,
    /// What the adapter sent.
    pub came: String,
    /// How to fix it.
    pub remedy: String,
}
