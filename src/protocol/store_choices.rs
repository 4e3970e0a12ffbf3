//! What the specification of stores leaves to each implementation, which declares it (`spec/stores.md`).

use serde::{Deserialize, Serialize};

/// Implementation-defined behaviour of sessions in a store. The defaults are the first values of the protocol's table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct StoreChoices {
    /// `STO-14`.
    pub boundary: BoundaryChoice,
    /// `STO-24`.
    pub concurrent: ConcurrentChoice,
    /// `STO-34`.
    pub down: DownChoice,
    /// `STO-36`.
    pub full: FullChoice,
    /// `STO-30`.
    pub guard: GuardChoice,
    /// Where the data of a session are.
    pub kept: KeptChoice,
    /// `STO-23`.
    pub late_write: LateWriteChoice,
    /// Whether a new session is permanent.
    pub permanence: PermanenceChoice,
    /// The unit in which ends are kept (milliseconds).
    #[serde(skip_serializing_if = "Precision::is_finest")]
    pub precision_ms: Precision,
    /// `STO-12`.
    pub renew: RenewChoice,
}

impl StoreChoices {
    /// The first value of every choice.
    pub const FIRST: Self = Self {
        boundary: BoundaryChoice::Inclusive,
        concurrent: ConcurrentChoice::Last,
        down: DownChoice::Error,
        full: FullChoice::Refuse,
        guard: GuardChoice::None,
        kept: KeptChoice::Store,
        late_write: LateWriteChoice::Error,
        permanence: PermanenceChoice::Browser,
        precision_ms: Precision(1),
        renew: RenewChoice::Request,
    };
}

/// The unit in which ends are kept (milliseconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Precision(pub u32);

impl Default for Precision {
    fn default() -> Self {
        Self(1)
    }
}

impl Precision {
    fn is_finest(&self) -> bool {
        self.0 <= 1
    }
}

/// A choice of words, the default first.
macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $(#[$of_first:meta])* $first:ident, $($(#[$of:meta])* $other:ident),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        #[non_exhaustive]
        pub enum $name {
            $(#[$of_first])*
            #[default]
            $first,
            $($(#[$of])* $other),+
        }
    };
}

choice! {
    /// Whether a session is there at exactly its lifetime.
    BoundaryChoice {
        /// It is.
        Inclusive,
        /// It is not.
        Exclusive,
        /// The store counts coarse steps, and either is right within one.
        Tick,
    }
}

choice! {
    /// Two requests that write different keys at once.
    ConcurrentChoice {
        /// The last one's session stays.
        Last,
        /// Both keys stay.
        Merge,
        /// One of them gets an error.
        Conflict,
    }
}

choice! {
    /// What a request with a cookie gets while the store cannot be reached.
    DownChoice {
        /// An error status.
        Error,
        /// An empty session.
        Empty,
    }
}

choice! {
    /// What a full store does.
    FullChoice {
        /// It refuses to write.
        Refuse,
        /// It forgets other sessions.
        Evict,
    }
}

choice! {
    /// What protects the id in the cookie.
    GuardChoice {
        /// Its randomness alone.
        None,
        /// A signature too.
        Signer,
    }
}

choice! {
    /// Where the data of a session are.
    KeptChoice {
        /// In a store; the cookie has an id.
        Store,
        /// In the cookie itself.
        Cookie,
    }
}

choice! {
    /// What a request gets that wants to write when its session has ended meanwhile.
    LateWriteChoice {
        /// An error status.
        Error,
        /// Its own answer, without the write.
        Drop,
    }
}

choice! {
    /// Whether a new session is permanent, if nobody says so.
    PermanenceChoice {
        /// It is not: its cookie has no `Expires`.
        Browser,
        /// It is: its cookie has one.
        Permanent,
    }
}

choice! {
    /// What renews a session where refreshing is on.
    RenewChoice {
        /// Any request that sends the cookie.
        Request,
        /// One that uses the session.
        Use,
        /// Only one that writes.
        Write,
    }
}
