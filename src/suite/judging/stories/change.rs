//! What an answer does to the session's cookie.

use crate::cookie_text::ParsedCookie;

/// What an answer does to the cookie.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    Deleted(ParsedCookie),
    None,
    /// With the instant at which the user agent forgets it (microseconds), if there is one.
    Set(ParsedCookie, Option<i64>),
}

/// What an answer does to the cookie, in words.
pub(super) fn words(change: &Change) -> String {
    match change {
        Change::Deleted(_) => "the cookie is deleted".to_owned(),
        Change::None => "no cookie is set".to_owned(),
        Change::Set(..) => "the session's cookie is set".to_owned(),
    }
}
