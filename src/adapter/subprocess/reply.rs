//! Reads a line from an adapter's standard output: a hello, a reply that was due, or a mistake.

use super::{
    hello,
    messages::{self, Scene},
    worker::Worker,
};
use crate::json::Json;
use crate::{
    adapter::AdapterError,
    protocol::{Call, Capabilities, Reply},
};

/// What a line turned out to be.
pub(super) enum Read {
    /// What the adapter says of itself.
    Capabilities(Capabilities),
    /// The reply to the call at this place.
    Reply(usize, Reply),
}

/// What is wrong with a line.
pub(super) enum Wrong {
    /// A hello that cannot be used, and why.
    Capabilities(String),
    /// No call waits for it, and why.
    Id(String),
    /// No reply at all, and why.
    Line(String),
    /// Not the hello of the first copy.
    OtherHello,
    /// A reply to this operation that cannot be read, and why.
    Reply(&'static str, String),
}

impl Wrong {
    /// What is said about it.
    pub(super) fn message(&self, line: &[u8], scene: &Scene) -> AdapterError {
        match self {
            Self::Capabilities(why) => messages::bad_hello(line, why, scene),
            Self::Id(why) => messages::wrong_id(line, why, scene),
            Self::Line(why) => messages::not_a_reply(line, why, scene),
            Self::OtherHello => messages::other_hello(line, scene),
            Self::Reply(op, why) => messages::bad_reply(line, op, why, scene),
        }
    }
}

/// Reads a line that `worker` printed. A reply that was due counts as given; `first` is what the first copy said.
pub(super) fn read(
    worker: &mut Worker,
    line: &[u8],
    calls: &[Call],
    first: Option<&Capabilities>,
) -> Result<Read, Wrong> {
    let text = std::str::from_utf8(line).map_err(|_| Wrong::Line("not UTF-8".to_owned()))?;
    let reply: Json = crate::json::from_str(text).map_err(|error| Wrong::Line(error.to_string()))?;
    let id = match (reply.as_object(), reply.get("id").map(Json::as_u64)) {
        (None, _) => return Err(Wrong::Line("not a JSON object".to_owned())),
        (_, None) => return Err(Wrong::Line("it has no \"id\"".to_owned())),
        (_, Some(None)) => return Err(Wrong::Id("its \"id\" is no id of a request".to_owned())),
        (_, Some(Some(id))) => id,
    };
    if worker.greeting && id == 0 {
        let hello = hello::from_json(&reply).map_err(Wrong::Capabilities)?;
        if first.is_some_and(|first| *first != hello) {
            return Err(Wrong::OtherHello);
        }
        worker.greeting = false;
        return Ok(Read::Capabilities(hello));
    }
    let Some(place) = worker.waiting.get(&id).copied() else {
        let why = if worker.has_asked(id) { "was answered before" } else { "was never asked" };
        return Err(Wrong::Id(format!("request {id} {why}")));
    };
    let Some(call) = calls.get(place) else { return Err(Wrong::Id(format!("request {id} is gone"))) };
    let reply = Reply::from_json(call, &reply).map_err(|why| Wrong::Reply(call.op().as_str(), why))?;
    worker.paid(id);
    Ok(Read::Reply(place, reply))
}
