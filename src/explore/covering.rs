//! From the graph to runs: every transition of a system, at least once, on runs from its initial states.
//!
//! **The method** is a greedy walk. The graph holds a shortest run to each state. As long as a transition is left, a run takes
//! the shortest way to the last state that has one, and goes on from there over transitions that are left: first those that
//! stay in the state, then the one whose target has the most of them. Where a state has none left, the run goes on over one
//! transition that was taken before, if that leads to a state that has some. Otherwise it ends, as it does after [`LONGEST`]
//! events.
//!
//! **The bound.** Each run takes a transition that no run took before, so there are no more runs than transitions. A run has
//! at most `depth` events to its first new transition, and at most one old one between two new ones. So `n` transitions on `r`
//! runs take at most `2n + r · depth` events. A postman's tour of the whole graph would take fewer, but not many fewer: most
//! transitions lead back to where nobody is logged in, and from there it is a long way to a state with an old cookie. Short
//! runs stay near the beginning in time, so that many of them make the same requests.
//!
//! It knows nothing of sessions.

use super::{
    graph::Graph,
    system::{Run, System},
};

/// After how many events a run ends, once it has taken a new transition: so that a person can read it, and the date stays near
/// the beginning.
pub const LONGEST: usize = 40;

impl<S: System> Graph<S> {
    /// Runs on which every transition is taken at least once.
    pub fn covering(&self) -> Covering<'_, S> {
        let left = (0..self.states()).map(|node| self.edges_of(node).len()).collect();
        Covering { graph: self, is_taken: vec![false; self.transitions()], left, last: self.states() }
    }
}

/// The runs, made one after another.
pub struct Covering<'g, S: System> {
    graph: &'g Graph<S>,
    /// For each transition, whether a run took it.
    is_taken: Vec<bool>,
    /// For each state, how many of its transitions are left.
    left: Vec<usize>,
    /// This state and all after it have none left.
    last: usize,
}

impl<S: System> Iterator for Covering<'_, S> {
    type Item = Run<S>;

    fn next(&mut self) -> Option<Run<S>> {
        while self.last > 0 && self.has_none(self.last - 1) {
            self.last -= 1;
        }
        let (start, mut path) = self.graph.path_to(self.last.checked_sub(1)?);
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
        self.graph.run(start, &path)
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
            target if target == node => usize::MAX,
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
