//! Cookie values: their parts, base64, keys and signatures.

use crate::{
    config::{Config, Digest, FallbackTextChoice, Fallbacks, KeyDerivation},
    protocol::Base64Choice,
};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

/// The parts of a cookie value, split at its last two dots (`SIG-1`). What is signed may lack a dot.
#[derive(Clone, Copy)]
pub(in super::super) struct Parts<'a> {
    pub x: &'a [u8],
    pub p: Option<&'a [u8]>,
    pub t: Option<&'a [u8]>,
    pub g: &'a [u8],
}

impl<'a> Parts<'a> {
    pub fn of(value: &'a str) -> Option<Self> {
        let (x, g) = at_last_dot(value.as_bytes())?;
        let (p, t) = at_last_dot(x).unzip();
        Some(Self { x, p, t, g })
    }
}

fn at_last_dot(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().rposition(|byte| *byte == b'.')?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// `b64(b)`.
pub(in super::super) fn b64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(URL_SAFE[(bits >> (18 - 6 * place)) as usize & 63]));
        }
    }
    text
}

/// `base64(b)`, without the quotes of a JSON string.
pub(in super::super) fn standard_base64(bytes: &[u8]) -> String {
    let mut text = b64(bytes).replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// `unb64(z)` under the declared choice (`SIG-7`).
pub(in super::super) fn unb64(part: &[u8], choice: Base64Choice) -> Option<Vec<u8>> {
    let mut padded = part.to_vec();
    padded.resize(part.len().next_multiple_of(4), b'=');
    let plain: Vec<u8> = padded
        .into_iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    let bytes = python(&plain)?;
    (choice == Base64Choice::Lenient || b64(&bytes).as_bytes() == part).then_some(bytes)
}

/// Steps 3 and 4 of lenient reading.
pub(in super::super) fn python(text: &[u8]) -> Option<Vec<u8>> {
    let (mut bits, mut q, mut pads) = (Vec::new(), 0, 0);
    for byte in text {
        let sextet = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if q >= 2 => {
                pads += 1;
                if q + pads >= 4 {
                    return Some(whole_bytes(&bits));
                }
                continue;
            }
            _ => continue,
        };
        pads = 0;
        q = (q + 1) % 4;
        bits.extend((0..6).rev().map(|place| sextet >> place & 1));
    }
    (q == 0).then(|| whole_bytes(&bits))
}

fn whole_bytes(bits: &[u8]) -> Vec<u8> {
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | bit)).collect()
}

/// `canonical` of a part: `z = b64(unb64(z))`.
pub(in super::super) fn is_canonical(part: &[u8]) -> bool {
    unb64(part, Base64Choice::Strict).is_some()
}

/// `be(n)`.
pub(in super::super) fn be(number: u64) -> Vec<u8> {
    number.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

/// The integer that a timestamp stands for (`SIG-4`).
pub(in super::super) fn timestamp(part: &[u8], choice: Base64Choice) -> Option<u64> {
    let bytes = unb64(part, choice)?;
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// `F` (`KEY-4`).
pub(in super::super) fn fallbacks(config: &Config, choice: FallbackTextChoice) -> Vec<Vec<u8>> {
    match (&config.fallback_keys, choice) {
        (None, _) => Vec::new(),
        (Some(Fallbacks::Keys(keys)), _) => keys.iter().map(|key| key.as_bytes().to_vec()).collect(),
        (Some(Fallbacks::Text(text)), FallbackTextChoice::Whole) if !text.is_empty() => vec![text.as_bytes().to_vec()],
        (Some(Fallbacks::Text(text)), FallbackTextChoice::Letters) => {
            text.chars().map(|letter| letter.to_string().into_bytes()).collect()
        }
        (Some(Fallbacks::Text(_)), _) => Vec::new(),
    }
}

/// `key(s)` (`KEY-7`).
pub(in super::super) fn key(config: &Config, secret: &[u8]) -> Vec<u8> {
    let salt = config.salt.as_bytes();
    match config.key_derivation {
        KeyDerivation::Hmac => hmac(config.digest, secret, salt),
        KeyDerivation::Concat => hash(config.digest, &[salt, secret].concat()),
        KeyDerivation::DjangoConcat => hash(config.digest, &[salt, b"signer", secret].concat()),
        KeyDerivation::None => secret.to_vec(),
    }
}

/// `H(m)`.
fn hash(digest: Digest, message: &[u8]) -> Vec<u8> {
    match digest {
        Digest::Sha1 => Sha1::digest(message).to_vec(),
        Digest::Sha224 => Sha224::digest(message).to_vec(),
        Digest::Sha256 => Sha256::digest(message).to_vec(),
        Digest::Sha384 => Sha384::digest(message).to_vec(),
        Digest::Sha512 => Sha512::digest(message).to_vec(),
    }
}

/// `HMAC(k, m)`.
pub(in super::super) fn hmac(digest: Digest, key: &[u8], message: &[u8]) -> Vec<u8> {
    fn of<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
        // HMAC takes keys of every length.
        let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return Vec::new() };
        mac.update(message);
        mac.finalize().into_bytes().to_vec()
    }
    match digest {
        Digest::Sha1 => of::<Hmac<Sha1>>(key, message),
        Digest::Sha224 => of::<Hmac<Sha224>>(key, message),
        Digest::Sha256 => of::<Hmac<Sha256>>(key, message),
        Digest::Sha384 => of::<Hmac<Sha384>>(key, message),
        Digest::Sha512 => of::<Hmac<Sha512>>(key, message),
    }
}
