//! The mutants: implementations that are wrong in one thing each, like real ports of the format.
//!
//! Each is the model with one step replaced ([`Mutant::make`]). A suite is as good as the mutants that it catches: [`matrix`]
//! tries this crate's own suite on all of them, and [`traceability`] shows which of them only one rule catches. `sessionproof
//! mutant NAME` runs one as an adapter for another suite. The suite does not know them.

mod age;
mod attributes;
mod base64;
mod changes;
mod cookies;
mod defaults;
mod headers;
mod hooks;
mod keys;
pub mod matrix;
pub mod of_flask;
mod payload;
mod reading;
mod session;
mod signature;
mod state;
mod stores;
mod tools;
pub mod traceability;
mod trivial;

use crate::{adapter::Implementation, model::store::Mistake};
use hooks::{Hooks, Mutated};
use state::Remembering;

/// One realistic mistake.
#[derive(Clone, Copy)]
pub struct Mutant {
    /// A short name, unique in the bank.
    pub name: &'static str,
    /// The mistake, as a phrase.
    pub summary: &'static str,
    /// The rules that it may rightly be blamed on, the foremost first.
    pub rules: &'static [&'static str],
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// The model, remembering what it should not.
    Memory(state::Answer),
    /// The model with one step replaced.
    Hooks(Hooks),
    /// The model of stores with a mistake.
    Store(Mistake),
}

impl Mutant {
    const fn new(name: &'static str, rules: &'static [&'static str], summary: &'static str, hooks: Hooks) -> Self {
        Self { name, summary, rules, kind: Kind::Hooks(hooks) }
    }

    const fn remembering(
        name: &'static str,
        rules: &'static [&'static str],
        summary: &'static str,
        answer: state::Answer,
    ) -> Self {
        Self { name, summary, rules, kind: Kind::Memory(answer) }
    }

    /// Whether one call changes its answer to another.
    pub fn remembers(&self) -> bool {
        matches!(self.kind, Kind::Memory(_))
    }

    /// Whether it is wrong about sessions in a store, and about nothing else.
    pub fn is_of_stores(&self) -> bool {
        matches!(self.kind, Kind::Store(_))
    }

    /// The mutant, in the state in which a program starts. It declares what Flask chooses, and gives reasons.
    pub fn make(&self) -> Box<dyn Implementation> {
        match self.kind {
            Kind::Memory(answer) => Box::new(Remembering::new(self.name, answer)),
            Kind::Hooks(hooks) => Box::new(Mutated::new(self.name, hooks)),
            Kind::Store(mistake) => Box::new(stores::Mistaken::new(self.name, mistake)),
        }
    }
}

/// Every mutant, by the families of the rules that are broken foremost.
pub fn all() -> impl Iterator<Item = &'static Mutant> {
    let families = [
        keys::MUTANTS,
        defaults::MUTANTS,
        signature::MUTANTS,
        base64::MUTANTS,
        payload::MUTANTS,
        reading::MUTANTS,
        age::MUTANTS,
        session::MUTANTS,
        cookies::MUTANTS,
        attributes::MUTANTS,
        headers::MUTANTS,
        state::MUTANTS,
        trivial::MUTANTS,
    ];
    families.into_iter().flatten().chain(stores::MUTANTS.iter())
}

/// Every mutant that is wrong about sessions in a cookie.
pub fn of_cookies() -> impl Iterator<Item = &'static Mutant> {
    all().filter(|mutant| !mutant.is_of_stores())
}

/// The mutant of a name.
pub fn find(name: &str) -> Option<&'static Mutant> {
    all().find(|mutant| mutant.name == name)
}
