//! A run as text: one line for each event, with a column for each request that may be under way.

use super::{
    event::{Event, Tab, seconds},
    observer::Facts,
    system::{Overlaps, State},
};
use crate::{explore::system::Run, protocol::story::StepAnswer};

/// How wide what happens is.
const WIDTH: usize = 52;

/// The lines of a run: when it happens, which requests are under way, what happens, and what comes of it.
pub fn lines(overlaps: &Overlaps, run: &Run<Overlaps>) -> Vec<String> {
    let mut state = run.start.clone();
    let tabs = run.events.iter().filter_map(|event| match event {
        Event::Begin { tab, .. } => Some(tab.0 + 1),
        _ => None,
    });
    let tabs = tabs.max().unwrap_or(0);
    let mut lines = Vec::new();
    for &event in &run.events {
        let (after, facts, answer) = overlaps.happen(&state, event);
        let bars: String = (0..tabs).map(|tab| bar(&state, &after, Tab(tab))).collect();
        let what = event.to_string();
        let line = format!("{:>7}  {bars} {what:<WIDTH$} {}", seconds(after.passed()), told(&facts, &answer));
        lines.push(line.trim_end().to_owned());
        state = after;
    }
    lines
}

/// Where a request is, in its column.
fn bar(before: &State, after: &State, tab: Tab) -> &'static str {
    match (before.is_under_way(tab), after.is_under_way(tab)) {
        (false, false) => " ",
        (false, true) => "┌",
        (true, true) => "│",
        (true, false) => "└",
    }
}

fn told(facts: &Facts, answer: &StepAnswer) -> String {
    let mut told = Vec::new();
    if facts.opening.is_some() {
        let data = answer.opened.as_ref();
        let keys = data.into_iter().flat_map(|data| data.iter()).map(|(key, _)| crate::json::to_value(key));
        let keys: Vec<_> = keys.filter_map(|key| key.ok()?.as_str().map(str::to_owned)).collect();
        told.push(if keys.is_empty() { "nobody is in".to_owned() } else { format!("opens {}", keys.join(", ")) });
    }
    if let Some(ending) = &facts.ending {
        told.push(ending.status.to_string());
        match (&ending.set, ending.deleted) {
            (Some(_), _) => told.push("sets the cookie".to_owned()),
            (None, true) => told.push("deletes the cookie".to_owned()),
            (None, false) => {}
        }
        let new = ending.after.keys().filter(|id| !ending.before.contains_key(*id)).count();
        let gone = ending.before.keys().filter(|id| !ending.after.contains_key(*id)).count();
        match (new, gone) {
            (0, 0) => {}
            (new, 0) => told.push(format!("{new} new in the store")),
            (0, gone) => told.push(format!("{gone} gone from the store")),
            (new, gone) => told.push(format!("{new} new in the store, {gone} gone")),
        }
    }
    told.join("; ")
}
