//! One configuration as a system that can be searched: which events can happen, and what each leads to.
//!
//! The model alone decides what servers and browsers do ([`World::step_with`] with [`server::exchange`]). This file only chooses
//! what happens, and records what was seen.

use super::{
    configuration::Configuration,
    event::{Event, Forgery, Keys, LifetimeStep, Secret, View, config},
    mutants::Mutant,
    observation::{Answer, Observation, opened, set},
    properties::{self, Test, Tested},
    state::{Held, State, Text},
    system::{Property, Run, System, Transition},
};
use crate::{
    clock::UnixTime,
    config::Config,
    cookie_text,
    model::{
        server,
        world::{self, Answered, CookieSource, World},
    },
    protocol::{Choices, Exchange, Response, Sign, SignOutcome, Verify, VerifyOutcome},
    value::Value,
};
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
};

/// One configuration, as the specification has it or with a mutant's mistake.
pub struct Exploration {
    configuration: Configuration,
    mutant: Option<Mutant>,
    /// Its properties, with their tests.
    properties: Vec<Tested>,
    /// What servers can be configured with.
    configs: Vec<((Keys, LifetimeStep), Arc<Config>)>,
    /// The answers so far: a server is a function, and the same request is made from many states.
    answered: Mutex<HashMap<Asked, Response>>,
    /// The cookies that were signed with a guessed key so far, by the time of signing.
    guessed: Mutex<HashMap<UnixTime, Option<String>>>,
    /// What is in the cookies that were seen so far.
    texts: Mutex<HashMap<String, Text>>,
}

/// All that an answer depends on: keys and lifetime, the clock, the Cookie header, and what the view does for whom.
type Asked = (Keys, LifetimeStep, UnixTime, Option<String>, View, usize);

/// What was seen of an answer, and the answer.
pub type InFull = (Answer, Box<Answered>);

impl Exploration {
    /// A configuration as the specification has it.
    pub fn new(configuration: Configuration) -> Self {
        let refresh = configuration.refresh;
        let config_of = |pair: (Keys, LifetimeStep)| (pair, Arc::new(config(pair.0, pair.1, refresh)));
        let keys = [Keys::Both, Keys::New, Keys::Old].into_iter();
        let pairs = keys.flat_map(|keys| LifetimeStep::ALL.map(|lifetime| (keys, lifetime)));
        let all = properties::PROPERTIES.iter();
        let properties = all.filter(|tested| (tested.applies_to)(&configuration)).copied().collect();
        Self {
            configs: pairs.map(config_of).collect(),
            properties,
            mutant: None,
            answered: Mutex::default(),
            guessed: Mutex::default(),
            texts: Mutex::default(),
            configuration,
        }
    }

    /// The same with a mutant's mistake.
    pub fn with_mutant(configuration: Configuration, mutant: Mutant) -> Self {
        Self { mutant: Some(mutant), ..Self::new(configuration) }
    }

    /// The configuration.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// A run and what came before it, so that it begins where nobody is logged in.
    pub fn from_nothing(&self, run: &Run<Self>) -> (State, Vec<Event>) {
        let before = run.start.held_by(0).map(|held| log_in(held.permanent));
        (State::start(&self.configuration), before.into_iter().chain(run.events.iter().copied()).collect())
    }

    /// Lets an event happen, and returns the state after it and what a server answered; none if the event cannot happen.
    pub fn happen(&self, before: &State, event: Event) -> Option<(State, Option<Answer>)> {
        self.happen_in_full(before, event).map(|(after, answer)| (after, answer.map(|(answer, _)| answer)))
    }

    /// The same with the whole request and the whole answer.
    pub fn happen_in_full(&self, before: &State, event: Event) -> Option<(State, Option<InFull>)> {
        let mut after = before.clone();
        let mut answer = None;
        match event {
            Event::Tick => self.pass(&mut after)?,
            Event::Copy { from, to } => copy(&mut after, from, to)?,
            Event::Forge { server, forgery } => answer = Some(self.forge(&mut after, server, forgery)?),
            Event::Keys { server, keys } => {
                *after.keys.get_mut(server)? = keys;
                self.reconfigure(&mut after, server)?;
            }
            Event::Lifetime(lifetime) => {
                after.lifetime = lifetime;
                for server in 0..after.keys.len() {
                    self.reconfigure(&mut after, server)?;
                }
            }
            Event::Request { browser, server, view } => {
                answer = Some(self.request(&mut after, browser, server, view)?);
            }
            Event::Restart { browser } => self.restart(&mut after, browser)?,
        }
        after.forget_what_is_gone();
        Some((after, answer))
    }

    fn pass(&self, state: &mut State) -> Option<()> {
        if let Some(left) = &mut state.left {
            *left = left.checked_sub(1).filter(|left| *left >= 0)?;
        }
        self.step(state, &world::Event::Advance { micros: 1_000_000 }, None, None);
        Some(())
    }

    fn restart(&self, state: &mut State, browser: usize) -> Option<()> {
        match self.mutant {
            Some(Mutant::RestartKeepsAll) => {}
            Some(Mutant::RestartForgetsAll) => state.world.browsers.get_mut(browser)?.browser = Default::default(),
            _ => drop(self.step(state, &world::Event::Restart { browser }, None, None)),
        }
        Some(())
    }

    fn reconfigure(&self, state: &mut State, server: usize) -> Option<()> {
        let pair = (*state.keys.get(server)?, state.lifetime);
        let (_, config) = self.configs.iter().find(|(of, _)| *of == pair)?;
        self.step(state, &world::Event::Reconfigure { server, config: Arc::clone(config) }, None, None);
        Some(())
    }

    fn request(&self, state: &mut State, browser: usize, server: usize, view: View) -> Option<(Answer, Box<Answered>)> {
        let sent = state.held_by(browser);
        let same: Vec<usize> = (0..state.held.len())
            .filter(|&other| sent.is_some() && other != browser && state.value_in(other) == state.value_in(browser))
            .collect();
        let lost = self.mutant == Some(Mutant::LogoutLost) && view == View::LogOut;
        let request =
            world::Request { ignore_set_cookie: lost, ..world::Request::new(browser, server, view.actions(browser)) };
        let answered = self.step(state, &world::Event::Request(request), sent, Some((server, view, browser)))?;
        let answer = seen(state, Some(browser), server, view, sent, &answered.exchanged);
        if answered.received.first().is_some_and(Result::is_ok) {
            *state.held.get_mut(browser)? = self.written_down(state, browser, &answer);
        }
        for other in same.into_iter().filter(|_| view == View::LogOut) {
            if let Some(Some(held)) = state.held.get_mut(other) {
                held.logged_out = true;
            }
        }
        Some((answer, answered))
    }

    /// The forger has no browser: the answer goes nowhere.
    fn forge(&self, state: &mut State, server: usize, forgery: Forgery) -> Option<(Answer, Box<Answered>)> {
        let header = format!("session={}", self.forged(state, server, forgery)?);
        let request = world::Request {
            cookies: CookieSource::Header(header),
            ignore_set_cookie: true,
            ..world::Request::new(0, server, View::Read.actions(0))
        };
        let answered = self.step(state, &world::Event::Request(request), None, Some((server, View::Read, 0)))?;
        Some((seen(state, None, server, View::Read, None, &answered.exchanged), answered))
    }

    fn forged(&self, state: &State, server: usize, forgery: Forgery) -> Option<String> {
        let at = state.world.servers.get(server)?;
        let cookie = self.guessed(at.clock(state.world.now))?;
        match forgery {
            Forgery::Guessed => Some(cookie),
            Forgery::Altered => {
                let (payload, _) = cookie.split_once('.')?;
                let (_, signature) = state.value_in(0)?.split_once('.')?;
                Some(format!("{payload}.{signature}"))
            }
        }
    }

    /// A cookie that is signed with a guessed key at this time.
    fn guessed(&self, now: UnixTime) -> Option<String> {
        let mut guessed = self.guessed.lock().unwrap_or_else(PoisonError::into_inner);
        let sign = || {
            let session = [(super::event::USER, Value::int(0)), ("forged", true.into())].into_iter().collect();
            let call = Sign { config: Arc::new(Config::with_key("a guessed key")), now, session };
            match server::sign(&call, &Choices::default()) {
                SignOutcome::Cookie(cookie) => Some(cookie),
                _ => None,
            }
        };
        guessed.entry(now).or_insert_with(sign).clone()
    }

    /// A step of the model's world, in which servers may have the mutant's mistake. A request comes with what is known of the
    /// cookie that is sent, and with the server, the view and the user.
    fn step(
        &self,
        state: &mut State,
        event: &world::Event,
        sent: Option<Held>,
        asked: Option<(usize, View, usize)>,
    ) -> Option<Box<Answered>> {
        let asked = asked.and_then(|(server, view, user)| Some((*state.keys.get(server)?, state.lifetime, view, user)));
        let serve = |call: &Exchange| match (self.mutant, asked) {
            (None, Some(asked)) => self.answer(call, asked),
            (None, None) => server::exchange(call, &Choices::default()),
            (Some(mutant), _) => mutant.exchange(call, sent),
        };
        match World::step_with(&mut state.world, event, serve) {
            world::Outcome::Answered(answered) => Some(answered),
            _ => None,
        }
    }

    fn answer(&self, call: &Exchange, (keys, lifetime, view, user): (Keys, LifetimeStep, View, usize)) -> Response {
        let asked = (keys, lifetime, call.now, call.cookie_header.clone(), view, user);
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.entry(asked).or_insert_with(|| server::exchange(call, &Choices::default())).clone()
    }

    /// What a bystander knows of a cookie that was set: when, by whom, and what was in the session before.
    fn written_down(&self, state: &State, browser: usize, answer: &Answer) -> Option<Held> {
        answer.set.filter(|set| !set.deletes)?;
        let before = answer.opened;
        let (user, permanent, login) = match answer.view {
            View::LogIn { permanent } => (Some(browser), permanent, Some(answer.second)),
            _ => (
                before.and_then(|opened| opened.user),
                before.is_some_and(|opened| opened.permanent),
                answer.sent.filter(|_| answer.is_in()).and_then(|sent| sent.login),
            ),
        };
        Some(Held {
            issued: answer.second,
            login,
            user,
            cart: answer.view == View::Write || before.is_some_and(|opened| opened.cart),
            permanent,
            secret: state.keys.get(answer.server)?.signing(),
            lifetime: state.lifetime,
            text: self.text(state.value_in(browser)?),
            copied: false,
            logged_out: false,
        })
    }

    fn text(&self, cookie: &str) -> Text {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        *texts.entry(cookie.to_owned()).or_insert_with(|| text(cookie))
    }

    fn events(&self, state: &State) -> Vec<Event> {
        // The end of a bounded run has to be one: a user who is still in must not have a way out left.
        if state.left == Some(0) {
            return Vec::new();
        }
        let mut events = vec![Event::Tick];
        let (browsers, servers) = (0..state.held.len(), 0..state.keys.len());
        events.extend(browsers.clone().map(|browser| Event::Restart { browser }));
        if self.configuration.idle.is_some() {
            return events;
        }
        for browser in browsers.clone() {
            for server in servers.clone() {
                let views = self.views(browser).into_iter();
                events.extend(views.map(|view| Event::Request { browser, server, view }));
            }
        }
        if self.configuration.copies {
            let pairs = browsers.clone().flat_map(|from| browsers.clone().map(move |to| (from, to)));
            events.extend(pairs.filter(|(from, to)| from != to).map(|(from, to)| Event::Copy { from, to }));
        }
        for server in servers {
            if self.configuration.forgeries {
                events.extend([Forgery::Altered, Forgery::Guessed].map(|forgery| Event::Forge { server, forgery }));
            }
            if self.configuration.rotation {
                let next = state.keys.get(server).map_or(&[][..], |keys| keys.next());
                events.extend(next.iter().map(|&keys| Event::Keys { server, keys }));
            }
        }
        if self.configuration.lifetimes {
            events.extend(
                LifetimeStep::ALL.into_iter().filter(|lifetime| *lifetime != state.lifetime).map(Event::Lifetime),
            );
        }
        events
    }

    fn views(&self, browser: usize) -> Vec<View> {
        let mut views = vec![View::Read, View::LogOut];
        if self.configuration.writes {
            views.push(View::Write);
        }
        if browser < self.configuration.users {
            views.extend(self.configuration.logins.iter().map(|&permanent| View::LogIn { permanent }));
        }
        views
    }

    /// The rules behind the `sometimes` that an event shows.
    pub(super) fn rules_shown(&self, seen: &Observation<'_>) -> impl Iterator<Item = &'static str> {
        let is_shown = |tested: &&Tested| matches!(tested.test, Test::Sometimes(shows) if shows(seen));
        self.properties.iter().filter(is_shown).map(|tested| tested.property().rule)
    }

    fn answer_to(&self, state: &State, event: Event) -> Option<Answer> {
        self.happen(state, event).and_then(|(_, answer)| answer)
    }
}

impl System for Exploration {
    type State = State;
    type Event = Event;
    /// What a server answered, where one was asked.
    type Seen = Option<Answer>;

    /// Nobody is logged in, or an idle user is: once in each way.
    fn initial_states(&self) -> Vec<State> {
        let start = State::start(&self.configuration);
        if self.configuration.idle.is_none() {
            return vec![start];
        }
        let log_in = |&permanent: &bool| self.happen(&start, log_in(permanent)).map(|(state, _)| state);
        self.configuration.logins.iter().filter_map(log_in).collect()
    }

    fn successors(&self, before: &State) -> Vec<Transition<Self>> {
        let transition = |event| {
            let (state, seen) = self.happen(before, event)?;
            Some(Transition { event, state, seen })
        };
        self.events(before).into_iter().filter_map(transition).collect()
    }

    fn properties(&self) -> Vec<Property> {
        self.properties.iter().map(Tested::property).collect()
    }

    fn shows(&self, property: usize, before: &State, transition: &Transition<Self>) -> bool {
        let Transition { event, state, seen } = transition;
        let seen = Observation { event: *event, before, after: state, answer: seen.as_ref() };
        match self.properties.get(property).map(|tested| tested.test) {
            Some(Test::Always(holds)) => !holds(&seen),
            Some(Test::Sometimes(shows)) => shows(&seen),
            Some(Test::Eventually(_)) | None => false,
        }
    }

    fn eventually_holds(&self, property: usize, state: &State) -> bool {
        let test = self.properties.get(property).map(|tested| tested.test);
        matches!(test, Some(Test::Eventually(holds)) if holds(&|event| self.answer_to(state, event)))
    }
}

/// The login of a user who is idle from then on.
fn log_in(permanent: bool) -> Event {
    Event::Request { browser: 0, server: 0, view: View::LogIn { permanent } }
}

fn copy(state: &mut State, from: usize, to: usize) -> Option<()> {
    let held = state.held_by(from)?;
    let event = world::Event::CopyCookie { from, to, name: "session".to_owned() };
    state.world.step(&event, &Choices::default());
    *state.held.get_mut(to)? = Some(Held { copied: true, ..held });
    Some(())
}

fn seen(
    state: &State,
    browser: Option<usize>,
    server: usize,
    view: View,
    sent: Option<Held>,
    exchanged: &Response,
) -> Answer {
    let second = state.second_of(server);
    let (opened, set) = (opened(exchanged), set(exchanged));
    Answer { browser, server, view, second, lifetime: state.lifetime.seconds(), sent, opened, set }
}

fn text(cookie: &str) -> Text {
    let mut parts = cookie.rsplit('.').skip(1);
    let second = parts.next().and_then(cookie_text::read_timestamp).and_then(|seconds| i64::try_from(seconds).ok());
    let mut payload = DefaultHasher::new();
    parts.for_each(|part| part.hash(&mut payload));
    let signed = |secret: &Secret| {
        let config = Arc::new(Config::with_key(secret.text()));
        let now = UnixTime::from_seconds(second.unwrap_or_default());
        let call = Verify { config, now, cookie: cookie.to_owned() };
        matches!(server::verify(&call, &Choices::default()), VerifyOutcome::Accepted(_))
    };
    Text { payload: payload.finish(), second, secret: [Secret::New, Secret::Old].into_iter().find(signed) }
}
