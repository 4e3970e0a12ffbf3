//! The verdict on a check: its scenario runs call by call, and each answer is compared with the expected one.
//!
//! The expected answer is that of real Flask if it was recorded for this very call. Otherwise it is the model's answer, under the
//! choices that the implementation declares.

use super::{
    compare::{Difference, differences, panicked},
    divergence::Divergence,
    invariants,
    stories::{self, Told},
};
use crate::{
    adapter::{AdapterError, Implementation, unanswered},
    config::{FallbackTextChoice, Fallbacks},
    model::{self, server},
    protocol::{
        Answer, Call, Capabilities, Choices, Op, ReasonsChoice, Reply, Sign, SignOutcome, Verify, VerifyOutcome,
    },
    value::{Value, wire},
};
use crate::{case::scenario::Scenario, evidence::vectors::Recorded, suite::judging::kept};
use std::borrow::Cow;

/// The input of one check.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The calls.
    pub scenario: &'a Scenario,
    /// What Flask did with them; empty for generated cases.
    pub recorded: &'a [Recorded],
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// An answer is not the expected one.
    Fail(Box<Divergence>),
    /// Nothing can be said.
    Inconclusive(Inconclusive),
    /// Every answer was the expected one.
    Pass,
}

/// Why nothing can be said.
#[derive(Clone, Debug, PartialEq)]
pub enum Inconclusive {
    /// The adapter broke.
    Broke(Box<Broke>),
    /// The check is about something else than what was asked for.
    NotJudged(String),
    /// The implementation does not have what the check is about.
    NotOffered(String),
}

/// A call at which the adapter broke.
#[derive(Clone, Debug, PartialEq)]
pub struct Broke {
    /// What it said.
    pub what: String,
    /// The calls before, and their answers.
    pub before: Vec<(Call, Answer)>,
    /// The call.
    pub call: Call,
    /// The answer that it should have had.
    pub expected: Answer,
}

impl Inconclusive {
    /// An operation is not offered.
    pub(in crate::suite) fn op_not_offered(op: Op) -> Self {
        Self::NotOffered(format!("the operation {op}"))
    }
}

/// Judges cases side by side: the calls that are ready are asked together. Calls that are to be answered in turn are asked one
/// after another. The verdicts come in the order of the cases.
pub fn judge(implementation: &dyn Implementation, cases: &[Case<'_>]) -> Result<Vec<Verdict>, AdapterError> {
    let is_in_turn = |case: &Case<'_>| matches!(case.scenario, Scenario::Calls(_));
    if cases.iter().any(is_in_turn) {
        let one = |case: &Case<'_>| match is_in_turn(case) {
            true => in_turn(implementation, case),
            false => Ok(judge(implementation, &[*case])?.pop().unwrap_or(Verdict::Pass)),
        };
        return cases.iter().map(one).collect();
    }
    let hello = &implementation.capabilities();
    let mut runs: CaseRuns<'_> = cases.iter().copied().collect();
    loop {
        let calls = runs.calls(hello);
        if calls.is_empty() {
            return Ok(runs.verdicts());
        }
        implementation.answer_each(&calls, &mut |place, reply| {
            if let Some(call) = calls.get(place) {
                runs.take(place, call, reply, hello);
            }
        })?;
        runs.all_answered(&calls)?;
    }
}

/// Judges a case whose calls one copy of the implementation answers in turn.
fn in_turn(implementation: &dyn Implementation, case: &Case<'_>) -> Result<Verdict, AdapterError> {
    let hello = &implementation.capabilities();
    let mut run = CaseRun::new(Cow::Borrowed(case.scenario), case.recorded);
    while let Some(call) = run.next(hello) {
        let mut replies = implementation.answer_in_turn(std::slice::from_ref(&call))?;
        match (replies.pop(), replies.len()) {
            (Some(reply), 0) => run.take(&call, reply, &hello.choices),
            (Some(_), others) => return Err(unanswered(others + 1, 1, &call)),
            (None, _) => return Err(unanswered(0, 1, &call)),
        }
    }
    Ok(run.verdict.unwrap_or(Verdict::Pass))
}

/// Asks calls in turn, and gives the first divergence from the call at `from` on, whatever the answers before that are.
///
/// # Errors
///
/// Those of the implementation.
pub fn last_in_turn(
    implementation: &dyn Implementation,
    calls: &[Call],
    from: usize,
) -> Result<Option<Divergence>, AdapterError> {
    let choices = implementation.capabilities().choices;
    let replies = implementation.answer_in_turn(calls)?;
    let mut before = Vec::new();
    for (at, (call, reply)) in calls.iter().zip(replies).enumerate() {
        let expected = model::answer(call, &choices);
        let (found, got) = match reply {
            Reply::Ok(got) => (differences(call, &expected, &got, &choices), got),
            Reply::Panicked(what) => {
                let (difference, got) = panicked(call, &expected, &kept::reason(what), &choices);
                (vec![difference], got)
            }
            Reply::Error(_) | Reply::Unsupported(_) => return Ok(None),
        };
        let mut found = found.into_iter();
        match found.next().filter(|_| at >= from) {
            Some(difference) => {
                let also = found.collect();
                let divergence = Divergence { difference, also, before, call: call.clone(), expected, got };
                return Ok(Some(kept::divergence(divergence)));
            }
            None => before.push((call.clone(), got)),
        }
    }
    Ok(None)
}

/// Cases that run side by side, in rounds. A round has one call of every unfinished case.
pub struct CaseRuns<'a> {
    runs: Vec<CaseRun<'a>>,
    /// Those whose calls the last round holds, in its order.
    asked: Vec<usize>,
}

impl<'a> FromIterator<Case<'a>> for CaseRuns<'a> {
    fn from_iter<I: IntoIterator<Item = Case<'a>>>(cases: I) -> Self {
        let run = |case: Case<'a>| CaseRun::new(Cow::Borrowed(case.scenario), case.recorded);
        Self { runs: cases.into_iter().map(run).collect(), asked: Vec::new() }
    }
}

impl FromIterator<Scenario> for CaseRuns<'_> {
    fn from_iter<I: IntoIterator<Item = Scenario>>(scenarios: I) -> Self {
        let run = |scenario| CaseRun::new(Cow::Owned(scenario), &[]);
        Self { runs: scenarios.into_iter().map(run).collect(), asked: Vec::new() }
    }
}

impl CaseRuns<'_> {
    /// The calls of the next round; `None` if every verdict stands.
    pub fn calls(&mut self, hello: &Capabilities) -> Vec<Call> {
        let next = self.runs.iter_mut().enumerate().filter_map(|(at, run)| Some((at, run.next(hello)?)));
        let (asked, calls) = next.unzip();
        self.asked = asked;
        calls
    }

    /// Takes the reply to the call at this place of the round that was given last.
    pub fn take(&mut self, place: usize, call: &Call, reply: Reply, hello: &Capabilities) {
        if let Some(run) = self.asked.get(place).and_then(|at| self.runs.get_mut(*at)) {
            run.take(call, reply, &hello.choices);
        }
    }

    /// Fails when a call of the last round has no reply: it would be asked again for ever.
    ///
    /// # Errors
    ///
    /// An implementation gave fewer replies than it was asked calls.
    pub fn all_answered(&self, calls: &[Call]) -> Result<(), AdapterError> {
        let runs = self.asked.iter().filter_map(|at| self.runs.get(*at));
        let missing: Vec<_> = runs.zip(calls).filter(|(run, _)| run.expected.is_some()).map(|(_, call)| call).collect();
        match missing.first() {
            Some(call) => Err(unanswered(calls.len() - missing.len(), calls.len(), call)),
            None => Ok(()),
        }
    }

    /// The verdicts, in the order of the cases.
    pub fn verdicts(self) -> Vec<Verdict> {
        self.runs.into_iter().map(|run| run.verdict.unwrap_or(Verdict::Pass)).collect()
    }

    /// The verdicts that stand, in the order of the cases, where no more will be answered.
    pub fn verdicts_so_far(mut self, hello: &Capabilities) -> Vec<Option<Verdict>> {
        // Whether a case is at its end shows when it is asked for its next call.
        self.calls(hello);
        self.runs.into_iter().map(|run| run.verdict).collect()
    }
}

/// A case that runs.
struct CaseRun<'a> {
    scenario: Cow<'a, Scenario>,
    recorded: &'a [Recorded],
    answered: Vec<(Call, Answer)>,
    /// What the call that is being asked must be answered.
    expected: Option<Answer>,
    verdict: Option<Verdict>,
}

impl<'a> CaseRun<'a> {
    fn new(scenario: Cow<'a, Scenario>, recorded: &'a [Recorded]) -> Self {
        Self { scenario, recorded, answered: Vec::new(), expected: None, verdict: None }
    }

    /// The call to be asked now; `None` if the verdict stands.
    fn next(&mut self, hello: &Capabilities) -> Option<Call> {
        if self.verdict.is_some() {
            return None;
        }
        let Some(call) = self.scenario.next(&self.answered) else {
            self.verdict = Some(Verdict::Pass);
            return None;
        };
        if let Some(missing) = call_not_offered(&call, hello) {
            self.end(missing);
            return None;
        }
        let expected = self.expected(&call, &hello.choices);
        if let Some(missing) = values_not_offered(&call, &expected, hello) {
            self.end(Inconclusive::NotOffered(missing));
            return None;
        }
        self.expected = Some(expected);
        Some(call)
    }

    fn take(&mut self, call: &Call, reply: Reply, choices: &Choices) {
        // No call has more than one reply, whatever an implementation hands over.
        let Some(expected) = self.expected.take() else { return };
        let got = match reply {
            Reply::Ok(answer) => answer,
            Reply::Panicked(what) => {
                let (difference, got) = panicked(call, &expected, &kept::reason(what), choices);
                return self.fail(vec![difference], call.clone(), expected, got);
            }
            Reply::Error(what) => {
                let (what, before, call) = (kept::reason(what), std::mem::take(&mut self.answered), call.clone());
                return self.end(Inconclusive::Broke(Box::new(Broke { what, before, call, expected })));
            }
            Reply::Unsupported(what) => return self.end(Inconclusive::NotOffered(kept::reason(what))),
        };
        if let (Call::Story(story), Answer::Story(told)) = (call, &got)
            && let Told::Unclear(why) = stories::judge(story, told, choices)
        {
            return self.end(Inconclusive::NotJudged(why));
        }
        let mut found = differences(call, &expected, &got, choices);
        self.answered.push((call.clone(), got));
        if found.is_empty() {
            found.extend(self.invariants(choices).err());
        }
        if found.is_empty() {
            self.keep(&expected);
        } else if let Some((call, got)) = self.answered.pop() {
            self.fail(found, call, expected, got);
        }
    }

    fn fail(&mut self, found: Vec<Difference>, call: Call, expected: Answer, got: Answer) {
        let mut found = found.into_iter();
        let Some(difference) = found.next() else { return };
        let (also, before) = (found.collect(), std::mem::take(&mut self.answered));
        let divergence = Divergence { difference, also, before, call, expected, got };
        self.verdict = Some(Verdict::Fail(Box::new(kept::divergence(divergence))));
    }

    /// Keeps the last answer, which is right, for the calls that may follow.
    fn keep(&mut self, expected: &Answer) {
        let is_kept = self.answered.last_mut().is_none_or(|(_, got)| kept::trim(got, expected));
        if !is_kept {
            let goes_on = self.scenario.next(&self.answered).is_some();
            self.answered.clear();
            self.verdict = Some(match goes_on {
                false => Verdict::Pass,
                true => Verdict::Inconclusive(Inconclusive::NotJudged(
                    "an answer before the last is too large to be kept".to_owned(),
                )),
            });
        }
    }

    /// What holds in every story, besides that each answer is the expected one.
    fn invariants(&self, choices: &Choices) -> Result<(), Difference> {
        match &*self.scenario {
            Scenario::World(story) => invariants::hold(story, &self.answered, choices),
            _ => Ok(()),
        }
    }

    fn end(&mut self, why: Inconclusive) {
        self.verdict = Some(Verdict::Inconclusive(why));
    }

    fn expected(&self, call: &Call, choices: &Choices) -> Answer {
        match (self.recorded(call), &*self.scenario, call) {
            (Some(recorded), ..) if is_flask(choices) => recorded.clone(),
            (_, Scenario::RoundTrip(sign), Call::Verify(call)) => Answer::Verify(returned(sign, call, choices)),
            _ => model::answer(call, choices),
        }
    }

    /// What Flask answered to the same call. A step of a sequence is the same when the same cookie was sent.
    fn recorded(&self, call: &Call) -> Option<&'a Answer> {
        let recorded = self.recorded.get(self.answered.len())?;
        let is_same = match (call, &recorded.cookie_header) {
            (Call::Exchange(call), Some(header)) => call.cookie_header == *header,
            _ => true,
        };
        is_same.then_some(&recorded.answer)
    }
}

/// What must come back of a session that was signed: what comes back of the cookie that should have been made.
fn returned(sign: &Sign, call: &Verify, choices: &Choices) -> VerifyOutcome {
    let cookie = match server::sign(sign, choices) {
        SignOutcome::Cookie(cookie) => cookie,
        SignOutcome::Raised(_) => call.cookie.clone(),
    };
    server::verify(&Verify { cookie, ..call.clone() }, choices)
}

/// Whether all choices are Flask's, except for giving reasons.
fn is_flask(choices: &Choices) -> bool {
    Choices { reasons: ReasonsChoice::None, ..*choices } == Choices::default()
}

/// Whether an implementation offers what a call and its expected answer need.
pub(in crate::suite) fn is_offered(call: &Call, expected: &Answer, hello: &Capabilities) -> bool {
    call_not_offered(call, hello).is_none() && values_not_offered(call, expected, hello).is_none()
}

/// What a call needs of an implementation that does not offer it.
fn call_not_offered(call: &Call, hello: &Capabilities) -> Option<Inconclusive> {
    if !hello.ops.contains(&call.op()) {
        return Some(Inconclusive::op_not_offered(call.op()));
    }
    if hello.choices.fallback_text == FallbackTextChoice::Refuse
        && matches!(call.config().fallback_keys, Some(Fallbacks::Text(_)))
    {
        return Some(Inconclusive::NotOffered("text instead of a list of fallback keys".to_owned()));
    }
    None
}

/// The kind of value that a call or its answer needs of an implementation that does not carry it.
fn values_not_offered(call: &Call, expected: &Answer, hello: &Capabilities) -> Option<String> {
    let mut kinds = call.kinds_needed();
    match expected {
        Answer::Verify(VerifyOutcome::Accepted(session)) => wire::kinds_needed(&session.clone().into(), &mut kinds),
        Answer::Exchange(exchanged) => {
            let opened = exchanged.opened.clone().map(Value::Map);
            opened.iter().chain(&exchanged.results).for_each(|value| wire::kinds_needed(value, &mut kinds));
        }
        _ => {}
    }
    // The first of them says enough, and keeps the list of reasons short.
    let missing = kinds.into_iter().find(|kind| !hello.values.contains(kind))?;
    Some(format!("values of kind {missing}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{adapter::in_process::Model, clock::UnixTime, config::Config, evidence::vectors};
    use std::sync::Arc;

    fn verdicts(implementation: &dyn Implementation) -> Vec<(String, Verdict)> {
        let ready = vectors::embedded().unwrap();
        let cases: Vec<_> = ready.iter().map(|r| Case { scenario: &r.scenario, recorded: &r.recorded }).collect();
        let verdicts = judge(implementation, &cases).unwrap();
        ready.into_iter().map(|r| r.vector.id).zip(verdicts).collect()
    }

    #[test]
    fn the_model_passes_every_vector() {
        for (id, verdict) in verdicts(&Model::default()) {
            assert_eq!(verdict, Verdict::Pass, "{id}");
        }
    }

    /// The model behind a changed answer.
    struct Changed<F>(Model, F);

    impl<F: Fn(&Call, Answer) -> Reply + Send + Sync> Implementation for Changed<F> {
        fn capabilities(&self) -> Capabilities {
            self.0.capabilities()
        }

        fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
            let choices = self.capabilities().choices;
            Ok(calls.iter().map(|call| (self.1)(call, model::answer(call, &choices))).collect())
        }
    }

    fn sign() -> Scenario {
        let config = Arc::new(Config::with_key("key"));
        let session = [("user", Value::int(1))].into_iter().collect();
        Scenario::RoundTrip(Sign { config, now: UnixTime::from_seconds(1_700_000_000), session })
    }

    fn verdict(change: impl Fn(&Call, Answer) -> Reply + Send + Sync) -> Verdict {
        let scenario = sign();
        let case = Case { scenario: &scenario, recorded: &[] };
        judge(&Changed(Model::default(), change), &[case]).unwrap().remove(0)
    }

    #[test]
    fn a_wrong_value_that_comes_back_is_a_failure_of_the_round_trip() {
        let verdict = verdict(|_, answer| match answer {
            Answer::Verify(_) => Reply::Ok(Answer::Verify(VerifyOutcome::Accepted(Default::default()))),
            other => Reply::Ok(other),
        });
        let Verdict::Fail(divergence) = verdict else { panic!("{verdict:?}") };
        assert_eq!(divergence.difference.rule(), "PAY-16");
        assert_eq!(divergence.before.len(), 1);
    }

    #[test]
    fn what_is_not_offered_or_breaks_is_inconclusive() {
        let broke = verdict(|_, _| Reply::Error("boom".to_owned()));
        let Verdict::Inconclusive(Inconclusive::Broke(broke)) = broke else { panic!("{broke:?}") };
        assert_eq!((broke.what.as_str(), broke.before.len(), broke.call.op()), ("boom", 0, Op::Sign));
        let missing = verdict(|_, _| Reply::Unsupported("signing".to_owned()));
        assert_eq!(missing, Verdict::Inconclusive(Inconclusive::NotOffered("signing".to_owned())));
    }
}
