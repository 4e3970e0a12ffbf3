//! Stories of browsers, servers and clocks.
//!
//! A story is planned first, each event on its own, and then written down: a plan says "until the lifetime of an earlier visit is
//! over, and a second more", and the number of seconds depends on what came before. Plans shrink by dropping events and by
//! turning each into the plainest, a visit that reads.
//!
//! [`Sizes`] limits the length of a story and the number of its browsers and servers. The rest is bias: of twenty events twelve
//! are visits and four are waits; most clocks are true; half of the waits end within a second of a lifetime's end, counted from
//! an earlier visit by its server's clock. Log-in and log-out are as frequent as all other actions together, since without a
//! session nothing can be lost.

use super::{requests, settings, sizes::Sizes};
use crate::{
    case::{
        scenario::Scenario,
        source::Source,
        story::{Browser, Event, Request, Server, Story},
    },
    clock::UnixTime,
    config::{Config, Fallbacks, Key, Lifetime},
    model::session::PERMANENT,
    protocol::Action,
    value::Value,
};
use proptest::{collection::vec, prelude::*, sample::Index, sample::select};
use std::sync::Arc;

const SECOND: i64 = 1_000_000;
/// Nobody's clock shows less, whatever its skew: a second before 1970 has no timestamp.
const FIRST: i64 = 1_000_000 * SECOND;
/// The true time does not go further: six decimals and ten digits are what a double holds.
const LAST: i64 = 4_100_000_000 * SECOND;

/// Stories in which every server begins with one of these configurations, or with a change of it.
pub fn story(configs: BoxedStrategy<Arc<Config>>, sizes: &Sizes) -> BoxedStrategy<Scenario> {
    let servers = vec((skew(), changes()), 1..=sizes.servers);
    let browsers = vec(skew().prop_map(|skew| Browser { skew }), 1..=sizes.browsers);
    (configs, settings::instant(), servers, browsers, vec(plan(sizes), 2..=sizes.steps))
        .prop_map(|(config, start, servers, browsers, plans)| {
            let server = |(skew, change): (i64, Option<Change>)| {
                let config = change.map_or_else(|| config.clone(), |change| change.of(&config));
                Server { config, skew }
            };
            let servers: Vec<_> = servers.into_iter().map(server).collect();
            let start = UnixTime::from_micros(start.micros().clamp(FIRST, LAST));
            Scenario::World(Draft::new(Story { start, servers, browsers, events: Vec::new() }).write(plans))
        })
        .boxed()
}

/// How far a clock is ahead, in microseconds: mostly not at all.
fn skew() -> BoxedStrategy<i64> {
    prop_oneof![
        6 => Just(0i64),
        2 => select(vec![1, -1, 5, -5, 60, -60, 3600, -3600]).prop_map(|seconds| seconds * SECOND),
        1 => (-3 * SECOND)..(3 * SECOND),
    ]
    .boxed()
}

/// Something that is to happen. Who takes part in it is settled when it is known who is there.
#[derive(Clone, Debug)]
enum Plan {
    Copy { from: Index, to: Index },
    Reconfigure { server: Index, everywhere: bool, change: Change },
    Restart { browser: Index },
    Visit { browser: Index, server: Index, visit: Visit },
    Wait(Wait),
}

#[derive(Clone, Debug)]
struct Visit {
    cookie: Sent,
    actions: Vec<Action>,
    target: (&'static str, &'static str),
    ignore_set_cookie: bool,
}

#[derive(Clone, Debug)]
enum Sent {
    /// What an earlier visit was given.
    Earlier(Index),
    Header(&'static str),
    Jar,
    None,
}

#[derive(Clone, Debug)]
enum Wait {
    /// Until this much after the last moment of a lifetime, counted from an earlier visit.
    Boundary {
        visit: Index,
        by: i64,
    },
    Micros(i64),
}

/// What becomes of a server's configuration.
#[derive(Clone, Debug)]
enum Change {
    Lifetime(Lifetime),
    Refresh,
    Rotate { fallback: bool },
}

fn plan(sizes: &Sizes) -> BoxedStrategy<Plan> {
    let (index, server) = (any::<Index>, any::<Index>());
    prop_oneof![
        12 => (index(), server, visit(sizes)).prop_map(|(browser, server, visit)| Plan::Visit { browser, server, visit }),
        4 => wait().prop_map(Plan::Wait),
        1 => index().prop_map(|browser| Plan::Restart { browser }),
        1 => (index(), index()).prop_map(|(from, to)| Plan::Copy { from, to }),
        2 => (index(), any::<bool>(), change())
            .prop_map(|(server, one, change)| Plan::Reconfigure { server, everywhere: !one, change }),
    ]
    .boxed()
}

fn visit(sizes: &Sizes) -> BoxedStrategy<Visit> {
    let cookie = prop_oneof![
        12 => Just(Sent::Jar),
        2 => any::<Index>().prop_map(Sent::Earlier),
        1 => Just(Sent::None),
        1 => select(vec!["session=", "session=e30.AA.AA", "session=eyJ1c2VyIjoxfQ.ZVPxAA.AAAAAAAAAAAAAAAAAAAAAAAAAAA", "other=1"])
            .prop_map(Sent::Header),
    ];
    let log_in = any::<bool>().prop_map(|session| {
        vec![Action::Set { key: "user".into(), value: Value::int(1) }, Action::SetPermanent { value: !session }]
    });
    let log_out = select(vec![
        vec![Action::Clear],
        vec![Action::Pop { key: "user".into(), default: Some(Value::Null) }],
        vec![Action::Pop { key: "user".into(), default: None }, Action::Delete { key: PERMANENT.into() }],
    ]);
    let actions = prop_oneof![
        4 => Just(vec![Action::Get { key: "user".into() }]),
        1 => Just(Vec::new()),
        3 => log_in,
        1 => log_out,
        4 => requests::actions(sizes),
    ];
    let target = prop_oneof![3 => Just(("GET", "/")), 1 => requests::target()];
    let ignore_set_cookie = prop_oneof![9 => Just(false), 1 => Just(true)];
    (cookie, actions, target, ignore_set_cookie)
        .prop_map(|(cookie, actions, target, ignore_set_cookie)| Visit { cookie, actions, target, ignore_set_cookie })
        .boxed()
}

fn wait() -> BoxedStrategy<Wait> {
    let by = prop_oneof![
        3 => select(vec![-1, 0, 1]).prop_map(|seconds| seconds * SECOND),
        1 => -SECOND..2 * SECOND,
    ];
    prop_oneof![
        2 => select(vec![1, 0, 30, 60, 3600]).prop_map(|seconds| Wait::Micros(seconds * SECOND)),
        4 => (any::<Index>(), by).prop_map(|(visit, by)| Wait::Boundary { visit, by }),
        1 => (0i64..5_000_000).prop_map(Wait::Micros),
        1 => (0i64..4_000_000).prop_map(|seconds| Wait::Micros(seconds * SECOND)),
    ]
    .boxed()
}

/// For a server at first: mostly none.
fn changes() -> BoxedStrategy<Option<Change>> {
    prop_oneof![6 => Just(None), 1 => change().prop_map(Some)].boxed()
}

fn change() -> BoxedStrategy<Change> {
    prop_oneof![
        3 => select(vec![3600i64, 60, 1800, 2_678_400]).prop_map(|seconds| Change::Lifetime(Lifetime::Seconds(seconds))),
        1 => Just(Change::Refresh),
        2 => any::<bool>().prop_map(|lost| Change::Rotate { fallback: !lost }),
    ]
    .boxed()
}

impl Change {
    fn of(&self, config: &Config) -> Arc<Config> {
        let mut config = config.clone();
        match self {
            Self::Lifetime(lifetime) => config.lifetime = *lifetime,
            Self::Refresh => config.refresh_each_request = !config.refresh_each_request,
            Self::Rotate { fallback } => {
                let rotated = Key::from("rotated key");
                let next = if config.secret_key.as_ref() == Some(&rotated) { Key::from("next key") } else { rotated };
                let old = config.secret_key.replace(next);
                config.fallback_keys = fallback.then(|| Fallbacks::Keys(old.into_iter().collect()));
            }
        }
        Arc::new(config)
    }
}

/// A story that is being written, with what waits are counted from.
struct Draft {
    story: Story,
    now: i64,
    configs: Vec<Arc<Config>>,
    /// The requests: their events, their times, their servers.
    visits: Vec<(usize, i64, usize)>,
}

impl Draft {
    fn new(story: Story) -> Self {
        let configs = story.servers.iter().map(|server| server.config.clone()).collect();
        Self { now: story.start.micros(), configs, visits: Vec::new(), story }
    }

    fn write(mut self, plans: Vec<Plan>) -> Story {
        let browsers = self.story.browsers.len();
        for plan in plans {
            match plan {
                Plan::Copy { from, to } => self.add(Event::Copy { from: from.index(browsers), to: to.index(browsers) }),
                Plan::Reconfigure { server, everywhere, change } => self.reconfigure(server, everywhere, &change),
                Plan::Restart { browser } => self.add(Event::Restart { browser: browser.index(browsers) }),
                Plan::Visit { browser, server, visit } => self.visit(browser.index(browsers), server, visit),
                Plan::Wait(wait) => self.wait(&wait),
            }
        }
        self.story
    }

    fn add(&mut self, event: Event) {
        self.story.events.push(event);
    }

    fn reconfigure(&mut self, server: Index, everywhere: bool, change: &Change) {
        let one = server.index(self.configs.len());
        for server in 0..self.configs.len() {
            if let Some(config) = self.configs.get_mut(server).filter(|_| everywhere || server == one) {
                *config = change.of(config);
                let config = config.clone();
                self.add(Event::Reconfigure { server, config });
            }
        }
    }

    fn visit(&mut self, browser: usize, server: Index, visit: Visit) {
        let server = server.index(self.configs.len());
        let cookie = match visit.cookie {
            Sent::Earlier(which) => which.get_in(&self.visits).map_or(Source::None, |(event, ..)| Source::From(*event)),
            Sent::Header(header) => Source::Header(header.to_owned()),
            Sent::Jar => Source::Jar,
            Sent::None => Source::None,
        };
        let (method, path) = visit.target;
        let method = (method != "GET").then(|| method.to_owned());
        let path = (path != "/").then(|| path.to_owned());
        self.visits.push((self.story.events.len(), self.now, server));
        let ignore_set_cookie = visit.ignore_set_cookie;
        self.add(Event::Request(Request {
            cookie,
            method,
            path,
            ignore_set_cookie,
            ..Request::new(browser, server, visit.actions)
        }));
    }

    fn wait(&mut self, wait: &Wait) {
        let micros = match wait {
            Wait::Boundary { visit, by } => visit.get_in(&self.visits).map_or(SECOND, |visit| self.until(visit, *by)),
            Wait::Micros(micros) => *micros,
        };
        let micros = micros.clamp(0, (LAST - self.now).max(0));
        self.now += micros;
        self.add(Event::Wait(micros));
    }

    /// How long it is until a lifetime after a visit, and some more: in whole seconds of its server's clock, as ages are.
    fn until(&self, &(_, at, server): &(usize, i64, usize), by: i64) -> i64 {
        let skew = self.story.servers.get(server).map_or(0, |server| server.skew);
        let lifetime = self.configs.get(server).and_then(|config| config.lifetime.max_age()).unwrap_or(0);
        let issued = (at + skew).div_euclid(SECOND) * SECOND;
        let end = issued.saturating_add(lifetime.saturating_mul(SECOND)).saturating_add(by);
        end.saturating_sub(skew).saturating_sub(self.now)
    }
}

trait GetIn {
    /// One of some elements; `None` if there are none.
    fn get_in<'v, T>(&self, of: &'v [T]) -> Option<&'v T>;
}

impl GetIn for Index {
    fn get_in<'v, T>(&self, of: &'v [T]) -> Option<&'v T> {
        if of.is_empty() { None } else { of.get(self.index(of.len())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{strategy::ValueTree, test_runner::TestRunner};

    fn stories(count: usize) -> Vec<Story> {
        let configs = settings::timing().prop_map(Arc::new).boxed();
        let mut runner = TestRunner::deterministic();
        let strategy = story(configs, &Sizes::STANDARD);
        let scenario = |_| strategy.new_tree(&mut runner).unwrap().current();
        let stories = (0..count).map(scenario).map(|scenario| match scenario {
            Scenario::World(story) => story,
            other => panic!("{other:?}"),
        });
        stories.collect()
    }

    #[test]
    fn every_story_can_happen() {
        for story in stories(500) {
            assert_eq!(story.check(), Ok(()), "{story:?}");
            assert!(story.events.len() >= 2);
        }
    }

    #[test]
    fn everything_happens_in_some_story() {
        let stories = stories(500);
        let events: Vec<_> = stories.iter().flat_map(|story| &story.events).collect();
        let count = |is: fn(&Event) -> bool| events.iter().filter(|event| is(event)).count();
        for (what, found) in [
            ("a copy", count(|event| matches!(event, Event::Copy { .. }))),
            ("a change", count(|event| matches!(event, Event::Reconfigure { .. }))),
            ("a restart", count(|event| matches!(event, Event::Restart { .. }))),
            ("a replay", count(|event| matches!(event, Event::Request(Request { cookie: Source::From(_), .. })))),
            ("a lost answer", count(|event| matches!(event, Event::Request(Request { ignore_set_cookie: true, .. })))),
        ] {
            assert!(found > 50, "{what}: {found}");
        }
        assert!(stories.iter().any(|story| story.servers.iter().any(|server| server.skew != 0)));
        assert!(stories.iter().any(|story| story.browsers.iter().any(|browser| browser.skew != 0)));
    }
}
