//! Failures made small, and named by what was asked before where that changed the answer.

use super::Run;
use crate::{
    case::scenario::Scenario,
    protocol::Call,
    rules,
    suite::{
        judging::{
            compare::{OPENED, STATUS},
            divergence::Divergence,
            judge::{Case, Verdict, judge},
            shrink::{Failing, Tree, shrink, simplify_call},
        },
        outcome::failure::{DEFAULTS, NO_MEMORY, named},
        running::run::generated::SHRUNK_FAILURES,
    },
};

/// How long a vector's call is that is shown as it stands (bytes of the line that asks it).
const SHORT: usize = 200;
/// How many calls a sequence has that is shown as it stands.
const MANY: usize = 6;
/// The rule of renewals, which is blamed where a time is that of an earlier call.
const RENEWAL: &str = "REN-5";

impl Run<'_> {
    /// The smallest case that breaks the same rule, as far as some tries find it. Without a tree, a call is made plain.
    pub(super) fn shrink(&mut self, tree: Option<Tree>, scenario: Scenario, divergence: Divergence) -> Failing {
        let (implementation, causes, choices) = (self.implementation, &mut self.causes, self.hello.choices);
        let is_fixed = self.options.fixed_config.is_some();
        let (rule, what) = (divergence.difference.rule(), divergence.difference.what.clone());
        let mut first = |scenarios: &[Scenario]| {
            let cases: Vec<_> = scenarios.iter().map(|scenario| Case { scenario, recorded: &[] }).collect();
            for (at, verdict) in judge(implementation, &cases)?.into_iter().enumerate() {
                let Verdict::Fail(mut found) = verdict else { continue };
                let may_break = found.difference.what == what && found.difference.may_break(rule);
                if causes.is_behind(rule, &mut found) {
                    return Ok(Some((at, *found)));
                }
                // Its own check may be about another rule than the likeliest.
                if may_break {
                    found.difference.suspects = rule.into();
                    return Ok(Some((at, *found)));
                }
            }
            Ok(None)
        };
        match tree {
            Some(tree) => shrink(tree, (scenario, divergence), &choices, is_fixed, &mut first),
            None => simplify_call((scenario, divergence), &choices, is_fixed, &mut first),
        }
    }

    /// The failure of a vector with a plainer call, if its own is long. Only the first failure of each rule is made small.
    pub(super) fn small_vector(&mut self, scenario: Scenario, divergence: Divergence) -> Failing {
        // The first call of a sequence stands alone.
        let scenario = match (scenario, divergence.before.is_empty()) {
            (Scenario::Sequence(_), true) => Scenario::Single(divergence.call.clone()),
            (scenario, _) => scenario,
        };
        let is_long = match &scenario {
            Scenario::Single(call) => call.to_line(0).len() > SHORT,
            Scenario::Sequence(_) => divergence.before.len() >= MANY,
            Scenario::Calls(_) | Scenario::RoundTrip(_) | Scenario::World(_) => false,
        };
        let is_left = !self.is_replay && !self.options.no_shrink && self.options.fixed_config.is_none();
        if !is_long || !is_left || self.made_small.len() >= SHRUNK_FAILURES {
            return (scenario, divergence);
        }
        if !self.made_small.insert(divergence.difference.rule()) {
            return (scenario, divergence);
        }
        // What the last call of a sequence is answered rests on its own cookie, as a rule.
        let last = Scenario::Single(divergence.call.clone());
        let alone = Divergence { before: Vec::new(), ..divergence.clone() };
        let small = self.shrink(None, last, alone);
        // A smaller call that breaks fewer rules would hide the others, from a list of known failures too.
        let breaks_all = divergence.rules().all(|rule| small.1.rules().any(|broken| broken == rule));
        match breaks_all && self.searches.fails_alone(self.implementation, &small.0, &small.1) {
            true => small,
            false => (scenario, divergence),
        }
    }

    /// Names what differs by the rules that a check is about, and by what was asked before, where the call alone is answered
    /// rightly. `is_single` says that the check is about one call, and not about a story, whose earlier calls are to matter.
    pub(super) fn named(&mut self, divergence: Divergence, rules: &[String], is_single: bool) -> Divergence {
        // What is opened, and whether a view may run at all, is decided before it acts.
        let is_before = matches!(divergence.call, Call::Verify(_))
            || [OPENED, STATUS].contains(&divergence.difference.what.as_str());
        let is_about_defaults = rules.iter().any(|rule| rule == DEFAULTS);
        let found = named(divergence.clone(), rules);
        let is_of_call = is_before && (is_single || is_about_defaults);
        if self.is_replay || !is_of_call && !matches!(found.difference.rule(), RENEWAL | DEFAULTS) {
            return found;
        }
        if !self.searches.is_right_alone(self.implementation, &divergence.call) {
            return found;
        }
        // Neither what is not configured nor the cookie that is renewed has anything to do with it.
        let rules: Vec<_> = rules.iter().filter(|rule| *rule != DEFAULTS && *rule != RENEWAL).cloned().collect();
        let mut found = named(divergence, &rules);
        let rule = match (found.difference.rule(), found.difference.what.as_str()) {
            _ if is_before => NO_MEMORY,
            (RENEWAL, "the timestamp") => "SIG-4",
            (RENEWAL, _) => "PERM-3",
            (other, _) => other,
        };
        if let Some(rule) = rules::find(rule) {
            found.difference.suspects = rule.id.as_str().into();
            found.also.retain(|also| also.rule() != rule.id && !is_before);
        }
        found
    }
}
