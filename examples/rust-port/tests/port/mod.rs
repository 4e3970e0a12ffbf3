//! The port as the suite meets it: which operations it has, what it decides for itself, and how a call becomes one of its own.

use rust_port::{Refusal, Signer};
use sessionproof::{
    CallError, Capabilities, Choices, Config, Implementation, SignOutcome, VerifyOutcome,
    config::{Digest, FallbackTextChoice, KeyDerivation},
    protocol::{Base64Choice, CompressionChoice, OnInvalid, Sign, Verify},
    value::plain,
};

pub struct Port;

impl Implementation for Port {
    fn capabilities(&self) -> Capabilities {
        let choices = Choices::default()
            .base64(Base64Choice::Strict)
            .compression(CompressionChoice::Never)
            .fallback_text(FallbackTextChoice::Refuse)
            .odd_payload(OnInvalid::Reject)
            .timestamp_range(OnInvalid::Reject);
        Capabilities::new("rust-port").choices(choices)
    }

    fn sign(&self, call: &Sign) -> Result<SignOutcome, CallError> {
        let signer = signer(&call.config)?;
        let session = plain::to_json(&call.session).ok_or_else(|| CallError::unsupported("values beyond JSON"))?;
        let now = u64::try_from(call.now.seconds()).ok();
        Ok(match now.and_then(|now| signer.sign(&session, now)) {
            Some(cookie) => SignOutcome::Cookie(cookie),
            None => SignOutcome::Raised("there is no secret key".to_owned()),
        })
    }

    fn verify(&self, call: &Verify) -> Result<VerifyOutcome, CallError> {
        let signer = signer(&call.config)?;
        if call.config.lifetime.max_age().is_none() && call.config.signing_key().is_some() && !call.cookie.is_empty() {
            return Ok(VerifyOutcome::Raised("the lifetime is beyond the calendar".to_owned()));
        }
        let Ok(now) = u64::try_from(call.now.seconds()) else { return Ok(VerifyOutcome::Rejected(None)) };
        match signer.verify(&call.cookie, now) {
            Ok(session) => Ok(VerifyOutcome::Accepted(plain::from_json(session))),
            Err(Refusal::Rejected) => Ok(VerifyOutcome::Rejected(None)),
            Err(Refusal::OnlyPython) => Err(CallError::unsupported("JSON that only Python reads")),
            Err(Refusal::Tagged(tag)) => Err(CallError::unsupported(format!("values with the tag {tag:?}"))),
        }
    }
}

fn signer(config: &Config) -> Result<Signer, CallError> {
    if config.digest != Digest::Sha1 || config.key_derivation != KeyDerivation::Hmac {
        return Err(CallError::unsupported("other digests and key derivations than Flask's"));
    }
    let secrets = config.verifying_keys(FallbackTextChoice::Refuse);
    Ok(Signer::new(&secrets, &config.salt, config.lifetime.max_age().unwrap_or_default()))
}
