//! The search itself: stateright goes through every state of a system, breadth first, and finds the shortest run to whatever
//! breaks or shows a claim.
//!
//! A claim is about what an event shows, not about a state alone. So a state is asked for all its events at once, and what
//! they show is taken for a property of the state: nothing of the past is kept in a state only to be looked at later, and
//! the states that are counted are the system's own.
//!
//! Eventualities are sound only where no run comes back to an earlier state, since stateright does not see that a run may go
//! round for ever, and where what has come about stays so. The one system that has them is made that way.

use serde::Serialize;
use stateright::{Checker, HasDiscoveries, Model, Property};
use std::{
    hash::{Hash, Hasher},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// How many claims a system can make.
const LIMIT: usize = 32;

/// How often the progress is told.
const BEAT: Duration = Duration::from_millis(50);

/// Something that can be searched: states, events, and what the events show.
pub trait System: Send + Sync + Sized + 'static {
    /// A state. States that are equal by their hash are searched once.
    type State: Clone + PartialEq + Hash + Send + Sync + 'static;
    /// What leads from one state to another.
    type Event: Copy + PartialEq + Send + Sync + 'static;

    /// Where runs begin.
    fn starts(&self) -> Vec<Self::State>;

    /// Every event that can happen in a state, in an order that is always the same.
    fn ways(&self, state: &Self::State) -> Vec<Way<Self>>;

    /// What is claimed; at most 32 claims, of different names.
    fn claims(&self) -> Vec<Claim>;

    /// Which of the eventualities have come about in a state, by the bits of their places.
    fn come_about(&self, _state: &Self::State) -> u32 {
        0
    }
}

/// An event that can happen, what it leads to and what it shows.
pub struct Way<S: System> {
    /// The event.
    pub event: S::Event,
    /// The state after it.
    pub state: S::State,
    /// By the bits of their places: the `always` that it breaks and the `sometimes` that it shows.
    pub shows: u32,
}

impl<S: System> Clone for Way<S> {
    fn clone(&self) -> Self {
        Self { event: self.event, state: self.state.clone(), shows: self.shows }
    }
}

/// Something that is said of all runs, or of one at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its name: words with hyphens.
    pub name: &'static str,
    /// The rule that it is taken from.
    pub rule: &'static str,
    /// What is meant.
    pub kind: Kind,
}

/// What is meant by a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It holds at every event of every run.
    Always,
    /// It comes about in every run.
    Eventually,
    /// Some run shows it; without it, an `always` may hold only because nothing happens.
    Sometimes,
}

impl Kind {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Eventually => "eventually",
            Self::Sometimes => "sometimes",
        }
    }
}

/// A run: where it begins and what happens then.
pub struct Run<S: System> {
    /// The first state.
    pub start: S::State,
    /// The events, in order.
    pub events: Vec<S::Event>,
}

/// What became of a claim.
pub struct Finding<S: System> {
    /// The claim.
    pub claim: Claim,
    /// A shortest run that breaks it or, for a `sometimes`, that shows it. For an `eventually`, a run to its end without it.
    pub witness: Option<Run<S>>,
}

impl<S: System> Finding<S> {
    /// Whether the claim is true.
    pub fn is_true(&self) -> bool {
        self.witness.is_some() == (self.claim.kind == Kind::Sometimes)
    }
}

/// What a whole search found.
pub struct Searched<S: System> {
    /// The system.
    pub system: Arc<S>,
    /// How many distinct states there are.
    pub states: usize,
    /// How many events change a state.
    pub events: usize,
    /// How many states the longest of the shortest runs has.
    pub depth: usize,
    /// How long it took.
    pub took: Duration,
    /// One for each claim, in order.
    pub findings: Vec<Finding<S>>,
}

impl<S: System> Searched<S> {
    /// The finding of a claim; none where it is not made.
    pub fn finding(&self, name: &str) -> Option<&Finding<S>> {
        self.findings.iter().find(|finding| finding.claim.name == name)
    }

    /// Whether every claim is true.
    pub fn holds(&self) -> bool {
        self.findings.iter().all(Finding::is_true)
    }
}

/// Goes through every state that can be reached. `progress` is told now and then how many there are by now.
///
/// # Panics
///
/// Where the system itself panics.
pub fn search<S: System>(system: S, progress: &mut dyn FnMut(usize)) -> Searched<S> {
    let began = Instant::now();
    let claims = system.claims();
    let system = Arc::new(system);
    let model = Searching { system: Arc::clone(&system), found: Default::default() };
    // The default is to stop when every claim has a witness. No claim has an empty name, so this goes to the end.
    let mut checker = model.checker().finish_when(HasDiscoveries::AllOf([""].into())).spawn_bfs();
    for handle in checker.handles() {
        while !handle.is_finished() {
            progress(checker.unique_state_count());
            std::thread::sleep(BEAT);
        }
        if let Err(panic) = handle.join() {
            std::panic::resume_unwind(panic);
        }
    }
    progress(checker.unique_state_count());
    let mut discoveries = checker.discoveries();
    let findings = claims.into_iter().enumerate().map(|(place, claim)| {
        let path = discoveries.remove(claim.name);
        Finding { claim, witness: path.and_then(|path| run(&*system, path.into_vec(), place, claim.kind)) }
    });
    Searched {
        findings: findings.collect(),
        states: checker.unique_state_count(),
        events: checker.state_count() - system.starts().len(),
        depth: checker.max_depth(),
        took: began.elapsed(),
        system,
    }
}

/// The run along a path, with the event at its end that breaks or shows the claim.
fn run<S: System>(system: &S, path: Vec<(Node<S>, Option<S::Event>)>, place: usize, kind: Kind) -> Option<Run<S>> {
    let mut events: Vec<S::Event> = path.iter().filter_map(|(_, event)| *event).collect();
    if kind != Kind::Eventually {
        let ways = system.ways(&path.last()?.0.state);
        events.push(ways.iter().find(|way| way.shows & bit(place) != 0)?.event);
    }
    Some(Run { start: path.into_iter().next()?.0.state, events })
}

/// The bit of a place.
pub(super) fn bit(place: usize) -> u32 {
    1 << place
}

/// A state, and the ways from it as soon as they are known.
struct Node<S: System> {
    state: S::State,
    ways: OnceLock<Vec<Way<S>>>,
}

impl<S: System> Node<S> {
    fn new(state: S::State) -> Self {
        Self { state, ways: OnceLock::new() }
    }

    fn ways(&self, system: &S) -> &[Way<S>] {
        self.ways.get_or_init(|| system.ways(&self.state))
    }
}

impl<S: System> Clone for Node<S> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), ways: self.ways.clone() }
    }
}

impl<S: System> PartialEq for Node<S> {
    fn eq(&self, other: &Self) -> bool {
        self.state == other.state
    }
}

impl<S: System> Hash for Node<S> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.state.hash(hasher);
    }
}

struct Searching<S: System> {
    system: Arc<S>,
    /// Whether a claim has its witness: stateright keeps the last one that it is shown, and the shortest is the first.
    found: [AtomicBool; LIMIT],
}

impl<S: System> Model for Searching<S> {
    type State = Node<S>;
    type Action = S::Event;

    fn init_states(&self) -> Vec<Node<S>> {
        self.system.starts().into_iter().map(Node::new).collect()
    }

    /// Those that change nothing are left out: they would keep the end of a run from being one.
    fn actions(&self, node: &Node<S>, events: &mut Vec<S::Event>) {
        let ways = node.ways(&self.system).iter();
        events.extend(ways.filter(|way| way.state != node.state).map(|way| way.event));
    }

    fn next_state(&self, node: &Node<S>, event: S::Event) -> Option<Node<S>> {
        let way = node.ways(&self.system).iter().find(|way| way.event == event)?;
        Some(Node::new(way.state.clone()))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let property = |(claim, conditions): (Claim, &Conditions<S>)| match claim.kind {
            Kind::Always => Property::always(claim.name, conditions.unbroken),
            Kind::Eventually => Property::eventually(claim.name, conditions.come_about),
            Kind::Sometimes => Property::sometimes(claim.name, conditions.shown),
        };
        self.system.claims().into_iter().zip(&conditions()).map(property).collect()
    }
}

type Condition<S> = fn(&Searching<S>, &Node<S>) -> bool;

/// The conditions of one place. Stateright takes plain functions, which cannot hold a number.
struct Conditions<S: System> {
    unbroken: Condition<S>,
    come_about: Condition<S>,
    shown: Condition<S>,
}

impl<S: System> Conditions<S> {
    const fn at<const PLACE: usize>() -> Self {
        Self {
            unbroken: |searching, node| !searching.is_shown_first(node, PLACE),
            come_about: |searching, node| searching.system.come_about(&node.state) & bit(PLACE) != 0,
            shown: |searching, node| searching.is_shown_first(node, PLACE),
        }
    }
}

impl<S: System> Searching<S> {
    fn is_shown_first(&self, node: &Node<S>, place: usize) -> bool {
        let is_shown = node.ways(&self.system).iter().any(|way| way.shows & bit(place) != 0);
        is_shown && self.found.get(place).is_some_and(|found| !found.swap(true, Ordering::Relaxed))
    }
}

macro_rules! at_each {
    ($($place:literal)*) => { [$(Conditions::at::<$place>()),*] };
}

fn conditions<S: System>() -> [Conditions<S>; LIMIT] {
    at_each!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31)
}
