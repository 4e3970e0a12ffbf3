//! The rules behind a signature, and behind whether a cookie counts.

use super::{Suspects, payload::kinds_in};
use crate::{
    clock::UnixTime,
    config::{Config, Digest, Fallbacks, Key, KeyDerivation, Lifetime},
    cookie_text::read_timestamp,
    model::{base64, payload, server, signing},
    protocol::{Choices, Reason, ReasonsChoice, Sign, Verify, VerifyOutcome},
    value::Value,
};
use std::sync::Arc;

/// What decides whether a cookie opens, and as what.
const OPENING: &[&str] = &["KEY", "SIG", "PAY", "EXP", "HDR", "SYS", "REN-6"];
/// What decides whether a key made a signature.
const SIGNATURE: &[&str] = &["KEY", "SIG", "EXP-10", "SYS-6"];
/// What decides about a readable signature's time.
const AGE: &[&str] = &["EXP-4", "EXP-6", "SYS", "REN-6"];
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
    /// Where it ended, as far as a verdict shows.
    fn of(verified: &VerifyOutcome) -> Option<Self> {
        match verified {
            VerifyOutcome::Accepted(_) => Some(Self::Open),
            VerifyOutcome::Rejected(Some(Reason::Signature)) => Some(Self::Signature),
            VerifyOutcome::Rejected(Some(Reason::Timestamp)) => Some(Self::Timestamp),
            VerifyOutcome::Rejected(Some(Reason::Expired | Reason::Future)) => Some(Self::Age),
            VerifyOutcome::Rejected(Some(Reason::Payload)) => Some(Self::Payload),
            VerifyOutcome::Rejected(_) | VerifyOutcome::Raised(_) => None,
        }
    }
}

/// The rules behind the verdict on a cookie. `got` is what the implementation said of it, as far as that is known.
pub fn verdict(call: &Verify, got: &VerifyOutcome) -> Suspects {
    let cookie = Cookie::new(call);
    match (cookie.ends, Stage::of(got)) {
        _ if call.config.signing_key().is_none() => "KEY-5".into(),
        // The lifetime is read before anything of the cookie.
        _ if call.config.lifetime.micros().is_none() => "EXP-9".into(),
        (_, None) if cookie.is_beyond_the_calendar() => "EXP-9".into(),
        (ends, Some(got)) => cookie.at(ends.min(got), got),
        // Errors come from what is read of a cookie that counts.
        (Stage::Open, None) if matches!(got, VerifyOutcome::Raised(_)) => cookie.at(Stage::Payload, Stage::Payload),
        // It was refused for a reason that is not given.
        (Stage::Open, None) => cookie.refused(),
        (ends, None) => cookie.at(ends, Stage::Signature),
    }
}

/// Whether reading a cookie ends at its timestamp.
pub(in crate::suite) fn ends_at_the_timestamp(call: &Verify) -> bool {
    Cookie::new(call).ends == Stage::Timestamp
}

/// The rule of a cookie's timestamp.
pub(in crate::suite) fn timestamp(call: &Verify) -> &'static str {
    Cookie::new(call).timestamp()
}

/// The rule of a cookie's payload.
pub(in crate::suite) fn payload(call: &Verify) -> &'static str {
    match Cookie::new(call).payload() {
        // Another spelling, compression and tags have changes of their own.
        "PAY-14" => "PAY-14",
        "PAY-15" => "PAY-15",
        _ => "PAY-16",
    }
}

/// The rule of the place that a cookie's age has on the line of times, whatever the clock and the lifetime are made of.
pub(in crate::suite) fn age(call: &Verify) -> &'static str {
    let Some(max_age) = call.config.lifetime.max_age() else { return "EXP-9" };
    let at = crate::cookie_text::signed_at(&call.cookie).and_then(|at| i64::try_from(at).ok());
    let Some(age) = at.map(|at| call.now.seconds().saturating_sub(at)) else { return "EXP-1" };
    match age {
        _ if age < 0 => "EXP-3",
        _ if (max_age..=max_age.saturating_add(1)).contains(&age) => "EXP-2",
        _ => "EXP-1",
    }
}

/// A cookie and what the specification thinks of it.
struct Cookie<'a> {
    call: &'a Verify,
    verified: VerifyOutcome,
    ends: Stage,
    parts: Option<(&'a str, &'a str, &'a str)>,
}

impl<'a> Cookie<'a> {
    fn new(call: &'a Verify) -> Self {
        let typed = Choices { reasons: ReasonsChoice::Typed, ..Choices::default() };
        // A lifetime that no time span holds says nothing about the cookie.
        let mut config = Arc::clone(&call.config);
        if config.lifetime.micros().is_none() {
            Arc::make_mut(&mut config).lifetime = Lifetime::default();
        }
        let in_time = || signing::verify(&call.cookie, &config, call.now, &typed).is_ok();
        let verified = server::verify(&Verify { config: Arc::clone(&config), ..call.clone() }, &typed);
        let ends = Stage::of(&verified).unwrap_or_else(|| if in_time() { Stage::Payload } else { Stage::Timestamp });
        let split = |text: &'a str| text.rsplit_once('.');
        let parts = split(&call.cookie)
            .and_then(|(signed, signature)| split(signed).map(|(payload, time)| (payload, time, signature)));
        Self { call, verified, ends, parts }
    }

    /// Whether a date that this cookie may lead to is beyond the calendar, though the cookie itself is not.
    fn is_beyond_the_calendar(&self) -> bool {
        self.ends != Stage::Timestamp && leads_beyond_the_calendar(&self.call.config, self.call.now)
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
            (_, "KEY-3", _) => "KEY-3",
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
            () if self.ends == Stage::Timestamp && has_older && !self.is_by_current_key() => "KEY-3",
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
        let usual =
            config.clone().salt(Config::default().salt).digest(Digest::Sha1).key_derivation(KeyDerivation::Hmac);
        let bytes = base64::decode(signature.as_bytes());
        let mut macs = config
            .verifying_keys(Choices::default().fallback_text)
            .into_iter()
            .map(|key| signing::mac(config.digest, &signing::derive_key(config, &key), &[signed.as_bytes()]));
        match &bytes {
            _ if !call.cookie.is_ascii() => "SIG-6",
            None => "SIG-6",
            Some(given) if macs.any(|mac| mac.starts_with(given) || given.starts_with(&mac)) => "SIG-10",
            _ if is_unusual(config) && is_signed(&call.cookie, &usual) => "KEY-7",
            _ if has_unusual_key(config)
                && mistaken_keys(config).iter().any(|other| is_signed(&call.cookie, other)) =>
            {
                "KEY-6"
            }
            _ if signed.is_empty() || !signed.contains('.') => "SIG-6",
            _ => "SIG-5",
        }
    }

    fn is_by_current_key(&self) -> bool {
        let mut current = (*self.call.config).clone();
        current.fallback_keys = None;
        is_signed(&self.call.cookie, &current)
    }

    fn timestamp(&self) -> &'static str {
        let Some((_, timestamp, _)) = self.parts else { return "SIG-8" };
        match read_timestamp(timestamp) {
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
        let at = self.parts.and_then(|(_, timestamp, _)| read_timestamp(timestamp));
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
                VerifyOutcome::Accepted(session) => kinds_in(&Value::Map(session.clone()), text),
                _ => "PAY-14",
            },
            None => "PAY-14",
        }
    }
}

/// Whether a session that is written now would expire beyond the calendar.
pub(in crate::suite) fn leads_beyond_the_calendar(config: &Config, now: UnixTime) -> bool {
    let last = config.lifetime.max_age().and_then(|age| now.seconds().checked_add(age));
    last.is_none_or(|last| last > signing::LAST_SECOND)
}

/// Whether salt, digest or key derivation differ from Flask's defaults.
pub(in crate::suite) fn is_unusual(config: &Config) -> bool {
    let flask = Config::default();
    config.salt != flask.salt || config.digest != flask.digest || config.key_derivation != flask.key_derivation
}

/// Whether a key is more than a short line of ASCII text.
pub(in crate::suite) fn has_unusual_key(config: &Config) -> bool {
    let is_plain =
        |key: &Key| matches!(key, Key::Text(text) if text.len() <= 64 && text.is_ascii() && text.trim() == text);
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
    type Mistake<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
    let mistakes: [Mistake<'_>; 4] =
        [&|bytes| bytes.trim_ascii().to_vec(), &|bytes| bytes.iter().copied().take(64).collect(), &latin_1, &|bytes| {
            String::from_utf8_lossy(bytes).into_owned().into_bytes()
        }];
    let mistaken = |mistake: &Mistake<'_>| {
        let mut config = config.clone();
        let older = match &mut config.fallback_keys {
            Some(Fallbacks::Keys(keys)) => keys.as_mut_slice(),
            _ => &mut [],
        };
        for key in config.secret_key.iter_mut().chain(older) {
            *key = Key::Bytes(mistake(key.as_bytes()));
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
            let config = config.clone().key_derivation(*derivation);
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

/// The rules behind an error instead of a written cookie, or the other way round.
pub fn writing(call: &Sign, is_raised: bool) -> Suspects {
    const ERRORS: &[&str] = &["PAY", "KEY-5", "SIG-4", "EXP-9", "SET-10"];
    let rule = match is_raised {
        _ if call.config.signing_key().is_none() => "KEY-5",
        true => "PAY-5",
        false => "PAY-1",
    };
    Suspects { rule, also: ERRORS }
}
