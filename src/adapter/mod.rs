//! What the suite knows of an implementation under test: one trait, behind which a type of this crate, a program or a
//! server may stand.

mod guarded;
#[cfg(feature = "cli")]
pub mod http;
pub mod in_process;
#[cfg(feature = "cli")]
pub mod serve;
#[cfg(feature = "cli")]
pub mod subprocess;

pub use crate::adapter_error::AdapterError;
#[cfg(feature = "cli")]
pub use crate::processes::Program;
pub(crate) use guarded::Guarded;

use crate::{
    config::Config,
    foreign,
    protocol::{
        Call, Capabilities, Exchange, Op, Reply, Response, Sign, SignOutcome, Story, StoryAnswer, Verify, VerifyOutcome,
    },
};
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

/// How many calls are answered at a time by an implementation that gives all replies at once.
const AT_A_TIME: usize = 64;

/// An implementation under test.
///
/// A type in Rust writes [`capabilities`](Self::capabilities) and those of [`verify`](Self::verify), [`sign`](Self::sign) and
/// [`exchange`](Self::exchange) that it has. [`conformance`](crate::conformance()) finds out which they are. An operation that it
/// does not have is reported as not offered, and never as a pass.
///
/// ```
/// use sessionproof::{
///     CallError, Capabilities, Implementation, Options, VerifyOutcome,
///     protocol::Verify,
/// };
///
/// /// Rejects every cookie.
/// struct Suspicious;
///
/// impl Implementation for Suspicious {
///     fn capabilities(&self) -> Capabilities {
///         Capabilities::new("suspicious")
///     }
///
///     fn verify(&self, _call: &Verify) -> Result<VerifyOutcome, CallError> {
///         Ok(VerifyOutcome::Rejected(None))
///     }
/// }
///
/// let results = sessionproof::conformance(Suspicious, &Options::default());
/// assert!(results.failures.iter().any(|failure| failure.rule == "EXP-1"));
/// ```
///
/// A misspelt operation does not compile:
///
/// ```compile_fail,E0407
/// # use sessionproof::{CallError, Capabilities, Implementation, VerifyOutcome, protocol::Verify};
/// # struct Suspicious;
/// impl Implementation for Suspicious {
/// #    fn capabilities(&self) -> Capabilities {
/// #        Capabilities::new("suspicious")
/// #    }
///     fn verfy(&self, _call: &Verify) -> Result<VerifyOutcome, CallError> {
///         Ok(VerifyOutcome::Rejected(None))
///     }
/// }
/// ```
pub trait Implementation: Send + Sync {
    /// What the implementation says of itself: its name, the kinds of value that it carries, and its choices.
    fn capabilities(&self) -> Capabilities;

    /// Reads one cookie value.
    ///
    /// # Errors
    ///
    /// The implementation does not have what was asked, or the code that calls it broke. An error of the implementation itself is
    /// an outcome.
    fn verify(&self, _call: &Verify) -> Result<VerifyOutcome, CallError> {
        Err(CallError::NotImplemented(Op::Verify))
    }

    /// Writes a session as a cookie value.
    ///
    /// # Errors
    ///
    /// As for [`verify`](Self::verify).
    fn sign(&self, _call: &Sign) -> Result<SignOutcome, CallError> {
        Err(CallError::NotImplemented(Op::Sign))
    }

    /// Answers one request through a whole application.
    ///
    /// # Errors
    ///
    /// As for [`verify`](Self::verify).
    fn exchange(&self, _call: &Exchange) -> Result<Response, CallError> {
        Err(CallError::NotImplemented(Op::Exchange))
    }

    /// Lets the steps of a story happen, against an empty store.
    ///
    /// # Errors
    ///
    /// As for [`verify`](Self::verify).
    fn story(&self, _call: &Story) -> Result<StoryAnswer, CallError> {
        Err(CallError::NotImplemented(Op::Story))
    }

    /// Answers every call, in the order of the calls, with one reply each. No call depends on another, and each may be
    /// answered at any time in any order behind the scenes. Unless it is replaced, each call goes to the method of its
    /// operation, one after another, and a panic there is a reply.
    ///
    /// # Errors
    ///
    /// Going on is pointless. A single call that broke is answered with [`Reply::Error`].
    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        let one = |call: &Call| match call {
            Call::Exchange(call) => self.exchange(call).into(),
            Call::Sign(call) => self.sign(call).into(),
            Call::Story(call) => self.story(call).into(),
            Call::Verify(call) => self.verify(call).into(),
        };
        Ok(calls.iter().map(|call| caught(|| one(call))).collect())
    }

    /// Answers every call, and hands each reply over as it comes, with the place of its call. The replies may come in any order,
    /// each once. Where it fails, what was handed over until then counts.
    ///
    /// Unless it is replaced, some calls at a time go to [`answer`](Self::answer), so that not all replies are held at once.
    ///
    /// # Errors
    ///
    /// Those of [`answer`](Self::answer), and another number of replies than of calls.
    fn answer_each(&self, calls: &[Call], take: &mut (dyn FnMut(usize, Reply) + Send)) -> Result<(), AdapterError> {
        let mut places = 0..;
        for some in calls.chunks(AT_A_TIME) {
            let replies = self.answer(some)?;
            if let Some(call) = some.get(replies.len()).or(some.last()).filter(|_| replies.len() != some.len()) {
                return Err(unanswered(replies.len(), some.len(), call));
            }
            places.by_ref().zip(replies).for_each(|(place, reply)| take(place, reply));
        }
        Ok(())
    }

    /// Answers calls in their order, each after the reply to the one before, and always by the same copy of the implementation:
    /// what a call leaves behind, those that are asked later so find.
    ///
    /// # Errors
    ///
    /// Those of [`answer`](Self::answer).
    fn answer_in_turn(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        let mut replies = Vec::new();
        for call in calls {
            replies.extend(self.answer(std::slice::from_ref(call))?);
        }
        Ok(replies)
    }

    /// The same implementation in the state in which it starts, as if nothing had been asked; none if there is no way to make
    /// one. It shows whether an answer depends on earlier calls.
    fn fresh(&self) -> Option<Box<dyn Implementation>> {
        None
    }

    /// Whether it ends calls that take too long by itself.
    #[doc(hidden)]
    fn limits_itself(&self) -> bool {
        false
    }

    /// The one configuration that the implementation can be asked about, where it has but one, as a running server has. Keys in
    /// it may stand for others.
    fn config(&self) -> Option<Arc<Config>> {
        None
    }

    /// The same implementation where time passes by itself and is waited for; none if the clock is an input.
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

/// The replies that are handed over, in the order of their calls.
pub(crate) fn in_order(
    calls: &[Call],
    each: impl FnOnce(&mut (dyn FnMut(usize, Reply) + Send)) -> Result<(), AdapterError>,
) -> Result<Vec<Reply>, AdapterError> {
    let mut replies = vec![None; calls.len()];
    each(&mut |place, reply| {
        if let Some(slot) = replies.get_mut(place) {
            *slot = Some(reply);
        }
    })?;
    Ok(replies.into_iter().flatten().collect())
}

/// The reply of some code, or that it panicked. What a panic leaves behind is the implementation's own business, as it is in an
/// application that catches it.
pub(crate) fn caught(reply: impl FnOnce() -> Reply) -> Reply {
    catch_unwind(AssertUnwindSafe(reply)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Reply::Panicked(text.unwrap_or("without a message").to_owned())
    })
}

/// Another number of replies came than calls were asked, of which this is one.
pub(crate) fn unanswered(replies: usize, calls: usize, call: &Call) -> AdapterError {
    AdapterError {
        message: format!("the implementation gave {replies} replies to {calls} calls\n  a call: {}", shown(call)),
        hint: "`answer` and `answer_each` give exactly one reply to each call".to_owned(),
    }
}

/// A call in one line, for messages.
pub(crate) fn shown(call: &Call) -> String {
    const LONGEST: usize = 600;
    let line = foreign::line(format!("{} {}", call.op(), call.to_json()));
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// Why a call has no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The code between the suite and the implementation broke. Nothing is learned about the implementation.
    #[error("{0}")]
    Failed(String),
    /// The type has no method for this operation.
    #[error("the operation {0}")]
    NotImplemented(Op),
    /// The implementation does not have what was asked, such as a digest. What it lacks, in words.
    #[error("{0}")]
    Unsupported(String),
}

impl CallError {
    /// The implementation does not have what was asked.
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }

    /// The code between the suite and the implementation broke.
    pub fn failed(what: impl fmt::Display) -> Self {
        Self::Failed(what.to_string())
    }
}

impl From<CallError> for Reply {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Failed(what) => Self::Error(what),
            CallError::NotImplemented(_) | CallError::Unsupported(_) => Self::Unsupported(error.to_string()),
        }
    }
}

impl<O: Into<Reply>> From<Result<O, CallError>> for Reply {
    fn from(result: Result<O, CallError>) -> Self {
        result.map_or_else(Self::from, O::into)
    }
}

/// What stands behind a pointer is asked itself.
macro_rules! implementation_behind {
    ($($pointer:ty),+) => {$(
        impl<I: Implementation + ?Sized> Implementation for $pointer {
            fn capabilities(&self) -> Capabilities {
                (**self).capabilities()
            }

            fn verify(&self, call: &Verify) -> Result<VerifyOutcome, CallError> {
                (**self).verify(call)
            }

            fn sign(&self, call: &Sign) -> Result<SignOutcome, CallError> {
                (**self).sign(call)
            }

            fn exchange(&self, call: &Exchange) -> Result<Response, CallError> {
                (**self).exchange(call)
            }

            fn story(&self, call: &Story) -> Result<StoryAnswer, CallError> {
                (**self).story(call)
            }

            fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
                (**self).answer(calls)
            }

            fn answer_each(
                &self,
                calls: &[Call],
                take: &mut (dyn FnMut(usize, Reply) + Send),
            ) -> Result<(), AdapterError> {
                (**self).answer_each(calls, take)
            }

            fn answer_in_turn(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
                (**self).answer_in_turn(calls)
            }

            fn fresh(&self) -> Option<Box<dyn Implementation>> {
                (**self).fresh()
            }

            fn limits_itself(&self) -> bool {
                (**self).limits_itself()
            }

            fn config(&self) -> Option<Arc<Config>> {
                (**self).config()
            }

            fn in_real_time(&self) -> Option<RealTime<'_>> {
                (**self).in_real_time()
            }

            fn incidents(&self) -> Vec<String> {
                (**self).incidents()
            }

            fn waiting(&self) -> Option<Duration> {
                (**self).waiting()
            }
        }
    )+};
}

implementation_behind!(&I, Arc<I>, Box<I>);
