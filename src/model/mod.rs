//! The specification in code: what Flask's default session interface does, as pure functions of configuration, state, event
//! and *now*.
//!
//! No I/O, no clock of its own and no tricks of speed: each function is meant to be read next to the rule that it cites in
//! `spec/session-lifetime.md`. From the inside out:
//!
//! - [`json`] and [`tagging`]: Python's JSON text and Flask's tags for what JSON lacks;
//! - [`base64`] and [`payload`]: text to cookie characters and back, compressed when that pays;
//! - [`signing`]: key derivation, timestamp, signature, age;
//! - [`cookie_header`] and [`set_cookie`]: the two headers;
//! - [`http_date`] and [`email_date`]: the one form of a date that is written, and the many that are read;
//! - [`session`] and [`server`]: what a view does with a session, and one whole request;
//! - [`browser`]: the user agent, which keeps the cookie, and for how long;
//! - [`world`]: browsers and servers, each with its own clock, over a time that passes;
//! - [`store`]: sessions in a store, and requests that overlap;
//! - [`recipe`]: applications that give each user a lifetime of their own, and what one of them leaves behind.

pub mod base64;
pub mod browser;
pub mod cookie_header;
pub mod email_date;
pub mod http_date;
mod integer;
pub mod json;
pub mod payload;
pub mod recipe;
pub mod server;
pub mod session;
pub mod set_cookie;
pub mod signing;
pub mod store;
pub mod tagging;
pub mod world;

use crate::protocol::{Answer, Call, Choices};

/// The specification's answer to a call.
pub fn answer(call: &Call, choices: &Choices) -> Answer {
    match call {
        Call::Exchange(call) => Answer::Exchange(server::exchange(call, choices)),
        Call::Sign(call) => Answer::Sign(server::sign(call, choices)),
        Call::Story(call) => Answer::Story(store::answer(call, choices)),
        Call::Verify(call) => Answer::Verify(server::verify(call, choices)),
    }
}

/// An error that comes out of the implementation, as an exception does from Flask: a server answers 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Raised {
    /// An action that the session refuses: a missing key, a wrong index, `raise` itself.
    #[error("the view raised")]
    Action,
    /// A cookie attribute that cannot be written (`SET-6`).
    #[error("a cookie attribute cannot be written")]
    Attribute,
    /// A date or lifetime that no calendar holds (`EXP-9`, `SIG-9`).
    #[error("a time is beyond the calendar")]
    Calendar,
    /// Keys that cannot be ordered or written (`PAY-5`), or a number with too many digits.
    #[error("the session cannot be written as JSON")]
    NotJson,
    /// A write without a secret key (`KEY-5`).
    #[error("there is no secret key")]
    NoSecretKey,
    /// A signed payload that is not a session (`PAY-14`).
    #[error("the payload is not a session")]
    Payload,
}
