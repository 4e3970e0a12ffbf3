//! Explains a cookie by asking the model each question.

use super::{
    Answer, Browser, BrowserDoes, Change, FORMAT, Form, Inspection, Key, LARGEST_PAYLOAD, LifetimeFrom,
    LifetimeInForce, NotACookie, Payload, Question, Renewal, Server, Signature, VERSION, Verdict, input::Found,
    pitfalls,
};
use crate::{
    clock::UnixTime,
    config::{Config, Lifetime},
    model::{
        Raised, base64,
        browser::{self, Ignored, Target, attributes},
        payload::{self, NoText},
        server,
        session::Session,
        signing::{self, LAST_SECOND, Refusal},
    },
    protocol::{Choices, Reason},
};

/// The most keys of maps that a payload may have. The model's maps are lists, and take the square of it.
const MOST_KEYS: usize = 10_000;

/// The key that stands in where none is given.
const STAND_IN: &str = "a key that stands in";

/// Everything about a cookie that was found.
pub(super) fn look(found: Found, question: &Question) -> Result<Inspection, NotACookie> {
    let parts = Parts::of(&found, &question.config)?;
    let lifetime = lifetime(&found, parts.as_ref(), question);
    let config = question.config.clone().lifetime(lifetime.seconds);
    let now = question.now;

    let asked = Asked::new(&found, parts.as_ref(), &config);
    let server = asked.server(now);
    let renewal = match server.now.answer {
        Answer::Accepted => asked.renewal(now),
        _ => None,
    };
    let browser = found.set_cookie.as_deref().map(|header| browser(header, parts.as_ref(), now));
    let signature = parts.as_ref().map(|parts| parts.signature(now));
    let mut inspection = Inspection {
        format: FORMAT,
        version: VERSION,
        now,
        form: found.form,
        name: found.name.clone(),
        value: found.value.clone(),
        lifetime,
        signature,
        payload: parts.map(|parts| parts.payload),
        server,
        renewal,
        browser,
        pitfalls: Vec::new(),
    };
    inspection.pitfalls = pitfalls::of(&inspection, &found);
    Ok(inspection)
}

/// A value that was taken apart.
struct Parts {
    payload: Payload,
    timestamp: String,
    signature: String,
    at: Option<u64>,
    key: Key,
    is_too_large: bool,
}

impl Parts {
    /// The parts of a value; `None` if it is empty, as in a deletion (`DEL-3`, `HDR-4`).
    fn of(found: &Found, config: &Config) -> Result<Option<Self>, NotACookie> {
        let value = found.value.as_str();
        if value.is_empty() {
            return Ok(None);
        }
        let missing = |what| NotACookie::Missing { what };
        let (signed, signature) = signing::split(value.as_bytes()).ok_or(missing(match value.contains(':') {
            true => "it has colons and no dot, like a value signed by Django",
            false => "it has no dot, so timestamp and signature are missing",
        }))?;
        let (payload, timestamp) =
            signing::split(signed).ok_or(missing("it has one dot, so the timestamp is missing and it has no age"))?;
        let at = signing::read_timestamp(timestamp, &Choices::default());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (payload, is_too_large) = read_payload(payload);
        // What a key has signed is what it is.
        let key = key(value, config);
        let is_signed = matches!(key, Key::Current | Key::Fallback(_));
        let is_a_second = at.is_some_and(|at| at > 0);
        match &payload.text {
            _ if is_signed => {}
            Some(json) if at.is_none() && json.contains("\"alg\"") => return Err(NotACookie::JsonWebToken),
            _ if !is_a_second && payload.session.is_none() && !is_too_large => {
                return Err(missing("neither its payload nor its timestamp can be read"));
            }
            _ => {}
        }
        Ok(Some(Self { payload, timestamp: text(timestamp), signature: text(signature), at, key, is_too_large }))
    }

    fn signature(&self, now: UnixTime) -> Signature {
        Signature {
            timestamp: self.timestamp.clone(),
            signature: self.signature.clone(),
            at: self.at,
            age: self.at.map(|at| i128::from(now.seconds()) - i128::from(at)),
            key: self.key,
        }
    }

    /// The second of the timestamp, where a calendar holds it.
    fn second(&self) -> Option<i64> {
        self.at.and_then(|at| i64::try_from(at).ok()).filter(|at| *at <= LAST_SECOND)
    }
}

/// What a payload holds, and whether that is more than is looked at.
fn read_payload(encoded: &[u8]) -> (Payload, bool) {
    let choices = Choices::default();
    let mut payload = Payload {
        encoded: String::from_utf8_lossy(encoded).into_owned(),
        compressed: encoded.starts_with(b"."),
        text: None,
        session: None,
        permanent: None,
        error: None,
    };
    let text = match payload::text_within(encoded, &choices, LARGEST_PAYLOAD) {
        Ok(text) if text.matches(':').count() <= MOST_KEYS => text,
        Ok(_) => {
            payload.error = Some(format!("the payload has more than {MOST_KEYS} keys, so it is not read"));
            return (payload, true);
        }
        Err(error @ NoText::TooLong(_)) => {
            payload.error = Some(format!("{error}, so it is not read"));
            return (payload, true);
        }
        Err(error) => {
            payload.error = Some(error.to_string());
            return (payload, false);
        }
    };
    match payload::read(encoded, &choices) {
        Ok(session) => {
            payload.permanent = Some(Session::opened(session.clone()).is_permanent());
            payload.session = Some(session);
        }
        Err(raised) => payload.error = Some(raised.to_string()),
    }
    payload.text = Some(text);
    (payload, false)
}

/// Which key made the signature of a value, whatever its age.
fn key(value: &str, config: &Config) -> Key {
    if config.signing_key().is_none() {
        return Key::NotGiven;
    }
    let choices = Choices::default();
    let fallbacks = config.verifying_keys(choices.fallback_text).len().saturating_sub(1);
    match signing::signed_by(value.as_bytes(), config, &choices) {
        Some((_, 0)) => Key::Current,
        // They are tried from the last to the first.
        Some((_, tried)) => Key::Fallback((fallbacks + 1).saturating_sub(tried)),
        None => Key::Unknown,
    }
}

/// The lifetime that was given, or else the one that `Expires` says of (`PERM-3`), or else Flask's.
fn lifetime(found: &Found, parts: Option<&Parts>, question: &Question) -> LifetimeInForce {
    let told = || {
        let parsed = attributes::parse(found.set_cookie.as_deref()?).ok()?;
        let seconds = parsed.expires?.checked_sub(parts?.second()?)?;
        parsed.max_age.is_none().then_some(Lifetime::Seconds(seconds))
    };
    let configured = Some(question.config.lifetime).filter(|lifetime| *lifetime != Lifetime::default());
    match (question.lifetime.or(configured), told()) {
        (Some(seconds), _) => LifetimeInForce { seconds, from: LifetimeFrom::Given },
        (None, Some(seconds)) => LifetimeInForce { seconds, from: LifetimeFrom::Expires },
        (None, None) => LifetimeInForce { seconds: question.config.lifetime, from: LifetimeFrom::Default },
    }
}

/// A cookie as the server is asked about it.
struct Asked<'p> {
    cookie: String,
    config: Config,
    assumes_signature: bool,
    parts: Option<&'p Parts>,
}

impl<'p> Asked<'p> {
    /// Where there is no key, payload and timestamp are signed by one that stands in.
    fn new(found: &Found, parts: Option<&'p Parts>, config: &Config) -> Self {
        let value = found.value.clone();
        if config.signing_key().is_some() {
            return Self { cookie: value, config: config.clone(), assumes_signature: false, parts };
        }
        let mut config = config.clone().secret_key(Some(STAND_IN.into()));
        config.fallback_keys = None;
        let signed = parts.map(|parts| format!("{}.{}", parts.payload.encoded, parts.timestamp));
        let cookie = signed.map_or_else(String::new, |signed| {
            let key = signing::derive_key(&config, STAND_IN.as_bytes());
            let signature = signing::mac(config.digest, &key, &[signed.as_bytes()]);
            format!("{signed}.{}", base64::encode(&signature))
        });
        Self { cookie, config, assumes_signature: true, parts }
    }

    fn server(&self, now: UnixTime) -> Server {
        let verdict = self.verdict(now);
        let then = self.change(&verdict).map(|at| Change { at, verdict: self.verdict(UnixTime::from_seconds(at)) });
        Server {
            assumes_signature: self.assumes_signature,
            then: then.filter(|then| then.verdict != verdict),
            now: verdict,
        }
    }

    /// What the server says at an instant.
    fn verdict(&self, now: UnixTime) -> Verdict {
        let choices = Choices::default();
        let verdict = |answer, rule, why| Verdict { answer, rule, why };
        if self.cookie.is_empty() {
            return verdict(Answer::Rejected, "HDR-4", "an empty value is not a session");
        }
        let opened = match self.parts.is_some_and(|parts| parts.is_too_large) {
            true => signing::verify(&self.cookie, &self.config, now, &choices).map(|_| None),
            false => server::open(&self.cookie, &self.config, now, &choices).map(Some),
        };
        match opened {
            Ok(Some(_)) => verdict(Answer::Accepted, "EXP-1", "its age is within the lifetime"),
            Ok(None) => verdict(
                Answer::NotRead,
                "PAY-13",
                "its age is within the lifetime, but its payload is too large to read here",
            ),
            Err(Refusal::Rejected(Reason::Expired)) => {
                verdict(Answer::Rejected, "EXP-1", "it is older than the lifetime")
            }
            Err(Refusal::Rejected(Reason::Future)) => {
                verdict(Answer::Rejected, "EXP-3", "it was signed in the future, by the clock of this machine")
            }
            Err(Refusal::Rejected(Reason::Signature)) => {
                verdict(Answer::Rejected, "SIG-5", "none of the keys made its signature")
            }
            Err(Refusal::Rejected(Reason::Timestamp)) => {
                verdict(Answer::Rejected, "SIG-8", "its timestamp cannot be read")
            }
            Err(Refusal::Rejected(_)) => verdict(Answer::Rejected, "PAY-14", "its payload is not a session"),
            Err(Refusal::Raised(Raised::Calendar)) if self.config.lifetime.max_age().is_none() => {
                verdict(Answer::Raised, "EXP-9", "the lifetime is beyond the calendar")
            }
            Err(Refusal::Raised(Raised::Calendar)) => {
                verdict(Answer::Raised, "SIG-9", "its timestamp is beyond the calendar")
            }
            Err(Refusal::Raised(_)) => {
                verdict(Answer::Raised, "PAY-14", "it is signed, and its payload is not a session")
            }
        }
    }

    /// The second at which a verdict of age changes.
    fn change(&self, verdict: &Verdict) -> Option<i64> {
        let at = self.parts?.second()?;
        let max_age = self.config.lifetime.max_age()?;
        let change = match (verdict.answer, verdict.rule) {
            (Answer::Rejected, "EXP-3") => at,
            (Answer::Rejected, _) => return None,
            _ => at.checked_add(max_age)?.checked_add(1)?,
        };
        Some(change).filter(|change| *change <= LAST_SECOND)
    }

    /// What comes of a request that reads the session and changes nothing.
    fn renewal(&self, now: UnixTime) -> Option<Renewal> {
        let mut session = Session::opened(self.parts?.payload.session.clone()?);
        session.accessed = true;
        let (config, choices) = (&self.config, Choices::default());
        let headers = server::save(&session, config, now, |data| server::write(data, config, now, &choices)).ok()?;
        let set = headers.iter().find(|(name, _)| name == "Set-Cookie");
        let rule = match (session.is_permanent(), config.refresh_each_request) {
            (true, true) => "REN-1",
            (true, false) => "REN-2",
            (false, _) => "REN-3",
        };
        let expires = set.and_then(|(_, header)| attributes::parse(header).ok()).and_then(|parsed| parsed.expires);
        Some(Renewal { renewed: set.is_some(), rule, expires })
    }
}

/// What a browser makes of a header that came over https when its cookie was signed, or now where nobody knows when that was.
fn browser(header: &str, parts: Option<&Parts>, now: UnixTime) -> Browser {
    let received = parts.and_then(Parts::second).map_or(now, UnixTime::from_seconds);
    let parsed = attributes::parse(header);
    let host = parsed.as_ref().ok().and_then(|parsed| parsed.domain.clone());
    let from = Target::https(host.as_deref().unwrap_or("localhost"), "/");
    let mut store = browser::Browser::new();
    let taken = store.receive_one(header, &from, received);
    let expires = store.cookies().first().map(|cookie| cookie.expires.map(UnixTime::seconds));
    let (does, rule, until) = match (taken, expires) {
        (Err(Ignored::TooLong), _) => (BrowserDoes::Ignore, "UA-6", None),
        (Err(_), _) => (BrowserDoes::Ignore, "UA-7", None),
        (Ok(()), None) => (BrowserDoes::Remove, "UA-5", None),
        (Ok(()), Some(None)) => (BrowserDoes::KeepUntilClosed, "UA-1", None),
        (Ok(()), Some(until)) if parsed.is_ok_and(|parsed| parsed.max_age.is_some()) => {
            (BrowserDoes::KeepUntil, "UA-3", until)
        }
        (Ok(()), Some(until)) => (BrowserDoes::KeepUntil, "UA-2", until),
    };
    let attributes = header.split(';').skip(1).map(|attribute| attribute.trim().to_owned());
    Browser {
        does,
        rule,
        why: taken.err().map(|ignored| ignored.to_string()),
        until,
        attributes: attributes.filter(|attribute| !attribute.is_empty()).collect(),
    }
}

impl Form {
    /// The form in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Cookie => "a Cookie header",
            Self::SetCookie => "a Set-Cookie header",
            Self::Value => "a bare value",
        }
    }
}
