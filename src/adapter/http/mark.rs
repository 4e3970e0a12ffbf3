//! The mark of sessions that are signed for tests, so that no code takes one for a log-in.
//!
//! On the server every key of a session has a mark in front: `user` is `test user` there, and `Name` is `TEST Name`. Only
//! `_permanent` keeps its name, since Flask itself reads it. There are two marks so that the keys keep their order, with
//! `_permanent` among them. Marks are added to what goes to the server and removed from what comes back. A key without a mark is
//! the application's own; its name is shown, and its value never.
//!
//! It does not know signatures, clocks or headers.

use super::{
    alike::respell,
    members::{members, replace_members},
};
use crate::{
    model::{
        base64, json,
        payload::{self, NoText},
        tagging::TAGS,
    },
    protocol::{Action, Choices},
    stock_zlib::{self, DEFAULT_LEVEL, Format},
    value::{Map, Text, Value},
};
use std::{
    hash::{BuildHasher, RandomState},
    sync::OnceLock,
};

/// What stands before keys that come before `_permanent`, and before those that come after it.
const MARKS: [&str; 2] = ["TEST ", "test "];
/// The key that Flask itself reads.
const PERMANENT: &str = "_permanent";
/// Shown instead of a value that is the application's own.
const NOT_SHOWN: &str = "not shown";
/// The longest text of a payload that is marked, in bytes.
const LONGEST: usize = 1 << 20;
/// The longest number and the most brackets of a text that is believed to be no session because the model cannot read it: Python
/// reads more than the model.
const MOST_DIGITS: usize = 1000;
const MOST_BRACKETS: usize = 100;

/// A session that the server would read, in a payload that cannot be written again with marks just as it is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotMarked;

/// What a view is to do, with marked keys.
pub fn mark_actions(actions: &[Action]) -> Vec<Action> {
    actions.iter().cloned().map(mark_action).collect()
}

fn mark_action(mut action: Action) -> Action {
    use Action::*;
    match &mut action {
        Append { key, .. }
        | Contains { key }
        | Delete { key }
        | Get { key }
        | Mutate { key, .. }
        | Pop { key, .. }
        | Set { key, .. }
        | SetDefault { key, .. }
        | SetMade { key, .. }
        | StreamGet { key } => *key = mark_key(key),
        Union { values } | Update { values } => *values = mark_session(values),
        Bool
        | Clear
        | Regenerate
        | Items
        | Iterate
        | Len
        | Modified
        | NotFound
        | Nothing
        | Permanent
        | PopItem
        | Raise
        | SetModified { .. }
        | SetPermanent { .. }
        | SetPermanentTo { .. } => {}
    }
    action
}

/// A session with marked keys.
pub fn mark_session(session: &Map) -> Map {
    session.iter().map(|(key, value)| (mark_key(key), value.clone())).collect()
}

/// A session as it came from the server, without its marks.
pub fn unmark_session(session: &Map) -> Map {
    session.iter().map(|(key, value)| unmark_member(key, value)).collect()
}

/// What actions came to on the server, without marks.
pub fn unmark_results(actions: &[Action], results: Vec<Value>) -> Vec<Value> {
    let hidden = || Value::from(NOT_SHOWN);
    let unmark = |(at, result): (usize, Value)| match (actions.get(at), result) {
        (Some(Action::Items), Value::Map(session)) => Value::Map(unmark_session(&session)),
        (Some(Action::Iterate), Value::List(keys)) => {
            Value::List(keys.iter().map(|key| unmark_key(key).unwrap_or_else(|| key.clone())).collect())
        }
        (Some(Action::PopItem), Value::List(pair)) => Value::List(match pair.as_slice() {
            [key, value] => <[Value; 2]>::from(unmark_member(key, value)).into(),
            _ => vec![hidden()],
        }),
        // What else is there may be the whole session, in another form.
        (Some(Action::Items | Action::Iterate | Action::PopItem) | None, _) => hidden(),
        (_, other) => other,
    };
    results.into_iter().enumerate().map(unmark).collect()
}

fn unmark_member(key: &Value, value: &Value) -> (Value, Value) {
    match unmark_key(key) {
        Some(unmarked) => (unmarked, value.clone()),
        None => (key.clone(), NOT_SHOWN.into()),
    }
}

fn mark_key(key: &Value) -> Value {
    match key {
        Value::Text(text) if *text != *PERMANENT => Value::Text(mark_text(text)),
        Value::Markup(text) if *text != *PERMANENT => Value::Markup(mark_text(text)),
        other => other.clone(),
    }
}

/// A key without its mark; `None` if it has no mark, as keys that are not text.
fn unmark_key(key: &Value) -> Option<Value> {
    match key {
        Value::Text(text) => unmark_text(text).map(Value::Text),
        Value::Markup(text) => unmark_text(text).map(Value::Markup),
        _ => None,
    }
}

fn mark_of(key: &Text) -> &'static str {
    let comes_after = key.code_points().iter().copied().gt(PERMANENT.chars().map(u32::from));
    if comes_after { MARKS[1] } else { MARKS[0] }
}

fn mark_text(key: &Text) -> Text {
    Text::from_code_points(mark_of(key).chars().map(u32::from).chain(key.code_points().iter().copied()))
}

fn unmark_text(key: &Text) -> Option<Text> {
    if *key == *PERMANENT {
        return Some(key.clone());
    }
    let unmarked = Text::from_code_points(key.code_points().get(MARKS[0].len()..)?.iter().copied());
    (mark_text(&unmarked) == *key).then_some(unmarked)
}

/// The payload of a cookie with marked keys, spelled and compressed as it was. A payload that is no session stays as it is.
///
/// # Errors
///
/// It is a session and cannot be spelled so, or it may be one: what the model cannot read, Python may read.
pub fn mark_payload(encoded: &str) -> Result<String, NotMarked> {
    let marked = mark_spelled(encoded)?;
    // A reader that is more lenient than Python may find a session between dots, or among characters that are not base64.
    let is_letter = |c: &char| c.is_ascii_alphanumeric() || "-_+/".contains(*c);
    let lenient = |part: &str| {
        let letters: String = part.chars().filter(is_letter).collect();
        [format!(".{letters}"), letters]
    };
    let is_session = |text: &String| mark_spelled(text).as_ref() != Ok(text);
    match marked == encoded && encoded.split('.').flat_map(lenient).any(|text| is_session(&text)) {
        true => Err(NotMarked),
        false => Ok(marked),
    }
}

fn mark_spelled(encoded: &str) -> Result<String, NotMarked> {
    // The server decodes such characters before it reads them.
    if !encoded.is_ascii() {
        return Err(NotMarked);
    }
    let spelling = match Spelling::read(encoded) {
        Err(NoText::TooLong(_)) => return Err(NotMarked),
        Err(_) => return Ok(encoded.to_owned()),
        Ok(spelling) => spelling,
    };
    let marked = Some(&spelling)
        .filter(|spelling| spelling.is_known)
        .and_then(|spelling| spelling.write(&mark_json(&spelling.text)?));
    let is_marked = marked.is_some();
    let marked = marked.unwrap_or_else(|| encoded.to_owned());
    // Every reader sees the marks, or cannot read it at all.
    match payload::read(marked.as_bytes(), &Choices::default()) {
        Ok(session) if session.iter().any(|(key, _)| unmark_key(key).is_none()) => Err(NotMarked),
        Err(_) if !is_marked && may_be_session(&spelling.text) => Err(NotMarked),
        _ => Ok(marked),
    }
}

/// Whether somebody may read a session in a text that the model does not take for one.
fn may_be_session(text: &str) -> bool {
    let digits = text.as_bytes().split(|byte| !byte.is_ascii_digit()).any(|run| run.len() > MOST_DIGITS);
    let brackets = text.bytes().filter(|byte| b"[{".contains(byte)).count();
    digits || brackets > MOST_BRACKETS || json::read(text).is_ok_and(|value| makes_a_session(&value))
}

/// Whether Python's `dict()` may make something of a value, whatever becomes of the tags in it.
fn makes_a_session(value: &Value) -> bool {
    let is_tag = |map: &Map| map.len() == 1 && map.iter().any(|(key, _)| TAGS.iter().any(|tag| *key == *tag));
    let is_key = |value: &Value| match value {
        Value::List(_) => false,
        Value::Map(map) => is_tag(map),
        _ => true,
    };
    let is_pair = |value: &Value| match value {
        Value::List(pair) => pair.len() == 2 && pair.first().is_some_and(is_key),
        Value::Map(_) | Value::Text(_) => true,
        _ => false,
    };
    match value {
        Value::List(items) => !items.is_empty() && items.iter().all(is_pair),
        Value::Map(map) if is_tag(map) => {
            map.iter().any(|(_, value)| matches!(value, Value::Map(_)) || makes_a_session(value))
        }
        Value::Map(map) => !map.is_empty(),
        _ => false,
    }
}

/// A payload that came from the server, without its marks; `None` if it cannot be read.
pub fn unmark_payload(encoded: &str) -> Option<String> {
    let spelling = Spelling::read(encoded).ok()?;
    spelling.write(&unmark_json(&spelling.text)?)
}

/// JSON with marked keys; `None` if it is no object. An object that is a tag of Flask's is no session, and stays.
fn mark_json(json: &str) -> Option<String> {
    let members = members(json)?;
    if let [only] = members.as_slice()
        && let Some(Value::Text(key)) = json.get(only.key.clone()).and_then(|key| json::read(key).ok())
        && TAGS.iter().any(|tag| key == **tag)
    {
        return None;
    }
    replace_members(json, &members, |key, value| {
        let Value::Text(text) = json::read(key).ok()? else { return None };
        let mark = if text == *PERMANENT { "" } else { mark_of(&text) };
        Some((format!("\"{mark}{}", key.get(1..)?), value.to_owned()))
    })
}

fn unmark_json(json: &str) -> Option<String> {
    replace_members(json, &members(json)?, |key, value| {
        let Value::Text(text) = json::read(key).ok()? else { return None };
        Some(match unmark_text(&text) {
            Some(unmarked) if text == unmarked => (key.to_owned(), value.to_owned()),
            // The mark is plain text, which everybody writes as it is.
            Some(_) => (format!("\"{}", key.get(1 + MARKS[0].len()..)?), value.to_owned()),
            None => (key.to_owned(), json::write(&NOT_SHOWN.into()).ok()?),
        })
    })
}

/// A payload's text, and how it is spelled: compressed or not, in which base64, with what behind it.
struct Spelling<'a> {
    /// The base64 as it stands.
    encoded: &'a str,
    /// The bytes that it spells.
    bytes: Vec<u8>,
    /// How it is compressed, if it is, and what stands behind the stream.
    deflated: Option<(i32, Vec<u8>)>,
    /// Whether some level of zlib makes the stream.
    is_known: bool,
    text: String,
}

impl<'a> Spelling<'a> {
    /// The error says why no reader takes it for text, or that it is too long.
    fn read(payload: &'a str) -> Result<Self, NoText> {
        let text = payload::text_within(payload.as_bytes(), &Choices::default(), LONGEST)?;
        let encoded = payload.strip_prefix('.').unwrap_or(payload);
        let bytes = base64::decode(encoded.as_bytes()).ok_or(NoText::Base64)?;
        let (mut deflated, mut is_known) = (None, true);
        if payload.starts_with('.') {
            let levels = [DEFAULT_LEVEL, 9, 1, 0, 2, 3, 4, 5, 7, 8].into_iter();
            let tail = |level| Some((level, bytes.strip_prefix(&*deflate(text.as_bytes(), level))?.to_vec()));
            let made = levels.into_iter().find_map(tail);
            is_known = made.is_some();
            // Another compressor's stream stays another than zlib's, by a byte behind it that nobody reads.
            deflated = made.or(Some((DEFAULT_LEVEL, vec![0])));
        }
        Ok(Self { encoded, bytes, deflated, is_known, text })
    }

    /// Another text, spelled the same way; `None` if that is not possible.
    fn write(&self, text: &str) -> Option<String> {
        let dot = if self.deflated.is_some() { "." } else { "" };
        if self.text == text {
            return Some(format!("{dot}{}", self.encoded));
        }
        let bytes = match &self.deflated {
            None => text.as_bytes().to_vec(),
            Some((level, tail)) => [deflate(text.as_bytes(), *level), tail.clone()].concat(),
        };
        Some(format!("{dot}{}", respell(self.encoded, &self.bytes, &bytes)?))
    }
}

fn deflate(bytes: &[u8], level: i32) -> Vec<u8> {
    stock_zlib::deflate(bytes, level, Format::Zlib)
}

/// What stands for a text that nobody is to see: as long (64 characters at most), of the alphabet of base64, the same for the
/// same text in this process, and nothing that anybody could turn back.
pub fn stand_in(text: &str) -> String {
    static KEY: OnceLock<RandomState> = OnceLock::new();
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let key = KEY.get_or_init(RandomState::new);
    let whole = key.hash_one(text);
    let letter = |at: usize| {
        let place = usize::try_from(key.hash_one((whole, at)) % 64).unwrap_or_default();
        ALPHABET.get(place).copied().map_or('A', char::from)
    };
    (0..text.chars().count().min(64)).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(json: &str) -> String {
        base64::encode(json.as_bytes())
    }

    fn text(payload: &str) -> String {
        payload::text(payload.as_bytes(), &Choices::default()).unwrap()
    }

    #[test]
    fn every_key_is_marked_and_the_order_of_keys_stays() {
        let keys =
            ["", "A", "TEST x", "Z_", "_", "_permanenS", "_permanent", "_permanentT", "_user_id", "test ", "user", "é"];
        let session: Map = keys.map(|key| (key, Value::Null)).into_iter().collect();
        let marked: Vec<_> = mark_session(&session).iter().map(|(key, _)| key.clone()).collect();
        let json = json::write(&Value::Map(mark_session(&session))).unwrap();
        let places: Vec<_> = marked.iter().map(|key| json.find(&json::write(key).unwrap()).unwrap()).collect();
        assert!(places.is_sorted(), "{json}");
        assert!(marked.iter().all(|key| *key == "_permanent" || !keys.iter().any(|old| *key == *old)));
        assert_eq!(unmark_session(&mark_session(&session)), session);
    }

    #[test]
    fn a_payload_is_marked_as_it_is_spelled_and_comes_back() {
        for (json, marked) in [
            ("{}", "{}"),
            (r#"{"user":1}"#, r#"{"test user":1}"#),
            (
                r#"{"_permanent":true,"user":{"user":[{"a":1}]}}"#,
                r#"{"_permanent":true,"test user":{"user":[{"a":1}]}}"#,
            ),
            (r#" { "A" : "}\",{" , "b":[1,2] } "#, r#" { "TEST A" : "}\",{" , "test b":[1,2] } "#),
            (r#"{"user":1,"user":2}"#, r#"{"test user":1,"test user":2}"#),
            (r#"{"\ud800":"\\"}"#, r#"{"test \ud800":"\\"}"#),
        ] {
            let there = mark_payload(&encoded(json)).unwrap();
            assert_eq!((text(&there).as_str(), unmark_payload(&there)), (marked, Some(encoded(json))));
        }
        let padded = format!("{}==junk", encoded(r#"{"user":1}"#));
        assert!(mark_payload(&padded).unwrap().ends_with("==junk"));
    }

    #[test]
    fn a_compressed_payload_stays_compressed_by_the_same_level() {
        let json = format!(r#"{{"user":"{}"}}"#, "ab".repeat(100));
        for level in 0..=9 {
            let stream = [deflate(json.as_bytes(), level), b"tail".to_vec()].concat();
            let here = format!(".{}", base64::encode(&stream));
            let there = mark_payload(&here).unwrap();
            assert!(text(&there).starts_with(r#"{"test user":"#) && there.starts_with('.'));
            assert_eq!(unmark_payload(&there), Some(here));
        }
    }

    /// A stream that zlib does not make: two stored blocks.
    fn odd_stream(text: &[u8]) -> String {
        let (first, second) = text.split_at(4);
        let mut stream = vec![0x78, 0x01];
        for (is_last, block) in [(0, first), (1, second)] {
            let length = u16::try_from(block.len()).unwrap();
            stream.push(is_last);
            stream.extend(length.to_le_bytes());
            stream.extend((!length).to_le_bytes());
            stream.extend(block);
        }
        let sum = text.iter().fold((1u32, 0u32), |(a, b), byte| {
            let a = (a + u32::from(*byte)) % 65521;
            (a, (b + a) % 65521)
        });
        stream.extend((sum.1 << 16 | sum.0).to_be_bytes());
        format!(".{}", base64::encode(&stream))
    }

    #[test]
    fn what_is_no_session_stays_and_a_session_that_cannot_be_marked_is_refused() {
        for json in ["5", "[1]", r#"{"user":1"#, r#"{" t":5}"#, "null", "[]"] {
            assert_eq!(mark_payload(&encoded(json)), Ok(encoded(json)), "{json}");
        }
        assert_eq!(mark_payload("not base64!"), Ok("not base64!".to_owned()));
        // Python makes sessions of pairs, with and without their tag.
        for json in [r#"[["user",1]]"#, r#"{" t":[["user",1]]}"#] {
            assert_eq!(mark_payload(&encoded(json)), Err(NotMarked), "{json}");
        }
        // What a more lenient reader finds.
        let session = encoded(r#"{"user":1}"#);
        let deflated = base64::encode(&payload::deflate(br#"{"user":1}"#));
        for odd in [format!("x.{session}"), format!("{session}.x"), format!("..{deflated}"), format!("!{session}")] {
            assert_eq!(mark_payload(&odd), Err(NotMarked), "{odd}");
        }
        // What Python reads, and the model does not: much depth, many digits, and much of everything.
        let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
        for odd in [&*deep, &"1".repeat(5000), r#"{" d":"no date"}"#, r#"{" u":"no id"}"#] {
            for json in [format!(r#"[["user",1],["x",{odd}]]"#), format!(r#"{{" t":[["user",1],["x",{odd}]]}}"#)] {
                assert_eq!(mark_payload(&encoded(&json)), Err(NotMarked), "{json}");
            }
            let marked = mark_payload(&encoded(&format!(r#"{{"user":1,"x":{odd}}}"#)));
            assert_eq!(marked, Ok(encoded(&format!(r#"{{"test user":1,"test x":{odd}}}"#))));
        }
        for mebibytes in [2usize, 70] {
            let json = format!(r#"{{"user":1,"x":"{}"}}"#, "a".repeat(mebibytes << 20));
            let bomb = format!(".{}", base64::encode(&payload::deflate(json.as_bytes())));
            assert_eq!(mark_payload(&bomb), Err(NotMarked), "{mebibytes}");
        }
        let odd = odd_stream(br#"{"user":1}"#);
        assert_eq!(text(&odd), r#"{"user":1}"#);
        assert_eq!(mark_payload(&odd), Err(NotMarked));
    }

    #[test]
    fn a_stream_of_another_compressor_comes_back_as_one_that_zlib_does_not_make() {
        let back = unmark_payload(&odd_stream(br#"{"test user":1}"#)).unwrap();
        assert_eq!(text(&back), r#"{"user":1}"#);
        assert_ne!(back, format!(".{}", base64::encode(&payload::deflate(br#"{"user":1}"#))));
    }

    #[test]
    fn what_is_the_applications_own_is_named_and_not_shown() {
        let there = encoded(r#"{"_permanent":true,"csrf_token":"secret, \"}","test user":1}"#);
        let here = unmark_payload(&there).unwrap();
        assert_eq!(text(&here), r#"{"_permanent":true,"csrf_token":"not shown","user":1}"#);
        let session: Map = [("csrf_token", Value::from("secret")), ("test user", Value::Null)].into_iter().collect();
        let shown: Map = [("csrf_token", Value::from(NOT_SHOWN)), ("user", Value::Null)].into_iter().collect();
        assert_eq!(unmark_session(&session), shown);
        let pair = Value::List(vec!["csrf_token".into(), "secret".into()]);
        assert_eq!(
            unmark_results(&[Action::PopItem, Action::Items], vec![pair, Value::Map(session)]),
            [Value::List(vec!["csrf_token".into(), NOT_SHOWN.into()]), Value::Map(shown)]
        );
        // Keys that are not text have no mark, and results of another form are hidden.
        let numbered: Map = [(Value::int(1), Value::from("secret"))].into_iter().collect();
        assert_eq!(unmark_session(&numbered), [(Value::int(1), Value::from(NOT_SHOWN))].into_iter().collect());
        let secrets = || Value::Tuple(vec!["a".into(), "secret".into()]);
        let odd = unmark_results(
            &[Action::PopItem, Action::Items, Action::Iterate],
            vec![secrets(), secrets(), secrets(), secrets()],
        );
        assert_eq!(odd, vec![Value::from(NOT_SHOWN); 4]);
    }

    #[test]
    fn a_stand_in_is_as_long_and_the_same_for_the_same_text() {
        let (a, b) = (stand_in("a signature"), stand_in("a signaturf"));
        assert_eq!((a.len(), &a), (11, &stand_in("a signature")));
        assert_ne!(a, b);
    }
}
