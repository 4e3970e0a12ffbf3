//! Proofs of knowing the secret key: the one that a request carries, the one that an answer must carry, and the encryption of the
//! Cookie header.
//!
//! Each purpose has its own key, derived from the secret key, and none of these keys signs sessions. It does not know what is
//! asked or answered.

use super::AdapterError;
use crate::{config::Digest, model::signing::mac};
use ctutils::CtEq;
use std::fmt::Write;

/// The header that proves to the probe that we know the secret key.
pub(super) const CREDENTIALS: &str = "Sessionproof-Probe";
/// The header that proves to us that the server knows it.
pub(super) const PROOF: &str = "Sessionproof-Proof";
/// Bytes in a block of a sealed header: those of a SHA-256.
const BLOCK: usize = 32;

/// The keys that are derived from the secret key.
pub(super) struct Proofs {
    request: Vec<u8>,
    answer: Vec<u8>,
    cookie: Vec<u8>,
}

/// A number that no other request has, in hexadecimal.
pub(super) struct Nonce(String);

impl Nonce {
    /// A new one, from the system's random numbers.
    pub(super) fn new() -> Result<Self, AdapterError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| AdapterError {
            message: format!("the system gives no random numbers: {error}"),
            hint: "a request without one could be sent again by others".to_owned(),
        })?;
        Ok(Self(hex(&bytes)))
    }
}

impl Proofs {
    pub(super) fn new(secret_key: &[u8]) -> Self {
        let derive = |purpose: &str| mac(Digest::Sha256, secret_key, &[b"sessionproof probe 2 ", purpose.as_bytes()]);
        Self { request: derive("request"), answer: derive("answer"), cookie: derive("cookie") }
    }

    /// The value of the header that proves knowledge of the secret key, for this body, at this time (Unix seconds) and once.
    pub(super) fn credentials(&self, time: i64, Nonce(nonce): &Nonce, body: &[u8]) -> String {
        let hash = hex(&sha256(body));
        let proof = hex(&mac(Digest::Sha256, &self.request, &[format!("{time}\n{nonce}\n{hash}").as_bytes()]));
        format!("t={time},n={nonce},h={hash},mac={proof}")
    }

    /// Whether the sender of an answer to the request with this nonce has the secret key.
    pub(super) fn is_proved(&self, Nonce(nonce): &Nonce, status: u16, body: &[u8], proof: &str) -> bool {
        let right = mac(Digest::Sha256, &self.answer, &[format!("{nonce}\n{status}\n").as_bytes(), body]);
        hex(&right).as_bytes().ct_eq(proof.as_bytes()).into()
    }

    /// A Cookie header's bytes, encrypted for the owner of the secret key: a stream cipher made of HMAC-SHA256 in counter mode.
    /// The request's own proof says that nobody changed it.
    pub(super) fn seal(&self, Nonce(nonce): &Nonce, header: &[u8]) -> Vec<u8> {
        let pad = |number| mac(Digest::Sha256, &self.cookie, &[format!("{nonce}\n{number}").as_bytes()]);
        let blocks = header.chunks(BLOCK).enumerate();
        blocks
            .flat_map(|(number, block)| block.iter().zip(pad(number)).map(|(a, b)| a ^ b).collect::<Vec<_>>())
            .collect()
    }
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "000102030405060708090a0b0c0d0e0f";

    /// What Python's `hmac` says of the same, so that both sides of the protocol keep to one page.
    #[test]
    fn proofs_are_those_of_the_page() {
        let (proofs, nonce) = (Proofs::new(b"key"), Nonce(NONCE.to_owned()));
        assert_eq!(
            proofs.credentials(1_764_000_000, &nonce, b"{}"),
            "t=1764000000,n=000102030405060708090a0b0c0d0e0f,\
             h=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a,\
             mac=64b905c362be01db8882a347b100ecd03af019da0eb9cc16151854a495221d9e"
        );
        let right = "ca02ab6a1352c02e5cf092b8b88d793c9c57d5bbaa988ebdd1f9f43a05b448e8";
        assert!(proofs.is_proved(&nonce, 200, b"{}", right));
        assert_eq!(
            hex(&proofs.seal(&nonce, b"session=a.b.c; other cookies and more")),
            "6b685e5d429ba802eaecd1b497f29822e1ad8575fad109cc0c631c910dd356ea23ca11b4ec"
        );
    }

    #[test]
    fn an_answer_to_another_question_or_with_another_status_or_body_is_not_proved() {
        let (proofs, nonce) = (Proofs::new(b"key"), Nonce(NONCE.to_owned()));
        let right = hex(&mac(Digest::Sha256, &proofs.answer, &[NONCE.as_bytes(), b"\n200\n", b"{}"]));
        assert!(proofs.is_proved(&nonce, 200, b"{}", &right));
        let other = Nonce("f".repeat(32));
        assert!(!proofs.is_proved(&other, 200, b"{}", &right));
        assert!(!proofs.is_proved(&nonce, 201, b"{}", &right));
        assert!(!proofs.is_proved(&nonce, 200, b"{ }", &right));
        assert!(!Proofs::new(b"another key").is_proved(&nonce, 200, b"{}", &right));
        for wrong in ["", "0", &right[1..], &right.to_uppercase(), &format!("{right}0")] {
            assert!(!proofs.is_proved(&nonce, 200, b"{}", wrong), "{wrong}");
        }
    }

    #[test]
    fn nonces_differ_and_what_is_sealed_twice_looks_different() {
        let (proofs, a, b) = (Proofs::new(b"key"), Nonce::new().unwrap(), Nonce::new().unwrap());
        assert_ne!(a.0, b.0);
        let header = [b'x'; 100];
        assert_ne!(proofs.seal(&a, &header), proofs.seal(&b, &header));
        assert_eq!(proofs.seal(&a, &proofs.seal(&a, &header)), header);
    }
}
