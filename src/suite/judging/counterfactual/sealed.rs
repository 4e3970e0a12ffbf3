//! A signed cookie taken apart, to be put together again with one thing changed.

use crate::{
    clock::UnixTime,
    config::Config,
    cookie_text::{parts, read_timestamp},
    model::{base64, json, payload, signing, tagging},
    protocol::{Choices, Verify},
    value::{Map, Value},
};
use std::sync::Arc;

/// How many spaces are put behind the JSON of a cookie to spell it otherwise, at most.
const SPACES: usize = 16;

/// A cookie that one of its server's keys signed, and when it is read.
#[derive(Clone, Debug)]
pub(super) struct Sealed {
    /// What the server configures.
    pub(super) config: Config,
    /// When the cookie is read.
    pub(super) now: UnixTime,
    payload: String,
    timestamp: String,
    /// Which of [`Config::verifying_keys`] made the signature.
    key: usize,
}

impl Sealed {
    /// Takes the cookie of a call apart; `None` if no key of the server signed it.
    pub(super) fn of(call: &Verify) -> Option<Self> {
        let (_, key) = signing::signed_by(call.cookie.as_bytes(), &call.config, &Choices::default())?;
        let parts = parts(&call.cookie)?;
        Some(Self {
            config: (*call.config).clone(),
            now: call.now,
            payload: parts.payload.to_owned(),
            timestamp: parts.timestamp.to_owned(),
            key,
        })
    }

    /// The call that reads the cookie, signed by its key.
    pub(super) fn call(&self) -> Option<Verify> {
        let keys = self.config.verifying_keys(Choices::default().fallback_text);
        let key = keys.get(self.key).or(keys.first())?;
        let signed = format!("{}.{}", self.payload, self.timestamp);
        let mac = signing::mac(self.config.digest, &signing::derive_key(&self.config, key), &[signed.as_bytes()]);
        let cookie = format!("{signed}.{}", base64::encode(&mac));
        Some(Verify { config: Arc::new(self.config.clone()), now: self.now, cookie })
    }

    /// The same under another configuration.
    pub(super) fn with(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut changed = self.clone();
        change(&mut changed.config);
        changed
    }

    /// Signed by the current key.
    pub(super) fn by_current_key(&self) -> Self {
        Self { key: 0, ..self.clone() }
    }

    /// Whether an older key signed it.
    pub(super) fn is_by_older_key(&self) -> bool {
        self.key > 0
    }

    /// Each part in its canonical spelling, where it is base64 at all.
    pub(super) fn spelled(&self) -> Self {
        let spelled =
            |part: &str| base64::decode(part.as_bytes()).map_or_else(|| part.to_owned(), |b| base64::encode(&b));
        let payload = match self.payload.strip_prefix('.') {
            Some(rest) => format!(".{}", spelled(rest)),
            None => spelled(&self.payload),
        };
        Self { payload, timestamp: spelled(&self.timestamp), ..self.clone() }
    }

    /// Without characters beyond ASCII, which are no base64.
    pub(super) fn in_ascii(&self) -> Self {
        let in_ascii = |part: &str| part.chars().filter(char::is_ascii).collect();
        Self { payload: in_ascii(&self.payload), timestamp: in_ascii(&self.timestamp), ..self.clone() }
    }

    /// Without dots in the payload, except for the mark of compression.
    pub(super) fn without_dots(&self) -> Self {
        let mark = if self.is_compressed() { "." } else { "" };
        Self { payload: format!("{mark}{}", self.payload.replace('.', "")), ..self.clone() }
    }

    /// Another cookie that means the same: spaces stand behind its JSON. It has minus or underscore in it, or has not, as
    /// `is_url_safe` says. `None` where the spelling would change as well.
    pub(super) fn respelled(&self, is_url_safe: bool) -> Option<Self> {
        let spelled = self.spelled();
        let is_canonical = spelled.payload == self.payload && spelled.timestamp == self.timestamp;
        let text = self.text().filter(|_| is_canonical)?;
        let spaced = (1..=SPACES).map(|count| self.with_text(&format!("{text}{}", " ".repeat(count))));
        spaced.into_iter().find(|sealed| sealed.call().is_some_and(|call| has_url_safe(&call.cookie) == is_url_safe))
    }

    /// Without compression; `None` if it is not compressed.
    pub(super) fn inflated(&self) -> Option<Self> {
        let text = self.is_compressed().then(|| self.text())??;
        Some(Self { payload: base64::encode(text.as_bytes()), ..self.clone() })
    }

    /// Whether the payload is marked as compressed.
    pub(super) fn is_compressed(&self) -> bool {
        self.payload.starts_with('.')
    }

    /// The payload's JSON text.
    pub(super) fn text(&self) -> Option<String> {
        payload::text(self.payload.as_bytes(), &Choices::default())
    }

    /// With another JSON text, compressed as before.
    pub(super) fn with_text(&self, text: &str) -> Self {
        let payload = match self.is_compressed() {
            true => format!(".{}", base64::encode(&payload::deflate(text.as_bytes()))),
            false => base64::encode(text.as_bytes()),
        };
        Self { payload, ..self.clone() }
    }

    /// With the JSON changed, as tags stand in it; `None` if there is no JSON.
    pub(super) fn with_json(&self, change: impl FnOnce(&Value) -> Value) -> Option<Self> {
        let read = json::read(&self.text()?).ok()?;
        let changed = change(&read);
        (changed != read).then(|| json::write(&changed).ok()).flatten().map(|text| self.with_text(&text))
    }

    /// With the same JSON as Python writes it.
    pub(super) fn rewritten(&self) -> Option<Self> {
        let text = self.text()?;
        let again = json::write(&json::read(&text).ok()?).ok()?;
        (again != text).then(|| self.with_text(&again))
    }

    /// With another session in it; `None` if it cannot be written, or is the same.
    pub(super) fn with_session(&self, session: &Map) -> Option<Self> {
        let text = json::write(&tagging::tag(&Value::Map(session.clone())).ok()?).ok()?;
        (self.session().as_ref() != Some(session)).then(|| self.with_text(&text))
    }

    /// The session that the payload holds.
    pub(super) fn session(&self) -> Option<Map> {
        payload::read(self.payload.as_bytes(), &Choices::default()).ok()
    }

    /// When it was signed, in Unix seconds.
    pub(super) fn at(&self) -> Option<i64> {
        read_timestamp(&self.timestamp).and_then(|at| i64::try_from(at).ok())
    }

    /// Signed at another time.
    pub(super) fn signed_at(&self, seconds: i64) -> Self {
        let bytes = u64::try_from(seconds).unwrap_or_default().to_be_bytes();
        let bytes: Vec<_> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
        Self { timestamp: base64::encode(&bytes), ..self.clone() }
    }

    /// Read at another time.
    pub(super) fn read_at(&self, now: UnixTime) -> Self {
        Self { now, ..self.clone() }
    }
}

/// Whether a cookie has one of the two characters in which the URL-safe alphabet differs from the standard one.
pub(super) fn has_url_safe(cookie: &str) -> bool {
    cookie.contains(['-', '_'])
}
