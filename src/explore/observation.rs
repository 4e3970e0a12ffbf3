//! What is seen of one event: everything that the properties are about.

use super::{
    event::{Event, USER, View},
    state::{Held, State},
};
use crate::{
    model::{browser::attributes, session::PERMANENT},
    protocol::Response,
    value::{Map, Value},
};

/// What was seen of an event.
pub struct Observation<'a> {
    /// The event.
    pub event: Event,
    /// The state before it.
    pub before: &'a State,
    /// The state after it.
    pub after: &'a State,
    /// What a server answered; none if no server was asked.
    pub answer: Option<&'a Answer>,
}

/// A request and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Who asked; none for a forger.
    pub browser: Option<usize>,
    /// Who was asked.
    pub server: usize,
    /// What the view did.
    pub view: View,
    /// The second on the server's clock.
    pub second: i64,
    /// The lifetime in force, in seconds.
    pub lifetime: i64,
    /// The cookie that was sent, if a server had set it.
    pub sent: Option<Held>,
    /// The session as it was opened; none if it was empty.
    pub opened: Option<Opened>,
    /// What the answer tells the browser about the cookie.
    pub set: Option<Set>,
}

/// What is in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The user.
    pub user: Option<usize>,
    /// Whether it is permanent.
    pub permanent: bool,
    /// Whether something else is in it.
    pub cart: bool,
}

/// A Set-Cookie header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set {
    /// The date in `Expires`, in Unix seconds.
    pub expires: Option<i64>,
    /// Whether it deletes the cookie.
    pub deletes: bool,
}

impl Answer {
    /// Whether the cookie was accepted.
    pub fn is_in(&self) -> bool {
        self.opened.is_some()
    }

    /// The age of the cookie that was sent, by the server's clock.
    pub fn age(&self) -> Option<i64> {
        self.sent.map(|sent| self.second - sent.issued)
    }

    /// Whether the cookie that was sent is neither too old nor from the future.
    pub fn is_in_time(&self) -> bool {
        self.age().is_some_and(|age| (0..=self.lifetime).contains(&age))
    }
}

impl Observation<'_> {
    /// Whether the server that was asked verifies with the key of the cookie that was sent.
    pub fn knows_the_key(&self, answer: &Answer) -> bool {
        let keys = self.before.keys.get(answer.server);
        answer.sent.is_some_and(|sent| keys.is_some_and(|keys| keys.verify(sent.secret)))
    }

    /// Whether the server that was asked signs with the key of the cookie that was sent.
    pub fn signs_with_the_key(&self, answer: &Answer) -> bool {
        let keys = self.before.keys.get(answer.server);
        answer.sent.is_some_and(|sent| keys.is_some_and(|keys| keys.signing() == sent.secret))
    }

    /// Whether the answer satisfies this; true without an answer.
    pub(super) fn is_of_all(&self, holds: impl Fn(&Answer) -> bool) -> bool {
        self.answer.is_none_or(holds)
    }

    /// Whether there is an answer that satisfies this.
    pub(super) fn is_of_one(&self, shows: impl Fn(&Answer) -> bool) -> bool {
        self.answer.is_some_and(shows)
    }

    /// The browsers.
    pub(super) fn browsers(&self) -> std::ops::Range<usize> {
        0..self.before.held.len()
    }

    /// Whether the answer has to renew the session: it is in and permanent, and renewal is on.
    pub(super) fn refreshes(&self, answer: &Answer) -> bool {
        let server = self.before.world.servers.get(answer.server);
        let is_on = server.is_some_and(|server| server.config.refresh_each_request);
        is_on && answer.opened.is_some_and(|opened| opened.permanent)
    }

    /// Whether more than the lifetime has passed since the login, with the same lifetime all the time.
    pub(super) fn is_past_its_first_expiry(&self, answer: &Answer) -> bool {
        let login = answer.sent.filter(|sent| sent.lifetime == self.before.lifetime).and_then(|sent| sent.login);
        login.is_some_and(|login| answer.second - login > answer.lifetime)
    }

    /// A dated cookie stays in a browser until the date that it was told, and goes then; others stay.
    pub(super) fn is_kept_as_it_should_be(&self, browser: usize) -> bool {
        let Some(held) = self.before.held_by(browser) else { return true };
        let now = self.after.world.browsers.get(browser).map(|agent| agent.clock(self.after.world.now));
        let until = (held.issued + held.lifetime.seconds()) * 1_000_000;
        let stays = !held.permanent || now.is_some_and(|now| now.micros() <= until);
        self.after.held_by(browser).is_some() == stays
    }
}

/// What is in an opened session; none if it is empty or could not be opened.
pub(super) fn opened(exchanged: &Response) -> Option<Opened> {
    let session = exchanged.opened.as_ref().filter(|session| !session.is_empty())?;
    Some(Opened {
        user: user(session),
        permanent: session.get(PERMANENT).is_some_and(Value::is_true),
        cart: session.contains_key(super::event::CART),
    })
}

fn user(session: &Map) -> Option<usize> {
    session.get(USER)?.as_int().and_then(|user| usize::try_from(user).ok())
}

/// What an answer says about the cookie.
pub(super) fn set(exchanged: &Response) -> Option<Set> {
    let (_, header) = exchanged.headers.iter().find(|(name, _)| name == "Set-Cookie")?;
    let parsed = attributes::parse(header).ok()?;
    Some(Set { expires: parsed.expires, deletes: parsed.value.is_empty() })
}
