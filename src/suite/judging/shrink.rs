//! Shrinks a failure to a small case, within a number of tries.
//!
//! A generated case first descends its shrink tree, which knows how the case was made. A story is then simplified further: events
//! that do not matter are removed, then values become plain, then times become round or move to a boundary. A single call becomes
//! plain in one thing after the other: its key, its lifetime, its looks, what its cookie holds. Each try must break the same rule
//! as before.

mod call;
pub(in crate::suite::judging) mod stories;

pub use call::simplify_call;

use super::divergence::Divergence;
use crate::case::{
    scenario::Scenario,
    source::Source,
    story::{Browser, Event, Request, Story},
};
use crate::{
    adapter::AdapterError,
    clock::UnixTime,
    config::{Config, Fallbacks, Key, Lifetime},
    protocol::{Action, Choices},
    value::Value,
};
use proptest::strategy::ValueTree;
use std::{collections::BTreeMap, sync::Arc};

/// How many smaller cases are tried for one failure, in each of the first two ways.
const TRIES: usize = 1000;

/// A failing case with its divergence.
pub type Failing = (Scenario, Divergence);

/// A shrink tree of cases.
pub type Tree = Box<dyn ValueTree<Value = Scenario>>;

/// Judges some cases together, and gives the place of the first that breaks the same rule, with its divergence.
pub type First<'a> = dyn FnMut(&[Scenario]) -> Result<Option<(usize, Divergence)>, AdapterError> + 'a;

/// The smallest case that breaks the same rule.
pub fn shrink(tree: Tree, failing: Failing, choices: &Choices, is_fixed: bool, first: &mut First<'_>) -> Failing {
    let mut same = |scenario: &Scenario| Ok(first(std::slice::from_ref(scenario))?.map(|(_, found)| found));
    let found = walk_down(tree, failing, &mut same);
    let found = simplify(found, &mut same);
    simplify_call(found, choices, is_fixed, first)
}

fn walk_down(
    mut tree: Tree,
    mut smallest: Failing,
    fails: &mut dyn FnMut(&Scenario) -> Result<Option<Divergence>, AdapterError>,
) -> Failing {
    let mut failed = true;
    for _ in 0..TRIES {
        let moved = if failed { tree.simplify() } else { tree.complicate() };
        if !moved {
            break;
        }
        let scenario = tree.current();
        match fails(&scenario) {
            Ok(Some(divergence)) => {
                failed = true;
                smallest = (scenario, divergence);
            }
            Ok(None) => failed = false,
            Err(_) => break,
        }
    }
    smallest
}

/// Takes the first simpler story that fails, as long as there is one.
fn simplify(
    mut smallest: Failing,
    fails: &mut dyn FnMut(&Scenario) -> Result<Option<Divergence>, AdapterError>,
) -> Failing {
    let mut tries = 0..TRIES;
    while let Scenario::World(whole) = &smallest.0 {
        let story = whole.up_to(smallest.1.before.len() + 1);
        let weight = Weight::of(&story);
        let mut simpler = None;
        for candidate in candidates(&story).into_iter().filter(|candidate| Weight::of(candidate) < weight) {
            if tries.next().is_none() {
                break;
            }
            let candidate = Scenario::World(candidate);
            match fails(&candidate) {
                Ok(Some(divergence)) => {
                    simpler = Some((candidate, divergence));
                    break;
                }
                Ok(None) => {}
                Err(_) => break,
            }
        }
        match simpler {
            Some(simpler) => smallest = simpler,
            None => break,
        }
    }
    smallest
}

/// How far a story is from the simplest: its events count before everything else, its times last.
#[derive(PartialEq, PartialOrd)]
struct Weight {
    events: usize,
    agents: usize,
    text: usize,
    times: usize,
}

impl Weight {
    fn of(story: &Story) -> Self {
        let lifetimes = lifetimes(story);
        let skews = story.servers.iter().map(|server| server.skew).chain(story.browsers.iter().map(|b| b.skew));
        let waits = story.events.iter().filter_map(|event| match event {
            Event::Wait(micros) => Some(oddness(*micros, &preferred_waits(&lifetimes))),
            _ => None,
        });
        let configs = configs(story).map(|config| lifetime_oddness(config.lifetime));
        Self {
            events: story.events.len(),
            agents: story.servers.len() + story.browsers.len(),
            text: serde_json::to_string(&timeless(story)).map_or(0, |text| text.len()),
            times: oddness(story.start.micros(), &[START])
                + skews.map(|skew| oddness(skew, &[0])).sum::<usize>()
                + waits.sum::<usize>()
                + configs.sum::<usize>(),
        }
    }
}

const SECOND: i64 = 1_000_000;
/// The plainest beginning.
const START: i64 = 1_700_000_000 * SECOND;
/// The plainest lifetimes, in seconds, the plainest first.
const LIFETIMES: [i64; 3] = [3600, 60, 2_678_400];

/// How odd a time is: none or little for the preferred ones, then more with each digit that is not zero.
fn oddness(micros: i64, preferred: &[i64]) -> usize {
    preferred.iter().position(|time| *time == micros).unwrap_or_else(|| preferred.len() + digits(micros))
}

fn lifetime_oddness(lifetime: Lifetime) -> usize {
    let preferred = LIFETIMES.iter().position(|seconds| Lifetime::Seconds(*seconds) == lifetime);
    let micros = || lifetime.micros().and_then(|micros| i64::try_from(micros).ok()).unwrap_or(i64::MAX);
    preferred.unwrap_or_else(|| LIFETIMES.len() + digits(micros()))
}

fn digits(number: i64) -> usize {
    number.to_string().chars().filter(|digit| !"-0".contains(*digit)).count()
}

/// A second, then the boundaries of a lifetime, then a minute.
fn preferred_waits(lifetimes: &[i64]) -> Vec<i64> {
    let boundaries = lifetimes.iter().flat_map(|lifetime| [SECOND, 0, -SECOND].map(|by| lifetime.saturating_add(by)));
    [SECOND].into_iter().chain(boundaries.filter(|wait| *wait > 0)).chain([60 * SECOND]).collect()
}

/// The lifetimes in a story, in microseconds.
fn lifetimes(story: &Story) -> Vec<i64> {
    let max_age = |config: &Arc<Config>| config.lifetime.max_age().map(|seconds| seconds.saturating_mul(SECOND));
    let mut all: Vec<_> = configs(story).filter_map(max_age).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn configs(story: &Story) -> impl Iterator<Item = &Arc<Config>> {
    let later = story.events.iter().filter_map(|event| match event {
        Event::Reconfigure { config, .. } => Some(config),
        _ => None,
    });
    story.servers.iter().map(|server| &server.config).chain(later)
}

fn timeless(story: &Story) -> Story {
    let mut story = with_configs(story, |config| config.lifetime = Lifetime::default());
    story.start = UnixTime::default();
    story.servers.iter_mut().for_each(|server| server.skew = 0);
    story.browsers.iter_mut().for_each(|browser| browser.skew = 0);
    for event in &mut story.events {
        if let Event::Wait(micros) = event {
            *micros = 0;
        }
    }
    story
}

/// The same story with every configuration changed.
fn with_configs(story: &Story, change: impl Fn(&mut Config)) -> Story {
    let mut story = story.clone();
    let later = story.events.iter_mut().filter_map(|event| match event {
        Event::Reconfigure { config, .. } => Some(config),
        _ => None,
    });
    for config in story.servers.iter_mut().map(|server| &mut server.config).chain(later) {
        change(Arc::make_mut(config));
    }
    story
}

/// Stories that may be simpler, the greatest steps first.
fn candidates(story: &Story) -> Vec<Story> {
    let mut all = Vec::new();
    without_events(story, &mut all);
    without_agents(story, &mut all);
    with_plain_values(story, &mut all);
    with_plain_configs(story, &mut all);
    with_plain_times(story, &mut all);
    all
}

fn without_events(story: &Story, all: &mut Vec<Story>) {
    let count = story.events.len();
    all.extend((0..count).rev().map(|at| without(story, at)));
    for later in 1..count {
        all.extend((0..later).map(|earlier| without(&without(story, later), earlier)));
    }
    for (at, pair) in story.events.windows(2).enumerate() {
        if let [Event::Wait(one), Event::Wait(other)] = pair {
            let mut merged = without(story, at);
            if let Some(event) = merged.events.get_mut(at) {
                *event = Event::Wait(one.saturating_add(*other));
                all.push(merged);
            }
        }
    }
}

/// Without one event: those behind it move up, and so do the numbers that name them.
fn without(story: &Story, removed: usize) -> Story {
    let mut story = story.clone();
    if removed < story.events.len() {
        story.events.remove(removed);
    }
    for event in &mut story.events {
        if let Event::Request(Request { cookie, .. }) = event
            && let Source::From(earlier) = cookie
        {
            match removed.cmp(earlier) {
                std::cmp::Ordering::Less => *earlier -= 1,
                std::cmp::Ordering::Equal => *cookie = Source::None,
                std::cmp::Ordering::Greater => {}
            }
        }
    }
    story
}

/// Everybody's part taken over by the first, and then without those who have none.
fn without_agents(story: &Story, all: &mut Vec<Story>) {
    if story.browsers.len() > 1 {
        let mut alone = story.clone();
        alone.browsers.truncate(1);
        let mut last = story.clone();
        let dropped = story.browsers.len() - 1;
        last.browsers.truncate(dropped);
        for event in alone.events.iter_mut() {
            browsers_of(event).into_iter().for_each(|browser| *browser = 0);
        }
        for event in last.events.iter_mut() {
            browsers_of(event).into_iter().filter(|browser| **browser == dropped).for_each(|browser| *browser -= 1);
        }
        all.extend([alone, last]);
    }
    if story.servers.len() > 1 {
        for kept in 0..story.servers.len() {
            let mut alone = story.clone();
            alone.servers = story.servers.get(kept).cloned().into_iter().collect();
            alone.events.retain(|event| !matches!(event, Event::Reconfigure { server, .. } if *server != kept));
            // Removed events would shift what later ones name; that is left to the removal of events.
            if alone.events.len() == story.events.len() {
                alone.events.iter_mut().filter_map(server_of).for_each(|server| *server = 0);
                all.push(alone);
            }
        }
        let mut last = story.clone();
        let dropped = story.servers.len() - 1;
        last.servers.truncate(dropped);
        last.events.iter_mut().filter_map(server_of).filter(|server| **server == dropped).for_each(|s| *s -= 1);
        all.push(last);
    }
}

fn browsers_of(event: &mut Event) -> Vec<&mut usize> {
    match event {
        Event::Copy { from, to } => vec![from, to],
        Event::Request(Request { browser, .. }) | Event::Restart { browser } => vec![browser],
        Event::Reconfigure { .. } | Event::Wait(_) => Vec::new(),
    }
}

fn server_of(event: &mut Event) -> Option<&mut usize> {
    match event {
        Event::Reconfigure { server, .. } | Event::Request(Request { server, .. }) => Some(server),
        Event::Copy { .. } | Event::Restart { .. } | Event::Wait(_) => None,
    }
}

fn with_plain_values(story: &Story, all: &mut Vec<Story>) {
    for (at, event) in story.events.iter().enumerate() {
        let Event::Request(request) = event else { continue };
        let plainer = plain_requests(request).into_iter().map(|request| {
            let mut story = story.clone();
            if let Some(event) = story.events.get_mut(at) {
                *event = Event::Request(request);
            }
            story
        });
        all.extend(plainer);
    }
}

fn plain_requests(request: &Request) -> Vec<Request> {
    let with = |change: &dyn Fn(&mut Request)| {
        let mut request = request.clone();
        change(&mut request);
        request
    };
    let mut plain = vec![
        with(&|request| request.actions.clear()),
        with(&|request| request.cookie = Source::Jar),
        with(&|request| request.method = None),
        with(&|request| request.path = None),
        with(&|request| request.ignore_set_cookie = false),
    ];
    for at in (0..request.actions.len()).rev() {
        plain.push(with(&|request| {
            request.actions.remove(at);
        }));
        for action in [Action::Len, Action::Clear, Action::Set { key: "a".into(), value: Value::int(1) }] {
            plain.push(with(&|request| {
                if let Some(there) = request.actions.get_mut(at) {
                    *there = action.clone();
                }
            }));
        }
    }
    plain
}

fn with_plain_configs(story: &Story, all: &mut Vec<Story>) {
    let flask = Config::default();
    all.push(with_configs(story, |config| config.fallback_keys = None));
    all.push(with_configs(story, |config| config.refresh_each_request = flask.refresh_each_request));
    let keys = |config: &Config| {
        let older = match &config.fallback_keys {
            Some(Fallbacks::Keys(keys)) => keys.clone(),
            _ => Vec::new(),
        };
        config.secret_key.clone().into_iter().chain(older).collect::<Vec<_>>()
    };
    let mut names = BTreeMap::new();
    for key in configs(story).flat_map(|config| keys(config)) {
        let count = names.len();
        names.entry(key.as_bytes().to_vec()).or_insert_with(|| format!("key {}", count + 1));
    }
    let name = |key: &mut Key| {
        if let Some(name) = names.get(key.as_bytes()) {
            *key = Key::from(name.as_str());
        }
    };
    all.push(with_configs(story, |config| {
        config.secret_key.iter_mut().for_each(name);
        if let Some(Fallbacks::Keys(keys)) = &mut config.fallback_keys {
            keys.iter_mut().for_each(name);
        }
    }));
}

fn with_plain_times(story: &Story, all: &mut Vec<Story>) {
    for start in [START, START + story.start.micros().rem_euclid(SECOND), story.start.seconds() * SECOND] {
        all.push(Story { start: UnixTime::from_micros(start), ..story.clone() });
    }
    let rounded = |skew: i64| [0, SECOND, -SECOND, skew / SECOND * SECOND];
    for (at, server) in story.servers.iter().enumerate() {
        for skew in rounded(server.skew) {
            let mut story = story.clone();
            story.servers.iter_mut().skip(at).take(1).for_each(|server| server.skew = skew);
            all.push(story);
        }
    }
    for (at, browser) in story.browsers.iter().enumerate() {
        for skew in rounded(browser.skew) {
            let mut story = story.clone();
            story.browsers.iter_mut().skip(at).take(1).for_each(|browser| *browser = Browser { skew });
            all.push(story);
        }
    }
    let lifetimes = lifetimes(story);
    for (at, event) in story.events.iter().enumerate() {
        let Event::Wait(micros) = event else { continue };
        let round = [60 * SECOND, SECOND].map(|unit| micros / unit * unit);
        for wait in preferred_waits(&lifetimes).into_iter().chain(round) {
            let mut story = story.clone();
            story.events.iter_mut().skip(at).take(1).for_each(|event| *event = Event::Wait(wait));
            all.push(story);
        }
    }
    for old in lifetimes {
        all.extend(LIFETIMES.iter().map(|new| with_lifetime(story, old, new * SECOND)));
    }
}

/// One lifetime for another, in microseconds; waits that end at its boundary end at the other's.
fn with_lifetime(story: &Story, old: i64, new: i64) -> Story {
    let mut story = with_configs(story, |config| {
        if config.lifetime.max_age() == Some(old / SECOND) {
            config.lifetime = Lifetime::Seconds(new / SECOND);
        }
    });
    for event in &mut story.events {
        if let Event::Wait(micros) = event
            && (*micros - old).abs() <= 2 * SECOND
        {
            *micros = (*micros - old + new).max(0);
        }
    }
    story
}

#[cfg(test)]
mod tests;
