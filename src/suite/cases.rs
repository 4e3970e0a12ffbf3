//! The generated cases of a run: which there are, and how each is made.
//!
//! A case has a source of chance of its own, which depends on the seed, the property and the case's number and on nothing else.
//! So any case can be made alone, by any thread and in any shard, and a run with more cases begins with those of a run with
//! fewer.

use super::{
    properties::{NEIGHBOURS, NEIGHBOURS_RULES, PROPERTIES, Property, neighbours},
    run::Options,
    scenario::Scenario,
    shrink::Tree,
};
use proptest::{
    strategy::{BoxedStrategy, Strategy},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use std::sync::mpsc::SyncSender;

/// How many checks are asked together. Many are in flight; a failure is seen soon.
pub(super) const BATCH: usize = 400;

/// One property's cases in a run.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// The property's sentence.
    pub(super) name: &'static str,
    /// The rules that it is evidence for.
    pub(super) rules: &'static [&'static str],
    source: Source,
}

#[derive(Clone, Copy)]
enum Source {
    /// A property, its number, and how many cases it has in the whole run.
    Generated(&'static Property, u64, usize),
    Neighbours,
}

/// Some cases of a part, with their numbers.
pub(super) struct Made {
    pub(super) part: Part,
    pub(super) numbers: Vec<usize>,
    pub(super) scenarios: Vec<Scenario>,
}

/// The parts of a run, in order.
pub(super) fn parts(options: &Options) -> Vec<Part> {
    if options.cases == 0 {
        return Vec::new();
    }
    let properties = PROPERTIES.iter().zip(0..).map(|(property, number)| {
        let count = options.cases.saturating_mul(property.share).div_ceil(100);
        Part { name: property.name, rules: property.rules, source: Source::Generated(property, number, count) }
    });
    let last = Part { name: NEIGHBOURS, rules: NEIGHBOURS_RULES, source: Source::Neighbours };
    properties.chain([last]).filter(|part| part.rules.iter().any(|rule| options.counts(rule))).collect()
}

impl Part {
    /// How many cases it has in this run, or in this shard of it.
    pub(super) fn count(&self, options: &Options) -> usize {
        let all = match self.source {
            Source::Generated(.., count) => count,
            Source::Neighbours => neighbours(options.only.as_ref(), &options.sizes).len(),
        };
        (all + options.shard.of() - options.shard.number()) / options.shard.of()
    }

    /// The case of a number, and how it can be made smaller, if it can.
    pub(super) fn case(&self, number: usize, options: &Options) -> Option<(Scenario, Option<Tree>)> {
        match self.source {
            Source::Generated(property, place, _) => {
                let tree = Maker::new(property, place, options).tree(number)?;
                Some((tree.current(), Some(tree)))
            }
            Source::Neighbours => neighbours(options.only.as_ref(), &options.sizes)
                .into_iter()
                .nth(number)
                .map(|scenario| (scenario, None)),
        }
    }
}

/// Makes every case of some parts, in order, until nobody takes them any more.
pub(super) fn make_all(parts: &[Part], options: &Options, made: &SyncSender<Made>) {
    for part in parts {
        let goes_on = match part.source {
            Source::Generated(property, place, count) => {
                let maker = Maker::new(property, place, options);
                let mut numbers = (0..count).filter(|number| options.shard.holds(*number));
                send_all(*part, made, || Some(maker.some(&mut numbers)).filter(|cases| !cases.is_empty()))
            }
            Source::Neighbours => {
                let cases = neighbours(options.only.as_ref(), &options.sizes).into_iter().enumerate();
                let mut cases = cases.filter(|(number, _)| options.shard.holds(*number));
                send_all(*part, made, || Some(cases.by_ref().take(BATCH).collect()).filter(|c: &Vec<_>| !c.is_empty()))
            }
        };
        if !goes_on {
            return;
        }
    }
}

/// Sends batches as long as there are any; whether they were taken.
fn send_all(part: Part, made: &SyncSender<Made>, mut next: impl FnMut() -> Option<Vec<(usize, Scenario)>>) -> bool {
    while let Some(cases) = next() {
        let (numbers, scenarios) = cases.into_iter().unzip();
        if made.send(Made { part, numbers, scenarios }).is_err() {
            return false;
        }
    }
    true
}

/// What makes the cases of one property.
struct Maker {
    strategy: BoxedStrategy<Scenario>,
    place: u64,
    seed: u64,
}

impl Maker {
    fn new(property: &Property, place: u64, options: &Options) -> Self {
        let strategy =
            property.strategy(options.only.as_ref(), &options.sizes, &mut runner([options.seed, place, u64::MAX]));
        Self { strategy, place, seed: options.seed }
    }

    /// The case of a number, which can be made smaller; none where the strategy gives up on it.
    fn tree(&self, number: usize) -> Option<Tree> {
        self.strategy.new_tree(&mut runner([self.seed, self.place, number as u64])).ok()
    }

    /// The next cases: a batch, unless fewer are left.
    fn some(&self, numbers: &mut dyn Iterator<Item = usize>) -> Vec<(usize, Scenario)> {
        numbers.filter_map(|number| Some((number, self.tree(number)?.current()))).take(BATCH).collect()
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
