//! Whether the answer to a story is right: the model goes through the same steps, and each answer is compared with what it
//! says.
//!
//! Real ids are random, so each is matched with the model's own when it is first set. Where the rules allow two answers, the
//! model goes on with the one that came. A difference that changes what follows ends the comparison; one of attributes does
//! not.
//!
//! A running clock of a store cannot show everything: what it leaves open ends the comparison as well, and is no pass.

mod blame;
mod change;
mod cookies;
mod ids;
mod keys;
#[cfg(test)]
mod tests;

use super::{compare::Difference, kept};
use crate::{
    model::session::PERMANENT,
    model::store::{CookieIs, Effect, Expected, Found, RequestIs, Stores},
    protocol::{
        BoundaryChoice, Choices, KeptChoice,
        story::{Step, StepAnswer, Story, StoryAnswer},
    },
    rules,
    value::{Map, Value, wire},
};
use change::Change;
use cookies::Looks;
use ids::Ids;
use std::collections::{BTreeMap, BTreeSet};

/// What the comparison says.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::suite) enum Told {
    /// It differs in these, the foremost first.
    Differs(Vec<Difference>),
    /// It is right.
    Same,
    /// Something cannot be told, and the rest is right.
    Unclear(String),
}

/// Compares the answer to a story with what the model says of it, for an implementation with these choices.
pub(in crate::suite) fn judge(story: &Story, answer: &StoryAnswer, choices: &Choices) -> Told {
    if answer.steps.len() != story.steps.len() {
        let (asked, got) = (story.steps.len(), answer.steps.len());
        return Told::Unclear(format!("the adapter answered {got} of {asked} steps"));
    }
    let mut walk = Walk::new(story, answer, choices);
    for (at, (step, got)) in story.steps.iter().zip(&answer.steps).enumerate() {
        walk.at = at;
        // Whoever sleeps, for example before a lost store is tried again, moves the clocks.
        let slept = i64::try_from(got.slept_ms.unwrap_or(0)).unwrap_or(i64::MAX).saturating_mul(1000);
        walk.world.now = walk.world.now.plus_micros(slept);
        if let Step::End { name, .. } = step
            && walk.unopened.contains(name)
        {
            walk.world.open_now(name);
        }
        let expected = walk.world.step(step);
        walk.note(step);
        let goes_on = match &expected {
            Expected::Answered(request) => walk.answered(step, request, got),
            Expected::Begun(found, so_far) => walk.begun(step, found, so_far, got),
            Expected::Keys(keys) => walk.keys(keys, got),
            Expected::Nothing => true,
        };
        if !goes_on {
            break;
        }
    }
    walk.found.sort_by_key(|found| rules::weight(found.rule()));
    match (walk.found.is_empty(), walk.unclear) {
        (false, _) => Told::Differs(walk.found),
        (true, Some(why)) => Told::Unclear(why),
        (true, None) => Told::Same,
    }
}

/// One comparison, on its way through the steps.
struct Walk<'a> {
    story: &'a Story,
    answer: &'a StoryAnswer,
    choices: &'a Choices,
    world: Stores,
    ids: Ids,
    at: usize,
    found: Vec<Difference>,
    unclear: Option<String>,
    /// What the last request of each session did.
    last: BTreeMap<String, Last>,
    /// How the cookie of each user agent looked when it was set last.
    looks: BTreeMap<String, Looks>,
    /// Who asks in each request that is under way.
    agents: BTreeMap<String, String>,
    /// The requests under way whose session was not opened where they began.
    unopened: BTreeSet<String>,
    /// What happened to everything so far.
    past: Past,
}

/// What the last request of a session did.
#[derive(Clone, Copy, Debug)]
struct Last {
    effect: Effect,
    is_accessed: bool,
    /// The last request that ended after another one had written, though it began before that.
    stale: Option<Effect>,
}

/// What happened so far, as far as it may be the reason of a difference.
#[derive(Clone, Copy, Debug, Default)]
struct Past {
    is_restarted: bool,
    was_away: bool,
    was_full: bool,
    has_nested_change: bool,
    has_visitor: bool,
    is_away: bool,
}

impl<'a> Walk<'a> {
    fn new(story: &'a Story, answer: &'a StoryAnswer, choices: &'a Choices) -> Self {
        Self {
            story,
            answer,
            choices,
            world: Stores::new(story, choices).observing(),
            ids: Ids::default(),
            at: 0,
            found: Vec::new(),
            unclear: None,
            last: BTreeMap::new(),
            looks: BTreeMap::new(),
            agents: BTreeMap::new(),
            unopened: BTreeSet::new(),
            past: Past::default(),
        }
    }

    fn note(&mut self, step: &Step) {
        use crate::protocol::{Action, story::StoreState};
        let past = &mut self.past;
        match step {
            Step::Begin { name, request } => {
                self.agents.insert(name.clone(), request.agent.clone());
            }
            Step::Restart { .. } => past.is_restarted = true,
            Step::Store { is: StoreState::Down } => (past.was_away, past.is_away) = (true, true),
            Step::Store { is: StoreState::Up } => past.is_away = false,
            Step::Store { is: StoreState::Full } => past.was_full = true,
            _ => {}
        }
        past.has_nested_change |= step.actions().iter().any(|action| matches!(action, Action::Mutate { .. }));
    }

    /// How much real time a running store may have noticed by now (microseconds).
    fn passed(&self, got: &StepAnswer) -> i64 {
        i64::try_from(got.passed_ms.unwrap_or(0)).unwrap_or(i64::MAX).saturating_mul(1000)
    }

    /// Whether there is no store, and so no id.
    pub(super) fn is_in_cookie(&self) -> bool {
        self.choices.store.kept == KeptChoice::Cookie
    }

    /// Nothing more can be told of the story.
    fn unclear(&mut self, why: impl Into<String>) -> bool {
        self.unclear.get_or_insert(why.into());
        false
    }

    fn differ(&mut self, rule: &'static str, what: &str, expected: impl Into<String>, got: impl Into<String>) {
        if self.found.iter().any(|found| found.rule() == rule) {
            return;
        }
        let what = format!("step {}: {what}", self.at + 1);
        let got = kept::reason(got.into());
        self.found.push(Difference { suspects: rule.into(), what, expected: expected.into(), got });
    }

    /// Whether the clock of the store can show if a session is there.
    fn is_shown(&self, found: &Found, got: &StepAnswer) -> bool {
        let passed = self.passed(got);
        let tick = match self.choices.store.boundary {
            BoundaryChoice::Tick => i64::from(self.choices.store.precision_ms.0).saturating_mul(1000),
            _ => 0,
        };
        match found {
            Found::Live { left, .. } => *left > passed.max(tick) || (passed == 0 && tick == 0),
            Found::Over { since, slack, .. } => {
                *since > slack.saturating_add(passed).max(tick) || (*slack == 0 && passed == 0 && tick == 0)
            }
            _ => true,
        }
    }

    /// Compares the cookie that was sent, so that a mistake of the adapter is not taken for one of the implementation.
    fn is_sent(&mut self, expected: Option<&str>, got: &StepAnswer) -> bool {
        let Some(sent) = &got.cookie_header else { return true };
        let name = self.cookie_name();
        let sent = sent.as_deref().and_then(|header| cookies::session_value(header, &name));
        let expected = expected.and_then(|header| cookies::session_value(header, &name));
        let is_same = sent.as_deref().map(|value| self.ids.of_model(value)) == expected;
        if !is_same {
            let (sent, expected) = (sent.is_some(), expected.is_some());
            let word = |is_there| if is_there { "a cookie" } else { "no cookie" };
            return self.unclear(format!(
                "the adapter's user agent sent {} where RFC 6265bis says {}{}",
                word(sent),
                word(expected),
                if sent && expected { " of another value" } else { "" }
            ));
        }
        true
    }

    fn cookie_name(&self) -> String {
        crate::cookie_text::name(&self.world.config.config)
    }

    fn begun(&mut self, step: &Step, found: &Found, so_far: &StepAnswer, got: &StepAnswer) -> bool {
        let Step::Begin { name, request } = step else { return true };
        if got.opened.is_none() && got.held == Some(true) && request.actions.is_empty() {
            self.unopened.insert(name.clone());
        }
        self.literal(request.cookie_header.as_ref());
        let sent = so_far.cookie_header.clone().flatten();
        if !self.is_sent(sent.as_deref(), got) {
            return false;
        }
        if !self.is_shown(found, got) {
            return self.unclear(blame::NOT_SHOWN);
        }
        if got.held == Some(false) && so_far.held == Some(true) {
            // What became of it is judged where it ends.
            return true;
        }
        self.opened(found, so_far.opened.as_ref(), got) && self.results(&so_far.results, got)
    }

    fn answered(&mut self, step: &Step, request: &RequestIs, got: &StepAnswer) -> bool {
        let agent = match step {
            Step::Request(asked) => {
                self.literal(asked.cookie_header.as_ref());
                asked.agent.clone()
            }
            Step::End { name, .. } => self.agents.get(name).cloned().unwrap_or_default(),
            _ => String::new(),
        };
        if !self.is_sent(request.cookie_header.as_deref(), got) {
            return false;
        }
        let is_whole = matches!(step, Step::Request(_));
        if is_whole && !self.is_shown(&request.found, got) {
            return self.unclear(blame::NOT_SHOWN);
        }
        if request.left.is_some_and(|left| self.passed(got) > 0 && left.abs() <= self.passed(got)) {
            return self.unclear(blame::NOT_SHOWN);
        }
        if request.open_end {
            // What follows is left open by the rules; all before it was right.
            return false;
        }
        let goes_on = self.opened(&request.found, request.opened.as_ref(), got)
            && self.results(&request.results, got)
            && self.status(request, got)
            && self.cookie(request, got, &agent);
        self.vary(request, got);
        self.remember(request);
        goes_on
    }

    /// A cookie that the story itself gives means what it says.
    fn literal(&mut self, header: Option<&Option<String>>) {
        let name = self.cookie_name();
        if let Some(value) = header.and_then(Option::as_deref).and_then(|header| cookies::session_value(header, &name))
        {
            self.ids.literal(value);
        }
    }

    fn opened(&mut self, found: &Found, expected: Option<&Map>, got: &StepAnswer) -> bool {
        let Some(expected) = expected else { return true };
        let Some(opened) = &got.opened else {
            if got.status.is_none_or(|status| status < 400) {
                return true;
            }
            let rule = blame::not_opened(found, &self.past);
            self.differ(rule, "opening the session", told(expected), "an error");
            return false;
        };
        let (wanted, opened) = (without_permanence(expected), without_permanence(opened));
        if wanted == opened {
            return true;
        }
        let rule = self.blame_opened(found, &wanted, &opened);
        self.differ(rule, "the session that was opened", told(&wanted), told(&opened));
        false
    }

    fn results(&mut self, expected: &[Value], got: &StepAnswer) -> bool {
        let is_same = |(wanted, result): (&Value, &Value)| match (wanted, result) {
            (Value::Map(wanted), Value::Map(result)) => without_permanence(wanted) == without_permanence(result),
            (wanted, result) => wanted == result || *wanted == Value::Null,
        };
        if got.results.len() < expected.len() || !expected.iter().zip(&got.results).all(is_same) {
            let list = |values: &[Value]| told_value(&Value::List(values.to_vec()));
            // A view that ended early is told by its status.
            if got.results.len() >= expected.len() {
                self.differ("STO-32", "what the view saw", list(expected), list(&got.results));
                return false;
            }
        }
        true
    }

    fn status(&mut self, request: &RequestIs, got: &StepAnswer) -> bool {
        let Some(status) = got.status else { return true };
        if request.status.holds(status) {
            return true;
        }
        let rule = self.blame_status(request, status);
        self.differ(rule, "the status", blame::status_words(request.status), status.to_string());
        false
    }

    fn vary(&mut self, request: &RequestIs, got: &StepAnswer) {
        let sets = !matches!(self.change(got), Change::None);
        if !(request.accessed || sets) || got.status.is_some_and(|status| status >= 400) {
            return;
        }
        let mut named = got.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("vary"));
        let is_cookie = |word: &str| word.trim() == "*" || word.trim().eq_ignore_ascii_case("cookie");
        if !named.any(|(_, value)| value.split(',').any(is_cookie)) {
            self.differ("STO-39", "Vary", "Cookie", "no Vary that names Cookie");
        }
    }

    fn remember(&mut self, request: &RequestIs) {
        self.past.has_visitor |= request.effect == Effect::Nothing && request.found == Found::NoCookie;
        let (Found::Live { id, .. }, effect) = (&request.found, request.effect) else { return };
        let before = self.last.get(id).and_then(|last| last.stale);
        let stale = if request.is_stale { Some(effect) } else { before };
        self.last.insert(id.clone(), Last { effect, is_accessed: request.accessed, stale });
        if let CookieIs::Set { id, .. } | CookieIs::SetOrNone { id, .. } = &request.cookie {
            self.last.insert(id.clone(), Last { effect, is_accessed: request.accessed, stale });
        }
    }
}

/// A session without the note of its permanence, which not every implementation keeps there.
fn without_permanence(session: &Map) -> Map {
    let mut session = session.clone();
    session.remove(&Value::from(PERMANENT));
    session
}

fn told(session: &Map) -> String {
    wire::encode_map(session).to_string()
}

fn told_value(value: &Value) -> String {
    wire::encode(value).to_string()
}
