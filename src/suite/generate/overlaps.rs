//! Stories of sessions in a store, whose requests overlap.
//!
//! A story is planned first and then written down, since a plan says "end one of the requests under way" or "until the
//! lifetime is over". Plans shrink by dropping steps and by turning each into the plainest, a request that reads. What is
//! still under way at the end of a plan is ended, and then the store and every user agent are looked at, so that nothing that
//! went wrong stays hidden.
//!
//! The bias: of twenty steps seven are whole requests and seven begin or end one; a quarter of the waits end within a second
//! of a lifetime's end. Stores that are away or full, other prefixes and other keys are rare, since few implementations offer
//! all.

use super::sizes::Sizes;
use crate::{
    case::scenario::Scenario,
    clock::UnixTime,
    config::{Config, Lifetime},
    json::Json,
    protocol::{
        Action, Call,
        story::{Request, Step, StoreState, Story, StoryConfig},
    },
    value::{Map, Value},
};
use proptest::{collection::vec, prelude::*, sample::Index, sample::select};
use std::sync::Arc;

const SECOND: i64 = 1_000_000;
const START: i64 = 1_700_000_000;
/// The user agents of a story.
const AGENTS: [&str; 3] = ["browser", "copier", "other"];
/// Secret keys, as long as some implementations want them.
const KEYS: [&str; 2] =
    ["a key of stories, as long as some want it", "a newer key of stories, as long as some want it"];
/// An id that nobody gave.
const MADE_UP: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// How many requests are under way at once, at most.
const AT_ONCE: usize = 3;

/// Configurations of applications with a store. Times count first, then looks.
pub fn config() -> BoxedStrategy<Config> {
    let lifetime = prop_oneof![
        6 => Just(Lifetime::Seconds(60)),
        2 => Just(Lifetime::Seconds(3600)),
        1 => Just(Lifetime::Seconds(31 * 86_400)),
        1 => Just(Lifetime::Delta(90.5)),
    ];
    let looks = prop_oneof![
        5 => Just(r#"{}"#),
        1 => Just(r#"{"cookie_secure":true,"cookie_httponly":true,"cookie_samesite":"Lax"}"#),
        1 => Just(r#"{"cookie_secure":true,"cookie_samesite":"None","cookie_partitioned":true}"#),
        1 => Just(r#"{"cookie_domain":"localhost","cookie_path":"/"}"#),
        1 => Just(r#"{"cookie_httponly":false,"cookie_secure":false}"#),
    ];
    (lifetime, any::<bool>(), looks).prop_map(|(lifetime, refresh, looks)| named(lifetime, refresh, looks)).boxed()
}

/// A configuration that names all that stories are about, so that no implementation's own defaults count.
fn named(lifetime: Lifetime, refresh: bool, looks: &str) -> Config {
    let mut json: Json = crate::json::from_str(looks).unwrap_or_default();
    if let Some(members) = json.as_object_mut() {
        members.insert("secret_key".to_owned(), KEYS[0].into());
        members.insert("cookie_name".to_owned(), "session".into());
        members.insert("lifetime".to_owned(), crate::json::to_value(&lifetime).unwrap_or_default());
        members.insert("refresh_each_request".to_owned(), Json::Bool(refresh));
    }
    crate::json::from_value(&json).unwrap_or_default()
}

/// Stories of an application that begins with one of these configurations.
pub fn story(configs: BoxedStrategy<Arc<Config>>, sizes: &Sizes) -> BoxedStrategy<Scenario> {
    (configs, vec(plan(), 2..=sizes.steps))
        .prop_map(|(config, plans)| {
            let is_named = config.names("cookie_name") && config.names("refresh_each_request");
            let config = if is_named { config } else { Arc::new(named(Lifetime::Seconds(60), true, "{}")) };
            Scenario::Single(Call::Story(Draft::new(config).write(plans)))
        })
        .boxed()
}

/// Something that is to happen.
#[derive(Clone, Debug)]
enum Plan {
    Away { agent: usize, what: What },
    Begin { agent: usize, what: What },
    Copy,
    End { which: Index, what: What },
    Full { agent: usize },
    Look,
    Lose { is: StoreState },
    MadeUp { writes: bool },
    OtherKey,
    OtherPrefix,
    Request { agent: usize, what: What },
    Restart { lifetime: Option<i64> },
    Wait(Wait),
}

/// What a view does.
#[derive(Clone, Copy, Debug)]
enum What {
    Login { permanent: bool },
    Logout,
    Nested { marked: bool },
    Nothing,
    Read,
    Regenerate,
    Write { key: &'static str },
}

impl What {
    /// What a view may do before it is held. Whether a logout or a new id counts before its request ends is left open.
    fn at_first(self) -> Self {
        match self {
            Self::Logout | Self::Regenerate => Self::Read,
            other => other,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Wait {
    /// This much before or after one lifetime (microseconds).
    Lifetime(i64),
    /// Half a lifetime.
    Half,
    Seconds(i64),
}

fn plan() -> BoxedStrategy<Plan> {
    let agent = || prop_oneof![8 => Just(0_usize), 2 => Just(1), 1 => Just(2)];
    prop_oneof![
        14 => (agent(), what()).prop_map(|(agent, what)| Plan::Request { agent, what }),
        8 => (agent(), what()).prop_map(|(agent, what)| Plan::Begin { agent, what: what.at_first() }),
        6 => (any::<Index>(), what()).prop_map(|(which, what)| Plan::End { which, what }),
        6 => wait().prop_map(Plan::Wait),
        2 => Just(Plan::Look),
        2 => Just(Plan::Copy),
        1 => select(vec![StoreState::Emptied, StoreState::Restarted]).prop_map(|is| Plan::Lose { is }),
        1 => select(vec![None, Some(60), Some(20), Some(7200)]).prop_map(|lifetime| Plan::Restart { lifetime }),
        1 => prop_oneof![
            any::<bool>().prop_map(|writes| Plan::MadeUp { writes }),
            Just(Plan::OtherKey),
            Just(Plan::OtherPrefix),
            (agent(), what()).prop_map(|(agent, what)| Plan::Away { agent, what }),
            agent().prop_map(|agent| Plan::Full { agent }),
        ],
    ]
    .boxed()
}

fn what() -> BoxedStrategy<What> {
    prop_oneof![
        6 => Just(What::Read),
        4 => Just(What::Nothing),
        5 => any::<bool>().prop_map(|permanent| What::Login { permanent }),
        4 => Just(What::Logout),
        5 => select(vec!["cart", "seen"]).prop_map(|key| What::Write { key }),
        2 => Just(What::Regenerate),
        1 => any::<bool>().prop_map(|marked| What::Nested { marked }),
    ]
    .boxed()
}

fn wait() -> BoxedStrategy<Wait> {
    prop_oneof![
        3 => (1_i64..50).prop_map(Wait::Seconds),
        3 => Just(Wait::Half),
        2 => select(vec![-1, 0, 1, 1000, -1000]).prop_map(|millis| Wait::Lifetime(millis * 1000)),
    ]
    .boxed()
}

/// A story that is being written down.
struct Draft {
    config: StoryConfig,
    steps: Vec<Step>,
    /// The names of the requests under way.
    held: Vec<String>,
    begun: usize,
    written: i64,
}

impl Draft {
    fn new(config: Arc<Config>) -> Self {
        Self {
            config: StoryConfig { config, key_prefix: None },
            steps: Vec::new(),
            held: Vec::new(),
            begun: 0,
            written: 0,
        }
    }

    fn write(mut self, plans: Vec<Plan>) -> Story {
        let first = self.config.clone();
        for plan in plans {
            self.plan(plan);
        }
        self.end_all();
        self.steps.push(Step::Look);
        for agent in AGENTS {
            if self.steps.iter().any(|step| uses(step, agent)) {
                let actions = self.actions(What::Read);
                self.steps.push(Step::Request(Request::new(agent, actions)));
            }
        }
        Story { config: first, now: UnixTime::from_seconds(START), steps: self.steps }
    }

    fn plan(&mut self, plan: Plan) {
        match plan {
            Plan::Away { agent, what } => {
                self.end_all();
                self.become_(StoreState::Down);
                self.request(agent, what);
                self.become_(StoreState::Up);
            }
            Plan::Begin { agent, what } if self.held.len() < AT_ONCE => {
                self.begun += 1;
                let name = format!("r{}", self.begun);
                let request = Request::new(AGENTS[agent % AGENTS.len()], self.actions(what));
                self.held.push(name.clone());
                self.steps.push(Step::Begin { name, request });
            }
            Plan::Begin { agent, what } => self.request(agent, what),
            Plan::Copy => {
                let (agent, from) = (AGENTS[1].to_owned(), AGENTS[0].to_owned());
                self.steps.push(Step::Copy { agent, from });
            }
            Plan::End { which, what } if !self.held.is_empty() => {
                let name = self.held.remove(which.index(self.held.len()));
                let actions = match what {
                    // What only reads has nothing new to say at the end.
                    What::Nothing | What::Read => Vec::new(),
                    other => self.actions(other),
                };
                self.steps.push(Step::End { name, actions });
            }
            Plan::End { what, .. } => self.request(0, what),
            Plan::Full { agent } => {
                self.end_all();
                self.become_(StoreState::Full);
                self.request(agent, What::Write { key: "cart" });
                self.become_(StoreState::Up);
            }
            Plan::Look => self.steps.push(Step::Look),
            Plan::Lose { is } => self.become_(is),
            Plan::MadeUp { writes } => {
                let name = &self.config.config.cookie_name;
                let cookie_header = Some(Some(format!("{name}={MADE_UP}")));
                let actions = self.actions(if writes { What::Login { permanent: true } } else { What::Read });
                self.steps.push(Step::Request(Request { cookie_header, ..Request::new(AGENTS[2], actions) }));
            }
            Plan::OtherKey => self.restart(|config| {
                let [one, other] = KEYS;
                let key = if config.config.signing_key() == Some(one.as_bytes()) { other } else { one };
                config.config = Arc::new((*config.config).clone().secret_key(Some(key.into())));
            }),
            Plan::OtherPrefix => self.restart(|config| {
                config.key_prefix = match config.key_prefix.as_deref() {
                    Some("two:") => Some("one:".to_owned()),
                    _ => Some("two:".to_owned()),
                };
            }),
            Plan::Request { agent, what } => self.request(agent, what),
            Plan::Restart { lifetime } => self.restart(|config| {
                if let Some(seconds) = lifetime {
                    config.config = Arc::new((*config.config).clone().lifetime(Lifetime::Seconds(seconds)));
                }
            }),
            Plan::Wait(wait) => {
                let lifetime = i64::try_from(self.config.config.lifetime.micros().unwrap_or(0)).unwrap_or(0);
                let micros = match wait {
                    Wait::Half => lifetime / 2,
                    Wait::Lifetime(by) => lifetime.saturating_add(by),
                    Wait::Seconds(seconds) => seconds * SECOND,
                };
                self.steps.push(Step::Advance { seconds: UnixTime::from_micros(micros.max(0)) });
            }
        }
    }

    fn request(&mut self, agent: usize, what: What) {
        let actions = self.actions(what);
        self.steps.push(Step::Request(Request::new(AGENTS[agent % AGENTS.len()], actions)));
    }

    fn become_(&mut self, is: StoreState) {
        self.steps.push(Step::Store { is });
    }

    /// The application starts again. No request is under way then.
    fn restart(&mut self, change: impl FnOnce(&mut StoryConfig)) {
        self.end_all();
        let mut config = self.config.clone();
        change(&mut config);
        self.config = config.clone();
        self.steps.push(Step::Restart { config: Some(config) });
    }

    fn end_all(&mut self) {
        for name in std::mem::take(&mut self.held) {
            self.steps.push(Step::End { name, actions: Vec::new() });
        }
    }

    fn actions(&mut self, what: What) -> Vec<Action> {
        // No two writes are alike, so that each can be told from the others.
        self.written += 1;
        let value = Value::int(self.written);
        match what {
            What::Login { permanent } => {
                let user = Action::Set { key: "user".into(), value };
                let nested: Map = [("b", 0)].into_iter().collect();
                let list = Action::Set { key: "nested".into(), value: Value::Map(nested) };
                vec![Action::SetPermanent { value: permanent }, user, list]
            }
            What::Logout => vec![Action::Clear],
            What::Nested { marked } => {
                let first =
                    Action::SetDefault { key: "nested".into(), value: Value::Map([("b", 0)].into_iter().collect()) };
                let nested = Action::Mutate { key: "nested".into(), path: vec!["b".into()], value };
                let mark = Action::SetModified { value: true };
                if marked { vec![first, nested, mark] } else { vec![Action::Get { key: "user".into() }] }
            }
            What::Nothing => Vec::new(),
            What::Read => vec![Action::Get { key: "user".into() }, Action::Get { key: "cart".into() }],
            What::Regenerate => vec![Action::Regenerate],
            What::Write { key } => vec![Action::Set { key: key.into(), value }],
        }
    }
}

fn uses(step: &Step, agent: &str) -> bool {
    match step {
        Step::Begin { request, .. } | Step::Request(request) => request.agent == agent,
        Step::Copy { agent: copier, .. } => copier == agent,
        _ => false,
    }
}
