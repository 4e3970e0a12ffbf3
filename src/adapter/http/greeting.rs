//! The first exchange with a probe, and what to say where there is none.

use super::{
    Broken,
    client::{Answered, Client},
    clock::{ahead, clock},
};
use crate::protocol::VERSION;
use serde_json::{Value as Json, json};

/// The probe's answer to hello, once the clocks are known to each other.
pub(super) fn greet(client: &Client, url: &str) -> Result<Json, Broken> {
    let line = json!({ "op": "hello", "protocol": VERSION }).to_string();
    let mut answered = client.post(line.as_bytes(), None)?;
    if let (404, Some(date)) = (answered.status, answered.date) {
        // The proof may have been too old, or from the future, by a clock that is not ours.
        client.set_ahead((date * 1_000_000).saturating_sub(answered.came));
        answered = client.post(line.as_bytes(), None)?;
    }
    if answered.status == 404 || (300..400).contains(&answered.status) {
        return Err(not_found(&answered, &format!("there is no probe at {url} that believes us")));
    }
    let senseless = |what: String| Broken {
        what: format!("{url} does not answer as a probe: {what}"),
        remedy: "name the URL of the probe, as in http://127.0.0.1:8000/sessionproof-probe".to_owned(),
    };
    if answered.status != 200 {
        return Err(senseless(format!("HTTP status {}", answered.status)));
    }
    let json: Json = serde_json::from_slice(&answered.body).map_err(|error| senseless(format!("no JSON: {error}")))?;
    if let Ok(clock) = clock(&json) {
        client.set_ahead(ahead(clock, &answered));
    }
    Ok(json)
}

/// What to say of a probe that is not there.
pub(super) fn not_found(answered: &Answered, what: &str) -> Broken {
    if let Some(location) = &answered.location {
        return Broken {
            what: format!("{what}: it redirects to {location}"),
            remedy: "no redirect is followed; name the URL that it leads to".to_owned(),
        };
    }
    let far = answered.date.map(|date| date - answered.came / 1_000_000).filter(|seconds| seconds.abs() > 30);
    let clocks = far.map(|seconds| format!("; its clock is {seconds} s ahead of ours")).unwrap_or_default();
    Broken {
        what: format!("{what}: HTTP status {}{clocks}", answered.status),
        remedy: "see that the application mounts the probe at this URL, that SESSIONPROOF_PROBE_UNTIL is not over, and that \
                 --secret-key-file holds its SECRET_KEY"
            .to_owned(),
    }
}
