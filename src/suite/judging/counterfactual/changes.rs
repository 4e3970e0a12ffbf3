//! A call with one thing put right each: what is asked to find out which rule a wrong answer breaks.

use super::{
    plain::{self, KINDS},
    sealed::{Sealed, has_url_safe},
};
use crate::{
    clock::UnixTime,
    config::{Config, Digest, Fallbacks, Key, KeyDerivation, Lifetime},
    cookie_text::{parts, read_timestamp},
    model::{cookie_header, session::PERMANENT},
    protocol::{Answer, Call, Choices, Exchange, Sign, SignOutcome, Story, Verify, VerifyOutcome, story::StoryConfig},
    suite::judging::blame::{self, Suspects, has_unusual_key, is_unusual, leads_beyond_the_calendar},
    value::Value,
};
use std::sync::Arc;

/// A call with one thing put right.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// What is broken if this call is answered rightly.
    pub(super) suspects: Suspects,
    /// The call.
    pub(super) call: Call,
}

/// A plain key.
const KEY: &str = "key";
/// A plain lifetime.
const LIFETIME: i64 = 3600;
/// A plain instant.
const NOW: i64 = 1_700_000_000;
/// The signature of nobody: twenty bytes of zero.
const NOBODYS: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// What else an age may break, besides the rule that its place suggests.
const AGES: &[&str] = &["EXP", "SYS", "REN-6"];

/// Nothing that is a rule: what may be broken is the edge itself, though any lifetime moves it.
const EDGE: &[&str] = &["-"];

/// A call about an odd payload that has nothing to do with any tag or spelling.
pub(super) fn odd_payload(call: &Call, choices: &Choices) -> Option<Call> {
    let verify = match call {
        Call::Verify(verify) => verify.clone(),
        Call::Exchange(exchange) => found(exchange, choices)?,
        Call::Sign(_) | Call::Story(_) => return None,
    };
    let odd = Sealed::of(&verify)?.with_text("[1]").call()?;
    Some(match call {
        Call::Exchange(exchange) => Call::Exchange(with_cookie(exchange, odd)),
        _ => Call::Verify(odd),
    })
}

/// The call with everything plain: a fresh cookie of a small session.
pub(super) fn all_plain(call: &Call, choices: &Choices) -> Option<Call> {
    let verify = match call {
        Call::Verify(verify) => verify.clone(),
        Call::Exchange(exchange) => found(exchange, choices)?,
        Call::Sign(_) | Call::Story(_) => return None,
    };
    let sealed = Sealed::of(&verify)?.by_current_key().with(|config| {
        config.fallback_keys = None;
        plain_key(config);
        usual(config);
        config.lifetime = Lifetime::Seconds(LIFETIME);
    });
    let sealed = sealed.inflated().unwrap_or(sealed).with_text(r#"{"a":1}"#);
    let plain = sealed.signed_at(1_700_000_000).read_at(UnixTime::from_seconds(1_700_000_001)).call()?;
    Some(match call {
        Call::Exchange(exchange) => Call::Exchange(with_cookie(exchange, plain)),
        _ => Call::Verify(plain),
    })
}

/// The call with a signature that nobody made, where no key of the server made that of its cookie either.
pub(super) fn forged(call: &Call, choices: &Choices) -> Option<Call> {
    let verify = match call {
        Call::Verify(verify) => verify.clone(),
        Call::Exchange(exchange) => found(exchange, choices)?,
        Call::Sign(_) | Call::Story(_) => return None,
    };
    let (signed, signature) = verify.cookie.rsplit_once('.')?;
    let is_whole = signed.contains('.') && signature.len() == NOBODYS.len() && signature != NOBODYS;
    // The lifetime is read before the signature.
    let is_examined = verify.config.signing_key().is_some() && verify.config.lifetime.micros().is_some();
    if !is_whole || !is_examined || Sealed::of(&verify).is_some() {
        return None;
    }
    let cookie = format!("{signed}.{NOBODYS}");
    Some(match call {
        Call::Exchange(exchange) => in_place(exchange, &verify.cookie, Verify { cookie, ..verify.clone() }),
        _ => Call::Verify(Verify { cookie, ..verify.clone() }),
    })
}

/// Whether the cookie that a call brings has a timestamp later than the clock.
pub(super) fn is_of_the_future(call: &Call) -> bool {
    let is_later = |verify: &Verify| {
        let timestamp = parts(&verify.cookie).and_then(|parts| read_timestamp(parts.timestamp));
        timestamp.is_some_and(|second| i128::from(second) > i128::from(verify.now.seconds()))
    };
    match call {
        Call::Verify(verify) => is_later(verify),
        Call::Exchange(exchange) => found(exchange, &Choices::default()).is_some_and(|verify| is_later(&verify)),
        Call::Sign(_) | Call::Story(_) => false,
    }
}

/// A plain session, written under the configuration of a call.
pub(super) fn written(call: &Call) -> Call {
    let session = [(Value::from("a"), Value::int(1))].into_iter().collect();
    Call::Sign(Sign { config: call.config().clone(), now: UnixTime::from_seconds(NOW), session })
}

/// Another cookie that means the same as that of a call. If it makes the answer right, the answer depends on the very cookie, and
/// no change says anything.
pub(super) fn neutral(call: &Call, choices: &Choices) -> Option<Call> {
    match call {
        Call::Verify(verify) => Some(Call::Verify(same(verify)?)),
        Call::Exchange(exchange) => {
            let verify = same(&found(exchange, choices)?)?;
            let header = exchange.cookie_header.as_deref()?;
            let (from, to) = (found(exchange, choices)?.cookie, verify.cookie);
            header.contains(&from).then(|| {
                Call::Exchange(Exchange { cookie_header: Some(header.replace(&from, &to)), ..exchange.clone() })
            })
        }
        Call::Sign(_) | Call::Story(_) => None,
    }
}

/// Another cookie that means the same. It has minus or underscore in it if the cookie has.
fn same(verify: &Verify) -> Option<Verify> {
    let sealed = Sealed::of(verify)?;
    sealed.respelled(has_url_safe(&verify.cookie))?.call()
}

/// Whether an error came out.
pub(super) fn raised(answer: &Answer) -> bool {
    match answer {
        Answer::Exchange(response) => response.opened.is_none() || response.status == 500,
        Answer::Sign(signed) => matches!(signed, SignOutcome::Raised(_)),
        Answer::Story(_) => false,
        Answer::Verify(verified) => matches!(verified, VerifyOutcome::Raised(_)),
    }
}

/// The cookie that counts in a request, read on its own.
pub(super) fn found(call: &Exchange, choices: &Choices) -> Option<Verify> {
    let header = call.cookie_header.as_deref()?;
    let cookie = cookie_header::value(header, &call.config.cookie_name, choices.duplicates)?;
    Some(Verify { config: call.config.clone(), now: call.now, cookie })
}

/// A request with this cookie alone, under the configuration and at the time at which it is read.
pub(super) fn with_cookie(call: &Exchange, verify: Verify) -> Exchange {
    let Verify { config, now, cookie } = verify;
    let name = crate::cookie_text::name(&config);
    Exchange { cookie_header: Some(format!("{name}={cookie}")), config, now, ..call.clone() }
}

/// A request with this cookie where another one stood, if its name stays; alone otherwise.
pub(super) fn in_place(call: &Exchange, cookie: &str, verify: Verify) -> Call {
    let header = call.cookie_header.as_deref().unwrap_or_default();
    let stays = verify.config.cookie_name == call.config.cookie_name && header.contains(cookie);
    Call::Exchange(match stays {
        true => {
            let Verify { config, now, cookie: changed } = verify;
            Exchange { cookie_header: Some(header.replace(cookie, &changed)), config, now, ..call.clone() }
        }
        false => with_cookie(call, verify),
    })
}

pub(super) fn of_opened(call: &Exchange, choices: &Choices, is_raised: bool, changes: &mut Vec<Change>) {
    let Some(verify) = found(call, choices) else { return };
    let header = call.cookie_header.as_deref().unwrap_or_default();
    let name = crate::cookie_text::name(&call.config);
    let with_header = |header: String| Call::Exchange(Exchange { cookie_header: Some(header), ..call.clone() });
    let plain = format!("{name}={}", verify.cookie);
    let parts: Vec<&str> = header.split(';').collect();
    let counts = |part: &str| {
        cookie_header::value(part, &call.config.cookie_name, choices.duplicates).as_ref() == Some(&verify.cookie)
    };
    let keep = |is_kept: &dyn Fn(&str) -> bool| {
        let kept: Vec<_> = parts.iter().filter(|part| counts(part) || is_kept(part)).copied().collect();
        with_header(kept.join(";"))
    };
    let named = |part: &str| part.split('=').next().unwrap_or_default().trim().to_owned();
    let mut add = |rule: &'static str, call: Call| changes.push(Change { suspects: rule.into(), call });
    add("HDR-6", keep(&|part| part.is_ascii()));
    let unquoted = parts.iter().map(|part| if counts(part) && part.contains('"') { plain.as_str() } else { *part });
    add("HDR-2", with_header(unquoted.collect::<Vec<_>>().join(";")));
    add("HDR-3", keep(&|part| !blame::is_unreadable(part)));
    add("HDR-1", keep(&|part| named(part) != name));
    add(
        "HDR-5",
        keep(&|part| {
            let other = named(part);
            other == name || !other.to_ascii_lowercase().ends_with(&name.to_ascii_lowercase())
        }),
    );
    let rule = blame::header(call, &verify.cookie).unwrap_or("HDR-3");
    changes.push(Change { suspects: Suspects { rule, also: &["HDR"] }, call: with_header(plain) });
    of_cookie(&verify, is_raised, |verify| Call::Exchange(with_cookie(call, verify)), changes);
}

/// The changes of a cookie and of what decides about it.
pub(super) fn of_cookie(verify: &Verify, is_raised: bool, call: impl Fn(Verify) -> Call, changes: &mut Vec<Change>) {
    let Some(sealed) = Sealed::of(verify) else { return };
    let mut add = |suspects: Suspects, changed: Option<Sealed>| {
        if let Some(verify) = changed.and_then(|changed| changed.call()) {
            changes.push(Change { suspects, call: call(verify) });
        }
    };
    let one = |rule: &'static str| Suspects::from(rule);
    let config = &sealed.config;
    if config.lifetime.micros().is_none() {
        add(one("EXP-9"), Some(sealed.with(|config| config.lifetime = Lifetime::Seconds(LIFETIME))));
        return;
    }
    if !verify.cookie.is_ascii() {
        add(one("SIG-6"), Some(sealed.in_ascii()));
    }
    add(one("SIG-1"), Some(sealed.without_dots()));
    if has_url_safe(&verify.cookie) {
        add(one("SIG-3"), sealed.respelled(false));
    }
    add(one("SIG-7"), Some(sealed.spelled()));
    add(one("PAY-13"), sealed.inflated());
    if is_unusual(config) {
        add(one("KEY-7"), Some(sealed.with(usual)));
    }
    if has_unusual_key(config) {
        add(one("KEY-6"), Some(sealed.with(plain_key)));
    }
    if matches!(config.fallback_keys, Some(Fallbacks::Text(_))) {
        add(one("KEY-4"), Some(sealed.by_current_key().with(|config| config.fallback_keys = None)));
    }
    if sealed.is_by_older_key() {
        add(Suspects { rule: "KEY-3", also: &["SYS-6"] }, Some(sealed.by_current_key()));
    } else if config.fallback_keys.is_some() {
        let is_too_old = sealed.at().zip(config.lifetime.max_age());
        let is_too_old = is_too_old.is_some_and(|(at, max_age)| verify.now.seconds().saturating_sub(at) > max_age);
        let rule = if is_too_old { "EXP-10" } else { "KEY-3" };
        add(one(rule), Some(sealed.with(|config| config.fallback_keys = None)));
    }
    let timed = || {
        let rule = blame::timestamp(verify);
        let seconds = verify.now.seconds().max(1);
        (Suspects { rule, also: &["SIG"] }, Some(sealed.signed_at(seconds)))
    };
    let ends_there = blame::ends_at_the_timestamp(verify);
    if ends_there {
        let (suspects, changed) = timed();
        add(suspects, changed);
    }
    // The same JSON as Python writes it. The changes of a session's members write it so as well.
    let suspects = Suspects { rule: blame::payload(verify), also: &["PAY"] };
    add(suspects, sealed.rewritten());
    of_age(&sealed, verify, is_raised && !ends_there, &mut add);
    // The first second of all counts like others, and is also what an empty timestamp stands for.
    if !ends_there && sealed.at().is_none_or(|at| at == 0) {
        let (suspects, changed) = timed();
        add(suspects, changed);
    }
    for rule in KINDS {
        add(one(rule), sealed.with_json(|json| plain::json(json, rule)));
    }
    let suspects = Suspects { rule: blame::payload(verify), also: &["PAY"] };
    add(suspects, Some(sealed.with_text(r#"{"a":1}"#)));
}

/// The changes of a cookie's age, and of the lifetime that it is compared with.
fn of_age(sealed: &Sealed, verify: &Verify, is_raised: bool, add: &mut impl FnMut(Suspects, Option<Sealed>)) {
    let Some(at) = sealed.at() else { return };
    let (config, now) = (&sealed.config, sealed.now);
    let whole = UnixTime::from_seconds(now.seconds());
    let age = now.seconds().saturating_sub(at);
    // Fresh: an age that no lifetime excludes.
    let fresh = |sealed: &Sealed| {
        let fresh = UnixTime::from_seconds(at.saturating_add(1));
        sealed.read_at(fresh).with(|config| config.lifetime = Lifetime::Seconds(LIFETIME))
    };
    if is_raised && leads_beyond_the_calendar(config, now) {
        let lifetime = Lifetime::Seconds(age.saturating_mul(2).clamp(LIFETIME, 1 << 32));
        let plain = sealed.with(|config| config.lifetime = lifetime);
        // Near the end of the calendar every lifetime leads beyond it.
        let is_late = leads_beyond_the_calendar(&plain.config, now);
        let earlier = plain.signed_at(NOW).read_at(UnixTime::from_seconds(NOW.saturating_add(age)));
        add("EXP-9".into(), Some(if is_late { earlier } else { plain }));
    }
    if let Some(max_age) = config.lifetime.max_age() {
        // As far from the end of a plain lifetime as it is from that of its own.
        let shifted = |lifetime: i64| {
            let now = now.plus_seconds(lifetime.saturating_sub(max_age));
            sealed.read_at(now).with(|config| config.lifetime = Lifetime::Seconds(lifetime))
        };
        let past = age.saturating_sub(max_age);
        if matches!(config.lifetime, Lifetime::Delta(seconds) if seconds.fract() != 0.0) {
            add("EXP-5".into(), Some(sealed.with(|config| config.lifetime = Lifetime::Seconds(max_age))));
        }
        add("EXP-8".into(), Some(sealed.read_at(whole)));
        if max_age <= 0 && past.unsigned_abs() < 1 << 31 {
            add("EXP-7".into(), Some(shifted(LIFETIME)));
        }
    }
    if let Some(session) = sealed.session() {
        let is_permanent = session.get(PERMANENT).is_some_and(Value::is_true);
        let changed = sealed.with_json(|json| match json {
            Value::Map(map) => {
                let mut map = map.clone();
                map.insert(PERMANENT, !is_permanent);
                Value::Map(map)
            }
            other => other.clone(),
        });
        add(Suspects { rule: "EXP-4", also: &["SYS-1", "SYS-7"] }, changed);
    }
    let rule = blame::age(verify);
    // At an edge of the lifetime the edge is wrong; elsewhere it may be whatever the check is about.
    add(Suspects { rule, also: if rule == "EXP-1" { AGES } else { EDGE } }, Some(fresh(sealed)));
}

pub(super) fn usual(config: &mut Config) {
    config.salt = Config::default().salt;
    config.digest = Digest::default();
    config.key_derivation = KeyDerivation::default();
}

pub(super) fn plain_key(config: &mut Config) {
    config.secret_key = Some(Key::from(KEY));
    if let Some(Fallbacks::Keys(keys)) = &mut config.fallback_keys {
        for (number, key) in keys.iter_mut().enumerate() {
            *key = Key::from(format!("old {number}"));
        }
    }
}

/// The call under another configuration, its cookie signed accordingly.
pub(super) fn under(call: &Call, choices: &Choices, change: impl Fn(&mut Config)) -> Call {
    let changed = |config: &Arc<Config>| {
        let mut config = (**config).clone();
        change(&mut config);
        Arc::new(config)
    };
    match call {
        Call::Sign(sign) => Call::Sign(Sign { config: changed(&sign.config), ..sign.clone() }),
        Call::Story(story) => {
            let config = StoryConfig { config: changed(&story.config.config), ..story.config.clone() };
            Call::Story(Story { config, ..story.clone() })
        }
        Call::Verify(verify) => Call::Verify(
            Sealed::of(verify)
                .and_then(|sealed| sealed.with(&change).call())
                .unwrap_or_else(|| Verify { config: changed(&verify.config), ..verify.clone() }),
        ),
        Call::Exchange(exchange) => {
            let held = found(exchange, choices);
            let signed = held.as_ref().and_then(|verify| Some((verify, Sealed::of(verify)?.with(&change).call()?)));
            match signed {
                Some((held, verify)) => in_place(exchange, &held.cookie, verify),
                None => Call::Exchange(Exchange { config: changed(&exchange.config), ..exchange.clone() }),
            }
        }
    }
}

/// The changes of what signs.
pub(super) fn of_signer(call: &Call, choices: &Choices, changes: &mut Vec<Change>) {
    let config = call.config();
    let mut add = |rule: &'static str, change: &dyn Fn(&mut Config)| {
        changes.push(Change { suspects: rule.into(), call: under(call, choices, change) });
    };
    match config.fallback_keys {
        Some(Fallbacks::Text(_)) => add("KEY-4", &|config| config.fallback_keys = None),
        Some(Fallbacks::Keys(_)) => add("KEY-2", &|config| config.fallback_keys = None),
        None => {}
    }
    if is_unusual(config) {
        add("KEY-7", &usual);
    }
    if has_unusual_key(config) {
        add("KEY-6", &plain_key);
    }
    let now = match call {
        Call::Exchange(call) => call.now,
        Call::Sign(call) => call.now,
        Call::Story(call) => call.now,
        Call::Verify(call) => call.now,
    };
    if leads_beyond_the_calendar(config, now) {
        add("EXP-9", &|config| config.lifetime = Lifetime::Seconds(LIFETIME));
    }
}

/// The changes of what is written, one kind of value at a time.
pub(super) fn of_values(call: impl Fn(&'static str) -> Call, changes: &mut Vec<Change>) {
    changes.extend(KINDS.into_iter().map(|rule| Change { suspects: rule.into(), call: call(rule) }));
}
