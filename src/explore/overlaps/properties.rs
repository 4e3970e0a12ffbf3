//! The rules of [sessions in a store](../../../spec/stores.md) as predicates over what an observer sees of a transition.
//!
//! Each gives `None` where its premise is not met: it says nothing there. A property that says nothing anywhere proves nothing,
//! so each must have a witness in some world, which the search finds like a counterexample.

use super::{
    event::View,
    observer::{Ending, Facts, Opening, Since, Standing, is_nobody},
    world::World,
};
use crate::{
    model::store::How,
    protocol::{BoundaryChoice, ConcurrentChoice, LateWriteChoice, RenewChoice},
};

/// A property of every transition.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Its name: words with hyphens.
    pub name: &'static str,
    /// The name of what shows that its premise is met somewhere.
    pub witness: &'static str,
    /// The rule that it is taken from.
    pub rule: &'static str,
    /// Whether a transition keeps it; `None` where it says nothing.
    pub keeps: fn(&World, &Facts) -> Option<bool>,
}

macro_rules! rules {
    ($($rule:literal $name:literal $keeps:expr;)+) => {
        /// All properties: those of requests that overlap first, then those of the session's life, then all others.
        pub const RULES: &[Rule] =
            &[$(Rule { name: $name, witness: concat!($name, ": it happens"), rule: $rule, keeps: $keeps }),+];
    };
}

rules! {
    "STO-19" "an-id-that-was-cleared-is-nobody-for-ever" |_, facts| ended(facts, How::Cleared);
    "STO-22" "a-late-request-that-wrote-nothing-changes-nothing" |_, facts| {
        let ending = late(facts, How::Cleared)?;
        says(!ending.wrote, ending.changed_nothing())
    };
    "STO-23" "a-late-write-changes-nothing-and-says-so" |world, facts| {
        let ending = late(facts, How::Cleared)?;
        let is_told = world.choices.late_write != LateWriteChoice::Error || !ending.is_acknowledged();
        says(ending.wrote && ending.view != View::LogOut, ending.keys_stay() && ending.set.is_none() && is_told)
    };
    "STO-18" "a-late-logout-brings-nothing-back" |_, facts| {
        let ending = late(facts, How::Cleared)?;
        says(ending.view == View::LogOut, ending.keys_stay() && ending.set.is_none())
    };
    "STO-25" "a-request-that-wrote-nothing-leaves-every-others-write" |_, facts| read_back(facts, Since::StaleRead);
    "STO-24" "of-two-writes-at-once-what-is-declared-stays" |_, facts| read_back(facts, Since::StaleWrite);
    "STO-24" "the-later-of-two-writes-is-refused-if-that-is-declared" |world, facts| {
        let ending = live(facts)?;
        let is_write = ending.wrote && ending.view != View::LogOut;
        let is_refused = !ending.is_acknowledged() && ending.set.is_none() && ending.keys_stay();
        says(world.choices.concurrent == ConcurrentChoice::Conflict && is_write && ending.is_stale, is_refused)
    };
    "STO-27" "the-old-id-is-nobody-after-a-new-one" |_, facts| ended(facts, How::Regenerated);
    "STO-27" "a-late-request-leaves-the-old-id-ended" |_, facts| {
        let ending = late(facts, How::Regenerated)?;
        Some(ending.keys_stay() && ending.set.is_none())
    };
    "STO-27" "a-new-id-replaces-the-old-one-in-the-store" |_, facts| {
        let ending = regenerated(facts)?;
        let is_new = ending.id() != ending.sent.as_ref() || ending.set.is_none();
        let is_gone = ending.sent.as_ref().is_none_or(|id| !ending.after.contains_key(id));
        Some(is_new && is_gone && ending.before.len() == ending.after.len())
    };
    "STO-27" "a-new-id-keeps-the-data" |_, facts| read_back(facts, Since::Regenerated);
    "STO-28" "a-new-id-has-its-cookie-and-a-full-life" |world, facts| {
        let ending = regenerated(facts)?;
        Some(ending.set.is_some() && is_full_life(world, ending))
    };
    "STO-37" "what-the-store-has-lost-is-nobody" |_, facts| ended(facts, How::Lost);
    "STO-37" "a-late-request-brings-back-nothing-that-was-lost" |_, facts| {
        let ending = late(facts, How::Lost)?;
        Some(ending.keys_stay() && ending.set.is_none())
    };
    "STO-37" "a-restart-of-the-application-ends-no-session" |_, facts| lives_since(facts, Since::Restart);
    "STO-30" "a-new-secret-key-ends-no-session" |_, facts| lives_since(facts, Since::NewKey);
    "STO-34" "an-outage-ends-no-session" |_, facts| lives_since(facts, Since::Away);
    "STO-3" "a-session-lives-to-its-end" |_, facts| {
        let opening = facts.opening.as_ref()?;
        says(opening.standing == Standing::Live { at_end: false }, opens(opening))
    };
    "STO-3" "a-session-past-its-end-is-nobody" |_, facts| {
        let opening = facts.opening.as_ref()?;
        says(opening.standing == Standing::Over, !opens(opening))
    };
    "STO-14" "at-its-very-end-a-session-is-as-declared" |world, facts| {
        let opening = facts.opening.as_ref()?;
        let is_there = world.choices.boundary == BoundaryChoice::Inclusive;
        let is_declared = world.choices.boundary != BoundaryChoice::Tick;
        says(is_declared && opening.standing == Standing::Live { at_end: true }, opens(opening) == is_there)
    };
    "STO-16" "a-shorter-lifetime-counts-at-once" |_, facts| {
        let opening = facts.opening.as_ref()?;
        says(opening.standing == Standing::Shortened, !opens(opening))
    };
    "STO-15" "a-session-that-has-ended-is-no-error" |_, facts| {
        let ending = facts.ending.as_ref()?;
        let has_ended = matches!(ending.began, Standing::Ended(_) | Standing::Over | Standing::Unknown);
        says(has_ended && !ending.is_full && !ending.is_away, ending.is_acknowledged())
    };
    "STO-32" "what-was-written-is-read" |_, facts| read_back(facts, Since::Nothing);
    "STO-1" "a-visitor-who-writes-nothing-leaves-nothing" |_, facts| {
        let ending = facts.ending.as_ref()?;
        let is_visitor = !matches!(ending.began, Standing::Live { .. });
        says(is_visitor && !ending.wrote, ending.keys_stay() && ending.set.is_none())
    };
    "STO-2" "the-first-write-makes-one-key-and-the-cookie-names-it" |_, facts| {
        let ending = created(facts)?;
        let new: Vec<_> = ending.after.keys().filter(|id| !ending.before.contains_key(*id)).collect();
        let set = ending.set.as_ref().map(|(id, _)| id);
        Some(new.len() == 1 && set.is_some() && new.first().copied() == set)
    };
    "STO-2" "every-key-is-named-by-a-cookie-that-somebody-had" |_, facts| {
        let ending = facts.ending.as_ref()?;
        says(!ending.after.is_empty(), ending.all_named)
    };
    "STO-26" "an-id-that-no-live-session-has-is-never-given" |_, facts| {
        let ending = facts.ending.as_ref()?;
        says(ending.set.is_some() && !ending.is_live(), !ending.is_known)
    };
    "STO-26" "a-made-up-id-is-nobody" |_, facts| {
        let opening = facts.opening.as_ref()?;
        says(opening.standing == Standing::Unknown, !opens(opening))
    };
    "STO-29" "an-id-has-128-bits" |_, facts| {
        const LETTERS: usize = 22;
        let (id, _) = facts.ending.as_ref()?.set.as_ref()?;
        Some(id.len() >= LETTERS)
    };
    "STO-31" "a-session-of-another-prefix-is-nobody" |_, facts| {
        let opening = facts.opening.as_ref()?;
        says(opening.standing == Standing::Other, !opens(opening))
    };
    "STO-3" "a-write-counts-the-life-anew" |world, facts| {
        let ending = written(facts)?;
        says(is_usual(ending), is_full_life(world, ending))
    };
    "STO-4" "a-lifetime-with-a-fraction-is-kept" |world, facts| {
        let ending = written(facts)?;
        says(ending.lifetime % SECOND != 0, is_full_life(world, ending))
    };
    "STO-6" "a-lifetime-beyond-30-days-is-kept" |world, facts| {
        let ending = written(facts)?;
        says(ending.lifetime > THIRTY_DAYS, is_full_life(world, ending))
    };
    "STO-5" "the-key-of-a-permanent-session-has-an-end" |_, facts| {
        let ending = written(facts)?;
        says(ending.permanent && is_stored(ending), ending.left().is_some())
    };
    "STO-8" "the-key-of-another-session-has-an-end-too" |_, facts| {
        let ending = written(facts)?;
        says(!ending.permanent && is_stored(ending), ending.left().is_some())
    };
    "STO-7" "a-permanent-cookie-ends-with-its-session-and-another-has-no-end" |_, facts| {
        let ending = facts.ending.as_ref()?;
        let (_, until) = ending.set.as_ref()?;
        let ends = until.is_some_and(|until| (until - ending.lifetime).abs() < SECOND);
        Some(if ending.permanent { ends } else { until.is_none() })
    };
    "STO-9" "store-and-cookie-are-renewed-together" |_, facts| {
        let ending = live(facts)?;
        let id = ending.sent.as_ref()?;
        let (before, after) = (ending.before.get(id)?, ending.after.get(id)?);
        let can_tell = ending.permanent && ending.age > 0 && ending.is_acknowledged();
        says(can_tell, (after > before) == ending.set.is_some())
    };
    "STO-10" "with-refreshing-off-a-read-renews-nothing" |world, facts| {
        let ending = live(facts)?;
        let id = ending.sent.as_ref()?;
        let stays = ending.before.get(id) == ending.after.get(id) && ending.set.is_none();
        says(!world.refresh && !ending.wrote, stays)
    };
    "STO-11" "an-active-reader-is-never-out" |world, facts| {
        let ending = live(facts)?;
        let renews = world.refresh && ending.view == View::Read && world.choices.renew != RenewChoice::Write;
        says(renews && is_idle_store(ending), is_full_life(world, ending))
    };
    "STO-12" "a-request-that-does-not-use-the-session-renews-it-as-declared" |world, facts| {
        let ending = live(facts)?;
        let is_declared = world.choices.renew == RenewChoice::Request;
        let is_asked = world.refresh && ending.view == View::Untouched && ending.age > 0 && is_idle_store(ending);
        says(is_asked, is_full_life(world, ending) == is_declared)
    };
    "STO-18" "a-logout-deletes-key-and-cookie" |_, facts| {
        let ending = live(facts)?;
        let is_gone = ending.sent.as_ref().is_none_or(|id| !ending.after.contains_key(id));
        says(ending.view == View::LogOut && ending.wrote && ending.is_acknowledged(), is_gone && ending.deleted)
    };
    "STO-34" "while-the-store-is-away-nobody-loses-a-session" |_, facts| {
        let ending = facts.ending.as_ref()?;
        let is_kept = !ending.is_acknowledged() && ending.set.is_none() && !ending.deleted;
        says(ending.began == Standing::Away && ending.view != View::LogOut, is_kept)
    };
    "STO-34" "a-visitor-who-writes-nothing-is-served-while-the-store-is-away" |_, facts| {
        let ending = facts.ending.as_ref()?;
        let is_visitor = ending.began == Standing::NoCookie && !ending.view.changes();
        says(is_visitor && ending.is_away, ending.is_acknowledged())
    };
    "STO-35" "a-logout-while-the-store-is-away-is-an-error" |_, facts| {
        let ending = facts.ending.as_ref()?;
        let is_asked = ending.ends == Standing::Away && ending.view == View::LogOut;
        says(is_asked && ending.began == Standing::Away, !ending.is_acknowledged() && !ending.deleted)
    };
    "STO-36" "a-full-store-refuses-a-write-and-says-so" |_, facts| {
        let ending = facts.ending.as_ref()?;
        let stores = matches!(ending.view, View::LogIn | View::Write);
        let is_told = !ending.is_acknowledged() && ending.set.is_none() && ending.keys_stay();
        says(ending.is_full && stores, is_told)
    };
}

const SECOND: i64 = super::world::SECOND;
const THIRTY_DAYS: i64 = 30 * 86_400 * SECOND;

const fn says(premise: bool, holds: bool) -> Option<bool> {
    if premise { Some(holds) } else { None }
}

/// Whether somebody is in.
fn opens(opening: &Opening) -> bool {
    opening.opened.as_ref().is_some_and(|opened| !is_nobody(opened))
}

/// An id is sent whose session has ended in this way: nobody is in.
fn ended(facts: &Facts, how: How) -> Option<bool> {
    let opening = facts.opening.as_ref()?;
    says(opening.standing == Standing::Ended(how), !opens(opening))
}

/// A session that lives is opened, and this happened since it was written: it holds what was written.
fn read_back(facts: &Facts, since: Since) -> Option<bool> {
    let opening = facts.opening.as_ref()?;
    let is_live = opening.standing == Standing::Live { at_end: false };
    says(is_live && opening.since == since && opens(opening), opening.opened.as_ref() == Some(&opening.data))
}

/// A session that lives is opened, and this happened since it was written: somebody is in.
fn lives_since(facts: &Facts, since: Since) -> Option<bool> {
    let opening = facts.opening.as_ref()?;
    says(opening.standing == Standing::Live { at_end: false } && opening.since == since, opens(opening))
}

/// A request ends whose session has ended meanwhile in this way.
fn late(facts: &Facts, how: How) -> Option<&Ending> {
    facts.ending.as_ref().filter(|ending| ending.late() == Some(how))
}

/// A request ends whose session lives.
fn live(facts: &Facts) -> Option<&Ending> {
    facts.ending.as_ref().filter(|ending| ending.is_live())
}

/// A request gave its session a new id.
fn regenerated(facts: &Facts) -> Option<&Ending> {
    live(facts).filter(|ending| ending.view == View::Regenerate && ending.wrote && ending.is_acknowledged())
}

/// A request made a session.
fn created(facts: &Facts) -> Option<&Ending> {
    let is_new = |ending: &&Ending| !matches!(ending.began, Standing::Away | Standing::Live { .. });
    let stores = |ending: &&Ending| matches!(ending.view, View::LogIn | View::Write) && ending.is_acknowledged();
    facts.ending.as_ref().filter(is_new).filter(stores)
}

/// A request wrote into a session, or made one.
fn written(facts: &Facts) -> Option<&Ending> {
    let is_write = |ending: &&Ending| matches!(ending.view, View::LogIn | View::Write) && ending.is_acknowledged();
    live(facts).filter(is_write).or_else(|| created(facts))
}

fn is_usual(ending: &Ending) -> bool {
    ending.lifetime % SECOND == 0 && ending.lifetime <= THIRTY_DAYS
}

fn is_stored(ending: &Ending) -> bool {
    ending.id().is_some_and(|id| ending.after.contains_key(id))
}

/// Whether the store takes writes.
fn is_idle_store(ending: &Ending) -> bool {
    !ending.is_full && ending.is_acknowledged()
}

/// Whether the key of the session has a whole life left, to the declared precision.
fn is_full_life(world: &World, ending: &Ending) -> bool {
    let precision = i64::from(world.choices.precision_ms.0).max(1);
    let wanted = ending.lifetime.div_euclid(1000);
    ending.left().is_some_and(|left| left >= wanted && left < wanted + precision)
}
