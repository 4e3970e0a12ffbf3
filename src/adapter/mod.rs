//! What the suite knows of an implementation under test: one trait, behind which a type of this crate, a program or a
//! server may stand.

#[cfg(feature = "cli")]
pub mod http;
pub mod in_process;
#[cfg(feature = "cli")]
pub mod serve;
#[cfg(feature = "cli")]
pub mod subprocess;

#[cfg(feature = "cli")]
pub use crate::processes::Program;

use crate::{
    config::Config,
    foreign,
    protocol::{Call, Exchange, Hello, Reply, Sign, Verify},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

/// How many calls are answered at a time by an implementation that gives all replies at once.
const AT_A_TIME: usize = 64;

/// An implementation under test.
///
/// A type in Rust writes [`hello`](Self::hello) and those of [`verify`](Self::verify), [`sign`](Self::sign) and
/// [`exchange`](Self::exchange) that it offers, and declares them in `hello().ops`. What it does not offer is inconclusive and
/// never a pass. The answers turn into replies by `into()`:
///
/// ```
/// use sessionproof::{
///     adapter::Implementation,
///     protocol::{Hello, Reply, Verified, Verify},
/// };
///
/// /// Believes nobody.
/// struct Suspicious(Hello);
///
/// impl Implementation for Suspicious {
///     fn hello(&self) -> &Hello {
///         &self.0
///     }
///
///     fn verify(&self, _call: &Verify) -> Reply {
///         Verified::Rejected(None).into()
///     }
/// }
///
/// let suspicious = Suspicious(Hello::new("suspicious", ["verify"]));
/// let results = sessionproof::conformance(&suspicious, &Default::default());
/// assert!(results.failures.iter().any(|failure| failure.rule == "EXP-1"));
/// ```
pub trait Implementation: Sync {
    /// What the implementation says of itself: its name, the operations and kinds of value that it offers, and its choices.
    fn hello(&self) -> &Hello;

    /// Reads one cookie value.
    fn verify(&self, _call: &Verify) -> Reply {
        Reply::Unsupported("the operation verify".to_owned())
    }

    /// Writes a session as a cookie value.
    fn sign(&self, _call: &Sign) -> Reply {
        Reply::Unsupported("the operation sign".to_owned())
    }

    /// Answers one request through a whole application.
    fn exchange(&self, _call: &Exchange) -> Reply {
        Reply::Unsupported("the operation exchange".to_owned())
    }

    /// Answers every call, in the order of the calls. No call depends on another, and each may be answered at any time in
    /// any order behind the scenes. Unless it is replaced, each call goes to the method of its operation, one after another,
    /// and a panic there is a reply.
    ///
    /// A call during which the implementation broke is answered with [`Reply::Error`]; [`Broken`] is for what makes going on
    /// pointless.
    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, Broken> {
        let one = |call: &Call| match call {
            Call::Exchange(call) => self.exchange(call),
            Call::Sign(call) => self.sign(call),
            Call::Verify(call) => self.verify(call),
        };
        // What a panic leaves behind is the implementation's own business, as it is in an application that catches it.
        let guarded = |call| catch_unwind(AssertUnwindSafe(|| one(call))).unwrap_or_else(|_| panicked(call));
        Ok(calls.iter().map(guarded).collect())
    }

    /// Answers every call, and hands each reply over as it comes, with the place of its call. The replies may come in any order,
    /// each once. Where it fails, what was handed over until then counts.
    ///
    /// Unless it is replaced, some calls at a time go to [`answer`](Self::answer), so that not all replies are held at once.
    fn answer_each(&self, calls: &[Call], take: &mut (dyn FnMut(usize, Reply) + Send)) -> Result<(), Broken> {
        let mut places = 0..;
        for some in calls.chunks(AT_A_TIME) {
            places.by_ref().zip(self.answer(some)?).for_each(|(place, reply)| take(place, reply));
        }
        Ok(())
    }

    /// The one configuration that the implementation can be asked about, where it has but one, as a running server has. Keys in
    /// it may stand for others.
    fn config(&self) -> Option<Arc<Config>> {
        None
    }

    /// The same implementation where time passes by itself and is waited for; none where the clock is an input.
    fn in_real_time(&self) -> Option<RealTime<'_>> {
        None
    }

    /// What went wrong so far though every call was answered in the end, such as a crash from which the adapter was started
    /// again. Where there is any, a run gives no verdict of conformance.
    fn incidents(&self) -> Vec<String> {
        Vec::new()
    }

    /// How long whoever asked had nothing to do so far but to wait for replies, where that is known. Where calls are written
    /// and replies read while others are being answered, that is less than the time that answering took.
    fn waiting(&self) -> Option<Duration> {
        None
    }
}

/// An implementation that is asked each call at its time, by a clock that nobody sets: the times of one story's calls are as far
/// apart as the calls' clocks say.
pub struct RealTime<'a> {
    /// The implementation.
    pub implementation: Box<dyn Implementation + 'a>,
    /// How long it may be waited for.
    pub longest: Duration,
}

/// Nothing more can be learned from this implementation: the run ends without a judgement (exit status 2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}\n{}", foreign::block(what), foreign::block(remedy))]
pub struct Broken {
    /// What happened, and during which call.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

/// The replies that are handed over, in the order of their calls.
pub(crate) fn in_order(
    calls: &[Call],
    each: impl FnOnce(&mut (dyn FnMut(usize, Reply) + Send)) -> Result<(), Broken>,
) -> Result<Vec<Reply>, Broken> {
    let mut replies = vec![None; calls.len()];
    each(&mut |place, reply| {
        if let Some(slot) = replies.get_mut(place) {
            *slot = Some(reply);
        }
    })?;
    Ok(replies.into_iter().flatten().collect())
}

/// The panic's own message stands on standard error.
fn panicked(call: &Call) -> Reply {
    Reply::Error(format!("it panicked during {}", call.op()))
}
