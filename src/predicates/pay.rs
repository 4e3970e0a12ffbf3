//! PAY: payload.

use super::{
    given,
    notation::{
        cookie::{self, Parts, b64},
        date,
        json::{Node, escape, repr},
        payload::{Payload, lossy, name, untag, unzlib, utc, zlib},
        written::{self, At, is_escaped, is_orderable, places, tag_like, under},
    },
    observed::{Decision, Observed},
    together,
};
use crate::{
    protocol::{Base64Choice::Lenient, CompressionChoice, OnInvalid, OrderChoice, Reason},
    value::{Text, Value},
};

/// Whether `at(m)` is right for all values that `is_right` says something about.
fn written_right(o: &Observed<'_>, is_right: impl Fn(&At<'_>) -> Option<bool>) -> Option<bool> {
    let session = Value::Map(o.session()?.clone());
    let node = o.written_node()?;
    together(places(&session, node).iter().map(is_right))
}

/// `valid(v) ∧ … ⇒ open(v) = decide(v)` for payloads of a kind.
fn read_right(o: &Observed<'_>, is_it: impl Fn(&Payload) -> bool) -> Option<bool> {
    let payload = o.payload.as_ref().filter(|_| o.valid()).filter(|payload| is_it(payload))?;
    payload.node.as_ref().ok()?;
    o.opens_as_decided()
}

/// Whether a node is the text of this token.
fn is_text(node: Option<&Node>, token: &str) -> bool {
    matches!(node, Some(Node::Text(written, _)) if written == token)
}

/// Whether what stands under a tag is the text of this token.
fn is_tagged(at: &At<'_>, tag: &str, token: &str) -> bool {
    is_text(at.node.and_then(|node| under(node, tag)), token)
}

/// A text without anything to escape, as a JSON string.
fn plain(text: &str) -> String {
    format!("\"{text}\"")
}

/// ```text
/// w ≠ ∅ ⇒ json(p(w)) = compact(json(p(w))) ∧ json(p(w)) ∈ ASCII
/// valid(v) ∧ json(p) ≠ compact(json(p)) ⇒ open(v) = decide(v)
/// ```
pub(super) fn pay_1(o: &Observed<'_>) -> Option<bool> {
    let is_compact = |payload: &Payload| match (&payload.text, &payload.node) {
        (Ok(text), Ok(node @ Node::Map(_))) => node.compact() == *text,
        _ => false,
    };
    let is_ascii = |payload: &Payload| payload.text.as_ref().is_ok_and(|text| text.is_ascii());
    let written = o.w().map(|_| o.written.as_ref().is_some_and(|written| is_compact(written) && is_ascii(written)));
    let read = o.payload.as_ref().filter(|payload| o.valid() && !is_compact(payload));
    together([written, read.and_then(|_| o.opens_as_decided())])
}

/// `sorted: w ≠ ∅ ⇒ ∀ m ∈ maps(S): keys(at(m)) = [name(k) : k ∈ sorted(keys(m))]`
pub(super) fn pay_2(o: &Observed<'_>) -> Option<bool> {
    let is_sorted = |at: &At<'_>| {
        let (Value::Map(map), Some(Node::Map(entries))) = (at.value, at.node) else { return None };
        let sorted: Option<Vec<Text>> = written::sorted(map)?.into_iter().map(name).collect();
        let written =
            entries.iter().map(|(key, _)| if let Node::Text(_, key) = key { Some(key.clone()) } else { None });
        let written: Option<Vec<Text>> = written.collect();
        (tag_like(map).is_none()).then(|| written == sorted)
    };
    written_right(o, is_sorted).filter(|_| o.choices.key_order == OrderChoice::Sorted)
}

/// ```text
/// w ≠ ∅ ⇒ (∀ n ∈ integers(S): at(n) = decimal(n)) ∧ (∀ f ∈ floats(S): at(f) = repr(f))
/// valid(v) ∧ "number" ∈ kinds(p) ⇒ open(v) = decide(v)
/// ```
pub(super) fn pay_3(o: &Observed<'_>) -> Option<bool> {
    let is_right = |at: &At<'_>| {
        let token = match at.value {
            Value::Int(int) => int.to_string(),
            Value::Float(float) => repr(*float),
            _ => return None,
        };
        Some(matches!(at.node, Some(Node::Word(word)) if *word == token))
    };
    together([written_right(o, is_right), read_right(o, |payload| payload.has(Node::is_number))])
}

/// ```text
/// w ≠ ∅ ⇒ ∀ k ∈ texts(S): at(k) = escape(k)
/// valid(v) ∧ "text" ∈ kinds(p) ⇒ open(v) = decide(v)
/// ```
pub(super) fn pay_4(o: &Observed<'_>) -> Option<bool> {
    let is_right = |at: &At<'_>| match at.value {
        Value::Text(text) => Some(is_text(at.node, &escape(text))),
        _ => None,
    };
    let has_text = |payload: &Payload| payload.has(|node| matches!(node, Node::Text(..)));
    together([written_right(o, is_right), read_right(o, has_text)])
}

/// ```text
/// w ≠ ∅ ⇒ ∀ m ∈ maps(S): {k : k ∈ keys(at(m))} = {name(k) : k ∈ keys(m)}
/// keyed ∧ due ∧ ¬orderable(S) ⇒ w = ∅
/// ```
pub(super) fn pay_5(o: &Observed<'_>) -> Option<bool> {
    let has_keys = |at: &At<'_>| {
        let (Value::Map(map), Some(Node::Map(entries))) = (at.value, at.node) else { return None };
        let mut names: Vec<Text> = map.iter().filter_map(|(key, _)| name(key)).collect();
        let mut written: Vec<Text> = entries
            .iter()
            .filter_map(|(key, _)| if let Node::Text(_, key) = key { Some(key.clone()) } else { None })
            .collect();
        names.sort();
        written.sort();
        tag_like(map).is_none().then(|| {
            names.dedup();
            written.dedup();
            names == written
        })
    };
    let session = Value::Map(o.session()?.clone());
    let is_due = o.keyed() && o.due()?;
    let raises = given(is_due && !written::maps(&session).into_iter().all(is_orderable), || o.w().is_none());
    together([written_right(o, has_keys), raises])
}

/// ```text
/// w ≠ ∅ ⇒ ∀ (m₁, …, mₙ) ∈ tuples(S): at((m₁, …, mₙ)) = {" t": [at(m₁), …, at(mₙ)]}
/// valid(v) ∧ " t" ∈ kinds(p) ⇒ open(v) = decide(v)
/// ```
pub(super) fn pay_6(o: &Observed<'_>) -> Option<bool> {
    let is_right = |at: &At<'_>| match at.value {
        Value::Tuple(items) => {
            let list = at.node.and_then(|node| under(node, " t"));
            Some(matches!(list, Some(Node::List(written)) if written.len() == items.len()))
        }
        _ => None,
    };
    together([written_right(o, is_right), read_right(o, |payload| payload.has_tag(" t"))])
}

/// ```text
/// w ≠ ∅ ⇒ ∀ b ∈ bytes(S): at(b) = {" b": base64(b)}
/// valid(v) ∧ " b" ∈ kinds(p) ⇒ open(v) = decide(v)
/// ```
pub(super) fn pay_7(o: &Observed<'_>) -> Option<bool> {
    let is_right = |at: &At<'_>| match at.value {
        Value::Bytes(bytes) => Some(is_tagged(at, " b", &plain(&cookie::standard_base64(bytes)))),
        _ => None,
    };
    together([written_right(o, is_right), read_right(o, |payload| payload.has_tag(" b"))])
}

/// ```text
/// w ≠ ∅ ⇒ ∀ m ∈ markups(S): at(m) = {" m": escape(m)}
/// valid(v) ∧ " m" ∈ kinds(p) ⇒ open(v) = decide(v)
/// ```
pub(super) fn pay_8(o: &Observed<'_>) -> Option<bool> {
    let is_right = |at: &At<'_>| match at.value {
        Value::Markup(text) => Some(is_tagged(at, " m", &escape(text))),
        _ => None,
    };
    together([written_right(o, is_right), read_right(o, |payload| payload.has_tag(" m"))])
}

/// ```text
/// w ≠ ∅ ⇒ ∀ m ∈ uuids(S): at(m) = {" u": hex(m)} ∧ #hex(m) = 32
/// valid(v) ∧ " u" ∈ kinds(p) ⇒ open(v) = decide(v)
/// ```
pub(super) fn pay_9(o: &Observed<'_>) -> Option<bool> {
    let is_right = |at: &At<'_>| match at.value {
        Value::Uuid(uuid) => Some(is_tagged(at, " u", &plain(&format!("{uuid:032x}")))),
        _ => None,
    };
    together([written_right(o, is_right), read_right(o, |payload| payload.has_tag(" u"))])
}

/// ```text
/// w ≠ ∅ ⇒ ∀ d ∈ datetimes(S): at(d) = {" d": date(⌊utc(d)⌋)}
/// keyed ∧ due ∧ (∃ d ∈ datetimes(S): utc(d) < -62135596800 ∨ utc(d) ≥ 253402300800) ⇒ w = ∅
/// valid(v) ∧ " d" ∈ kinds(p) ⇒ open(v) = decide(v)
/// ```
pub(super) fn pay_10(o: &Observed<'_>) -> Option<bool> {
    let is_right = |at: &At<'_>| match at.value {
        Value::Datetime(d) => Some(date::fixdate(utc(d)).is_some_and(|date| is_tagged(at, " d", &plain(&date)))),
        _ => None,
    };
    let raises = || {
        let session = Value::Map(o.session()?.clone());
        let is_outside = |d: &_| !(-62_135_596_800..253_402_300_800).contains(&utc(d));
        let is_due = o.keyed() && o.due()?;
        given(is_due && written::datetimes(&session).into_iter().any(is_outside), || o.w().is_none())
    };
    together([written_right(o, is_right), raises(), read_right(o, |payload| payload.has_tag(" d"))])
}

/// ```text
/// w ≠ ∅ ⇒ ∀ {k: m} ∈ maps(S): k ∈ tags ⇒ at({k: m}) = {" di": {k ‖ "__": at(m)}}
/// valid(v) ∧ " di" ∈ kinds(p) ⇒ open(v) = decide(v)
/// ```
pub(super) fn pay_11(o: &Observed<'_>) -> Option<bool> {
    let is_right = |at: &At<'_>| {
        let Value::Map(map) = at.value else { return None };
        let (key, _) = tag_like(map)?;
        let escaped = at.node.and_then(|node| under(node, " di")).and_then(Node::only);
        Some(escaped.is_some_and(|(name, _)| is_escaped(name) && name.without_last(2) == *key))
    };
    together([written_right(o, is_right), read_right(o, |payload| payload.has_tag(" di"))])
}

/// ```text
/// zlib:   w ≠ ∅ ⇒ p(w) = "." ‖ b64(zlib(j)) if #zlib(j) < #j - 1, else b64(j), where j = json(p(w))
/// any:    w ≠ ∅ ∧ p(w) = "." ‖ z ⇒ #unb64(z) < #json(p(w)) - 1
/// never:  w ≠ ∅ ⇒ "." ∉ p(w)
/// ```
pub(super) fn pay_12(o: &Observed<'_>) -> Option<bool> {
    let p = Parts::of(o.w()?)?.p?;
    let text = o.written.as_ref()?.text.as_ref().ok()?;
    match o.choices.compression {
        CompressionChoice::Zlib => {
            let stream = zlib(text.as_bytes());
            let pays = stream.len() + 1 < text.len();
            let packed = if pays { format!(".{}", b64(&stream)) } else { b64(text.as_bytes()) };
            Some(p == packed.as_bytes())
        }
        CompressionChoice::Any => {
            let stream = cookie::unb64(p.strip_prefix(b".")?, Lenient)?;
            Some(stream.len() + 1 < text.len())
        }
        CompressionChoice::Never => Some(!p.contains(&b'.')),
    }
}

/// `valid(v) ∧ p = "." ‖ z ∧ json(p) ≠ fails ⇒ UTF-8(json(p)) = unzlib(unb64(z)) ∧ open(v) = decide(v)`
pub(super) fn pay_13(o: &Observed<'_>) -> Option<bool> {
    let stream = o.parts()?.p?.strip_prefix(b".").filter(|_| o.valid())?;
    let text = unzlib(&cookie::unb64(stream, o.choices.base64)?).ok()?;
    let is_text = o.payload.as_ref()?.text.as_ref().ok()?.as_bytes() == text;
    o.opens_as_decided().map(|opens| opens && is_text)
}

/// ```text
/// raise:   valid(v) ∧ load(p) = fails ⇒ open(v) = raised
/// reject:  valid(v) ∧ load(p) = fails ⇒ open(v) = rejected
/// ```
pub(super) fn pay_14(o: &Observed<'_>) -> Option<bool> {
    let fails = o.payload.as_ref()?.session == Err(super::notation::Not::Readable);
    given(o.valid() && fails, || match o.choices.odd_payload {
        OnInvalid::Raise => o.opens_as(&Decision::Raised),
        OnInvalid::Reject => o.opens_as(&Decision::Rejected(Reason::Payload)),
    })
}

/// `valid(v) ∧ untag(json(p)) ∉ maps ∧ load(p) ≠ fails ⇒ open(v) = load(p)`
pub(super) fn pay_15(o: &Observed<'_>) -> Option<bool> {
    let payload = o.payload.as_ref().filter(|_| o.valid())?;
    let value = payload.node.as_ref().ok()?.value().and_then(untag).ok()?;
    let session = payload.session.as_ref().ok()?;
    given(!matches!(value, Value::Map(_)), || o.opens_as(&Decision::Session(session.clone())))
}

/// `w ≠ ∅ ⇒ load(p(w)) = lossy(S)`
pub(super) fn pay_16(o: &Observed<'_>) -> Option<bool> {
    let lossy = lossy(o.session().filter(|_| o.w().is_some())?)?;
    Some(o.written.as_ref().is_some_and(|written| written.session.as_ref() == Ok(&lossy)))
}
