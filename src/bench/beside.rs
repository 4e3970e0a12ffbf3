//! Measures another implementation and the verifier of this crate in turns.

use super::{
    Part, Question, Spread,
    shapes::{self, NOW},
};
use crate::{
    adapter::{AdapterError, subprocess::Bencher},
    verifier::Verifier,
};
use serde::Serialize;
use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

/// How long a turn is meant to take.
const TURN: Duration = Duration::from_millis(20);

/// The most calls that are requested: if the time is still not noticeable then, nothing can be measured.
const MOST_CALLS: u64 = 1 << 30;

/// One shape by both.
#[derive(Clone, Debug, Serialize)]
pub struct Beside {
    /// The shape in a word.
    pub shape: &'static str,
    /// What was measured.
    pub part: Part,
    /// This crate's verifier, in nanoseconds per cookie.
    pub ours: Spread,
    /// The other; `None` if it cannot measure this.
    pub theirs: Option<Spread>,
    /// How many times as long the other takes, by the medians.
    pub ratio: Option<f64>,
}

/// Every shape and part, each added to `all` once it is measured. Fails when the adapter breaks, or says that a good cookie does
/// not count; stops asking beyond `deadline`.
pub fn beside(
    bencher: &mut Bencher,
    turns: usize,
    deadline: Instant,
    all: &mut Vec<Beside>,
) -> Result<(), AdapterError> {
    let config = Arc::new(shapes::config());
    let verifier = Verifier::new(&config).map_err(|error| broken(&error.to_string()))?;
    for shape in shapes::all() {
        for part in [Part::Load, Part::Signature] {
            let question = Question { config: config.clone(), now: NOW, cookie: shape.cookie.clone(), part };
            let (ours, theirs) = measure(&verifier, bencher, &question, turns, deadline)?;
            let ratio = theirs.map(|theirs| theirs.median / ours.median);
            all.push(Beside { shape: shape.name, part, ours, theirs, ratio });
        }
    }
    Ok(())
}

fn measure(
    verifier: &Verifier,
    bencher: &mut Bencher,
    question: &Question,
    turns: usize,
    deadline: Instant,
) -> Result<(Spread, Option<Spread>), AdapterError> {
    let our_calls = calibrate(|calls| Ok(Some(ours(verifier, question, calls))))?.unwrap_or(1);
    let their_calls = calibrate(|calls| theirs(bencher, question, calls, deadline))?;
    let (mut of_ours, mut of_theirs) = (Vec::new(), Vec::new());
    for _ in 0..turns {
        of_ours.push(ours(verifier, question, our_calls) * 1e9 / our_calls as f64);
        let Some(calls) = their_calls else { continue };
        of_theirs.extend(theirs(bencher, question, calls, deadline)?.map(|seconds| seconds * 1e9 / calls as f64));
    }
    Ok((Spread::of(of_ours), their_calls.map(|_| Spread::of(of_theirs))))
}

/// How many calls fill a turn; `None` if nothing can be measured.
fn calibrate(mut seconds: impl FnMut(u64) -> Result<Option<f64>, AdapterError>) -> Result<Option<u64>, AdapterError> {
    let mut calls = 1;
    while calls < MOST_CALLS {
        match seconds(calls)? {
            None => return Ok(None),
            Some(seconds) if seconds >= TURN.as_secs_f64() => return Ok(Some(calls)),
            // Too short to be judged by: so much more that the next is not.
            Some(seconds) if seconds < TURN.as_secs_f64() / 16.0 => calls *= 8,
            Some(_) => calls *= 2,
        }
    }
    Err(broken(&format!("{calls} calls take no time")))
}

fn ours(verifier: &Verifier, question: &Question, calls: u64) -> f64 {
    let cookie = question.cookie.as_str();
    let start = Instant::now();
    for _ in 0..calls {
        match question.part {
            Part::Load => drop(black_box(verifier.load(black_box(cookie), question.now))),
            Part::Signature => drop(black_box(verifier.verify(black_box(cookie), question.now))),
        }
    }
    start.elapsed().as_secs_f64()
}

fn theirs(
    bencher: &mut Bencher,
    question: &Question,
    calls: u64,
    deadline: Instant,
) -> Result<Option<f64>, AdapterError> {
    if Instant::now() >= deadline {
        return Err(broken("the time limit is over; --time-limit gives more, --turns takes less"));
    }
    let Some(measured) = bencher.measure(question, calls)? else { return Ok(None) };
    if !measured.accepted {
        return Err(broken("the adapter says that a good cookie does not count: run check on it first"));
    }
    Ok(Some(measured.seconds))
}

fn broken(what: &str) -> AdapterError {
    AdapterError {
        message: format!("nothing can be measured: {what}"),
        hint: "spec/adapter-protocol.md says how bench is answered.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_as_many_as_fill_a_turn_and_there_is_an_end_to_them() {
        assert_eq!(calibrate(|calls| Ok(Some(calls as f64 * 1e-6))).unwrap(), Some(32_768));
        assert_eq!(calibrate(|_| Ok(None)).unwrap(), None);
        assert!(calibrate(|_| Ok(Some(0.0))).unwrap_err().message.contains("take no time"));
    }
}
