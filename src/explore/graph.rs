//! Every state that a system can reach and every transition between them, found breadth first.
//!
//! States are numbered in the order in which they are found, so the first way to each state is a shortest one, and every walk
//! gives the same numbers. Transitions that change nothing are in the graph too: a request that leaves everything as it was
//! has an answer.
//!
//! A state is kept only until its transitions are known. What stays of it is a hash of 64 bits: two states with the same hash
//! count as one.

use super::system::{Run, System, Transition};
use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    convert::Infallible,
    hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher},
    ops::{ControlFlow, Range},
};

/// The states and transitions of a system, without the states themselves.
pub struct Graph<S: System> {
    /// The numbers of the initial states, and those states.
    initial: Vec<(usize, S::State)>,
    /// Each event that can happen somewhere, once.
    events: Vec<S::Event>,
    nodes: Vec<Node>,
    /// For each edge, the node that it leads to.
    targets: Vec<u32>,
    /// For each edge, the place of its event in `events`.
    labels: Vec<u16>,
}

/// A state.
struct Node {
    /// Where its edges begin; they end where those of the next node begin.
    edges: u32,
    /// How it was found; none for an initial state.
    found: Option<Found>,
}

/// How a state was found.
#[derive(Clone, Copy)]
struct Found {
    /// The node before it.
    from: u32,
    /// The edge from there.
    edge: u32,
}

/// A state that is being visited.
pub struct Visited<'a, S: System> {
    /// The state's number.
    pub number: usize,
    /// The state.
    pub state: &'a S::State,
    /// The transitions from it.
    pub transitions: &'a [Transition<S>],
    /// How many states have been found so far.
    pub found: usize,
}

/// The hash by which a state is known again.
pub fn fingerprint<T: Hash>(state: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// The states that are waiting for their visit, and the numbers of all that were found.
struct Frontier<S: System> {
    numbers: HashMap<u64, u32, BuildHasherDefault<Fingerprints>>,
    waiting: VecDeque<(S::State, Option<Found>)>,
}

impl<S: System> Frontier<S> {
    /// The number of a state. A new one is added.
    fn number(&mut self, state: &S::State, found: Option<Found>) -> u32 {
        let next = narrow(self.numbers.len());
        match self.numbers.entry(fingerprint(state)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                // A clone has no spare capacity, and thousands of states wait at the same time.
                self.waiting.push_back((state.clone(), found));
                *new.insert(next)
            }
        }
    }
}

impl<S: System> Graph<S> {
    /// Goes through every state that can be reached.
    pub fn of(system: &S) -> Self {
        match Self::walk(system, |_| ControlFlow::<Infallible>::Continue(())) {
            ControlFlow::Continue(graph) => graph,
        }
    }

    /// The same, and shows each state and its transitions to `visit`, in the order of their numbers, until that breaks off.
    pub fn walk<B>(system: &S, mut visit: impl FnMut(&Visited<'_, S>) -> ControlFlow<B>) -> ControlFlow<B, Self> {
        let (initial, events) = (Vec::new(), Vec::new());
        let mut graph = Self { initial, events, nodes: Vec::new(), targets: Vec::new(), labels: Vec::new() };
        let mut frontier = Frontier::<S> { numbers: HashMap::default(), waiting: VecDeque::new() };
        for state in system.initial_states() {
            graph.initial.push((frontier.number(&state, None) as usize, state));
        }
        while let Some((state, found)) = frontier.waiting.pop_front() {
            let number = graph.nodes.len();
            let transitions = system.successors(&state);
            visit(&Visited { number, state: &state, transitions: &transitions, found: frontier.numbers.len() })?;
            graph.nodes.push(Node { edges: narrow(graph.targets.len()), found });
            for transition in transitions {
                let found = Found { from: narrow(number), edge: narrow(graph.targets.len()) };
                graph.targets.push(frontier.number(&transition.state, Some(found)));
                let label = graph.label(transition.event);
                graph.labels.push(label);
            }
        }
        ControlFlow::Continue(graph)
    }

    /// How many states there are.
    pub fn states(&self) -> usize {
        self.nodes.len()
    }

    /// How many transitions there are, those that change nothing included.
    pub fn transitions(&self) -> usize {
        self.targets.len()
    }

    /// How many transitions lead to another state.
    pub fn changes(&self) -> usize {
        (0..self.states()).map(|node| self.changing(node).count()).sum()
    }

    /// How many states are on the longest of the shortest runs to each state.
    pub fn depth(&self) -> usize {
        // A state is found from one with a lower number.
        let mut depths: Vec<usize> = Vec::with_capacity(self.states());
        for node in &self.nodes {
            let before = node.found.and_then(|found| depths.get(found.from as usize).copied());
            depths.push(before.unwrap_or(0) + 1);
        }
        depths.into_iter().max().unwrap_or(0)
    }

    /// The numbers of the initial states.
    pub(super) fn initial(&self) -> impl Iterator<Item = usize> {
        self.initial.iter().map(|(number, _)| *number)
    }

    /// A shortest way to a state: the initial state and the transitions.
    pub(super) fn path_to(&self, node: usize) -> (usize, Vec<usize>) {
        let (mut here, mut path) = (node, Vec::new());
        while let Some(found) = self.nodes.get(here).and_then(|node| node.found) {
            path.push(found.edge as usize);
            here = found.from as usize;
        }
        path.reverse();
        (here, path)
    }

    /// The transitions from a state, in order.
    pub(super) fn edges_of(&self, node: usize) -> Range<usize> {
        let begin = |node: usize| self.nodes.get(node).map_or(self.targets.len(), |node| node.edges as usize);
        begin(node)..begin(node + 1)
    }

    /// Those that lead to another state.
    pub(super) fn changing(&self, node: usize) -> impl Iterator<Item = usize> {
        self.edges_of(node).filter(move |edge| self.target(*edge) != node)
    }

    /// The state that a transition leads to.
    pub(super) fn target(&self, edge: usize) -> usize {
        self.targets.get(edge).map_or(usize::MAX, |target| *target as usize)
    }

    /// The run that begins in an initial state and takes these transitions.
    pub(super) fn run(&self, start: usize, path: &[usize]) -> Option<Run<S>> {
        let (_, state) = self.initial.iter().find(|(number, _)| *number == start)?;
        let event = |edge: &usize| self.events.get(usize::from(*self.labels.get(*edge)?)).copied();
        Some(Run { start: state.clone(), events: path.iter().filter_map(event).collect() })
    }

    /// The place of an event.
    fn label(&mut self, event: S::Event) -> u16 {
        let known = self.events.iter().position(|known| *known == event);
        let place = known.unwrap_or_else(|| {
            self.events.push(event);
            self.events.len() - 1
        });
        u16::try_from(place).unwrap_or(u16::MAX)
    }
}

/// The hasher of fingerprints, which are hashes already.
#[derive(Default)]
struct Fingerprints(u64);

impl Hasher for Fingerprints {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, fingerprint: u64) {
        self.0 = fingerprint;
    }
}

/// Numbers of states and transitions: memory ends long before these do.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
