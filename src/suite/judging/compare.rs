//! Whether an answer is the one that the specification requires: compared by meaning, not by spelling.
//!
//! A [`Difference`] names the rules that it may break, found by [`blame`], so that a failing generated case says more than "not
//! equal".

use super::blame::{self, Suspects};
use crate::rules::family_of;
use crate::{
    cookie_text::{ParsedCookie, headers, instant, parts, read_timestamp, session_cookies, set_cookie},
    model::{base64, json, payload, signing},
    protocol::{
        Action, Answer, Call, Choices, CompressionChoice, Exchange, OrderChoice, ReasonsChoice, Response, SignOutcome,
        Verify, VerifyOutcome,
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

fn differ<T>(
    suspects: impl Into<Suspects>,
    what: impl Into<String>,
    expected: impl ToString,
    got: impl ToString,
) -> Result<T, Difference> {
    let (expected, got) = (expected.to_string(), got.to_string());
    Err(Difference { suspects: suspects.into(), what: what.into(), expected, got })
}

/// Compares an answer to `call` with the expected one, for an implementation with these choices.
pub fn compare(call: &Call, expected: &Answer, got: &Answer, choices: &Choices) -> Result<(), Difference> {
    match (call, expected, got) {
        (Call::Verify(call), Answer::Verify(expected), Answer::Verify(got)) => {
            compare_verdicts(call, expected, got, choices)
        }
        (Call::Sign(call), Answer::Sign(expected), Answer::Sign(got)) => match (expected, got) {
            (SignOutcome::Cookie(expected), SignOutcome::Cookie(got)) => {
                cookie(expected, got, &Call::Sign(call.clone()), choices)
            }
            (SignOutcome::Raised(_), SignOutcome::Raised(_)) => Ok(()),
            (SignOutcome::Raised(why), SignOutcome::Cookie(cookie)) => {
                differ(blame::writing(&call.config, true), "writing the session", format!("an error: {why}"), cookie)
            }
            (SignOutcome::Cookie(cookie), SignOutcome::Raised(why)) => {
                differ(blame::writing(&call.config, false), "writing the session", cookie, format!("an error: {why}"))
            }
        },
        (Call::Exchange(call), Answer::Exchange(expected), Answer::Exchange(got)) => {
            compare_exchanges(call, expected, got, choices)
        }
        _ => differ("MOD-10", "the kind of answer", format!("{expected:?}"), format!("{got:?}")),
    }
}

fn compare_verdicts(
    call: &Verify,
    expected: &VerifyOutcome,
    got: &VerifyOutcome,
    choices: &Choices,
) -> Result<(), Difference> {
    use VerifyOutcome::{Accepted, Raised, Rejected};
    let same = match (expected, got) {
        (Accepted(expected), Accepted(got)) => {
            return match expected == got {
                true => Ok(()),
                false => differ(
                    blame::values(expected, got, &call.cookie),
                    "the session",
                    told(&Accepted(expected.clone())),
                    told(&Accepted(got.clone())),
                ),
            };
        }
        (Raised(_), Raised(_)) => true,
        (Rejected(expected), Rejected(got)) => choices.reasons == ReasonsChoice::None || expected == got,
        _ => false,
    };
    if same {
        return Ok(());
    }
    differ(blame::verdict(call, got), "the verdict on the cookie", told(expected), told(got))
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
        Call::Sign(call) => (blame::writing(&call.config, false).rule, Answer::Sign(SignOutcome::Raised(got.clone()))),
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

fn compare_exchanges(
    call: &Exchange,
    expected: &Response,
    got: &Response,
    choices: &Choices,
) -> Result<(), Difference> {
    compare_opened(call, expected, got)?;
    results(call, &expected.results, &got.results)?;
    set_cookies(call, expected, got, choices)?;
    let (expected_vary, got_vary) = (varies_by_cookie(expected), varies_by_cookie(got));
    if expected_vary != got_vary {
        let show = |varies: bool| if varies { "Vary: Cookie" } else { "no Vary: Cookie" };
        let suspects = blame::vary(call, expected_vary, set_cookie(expected, call).is_some());
        return differ(suspects, "the Vary header", show(expected_vary), show(got_vary));
    }
    if expected.status != got.status {
        return differ(blame::status(call, expected), "the status", expected.status, got.status);
    }
    Ok(())
}

fn compare_opened(call: &Exchange, expected: &Response, got: &Response) -> Result<(), Difference> {
    if expected.opened == got.opened {
        return Ok(());
    }
    let show = |opened: &Option<Map>| match opened {
        Some(session) => wire::encode_map(session).to_string(),
        None => "an error".to_owned(),
    };
    differ(blame::opened(call, got), "the session as opened", show(&expected.opened), show(&got.opened))
}

fn results(call: &Exchange, expected: &[Value], got: &[Value]) -> Result<(), Difference> {
    let count = expected.len().max(got.len());
    for i in 0..count {
        let action = call.actions.get(i);
        let same = match (action, expected.get(i), got.get(i)) {
            (Some(Action::Iterate), Some(Value::List(a)), Some(Value::List(b))) => {
                a.len() == b.len() && a.iter().all(|key| b.contains(key))
            }
            (Some(Action::PopItem), Some(Value::List(a) | Value::Tuple(a)), Some(Value::List(b) | Value::Tuple(b))) => {
                a == b
            }
            (_, a, b) => a == b,
        };
        if !same {
            let show = |value: Option<&Value>| {
                value.map_or_else(|| "none: it did not finish".to_owned(), |v| wire::encode(v).to_string())
            };
            let name = action.map(|a| serde_json::to_string(a).unwrap_or_default()).unwrap_or_default();
            let what = format!("the result of action {} {name}", i + 1);
            return differ(blame::result(call, action), what, show(expected.get(i)), show(got.get(i)));
        }
    }
    Ok(())
}

fn varies_by_cookie(exchanged: &Response) -> bool {
    headers(exchanged, "vary")
        .flat_map(|value| value.split(','))
        .any(|field| field.trim().eq_ignore_ascii_case("cookie") || field.trim() == "*")
}

fn set_cookies(call: &Exchange, expected: &Response, got: &Response, choices: &Choices) -> Result<(), Difference> {
    let all = |exchanged| headers(exchanged, "set-cookie").collect::<Vec<_>>().join("\n");
    let show = |exchanged| match all(exchanged) {
        none if none.is_empty() => "no Set-Cookie".to_owned(),
        some => format!("Set-Cookie: {some}"),
    };
    let mut of_session = session_cookies(got, call);
    if of_session.len() > 1 {
        return differ("SET-8", "the number of session cookies", show(expected), show(got));
    }
    if headers(got, "set-cookie").count() > of_session.len() {
        return differ("SET-2", "the cookies that are set", show(expected), show(got));
    }
    match (set_cookie(expected, call), of_session.pop()) {
        (None, None) => Ok(()),
        (None, Some(_)) => differ(blame::unasked(call, expected), "Set-Cookie", show(expected), show(got)),
        (Some(cookie), None) => {
            let value = (!cookie.value.is_empty()).then_some(cookie.value.as_str());
            let length = all(expected).len();
            differ(blame::missing(call, expected, got, value, length), "Set-Cookie", show(expected), show(got))
        }
        (Some(right), Some(got)) => {
            if right.value.is_empty() != got.value.is_empty() {
                let is_deletion = got.attributes.get("max-age").is_some_and(|age| age == "0");
                let suspects = blame::deleted(right.value.is_empty(), is_deletion);
                return differ(suspects, "the cookie's value", right.value, got.value);
            }
            attributes(call, expected, &right, &got)?;
            match right.value.is_empty() {
                true => Ok(()),
                false => cookie(&right.value, &got.value, &Call::Exchange(call.clone()), choices),
            }
        }
    }
}

fn attributes(
    call: &Exchange,
    answer: &Response,
    expected: &ParsedCookie,
    got: &ParsedCookie,
) -> Result<(), Difference> {
    let names: std::collections::BTreeSet<_> = expected.attributes.keys().chain(got.attributes.keys()).collect();
    for name in names {
        let (a, b) = (expected.attributes.get(name), got.attributes.get(name));
        let same = match (name.as_str(), a, b) {
            ("expires", Some(a), Some(b)) => a == b || instant(a).is_some_and(|a| Some(a) == instant(b)),
            ("domain" | "samesite", Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            _ => a == b,
        };
        if !same {
            let mut suspects = blame::attribute(call, answer, &expected.value, name, (a.is_some(), b.is_some()));
            if suspects.rule == "PERM-3" {
                let made = b.and_then(|b| instant(b)).zip(call.config.lifetime.max_age());
                let made = made.and_then(|(at, max_age)| u64::try_from(at.unix_timestamp() - max_age).ok());
                let now = u64::try_from(call.now.seconds()).ok();
                suspects = blame::renewal(call, suspects.rule, now, made);
            }
            let show = |value: Option<&String>| match value {
                None => "missing".to_owned(),
                Some(empty) if empty.is_empty() => "present".to_owned(),
                Some(value) => value.clone(),
            };
            return differ(suspects, format!("the cookie's {name} attribute"), show(a), show(b));
        }
    }
    Ok(())
}

/// Holds a written cookie value against the expected one: the same payload (as the choices allow), timestamp and key.
fn cookie(expected: &str, got: &str, call: &Call, choices: &Choices) -> Result<(), Difference> {
    if expected == got {
        return Ok(());
    }
    let (Some(wanted), Some(parts)) = (parts(expected), parts(got)) else {
        return differ("SIG-1", "the form of the cookie", expected, got);
    };
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
        return differ(suspects, "the timestamp", show_timestamp(wanted.timestamp), show_timestamp(parts.timestamp));
    }
    same_payload(call, wanted.payload, parts.payload, choices)?;
    let config = call.config();
    let signed = &got[..got.len() - parts.signature.len() - 1];
    let key = signing::derive_key(config, config.signing_key().unwrap_or_default());
    let right = base64::encode(&signing::mac(config.digest, &key, &[signed.as_bytes()]));
    if right == parts.signature {
        return Ok(());
    }
    let suspects = blame::signature(config, signed, &right, parts.signature);
    differ(suspects, "the signature", right, parts.signature)
}

fn show_timestamp(text: &str) -> String {
    match read_timestamp(text) {
        Some(seconds) => format!("{text} ({seconds})"),
        None => text.to_owned(),
    }
}

fn same_payload(call: &Call, expected: &str, got: &str, choices: &Choices) -> Result<(), Difference> {
    if expected == got {
        return Ok(());
    }
    let lenient = Choices::default();
    let text = |payload: &str| payload::text(payload.as_bytes(), &lenient);
    let (Some(wanted), Some(written)) = (text(expected), text(got)) else {
        return differ(Suspects { rule: "PAY-1", also: &["PAY", "SIG-3"] }, "the payload", expected, got);
    };
    if wanted != written {
        let reordered = choices.key_order == OrderChoice::Any
            && wanted.len() == written.len()
            && json::read(&written).and_then(|value| json::write(&value)).is_ok_and(|sorted| sorted == wanted);
        if !reordered {
            return differ(blame::written(call, &wanted, &written), "the payload's JSON", wanted, written);
        }
    }
    let bytes = |payload: &str| base64::decode(payload.trim_start_matches('.').as_bytes());
    if expected.starts_with('.') == got.starts_with('.') && bytes(expected) == bytes(got) {
        return differ("SIG-3", "the payload's base64", expected, got);
    }
    let pays = |payload: &str| bytes(payload).is_some_and(|b| b.len() + 1 < written.len());
    let (is_compressed, stock) = (got.starts_with('.'), payload::deflate(written.as_bytes()).len());
    let fits = match choices.compression {
        // Only the order of keys may differ: the bytes are then those of stock zlib for this text.
        CompressionChoice::Zlib if wanted == written => false,
        CompressionChoice::Zlib | CompressionChoice::Any if is_compressed => pays(got),
        // How well another compressor does is not known; a tenth of leeway is left to it.
        CompressionChoice::Zlib | CompressionChoice::Any => stock + 1 + written.len() / 10 >= written.len(),
        CompressionChoice::Never => !is_compressed,
    };
    if fits { Ok(()) } else { differ("PAY-12", "the payload's compression", expected, got) }
}
