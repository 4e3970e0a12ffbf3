//! Stories: browsers, servers and clocks together, as one check.
//!
//! A story describes a [`World`]: its browsers and servers at first, and the events. The implementation under test plays every
//! server. It answers each request. The browsers keep cookies as *its* Set-Cookie headers say, for as long as their own clocks
//! allow, and send them back. For each request a story is replayed from its beginning with the answers so far. Nothing is kept
//! between two calls, and the same answers always lead to the same call. The cost grows with the square of the number of
//! requests, of which a story has few.
//!
//! It does not know different hosts, paths and connections. Every server is reached at one host over https, as behind a load
//! balancer.

use super::source::{Source, is_jar};
use crate::cookie_text::{self, set_cookie};
use crate::{
    clock::UnixTime,
    config::Config,
    model::{
        browser::Ignored,
        world::{self, Agent, CookieSource, World},
    },
    protocol::{Action, Answer, Call, Exchange, Response},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};

/// Who is there at first, and what happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// The true time at first.
    pub start: UnixTime,
    /// The servers; events name them by their index.
    pub servers: Vec<Server>,
    /// The browsers; events name them by their index.
    pub browsers: Vec<Browser>,
    /// What happens, in order.
    pub events: Vec<Event>,
}

/// A server at first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// What the application configures.
    pub config: Arc<Config>,
    /// How many microseconds its clock is ahead of the true time; seconds in JSON.
    #[serde(default, with = "seconds", skip_serializing_if = "is_zero")]
    pub skew: i64,
}

/// A browser at first, without cookies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Browser {
    /// How many microseconds its clock is ahead of the true time; seconds in JSON.
    #[serde(default, with = "seconds", skip_serializing_if = "is_zero")]
    pub skew: i64,
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Event {
    /// The session cookie is copied from one browser to another, with all that is known of it.
    Copy {
        /// The browser that has it.
        from: usize,
        /// The browser that gets it.
        to: usize,
    },
    /// A server restarts with another configuration.
    Reconfigure {
        /// Which.
        server: usize,
        /// The whole configuration from now on.
        config: Arc<Config>,
    },
    /// A browser asks a server.
    Request(Request),
    /// A browser is closed and started again.
    Restart {
        /// Which.
        browser: usize,
    },
    /// Time passes: microseconds, in JSON seconds.
    Wait(#[serde(with = "seconds")] i64),
}

/// One request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Who asks.
    pub browser: usize,
    /// Who is asked.
    pub server: usize,
    /// Which cookie is sent. [`Source::From`] counts events from 0.
    #[serde(default, skip_serializing_if = "is_jar")]
    pub cookie: Source,
    /// The HTTP method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What the view does with the session.
    #[serde(default)]
    pub actions: Vec<Action>,
    /// Whether the browser lets the Set-Cookie headers of the answer go unheeded, as when the answer is lost.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore_set_cookie: bool,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// Microseconds that are a number of seconds in JSON.
mod seconds {
    use crate::clock::UnixTime;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(micros: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        UnixTime::from_micros(*micros).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        UnixTime::deserialize(deserializer).map(UnixTime::micros)
    }
}

impl Request {
    /// A GET of `/` with the browser's own cookie.
    pub fn new(browser: usize, server: usize, actions: Vec<Action>) -> Self {
        let (cookie, method, path) = (Source::Jar, None, None);
        Self { browser, server, cookie, method, path, actions, ignore_set_cookie: false }
    }

    /// The HTTP method.
    pub fn method(&self) -> &str {
        self.method.as_deref().unwrap_or("GET")
    }

    /// The path.
    pub fn path(&self) -> &str {
        self.path.as_deref().unwrap_or("/")
    }
}

/// A story replayed up to the first request without an answer.
#[derive(Clone, Debug)]
pub struct Replay {
    /// What happened.
    pub steps: Vec<Step>,
    /// The world after that.
    pub world: World,
    /// The request that waits for its answer; `None` if the story is over.
    pub pending: Option<Pending>,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Step {
    /// The event's index.
    pub event: usize,
    /// The true time before it.
    pub at: UnixTime,
    /// For a request that was answered, the answer's index.
    pub answer: Option<usize>,
    /// What became of its Set-Cookie headers in the browser.
    pub received: Vec<Result<(), Ignored>>,
}

/// A request that waits for its answer.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The event's index.
    pub event: usize,
    /// What is asked.
    pub call: Exchange,
    /// The same as an event of the world.
    pub request: world::Request,
}

impl Story {
    /// Replays the story with the answers so far, up to the request that has none.
    pub fn replay_to(&self, answers: &[(Call, Answer)]) -> Replay {
        let mut replay = Replay { steps: Vec::new(), world: self.world(), pending: None };
        for (event, what) in self.events.iter().enumerate() {
            if replay.pending.is_some() {
                break;
            }
            let at = replay.world.now;
            let mut step = Step { event, at, answer: None, received: Vec::new() };
            if let Event::Request(request) = what {
                replay.request(event, self.to_world(request, &replay, answers), answers, &mut step);
            } else {
                for change in changes(what, &replay.world) {
                    replay.world.step_with(&change, silence);
                }
            }
            if replay.pending.is_none() {
                replay.steps.push(step);
            }
        }
        replay
    }

    /// The next call after the calls that were answered.
    pub fn next(&self, answers: &[(Call, Answer)]) -> Option<Call> {
        self.replay_to(answers).pending.map(|pending| Call::Exchange(pending.call))
    }

    /// The requests, in order.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.events.iter().filter_map(|event| match event {
            Event::Request(request) => Some(request),
            _ => None,
        })
    }

    /// The same story where no server has another configuration than this. Events stay where they are, since others count them.
    pub fn with_config(mut self, config: &Arc<Config>) -> Self {
        let reconfigured = self.events.iter_mut().filter_map(|event| match event {
            Event::Reconfigure { config, .. } => Some(config),
            _ => None,
        });
        let servers = self.servers.iter_mut().map(|server| &mut server.config);
        servers.chain(reconfigured).for_each(|there| there.clone_from(config));
        self
    }

    /// The story without what comes behind so many requests.
    pub fn up_to(&self, requests: usize) -> Self {
        let is_request = |event: &&Event| matches!(event, Event::Request(_));
        let last =
            self.events.iter().enumerate().filter(|(_, event)| is_request(event)).nth(requests.saturating_sub(1));
        let kept = last.map_or(self.events.len(), |(at, _)| at + 1);
        Self { events: self.events.iter().take(kept).cloned().collect(), ..self.clone() }
    }

    /// Whether events name only who is there, and what came before.
    ///
    /// # Errors
    ///
    /// What is wrong, and where.
    pub fn check(&self) -> Result<(), String> {
        for (number, event) in self.events.iter().enumerate() {
            let (browsers, servers) = match event {
                Event::Copy { from, to } => (vec![*from, *to], None),
                Event::Reconfigure { server, .. } => (Vec::new(), Some(*server)),
                Event::Request(request) => (vec![request.browser], Some(request.server)),
                Event::Restart { browser } => (vec![*browser], None),
                Event::Wait(micros) if *micros < 0 => return Err(format!("events[{number}]: time does not go back")),
                Event::Wait(_) => (Vec::new(), None),
            };
            if let Some(browser) = browsers.into_iter().find(|browser| *browser >= self.browsers.len()) {
                return Err(format!("events[{number}]: there is no browser {browser}"));
            }
            if let Some(server) = servers.filter(|server| *server >= self.servers.len()) {
                return Err(format!("events[{number}]: there is no server {server}"));
            }
            if let Event::Request(Request { cookie: Source::From(earlier), .. }) = event
                && !matches!(self.events.get(*earlier), Some(Event::Request(_)) if *earlier < number)
            {
                return Err(format!("events[{number}]: event {earlier} is no earlier request"));
            }
        }
        Ok(())
    }

    fn world(&self) -> World {
        let servers = self.servers.iter().map(|server| {
            let config = Arc::clone(&server.config);
            world::Server { config, skew: server.skew, ..world::Server::new(Config::default()) }
        });
        let browsers = self.browsers.iter().map(|browser| Agent { skew: browser.skew, ..Agent::default() });
        World { now: self.start, servers: servers.collect(), browsers: browsers.collect() }
    }

    fn to_world(&self, request: &Request, replay: &Replay, answers: &[(Call, Answer)]) -> world::Request {
        let cookies = match &request.cookie {
            Source::From(event) => {
                replay.cookie_of(*event, request.server, answers).map_or(CookieSource::None, CookieSource::Header)
            }
            Source::Header(header) => CookieSource::Header(header.clone()),
            Source::Jar => CookieSource::Jar,
            Source::None => CookieSource::None,
        };
        world::Request {
            browser: request.browser,
            server: request.server,
            method: request.method().to_owned(),
            path: request.path().to_owned(),
            actions: request.actions.clone(),
            cookies,
            ignore_set_cookie: request.ignore_set_cookie,
        }
    }
}

impl Replay {
    /// Lets a request happen with its answer, or leaves it pending.
    fn request(&mut self, event: usize, request: world::Request, answers: &[(Call, Answer)], step: &mut Step) {
        let number = self.steps.iter().filter(|step| step.answer.is_some()).count();
        let asked = world::Event::Request(request.clone());
        match answers.get(number) {
            Some((_, Answer::Exchange(exchanged))) => {
                let outcome = self.world.step_with(&asked, |_| exchanged.clone());
                if let Some(answered) = outcome.answer() {
                    step.answer = Some(number);
                    step.received.clone_from(&answered.received);
                }
            }
            _ => {
                let outcome = self.world.clone().step_with(&asked, silence);
                self.pending = outcome.answer().map(|answered| Pending { event, call: answered.call.clone(), request });
            }
        }
    }

    /// The Cookie header with what an earlier request's answer set, under the name that a server gives it now.
    fn cookie_of(&self, event: usize, server: usize, answers: &[(Call, Answer)]) -> Option<String> {
        let answer = self.steps.iter().find(|step| step.event == event)?.answer?;
        let (Call::Exchange(call), Answer::Exchange(exchanged)) = answers.get(answer)? else { return None };
        let cookie = set_cookie(exchanged, call).filter(|cookie| !cookie.value.is_empty())?;
        Some(format!("{}={}", cookie_text::name(&self.world.servers.get(server)?.config), cookie.value))
    }
}

/// What an event other than a request changes in the world.
fn changes(event: &Event, world: &World) -> Vec<world::Event> {
    match event {
        Event::Copy { from, to } => {
            let names: BTreeSet<_> = world.servers.iter().map(|server| cookie_text::name(&server.config)).collect();
            names.into_iter().map(|name| world::Event::CopyCookie { from: *from, to: *to, name }).collect()
        }
        Event::Reconfigure { server, config } => {
            vec![world::Event::Reconfigure { server: *server, config: Arc::clone(config) }]
        }
        Event::Request(_) => Vec::new(),
        Event::Restart { browser } => vec![world::Event::Restart { browser: *browser }],
        Event::Wait(micros) => vec![world::Event::Advance { micros: u64::try_from(*micros).unwrap_or(0) }],
    }
}

fn silence(_: &Exchange) -> Response {
    Response { status: 204, opened: None, results: Vec::new(), headers: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Lifetime, model::answer, protocol::Choices, value::Value};

    const SECOND: i64 = 1_000_000;

    fn story(events: Vec<Event>) -> Story {
        let config = Arc::new(Config::with_key("key").lifetime(Lifetime::Seconds(60)));
        Story {
            start: UnixTime::from_micros(1_700_000_000_250_000),
            servers: vec![Server { config, skew: 0 }],
            browsers: vec![Browser::default(), Browser::default()],
            events,
        }
    }

    fn log_in(browser: usize) -> Event {
        let set = Action::Set { key: "user".into(), value: Value::int(1) };
        Event::Request(Request::new(browser, 0, vec![set, Action::SetPermanent { value: true }]))
    }

    fn look(browser: usize) -> Request {
        Request::new(browser, 0, vec![Action::Get { key: "user".into() }])
    }

    /// The calls of a story that the model answers.
    fn calls(story: &Story) -> Vec<Exchange> {
        let mut answers = Vec::new();
        while let Some(call) = story.next(&answers) {
            let answer = answer(&call, &Choices::default());
            answers.push((call, answer));
        }
        let exchange = |(call, _)| match call {
            Call::Exchange(call) => call,
            other => panic!("{other:?}"),
        };
        answers.into_iter().map(exchange).collect()
    }

    fn sent(events: Vec<Event>) -> Vec<bool> {
        calls(&story(events)).into_iter().map(|call| call.cookie_header.is_some()).collect()
    }

    #[test]
    fn browsers_keep_and_send_what_the_answers_tell_them_to() {
        assert_eq!(sent(vec![log_in(0), Event::Request(look(0)), Event::Request(look(1))]), [false, true, false]);
        let over = Event::Wait(60 * SECOND);
        assert_eq!(sent(vec![log_in(0), over, Event::Request(look(0))]), [false, false]);
        let copied = Event::Copy { from: 0, to: 1 };
        assert_eq!(sent(vec![log_in(0), copied, Event::Request(look(1))]), [false, true]);
        let lost = Event::Request(Request { ignore_set_cookie: true, ..look(0) });
        assert_eq!(sent(vec![lost, Event::Request(look(0))]), [false, false]);
    }

    #[test]
    fn an_earlier_cookie_is_sent_whatever_became_of_it() {
        let log_out = Event::Request(Request::new(0, 0, vec![Action::Clear]));
        let copy = |event| Event::Request(Request { cookie: Source::From(event), ..look(1) });
        let calls = calls(&story(vec![log_in(0), Event::Wait(SECOND), log_out, copy(0), copy(2)]));
        assert_eq!(calls[2].cookie_header, calls[1].cookie_header);
        assert_eq!(calls[3].cookie_header, None, "a deletion is no cookie");
    }

    #[test]
    fn each_reads_its_own_clock() {
        let mut skewed = story(vec![log_in(0), Event::Wait(SECOND), Event::Request(look(0))]);
        skewed.servers[0].skew = -5 * SECOND;
        skewed.browsers[0].skew = 120 * SECOND;
        let calls = calls(&skewed);
        assert_eq!(calls[1].now, UnixTime::from_micros(1_699_999_996_250_000));
        assert_eq!(calls[1].cookie_header, None, "the browser's clock is past the Expires already");
    }

    #[test]
    fn stories_survive_their_json() {
        let config = Arc::new(Config::with_key("other"));
        let mut story = story(vec![
            log_in(0),
            Event::Wait(1_500_000),
            Event::Copy { from: 0, to: 1 },
            Event::Restart { browser: 1 },
            Event::Reconfigure { server: 0, config },
            Event::Request(Request { cookie: Source::From(0), method: Some("HEAD".to_owned()), ..look(1) }),
        ]);
        story.servers[0].skew = -2_500_000;
        let json = serde_json::to_string(&story).unwrap();
        assert!(json.contains(r#"{"wait":1.5},{"copy":{"from":0,"to":1}},{"restart":{"browser":1}}"#), "{json}");
        assert_eq!(crate::json::from_str::<Story>(&json).unwrap(), story);
    }

    #[test]
    fn what_cannot_happen_is_said() {
        for (event, why) in [
            (Event::Restart { browser: 2 }, "events[1]: there is no browser 2"),
            (Event::Request(Request::new(0, 1, Vec::new())), "events[1]: there is no server 1"),
            (Event::Wait(-1), "events[1]: time does not go back"),
            (
                Event::Request(Request { cookie: Source::From(1), ..look(0) }),
                "events[1]: event 1 is no earlier request",
            ),
        ] {
            assert_eq!(story(vec![log_in(0), event]).check(), Err(why.to_owned()));
        }
        assert_eq!(story(vec![log_in(0), log_in(1)]).check(), Ok(()));
    }

    #[test]
    fn a_story_ends_with_the_request_that_matters() {
        let whole = story(vec![log_in(0), Event::Wait(1), log_in(0), Event::Wait(1), log_in(0)]);
        assert_eq!(whole.up_to(2).events.len(), 3);
        assert_eq!(whole.up_to(3), whole);
    }
}
