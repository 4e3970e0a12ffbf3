//! The operation `bench`: one copy of an adapter measures one thing at a time, so that nothing runs at the same time.
//!
//! The adapter reports the time, and an impossible one is refused.

use super::{
    hello,
    lines::Line,
    messages::{self, Scene},
    process::Exit,
    worker::{Event, What, Worker},
};
use crate::json::{Json, json};
use crate::{
    adapter::{AdapterError, Program},
    clock::UnixTime,
    config::Config,
    processes,
    protocol::{Capabilities, Op},
};
use serde::{Deserialize, Serialize};
use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

/// The part of the work that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// All the way to the session.
    Load,
    /// Signature and age.
    Signature,
}

/// One thing to be measured.
#[derive(Clone, Debug)]
pub struct Question {
    /// What the application configures.
    pub config: Arc<Config>,
    /// The clock.
    pub now: UnixTime,
    /// The cookie's value.
    pub cookie: String,
    /// What is measured of it.
    pub part: Part,
}

/// The longest line of a reply (bytes). What a loop took is said in few.
const LONGEST: usize = 64 * 1024;

/// A running adapter that measures itself.
pub struct Bencher {
    worker: Worker,
    events: Receiver<Event>,
    program: Program,
    hello: Capabilities,
    call_timeout: Duration,
}

/// What an adapter says of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Loop {
    /// How long all calls took together, by the adapter's own clock.
    pub seconds: f64,
    /// Whether the cookie counts.
    pub accepted: bool,
}

impl Bencher {
    /// Starts a program and waits for its hello. Fails when it cannot be started, says no proper hello in time, reports another
    /// release than the one that was set up, or does not offer `bench`.
    pub fn start(program: impl Into<Program>, call_timeout: Duration) -> Result<Self, AdapterError> {
        let program = program.into();
        let (sender, events) = mpsc::sync_channel(16);
        let worker = Worker::start(&program, 1, 0, LONGEST, &sender)?;
        let hello = Capabilities {
            story: None,
            name: String::new(),
            version: String::new(),
            runtime: String::new(),
            ops: Default::default(),
            values: Default::default(),
            choices: Default::default(),
        };
        let mut bencher = Self { worker, events, program, hello, call_timeout };
        let line = bencher.line("hello")?;
        let reply = bencher.json(&line, 0)?;
        bencher.hello = hello::from_json(&reply).map_err(|why| messages::bad_hello(&line, &why, &Scene::empty()))?;
        bencher.program.is_what_was_set_up(&bencher.hello)?;
        if !bencher.hello.ops.contains(&Op::Bench) {
            return Err(AdapterError {
                message: format!("the adapter of {} does not offer the operation bench", bencher.hello.name),
                hint: "spec/adapter-protocol.md says what it takes: a loop and a clock.".to_owned(),
            });
        }
        Ok(bencher)
    }

    /// What the adapter says of itself.
    pub fn hello(&self) -> &Capabilities {
        &self.hello
    }

    /// Reads a cookie `calls` times. None when the adapter cannot measure this, and says so.
    pub fn measure(&mut self, question: &Question, calls: u64) -> Result<Option<Loop>, AdapterError> {
        let asked = Instant::now();
        let id = self.worker.request(|id| {
            let Question { config, now, cookie, part } = question;
            json!({ "id": id, "op": "bench", "config": config, "now": now, "cookie": cookie, "calls": calls, "part": part })
                .to_string()
        });
        let line = self.line("bench")?;
        let waited = asked.elapsed();
        let reply = self.json(&line, id)?;
        if reply.get("unsupported").is_some() {
            return Ok(None);
        }
        if let Some(error) = reply.get("error") {
            return Err(self.wrong(&line, &format!("it answers with an error: {error}")));
        }
        let ok = reply.get("ok").ok_or_else(|| self.wrong(&line, "it has no \"ok\""))?;
        let measured = Loop::deserialize(ok).map_err(|error| self.wrong(&line, &error.to_string()))?;
        if !(measured.seconds >= 0.0 && measured.seconds <= waited.as_secs_f64()) {
            let why = format!("\"seconds\" cannot be: the reply came after {:.6}", waited.as_secs_f64());
            return Err(self.wrong(&line, &why));
        }
        Ok(Some(measured))
    }

    /// The next line, within the limit for one call.
    fn line(&mut self, op: &str) -> Result<Vec<u8>, AdapterError> {
        let deadline = Instant::now() + self.call_timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left.min(processes::GLANCE));
            processes::interruption().map_or(Ok(()), Err)?;
            let what = match event {
                Ok(Event { what: What::Printed(Line::Whole(line)), .. }) => return Ok(line),
                // It may still answer what it has read.
                Ok(Event { what: What::ClosedStdin, .. }) => continue,
                Ok(Event { what: What::Printed(Line::TooLong(_)), .. }) => {
                    format!("printed a line of more than {LONGEST} bytes")
                }
                Ok(Event { what: What::Printed(Line::End(_)), .. }) | Err(RecvTimeoutError::Disconnected) => {
                    let exit: Exit = self.worker.end(Instant::now() + Duration::from_millis(200)).exit;
                    format!("{} before it answered {op}", exit.describe())
                }
                Err(RecvTimeoutError::Timeout) if left > processes::GLANCE => continue,
                Err(RecvTimeoutError::Timeout) => format!("has not answered {op} within {:?}", self.call_timeout),
            };
            return Err(self.broken(format!("the adapter {what}")));
        }
    }

    /// A line as the reply to a request.
    fn json(&mut self, line: &[u8], id: u64) -> Result<Json, AdapterError> {
        let reply: Json = crate::json::from_slice(line).map_err(|error| self.wrong(line, &error.to_string()))?;
        match reply.get("id").and_then(Json::as_u64) {
            Some(given) if given == id => Ok(reply),
            _ => Err(self.wrong(line, &format!("its \"id\" is not {id}"))),
        }
    }

    fn wrong(&mut self, line: &[u8], why: &str) -> AdapterError {
        self.broken(format!("the adapter's reply cannot be used: {why}\n  the line: {}", messages::shown(line)))
    }

    /// The end of the adapter, with its last words.
    fn broken(&mut self, what: String) -> AdapterError {
        let death = self.worker.end(Instant::now());
        let what = what + &messages::last_words(&death.stderr);
        AdapterError {
            message: what,
            hint: "spec/adapter-protocol.md says how bench is answered; --call-timeout gives more time.".to_owned(),
        }
    }
}
