//! The rules behind the answer to a request: what was opened, what came of the actions, and which headers were sent.

use super::{Suspects, cookie::leads_beyond_the_calendar, values, verdict};
use crate::{
    cookie_text::signed_at,
    model::{cookie_header, payload, server, session::PERMANENT},
    protocol::{Action, Choices, DuplicatesChoice, Exchange, Reason, ReasonsChoice, Response, Verify, VerifyOutcome},
    value::{Map, Value},
};

/// What decides whether a cookie is set or deleted.
const SETTING: &[&str] = &["MOD", "PERM", "REN", "SET", "DEL", "SYS"];
/// The rules behind the session that a request opens with.
pub fn opened(call: &Exchange, got: &Response) -> Suspects {
    if call.config.signing_key().is_none() {
        return "KEY-5".into();
    }
    let text = call.cookie_header.as_deref().unwrap_or("");
    let name = &call.config.cookie_name;
    let cookie = cookie_header::value(text, name, DuplicatesChoice::First);
    // Who opens the very session of a cookie that is too old has read the header rightly.
    let is_found = |cookie: &String| got.opened.as_ref().is_some_and(|session| is_in_late(call, cookie, session));
    match &cookie {
        Some(cookie) if is_found(cookie) => by_value(call, cookie, got),
        Some(cookie)
            if !cookie.is_empty() && got.opened.is_none() && leads_beyond_the_calendar(&call.config, call.now) =>
        {
            "EXP-9".into()
        }
        Some(cookie) => match header(call, cookie) {
            Some(rule) => rule.into(),
            None => by_value(call, cookie, got),
        },
        None => without_cookie(text, name).into(),
    }
}

/// How often the name stands in a header in any case, as a whole or as the end of another.
fn alike(header: &str, name: &str) -> usize {
    header.to_ascii_lowercase().matches(&format!("{}=", name.to_ascii_lowercase())).count()
}

/// The rule behind a header in which the cookie is not found.
fn without_cookie(header: &str, name: &str) -> &'static str {
    match () {
        () if !header.is_ascii() => "HDR-6",
        () if header.contains('\\') => "HDR-2",
        () if header.split(';').any(is_unreadable) => "HDR-3",
        () if header.contains('"') => "HDR-2",
        () if alike(header, name) > 0 => "HDR-5",
        () => "HDR-4",
    }
}

/// The rule behind what is unusual about the header in which a cookie stands; `None` if nothing is.
pub(in crate::suite) fn header(call: &Exchange, cookie: &str) -> Option<&'static str> {
    let header = call.cookie_header.as_deref().unwrap_or("");
    let name = &call.config.cookie_name;
    let last = cookie_header::value(header, name, DuplicatesChoice::Last);
    let first = cookie_header::value(header, name, DuplicatesChoice::First);
    Some(match () {
        () if !header.is_ascii() => "HDR-6",
        () if header.contains('\\') => "HDR-2",
        () if first != last => "HDR-1",
        () if header.split(';').any(is_unreadable) => "HDR-3",
        () if header.contains('"') => "HDR-2",
        () if cookie.is_empty() => "HDR-4",
        () if alike(header, name) > 1 => "HDR-5",
        () if header != format!("{name}={cookie}") => "HDR-3",
        () => return None,
    })
}

/// The rules behind what was opened of a cookie that was found.
fn by_value(call: &Exchange, cookie: &str, got: &Response) -> Suspects {
    let verify = Verify { config: call.config.clone(), now: call.now, cookie: cookie.to_owned() };
    let got = match &got.opened {
        None => VerifyOutcome::Raised(String::new()),
        Some(session) if session.is_empty() => VerifyOutcome::Rejected(None),
        Some(session) => {
            let typed = Choices { reasons: ReasonsChoice::Typed, ..Choices::default() };
            if let VerifyOutcome::Accepted(expected) = server::verify(&verify, &typed) {
                return values(&expected, session, cookie);
            }
            VerifyOutcome::Accepted(session.clone())
        }
    };
    verdict(&verify, &got)
}

/// Whether a cookie that is rejected for its age alone holds this very session.
fn is_in_late(call: &Exchange, cookie: &str, session: &Map) -> bool {
    let typed = Choices { reasons: ReasonsChoice::Typed, ..Choices::default() };
    let verify = Verify { config: call.config.clone(), now: call.now, cookie: cookie.to_owned() };
    let is_late =
        matches!(server::verify(&verify, &typed), VerifyOutcome::Rejected(Some(Reason::Expired | Reason::Future)));
    let payload = cookie.rsplitn(3, '.').nth(2).unwrap_or_default();
    is_late && payload::read(payload.as_bytes(), &typed).is_ok_and(|held| held == *session)
}

/// Whether a part of the Cookie header is likely no pair: a quote is left open, or space stands within a name or a bare value.
pub(in crate::suite) fn is_unreadable(part: &str) -> bool {
    let is_broken = |text: &str| text.trim().contains([' ', '\t']);
    match part.matches('"').count() {
        0 => part.split('=').any(is_broken),
        quotes => quotes % 2 == 1,
    }
}

/// The rule behind the result of an action.
pub fn result(call: &Exchange, action: Option<&Action>) -> Suspects {
    match action {
        _ if call.config.signing_key().is_none() => "KEY-5",
        Some(Action::Modified) if has_flag_by_hand(call) => "MOD-7",
        Some(Action::Modified) => only_kind(call),
        Some(Action::Permanent) => "PERM-1",
        _ => "MOD-10",
    }
    .into()
}

/// The rule behind the Vary header.
pub fn vary(call: &Exchange, is_expected: bool, is_set: bool) -> Suspects {
    let streams = call.actions.iter().any(|action| matches!(action, Action::StreamGet { .. }));
    match (is_expected, is_set) {
        _ if call.config.signing_key().is_none() => "KEY-5",
        (true, true) => "VARY-2",
        (true, _) => "VARY-1",
        (false, _) if streams => "VARY-4",
        (false, _) => "VARY-3",
    }
    .into()
}

/// The rule behind the status.
pub fn status(call: &Exchange, expected: &Response, got: &Response) -> Suspects {
    match expected.status {
        _ if call.config.signing_key().is_none() => "KEY-5",
        500 if expected.results.len() < call.actions.len() => "MOD-10",
        500 => "SET-10",
        // With the flag taken back nothing is written, and keys that cannot be written do not matter.
        _ if has_flag_by_hand(call) && !sets(expected) => "MOD-7",
        _ if got.status == 500 && has_odd_keys(call) => "PAY-5",
        _ if has_flag_by_hand(call) => "MOD-7",
        _ if call.path != "/" => "REN-4",
        _ => "SET-10",
    }
    .into()
}

/// A cookie was set though none should be.
pub fn unasked(call: &Exchange, expected: &Response) -> Suspects {
    let session = expected.opened.clone().unwrap_or_default();
    let has = |is: fn(&Action) -> bool| call.actions.iter().any(is);
    let rule = match () {
        () if call.config.signing_key().is_none() => "KEY-5",
        () if expected.status == 500 && expected.results.len() == call.actions.len() => "SET-10",
        () if expected.status == 500 && expected.opened.is_none() => "SET-10",
        () if is_modifying(call) => match () {
            () if expected.status == 500 && has(|a| matches!(a, Action::Delete { .. } | Action::Pop { .. })) => "MOD-2",
            () if has_flag_by_hand(call) => "MOD-7",
            () if has(|a| matches!(a, Action::SetDefault { .. } | Action::Pop { default: Some(_), .. })) => "MOD-4",
            () if has(|a| matches!(a, Action::Delete { .. } | Action::Pop { .. } | Action::PopItem)) => "MOD-2",
            () => "SET-1",
        },
        () if session.is_empty() && call.cookie_header.is_some() => "DEL-6",
        () if session.is_empty() => "DEL-4",
        () if is_idle(call) && !is_permanent(&session) => "REN-3",
        () if has(|action| matches!(action, Action::Append { .. } | Action::Mutate { .. })) => "MOD-5",
        () if is_permanent(&session) && !call.config.refresh_each_request => "REN-2",
        () if is_idle(call) => "REN-3",
        () => "MOD-8",
    };
    Suspects { rule, also: if rule == "SET-1" { SETTING } else { &[] } }
}

/// No cookie was set though one should be. `value` is what it should hold, none for a deletion; `length` that of its header.
pub fn missing(call: &Exchange, expected: &Response, value: Option<&str>, length: usize) -> Suspects {
    let is_view = is_of_view(call);
    let is_new = expected.opened.as_ref().is_none_or(Map::is_empty);
    let rule = match value {
        Some(_) if length > 4093 => "SET-9",
        _ if is_modifying(call) && expected.status == 500 => "MOD-9",
        None if is_new => only_kind(call),
        None => "DEL-1",
        Some(_) if is_view && is_modifying(call) => only_kind(call),
        Some(_) if is_view && expected.status == 200 => "REN-1",
        Some(_) => "REN-4",
    };
    Suspects { rule, also: if rule == "SET-1" { SETTING } else { &[] } }
}

fn sets(response: &Response) -> bool {
    response.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Set-Cookie"))
}

/// Whether a view writes a map with keys that are no text.
fn has_odd_keys(call: &Exchange) -> bool {
    fn is_odd(value: &Value) -> bool {
        match value {
            Value::List(items) | Value::Tuple(items) => items.iter().any(is_odd),
            Value::Map(map) => map.iter().any(|(key, value)| !matches!(key, Value::Text(_)) || is_odd(value)),
            _ => false,
        }
    }
    call.actions.iter().any(|action| {
        let mut found = false;
        action.values(|value| found |= is_odd(value));
        found
    })
}

fn has_flag_by_hand(call: &Exchange) -> bool {
    call.actions.iter().any(|action| matches!(action, Action::SetModified { .. }))
}

/// The rule of what a view does, where that is of one kind.
pub(in crate::suite) fn only_kind(call: &Exchange) -> &'static str {
    let kind = |action: &Action| match action {
        Action::Clear | Action::Union { .. } | Action::Update { .. } => Some("MOD-3"),
        Action::Delete { .. } | Action::Pop { default: None, .. } | Action::PopItem => Some("MOD-2"),
        Action::Pop { .. } | Action::SetDefault { .. } => Some("MOD-4"),
        Action::Set { .. } | Action::SetMade { .. } => Some("MOD-1"),
        Action::SetModified { .. } => Some("MOD-7"),
        Action::SetPermanent { .. } | Action::SetPermanentTo { .. } => Some("PERM-2"),
        _ => None,
    };
    let mut kinds: Vec<_> = call.actions.iter().filter_map(kind).collect();
    kinds.dedup();
    match kinds[..] {
        [only] => only,
        _ => "SET-1",
    }
}

/// The cookie's value is empty though it should not be, or the other way round. `is_deletion` tells whether it is deleted all the
/// same, by its attributes.
pub fn deleted(is_expected: bool, is_deletion: bool) -> Suspects {
    match (is_expected, is_deletion) {
        (true, true) => "DEL-3".into(),
        (true, false) => "DEL-1".into(),
        (false, _) => "DEL-5".into(),
    }
}

/// The rules behind an attribute of the cookie. `value` is what it should hold, `there` whether the attribute is
/// to be there, and whether it is.
pub fn attribute(call: &Exchange, expected: &Response, value: &str, name: &str, there: (bool, bool)) -> Suspects {
    let ends = || {
        call.actions.iter().rev().find_map(|action| match action {
            Action::SetPermanent { value } => Some(!value),
            Action::SetPermanentTo { value } => Some(!value.is_true()),
            _ => None,
        })
    };
    let opened = expected.opened.clone().unwrap_or_default();
    let written = || {
        let payload = value.rsplitn(3, '.').nth(2).unwrap_or("");
        payload::read(payload.as_bytes(), &Choices::default()).unwrap_or_default()
    };
    match (name, value.is_empty()) {
        ("expires" | "max-age", true) => "DEL-3",
        (_, true) => "DEL-2",
        ("expires", _) if there != (true, true) && has_odd_permanence(&written()) => "PERM-1",
        ("expires", _) if there.0 => "PERM-3",
        ("expires", _) if is_permanent(&opened) && ends() == Some(true) => "PERM-5",
        ("expires", _) => "PERM-4",
        ("max-age", _) => "PERM-6",
        ("domain", _) => "SET-3",
        ("path", _) => "SET-4",
        ("samesite", _) => "SET-6",
        ("partitioned", _) => "SET-7",
        ("secure", _) if call.config.cookie_partitioned && !call.config.cookie_secure => "SET-7",
        _ => "SET-5",
    }
    .into()
}

fn is_permanent(session: &Map) -> bool {
    session.get(PERMANENT).is_some_and(Value::is_true)
}

/// Whether what stands for permanence is no boolean.
fn has_odd_permanence(session: &Map) -> bool {
    session.get(PERMANENT).is_some_and(|value| !matches!(value, Value::Bool(_)))
}

/// Whether a request reaches the view.
fn is_of_view(call: &Exchange) -> bool {
    call.path == "/" && matches!(call.method.as_str(), "GET" | "HEAD" | "POST")
}

/// Whether no view ran, or none was asked to do anything.
fn is_idle(call: &Exchange) -> bool {
    !is_of_view(call)
        || call.actions.iter().all(|action| matches!(action, Action::Nothing | Action::NotFound | Action::Raise))
}

/// Whether a view changes its session.
pub fn is_modifying(call: &Exchange) -> bool {
    is_of_view(call)
        && call.actions.iter().any(|action| {
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

/// The rule behind the time that a cookie was written with, as its timestamp or its Expires tell: `rule`, unless it is that of
/// the cookie that was sent.
pub fn renewal(call: &Exchange, rule: &'static str, expected: Option<u64>, got: Option<u64>) -> Suspects {
    let header = call.cookie_header.as_deref().unwrap_or("");
    let sent = cookie_header::value(header, &call.config.cookie_name, DuplicatesChoice::First);
    let is_old = got.is_some() && got != expected && got == sent.as_deref().and_then(signed_at);
    if is_old { "REN-5".into() } else { rule.into() }
}
