//! The search: every state and every transition of a system is visited once, breadth first, and each property is decided.
//!
//! The witness of a property is the first one in this order, which is always the same and as short as any. Whether an
//! `eventually` holds is decided on the whole graph afterwards, because a run may avoid it by going round for ever.

use super::{
    eventually,
    graph::{Graph, Visited},
    system::{Kind, Property, Run, System},
};
use crate::interruption;
use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

/// After how many states the progress is told again.
const BEAT: usize = 256;

/// What became of a property.
pub struct Finding<S: System> {
    /// The property.
    pub property: Property,
    /// A shortest run that breaks it or, for a `sometimes`, that shows it. For an `eventually`, a run that avoids it to its end,
    /// or until it comes back to a state where it was before.
    pub witness: Option<Run<S>>,
}

impl<S: System> Finding<S> {
    /// Whether the property is true of the system.
    pub fn is_true(&self) -> bool {
        self.witness.is_some() == (self.property.kind == Kind::Sometimes)
    }
}

/// What a whole search found.
pub struct Searched<S: System> {
    /// The system.
    pub system: S,
    /// Its states and transitions.
    pub graph: Graph<S>,
    /// How long it took.
    pub took: Duration,
    /// One for each property, in order.
    pub findings: Vec<Finding<S>>,
}

impl<S: System> Searched<S> {
    /// The finding of a property; none if the system does not have it.
    pub fn finding(&self, name: &str) -> Option<&Finding<S>> {
        self.findings.iter().find(|finding| finding.property.name == name)
    }

    /// Whether every property is true.
    pub fn holds(&self) -> bool {
        self.findings.iter().all(Finding::is_true)
    }
}

/// Goes through every state that can be reached. `progress` is told now and then how many have been found. `None` if this
/// process was interrupted meanwhile.
pub fn search<S: System>(system: S, progress: &mut dyn FnMut(usize)) -> Option<Searched<S>> {
    let began = Instant::now();
    let mut decided: Vec<Decided> = system.properties().into_iter().map(Decided::new).collect();
    let walked = Graph::walk(&system, |visited| {
        if visited.number % BEAT == 0 {
            progress(visited.found);
            if interruption::interrupted_by().is_some() {
                return ControlFlow::Break(());
            }
        }
        for (place, decided) in decided.iter_mut().enumerate() {
            decided.visit(&system, place, visited);
        }
        ControlFlow::Continue(())
    });
    let ControlFlow::Continue(graph) = walked else { return None };
    progress(graph.states());
    let findings = decided.into_iter().map(|decided| decided.finding(&graph)).collect();
    Some(Searched { findings, took: began.elapsed(), graph, system })
}

/// What is known of a property on the way.
struct Decided {
    property: Property,
    /// The state where the witness was seen first, and the place of the transition among those from there.
    witness: Option<(usize, usize)>,
    /// For an `eventually`: for each state, whether it holds there.
    holds: Vec<bool>,
}

impl Decided {
    fn new(property: Property) -> Self {
        Self { property, witness: None, holds: Vec::new() }
    }

    fn visit<S: System>(&mut self, system: &S, place: usize, visited: &Visited<'_, S>) {
        if self.property.kind == Kind::Eventually {
            self.holds.push(system.eventually_holds(place, visited.state));
        } else if self.witness.is_none() {
            let mut transitions = visited.transitions.iter();
            let shown = transitions.position(|transition| system.shows(place, visited.state, transition));
            self.witness = shown.map(|transition| (visited.number, transition));
        }
    }

    fn finding<S: System>(self, graph: &Graph<S>) -> Finding<S> {
        let witness = match self.property.kind {
            Kind::Eventually => eventually::avoiding(graph, &self.holds),
            Kind::Always | Kind::Sometimes => self.witness.and_then(|(node, transition)| {
                let (start, mut path) = graph.path_to(node);
                path.extend(graph.edges_of(node).nth(transition));
                graph.run(start, &path)
            }),
        };
        Finding { property: self.property, witness }
    }
}

#[cfg(test)]
mod tests;
