//! Each check: what is asked, and what the adapter must answer.

use super::{
    Seen, Stop, Violation,
    conversation::{Conversation, ID},
    ways::{NOW, Opened, Way, model_writes},
};
use crate::json::{Json, json};
use crate::{
    protocol::{Call, Capabilities, Op, Reply},
    value::{Map, wire},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

type Ask = fn(&mut Conversation, &Capabilities) -> Seen;

/// The checks after hello and flush, in order. The last two end the conversation.
pub(super) const ALL: [(&str, Ask); 11] = [
    ("ids", ids),
    ("operations", operations),
    ("members", members),
    ("actions", actions),
    ("nonsense", nonsense),
    ("clock", clock),
    ("values", values),
    ("configurations", configurations),
    ("long lines", long_lines),
    ("end of input", end_of_input),
    ("standard output", standard_output),
];

/// Whether a failure of this check may only follow from that of an earlier one.
pub(super) fn rests_on(check: &str, failed: &str) -> bool {
    failed == "ids" || failed == "clock" && ["configurations", "values"].contains(&check)
}

/// How many requests wait at once: as many as `check` sends ahead.
const IN_FLIGHT: u32 = 64;
/// The size of a long request and of its reply (bytes).
const LONG: usize = 500_000;
/// In seconds.
const LIFETIME: u32 = 3600;
/// In seconds.
const DAY: f64 = 86_400.0;

/// A sample of each kind of value in the protocol's encoding, which must come back unchanged. The last is the escape of `json`,
/// which an adapter need not have.
const SAMPLES: [(&str, &str); 11] = [
    (
        "json",
        r#"{"text":"é☃😀\"\\\n","null":null,"yes":true,"integer":-42,"float":0.5,"list":[1,[2,[]]],"map":{"in":{}}}"#,
    ),
    ("integers", r#"{"$int":"-9007199254740993"}"#),
    ("floats", r#"[{"$float":"1.0"},{"$float":"1e+16"},{"$float":"-0.0"}]"#),
    ("surrogates", r#"{"$utf16":[97,55296]}"#),
    ("tuple", r#"{"$tuple":[1,{"$tuple":[]}]}"#),
    ("bytes", r#"{"$bytes":"AAH/"}"#),
    ("uuid", r#"{"$uuid":"12345678-1234-5678-1234-567812345678"}"#),
    ("datetime", r#"{"$datetime":"2024-02-29T12:30:00+00:00"}"#),
    ("markup", r#"{"$markup":"<b>"}"#),
    ("map", r#"{"$map":[[{"$utf16":[55296]},1]]}"#),
    ("json", r#"{"$map":[["$int",1]]}"#),
];

/// Kinds that cannot be mistaken for another.
const TAGGED: [&str; 5] = ["bytes", "datetime", "markup", "tuple", "uuid"];

fn key() -> Json {
    json!({ "secret_key": "a key for protocol checks" })
}

/// Each reply comes before the next request. That hello came before anything else was sent is the first half.
pub(super) fn flush(conversation: &mut Conversation) -> Seen {
    for _ in 0..2 {
        conversation.ask(|id| json!({ "id": id, "op": "frobnicate" }).to_string())?;
    }
    Ok("each reply comes before the next request".to_owned())
}

fn ids(conversation: &mut Conversation, hello: &Capabilities) -> Seen {
    let mut calls = Vec::new();
    for way in Way::all(hello)? {
        for n in 0..IN_FLIGHT {
            let (now, session) = (NOW + f64::from(n), json!({ "n": n }));
            calls.push(if way.writes() {
                way.writing(&key(), now, &session)?
            } else {
                way.reading(&key(), now, &model_writes(&key(), now, &session)?)?
            });
        }
    }
    let together = conversation.all(&calls)?;
    if together.iter().all(|reply| together.first().is_some_and(|first| same(first, reply))) {
        return Err(Stop::NotAsked("all replies are alike, so they cannot be matched to requests".to_owned()));
    }
    for (call, reply) in calls.iter().zip(&together).rev() {
        if !same(&conversation.call(call)?, reply) {
            let why = "the same request had another reply when it was sent together with others";
            return Err(conversation.violation(why, ID).into());
        }
    }
    Ok(format!("{} requests at once, each answered under its own", calls.len()))
}

/// Whether two replies say the same. What an error says may differ each time.
fn same(one: &Reply, other: &Reply) -> bool {
    one == other || matches!((one, other), (Reply::Error(_), Reply::Error(_)))
}

fn operations(conversation: &mut Conversation, _: &Capabilities) -> Seen {
    let remedy = "Answer an unknown operation with {\"id\":…,\"unsupported\":\"op frobnicate\"}.";
    unsupported(conversation, |id| json!({ "id": id, "op": "frobnicate" }), remedy)?;
    Ok("an unknown one is answered by unsupported".to_owned())
}

/// Members of a request and of its configuration that nobody can know.
fn members(conversation: &mut Conversation, hello: &Capabilities) -> Seen {
    for way in Way::all(hello)? {
        let plain = if way.writes() {
            way.writing(&key(), NOW, &json!({ "n": 1 }))?
        } else {
            way.reading(&key(), NOW, &model_writes(&key(), NOW, &json!({ "n": 1 }))?)?
        };
        let with = |pointer: &'static str| {
            let plain = &plain;
            move |id| {
                let mut request: Json = crate::json::from_str(&plain.to_line(id)).unwrap_or_default();
                if let Some(Json::Object(members)) = request.pointer_mut(pointer) {
                    members.insert("frobnicate".to_owned(), Json::Bool(true));
                }
                request
            }
        };
        let remedy = "Keep a list of the members of `config` that the adapter supports, and answer `unsupported` to any other: \
                      ignoring one would give a wrong answer.";
        unsupported(conversation, with("/config"), remedy)?;
        let remedy =
            "Keep a list of the members of each operation, and answer `unsupported` to a request with any other.";
        unsupported(conversation, with(""), remedy)?;
    }
    Ok("an unknown one, in a request or its config, is answered by unsupported".to_owned())
}

fn actions(conversation: &mut Conversation, hello: &Capabilities) -> Seen {
    if !hello.ops.contains(&Op::Exchange) {
        return Err(Stop::NotAsked("the adapter does not offer exchange".to_owned()));
    }
    let request = |id| {
        let actions = json!([{ "do": "frobnicate" }]);
        json!({ "id": id, "op": "exchange", "config": key(), "now": NOW, "cookie_header": null, "actions": actions })
    };
    unsupported(conversation, request, "Answer `unsupported` to an unknown action; never skip it.")?;
    Ok("an unknown one is answered by unsupported".to_owned())
}

/// Nonsense is answered by an error, and the adapter keeps running.
fn nonsense(conversation: &mut Conversation, hello: &Capabilities) -> Seen {
    let (op, member, value) = match Way::all(hello)?.first() {
        Some(Way::Exchange) => ("exchange", "cookie_header", Json::Null),
        Some(Way::Alone { verify: true, .. }) => ("verify", "cookie", json!("a.b.c")),
        _ => ("sign", "session", json!({})),
    };
    let sound = |id| json!({ "id": id, "op": op, "config": key(), "now": NOW, member: value });
    let without = |name: &'static str, instead: Option<Json>| {
        move |id| {
            let mut request = sound(id);
            if let Json::Object(members) = &mut request {
                members.shift_remove(name);
                members.extend(instead.clone().map(|instead| (name.to_owned(), instead)));
            }
            request.to_string()
        }
    };
    let mut wrong = vec![without("now", Some(json!("noon")))];
    if member != "cookie_header" {
        wrong.push(without(member, None));
    }
    for line in wrong {
        let reply = conversation.ask(line)?;
        if reply.get("error").is_none() {
            let remedy = "Answer nonsense with `error`: here `now` is not a number, or a member is missing.";
            return Err(conversation.violation("not `error`", remedy).into());
        }
    }
    // A request without an operation names an unknown one.
    let reply = conversation.ask(without("op", None))?;
    if reply.get("ok").is_some() {
        return Err(conversation.violation("an answer", "Answer a request without an `op` by `error`.").into());
    }
    // A line without an id may be answered or not.
    conversation.tell(|_| "this is no JSON".to_owned())?;
    let id = conversation.tell(|id| json!({ "id": id, "op": "frobnicate" }).to_string())?;
    conversation.reply(id, true)?;
    Ok("answered by an error, and the adapter keeps running".to_owned())
}

fn values(conversation: &mut Conversation, hello: &Capabilities) -> Seen {
    let ways = Way::all(hello)?;
    let mut remarks = Vec::new();
    for (at, (kind, sample)) in SAMPLES.iter().enumerate().filter(|(_, (kind, _))| carries(hello, kind)) {
        let is_escape = at + 1 == SAMPLES.len();
        let session = json!({ "v": crate::json::from_str::<Json>(sample).unwrap_or_default() });
        let expected = wire::decode_map(&session).map_err(|error| Stop::NotAsked(error.to_string()))?;
        for way in &ways {
            match comes_back(conversation, *way, &session, &expected) {
                Err(Stop::NotAsked(_)) if is_escape => {
                    remarks.push("a map whose only key begins with $ is not supported".to_owned())
                }
                Err(Stop::NotAsked(why)) => {
                    let remedy = format!("Support values of the kind {kind:?}, or leave it out of `values` in hello.");
                    return Err(conversation.violation(&why, &remedy).into());
                }
                Err(Stop::Raised(_)) if *kind != "json" => remarks.push(format!("the implementation raises on {kind}")),
                done => done?,
            }
        }
    }
    undeclared(conversation, hello, &ways)?;
    let all: Vec<_> = hello.values.iter().map(|kind| kind.as_str()).collect();
    remarks.insert(0, format!("each declared kind comes back equal: {}", all.join(", ")));
    remarks.dedup();
    Ok(remarks.join("; "))
}

/// A session is written and read, and is the same.
fn comes_back(conversation: &mut Conversation, way: Way, session: &Json, expected: &Map) -> Result<(), Stop> {
    let cookie = way.write(conversation, &key(), NOW, session)?;
    if !way.reads() {
        return Ok(());
    }
    match way.read(conversation, &key(), NOW, &cookie)? {
        Opened::Accepted(read) if read == *expected => Ok(()),
        Opened::Accepted(_) => {
            let why = format!("read as another value than was written: {session}");
            let remedy = "Convert values from the protocol's encoding and back; see section Values of spec/adapter-protocol.md. \
                          Leave a kind that does not survive out of `values` in hello.";
            Err(conversation.violation(&why, remedy).into())
        }
        Opened::Refused => {
            let why = format!("refused, though signed at the same instant: {session}");
            let remedy = "Take the key from `config` and the time from `now`, to sign and to verify. If the adapter does, the \
                          implementation is at fault.";
            Err(conversation.violation(&why, remedy).into())
        }
    }
}

fn carries(hello: &Capabilities, kind: &str) -> bool {
    hello.values.iter().any(|carried| carried.as_str() == kind)
}

/// The adapter does not guess at a kind that hello does not declare.
fn undeclared(conversation: &mut Conversation, hello: &Capabilities, ways: &[Way]) -> Result<(), Stop> {
    let Some(way) = ways.iter().find(|way| way.writes()) else { return Ok(()) };
    let is_undeclared = |(kind, _): &&(&str, &str)| TAGGED.contains(kind) && !carries(hello, kind);
    let Some((kind, sample)) = SAMPLES.iter().find(is_undeclared) else {
        return Ok(());
    };
    let session = json!({ "v": crate::json::from_str::<Json>(sample).unwrap_or_default() });
    let call = way.writing(&key(), NOW, &session)?;
    if let Reply::Ok(_) = conversation.call(&call)? {
        let why = format!("an answer, though hello does not declare the kind {kind:?}");
        let remedy =
            "Answer `unsupported` to a kind of value that hello does not declare: a map whose only key begins with $.";
        return Err(conversation.violation(&why, remedy).into());
    }
    Ok(())
}

fn clock(conversation: &mut Conversation, hello: &Capabilities) -> Seen {
    let (mut no_lifetime, mut reads) = (false, false);
    let session = json!({ "n": 1 });
    for way in Way::all(hello)? {
        if way.writes() {
            for now in [NOW + DAY, NOW] {
                let cookie = way.write(conversation, &key(), now, &session)?;
                if timestamp(&cookie) != Some(now.floor()) {
                    let why = format!("not the timestamp {}", now.floor());
                    let remedy =
                        "Sign with the request's `now`, rounded down to whole seconds, never with the machine's clock.";
                    return Err(conversation.violation(&why, remedy).into());
                }
            }
        }
        if !way.reads() {
            continue;
        }
        reads = true;
        let cookie = way.write(conversation, &key(), NOW, &session)?;
        let with_lifetime = json!({ "secret_key": key().get("secret_key"), "lifetime": LIFETIME });
        let mut config = &with_lifetime;
        let plain = key();
        if let Reply::Unsupported(_) = conversation.call(&way.reading(config, NOW, &cookie)?)? {
            (no_lifetime, config) = (true, &plain);
        }
        let remedy = "Compute the age from the request's `now`, never from the machine's clock, and compare it with the \
                      `lifetime` in `config`. If the adapter does, the implementation is at fault.";
        let ages = [(10.0, true), (f64::from(2 * LIFETIME), false), (20.0, true)];
        for (age, is_within) in ages.into_iter().filter(|(_, within)| *within || !no_lifetime) {
            let opened = way.read(conversation, config, NOW + age, &cookie)?;
            if matches!(opened, Opened::Accepted(_)) != is_within {
                let verdict = if is_within { "refused" } else { "accepted" };
                let why = format!("{verdict} at an age of {age} s; the lifetime is {LIFETIME} s");
                return Err(conversation.violation(&why, remedy).into());
            }
        }
    }
    Ok(match (reads, no_lifetime) {
        (false, _) => "a cookie is signed at the time of the request".to_owned(),
        (true, false) => "the age of a cookie is counted to the time of the request".to_owned(),
        (true, true) => {
            "the age of a cookie is counted to the time of the request; lifetimes are not supported".to_owned()
        }
    })
}

/// The timestamp in a cookie, in seconds.
fn timestamp(cookie: &str) -> Option<f64> {
    let bytes = URL_SAFE_NO_PAD.decode(cookie.rsplit('.').nth(1)?).ok()?;
    (bytes.len() <= 6).then(|| bytes.iter().fold(0.0, |seconds, byte| seconds * 256.0 + f64::from(*byte)))
}

/// Several configurations in turn.
fn configurations(conversation: &mut Conversation, hello: &Capabilities) -> Seen {
    let keys = [json!({ "secret_key": "the first key" }), json!({ "secret_key": "the second key" })];
    let [first, second] = &keys;
    let session = json!({ "n": 1 });
    let remedy = "Prepare each distinct `config` once, and answer every request with its own.";
    for way in Way::all(hello)? {
        let cookies = [
            way.write(conversation, first, NOW, &session)?,
            way.write(conversation, second, NOW, &session)?,
            way.write(conversation, first, NOW, &session)?,
        ];
        let [one, two, again] = &cookies;
        if one != again || one == two {
            let why = "the cookies do not follow the keys: the first and third have one key, the second another";
            return Err(conversation.violation(why, remedy).into());
        }
        let turns =
            [(first, one, true), (second, one, false), (second, two, true), (first, two, false), (first, one, true)];
        for (config, cookie, is_own) in turns.into_iter().filter(|_| way.reads()) {
            if matches!(way.read(conversation, config, NOW, cookie)?, Opened::Accepted(_)) != is_own {
                let why =
                    if is_own { "refused, though this key made it" } else { "accepted, though another key made it" };
                return Err(conversation.violation(why, remedy).into());
            }
        }
    }
    Ok("two in turn, each with its own key".to_owned())
}

fn long_lines(conversation: &mut Conversation, hello: &Capabilities) -> Seen {
    let long = "x".repeat(LONG);
    for way in Way::all(hello)? {
        if way.reads() {
            let cookie = model_writes(&key(), NOW, &json!({ "v": long }))?;
            answered(conversation, &way.reading(&key(), NOW, &cookie)?)?;
            answered(conversation, &way.reading(&key(), NOW, &format!("{long}.x.x"))?)?;
        }
        if way.writes() {
            answered(conversation, &way.writing(&key(), NOW, &json!({ "v": long }))?)?;
        }
    }
    Ok(format!("requests and replies of {LONG} bytes arrive whole"))
}

/// The answer to the call is not an error.
fn answered(conversation: &mut Conversation, call: &Call) -> Result<(), Stop> {
    let remedy = "Read whole lines of any length, and reply with lines of up to 4 MiB.";
    match conversation.call(call).map_err(|violation| Violation { remedy: remedy.to_owned(), ..violation })? {
        Reply::Error(_) | Reply::Panicked(_) => Err(conversation.violation("an error", remedy).into()),
        Reply::Ok(_) | Reply::Unsupported(_) => Ok(()),
    }
}

fn end_of_input(conversation: &mut Conversation, _: &Capabilities) -> Seen {
    conversation.close()?;
    Ok("the adapter exits".to_owned())
}

/// Everything that the adapter printed before was a reply.
fn standard_output(conversation: &mut Conversation, _: &Capabilities) -> Seen {
    match conversation.strays.take() {
        None => Ok("only replies".to_owned()),
        Some((line, count)) => {
            let why = format!("{count} lines that are not JSON objects; the first: {line}");
            let remedy = "Standard output is for replies only: print to standard error, and make libraries do so.";
            Err(conversation.aside("every request", &why, remedy).into())
        }
    }
}

/// The answer to the request must be `unsupported`.
fn unsupported(conversation: &mut Conversation, request: impl FnOnce(u64) -> Json, remedy: &str) -> Result<(), Stop> {
    let reply = conversation.ask(|id| request(id).to_string())?;
    if reply.get("unsupported").is_some() {
        return Ok(());
    }
    Err(conversation.violation("not `unsupported`", remedy).into())
}
