//! Cookie values: good ones at every age, and every way to spoil them.

use super::{payloads, settings, sizes::Sizes, strategies::text_in, values};
use crate::{
    clock::UnixTime,
    config::{Config, Digest, FallbackTextChoice, Key, KeyDerivation},
    cookie_text::{self, Parts},
    model::{base64, payload, signing},
    protocol::{Call, Choices, Verify},
    value::{Map, Value},
};
use proptest::{
    prelude::*,
    sample::{Index, select},
};
use std::sync::Arc;

/// The cookie of a session, signed by a key of the configuration that need not be the current one. Empty when it cannot be.
pub fn signed(session: &Map, key: &[u8], config: &Config, at: UnixTime) -> String {
    payload::write(session, &Choices::default())
        .and_then(|payload| signing::sign(&payload, key, config, at))
        .unwrap_or_default()
}

/// A cookie for `payload`, signed by the current key, whatever the payload is.
pub fn forged(payload: &str, config: &Config, at: UnixTime) -> String {
    signing::sign(payload, config.signing_key().unwrap_or_default(), config, at).unwrap_or_default()
}

/// A good cookie read at an age around its lifetime, signed by the current or a fallback key. Some cookies come again and again
/// at other ages, since what was decided once may be remembered wrongly.
pub fn aged(configs: BoxedStrategy<Arc<Config>>, sizes: &Sizes) -> BoxedStrategy<Call> {
    let fresh = (settings::instant(), values::session(sizes), any::<Index>());
    let any_cookie = (configs.clone(), fresh)
        .prop_flat_map(|(config, fresh)| {
            let age = settings::age(config.lifetime);
            (Just(config), Just(fresh), age)
        })
        .prop_map(|(config, (now, session, which), age)| {
            let at = UnixTime::from_seconds((now.seconds() - age).max(0));
            let cookie = signed_by_any(&session, which, &config, at);
            Call::Verify(Verify { config, now, cookie })
        });
    let same_cookie =
        configs.prop_flat_map(|config| (settings::age(config.lifetime), Just(config))).prop_map(|(age, config)| {
            let cookie = signed(&user(), config.signing_key().unwrap_or_default(), &config, KNOWN);
            let now = UnixTime::from_seconds((KNOWN.seconds() + age).max(0));
            Call::Verify(Verify { config, now, cookie })
        });
    prop_oneof![4 => any_cookie, 1 => same_cookie].boxed()
}

/// A cookie of the current key, read in the second in which it was signed.
pub fn fresh(configs: BoxedStrategy<Arc<Config>>, sessions: BoxedStrategy<Map>) -> BoxedStrategy<Call> {
    (configs, 1_500_000_000i64..1_900_000_000, sessions)
        .prop_map(|(config, second, session)| {
            let now = UnixTime::from_seconds(second);
            let cookie = signed(&session, config.signing_key().unwrap_or_default(), &config, now);
            Call::Verify(Verify { config, now, cookie })
        })
        .boxed()
}

/// When the cookies were signed that come again.
const KNOWN: UnixTime = UnixTime::from_seconds(1_700_000_000);

fn user() -> Map {
    [("user", Value::int(1))].into_iter().collect()
}

/// Signed by one of the keys that verify.
pub fn signed_by_any(session: &Map, which: Index, config: &Config, at: UnixTime) -> String {
    let keys = config.verifying_keys(FallbackTextChoice::Letters);
    let key = keys.get(which.index(keys.len().max(1))).cloned().unwrap_or_default();
    signed(session, &key, config, at)
}

/// A good cookie with one change that makes it another text.
pub fn spoiled(configs: BoxedStrategy<Arc<Config>>, sizes: &Sizes) -> BoxedStrategy<Call> {
    (configs, settings::instant(), values::session(sizes), spoil())
        .prop_map(|(config, now, session, spoil)| {
            let good = signed(&session, config.signing_key().unwrap_or_default(), &config, now);
            Call::Verify(Verify { cookie: spoil.apply(&good, &config, now), config, now })
        })
        .boxed()
}

/// A good cookie in another spelling of the same bytes.
pub fn respell_cookie(configs: BoxedStrategy<Arc<Config>>, sizes: &Sizes) -> BoxedStrategy<Call> {
    (configs, settings::instant(), values::session(sizes), respell())
        .prop_map(|(config, now, session, spoil)| {
            let good = signed(&session, config.signing_key().unwrap_or_default(), &config, now);
            Call::Verify(Verify { cookie: spoil.apply(&good, &config, now), config, now })
        })
        .boxed()
}

/// A cookie whose payload is one of these, and whose signature is good.
pub fn carrying(configs: BoxedStrategy<Arc<Config>>, payloads: BoxedStrategy<String>) -> BoxedStrategy<Call> {
    (configs, settings::instant(), payloads)
        .prop_map(|(config, now, payload)| Call::Verify(Verify { cookie: forged(&payload, &config, now), config, now }))
        .boxed()
}

/// Every cookie that is one character away from a good one: at each position some characters and those of one other bit, or
/// none; and the good one cut off there.
pub fn one_character_edits(config: &Arc<Config>, session: &Map, now: UnixTime) -> Vec<Call> {
    let good = signed(session, config.signing_key().unwrap_or_default(), config, now);
    let mut cookies = Vec::new();
    for (at, there) in good.char_indices() {
        let (head, tail) = (&good[..at], &good[at + there.len_utf8()..]);
        let flipped = (0..8).filter_map(|bit| char::from_u32(u32::from(there) ^ (1 << bit)));
        let others =
            ['A', 'B', 'g', 'w', '9', '-', '_', '.', '=', '!', '+'].into_iter().filter(|other| *other != there);
        cookies.extend(others.chain(flipped).map(|other| format!("{head}{other}{tail}")));
        cookies.extend([format!("{head}{tail}"), head.to_owned()]);
    }
    let call = |cookie| Call::Verify(Verify { config: config.clone(), now, cookie });
    cookies.into_iter().map(call).collect()
}

/// One way to spoil a cookie.
#[derive(Clone, Debug)]
enum Spoil {
    /// Something behind it.
    Append(String),
    /// One bit of the text.
    Bit(Index, u8),
    /// One bit of the bytes that a part stands for: payload, timestamp, signature.
    BitOfPart(usize, Index, u8),
    /// Another case of a letter.
    Case(Index),
    /// A separator too many.
    Double(Doubled),
    /// Signed otherwise than configured.
    Foreign(Foreign),
    /// A character more.
    Insert(Index, char),
    /// Another payload, well signed.
    Payload(String),
    /// Cut off.
    Prefix(Index),
    /// The payload, or all of it, encoded once more or otherwise.
    Reencode(Reencoded),
    /// Another character.
    Replace(Index, char),
    /// Another spelling of a part's bytes.
    Respell(usize, &'static str),
    /// Parts of two good cookies: of this one, and of one that is so much older.
    Splice(Spliced, i64),
    /// The beginning cut off.
    Suffix(Index),
    /// Payload and timestamp in each other's place.
    SwapParts,
    /// A timestamp of any bytes, well signed.
    Timestamp(Vec<u8>),
}

#[derive(Clone, Copy, Debug)]
enum Doubled {
    AfterPayload,
    AfterTimestamp,
    AtEnd,
    AtStart,
    SignedAfterPayload,
    SignedAtStart,
}

#[derive(Clone, Debug)]
enum Foreign {
    Derivation(KeyDerivation),
    Digest(Digest),
    Key(Key),
    Salt(&'static str),
}

#[derive(Clone, Copy, Debug)]
enum Reencoded {
    /// The payload compressed, or no longer compressed, under the old signature.
    Compressed,
    /// The same, signed again.
    CompressedAndSigned,
    /// Percent signs instead of the dots.
    Percent,
    /// The payload's text with blanks around it, signed.
    Spaced,
    /// The payload in base64 once more, signed.
    Twice,
}

#[derive(Clone, Copy, Debug)]
enum Spliced {
    /// The other's head up to a place, this one's tail from there.
    At(Index),
    /// The other's payload.
    Payload,
    /// The other's signature.
    Signature,
    /// The other's timestamp.
    Timestamp,
}

/// Salts that other signers use, or that are almost Flask's.
pub const FOREIGN_SALTS: [&str; 6] =
    ["cookie-session ", "cookie_session", "cookie-sessionsigner", "itsdangerous", "itsdangerous.Signer", ""];

fn spoil() -> BoxedStrategy<Spoil> {
    let character = || select("ABQgwz019-_.=!+/ ~é".chars().collect::<Vec<_>>());
    let index = any::<Index>;
    prop_oneof![
        2 => (index(), character()).prop_map(|(at, c)| Spoil::Replace(at, c)),
        2 => (index(), 0u8..8).prop_map(|(at, bit)| Spoil::Bit(at, bit)),
        2 => (0usize..3, index(), 0u8..8).prop_map(|(part, at, bit)| Spoil::BitOfPart(part, at, bit)),
        1 => (index(), character()).prop_map(|(at, c)| Spoil::Insert(at, c)),
        2 => index().prop_map(Spoil::Prefix),
        1 => index().prop_map(Spoil::Suffix),
        1 => index().prop_map(Spoil::Case),
        1 => text_in(&['.'..='.', '='..='=', 'A'..='Z', 'a'..='z'], 1..=4).prop_map(Spoil::Append),
        2 => respell(),
        4 => foreign().prop_map(Spoil::Foreign),
        1 => Just(Spoil::SwapParts),
        2 => payloads::odd().prop_map(Spoil::Payload),
        2 => proptest::collection::vec(any::<u8>(), 0..10).prop_map(Spoil::Timestamp),
        3 => (spliced(), select(vec![0i64, 1, 60, 3600])).prop_map(|(how, older)| Spoil::Splice(how, older)),
        2 => select(vec![
            Doubled::AfterPayload, Doubled::AfterTimestamp, Doubled::AtEnd, Doubled::AtStart, Doubled::SignedAfterPayload,
            Doubled::SignedAtStart,
        ]).prop_map(Spoil::Double),
        4 => select(vec![
            Reencoded::Compressed, Reencoded::CompressedAndSigned, Reencoded::Percent, Reencoded::Spaced, Reencoded::Twice,
        ]).prop_map(Spoil::Reencode),
    ]
    .boxed()
}

fn respell() -> BoxedStrategy<Spoil> {
    (0usize..3, select(vec!["=", "==", "===", "=AA", "!!!!", "!", "standard", "bits"]))
        .prop_map(|(part, how)| Spoil::Respell(part, how))
        .boxed()
}

fn foreign() -> BoxedStrategy<Foreign> {
    prop_oneof![
        settings::key().prop_map(Foreign::Key),
        select(FOREIGN_SALTS.to_vec()).prop_map(Foreign::Salt),
        select(settings::DIGESTS.to_vec()).prop_map(Foreign::Digest),
        select(settings::DERIVATIONS.to_vec()).prop_map(Foreign::Derivation),
    ]
    .boxed()
}

fn spliced() -> BoxedStrategy<Spliced> {
    prop_oneof![
        2 => Just(Spliced::Payload),
        1 => Just(Spliced::Timestamp),
        1 => Just(Spliced::Signature),
        1 => any::<Index>().prop_map(Spliced::At),
    ]
    .boxed()
}

impl Spoil {
    fn apply(&self, good: &str, config: &Config, now: UnixTime) -> String {
        let Some(Parts { payload, timestamp, signature }) = cookie_text::parts(good) else { return good.to_owned() };
        let sign = |text: &str| sign_text(text, config);
        match self {
            Self::Append(tail) => format!("{good}{tail}"),
            Self::Bit(at, bit) => {
                changed_at(good, *at, |c| char::from_u32(u32::from(c) ^ (1 << bit)).unwrap_or(c).into())
            }
            Self::BitOfPart(0, at, bit) => format!("{}.{timestamp}.{signature}", with_bit_flipped(payload, *at, *bit)),
            Self::BitOfPart(1, at, bit) => format!("{payload}.{}.{signature}", with_bit_flipped(timestamp, *at, *bit)),
            Self::BitOfPart(_, at, bit) => format!("{payload}.{timestamp}.{}", with_bit_flipped(signature, *at, *bit)),
            Self::Case(at) => changed_at(good, *at, |c| match c.is_uppercase() {
                true => c.to_lowercase().collect(),
                false => c.to_uppercase().collect(),
            }),
            Self::Double(Doubled::AfterPayload) => format!("{payload}..{timestamp}.{signature}"),
            Self::Double(Doubled::AfterTimestamp) => format!("{payload}.{timestamp}..{signature}"),
            Self::Double(Doubled::AtEnd) => format!("{good}."),
            Self::Double(Doubled::AtStart) => format!(".{good}"),
            Self::Double(Doubled::SignedAfterPayload) => sign(&format!("{payload}..{timestamp}")),
            Self::Double(Doubled::SignedAtStart) => sign(&format!(".{payload}.{timestamp}")),
            Self::Foreign(foreign) => forged(payload, &foreign.of(config), now),
            Self::Insert(at, c) => {
                let (head, tail) = good.split_at(at.index(good.len() + 1));
                format!("{head}{c}{tail}")
            }
            Self::Payload(text) => forged(text, config, now),
            Self::Prefix(at) => good[..at.index(good.len())].to_owned(),
            Self::Reencode(Reencoded::Compressed) => {
                format!("{}.{timestamp}.{signature}", otherwise_compressed(payload))
            }
            Self::Reencode(Reencoded::CompressedAndSigned) => forged(&otherwise_compressed(payload), config, now),
            Self::Reencode(Reencoded::Percent) => good.replace('.', "%2E"),
            Self::Reencode(Reencoded::Spaced) => {
                let text = payload::text(payload.as_bytes(), &Choices::default()).unwrap_or_default();
                forged(&base64::encode(format!(" {text}\n").as_bytes()), config, now)
            }
            Self::Reencode(Reencoded::Twice) => forged(&base64::encode(payload.as_bytes()), config, now),
            Self::Replace(at, c) => changed_at(good, *at, |_| c.to_string()),
            // A part of the signed text is spelled otherwise before it is signed, the signature afterwards.
            Self::Respell(0, how) => format!("{payload}.{timestamp}.{}", respelled_part(signature, how)),
            Self::Respell(1, how) => sign(&format!("{payload}.{}", respelled_part(timestamp, how))),
            Self::Respell(_, how) => forged(&respelled_part(payload, how), config, now),
            Self::Splice(how, older) => {
                let at = UnixTime::from_seconds((now.seconds() - older).max(0));
                let other = signed(&user(), config.signing_key().unwrap_or_default(), config, at);
                how.of(&other, good)
            }
            Self::Suffix(at) => good[at.index(good.len()) + 1..].to_owned(),
            Self::SwapParts => format!("{timestamp}.{payload}.{signature}"),
            Self::Timestamp(bytes) => sign(&format!("{payload}.{}", base64::encode(bytes))),
        }
    }
}

impl Foreign {
    /// The configuration that a foreign signer has.
    fn of(&self, config: &Config) -> Config {
        let mut config = config.clone();
        match self {
            Self::Derivation(derivation) => config.key_derivation = *derivation,
            Self::Digest(digest) => config.digest = *digest,
            Self::Key(key) => config.secret_key = Some(key.clone()),
            Self::Salt(salt) => config.salt = (*salt).to_owned(),
        }
        config
    }
}

impl Spliced {
    fn of(self, other: &str, good: &str) -> String {
        let (Some(theirs), Some(ours)) = (cookie_text::parts(other), cookie_text::parts(good)) else {
            return good.to_owned();
        };
        match self {
            Self::At(at) => {
                let at = at.index(other.len().min(good.len()));
                format!("{}{}", &other[..at], &good[at..])
            }
            Self::Payload => format!("{}.{}.{}", theirs.payload, ours.timestamp, ours.signature),
            Self::Signature => format!("{}.{}.{}", ours.payload, ours.timestamp, theirs.signature),
            Self::Timestamp => format!("{}.{}.{}", ours.payload, theirs.timestamp, ours.signature),
        }
    }
}

/// A text of ASCII with the character at some place changed.
fn changed_at(text: &str, at: Index, change: impl Fn(char) -> String) -> String {
    let at = at.index(text.len());
    let (head, tail) = text.split_at(at);
    let changed = tail.chars().next().map(change).unwrap_or_default();
    format!("{head}{changed}{}", &tail[1..])
}

/// A part with one bit of its bytes changed. The dot before a compressed payload stays.
fn with_bit_flipped(part: &str, at: Index, bit: u8) -> String {
    let (dot, text) = part.strip_prefix('.').map_or(("", part), |text| (".", text));
    let mut bytes = base64::decode(text.as_bytes()).unwrap_or_default();
    let at = at.index(bytes.len().max(1));
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << bit;
    }
    format!("{dot}{}", base64::encode(&bytes))
}

/// A compressed payload as it is without, and the other way round.
fn otherwise_compressed(part: &str) -> String {
    let text = payload::text(part.as_bytes(), &Choices::default()).unwrap_or_default();
    match part.starts_with('.') {
        true => base64::encode(text.as_bytes()),
        false => format!(".{}", base64::encode(&payload::deflate(text.as_bytes()))),
    }
}

fn sign_text(text: &str, config: &Config) -> String {
    let key = config.signing_key().unwrap_or_default();
    let signature = signing::mac(config.digest, &signing::derive_key(config, key), &[text.as_bytes()]);
    format!("{text}.{}", base64::encode(&signature))
}

/// Another spelling, which a lenient decoder may take for the same bytes.
fn respelled_part(part: &str, how: &str) -> String {
    match how {
        "standard" => part.replace('-', "+").replace('_', "/"),
        "bits" => {
            const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let mut bytes = part.as_bytes().to_vec();
            if let Some(last) = bytes.last_mut()
                && let Some(at) = ALPHABET.iter().position(|c| c == last)
            {
                *last = ALPHABET[at ^ 1];
            }
            String::from_utf8(bytes).unwrap_or_default()
        }
        junk if junk.starts_with('!') => {
            let (head, tail) = part.split_at(part.len() / 2);
            format!("{head}{junk}{tail}")
        }
        tail => format!("{part}{tail}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{strategy::ValueTree, test_runner::TestRunner};

    const CONFIG_KEY: &str = "development key";

    fn spoils(count: usize) -> Vec<Spoil> {
        let (strategy, mut runner) = (spoil(), TestRunner::deterministic());
        (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
    }

    fn good(config: &Config) -> String {
        let session = [("text", Value::from("sliding"))].into_iter().collect();
        signed(&session, CONFIG_KEY.as_bytes(), config, KNOWN)
    }

    #[test]
    fn every_way_to_spoil_a_cookie_occurs_and_gives_another_text() {
        let config = Config::with_key(CONFIG_KEY);
        let good = good(&config);
        let spoils = spoils(1000);
        let count = |is: fn(&Spoil) -> bool| {
            spoils.iter().filter(|spoil| is(spoil) && spoil.apply(&good, &config, KNOWN) != good).count()
        };
        for (what, found) in [
            ("a bit of the text", count(|spoil| matches!(spoil, Spoil::Bit(..)))),
            ("a bit of the payload", count(|spoil| matches!(spoil, Spoil::BitOfPart(0, ..)))),
            ("a bit of the timestamp", count(|spoil| matches!(spoil, Spoil::BitOfPart(1, ..)))),
            ("a bit of the signature", count(|spoil| matches!(spoil, Spoil::BitOfPart(2, ..)))),
            ("a truncation", count(|spoil| matches!(spoil, Spoil::Prefix(_)))),
            ("a truncation at the front", count(|spoil| matches!(spoil, Spoil::Suffix(_)))),
            ("another's payload", count(|spoil| matches!(spoil, Spoil::Splice(Spliced::Payload, _)))),
            ("another's timestamp", count(|spoil| matches!(spoil, Spoil::Splice(Spliced::Timestamp, 1..)))),
            ("another's signature", count(|spoil| matches!(spoil, Spoil::Splice(Spliced::Signature, _)))),
            ("another's head", count(|spoil| matches!(spoil, Spoil::Splice(Spliced::At(_), _)))),
            ("compressed otherwise", count(|spoil| matches!(spoil, Spoil::Reencode(Reencoded::Compressed)))),
            ("encoded twice", count(|spoil| matches!(spoil, Spoil::Reencode(Reencoded::Twice)))),
            ("a doubled separator", count(|spoil| matches!(spoil, Spoil::Double(Doubled::AfterPayload)))),
            ("a signed doubled separator", count(|spoil| matches!(spoil, Spoil::Double(Doubled::SignedAfterPayload)))),
            ("a foreign key", count(|spoil| matches!(spoil, Spoil::Foreign(Foreign::Key(_))))),
            ("a foreign salt", count(|spoil| matches!(spoil, Spoil::Foreign(Foreign::Salt(_))))),
            ("a foreign digest", count(|spoil| matches!(spoil, Spoil::Foreign(Foreign::Digest(_))))),
            ("a foreign derivation", count(|spoil| matches!(spoil, Spoil::Foreign(Foreign::Derivation(_))))),
        ] {
            assert!(found >= 3, "{what}: {found}");
        }
    }

    #[test]
    fn an_edit_flips_every_bit_of_every_character() {
        let config = Arc::new(Config::with_key(CONFIG_KEY));
        let session = user();
        let good = signed(&session, CONFIG_KEY.as_bytes(), &config, KNOWN);
        let cookies: std::collections::BTreeSet<_> = one_character_edits(&config, &session, KNOWN)
            .into_iter()
            .map(|call| match call {
                Call::Verify(verify) => verify.cookie,
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(!cookies.contains(&good));
        for at in 0..good.len() {
            assert!(cookies.contains(&good[..at]), "cut off at {at}");
            for bit in 0..7 {
                let mut bytes = good.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                assert!(cookies.contains(std::str::from_utf8(&bytes).unwrap()), "bit {bit} at {at}");
            }
        }
    }
}
