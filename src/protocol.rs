//! The adapter protocol, versions 1 and 2, as types: what is asked of an implementation and what it answers
//! (`spec/adapter-protocol.md`). Only lines and their meaning live here; processes and pipes do not.

mod capabilities;
mod made;
mod store_choices;
pub mod story;

pub use crate::{reason::Reason, value::kind::ValueKind};
pub use capabilities::{
    Base64Choice, Capabilities, Choices, CompressionChoice, DuplicatesChoice, OnInvalid, Op, OrderChoice, ReasonsChoice,
};
pub use made::Made;
pub use store_choices::{
    BoundaryChoice, ConcurrentChoice, DownChoice, FullChoice, GuardChoice, KeptChoice, LateWriteChoice,
    PermanenceChoice, Precision, RenewChoice, StoreChoices,
};
pub use story::{Story, StoryAnswer};

use crate::json::{Json, json};
use crate::{
    clock::UnixTime,
    config::Config,
    value::{Map, Value, wire},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};

/// The newest version that this crate speaks. It speaks all before it, too.
pub const VERSION: u32 = 2;

/// One question to an implementation.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// One request through a whole application.
    Exchange(Exchange),
    /// Write a session.
    Sign(Sign),
    /// Steps that depend on each other, against a store.
    Story(Story),
    /// Read one cookie value.
    Verify(Verify),
}

/// `verify`: one cookie value as the session code sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// What the application configures.
    pub config: Arc<Config>,
    /// The clock.
    pub now: UnixTime,
    /// The cookie's value.
    pub cookie: String,
}

/// `sign`: a session to be written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// What the application configures.
    pub config: Arc<Config>,
    /// The clock.
    pub now: UnixTime,
    /// The session.
    pub session: Map,
}

/// `exchange`: one request through a whole application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// What the application configures.
    pub config: Arc<Config>,
    /// The clock.
    pub now: UnixTime,
    /// The Cookie header, one character for each byte; none for no header.
    #[serde(default)]
    pub cookie_header: Option<String>,
    /// The HTTP method.
    #[serde(default = "get", skip_serializing_if = "is_get")]
    pub method: String,
    /// The path, which chooses the route.
    #[serde(default = "root", skip_serializing_if = "is_root")]
    pub path: String,
    /// What the view does with the session, in order.
    #[serde(default)]
    pub actions: Vec<Action>,
}

impl Exchange {
    /// A request for `/` without a cookie, whose view does nothing with the session.
    #[must_use]
    pub fn new(config: Arc<Config>, now: UnixTime) -> Self {
        Self { config, now, cookie_header: None, method: get(), path: root(), actions: Vec::new() }
    }
}

fn get() -> String {
    "GET".to_owned()
}

fn is_get(method: &str) -> bool {
    method == "GET"
}

fn root() -> String {
    "/".to_owned()
}

fn is_root(path: &str) -> bool {
    path == "/"
}

/// One thing that the view does with the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the table of actions in the protocol says what each does")]
#[non_exhaustive]
pub enum Action {
    Append {
        key: Value,
        value: Value,
    },
    Bool,
    Clear,
    Contains {
        key: Value,
    },
    Delete {
        key: Value,
    },
    Get {
        key: Value,
    },
    Items,
    Iterate,
    Len,
    Modified,
    Mutate {
        key: Value,
        path: Vec<Value>,
        value: Value,
    },
    NotFound,
    Nothing,
    Permanent,
    Pop {
        key: Value,
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
        default: Option<Value>,
    },
    #[serde(rename = "popitem")]
    PopItem,
    Raise,
    Regenerate,
    Set {
        key: Value,
        value: Value,
    },
    #[serde(rename = "setdefault")]
    SetDefault {
        key: Value,
        value: Value,
    },
    SetMade {
        key: Value,
        of: Made,
        value: Value,
    },
    SetModified {
        value: bool,
    },
    SetPermanent {
        value: bool,
    },
    SetPermanentTo {
        value: Value,
    },
    StreamGet {
        key: Value,
    },
    Union {
        values: Map,
    },
    Update {
        values: Map,
    },
}

/// Tells a member that is null from one that is missing.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// An implementation's answer to a call.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// The adapter itself broke.
    Error(String),
    /// What the implementation did.
    Ok(Answer),
    /// The implementation panicked, with this message. No line of the protocol says so.
    Panicked(String),
    /// The implementation does not have what was asked.
    Unsupported(String),
}

impl From<Response> for Reply {
    fn from(exchanged: Response) -> Self {
        Self::Ok(Answer::Exchange(exchanged))
    }
}

impl From<SignOutcome> for Reply {
    fn from(signed: SignOutcome) -> Self {
        Self::Ok(Answer::Sign(signed))
    }
}

impl From<StoryAnswer> for Reply {
    fn from(told: StoryAnswer) -> Self {
        Self::Ok(Answer::Story(told))
    }
}

impl From<VerifyOutcome> for Reply {
    fn from(verified: VerifyOutcome) -> Self {
        Self::Ok(Answer::Verify(verified))
    }
}

/// What an implementation did with a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// To `exchange`.
    Exchange(Response),
    /// To `sign`.
    Sign(SignOutcome),
    /// To `story`.
    Story(StoryAnswer),
    /// To `verify`.
    Verify(VerifyOutcome),
}

/// What `verify` found.
#[derive(Clone, Debug, PartialEq)]
pub enum VerifyOutcome {
    /// The cookie counts, and this is its session.
    Accepted(Map),
    /// An error came out.
    Raised(String),
    /// An empty session takes the cookie's place.
    Rejected(Option<Reason>),
}

/// What `sign` made.
#[derive(Clone, Debug, PartialEq)]
pub enum SignOutcome {
    /// The cookie's value.
    Cookie(String),
    /// An error came out.
    Raised(String),
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The session as it was opened; none when opening raised.
    pub opened: Option<Map>,
    /// One result for each action that came to its end.
    pub results: Vec<Value>,
    /// Set-Cookie and Vary headers in order.
    pub headers: Vec<(String, String)>,
}

/// The request that opens a conversation in a version of the protocol.
pub fn hello_line(id: u64, version: u32) -> String {
    json!({ "id": id, "op": "hello", "protocol": version }).to_string()
}

impl Call {
    /// The operation's name.
    #[must_use]
    pub fn op(&self) -> Op {
        match self {
            Self::Exchange(_) => Op::Exchange,
            Self::Sign(_) => Op::Sign,
            Self::Story(_) => Op::Story,
            Self::Verify(_) => Op::Verify,
        }
    }

    /// The application's configuration.
    pub fn config(&self) -> &Arc<Config> {
        match self {
            Self::Exchange(call) => &call.config,
            Self::Sign(call) => &call.config,
            Self::Story(call) => &call.config.config,
            Self::Verify(call) => &call.config,
        }
    }

    /// The members of the call without `id` and `op`: a vector's `input`.
    pub fn to_json(&self) -> Json {
        let json = match self {
            Self::Exchange(call) => crate::json::to_value(call),
            Self::Sign(call) => crate::json::to_value(call),
            Self::Story(call) => crate::json::to_value(call),
            Self::Verify(call) => crate::json::to_value(call),
        };
        json.unwrap_or_default()
    }

    /// A call from its operation and members; the error says what is wrong with them.
    pub fn from_json(op: &str, input: Json) -> Result<Self, String> {
        match op {
            "exchange" => members(&input).map(Self::Exchange),
            "sign" => members(&input).map(Self::Sign),
            "story" => members(&input).map(Self::Story),
            "verify" => members(&input).map(Self::Verify),
            other => Err(format!("unknown operation {other:?}")),
        }
    }

    /// The request line, without its newline.
    pub fn to_line(&self, id: u64) -> String {
        #[derive(Serialize)]
        struct Line<'c, T> {
            id: u64,
            op: Op,
            #[serde(flatten)]
            call: &'c T,
        }
        fn line<T: Serialize>(id: u64, op: Op, call: &T) -> String {
            serde_json::to_string(&Line { id, op, call }).unwrap_or_default()
        }
        match self {
            Self::Exchange(call) => line(id, self.op(), call),
            Self::Sign(call) => line(id, self.op(), call),
            Self::Story(call) => line(id, self.op(), call),
            Self::Verify(call) => line(id, self.op(), call),
        }
    }

    /// The kinds of value that an adapter must carry to be asked this, beyond `json`.
    pub fn kinds_needed(&self) -> BTreeSet<ValueKind> {
        let mut kinds = BTreeSet::new();
        match self {
            Self::Sign(call) => wire::kinds_needed(&Value::Map(call.session.clone()), &mut kinds),
            Self::Exchange(call) => {
                for action in &call.actions {
                    action.values(|value| wire::kinds_needed(value, &mut kinds));
                }
            }
            Self::Story(call) => {
                for action in call.steps.iter().flat_map(story::Step::actions) {
                    action.values(|value| wire::kinds_needed(value, &mut kinds));
                }
            }
            Self::Verify(_) => {}
        }
        kinds
    }
}

impl Action {
    /// Shows every value in the action to `see`; a key that is not text is shown within a map.
    pub(crate) fn values(&self, mut see: impl FnMut(&Value)) {
        let keyed = |key: &Value, value: &Value| Value::Map([(key.clone(), value.clone())].into_iter().collect());
        match self {
            Self::Append { key, value }
            | Self::Mutate { key, value, .. }
            | Self::Set { key, value }
            | Self::SetDefault { key, value }
            | Self::SetMade { key, value, .. } => see(&keyed(key, value)),
            Self::Contains { key } | Self::Delete { key } | Self::Get { key } | Self::StreamGet { key } => {
                see(&keyed(key, &Value::Null))
            }
            Self::Pop { key, default } => see(&keyed(key, default.as_ref().unwrap_or(&Value::Null))),
            Self::SetPermanentTo { value } => see(value),
            Self::Union { values } | Self::Update { values } => see(&Value::Map(values.clone())),
            _ => {}
        }
    }
}

impl Reply {
    /// The reply to `call` in the members of a line; the error says what is wrong with them.
    pub fn from_json(call: &Call, line: &Json) -> Result<Self, String> {
        match (line.get("ok"), line.get("unsupported"), line.get("error")) {
            (Some(ok), None, None) => Answer::from_json(call.op(), ok).map(Self::Ok),
            (None, Some(what), None) => Ok(Self::Unsupported(plain(what))),
            (None, None, Some(what)) => Ok(Self::Error(plain(what))),
            _ => Err("a reply has exactly one of \"ok\", \"unsupported\" and \"error\"".to_owned()),
        }
    }
}

/// A value from its JSON; the error says where in it something is wrong, and what.
pub fn members<'de, T: Deserialize<'de>>(json: &'de Json) -> Result<T, String> {
    serde_path_to_error::deserialize(json).map_err(|error| match error.path().to_string().as_str() {
        "." => error.inner().to_string(),
        path => format!("{path}: {}", error.inner()),
    })
}

/// The text in a JSON string, or the JSON of anything else.
fn plain(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

impl Answer {
    /// The answer in the `ok` of a reply, or in a vector's `output`.
    pub fn from_json(op: Op, ok: &Json) -> Result<Self, String> {
        match op {
            Op::Exchange => members(ok).map(Self::Exchange),
            Op::Sign => match (ok.get("cookie").and_then(Json::as_str), ok.get("raised")) {
                (Some(cookie), None) => Ok(Self::Sign(SignOutcome::Cookie(cookie.to_owned()))),
                (None, Some(what)) => Ok(Self::Sign(SignOutcome::Raised(plain(what)))),
                _ => Err("sign answers {\"cookie\":\"…\"} or {\"raised\":\"…\"}".to_owned()),
            },
            Op::Story => members(ok).map(Self::Story),
            Op::Verify => VerifyOutcome::from_json(ok).map(Self::Verify),
            Op::Bench => Err("bench has no answer to judge".to_owned()),
        }
    }

    /// The `ok` of a reply.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Exchange(exchanged) => crate::json::to_value(exchanged).unwrap_or_default(),
            Self::Story(answer) => crate::json::to_value(answer).unwrap_or_default(),
            Self::Sign(SignOutcome::Cookie(cookie)) => json!({ "cookie": cookie }),
            Self::Sign(SignOutcome::Raised(what)) | Self::Verify(VerifyOutcome::Raised(what)) => {
                json!({ "raised": what })
            }
            Self::Verify(VerifyOutcome::Accepted(session)) => {
                json!({ "accepted": true, "session": session })
            }
            Self::Verify(VerifyOutcome::Rejected(Some(reason))) => {
                json!({ "accepted": false, "reason": reason })
            }
            Self::Verify(VerifyOutcome::Rejected(None)) => json!({ "accepted": false }),
        }
    }
}

impl VerifyOutcome {
    fn from_json(ok: &Json) -> Result<Self, String> {
        match (ok.get("accepted").and_then(Json::as_bool), ok.get("raised")) {
            (Some(true), None) => {
                let session = ok.get("session").ok_or("an accepted cookie needs its \"session\"")?;
                wire::decode_map(session).map(Self::Accepted).map_err(|e| format!("session: {e}"))
            }
            (Some(false), None) => match ok.get("reason") {
                None | Some(Json::Null) => Ok(Self::Rejected(None)),
                Some(reason) => Reason::deserialize(reason)
                    .map(|reason| Self::Rejected(Some(reason)))
                    .map_err(|e| format!("reason: {e}")),
            },
            (None, Some(what)) => Ok(Self::Raised(plain(what))),
            _ => Err("verify answers {\"accepted\":…} or {\"raised\":\"…\"}".to_owned()),
        }
    }
}
