//! Makes a single call plain in one thing after the other: its key, its lifetime, its looks, what its cookie holds.

use super::{Failing, First};
use crate::{
    case::scenario::Scenario,
    protocol::{Call, Choices},
    suite::judging::counterfactual::smaller,
};

/// How many plainer calls are tried for one failure.
const TRIES: usize = 400;
/// How many are asked together.
const TOGETHER: usize = 16;

/// Takes the first plainer call that fails, as long as there is one. `is_fixed` leaves the configuration alone.
pub fn simplify_call(mut smallest: Failing, choices: &Choices, is_fixed: bool, first: &mut First<'_>) -> Failing {
    let (mut left, mut from) = (TRIES, 0);
    loop {
        let call = match &smallest.0 {
            Scenario::Single(call) => call.clone(),
            Scenario::RoundTrip(sign) => Call::Sign(sign.clone()),
            Scenario::Calls(_) | Scenario::Sequence(_) | Scenario::World(_) => return smallest,
        };
        let length = call.to_line(0).len();
        let is_smaller = |call: &Call| call.to_line(0).len() < length;
        let is_allowed = |plainer: &Call| !is_fixed || plainer.config() == call.config();
        let plainer = smaller(&call, choices).into_iter().enumerate().skip(from);
        let plainer = plainer.filter(|(_, plainer)| is_smaller(plainer) && is_allowed(plainer));
        let (places, scenarios): (Vec<_>, Vec<_>) = plainer
            .map(|(at, plainer)| match (&smallest.0, plainer) {
                (Scenario::RoundTrip(_), Call::Sign(sign)) => (at, Scenario::RoundTrip(sign)),
                (_, call) => (at, Scenario::Single(call)),
            })
            .unzip();
        let mut found = None;
        for (places, scenarios) in places.chunks(TOGETHER).zip(scenarios.chunks(TOGETHER)) {
            if left < scenarios.len() {
                return smallest;
            }
            left -= scenarios.len();
            match first(scenarios) {
                Ok(Some((place, divergence))) => {
                    found = places.get(place).copied().zip(scenarios.get(place).cloned().zip(Some(divergence)));
                    break;
                }
                Ok(None) => {}
                Err(_) => return smallest,
            }
        }
        match found {
            Some((at, failing)) => (from, smallest) = (at, failing),
            // What did not work before may work now.
            None if from > 0 => from = 0,
            None => return smallest,
        }
    }
}
