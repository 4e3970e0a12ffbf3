//! The input of one check: a single call, calls in turn, a round trip, several requests of one client, or a story of browsers and
//! servers.
//!
//! A scenario gives its calls one after another, since later calls depend on earlier answers. Many scenarios run side by side.

use super::source::{Source, is_jar};
use super::story::Story;
use crate::cookie_text::{self, set_cookie};
use crate::json::{Json, Object};
use crate::{
    clock::UnixTime,
    config::Config,
    protocol::{Action, Answer, Call, Exchange, Sign, SignOutcome, Verify},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One check's recipe.
#[derive(Clone, Debug, PartialEq)]
pub enum Scenario {
    /// Calls that one copy of the implementation answers in turn, all of them known beforehand.
    Calls(Vec<Call>),
    /// A session is signed, and its cookie read back by the same implementation (`PAY-16`).
    RoundTrip(Sign),
    /// Requests of one client, one after another.
    Sequence(Sequence),
    /// A call on its own.
    Single(Call),
    /// Browsers, servers and clocks together.
    World(Story),
}

/// Requests of one client with a cookie jar that knows no time: it holds the last session cookie that was set, and forgets it
/// at a deletion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// What the application configures at first.
    pub config: Arc<Config>,
    /// The requests.
    pub steps: Vec<Step>,
}

/// One request of a sequence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The clock.
    pub now: UnixTime,
    /// Members of the configuration that change from this step only.
    #[serde(default, skip_serializing_if = "Object::is_empty")]
    pub config: Object,
    /// Which cookie is sent.
    #[serde(default, skip_serializing_if = "is_jar")]
    pub cookie: Source,
    /// The HTTP method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What the view does with the session.
    #[serde(default)]
    pub actions: Vec<Action>,
}

impl Step {
    /// A request with the jar's cookie.
    pub fn new(now: UnixTime, actions: Vec<Action>) -> Self {
        Self { now, config: Object::new(), cookie: Source::Jar, method: None, path: None, actions }
    }
}

impl Scenario {
    /// The next call after the calls that were answered; `None` if the scenario is over.
    pub fn next(&self, answered: &[(Call, Answer)]) -> Option<Call> {
        match (self, answered) {
            (Self::Calls(calls), _) => calls.get(answered.len()).cloned(),
            (Self::Single(call), []) => Some(call.clone()),
            (Self::Single(_), _) => None,
            (Self::RoundTrip(sign), []) => Some(Call::Sign(sign.clone())),
            (Self::RoundTrip(sign), [(_, Answer::Sign(SignOutcome::Cookie(cookie)))]) => {
                Some(Call::Verify(Verify { config: sign.config.clone(), now: sign.now, cookie: cookie.clone() }))
            }
            (Self::RoundTrip(_), _) => None,
            (Self::Sequence(sequence), _) => sequence.next(answered),
            (Self::World(story), _) => story.next(answered),
        }
    }

    /// The same story with this configuration on every server, always. A scenario that is not a story is unchanged.
    pub fn with_config(self, config: &Arc<Config>) -> Self {
        match self {
            Self::World(story) => Self::World(story.with_config(config)),
            other => other,
        }
    }

    /// How many calls the scenario makes at most.
    pub fn len(&self) -> usize {
        match self {
            Self::Calls(calls) => calls.len(),
            Self::Single(_) => 1,
            Self::RoundTrip(_) => 2,
            Self::Sequence(sequence) => sequence.steps.len(),
            Self::World(story) => story.requests().count(),
        }
    }

    /// Whether nothing is asked at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Step {
    fn exchange(&self, config: Arc<Config>, cookie_header: Option<String>) -> Exchange {
        Exchange {
            config,
            now: self.now,
            cookie_header,
            method: self.method.clone().unwrap_or_else(|| "GET".to_owned()),
            path: self.path.clone().unwrap_or_else(|| "/".to_owned()),
            actions: self.actions.clone(),
        }
    }
}

impl Sequence {
    fn next(&self, answered: &[(Call, Answer)]) -> Option<Call> {
        let step = self.steps.get(answered.len())?;
        let config = self.config_of(step);
        let value = match &step.cookie {
            Source::None => None,
            Source::Header(header) => return Some(Call::Exchange(step.exchange(config, Some(header.clone())))),
            Source::From(earlier) => answered.get(*earlier).and_then(cookie_set),
            Source::Jar => jar(answered),
        };
        let name = cookie_text::name(&config);
        let header = value.map(|value| format!("{name}={value}"));
        Some(Call::Exchange(step.exchange(config, header)))
    }

    fn config_of(&self, step: &Step) -> Arc<Config> {
        if step.config.is_empty() {
            return self.config.clone();
        }
        let mut json = crate::json::to_value(&*self.config).unwrap_or_default();
        if let Json::Object(members) = &mut json {
            members.extend(step.config.clone());
        }
        crate::json::from_value(&json).map_or_else(|_| self.config.clone(), Arc::new)
    }
}

/// What a jar holds after some requests.
fn jar(answered: &[(Call, Answer)]) -> Option<String> {
    answered.iter().rev().find_map(cookie_change).flatten()
}

/// The value that an answer set; `None` if it set no cookie or deleted it.
fn cookie_set(answered: &(Call, Answer)) -> Option<String> {
    cookie_change(answered).flatten()
}

/// What an answer did to the session's cookie: nothing, a deletion, or a new value.
fn cookie_change((call, answer): &(Call, Answer)) -> Option<Option<String>> {
    let (Call::Exchange(call), Answer::Exchange(exchanged)) = (call, answer) else { return None };
    let cookie = set_cookie(exchanged, call)?;
    Some((!cookie.value.is_empty()).then_some(cookie.value))
}
