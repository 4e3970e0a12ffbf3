//! The cookies that are measured: sessions of the sizes that applications have, the same in each run.

use crate::{
    clock::UnixTime,
    config::Config,
    model::{payload, signing},
    protocol::{Choices, CompressionChoice},
    value::{Map, Value},
};

/// When every cookie was signed.
pub const SIGNED: UnixTime = UnixTime::from_seconds(1_700_000_000);

/// When every cookie is read.
pub const NOW: UnixTime = SIGNED.plus_seconds(60);

/// A session and its cookie.
#[derive(Clone, Debug)]
pub struct Shape {
    /// In a word.
    pub name: &'static str,
    /// What the cookie holds.
    pub session: Map,
    /// The cookie's value.
    pub cookie: String,
}

impl Shape {
    /// How many bytes are signed.
    pub fn signed(&self) -> usize {
        self.cookie.rfind('.').unwrap_or_default()
    }

    /// How many compressions of SHA-1 one signature takes, when the key's own were done before.
    pub fn blocks(&self) -> usize {
        (self.signed() + 9).div_ceil(64) + 1
    }

    /// The cookie with another signature in its canonical spelling.
    pub fn with_another_signature(&self) -> String {
        let mut cookie = self.cookie.clone();
        let at = self.signed() + 1;
        let other = if self.cookie[at..].starts_with('A') { "B" } else { "A" };
        cookie.replace_range(at..=at, other);
        cookie
    }
}

/// The configuration that all of them are signed for: Flask's defaults.
pub fn config() -> Config {
    Config::with_key("development key")
}

/// Every shape, the smallest first.
pub fn all() -> Vec<Shape> {
    let zlib = CompressionChoice::Zlib;
    let of = [
        ("tiny", tiny(), zlib),
        ("csrf", csrf(), zlib),
        ("login", login(), zlib),
        // As an implementation that never compresses writes it, near the size that user agents still take.
        ("large", large(), CompressionChoice::Never),
        ("compressed", large(), zlib),
    ];
    of.into_iter().filter_map(|(name, session, compression)| shape(name, session, compression)).collect()
}

fn shape(name: &'static str, session: Map, compression: CompressionChoice) -> Option<Shape> {
    let config = config();
    let payload = payload::write(&session, &Choices { compression, ..Choices::default() }).ok()?;
    let cookie = signing::sign(&payload, config.signing_key()?, &config, SIGNED).ok()?;
    Some(Shape { name, session, cookie })
}

fn tiny() -> Map {
    [("_permanent", Value::Bool(true)), ("user_id", Value::int(42))].into_iter().collect()
}

/// What Flask-WTF leaves in a session.
fn csrf() -> Map {
    [("csrf_token", Value::Text(hexadecimal(40, 0).into()))].into_iter().collect()
}

/// What Flask-Login leaves in a session.
fn login() -> Map {
    [
        ("_fresh", Value::Bool(true)),
        ("_id", Value::Text(hexadecimal(128, 0).into())),
        ("_permanent", Value::Bool(true)),
        ("_user_id", Value::Text(hexadecimal(32, 1).into())),
    ]
    .into_iter()
    .collect()
}

/// Many keys and values.
fn large() -> Map {
    let tokens = (0..54).map(|i| (Value::Text(format!("k{i:02}").into()), Value::Text(noise(36, i).into())));
    tokens.collect()
}

fn hexadecimal(length: usize, seed: u64) -> String {
    random(seed).take(length).map(|number| format!("{:x}", number >> 60)).collect()
}

fn noise(length: usize, seed: u64) -> String {
    random(seed).take(length).map(|number| char::from(b'#' + (number >> 57) as u8 % 0x39)).collect()
}

/// Numbers without a pattern, the same in each run.
fn random(seed: u64) -> impl Iterator<Item = u64> {
    let step = |n: &u64| Some(n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    std::iter::successors(Some(seed.wrapping_add(0x9E37_79B9_7F4A_7C15)), step).skip(3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verifier::{Error, Verifier};

    #[test]
    fn every_shape_is_read_back_and_its_spoiled_signature_is_refused() {
        let verifier = Verifier::new(&config()).unwrap();
        let shapes = all();
        assert_eq!(shapes.iter().map(|s| s.name).collect::<Vec<_>>(), ["tiny", "csrf", "login", "large", "compressed"]);
        for shape in shapes {
            assert_eq!(verifier.load(&shape.cookie, NOW).as_ref(), Ok(&shape.session), "{}", shape.name);
            assert_eq!(verifier.verify(&shape.with_another_signature(), NOW), Err(Error::Signature), "{}", shape.name);
        }
    }
}
