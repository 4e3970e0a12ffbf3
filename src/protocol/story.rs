//! Version 2 of the protocol, `story`: steps that depend on each other, against one empty store
//! (`spec/adapter-protocol-stories.md`).

use super::{Action, get, is_get, is_root, root};
use crate::json::Json;
use crate::{
    clock::UnixTime,
    config::Config,
    value::{Map, Value},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::sync::Arc;

/// `story`: what happens to some user agents, one application and its store, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// What the application configures at first.
    pub config: StoryConfig,
    /// When the story begins.
    pub now: UnixTime,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// What an application configures, with what only stories ask about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoryConfig {
    /// The members of version 1.
    pub config: Arc<Config>,
    /// What comes before the id in the store's keys; `None` leaves the implementation's default.
    pub key_prefix: Option<String>,
}

const KEY_PREFIX: &str = "key_prefix";

impl Serialize for StoryConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = crate::json::to_value(&*self.config).unwrap_or_default();
        if let (Json::Object(members), Some(prefix)) = (&mut json, &self.key_prefix) {
            members.insert(KEY_PREFIX.to_owned(), Json::from(prefix.as_str()));
        }
        json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for StoryConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut json = Json::deserialize(deserializer)?;
        let prefix = json.as_object_mut().and_then(|members| members.shift_remove(KEY_PREFIX));
        let key_prefix = match prefix {
            None => None,
            Some(Json::String(text)) => Some(text),
            Some(_) => return Err(D::Error::custom("key_prefix: text is needed")),
        };
        let config = crate::json::from_value(&json).map_err(D::Error::custom)?;
        Ok(Self { config: Arc::new(config), key_prefix })
    }
}

/// One step of a story.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Step {
    /// Time passes for application and store.
    Advance {
        /// How much: a number of seconds with at most six decimals.
        seconds: UnixTime,
    },
    /// A request begins, does its actions, and is held inside its view.
    Begin {
        /// What `end` calls it.
        name: String,
        /// The request.
        #[serde(flatten)]
        request: Request,
    },
    /// One user agent gets a copy of the cookies of another.
    Copy {
        /// Who gets it.
        #[serde(rename = "as")]
        agent: String,
        /// Whose cookies they are.
        from: String,
    },
    /// A request that is held does these actions too, and ends.
    End {
        /// Which.
        name: String,
        /// What its view does now.
        #[serde(default)]
        actions: Vec<Action>,
    },
    /// What the store holds is told.
    Look,
    /// One whole request.
    Request(Request),
    /// The application ends and starts again. The store stays.
    Restart {
        /// Its configuration from now on; `None` for the one that it had.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        config: Option<StoryConfig>,
    },
    /// The store changes its state.
    Store {
        /// What it becomes.
        is: StoreState,
    },
}

impl Step {
    /// The word of the protocol.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Advance { .. } => "advance",
            Self::Begin { .. } => "begin",
            Self::Copy { .. } => "copy",
            Self::End { .. } => "end",
            Self::Look => "look",
            Self::Request(_) => "request",
            Self::Restart { .. } => "restart",
            Self::Store { .. } => "store",
        }
    }

    /// What the view does in this step.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        match self {
            Self::Begin { request, .. } | Self::Request(request) => &request.actions,
            Self::End { actions, .. } => actions,
            _ => &[],
        }
    }
}

/// A request of a story.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Whose cookies it carries.
    #[serde(rename = "as")]
    pub agent: String,
    /// What the view does with the session, in order.
    #[serde(default)]
    pub actions: Vec<Action>,
    /// The HTTP method.
    #[serde(default = "get", skip_serializing_if = "is_get")]
    pub method: String,
    /// The path.
    #[serde(default = "root", skip_serializing_if = "is_root")]
    pub path: String,
    /// Another Cookie header than that of the user agent; `Some(None)` for no header.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "named")]
    pub cookie_header: Option<Option<String>>,
}

impl Request {
    /// A GET of `/` with the cookies of a user agent.
    pub fn new(agent: impl Into<String>, actions: impl Into<Vec<Action>>) -> Self {
        let (agent, actions) = (agent.into(), actions.into());
        Self { agent, actions, method: get(), path: root(), cookie_header: None }
    }
}

/// Tells a member that is null from one that is missing.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// What a store can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreState {
    /// It cannot be reached.
    Down,
    /// Every key is gone.
    Emptied,
    /// Writing does what a full store does.
    Full,
    /// Every key is gone, and so are the connections.
    Restarted,
    /// It is reachable and has room; what it held is still there.
    Up,
}

impl StoreState {
    /// The word of the protocol.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Emptied => "emptied",
            Self::Full => "full",
            Self::Restarted => "restarted",
            Self::Up => "up",
        }
    }
}

/// What came of a story: one answer for each step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StoryAnswer {
    /// The answers, in the order of the steps.
    pub steps: Vec<StepAnswer>,
}

/// What came of one step. Which members there are depends on the step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepAnswer {
    /// For `begin`: whether the request is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<bool>,
    /// For a request that began: the Cookie header that it carried.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "named")]
    pub cookie_header: Option<Option<String>>,
    /// For a request that ended: the HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// For a request: the session as it was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened: Option<Map>,
    /// One result for each action of this step that came to its end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<Value>,
    /// For a request that ended: Set-Cookie and Vary headers in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// For `look`: what the store holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<StoredKey>>,
    /// How much real time a running store may have noticed since the story began (milliseconds).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed_ms: Option<u64>,
    /// How long the implementation asked to sleep (milliseconds).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slept_ms: Option<u64>,
}

/// A key of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredKey {
    /// Its name.
    pub key: String,
    /// The value that the cookie has for it; `None` if it is no session.
    #[serde(default)]
    pub id: Option<String>,
    /// Its remaining life (milliseconds); `None` for no end.
    #[serde(default)]
    pub ends_in_ms: Option<i64>,
    /// How much is stored (bytes).
    #[serde(default)]
    pub bytes: u64,
}

/// What an adapter says about stories in its hello.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryOffer {
    /// The store and its version, for reports; `cookie` where the session itself is in the cookie.
    pub store: String,
    /// How the store's clock moves.
    #[serde(default)]
    pub clock: StoreClock,
    /// What the store can be made.
    #[serde(default)]
    pub states: Vec<StoreState>,
    /// Whether the action `regenerate` is offered.
    #[serde(default)]
    pub regenerate: bool,
}

/// How a store's clock moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreClock {
    /// It runs, and `advance` shortens what every key has left.
    Advanced,
    /// It stands still between steps.
    #[default]
    Held,
    /// It runs, and cannot be moved.
    Observed,
}

impl StoreClock {
    /// The word of the protocol.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Advanced => "advanced",
            Self::Held => "held",
            Self::Observed => "observed",
        }
    }
}
