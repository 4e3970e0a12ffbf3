//! What somebody can know who sees the requests, the answers and the keys in the store, and nothing else.
//!
//! The observer does not ask the model what is right. It remembers what was asked and acknowledged: which ids were given, how
//! each session ended, what was written last, and when its life was counted anew. Each transition gives [`Facts`], which the
//! properties are about. The same could be observed of a real implementation.

use super::{
    event::{Event, MADE_UP, Setting, Tab, View},
    world::World,
};
use crate::{
    cookie_text::{instant, parse_set_cookie},
    model::{
        cookie_header,
        session::PERMANENT,
        store::{How, hash_of_data},
    },
    protocol::{
        ConcurrentChoice, DuplicatesChoice, RenewChoice,
        story::{StepAnswer, StoreState},
    },
    value::{Map, Value},
};
use std::{
    collections::BTreeMap,
    hash::{Hash, Hasher},
};

/// What is remembered.
#[derive(Clone, Debug, Default)]
pub struct Observer {
    /// The sessions whose ids were given, by these.
    sessions: BTreeMap<String, Session>,
    /// The requests under way, by their tabs.
    under_way: BTreeMap<Tab, UnderWay>,
    is_away: bool,
    is_full: bool,
    /// Whether the other prefix is configured.
    is_other: bool,
    /// The configured lifetime (microseconds).
    lifetime: i64,
}

/// A session of which somebody has the id.
#[derive(Clone, Debug)]
struct Session {
    /// How it ended, if it did.
    ended: Option<How>,
    /// What it holds, by what was acknowledged.
    data: Map,
    /// How many writes were acknowledged.
    writes: u32,
    /// When its life was counted anew (microseconds), and for how long.
    renewed: i64,
    lifetime: i64,
    /// Whether it was made with the other prefix.
    is_other: bool,
    since: Since,
}

/// What happened to a session since it was written, as far as that could spoil it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Since {
    /// The store was away.
    Away,
    /// The secret key changed.
    NewKey,
    /// Nothing.
    Nothing,
    /// It got its id.
    Regenerated,
    /// The application was started again.
    Restart,
    /// A request that began before the write ended, and wrote nothing.
    StaleRead,
    /// The write itself was that of a request which began before another write.
    StaleWrite,
}

/// What an id leads to, by what was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// The store cannot be reached.
    Away,
    /// A session that has ended in this way.
    Ended(How),
    /// A session that lives.
    Live {
        /// Whether this is its very end.
        at_end: bool,
    },
    /// There is no cookie.
    NoCookie,
    /// A session of an application with another prefix.
    Other,
    /// A session whose life is over.
    Over,
    /// A session whose life is over only by the shorter lifetime that is configured now.
    Shortened,
    /// Nobody was given this id.
    Unknown,
}

/// A request under way.
#[derive(Clone, Debug)]
struct UnderWay {
    sent: Option<String>,
    standing: Standing,
    opened: Option<Map>,
    /// How many writes the session had when it was opened.
    writes: u32,
}

/// What is seen of a transition.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// A request began.
    pub opening: Option<Opening>,
    /// A request ended.
    pub ending: Option<Ending>,
    /// Whether nothing that comes later is specified.
    pub is_open: bool,
}

/// A request began.
#[derive(Clone, Debug)]
pub struct Opening {
    /// What its cookie leads to.
    pub standing: Standing,
    /// The session as it was opened; `None` for an error.
    pub opened: Option<Map>,
    /// What the session holds.
    pub data: Map,
    /// What happened since that was written.
    pub since: Since,
}

/// A request ended.
#[derive(Clone, Debug)]
pub struct Ending {
    /// What its view did.
    pub view: View,
    /// Whether that changed the session that it saw.
    pub wrote: bool,
    /// The id that it was sent.
    pub sent: Option<String>,
    /// What that led to when the request began.
    pub began: Standing,
    /// What it leads to when the request ends.
    pub ends: Standing,
    /// Whether another request wrote since it began.
    pub is_stale: bool,
    /// The status.
    pub status: u16,
    /// The id in the cookie that is set, and until when (microseconds from now).
    pub set: Option<(String, Option<i64>)>,
    /// Whether the cookie is deleted.
    pub deleted: bool,
    /// Whether the session is permanent that is set or was sent.
    pub permanent: bool,
    /// The keys in the store before and after, with what they have left (milliseconds).
    pub before: Keys,
    /// See `before`.
    pub after: Keys,
    /// Whether the id that is set was given before.
    pub is_known: bool,
    /// Whether the store is full.
    pub is_full: bool,
    /// Whether the store cannot be reached.
    pub is_away: bool,
    /// Whether every key in the store has an id that somebody was given.
    pub all_named: bool,
    /// How old the life of the session was (microseconds).
    pub age: i64,
    /// The configured lifetime (microseconds).
    pub lifetime: i64,
}

/// The keys in the store, by their ids, with what they have left (milliseconds); `None` for those without an end.
pub type Keys = BTreeMap<String, Option<i64>>;

impl Ending {
    /// Whether the answer says that all went well.
    pub const fn is_acknowledged(&self) -> bool {
        self.status < 400
    }

    /// Whether the session lived from the beginning of the request to its end.
    pub const fn is_live(&self) -> bool {
        matches!((self.began, self.ends), (Standing::Live { .. }, Standing::Live { .. }))
    }

    /// How the session ended while the request was under way.
    pub const fn late(&self) -> Option<How> {
        match (self.began, self.ends) {
            (Standing::Live { .. }, Standing::Ended(how)) => Some(how),
            _ => None,
        }
    }

    /// Whether the same keys are in the store as before.
    pub fn keys_stay(&self) -> bool {
        self.before.keys().eq(self.after.keys())
    }

    /// Whether neither store nor cookie changed, but for how long keys live.
    pub fn changed_nothing(&self) -> bool {
        self.keys_stay() && self.set.is_none() && !self.deleted
    }

    /// The id that the session has after the request.
    pub fn id(&self) -> Option<&String> {
        self.set.as_ref().map(|(id, _)| id).or(self.sent.as_ref())
    }

    /// What the key of the session has left after the request (milliseconds).
    pub fn left(&self) -> Option<i64> {
        self.after.get(self.id()?).copied().flatten()
    }
}

impl Observer {
    /// Somebody who has seen nothing yet.
    pub fn new(world: &World) -> Self {
        Self { lifetime: world.lifetime, ..Self::default() }
    }

    /// Whether a request is under way in a tab, and whether it has read.
    pub fn is_under_way(&self, tab: Tab) -> bool {
        self.under_way.contains_key(&tab)
    }

    /// Whether any request is under way.
    pub fn is_busy(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// The configured lifetime (microseconds).
    pub const fn lifetime(&self) -> i64 {
        self.lifetime
    }

    /// Whether the application with the other prefix runs.
    pub const fn is_other(&self) -> bool {
        self.is_other
    }

    /// Whether the store cannot be reached.
    pub const fn is_away(&self) -> bool {
        self.is_away
    }

    /// Whether the store is full.
    pub const fn is_full(&self) -> bool {
        self.is_full
    }

    /// Hashes what is remembered of some ids and of the requests under way.
    pub fn hash<H: Hasher>(&self, ids: &[String], now: i64, state: &mut H) {
        for id in ids {
            let Some(session) = self.sessions.get(id) else {
                0.hash(state);
                continue;
            };
            let age = now.saturating_sub(session.renewed).min(session.lifetime.saturating_add(super::world::SECOND));
            (session.ended, age, session.lifetime, session.is_other, session.since).hash(state);
            hash_of_data(&session.data).hash(state);
        }
        for (tab, under_way) in &self.under_way {
            let place = under_way.sent.as_ref().map(|id| ids.iter().position(|known| known == id));
            let writes = under_way.sent.as_ref().and_then(|id| self.sessions.get(id)).map(|session| session.writes);
            (tab, place, under_way.standing, writes == Some(under_way.writes)).hash(state);
            under_way.opened.as_ref().map(hash_of_data).hash(state);
        }
        (self.is_away, self.is_full, self.is_other, self.lifetime).hash(state);
    }

    /// Sees what came of an event.
    pub fn see(
        &mut self,
        world: &World,
        event: Event,
        now: i64,
        answer: &StepAnswer,
        before: Keys,
        after: Keys,
    ) -> Facts {
        match event {
            Event::Advance { .. } | Event::Copy => Facts::default(),
            Event::Begin { tab, .. } => {
                let (under_way, opening) = self.begin(now, answer);
                self.under_way.insert(tab, under_way);
                Facts { opening: Some(opening), ..Facts::default() }
            }
            Event::End { tab, view } => match self.under_way.remove(&tab) {
                Some(under_way) => self.end(world, under_way, (tab, view), now, answer, (before, after)),
                None => Facts::default(),
            },
            Event::Forge { tab, view } | Event::Request { tab, view, .. } => {
                let (under_way, opening) = self.begin(now, answer);
                let facts = self.end(world, under_way, (tab, view), now, answer, (before, after));
                Facts { opening: Some(opening), ..facts }
            }
            Event::Restart(setting) => {
                match setting {
                    Setting::Lifetime(lifetime) => self.lifetime = lifetime,
                    Setting::Prefix { other } => self.is_other = other,
                    Setting::Key | Setting::Same => {}
                }
                self.all_since(if setting == Setting::Key { Since::NewKey } else { Since::Restart });
                Facts::default()
            }
            Event::Store(is) => {
                match is {
                    StoreState::Down => self.is_away = true,
                    StoreState::Emptied | StoreState::Restarted => {
                        let live = self.sessions.values_mut().filter(|session| session.ended.is_none());
                        live.for_each(|session| session.ended = Some(How::Lost));
                    }
                    StoreState::Full => self.is_full = true,
                    StoreState::Up => {
                        if std::mem::take(&mut self.is_away) {
                            self.all_since(Since::Away);
                        }
                        self.is_full = false;
                    }
                }
                Facts::default()
            }
        }
    }

    fn all_since(&mut self, since: Since) {
        self.sessions.values_mut().for_each(|session| session.since = since);
    }

    fn standing(&self, id: Option<&str>, now: i64) -> Standing {
        let Some(id) = id else { return Standing::NoCookie };
        if self.is_away {
            return Standing::Away;
        }
        let Some(session) = self.sessions.get(id) else { return Standing::Unknown };
        if let Some(how) = session.ended {
            return Standing::Ended(how);
        }
        if session.is_other != self.is_other {
            return Standing::Other;
        }
        let age = now.saturating_sub(session.renewed);
        match session.lifetime.min(self.lifetime) {
            end if age < end => Standing::Live { at_end: false },
            end if age == end => Standing::Live { at_end: true },
            _ if age > session.lifetime => Standing::Over,
            _ => Standing::Shortened,
        }
    }

    fn begin(&self, now: i64, answer: &StepAnswer) -> (UnderWay, Opening) {
        let header = answer.cookie_header.clone().flatten();
        let value = header.and_then(|header| cookie_header::value(&header, "session", DuplicatesChoice::First));
        let sent = value.filter(|value| !value.is_empty());
        let standing = self.standing(sent.as_deref(), now);
        let session = sent.as_deref().and_then(|id| self.sessions.get(id));
        let (data, since, writes) = session
            .map_or((Map::new(), Since::Nothing, 0), |session| (session.data.clone(), session.since, session.writes));
        let opened = answer.opened.clone();
        let under_way = UnderWay { sent, standing, opened: opened.clone(), writes };
        (under_way, Opening { standing, opened, data, since })
    }

    fn end(
        &mut self,
        world: &World,
        under_way: UnderWay,
        (tab, view): (Tab, View),
        now: i64,
        answer: &StepAnswer,
        (before, after): (Keys, Keys),
    ) -> Facts {
        let UnderWay { sent, standing: began, opened, writes } = under_way;
        let ends = self.standing(sent.as_deref(), now);
        let session = sent.as_deref().and_then(|id| self.sessions.get(id));
        let (set, deleted) = cookie(answer, now);
        let opened = opened.unwrap_or_default();
        let wrote = match view {
            View::LogIn | View::Write => true,
            View::LogOut | View::Regenerate => !is_nobody(&opened),
            View::Read | View::Untouched => false,
        };
        let changed = changed(&opened, view, tab, world.permanent);
        let is_stale = session.is_some_and(|session| session.writes != writes);
        let ending = Ending {
            view,
            wrote,
            began,
            ends,
            is_stale,
            status: answer.status.unwrap_or(0),
            is_known: set.as_ref().is_some_and(|(id, _)| self.sessions.contains_key(id) || id == MADE_UP),
            deleted,
            permanent: changed.get(PERMANENT).is_some_and(Value::is_true),
            all_named: after
                .keys()
                .all(|id| self.sessions.contains_key(id) || set.as_ref().is_some_and(|(given, _)| given == id)),
            before,
            after,
            is_full: self.is_full,
            is_away: self.is_away,
            age: session.map_or(0, |session| now.saturating_sub(session.renewed)),
            lifetime: self.lifetime,
            set,
            sent,
        };
        // A lifetime that ends while a request is under way is left open.
        let is_open = matches!((began, ends), (Standing::Live { .. }, Standing::Over | Standing::Shortened));
        if ending.is_acknowledged() && !is_open && !self.is_away {
            self.acknowledge(world, &ending, changed, tab, now);
        }
        Facts { opening: None, ending: Some(ending), is_open }
    }

    /// Remembers what an answer said.
    fn acknowledge(&mut self, world: &World, ending: &Ending, changed: Map, tab: Tab, now: i64) {
        let (lifetime, is_other) = (self.lifetime, self.is_other);
        let fresh =
            |data: Map, since: Since| Session { ended: None, data, writes: 0, renewed: now, lifetime, is_other, since };
        let given = ending.set.as_ref().map(|(id, _)| id.clone());
        let is_last = world.choices.concurrent == ConcurrentChoice::Last;
        if !ending.is_live() {
            let starts = ending.wrote && !is_nobody(&changed) && !matches!(ending.began, Standing::Live { .. });
            if let (true, Some(id)) = (starts, given) {
                self.sessions.insert(id, fresh(changed, Since::Nothing));
            }
            return;
        }
        let Some(session) = ending.sent.as_ref().and_then(|id| self.sessions.get_mut(id)) else { return };
        let merged = match is_last {
            true => changed,
            false => self::changed(&session.data, ending.view, tab, world.permanent),
        };
        match ending.view {
            View::LogOut if ending.wrote => session.ended = Some(How::Cleared),
            View::Regenerate if ending.wrote => {
                session.ended = Some(How::Regenerated);
                let since = if ending.is_stale { Since::StaleWrite } else { Since::Regenerated };
                if let Some(id) = given {
                    self.sessions.insert(id, fresh(merged, since));
                }
            }
            View::LogIn | View::Write => {
                let since = if ending.is_stale { Since::StaleWrite } else { Since::Nothing };
                let writes = session.writes + 1;
                *session = Session { writes, ..fresh(merged, since) };
            }
            _ => {
                if ending.is_stale {
                    session.since = Since::StaleRead;
                }
                let renews = match world.choices.renew {
                    RenewChoice::Request => true,
                    RenewChoice::Use => ending.view != View::Untouched,
                    RenewChoice::Write => false,
                };
                if renews && world.refresh {
                    (session.renewed, session.lifetime) = (now, lifetime);
                }
            }
        }
    }
}

/// Whether a session holds nothing but the note of its permanence.
pub(super) fn is_nobody(data: &Map) -> bool {
    let note = Value::from(PERMANENT);
    data.iter().all(|(key, _)| *key == note)
}

/// What a session holds after a view.
fn changed(data: &Map, view: View, tab: Tab, permanent: bool) -> Map {
    let mut session = crate::model::session::Session::opened(data.clone());
    if view.changes() && view != View::Regenerate {
        view.actions(tab, permanent).iter().for_each(|action| drop(session.act(action)));
    }
    session.data
}

/// What an answer does to the cookie: the id that it sets, and until when (microseconds from now), or that it deletes it.
fn cookie(answer: &StepAnswer, now: i64) -> (Option<(String, Option<i64>)>, bool) {
    let Some((_, header)) = answer.headers.iter().find(|(name, _)| name == "Set-Cookie") else { return (None, false) };
    let cookie = parse_set_cookie(header);
    let until = cookie.attributes.get("expires").and_then(|date| instant(date));
    let left = until.map(|seconds| seconds.saturating_mul(super::world::SECOND).saturating_sub(now));
    match cookie.value.is_empty() || left.is_some_and(|left| left <= 0) {
        true => (None, true),
        false => (Some((cookie.value, left)), false),
    }
}
