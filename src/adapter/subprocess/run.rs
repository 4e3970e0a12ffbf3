//! The conversation with all copies of an adapter: which copy gets which call, what came back, and what to do when something
//! breaks.
//!
//! One thread decides everything. It takes the events of all copies from one queue, and never touches a pipe itself.
//!
//! - A copy owes replies as long as it has unanswered calls. Its clock restarts with each reply, so that a call that queued
//!   behind slow ones is not blamed for them.
//! - If a copy ends too early, the oldest call that it owed is the suspect, since adapters mostly work in order. The other calls
//!   are sent again. The suspect is sent alone to a new copy; if that ends too, the call is answered with an error.

use super::{
    Counters, Options,
    lines::Line,
    messages::{self, Pipe, Scene},
    process::Death,
    reply::{self, Read},
    worker::{Event, What, Worker},
};
use crate::{
    adapter::{AdapterError, Program},
    processes,
    protocol::{Call, Capabilities, Reply, VERSION},
};
use std::{
    collections::VecDeque,
    sync::{
        Arc, PoisonError,
        atomic::Ordering::Relaxed,
        mpsc::{self, Receiver, SyncSender},
    },
    time::{Duration, Instant},
};

/// How many lines may wait to be looked at. Together with the limit on a line this bounds the memory that an adapter can take.
const QUEUED_LINES: usize = 16;
/// How long a copy that closed one of its pipes may take to end or to continue.
const CLOSING: Duration = Duration::from_secs(1);
/// How long idle copies may take to end when the run is over.
const FAREWELL: Duration = Duration::from_secs(2);
/// A wait that lasted this much longer than it should: not the adapter stood still but this process.
const ASLEEP: Duration = Duration::from_secs(1);

/// All copies of an adapter.
pub(super) struct Runner {
    program: Program,
    options: Options,
    /// When the run's time is over.
    deadline: Option<Instant>,
    /// What the first copy said.
    hello: Option<Capabilities>,
    workers: Vec<Worker>,
    /// How many copies were ever started.
    started: u64,
    events: Receiver<Event>,
    sender: SyncSender<Event>,
    counters: Arc<Counters>,
    /// Why there is no going on.
    broken: Option<AdapterError>,
}

/// Calls on their way to their replies. Calls are named by their place.
struct Batch<'a> {
    calls: &'a [Call],
    is_settled: Vec<bool>,
    /// Takes each reply as it comes.
    take: &'a mut dyn FnMut(usize, Reply),
    unanswered: usize,
    queue: VecDeque<usize>,
    /// Whether one copy answers all, each after the reply to the one before.
    is_in_turn: bool,
    /// Calls to send alone, since a copy ended while it owed each of them.
    suspects: VecDeque<usize>,
}

impl<'a> Batch<'a> {
    fn new(calls: &'a [Call], take: &'a mut dyn FnMut(usize, Reply)) -> Self {
        Self {
            calls,
            is_settled: vec![false; calls.len()],
            take,
            unanswered: calls.len(),
            queue: (0..calls.len()).collect(),
            is_in_turn: false,
            suspects: VecDeque::new(),
        }
    }

    fn settle(&mut self, place: usize, reply: Reply, counters: &Counters) {
        if let Some(is_settled @ false) = self.is_settled.get_mut(place) {
            *is_settled = true;
            (self.take)(place, reply);
            self.unanswered -= 1;
            counters.calls.fetch_add(1, Relaxed);
        }
    }
}

impl Runner {
    /// Starts the first copy and waits for its hello.
    pub(super) fn start(
        program: Program,
        options: Options,
        counters: Arc<Counters>,
    ) -> Result<(Self, Capabilities), AdapterError> {
        if program.words().is_empty() {
            return Err(messages::no_command());
        }
        let (sender, events) = mpsc::sync_channel(QUEUED_LINES);
        let mut runner = Self {
            program,
            deadline: options.run_limit.and_then(|limit| Instant::now().checked_add(limit)),
            options,
            hello: None,
            workers: Vec::new(),
            started: 0,
            events,
            sender,
            counters,
            broken: None,
        };
        runner.start_worker()?;
        let mut nobody = |_, _| {};
        let mut nothing = Batch::new(&[], &mut nobody);
        loop {
            runner.step(&mut nothing)?;
            if let Some(hello) = runner.hello.clone() {
                return Ok((runner, hello));
            }
        }
    }

    /// Answers the calls, and hands each reply over as it comes. Once broken, it stays so.
    pub(super) fn answer(&mut self, calls: &[Call], take: &mut dyn FnMut(usize, Reply)) -> Result<(), AdapterError> {
        self.answer_batch(Batch::new(calls, take))
    }

    /// The same by the oldest copy alone, each call after the reply to the one before.
    pub(super) fn answer_in_turn(
        &mut self,
        calls: &[Call],
        take: &mut dyn FnMut(usize, Reply),
    ) -> Result<(), AdapterError> {
        self.answer_batch(Batch { is_in_turn: true, ..Batch::new(calls, take) })
    }

    fn answer_batch(&mut self, batch: Batch) -> Result<(), AdapterError> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let began = Instant::now();
        let result = self.run(batch);
        self.counters.busy.fetch_add(nanoseconds(began.elapsed()), Relaxed);
        if let Err(broken) = &result {
            self.broken = Some(broken.clone());
            self.workers.clear();
        }
        result
    }

    fn run(&mut self, mut batch: Batch) -> Result<(), AdapterError> {
        processes::interruption().map_or(Ok(()), Err)?;
        while let Ok(event) = self.events.try_recv() {
            self.take(event, &mut batch)?;
        }
        while batch.unanswered > 0 {
            self.hand_out(&mut batch)?;
            self.step(&mut batch)?;
        }
        Ok(())
    }

    /// Waits for something to happen, or for some time to be over.
    fn step(&mut self, batch: &mut Batch) -> Result<(), AdapterError> {
        let event = self.next_event();
        // What was printed until then counts. The copies are ended, and are not to be blamed for it.
        if !matches!(event, Some(Event { what: What::Printed(Line::Whole(_)), .. })) {
            processes::interruption().map_or(Ok(()), Err)?;
        }
        if let Some(event) = event {
            self.take(event, batch)?;
        }
        self.look_at_clocks(batch)
    }

    /// What happened next, unless nothing does before the first clock runs out.
    fn next_event(&mut self) -> Option<Event> {
        let asked = Instant::now();
        let clocks = self.workers.iter().filter(|worker| worker.is_busy()).map(|w| w.since + self.patience(w));
        let first = clocks.chain(self.deadline).min().unwrap_or(asked);
        let wait = first.saturating_duration_since(asked).min(processes::GLANCE);
        let event = self.events.recv_timeout(wait).ok();
        let waited = asked.elapsed();
        self.counters.waiting.fetch_add(nanoseconds(waited), Relaxed);
        if waited > wait + ASLEEP {
            self.excuse_all();
        }
        event
    }

    /// Restarts every clock, because nobody was looking.
    fn excuse_all(&mut self) {
        self.workers.iter_mut().for_each(|worker| worker.since = Instant::now());
    }

    /// How long a copy may do nothing although something waits.
    fn patience(&self, worker: &Worker) -> Duration {
        if worker.stdin_closed { CLOSING.min(self.options.call_timeout) } else { self.options.call_timeout }
    }

    fn look_at_clocks(&mut self, batch: &mut Batch) -> Result<(), AdapterError> {
        let now = Instant::now();
        if let (Some(deadline), Some(limit)) = (self.deadline, self.options.run_limit)
            && now >= deadline
            && (batch.unanswered > 0 || self.hello.is_none())
        {
            let slowest = self.workers.drain(..).filter(Worker::is_busy).min_by_key(|worker| worker.since);
            let scene = slowest.map_or_else(Scene::empty, |worker| scene_after(worker, batch));
            return Err(messages::out_of_time(limit, batch.unanswered, &scene));
        }
        let late = |worker: &Worker| worker.is_busy() && now.duration_since(worker.since) >= self.patience(worker);
        let Some(at) = self.workers.iter().position(late) else { return Ok(()) };
        let mut worker = self.workers.swap_remove(at);
        if worker.stdin_closed || worker.has_exited() {
            // One that exited did not close its output: something that it started holds that open.
            return self.bury(worker, Pipe::Input, &[], batch);
        }
        let (limit, owed, greeting) = (self.options.call_timeout, worker.waiting.len(), worker.greeting);
        let scene = scene_after(worker, batch);
        Err(if greeting {
            messages::no_hello(self.program.words(), limit, &scene)
        } else {
            messages::hang(limit, owed, &scene)
        })
    }

    /// Gives every copy as much as it may have in flight, and starts another copy where that is not enough.
    fn hand_out(&mut self, batch: &mut Batch) -> Result<(), AdapterError> {
        self.bury_the_idle(batch)?;
        while let Some(worker) = self.workers.iter_mut().find(|worker| worker.is_fresh())
            && let Some(place) = batch.suspects.pop_front()
        {
            ask(worker, place, batch);
            worker.alone = true;
        }
        if batch.is_in_turn && batch.suspects.is_empty() {
            return self.hand_out_in_turn(batch);
        }
        // Fresh copies are for the suspects first; there are never more suspects than copies to come for them.
        let only_used = !batch.suspects.is_empty();
        let free = |worker: &&mut Worker| {
            worker.is_open() && worker.waiting.len() < self.options.in_flight && !(only_used && worker.is_fresh())
        };
        while !batch.queue.is_empty()
            && let Some(worker) = self.workers.iter_mut().filter(free).min_by_key(|worker| worker.waiting.len())
            && let Some(place) = batch.queue.pop_front()
        {
            ask(worker, place, batch);
        }
        let wanted = batch.suspects.len().max(usize::from(!batch.queue.is_empty()));
        let mut coming = self.workers.iter().filter(|worker| worker.greeting).count();
        while coming < wanted && self.workers.len() < self.options.workers {
            self.start_worker()?;
            coming += 1;
        }
        Ok(())
    }

    /// Gives the oldest copy the next call, once it owes nothing.
    fn hand_out_in_turn(&mut self, batch: &mut Batch) -> Result<(), AdapterError> {
        let is_coming = self.workers.iter().any(|worker| worker.greeting || worker.alone);
        let oldest = self.workers.iter_mut().filter(|worker| worker.is_open()).min_by_key(|worker| worker.number);
        match oldest {
            Some(worker) if worker.waiting.is_empty() => {
                if let Some(place) = batch.queue.pop_front() {
                    ask(worker, place, batch);
                }
                Ok(())
            }
            None if !is_coming => self.start_worker(),
            Some(_) | None => Ok(()),
        }
    }

    fn start_worker(&mut self) -> Result<(), AdapterError> {
        processes::interruption().map_or(Ok(()), Err)?;
        let (number, longest) = (self.started, self.options.max_reply_line);
        let worker = Worker::start(&self.program, VERSION, number, longest, &self.sender)?;
        self.started += 1;
        self.workers.push(worker);
        Ok(())
    }

    fn take(&mut self, event: Event, batch: &mut Batch) -> Result<(), AdapterError> {
        // A copy that was given up may have done something before it heard of that.
        let Some(at) = self.workers.iter().position(|worker| worker.number == event.worker) else { return Ok(()) };
        match event.what {
            What::Printed(Line::Whole(line)) => self.take_line(at, &line, batch),
            What::Printed(Line::TooLong(beginning)) => {
                let scene = scene_after(self.workers.swap_remove(at), batch);
                Err(messages::too_long(&beginning, self.options.max_reply_line, &scene))
            }
            What::Printed(Line::End(unfinished)) => {
                let worker = self.workers.swap_remove(at);
                self.bury(worker, Pipe::Output, &unfinished, batch)
            }
            What::ClosedStdin => {
                // Replies that it gave before may still be on their way.
                if let Some(worker) = self.workers.get_mut(at) {
                    worker.stdin_closed = true;
                    worker.since = Instant::now();
                }
                Ok(())
            }
        }
    }

    fn take_line(&mut self, at: usize, line: &[u8], batch: &mut Batch) -> Result<(), AdapterError> {
        let Some(worker) = self.workers.get_mut(at) else { return Ok(()) };
        let result = reply::read(worker, line, batch.calls, self.hello.as_ref());
        match result {
            Ok(Read::Capabilities(hello)) => {
                self.program.is_what_was_set_up(&hello)?;
                self.hello = Some(hello);
            }
            Ok(Read::OlderVersion) => {}
            Ok(Read::Reply(place, reply)) => batch.settle(place, reply, &self.counters),
            Err(wrong) => {
                let scene = scene_after(self.workers.swap_remove(at), batch);
                return Err(wrong.message(line, &scene));
            }
        }
        Ok(())
    }

    /// Ends copies that closed their standard input and owe nothing.
    fn bury_the_idle(&mut self, batch: &mut Batch) -> Result<(), AdapterError> {
        while let Some(at) = self.workers.iter().position(|worker| worker.stdin_closed && !worker.is_busy()) {
            let worker = self.workers.swap_remove(at);
            self.bury(worker, Pipe::Input, &[], batch)?;
        }
        Ok(())
    }

    /// Ends a copy that closed one of its pipes, and sees to the calls that it owed.
    fn bury(
        &mut self,
        mut worker: Worker,
        closed: Pipe,
        unfinished: &[u8],
        batch: &mut Batch,
    ) -> Result<(), AdapterError> {
        let patience = match closed {
            Pipe::Input => Duration::ZERO,
            // A process that exits closes its output a moment before it has exited.
            Pipe::Output => CLOSING,
        };
        let death = worker.end(Instant::now() + patience);
        self.excuse_all();
        let how = messages::end_of(&death, closed);
        if worker.greeting {
            return Err(messages::ended_before_hello(self.program.words(), &how, unfinished, &death));
        }
        let crashes = self.counters.restarts.fetch_add(1, Relaxed) + 1;
        let scene = scene_of(&worker, &death, batch);
        let incidents = self.counters.incidents.lock();
        incidents.unwrap_or_else(PoisonError::into_inner).push(messages::restarted(&how, &scene));
        let suspect = worker.oldest();
        if let Some(place) = suspect {
            let others: Vec<usize> = worker.waiting.values().skip(1).copied().collect();
            others.into_iter().rev().for_each(|place| batch.queue.push_front(place));
            if worker.alone {
                let error = messages::crashed_during(&how, unfinished, &death);
                batch.settle(place, Reply::Error(error), &self.counters);
            } else {
                batch.suspects.push_back(place);
            }
        }
        if crashes > self.options.max_crashes {
            return Err(messages::too_many_crashes(&how, crashes, &scene));
        }
        Ok(())
    }
}

impl Drop for Runner {
    /// Lets idle copies end by themselves for a short while; whatever still runs then is killed.
    fn drop(&mut self) {
        self.workers.iter_mut().for_each(Worker::close);
        let by = Instant::now() + FAREWELL;
        for mut worker in self.workers.drain(..) {
            worker.end(by);
        }
    }
}

fn ask(worker: &mut Worker, place: usize, batch: &Batch) {
    if let Some(call) = batch.calls.get(place) {
        worker.ask(place, call);
    }
}

/// Kills the copy, and returns what it was doing.
fn scene_after(mut worker: Worker, batch: &Batch) -> Scene {
    let death = worker.end(Instant::now());
    scene_of(&worker, &death, batch)
}

fn scene_of(worker: &Worker, death: &Death, batch: &Batch) -> Scene {
    let oldest = worker.waiting.first_key_value();
    let call = oldest.and_then(|(id, place)| Some(messages::request(batch.calls.get(*place)?, *id)));
    Scene { call, stderr: death.stderr.clone() }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
