//! A whole run: the vectors, the vectors again in another order, then generated cases, whose failures are shrunk.

pub use super::options::Options;
use super::{
    cases::BATCH,
    earlier::Searches,
    live,
    pipeline::{Asker, Metered, Pipeline},
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
            counterfactual::{Causes, Failed},
            divergence::Divergence,
            judge::{Case, Inconclusive, Verdict, judge},
            kept,
        },
        outcome::{
            broken::BrokenCheck,
            failure::{NO_MEMORY, named, of_memory},
            known::Watch,
            results::{EarlierCall, Failure, Origin, Results},
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
/// Tests an implementation with the vectors and with generated cases. The results say what ended the run early, if anything did.
pub fn run(
    implementation: &dyn Implementation,
    vectors: &[LoadedVector],
    options: &Options,
    observe: &mut dyn FnMut(Event<'_>),
) -> Results {
    let options = &Options { fixed_config: implementation.config(), ..options.clone() };
    observe_run(implementation, options, false, observe, |run| {
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
    observe_run(implementation, &Options::default(), true, observe, |run| {
        run.pass("the vectors", &all, false).map(drop)
    })
}

/// Does some work with a thread that asks, and gives what came of it.
fn observe_run(
    implementation: &dyn Implementation,
    options: &Options,
    is_replay: bool,
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
            causes: Causes::new(&metered, &capabilities),
            room: FAILURES,
            is_replay,
            searches: Searches::default(),
            made_small: BTreeSet::new(),
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
    implementation: &'a Metered<'a>,
    hello: &'a Capabilities,
    asker: &'a Asker<'a>,
    options: &'a Options,
    observe: &'a mut dyn FnMut(Event<'_>),
    results: &'a mut Results,
    known: &'a mut Watch,
    /// What finds the causes of failures.
    causes: Causes<'a>,
    /// How much may still be kept of what large failures show (bytes).
    room: usize,
    /// Whether some vectors are asked once, and nothing else.
    is_replay: bool,
    searches: Searches,
    /// The rules of which a vector was made small.
    made_small: BTreeSet<&'static str>,
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

    /// Every vector of this shard, whichever rules it cites, since any of them may be blamed, those that cite a chosen rule
    /// before the others; and those of one call once more in reverse: state that leaks from one call into the next shows.
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
        let all = vectors.iter().enumerate();
        let mut mine: Vec<_> = all.filter(|(n, _)| self.options.shard.holds(*n)).map(|(_, ready)| ready).collect();
        mine.sort_by_key(|ready| self.chosen(&ready.vector.rules).is_empty());
        let passed = self.pass("vectors", &mine, false)?;
        let is_asked_again = |ready: &&LoadedVector| {
            let is_chosen = self.options.counts(NO_MEMORY) || !self.chosen(&ready.vector.rules).is_empty();
            is_chosen && ready.scenario.len() == 1
        };
        let again: Vec<_> = passed.into_iter().rev().filter(is_asked_again).collect();
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
        let is_in_turn = |ready: &&LoadedVector| matches!(ready.scenario, Scenario::Calls(_));
        let (in_turn, vectors): (Vec<_>, Vec<_>) = vectors.iter().copied().partition(is_in_turn);
        let mut pipeline = Pipeline::new(self.asker, self.hello);
        let mut batches = vectors.chunks(BATCH);
        loop {
            while pipeline.has_room()
                && let Some(batch) = batches.next()
            {
                let case = |ready: &&'v LoadedVector| Case { scenario: &ready.scenario, recorded: &ready.recorded };
                pipeline.begin(batch, batch.iter().map(case).collect());
            }
            let Some((batch, mut verdicts)) = pipeline.finish()? else { break };
            if !again {
                let of = batch.iter().map(|ready| (&*ready.vector.rules, None));
                self.find_causes(verdicts.iter_mut().zip(of), || pipeline.settle());
            }
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
        for ready in in_turn {
            let case = Case { scenario: &ready.scenario, recorded: &ready.recorded };
            if let Some(verdict) = judge(self.implementation, &[case])?.pop()
                && self.vector(ready, verdict, again)?
            {
                passed.push(ready);
            }
            (self.observe)(Event::Checked(1));
        }
        Ok(passed)
    }

    /// Names the failures among some verdicts by their causes. Each comes with the rules that its check is about and, if it is a
    /// generated case, its number. `settle` waits until the implementation owes nothing.
    fn find_causes<'v>(
        &mut self,
        verdicts: impl Iterator<Item = (&'v mut Option<Verdict>, (&'v [String], Option<usize>))>,
        mut settle: impl FnMut(),
    ) {
        let failed = verdicts.filter_map(|(verdict, (rules, number))| match verdict {
            Some(Verdict::Fail(divergence)) => Some(Failed { divergence, rules, number }),
            _ => None,
        });
        let mut failed: Vec<_> = failed.collect();
        if !failed.is_empty() {
            settle();
            self.causes.name(&mut failed);
        }
    }

    /// Counts the verdict on a vector, and says whether it passed.
    fn vector(&mut self, ready: &LoadedVector, verdict: Verdict, again: bool) -> Result<bool, Stop> {
        let vector = &ready.vector;
        let mut rules = self.chosen(&vector.rules);
        if again && self.options.counts(NO_MEMORY) && !rules.iter().any(|rule| rule == NO_MEMORY) {
            rules.push(NO_MEMORY.to_owned());
        }
        let is_chosen = !rules.is_empty() || self.is_replay;
        match verdict {
            Verdict::Pass if !is_chosen => return Ok(true),
            Verdict::Inconclusive(_) if !is_chosen => {}
            Verdict::Pass => {
                self.known.judged(&vector.id);
                self.results.passed(&rules);
                self.results.unreported.samples.vector(&vector.id, true, again);
                return Ok(true);
            }
            Verdict::Inconclusive(why) => {
                self.results.inconclusive(&rules, &why);
                let (id, comment) = (vector.id.clone(), vector.comment.clone());
                let origin = Origin::Vector { id, comment, again };
                self.tell_break(why, &vector.rules, || Some((origin, ready.scenario.clone())));
            }
            Verdict::Fail(divergence) => {
                self.results.unreported.samples.vector(&vector.id, false, again);
                let is_single = matches!(ready.scenario, Scenario::Calls(_)) || divergence.before.is_empty();
                let divergence = match again {
                    true => named(*divergence, &vector.rules),
                    false => self.named(*divergence, &vector.rules, is_single),
                };
                // Where it had passed, the answer depends on what was asked before.
                let broken = if again { vec![of_memory(&divergence)] } else { divergence.rules().collect() };
                let pattern = &self.options.rules;
                let leaves_out = |rule: &str| pattern.excludes(rule);
                let Some((broken, cited)) = self.counts(&broken, leaves_out, &rules, &vector.id) else {
                    return Ok(false);
                };
                if again {
                    self.failed_vector(ready, divergence, again, (&broken, cited))?;
                } else if let Some(divergence) = divergence.only(|rule| broken.contains(&rule)) {
                    self.failed_vector(ready, divergence, again, (&broken, cited))?;
                }
            }
        }
        Ok(false)
    }

    /// Counts a failed vector, and shows it unless everything that it breaks is known.
    fn failed_vector(
        &mut self,
        ready: &LoadedVector,
        mut divergence: Divergence,
        again: bool,
        (broken, cited): (&[&'static str], Vec<String>),
    ) -> Result<(), Stop> {
        let vector = &ready.vector;
        let new = self.count_failed(broken, &cited, &vector.id);
        let Some(first) = new.first() else { return Ok(()) };
        self.results.unreported.samples.failed(first, &divergence);
        divergence.lead_with(first);
        let (mut scenario, mut divergence, earlier) = self.explain(ready.scenario.clone(), divergence);
        if earlier == EarlierCall::None && !again {
            (scenario, divergence) = self.small_vector(scenario, divergence);
        }
        let (id, comment) = (vector.id.clone(), vector.comment.clone());
        let failure = Failure::new(Origin::Vector { id, comment, again }, &vector.rules, &scenario, divergence);
        self.fail(Failure { earlier, cited, ..failure })
    }

    /// Counts a failed check under the rules that it breaks, or under those that are cited for it, and gives the broken ones that
    /// no list of known failures has.
    fn count_failed(&mut self, broken: &[&'static str], cited: &[String], name: &str) -> Vec<&'static str> {
        let (known, new): (Vec<_>, Vec<_>) = broken.iter().copied().partition(|rule| self.known.knows(rule, name));
        match cited {
            [] => self.results.failed(&new, &known),
            cited if new.is_empty() => self.results.failed(&[], cited),
            cited => self.results.failed(cited, &[]),
        }
        new
    }

    /// Tells the first checks in which the adapter broke with everything.
    fn tell_break(&mut self, why: Inconclusive, rules: &[String], check: impl FnOnce() -> Option<(Origin, Scenario)>) {
        let Inconclusive::Broke(broke) = why else { return };
        let told = self.results.unreported.breaks.tell(&broke, |number| {
            let (origin, scenario) = check()?;
            Some(BrokenCheck::new(origin, rules, &scenario, (*broke).clone(), number))
        });
        if let Some(told) = told {
            (self.observe)(Event::Broke(told));
        }
    }

    /// The failure with the earlier calls that it takes, if any.
    fn explain(&mut self, scenario: Scenario, divergence: Divergence) -> (Scenario, Divergence, EarlierCall) {
        if self.is_replay || self.options.no_shrink {
            return (scenario, divergence, EarlierCall::None);
        }
        let (implementation, named) = (self.implementation, divergence.difference.suspects);
        let (scenario, mut divergence, earlier) =
            self.searches.explain(implementation, (scenario, divergence), &|| implementation.log());
        // It counts under the rule that it has.
        divergence.lead_with(named.rule);
        divergence.difference.suspects = named;
        (scenario, divergence, earlier)
    }

    /// The rules that count, among some.
    fn chosen<R: AsRef<str> + Clone>(&self, rules: &[R]) -> Vec<R> {
        rules.iter().filter(|rule| self.options.counts(rule.as_ref())).cloned().collect()
    }

    /// The rules that a failed check breaks and under which it counts, with the chosen rules that it is evidence for where none
    /// of those that are blamed was chosen. Every check that is asked is evidence for a chosen rule (`asked`), so its failure
    /// counts, whichever rule is blamed, unless that rule is left out on purpose. Then nothing can be said of the rules that were
    /// asked about. `name` is that of the vector or property.
    fn counts<R: AsRef<str>>(
        &mut self,
        broken: &[&'static str],
        leaves_out: impl Fn(&str) -> bool,
        asked: &[R],
        name: &str,
    ) -> Option<(Vec<&'static str>, Vec<String>)> {
        let broken = broken.iter().copied();
        let chosen: Vec<_> = broken.clone().filter(|rule| self.options.rules.matches(rule)).collect();
        if !chosen.is_empty() {
            self.known.judged(name);
            return Some((chosen, Vec::new()));
        }
        if asked.is_empty() && !self.is_replay {
            return None;
        }
        let left: Vec<_> = broken.clone().filter(|rule| !leaves_out(rule)).collect();
        if !left.is_empty() {
            self.known.judged(name);
            return Some((left, asked.iter().map(|rule| rule.as_ref().to_owned()).collect()));
        }
        if let Some(first) = broken.clone().next() {
            self.known.left_out(first, name);
            let what = format!("{first} is broken, but the chosen rules exclude it");
            self.results.inconclusive(asked, &Inconclusive::NotJudged(what));
        }
        None
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

    fn fail(&mut self, mut failure: Failure) -> Result<(), Stop> {
        let shows = kept::shown(&failure.divergence);
        if shows > SMALL {
            if shows > self.room {
                failure.divergence = kept::within(failure.divergence, SMALL);
            }
            self.room = self.room.saturating_sub(kept::shown(&failure.divergence));
        }
        (self.observe)(Event::Failed(&failure));
        self.results.failures.push(failure);
        if self.options.fail_fast { Err(Stop::FirstFailure) } else { Ok(()) }
    }
}

mod generated;
mod small;
#[cfg(test)]
mod tests;
