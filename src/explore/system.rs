//! What a search needs to know of a system: its states, its transitions, and the properties that are claimed of it.
//!
//! A property is about a transition, which is more than a state: what was there before, what happened, and what was answered.
//! So a state keeps nothing of the past only to be looked at later, and the states that are counted are the system's own.

use serde::Serialize;
use std::hash::Hash;

/// Something that can be searched.
pub trait System: Sized {
    /// A state. States with the same hash count as one.
    type State: Clone + Hash;
    /// What leads from one state to another.
    type Event: Copy + PartialEq;
    /// What is seen of a transition, beside the states.
    type Seen;

    /// Where runs begin.
    fn initial_states(&self) -> Vec<Self::State>;

    /// The transitions from a state, in an order that is always the same.
    fn successors(&self, state: &Self::State) -> Vec<Transition<Self>>;

    /// The properties, each with a name of its own. They are known by their places in this list.
    fn properties(&self) -> Vec<Property>;

    /// Whether a transition breaks the `always` at this place, or is an example of the `sometimes` there.
    fn shows(&self, property: usize, before: &Self::State, transition: &Transition<Self>) -> bool;

    /// Whether the `eventually` at this place has come true in a state.
    fn eventually_holds(&self, _property: usize, _state: &Self::State) -> bool {
        false
    }
}

/// An event that can happen in a state, and what comes of it.
pub struct Transition<S: System> {
    /// The event.
    pub event: S::Event,
    /// The state after it.
    pub state: S::State,
    /// What is seen of it.
    pub seen: S::Seen,
}

/// Something that is claimed of all runs, or of at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Property {
    /// Its name: words with hyphens.
    pub name: &'static str,
    /// The rule that it is taken from.
    pub rule: &'static str,
    /// What kind of property it is.
    pub kind: Kind,
}

/// What a property says of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It holds at every transition of every run.
    Always,
    /// Every run comes to a state in which it holds.
    Eventually,
    /// Some run shows it; without such a run, an `always` may hold only because nothing happens.
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
