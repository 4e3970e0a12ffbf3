//! Blame by counterfactual: a rule is named only if putting right what it is about makes the answer right.
//!
//! An answer alone does not say why it is wrong: a compressed cookie under an odd key may be refused because of either. So the
//! implementation is asked again with one thing changed each time: a plain key, a plain lifetime, the canonical spelling, no
//! compression, no tags. The model signs the changed cookie, so that everything else stays. The most special rule whose change
//! makes the answer right is the one that is broken. Rules whose changes do not help are not.
//!
//! Questions cost time, so not every failure is asked about: each vector is, and of the generated cases the first of each part.
//! Which ones these are does not depend on the run, so that shards name them as the whole run does. Other failures are named by
//! what was found behind those like them. So are those that come after a bound on all questions, which a run reaches only where
//! nearly everything is wrong.

mod changes;
mod plain;
mod sealed;
mod smaller;
mod views;

pub(super) use smaller::smaller;

use super::{
    blame::Suspects,
    compare::{OPENED, differences},
    divergence::Divergence,
    judge::is_offered,
};
use crate::{
    adapter::Implementation,
    model,
    protocol::{Answer, Base64Choice, Call, Capabilities, OnInvalid, Reply, VerifyOutcome},
    rules::{self, family_of},
};
use changes::Change;
use std::collections::{BTreeMap, BTreeSet};

/// How many generated cases of each part are asked about, from its first on.
const ASKED_ABOUT: usize = 200;
/// How many questions are asked at most in one run to find causes.
const QUESTIONS: usize = 25_000;
/// The same where each is a request to a server.
const QUESTIONS_LIVE: usize = 200;
/// How many questions are asked in one run to see whether a smaller case has the same cause.
const QUESTIONS_OF_SMALLER: usize = 3_000;
/// How many failures are looked into together.
const TOGETHER: usize = 25;

/// A failure whose cause is to be found.
pub(in crate::suite) struct Failed<'a> {
    pub(in crate::suite) divergence: &'a mut Divergence,
    /// The rules that its check is about.
    pub(in crate::suite) rules: &'a [String],
    /// Which of the generated cases of a part it is; `None` for a vector.
    pub(in crate::suite) number: Option<usize>,
}

impl Failed<'_> {
    fn is_asked_about(&self) -> bool {
        self.number.is_none_or(|number| number < ASKED_ABOUT)
    }
}

/// Finds the causes of failures in a run.
pub(in crate::suite) struct Causes<'a> {
    implementation: &'a dyn Implementation,
    hello: &'a Capabilities,
    /// Whether there is one configuration that cannot be changed.
    is_fixed: bool,
    /// How many questions are left.
    left: usize,
    /// How many are left for smaller cases.
    left_for_smaller: usize,
    /// What was found behind the likeliest rules, and how often.
    found: BTreeMap<&'static str, BTreeMap<&'static str, usize>>,
}

impl<'a> Causes<'a> {
    pub(in crate::suite) fn new(implementation: &'a dyn Implementation, hello: &'a Capabilities) -> Self {
        let is_fixed = implementation.config().is_some();
        let left = if is_fixed { QUESTIONS_LIVE } else { QUESTIONS };
        let left_for_smaller = if is_fixed { QUESTIONS_LIVE } else { QUESTIONS_OF_SMALLER };
        Self { implementation, hello, is_fixed, left, left_for_smaller, found: BTreeMap::new() }
    }

    /// Names the foremost difference of some failures by its cause.
    pub(in crate::suite) fn name(&mut self, failures: &mut [Failed<'_>]) {
        for some in failures.chunks_mut(TOGETHER) {
            let examined: Vec<_> = some
                .iter()
                .map(|failed| (Examination::of(failed.divergence, self), failed.is_asked_about()))
                .map(|(examination, asked)| if asked { examination } else { examination.without_calls() })
                .collect();
            let calls: Vec<_> = examined.iter().flat_map(|examination| examination.calls.clone()).collect();
            let asked = calls.len() <= self.left;
            let answers = if asked { self.ask(&calls) } else { Vec::new() };
            self.left = self.left.saturating_sub(if asked { calls.len() } else { 0 });
            let mut answers = answers.into_iter();
            for (Failed { divergence, rules, .. }, examination) in some.iter_mut().zip(examined) {
                let own: Vec<_> = answers.by_ref().take(examination.calls.len()).collect();
                let likeliest = divergence.difference.rule();
                let named = match own.is_empty() {
                    true => examination.by_analogy(self.found.get(likeliest)),
                    false => examination.judge(divergence, &own, rules),
                };
                if let Some(suspects) = named {
                    if !own.is_empty() {
                        *self.found.entry(likeliest).or_default().entry(suspects.rule).or_default() += 1;
                    }
                    divergence.difference.suspects = suspects;
                }
            }
        }
    }

    /// Whether a rule is still behind a divergence: the likeliest, or one whose change makes the answer right.
    pub(in crate::suite) fn is_behind(&mut self, rule: &str, divergence: &mut Divergence) -> bool {
        let examination = Examination::of(divergence, self);
        let changes: Vec<_> = examination
            .changes
            .iter()
            .filter(|change| change.suspects.rule == rule && change.suspects.also.is_empty())
            .collect();
        let calls: Vec<_> = changes.iter().map(|change| change.call.clone()).collect();
        if calls.is_empty() {
            let is_named = divergence.rules().any(|broken| broken == rule);
            if !is_named && !examination.calls.is_empty() && examination.calls.len() <= self.left_for_smaller {
                self.left_for_smaller -= examination.calls.len();
                let answers = self.ask(&examination.calls);
                if let Some(suspects) = examination.judge(divergence, &answers, &[]) {
                    divergence.difference.suspects = suspects;
                }
            }
            divergence.lead_with(rule);
            let is_behind = divergence.difference.rule() == rule;
            // It is named already: the check that a smaller case came from may be about others.
            if let (true, Some(rule)) = (is_behind, rules::find(rule)) {
                divergence.difference.suspects = rule.id.as_str().into();
            }
            return is_behind;
        }
        let what = divergence.difference.what.clone();
        let is_behind = self.ask(&calls).into_iter().any(|differing| is_right(&differing, &what));
        if let (true, Some(rule)) = (is_behind, rules::find(rule)) {
            divergence.difference.suspects = rule.id.as_str().into();
        }
        is_behind
    }

    /// What differs in the answers to some calls; `None` for a call that has no answer to compare.
    fn ask(&self, calls: &[Call]) -> Vec<Differing> {
        let choices = &self.hello.choices;
        let mut differing = vec![None; calls.len()];
        // Each is compared when it comes, and its texts are not kept: many large answers would take much memory together.
        let asked = self.implementation.answer_each(calls, &mut |place, reply| {
            if let (Some(call), Some(slot), Reply::Ok(answer)) = (calls.get(place), differing.get_mut(place), reply) {
                let differences = differences(call, &model::answer(call, choices), &answer, choices);
                *slot = Some(differences.into_iter().map(|found| (found.rule(), found.what)).collect());
            }
        });
        if asked.is_err() { Vec::new() } else { differing }
    }
}

/// In what an answer differs, each with the likeliest rule; `None` where there is no answer to compare.
type Differing = Option<Vec<(&'static str, String)>>;

/// Whether an answer is right in one aspect.
fn is_right(differing: &Differing, what: &str) -> bool {
    differing.as_ref().is_some_and(|all| all.iter().all(|(_, differs)| differs != what))
}

/// What is asked to find the cause of one divergence.
struct Examination {
    /// The changes, in order; their calls are the first of `calls` behind the call itself.
    changes: Vec<Change>,
    /// The call itself, those of the changes, some others, one that means the same, and the call itself once more.
    calls: Vec<Call>,
    has_odd: bool,
    has_plain: bool,
    has_forged: bool,
    has_written: bool,
}

impl Examination {
    fn of(divergence: &Divergence, causes: &Causes<'_>) -> Self {
        let (call, choices) = (&divergence.call, &causes.hello.choices);
        let opens = holds_something(&divergence.expected);
        let is_asked = |call: &Call| {
            let is_fixed = causes.is_fixed && call.config() != divergence.call.config();
            let answer = model::answer(call, choices);
            // Where nothing is to be opened, to open nothing is right for any reason.
            let says_something = !opens || holds_something(&answer);
            !is_fixed && says_something && is_offered(call, &answer, causes.hello)
        };
        // What is read as another choice has it is about that choice.
        let is_found = choices.base64 == Base64Choice::Strict && divergence.difference.rule() == "SIG-7";
        let mut changes = if is_found { Vec::new() } else { views::of(divergence, choices) };
        changes.retain(|change| is_asked(&change.call));
        let is_opening = matches!(call, Call::Verify(_)) || divergence.difference.what == OPENED;
        let forged = changes::forged(call, choices).filter(|forged| is_opening && !is_found && is_asked(forged));
        if changes.is_empty() && forged.is_none() {
            let (has_odd, has_plain, has_forged, has_written) = Default::default();
            return Self { changes, calls: Vec::new(), has_odd, has_plain, has_forged, has_written };
        }
        let odd = is_odd(divergence, causes).then(|| changes::odd_payload(call, choices)).flatten().filter(is_asked);
        let plain = changes::all_plain(call, choices).filter(is_asked);
        let written = plain
            .as_ref()
            .map(changes::written)
            .filter(|call| is_offered(call, &model::answer(call, choices), causes.hello));
        let (has_odd, has_plain) = (odd.is_some(), plain.is_some());
        let (has_forged, has_written) = (forged.is_some(), written.is_some());
        let of_changes = changes.iter().map(|change| change.call.clone());
        let others = odd.into_iter().chain(plain).chain(forged).chain(written);
        let others = others.chain(changes::neutral(call, choices)).chain([call.clone()]);
        let calls = std::iter::once(call.clone()).chain(of_changes).chain(others).collect();
        Self { changes, calls, has_odd, has_plain, has_forged, has_written }
    }

    /// The same, of which nothing is asked.
    fn without_calls(self) -> Self {
        Self { calls: Vec::new(), ..self }
    }

    /// The cause, by the answers to the calls; `None` if they say nothing.
    fn judge(&self, divergence: &Divergence, answers: &[Differing], rules: &[String]) -> Option<Suspects> {
        let difference = &divergence.difference;
        let is_right = |differing: &Differing| is_right(differing, &difference.what);
        let (again, rest) = answers.split_first()?;
        let (of_changes, others) = rest.split_at_checked(self.changes.len())?;
        let mut others = others.iter();
        let odd = if self.has_odd { others.next() } else { None };
        let plain = if self.has_plain { others.next() } else { None };
        let forged = if self.has_forged { others.next() } else { None };
        let written = if self.has_written { others.next() } else { None };
        // What is right when it is asked again, or with another cookie that means the same, depends on what was asked before or
        // on chance. No change explains it.
        if again.is_none() || std::iter::once(again).chain(others).any(is_right) {
            return None;
        }
        if odd.is_some_and(|odd| !is_right(odd)) {
            return Some("PAY-14".into());
        }
        // A signature of nobody is taken as well.
        if forged.is_some_and(|forged| !is_right(forged)) {
            return Some("SIG-5".into());
        }
        if self.changes.is_empty() {
            return None;
        }
        let helps = self.changes.iter().zip(of_changes).find(|(_, answer)| is_right(answer));
        let ruled_out: BTreeSet<_> = self
            .changes
            .iter()
            .zip(of_changes)
            .take_while(|(_, answer)| !is_right(answer))
            .filter(|(change, _)| change.suspects.also.is_empty())
            .map(|(change, _)| change.suspects.rule)
            .collect();
        if helps.is_none() && plain.is_some_and(|plain| !is_right(plain)) {
            // No cookie is read as it should be, and what is written tells more.
            let of_writing = written.into_iter().flatten().flatten().map(|(rule, _)| *rule);
            let mut of_writing = of_writing.filter(|rule| ["KEY", "SIG"].contains(&family_of(rule)));
            if let Some(rule) = of_writing.next().filter(|rule| *rule != "KEY-1") {
                return Some(rule.into());
            }
        }
        let suspects = match helps {
            Some((change, _)) => change.suspects,
            // Nothing that is plain helps either: no cookie is read as it should be.
            None if plain.is_some_and(|plain| !is_right(plain)) && ruled_out.contains(difference.rule()) => {
                Suspects { rule: "KEY-1", also: difference.suspects.also }
            }
            None => difference.suspects,
        };
        let named = among(suspects, rules, &ruled_out);
        // In general an age is wrong; that of a timestamp in the future has a rule of its own.
        Some(if named.rule == "EXP-1" && changes::is_of_the_future(&divergence.call) { "EXP-3".into() } else { named })
    }

    /// The cause that was found behind the same likeliest rule before, if it may be behind this as well.
    fn by_analogy(&self, found: Option<&BTreeMap<&'static str, usize>>) -> Option<Suspects> {
        let found = found?;
        let applies = |change: &&Change| found.contains_key(change.suspects.rule);
        self.changes.iter().find(applies).map(|change| change.suspects.rule.into())
    }
}

/// The one rule that is named: the likeliest, or of those that the check is about the foremost that may be broken and is not
/// ruled out.
fn among(suspects: Suspects, rules: &[String], ruled_out: &BTreeSet<&str>) -> Suspects {
    let is_likeliest = |rule: &&String| **rule == suspects.rule;
    if rules.iter().any(|rule| is_likeliest(&rule)) {
        return suspects.rule.into();
    }
    let may_be = |rule: &str| {
        !ruled_out.contains(rule) && suspects.also.iter().any(|suspect| *suspect == rule || *suspect == family_of(rule))
    };
    let asked = rules.iter().find(|rule| may_be(rule)).and_then(|rule| rules::find(rule));
    match asked {
        Some(rule) => rule.id.as_str().into(),
        None if ruled_out.contains(suspects.rule) => general(suspects.rule).into(),
        None => suspects.rule.into(),
    }
}

/// The rule that is broken in general where a special one is ruled out.
fn general(rule: &'static str) -> &'static str {
    match rule {
        "EXP-4" | "EXP-5" | "EXP-7" | "EXP-8" | "EXP-9" | "EXP-10" => "EXP-1",
        "KEY-2" | "KEY-3" | "KEY-4" | "KEY-6" | "KEY-7" => "KEY-1",
        "SIG-7" => "SIG-5",
        "MOD-1" | "MOD-2" | "MOD-3" | "MOD-4" | "MOD-7" | "MOD-9" | "PERM-2" => "SET-1",
        _ if family_of(rule) == "HDR" => "HDR-3",
        _ if family_of(rule) == "PAY" => "PAY-16",
        other => other,
    }
}

/// Whether a session with something in it was opened.
fn holds_something(answer: &Answer) -> bool {
    match answer {
        Answer::Verify(VerifyOutcome::Accepted(session)) => !session.is_empty(),
        Answer::Exchange(response) => response.opened.as_ref().is_some_and(|session| !session.is_empty()),
        _ => false,
    }
}

/// Whether a payload is to be odd, and the implementation takes it otherwise.
fn is_odd(divergence: &Divergence, causes: &Causes<'_>) -> bool {
    match (&divergence.expected, causes.hello.choices.odd_payload) {
        (Answer::Verify(VerifyOutcome::Raised(_)), OnInvalid::Raise) => divergence.difference.rule() == "PAY-14",
        (Answer::Verify(VerifyOutcome::Rejected(_)), OnInvalid::Reject) => divergence.difference.rule() == "PAY-14",
        (Answer::Exchange(_), _) => divergence.difference.rule() == "PAY-14",
        _ => false,
    }
}

#[cfg(test)]
mod tests;
