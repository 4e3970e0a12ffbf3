//! How long a run took. These figures say nothing about the findings, and only they differ between two runs of the same seed.
//! `spec/results-format.md` defines each.

use crate::adapter::Implementation;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{
    ops::AddAssign,
    time::{Duration, Instant},
};

/// What a run took, in whole microseconds; seconds in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// From the first call to the last verdict.
    pub wall: Seconds,
    /// How much of `wall` the implementation had at least one call to answer.
    pub busy: Seconds,
    /// How much of `busy` the runner only waited; `None` if that is not known.
    pub waiting: Option<Seconds>,
    /// The processor time of this process meanwhile, on all processors; `None` if the system does not say.
    pub processor: Option<Seconds>,
    /// How many calls were asked.
    pub calls: u64,
}

impl Times {
    /// The runner's own cost: for which part of the run nothing was being asked, from 0 to 1. None before anything was asked.
    pub fn runner_share(&self) -> Option<f64> {
        let (wall, busy) = (self.wall.0, self.busy.0);
        // The clocks of added runs may not agree exactly.
        (wall > Duration::ZERO && busy > Duration::ZERO)
            .then(|| wall.saturating_sub(busy).as_secs_f64() / wall.as_secs_f64())
    }
}

impl AddAssign for Times {
    /// Adds what another run took, as if one had followed the other.
    fn add_assign(&mut self, other: Self) {
        let both = |a: Option<Seconds>, b: Option<Seconds>| Some(a?.plus(b?));
        self.wall = self.wall.plus(other.wall);
        self.busy = self.busy.plus(other.busy);
        self.waiting = both(self.waiting, other.waiting);
        self.processor = both(self.processor, other.processor);
        self.calls = self.calls.saturating_add(other.calls);
    }
}

/// A span of time in whole microseconds, a number of seconds in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seconds(Duration);

impl Seconds {
    /// The longest that can be written: what a double holds to the microsecond.
    const LONGEST: Duration = Duration::from_secs(1_000_000_000);

    /// The same without what is below a microsecond.
    pub fn of(duration: Duration) -> Self {
        Self(Duration::new(duration.as_secs(), duration.subsec_micros() * 1000))
    }

    /// As a duration.
    pub fn duration(self) -> Duration {
        self.0
    }

    fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0).min(Self::LONGEST))
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_secs_f64().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        if !(0.0..=Self::LONGEST.as_secs_f64()).contains(&seconds) {
            return Err(D::Error::custom(format!("{seconds} is not a time in seconds")));
        }
        Ok(Self(Duration::from_micros((seconds * 1e6).round() as u64)))
    }
}

/// A run's clocks, started.
pub(in crate::suite) struct Stopwatch {
    began: Instant,
    processor: Option<Duration>,
    waited: Option<Duration>,
}

impl Stopwatch {
    pub(in crate::suite) fn start(implementation: &dyn Implementation) -> Self {
        Self { began: Instant::now(), processor: processor_time(), waited: implementation.waiting() }
    }

    /// What it took since the start, of which the implementation was `busy` answering so many calls.
    pub(in crate::suite) fn read(&self, implementation: &dyn Implementation, busy: Duration, calls: u64) -> Times {
        let since = |now: Option<Duration>, then: Option<Duration>| Some(Seconds::of(now?.saturating_sub(then?)));
        Times {
            wall: Seconds::of(self.began.elapsed()),
            busy: Seconds::of(busy),
            waiting: since(implementation.waiting(), self.waited),
            processor: since(processor_time(), self.processor),
            calls,
        }
    }
}

#[cfg(all(unix, feature = "cli"))]
fn processor_time() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
}

#[cfg(not(all(unix, feature = "cli")))]
fn processor_time() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_span_of_time_reads_back_as_the_same(micros in 0u64..1_000_000_000_000_000) {
            let span = Seconds::of(Duration::from_micros(micros));
            let text = serde_json::to_string(&span).unwrap();
            prop_assert_eq!(crate::json::from_str::<Seconds>(&text).unwrap(), span);
        }
    }

    #[test]
    fn what_is_no_span_of_time_is_refused() {
        for text in ["-1", "1e300", "null", "\"1\""] {
            assert!(crate::json::from_str::<Seconds>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_runners_share_is_a_part_of_the_whole_run() {
        let seconds = |s| Seconds::of(Duration::from_secs(s));
        let share = |wall, busy| Times { wall: seconds(wall), busy: seconds(busy), ..Times::default() }.runner_share();
        assert_eq!(share(10, 9), Some(0.1));
        // A run whose calls took almost no time: no more than everything is the runner's own.
        assert_eq!(share(100, 1), Some(0.99));
        assert_eq!(share(9, 10), Some(0.0));
        assert_eq!((share(0, 0), share(1, 0)), (None, None));
    }
}
