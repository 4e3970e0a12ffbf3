//! How much of an implementation's answers is kept. A verdict looks at a whole answer as it comes. Afterwards only what a failure
//! shows is kept, within limits, so that a flood of large answers takes no more memory.
//!
//! It does not know right from wrong.

use crate::suite::judging::divergence::Divergence;
use crate::{
    protocol::{
        Answer, Call, Reply, Response, SignOutcome, StoryAnswer, VerifyOutcome,
        story::{Step, StepAnswer, StoredKey},
    },
    value::{Map, Text, Value},
};
use std::mem::size_of;

/// How much of an answer is always kept, whatever was expected (bytes in memory).
const ALWAYS: usize = 16 * 1024;
/// How much more of an answer is kept than the expected one takes. An escaped spelling takes six times as much, at most.
const TIMES: usize = 8;
/// How much of a reason is kept (bytes).
const REASON: usize = 4 * 1024;

/// About how much memory a reply takes (bytes).
pub(in crate::suite) fn weight(reply: &Reply) -> usize {
    match reply {
        Reply::Ok(answer) => weight_of(answer),
        Reply::Error(what) | Reply::Panicked(what) | Reply::Unsupported(what) => what.len(),
    }
}

/// About how much memory a call takes, without its configuration (bytes).
pub(in crate::suite) fn weight_of_call(call: &Call) -> usize {
    match call {
        Call::Exchange(call) => {
            let mut values = 0;
            call.actions.iter().for_each(|action| action.values(|value| values += of_value(value)));
            values + call.cookie_header.as_ref().map_or(0, String::len) + call.path.len()
        }
        Call::Sign(call) => of_map(&call.session),
        Call::Story(call) => call.steps.len() * size_of::<Step>(),
        Call::Verify(call) => call.cookie.len(),
    }
}

/// About how much memory an answer takes (bytes).
pub(in crate::suite) fn weight_of(answer: &Answer) -> usize {
    match answer {
        Answer::Exchange(exchanged) => {
            let headers =
                exchanged.headers.iter().map(|(name, value)| size_of::<(String, String)>() + name.len() + value.len());
            exchanged.opened.as_ref().map_or(0, of_map)
                + exchanged.results.iter().map(of_value).sum::<usize>()
                + headers.sum::<usize>()
        }
        Answer::Story(story) => story.steps.iter().map(of_step).sum(),
        Answer::Sign(SignOutcome::Cookie(text) | SignOutcome::Raised(text))
        | Answer::Verify(VerifyOutcome::Raised(text)) => text.len(),
        Answer::Verify(VerifyOutcome::Accepted(session)) => of_map(session),
        Answer::Verify(VerifyOutcome::Rejected(_)) => 0,
    }
}

fn of_step(step: &StepAnswer) -> usize {
    let headers = step.headers.iter().map(|(name, value)| size_of::<(String, String)>() + name.len() + value.len());
    let keys = step.keys.iter().flatten();
    let keys = keys.map(|key| size_of::<StoredKey>() + key.key.len() + key.id.as_ref().map_or(0, String::len));
    let sent = step.cookie_header.iter().flatten().map(String::len);
    size_of::<StepAnswer>()
        + step.opened.as_ref().map_or(0, of_map)
        + step.results.iter().map(of_value).sum::<usize>()
        + headers.sum::<usize>()
        + keys.sum::<usize>()
        + sent.sum::<usize>()
}

fn of_map(map: &Map) -> usize {
    map.iter().map(|(key, value)| of_value(key) + of_value(value)).sum()
}

fn of_value(value: &Value) -> usize {
    let more = match value {
        Value::Bytes(bytes) => bytes.len(),
        Value::Int(number) => bytes_of(number),
        Value::List(items) | Value::Tuple(items) => items.iter().map(of_value).sum(),
        Value::Map(map) => of_map(map),
        Value::Markup(text) | Value::Text(text) => size_of_val(text.code_points()),
        Value::Bool(_) | Value::Datetime(_) | Value::Float(_) | Value::Null | Value::Uuid(_) => 0,
    };
    size_of::<Value>() + more
}

fn bytes_of(number: &crate::value::BigInt) -> usize {
    usize::try_from(number.bits() / 8).unwrap_or(usize::MAX)
}

/// Leaves out of an answer that is right what nothing looks at any more: headers of other names, the words of an error. Says
/// whether what is left is small enough to be kept.
pub(in crate::suite) fn trim(answer: &mut Answer, expected: &Answer) -> bool {
    let room = ALWAYS + TIMES * weight_of(expected);
    if weight_of(answer) <= room {
        return true;
    }
    match answer {
        Answer::Exchange(exchanged) => {
            exchanged.headers.retain(|(name, value)| {
                name.eq_ignore_ascii_case("set-cookie") || (name.eq_ignore_ascii_case("vary") && value.len() <= REASON)
            });
        }
        Answer::Sign(SignOutcome::Raised(text)) | Answer::Verify(VerifyOutcome::Raised(text)) => shorten(text, REASON),
        Answer::Sign(SignOutcome::Cookie(_)) | Answer::Story(_) | Answer::Verify(_) => {}
    }
    weight_of(answer) <= room
}

/// The beginning of a reason.
pub(in crate::suite) fn reason(mut text: String) -> String {
    shorten(&mut text, REASON);
    text
}

/// A divergence, of which no more is kept than a failure of the expected size takes, and something to show.
pub(in crate::suite) fn divergence(divergence: Divergence) -> Divergence {
    let room = ALWAYS + TIMES * weight_of(&divergence.expected);
    within(divergence, room)
}

/// About how much memory that takes which a divergence shows of an answer (bytes).
pub(in crate::suite) fn shown(divergence: &Divergence) -> usize {
    weight_of(&divergence.got) + divergence.differences().map(|difference| difference.got.len()).sum::<usize>()
}

/// A divergence, of whose answer no more is kept than there is room for (bytes).
pub(in crate::suite) fn within(mut divergence: Divergence, room: usize) -> Divergence {
    // Whatever differs besides shares the room of the foremost.
    let mut left = room;
    for difference in std::iter::once(&mut divergence.difference).chain(&mut divergence.also) {
        shorten(&mut difference.got, left);
        left = left.saturating_sub(difference.got.len());
    }
    if weight_of(&divergence.got) > room {
        let mut left = room;
        divergence.got = match divergence.got {
            Answer::Exchange(exchanged) => Answer::Exchange(cut_exchanged(exchanged, &mut left)),
            Answer::Sign(SignOutcome::Cookie(text)) => Answer::Sign(SignOutcome::Cookie(cut_text(text, &mut left))),
            Answer::Sign(SignOutcome::Raised(text)) => Answer::Sign(SignOutcome::Raised(cut_text(text, &mut left))),
            Answer::Story(story) => Answer::Story(cut_story(story, &mut left)),
            Answer::Verify(VerifyOutcome::Accepted(session)) => {
                Answer::Verify(VerifyOutcome::Accepted(cut_map(session, &mut left)))
            }
            Answer::Verify(VerifyOutcome::Raised(text)) => {
                Answer::Verify(VerifyOutcome::Raised(cut_text(text, &mut left)))
            }
            Answer::Verify(rejected @ VerifyOutcome::Rejected(_)) => Answer::Verify(rejected),
        };
    }
    divergence
}

/// The first steps, as far as there is room.
fn cut_story(story: StoryAnswer, left: &mut usize) -> StoryAnswer {
    let fits = |step: &StepAnswer| takes(of_step(step), left);
    StoryAnswer { steps: story.steps.into_iter().take_while(fits).collect() }
}

/// What is worth to be seen comes first: the headers, then what the view saw.
fn cut_exchanged(exchanged: Response, left: &mut usize) -> Response {
    let Response { status, opened, results, headers } = exchanged;
    let mut kept = Vec::new();
    for (name, value) in headers {
        if !takes(size_of::<(String, String)>(), left) {
            break;
        }
        kept.push((cut_text(name, left), cut_text(value, left)));
    }
    Response {
        status,
        opened: opened.map(|session| cut_map(session, left)),
        results: cut_list(results, left),
        headers: kept,
    }
}

fn cut_map(map: Map, left: &mut usize) -> Map {
    let mut kept = Map::new();
    for (key, value) in map {
        if *left == 0 {
            break;
        }
        let key = cut_value(key, left);
        kept.insert(key, cut_value(value, left));
    }
    kept
}

fn cut_list(items: Vec<Value>, left: &mut usize) -> Vec<Value> {
    let mut kept = Vec::new();
    for item in items {
        if *left == 0 {
            break;
        }
        kept.push(cut_value(item, left));
    }
    kept
}

fn cut_value(value: Value, left: &mut usize) -> Value {
    takes(size_of::<Value>(), left);
    match value {
        Value::Bytes(bytes) => {
            let kept: Vec<u8> = bytes.iter().take(*left).copied().collect();
            takes(kept.len(), left);
            Value::Bytes(kept)
        }
        Value::Int(number) if bytes_of(&number) > *left => {
            Value::from(&*format!("an integer of {} bits", number.bits()))
        }
        Value::Int(number) => {
            takes(bytes_of(&number), left);
            Value::Int(number)
        }
        Value::List(items) => Value::List(cut_list(items, left)),
        Value::Map(map) => Value::Map(cut_map(map, left)),
        Value::Markup(text) => Value::Markup(cut_points(text, left)),
        Value::Text(text) => Value::Text(cut_points(text, left)),
        Value::Tuple(items) => Value::Tuple(cut_list(items, left)),
        other @ (Value::Bool(_) | Value::Datetime(_) | Value::Float(_) | Value::Null | Value::Uuid(_)) => other,
    }
}

fn cut_points(text: Text, left: &mut usize) -> Text {
    let (points, room) = (text.code_points().len(), *left / size_of::<u32>());
    takes(size_of_val(text.code_points()), left);
    if points <= room {
        return text;
    }
    let note = Text::from(note(points, "characters"));
    Text::from_code_points(text.code_points().iter().take(room).chain(note.code_points()).copied())
}

fn cut_text(mut text: String, left: &mut usize) -> String {
    let room = *left;
    takes(text.len(), left);
    shorten(&mut text, room);
    text
}

/// Takes some of what is left; whether there was enough.
fn takes(bytes: usize, left: &mut usize) -> bool {
    let is_enough = bytes <= *left;
    *left = left.saturating_sub(bytes);
    is_enough
}

/// Cuts a text at a number of bytes, and says how long it was.
fn shorten(text: &mut String, room: usize) {
    if text.len() > room {
        // Copied, and not shrunk: what is kept would lie in the large piece of memory that is given back, and spoil it for the
        // next large answer.
        let whole = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        let beginning = text.get(..whole).unwrap_or_default();
        *text = format!("{beginning}{}", note(text.len(), "bytes"));
    }
}

fn note(length: usize, unit: &str) -> String {
    format!("… ({length} {unit} in all)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;
    use crate::protocol::Op;
    use crate::suite::judging::compare::Difference;

    fn diverging(expected: Answer, got: Answer) -> Divergence {
        let input = json!({"config": {}, "now": 0, "cookie": ""});
        let difference = Difference {
            suspects: "EXP-1".into(),
            what: "the verdict".to_owned(),
            expected: String::new(),
            got: format!("{got:?}"),
        };
        let call = Call::from_json("verify", input).unwrap();
        Divergence { difference, also: Vec::new(), before: Vec::new(), call, expected, got }
    }

    fn accepted(session: crate::json::Json) -> Answer {
        Answer::from_json(Op::Verify, &json!({"accepted": true, "session": session})).unwrap()
    }

    #[test]
    fn an_answer_of_ordinary_size_is_kept_as_it_is() {
        let session = json!({"text": "x".repeat(2000), "list": [1, 2, {"$bytes": "AAAA"}]});
        let whole = diverging(Answer::Verify(VerifyOutcome::Rejected(None)), accepted(session));
        assert_eq!(divergence(whole.clone()), whole);
    }

    #[test]
    fn as_much_is_kept_as_the_expected_answer_takes_however_large_it_is() {
        let expected = accepted(json!({"text": "x".repeat(100_000)}));
        let whole = diverging(expected, accepted(json!({"text": "y".repeat(100_000)})));
        assert_eq!(divergence(whole.clone()), whole);
    }

    #[test]
    fn of_a_large_answer_the_beginning_is_kept_whatever_it_is_made_of() {
        let many = |item: crate::json::Json| vec![item; 200_000];
        let long = "é".repeat(1_000_000);
        let digits = "9".repeat(1_000_000);
        let large = [
            accepted(json!({"text": long})),
            accepted(json!({ (long.clone()): 1 })),
            accepted(json!({"text": {"$markup": long}})),
            accepted(json!({"list": many(json!(null))})),
            accepted(json!({"tuple": {"$tuple": many(json!("x"))}})),
            accepted(json!({"deep": {"deeper": [many(json!({"a": []}))]}})),
            accepted(json!({"bytes": {"$bytes": "AAAA".repeat(300_000)}})),
            accepted(json!({"number": {"$int": digits}})),
            Answer::from_json(Op::Verify, &json!({"raised": long})).unwrap(),
            Answer::from_json(Op::Sign, &json!({"cookie": long})).unwrap(),
            Answer::from_json(Op::Sign, &json!({"raised": long})).unwrap(),
            Answer::Exchange(Response {
                status: 200,
                opened: None,
                results: Vec::new(),
                headers: vec![("X".to_owned(), "y".to_owned()); 200_000],
            }),
        ];
        for got in large {
            let name = format!("{got:?}").chars().take(60).collect::<String>();
            assert!(weight_of(&got) > 100_000, "{name}");
            let kept = divergence(diverging(Answer::Verify(VerifyOutcome::Rejected(None)), got));
            assert!(shown(&kept) < 3 * ALWAYS, "{name}: {}", shown(&kept));
            assert!(shown(&within(kept, 1000)) < 4000, "{name}");
        }
    }

    #[test]
    fn an_answer_that_is_right_is_kept_without_what_nobody_looks_at() {
        let headers = [("Set-Cookie", "a=b"), ("X-Junk", &"x".repeat(1_000_000)), ("Vary", "Cookie")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let mut answer =
            Answer::Exchange(Response { status: 200, opened: None, results: Vec::new(), headers: headers.clone() });
        let expected =
            Answer::Exchange(Response { status: 200, opened: None, results: Vec::new(), headers: Vec::new() });
        assert!(trim(&mut answer, &expected));
        let Answer::Exchange(kept) = answer else { panic!("another answer") };
        assert_eq!(kept.headers, [headers[0].clone(), headers[2].clone()]);
    }
}
