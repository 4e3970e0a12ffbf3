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
    /// That it does not speak this version of the protocol. It was asked again, in an older one.
    OlderVersion,
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
}

impl Wrong {
    /// What is said about it.
    pub(super) fn message(&self, line: &[u8], scene: &Scene) -> AdapterError {
        match self {
            Self::Capabilities(why) => messages::bad_hello(line, why, scene),
            Self::Id(why) => messages::wrong_id(line, why, scene),
            Self::Line(why) => messages::not_a_reply(line, why, scene),
            Self::OtherHello => messages::other_hello(line, scene),
        }
    }
}

/// What is wrong with text that [`without_halves`] changes.
const HALVES: &str = "it has half of a surrogate pair, which is no character: in session values write {\"$utf16\":[…]}, and \
                      elsewhere an escape of your own";

/// Reads a line that `worker` printed. A reply that was due counts as given, with an error if it cannot be read; `first` is what
/// the first copy said.
pub(super) fn read(
    worker: &mut Worker,
    line: &[u8],
    calls: &[Call],
    first: Option<&Capabilities>,
) -> Result<Read, Wrong> {
    let text = std::str::from_utf8(line).map_err(|_| Wrong::Line("not UTF-8".to_owned()))?;
    let (reply, halves) = match crate::json::from_str::<Json>(text) {
        Ok(reply) => (reply, false),
        // Where nothing but these is wrong with it, it is known which call it is for.
        Err(error) => match without_halves(text).and_then(|text| crate::json::from_str(&text).ok()) {
            Some(reply) => (reply, true),
            None => return Err(Wrong::Line(error.to_string())),
        },
    };
    let id = match (reply.as_object(), reply.get("id").map(Json::as_u64)) {
        (None, _) => return Err(Wrong::Line("not a JSON object".to_owned())),
        (_, None) => return Err(Wrong::Line("it has no \"id\"".to_owned())),
        (_, Some(None)) => return Err(Wrong::Id("its \"id\" is no id of a request".to_owned())),
        (_, Some(Some(id))) => id,
    };
    if worker.greeting && id == worker.hello.0 {
        // An error that names no protocol is one of its own, such as a package that is missing.
        let names_protocol = |error: &Json| error.to_string().contains("protocol");
        let is_refused = reply.get("unsupported").is_some() || reply.get("error").is_some_and(names_protocol);
        if is_refused && worker.hello.1 > 1 {
            worker.greet(1);
            return Ok(Read::OlderVersion);
        }
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
    let read = if halves { Err(HALVES.to_owned()) } else { Reply::from_json(call, &reply) };
    worker.paid(id);
    // The next replies may be right.
    let reply = read.unwrap_or_else(|why| Reply::Error(messages::bad_reply(line, call.op().as_str(), &why)));
    Ok(Read::Reply(place, reply))
}

/// JSON with U+FFFD for each escape of half a surrogate pair; `None` if it has no such escape. Readers of JSON refuse them.
fn without_halves(json: &str) -> Option<String> {
    let escape = |text: &str| {
        let digits =
            text.strip_prefix("\\u")?.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut text, mut rest, mut is_changed) = (String::with_capacity(json.len()), json, false);
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        text += before;
        let (taken, is_half) = match escape(from) {
            Some(0xD800..=0xDBFF) => match from.get(6..).and_then(escape) {
                Some(0xDC00..=0xDFFF) => (12, false),
                _ => (6, true),
            },
            Some(0xDC00..=0xDFFF) => (6, true),
            // Another escape, of which only the first sign matters here.
            _ => (1 + from.chars().nth(1).map_or(0, char::len_utf8), false),
        };
        let (escape, after) = from.split_at_checked(taken).unwrap_or((from, ""));
        text += if is_half { "\\ufffd" } else { escape };
        is_changed |= is_half;
        rest = after;
    }
    is_changed.then(|| text + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_surrogate_pairs_are_found_and_nothing_else_is_touched() {
        for (json, changed) in [
            (r#""a\ud83d\ude00""#, None),
            (r#""\ud83d\ude00 \n \"""#, None),
            (r#""\\ud800""#, None),
            (r#""\ud800""#, Some(r#""\ufffd""#)),
            (r#""\udc80é\\\uD9""#, Some(r#""\ufffdé\\\uD9""#)),
            (r#""\ud800\ud83d\ude00\uDC00""#, Some(r#""\ufffd\ud83d\ude00\ufffd""#)),
            ("\\", None),
        ] {
            assert_eq!(without_halves(json).as_deref(), changed, "{json}");
        }
    }
}
