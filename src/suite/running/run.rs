//! A whole run: the vectors, the vectors again in another order, then generated cases, whose failures are shrunk.

pub use super::options::Options;
use super::{
    cases::{self, BATCH, Batch, Generators, PropertyRun},
    earlier::Searches,
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
            counterfactual::Causes,
            divergence::Divergence,
            judge::{Case, CaseRuns, Inconclusive, Verdict, judge},
            kept,
            shrink::{Tree, shrink},
        },
        outcome::{
            broken::BrokenCheck,
            known::Watch,
            results::{EarlierCall, Failure, Origin, Results, named},
        },
    },
};
use std::{collections::BTreeSet, iter, sync::atomic::AtomicBool, thread};

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
/// The rule that a vector which is asked twice is evidence for: nothing but the value, the clock and the configuration decides.
const NO_MEMORY: &str = "SYS-4";
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

    /// Every vector of this shard, whichever rules it cites, since any of them may be blamed; and those of one call once more in
    /// reverse: state that leaks from one call into the next shows.
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
        let mine: Vec<_> = all.filter(|(n, _)| self.options.shard.holds(*n)).map(|(_, ready)| ready).collect();
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
                let rules = batch.iter().map(|ready| &*ready.vector.rules);
                self.find_causes(verdicts.iter_mut().zip(rules), || pipeline.settle());
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

    /// Names the failures among some verdicts by their causes. Each comes with the rules that its check is about. `settle` waits
    /// until the implementation owes nothing.
    fn find_causes<'v>(
        &mut self,
        verdicts: impl Iterator<Item = (&'v mut Option<Verdict>, &'v [String])>,
        mut settle: impl FnMut(),
    ) {
        let failed = verdicts.filter_map(|(verdict, rules)| match verdict {
            Some(Verdict::Fail(divergence)) => Some((&mut **divergence, rules)),
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
                let divergence = named(*divergence, &vector.rules);
                // Where it had passed, the answer depends on what was asked before.
                let broken: Vec<_> = if again { vec![NO_MEMORY] } else { divergence.rules().collect() };
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
        let (scenario, divergence, earlier) = self.explain(ready.scenario.clone(), divergence);
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
        let (in_turn, parts): (Vec<_>, Vec<_>) = parts.into_iter().partition(PropertyRun::is_in_turn);
        thread::scope(|scope| {
            let generators = Generators::start(scope, &parts, options).map_err(|error| no_thread(&error))?;
            self.cases(generators)
        })?;
        thread::scope(|scope| {
            let generators = Generators::start(scope, &in_turn, options).map_err(|error| no_thread(&error))?;
            self.cases_in_turn(generators)
        })
    }

    /// Cases whose calls are answered in turn, one case after another.
    fn cases_in_turn(&mut self, generators: Generators) -> Result<(), Stop> {
        let mut shown = BTreeSet::new();
        let mut present = None;
        for Batch { part, numbers, scenarios } in generators {
            if present.replace(part.name) != Some(part.name) {
                (self.observe)(Event::Part { name: part.name, checks: part.count(self.options) });
            }
            for (number, scenario) in numbers.into_iter().zip(&scenarios) {
                let verdict = judge(self.implementation, &[Case { scenario, recorded: &[] }])?.pop();
                if let Some(verdict) = verdict {
                    self.case(part, number, verdict, &mut shown, || {})?;
                }
                (self.observe)(Event::Checked(1));
            }
        }
        Ok(())
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
            let Some(((part, numbers), mut verdicts)) = pipeline.finish()? else { return Ok(()) };
            self.find_causes(verdicts.iter_mut().zip(iter::repeat(&[][..])), || pipeline.settle());
            if present.replace(part.name) != Some(part.name) {
                (self.observe)(Event::Part { name: part.name, checks: part.count(self.options) });
            }
            let judged = numbers.into_iter().zip(verdicts);
            let judged: Vec<_> = judged.filter_map(|(number, verdict)| Some((number, verdict?))).collect();
            let checks = judged.len();
            for (number, verdict) in judged {
                self.case(part, number, verdict, &mut shown, || pipeline.settle())?;
            }
            (self.observe)(Event::Checked(checks));
        }
    }

    /// Counts the verdict on a generated case. The first failure of a rule is `shown`, once the implementation owes nothing.
    fn case(
        &mut self,
        part: PropertyRun,
        number: usize,
        verdict: Verdict,
        shown: &mut BTreeSet<(&'static str, &'static str)>,
        mut settle: impl FnMut(),
    ) -> Result<(), Stop> {
        let is_pass = matches!(verdict, Verdict::Pass);
        let Some((divergence, cited)) = self.count(part, number, verdict) else {
            if is_pass {
                self.results.unreported.samples.passed_case(part.name, number);
            }
            return Ok(());
        };
        let new = self.count_failed(&divergence.rules().collect::<Vec<_>>(), &cited, part.name);
        if let Some(first) = new.first() {
            self.results.unreported.samples.failed(first, &divergence);
        }
        for rule in new {
            if shown.insert((part.name, rule)) {
                settle();
                let mut divergence = divergence.clone();
                divergence.lead_with(rule);
                self.failed_case(part, number, divergence, cited.clone())?;
            }
        }
        Ok(())
    }

    /// Shows a failure of a generated case, after shrinking it.
    fn failed_case(
        &mut self,
        part: PropertyRun,
        number: usize,
        divergence: Divergence,
        cited: Vec<String>,
    ) -> Result<(), Stop> {
        let Some((scenario, tree)) = part.case(number, self.options) else { return Ok(()) };
        let generated =
            self.results.failures.iter().filter(|failure| matches!(failure.origin, Origin::Property(_))).count();
        let most = if self.options.fixed_config.is_some() { SHRUNK_LIVE } else { SHRUNK_FAILURES };
        let is_shown_small = !self.options.no_shrink && generated < most;
        let (mut scenario, mut divergence, earlier) = self.explain(scenario, divergence);
        let is_alone = earlier == EarlierCall::None && !matches!(scenario, Scenario::Calls(_));
        if let Some(tree) = tree.filter(|_| is_shown_small && is_alone && !part.is_in_turn()) {
            (scenario, divergence) = self.shrink(tree, scenario, divergence);
        }
        let failure = Failure::new(Origin::Property(part.name), &[], &scenario, divergence);
        self.fail(Failure { earlier, cited, ..failure })
    }

    /// The failure with the earlier calls that it takes, if any.
    fn explain(&mut self, scenario: Scenario, divergence: Divergence) -> (Scenario, Divergence, EarlierCall) {
        if self.is_replay || self.options.no_shrink {
            return (scenario, divergence, EarlierCall::None);
        }
        let implementation = self.implementation;
        self.searches.explain(implementation, (scenario, divergence), &|| implementation.log())
    }

    /// Counts the verdict on a generated case. When it is a failure, gives what differs, and the rules that are cited for it.
    fn count(&mut self, part: PropertyRun, number: usize, verdict: Verdict) -> Option<(Divergence, Vec<String>)> {
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
            Verdict::Fail(divergence) => {
                let divergence = named(*divergence, &[]);
                let pattern = &self.options.rules;
                // A generated case may be about a rule that came later than those that are in force, which no vector is.
                let leaves_out = |rule: &str| pattern.excludes(rule) || !pattern.is_in_force(rule);
                let broken: Vec<_> = divergence.rules().collect();
                let (broken, cited) = self.counts(&broken, leaves_out, rules, part.name)?;
                return divergence.only(|rule| broken.contains(&rule)).map(|divergence| (divergence, cited));
            }
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

    /// The rules that a failed check breaks and under which it counts, with the chosen rules that it is evidence for where none of
    /// those that are blamed was chosen. Every check that is asked is evidence for a chosen rule (`asked`), so its failure counts,
    /// whichever rule is blamed, unless that rule is left out on purpose. Then nothing can be said of the rules that were asked
    /// about. `name` is that of the vector or property.
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

    /// The smallest case that breaks the same rule, as far as some tries find it.
    fn shrink(&mut self, tree: Tree, scenario: Scenario, divergence: Divergence) -> (Scenario, Divergence) {
        let (implementation, causes, rule) = (self.implementation, &mut self.causes, divergence.difference.rule());
        let choices = self.hello.choices;
        let is_fixed = self.options.fixed_config.is_some();
        shrink(tree, (scenario, divergence), &choices, is_fixed, &mut |scenario| {
            let verdict = judge(implementation, &[Case { scenario, recorded: &[] }])?.pop();
            Ok(verdict.and_then(|verdict| match verdict {
                Verdict::Fail(mut divergence) => causes.is_behind(rule, &mut divergence).then_some(*divergence),
                Verdict::Inconclusive(_) | Verdict::Pass => None,
            }))
        })
    }

    /// Keeps a failure, and ends the run where the first is to be the last.
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

#[cfg(test)]
mod tests;
