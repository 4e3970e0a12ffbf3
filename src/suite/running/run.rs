//! A whole run: the vectors, the vectors again in another order, then generated cases, whose failures are shrunk.

pub use super::options::Options;
use super::{
    cases::{self, BATCH, Batch, Generators, PropertyRun},
    live,
    pipeline::{Asker, Metered, Pipeline, no_thread},
    times::Stopwatch,
};
use crate::{
    adapter::{AdapterError, Implementation},
    interruption,
    protocol::Capabilities,
};
use crate::{
    case::scenario::Scenario,
    evidence::vectors::LoadedVector,
    rules,
    suite::{
        judging::{
            divergence::Divergence,
            judge::{Case, CaseRuns, Inconclusive, Verdict, judge},
            kept,
            shrink::{Tree, shrink},
        },
        outcome::{
            known::Watch,
            results::{BrokenCheck, Failure, Origin, Results},
        },
    },
};
use std::{collections::BTreeSet, sync::atomic::AtomicBool, thread};

/// What happens during a run.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// So many more checks are done.
    Checked(usize),
    /// One of the first checks in which the adapter broke.
    Broke(&'a BrokenCheck),
    /// A shrunk failure.
    Failed(&'a Failure),
    /// A part of the run begins.
    Part {
        /// What it is.
        name: &'a str,
        /// How many checks it has.
        checks: usize,
    },
}

/// How much is kept of what the large failures of a run show (bytes in memory).
const FAILURES: usize = 16 * 1024 * 1024;
/// How much a failure shows at least.
const SMALL: usize = 4 * 1024;
/// How many failures of generated cases are shrunk in one run.
const SHRUNK_FAILURES: usize = 24;
/// The same where each try is a request to a server.
const SHRUNK_LIVE: usize = 6;

/// Tests an implementation with the vectors and with generated cases. The results say what ended the run early, if anything did.
pub fn run(
    implementation: &dyn Implementation,
    vectors: &[LoadedVector],
    options: &Options,
    observe: &mut dyn FnMut(Event<'_>),
) -> Results {
    let options = &Options { fixed_config: implementation.config(), ..options.clone() };
    observe_run(implementation, options, observe, |run| {
        run.needing_another_configuration();
        run.vectors(vectors)?;
        run.run_generated()?;
        run.run_waiting()
    })
}

/// Asks some vectors once, in their order.
pub fn replay(
    implementation: &dyn Implementation,
    vectors: &[LoadedVector],
    observe: &mut dyn FnMut(Event<'_>),
) -> Results {
    let all: Vec<_> = vectors.iter().collect();
    observe_run(implementation, &Options::default(), observe, |run| run.pass("the vectors", &all, false).map(drop))
}

/// Does some work with a thread that asks, and gives what came of it.
fn observe_run(
    implementation: &dyn Implementation,
    options: &Options,
    observe: &mut dyn FnMut(Event<'_>),
    work: impl FnOnce(&mut Run<'_>) -> Result<(), Stop>,
) -> Results {
    let stopwatch = Stopwatch::start(implementation);
    let metered = Metered::new(implementation);
    let capabilities = implementation.capabilities();
    let mut results = Results::new(capabilities.clone(), options);
    let stop = AtomicBool::new(false);
    let mut known = options.known.watch();
    let ended = thread::scope(|scope| {
        let asker = Asker::start(scope, &metered, &stop)?;
        work(&mut Run {
            implementation: &metered,
            hello: &capabilities,
            asker: &asker,
            options,
            observe,
            results: &mut results,
            known: &mut known,
            room: FAILURES,
        })
    });
    results.known = known.end();
    match ended {
        Ok(()) => {}
        Err(Stop::Broken(broken)) => results.broken = Some(broken),
        Err(Stop::FirstFailure) => results.stopped_early = true,
    }
    // It may have come when nothing was to be asked any more but to make a failure small.
    if let Some(signal) = interruption::interrupted_by() {
        results.interrupted = Some(signal.to_owned());
        results.broken = interruption::interruption();
    }
    results.incidents = implementation.incidents();
    results.unreported.idle = metered.unanswered();
    results.times = stopwatch.read(implementation, metered.busy(), metered.calls());
    results
}

struct Run<'a> {
    implementation: &'a dyn Implementation,
    hello: &'a Capabilities,
    asker: &'a Asker<'a>,
    options: &'a Options,
    observe: &'a mut dyn FnMut(Event<'_>),
    results: &'a mut Results,
    known: &'a mut Watch,
    /// How much may still be kept of what large failures show (bytes).
    room: usize,
}

/// Why a run ends early.
enum Stop {
    Broken(AdapterError),
    FirstFailure,
}

impl From<AdapterError> for Stop {
    fn from(broken: AdapterError) -> Self {
        Self::Broken(broken)
    }
}

impl Run<'_> {
    /// Counts each rule that no check can be evidence for, since it needs another configuration than the one there is.
    fn needing_another_configuration(&mut self) {
        // Each rule once, whatever the number of shards.
        let Some(config) = self.options.fixed_config.as_ref().filter(|_| self.options.shard.number() == 1) else {
            return;
        };
        for rule in rules::all().iter().filter(|rule| self.options.rules.matches(&rule.id)) {
            if let Some(what) = live::needs(&rule.id, config) {
                let why = format!("a configuration that differs from the server's: {what}");
                self.results.inconclusive(&[&rule.id], &Inconclusive::NotOffered(why));
            }
        }
    }

    /// Every vector of this shard, and those of one call once more in reverse: state that leaks from one call into the next
    /// shows.
    fn vectors(&mut self, vectors: &[LoadedVector]) -> Result<(), Stop> {
        let for_server: Vec<_>;
        let vectors = match &self.options.fixed_config {
            None => vectors,
            Some(config) => {
                let of_server =
                    |ready: &LoadedVector| live::with_server_lifetime(ready, config).unwrap_or_else(|| ready.clone());
                for_server = vectors.iter().map(of_server).collect();
                &for_server
            }
        };
        let is_chosen = |ready: &&LoadedVector| ready.vector.rules.iter().any(|rule| self.options.counts(rule));
        let chosen = vectors.iter().filter(is_chosen).enumerate();
        let mine: Vec<_> = chosen.filter(|(n, _)| self.options.shard.holds(*n)).map(|(_, ready)| ready).collect();
        let passed = self.pass("vectors", &mine, false)?;
        let again: Vec<_> = passed.into_iter().rev().filter(|ready| ready.scenario.len() == 1).collect();
        self.pass("vectors in another order", &again, true)?;
        Ok(())
    }

    /// Asks some vectors and gives those that passed.
    fn pass<'v>(
        &mut self,
        name: &str,
        vectors: &[&'v LoadedVector],
        again: bool,
    ) -> Result<Vec<&'v LoadedVector>, Stop> {
        (self.observe)(Event::Part { name, checks: vectors.len() });
        let mut passed = Vec::new();
        let mut pipeline = Pipeline::new(self.asker, self.hello);
        let mut batches = vectors.chunks(BATCH);
        loop {
            while pipeline.has_room()
                && let Some(batch) = batches.next()
            {
                let case = |ready: &&'v LoadedVector| Case { scenario: &ready.scenario, recorded: &ready.recorded };
                pipeline.begin(batch, batch.iter().map(case).collect());
            }
            let Some((batch, verdicts)) = pipeline.finish()? else { return Ok(passed) };
            let mut checks = 0;
            for (ready, verdict) in batch.iter().zip(verdicts) {
                let Some(verdict) = verdict else { continue };
                checks += 1;
                if self.vector(ready, verdict, again)? {
                    passed.push(*ready);
                }
            }
            (self.observe)(Event::Checked(checks));
        }
    }

    /// Counts the verdict on a vector, and says whether it passed.
    fn vector(&mut self, ready: &LoadedVector, verdict: Verdict, again: bool) -> Result<bool, Stop> {
        let vector = &ready.vector;
        let rules = self.chosen(&vector.rules);
        match verdict {
            Verdict::Pass => {
                self.known.judged(&vector.id);
                self.results.passed(&rules);
                return Ok(true);
            }
            Verdict::Inconclusive(why) => {
                self.results.inconclusive(&rules, &why);
                let (id, comment) = (vector.id.clone(), vector.comment.clone());
                let origin = Origin::Vector { id, comment, again };
                self.tell_break(why, &vector.rules, || Some((origin, ready.scenario.clone())));
            }
            Verdict::Fail(divergence) => {
                let (id, comment) = (vector.id.clone(), vector.comment.clone());
                let origin = Origin::Vector { id, comment, again };
                let failure = Failure::new(origin, &vector.rules, &ready.scenario, *divergence);
                if self.is_chosen(&failure.rule, &rules, &vector.id) {
                    self.fail(failure)?;
                }
            }
        }
        Ok(false)
    }

    /// Every generated case of this shard. They are made by threads of their own, ahead of being asked. Where an implementation
    /// lacks what all the cases of a part ask, they are counted and not made.
    fn run_generated(&mut self) -> Result<(), Stop> {
        let options = self.options;
        let mut parts = cases::parts(options);
        parts.retain(|part| match part.not_offered(self.hello) {
            None => true,
            Some(op) => {
                let why = Inconclusive::op_not_offered(op);
                (self.observe)(Event::Part { name: part.name, checks: part.count(options) });
                let rules = self.chosen(part.rules);
                (0..part.count(options)).for_each(|_| self.results.inconclusive(&rules, &why));
                (self.observe)(Event::Checked(part.count(options)));
                false
            }
        });
        thread::scope(|scope| {
            let generators = Generators::start(scope, &parts, options).map_err(|error| no_thread(&error))?;
            self.cases(generators)
        })
    }

    fn cases(&mut self, mut generators: Generators) -> Result<(), Stop> {
        let mut shown = BTreeSet::new();
        let mut pipeline = Pipeline::new(self.asker, self.hello);
        let mut present = None;
        loop {
            // Waiting here, and not only when there is nothing else to do, keeps the order of the calls free of chance.
            while pipeline.has_room()
                && let Some(Batch { part, numbers, scenarios }) = generators.next()
            {
                pipeline.begin((part, numbers), scenarios.into_iter().collect::<CaseRuns<'_>>());
            }
            let Some(((part, numbers), verdicts)) = pipeline.finish()? else { return Ok(()) };
            if present.replace(part.name) != Some(part.name) {
                (self.observe)(Event::Part { name: part.name, checks: part.count(self.options) });
            }
            let judged = numbers.into_iter().zip(verdicts);
            let judged: Vec<_> = judged.filter_map(|(number, verdict)| Some((number, verdict?))).collect();
            let checks = judged.len();
            for (number, verdict) in judged {
                let Some(divergence) = self.count(part, number, verdict) else { continue };
                let rule = divergence.difference.rule();
                if self.is_known(rule, part.name) {
                    continue;
                }
                if shown.insert((part.name, rule)) {
                    pipeline.settle();
                    self.failed_case(part, number, divergence)?;
                } else {
                    self.results.failed(rule);
                }
            }
            (self.observe)(Event::Checked(checks));
        }
    }

    /// Counts a failure of a generated case, after shrinking it.
    fn failed_case(&mut self, part: PropertyRun, number: usize, divergence: Divergence) -> Result<(), Stop> {
        let Some((scenario, tree)) = part.case(number, self.options) else { return Ok(()) };
        let generated =
            self.results.failures.iter().filter(|failure| matches!(failure.origin, Origin::Property(_))).count();
        let most = if self.options.fixed_config.is_some() { SHRUNK_LIVE } else { SHRUNK_FAILURES };
        let is_shown_small = !self.options.no_shrink && generated < most;
        let (scenario, divergence) = match tree.filter(|_| is_shown_small) {
            Some(tree) => self.shrink(tree, scenario, divergence),
            None => (scenario, divergence),
        };
        self.fail(Failure::new(Origin::Property(part.name), &[], &scenario, divergence))
    }

    /// Counts the verdict on a generated case, or gives its divergence when it is a failure.
    fn count(&mut self, part: PropertyRun, number: usize, verdict: Verdict) -> Option<Divergence> {
        let rules = &self.chosen(part.rules);
        match verdict {
            Verdict::Pass => {
                self.known.judged(part.name);
                self.results.passed(rules);
            }
            Verdict::Inconclusive(why) => {
                self.results.inconclusive(rules, &why);
                let options = self.options;
                let rules: Vec<_> = part.rules.iter().map(|&rule| rule.to_owned()).collect();
                self.tell_break(why, &rules, || Some((Origin::Property(part.name), part.case(number, options)?.0)));
            }
            Verdict::Fail(divergence) if self.is_chosen(divergence.difference.rule(), rules, part.name) => {
                return Some(*divergence);
            }
            Verdict::Fail(_) => {}
        }
        None
    }

    /// Tells the first checks in which the adapter broke with everything.
    fn tell_break(&mut self, why: Inconclusive, rules: &[String], check: impl FnOnce() -> Option<(Origin, Scenario)>) {
        let Inconclusive::Broke(broke) = why else { return };
        let told = self.results.tell_break(&broke, |number| {
            let (origin, scenario) = check()?;
            Some(BrokenCheck::new(origin, rules, &scenario, (*broke).clone(), number))
        });
        if let Some(told) = told {
            (self.observe)(Event::Broke(told));
        }
    }

    /// The rules that count, among some.
    fn chosen<R: AsRef<str> + Clone>(&self, rules: &[R]) -> Vec<R> {
        rules.iter().filter(|rule| self.options.counts(rule.as_ref())).cloned().collect()
    }

    /// Whether a broken rule is among those that count. Where it is not, nothing can be said of the rule that was asked about.
    /// `name` is that of the vector or property.
    fn is_chosen<R: AsRef<str>>(&mut self, broken: &str, asked: &[R], name: &str) -> bool {
        let is_chosen = self.options.rules.matches(broken);
        if is_chosen {
            self.known.judged(name);
        } else {
            self.known.left_out(broken, name);
            let what = format!("{broken} is broken, but the chosen rules exclude it");
            self.results.inconclusive(asked, &Inconclusive::NotJudged(what));
        }
        is_chosen
    }

    /// A story in which time passes by itself, where an implementation has a clock of its own.
    fn run_waiting(&mut self) -> Result<(), Stop> {
        let implementation = self.implementation;
        let (Some(real), Some(config)) = (implementation.in_real_time(), &self.options.fixed_config) else {
            return Ok(());
        };
        let ready = live::waiting(config);
        let rules = self.chosen(&ready.vector.rules);
        if rules.is_empty() || self.options.shard.number() > 1 {
            return Ok(());
        }
        let Some(takes) = live::takes(config).filter(|takes| *takes <= real.longest) else {
            self.results.inconclusive(&rules, &Inconclusive::NotJudged(live::not_waited(config)));
            return Ok(());
        };
        let name = format!("waiting {} s for the lifetime to pass", takes.as_secs());
        (self.observe)(Event::Part { name: &name, checks: 1 });
        if let Some(verdict) = live::wait(implementation, &ready)? {
            self.vector(&ready, verdict, false)?;
        }
        (self.observe)(Event::Checked(1));
        Ok(())
    }

    /// The smallest case that breaks the same rule, as far as some tries find it.
    fn shrink(&self, tree: Tree, scenario: Scenario, divergence: Divergence) -> (Scenario, Divergence) {
        shrink(tree, (scenario, divergence), &mut |scenario| {
            let verdict = judge(self.implementation, &[Case { scenario, recorded: &[] }])?.pop();
            Ok(verdict.and_then(|verdict| match verdict {
                Verdict::Fail(divergence) => Some(*divergence),
                Verdict::Inconclusive(_) | Verdict::Pass => None,
            }))
        })
    }

    /// Counts a failure that is known.
    fn is_known(&mut self, rule: &str, name: &str) -> bool {
        let is_known = self.known.knows(rule, name);
        if is_known {
            self.results.failed_as_known(rule);
        }
        is_known
    }

    /// Counts a failure, and ends the run where the first is to be the last, unless it is known.
    fn fail(&mut self, mut failure: Failure) -> Result<(), Stop> {
        let shows = kept::shown(&failure.divergence);
        if shows > SMALL {
            if shows > self.room {
                failure.divergence = kept::within(failure.divergence, SMALL);
            }
            self.room = self.room.saturating_sub(kept::shown(&failure.divergence));
        }
        if matches!(failure.origin, Origin::Vector { .. }) && self.is_known(&failure.rule, failure.name()) {
            return Ok(());
        }
        (self.observe)(Event::Failed(&failure));
        self.results.failed(&failure.rule);
        self.results.failures.push(failure);
        if self.options.fail_fast { Err(Stop::FirstFailure) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
