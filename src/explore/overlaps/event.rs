//! What may happen in a world of requests that overlap, and the steps of a story that ask it.

use crate::{
    clock::UnixTime,
    protocol::{
        Action,
        story::{Request, Step, StoreState, StoryConfig},
    },
};
use std::fmt;

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Time passes.
    Advance {
        /// How much (microseconds).
        micros: i64,
    },
    /// A request begins in a tab, and is held inside its view.
    Begin {
        /// Whose it is.
        agent: Agent,
        /// The tab.
        tab: Tab,
        /// Whether its view reads the session before it is held.
        reads: bool,
    },
    /// The thief gets a copy of the browser's cookies.
    Copy,
    /// The held request of a tab ends.
    End {
        /// The tab.
        tab: Tab,
        /// What its view has done by then.
        view: View,
    },
    /// Somebody sends an id that no session ever had.
    Forge {
        /// The tab that it comes from.
        tab: Tab,
        /// What the view does.
        view: View,
    },
    /// A whole request, in a tab that is free.
    Request {
        /// Whose it is.
        agent: Agent,
        /// The tab.
        tab: Tab,
        /// What the view does.
        view: View,
    },
    /// The application starts again.
    Restart(Setting),
    /// The store changes its state.
    Store(StoreState),
}

/// A user agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Agent {
    /// The user's browser. Its tabs share their cookies.
    Browser,
    /// Somebody who has a copy of the cookies at most.
    Thief,
}

impl Agent {
    /// What a story calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Thief => "thief",
        }
    }
}

/// One of the places where a request can be under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tab(pub u8);

impl Tab {
    /// What a story calls the request in it, and the key that this request writes.
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "first",
            1 => "second",
            _ => "third",
        }
    }
}

/// What a view does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// It stores who the user is.
    LogIn,
    /// It clears the session.
    LogOut,
    /// It reads who the user is.
    Read,
    /// It gives the session a new id.
    Regenerate,
    /// It does not use the session.
    Untouched,
    /// It stores something under the name of its tab.
    Write,
}

impl View {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::LogIn, Self::LogOut, Self::Read, Self::Untouched, Self::Write, Self::Regenerate];

    /// Whether it asks for a change.
    pub const fn changes(self) -> bool {
        !matches!(self, Self::Read | Self::Untouched)
    }

    /// What the view does in a tab, beside reading first.
    pub fn actions(self, tab: Tab, permanent: bool) -> Vec<Action> {
        match self {
            Self::LogIn => {
                let user = Action::Set { key: USER.into(), value: 42.into() };
                if permanent { vec![Action::SetPermanent { value: true }, user] } else { vec![user] }
            }
            Self::LogOut => vec![Action::Clear],
            Self::Read => vec![Action::Get { key: USER.into() }],
            Self::Regenerate => vec![Action::Regenerate],
            Self::Untouched => Vec::new(),
            Self::Write => vec![Action::Set { key: tab.name().into(), value: 1.into() }],
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::LogIn => "logs in",
            Self::LogOut => "logs out",
            Self::Read => "reads",
            Self::Regenerate => "gets a new id",
            Self::Untouched => "does not use the session",
            Self::Write => "writes",
        }
    }
}

/// The key under which a session holds its user.
pub(super) const USER: &str = "user";

/// An id that no session has: as long as a real one.
pub(super) const MADE_UP: &str = "made-up-0000000000000000000000000000000000000000";

/// What an application is configured with when it starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setting {
    /// A new secret key.
    Key,
    /// This lifetime (microseconds).
    Lifetime(i64),
    /// Another prefix in the store, or the first one again.
    Prefix {
        /// Whether it is the other one.
        other: bool,
    },
    /// What it had.
    Same,
}

impl Event {
    /// The step of a story that asks it. A restart has the configuration that it leads to.
    pub fn step(self, permanent: bool, config: &StoryConfig) -> Step {
        let request = |agent: Agent, actions: Vec<Action>| Request::new(agent.name(), actions);
        match self {
            Self::Advance { micros } => Step::Advance { seconds: UnixTime::from_micros(micros) },
            Self::Begin { agent, tab, reads } => {
                let view = if reads { View::Read } else { View::Untouched };
                Step::Begin { name: tab.name().to_owned(), request: request(agent, view.actions(tab, permanent)) }
            }
            Self::Copy => Step::Copy { agent: Agent::Thief.name().to_owned(), from: Agent::Browser.name().to_owned() },
            Self::End { tab, view } => {
                let actions = if view.changes() { view.actions(tab, permanent) } else { Vec::new() };
                Step::End { name: tab.name().to_owned(), actions }
            }
            Self::Forge { tab, view } => {
                let header = format!("{}={MADE_UP}", config.config.cookie_name);
                let request = request(Agent::Thief, view.actions(tab, permanent));
                Step::Request(Request { cookie_header: Some(Some(header)), ..request })
            }
            Self::Request { agent, tab, view } => Step::Request(request(agent, view.actions(tab, permanent))),
            Self::Restart(Setting::Same) => Step::Restart { config: None },
            Self::Restart(_) => Step::Restart { config: Some(config.clone()) },
            Self::Store(is) => Step::Store { is },
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Advance { micros } => write!(f, "{} pass", seconds(*micros)),
            Self::Begin { agent, tab, reads } => {
                let view = if *reads { "reads, and is held" } else { "is held" };
                write!(f, "{}: the {} request begins, {view}", agent.name(), tab.name())
            }
            Self::Copy => write!(f, "the thief copies the browser's cookies"),
            Self::End { tab, view: View::Read | View::Untouched } => write!(f, "the {} request ends", tab.name()),
            Self::End { tab, view } => write!(f, "the {} request {}, and ends", tab.name(), view.word()),
            Self::Forge { view, .. } => write!(f, "thief: a request with a made-up id {}", view.word()),
            Self::Request { agent, view, .. } => write!(f, "{}: a whole request {}", agent.name(), view.word()),
            Self::Restart(Setting::Key) => write!(f, "the application starts again with a new secret key"),
            Self::Restart(Setting::Lifetime(micros)) => {
                write!(f, "the application starts again with a lifetime of {}", seconds(*micros))
            }
            Self::Restart(Setting::Prefix { other: true }) => {
                write!(f, "another application, with another prefix, takes over")
            }
            Self::Restart(Setting::Prefix { other: false }) => write!(f, "the first application takes over again"),
            Self::Restart(Setting::Same) => write!(f, "the application starts again"),
            Self::Store(is) => write!(f, "the store is {}", is.as_str()),
        }
    }
}

/// A length of time in words.
pub(super) fn seconds(micros: i64) -> String {
    format!("{} s", UnixTime::from_micros(micros))
}
