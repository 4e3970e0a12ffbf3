//! Browsers and servers over a time that passes: the world in which a session begins and ends (`SYS-*`).
//!
//! There is one true time, which only [`Event::Advance`] moves, and nobody sees it: each server and each browser reads a clock
//! of its own that is off by a constant skew. Servers that have the same keys accept each other's cookies; a browser keeps one
//! jar for all of them. A world is a value: the same events from the same world lead to the same world, so that it can be
//! cloned, compared, hashed and searched.
//!
//! What it does not know: networks (an answer comes at the instant of its request), requests that overlap, and everything
//! that the [`browser`](super::browser) and the [`server`] leave out.

use super::{
    browser::{Browser, Ignored, Target},
    server,
};
use crate::{
    clock::UnixTime,
    config::Config,
    protocol::{Action, Choices, Exchange, Response},
};
use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

/// Servers and browsers at an instant.
///
/// It is not `Eq`, for a lifetime may be `NaN`; without such a lifetime, equality is an equivalence.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct World {
    /// The true time.
    pub now: UnixTime,
    /// The servers; events name them by their index.
    pub servers: Vec<Server>,
    /// The browsers; events name them by their index.
    pub browsers: Vec<Agent>,
}

/// A server that runs the application.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// What the application configures.
    pub config: Arc<Config>,
    /// How many microseconds its clock is ahead of the true time.
    pub skew: i64,
    /// The host at which browsers reach it. Several servers may share one, as behind a balancer of load.
    pub host: String,
    /// Whether browsers reach it over a secure connection.
    pub secure: bool,
}

impl Server {
    /// A server at `app.example` over https with a true clock.
    pub fn new(config: Config) -> Self {
        Self { config: Arc::new(config), skew: 0, host: "app.example".to_owned(), secure: true }
    }

    /// The time that it reads from its clock.
    pub fn clock(&self, now: UnixTime) -> UnixTime {
        now.plus_micros(self.skew)
    }

    fn target(&self, path: &str) -> Target {
        Target { host: self.host.clone(), path: path.to_owned(), secure: self.secure }
    }
}

/// Of the configuration, what a search changes is hashed: keys and lifetime. Equal servers have equal hashes, and a lifetime
/// of `-0.0` equals that of `0.0`.
impl Hash for Server {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.skew, &self.host, self.secure).hash(state);
        (&self.config.secret_key, &self.config.fallback_keys, self.config.lifetime.micros()).hash(state);
        self.config.refresh_each_request.hash(state);
    }
}

/// Somebody's browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Agent {
    /// Its cookies.
    pub browser: Browser,
    /// How many microseconds its clock is ahead of the true time.
    pub skew: i64,
}

impl Agent {
    /// The time that it reads from its clock.
    pub fn clock(&self, now: UnixTime) -> UnixTime {
        now.plus_micros(self.skew)
    }
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Time passes, in microseconds.
    Advance {
        /// How much.
        micros: u64,
    },
    /// Every cookie of a name is copied from one browser to another, with all that is known of it: as developer tools do it.
    CopyCookie {
        /// The browser that has it.
        from: usize,
        /// The browser that gets it.
        to: usize,
        /// The cookie's name.
        name: String,
    },
    /// A server restarts with another configuration.
    Reconfigure {
        /// Which.
        server: usize,
        /// The configuration in force from now on.
        config: Arc<Config>,
    },
    /// A browser asks a server.
    Request(Request),
    /// A browser is closed and started again.
    Restart {
        /// Which.
        browser: usize,
    },
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Who asks.
    pub browser: usize,
    /// Who is asked.
    pub server: usize,
    /// The HTTP method.
    pub method: String,
    /// The path.
    pub path: String,
    /// What the view does.
    pub actions: Vec<Action>,
    /// Which cookies are sent.
    pub cookies: CookieSource,
    /// Whether the browser lets the response's Set-Cookie headers go unheeded, as when the response is lost.
    pub ignore_set_cookie: bool,
}

impl Request {
    /// A GET of `/` with the browser's own cookies.
    pub fn new(browser: usize, server: usize, actions: Vec<Action>) -> Self {
        Self {
            browser,
            server,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            actions,
            cookies: CookieSource::Jar,
            ignore_set_cookie: false,
        }
    }
}

/// Which cookies a request carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CookieSource {
    /// This Cookie header, wherever it was copied from.
    Header(String),
    /// What the browser has for the server.
    Jar,
    /// None.
    None,
}

/// What came of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The event names a browser or server that is not there: nothing happened.
    Absent,
    /// A server answered.
    Answered(Box<Answered>),
    /// It happened.
    Done,
}

impl Outcome {
    /// The answer, where there was a request.
    pub fn answer(&self) -> Option<&Answered> {
        match self {
            Self::Answered(answered) => Some(answered),
            Self::Absent | Self::Done => None,
        }
    }
}

/// A request that was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The request as the server got it, with the time that its clock showed.
    pub call: Exchange,
    /// What the server did.
    pub exchanged: Response,
    /// What became of each Set-Cookie header of the answer in the browser; empty when it did not heed them.
    pub received: Vec<Result<(), Ignored>>,
}

impl World {
    /// A world of some servers and as many browsers with true clocks.
    pub fn new(now: UnixTime, servers: Vec<Server>, browsers: usize) -> Self {
        Self { now, servers, browsers: vec![Agent::default(); browsers] }
    }

    /// Lets something happen, with servers that do what the specification says.
    pub fn step(&mut self, event: &Event, choices: &Choices) -> Outcome {
        self.step_with(event, |call| server::exchange(call, choices))
    }

    /// Lets something happen, with servers that do what `serve` says.
    pub fn step_with(&mut self, event: &Event, serve: impl FnOnce(&Exchange) -> Response) -> Outcome {
        let done = match event {
            Event::Advance { micros } => {
                self.now = self.now.plus_micros(i64::try_from(*micros).unwrap_or(i64::MAX));
                self.evict();
                Some(Outcome::Done)
            }
            Event::CopyCookie { from, to, name } => self.copy_cookie(*from, *to, name),
            Event::Reconfigure { server, config } => self.servers.get_mut(*server).map(|server| {
                server.config = Arc::clone(config);
                Outcome::Done
            }),
            Event::Request(request) => self.request(request, serve),
            Event::Restart { browser } => self.browsers.get_mut(*browser).map(|agent| {
                agent.browser.restart();
                Outcome::Done
            }),
        };
        done.unwrap_or(Outcome::Absent)
    }

    /// The Cookie header that a browser would send to a server's path now; `None` without cookies for it, or where either is
    /// not there.
    pub fn cookie_header(&self, browser: usize, server: usize, path: &str) -> Option<String> {
        let agent = self.browsers.get(browser)?;
        agent.browser.cookie_header(&self.servers.get(server)?.target(path), agent.clock(self.now))
    }

    /// Forgets expired cookies, so that worlds between which nobody can tell are equal.
    fn evict(&mut self) {
        for agent in &mut self.browsers {
            agent.browser.evict(agent.clock(self.now));
        }
    }

    fn copy_cookie(&mut self, from: usize, to: usize, name: &str) -> Option<Outcome> {
        let stored = self.browsers.get(from)?.browser.cookies().iter();
        let copies: Vec<_> = stored.filter(|cookie| cookie.name == name).cloned().collect();
        let agent = self.browsers.get_mut(to)?;
        for cookie in copies {
            agent.browser.store(cookie);
        }
        // The other browser's clock may say that it is over.
        agent.browser.evict(agent.clock(self.now));
        Some(Outcome::Done)
    }

    fn request(&mut self, request: &Request, serve: impl FnOnce(&Exchange) -> Response) -> Option<Outcome> {
        let cookie_header = match &request.cookies {
            CookieSource::Header(header) => Some(header.clone()),
            CookieSource::Jar => self.cookie_header(request.browser, request.server, &request.path),
            CookieSource::None => None,
        };
        let server = self.servers.get(request.server)?;
        let agent = self.browsers.get_mut(request.browser)?;
        let call = Exchange {
            config: Arc::clone(&server.config),
            now: server.clock(self.now),
            cookie_header,
            method: request.method.clone(),
            path: request.path.clone(),
            actions: request.actions.clone(),
        };
        let exchanged = serve(&call);
        let mut received = Vec::new();
        if !request.ignore_set_cookie {
            let headers: Vec<&String> = set_cookies(&exchanged).collect();
            received = agent.browser.receive(&headers, &server.target(&request.path), agent.clock(self.now));
        }
        Some(Outcome::Answered(Box::new(Answered { call, exchanged, received })))
    }
}

fn set_cookies(exchanged: &Response) -> impl Iterator<Item = &String> {
    let named = exchanged.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Set-Cookie"));
    named.map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Lifetime, value::Value};
    use std::{collections::BTreeSet, hash::DefaultHasher};

    fn world() -> World {
        let servers = vec![Server::new(Config::with_key("key"))];
        World::new(UnixTime::from_seconds(1_700_000_000), servers, 2)
    }

    fn log_in() -> Event {
        Event::Request(Request::new(0, 0, vec![Action::Set { key: "user".into(), value: Value::int(1) }]))
    }

    fn step(world: &mut World, event: &Event) -> Outcome {
        world.step(event, &Choices::default())
    }

    fn hash(world: &World) -> u64 {
        let mut hasher = DefaultHasher::new();
        world.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn the_same_events_lead_to_the_same_world() {
        let (mut one, mut two) = (world(), world());
        for event in [log_in(), Event::Advance { micros: 5 }, Event::Restart { browser: 1 }] {
            assert_eq!(step(&mut one, &event), step(&mut two, &event));
            assert_eq!((&one, hash(&one)), (&two, hash(&two)));
        }
        step(&mut one, &log_in());
        assert_ne!(hash(&one), hash(&world()));
    }

    #[test]
    fn servers_that_differ_in_what_a_search_changes_have_other_hashes() {
        let with = |change: fn(&mut Server)| {
            let mut changed = world();
            change(&mut changed.servers[0]);
            hash(&changed)
        };
        let hashes = [
            with(|_| {}),
            with(|server| server.skew = 1),
            with(|server| server.host = "elsewhere.example".to_owned()),
            with(|server| server.config = Arc::new(Config::with_key("other"))),
            with(|server| server.config = Arc::new(Config::with_key("key").lifetime(Lifetime::Seconds(5)))),
        ];
        assert_eq!(BTreeSet::from(hashes).len(), hashes.len());
    }

    #[test]
    fn a_copied_cookie_is_sent_by_the_other_browser_alone_and_under_its_name() {
        let mut world = world();
        step(&mut world, &log_in());
        let of_first = world.cookie_header(0, 0, "/");
        assert!(of_first.as_ref().is_some_and(|header| header.starts_with("session=")), "{of_first:?}");
        for (name, sent) in [("another", None), ("session", of_first)] {
            let copy = Event::CopyCookie { from: 0, to: 1, name: name.to_owned() };
            assert_eq!(step(&mut world, &copy), Outcome::Done);
            assert_eq!(world.cookie_header(1, 0, "/"), sent, "{name}");
        }
        assert_eq!([world.cookie_header(0, 1, "/"), world.cookie_header(2, 0, "/")], [None, None]);
    }

    #[test]
    fn expired_cookies_are_forgotten_as_time_passes() {
        let mut world = world();
        let permanent = vec![Action::SetPermanent { value: true }];
        step(&mut world, &Event::Request(Request::new(0, 0, permanent)));
        let kept = |world: &World| world.browsers[0].browser.cookies().len();
        for (days, left) in [(31, 1), (1, 0)] {
            step(&mut world, &Event::Advance { micros: days * 86_400_000_000 - 1 });
            assert_eq!(kept(&world), left, "{days}");
        }
    }

    #[test]
    fn nothing_happens_to_those_who_are_not_there() {
        let mut after = world();
        for event in [
            Event::CopyCookie { from: 0, to: 2, name: "session".to_owned() },
            Event::CopyCookie { from: 2, to: 0, name: "session".to_owned() },
            Event::Reconfigure { server: 1, config: Arc::default() },
            Event::Request(Request::new(2, 0, Vec::new())),
            Event::Request(Request::new(0, 1, Vec::new())),
            Event::Restart { browser: 2 },
        ] {
            assert_eq!(step(&mut after, &event), Outcome::Absent, "{event:?}");
        }
        assert_eq!(after, world());
    }

    #[test]
    fn each_reads_its_own_clock() {
        let mut world = world();
        world.servers[0].skew = -2_500_000;
        world.browsers[0].skew = 1_000_000;
        let outcome = step(&mut world, &log_in());
        assert_eq!(outcome.answer().unwrap().call.now, world.now.plus_micros(-2_500_000));
        assert_eq!(world.browsers[0].browser.cookies()[0].created, world.now.plus_micros(1_000_000));
    }

    #[test]
    fn a_lost_response_leaves_the_browser_as_it_was() {
        let mut after = world();
        let Event::Request(request) = log_in() else { unreachable!() };
        let lost = Event::Request(Request { ignore_set_cookie: true, ..request });
        assert_eq!(step(&mut after, &lost).answer().unwrap().received, []);
        assert_eq!(after, world());
    }

    #[test]
    fn servers_may_be_other_implementations() {
        let silent = |_: &Exchange| Response { status: 204, opened: None, results: Vec::new(), headers: Vec::new() };
        let outcome = world().step_with(&log_in(), silent);
        assert_eq!(outcome.answer().unwrap().exchanged.status, 204);
    }
}
