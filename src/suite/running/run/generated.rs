//! The generated cases of a run: asked in batches or in turn, and made small where they fail.

use super::{Event, Run, Stop};
use crate::suite::{
    judging::{
        divergence::Divergence,
        judge::{Case, CaseRuns, Inconclusive, Verdict, judge},
    },
    outcome::failure::{EarlierCall, Failure, Origin},
    running::{
        cases::{self, Batch, Generators, PropertyRun},
        pipeline::{Pipeline, no_thread},
    },
};
use crate::{case::scenario::Scenario, protocol::Op};
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
            // Sessions in a store are a profile of their own.
            Some(Op::Story) => false,
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
            let of = numbers.iter().map(|number| (&[][..], Some(*number)));
            self.find_causes(verdicts.iter_mut().zip(of), || pipeline.settle());
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
            let (small, diverging) = self.shrink(Some(tree), scenario.clone(), divergence.clone());
            if self.searches.fails_alone(self.implementation, &small, &diverging) {
                (scenario, divergence) = (small, diverging);
            }
        }
        let failure = Failure::new(Origin::Property(part.name), &[], &scenario, divergence);
        self.fail(Failure { earlier, cited, ..failure })
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
                let is_single = divergence.before.is_empty() || part.is_in_turn();
                let divergence = self.named(*divergence, &[], is_single);
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
}
