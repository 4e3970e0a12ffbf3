//! A whole run: the vectors, the vectors again in another order, then generated cases, the failing ones shrunk.

use super::{
    generate::settings,
    judge::{Case, Divergence, Inconclusive, Verdict, judge},
    properties::{self, PROPERTIES, Property},
    results::{Failure, Origin, Results},
    rules::Pattern,
    scenario::Scenario,
    shrink::{Tree, shrink},
    vectors::Ready,
};
use crate::adapter::{Broken, Implementation};
use proptest::{
    strategy::{BoxedStrategy, Strategy},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use std::collections::BTreeSet;

/// What a run is made of.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The name of the specification, for the report.
    pub spec: String,
    /// The rules that count.
    pub rules: Pattern,
    /// How many cases are generated, about.
    pub cases: usize,
    /// The seed of the generated cases: the same seed makes the same cases.
    pub seed: u64,
    /// Whether the first failure ends the run.
    pub fail_fast: bool,
    /// Whether failures of generated cases are left as they were found: for who asks which rules are broken, and not how.
    pub as_found: bool,
}

/// What happens during a run.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// So many more checks are done.
    Checked(usize),
    /// A failure, made small.
    Failed(&'a Failure),
    /// A part of the run begins.
    Part {
        /// What it is.
        name: &'a str,
        /// How many checks it has.
        checks: usize,
    },
}

/// How many checks are asked together. Many are in flight; a failure is seen soon.
const BATCH: usize = 400;
/// How many configurations a property's cases share: fewer than an adapter keeps.
const POOL: usize = 20;
/// How many failures of generated cases are made small in one run.
const SHRUNK_FAILURES: usize = 24;

/// Holds an implementation against the vectors and against generated cases. What ends the run early stands in the results.
pub fn run(
    implementation: &dyn Implementation,
    vectors: &[Ready],
    options: &Options,
    observe: &mut dyn FnMut(Event<'_>),
) -> Results {
    let results = Results::new(implementation.hello().clone(), options);
    let mut run = Run { implementation, options, observe, results };
    let ended = run.vectors(vectors).and_then(|()| run.generated());
    run.finish(ended)
}

/// Asks some vectors once, in their order.
pub fn replay(implementation: &dyn Implementation, vectors: &[Ready], observe: &mut dyn FnMut(Event<'_>)) -> Results {
    let options = Options::default();
    let results = Results::new(implementation.hello().clone(), &options);
    let mut run = Run { implementation, options: &options, observe, results };
    let all: Vec<_> = vectors.iter().collect();
    let ended = run.pass("the vectors", &all, false).map(|_| ());
    run.finish(ended)
}

struct Run<'a> {
    implementation: &'a dyn Implementation,
    options: &'a Options,
    observe: &'a mut dyn FnMut(Event<'_>),
    results: Results,
}

/// Why a run ends early.
enum Stop {
    Broken(Broken),
    FirstFailure,
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl Run<'_> {
    fn finish(mut self, ended: Result<(), Stop>) -> Results {
        self.results.incidents = self.implementation.incidents();
        match ended {
            Ok(()) => {}
            Err(Stop::Broken(broken)) => self.results.broken = Some(broken),
            Err(Stop::FirstFailure) => self.results.stopped_early = true,
        }
        self.results
    }

    /// Every vector, and those of one call once more in reverse: state that leaks from one call into the next shows.
    fn vectors(&mut self, vectors: &[Ready]) -> Result<(), Stop> {
        let chosen: Vec<_> = vectors
            .iter()
            .filter(|ready| ready.vector.rules.iter().any(|rule| self.options.rules.matches(rule)))
            .collect();
        let passed = self.pass("vectors", &chosen, false)?;
        let again: Vec<_> = passed.into_iter().rev().filter(|ready| ready.scenario.len() == 1).collect();
        self.pass("vectors in another order", &again, true)?;
        Ok(())
    }

    /// Asks some vectors and gives those that passed.
    fn pass<'v>(&mut self, name: &str, vectors: &[&'v Ready], again: bool) -> Result<Vec<&'v Ready>, Stop> {
        (self.observe)(Event::Part { name, checks: vectors.len() });
        let mut passed = Vec::new();
        for batch in vectors.chunks(BATCH) {
            let cases: Vec<_> =
                batch.iter().map(|ready| Case { scenario: &ready.scenario, recorded: &ready.recorded }).collect();
            let verdicts = judge(self.implementation, &cases)?;
            for (ready, verdict) in batch.iter().zip(verdicts) {
                let vector = &ready.vector;
                let rules = self.chosen(&vector.rules);
                match verdict {
                    Verdict::Pass => {
                        self.results.passed(&rules);
                        passed.push(*ready);
                    }
                    Verdict::Inconclusive(why) => self.results.inconclusive(&rules, &why),
                    Verdict::Fail(divergence) => {
                        let (id, comment) = (vector.id.clone(), vector.comment.clone());
                        let origin = Origin::Vector { id, comment, again };
                        let failure = Failure::new(origin, &vector.rules, &ready.scenario, *divergence);
                        if self.is_chosen(&failure.rule, &rules) {
                            self.fail(failure)?;
                        }
                    }
                }
            }
            (self.observe)(Event::Checked(batch.len()));
        }
        Ok(passed)
    }

    fn generated(&mut self) -> Result<(), Stop> {
        if self.options.cases == 0 {
            return Ok(());
        }
        for (number, property) in PROPERTIES.iter().enumerate() {
            if property.rules.iter().any(|rule| self.options.rules.matches(rule)) {
                self.property(property, &mut runner(self.options.seed, number as u64))?;
            }
        }
        if properties::NEIGHBOURS_RULES.iter().any(|rule| self.options.rules.matches(rule)) {
            self.neighbours()?;
        }
        Ok(())
    }

    fn property(&mut self, property: &Property, runner: &mut TestRunner) -> Result<(), Stop> {
        let strategy = (property.cases)(settings::pool(property.pool(POOL, runner)));
        let mut left = (self.options.cases * property.share).div_ceil(100);
        (self.observe)(Event::Part { name: property.name, checks: left });
        let mut shown = BTreeSet::new();
        while left > 0 {
            let count = left.min(BATCH);
            left -= count;
            self.batch(property, trees(&strategy, count, runner), &mut shown)?;
            (self.observe)(Event::Checked(count));
        }
        Ok(())
    }

    /// Judges a batch of generated cases, and walks down the shrink tree of the first that breaks a rule.
    fn batch(&mut self, property: &Property, trees: Vec<Tree>, shown: &mut BTreeSet<&'static str>) -> Result<(), Stop> {
        let scenarios: Vec<_> = trees.iter().map(|tree| tree.current()).collect();
        let verdicts = self.judge_all(&scenarios)?;
        for ((tree, scenario), verdict) in trees.into_iter().zip(scenarios).zip(verdicts) {
            let Some(divergence) = self.count(property.rules, verdict) else { continue };
            if !shown.insert(divergence.difference.rule()) {
                self.results.failed(divergence.difference.rule());
            } else {
                let small = match !self.options.as_found && self.results.failures.len() < SHRUNK_FAILURES {
                    true => self.shrink(tree, scenario, divergence),
                    false => (scenario, divergence),
                };
                self.fail(Failure::new(Origin::Property(property.name), &[], &small.0, small.1))?;
            }
        }
        Ok(())
    }

    fn neighbours(&mut self) -> Result<(), Stop> {
        let scenarios = properties::neighbours();
        (self.observe)(Event::Part { name: properties::NEIGHBOURS, checks: scenarios.len() });
        let mut shown = BTreeSet::new();
        for batch in scenarios.chunks(BATCH) {
            for (scenario, verdict) in batch.iter().zip(self.judge_all(batch)?) {
                let Some(divergence) = self.count(properties::NEIGHBOURS_RULES, verdict) else { continue };
                match shown.insert(divergence.difference.rule()) {
                    true => {
                        let origin = Origin::Property(properties::NEIGHBOURS);
                        self.fail(Failure::new(origin, &[], scenario, divergence))?;
                    }
                    false => self.results.failed(divergence.difference.rule()),
                }
            }
            (self.observe)(Event::Checked(batch.len()));
        }
        Ok(())
    }

    fn judge_all(&self, scenarios: &[Scenario]) -> Result<Vec<Verdict>, Broken> {
        let cases: Vec<_> = scenarios.iter().map(|scenario| Case { scenario, recorded: &[] }).collect();
        judge(self.implementation, &cases)
    }

    /// Counts the verdict on a generated case, or gives its divergence when it is a failure.
    fn count(&mut self, rules: &[&'static str], verdict: Verdict) -> Option<Divergence> {
        let rules = &self.chosen(rules);
        match verdict {
            Verdict::Pass => self.results.passed(rules),
            Verdict::Inconclusive(why) => self.results.inconclusive(rules, &why),
            Verdict::Fail(divergence) if self.is_chosen(divergence.difference.rule(), rules) => {
                return Some(*divergence);
            }
            Verdict::Fail(_) => {}
        }
        None
    }

    /// The rules that count, among some.
    fn chosen<R: AsRef<str> + Clone>(&self, rules: &[R]) -> Vec<R> {
        rules.iter().filter(|rule| self.options.rules.matches(rule.as_ref())).cloned().collect()
    }

    /// Whether a broken rule is among those that count. Where it is not, nothing can be said of the rule that was asked about.
    fn is_chosen<R: AsRef<str>>(&mut self, broken: &str, asked: &[R]) -> bool {
        let is_chosen = self.options.rules.matches(broken);
        if !is_chosen {
            let what = format!("{broken} is broken, which the chosen rules leave out");
            self.results.inconclusive(asked, &Inconclusive::NotJudged(what));
        }
        is_chosen
    }

    /// The smallest case that breaks the same rule, as far as some tries find it.
    fn shrink(&self, tree: Tree, scenario: Scenario, divergence: Divergence) -> (Scenario, Divergence) {
        shrink(tree, (scenario, divergence), &mut |scenario| {
            let verdict = self.judge_all(std::slice::from_ref(scenario))?.pop();
            Ok(verdict.and_then(|verdict| match verdict {
                Verdict::Fail(divergence) => Some(*divergence),
                Verdict::Inconclusive(_) | Verdict::Pass => None,
            }))
        })
    }

    /// Counts a failure, and ends the run where the first is to be the last.
    fn fail(&mut self, failure: Failure) -> Result<(), Stop> {
        (self.observe)(Event::Failed(&failure));
        self.results.failed(&failure.rule);
        self.results.failures.push(failure);
        if self.options.fail_fast { Err(Stop::FirstFailure) } else { Ok(()) }
    }
}

/// Cases that can be made smaller. A strategy that gives up on a case has one less.
fn trees(strategy: &BoxedStrategy<Scenario>, count: usize, runner: &mut TestRunner) -> Vec<Tree> {
    (0..count).filter_map(|_| strategy.new_tree(runner).ok()).collect()
}

/// The source of chance of one property: it depends on the seed and on nothing else.
fn runner(seed: u64, property: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&property.to_le_bytes());
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        adapter::embedded::{Model, answer},
        protocol::{Answer, Call, Hello, Reply, Verified},
        suite::vectors,
    };

    fn quick(cases: usize) -> Options {
        Options { cases, ..Options::default() }
    }

    #[test]
    fn the_model_conforms_and_the_same_seed_counts_the_same() {
        let vectors = vectors::embedded().unwrap();
        let results = run(&Model::default(), &vectors, &quick(500), &mut |_| {});
        assert_eq!(results.total.failed, 0, "{:?}", results.failures.first());
        assert_eq!(results.inconclusive.len(), 0);
        assert!(results.total.passed > vectors.len() + 500);
        assert_eq!(run(&Model::default(), &vectors, &quick(500), &mut |_| {}).families, results.families);
    }

    #[test]
    fn whatever_an_implementation_declares_it_is_held_to() {
        let vectors = vectors::embedded().unwrap();
        for declared in [
            r#"{"base64":"strict"}"#,
            r#"{"odd_payload":"reject","reasons":"typed"}"#,
            r#"{"timestamp_range":"reject"}"#,
            r#"{"compression":"never"}"#,
            r#"{"compression":"any","key_order":"any"}"#,
            r#"{"duplicates":"last"}"#,
            r#"{"fallback_text":"whole"}"#,
            r#"{"fallback_text":"refuse"}"#,
        ] {
            let choices = serde_json::from_str(declared).unwrap();
            let results = run(&Model::new(choices), &vectors, &quick(300), &mut |_| {});
            assert_eq!(results.total.failed, 0, "{declared}: {:?}", results.failures.first());
            // The same answers under Flask's choices are wrong somewhere, unless the choice only widens what is right.
            if !declared.contains("any") && !declared.contains("refuse") {
                let undeclared =
                    run(&Undeclared(Model::new(choices), Model::default()), &vectors, &quick(300), &mut |_| {});
                assert!(undeclared.total.failed > 0, "{declared}");
            }
        }
    }

    /// The answers of one model under the declarations of another.
    struct Undeclared(Model, Model);

    impl Implementation for Undeclared {
        fn hello(&self) -> &Hello {
            self.1.hello()
        }

        fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, Broken> {
            self.0.answer(calls)
        }
    }

    /// An implementation that takes age equal to the lifetime for too old.
    struct Strict(Model);

    impl Implementation for Strict {
        fn hello(&self) -> &Hello {
            self.0.hello()
        }

        fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, Broken> {
            let choices = &self.hello().choices;
            let strict = |call: &Call| match call {
                Call::Verify(verify) => {
                    let mut later = verify.clone();
                    later.now = later.now.plus_seconds(1);
                    match answer(call, choices) {
                        Answer::Verify(Verified::Accepted(_)) => answer(&Call::Verify(later), choices),
                        other => other,
                    }
                }
                other => answer(other, choices),
            };
            Ok(calls.iter().map(|call| Reply::Ok(strict(call))).collect())
        }
    }

    #[test]
    fn a_boundary_that_is_off_by_one_is_found_by_vectors_and_by_generated_cases() {
        let vectors = vectors::embedded().unwrap();
        let results = run(&Strict(Model::default()), &vectors, &quick(500), &mut |_| {});
        let is_vector = |failure: &&Failure| matches!(failure.origin, Origin::Vector { .. });
        assert!(results.failures.iter().filter(is_vector).any(|f| f.rule == "EXP-2"));
        let generated = results.failures.iter().find(|f| !is_vector(f) && f.rule == "EXP-2");
        assert!(generated.is_some());
    }

    #[test]
    fn a_saved_failure_replays() {
        let vectors = vectors::embedded().unwrap();
        let found = run(&Strict(Model::default()), &vectors, &quick(500), &mut |_| {});
        for failure in &found.failures {
            let ready = [failure.vector.ready("saved").unwrap()];
            let replayed = replay(&Strict(Model::default()), &ready, &mut |_| {});
            assert_eq!(replayed.total.failed, 1, "{failure:?}");
            assert_eq!(replay(&Model::default(), &ready, &mut |_| {}).total.passed, 1, "{failure:?}");
        }
    }

    #[test]
    fn the_first_failure_ends_a_run_that_is_told_so() {
        let vectors = vectors::embedded().unwrap();
        let options = Options { fail_fast: true, ..quick(500) };
        let results = run(&Strict(Model::default()), &vectors, &options, &mut |_| {});
        assert!(results.stopped_early);
    }

    #[test]
    fn only_chosen_rules_are_asked_about() {
        let vectors = vectors::embedded().unwrap();
        let options = Options { rules: Pattern::parse("DEL").unwrap(), ..quick(200) };
        let results = run(&Model::default(), &vectors, &options, &mut |_| {});
        assert!(results.total.passed > 0);
        assert!(results.total.passed < vectors.len());
    }
}
