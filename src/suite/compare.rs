//! Whether an answer is the one that the specification asks for: compared by meaning, not by spelling.
//!
//! A [`Difference`] names the rule that it breaks, so that a failing generated case can say more than "not equal".

use crate::{
    config::Fallbacks,
    model::{base64, cookie_header, json, payload, signing},
    protocol::{
        Action, Answer, Call, Choices, CompressionChoice, DuplicatesChoice, Exchange, Exchanged, OrderChoice, Reason,
        ReasonsChoice, Signed, Verified, Verify,
    },
    value::{Map, Value, wire},
};
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// What is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The rule that this breaks, as far as the difference alone tells.
    pub rule: &'static str,
    /// Whether the difference alone tells: a verdict on a cookie may be wrong for many reasons, a missing attribute has one.
    pub is_certain: bool,
    /// What differs.
    pub what: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub got: String,
}

fn differ<T>(
    rule: &'static str,
    what: impl Into<String>,
    expected: impl ToString,
    got: impl ToString,
) -> Result<T, Difference> {
    let (expected, got) = (expected.to_string(), got.to_string());
    Err(Difference { rule, is_certain: true, what: what.into(), expected, got })
}

/// A difference whose rule is only the likely one.
fn differ_likely<T>(
    rule: &'static str,
    what: impl Into<String>,
    expected: impl ToString,
    got: impl ToString,
) -> Result<T, Difference> {
    differ(rule, what, expected, got).map_err(|difference| Difference { is_certain: false, ..difference })
}

/// Holds an answer to `call` against the expected one, for an implementation with these choices.
pub fn compare(call: &Call, expected: &Answer, got: &Answer, choices: &Choices) -> Result<(), Difference> {
    match (call, expected, got) {
        (Call::Verify(call), Answer::Verify(expected), Answer::Verify(got)) => verified(call, expected, got, choices),
        (Call::Sign(call), Answer::Sign(expected), Answer::Sign(got)) => match (expected, got) {
            (Signed::Cookie(expected), Signed::Cookie(got)) => {
                cookie(expected, got, &Call::Sign(call.clone()), choices)
            }
            (Signed::Raised(_), Signed::Raised(_)) => Ok(()),
            (Signed::Raised(why), Signed::Cookie(cookie)) => {
                differ_likely("PAY-5", "writing the session", format!("an error: {why}"), cookie)
            }
            (Signed::Cookie(cookie), Signed::Raised(why)) => {
                differ_likely("PAY-1", "writing the session", cookie, format!("an error: {why}"))
            }
        },
        (Call::Exchange(call), Answer::Exchange(expected), Answer::Exchange(got)) => {
            exchanged(call, expected, got, choices)
        }
        _ => differ_likely("MOD-10", "the kind of answer", format!("{expected:?}"), format!("{got:?}")),
    }
}

fn verified(call: &Verify, expected: &Verified, got: &Verified, choices: &Choices) -> Result<(), Difference> {
    use Verified::{Accepted, Raised, Rejected};
    let show = |verified: &Verified| match verified {
        Accepted(session) => format!("accepted as {}", wire::encode_map(session)),
        Raised(why) => format!("an error: {why}"),
        Rejected(Some(reason)) => format!("rejected ({})", reason_word(*reason)),
        Rejected(None) => "rejected".to_owned(),
    };
    let same = match (expected, got) {
        (Accepted(expected), Accepted(got)) => {
            return match expected == got {
                true => Ok(()),
                false => differ_likely(
                    "PAY-16",
                    "the session",
                    show(&Accepted(expected.clone())),
                    show(&Accepted(got.clone())),
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
    differ_likely(rule_of_opening(&call.cookie, call, expected), "the verdict on the cookie", show(expected), show(got))
}

/// The word of the protocol for a reason.
pub fn reason_word(reason: Reason) -> &'static str {
    match reason {
        Reason::Expired => "expired",
        Reason::Future => "future",
        Reason::Payload => "payload",
        Reason::Signature => "signature",
        Reason::Timestamp => "timestamp",
    }
}

/// The rule behind the verdict on a cookie.
fn rule_of_opening(cookie: &str, call: &Verify, expected: &Verified) -> &'static str {
    let typed = Choices { reasons: ReasonsChoice::Typed, ..Choices::default() };
    if call.config.signing_key().is_none() {
        return "KEY-5";
    }
    if matches!(&call.config.fallback_keys, Some(Fallbacks::Text(text)) if !text.is_empty()) {
        return "KEY-4";
    }
    match (expected, crate::model::server::verify(call, &typed)) {
        (Verified::Accepted(_), _) if !is_canonical(cookie) => "SIG-7",
        (Verified::Accepted(_), _) => "EXP-1",
        (Verified::Raised(_), _) => "PAY-14",
        (_, Verified::Rejected(Some(Reason::Expired))) => "EXP-1",
        (_, Verified::Rejected(Some(Reason::Future))) => "EXP-3",
        (_, Verified::Rejected(Some(Reason::Timestamp))) => "SIG-8",
        (_, Verified::Rejected(Some(Reason::Payload))) => "PAY-14",
        _ if cookie.matches('.').count() < 2 => "SIG-6",
        _ => "SIG-5",
    }
}

fn is_canonical(cookie: &str) -> bool {
    cookie.trim_start_matches('.').split('.').all(|part| base64::is_canonical(part.as_bytes()))
}

fn exchanged(call: &Exchange, expected: &Exchanged, got: &Exchanged, choices: &Choices) -> Result<(), Difference> {
    opened(call, expected, got)?;
    results(call, &expected.results, &got.results)?;
    set_cookies(call, expected, got, choices)?;
    let (expected_vary, got_vary) = (varies_by_cookie(expected), varies_by_cookie(got));
    if expected_vary != got_vary {
        let rule = match (expected_vary, set_cookie(expected, call).is_some()) {
            (true, true) => "VARY-2",
            (true, false) => "VARY-1",
            (false, _) if call.actions.iter().any(|a| matches!(a, Action::StreamGet { .. })) => "VARY-4",
            (false, _) => "VARY-3",
        };
        let show = |varies: bool| if varies { "Vary: Cookie" } else { "no Vary: Cookie" };
        return differ(rule, "the Vary header", show(expected_vary), show(got_vary));
    }
    if expected.status != got.status {
        let rule = if expected.status == 500 { "SET-10" } else { "REN-4" };
        return differ_likely(rule, "the status", expected.status, got.status);
    }
    Ok(())
}

fn opened(call: &Exchange, expected: &Exchanged, got: &Exchanged) -> Result<(), Difference> {
    if expected.opened == got.opened {
        return Ok(());
    }
    let show = |opened: &Option<Map>| match opened {
        Some(session) => wire::encode_map(session).to_string(),
        None => "an error".to_owned(),
    };
    differ_likely(rule_of_request(call, expected), "the session as opened", show(&expected.opened), show(&got.opened))
}

/// The rule behind the session that a request opens with.
fn rule_of_request(call: &Exchange, expected: &Exchanged) -> &'static str {
    if call.config.signing_key().is_none() {
        return "KEY-5";
    }
    let header = call.cookie_header.as_deref().unwrap_or("");
    let name = &call.config.cookie_name;
    let Some(cookie) = cookie_header::value(header, name, DuplicatesChoice::First).filter(|cookie| !cookie.is_empty())
    else {
        return "HDR-4";
    };
    if header != format!("{name}={cookie}") {
        return match header {
            _ if !header.is_ascii() => "HDR-6",
            _ if header.matches(name.as_str()).count() > 1 => "HDR-1",
            _ if header.contains('"') => "HDR-2",
            _ => "HDR-3",
        };
    }
    if expected.opened.is_none() {
        return "PAY-14";
    }
    let verify = Verify { config: call.config.clone(), now: call.now, cookie: cookie.clone() };
    let typed = Choices { reasons: ReasonsChoice::Typed, ..Choices::default() };
    rule_of_opening(&cookie, &verify, &crate::model::server::verify(&verify, &typed))
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
                value.map_or_else(|| "none: it did not come to its end".to_owned(), |v| wire::encode(v).to_string())
            };
            let name = action.map(|a| serde_json::to_string(a).unwrap_or_default()).unwrap_or_default();
            let what = format!("the result of action {} {name}", i + 1);
            return differ_likely("MOD-10", what, show(expected.get(i)), show(got.get(i)));
        }
    }
    Ok(())
}

/// A Set-Cookie header taken apart: value, and attributes by lower-case name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedCookie {
    /// The cookie's name.
    pub name: String,
    /// The value as it stands.
    pub value: String,
    /// The attributes; those without a value have an empty one.
    pub attributes: BTreeMap<String, String>,
}

/// Takes a Set-Cookie header apart.
pub fn parse_set_cookie(header: &str) -> ParsedCookie {
    let mut parts = header.split(';');
    let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).unwrap_or((header, ""));
    let attributes = parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    ParsedCookie { name: name.trim().to_owned(), value: value.trim().to_owned(), attributes }
}

/// The Set-Cookie of the session's name, if there is one.
pub fn set_cookie(exchanged: &Exchanged, call: &Exchange) -> Option<ParsedCookie> {
    session_cookies(exchanged, call).into_iter().next()
}

fn session_cookies(exchanged: &Exchanged, call: &Exchange) -> Vec<ParsedCookie> {
    let name: String = call.config.cookie_name.bytes().map(char::from).collect();
    let mut cookies: Vec<_> = headers(exchanged, "set-cookie").map(parse_set_cookie).collect();
    cookies.retain(|cookie| cookie.name == name);
    cookies
}

fn headers<'a>(exchanged: &'a Exchanged, name: &'a str) -> impl Iterator<Item = &'a str> {
    exchanged.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn varies_by_cookie(exchanged: &Exchanged) -> bool {
    headers(exchanged, "vary")
        .flat_map(|value| value.split(','))
        .any(|field| field.trim().eq_ignore_ascii_case("cookie") || field.trim() == "*")
}

fn set_cookies(call: &Exchange, expected: &Exchanged, got: &Exchanged, choices: &Choices) -> Result<(), Difference> {
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
        (None, Some(_)) => differ_likely(rule_of_unasked(call, expected), "Set-Cookie", show(expected), show(got)),
        (Some(cookie), None) => {
            differ_likely(rule_of_missing(call, &cookie, expected), "Set-Cookie", show(expected), show(got))
        }
        (Some(expected), Some(got)) => {
            if expected.value.is_empty() != got.value.is_empty() {
                let rule = if expected.value.is_empty() { "DEL-1" } else { "DEL-5" };
                return differ_likely(rule, "the cookie's value", expected.value, got.value);
            }
            attributes(&expected, &got)?;
            match expected.value.is_empty() {
                true => Ok(()),
                false => cookie(&expected.value, &got.value, &Call::Exchange(call.clone()), choices),
            }
        }
    }
}

/// Whether a view changes its session.
pub(super) fn is_modifying(call: &Exchange) -> bool {
    call.actions.iter().any(|action| {
        !matches!(
            action,
            Action::Append { .. }
                | Action::Bool
                | Action::Contains { .. }
                | Action::Get { .. }
                | Action::Items
                | Action::Iterate
                | Action::Len
                | Action::Modified
                | Action::Mutate { .. }
                | Action::NotFound
                | Action::Nothing
                | Action::Permanent
                | Action::Raise
                | Action::StreamGet { .. }
        )
    })
}

/// A cookie was set though none should be.
fn rule_of_unasked(call: &Exchange, expected: &Exchanged) -> &'static str {
    let is_empty = expected.opened.as_ref().is_none_or(Map::is_empty);
    match (is_modifying(call), call.config.refresh_each_request) {
        _ if expected.status == 500 && expected.opened.is_none() => "SET-10",
        (false, _) if is_empty && call.cookie_header.is_some() => "DEL-6",
        (false, _) if is_empty => "DEL-4",
        (false, false) => "REN-2",
        (false, true) => "REN-3",
        (true, _) => "SET-1",
    }
}

/// No cookie was set though one should be.
fn rule_of_missing(call: &Exchange, cookie: &ParsedCookie, expected: &Exchanged) -> &'static str {
    match (is_modifying(call), expected.status) {
        _ if cookie.value.is_empty() => "DEL-1",
        (true, 500) => "MOD-9",
        (true, _) => "SET-1",
        (false, 200) if call.path == "/" && call.method != "OPTIONS" => "REN-1",
        (false, _) => "REN-4",
    }
}

fn attributes(expected: &ParsedCookie, got: &ParsedCookie) -> Result<(), Difference> {
    let is_deletion = expected.value.is_empty();
    let names: std::collections::BTreeSet<_> = expected.attributes.keys().chain(got.attributes.keys()).collect();
    for name in names {
        let (a, b) = (expected.attributes.get(name), got.attributes.get(name));
        let same = match (name.as_str(), a, b) {
            ("expires", Some(a), Some(b)) => a == b || instant(a).is_some_and(|a| Some(a) == instant(b)),
            ("domain" | "samesite", Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            _ => a == b,
        };
        if !same {
            let rule = match (name.as_str(), is_deletion) {
                ("expires" | "max-age", true) => "DEL-3",
                (_, true) => "DEL-2",
                ("expires", _) if a.is_some() => "PERM-3",
                ("expires", _) => "PERM-4",
                ("max-age", _) => "PERM-6",
                ("domain", _) => "SET-3",
                ("path", _) => "SET-4",
                ("samesite", _) => "SET-6",
                ("partitioned", _) => "SET-7",
                _ => "SET-5",
            };
            let show = |value: Option<&String>| match value {
                None => "not there".to_owned(),
                Some(empty) if empty.is_empty() => "there".to_owned(),
                Some(value) => value.clone(),
            };
            return differ(rule, format!("the cookie's {name} attribute"), show(a), show(b));
        }
    }
    Ok(())
}

fn instant(date: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(date, &time::format_description::well_known::Rfc2822).ok()
}

/// Holds a written cookie value against the expected one: the same payload (as the choices allow), timestamp and key.
fn cookie(expected: &str, got: &str, call: &Call, choices: &Choices) -> Result<(), Difference> {
    if expected == got {
        return Ok(());
    }
    let (Some(wanted), Some(parts)) = (parts(expected), parts(got)) else {
        return differ_likely("SIG-1", "the form of the cookie", expected, got);
    };
    if wanted.timestamp != parts.timestamp {
        return differ("SIG-4", "the timestamp", show_timestamp(wanted.timestamp), show_timestamp(parts.timestamp));
    }
    same_payload(wanted.payload, parts.payload, choices)?;
    let config = call.config();
    let signed = &got[..got.len() - parts.signature.len() - 1];
    let key = signing::derive_key(config, config.signing_key().unwrap_or_default());
    let right = base64::encode(&signing::mac(config.digest, &key, &[signed.as_bytes()]));
    if right == parts.signature {
        return Ok(());
    }
    let by_fallback = config.verifying_keys(choices.fallback_text).iter().skip(1).any(|key| {
        let key = signing::derive_key(config, key);
        base64::encode(&signing::mac(config.digest, &key, &[signed.as_bytes()])) == parts.signature
    });
    if by_fallback {
        return differ("KEY-2", "the signature", right, format!("{} (made by a fallback key)", parts.signature));
    }
    // Another key, another salt, another text under it: the signature alone does not tell.
    differ_likely("SIG-2", "the signature", right, parts.signature)
}

struct Parts<'a> {
    payload: &'a str,
    timestamp: &'a str,
    signature: &'a str,
}

fn parts(cookie: &str) -> Option<Parts<'_>> {
    let (signed, signature) = cookie.rsplit_once('.')?;
    let (payload, timestamp) = signed.rsplit_once('.')?;
    Some(Parts { payload, timestamp, signature })
}

/// When a cookie value says that it was signed, in Unix seconds; whether that is true is not looked at.
pub fn timestamp(cookie: &str) -> Option<u64> {
    read_timestamp(parts(cookie)?.timestamp)
}

fn read_timestamp(text: &str) -> Option<u64> {
    let bytes = base64::decode(text.as_bytes()).filter(|bytes| bytes.len() <= 8)?;
    Some(bytes.iter().fold(0, |seconds, byte| seconds << 8 | u64::from(*byte)))
}

fn show_timestamp(text: &str) -> String {
    match read_timestamp(text) {
        Some(seconds) => format!("{text} ({seconds})"),
        None => text.to_owned(),
    }
}

fn same_payload(expected: &str, got: &str, choices: &Choices) -> Result<(), Difference> {
    if expected == got {
        return Ok(());
    }
    let lenient = Choices::default();
    let text = |payload: &str| payload::text(payload.as_bytes(), &lenient);
    let (Some(wanted), Some(written)) = (text(expected), text(got)) else {
        return differ_likely("PAY-1", "the payload", expected, got);
    };
    if wanted != written {
        let reordered = choices.key_order == OrderChoice::Any
            && wanted.len() == written.len()
            && json::read(&written).and_then(|value| json::write(&value)).is_ok_and(|sorted| sorted == wanted);
        if !reordered {
            return differ_likely(rule_of_payload(&wanted, &written), "the payload's JSON", wanted, written);
        }
    }
    let pays = |payload: &str| {
        base64::decode(payload.trim_start_matches('.').as_bytes()).is_some_and(|b| b.len() + 1 < written.len())
    };
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

/// The rule behind a difference of JSON texts.
fn rule_of_payload(expected: &str, got: &str) -> &'static str {
    match json::read(got).and_then(|value| json::write(&value)) {
        Ok(sorted) if sorted == expected && got.len() == expected.len() => "PAY-2",
        Ok(normal) if normal == expected => "PAY-1",
        _ => "PAY-16",
    }
}
