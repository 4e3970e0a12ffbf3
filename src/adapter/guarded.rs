//! An implementation in Rust on a thread of its own, so that a call that never ends does not hold up the run for ever.
//!
//! The thread answers one call at a time, so the call that took too long is known. A thread cannot be ended from outside: after
//! such a call nothing more is asked.

use super::{AdapterError, CallError, Implementation, caught, shown, unanswered};
use crate::{
    clock::UnixTime,
    config::Config,
    protocol::{Call, Capabilities, Exchange, Op, Reply, Sign, Verify},
};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender},
    },
    thread,
    time::Duration,
};

/// How many replies may wait to be taken.
const WAITING: usize = 64;

/// The implementation, and the thread that asks it.
pub(crate) struct Guarded {
    capabilities: Capabilities,
    limit: Duration,
    /// The way to the thread; none after a call that did not end.
    thread: Mutex<Option<Sender<Round>>>,
}

struct Round {
    calls: Vec<Call>,
    tell: SyncSender<Told>,
}

enum Told {
    Reply(usize, Reply),
    Over(Result<(), AdapterError>),
}

impl Guarded {
    /// Starts the thread, and finds out which operations the implementation has.
    pub(crate) fn start(implementation: Arc<dyn Implementation>, limit: Duration) -> Result<Self, AdapterError> {
        let mut capabilities = implementation.capabilities();
        let (found, operations) = mpsc::channel();
        let (send, rounds) = mpsc::channel();
        let work = move || {
            let implementation = &*implementation;
            if found.send(implemented(implementation)).is_ok() {
                serve(implementation, &rounds);
            }
        };
        thread::Builder::new().name("implementation".to_owned()).spawn(work).map_err(|error| AdapterError {
            message: format!("the system starts no more threads: {error}"),
            hint: "let this user have more processes and threads (ulimit -u)".to_owned(),
        })?;
        match operations.recv_timeout(limit.saturating_mul(3)) {
            Ok(operations) => capabilities.ops.extend(operations),
            Err(_) => return Err(endless("a first call of verify, sign and exchange", limit)),
        }
        Ok(Self { capabilities, limit, thread: Mutex::new(Some(send)) })
    }
}

impl Implementation for Guarded {
    fn capabilities(&self) -> Capabilities {
        self.capabilities.clone()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        super::in_order(calls, |take| self.answer_each(calls, take))
    }

    fn answer_each(&self, calls: &[Call], take: &mut (dyn FnMut(usize, Reply) + Send)) -> Result<(), AdapterError> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let (tell, told) = mpsc::sync_channel(WAITING);
        let round = Round { calls: calls.to_vec(), tell };
        thread.as_ref().and_then(|thread| thread.send(round).ok()).ok_or_else(gone)?;
        let mut now = calls.first();
        loop {
            match told.recv_timeout(self.limit) {
                Ok(Told::Reply(place, reply)) => {
                    now = calls.get(place + 1);
                    take(place, reply);
                }
                Ok(Told::Over(result)) => return result,
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
                Err(RecvTimeoutError::Timeout) => {
                    *thread = None;
                    return Err(endless(&now.map(shown).unwrap_or_default(), self.limit));
                }
            }
        }
    }
}

fn serve(implementation: &dyn Implementation, rounds: &Receiver<Round>) {
    while let Ok(Round { calls, tell }) = rounds.recv() {
        let result = calls.iter().enumerate().try_for_each(|(place, call)| {
            let reply = answered(implementation, call)?;
            // Nobody listens any more after a call that took too long.
            let _ = tell.send(Told::Reply(place, reply));
            Ok(())
        });
        let _ = tell.send(Told::Over(result));
    }
}

fn answered(implementation: &dyn Implementation, call: &Call) -> Result<Reply, AdapterError> {
    let (mut replies, mut result) = (Vec::new(), Ok(()));
    let panicked = caught(|| {
        result = implementation.answer_each(std::slice::from_ref(call), &mut |_, reply| replies.push(reply));
        Reply::Unsupported(String::new())
    });
    if let Reply::Panicked(_) = panicked {
        return Ok(panicked);
    }
    result?;
    match <[Reply; 1]>::try_from(replies) {
        Ok([reply]) => Ok(reply),
        Err(replies) => Err(unanswered(replies.len(), 1, call)),
    }
}

/// The operations that the implementation has a method for: each is called once.
fn implemented(implementation: &dyn Implementation) -> BTreeSet<Op> {
    let config = Arc::new(Config::with_key("development key"));
    let now = UnixTime::from_seconds(1_700_000_000);
    let verify = Verify { config: config.clone(), now, cookie: String::new() };
    let sign = Sign { config: config.clone(), now, session: [("user", 42)].into_iter().collect() };
    let exchange = Exchange::new(config, now);
    let mut found = BTreeSet::new();
    let mut probe = |op, has: &dyn Fn() -> bool| {
        let mut is_there = true;
        // A method that panics is there.
        let _ = caught(|| {
            is_there = has();
            Reply::Unsupported(String::new())
        });
        if is_there {
            found.insert(op);
        }
    };
    let is_there = |error: &CallError| !matches!(error, CallError::NotImplemented(_));
    probe(Op::Verify, &|| implementation.verify(&verify).err().as_ref().is_none_or(is_there));
    probe(Op::Sign, &|| implementation.sign(&sign).err().as_ref().is_none_or(is_there));
    probe(Op::Exchange, &|| implementation.exchange(&exchange).err().as_ref().is_none_or(is_there));
    found
}

fn endless(call: &str, limit: Duration) -> AdapterError {
    AdapterError {
        message: format!("no answer came within {limit:?} to the call: {call}"),
        hint: "see whether this call ends at all; `Options::call_limit` gives each call more time".to_owned(),
    }
}

fn gone() -> AdapterError {
    AdapterError {
        message: "nothing more is asked after a call that did not end".to_owned(),
        hint: "see the call before".to_owned(),
    }
}
