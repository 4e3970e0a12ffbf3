//! What the answer to a step must be, and why.

use crate::{
    clock::UnixTime,
    protocol::story::StepAnswer,
    value::{Map, Value},
};

/// What the answer to a step must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// A request ended.
    Answered(Box<RequestIs>),
    /// A request is under way: what its cookie led to, and what it has answered so far.
    Begun(Found, Box<StepAnswer>),
    /// What the store holds.
    Keys(Vec<KeyIs>),
    /// The step has no answer that could be wrong.
    Nothing,
}

/// What must come of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestIs {
    /// The Cookie header that it carried.
    pub cookie_header: Option<String>,
    /// What its cookie led to when it began.
    pub found: Found,
    /// What it did to the session when it ended.
    pub effect: Effect,
    /// The status.
    pub status: StatusIs,
    /// The session as it was opened; `None` where the store could not be asked.
    pub opened: Option<Map>,
    /// The results of the actions of this step.
    pub results: Vec<Value>,
    /// The Set-Cookie header of the session.
    pub cookie: CookieIs,
    /// Whether `Vary` must name `Cookie`.
    pub vary: bool,
    /// Whether the view used the session.
    pub accessed: bool,
    /// Whether the view changed the session.
    pub wrote: bool,
    /// How long the session has left when the request ends, if it is still there (microseconds).
    pub left: Option<i64>,
    /// Whether another request wrote into the session since this one began.
    pub is_stale: bool,
    /// Whether nothing that comes later in the story is specified.
    pub open_end: bool,
}

/// What the cookie of a request led to.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A session that has ended.
    Ended {
        /// Its id.
        id: String,
        /// How it ended.
        how: How,
        /// What a request did that ended later than the session.
        late: Option<Effect>,
    },
    /// A session that lives.
    Live {
        /// Its id.
        id: String,
        /// How long it has left (microseconds).
        left: i64,
        /// By how much it may live longer (microseconds).
        slack: i64,
        /// What counted its life anew.
        by: Effect,
        /// Whether it would have ended without that.
        only_by_renewal: bool,
    },
    /// There was no cookie.
    NoCookie,
    /// A session of an application with another prefix.
    OtherPrefix {
        /// Its id.
        id: String,
    },
    /// The lifetime of the session is over.
    Over {
        /// Its id.
        id: String,
        /// Since when (microseconds).
        since: i64,
        /// By how much it may live longer (microseconds).
        slack: i64,
        /// Whether the life that it was given is not over, and only a shorter one that is configured now.
        is_shortened: bool,
    },
    /// No session ever had this id.
    Unknown,
    /// The store cannot be asked.
    Unreachable,
}

/// How a session ended, other than by its lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// The session was cleared.
    Cleared,
    /// The store lost it.
    Lost,
    /// It got a new id.
    Regenerated,
}

/// What a request did to its session when it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// It made a session.
    Created,
    /// It ended the session.
    Deleted,
    /// The session had ended meanwhile, and it only read.
    LateRead,
    /// The session had ended meanwhile, and it did not use it.
    LateUntouched,
    /// The session had ended meanwhile, and it wrote.
    LateWrite,
    /// Nothing.
    Nothing,
    /// It gave the session a new id.
    Regenerated,
    /// Another request wrote meanwhile, and it got an error instead of its write.
    Refused,
    /// It counted the session's life anew.
    Renewed,
    /// It wrote into a session that was there.
    Updated,
}

impl Effect {
    /// Whether the session had ended before the request did.
    pub const fn is_late(self) -> bool {
        matches!(self, Self::LateRead | Self::LateUntouched | Self::LateWrite)
    }
}

/// What a status must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusIs {
    /// Any.
    Any,
    /// An error: 400 or more.
    Error,
    /// This one.
    Exactly(u16),
}

impl StatusIs {
    /// Whether a status is right.
    pub const fn holds(self, status: u16) -> bool {
        match self {
            Self::Any => true,
            Self::Error => status >= 400,
            Self::Exactly(right) => status == right,
        }
    }
}

/// What the Set-Cookie header of the session must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CookieIs {
    /// The cookie is deleted.
    Deleted,
    /// The cookie is deleted, or there is none.
    DeletedOrNone,
    /// There is none.
    None,
    /// The cookie has this id.
    Set {
        /// The id.
        id: String,
        /// When the user agent forgets it; `None` for when it is closed.
        until: Option<UnixTime>,
    },
    /// The same, or there is none.
    SetOrNone {
        /// The id.
        id: String,
        /// When the user agent forgets it; `None` for when it is closed.
        until: Option<UnixTime>,
    },
}

/// A key that must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyIs {
    /// The id.
    pub id: String,
    /// Whether it belongs to the application as it is configured now.
    pub is_own: bool,
    /// How long it has left (microseconds).
    pub left: i64,
    /// By how much it may live longer (microseconds).
    pub slack: i64,
    /// Whether it has an end at all.
    pub has_end: bool,
    /// What counted its life anew.
    pub by: Effect,
    /// Whether a shorter lifetime is configured now than when its life was counted.
    pub is_shortened: bool,
}
