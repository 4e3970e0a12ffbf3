//! The port as the suite meets it: which operations it has, what it decides for itself, and how a call becomes one of its own.

use rust_port::{Refusal, Signer};
use sessionproof::{
    adapter::Implementation,
    config::{Config, Digest, FallbackTextChoice, KeyDerivation},
    protocol::{Choices, Hello, Reply, Sign, Signed, Verified, Verify},
    value::plain,
};

pub struct Port(Hello);

impl Port {
    pub fn new() -> Self {
        let choices = serde_json::json!({
            "base64": "strict", "compression": "never", "fallback_text": "refuse", "odd_payload": "reject",
            "timestamp_range": "reject",
        });
        let choices: Choices = serde_json::from_value(choices).expect("these are choices of the protocol");
        Self(Hello { choices, ..Hello::new("rust-port", ["sign", "verify"]) })
    }
}

impl Implementation for Port {
    fn hello(&self) -> &Hello {
        &self.0
    }

    fn sign(&self, call: &Sign) -> Reply {
        let (Some(signer), Some(session)) = (signer(&call.config), plain::to_json(&call.session)) else {
            return Reply::Unsupported("other digests and key derivations than Flask's".to_owned());
        };
        match u64::try_from(call.now.seconds()).ok().and_then(|now| signer.sign(&session, now)) {
            Some(cookie) => Signed::Cookie(cookie).into(),
            None => Signed::Raised("there is no secret key".to_owned()).into(),
        }
    }

    fn verify(&self, call: &Verify) -> Reply {
        let Some(signer) = signer(&call.config) else {
            return Reply::Unsupported("other digests and key derivations than Flask's".to_owned());
        };
        if call.config.lifetime.max_age().is_none() && call.config.signing_key().is_some() && !call.cookie.is_empty() {
            return Verified::Raised("the lifetime is beyond the calendar".to_owned()).into();
        }
        let Ok(now) = u64::try_from(call.now.seconds()) else { return Verified::Rejected(None).into() };
        match signer.verify(&call.cookie, now) {
            Ok(session) => Verified::Accepted(plain::from_json(session)).into(),
            Err(Refusal::Rejected) => Verified::Rejected(None).into(),
            Err(Refusal::OnlyPython) => Reply::Unsupported("JSON that only Python reads".to_owned()),
            Err(Refusal::Tagged(tag)) => Reply::Unsupported(format!("values with the tag {tag:?}")),
        }
    }
}

fn signer(config: &Config) -> Option<Signer> {
    let is_flasks = config.digest == Digest::Sha1 && config.key_derivation == KeyDerivation::Hmac;
    let secrets = config.verifying_keys(FallbackTextChoice::Refuse);
    is_flasks.then(|| Signer::new(&secrets, &config.salt, config.lifetime.max_age().unwrap_or_default()))
}
