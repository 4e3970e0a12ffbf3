//! A run as text, one line for each event.

use super::{
    exploration::Exploration,
    observation::Answer,
    state::{START, State},
    system::Run,
};

/// The lines of a run: when it happens, what happens, and what comes of it.
pub fn lines(exploration: &Exploration, run: &Run<Exploration>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(held) = run.start.held_by(0) {
        let kind = if held.permanent { "permanent" } else { "not permanent" };
        lines.push(format!("{:>6}  browser 0 is logged in, {kind}", since_start(&run.start)));
    }
    let mut state = run.start.clone();
    for &event in &run.events {
        let Some((after, answer)) = exploration.happen(&state, event) else { break };
        let outcome = answer.map(|answer| format!(": {}", told(&answer))).unwrap_or_default();
        lines.push(format!("{:>6}  {event}{outcome}", since_start(&after)));
        state = after;
    }
    lines
}

fn since_start(state: &State) -> String {
    format!("{} s", (state.world.now.micros() - START.micros()) / 1_000_000)
}

fn told(answer: &Answer) -> String {
    let sent = match (answer.age(), answer.browser) {
        (Some(age), _) => format!("a cookie of {age} s, lifetime {} s, ", answer.lifetime),
        (None, Some(_)) => "no cookie".to_owned(),
        (None, None) => String::new(),
    };
    let opened = match (answer.is_in(), answer.sent.is_some() || answer.browser.is_none()) {
        (true, _) => "accepted",
        (false, true) => "refused",
        (false, false) => "",
    };
    let set = match answer.set {
        Some(set) if set.deletes => "; deleted",
        Some(set) if set.expires.is_some() => "; set with a date",
        Some(_) => "; set without a date",
        None => "",
    };
    format!("{sent}{opened}{set}")
}
