//! Batches of cases in a pipeline: while the implementation answers the calls of one batch, the answers of another are judged
//! and a third is made, so that the implementation seldom waits for the suite.
//!
//! One thread does nothing but ask. It is handed the rounds of calls in an order that depends on the cases and their answers
//! alone, never on how long anything takes, and it asks them in that order: a run with the same seed is the same run.
//!
//! It does not know what the cases are, nor what becomes of a verdict.

use super::judge::{Verdict, Walks};
use crate::{
    adapter::{Broken, Implementation, RealTime},
    config::Config,
    protocol::{Call, Hello, Reply},
};
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, Scope},
    time::{Duration, Instant},
};

/// How many batches are on their way at once: one that is asked, one that is judged, and one to spare.
const BATCHES: usize = 3;

/// An implementation, with what asking it has cost so far.
pub(super) struct Metered<'a> {
    implementation: &'a dyn Implementation,
    busy: AtomicU64,
    calls: AtomicU64,
}

impl<'a> Metered<'a> {
    pub(super) fn new(implementation: &'a dyn Implementation) -> Self {
        Self { implementation, busy: AtomicU64::new(0), calls: AtomicU64::new(0) }
    }

    /// How long the implementation had calls to answer.
    pub(super) fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy.load(Relaxed))
    }

    /// How many calls it was asked.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Relaxed)
    }
}

impl Implementation for Metered<'_> {
    fn hello(&self) -> &Hello {
        self.implementation.hello()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, Broken> {
        let began = Instant::now();
        let replies = self.implementation.answer(calls);
        let nanoseconds = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.busy.fetch_add(nanoseconds, Relaxed);
        self.calls.fetch_add(calls.len() as u64, Relaxed);
        replies
    }

    fn config(&self) -> Option<Arc<Config>> {
        self.implementation.config()
    }

    fn in_real_time(&self) -> Option<RealTime<'_>> {
        self.implementation.in_real_time()
    }

    fn incidents(&self) -> Vec<String> {
        self.implementation.incidents()
    }

    fn waiting(&self) -> Option<Duration> {
        self.implementation.waiting()
    }
}

/// The thread that asks. It ends when this is dropped, after the round that it is in.
pub(super) struct Asker<'a> {
    rounds: Sender<Vec<Call>>,
    answered: Receiver<Answered>,
    stop: &'a AtomicBool,
}

type Answered = (Vec<Call>, Result<Vec<Reply>, Broken>);

impl<'a> Asker<'a> {
    /// Starts the thread. It asks nothing any more once `stop` is set.
    pub(super) fn start(
        scope: &'a Scope<'a, '_>,
        implementation: &'a dyn Implementation,
        stop: &'a AtomicBool,
    ) -> Result<Self, Broken> {
        let (rounds, to_ask) = mpsc::channel::<Vec<Call>>();
        let (reply, answered) = mpsc::channel();
        let work = move || {
            while let Ok(calls) = to_ask.recv()
                && !stop.load(Relaxed)
            {
                let replies = implementation.answer(&calls);
                if reply.send((calls, replies)).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new().name("asker".to_owned()).spawn_scoped(scope, work).map_err(|error| no_thread(&error))?;
        Ok(Self { rounds, answered, stop })
    }

    fn ask(&self, calls: Vec<Call>) -> Result<(), Broken> {
        self.rounds.send(calls).map_err(|_| ended())
    }

    /// The replies to the oldest round without any.
    fn replies(&self) -> Result<Answered, Broken> {
        self.answered.recv().map_err(|_| ended())
    }
}

impl Drop for Asker<'_> {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
    }
}

/// What stands in the way of threads, and what to do about it.
pub(super) fn no_thread(error: &std::io::Error) -> Broken {
    Broken {
        what: format!("the system starts no more threads: {error}"),
        remedy: "let this user have more processes and threads (ulimit -u)".to_owned(),
    }
}

fn ended() -> Broken {
    Broken {
        what: "the implementation's own code ended the thread that asked it".to_owned(),
        remedy: "the message above this one says where; an implementation must not panic".to_owned(),
    }
}

/// Batches on their way, each with something that its owner keeps with it.
pub(super) struct Pipeline<'a, T> {
    asker: &'a Asker<'a>,
    hello: &'a Hello,
    batches: VecDeque<Batch<'a, T>>,
    /// The batches whose rounds were handed over and not judged yet, by number, the oldest round first.
    rounds: VecDeque<usize>,
    /// Replies that came and are not judged yet, of the oldest rounds.
    come: VecDeque<Answered>,
    /// The number of the first batch in `batches`.
    first: usize,
}

struct Batch<'a, T> {
    kept: T,
    walks: Walks<'a>,
    is_over: bool,
}

impl<'a, T> Pipeline<'a, T> {
    pub(super) fn new(asker: &'a Asker<'a>, hello: &'a Hello) -> Self {
        Self { asker, hello, batches: VecDeque::new(), rounds: VecDeque::new(), come: VecDeque::new(), first: 0 }
    }

    /// Whether another batch should be begun before one is finished.
    pub(super) fn has_room(&self) -> bool {
        self.batches.len() < BATCHES
    }

    /// Hands over the first round of a batch.
    pub(super) fn begin(&mut self, kept: T, walks: Walks<'a>) -> Result<(), Broken> {
        self.batches.push_back(Batch { kept, walks, is_over: false });
        self.next_round(self.first + self.batches.len() - 1)
    }

    /// The verdicts of the oldest batch, once they stand; none when there is no batch.
    pub(super) fn finish(&mut self) -> Result<Option<(T, Vec<Verdict>)>, Broken> {
        while self.batches.front().is_some_and(|batch| !batch.is_over) {
            let Some(number) = self.rounds.pop_front() else { break };
            let (calls, replies) = match self.come.pop_front() {
                Some(answered) => answered,
                None => self.asker.replies()?,
            };
            let replies = replies?;
            if let Some(batch) = self.batches.get_mut(number - self.first) {
                batch.walks.take(calls, replies, self.hello);
                self.next_round(number)?;
            }
        }
        let Some(batch) = self.batches.pop_front() else { return Ok(None) };
        self.first += 1;
        Ok(Some((batch.kept, batch.walks.verdicts())))
    }

    /// Waits until the implementation owes nothing, so that it can be asked something else in between.
    pub(super) fn settle(&mut self) -> Result<(), Broken> {
        while self.come.len() < self.rounds.len() {
            self.come.push_back(self.asker.replies()?);
        }
        Ok(())
    }

    fn next_round(&mut self, number: usize) -> Result<(), Broken> {
        let Some(batch) = self.batches.get_mut(number - self.first) else { return Ok(()) };
        let calls = batch.walks.calls(self.hello);
        batch.is_over = calls.is_empty();
        if !batch.is_over {
            self.asker.ask(calls)?;
            self.rounds.push_back(number);
        }
        Ok(())
    }
}
