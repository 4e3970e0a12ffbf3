//! Whether a failure comes of an earlier call, and of which.
//!
//! A failed check is asked again of a copy of the implementation that has heard nothing else. If it is right there, what was
//! asked before changed the answer. Then the calls before it are asked of fresh copies, fewer and fewer of them, until only those
//! are left that it takes. They are saved with the failure, so that `replay` shows it again.

use crate::{
    adapter::Implementation,
    case::scenario::Scenario,
    protocol::Call,
    suite::{
        judging::{
            divergence::Divergence,
            judge::{Case, Verdict, judge, last_in_turn},
            kept,
        },
        outcome::failure::{EarlierCall, up_to},
    },
};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// How many of the calls that were asked last are remembered.
const LOGGED: usize = 6000;
/// How large a call may be to be remembered (bytes).
const LARGEST: usize = 4096;
/// How many failures of a run are searched for their earlier calls.
const SEARCHES: usize = 24;
/// How long all searches of a run may take together.
const PATIENCE_IN_ALL: Duration = Duration::from_secs(60);
/// How many calls of a run are asked alone to find out whether earlier ones matter, and how many of them of fresh copies.
const ALONE: usize = 200;
const ALONE_FRESH: usize = 40;
/// How many fresh copies are asked for one failure, and for how long.
const TRIES: usize = 80;
const PATIENCE: Duration = Duration::from_secs(20);

/// The calls that were asked last, in their order.
#[derive(Clone, Default)]
pub(in crate::suite) struct Log(VecDeque<Call>);

impl Log {
    /// Remembers some calls.
    pub(in crate::suite) fn add(&mut self, calls: &[Call]) {
        let small = calls.iter().filter(|call| kept::weight_of_call(call) <= LARGEST);
        self.0.extend(small.cloned());
        let surplus = self.0.len().saturating_sub(LOGGED);
        self.0.drain(..surplus);
    }

    /// The calls before the last time that this one was asked.
    fn before(&self, call: &Call) -> Vec<Call> {
        let at = self.0.iter().rposition(|asked| asked == call).unwrap_or(self.0.len());
        self.0.iter().take(at).cloned().collect()
    }

    /// The calls before the first time that this one was asked: it may have been asked again to find out why it failed.
    fn before_first(&self, call: &Call) -> Vec<Call> {
        self.0.iter().take_while(|asked| *asked != call).cloned().collect()
    }
}

/// The searches of a run.
#[derive(Default)]
pub(in crate::suite) struct Searches {
    /// A copy that is asked nothing but what failed; none if there is no way to make one, or not yet.
    control: Option<Box<dyn Implementation>>,
    is_started: bool,
    made: usize,
    spent: Duration,
    /// How many calls were asked alone, how many of fresh copies, and whether any was right.
    alone: usize,
    alone_fresh: usize,
    remembers: bool,
}

impl Searches {
    /// A copy that was asked nothing but what failed.
    fn control(&mut self, implementation: &dyn Implementation) -> Option<&dyn Implementation> {
        if !self.is_started {
            self.is_started = true;
            self.control = implementation.fresh();
        }
        self.control.as_deref()
    }

    /// Whether a call is answered rightly where nothing else was asked before, as far as there is a way to tell.
    pub(in crate::suite) fn is_right_alone(&mut self, implementation: &dyn Implementation, call: &Call) -> bool {
        if self.alone >= ALONE {
            return false;
        }
        self.alone += 1;
        let scenario = Scenario::Single(call.clone());
        let Some(control) = self.control(implementation) else { return false };
        if passes(control, &scenario) {
            self.remembers = true;
            return true;
        }
        // Where earlier calls change answers, they may have changed those of the control too.
        if !self.remembers || self.alone_fresh >= ALONE_FRESH {
            return false;
        }
        self.alone_fresh += 1;
        implementation.fresh().is_some_and(|fresh| passes(fresh.as_ref(), &scenario))
    }

    /// Whether a check that failed fails as well where nothing else was asked before, as far as there is a way to tell.
    pub(in crate::suite) fn fails_alone(
        &mut self,
        implementation: &dyn Implementation,
        scenario: &Scenario,
        divergence: &Divergence,
    ) -> bool {
        let Some(control) = self.control(implementation) else { return true };
        // What comes behind the divergence may fail for another reason, and is not saved.
        let scenario = &up_to(scenario, divergence.before.len() + 1);
        if passes(control, scenario) {
            return false;
        }
        // Where earlier calls have changed answers, they may have changed those of the control too.
        self.made == 0 && !self.remembers
            || implementation.fresh().is_none_or(|fresh| !passes(fresh.as_ref(), scenario))
    }

    /// The failure, with the earlier calls that it takes.
    pub(in crate::suite) fn explain(
        &mut self,
        implementation: &dyn Implementation,
        (scenario, divergence): (Scenario, Divergence),
        log: &dyn Fn() -> Log,
    ) -> (Scenario, Divergence, EarlierCall) {
        let is_in_turn = matches!(scenario, Scenario::Calls(_));
        let fails_alone = self.fails_alone(implementation, &scenario, &divergence);
        // Calls in turn may hold the earlier call themselves, and may not need all of their calls.
        if self.control.is_none() || fails_alone && !is_in_turn {
            return (scenario, divergence, EarlierCall::None);
        }
        let unexplained = if fails_alone { EarlierCall::None } else { EarlierCall::Unknown };
        if self.made >= SEARCHES || self.spent >= PATIENCE_IN_ALL {
            return (scenario, divergence, unexplained);
        }
        self.made += 1;
        let calls: Vec<_> = divergence.before.iter().map(|(call, _)| call).chain([&divergence.call]).cloned().collect();
        let own = if is_in_turn { calls.len() - 1 } else { 0 };
        let (before, asked) = calls.split_at(own);
        let began = Instant::now();
        let mut search = Search { implementation, asked, left: TRIES, until: began + PATIENCE };
        if is_in_turn && let Some(alone) = search.fails(&[]) {
            return (Scenario::Single(divergence.call.clone()), alone, EarlierCall::None);
        }
        let log = log();
        let (all, first) = (log.before(&divergence.call), log.before_first(&divergence.call));
        let of = |is_related: fn(&Call, &Call) -> bool| {
            all.iter().filter(|call| is_related(call, &divergence.call)).chain(before).cloned().collect::<Vec<_>>()
        };
        let lists = [
            before.to_vec(),
            of(same_cookie),
            of(same_config),
            of(same_key),
            [first, before.to_vec()].concat(),
            of(|_, _| true),
        ];
        for candidates in lists {
            if !candidates.is_empty()
                && let Some(found) = search.fails(&candidates)
            {
                let (earlier, found) = search.smallest(candidates, found);
                self.spent += began.elapsed();
                return (Scenario::Calls([&earlier[..], asked].concat()), found, EarlierCall::Asked);
            }
        }
        self.spent += began.elapsed();
        (scenario, divergence, unexplained)
    }
}

/// Whether a check passes.
fn passes(implementation: &dyn Implementation, scenario: &Scenario) -> bool {
    let verdict = judge(implementation, &[Case { scenario, recorded: &[] }]);
    verdict.is_ok_and(|verdicts| verdicts == [Verdict::Pass])
}

fn same_cookie(one: &Call, other: &Call) -> bool {
    fn cookie(call: &Call) -> Option<&str> {
        match call {
            Call::Exchange(call) => call.cookie_header.as_deref(),
            Call::Sign(_) | Call::Story(_) => None,
            Call::Verify(call) => Some(&call.cookie),
        }
    }
    cookie(one).is_some() && cookie(one) == cookie(other)
}

fn same_config(one: &Call, other: &Call) -> bool {
    one.config() == other.config()
}

fn same_key(one: &Call, other: &Call) -> bool {
    one.config().secret_key == other.config().secret_key
}

/// The search for the earlier calls of one failure.
struct Search<'a> {
    implementation: &'a dyn Implementation,
    /// What fails, if the right calls are asked before.
    asked: &'a [Call],
    /// How many tries are left.
    left: usize,
    until: Instant,
}

impl Search<'_> {
    /// What fails in a fresh copy that is asked these calls before.
    fn fails(&mut self, earlier: &[Call]) -> Option<Divergence> {
        if self.left == 0 || Instant::now() >= self.until {
            return None;
        }
        self.left -= 1;
        let fresh = self.implementation.fresh()?;
        let calls = [earlier, self.asked].concat();
        last_in_turn(fresh.as_ref(), &calls, earlier.len()).ok().flatten()
    }

    /// The fewest calls with which it still fails, as far as the tries find them.
    fn smallest(&mut self, mut earlier: Vec<Call>, mut found: Divergence) -> (Vec<Call>, Divergence) {
        let mut size = earlier.len().div_ceil(2);
        loop {
            let (mut at, mut is_smaller) = (0, false);
            while at < earlier.len() {
                let mut fewer = earlier.clone();
                fewer.drain(at..earlier.len().min(at + size));
                match self.fails(&fewer).filter(|_| !fewer.is_empty()) {
                    Some(still) => {
                        (earlier, found, is_smaller) = (fewer, still, true);
                    }
                    None => at += size,
                }
            }
            if size <= 1 && !is_smaller || self.left == 0 {
                return (earlier, found);
            }
            size = size.div_ceil(2).max(1);
        }
    }
}
