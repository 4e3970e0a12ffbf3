//! Measures how fast cookies are verified: the verifier of this crate, compared with a lower bound and with other
//! implementations.
//!
//! On a machine that does other things too, times drift by a third within seconds. So things to compare are measured in turns of
//! a few milliseconds each, and reported as median and quartiles. Only ratios within one run are reliable.

mod beside;
mod own;
pub mod shapes;

pub use crate::adapter::subprocess::{Part, Question};

pub use beside::{Beside, beside};
pub use own::{Alone, Shares, alone};

use crate::interruption;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Nanoseconds per cookie over some turns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// A quarter of the turns took no longer.
    pub lower_quartile: f64,
    /// Half of the turns.
    pub median: f64,
    /// Three quarters.
    pub upper_quartile: f64,
}

impl Spread {
    /// The spread of some times; all zero when there are none.
    pub fn of(mut nanoseconds: Vec<f64>) -> Self {
        nanoseconds.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (share * nanoseconds.len().saturating_sub(1) as f64).round() as usize;
            nanoseconds.get(place).copied().unwrap_or_default()
        };
        Self { lower_quartile: at(0.25), median: at(0.5), upper_quartile: at(0.75) }
    }
}

/// Something that is done over and over, with how often in one turn.
struct Turn<'a> {
    work: Box<dyn FnMut(u64) + 'a>,
    /// How many cookies one call is for.
    cookies: u64,
    calls: u64,
    nanoseconds: Vec<f64>,
}

impl<'a> Turn<'a> {
    /// Work that does what is asked as often as it is asked to.
    fn new(work: impl FnMut(u64) + 'a) -> Self {
        Self { work: Box::new(work), cookies: 1, calls: 1, nanoseconds: Vec::new() }
    }

    /// The same where each call is for several cookies.
    fn for_cookies(self, cookies: u64) -> Self {
        Self { cookies, ..self }
    }

    fn time(&mut self) -> Duration {
        let start = Instant::now();
        (self.work)(self.calls);
        start.elapsed()
    }

    /// As many calls as fill a turn.
    fn calibrate(&mut self, turn: Duration) {
        while self.time() < turn && self.calls < u64::from(u32::MAX) {
            self.calls *= 2;
        }
    }

    fn take(&mut self) {
        let nanoseconds = self.time().as_nanos() as f64 / (self.calls * self.cookies) as f64;
        self.nanoseconds.push(nanoseconds);
    }
}

/// All of them in turns, and the spread of each. After an interruption the turns so far count.
fn in_turns<const N: usize>(mut all: [Turn; N], turns: usize, turn: Duration) -> [Spread; N] {
    all.iter_mut().for_each(|one| one.calibrate(turn));
    for turn in 0..turns {
        if turn > 0 && interruption::interrupted_by().is_some() {
            break;
        }
        all.iter_mut().for_each(Turn::take);
    }
    all.map(|one| Spread::of(one.nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_of_the_times_in_order() {
        let spread = Spread::of(vec![5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!(spread, Spread { lower_quartile: 2.0, median: 3.0, upper_quartile: 4.0 });
        assert_eq!(Spread::of(Vec::new()).median, 0.0);
    }

    #[test]
    fn turns_are_long_enough_and_as_many_as_asked() {
        let mut calls = 0;
        let work = |n| {
            calls += n;
            std::thread::sleep(Duration::from_micros(100) * n as u32);
        };
        let [spread] = in_turns([Turn::new(work)], 3, Duration::from_millis(1));
        assert!(spread.lower_quartile >= 100_000.0, "{spread:?}");
        assert!(calls > 3, "{calls} calls");
    }
}
