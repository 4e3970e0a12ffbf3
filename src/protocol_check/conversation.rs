//! A conversation with one copy of an adapter. After a violation that ends it, the next request starts another copy.

use super::{Stop, Violation};
use crate::json::Json;
use crate::{
    adapter::{
        AdapterError, Program,
        subprocess::{
            lines::Line,
            messages::{self, shown},
            worker::{Event, What, Worker},
        },
    },
    processes,
    protocol::{self, Answer, Call, Reply},
};
use std::{
    collections::BTreeMap,
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

/// The longest line of a reply (bytes), as the protocol has it.
const LONGEST: usize = 4 * 1024 * 1024;
/// How long an adapter may take to end after its input, or to flush what it had buffered.
const FAREWELL: Duration = Duration::from_secs(2);

const FLUSH: &str = "End every reply with a newline, and flush standard output after it.";
const SILENT: &str = "Answer every request within --call-timeout, and flush after every reply.";
const UNTIL_THE_END: &str = "Read requests until standard input ends; answer `error` instead of exiting.";
pub(super) const ID: &str = "Answer each request once, and copy its `id` unchanged into the reply.";
const SHAPE: &str = "A reply is {\"id\":…} with exactly one of `ok`, `unsupported` and `error`; spec/adapter-protocol.md \
                     shows each.";

pub(super) struct Conversation<'a> {
    program: &'a Program,
    limit: Duration,
    /// When the time for the run is over.
    deadline: Instant,
    copy: Option<(Worker, Receiver<Event>)>,
    /// The request and the line that came last.
    asked: String,
    came: String,
    /// The first line on standard output that was no reply, and how many there were.
    pub(super) strays: Option<(String, usize)>,
}

/// What the adapter sent.
enum Heard {
    Ended(Vec<u8>),
    Late,
    Line(Vec<u8>),
    TooLong(Vec<u8>),
}

impl<'a> Conversation<'a> {
    pub(super) fn new(program: &'a Program, limit: Duration, deadline: Instant) -> Self {
        Self { program, limit, deadline, copy: None, asked: String::new(), came: String::new(), strays: None }
    }

    /// Starts a copy, and hears its hello, unread.
    pub(super) fn start(&mut self) -> Result<Result<Json, Violation>, AdapterError> {
        let (sender, events) = mpsc::sync_channel(16);
        let worker = Worker::start(self.program, 1, 0, LONGEST, &sender)?;
        self.copy = Some((worker, events));
        self.asked = protocol::hello_line(0, 1);
        Ok(self.reply(0, false))
    }

    /// A violation that does not concern the last request.
    pub(super) fn aside(&self, asked: &str, came: &str, remedy: &str) -> Violation {
        Violation { asked: asked.to_owned(), came: came.to_owned(), remedy: remedy.to_owned() }
    }

    /// Starts another copy where none runs.
    fn open(&mut self) -> Result<(), Violation> {
        if self.copy.is_none() {
            match self.start() {
                Ok(hello) => drop(hello?),
                Err(broken) => return Err(self.violation(&broken.message, &broken.hint)),
            }
        }
        Ok(())
    }

    /// A violation in the last reply.
    pub(super) fn violation(&self, why: &str, remedy: &str) -> Violation {
        let came = if self.came.is_empty() { why.to_owned() } else { format!("{}\n{why}", self.came) };
        Violation { asked: self.asked.clone(), came, remedy: remedy.to_owned() }
    }

    /// Sends the request that `line` makes of its id.
    pub(super) fn tell(&mut self, line: impl FnOnce(u64) -> String) -> Result<u64, Violation> {
        self.open()?;
        let mut asked = String::new();
        let id = self.copy.as_mut().map(|(worker, _)| {
            worker.request(|id| {
                asked = line(id);
                asked.clone()
            })
        });
        self.asked = shown(asked.as_bytes());
        self.came.clear();
        Ok(id.unwrap_or_default())
    }

    /// Sends a request, and waits for its reply.
    pub(super) fn ask(&mut self, line: impl FnOnce(u64) -> String) -> Result<Json, Violation> {
        let id = self.tell(line)?;
        self.reply(id, false)
    }

    /// Sends a call, and waits for its reply.
    pub(super) fn call(&mut self, call: &Call) -> Result<Reply, Violation> {
        let reply = self.ask(|id| call.to_line(id))?;
        self.read(call, &reply)
    }

    /// Sends a call that must be answered by `ok`.
    pub(super) fn answer(&mut self, call: &Call) -> Result<Answer, Stop> {
        match self.call(call)? {
            Reply::Ok(answer) => Ok(answer),
            Reply::Unsupported(_) => Err(Stop::NotAsked(format!("the adapter does not support it: {}", self.came))),
            Reply::Error(_) | Reply::Panicked(_) => {
                let remedy = "The request is valid: answer `ok`, with `raised` if the implementation raised.";
                Err(self.violation("an error", remedy).into())
            }
        }
    }

    /// Sends all calls at once, and waits for all replies, in whatever order.
    pub(super) fn all(&mut self, calls: &[Call]) -> Result<Vec<Reply>, Violation> {
        let mut waiting = BTreeMap::new();
        for call in calls {
            let id = self.tell(|id| call.to_line(id))?;
            waiting.insert(id, call);
        }
        self.asked = format!("{} requests at once; the last: {}", calls.len(), self.asked);
        let mut replies = BTreeMap::new();
        while let Some(oldest) = waiting.keys().next().copied() {
            let reply = self.object(oldest)?;
            let id = reply.get("id").and_then(Json::as_u64);
            let Some((id, call)) = id.and_then(|id| waiting.remove_entry(&id)) else {
                return Err(self.lost("no request with this id is waiting", ID));
            };
            replies.insert(id, self.read(call, &reply)?);
        }
        Ok(replies.into_values().collect())
    }

    fn read(&mut self, call: &Call, reply: &Json) -> Result<Reply, Violation> {
        Reply::from_json(call, reply).map_err(|why| {
            self.violation(&why, &format!("Section `{}` of spec/adapter-protocol.md shows the reply.", call.op()))
        })
    }

    /// The reply to this request. An `anonymous` one, without an id, may come before it where that is expected.
    pub(super) fn reply(&mut self, id: u64, mut anonymous: bool) -> Result<Json, Violation> {
        loop {
            let reply = self.object(id)?;
            match reply.get("id") {
                Some(given) if given.as_u64() == Some(id) => {
                    let kinds = ["ok", "unsupported", "error"].iter().filter(|kind| reply.get(kind).is_some());
                    return if kinds.count() == 1 { Ok(reply) } else { Err(self.lost("not a reply", SHAPE)) };
                }
                None | Some(Json::Null) if anonymous => anonymous = false,
                _ => return Err(self.lost(&format!("its \"id\" is not {id}"), ID)),
            }
        }
    }

    /// The next line that is a JSON object, while the request with this id waits.
    fn object(&mut self, id: u64) -> Result<Json, Violation> {
        let by = self.deadline.min(Instant::now() + self.limit);
        loop {
            match self.hear(by) {
                Heard::Line(line) => {
                    if let Some(reply) = self.take(&line) {
                        return Ok(reply);
                    }
                }
                Heard::Ended(rest) => {
                    let how = self.end();
                    let rest = if rest.is_empty() {
                        String::new()
                    } else {
                        format!(", after {} without a newline", shown(&rest))
                    };
                    return Err(self.lost(&format!("nothing for request {id}: the adapter {how}{rest}"), UNTIL_THE_END));
                }
                Heard::TooLong(head) => {
                    let why = format!("a line of more than {LONGEST} bytes: {}", shown(&head));
                    return Err(self.lost(&why, FLUSH));
                }
                Heard::Late => return Err(self.late(id)),
            }
        }
    }

    /// A line as a JSON object; other lines are counted.
    fn take(&mut self, line: &[u8]) -> Option<Json> {
        let reply = crate::json::from_slice(line).ok().filter(Json::is_object);
        match &reply {
            Some(_) => self.came = shown(line),
            None => self.strays.get_or_insert_with(|| (shown(line), 0)).1 += 1,
        }
        reply
    }

    /// Nothing came in time. Closing standard input shows whether a reply was only buffered.
    fn late(&mut self, id: u64) -> Violation {
        if Instant::now() >= self.deadline {
            return self.lost("the time for the run is over", "Answer sooner, or raise --time-limit.");
        }
        if let Some((worker, _)) = &mut self.copy {
            worker.close();
        }
        let limit = self.limit;
        match self.hear(Instant::now() + FAREWELL) {
            Heard::Line(line) => {
                let why = format!("nothing for {limit:?}, and this only when standard input ended: {}", shown(&line));
                self.lost(&why, FLUSH)
            }
            Heard::Ended(rest) if !rest.is_empty() => {
                self.lost(&format!("nothing for {limit:?} but a line without its newline: {}", shown(&rest)), FLUSH)
            }
            _ => self.lost(&format!("nothing for request {id} within {limit:?}"), SILENT),
        }
    }

    fn hear(&mut self, by: Instant) -> Heard {
        let Some((_, events)) = &self.copy else { return Heard::Ended(Vec::new()) };
        loop {
            let left = by.saturating_duration_since(Instant::now());
            match events.recv_timeout(left.min(processes::GLANCE)) {
                Ok(Event { what: What::ClosedStdin, .. }) => {}
                Ok(Event { what: What::Printed(Line::Whole(line)), .. }) => return Heard::Line(line),
                Ok(Event { what: What::Printed(Line::TooLong(head)), .. }) => return Heard::TooLong(head),
                Ok(Event { what: What::Printed(Line::End(rest)), .. }) => return Heard::Ended(rest),
                Err(mpsc::RecvTimeoutError::Disconnected) => return Heard::Ended(Vec::new()),
                // The caller handles the interruption.
                Err(mpsc::RecvTimeoutError::Timeout)
                    if left > processes::GLANCE && processes::interrupted_by().is_none() => {}
                Err(mpsc::RecvTimeoutError::Timeout) => return Heard::Late,
            }
        }
    }

    /// A violation after which this copy cannot be used any more.
    fn lost(&mut self, why: &str, remedy: &str) -> Violation {
        let mut why = why.to_owned();
        if let Some((mut worker, _)) = self.copy.take() {
            why += &messages::last_words(&worker.end(Instant::now()).stderr);
        }
        let violation = self.violation(&why, remedy);
        self.came.clear();
        violation
    }

    fn end(&mut self) -> String {
        let by = Instant::now() + FAREWELL;
        match &mut self.copy {
            Some((worker, _)) => messages::end_of(&worker.end(by), messages::Pipe::Output),
            None => "ended".to_owned(),
        }
    }

    /// Ends standard input, and waits for the adapter to exit.
    pub(super) fn close(&mut self) -> Result<(), Violation> {
        self.open()?;
        if let Some((worker, _)) = &mut self.copy {
            worker.close();
        }
        self.asked = "the end of standard input".to_owned();
        self.came.clear();
        let by = Instant::now() + self.limit.min(FAREWELL);
        let remedy = "Leave the loop and exit when reading gives the end of the input.";
        loop {
            match self.hear(by) {
                Heard::Line(line) => drop(self.take(&line)),
                Heard::Ended(_) => break,
                Heard::TooLong(_) | Heard::Late => return Err(self.lost("it keeps running", remedy)),
            }
        }
        let exited = self.copy.as_mut().is_some_and(|(worker, _)| worker.end(by).exit.by_itself);
        if exited { Ok(()) } else { Err(self.lost("it closed its standard output and keeps running", remedy)) }
    }
}
