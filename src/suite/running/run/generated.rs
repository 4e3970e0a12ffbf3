//! The generated cases of a run: asked in batches or in turn, and made small where they fail.

use super::{Event, Run, Stop};
use crate::case::scenario::Scenario;
use crate::suite::{
    judging::{
        divergence::Divergence,
        judge::{Case, CaseRuns, Inconclusive, Verdict, judge},
        shrink::{Tree, shrink},
    },
    outcome::results::{EarlierCall, Failure, Origin},
    running::{
        cases::{self, Batch, Generators, PropertyRun},
        pipeline::{Pipeline, no_thread},
    },
};
use std::{collections::BTreeSet, thread};

/// How many failures of generated cases are shrunk in one run.
pub(super) const SHRUNK_FAILURES: usize = 24;
/// The same where each try is a request to a server.
const SHRUNK_LIVE: usize = 6;

impl Run<'_> {
    /// Every generated case of this shard. They are made by threads of their own, ahead of being asked. Where an implementation
    /// lacks what all the cases of a part ask, they are counted and not made.
    pub(super) fn run_generated(&mut self) -> Result<(), Stop> {
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
            let Some(((part, numbers), verdicts)) = pipeline.finish()? else { return Ok(()) };
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
        settle: impl FnOnce(),
    ) -> Result<(), Stop> {
        let Some(divergence) = self.count(part, verdict) else { return Ok(()) };
        let rule = divergence.difference.rule();
        if self.is_known(rule, part.rules, part.name) {
            return Ok(());
        }
        if shown.insert((part.name, rule)) {
            settle();
            return self.failed_case(part, number, divergence);
        }
        self.count_failure(rule, part.rules);
        Ok(())
    }

    /// Counts a failure of a generated case, after shrinking it.
    fn failed_case(&mut self, part: PropertyRun, number: usize, divergence: Divergence) -> Result<(), Stop> {
        let Some((scenario, tree)) = part.case(number, self.options) else { return Ok(()) };
        let generated =
            self.results.failures.iter().filter(|failure| matches!(failure.origin, Origin::Property(_))).count();
        let most = if self.options.fixed_config.is_some() { SHRUNK_LIVE } else { SHRUNK_FAILURES };
        let is_shown_small = !self.options.no_shrink && generated < most;
        let (mut scenario, mut divergence, earlier) = self.explain(scenario, divergence);
        let is_alone = earlier == EarlierCall::None && !matches!(scenario, Scenario::Calls(_));
        if let Some(tree) = tree.filter(|_| is_shown_small && is_alone && !part.is_in_turn()) {
            let (small, diverging) = self.shrink(tree, scenario.clone(), divergence.clone());
            if self.searches.fails_alone(self.implementation, &small, &diverging) {
                (scenario, divergence) = (small, diverging);
            }
        }
        let mut failure = Failure::new(Origin::Property(part.name), &[], &scenario, divergence);
        failure.earlier = earlier;
        failure.cited = self.cited(&failure.rule, part.rules);
        self.fail(failure)
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

    /// Counts the verdict on a generated case, or gives its divergence when it is a failure.
    fn count(&mut self, part: PropertyRun, verdict: Verdict) -> Option<Divergence> {
        let rules = &self.chosen(part.rules);
        match verdict {
            Verdict::Pass => {
                self.known.judged(part.name);
                self.results.passed(rules);
            }
            Verdict::Inconclusive(why) => self.results.inconclusive(rules, &why),
            Verdict::Fail(divergence) => {
                let (blamed, pattern) = (divergence.difference.rule(), &self.options.rules);
                // A generated case may be about a rule that came later than those that are in force, which no vector is.
                let is_left_out = pattern.excludes(blamed) || !pattern.is_in_force(blamed);
                return self.counts(blamed, is_left_out, rules, part.name).then_some(*divergence);
            }
        }
        None
    }
}
