//! Batches of cases in a pipeline: while the implementation answers the calls of one batch, the answers of another are judged and
//! a third is made, so that the implementation seldom waits for the suite.
//!
//! One thread only asks. The order of the calls depends on the cases and their answers alone, never on time: a run with the same
//! seed is the same run.
//!
//! Replies are judged as they come, and the number that may wait is limited. So an implementation with large answers costs no
//! more memory than another.
//!
//! It does not know what the cases are, or what happens to a verdict.

use super::earlier::Log;
use crate::suite::judging::judge::{CaseRuns, Verdict};
use crate::suite::judging::kept;
use crate::{
    adapter::{AdapterError, Implementation, RealTime, in_order},
    config::Config,
    interruption,
    protocol::{Call, Capabilities, Op, Reply},
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, Scope},
    time::{Duration, Instant},
};

/// How many batches are on their way at once: one that is asked, one that is judged, and one to spare.
const BATCHES: usize = 3;
/// How much of replies may wait to be judged (bytes in memory). One that is larger than that waits alone.
const ROOM: usize = 16 * 1024 * 1024;
/// How many replies are handed over at once, and how much of them (bytes): enough of the usual ones to be worth waking who judges
/// them.
const TOGETHER: (usize, usize) = (100, 1024 * 1024);

/// An implementation, with what asking it has cost so far.
pub(in crate::suite) struct Metered<'a> {
    implementation: &'a dyn Implementation,
    busy: AtomicU64,
    calls: AtomicU64,
    /// The operations that were asked, and whether one of their calls had another reply than that it is unsupported.
    answered: Mutex<BTreeMap<Op, bool>>,
    /// What was asked last.
    log: Mutex<Log>,
}

impl<'a> Metered<'a> {
    pub(in crate::suite) fn new(implementation: &'a dyn Implementation) -> Self {
        let (busy, calls) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { implementation, busy, calls, answered: Mutex::default(), log: Mutex::default() }
    }

    /// What was asked last.
    pub(in crate::suite) fn log(&self) -> Log {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Does something that answers calls, and counts what it took.
    fn metered<T>(
        &self,
        calls: &[Call],
        answer: impl FnOnce(&mut (dyn FnMut(usize, bool) + Send)) -> Result<T, AdapterError>,
    ) -> Result<T, AdapterError> {
        interruption::interruption().map_or(Ok(()), Err)?;
        self.log.lock().unwrap_or_else(PoisonError::into_inner).add(calls);
        let began = Instant::now();
        let mut seen = BTreeMap::new();
        let answered = answer(&mut |place, is_supported| {
            if let Some(call) = calls.get(place) {
                *seen.entry(call.op()).or_insert(false) |= is_supported;
            }
        });
        let mut ops = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        seen.into_iter().for_each(|(op, is_answered)| *ops.entry(op).or_insert(false) |= is_answered);
        drop(ops);
        let nanoseconds = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.busy.fetch_add(nanoseconds, Relaxed);
        self.calls.fetch_add(calls.len() as u64, Relaxed);
        answered
    }

    /// How long the implementation had calls to answer.
    pub(in crate::suite) fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy.load(Relaxed))
    }

    /// The operations that were asked and never answered.
    pub(in crate::suite) fn unanswered(&self) -> BTreeSet<Op> {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.iter().filter(|(_, is_answered)| !**is_answered).map(|(op, _)| *op).collect()
    }

    /// How many calls it was asked.
    pub(in crate::suite) fn calls(&self) -> u64 {
        self.calls.load(Relaxed)
    }
}

impl Implementation for Metered<'_> {
    fn capabilities(&self) -> Capabilities {
        self.implementation.capabilities()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        in_order(calls, |take| self.answer_each(calls, take))
    }

    fn answer_each(&self, calls: &[Call], take: &mut (dyn FnMut(usize, Reply) + Send)) -> Result<(), AdapterError> {
        self.metered(calls, |note| {
            self.implementation.answer_each(calls, &mut |place, reply| {
                note(place, !matches!(reply, Reply::Unsupported(_)));
                take(place, reply);
            })
        })
    }

    fn answer_in_turn(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        self.metered(calls, |note| {
            let replies = self.implementation.answer_in_turn(calls)?;
            replies.iter().enumerate().for_each(|(at, reply)| note(at, !matches!(reply, Reply::Unsupported(_))));
            Ok(replies)
        })
    }

    fn fresh(&self) -> Option<Box<dyn Implementation>> {
        self.implementation.fresh()
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
pub(in crate::suite) struct Asker<'a> {
    rounds: Sender<Arc<Vec<Call>>>,
    heard: Receiver<Heard>,
    room: Arc<Room>,
    stop: &'a AtomicBool,
}

/// Some replies of a round, with the places of their calls.
#[derive(Default)]
struct Heard {
    replies: Vec<(usize, Reply)>,
    /// About how much memory they take (bytes).
    weight: usize,
    /// Whether the round is over with these, and how.
    over: Option<Result<(), AdapterError>>,
}

impl<'a> Asker<'a> {
    /// Starts the thread. It asks nothing any more once `stop` is set.
    pub(in crate::suite) fn start(
        scope: &'a Scope<'a, '_>,
        implementation: &'a dyn Implementation,
        stop: &'a AtomicBool,
    ) -> Result<Self, AdapterError> {
        let (rounds, to_ask) = mpsc::channel::<Arc<Vec<Call>>>();
        let (tell, heard) = mpsc::channel();
        let room = Arc::new(Room::default());
        let of_asker = room.clone();
        let work = move || {
            while let Ok(calls) = to_ask.recv()
                && !stop.load(Relaxed)
            {
                if !ask(implementation, &calls, &tell, &of_asker) {
                    return;
                }
            }
        };
        thread::Builder::new().name("asker".to_owned()).spawn_scoped(scope, work).map_err(|error| no_thread(&error))?;
        Ok(Self { rounds, heard, room, stop })
    }

    fn ask(&self, calls: Arc<Vec<Call>>) -> Result<(), AdapterError> {
        self.rounds.send(calls).map_err(|_| ended())
    }

    /// The next replies of the oldest round that is not over.
    fn hear(&self) -> Heard {
        self.heard.recv().unwrap_or_else(|_| Heard { over: Some(Err(ended())), ..Heard::default() })
    }
}

impl Drop for Asker<'_> {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        self.room.close();
    }
}

/// Asks a round, and hands the replies over as they come. Whether anybody still listens.
fn ask(implementation: &dyn Implementation, calls: &[Call], tell: &Sender<Heard>, room: &Room) -> bool {
    let mut heard = Heard::default();
    let answered = implementation.answer_each(calls, &mut |place, reply| {
        let weight = kept::weight(&reply);
        // Nothing is held back while there may be no room. Where nobody is listening any more, the end of the round shows it.
        if heard.replies.len() >= TOGETHER.0 || heard.weight.saturating_add(weight) > TOGETHER.1 {
            let _ = tell.send(std::mem::take(&mut heard));
        }
        room.take(weight);
        heard.weight += weight;
        heard.replies.push((place, reply));
    });
    heard.over = Some(answered);
    tell.send(heard).is_ok()
}

/// The room for replies that wait to be judged.
#[derive(Default)]
struct Room {
    used: Mutex<Used>,
    freed: Condvar,
}

#[derive(Default)]
struct Used {
    bytes: usize,
    is_closed: bool,
}

impl Room {
    /// Waits until there is room for so much.
    fn take(&self, bytes: usize) {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |used: &mut Used| !used.is_closed && used.bytes > 0 && used.bytes.saturating_add(bytes) > ROOM;
        self.freed.wait_while(used, is_full).unwrap_or_else(PoisonError::into_inner).bytes += bytes;
    }

    /// Gives room back.
    fn give(&self, bytes: usize) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).bytes -= bytes;
        self.freed.notify_one();
    }

    /// Lets nobody wait any more.
    fn close(&self) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).is_closed = true;
        self.freed.notify_all();
    }
}

/// What stands in the way of threads, and what to do about it.
pub(in crate::suite) fn no_thread(error: &std::io::Error) -> AdapterError {
    AdapterError {
        message: format!("the system cannot start another thread: {error}"),
        hint: "raise the limit on processes and threads (ulimit -u)".to_owned(),
    }
}

fn ended() -> AdapterError {
    AdapterError {
        message: "the implementation panicked in the thread that asked it".to_owned(),
        hint: "see the message above; an implementation must not panic".to_owned(),
    }
}

/// What was kept with a batch, and its verdicts; `None` if there is no answer.
type Finished<T> = (T, Vec<Option<Verdict>>);

/// Batches on their way, each with something that its owner keeps with it.
pub(in crate::suite) struct Pipeline<'a, T> {
    asker: &'a Asker<'a>,
    hello: &'a Capabilities,
    batches: VecDeque<Batch<'a, T>>,
    /// The rounds that were handed over, of which the next ones depend, the oldest first.
    rounds: VecDeque<Round>,
    /// How many of them, from the oldest on, are answered and judged.
    answered: usize,
    /// The number of the first batch in `batches`.
    first: usize,
    /// Why no more is answered.
    broken: Option<AdapterError>,
}

struct Batch<'a, T> {
    kept: T,
    runs: CaseRuns<'a>,
    is_over: bool,
}

struct Round {
    /// The number of its batch.
    batch: usize,
    calls: Arc<Vec<Call>>,
}

impl<'a, T> Pipeline<'a, T> {
    pub(in crate::suite) fn new(asker: &'a Asker<'a>, hello: &'a Capabilities) -> Self {
        let (batches, rounds) = (VecDeque::new(), VecDeque::new());
        Self { asker, hello, batches, rounds, answered: 0, first: 0, broken: None }
    }

    /// Whether another batch should be begun before one is finished.
    pub(in crate::suite) fn has_room(&self) -> bool {
        self.broken.is_none() && self.batches.len() < BATCHES
    }

    /// Hands over the first round of a batch.
    pub(in crate::suite) fn begin(&mut self, kept: T, runs: CaseRuns<'a>) {
        self.batches.push_back(Batch { kept, runs, is_over: false });
        self.next_round(self.first + self.batches.len() - 1);
    }

    /// The verdicts of the oldest batch, once they stand; `None` if there is no batch. Where no more is answered, every batch is
    /// given once more with the verdicts that stand, and then the reason.
    pub(in crate::suite) fn finish(&mut self) -> Result<Option<Finished<T>>, AdapterError> {
        while self.broken.is_none() && self.batches.front().is_some_and(|batch| !batch.is_over) {
            if self.answered == 0 {
                self.judge_round();
            }
            self.answered = self.answered.saturating_sub(1);
            let Some(round) = self.rounds.pop_front() else { break };
            if self.broken.is_none() {
                self.next_round(round.batch);
            }
        }
        match (self.batches.pop_front(), self.broken.take()) {
            (Some(batch), broken) => {
                self.broken = broken;
                self.first += 1;
                Ok(Some((batch.kept, batch.runs.verdicts_so_far(self.hello))))
            }
            (None, Some(broken)) => Err(broken),
            (None, None) => Ok(None),
        }
    }

    /// Waits until the implementation owes nothing, so that it can be asked something else in between.
    pub(in crate::suite) fn settle(&mut self) {
        while self.broken.is_none() && self.answered < self.rounds.len() {
            self.judge_round();
        }
    }

    /// Judges the replies to the oldest round that is not answered, as they come.
    fn judge_round(&mut self) {
        let Some(Round { batch, calls }) = self.rounds.get(self.answered) else { return };
        let mut batch = batch.checked_sub(self.first).and_then(|at| self.batches.get_mut(at));
        loop {
            let Heard { replies, weight, over } = self.asker.hear();
            for (place, reply) in replies {
                if let (Some(batch), Some(call)) = (&mut batch, calls.get(place)) {
                    batch.runs.take(place, call, reply, self.hello);
                }
            }
            self.asker.room.give(weight);
            match over {
                None => {}
                Some(Ok(())) => {
                    self.broken = batch.and_then(|batch| batch.runs.all_answered(calls).err());
                    break;
                }
                Some(Err(broken)) => {
                    self.broken = Some(broken);
                    break;
                }
            }
        }
        self.answered += 1;
    }

    fn next_round(&mut self, number: usize) {
        let Some(batch) = number.checked_sub(self.first).and_then(|at| self.batches.get_mut(at)) else { return };
        let calls = Arc::new(batch.runs.calls(self.hello));
        batch.is_over = calls.is_empty();
        if !batch.is_over {
            self.broken = self.broken.take().or(self.asker.ask(calls.clone()).err());
            self.rounds.push_back(Round { batch: number, calls });
        }
    }
}
