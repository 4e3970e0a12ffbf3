//! Whether an answer is the one that the specification requires: compared by meaning, not by spelling.
//!
//! Every aspect of an answer is compared, so that no mistake hides behind another. What follows from a difference is no
//! difference of its own: where another session was opened, the rest is compared with what the specification makes of that
//! session.
//!
//! A [`Difference`] names the rules that it may break, found by [`blame`], so that a failing generated case says more than "not
//! equal".

use super::{
    blame::{self, Suspects},
    stories::{self, Told},
};
use crate::rules::family_of;
use crate::{
    cookie_text::{ParsedCookie, headers, instant, parts, read_timestamp, session_cookies, set_cookie},
    model::{self, base64, json, payload, signing},
    protocol::{
        Action, Answer, Base64Choice, Call, Choices, CompressionChoice, Exchange, OrderChoice, ReasonsChoice, Response,
        SignOutcome, StoryAnswer, Verify, VerifyOutcome,
    },
    value::{Map, Value, wire},
};

/// How an answer is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The rules that this may break, as far as the difference alone shows: a verdict on a cookie may be wrong for many reasons,
    /// a missing attribute has one.
    pub suspects: Suspects,
    /// What differs.
    pub what: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub got: String,
}

impl Difference {
    /// The likeliest rule.
    pub fn rule(&self) -> &'static str {
        self.suspects.rule
    }

    /// Whether a check that is about a rule may be blamed on it for this.
    pub fn may_break(&self, rule: &str) -> bool {
        let may_be = |suspect: &str| suspect == rule || suspect == family_of(rule);
        self.suspects.rule == rule || self.suspects.also.iter().any(|suspect| may_be(suspect))
    }
}

fn differ(
    suspects: impl Into<Suspects>,
    what: impl Into<String>,
    expected: impl ToString,
    got: impl ToString,
) -> Difference {
    Difference { suspects: suspects.into(), what: what.into(), expected: expected.to_string(), got: got.to_string() }
}

/// Compares an answer to `call` with the expected one, for an implementation with these choices.
///
/// # Errors
///
/// The foremost difference.
pub fn compare(call: &Call, expected: &Answer, got: &Answer, choices: &Choices) -> Result<(), Difference> {
    differences(call, expected, got, choices).into_iter().next().map_or(Ok(()), Err)
}

/// What is wrong in the answer to a story, as rules and aspects, the foremost first.
#[cfg(feature = "cli")]
pub fn story_differences(
    story: &crate::protocol::Story,
    answer: &StoryAnswer,
    choices: &Choices,
) -> Vec<(&'static str, String)> {
    match stories::judge(story, answer, choices) {
        Told::Differs(found) => found.into_iter().map(|found| (found.rule(), found.what)).collect(),
        Told::Same | Told::Unclear(_) => Vec::new(),
    }
}

/// Everything in which an answer to `call` differs from the expected one, the foremost first, and each likeliest rule once.
pub fn differences(call: &Call, expected: &Answer, got: &Answer, choices: &Choices) -> Vec<Difference> {
    let mut all = match (call, expected, got) {
        (Call::Verify(call), Answer::Verify(expected), Answer::Verify(got)) => {
            verdicts(call, expected, got, choices).into_iter().collect()
        }
        (Call::Sign(sign), Answer::Sign(expected), Answer::Sign(got)) => match (expected, got) {
            (SignOutcome::Cookie(expected), SignOutcome::Cookie(got)) => cookie(expected, got, call, choices),
            (SignOutcome::Raised(_), SignOutcome::Raised(_)) => Vec::new(),
            (SignOutcome::Raised(why), SignOutcome::Cookie(cookie)) => {
                vec![differ(blame::writing(sign, true), WRITING, format!("an error: {why}"), cookie)]
            }
            (SignOutcome::Cookie(cookie), SignOutcome::Raised(why)) => {
                vec![differ(blame::writing(sign, false), WRITING, cookie, format!("an error: {why}"))]
            }
        },
        (Call::Exchange(call), Answer::Exchange(expected), Answer::Exchange(got)) => {
            exchanges(call, expected, got, choices)
        }
        (Call::Story(story), _, Answer::Story(got)) => match stories::judge(story, got, choices) {
            Told::Differs(found) => return found,
            Told::Same | Told::Unclear(_) => return Vec::new(),
        },
        _ => vec![differ("MOD-10", "the kind of answer", format!("{expected:?}"), format!("{got:?}"))],
    };
    if let Some(first) = all.first_mut().filter(|_| is_read_leniently(call, got, choices)) {
        // It was read as Flask reads it, undeclared: whatever else follows from that.
        first.suspects = "SIG-7".into();
        all.truncate(1);
    }
    let mut rules = Vec::new();
    all.retain(|difference| {
        let is_new = !rules.contains(&difference.rule());
        rules.push(difference.rule());
        is_new
    });
    all
}

/// Whether an implementation that declares to read the canonical spelling of base64 alone answers rightly for one that reads
/// others.
fn is_read_leniently(call: &Call, got: &Answer, choices: &Choices) -> bool {
    let lenient = Choices { base64: Base64Choice::Lenient, ..*choices };
    choices.base64 == Base64Choice::Strict
        && differences(call, &model::answer(call, &lenient), got, &lenient).is_empty()
}

/// What differs where one writes a session and the other raises.
pub(super) const WRITING: &str = "writing the session";
/// What differs where a cookie counts for one and not for the other.
pub(super) const VERDICT: &str = "the verdict on the cookie";
/// What differs where the status does.
pub(in crate::suite) const STATUS: &str = "the status";
/// What differs where a signature is not that of the text before it.
pub(super) const SIGNATURE: &str = "the signature";
/// What differs where a cookie is set, or none.
pub(super) const SET_COOKIE: &str = "Set-Cookie";

fn verdicts(call: &Verify, expected: &VerifyOutcome, got: &VerifyOutcome, choices: &Choices) -> Option<Difference> {
    use VerifyOutcome::{Accepted, Raised, Rejected};
    let is_same = match (expected, got) {
        (Accepted(wanted), Accepted(session)) if wanted != session => {
            let suspects = blame::values(wanted, session, &call.cookie);
            return Some(differ(suspects, "the session", told(expected), told(got)));
        }
        (Accepted(_), Accepted(_)) | (Raised(_), Raised(_)) => true,
        (Rejected(expected), Rejected(got)) => {
            choices.reasons == ReasonsChoice::None || expected.is_none() || expected == got
        }
        _ => false,
    };
    (!is_same).then(|| differ(blame::verdict(call, got), VERDICT, told(expected), told(got)))
}

/// What differs where the implementation panicked, and the answer that stands for it. No panic is right, not even where Flask
/// raises. A check is blamed on the rule that it is about.
pub fn panicked(call: &Call, expected: &Answer, what: &str, choices: &Choices) -> (Difference, Answer) {
    const ANY: &[&str] = &["KEY", "SIG", "PAY", "EXP", "PERM", "REN", "MOD", "SET", "DEL", "VARY", "HDR", "SYS"];
    let got = format!("it panicked: {what}");
    let (rule, answer) = match call {
        Call::Verify(call) => {
            let answer = VerifyOutcome::Raised(got.clone());
            (blame::verdict(call, &answer).rule, Answer::Verify(answer))
        }
        Call::Sign(call) => (blame::writing(call, false).rule, Answer::Sign(SignOutcome::Raised(got.clone()))),
        Call::Story(_) => ("STO-2", Answer::Story(StoryAnswer::default())),
        Call::Exchange(_) => {
            let answer =
                Answer::Exchange(Response { status: 500, opened: None, results: Vec::new(), headers: Vec::new() });
            (compare(call, expected, &answer, choices).err().map_or("MOD-9", |difference| difference.rule()), answer)
        }
    };
    let expected = match expected {
        Answer::Verify(expected) => told(expected),
        Answer::Sign(SignOutcome::Cookie(cookie)) => cookie.clone(),
        Answer::Sign(SignOutcome::Raised(why)) => format!("an error: {why}"),
        Answer::Exchange(expected) => format!("a response with status {}", expected.status),
        Answer::Story(expected) => format!("the answers of {} steps", expected.steps.len()),
    };
    let difference =
        Difference { suspects: Suspects { rule, also: ANY }, what: format!("the end of {}", call.op()), expected, got };
    (difference, answer)
}

/// The outcome of reading a cookie in words.
fn told(outcome: &VerifyOutcome) -> String {
    match outcome {
        VerifyOutcome::Accepted(session) => format!("accepted as {}", wire::encode_map(session)),
        VerifyOutcome::Raised(why) => format!("an error: {why}"),
        VerifyOutcome::Rejected(Some(reason)) => format!("rejected ({reason})"),
        VerifyOutcome::Rejected(None) => "rejected".to_owned(),
    }
}

fn exchanges(call: &Exchange, expected: &Response, got: &Response, choices: &Choices) -> Vec<Difference> {
    let mut all: Vec<_> = opened(call, expected, got).into_iter().collect();
    let of_that_session;
    let expected = match (all.is_empty(), &got.opened) {
        (true, _) => expected,
        (false, Some(session)) if call.config.signing_key().is_some() => {
            of_that_session = model::server::answer_with(session, call, choices);
            &of_that_session
        }
        // Without a session there is no more to compare.
        (false, _) => return all,
    };
    let action = results(call, &expected.results, &got.results);
    let is_as_set = action.is_none();
    all.extend(action);
    // A view that ended early answers otherwise, and what it would have done to the session is not known.
    let ended = expected.results.len() == got.results.len();
    let status = (expected.status != got.status)
        .then(|| differ(blame::status(call, expected, got), STATUS, expected.status, got.status));
    let is_as_answered = status.is_none();
    all.extend(status.filter(|_| ended));
    let is_told = is_as_set && is_as_answered;
    all.extend(set_cookies(call, expected, got, choices, is_told));
    all.extend(vary(call, expected, got, is_told));
    all
}

fn opened(call: &Exchange, expected: &Response, got: &Response) -> Option<Difference> {
    let show = |opened: &Option<Map>| match opened {
        Some(session) => wire::encode_map(session).to_string(),
        None => "an error".to_owned(),
    };
    (expected.opened != got.opened)
        .then(|| differ(blame::opened(call, got), OPENED, show(&expected.opened), show(&got.opened)))
}

/// What differs where another session was opened.
pub(in crate::suite) const OPENED: &str = "the session as opened";

/// The first result that differs: later ones follow from what the session holds by then.
fn results(call: &Exchange, expected: &[Value], got: &[Value]) -> Option<Difference> {
    let is_same = |at: usize| match (call.actions.get(at), expected.get(at), got.get(at)) {
        (Some(Action::Iterate), Some(Value::List(a)), Some(Value::List(b))) => {
            a.len() == b.len() && a.iter().all(|key| b.contains(key))
        }
        (Some(Action::PopItem), Some(Value::List(a) | Value::Tuple(a)), Some(Value::List(b) | Value::Tuple(b))) => {
            a == b
        }
        (_, a, b) => a == b,
    };
    let at = (0..expected.len().max(got.len())).find(|at| !is_same(*at))?;
    let action = call.actions.get(at);
    let show = |value: Option<&Value>| {
        value.map_or_else(|| "none: it did not finish".to_owned(), |value| wire::encode(value).to_string())
    };
    let name = action.map(|action| serde_json::to_string(action).unwrap_or_default()).unwrap_or_default();
    let what = format!("the result of action {} {name}", at + 1);
    Some(differ(blame::result(call, action), what, show(expected.get(at)), show(got.get(at))))
}

/// The set of the fields of every Vary header, in lower case and in order.
fn fields(exchanged: &Response) -> Vec<String> {
    let mut fields: Vec<_> = headers(exchanged, "vary")
        .flat_map(|value| value.split(','))
        .map(|field| field.trim().to_ascii_lowercase())
        .collect();
    fields.sort_unstable();
    fields.dedup();
    fields
}

/// What differs between the fields of Vary: `Cookie` is there as it should be, and nothing else with it. `is_told` says
/// whether status and results are the expected ones. Where the cookie was set or left out against the rules, that decides what
/// Vary should be.
fn vary(call: &Exchange, expected: &Response, got: &Response, is_told: bool) -> Option<Difference> {
    let (sets, should_set) = (set_cookie(got, call).is_some(), set_cookie(expected, call).is_some());
    let found = fields(got);
    let cookie = || vec!["cookie".to_owned()];
    let wanted = match (sets, should_set) {
        (true, false) if call.config.signing_key().is_some() => cookie(),
        (false, false) if is_told => fields(expected),
        (true, _) => fields(expected),
        // Whether the session was touched is not known, and Cookie alone is right either way.
        (false, _) if found.len() > 1 => cookie(),
        (false, _) => return None,
    };
    if wanted == found {
        return None;
    }
    let show = |exchanged: &Response| {
        let all: Vec<_> = headers(exchanged, "vary").map(|value| format!("Vary: {value}")).collect();
        if all.is_empty() { "no Vary".to_owned() } else { all.join("\n") }
    };
    let has = |fields: &[String]| fields.iter().any(|field| field == "cookie");
    let wanted_text = if has(&wanted) { "Vary: Cookie".to_owned() } else { show(expected) };
    let suspects = match (has(&wanted), has(&found)) {
        // Something else is there beside it.
        (true, true) => blame::vary(call, true, false),
        (is_expected, _) => blame::vary(call, is_expected, sets),
    };
    Some(differ(suspects, "the Vary header", wanted_text, show(got)))
}

/// What differs between the cookies that are set. `is_told` says whether status and results are the expected ones; where they are
/// not, a cookie may be missing or hold something else for that very reason.
fn set_cookies(
    call: &Exchange,
    expected: &Response,
    got: &Response,
    choices: &Choices,
    is_told: bool,
) -> Vec<Difference> {
    let all = |exchanged| headers(exchanged, "set-cookie").collect::<Vec<_>>().join("\n");
    let show = |exchanged| match all(exchanged) {
        none if none.is_empty() => "no Set-Cookie".to_owned(),
        some => format!("Set-Cookie: {some}"),
    };
    let mut differences = Vec::new();
    let of_session = session_cookies(got, call);
    if of_session.len() > 1 {
        differences.push(differ("SET-8", "the number of session cookies", show(expected), show(got)));
    }
    if headers(got, "set-cookie").count() > of_session.len() {
        differences.push(differ("SET-2", "the cookies that are set", show(expected), show(got)));
        if of_session.is_empty() {
            return differences;
        }
    }
    // Of several the last one is what a browser keeps.
    match (set_cookie(expected, call), of_session.into_iter().next_back()) {
        (None, None) => {}
        (None, Some(_)) if is_told => {
            differences.push(differ(blame::unasked(call, expected), SET_COOKIE, show(expected), show(got)));
        }
        (Some(cookie), None) if is_told => {
            let value = (!cookie.value.is_empty()).then_some(cookie.value.as_str());
            let length = all(expected).len();
            differences.push(differ(
                blame::missing(call, expected, value, length),
                SET_COOKIE,
                show(expected),
                show(got),
            ));
        }
        (Some(right), Some(got)) if right.value.is_empty() == got.value.is_empty() => {
            differences.extend(attributes(call, expected, &right, &got, is_told));
            if !right.value.is_empty() {
                let mut of_value = cookie(&right.value, &got.value, &Call::Exchange(call.clone()), choices);
                of_value.retain(|difference| is_told || !difference.what.starts_with("the payload"));
                differences.extend(of_value);
            }
        }
        (Some(right), Some(got)) if is_told => {
            let is_deletion = got.attributes.get("max-age").is_some_and(|age| age == "0");
            let suspects = blame::deleted(right.value.is_empty(), is_deletion);
            differences.push(differ(suspects, "the cookie's value", right.value, got.value));
        }
        _ => {}
    }
    differences
}

fn attributes(
    call: &Exchange,
    answer: &Response,
    expected: &ParsedCookie,
    got: &ParsedCookie,
    is_told: bool,
) -> Vec<Difference> {
    let names: std::collections::BTreeSet<_> = expected.attributes.keys().chain(got.attributes.keys()).collect();
    let mut differences = Vec::new();
    for name in names {
        let (a, b) = (expected.attributes.get(name), got.attributes.get(name));
        let is_same = match (name.as_str(), a, b) {
            ("expires", Some(a), Some(b)) => a == b || instant(a).is_some_and(|a| Some(a) == instant(b)),
            // Whether the session is permanent by then is not known.
            ("expires", _, _) if !is_told => true,
            ("domain" | "samesite", Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            _ => a == b,
        };
        if is_same {
            continue;
        }
        let mut suspects = blame::attribute(call, answer, &expected.value, name, (a.is_some(), b.is_some()));
        if suspects.rule == "PERM-3" {
            let made = b.and_then(|b| instant(b)).zip(call.config.lifetime.max_age());
            let made = made.and_then(|(at, max_age)| u64::try_from(at.checked_sub(max_age)?).ok());
            let now = u64::try_from(call.now.seconds()).ok();
            suspects = blame::renewal(call, suspects.rule, now, made);
        }
        let show = |value: Option<&String>| match value {
            None => "missing".to_owned(),
            Some(empty) if empty.is_empty() => "present".to_owned(),
            Some(value) => value.clone(),
        };
        differences.push(differ(suspects, format!("the cookie's {name} attribute"), show(a), show(b)));
    }
    differences
}

/// What differs between a written cookie value and the expected one: the payload (as far as the choices do not allow it), the
/// timestamp, the key.
fn cookie(expected: &str, got: &str, call: &Call, choices: &Choices) -> Vec<Difference> {
    if expected == got {
        return Vec::new();
    }
    let (Some(wanted), Some(parts)) = (parts(expected), parts(got)) else {
        return vec![differ("SIG-1", "the form of the cookie", expected, got)];
    };
    let mut all = Vec::new();
    if wanted.timestamp != parts.timestamp {
        let suspects = match call {
            _ if base64::decode(wanted.timestamp.as_bytes()) == base64::decode(parts.timestamp.as_bytes()) => {
                "SIG-3".into()
            }
            Call::Exchange(call) => {
                blame::renewal(call, "SIG-4", read_timestamp(wanted.timestamp), read_timestamp(parts.timestamp))
            }
            _ => "SIG-4".into(),
        };
        all.push(differ(suspects, "the timestamp", show_timestamp(wanted.timestamp), show_timestamp(parts.timestamp)));
    }
    all.extend(payload_differs(call, wanted.payload, parts.payload, choices));
    // The signature is that of the text that stands before it, right or wrong.
    let config = call.config();
    let signed = &got[..got.len() - parts.signature.len() - 1];
    let key = signing::derive_key(config, config.signing_key().unwrap_or_default());
    let right = base64::encode(&signing::mac(config.digest, &key, &[signed.as_bytes()]));
    if right != parts.signature {
        let suspects = blame::signature(config, signed, &right, parts.signature);
        all.push(differ(suspects, SIGNATURE, right, parts.signature));
    }
    all
}

fn show_timestamp(text: &str) -> String {
    match read_timestamp(text) {
        Some(seconds) => format!("{text} ({seconds})"),
        None => text.to_owned(),
    }
}

fn payload_differs(call: &Call, expected: &str, got: &str, choices: &Choices) -> Vec<Difference> {
    if expected == got {
        return Vec::new();
    }
    let lenient = Choices::default();
    let text = |payload: &str| payload::text(payload.as_bytes(), &lenient);
    let (Some(wanted), Some(written)) = (text(expected), text(got)) else {
        return vec![differ(Suspects { rule: "PAY-1", also: &["PAY", "SIG-3"] }, "the payload", expected, got)];
    };
    let mut all = Vec::new();
    // Numbers as keys are sorted before they are text, so neither side need be in this order.
    let sorted = |text: &str| json::read(text).and_then(|value| json::write(&value)).ok();
    if wanted != written {
        let reordered = choices.key_order == OrderChoice::Any
            && blame::is_reordered(&wanted, &written)
            && sorted(&written).is_some_and(|text| Some(text) == sorted(&wanted));
        if !reordered {
            all.push(differ(blame::written(call, &wanted, &written), "the payload's JSON", &wanted, &written));
        }
    }
    let bytes = |payload: &str| base64::decode(payload.trim_start_matches('.').as_bytes());
    if !base64::is_canonical(got.strip_prefix('.').unwrap_or(got).as_bytes()) {
        all.push(differ("SIG-3", "the payload's base64", expected, got));
    }
    let pays = |payload: &str| bytes(payload).is_some_and(|b| b.len() + 1 < written.len());
    let (is_compressed, stock) = (got.starts_with('.'), payload::deflate(written.as_bytes()));
    let fits = match choices.compression {
        // The bytes are those of stock zlib for this text, whether it is the right one or not.
        CompressionChoice::Zlib if is_compressed => bytes(got).is_some_and(|bytes| bytes == stock) && pays(got),
        CompressionChoice::Zlib => stock.len() + 1 >= written.len(),
        CompressionChoice::Any if is_compressed => pays(got),
        // How well another compressor does is not known; a tenth of leeway is left to it.
        CompressionChoice::Any => stock.len() + 1 + written.len() / 10 >= written.len(),
        CompressionChoice::Never => !is_compressed,
    };
    if !fits {
        all.push(differ("PAY-12", "the payload's compression", expected, got));
    }
    all
}
