//! Why a cookie is rejected, in the words of the adapter protocol.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a cookie is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Reason {
    /// Older than the lifetime.
    Expired,
    /// Signed later than now.
    Future,
    /// Signed, but not a session (where `odd_payload` is `reject`).
    Payload,
    /// No key made the signature, or there is none.
    Signature,
    /// Signed, but the timestamp is missing or cannot be read.
    Timestamp,
}

impl Reason {
    /// The word of the protocol.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Future => "future",
            Self::Payload => "payload",
            Self::Signature => "signature",
            Self::Timestamp => "timestamp",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
