//! The first exchange with a probe, and the errors if there is no probe.

use super::{
    AdapterError,
    client::{Answered, Client},
    clock::{ahead, clock},
};
use crate::json::{Json, json};

/// The version of the probe's protocol.
const PROTOCOL: u32 = 2;
/// How far the server's clock may be from ours, in seconds: sessions are signed by its clock.
const MOST_AHEAD: i64 = 300;

/// The probe's answer to hello, once the clocks are known to each other.
pub(super) fn greet(client: &Client, url: &str) -> Result<Json, AdapterError> {
    let hello = json!({ "op": "hello", "protocol": PROTOCOL });
    let mut answered = client.post(&hello, None)?;
    if let (404, Some(ahead)) =
        (answered.status, ahead_by_its_date(&answered).filter(|ahead| ahead.abs() <= MOST_AHEAD))
    {
        // The proof may have been too old, or from the future, by a clock that is not ours.
        client.set_ahead(ahead.saturating_mul(1_000_000));
        answered = client.post(&hello, None)?;
    }
    if answered.status == 404 || (300..400).contains(&answered.status) {
        return Err(not_found(&answered, &format!("no probe at {url} accepts our key")));
    }
    let senseless = |what: String| AdapterError {
        message: format!("{url} does not answer like a probe: {what}"),
        hint: "name the URL of the probe, as in http://127.0.0.1:8000/sessionproof-probe".to_owned(),
    };
    if answered.status != 200 {
        return Err(senseless(format!("HTTP status {}", answered.status)));
    }
    let json: Json =
        crate::json::from_slice(&answered.body).map_err(|error| senseless(format!("not JSON: {error}")))?;
    if let Ok(clock) = clock(&json) {
        let ahead = ahead(clock, &answered);
        if ahead.saturating_abs() > MOST_AHEAD * 1_000_000 {
            return Err(too_far(url, ahead / 1_000_000));
        }
        client.set_ahead(ahead);
    }
    Ok(json)
}

/// How many seconds the server's clock is ahead by the Date header.
fn ahead_by_its_date(answered: &Answered) -> Option<i64> {
    answered.date.map(|date| date.saturating_sub(answered.came / 1_000_000))
}

fn too_far(url: &str, ahead: i64) -> AdapterError {
    AdapterError {
        message: format!("the clock of {url} is {ahead} s ahead of ours; the limit is {MOST_AHEAD} s"),
        hint: "set both clocks to the right time".to_owned(),
    }
}

/// The error about a probe that is not there.
pub(super) fn not_found(answered: &Answered, what: &str) -> AdapterError {
    if let Some(location) = &answered.location {
        return AdapterError {
            message: format!("{what}: it redirects to {location}"),
            hint: "redirects are not followed: name the URL that it leads to".to_owned(),
        };
    }
    let far = ahead_by_its_date(answered).filter(|seconds| seconds.abs() > 30);
    let clocks = far.map(|seconds| format!("; its clock is {seconds} s ahead of ours")).unwrap_or_default();
    AdapterError {
        message: format!("{what}: HTTP status {}{clocks}", answered.status),
        hint: "check that the application mounts the probe at this URL, that SESSIONPROOF_PROBE_UNTIL is not over, and that \
                 --secret-key-file holds its SECRET_KEY"
            .to_owned(),
    }
}
