//! The generated cases of a run, and how each is made.
//!
//! Each case has its own source of randomness, which depends only on the seed, the property and the case's number. So any case
//! can be made alone, by any thread and in any shard, and a run with more cases begins with those of a run with fewer.

use super::options::Options;
use crate::protocol::{Capabilities, Op};
use crate::{
    case::scenario::Scenario,
    suite::{
        judging::shrink::Tree,
        properties::{ONE_CHARACTER_EDITS, ONE_CHARACTER_EDITS_RULES, PROPERTIES, Property, one_character_edits},
    },
};
use proptest::{
    strategy::{BoxedStrategy, Strategy},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use std::{
    io,
    iter::{self, StepBy},
    num::NonZero,
    ops::Range,
    sync::mpsc::{self, Receiver, SyncSender},
    thread::{self, Scope},
};

/// How many checks are asked together. Many are in flight; a failure is seen soon.
pub(in crate::suite) const BATCH: usize = 400;
/// How many threads make cases, at most.
const GENERATORS: usize = 8;
/// How many batches each of them makes ahead of being taken.
const AHEAD: usize = 1;

/// One property's cases in a run.
#[derive(Clone, Copy)]
pub(in crate::suite) struct PropertyRun {
    /// The property's sentence.
    pub(in crate::suite) name: &'static str,
    /// The rules that it is evidence for.
    pub(in crate::suite) rules: &'static [&'static str],
    source: Source,
}

#[derive(Clone, Copy)]
enum Source {
    /// A property, its number, and how many cases it has in the whole run.
    Generated(&'static Property, u64, usize),
    OneCharacterEdits,
}

/// Some cases of a property, with their numbers.
pub(in crate::suite) struct Batch {
    pub(in crate::suite) part: PropertyRun,
    pub(in crate::suite) numbers: Vec<usize>,
    pub(in crate::suite) scenarios: Vec<Scenario>,
}

/// The properties of a run, in order.
pub(in crate::suite) fn parts(options: &Options) -> Vec<PropertyRun> {
    if options.cases == 0 {
        return Vec::new();
    }
    let properties = PROPERTIES.iter().zip(0..).map(|(property, number)| {
        let count = options.cases.saturating_mul(property.share).div_ceil(100);
        PropertyRun { name: property.name, rules: property.rules, source: Source::Generated(property, number, count) }
    });
    let last =
        PropertyRun { name: ONE_CHARACTER_EDITS, rules: ONE_CHARACTER_EDITS_RULES, source: Source::OneCharacterEdits };
    let all = properties.chain([last]).filter(|part| part.rules.iter().any(|rule| options.counts(rule)));
    // Their calls need other configurations than the one there is.
    all.filter(|part| options.fixed_config.is_none() || !part.is_in_turn()).collect()
}

impl PropertyRun {
    /// How many cases it has in this run, or in this shard of it.
    pub(in crate::suite) fn count(&self, options: &Options) -> usize {
        self.numbers(options).len()
    }

    /// Whether the calls of its cases are answered in turn.
    pub(in crate::suite) fn is_in_turn(&self) -> bool {
        matches!(self.source, Source::Generated(property, ..) if property.is_in_turn())
    }

    /// The operation that the implementation lacks without which none of its cases can be asked.
    pub(in crate::suite) fn not_offered(&self, hello: &Capabilities) -> Option<Op> {
        let needed = match self.source {
            Source::Generated(property, ..) => property.asks,
            Source::OneCharacterEdits => Some(Op::Verify),
        };
        needed.filter(|op| !hello.ops.contains(op))
    }

    /// The case of a number, and how to shrink it, if possible.
    pub(in crate::suite) fn case(&self, number: usize, options: &Options) -> Option<(Scenario, Option<Tree>)> {
        match self.source {
            Source::Generated(property, place, _) => {
                let tree = Maker::new(property, place, options).tree(number)?;
                Some((tree.current(), Some(tree)))
            }
            Source::OneCharacterEdits => one_character_edits(options.fixed_config.as_ref(), &options.sizes)
                .into_iter()
                .nth(number)
                .map(|scenario| (scenario, None)),
        }
    }

    #[cfg(feature = "cli")]
    /// The cases of some numbers, made once more.
    pub(in crate::suite) fn again(&self, numbers: &[usize], options: &Options) -> Vec<Scenario> {
        match self.source {
            _ if numbers.is_empty() => Vec::new(),
            Source::Generated(property, place, _) => {
                let maker = Maker::new(property, place, options);
                numbers.iter().filter_map(|number| Some(maker.tree(*number)?.current())).collect()
            }
            Source::OneCharacterEdits => {
                let all = one_character_edits(options.fixed_config.as_ref(), &options.sizes);
                numbers.iter().filter_map(|number| all.get(*number).cloned()).collect()
            }
        }
    }

    /// The numbers of its cases in this run, or in this shard of it.
    fn numbers(&self, options: &Options) -> StepBy<Range<usize>> {
        let all = match self.source {
            Source::Generated(.., count) => count,
            Source::OneCharacterEdits => one_character_edits(options.fixed_config.as_ref(), &options.sizes).len(),
        };
        options.shard.numbers(all)
    }

    fn batches(self, options: &Options) -> impl Iterator<Item = (Self, Vec<usize>)> {
        let mut numbers = self.numbers(options);
        iter::from_fn(move || Some(numbers.by_ref().take(BATCH).collect()).filter(|some: &Vec<_>| !some.is_empty()))
            .map(move |numbers| (self, numbers))
    }
}

/// The cases of a run, in batches, made by several threads ahead of being taken. The order is that of the parts and of the
/// numbers, whichever thread is faster.
pub(in crate::suite) struct Generators {
    /// Where the batches come from, which come in turns.
    made: Vec<Receiver<Batch>>,
    turn: usize,
}

impl Generators {
    /// Starts the threads: as many as there are processors. They end when this is dropped.
    pub(in crate::suite) fn start<'a>(
        scope: &'a Scope<'a, '_>,
        parts: &'a [PropertyRun],
        options: &'a Options,
    ) -> Result<Self, io::Error> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(GENERATORS);
        let start = |number| {
            let (send, made) = mpsc::sync_channel(AHEAD);
            let work = move || make(parts, options, number, threads, &send);
            thread::Builder::new().name("cases".to_owned()).spawn_scoped(scope, work)?;
            Ok(made)
        };
        Ok(Self { made: (0..threads).map(start).collect::<Result<_, io::Error>>()?, turn: 0 })
    }
}

impl Iterator for Generators {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let made = self.made.get(self.turn)?.recv().ok()?;
        self.turn = (self.turn + 1) % self.made.len();
        Some(made)
    }
}

/// Makes every `threads`-th batch of a run, from batch `number` on, until nobody takes them any more.
fn make(parts: &[PropertyRun], options: &Options, number: usize, threads: usize, made: &SyncSender<Batch>) {
    let mut all_edits = None;
    let mut maker: Option<Maker> = None;
    for (part, numbers) in parts.iter().flat_map(|part| part.batches(options)).skip(number).step_by(threads) {
        let cases: Vec<_> = match part.source {
            Source::Generated(property, place, _) => {
                if maker.as_ref().is_none_or(|maker| maker.place != place) {
                    maker = Some(Maker::new(property, place, options));
                }
                let tree = |number| maker.as_ref()?.tree(number);
                numbers.into_iter().filter_map(|number| Some((number, tree(number)?.current()))).collect()
            }
            Source::OneCharacterEdits => {
                let all =
                    all_edits.get_or_insert_with(|| one_character_edits(options.fixed_config.as_ref(), &options.sizes));
                numbers.into_iter().filter_map(|number| Some((number, all.get(number)?.clone()))).collect()
            }
        };
        let (numbers, scenarios) = cases.into_iter().unzip();
        if made.send(Batch { part, numbers, scenarios }).is_err() {
            return;
        }
    }
}

/// What makes the cases of one property.
struct Maker {
    strategy: BoxedStrategy<Scenario>,
    place: u64,
    seed: u64,
}

impl Maker {
    fn new(property: &Property, place: u64, options: &Options) -> Self {
        let strategy = property.strategy(
            options.fixed_config.as_ref(),
            &options.sizes,
            &mut runner([options.seed, place, u64::MAX]),
        );
        Self { strategy, place, seed: options.seed }
    }

    /// The case of a number, ready to shrink; `None` if the strategy gives up on it.
    fn tree(&self, number: usize) -> Option<Tree> {
        self.strategy.new_tree(&mut runner([self.seed, self.place, number as u64])).ok()
    }
}

/// A source of chance.
fn runner(words: [u64; 3]) -> TestRunner {
    let mut bytes = [0; 32];
    for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}
