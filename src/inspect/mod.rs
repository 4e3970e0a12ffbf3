//! Explains one cookie: its content, what a server says of it now and when that changes, what a browser does with it, and its
//! pitfalls.
//!
//! The [model](crate::model) decides everything. Without a key the signature is assumed to be valid, and the result says so. A
//! cookie may come from anybody: the size of texts and payloads and the number of values are limited, and the text for a terminal
//! holds no control characters ([`text::write`]).

mod input;
mod look;
mod pitfalls;
pub mod text;

pub use input::LONGEST;

use crate::{
    clock::UnixTime,
    config::{Config, Lifetime},
    foreign,
    value::Map,
};
use serde::Serialize;

/// The format's name in JSON.
pub const FORMAT: &str = "sessionproof-inspection";
/// The version of the format (`spec/inspection-format.md`).
pub const VERSION: u32 = 1;

/// The most that a payload may inflate to, in bytes: more than a browser can bring, since zlib makes at most 1032 bytes of one.
pub const LARGEST_PAYLOAD: usize = 4 << 20;

/// What is asked about a cookie.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The application's configuration. Without a secret key the signature is not checked.
    pub config: Config,
    /// The configured lifetime. Where there is none here, it is that of `config`; where that is Flask's default, `Expires` says
    /// another (`PERM-3`).
    pub lifetime: Option<Lifetime>,
    /// The instant at which the server is asked.
    pub now: UnixTime,
}

/// Looks at a cookie: a bare value, or a `Cookie` or `Set-Cookie` header. The text has one character for each byte.
///
/// # Errors
///
/// What is missing for it to be a cookie of a Flask session.
///
/// ```
/// use sessionproof::{clock::UnixTime, config::Config, inspect::{Answer, Question, inspect}};
///
/// let cookie = "eyJ1c2VyIjo0Mn0.ZVPxAA.SBjXa6bYomRBABYXHdOKvD88Eg4";
/// let config = Config::with_key("development key");
/// let question = Question { config, now: UnixTime::from_seconds(1_700_000_060), ..Question::default() };
/// let inspection = inspect(cookie, &question)?;
/// assert_eq!(inspection.server.now.answer, Answer::Accepted);
/// assert_eq!(inspection.signature.and_then(|signature| signature.age), Some(60));
/// # Ok::<(), sessionproof::inspect::NotACookie>(())
/// ```
pub fn inspect(text: &str, question: &Question) -> Result<Inspection, NotACookie> {
    look::look(input::find(text, &question.config.cookie_name)?, question)
}

/// Looks at a cookie's value, whatever characters it has.
///
/// # Errors
///
/// As [`inspect`].
pub fn inspect_value(value: &str, question: &Question) -> Result<Inspection, NotACookie> {
    look::look(input::Found::value(value), question)
}

/// Why a text cannot be explained as a cookie.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotACookie {
    /// There is nothing.
    #[error("no cookie was given\npass its value or its Set-Cookie line as an argument, or on standard input")]
    Empty,
    /// It has the form of a JSON Web Token.
    #[error(
        "this looks like a JSON Web Token (header.claims.signature)\n\
         a session cookie of Flask has the form payload.timestamp.signature (SIG-1)"
    )]
    JsonWebToken,
    /// Several lines, none of which is a header.
    #[error(
        "several lines were given, and none begins with Set-Cookie: or Cookie:\n\
         pass one value, or whole header lines"
    )]
    Lines,
    /// A part is missing.
    #[error(
        "this is not a session cookie: {what}\na session cookie of Flask has the form payload.timestamp.signature (SIG-1)"
    )]
    Missing {
        /// What is missing.
        what: &'static str,
    },
    /// There are other cookies.
    #[error("there is no cookie {name}{}\nname the session's cookie with --cookie-name", among(there))]
    NotThere {
        /// The name that was looked for.
        name: String,
        /// Names of those that are there.
        there: Vec<String>,
    },
    /// It is larger than any header.
    #[error(
        "the input has more than {LONGEST} bytes, and no cookie is that long\n\
         pass only the cookie, or the headers of one response"
    )]
    TooLong,
}

fn among(there: &[String]) -> String {
    if there.is_empty() { String::new() } else { format!(" among {}", there.join(", ")) }
}

/// A cookie that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// The format's name.
    pub format: &'static str,
    /// Its version.
    pub version: u32,
    /// The instant at which the server was asked.
    pub now: UnixTime,
    /// In what form the cookie was given.
    pub form: Form,
    /// The cookie's name; `None` for a bare value.
    pub name: Option<String>,
    /// Its value as it stands.
    pub value: String,
    /// The lifetime that judges it.
    pub lifetime: LifetimeInForce,
    /// When it was signed and by which key; `None` for an empty value.
    pub signature: Option<Signature>,
    /// What it holds; `None` for an empty value.
    pub payload: Option<Payload>,
    /// What the server says.
    pub server: Server,
    /// The result of a request that only reads the session; `None` if the cookie is not accepted.
    pub renewal: Option<Renewal>,
    /// What a browser does with the Set-Cookie header; `None` if no header was given.
    pub browser: Option<Browser>,
    /// The pitfalls that it shows.
    pub pitfalls: Vec<Pitfall>,
}

/// In what form a cookie was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// In a Cookie header.
    Cookie,
    /// In a Set-Cookie header.
    SetCookie,
    /// By its value alone.
    Value,
}

/// The lifetime that judges a cookie, and where it is known from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LifetimeInForce {
    /// In seconds.
    pub seconds: Lifetime,
    /// Where it is known from.
    pub from: LifetimeFrom,
}

/// Where a lifetime is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LifetimeFrom {
    /// It is Flask's default.
    Default,
    /// From the `Expires` of the Set-Cookie header (`PERM-3`).
    Expires,
    /// It was given.
    Given,
}

/// Timestamp and signature.
#[derive(Clone, Debug, Serialize)]
pub struct Signature {
    /// The timestamp as it stands.
    pub timestamp: String,
    /// The signature as it stands.
    pub signature: String,
    /// The Unix seconds of the timestamp; `None` if it cannot be read.
    pub at: Option<u64>,
    /// Its age in seconds; negative for one from the future (`EXP-1`).
    pub age: Option<i128>,
    /// Which key made the signature.
    pub key: Key,
}

/// Which key made a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Key {
    /// The secret key.
    Current,
    /// A fallback key, by its place in the list, counted from 1 (`KEY-3`).
    Fallback(usize),
    /// No key was given.
    NotGiven,
    /// None of the keys (`SIG-5`).
    Unknown,
}

/// What a cookie holds.
#[derive(Clone, Debug, Serialize)]
pub struct Payload {
    /// The payload as it stands.
    pub encoded: String,
    /// Whether it is compressed (`PAY-12`).
    pub compressed: bool,
    /// The JSON text; `None` if it cannot be read.
    pub text: Option<String>,
    /// The session, in the encoding of the adapter protocol; `None` if it cannot be read.
    pub session: Option<Map>,
    /// Whether it is permanent (`PERM-1`).
    pub permanent: Option<bool>,
    /// Why there is no session.
    pub error: Option<String>,
}

/// What a server says of a cookie.
#[derive(Clone, Debug, Serialize)]
pub struct Server {
    /// Whether the signature is taken to be right because no key was given.
    pub assumes_signature: bool,
    /// What it says now.
    pub now: Verdict,
    /// When the verdict changes, and to what; `None` if it does not change.
    pub then: Option<Change>,
}

/// What a server says from some instant on.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// The first second, in Unix seconds.
    pub at: i64,
    /// What it says.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What a server says at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The answer.
    pub answer: Answer,
    /// The rule that it rests on.
    pub rule: &'static str,
    /// Why.
    pub why: &'static str,
}

/// What becomes of a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Its session is opened.
    Accepted,
    /// It is too large to be looked at here. Signature and age would be accepted.
    NotRead,
    /// An error comes out: status 500.
    Raised,
    /// An empty session takes its place.
    Rejected,
}

/// What comes of a request that only reads the session.
#[derive(Clone, Debug, Serialize)]
pub struct Renewal {
    /// Whether the cookie is written again, with a new timestamp.
    pub renewed: bool,
    /// The rule.
    pub rule: &'static str,
    /// The `Expires` of the new cookie, in Unix seconds.
    pub expires: Option<i64>,
}

/// What a browser makes of a Set-Cookie header that came when the cookie was signed, over https.
#[derive(Clone, Debug, Serialize)]
pub struct Browser {
    /// What it does.
    pub does: BrowserDoes,
    /// The rule.
    pub rule: &'static str,
    /// Why it ignores the header.
    pub why: Option<String>,
    /// The last second at which it keeps the cookie, in Unix seconds.
    pub until: Option<i64>,
    /// The attributes as they stand, with their values as far as they have any.
    pub attributes: Vec<String>,
}

/// What a browser does with a Set-Cookie header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BrowserDoes {
    /// It ignores it, and keeps the cookie that it has.
    Ignore,
    /// It keeps the cookie until an instant, over restarts.
    KeepUntil,
    /// It keeps the cookie until it is closed.
    KeepUntilClosed,
    /// It removes the cookie that it has.
    Remove,
}

/// Something about a cookie that its owner may not have meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pitfall {
    /// A name that stays the same.
    pub id: &'static str,
    /// The rule that it rests on.
    pub rule: &'static str,
    /// What it is.
    pub what: String,
    /// What to do about it.
    pub remedy: &'static str,
}

impl Inspection {
    /// Whether a key was given and the server accepts the cookie; `None` without a key.
    pub fn is_accepted(&self) -> Option<bool> {
        (!self.server.assumes_signature).then_some(self.server.now.answer == Answer::Accepted)
    }

    /// The inspection as JSON, in the format of `spec/inspection-format.md`. Characters that a terminal would act on are escaped.
    pub fn to_json(&self) -> String {
        foreign::json(&serde_json::to_string_pretty(self).unwrap_or_default()) + "\n"
    }
}
