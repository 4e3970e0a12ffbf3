//! Keyed hash states: everything of an HMAC that depends on the key alone is computed once, when a verifier is made.
//!
//! What is left for each cookie is the hash of its own bytes and one more block. Knows nothing of cookies.

use super::hmac_sha1::{self, Message};
use crate::config::{Config, Digest, KeyDerivation};
use ctutils::CtEq;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

/// The HMAC states of one signing key.
#[derive(Clone)]
pub(super) enum Keyed {
    Sha1(hmac_sha1::Key),
    Sha224(Hmac<Sha224>),
    Sha256(Hmac<Sha256>),
    Sha384(Box<Hmac<Sha384>>),
    Sha512(Box<Hmac<Sha512>>),
}

/// Does the same with the state of whichever digest of the SHA-2 family it is.
macro_rules! with_state {
    ($keyed:expr, $key:ident => $sha1:expr, $state:ident => $body:expr) => {
        match $keyed {
            Keyed::Sha1($key) => $sha1,
            Keyed::Sha224($state) => $body,
            Keyed::Sha256($state) => $body,
            // The state in the box: a clone of the box would be an allocation.
            Keyed::Sha384(state) => {
                let $state = &**state;
                $body
            }
            Keyed::Sha512(state) => {
                let $state = &**state;
                $body
            }
        }
    };
}

impl Keyed {
    /// The states for the signing key that the configuration derives from a secret key (`KEY-1`, `KEY-7`).
    pub(super) fn derive(config: &Config, secret: &[u8]) -> Option<Self> {
        let (digest, salt) = (config.digest, config.salt.as_bytes());
        match config.key_derivation {
            KeyDerivation::Concat => Self::new(digest, &hash(digest, &[salt, secret])),
            KeyDerivation::DjangoConcat => Self::new(digest, &hash(digest, &[salt, b"signer", secret])),
            KeyDerivation::Hmac => Self::new(digest, &Self::new(digest, secret)?.sign(salt)),
            KeyDerivation::None => Self::new(digest, secret),
        }
    }

    /// The states for a key as it is. HMAC takes keys of every length, so there always are some.
    fn new(digest: Digest, key: &[u8]) -> Option<Self> {
        Some(match digest {
            Digest::Sha1 => Self::Sha1(hmac_sha1::Key::new(key)),
            Digest::Sha224 => Self::Sha224(Hmac::new_from_slice(key).ok()?),
            Digest::Sha256 => Self::Sha256(Hmac::new_from_slice(key).ok()?),
            Digest::Sha384 => Self::Sha384(Box::new(Hmac::new_from_slice(key).ok()?)),
            Digest::Sha512 => Self::Sha512(Box::new(Hmac::new_from_slice(key).ok()?)),
        })
    }

    /// Whether the bytes are the signature of the message: the whole of it, compared in constant time (`SIG-10`).
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        with_state!(
            self,
            key => {
                let message = Message::new(message, message.len());
                hmac_sha1::words(signature).is_some_and(|signature| key.mac(&message).ct_eq(&signature).to_bool())
            },
            state => state.clone().chain_update(message).verify_slice(signature).is_ok()
        )
    }

    /// The states of SHA-1; none for another digest, which makes no signature of that length.
    pub(super) fn sha1(&self) -> Option<&hmac_sha1::Key> {
        match self {
            Self::Sha1(key) => Some(key),
            _ => None,
        }
    }

    /// The signature of a message.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        with_state!(
            self,
            key => hmac_sha1::bytes(&key.mac(&Message::new(message, message.len()))).to_vec(),
            state => state.clone().chain_update(message).finalize().into_bytes().to_vec()
        )
    }
}

/// The length of a signature in bytes.
pub(super) fn length(digest: Digest) -> usize {
    match digest {
        Digest::Sha1 => Sha1::output_size(),
        Digest::Sha224 => Sha224::output_size(),
        Digest::Sha256 => Sha256::output_size(),
        Digest::Sha384 => Sha384::output_size(),
        Digest::Sha512 => Sha512::output_size(),
    }
}

fn hash(digest: Digest, parts: &[&[u8]]) -> Vec<u8> {
    fn of<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
        parts.iter().fold(D::new(), |state, part| state.chain_update(part)).finalize().to_vec()
    }
    match digest {
        Digest::Sha1 => of::<Sha1>(parts),
        Digest::Sha224 => of::<Sha224>(parts),
        Digest::Sha256 => of::<Sha256>(parts),
        Digest::Sha384 => of::<Sha384>(parts),
        Digest::Sha512 => of::<Sha512>(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_serves_many_messages_and_takes_no_part_of_a_signature() {
        for digest in [Digest::Sha1, Digest::Sha224, Digest::Sha256, Digest::Sha384, Digest::Sha512] {
            let keyed = Keyed::derive(&Config { digest, ..Config::default() }, b"key").unwrap();
            let (one, two) = (keyed.sign(b"one"), keyed.sign(b"two"));
            assert_eq!(one.len(), length(digest));
            assert!(keyed.verify(b"one", &one) && keyed.verify(b"two", &two));
            assert!(!keyed.verify(b"one", &two));
            assert!(!keyed.verify(b"one", &one[..one.len() - 1]));
            assert!(!keyed.verify(b"one", &[]));
        }
    }

    #[test]
    fn hmac_answers_as_rfc_2202_and_rfc_4231_say() {
        let hex = |bytes: Vec<u8>| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let message = b"what do ya want for nothing?";
        let sha1 = Keyed::new(Digest::Sha1, b"Jefe").unwrap().sign(message);
        assert_eq!(hex(sha1), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        let sha256 = Keyed::new(Digest::Sha256, b"Jefe").unwrap().sign(message);
        assert_eq!(hex(sha256), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
