//! Runs as stories of the protocol, which any implementation can be asked.

use super::{
    event::{Agent, Event, Tab, View},
    properties::RULES,
    system::Overlaps,
};
use crate::json::{Json, json};
use crate::{
    case::scenario::Scenario,
    evidence::vectors::{Vector, from_scenario},
    explore::{graph::Graph, shortest, system::Run},
    model::store::answer,
    protocol::{
        Answer, Call,
        story::{Step, Story},
    },
};
use sha2::{Digest, Sha256};

/// A run that breaks a property.
pub struct Broken {
    /// The name of the property.
    pub property: &'static str,
    /// The rule that it is taken from.
    pub rule: &'static str,
    /// What happens.
    pub run: Run<Overlaps>,
}

/// The first of the shortest runs that break a property, of at most so many events. `only` names the property; `None` for any.
pub fn broken(overlaps: &Overlaps, only: Option<&str>, longest: usize) -> Option<Broken> {
    let mut first = None;
    let run = shortest::shortest(overlaps, longest, |_, transition| {
        let asked = RULES.iter().filter(|rule| only.is_none_or(|name| rule.name == name));
        first = asked.clone().find(|rule| (rule.keeps)(overlaps.world(), &transition.seen) == Some(false));
        first.is_some()
    });
    let (run, rule) = (run?, first?);
    Some(Broken { property: rule.name, rule: rule.rule, run })
}

/// The story of a run. At its end, all requests end, somebody looks into the store, and everybody reads once more: so that what
/// the run left behind can be seen.
pub fn story(overlaps: &Overlaps, events: &[Event]) -> Story {
    let mut under_way: Vec<(Tab, bool)> = Vec::new();
    for event in events {
        match event {
            Event::Begin { tab, reads, .. } => under_way.push((*tab, *reads)),
            Event::End { tab, .. } => under_way.retain(|(other, _)| other != tab),
            _ => {}
        }
    }
    let view = |reads| if reads { View::Read } else { View::Untouched };
    let mut all = events.to_vec();
    all.extend(under_way.into_iter().map(|(tab, reads)| Event::End { tab, view: view(reads) }));
    let mut agents = vec![Agent::Browser];
    if events.contains(&Event::Copy) {
        agents.push(Agent::Thief);
    }
    let last = all.len();
    all.extend(agents.into_iter().map(|agent| Event::Request { agent, tab: Tab(0), view: View::Read }));
    let mut story = overlaps.story(&all);
    story.steps.insert(last, Step::Look);
    story
}

/// The request that asks a story, as a line of the protocol.
pub fn line(story: &Story) -> String {
    let mut line = json!({ "id": 1, "op": "story" });
    if let (Json::Object(line), Json::Object(members)) = (&mut line, Call::Story(story.clone()).to_json()) {
        line.extend(members);
    }
    line.to_string()
}

/// A run as a vector with the answers of the specification. Its id is made of what it asks.
pub fn vector(overlaps: &Overlaps, events: &[Event], rule: &str, comment: String) -> Vector {
    let story = story(overlaps, events);
    let answer = Answer::Story(answer(&story, &overlaps.choices()));
    let call = Call::Story(story);
    let scenario = Scenario::Single(call.clone());
    let mut vector = from_scenario(String::new(), vec![rule.to_owned()], comment, &scenario, &[(call, answer)]);
    let print = Sha256::digest(vector.input.to_string());
    let print: String = print.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    vector.id = format!("explored-{}-{print}", overlaps.world().name);
    vector
}

/// The vectors of runs that take every transition. A story is about more than one rule; the foremost is that of late requests.
pub fn vectors(overlaps: &Overlaps, graph: &Graph<Overlaps>) -> Vec<Vector> {
    let comment = |run: &Run<Overlaps>| format!("{}, {} events", overlaps.world().about, run.events.len());
    graph.covering().map(|run| vector(overlaps, &run.events, "STO-22", comment(&run))).collect()
}
