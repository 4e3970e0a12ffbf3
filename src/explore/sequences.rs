//! From runs to what servers see of them: sequence vectors, and the requests by themselves.
//!
//! A server sees requests alone. So a run becomes the sequence of its requests, each with the clock and the configuration of
//! the server that is asked, and with the cookie that the browser then has: one that an earlier step of the same run set, or
//! none. A second that passes, a restart, a copy, another key or lifetime shows in the steps behind it. Where a run ends with
//! one of these, every browser reads once more, so that all that happens is seen by somebody.
//!
//! **What is asked only once.** A server is a function of configuration, clock, Cookie header and what the view does, and
//! the same request is made on many runs. [`RequestSet`] has each once. That is enough for all the runs: a server that answers
//! every request of a run as the model does is sent the same Cookie headers on that run as the model is, by induction over
//! its requests.
//!
//! It knows the suite's vectors, and nothing of implementations under test.

use super::{
    event::{Event, Keys, LifetimeStep, View, config},
    exploration::Exploration,
    graph::Graph,
    observation::{Answer, Observation},
    state::State,
    system::Run,
};
use crate::json::{self, Json, Object};
use crate::{
    case::{
        scenario::{Scenario, Sequence, Step},
        source::Source,
    },
    clock::UnixTime,
    config::Config,
    evidence::vectors::{LoadedVector, Recorded, Vector, from_scenario},
    model::world::Answered,
    protocol::{self, Call},
};
use sha2::{Digest, Sha256};
use std::{collections::HashSet, sync::Arc};

/// A run as a sequence vector with the model's answers. Its id is made of what it asks: no other run has the same.
pub fn vector(exploration: &Exploration, run: &Run<Exploration>) -> Vector {
    let mut told = Told::new(exploration);
    each(exploration, run, |happened| told.add(exploration, happened));
    let configuration = exploration.configuration();
    let comment = format!("{}, {} events seen by {} requests", configuration.about, run.events.len(), told.steps.len());
    let scenario = Scenario::Sequence(Sequence { config: Arc::new(told.config), steps: told.steps });
    let mut vector = from_scenario(String::new(), owned(told.rules), comment, &scenario, &told.answers);
    let print = Sha256::digest(vector.input.to_string());
    let print: String = print.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    vector.id = format!("explored-{}-{print}", configuration.name);
    vector
}

/// What was counted on the way through all runs of a configuration, and each request of them once.
#[derive(Default)]
pub struct RequestSet {
    /// How many transitions there are.
    pub transitions: usize,
    /// How many runs it took to take them all.
    pub runs: usize,
    /// How many events the runs have, in all.
    pub events: usize,
    /// How many requests the runs make, in all.
    pub requests: usize,
    /// Each request once, with the model's answer.
    pub distinct: Vec<LoadedVector>,
}

/// All that an answer depends on where renewal is the same for all.
type Asked = (Keys, LifetimeStep, UnixTime, Option<String>, View, usize);

impl RequestSet {
    /// Goes through all runs that cover a graph. Where a run begins as the one before it, that is not gone through again.
    pub fn of(exploration: &Exploration, graph: &Graph<Exploration>) -> Self {
        let mut set = Self { transitions: graph.transitions(), ..Self::default() };
        let mut seen: HashSet<Asked> = HashSet::new();
        let mut trail: Vec<(Event, State)> = Vec::new();
        for run in graph.covering() {
            set.runs += 1;
            set.events += run.events.len();
            let (start, events) = whole(exploration, &run);
            set.requests += events.iter().filter(|event| is_request(**event)).count();
            let same = trail.iter().zip(&events).take_while(|((before, _), event)| before == *event).count();
            trail.truncate(same);
            for event in events.into_iter().skip(same) {
                let before = trail.last().map_or(&start, |(_, state)| state);
                let Some((after, answered)) = exploration.happen_in_full(before, event) else { break };
                let happened = Happened { event, before, after: &after, answered: answered.as_ref() };
                if happened.asked().is_some_and(|asked| seen.insert(asked)) {
                    let id = format!("explored-{}-request-{}", exploration.configuration().name, set.distinct.len());
                    set.distinct.extend(happened.by_itself(exploration, id));
                }
                trail.push((event, after));
            }
        }
        set
    }
}

/// An event of a run.
struct Happened<'a> {
    event: Event,
    before: &'a State,
    after: &'a State,
    answered: Option<&'a (Answer, Box<Answered>)>,
}

/// Lets a run happen, event by event.
fn each(exploration: &Exploration, run: &Run<Exploration>, mut see: impl FnMut(&Happened<'_>)) {
    let (mut before, events) = whole(exploration, run);
    for event in events {
        let Some((after, answered)) = exploration.happen_in_full(&before, event) else { return };
        see(&Happened { event, before: &before, after: &after, answered: answered.as_ref() });
        before = after;
    }
}

/// A run from where nobody is logged in to where servers have seen all of it.
fn whole(exploration: &Exploration, run: &Run<Exploration>) -> (State, Vec<Event>) {
    let (start, mut events) = exploration.from_nothing(run);
    let server = match events.last() {
        Some(Event::Keys { server, .. }) => *server,
        _ => 0,
    };
    if !events.last().is_some_and(|last| is_request(*last)) {
        let browsers = 0..start.held.len();
        events.extend(browsers.map(|browser| Event::Request { browser, server, view: View::Read }));
    }
    (start, events)
}

fn is_request(event: Event) -> bool {
    matches!(event, Event::Forge { .. } | Event::Request { .. })
}

impl Happened<'_> {
    fn asked(&self) -> Option<Asked> {
        let (answer, answered) = self.answered?;
        let keys = *self.before.keys.get(answer.server)?;
        let call = &answered.call;
        let user = answer.browser.unwrap_or(0);
        Some((keys, self.before.lifetime, call.now, call.cookie_header.clone(), answer.view, user))
    }

    /// The request without the run.
    fn by_itself(&self, exploration: &Exploration, id: String) -> Option<LoadedVector> {
        let (_, answered) = self.answered?;
        let answer = protocol::Answer::Exchange(answered.exchanged.clone());
        let call = Call::Exchange(answered.call.clone());
        let scenario = Scenario::Single(call.clone());
        let comment = format!("{}: {}", exploration.configuration().about, self.event);
        let rules = owned(self.rules(exploration));
        let vector = from_scenario(id, rules, comment, &scenario, &[(call, answer.clone())]);
        Some(LoadedVector { vector, scenario, recorded: vec![Recorded { answer, cookie_header: None }] })
    }

    /// The rules that it is evidence for: those of what it shows, then those of what happens. Of those of the user agent an
    /// implementation shows nothing.
    fn rules(&self, exploration: &Exploration) -> Vec<&'static str> {
        let answer = self.answered.map(|(answer, _)| answer);
        let of_event = match (self.event, answer) {
            (Event::Copy { .. }, _) => Some("SYS-4"),
            (Event::Forge { .. }, _) => Some("SIG-5"),
            (Event::Keys { .. }, _) => Some("SYS-6"),
            (Event::Request { .. }, Some(answer)) => Some(of_request(answer)),
            (Event::Restart { .. }, _) => Some("SYS-3"),
            (Event::Lifetime(_), _) => Some("SYS-5"),
            (Event::Request { .. } | Event::Tick, _) => None,
        };
        let of_age = answer.and_then(Answer::age).map(|_| "EXP-1");
        let seen = Observation { event: self.event, before: self.before, after: self.after, answer };
        let rules = exploration.rules_shown(&seen).chain(of_event).chain(of_age);
        rules.filter(|rule| !rule.starts_with("UA-")).collect()
    }
}

fn of_request(answer: &Answer) -> &'static str {
    match answer.view {
        View::LogIn { permanent: false } => "PERM-4",
        View::LogIn { permanent: true } => "PERM-3",
        View::LogOut => "DEL-1",
        View::Read if answer.set.is_some() => "REN-1",
        View::Read if answer.sent.is_some() && !answer.is_in() => "DEL-6",
        View::Read => "VARY-1",
        View::Write => "MOD-1",
    }
}

/// A run as far as it was told.
struct Told {
    config: Config,
    /// The members of the configuration.
    members: Object,
    steps: Vec<Step>,
    answers: Vec<(Call, protocol::Answer)>,
    rules: Vec<&'static str>,
    /// For each browser, the step that set the cookie in it.
    held: Vec<Option<usize>>,
    /// The step that set what the jar of the vector format has.
    jar: Option<usize>,
}

impl Told {
    fn new(exploration: &Exploration) -> Self {
        let config = config(Keys::Old, LifetimeStep::Normal, exploration.configuration().refresh);
        Self {
            members: members(&config),
            config,
            steps: Vec::new(),
            answers: Vec::new(),
            rules: Vec::new(),
            held: vec![None; exploration.configuration().browsers()],
            jar: None,
        }
    }

    fn add(&mut self, exploration: &Exploration, happened: &Happened<'_>) {
        for rule in happened.rules(exploration) {
            if !self.rules.contains(&rule) {
                self.rules.push(rule);
            }
        }
        if let Some((answer, answered)) = happened.answered {
            self.step(answer, answered);
        }
        if let Event::Copy { from, to } = happened.event {
            let copied = self.held.get(from).copied().flatten();
            self.held.iter_mut().skip(to).take(1).for_each(|held| *held = copied);
        }
        let gone = self.held.iter_mut().enumerate().filter(|(browser, _)| happened.after.value_in(*browser).is_none());
        gone.for_each(|(_, held)| *held = None);
    }

    fn step(&mut self, answer: &Answer, answered: &Answered) {
        let number = self.steps.len();
        let call = &answered.call;
        let mut members = members(&call.config);
        members.retain(|name, value| self.members.get(name) != Some(value));
        let cookie = self.cookie(answer, call.cookie_header.as_deref());
        self.steps.push(Step { config: members, cookie, ..Step::new(call.now, call.actions.clone()) });
        self.answers.push((Call::Exchange(call.clone()), protocol::Answer::Exchange(answered.exchanged.clone())));
        if let Some(set) = answer.set {
            let kept = (!set.deletes).then_some(number);
            self.jar = kept;
            let browser = answer.browser.filter(|_| answered.received.first().is_some_and(Result::is_ok));
            if let Some(held) = browser.and_then(|browser| self.held.get_mut(browser)) {
                *held = kept;
            }
        }
    }

    /// Where the Cookie header comes from: the jar wherever it holds the same.
    fn cookie(&self, answer: &Answer, header: Option<&str>) -> Source {
        let Some(header) = header else {
            return if self.jar.is_none() { Source::Jar } else { Source::None };
        };
        match answer.browser.and_then(|browser| self.held.get(browser).copied().flatten()) {
            Some(step) if self.jar == Some(step) => Source::Jar,
            Some(step) => Source::From(step),
            None => Source::Header(header.to_owned()),
        }
    }
}

fn members(config: &Config) -> Object {
    match json::to_value(config) {
        Ok(Json::Object(members)) => members,
        _ => Object::new(),
    }
}

fn owned(rules: Vec<&str>) -> Vec<String> {
    rules.into_iter().map(str::to_owned).collect()
}
