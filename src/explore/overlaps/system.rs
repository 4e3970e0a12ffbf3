//! A world of requests that overlap as a system to search: the model of stores is the implementation, an observer looks on.

use super::{
    event::{Agent, Event, MADE_UP, Setting, Tab, View},
    observer::{Facts, Keys, Observer},
    properties::RULES,
    world::{Restarts, World},
};
use crate::{
    clock::UnixTime,
    config::{Config, Lifetime},
    explore::system::{Kind, Property, System, Transition},
    model::store::{Expected, Mistakes, Stores},
    protocol::{
        Choices,
        story::{Step, StepAnswer, StoreState, Story, StoryConfig},
    },
};
use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

/// When stories begin.
pub const START: UnixTime = UnixTime::from_seconds(1_700_000_000);

/// A world, and the mistakes that its implementation makes.
#[derive(Clone, Debug)]
pub struct Overlaps {
    world: &'static World,
    mistakes: Mistakes,
}

/// What there is at an instant.
#[derive(Clone, Debug)]
pub struct State {
    /// The implementation, its store and the user agents.
    stores: Stores,
    observer: Observer,
    /// The tabs whose requests have read before they were held.
    readers: [bool; 3],
    /// The place of the clock.
    place: u8,
    forges: bool,
    /// Whether nothing is specified from here on.
    is_open: bool,
}

impl State {
    /// How much time has passed since the beginning (microseconds).
    pub const fn passed(&self) -> i64 {
        self.stores.now.micros() - START.micros()
    }

    /// Whether a request is under way in a tab.
    pub fn is_under_way(&self, tab: Tab) -> bool {
        self.observer.is_under_way(tab)
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut ids = self.stores.ids_in_reach();
        if self.forges {
            ids.retain(|id| id != MADE_UP);
            ids.insert(0, MADE_UP.to_owned());
        }
        self.stores.hash_future(&ids, state);
        self.observer.hash(&ids, self.stores.now.micros(), state);
        (self.readers, self.place, self.is_open).hash(state);
    }
}

impl Overlaps {
    /// A world of the specification.
    pub const fn new(world: &'static World) -> Self {
        Self::with(world, Mistakes::NONE)
    }

    /// The same with mistakes.
    pub const fn with(world: &'static World, mistakes: Mistakes) -> Self {
        Self { world, mistakes }
    }

    /// The world.
    pub const fn world(&self) -> &'static World {
        self.world
    }

    /// The choices of the implementation.
    pub fn choices(&self) -> Choices {
        Choices { store: self.world.choices, ..Choices::default() }
    }

    /// The story of some events.
    pub fn story(&self, events: &[Event]) -> Story {
        let mut config = self.config();
        let steps = events.iter().map(|event| {
            config = self.config_after(&config, *event);
            event.step(self.world.permanent, &config)
        });
        let steps = steps.collect();
        Story { config: self.config(), now: START, steps }
    }

    /// Lets an event happen.
    pub fn happen(&self, before: &State, event: Event) -> (State, Facts, StepAnswer) {
        let mut state = before.clone();
        let config = self.config_after(&state.stores.config, event);
        let keys_before = look(&mut state.stores);
        let answer = state.stores.answer(&event.step(self.world.permanent, &config));
        let keys_after = look(&mut state.stores);
        let now = state.stores.now.micros();
        let facts = state.observer.see(self.world, event, now, &answer, keys_before, keys_after);
        match event {
            Event::Advance { .. } => state.place = (state.place + 1) % 3,
            Event::Begin { tab, reads, .. } => set(&mut state.readers, tab, reads),
            Event::End { tab, .. } => set(&mut state.readers, tab, false),
            _ => {}
        }
        state.is_open = facts.is_open;
        (state, facts, answer)
    }

    fn config(&self) -> StoryConfig {
        let mut config = Config::with_key("a key for stories");
        config.lifetime = lifetime(self.world.lifetime);
        config.refresh_each_request = self.world.refresh;
        StoryConfig { config: Arc::new(config), key_prefix: None }
    }

    fn config_after(&self, before: &StoryConfig, event: Event) -> StoryConfig {
        let mut after = before.clone();
        match event {
            Event::Restart(Setting::Key) => {
                let mut config = (*before.config).clone();
                config.secret_key = Some("another key for stories".into());
                after.config = Arc::new(config);
            }
            Event::Restart(Setting::Lifetime(micros)) => {
                let mut config = (*before.config).clone();
                config.lifetime = lifetime(micros);
                after.config = Arc::new(config);
            }
            Event::Restart(Setting::Prefix { other }) => after.key_prefix = other.then(|| "other:".to_owned()),
            _ => {}
        }
        after
    }

    /// All that can happen in a state.
    pub fn events(&self, state: &State) -> Vec<Event> {
        let (world, observer) = (self.world, &state.observer);
        let agents: &[Agent] = if world.thief { &[Agent::Browser, Agent::Thief] } else { &[Agent::Browser] };
        let mut events = Vec::new();
        let tabs = || (0..world.tabs).map(Tab);
        let views = || world.views.iter().copied();
        // Which of the free tabs it is makes no difference.
        let free = tabs().find(|tab| !observer.is_under_way(*tab));
        if let Some(tab) = free {
            for &agent in agents {
                events.extend(views().map(|view| Event::Request { agent, tab, view }));
            }
            if world.forges {
                events.extend(views().map(|view| Event::Forge { tab, view }));
            }
        }
        // A request that overlaps with no other is a whole one.
        for tab in free.into_iter().filter(|_| world.tabs > 1) {
            for &agent in agents {
                let begins = [true, false].into_iter().filter(|reads| *reads || world.views.contains(&View::Untouched));
                events.extend(begins.map(|reads| Event::Begin { agent, tab, reads }));
            }
        }
        for tab in tabs().filter(|tab| observer.is_under_way(*tab)) {
            let reads = get(&state.readers, tab);
            let nothing = if reads { View::Read } else { View::Untouched };
            events.push(Event::End { tab, view: nothing });
            events.extend(views().filter(|view| view.changes()).map(|view| Event::End { tab, view }));
        }
        if world.thief {
            events.push(Event::Copy);
        }
        if world.time {
            events.push(Event::Advance { micros: world.passes(state.place) });
        }
        if !observer.is_busy() {
            events.extend(self.restarts(observer).into_iter().map(Event::Restart));
        }
        events.extend(world.store.iter().filter(|is| is_change(**is, observer)).map(|is| Event::Store(*is)));
        events
    }

    fn restarts(&self, observer: &Observer) -> Vec<Setting> {
        let (usual, step) = (self.world.lifetime, 2 * self.world.instant);
        match self.world.restarts {
            Restarts::Never => Vec::new(),
            Restarts::Key => vec![Setting::Key],
            Restarts::Lifetime => [usual - step, usual, usual + step]
                .into_iter()
                .filter(|lifetime| *lifetime != observer.lifetime())
                .map(Setting::Lifetime)
                .collect(),
            Restarts::Prefix => vec![Setting::Prefix { other: !observer.is_other() }],
            Restarts::Same => vec![Setting::Same],
        }
    }
}

impl System for Overlaps {
    type State = State;
    type Event = Event;
    type Seen = Facts;

    fn initial_states(&self) -> Vec<State> {
        let story = Story { config: self.config(), now: START, steps: Vec::new() };
        vec![State {
            stores: Stores::with(&story, &self.choices(), self.mistakes),
            observer: Observer::new(self.world),
            readers: [false; 3],
            place: 0,
            forges: self.world.forges,
            is_open: false,
        }]
    }

    fn successors(&self, before: &State) -> Vec<Transition<Self>> {
        if before.is_open {
            return Vec::new();
        }
        let transition = |event| {
            let (state, seen, _) = self.happen(before, event);
            Transition { event, state, seen }
        };
        self.events(before).into_iter().map(transition).collect()
    }

    /// The rules, and then for each that its premise is met.
    fn properties(&self) -> Vec<Property> {
        let always = RULES.iter().map(|rule| Property { name: rule.name, rule: rule.rule, kind: Kind::Always });
        let met = RULES.iter().map(|rule| Property { name: rule.witness, rule: rule.rule, kind: Kind::Sometimes });
        always.chain(met).collect()
    }

    fn shows(&self, property: usize, _before: &State, transition: &Transition<Self>) -> bool {
        let keeps = |place: usize| RULES.get(place).and_then(|rule| (rule.keeps)(self.world, &transition.seen));
        match property.checked_sub(RULES.len()) {
            None => keeps(property) == Some(false),
            Some(place) => keeps(place).is_some(),
        }
    }
}

fn is_change(is: StoreState, observer: &Observer) -> bool {
    match is {
        StoreState::Down => !observer.is_away() && !observer.is_full(),
        StoreState::Full => !observer.is_full() && !observer.is_away(),
        StoreState::Up => observer.is_away() || observer.is_full(),
        StoreState::Emptied | StoreState::Restarted => !observer.is_away(),
    }
}

/// What a look at the store shows.
fn look(stores: &mut Stores) -> Keys {
    let Expected::Keys(keys) = stores.step(&Step::Look) else { return Keys::new() };
    keys.into_iter().map(|key| (key.id, key.has_end.then(|| key.left.div_euclid(1000)))).collect()
}

fn lifetime(micros: i64) -> Lifetime {
    match micros % super::world::SECOND {
        0 => Lifetime::Seconds(micros / super::world::SECOND),
        _ => Lifetime::Delta(micros as f64 / 1e6),
    }
}

fn set(readers: &mut [bool; 3], tab: Tab, reads: bool) {
    if let Some(place) = readers.get_mut(usize::from(tab.0)) {
        *place = reads;
    }
}

fn get(readers: &[bool; 3], tab: Tab) -> bool {
    readers.get(usize::from(tab.0)).copied().unwrap_or(false)
}
