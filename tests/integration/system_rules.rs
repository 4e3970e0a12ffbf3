//! The rules of the whole system (`SYS-*`), each told as a story of browsers, servers and clocks.

use sessionproof::{
    clock::UnixTime,
    config::{Config, Lifetime},
    model::world::{Answered, CookieSource, Event, Outcome, Request, Server, World},
    protocol::{Action, Choices},
    value::Value,
};
use std::sync::Arc;

/// The lifetime in these stories, in seconds.
const LIFETIME: u64 = 1800;

/// A fraction in the clock, since whole seconds would hide what is rounded.
const START: UnixTime = UnixTime::from_micros(1_700_000_000_250_000);

struct Story {
    world: World,
}

impl Story {
    /// Two browsers and one server.
    fn begin() -> Self {
        Self::with_servers(vec![Server::new(config())])
    }

    fn with_servers(servers: Vec<Server>) -> Self {
        Self { world: World::new(START, servers, 2) }
    }

    fn step(&mut self, event: Event) -> Outcome {
        let outcome = self.world.step(&event, &Choices::default());
        assert_ne!(outcome, Outcome::Absent, "{event:?}");
        outcome
    }

    fn ask(&mut self, request: Request) -> Answered {
        self.step(Event::Request(request)).answer().unwrap().clone()
    }

    fn log_in(&mut self, browser: usize, permanent: bool) {
        let actions =
            vec![Action::Set { key: "user".into(), value: Value::int(42) }, Action::SetPermanent { value: permanent }];
        let answered = self.ask(Request::new(browser, 0, actions));
        assert_eq!(answered.received, [Ok(())]);
    }

    fn log_out(&mut self, browser: usize) {
        self.ask(Request::new(browser, 0, vec![Action::Clear]));
    }

    fn wait(&mut self, seconds: u64) {
        self.step(Event::Advance { micros: seconds * 1_000_000 });
    }

    fn restart(&mut self, browser: usize) {
        self.step(Event::Restart { browser });
    }

    fn reconfigure(&mut self, server: usize, config: Config) {
        self.step(Event::Reconfigure { server, config: Arc::new(config) });
    }

    /// The Cookie header of a browser, as somebody may copy it.
    fn copy_header(&self, browser: usize) -> CookieSource {
        CookieSource::Header(self.world.cookie_header(browser, 0, "/").unwrap())
    }

    /// Whether a server knows the user of a browser, which visits it.
    fn is_in_at(&mut self, server: usize, browser: usize) -> bool {
        is_in(&self.ask(Request::new(browser, server, read())))
    }

    fn is_in(&mut self, browser: usize) -> bool {
        self.is_in_at(0, browser)
    }

    /// The same in another world, which is then forgotten: nothing is renewed.
    fn would_be_in(&self, browser: usize) -> bool {
        Self { world: self.world.clone() }.is_in(browser)
    }

    /// Whether a copied header still opens a session.
    fn is_good(&mut self, cookies: &CookieSource) -> bool {
        let request = Request { cookies: cookies.clone(), ignore_set_cookie: true, ..Request::new(1, 0, read()) };
        is_in(&self.ask(request))
    }
}

fn config() -> Config {
    Config::with_key("key").lifetime(Lifetime::Seconds(1800))
}

fn rotated(fallback: bool) -> Config {
    let rotated = config().secret_key(Some("new key".into()));
    if fallback { rotated.fallback_keys(["key"]) } else { rotated }
}

fn read() -> Vec<Action> {
    vec![Action::Get { key: "user".into() }]
}

fn is_in(answered: &Answered) -> bool {
    assert_eq!(answered.exchanged.status, 200);
    answered.exchanged.results == [Value::int(42)]
}

#[test]
fn sys_1_an_idle_user_is_out_after_the_lifetime() {
    for permanent in [true, false] {
        let mut story = Story::begin();
        story.log_in(0, permanent);
        story.wait(LIFETIME - 1);
        assert!(story.would_be_in(0));
        story.wait(2);
        assert!(!story.is_in(0));
    }
}

#[test]
fn sys_1_the_browser_drops_a_permanent_cookie_up_to_a_second_before_the_server_would() {
    let mut story = Story::begin();
    story.log_in(0, true);
    let copied = story.copy_header(0);
    // Issued a quarter of a second into its second: the date in Expires has no fraction.
    story.wait(LIFETIME);
    assert!(!story.would_be_in(0));
    assert!(story.is_good(&copied));
    story.wait(1);
    assert!(!story.is_good(&copied));
}

#[test]
fn sys_2_an_active_permanent_user_is_never_out() {
    let mut story = Story::begin();
    story.log_in(0, true);
    for _ in 0..100 {
        story.wait(LIFETIME - 1);
        assert!(story.is_in(0));
        story.restart(0);
    }
}

#[test]
fn sys_2_one_gap_longer_than_the_lifetime_is_too_long() {
    let mut story = Story::begin();
    story.log_in(0, true);
    story.wait(LIFETIME - 1);
    assert!(story.is_in(0));
    story.wait(LIFETIME + 1);
    assert!(!story.is_in(0));
}

#[test]
fn sys_2_without_refresh_reading_does_not_keep_the_user_in() {
    let mut story = Story::with_servers(vec![Server::new(config().refresh_each_request(false))]);
    story.log_in(0, true);
    story.wait(LIFETIME - 1);
    assert!(story.is_in(0));
    story.wait(2);
    assert!(!story.is_in(0));
}

#[test]
fn sys_3_closing_the_browser_ends_only_sessions_that_are_not_permanent() {
    let mut story = Story::begin();
    story.log_in(0, false);
    story.log_in(1, true);
    story.restart(0);
    story.restart(1);
    assert!(!story.is_in(0));
    assert!(story.is_in(1));
}

#[test]
fn sys_3_closing_the_browser_ends_the_session_in_that_browser_alone() {
    let mut story = Story::begin();
    story.log_in(0, false);
    story.step(Event::CopyCookie { from: 0, to: 1, name: "session".to_owned() });
    story.restart(0);
    assert!(!story.is_in(0));
    assert!(story.is_in(1));
}

#[test]
fn sys_4_a_copied_cookie_outlives_logout_until_its_age_limit() {
    for permanent in [true, false] {
        let mut story = Story::begin();
        story.log_in(0, permanent);
        let copied = story.copy_header(0);
        story.log_out(0);
        assert!(!story.is_in(0));
        assert!(story.is_good(&copied));
        story.wait(LIFETIME);
        assert!(story.is_good(&copied));
        story.wait(1);
        assert!(!story.is_good(&copied));
    }
}

#[test]
fn sys_4_a_copied_permanent_cookie_that_is_used_lives_on() {
    let mut story = Story::begin();
    story.log_in(0, true);
    story.step(Event::CopyCookie { from: 0, to: 1, name: "session".to_owned() });
    story.log_out(0);
    for _ in 0..10 {
        story.wait(LIFETIME - 1);
        assert!(story.is_in(1));
    }
    assert!(!story.is_in(0));
}

#[test]
fn sys_5_a_change_of_the_lifetime_acts_at_once_on_old_cookies() {
    let mut story = Story::begin();
    story.log_in(0, false);
    story.wait(600);
    story.reconfigure(0, config().lifetime(Lifetime::Seconds(599)));
    assert!(!story.is_in(0));
    story.reconfigure(0, config().lifetime(Lifetime::Seconds(600)));
    assert!(story.is_in(0));
    story.wait(LIFETIME);
    assert!(!story.is_in(0));
    story.reconfigure(0, config().lifetime(Lifetime::Seconds(86400)));
    assert!(story.is_in(0));
}

#[test]
fn sys_5_a_longer_lifetime_does_not_bring_back_what_the_browser_dropped() {
    let mut story = Story::begin();
    story.log_in(0, true);
    let copied = story.copy_header(0);
    story.reconfigure(0, config().lifetime(Lifetime::Seconds(86400)));
    story.wait(LIFETIME + 1);
    assert!(!story.is_in(0));
    assert!(story.is_good(&copied));
}

#[test]
fn sys_6_rotation_with_a_fallback_key_is_seamless() {
    let mut story = Story::begin();
    story.log_in(0, true);
    story.log_in(1, false);
    story.reconfigure(0, rotated(true));
    assert!(story.is_in(0));
    assert!(story.is_in(1));
    // The old key goes: who was renewed since has a signature of the new one.
    story.reconfigure(0, rotated(false));
    assert!(story.is_in(0));
    assert!(!story.is_in(1));
}

#[test]
fn sys_6_rotation_without_a_fallback_key_logs_everybody_out() {
    let mut story = Story::begin();
    story.log_in(0, true);
    story.log_in(1, false);
    story.reconfigure(0, rotated(false));
    assert!(!story.is_in(0));
    assert!(!story.is_in(1));
    // The server does not delete what it cannot read: back with the old key, all are in again.
    story.reconfigure(0, config());
    assert!(story.is_in(0));
    assert!(story.is_in(1));
}

#[test]
fn sys_7_a_session_that_is_not_permanent_has_an_absolute_age_from_its_last_write() {
    let mut story = Story::begin();
    story.log_in(0, false);
    for _ in 0..6 {
        story.wait(LIFETIME / 6);
        assert!(story.is_in(0));
    }
    story.wait(1);
    assert!(!story.is_in(0));
}

#[test]
fn sys_7_a_write_begins_the_age_anew() {
    let mut story = Story::begin();
    story.log_in(0, false);
    story.wait(LIFETIME);
    story.ask(Request::new(0, 0, vec![Action::Set { key: "page".into(), value: Value::int(2) }]));
    story.wait(LIFETIME);
    assert!(story.is_in(0));
    story.wait(1);
    assert!(!story.is_in(0));
}

#[test]
fn sys_8_servers_with_the_same_keys_accept_each_others_cookies() {
    let mut story = Story::with_servers(vec![Server::new(config()), Server::new(config())]);
    story.log_in(0, true);
    assert!(story.is_in_at(1, 0));
    story.reconfigure(1, rotated(false));
    assert!(!story.is_in_at(1, 0));
}

#[test]
fn sys_8_a_server_whose_clock_is_behind_rejects_a_fresh_cookie() {
    let behind = Server { skew: -5_000_000, ..Server::new(config()) };
    let mut story = Story::with_servers(vec![Server::new(config()), behind]);
    story.log_in(0, true);
    story.wait(4);
    assert!(!story.is_in_at(1, 0));
    // A rejected cookie is not deleted, and good as soon as the slower clock has reached its second.
    story.wait(1);
    assert!(story.is_in_at(1, 0));
}

#[test]
fn sys_8_a_server_whose_clock_is_ahead_ends_sessions_early() {
    let ahead = Server { skew: 60_000_000, ..Server::new(config()) };
    let mut story = Story::with_servers(vec![Server::new(config()), ahead]);
    story.log_in(0, false);
    story.wait(LIFETIME - 59);
    assert!(!story.is_in_at(1, 0));
    assert!(story.is_in_at(0, 0));
}

#[test]
fn ua_2_a_browser_whose_clock_is_ahead_drops_the_cookie_on_arrival() {
    let mut story = Story::begin();
    story.world.browsers[0].skew = 2_000_000 * i64::try_from(LIFETIME).unwrap();
    story.log_in(0, true);
    assert!(!story.is_in(0));
    // Without Expires the browser's clock has no say.
    story.log_in(0, false);
    assert!(story.is_in(0));
}
