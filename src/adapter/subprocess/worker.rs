//! One running copy of an adapter: its process, the calls that wait for its replies, and three threads that keep its pipes
//! moving, so that neither side ever waits for the other to read.
//!
//! It does not know the meaning of calls, time limits, or other copies.

use super::{
    lines::{Line, Lines},
    messages,
    process::{Death, NotStarted, Process},
};
use crate::{
    adapter::{AdapterError, Program},
    foreign, protocol,
};
use std::{
    collections::BTreeMap,
    io::{self, BufReader, ErrorKind, Read, Write},
    process::{ChildStderr, ChildStdin, ChildStdout},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{self, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

/// How much of standard error is kept (bytes).
const KEPT: usize = 4096;
/// The size of reads, and of writes of several requests at once (bytes).
const CHUNK: usize = 64 * 1024;
/// How long the last words of an ended process may take to arrive. What it started may hold the pipe open for ever.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Something that a copy did.
pub(crate) struct Event {
    /// Which copy.
    pub(crate) worker: u64,
    /// What it did.
    pub(crate) what: What,
}

/// What a copy did.
pub(crate) enum What {
    /// It closed its standard input.
    ClosedStdin,
    /// It printed this, or closed its standard output.
    Printed(Line),
}

/// One running copy of an adapter.
pub(crate) struct Worker {
    /// Which copy this is; no two have the same number.
    pub(crate) number: u64,
    /// Whether hello is still unanswered.
    pub(crate) greeting: bool,
    /// The id of the hello that was asked last, and the version of the protocol in it.
    pub(crate) hello: (u64, u32),
    /// Whether it was given one call, to see whether that one breaks it.
    pub(crate) alone: bool,
    /// Whether it closed its standard input.
    pub(crate) stdin_closed: bool,
    /// Calls that wait for a reply: the id, and the place in the batch.
    pub(crate) waiting: BTreeMap<u64, usize>,
    /// Since when it has done nothing although something waits.
    pub(crate) since: Instant,
    next_id: u64,
    requests: Option<mpsc::Sender<String>>,
    stderr: Arc<Tail>,
    process: Process,
}

impl Worker {
    /// Starts a copy and asks it for its hello in a version of the protocol. What it does arrives as events.
    pub(crate) fn start(
        program: &Program,
        version: u32,
        number: u64,
        max_reply_line: usize,
        events: &SyncSender<Event>,
    ) -> Result<Self, AdapterError> {
        let mut process = Process::start(program).map_err(|error| match error {
            NotStarted::Program(error) => messages::cannot_start(program.words(), &error),
            NotStarted::Server(error) => error,
        })?;
        let (requests, lines) = mpsc::channel();
        let stderr = Arc::new(Tail::default());
        let child = process.child();
        if let (Some(input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        {
            let (from_reader, from_writer, tail) = (events.clone(), events.clone(), stderr.clone());
            in_background("replies", move || read(output, number, max_reply_line, &from_reader))?;
            in_background("requests", move || write(input, number, &lines, &from_writer))?;
            in_background("errors", move || tail.drain(errors))?;
        }
        let mut worker = Self {
            number,
            greeting: true,
            hello: (0, version),
            alone: false,
            stdin_closed: false,
            waiting: BTreeMap::new(),
            since: Instant::now(),
            next_id: 0,
            requests: Some(requests),
            stderr,
            process,
        };
        worker.greet(version);
        Ok(worker)
    }

    /// Asks for a hello in a version of the protocol.
    pub(crate) fn greet(&mut self, version: u32) {
        let id = self.request(|id| protocol::hello_line(id, version));
        self.hello = (id, version);
    }

    /// Sends the request that `line` makes of its id. Ids count from zero in each copy, and the first are hello's.
    pub(crate) fn request(&mut self, line: impl FnOnce(u64) -> String) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        if let Some(requests) = &self.requests {
            // The writer is gone when standard input was closed, of which an event tells.
            let _ = requests.send(line(id) + "\n");
        }
        id
    }

    /// Sends a call, which has this place in the batch.
    pub(crate) fn ask(&mut self, place: usize, call: &protocol::Call) {
        if self.waiting.is_empty() {
            self.since = Instant::now();
        }
        let id = self.request(|id| call.to_line(id));
        self.waiting.insert(id, place);
    }

    /// Counts the call with this id as answered; the clock restarts.
    pub(crate) fn paid(&mut self, id: u64) {
        self.waiting.remove(&id);
        self.alone = false;
        self.since = Instant::now();
    }

    /// Whether it said hello and can be asked.
    pub(crate) fn is_open(&self) -> bool {
        !self.greeting && !self.alone && !self.stdin_closed
    }

    /// Whether it can be asked and never was.
    pub(crate) fn is_fresh(&self) -> bool {
        self.is_open() && self.next_id == self.hello.0 + 1
    }

    /// Whether a reply is due.
    pub(crate) fn is_busy(&self) -> bool {
        self.greeting || !self.waiting.is_empty()
    }

    /// Whether a request with this id was ever sent.
    pub(crate) fn has_asked(&self, id: u64) -> bool {
        id < self.next_id
    }

    /// The oldest call without a reply.
    pub(crate) fn oldest(&self) -> Option<usize> {
        self.waiting.values().next().copied()
    }

    /// Whether its process has ended by itself.
    pub(crate) fn has_exited(&mut self) -> bool {
        self.process.has_exited()
    }

    /// Ends its standard input, once all requests are written.
    pub(crate) fn close(&mut self) {
        self.requests = None;
    }

    /// Waits until `by` for it to end, and kills it.
    pub(crate) fn end(&mut self, by: Instant) -> Death {
        let exit = self.process.end(by);
        Death { exit, stderr: self.stderr.text(LAST_WORDS) }
    }
}

/// A thread that nobody waits for: each ends with the pipe that it serves.
fn in_background(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), AdapterError> {
    let started = thread::Builder::new().name(format!("adapter {name}")).spawn(work);
    started.map(drop).map_err(|error| messages::no_thread(&error))
}

/// Passes on what is printed, until the output ends or nobody is listening any more.
fn read(output: ChildStdout, worker: u64, limit: usize, events: &SyncSender<Event>) {
    let mut lines = Lines::new(BufReader::with_capacity(CHUNK, output), limit);
    loop {
        let line = lines.next();
        let goes_on = matches!(line, Line::Whole(_));
        let heard = events.send(Event { worker, what: What::Printed(line) }).is_ok();
        if !(goes_on && heard) {
            return;
        }
    }
}

/// Writes requests as they come, several at once where they queue up.
fn write(mut input: ChildStdin, worker: u64, requests: &mpsc::Receiver<String>, events: &SyncSender<Event>) {
    while let Ok(mut text) = requests.recv() {
        while text.len() < CHUNK
            && let Ok(next) = requests.try_recv()
        {
            text += &next;
        }
        if input.write_all(text.as_bytes()).is_err() {
            let _ = events.send(Event { worker, what: What::ClosedStdin });
            return;
        }
    }
}

/// The last part of a stream.
#[derive(Default)]
struct Tail {
    kept: Mutex<Kept>,
    ended: Condvar,
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    cut: bool,
    ended: bool,
}

impl Tail {
    /// Reads the stream to its end.
    fn drain(&self, mut stream: ChildStderr) {
        let mut chunk = vec![0; CHUNK];
        loop {
            match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(length) => self.keep(chunk.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(io::Error { .. }) => break,
            }
        }
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
        self.ended.notify_all();
    }

    fn keep(&self, chunk: &[u8]) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes.extend_from_slice(chunk);
        let surplus = kept.bytes.len().saturating_sub(KEPT);
        kept.bytes.drain(..surplus);
        kept.cut |= surplus > 0;
    }

    /// The last part, which is complete when the stream ends within `patience`. It begins with a whole line if it can.
    fn text(&self, patience: Duration) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (kept, _) =
            self.ended.wait_timeout_while(kept, patience, |kept| !kept.ended).unwrap_or_else(PoisonError::into_inner);
        let newline = kept.bytes.iter().position(|byte| *byte == b'\n').filter(|at| at + 1 < kept.bytes.len());
        let from = newline.filter(|_| kept.cut).map_or(0, |at| at + 1);
        foreign::bytes(kept.bytes.get(from..).unwrap_or_default())
    }
}
