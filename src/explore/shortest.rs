//! The shortest run that shows something, without a search of all the rest.

use super::{
    graph::fingerprint,
    system::{Run, System, Transition},
};
use std::collections::{HashSet, VecDeque};

/// The first of the shortest runs whose last transition shows something, of at most so many events. Each state that comes before
/// is visited once.
pub fn shortest<S: System>(
    system: &S,
    longest: usize,
    mut shows: impl FnMut(&S::State, &Transition<S>) -> bool,
) -> Option<Run<S>> {
    /// How a state was found: where the way to it continues, and the last event.
    type Found<E> = Option<(usize, E)>;
    let mut known: HashSet<u64> = HashSet::new();
    let mut waiting: VecDeque<(S::State, usize, usize)> = VecDeque::new();
    let mut found: Vec<Found<S::Event>> = Vec::new();
    let mut starts = Vec::new();
    for start in system.initial_states() {
        if known.insert(fingerprint(&start)) {
            starts.push((found.len(), start.clone()));
            waiting.push_back((start, found.len(), 0));
            found.push(None);
        }
    }
    while let Some((state, number, depth)) = waiting.pop_front() {
        if depth >= longest {
            return None;
        }
        for transition in system.successors(&state) {
            if shows(&state, &transition) {
                let mut events = vec![transition.event];
                let mut here = number;
                while let Some(Some((before, event))) = found.get(here) {
                    events.push(*event);
                    here = *before;
                }
                events.reverse();
                let (_, start) = starts.into_iter().find(|(number, _)| *number == here)?;
                return Some(Run { start, events });
            }
            if known.insert(fingerprint(&transition.state)) {
                waiting.push_back((transition.state, found.len(), depth + 1));
                found.push(Some((number, transition.event)));
            }
        }
    }
    None
}
