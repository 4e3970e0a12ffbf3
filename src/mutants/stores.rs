//! Sessions in a store: what real session interfaces do wrong, one thing at a time.

use super::{Kind, Mutant};
use crate::{
    adapter::{
        AdapterError, Implementation,
        in_process::{capabilities, stories_of_model},
    },
    model::store::{self, Mistake, Mistakes, mistakes},
    protocol::{Answer, Call, Capabilities, Choices, Op, Reply},
};
use std::sync::LazyLock;

/// One mutant for each mistake that the model of stores can make.
pub(super) static MUTANTS: LazyLock<Vec<Mutant>> = LazyLock::new(|| {
    let mutant = |&(mistake, name, rules, summary)| Mutant { name, summary, rules, kind: Kind::Store(mistake) };
    mistakes::ALL.iter().map(mutant).collect()
});

/// The model of stores with some mistakes.
pub(super) struct Mistaken {
    hello: Capabilities,
    mistakes: Mistakes,
}

impl Mistaken {
    pub(super) fn new(name: &str, mistake: Mistake) -> Self {
        let mut hello = capabilities(&format!("mutant {name}"), [Op::Story], Choices::default());
        hello.story = Some(stories_of_model());
        Self { hello, mistakes: mistake.alone() }
    }
}

impl Implementation for Mistaken {
    fn capabilities(&self) -> Capabilities {
        self.hello.clone()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        let answer = |call: &Call| match call {
            Call::Story(story) => {
                Reply::Ok(Answer::Story(store::answer_with(story, &self.hello.choices, self.mistakes)))
            }
            other => Reply::Unsupported(format!("the operation {}", other.op())),
        };
        Ok(calls.iter().map(answer).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::vectors,
        mutants::{matrix, traceability},
        rules::{self, Profile},
    };

    #[test]
    fn every_mistake_is_caught_by_a_rule_that_it_breaks_and_every_rule_catches_one_alone() {
        let (mutants, vectors) = (MUTANTS.iter().collect::<Vec<_>>(), vectors::of_stores().unwrap());
        let found = matrix::run(&mutants, &vectors, 500, 0);
        let caught = mutants.iter().zip(&found).filter(|(mutant, found)| found.caught_by(mutant).is_none());
        let wrong: Vec<_> = caught.map(|(mutant, found)| (mutant.name, found.blamed())).collect();
        let alone = |rule: &str| traceability::only_caught_by(rule, &mutants, &found).is_some();
        let without: Vec<_> = rules::of(Profile::Store)
            .map(|rule| rule.id.as_str())
            .filter(|rule| !alone(rule) && traceability::why_without_mutant(rule).is_none())
            .collect();
        let is_tried = |mutant: &Mutant| mutant.rules.first().is_some_and(|rule| without.contains(rule));
        let tried = mutants.iter().zip(&found).filter(|(mutant, _)| is_tried(mutant));
        let tried: Vec<_> = tried.map(|(mutant, found)| (mutant.name, found.blamed())).collect();
        assert!(wrong.is_empty() && without.is_empty(), "{wrong:#?}\n{without:?}\n{tried:?}");
    }
}
