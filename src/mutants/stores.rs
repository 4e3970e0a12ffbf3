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
