//! What the server's clock shows, and what follows from it.

use super::client::Answered;
use crate::json::Json;
use crate::{
    clock::UnixTime,
    protocol::{Exchange, members},
};

/// How far the server's clock may come to be from where it was at first, by ours, in microseconds.
const DRIFT: i64 = 1_000_000;

/// The server's clock before and after, in a reply.
pub(super) fn clock(reply: &Json) -> Result<[UnixTime; 2], String> {
    let clock = reply.pointer("/ok/clock").ok_or("there is no \"clock\"")?;
    members(clock).map_err(|what| format!("clock: {what}"))
}

/// How many microseconds the server's clock is ahead: the middle of a request is about the middle of what the server did.
pub(super) fn ahead([start, end]: [UnixTime; 2], answered: &Answered) -> i64 {
    let middle = |a: i64, b: i64| a.saturating_add(b.saturating_sub(a) / 2);
    middle(start.micros(), end.micros()).saturating_sub(middle(answered.sent, answered.came))
}

/// whether the server's clock runs like ours.
pub(super) fn is_near(start: UnixTime, end: UnixTime, answered: &Answered, ahead: i64) -> bool {
    let (sent, came) = (answered.sent.saturating_add(ahead), answered.came.saturating_add(ahead));
    start <= end && start.micros() >= sent.saturating_sub(DRIFT) && end.micros() <= came.saturating_add(DRIFT)
}

/// Where an Expires lies by the call's clock. Under a lifetime with a fraction it depends on the fraction of the second in which
/// the server acted, of which the bounds are known: what is right by either of them is right.
pub(super) fn expires_here(at: i64, call: &Exchange, there: UnixTime, clock: [UnixTime; 2]) -> i64 {
    let later = there.seconds().saturating_sub(call.now.seconds());
    let lifetime = call.config.lifetime.micros().unwrap_or_default();
    let end = |now: UnixTime| {
        let end = (i128::from(now.micros()) + lifetime).div_euclid(1_000_000);
        i64::try_from(end).unwrap_or(i64::MAX)
    };
    let right = clock.map(end).into_iter().min_by_key(|right| right.abs_diff(at)).unwrap_or(at);
    at.saturating_sub(later).saturating_add(end(there).saturating_sub(right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Lifetime};
    use std::sync::Arc;

    #[test]
    fn under_a_fraction_of_a_lifetime_expires_is_right_by_either_reading_of_the_clock_and_by_no_other() {
        let config = Arc::new(Config::with_key("key").lifetime(Lifetime::Delta(10.5)));
        let call = Exchange {
            config,
            now: UnixTime::from_micros(100_250_000),
            cookie_header: None,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            actions: Vec::new(),
        };
        let there = UnixTime::from_micros(5_000_250_000);
        let clock = |from: i64, to: i64| [from, to].map(|micros| UnixTime::from_micros(5_000_000_000 + micros));
        // By the call's clock it ends at 110, whether the server's seconds began late or early.
        for (at, clock, here) in [
            (5010, clock(100_000, 200_000), 110),
            (5011, clock(600_000, 700_000), 110),
            (5010, clock(400_000, 600_000), 110),
            (5011, clock(400_000, 600_000), 110),
            (5011, clock(100_000, 200_000), 111),
            (5010, clock(600_000, 700_000), 109),
            (5009, clock(400_000, 600_000), 109),
            (5012, clock(400_000, 600_000), 111),
        ] {
            assert_eq!(expires_here(at, &call, there, clock), here, "{at} {clock:?}");
        }
    }
}
