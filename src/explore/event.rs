//! What may happen in a world that is searched, and the words for it.

use crate::{
    config::{Config, Fallbacks, Lifetime},
    protocol::Action,
    value::Value,
};
use std::fmt;

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A second passes.
    Tick,
    /// The session's cookie is copied from one browser to another.
    Copy {
        /// The browser that has it.
        from: usize,
        /// The browser that gets it.
        to: usize,
    },
    /// A cookie that no server made is sent to a server.
    Forge {
        /// The server.
        server: usize,
        /// How it is made.
        forgery: Forgery,
    },
    /// A server restarts with other keys.
    Keys {
        /// The server.
        server: usize,
        /// Its keys from now on.
        keys: Keys,
    },
    /// All servers restart with another lifetime.
    Lifetime(LifetimeStep),
    /// A browser asks a server.
    Request {
        /// The browser.
        browser: usize,
        /// The server.
        server: usize,
        /// What the view does.
        view: View,
    },
    /// A browser is closed and started again.
    Restart {
        /// The browser.
        browser: usize,
    },
}

/// How a cookie is forged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Forgery {
    /// The payload of the first browser's cookie is replaced.
    Altered,
    /// It is signed with a made-up key.
    Guessed,
}

/// What a view does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// It stores who the user is, and whether the session is permanent.
    LogIn {
        /// Whether it is.
        permanent: bool,
    },
    /// It clears the session.
    LogOut,
    /// It reads who the user is.
    Read,
    /// It writes something else.
    Write,
}

impl View {
    /// The actions of the view, for the user of a browser.
    pub fn actions(self, browser: usize) -> Vec<Action> {
        match self {
            Self::LogIn { permanent } => {
                let user = Action::Set { key: USER.into(), value: Value::int(browser) };
                vec![user, Action::SetPermanent { value: permanent }]
            }
            Self::LogOut => vec![Action::Clear],
            Self::Read => vec![Action::Get { key: USER.into() }],
            Self::Write => vec![Action::Set { key: CART.into(), value: Value::int(1) }],
        }
    }
}

/// The key under which a session holds its user: the number of a browser.
pub(super) const USER: &str = "user";

/// The key under which a session holds something else.
pub(super) const CART: &str = "cart";

/// A secret key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Secret {
    New,
    Old,
}

impl Secret {
    /// The key's text.
    pub fn text(self) -> &'static str {
        match self {
            Self::New => "the new key",
            Self::Old => "the old key",
        }
    }
}

/// The keys of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keys {
    /// The new key, and the old one as a fallback.
    Both,
    /// The new key alone.
    New,
    /// The old key alone.
    Old,
}

impl Keys {
    /// The key that signs.
    pub fn signing(self) -> Secret {
        if self == Self::Old { Secret::Old } else { Secret::New }
    }

    /// Whether a key verifies.
    pub fn verify(self, secret: Secret) -> bool {
        self == Self::Both || self.signing() == secret
    }

    /// What they can be changed to: a rotation only goes forward.
    pub(super) fn next(self) -> &'static [Self] {
        match self {
            Self::Both => &[Self::New],
            Self::New => &[],
            Self::Old => &[Self::Both, Self::New],
        }
    }
}

/// A lifetime that servers can be configured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LifetimeStep {
    /// A second more.
    Longer,
    /// Two seconds.
    Normal,
    /// A second less.
    Shorter,
}

impl LifetimeStep {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Longer, Self::Normal, Self::Shorter];

    /// In seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Longer => 3,
            Self::Normal => 2,
            Self::Shorter => 1,
        }
    }
}

/// What a server is configured with.
pub(super) fn config(keys: Keys, lifetime: LifetimeStep, refresh: bool) -> Config {
    let fallback = (keys == Keys::Both).then(|| Fallbacks::Keys(vec![Secret::Old.text().into()]));
    let lifetime = Lifetime::Seconds(lifetime.seconds());
    let mut config = Config::with_key(keys.signing().text()).lifetime(lifetime).refresh_each_request(refresh);
    config.fallback_keys = fallback;
    config
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Tick => f.write_str("a second passes"),
            Self::Copy { from, to } => write!(f, "the cookie of browser {from} is copied to browser {to}"),
            Self::Forge { server, forgery: Forgery::Altered } => {
                write!(f, "an altered cookie is sent to server {server}")
            }
            Self::Forge { server, forgery: Forgery::Guessed } => {
                write!(f, "a cookie signed with a guessed key is sent to server {server}")
            }
            Self::Keys { server, keys: Keys::Both } => {
                write!(f, "server {server} gets the new key, with the old one as a fallback")
            }
            Self::Keys { server, keys: Keys::New } => write!(f, "server {server} has the new key alone"),
            Self::Keys { server, keys: Keys::Old } => write!(f, "server {server} has the old key alone"),
            Self::Lifetime(lifetime) => write!(f, "the lifetime becomes {} s", lifetime.seconds()),
            Self::Request { browser, server, view } => write!(f, "browser {browser} {view} at server {server}"),
            Self::Restart { browser } => write!(f, "browser {browser} is closed and started again"),
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LogIn { permanent: true } => "logs in, permanent,",
            Self::LogIn { permanent: false } => "logs in",
            Self::LogOut => "logs out",
            Self::Read => "reads",
            Self::Write => "writes",
        })
    }
}
