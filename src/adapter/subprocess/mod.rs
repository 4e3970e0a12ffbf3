//! Adapters: programs that speak the protocol of `spec/adapter-protocol.md` over their standard streams.
//!
//! Such a program is not trusted. It may hang, crash, print anything and read nothing. Each of these ends in a message that names
//! the call and the likely mistake, within the time limits and in bounded memory. Whether a reply is *right* is decided
//! elsewhere.

mod bench;
#[doc(hidden)]
pub mod hello;
pub(crate) mod lines;
pub(crate) mod messages;
mod process;
mod reply;
mod run;
pub(crate) mod worker;

pub use bench::{Bencher, Loop, Part, Question};

use super::{AdapterError, Implementation, Program, in_order};
use crate::protocol::{Call, Capabilities, Reply};
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

/// How an adapter is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many copies may run at once; at least one does. Further ones are started when there is work for them.
    pub workers: usize,
    /// How long a copy may take for one reply, hello included.
    pub call_timeout: Duration,
    /// How long all may take, from the start of the adapter on.
    pub run_limit: Option<Duration>,
    /// How many calls a copy is sent ahead of its replies; at least one.
    pub in_flight: usize,
    /// How long a reply's line may be (bytes).
    pub max_reply_line: usize,
    /// How many copies may end before their time. A call that ends every copy costs two.
    pub max_crashes: usize,
}

impl Default for Options {
    /// What the protocol says: 10 seconds for a call, 4 MiB for a line.
    fn default() -> Self {
        Self {
            workers: 2,
            call_timeout: Duration::from_secs(10),
            run_limit: None,
            in_flight: 64,
            max_reply_line: 4 * 1024 * 1024,
            max_crashes: 8,
        }
    }
}

/// What a run has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// How many calls have been answered.
    pub calls: u64,
    /// How long calls were being answered.
    pub busy: Duration,
    /// How long nothing could be done meanwhile but wait for the adapter, hello included. The rest of `busy` went into writing
    /// requests and reading replies.
    pub waiting: Duration,
}

/// An adapter, running in one or more copies. They end when this is dropped, and everything that they started with them.
///
/// A process that is killed drops nothing. The command line has a guard for that; in a program of your own, copies that read
/// their standard input end with it, and others keep running (see [`processes`](crate::processes)).
pub struct Subprocess {
    hello: Capabilities,
    program: Program,
    options: Options,
    runner: Mutex<run::Runner>,
    counters: Arc<Counters>,
}

/// What is counted while the runner is at work.
#[derive(Default)]
struct Counters {
    calls: AtomicU64,
    restarts: AtomicUsize,
    busy: AtomicU64,
    waiting: AtomicU64,
    /// What each copy that ended before its time was doing; never more than the crashes that are allowed, and one.
    incidents: Mutex<Vec<String>>,
}

impl Subprocess {
    /// Starts a program, which may be the words of a command, and waits for its hello. A program of words inherits environment
    /// and working directory.
    ///
    /// Fails when the program cannot be started, says no proper hello, reports another release than the one that was set up, or
    /// takes longer than [`Options::call_timeout`].
    pub fn start(program: impl Into<Program>, options: Options) -> Result<Self, AdapterError> {
        let options = Options { workers: options.workers.max(1), in_flight: options.in_flight.max(1), ..options };
        let counters = Arc::new(Counters::default());
        let program = program.into();
        let (runner, hello) = run::Runner::start(program.clone(), options.clone(), counters.clone())?;
        Ok(Self { hello, program, options, runner: Mutex::new(runner), counters })
    }

    /// How many copies ended before their time. Each was replaced when there was work for another.
    pub fn restarts(&self) -> usize {
        self.counters.restarts.load(Relaxed)
    }

    /// What the run has cost so far. It may be asked while calls are being answered.
    pub fn stats(&self) -> Stats {
        let duration = |nanoseconds: &AtomicU64| Duration::from_nanos(nanoseconds.load(Relaxed));
        Stats {
            calls: self.counters.calls.load(Relaxed),
            busy: duration(&self.counters.busy),
            waiting: duration(&self.counters.waiting),
        }
    }
}

impl fmt::Debug for Subprocess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subprocess").field("capabilities", &self.hello).finish_non_exhaustive()
    }
}

impl Implementation for Subprocess {
    fn capabilities(&self) -> Capabilities {
        self.hello.clone()
    }

    fn limits_itself(&self) -> bool {
        true
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        in_order(calls, |take| self.answer_each(calls, take))
    }

    fn answer_each(&self, calls: &[Call], take: &mut (dyn FnMut(usize, Reply) + Send)) -> Result<(), AdapterError> {
        self.runner.lock().unwrap_or_else(PoisonError::into_inner).answer(calls, take)
    }

    fn answer_in_turn(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        in_order(calls, |take| self.runner.lock().unwrap_or_else(PoisonError::into_inner).answer_in_turn(calls, take))
    }

    fn fresh(&self) -> Option<Box<dyn Implementation>> {
        let options = Options { workers: 1, ..self.options.clone() };
        Self::start(self.program.clone(), options).ok().map(|fresh| Box::new(fresh) as Box<dyn Implementation>)
    }

    fn incidents(&self) -> Vec<String> {
        self.counters.incidents.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn waiting(&self) -> Option<Duration> {
        Some(self.stats().waiting)
    }
}
