//! Which rule a difference breaks: what can be told from the call, the expected answer and the given one.
//!
//! An answer may be wrong for many reasons, and the reasons are the implementation's secret. What is told is the rule that fits
//! best, as [`Suspects::rule`]; [`Suspects::also`] are those that a check may be about instead. A vector that cites none of
//! either is about something else, and is not blamed on what it cites.

use crate::{
    config::{Config, Digest, Fallbacks, Key, KeyDerivation, Lifetime},
    model::{base64, cookie_header, json, payload, server, session::PERMANENT, signing},
    protocol::{Action, Call, Choices, DuplicatesChoice, Exchange, Exchanged, Reason, ReasonsChoice, Verified, Verify},
    value::{Map, Value},
};

/// The rules that a difference may break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspects {
    /// The likeliest.
    pub rule: &'static str,
    /// Others, as numbers or families.
    pub also: &'static [&'static str],
}

impl From<&'static str> for Suspects {
    /// A rule that the difference alone tells.
    fn from(rule: &'static str) -> Self {
        Self { rule, also: &[] }
    }
}

/// What decides whether a cookie opens, and as what.
const OPENING: &[&str] = &["KEY", "SIG", "PAY", "EXP", "HDR", "SYS", "REN-6"];
/// What decides whether a key made a signature.
const SIGNATURE: &[&str] = &["KEY", "SIG", "EXP-10", "SYS-6"];
/// What decides about a readable signature's time.
const AGE: &[&str] = &["EXP-4", "EXP-6", "SYS", "REN-6"];
/// What decides whether a cookie is set or deleted.
const SETTING: &[&str] = &["MOD", "PERM", "REN", "SET", "DEL", "SYS"];
/// What decides which text stands under a signature, and which key makes it.
const SIGNING: &[&str] = &["KEY", "SIG", "SYS-6"];

/// Where the reading of a cookie ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Signature,
    Timestamp,
    Age,
    Payload,
    Open,
}

impl Stage {
    /// Where it ended, as far as a verdict tells.
    fn of(verified: &Verified) -> Option<Self> {
        match verified {
            Verified::Accepted(_) => Some(Self::Open),
            Verified::Rejected(Some(Reason::Signature)) => Some(Self::Signature),
            Verified::Rejected(Some(Reason::Timestamp)) => Some(Self::Timestamp),
            Verified::Rejected(Some(Reason::Expired | Reason::Future)) => Some(Self::Age),
            Verified::Rejected(Some(Reason::Payload)) => Some(Self::Payload),
            Verified::Rejected(None) | Verified::Raised(_) => None,
        }
    }
}

/// The rules behind the verdict on a cookie. `got` is what the implementation said of it, as far as that is known.
pub fn verdict(call: &Verify, got: &Verified) -> Suspects {
    let cookie = Cookie::new(call);
    match (cookie.ends, Stage::of(got)) {
        _ if call.config.signing_key().is_none() => "KEY-5".into(),
        (_, None) if cookie.is_beyond_the_calendar() => "EXP-9".into(),
        (ends, Some(got)) => cookie.at(ends.min(got), got),
        // Errors come from what is read of a cookie that counts.
        (Stage::Open, None) if matches!(got, Verified::Raised(_)) => cookie.at(Stage::Payload, Stage::Payload),
        // It was refused for a reason that is not given.
        (Stage::Open, None) => cookie.refused(),
        (ends, None) => cookie.at(ends, Stage::Signature),
    }
}

/// A cookie and what the specification thinks of it.
struct Cookie<'a> {
    call: &'a Verify,
    verified: Verified,
    ends: Stage,
    parts: Option<(&'a str, &'a str, &'a str)>,
}

impl<'a> Cookie<'a> {
    fn new(call: &'a Verify) -> Self {
        let typed = Choices { reasons: ReasonsChoice::Typed, ..Choices::default() };
        let verified = server::verify(call, &typed);
        let in_time = || signing::verify(&call.cookie, &call.config, call.now, &typed).is_ok();
        let ends = Stage::of(&verified).unwrap_or_else(|| if in_time() { Stage::Payload } else { Stage::Timestamp });
        let split = |text: &'a str| text.rsplit_once('.');
        let parts = split(&call.cookie)
            .and_then(|(signed, signature)| split(signed).map(|(payload, time)| (payload, time, signature)));
        Self { call, verified, ends, parts }
    }

    /// Whether a date that this cookie may lead to is beyond the calendar, though the cookie itself is not.
    fn is_beyond_the_calendar(&self) -> bool {
        let last = self.call.config.lifetime.max_age().and_then(|age| self.call.now.seconds().checked_add(age));
        self.ends != Stage::Timestamp && last.is_none_or(|last| last > signing::LAST_SECOND)
    }

    /// What is wrong where the reading ends earlier or later than it should, at a stage; it ended at `got`.
    fn at(&self, stage: Stage, got: Stage) -> Suspects {
        let also: &[&str] = match stage {
            Stage::Signature => match self.signature() {
                "KEY-1" | "SIG-5" | "SIG-7" => SIGNATURE,
                _ => &[],
            },
            Stage::Timestamp => &["SIG"],
            Stage::Age => match self.age(got) {
                "EXP-1" => AGE,
                _ => &[],
            },
            Stage::Payload | Stage::Open => match self.payload() {
                "PAY-14" | "PAY-16" => &["PAY", "SIG-7"],
                _ => &[],
            },
        };
        let rule = match stage {
            Stage::Signature => self.signature(),
            Stage::Timestamp => self.timestamp(),
            Stage::Age => self.age(got),
            Stage::Payload | Stage::Open => self.payload(),
        };
        Suspects { rule, also }
    }

    /// It should have opened. What is unusual about it is likely the reason.
    fn refused(&self) -> Suspects {
        let rule = match (self.age(Stage::Age), self.signature(), self.payload()) {
            ("EXP-1", "KEY-1", "PAY-16") => "EXP-1",
            ("EXP-1", "KEY-1", payload) => payload,
            ("EXP-1", signature, _) => signature,
            (age, ..) => age,
        };
        Suspects { rule, also: OPENING }
    }

    fn signature(&self) -> &'static str {
        let (call, config) = (self.call, &*self.call.config);
        if matches!(&config.fallback_keys, Some(Fallbacks::Text(text)) if !text.is_empty()) {
            return "KEY-4";
        }
        if self.ends == Stage::Signature {
            return self.forgery();
        }
        let Some((_, signature)) = call.cookie.rsplit_once('.') else { return "SIG-6" };
        let has_older = matches!(&config.fallback_keys, Some(Fallbacks::Keys(keys)) if !keys.is_empty());
        match () {
            () if self.ends == Stage::Timestamp => "SIG-8",
            () if self.ends == Stage::Age && has_older && self.is_by_current_key() => "EXP-10",
            () if is_unusual(config) => "KEY-7",
            () if !base64::is_canonical(signature.as_bytes()) => "SIG-7",
            () if !self.is_by_current_key() => "KEY-3",
            () if has_unusual_key(config) => "KEY-6",
            () if self.parts.is_some_and(|(payload, ..)| payload.contains('.')) => "SIG-1",
            () => "KEY-1",
        }
    }

    /// What is wrong about a value that no key signed, and that was taken for signed or raised.
    fn forgery(&self) -> &'static str {
        let (call, config) = (self.call, &*self.call.config);
        let Some((signed, signature)) = call.cookie.rsplit_once('.') else { return "SIG-6" };
        let usual = Config { salt: Config::default().salt, digest: Digest::Sha1, ..config.clone() };
        let usual = Config { key_derivation: KeyDerivation::Hmac, ..usual };
        let bytes = base64::decode(signature.as_bytes());
        let mut macs = config.verifying_keys(Choices::default().fallback_text).into_iter().map(|key| {
            signing::mac(config.digest, &signing::derive_key(config, &key), &[signed.as_bytes()])
        });
        match &bytes {
            _ if !call.cookie.is_ascii() => "SIG-6",
            None => "SIG-6",
            Some(given) if macs.any(|mac| mac.starts_with(given) || given.starts_with(&mac)) => "SIG-10",
            _ if is_unusual(config) && is_signed(&call.cookie, &usual) => "KEY-7",
            _ if has_unusual_key(config) && mistaken_keys(config).iter().any(|other| is_signed(&call.cookie, other)) => {
                "KEY-6"
            }
            _ if signed.is_empty() || !signed.contains('.') => "SIG-6",
            _ => "SIG-5",
        }
    }

    fn is_by_current_key(&self) -> bool {
        is_signed(&self.call.cookie, &Config { fallback_keys: None, ..(*self.call.config).clone() })
    }

    fn timestamp(&self) -> &'static str {
        let Some((_, timestamp, _)) = self.parts else { return "SIG-8" };
        let bytes = base64::decode(timestamp.as_bytes()).filter(|bytes| bytes.len() <= 8);
        match bytes.map(|bytes| bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte))) {
            None => "SIG-8",
            Some(0) => "SIG-8",
            Some(seconds) if i64::try_from(seconds).is_ok_and(|at| at <= signing::LAST_SECOND) => match () {
                () if !base64::is_canonical(timestamp.as_bytes()) => "SIG-7",
                () => "SIG-4",
            },
            Some(_) => "SIG-9",
        }
    }

    /// The rule of the edge that the age is at.
    fn age(&self, got: Stage) -> &'static str {
        let Some(max_age) = self.call.config.lifetime.max_age() else { return "EXP-9" };
        let at = self.parts.and_then(|(_, timestamp, _)| super::compare::read_timestamp(timestamp));
        let Some(at) = at.and_then(|at| i64::try_from(at).ok()) else { return "EXP-1" };
        let (now, age) = (self.call.now, self.call.now.seconds().saturating_sub(at));
        let fraction = now.micros().rem_euclid(1_000_000);
        let is_edge = |edge: i64| (edge..=edge.saturating_add(1)).contains(&age);
        match self.call.config.lifetime {
            Lifetime::Delta(seconds) if seconds.fract() != 0.0 && age == max_age.saturating_add(1) => "EXP-5",
            _ if fraction != 0 && age == max_age => "EXP-8",
            Lifetime::Delta(seconds) if seconds.fract() != 0.0 && seconds < 0.0 && age == max_age => "EXP-5",
            _ if fraction >= 500_000 && age == -1 && got > Stage::Age => "EXP-8",
            _ if age < 0 => "EXP-3",
            _ if max_age <= 0 => "EXP-7",
            _ if is_edge(max_age) => "EXP-2",
            _ => "EXP-1",
        }
    }

    fn payload(&self) -> &'static str {
        let Some((payload, ..)) = self.parts else { return "PAY-14" };
        let text = payload::text(payload.as_bytes(), &Choices::default());
        match text.as_deref().map(str::trim_start) {
            _ if self.ends != Stage::Open => "PAY-14",
            _ if !base64::is_canonical(payload.trim_start_matches('.').as_bytes()) => "SIG-7",
            Some(text) if !text.starts_with('{') => "PAY-15",
            _ if payload.starts_with('.') => "PAY-13",
            Some(text) => match &self.verified {
                Verified::Accepted(session) => kinds_in(&Value::Map(session.clone()), text),
                _ => "PAY-14",
            },
            None => "PAY-14",
        }
    }
}

/// Whether salt, digest or key derivation are not what Flask takes unless told otherwise.
fn is_unusual(config: &Config) -> bool {
    let flask = Config::default();
    config.salt != flask.salt || config.digest != flask.digest || config.key_derivation != flask.key_derivation
}

/// Whether a key is more than a short line of ASCII text.
fn has_unusual_key(config: &Config) -> bool {
    let is_plain = |key: &Key| matches!(key, Key::Text(text) if text.len() <= 64 && text.is_ascii() && text.trim() == text);
    let older = match &config.fallback_keys {
        Some(Fallbacks::Keys(keys)) => keys.as_slice(),
        _ => &[],
    };
    !config.secret_key.iter().chain(older).all(is_plain)
}

/// The configuration with its keys as mistaken readers take them: trimmed, cut to a block, as other text.
fn mistaken_keys(config: &Config) -> Vec<Config> {
    let latin_1 = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
    };
    let mistakes: [&dyn Fn(&[u8]) -> Vec<u8>; 4] = [
        &|bytes| bytes.trim_ascii().to_vec(),
        &|bytes| bytes.iter().copied().take(64).collect(),
        &latin_1,
        &|bytes| String::from_utf8_lossy(bytes).into_owned().into_bytes(),
    ];
    let mistaken = |mistake: &&dyn Fn(&[u8]) -> Vec<u8>| {
        let mut config = config.clone();
        let older = match &mut config.fallback_keys {
            Some(Fallbacks::Keys(keys)) => keys.as_mut_slice(),
            _ => &mut [],
        };
        for key in config.secret_key.iter_mut().chain(older) {
            *key = Key::Bytes(mistake(key.bytes()));
        }
        config
    };
    mistakes.iter().map(mistaken).collect()
}

fn is_signed(cookie: &str, config: &Config) -> bool {
    let Some((signed, signature)) = cookie.rsplit_once('.') else { return false };
    let signature = base64::decode(signature.as_bytes());
    config.verifying_keys(Choices::default().fallback_text).iter().any(|key| {
        Some(signing::mac(config.digest, &signing::derive_key(config, key), &[signed.as_bytes()])) == signature
    })
}

/// The rule behind a session that opened with other values.
pub fn values(expected: &Map, got: &Map, cookie: &str) -> Suspects {
    let payload = cookie.rsplitn(3, '.').nth(2).unwrap_or("");
    let text = payload::text(payload.as_bytes(), &Choices::default()).unwrap_or_default();
    let is_map = text.trim_start().starts_with('{');
    let whole = (Value::Map(expected.clone()), Value::Map(got.clone()));
    match value(&whole.0, &whole.1, &text) {
        "PAY-16" if !is_map => "PAY-15".into(),
        rule => rule.into(),
    }
}

/// The rule behind two values that should be equal: that of the innermost kind at which they part. `text` is the JSON that was
/// read.
fn value(expected: &Value, got: &Value, text: &str) -> &'static str {
    use Value::{List, Map, Text, Tuple};
    match (expected, got) {
        (List(a), List(b)) | (Tuple(a), Tuple(b)) if a.len() == b.len() => {
            a.iter().zip(b).find(|(a, b)| a != b).map_or("PAY-16", |(a, b)| value(a, b, text))
        }
        (Map(a), Map(b)) if a.len() == b.len() && a.iter().all(|(key, _)| b.contains(key)) => {
            let parts = a.iter().find_map(|(key, a)| b.get(key).filter(|b| *b != a).map(|b| (a, b)));
            parts.map_or("PAY-5", |(a, b)| value(a, b, text))
        }
        (Map(_), _) if text.contains("\" di\"") => "PAY-11",
        (Text(_), Text(_)) => "PAY-4",
        // What the tag of a datetime does not understand is null.
        (Value::Null, _) if text.contains("\" d\"") => "PAY-10",
        (one, _) => kind(one),
    }
}

/// The rule of a kind of value.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Bytes(_) => "PAY-7",
        Value::Datetime(_) => "PAY-10",
        Value::Float(_) | Value::Int(_) => "PAY-3",
        Value::Markup(_) => "PAY-8",
        Value::Tuple(_) => "PAY-6",
        Value::Uuid(_) => "PAY-9",
        Value::Bool(_) | Value::List(_) | Value::Map(_) | Value::Null | Value::Text(_) => "PAY-16",
    }
}

/// The rule of the first unusual kind in a session that could not be read.
fn kinds_in(value: &Value, text: &str) -> &'static str {
    let all = |values: &[Value]| values.iter().map(|v| kinds_in(v, "")).find(|rule| *rule != "PAY-16");
    let inside = match value {
        Value::List(items) => all(items),
        Value::Map(map) => map.iter().map(|(_, v)| kinds_in(v, "")).find(|rule| *rule != "PAY-16"),
        _ => None,
    };
    inside.or_else(|| tag_in(text)).unwrap_or_else(|| kind(value))
}

fn tag_in(text: &str) -> Option<&'static str> {
    let tags =
        [(" di", "PAY-11"), (" t", "PAY-6"), (" b", "PAY-7"), (" m", "PAY-8"), (" u", "PAY-9"), (" d", "PAY-10")];
    tags.into_iter().find(|(tag, _)| text.contains(&format!("\"{tag}\""))).map(|(_, rule)| rule)
}

/// The rule behind a payload whose JSON is another text.
pub fn written(call: &Call, expected: &str, got: &str) -> Suspects {
    let is_nested = |action: &Action| matches!(action, Action::Append { .. } | Action::Mutate { .. });
    let rule = match (json::read(expected), json::read(got)) {
        (Ok(a), Ok(b)) if a != b => match call {
            Call::Exchange(call) if call.actions.iter().any(is_nested) => "MOD-6",
            _ => tagged(&a, &b),
        },
        (Ok(_), Ok(_)) if is_reordered(expected, got) => "PAY-2",
        _ => spelling(expected, got),
    };
    rule.into()
}

/// Whether two texts have the same bytes in another order.
fn is_reordered(one: &str, other: &str) -> bool {
    let sorted = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.sort_unstable();
        bytes
    };
    sorted(one) == sorted(other)
}

/// Whether a key in JSON may have been something else than text before it was written.
fn was_no_text(key: &Value) -> bool {
    let Value::Text(key) = key else { return true };
    let key = key.to_utf8().unwrap_or_default();
    key.parse::<f64>().is_ok() || ["true", "false", "null"].contains(&key.to_ascii_lowercase().as_str()) || key == "None"
}

/// The rule behind two JSON values that should be equal: that of the tag above the place at which they part.
fn tagged(expected: &Value, got: &Value) -> &'static str {
    let content = |value: &Value| match value {
        Value::Map(map) if map.len() == 1 => map.iter().next().and_then(|(key, inner)| match key {
            Value::Text(key) => tag_in(&format!("\"{}\"", key.to_utf8()?)).map(|rule| (rule, inner.clone())),
            _ => None,
        }),
        _ => None,
    };
    match (expected, got) {
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            a.iter().zip(b).find(|(a, b)| a != b).map_or("PAY-16", |(a, b)| tagged(a, b))
        }
        (a, b) if content(a).is_some() => match (content(a), content(b)) {
            (Some(("PAY-6" | "PAY-11", a)), Some(("PAY-6" | "PAY-11", b))) if a != b => match tagged(&a, &b) {
                "PAY-16" => content(expected).map_or("PAY-16", |(rule, _)| rule),
                rule => rule,
            },
            (Some((rule, _)), _) => rule,
            _ => "PAY-16",
        },
        (_, b) if content(b).is_some() => content(b).map_or("PAY-16", |(rule, _)| rule),
        (Value::Map(a), Value::Map(b)) => {
            let lost = a.iter().map(|(key, _)| key).find(|key| !b.contains(key));
            if let Some(key) = lost.or_else(|| b.iter().map(|(key, _)| key).find(|key| !a.contains(key))) {
                return if was_no_text(key) { "PAY-5" } else { "PAY-16" };
            }
            let parts = a.iter().find_map(|(key, a)| b.get(key).filter(|b| *b != a).map(|b| (a, b)));
            parts.map_or("PAY-16", |(a, b)| tagged(a, b))
        }
        (Value::Text(_), Value::Text(_)) => "PAY-4",
        (Value::Int(_) | Value::Float(_), _) => "PAY-3",
        _ => "PAY-16",
    }
}

/// The rule behind two spellings of the same JSON, or behind one that is no JSON: that of the token at which they part.
fn spelling(expected: &str, got: &str) -> &'static str {
    let parts = expected.bytes().zip(got.bytes()).take_while(|(a, b)| a == b).count();
    let (before, rest) = (expected.get(..parts).unwrap_or(""), got.get(parts..).unwrap_or(""));
    let quotes = before.replace("\\\\", "").replace("\\\"", "").matches('"').count();
    match rest.chars().next() {
        Some(next) if !next.is_ascii() => "PAY-1",
        _ if quotes % 2 == 1 => "PAY-4",
        Some(next) if next.is_ascii_whitespace() => "PAY-1",
        _ if !got.is_ascii() => "PAY-1",
        _ => "PAY-3",
    }
}

/// The rules behind a signature that is not the right one. `signed` is the text under it.
pub fn signature(config: &Config, signed: &str, right: &str, got: &str) -> Suspects {
    let secret = config.signing_key().unwrap_or_default();
    let made = |config: &Config, key: &[u8], parts: &[&[u8]]| {
        base64::encode(&signing::mac(config.digest, &signing::derive_key(config, key), parts))
    };
    let older = config.verifying_keys(Choices::default().fallback_text);
    let (payload, time) = signed.rsplit_once('.').unwrap_or((signed, ""));
    let texts: [&[&[u8]]; 4] =
        [&[payload.as_bytes()], &[payload.as_bytes(), time.as_bytes()], &[time.as_bytes()], &[signed.as_bytes(), b"."]];
    let derivations = [KeyDerivation::Concat, KeyDerivation::DjangoConcat, KeyDerivation::Hmac, KeyDerivation::None];
    let is_otherwise_derived = || {
        derivations.iter().any(|derivation| {
            let config = Config { key_derivation: *derivation, ..config.clone() };
            made(&config, secret, &[signed.as_bytes()]) == got
        })
    };
    match () {
        () if base64::decode(got.as_bytes()) == base64::decode(right.as_bytes()) => "SIG-3".into(),
        () if older.iter().skip(1).any(|key| made(config, key, &[signed.as_bytes()]) == got) => "KEY-2".into(),
        () if texts.iter().any(|parts| made(config, secret, parts) == got) => "SIG-2".into(),
        () if is_otherwise_derived() && config.key_derivation == KeyDerivation::Hmac => "KEY-1".into(),
        () if is_unusual(config) => "KEY-7".into(),
        () if has_unusual_key(config) => "KEY-6".into(),
        // Another key, another digest, another text under it: the signature alone does not tell.
        () => Suspects { rule: "KEY-1", also: SIGNING },
    }
}

/// The rules behind an error in place of a written cookie, or the other way round.
pub fn writing(config: &Config, is_raised: bool) -> Suspects {
    const ERRORS: &[&str] = &["PAY", "KEY-5", "SIG-4", "EXP-9", "SET-10"];
    let rule = match is_raised {
        _ if config.signing_key().is_none() => "KEY-5",
        true => "PAY-5",
        false => "PAY-1",
    };
    Suspects { rule, also: ERRORS }
}

/// The rules behind the session that a request opens with.
pub fn opened(call: &Exchange, got: &Exchanged) -> Suspects {
    if call.config.signing_key().is_none() {
        return "KEY-5".into();
    }
    let header = call.cookie_header.as_deref().unwrap_or("");
    let name = &call.config.cookie_name;
    let cookie = cookie_header::value(header, name, DuplicatesChoice::First);
    let has_two = cookie != cookie_header::value(header, name, DuplicatesChoice::Last);
    // How often the name stands there in any case, as a whole or as the end of another.
    let alike = header.to_ascii_lowercase().matches(&format!("{}=", name.to_ascii_lowercase())).count();
    let rule = match &cookie {
        _ if !header.is_ascii() => "HDR-6",
        _ if header.contains('\\') => "HDR-2",
        _ if has_two => "HDR-1",
        _ if header.split(';').any(is_unreadable) => "HDR-3",
        _ if header.contains('"') => "HDR-2",
        Some(cookie) if cookie.is_empty() => "HDR-4",
        None if alike > 0 => "HDR-5",
        None => "HDR-4",
        Some(_) if alike > 1 => "HDR-5",
        Some(cookie) if header != format!("{name}={cookie}") => "HDR-3",
        Some(cookie) => {
            let verify = Verify { config: call.config.clone(), now: call.now, cookie: cookie.clone() };
            let got = match &got.opened {
                None => Verified::Raised(String::new()),
                Some(session) if session.is_empty() => Verified::Rejected(None),
                Some(session) => {
                    let typed = Choices { reasons: ReasonsChoice::Typed, ..Choices::default() };
                    if let Verified::Accepted(expected) = server::verify(&verify, &typed) {
                        return values(&expected, session, cookie);
                    }
                    Verified::Accepted(session.clone())
                }
            };
            return verdict(&verify, &got);
        }
    };
    rule.into()
}

/// Whether a part of the Cookie header is likely no pair: a quote is left open, or space stands within a name or a bare value.
fn is_unreadable(part: &str) -> bool {
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
        (true, true) if is_idle(call) => "VARY-2",
        (true, _) => "VARY-1",
        (false, _) if streams => "VARY-4",
        (false, _) => "VARY-3",
    }
    .into()
}

/// The rule behind the status.
pub fn status(call: &Exchange, expected: &Exchanged) -> Suspects {
    match expected.status {
        _ if call.config.signing_key().is_none() => "KEY-5",
        500 if expected.results.len() < call.actions.len() => "MOD-10",
        500 => "SET-10",
        _ if has_flag_by_hand(call) => "MOD-7",
        _ if call.path != "/" => "REN-4",
        _ => "SET-10",
    }
    .into()
}

/// A cookie was set though none should be.
pub fn unasked(call: &Exchange, expected: &Exchanged) -> Suspects {
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
        () if has(|action| matches!(action, Action::Append { .. } | Action::Mutate { .. })) => "MOD-5",
        () if is_permanent(&session) && !call.config.refresh_each_request => "REN-2",
        () if is_idle(call) => "REN-3",
        () => "MOD-8",
    };
    Suspects { rule, also: if rule == "SET-1" { SETTING } else { &[] } }
}

/// No cookie was set though one should be. `value` is what it should hold, none for a deletion; `length` that of its header.
pub fn missing(
    call: &Exchange,
    expected: &Exchanged,
    got: &Exchanged,
    value: Option<&str>,
    length: usize,
) -> Suspects {
    let is_view = is_of_view(call);
    let is_new = expected.opened.as_ref().is_none_or(Map::is_empty);
    let rule = match value {
        // What is to be written was no more than refused.
        Some(_) if got.status == 500 && expected.status != 500 => "PAY-5",
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

fn has_flag_by_hand(call: &Exchange) -> bool {
    call.actions.iter().any(|action| matches!(action, Action::SetModified { .. }))
}

/// The rule of what a view does, where that is of one kind.
fn only_kind(call: &Exchange) -> &'static str {
    let kind = |action: &Action| match action {
        Action::Clear | Action::Union { .. } | Action::Update { .. } => Some("MOD-3"),
        Action::Delete { .. } | Action::Pop { default: None, .. } | Action::PopItem => Some("MOD-2"),
        Action::Pop { .. } | Action::SetDefault { .. } => Some("MOD-4"),
        Action::Set { .. } => Some("MOD-1"),
        Action::SetModified { .. } => Some("MOD-7"),
        Action::SetPermanent { .. } => Some("PERM-2"),
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
pub fn attribute(call: &Exchange, expected: &Exchanged, value: &str, name: &str, there: (bool, bool)) -> Suspects {
    let ends = || call.actions.iter().rev().find_map(|action| match action {
        Action::SetPermanent { value } => Some(!value),
        _ => None,
    });
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
    session.get(&PERMANENT.into()).is_some_and(Value::is_true)
}

/// Whether what stands for permanence is no boolean.
fn has_odd_permanence(session: &Map) -> bool {
    session.get(&PERMANENT.into()).is_some_and(|value| !matches!(value, Value::Bool(_)))
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

/// The rule behind the time that a cookie was written with, as its timestamp or its Expires tell: `rule`, unless it is that of the
/// cookie that was sent.
pub fn renewal(call: &Exchange, rule: &'static str, expected: Option<u64>, got: Option<u64>) -> Suspects {
    let header = call.cookie_header.as_deref().unwrap_or("");
    let sent = cookie_header::value(header, &call.config.cookie_name, DuplicatesChoice::First);
    let is_old = got.is_some() && got != expected && got == sent.as_deref().and_then(super::compare::timestamp);
    if is_old { "REN-5".into() } else { rule.into() }
}
