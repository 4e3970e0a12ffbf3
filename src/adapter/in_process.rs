//! Implementations that are types of this crate, in process.

use super::{Broken, Implementation};
use crate::{
    config::Config,
    model,
    protocol::{Base64Choice, Call, Choices, Hello, ReasonsChoice, Reply, Sign, Signed, Verified, Verify},
    verifier::{self, Verifier},
};
use std::sync::{Arc, Mutex, PoisonError};

/// The model itself as an implementation: what conforms by definition, and the yardstick of the suite's own tests.
pub struct Model {
    hello: Hello,
}

impl Model {
    /// The model with some choices.
    pub fn new(choices: Choices) -> Self {
        Self { hello: hello("model", ["exchange", "sign", "verify"], choices) }
    }
}

impl Default for Model {
    /// The model as Flask chooses, giving its reasons.
    fn default() -> Self {
        Self::new(Choices { reasons: ReasonsChoice::Typed, ..Choices::default() })
    }
}

impl Implementation for Model {
    fn hello(&self) -> &Hello {
        &self.hello
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, Broken> {
        let answer = |call: &Call| Reply::Ok(model::answer(call, &self.hello.choices));
        Ok(calls.iter().map(answer).collect())
    }
}

/// This crate's [`Verifier`] as an implementation, which is tested if no other is named. It offers `verify` and `sign`.
pub struct BuiltInVerifier {
    hello: Hello,
    made: Mutex<Vec<Made>>,
}

/// A verifier with the configuration that it was made for. The configuration is kept alive, so that no other takes its
/// address.
struct Made {
    config: Arc<Config>,
    verifier: Result<Arc<Verifier>, verifier::Error>,
}

impl BuiltInVerifier {
    /// How many verifiers are kept, as many as the protocol's helpers keep.
    const KEPT: usize = 128;

    /// The verifier that reads base64 as leniently as Flask does.
    pub fn lenient() -> Self {
        Self::new(Base64Choice::Lenient)
    }

    /// The verifier that reads the canonical spelling of base64 alone (`SIG-7`).
    pub fn strict() -> Self {
        Self::new(Base64Choice::Strict)
    }

    fn new(base64: Base64Choice) -> Self {
        let choices = Choices { base64, reasons: ReasonsChoice::Typed, ..Choices::default() };
        Self { hello: hello("sessionproof verifier", ["sign", "verify"], choices), made: Mutex::default() }
    }

    /// The verifier for a configuration, made once for each; the one that was made first goes when there are too many.
    fn verifier(&self, config: &Arc<Config>) -> Result<Arc<Verifier>, verifier::Error> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.iter().rfind(|known| Arc::ptr_eq(&known.config, config)) {
            return known.verifier.clone();
        }
        let verifier = Verifier::new(config).map(|verifier| match self.hello.choices.base64 {
            Base64Choice::Lenient => Arc::new(verifier),
            Base64Choice::Strict => Arc::new(verifier.strict()),
        });
        if made.len() == Self::KEPT {
            made.remove(0);
        }
        made.push(Made { config: config.clone(), verifier: verifier.clone() });
        verifier
    }
}

impl Default for BuiltInVerifier {
    fn default() -> Self {
        Self::lenient()
    }
}

impl Implementation for BuiltInVerifier {
    fn hello(&self) -> &Hello {
        &self.hello
    }

    fn verify(&self, call: &Verify) -> Reply {
        // Without a key no signature is good, and reading an empty session is no error (`KEY-5`).
        let Ok(verifier) = self.verifier(&call.config) else {
            return Verified::Rejected(verifier::Error::Signature.reason()).into();
        };
        let verified = match verifier.load(&call.cookie, call.now) {
            Ok(session) => Verified::Accepted(session),
            Err(error) => match error.reason() {
                None => Verified::Raised(error.to_string()),
                reason => Verified::Rejected(reason),
            },
        };
        verified.into()
    }

    fn sign(&self, call: &Sign) -> Reply {
        let signed = match self.verifier(&call.config).and_then(|verifier| verifier.sign(&call.session, call.now)) {
            Ok(cookie) => Signed::Cookie(cookie),
            Err(error) => Signed::Raised(error.to_string()),
        };
        signed.into()
    }
}

/// What an implementation in this crate says of itself: every kind of value, and some operations.
pub(crate) fn hello<const N: usize>(name: &str, ops: [&str; N], choices: Choices) -> Hello {
    const KINDS: [&str; 10] =
        ["bytes", "datetime", "floats", "integers", "json", "map", "markup", "surrogates", "tuple", "uuid"];
    Hello {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        values: KINDS.map(str::to_owned).into(),
        choices,
        ..Hello::new(name, ops)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::UnixTime, protocol::Answer};

    fn read(embedded: &BuiltInVerifier, config: &Arc<Config>) -> Reply {
        let call = Verify { config: config.clone(), now: UnixTime::from_seconds(0), cookie: "e30.AA.AA".to_owned() };
        embedded.verify(&call)
    }

    #[test]
    fn a_verifier_is_made_once_for_a_configuration_and_few_are_kept() {
        let embedded = BuiltInVerifier::default();
        let first = Arc::new(Config::with_key("key"));
        let one = embedded.verifier(&first).ok().unwrap();
        assert!(Arc::ptr_eq(&one, &embedded.verifier(&first).ok().unwrap()));
        for _ in 0..BuiltInVerifier::KEPT {
            embedded.verifier(&Arc::new(Config::with_key("key"))).ok().unwrap();
        }
        assert_eq!(embedded.made.lock().unwrap().len(), BuiltInVerifier::KEPT);
        assert!(!Arc::ptr_eq(&one, &embedded.verifier(&first).ok().unwrap()));
    }

    #[test]
    fn without_a_secret_key_reading_rejects_and_writing_raises() {
        let embedded = BuiltInVerifier::default();
        let config = Arc::new(Config::default());
        assert_eq!(read(&embedded, &config), Verified::Rejected(verifier::Error::Signature.reason()).into());
        let sign = Sign { config, now: UnixTime::from_seconds(0), session: Default::default() };
        assert!(matches!(embedded.sign(&sign), Reply::Ok(Answer::Sign(Signed::Raised(_)))));
    }
}
