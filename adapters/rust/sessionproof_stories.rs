//! Stories: version 2 of the adapter protocol, on top of `sessionproof_adapter.rs`.
//!
//! A story is a sequence of steps against one empty store. Requests may overlap: one can be held inside its view while others run.
//! This file reads the steps, holds requests, keeps the cookies of each user agent and moves the clocks. Requests run on a runtime of
//! tokio, and the crate needs its features `rt-multi-thread`, `sync` and `time`. What is left to write is how your framework answers
//! one request:
//!
//! ```ignore
//! mod sessionproof_adapter;
//! mod sessionproof_stories;
//!
//! impl Session for mysessions::Session {
//!     async fn get(&self, key: &str) -> Result<Option<Value>, String> { … }   // and what else a session does
//! }
//!
//! async fn request(app: mysessions::App, call: Call) -> Result<Answer, Refusal> {
//!     app.handle(&call.path, call.cookie_header.as_deref(), async |session| {
//!         call.opened(session.items());
//!         call.view(&session).await // the actions; this is where a request is held
//!     })
//! }
//!
//! fn main() {
//!     StoryAdapter { name: "mysessions", version: "1.0", request: |app, call| Box::pin(request(app.clone(), call)), … }.serve();
//! }
//! ```
//!
//! It offers `story` alone. Nothing sleeps here. A held request awaits a channel, and every wait has the same end, [`LIMIT`] after
//! the story began, and an error that says what it waited for. The clock is that of `sessionproof_adapter.rs`, so all threads have it.
//!
//! It knows nothing about any framework.

#![allow(dead_code, reason = "every adapter uses its own part")]

use crate::sessionproof_adapter::{
    Config, Refusal, answer_lines, clock, decode, encode, error, instant, kept, locked, no_more, panic_text, text,
    unsupported,
};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    fmt,
    pin::Pin,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

const PROTOCOL: u64 = 2;
/// A story takes at most so long, so that the suite, which waits for 10 s, hears why.
pub const LIMIT: Duration = Duration::from_secs(7);
/// What a request that is let go after an error may still take.
const GRACE: Duration = Duration::from_secs(1);
const HOST: &str = "localhost";

/// The choices with what counts where an adapter names none.
const CHOICES: [(&str, &str); 8] = [
    ("boundary", "inclusive"),
    ("renew", "request"),
    ("late_write", "error"),
    ("concurrent", "last"),
    ("full", "refuse"),
    ("down", "error"),
    ("guard", "none"),
    ("permanence", "browser"),
];

/// The members of each step, and those that it cannot be without.
const STEPS: [(&str, &[&str], &[&str]); 8] = [
    ("request", &["as", "actions", "method", "path", "cookie_header"], &["as"]),
    ("begin", &["name", "as", "actions", "method", "path", "cookie_header"], &["name", "as"]),
    ("end", &["name", "actions"], &["name"]),
    ("advance", &["seconds"], &["seconds"]),
    ("look", &[], &[]),
    ("copy", &["as", "from"], &["as", "from"]),
    ("store", &["is"], &["is"]),
    ("restart", &["config"], &[]),
];

/// Where all requests run.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("threads for the requests can be started")
});

/// The result of a future, for other threads than those of the runtime.
pub fn awaited<R>(future: impl Future<Output = R>) -> Result<R, Refusal> {
    let within = RUNTIME.block_on(async { timeout(LIMIT, future).await });
    within.map_err(|_| error(format!("the store did not answer within {} s", LIMIT.as_secs())))
}

/// What runs together, for reports: the releases of these crates in a lock file.
pub fn runtime_with(lock: &'static str, crates: &[&str]) -> String {
    let crates = crates.iter().map(|name| format!(", {name} {}", locked(lock, name)));
    format!("rust on {}{}", std::env::consts::ARCH, crates.collect::<String>())
}

/// One implementation, whose sessions live in a store, behind the protocol. `T` is what is built once for each configuration, and at
/// each step `restart`.
pub struct StoryAdapter<'a, T, S> {
    pub name: &'static str,
    pub version: &'static str,
    /// What it runs on, for reports.
    pub runtime: String,
    pub store: S,
    /// The config members that it does not have: where one has a value that is not the default, the story is unsupported.
    pub missing: &'static [&'static str],
    /// The actions that [`Session::act`] does. Those of [`COMMON`] come besides.
    pub actions: &'static [&'static str],
    /// The kinds of session value that survive.
    pub values: &'static [&'static str],
    /// What differs from the first value of each choice.
    pub choices: &'a [(&'static str, &'static str)],
    /// The unit, in milliseconds, in which ends are kept.
    pub precision_ms: u64,
    pub build: &'a dyn Fn(&Config) -> Result<T, Refusal>,
    /// Answers one whole request.
    pub request: fn(&T, Call) -> Answering,
    /// The cookie's value for a key of the store; `None` for a key that is no session.
    pub ident: fn(&T, &str) -> Option<String>,
}

/// A request under way.
pub type Answering = Pin<Box<dyn Future<Output = Result<Answer, Refusal>> + Send>>;

/// The answer to a request.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
}

/// What the helper asks of a store.
pub trait Store {
    /// The store and its version, for reports.
    fn name(&self) -> String;

    /// `held`: the store's clock stands still between steps. `advanced`: it runs, and is moved besides.
    fn clock(&self) -> &'static str {
        "held"
    }

    /// What it can be made, by the protocol's words.
    fn states(&self) -> &'static [&'static str];

    /// Connects, and refuses with a clear message a store that is not there or that holds anything.
    fn open(&self) -> Result<(), Refusal> {
        Ok(())
    }

    /// It is empty and reachable, with room, at this time.
    fn begin(&self, now: SystemTime) -> Result<(), Refusal>;

    /// The application's clock has moved: the store's is moved by as much.
    fn advance(&self, _by: Duration) -> Result<(), Refusal> {
        Ok(())
    }

    fn look(&self) -> Result<Vec<Kept>, Refusal>;

    /// It becomes one of its states.
    fn turn(&self, state: &str) -> Result<(), Refusal>;
}

/// A key of the store.
pub struct Kept {
    pub key: String,
    /// The remaining life; `None` for no end.
    pub ends_in_ms: Option<i64>,
    pub bytes: usize,
}

/// The actions that every session has: those of a map, and what the view does itself.
pub const COMMON: [&str; 11] =
    ["contains", "delete", "get", "not_found", "nothing", "pop", "raise", "set", "setdefault", "union", "update"];

/// The session of a request, as the view has it. An error of it ends the view.
pub trait Session: Sync {
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Value>, String>> + Send;

    fn set(&self, key: &str, value: &Value) -> impl Future<Output = Result<(), String>> + Send;

    /// Returns what was there.
    fn remove(&self, key: &str) -> impl Future<Output = Result<Option<Value>, String>> + Send;

    /// Does one of the adapter's own actions, and gives the result.
    fn act(&self, action: &Action) -> impl Future<Output = Result<Value, String>> + Send;
}

/// Why a view ended early.
#[derive(Debug)]
pub enum Broken {
    /// Its story broke off.
    GivenUp,
    /// It answers 404.
    NotFound,
    /// The session, or the view itself, let an error out.
    Raised(String),
}

impl<T, S: Store> StoryAdapter<'_, T, S> {
    /// Answers requests until standard input ends.
    pub fn serve(&self) {
        let (mut targets, mut is_open, mut stuck) = (Vec::new(), false, None);
        answer_lines(|mut request| {
            let op = text(request.remove("op"), "op")?;
            match op.as_str() {
                "hello" => {
                    let protocol = request.remove("protocol");
                    no_more(&request)?;
                    let mut hello = json!({
                        "name": self.name, "version": self.version, "runtime": self.runtime, "values": self.values,
                        "ops": [], "choices": {},
                    });
                    if protocol == Some(json!(PROTOCOL)) {
                        self.open(&mut is_open)?;
                        hello["protocol"] = json!(PROTOCOL);
                        hello["ops"] = json!(["story"]);
                        hello["choices"] = self.all_choices();
                        hello["story"] = json!({
                            "store": self.store.name(), "clock": self.store.clock(), "states": self.store.states(),
                            "regenerate": self.actions.contains(&"regenerate"),
                        });
                    } else if protocol != Some(json!(1)) {
                        return Err(unsupported(format!("a protocol other than versions 1 and {PROTOCOL}")));
                    }
                    Ok(hello)
                }
                "story" => {
                    self.open(&mut is_open)?;
                    if let Some(stuck) = &stuck {
                        let why = "a request of an earlier story still runs, so no later one can be trusted";
                        return Err(error(format!("{why}: {stuck}")));
                    }
                    let now = instant(request.remove("now").as_ref())?;
                    let config = request.remove("config").unwrap_or_else(|| json!({}));
                    let steps = request.remove("steps");
                    no_more(&request)?;
                    let steps = self.read_steps(steps)?;
                    let target = kept(&mut targets, config.clone(), |config| self.target(config))?;
                    Story::new(self, target, config, now).played(steps, &mut stuck)
                }
                _ => Err(unsupported(format!("op {op}"))),
            }
        });
    }

    fn open(&self, is_open: &mut bool) -> Result<(), Refusal> {
        if !*is_open {
            self.store.open()?;
            *is_open = true;
        }
        Ok(())
    }

    fn all_choices(&self) -> Value {
        let mut all: Map<_, _> = CHOICES.iter().map(|&(name, choice)| (name.to_owned(), json!(choice))).collect();
        all.extend(self.choices.iter().map(|&(name, choice)| (name.to_owned(), json!(choice))));
        all.insert("precision_ms".to_owned(), json!(self.precision_ms));
        Value::Object(all)
    }

    fn target(&self, config: Value) -> Result<T, Refusal> {
        let mut defaults = Config::defaults();
        // Whether two applications that share a store keep apart is a question of stories alone.
        defaults["key_prefix"] = Value::Null;
        (self.build)(&Config::read_with(config, defaults, |name| !self.missing.contains(&name))?)
    }
}

// Steps.

enum Step {
    Advance(Duration),
    Begin(String, Request),
    Copy { agent: String, from: String },
    End(String, Vec<Action>),
    Look,
    Request(Request),
    Restart(Option<Value>),
    Store(String),
}

struct Request {
    agent: String,
    actions: Vec<Action>,
    method: String,
    path: String,
    /// Another Cookie header than that of the user agent; `Some(None)` for no header.
    cookie_header: Option<Option<String>>,
}

impl<T, S: Store> StoryAdapter<'_, T, S> {
    /// All steps, checked before the first one runs, each with its word.
    fn read_steps(&self, raw: Option<Value>) -> Result<Vec<(String, Step)>, Refusal> {
        let Some(Value::Array(raw)) = raw else { return Err(error("steps: a list is needed")) };
        let mut held = Vec::new();
        let steps = raw.into_iter().enumerate().map(|(at, step)| {
            let Value::Object(mut step) = step else { return Err(needs_do(at)) };
            let Some(Value::String(word)) = step.remove("do") else { return Err(needs_do(at)) };
            let step = self.read_step(&format!("step {at} ({word})"), &word, step, &mut held)?;
            Ok((word, step))
        });
        let steps = steps.collect::<Result<_, _>>()?;
        if held.is_empty() { Ok(steps) } else { Err(error(format!("steps: nothing ends {}", named(held)))) }
    }

    fn read_step(
        &self,
        at: &str,
        word: &str,
        mut step: Map<String, Value>,
        held: &mut Vec<String>,
    ) -> Result<Step, Refusal> {
        let Some((_, known, needed)) = STEPS.iter().find(|(step, ..)| *step == word) else {
            return Err(unsupported(format!("step {word}")));
        };
        if let Some(name) = step.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(unsupported(format!("member of step {word} {name}")));
        }
        if let Some(name) = needed.iter().find(|name| !step.contains_key(**name)) {
            return Err(error(format!("{at}: {name} is missing")));
        }
        let agent = given_text(&mut step, at, "as")?.unwrap_or_default();
        let from = given_text(&mut step, at, "from")?.unwrap_or_default();
        let name = given_text(&mut step, at, "name")?.unwrap_or_default();
        let method = given_text(&mut step, at, "method")?.unwrap_or_else(|| "GET".to_owned());
        let path = given_text(&mut step, at, "path")?.unwrap_or_else(|| "/".to_owned());
        let cookie_header = match step.get("cookie_header") {
            Some(Value::Null) => Some(None),
            _ => given_text(&mut step, at, "cookie_header")?.map(Some),
        };
        let actions = match step.remove("actions") {
            None => Vec::new(),
            Some(Value::Array(actions)) => actions
                .into_iter()
                .map(|action| Action::read(action, self.actions, self.values))
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(error(format!("{at}: actions: a list is needed"))),
        };
        Ok(match word {
            "request" => Step::Request(Request { agent, actions, method, path, cookie_header }),
            "begin" if held.contains(&name) => return Err(error(format!("{at}: {name} has begun already"))),
            "begin" => {
                held.push(name.clone());
                Step::Begin(name, Request { agent, actions, method, path, cookie_header })
            }
            "end" => {
                let Some(place) = held.iter().position(|begun| *begun == name) else {
                    return Err(error(format!("{at}: {name} has not begun")));
                };
                held.remove(place);
                Step::End(name, actions)
            }
            "advance" => {
                let seconds = step.get("seconds").and_then(Value::as_f64).filter(|seconds| *seconds >= 0.0);
                let Some(seconds) = seconds else {
                    return Err(error(format!("{at}: seconds: a number from 0 on is needed")));
                };
                Step::Advance(Duration::from_micros((seconds * 1e6).round() as u64))
            }
            "copy" => Step::Copy { agent, from },
            "store" => match step.get("is").and_then(Value::as_str) {
                Some(state) if self.store.states().contains(&state) => Step::Store(state.to_owned()),
                _ => return Err(unsupported(format!("a store that is {}", step["is"].to_string().trim_matches('"')))),
            },
            "restart" if !held.is_empty() => {
                return Err(error(format!("{at}: {} has not ended", named(std::mem::take(held)))));
            }
            "restart" => Step::Restart(step.remove("config")),
            _ => Step::Look,
        })
    }
}

fn needs_do(at: usize) -> Refusal {
    error(format!("step {at}: an object with `do` is needed"))
}

fn named(mut names: Vec<String>) -> String {
    names.sort();
    names.join(", ")
}

fn given_text(step: &mut Map<String, Value>, at: &str, member: &str) -> Result<Option<String>, Refusal> {
    step.remove(member).map(|value| text(Some(value), &format!("{at}: {member}"))).transpose()
}

/// One thing that the view does, with its key and its decoded values.
pub enum Action {
    Append(String, Value),
    Bool,
    Clear,
    Contains(String),
    Delete(String),
    Get(String),
    Items,
    Iterate,
    Len,
    Modified,
    /// Which key, the way to the place within its value, and what comes there.
    Mutate(String, Vec<Value>, Value),
    NotFound,
    Nothing,
    Permanent,
    /// What is the result if the key is not there.
    Pop(String, Option<Value>),
    Popitem,
    Raise,
    Regenerate,
    Set(String, Value),
    SetDefault(String, Value),
    SetModified(bool),
    SetPermanent(bool),
    /// Also what `union` asks for.
    Update(Map<String, Value>),
}

impl Action {
    fn read(raw: Value, known: &[&str], kinds: &[&str]) -> Result<Self, Refusal> {
        let Value::Object(mut raw) = raw else { return Err(error("actions: objects are needed")) };
        let Some(Value::String(word)) = raw.remove("do") else { return Err(unsupported("action without a name")) };
        let word = word.as_str();
        if !known.contains(&word) && !COMMON.contains(&word) {
            let place = if word == "stream_get" { " in a story" } else { "" };
            return Err(unsupported(format!("action {word}{place}")));
        }
        let needed = |value: Option<Value>, member: &str| match value {
            Some(value) => decode(&value, kinds),
            None => Err(error(format!("{word}: {member} is missing"))),
        };
        let mut take = |member: &str| needed(raw.remove(member), member);
        let as_key = |key: Value| match key {
            Value::String(key) => Ok(key),
            _ => Err(unsupported("keys that are not text")),
        };
        let as_flag = |value: Value| value.as_bool().ok_or_else(|| error(format!("{word}: value is a boolean")));
        let action = match word {
            "append" => Self::Append(as_key(take("key")?)?, take("value")?),
            "bool" => Self::Bool,
            "clear" => Self::Clear,
            "contains" => Self::Contains(as_key(take("key")?)?),
            "delete" => Self::Delete(as_key(take("key")?)?),
            "get" => Self::Get(as_key(take("key")?)?),
            "items" => Self::Items,
            "iterate" => Self::Iterate,
            "len" => Self::Len,
            "modified" => Self::Modified,
            "mutate" => match (as_key(take("key")?)?, take("path")?, take("value")?) {
                (key, Value::Array(path), value) if !path.is_empty() => Self::Mutate(key, path, value),
                _ => return Err(error("mutate: path is a list of at least one step")),
            },
            "not_found" => Self::NotFound,
            "nothing" => Self::Nothing,
            "permanent" => Self::Permanent,
            "pop" => {
                let key = as_key(take("key")?)?;
                Self::Pop(key, raw.remove("default").map(|value| decode(&value, kinds)).transpose()?)
            }
            "popitem" => Self::Popitem,
            "raise" => Self::Raise,
            "regenerate" => Self::Regenerate,
            "set" => Self::Set(as_key(take("key")?)?, take("value")?),
            "setdefault" => Self::SetDefault(as_key(take("key")?)?, take("value")?),
            "set_modified" => Self::SetModified(as_flag(take("value")?)?),
            "set_permanent" => Self::SetPermanent(as_flag(take("value")?)?),
            "union" | "update" => match take("values")? {
                Value::Object(values) => Self::Update(values),
                _ => return Err(error(format!("{word}: values is a map"))),
            },
            _ => return Err(unsupported(format!("action {word}"))),
        };
        match raw.keys().next() {
            Some(name) => Err(unsupported(format!("member of {word} {name}"))),
            None => Ok(action),
        }
    }
}

// A story while it is played.

struct Story<'a, T, S> {
    adapter: &'a StoryAdapter<'a, T, S>,
    target: &'a T,
    /// What a `restart` built.
    restarted: Option<T>,
    config: Value,
    now: SystemTime,
    jars: BTreeMap<String, Jar>,
    running: BTreeMap<Name, Running>,
    started: Instant,
}

/// What a request is called.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Begun(String),
    Whole,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begun(name) => write!(f, "'{name}'"),
            Self::Whole => f.write_str("the request"),
        }
    }
}

impl<'a, T, S: Store> Story<'a, T, S> {
    fn new(adapter: &'a StoryAdapter<'a, T, S>, target: &'a T, config: Value, now: SystemTime) -> Self {
        let (jars, running, started) = (BTreeMap::new(), BTreeMap::new(), Instant::now());
        Self { adapter, target, restarted: None, config, now, jars, running, started }
    }

    /// The answer of each step.
    fn played(&mut self, steps: Vec<(String, Step)>, stuck: &mut Option<String>) -> Result<Value, Refusal> {
        clock::hold(self.now)?;
        self.adapter.store.begin(self.now)?;
        let answers = steps.into_iter().enumerate().map(|(at, (word, step))| {
            let answer = self.step(step).map_err(|refusal| match refusal {
                Refusal::Error(what) => error(format!("step {at} ({word}): {what}")),
                unsupported => unsupported,
            });
            answer.map(|answer| self.with_passed(answer))
        });
        let answers = answers.collect::<Result<Vec<_>, _>>();
        self.let_go(stuck);
        Ok(json!({"steps": answers?}))
    }

    /// How long the story took so far, where the store noticed: by so much keys may end too early.
    fn with_passed(&self, mut answer: Value) -> Value {
        if self.adapter.store.clock() != "held" {
            answer["passed_ms"] = json!(self.started.elapsed().as_millis() as u64 + 2);
        }
        answer
    }

    /// After an error: no request of this story may write into the next one.
    fn let_go(&mut self, stuck: &mut Option<String>) {
        for running in self.running.values() {
            running.task.abort();
        }
        for (name, running) in std::mem::take(&mut self.running) {
            if RUNTIME.block_on(async { timeout(GRACE, running.task).await }).is_err() {
                *stuck = Some(format!("{name} did not end {} s after it was let go", GRACE.as_secs()));
            }
        }
    }

    fn step(&mut self, step: Step) -> Result<Value, Refusal> {
        match step {
            Step::Request(request) => {
                let cookie_header = self.begin(Name::Whole, request, false)?;
                let mut answer = self.finished(&Name::Whole)?;
                answer["cookie_header"] = json!(cookie_header);
                Ok(answer)
            }
            Step::Begin(name, request) => {
                let name = Name::Begun(name);
                let cookie_header = self.begin(name.clone(), request, true)?;
                let is_held = self.is_held(&name)?;
                let Some(running) = self.running.get(&name) else { return Err(error("it has not begun")) };
                let mut notes = lock(&running.notes);
                let results = std::mem::take(&mut notes.results);
                Ok(json!({"held": is_held, "cookie_header": cookie_header, "opened": notes.opened, "results": results}))
            }
            Step::End(name, actions) => {
                let name = Name::Begun(name);
                if let Some(order) = self.running.get_mut(&name).and_then(|running| running.order.take()) {
                    // A request that has ended already does not hear it.
                    let _ = order.send(actions);
                }
                self.finished(&name)
            }
            Step::Advance(by) => {
                let now = self.now.checked_add(by);
                self.now = now.ok_or_else(|| error("seconds: beyond what this system has"))?;
                clock::hold(self.now)?;
                self.adapter.store.advance(by)?;
                Ok(json!({}))
            }
            Step::Look => {
                let mut keys = self.adapter.store.look()?;
                keys.sort_by(|one, other| one.key.cmp(&other.key));
                let told = |kept: &Kept| {
                    let id = (self.adapter.ident)(self.target(), &kept.key);
                    json!({"key": kept.key, "id": id, "ends_in_ms": kept.ends_in_ms, "bytes": kept.bytes})
                };
                Ok(json!({"keys": keys.iter().map(told).collect::<Vec<_>>()}))
            }
            Step::Copy { agent, from } => {
                let cookies = self.jars.get(&from).map(|jar| jar.cookies.clone()).unwrap_or_default();
                self.jars.entry(agent).or_default().cookies = cookies;
                Ok(json!({}))
            }
            Step::Store(state) => self.adapter.store.turn(&state).map(|()| json!({})),
            Step::Restart(config) => {
                self.config = config.unwrap_or_else(|| self.config.take());
                self.restarted = Some(self.adapter.target(self.config.clone())?);
                Ok(json!({}))
            }
        }
    }

    fn target(&self) -> &T {
        self.restarted.as_ref().unwrap_or(self.target)
    }

    /// Starts a request, and returns the cookies that it sends.
    fn begin(&mut self, name: Name, request: Request, is_held: bool) -> Result<Option<String>, Refusal> {
        let Request { agent, actions, method, path, cookie_header } = request;
        let jar = self.jars.entry(agent.clone()).or_default();
        let cookie_header = cookie_header.unwrap_or_else(|| jar.header(&path, micros(self.now)));
        let (moves, heard) = mpsc::unbounded_channel();
        let (order, waits) = oneshot::channel();
        let notes = Arc::new(Mutex::new(Notes::default()));
        let inner = Inner {
            method,
            path: path.clone(),
            cookie_header: cookie_header.clone(),
            actions,
            notes: notes.clone(),
            moves: moves.clone(),
            waits: Mutex::new(is_held.then_some(waits)),
        };
        let answering = (self.adapter.request)(self.target(), Call(Arc::new(inner)));
        let task = RUNTIME.spawn(async move {
            let answer = answering.await;
            // Nobody listens where the story broke off.
            let _ = moves.send(Move::Ended(answer));
        });
        self.running.insert(name, Running { agent, path, notes, heard, order: Some(order), task, answer: None });
        Ok(cookie_header)
    }

    /// Waits until a request is held or has ended.
    fn is_held(&mut self, name: &Name) -> Result<bool, Refusal> {
        Ok(match self.next_move(name, "reached its hold nor ended")? {
            Move::Held => true,
            Move::Ended(answer) => {
                if let Some(running) = self.running.get_mut(name) {
                    running.answer = Some(answer);
                }
                false
            }
        })
    }

    fn next_move(&mut self, name: &Name, what: &str) -> Result<Move, Refusal> {
        let left = LIMIT.saturating_sub(self.started.elapsed());
        let Some(running) = self.running.get_mut(name) else { return Err(error(format!("{name} is not under way"))) };
        let next = RUNTIME.block_on(async { timeout(left, running.heard.recv()).await });
        if let Ok(Some(next)) = next {
            return Ok(next);
        }
        if next.is_err() {
            let place = if lock(&running.notes).was_held { "held in its view" } else { "on its way to the view" };
            let within = LIMIT.as_secs();
            return Err(error(format!("{name} neither {what} within the {within} s of a story; it was {place}")));
        }
        // Its future is gone, and so is whoever could speak.
        let task = self.running.remove(name).map(|running| running.task);
        let panic = task.and_then(|task| RUNTIME.block_on(task).err()?.try_into_panic().ok());
        let why = panic.map_or_else(|| "it was dropped".to_owned(), |panic| panic_text(&*panic));
        Err(error(format!("{name} panicked: {why}")))
    }

    /// Waits for the end of a request. Its cookies reach the user agent now.
    fn finished(&mut self, name: &Name) -> Result<Value, Refusal> {
        let mut answer = self.running.get_mut(name).and_then(|running| running.answer.take());
        while answer.is_none() {
            if let Move::Ended(ended) = self.next_move(name, "ended nor failed")? {
                answer = Some(ended);
            }
        }
        let (Some(running), Some(answer)) = (self.running.remove(name), answer) else {
            return Err(error(format!("{name} is not under way")));
        };
        let Answer { status, mut headers } = answer?;
        headers.retain(|(field, _)| ["set-cookie", "vary"].contains(&field.to_ascii_lowercase().as_str()));
        let jar = self.jars.entry(running.agent).or_default();
        for (_, cookie) in headers.iter().filter(|(field, _)| field.eq_ignore_ascii_case("set-cookie")) {
            jar.take(cookie, &running.path, micros(self.now));
        }
        let notes = lock(&running.notes);
        Ok(json!({"status": status, "opened": notes.opened, "results": notes.results, "headers": headers}))
    }
}

fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Microseconds since the epoch.
fn micros(instant: SystemTime) -> i64 {
    match instant.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_micros() as i64,
        Err(before) => -(before.duration().as_micros() as i64),
    }
}

// Requests.

/// A request under way, as its story sees it.
struct Running {
    agent: String,
    path: String,
    notes: Arc<Mutex<Notes>>,
    heard: mpsc::UnboundedReceiver<Move>,
    /// Where a held request is told to go on.
    order: Option<oneshot::Sender<Vec<Action>>>,
    task: JoinHandle<()>,
    answer: Option<Result<Answer, Refusal>>,
}

enum Move {
    Ended(Result<Answer, Refusal>),
    Held,
}

#[derive(Default)]
struct Notes {
    opened: Option<Value>,
    results: Vec<Value>,
    was_held: bool,
}

/// One request. The adapter reads `method`, `path` and `cookie_header`, and calls [`Call::opened`] and [`Call::view`].
#[derive(Clone)]
pub struct Call(Arc<Inner>);

pub struct Inner {
    pub method: String,
    pub path: String,
    pub cookie_header: Option<String>,
    actions: Vec<Action>,
    notes: Arc<Mutex<Notes>>,
    moves: mpsc::UnboundedSender<Move>,
    waits: Mutex<Option<oneshot::Receiver<Vec<Action>>>>,
}

impl std::ops::Deref for Call {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Call {
    /// The session as it was opened, before anything else looks at it.
    pub fn opened(&self, session: impl IntoIterator<Item = (String, Value)>) {
        lock(&self.notes).opened = Some(encode(&session.into_iter().collect()));
    }

    /// The Cookie header, which has one character for each byte.
    pub fn cookie_bytes(&self) -> Option<Vec<u8>> {
        let byte = |letter| u8::try_from(letter).unwrap_or(b'?');
        self.cookie_header.as_ref().map(|header| header.chars().map(byte).collect())
    }

    /// What the view does: the actions, and between those of `begin` and those of `end` the hold.
    pub async fn view(&self, session: &impl Session) -> Result<(), Broken> {
        self.run(&self.actions, session).await?;
        let waits = lock(&self.waits).take();
        let Some(waits) = waits else { return Ok(()) };
        lock(&self.notes).was_held = true;
        // Nobody listens where the story broke off.
        let _ = self.moves.send(Move::Held);
        let actions = waits.await.map_err(|_| Broken::GivenUp)?;
        self.run(&actions, session).await
    }

    async fn run(&self, actions: &[Action], session: &impl Session) -> Result<(), Broken> {
        for action in actions {
            let result = match action {
                Action::NotFound => return Err(Broken::NotFound),
                Action::Raise => return Err(Broken::Raised("the view was asked to raise".to_owned())),
                action => done(action, session).await.map_err(Broken::Raised)?,
            };
            lock(&self.notes).results.push(encode(&result));
        }
        Ok(())
    }
}

async fn done(action: &Action, session: &impl Session) -> Result<Value, String> {
    let missing = |key: &str| format!("{key} is not there");
    Ok(match action {
        Action::Contains(key) => session.get(key).await?.is_some().into(),
        Action::Delete(key) => session.remove(key).await?.map(|_| Value::Null).ok_or_else(|| missing(key))?,
        Action::Get(key) => session.get(key).await?.unwrap_or_default(),
        Action::Nothing => Value::Null,
        Action::Pop(key, default) => {
            session.remove(key).await?.or_else(|| default.clone()).ok_or_else(|| missing(key))?
        }
        Action::Set(key, value) => session.set(key, value).await.map(|()| Value::Null)?,
        Action::SetDefault(key, value) => match session.get(key).await? {
            Some(there) => there,
            None => session.set(key, value).await.map(|()| value.clone())?,
        },
        Action::Update(values) => {
            for (key, value) in values {
                session.set(key, value).await?;
            }
            Value::Null
        }
        other => session.act(other).await?,
    })
}

// User agents.

/// The cookies of one user agent, which talks to one host that counts as secure (RFC 6265bis, 5.6 and 5.8).
#[derive(Default)]
struct Jar {
    /// In the order of creation.
    cookies: Vec<Cookie>,
}

#[derive(Clone)]
struct Cookie {
    /// Name, domain and path.
    key: (String, String, String),
    value: String,
    /// The last instant at which it is kept, in microseconds.
    end: Option<i64>,
}

impl Jar {
    /// What it sends: longer paths first, then in the order of creation. `None` without cookies.
    fn header(&self, path: &str, now: i64) -> Option<String> {
        let is_sent = |cookie: &&Cookie| cookie.end.is_none_or(|end| end >= now) && reaches(&cookie.key.2, path);
        let mut sent: Vec<_> = self.cookies.iter().filter(is_sent).collect();
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.key.2.chars().count()));
        let pair = |cookie: &&Cookie| match cookie.key.0.as_str() {
            "" => cookie.value.clone(),
            name => format!("{name}={}", cookie.value),
        };
        let pairs: Vec<_> = sent.iter().map(pair).collect();
        Some(pairs.join("; ")).filter(|header| !header.is_empty())
    }

    /// A Set-Cookie header, and what it does to the jar.
    fn take(&mut self, header: &str, path: &str, now: i64) {
        let mut parts = header.split(';');
        let pair = parts.next().unwrap_or_default();
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
        let attribute = |part: &str| {
            let (word, text) = part.split_once('=').unwrap_or((part, ""));
            (word.trim().to_ascii_lowercase(), text.trim().to_owned())
        };
        let given: BTreeMap<_, _> = parts.map(attribute).collect();
        let of = |word: &str| given.get(word).map_or("", String::as_str);
        let domain = of("domain").trim_start_matches('.').to_ascii_lowercase();
        let (prefixed, is_secure) = (name.to_ascii_lowercase(), given.contains_key("secure"));
        let is_refused = !["", HOST].contains(&domain.as_str())
            || prefixed.starts_with("__secure-") && !is_secure
            || prefixed.starts_with("__host-") && !(is_secure && domain.is_empty() && of("path") == "/");
        if is_refused {
            return;
        }
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let place = match (of("path"), parent) {
            (place, _) if place.starts_with('/') => place,
            (_, "") => "/",
            (_, parent) => parent,
        };
        let (key, end) = ((name, domain, place.to_owned()), ends_at(&given, now));
        let there = self.cookies.iter().position(|cookie| cookie.key == key);
        match (there.and_then(|there| self.cookies.get_mut(there)), end.is_some_and(|end| end < now)) {
            (Some(cookie), false) => (cookie.value, cookie.end) = (value, end),
            (None, false) => self.cookies.push(Cookie { key, value, end }),
            (_, true) => self.cookies.retain(|cookie| cookie.key != key),
        }
    }
}

/// Max-Age before Expires; what cannot be read is not there.
fn ends_at(given: &BTreeMap<String, String>, now: i64) -> Option<i64> {
    const SECOND: i64 = 1_000_000;
    match given.get("max-age").and_then(|seconds| seconds.parse::<i64>().ok()) {
        Some(seconds) if seconds > 0 => Some(now.saturating_add(seconds.saturating_mul(SECOND))),
        Some(_) => Some(i64::MIN),
        None => given.get("expires").and_then(|date| cookie_date(date)).map(|seconds| seconds.saturating_mul(SECOND)),
    }
}

/// Seconds since the epoch (RFC 6265bis, 5.6.1).
fn cookie_date(date: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in date.to_ascii_lowercase().split(|c: char| !(c.is_ascii_alphanumeric() || c == ':')) {
        let number = token.parse::<i64>().ok();
        let parts: Vec<_> = token.split(':').map_while(|part| part.parse::<i64>().ok()).collect();
        match (parts.as_slice(), number) {
            (&[hours, minutes, seconds], _) if time.is_none() => time = Some((hours, minutes, seconds)),
            (_, Some(number)) if day.is_none() && token.len() <= 2 => day = Some(number),
            (_, Some(number)) if year.is_none() && (2..=4).contains(&token.len()) => year = Some(number),
            _ if month.is_none() => {
                month = token.get(..3).and_then(|word| MONTHS.iter().position(|month| *month == word))
            }
            _ => {}
        }
    }
    let ((hours, minutes, seconds), day, month) = (time?, day?, i64::try_from(month?).ok()? + 1);
    let year = match year? {
        year @ 0..=69 => year + 2000,
        year @ 70..=99 => year + 1900,
        year => year,
    };
    if !(1..=31).contains(&day) || year < 1601 || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    // Years that begin in March, so that a leap day is the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 719_469;
    Some(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
}

fn reaches(place: &str, path: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || place.ends_with('/') || rest.starts_with('/'))
}
