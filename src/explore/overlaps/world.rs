//! The worlds of requests that overlap: who is there, and what may happen.
//!
//! All but two have a lifetime of 90 seconds. Time passes by 89 seconds, one second and one second, over and over. So a
//! session is seen right after it was renewed, just before its end, at its very end and just after it. A lifetime that is not
//! whole minutes shows who counts in minutes.

use super::event::View;
use crate::protocol::{ConcurrentChoice, StoreChoices, story::StoreState};

/// The second, in microseconds.
pub const SECOND: i64 = 1_000_000;

/// One world and what may happen in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct World {
    /// Its name: words with hyphens.
    pub name: &'static str,
    /// What it is about, in a few words.
    pub about: &'static str,
    /// How many distinct states it has. Another number means that the model or the definition of a state has changed.
    pub states: usize,
    /// How many transitions there are between them, including those that change nothing.
    pub transitions: usize,
    /// How many stories take every transition.
    pub stories: usize,
    /// How many requests may be under way at once.
    pub tabs: u8,
    /// What views do.
    pub views: &'static [View],
    /// Whether somebody may copy the browser's cookies, and then sends requests with them.
    pub thief: bool,
    /// Whether somebody sends an id that no session ever had.
    pub forges: bool,
    /// Whether a login makes the session permanent.
    pub permanent: bool,
    /// Whether sessions are renewed on each request.
    pub refresh: bool,
    /// Whether time passes.
    pub time: bool,
    /// The lifetime (microseconds).
    pub lifetime: i64,
    /// How long before and after its end a session is looked at (microseconds).
    pub instant: i64,
    /// What the application may be configured with when it starts again.
    pub restarts: Restarts,
    /// What the store can be made.
    pub store: &'static [StoreState],
    /// What the implementation chooses.
    pub choices: StoreChoices,
}

/// What may change when the application starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restarts {
    /// Nothing: it does not.
    Never,
    /// The secret key.
    Key,
    /// The lifetime becomes shorter and longer.
    Lifetime,
    /// The prefix of its keys in the store.
    Prefix,
    /// Nothing, but it starts again.
    Same,
}

/// Two tabs of one browser, whose requests do all there is.
const TWO: World = World {
    name: "two-requests",
    about: "two requests of one browser overlap, with all pairs of what views do",
    states: 15_297,
    transitions: 168_296,
    stories: 78_836,
    tabs: 2,
    views: &View::ALL,
    thief: false,
    forges: false,
    permanent: false,
    refresh: true,
    time: false,
    lifetime: 90 * SECOND,
    instant: SECOND,
    restarts: Restarts::Never,
    store: &[],
    choices: StoreChoices::FIRST,
};

/// One request after the other.
const ONE: World = World { name: "", tabs: 1, ..TWO };

/// What requests do to each other, and no more.
const CORE: &[View] = &[View::LogOut, View::Read, View::Write];

/// The same with requests that do not use the session.
const WIDER: &[View] = &[View::LogOut, View::Read, View::Untouched, View::Write];

/// What a session goes through while time passes: a login is the only write.
const LIFE: &[View] = &[View::LogIn, View::LogOut, View::Read, View::Untouched, View::Regenerate];

/// What a thief and the user do.
const THEFT: &[View] = &[View::LogIn, View::LogOut, View::Read, View::Regenerate];

/// What two requests write.
const WRITES: &[View] = &[View::LogOut, View::Read, View::Regenerate, View::Write];

/// All of them. The first is that of every pair of requests; the largest stands last.
pub const WORLDS: &[World] = &[
    TWO,
    World {
        name: "half-a-second",
        about: "a lifetime of half a second",
        states: 165,
        transitions: 1_155,
        stories: 331,
        lifetime: SECOND / 2,
        instant: SECOND / 10,
        time: true,
        ..ONE
    },
    World {
        name: "forty-days",
        about: "a lifetime of forty days",
        states: 75,
        transitions: 525,
        stories: 154,
        lifetime: 40 * 86_400 * SECOND,
        time: true,
        ..ONE
    },
    World {
        name: "made-up-id",
        about: "somebody sends an id that no session ever had",
        states: 21,
        transitions: 252,
        stories: 24,
        forges: true,
        ..ONE
    },
    World {
        name: "new-key",
        about: "the secret key changes",
        states: 20,
        transitions: 140,
        stories: 24,
        restarts: Restarts::Key,
        ..ONE
    },
    World {
        name: "prefixes",
        about: "two applications with different prefixes, one after the other",
        states: 26,
        transitions: 182,
        stories: 28,
        restarts: Restarts::Prefix,
        ..ONE
    },
    World {
        name: "no-refresh",
        about: "permanent sessions, and refreshing is off",
        states: 63,
        transitions: 441,
        stories: 118,
        permanent: true,
        refresh: false,
        time: true,
        ..ONE
    },
    World {
        name: "lifetimes",
        about: "the lifetime is cut and lengthened",
        states: 579,
        transitions: 5_211,
        stories: 1_460,
        time: true,
        restarts: Restarts::Lifetime,
        ..ONE
    },
    World {
        name: "full",
        about: "the store becomes full",
        states: 1_188,
        transitions: 9_564,
        stories: 3_231,
        store: &[StoreState::Full, StoreState::Up],
        views: WIDER,
        ..TWO
    },
    World {
        name: "away",
        about: "the store goes away and comes back",
        states: 3_074,
        transitions: 24_026,
        stories: 9_662,
        store: &[StoreState::Down, StoreState::Up],
        views: WIDER,
        ..TWO
    },
    World {
        name: "store-lost",
        about: "the store loses all that it holds, and the application starts again",
        states: 2_657,
        transitions: 24_961,
        stories: 10_533,
        store: &[StoreState::Emptied],
        restarts: Restarts::Same,
        views: WRITES,
        ..TWO
    },
    World {
        name: "permanent",
        about: "two requests overlap while time passes, with permanent sessions",
        states: 32_200,
        transitions: 310_500,
        stories: 179_380,
        permanent: true,
        time: true,
        views: LIFE,
        ..TWO
    },
    World {
        name: "until-closed",
        about: "two requests overlap while time passes, with sessions that are not permanent",
        states: 38_448,
        transitions: 364_164,
        stories: 205_226,
        time: true,
        views: LIFE,
        ..TWO
    },
    World {
        name: "copied-cookie",
        about: "two requests of a user and a thief overlap",
        states: 31_765,
        transitions: 337_707,
        stories: 136_605,
        thief: true,
        views: THEFT,
        ..TWO
    },
    World {
        name: "merge",
        about: "two requests overlap, and both writes stay",
        states: 636,
        transitions: 5_367,
        stories: 2_256,
        choices: MERGE,
        views: WRITES,
        ..TWO
    },
    World {
        name: "conflict",
        about: "two requests overlap, and the later write is refused",
        states: 448,
        transitions: 3_778,
        stories: 1_556,
        choices: CONFLICT,
        views: WRITES,
        ..TWO
    },
    World {
        name: "three-requests",
        about: "three requests overlap that read, write or log out",
        states: 92_624,
        transitions: 870_472,
        stories: 451_178,
        tabs: 3,
        views: CORE,
        ..TWO
    },
];

const MERGE: StoreChoices = StoreChoices { concurrent: ConcurrentChoice::Merge, ..StoreChoices::FIRST };
const CONFLICT: StoreChoices = StoreChoices { concurrent: ConcurrentChoice::Conflict, ..StoreChoices::FIRST };

impl World {
    /// The world of a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        WORLDS.iter().find(|world| world.name == name)
    }

    /// By how much time passes at each place of the clock (microseconds).
    pub(super) const fn passes(&self, place: u8) -> i64 {
        match place {
            0 => self.lifetime - self.instant,
            _ => self.instant,
        }
    }
}
