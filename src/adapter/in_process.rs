//! Implementations that are types of this crate, in process.

use super::{CallError, Implementation};
use crate::{
    config::Config,
    model,
    protocol::{
        Base64Choice, Capabilities, Choices, Exchange, Op, ReasonsChoice, Response, Sign, SignOutcome, Story,
        StoryAnswer, ValueKind, Verify, VerifyOutcome,
        story::{StoreClock, StoreState, StoryOffer},
    },
    verifier::{self, Verifier},
};
use std::sync::{Arc, Mutex, PoisonError};

/// The model itself as an implementation: what conforms by definition, and the yardstick of the suite's own tests.
#[derive(Debug)]
pub struct Model {
    capabilities: Capabilities,
}

impl Model {
    /// The model with some choices.
    pub fn new(choices: Choices) -> Self {
        let mut capabilities = capabilities("model", [Op::Exchange, Op::Sign, Op::Story, Op::Verify], choices);
        capabilities.story = Some(stories_of_model());
        Self { capabilities }
    }
}

impl Default for Model {
    /// The model as Flask chooses, giving its reasons.
    fn default() -> Self {
        Self::new(Choices { reasons: ReasonsChoice::Typed, ..Choices::default() })
    }
}

impl Implementation for Model {
    fn capabilities(&self) -> Capabilities {
        self.capabilities.clone()
    }

    fn verify(&self, call: &Verify) -> Result<VerifyOutcome, CallError> {
        Ok(model::server::verify(call, &self.capabilities.choices))
    }

    fn sign(&self, call: &Sign) -> Result<SignOutcome, CallError> {
        Ok(model::server::sign(call, &self.capabilities.choices))
    }

    fn exchange(&self, call: &Exchange) -> Result<Response, CallError> {
        Ok(model::server::exchange(call, &self.capabilities.choices))
    }

    fn story(&self, call: &Story) -> Result<StoryAnswer, CallError> {
        Ok(model::store::answer(call, &self.capabilities.choices))
    }
}

/// This crate's [`Verifier`] as an implementation: what is under test when nothing else is named. It offers `verify` and `sign`.
#[derive(Debug)]
pub struct BuiltInVerifier {
    capabilities: Capabilities,
    made: Mutex<Vec<Made>>,
}

/// A verifier with the configuration that it was made for. The configuration is kept alive, so that no other takes its
/// address.
#[derive(Debug)]
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
        Self {
            capabilities: capabilities("sessionproof verifier", [Op::Sign, Op::Verify], choices),
            made: Mutex::default(),
        }
    }

    /// The verifier for a configuration, made once for each; the one that was made first goes when there are too many.
    fn verifier(&self, config: &Arc<Config>) -> Result<Arc<Verifier>, verifier::Error> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.iter().rfind(|known| Arc::ptr_eq(&known.config, config)) {
            return known.verifier.clone();
        }
        let verifier = Verifier::new(config).map(|verifier| match self.capabilities.choices.base64 {
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
    fn capabilities(&self) -> Capabilities {
        self.capabilities.clone()
    }

    fn verify(&self, call: &Verify) -> Result<VerifyOutcome, CallError> {
        // Without a key no signature is good, and reading an empty session is no error (`KEY-5`).
        let Ok(verifier) = self.verifier(&call.config) else {
            return Ok(VerifyOutcome::Rejected(verifier::Error::Signature.reason()));
        };
        Ok(match verifier.load(&call.cookie, call.now) {
            Ok(session) => VerifyOutcome::Accepted(session),
            Err(error) => match error.reason() {
                None => VerifyOutcome::Raised(error.to_string()),
                reason => VerifyOutcome::Rejected(reason),
            },
        })
    }

    fn sign(&self, call: &Sign) -> Result<SignOutcome, CallError> {
        let signed = self.verifier(&call.config).and_then(|verifier| verifier.sign(&call.session, call.now));
        Ok(match signed {
            Ok(cookie) => SignOutcome::Cookie(cookie),
            Err(error) => SignOutcome::Raised(error.to_string()),
        })
    }
}

/// What the model of stores offers: everything.
pub(crate) fn stories_of_model() -> StoryOffer {
    use StoreState::{Down, Emptied, Full, Restarted, Up};
    StoryOffer {
        store: "the model's own".to_owned(),
        clock: StoreClock::Held,
        states: vec![Emptied, Full, Down, Up, Restarted],
        regenerate: true,
    }
}

/// What an implementation in this crate says of itself: every kind of value, and some operations.
pub(crate) fn capabilities<const N: usize>(name: &str, ops: [Op; N], choices: Choices) -> Capabilities {
    Capabilities::new(name).version(env!("CARGO_PKG_VERSION")).operations(ops).values(ValueKind::ALL).choices(choices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixTime;

    fn read(embedded: &BuiltInVerifier, config: &Arc<Config>) -> Result<VerifyOutcome, CallError> {
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
        assert_eq!(read(&embedded, &config), Ok(VerifyOutcome::Rejected(verifier::Error::Signature.reason())));
        let sign = Sign { config, now: UnixTime::from_seconds(0), session: Default::default() };
        assert!(matches!(embedded.sign(&sign), Ok(SignOutcome::Raised(_))));
    }
}
