//! A run on which something that must come true eventually never does.
//!
//! Such a run comes to an end, where no event changes anything, or goes round a cycle of states for ever. Transitions that
//! change nothing are ignored: a run is not expected to stay where it is for ever while something else can happen.

use super::{
    graph::Graph,
    system::{Run, System},
};
use std::collections::{HashMap, hash_map::Entry};

/// A shortest run through states in which `holds` is false, to its end or until it comes back to one of them. None if every
/// run comes to a state in which it holds.
pub(super) fn avoiding<S: System>(graph: &Graph<S>, holds: &[bool]) -> Option<Run<S>> {
    let avoiding = Avoiding { graph, holds };
    let tree = avoiding.tree(graph.initial());
    let mut shortest =
        tree.order.iter().find(|node| graph.changing(**node).next().is_none()).map(|end| tree.path(*end));
    for node in avoiding.near_cycles(&tree) {
        let path = tree.path(node);
        // A cycle takes at least two transitions.
        if shortest.as_ref().is_some_and(|(_, shortest)| shortest.len() <= path.1.len() + 2) {
            break;
        }
        let Some(cycle) = avoiding.cycle(node) else { continue };
        if shortest.as_ref().is_none_or(|(_, shortest)| path.1.len() + cycle.len() < shortest.len()) {
            shortest = Some((path.0, [path.1, cycle].concat()));
        }
    }
    let (start, path) = shortest?;
    graph.run(start, &path)
}

/// The part of a graph in which something does not hold.
struct Avoiding<'a, S: System> {
    graph: &'a Graph<S>,
    holds: &'a [bool],
}

/// The shortest ways to states.
struct Tree {
    /// The states, the nearest first.
    order: Vec<usize>,
    /// For each of them, the state before it and the transition; none for the beginning of the tree.
    found: HashMap<usize, Option<(usize, usize)>>,
}

impl Tree {
    /// The way to a state: where it begins, and the transitions.
    fn path(&self, node: usize) -> (usize, Vec<usize>) {
        let (mut here, mut path) = (node, Vec::new());
        while let Some((before, edge)) = self.found.get(&here).copied().flatten() {
            path.push(edge);
            here = before;
        }
        path.reverse();
        (here, path)
    }
}

impl<S: System> Avoiding<'_, S> {
    /// The transitions from a state to other states of this part.
    fn edges_of(&self, node: usize) -> impl Iterator<Item = (usize, usize)> {
        let edges = self.graph.changing(node).map(|edge| (edge, self.graph.target(edge)));
        edges.filter(|(_, target)| self.is_inside(*target))
    }

    fn is_inside(&self, node: usize) -> bool {
        self.holds.get(node) == Some(&false)
    }

    /// The states that can be reached from some, breadth first.
    fn tree(&self, from: impl Iterator<Item = usize>) -> Tree {
        let mut tree = Tree { order: Vec::new(), found: HashMap::new() };
        for node in from.filter(|node| self.is_inside(*node)) {
            if tree.found.insert(node, None).is_none() {
                tree.order.push(node);
            }
        }
        let mut next = 0;
        while let Some(&node) = tree.order.get(next) {
            next += 1;
            for (edge, target) in self.edges_of(node) {
                if let Entry::Vacant(new) = tree.found.entry(target) {
                    new.insert(Some((node, edge)));
                    tree.order.push(target);
                }
            }
        }
        tree
    }

    /// The states of a tree that are on a cycle or behind one, the nearest first: those that are left when again and again a
    /// state that no other leads to is taken away.
    fn near_cycles(&self, tree: &Tree) -> Vec<usize> {
        let mut leading_to: HashMap<usize, usize> = HashMap::new();
        for (_, target) in tree.order.iter().flat_map(|node| self.edges_of(*node)) {
            *leading_to.entry(target).or_default() += 1;
        }
        let mut free: Vec<usize> = tree.order.iter().copied().filter(|node| !leading_to.contains_key(node)).collect();
        while let Some(node) = free.pop() {
            for (_, target) in self.edges_of(node) {
                let Some(left) = leading_to.get_mut(&target) else { continue };
                *left -= 1;
                if *left == 0 {
                    leading_to.remove(&target);
                    free.push(target);
                }
            }
        }
        tree.order.iter().copied().filter(|node| leading_to.contains_key(node)).collect()
    }

    /// The transitions of a shortest cycle through a state.
    fn cycle(&self, node: usize) -> Option<Vec<usize>> {
        let tree = self.tree([node].into_iter());
        tree.order.iter().find_map(|last| {
            let (edge, _) = self.edges_of(*last).find(|(_, target)| *target == node)?;
            let (_, mut path) = tree.path(*last);
            path.push(edge);
            Some(path)
        })
    }
}
