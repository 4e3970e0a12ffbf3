//! From the graph to runs: every transition of a system, once at least, on runs from its beginning.
//!
//! **The graph** has a node for each state that can be reached and an edge for each event that can happen there, those that
//! change nothing included: a request that leaves everything as it was has an answer, too.
//!
//! **The method** is a greedy walk. The states are numbered breadth first, so that the tree of first arrivals holds a shortest
//! run to each. As long as a transition is left, a run goes down the tree to the last state that has one, and on from there
//! over transitions that are left: first those that stay, then the one whose target has the most of them. Where a state has
//! none left, it goes on over one transition that was taken before, if that leads to a state that has some; otherwise it ends,
//! as it does after [`LONGEST`] events.
//!
//! **The bound.** Each run takes a transition that no run took before, so there are no more runs than transitions; a run has
//! at most `depth` events to its first new transition, and at most one old one between two new ones. So `n` transitions on `r`
//! runs take at most `2n + r · depth` events. A postman's tour of the whole graph would take fewer, but not many fewer: most
//! ways lead back to where nobody is logged in, and from there to a state of some age there is no short one. Runs that are
//! short stay near the beginning in time, so that many of them make the same requests.
//!
//! It knows nothing of sessions.

use super::search::{Run, System};
use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    hash::{DefaultHasher, Hash, Hasher},
};

/// After how many events a run ends, if it got to a new transition: so that it can be read, and time does not go far.
pub const LONGEST: usize = 40;

/// The states and transitions of a system, without the states themselves.
pub struct Graph<S: System> {
    starts: Vec<(usize, S::State)>,
    /// Each event that can happen somewhere, once.
    events: Vec<S::Event>,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

/// A state.
struct Node {
    /// Where its edges begin; they end where those of the next node begin.
    edges: usize,
    /// The state before it on a shortest run, and the event; none at the beginning of runs.
    reached: Option<(u32, u16)>,
}

/// A transition.
#[derive(Clone, Copy)]
struct Edge {
    event: u16,
    to: u32,
}

/// The number of a state that is its own: states that are equal by their hash are one.
pub fn fingerprint<T: Hash>(state: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

impl<S: System> Graph<S> {
    /// Goes through every state that can be reached, breadth first.
    pub fn of(system: &S) -> Self {
        let mut graph = Self { starts: Vec::new(), events: Vec::new(), nodes: Vec::new(), edges: Vec::new() };
        let (mut numbers, mut waiting) = (HashMap::new(), VecDeque::new());
        let mut reached = Vec::new();
        let mut number = |state: &S::State, from: Option<(u32, u16)>, waiting: &mut VecDeque<S::State>| {
            let next = numbers.len();
            match numbers.entry(fingerprint(state)) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    waiting.push_back(state.clone());
                    reached.push(from);
                    *new.insert(next)
                }
            }
        };
        for state in system.starts() {
            graph.starts.push((number(&state, None, &mut waiting), state));
        }
        let mut here = 0;
        let mut first = Vec::new();
        while let Some(state) = waiting.pop_front() {
            first.push(graph.edges.len());
            for way in system.ways(&state) {
                let event = graph.number(way.event);
                let to = number(&way.state, Some((narrow(here), event)), &mut waiting);
                graph.edges.push(Edge { event, to: narrow(to) });
            }
            here += 1;
        }
        graph.nodes = first.into_iter().zip(reached).map(|(edges, reached)| Node { edges, reached }).collect();
        graph
    }

    /// How many states there are.
    pub fn states(&self) -> usize {
        self.nodes.len()
    }

    /// How many transitions there are, those that change nothing included.
    pub fn transitions(&self) -> usize {
        self.edges.len()
    }

    /// Runs on which every transition is taken once at least.
    pub fn covering(&self) -> Covering<'_, S> {
        let left = (0..self.nodes.len()).map(|node| narrow(self.edges_of(node).len())).collect();
        Covering { graph: self, is_taken: vec![false; self.edges.len()], left, last: self.nodes.len() }
    }

    /// The beginning of a shortest run to a state, and its transitions.
    fn down_to(&self, node: usize) -> (usize, Vec<usize>) {
        let (mut here, mut path) = (node, Vec::new());
        while let Some((from, event)) = self.nodes.get(here).and_then(|node| node.reached) {
            let from = from as usize;
            path.extend(self.edges_of(from).find(|edge| self.edges.get(*edge).is_some_and(|edge| edge.event == event)));
            here = from;
        }
        path.reverse();
        (here, path)
    }

    fn target(&self, edge: usize) -> usize {
        self.edges.get(edge).map_or(usize::MAX, |edge| edge.to as usize)
    }

    fn event(&self, edge: usize) -> Option<S::Event> {
        self.events.get(usize::from(self.edges.get(edge)?.event)).copied()
    }

    /// The number of an event.
    fn number(&mut self, event: S::Event) -> u16 {
        let known = self.events.iter().position(|known| *known == event);
        let number = known.unwrap_or_else(|| {
            self.events.push(event);
            self.events.len() - 1
        });
        u16::try_from(number).unwrap_or(u16::MAX)
    }

    fn edges_of(&self, node: usize) -> std::ops::Range<usize> {
        let begin = |node: usize| self.nodes.get(node).map_or(self.edges.len(), |node| node.edges);
        begin(node)..begin(node + 1)
    }
}

/// The runs, made one after another.
pub struct Covering<'g, S: System> {
    graph: &'g Graph<S>,
    /// For each transition, whether a run took it.
    is_taken: Vec<bool>,
    /// For each state, how many of its transitions are left.
    left: Vec<u32>,
    /// Behind this state none has any left.
    last: usize,
}

impl<S: System> Iterator for Covering<'_, S> {
    type Item = Run<S>;

    fn next(&mut self) -> Option<Run<S>> {
        while self.last > 0 && self.has_none(self.last - 1) {
            self.last -= 1;
        }
        let (start, mut path) = self.graph.down_to(self.last.checked_sub(1)?);
        let mut here = start;
        for edge in &path {
            self.take(here, *edge);
            here = self.graph.target(*edge);
        }
        let first = path.len();
        while path.len() < LONGEST.max(first + 1) {
            let Some(edge) = self.best(here).or_else(|| self.bridge(here)) else { break };
            self.take(here, edge);
            path.push(edge);
            here = self.graph.target(edge);
        }
        let (_, state) = self.graph.starts.iter().find(|(number, _)| *number == start)?;
        let events = path.iter().filter_map(|edge| self.graph.event(*edge)).collect();
        Some(Run { start: state.clone(), events })
    }
}

impl<S: System> Covering<'_, S> {
    fn has_none(&self, node: usize) -> bool {
        self.left.get(node).is_none_or(|left| *left == 0)
    }

    fn take(&mut self, node: usize, edge: usize) {
        if let (Some(is_taken), Some(left)) = (self.is_taken.get_mut(edge), self.left.get_mut(node))
            && !std::mem::replace(is_taken, true)
        {
            *left -= 1;
        }
    }

    /// The transition to take next, of those that are left: one that stays, or else the one whose target has the most left,
    /// the first of several.
    fn best(&self, node: usize) -> Option<usize> {
        let is_left = |edge: &usize| self.is_taken.get(*edge) == Some(&false);
        let worth = |edge: &usize| match self.graph.target(*edge) {
            target if target == node => u32::MAX,
            target => self.left.get(target).copied().unwrap_or(0),
        };
        self.graph.edges_of(node).filter(is_left).rev().max_by_key(worth)
    }

    /// A transition that was taken, to the state with the most left.
    fn bridge(&self, node: usize) -> Option<usize> {
        let worth = |edge: &usize| self.left.get(self.graph.target(*edge)).copied().unwrap_or(0);
        self.graph.edges_of(node).rev().max_by_key(worth).filter(|edge| worth(edge) > 0)
    }
}

/// Numbers of states, of which no search that ends has more.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
