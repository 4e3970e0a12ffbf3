//! Keys, timestamps, signatures and ages.

use super::{Property, single};
use crate::{
    case::scenario::Scenario,
    clock::UnixTime,
    config::{Config, Digest},
    protocol::{Call, Op, Sign},
    suite::generate::{cookies, settings, sizes::Sizes, values},
    value::{Map, Value},
};
use proptest::prelude::*;
use std::sync::Arc;

pub(super) const SIGNED: Property = Property {
    name: "a session is signed as Flask signs it",
    rules: &["SIG-1", "SIG-2", "SIG-3", "SIG-4", "KEY-1", "KEY-2"],
    asks: Some(Op::Sign),
    share: 5,
    cases: |configs, sizes| single(signing(configs, values::session(sizes)).prop_map(Call::Sign)),
    configs: |_| settings::timing(),
};

pub(super) const AGED: Property = Property {
    name: "a signature is accepted exactly while its age is within the lifetime",
    rules: &["EXP-1", "EXP-2", "EXP-3", "EXP-4", "EXP-5", "EXP-7", "EXP-8", "EXP-9", "EXP-10", "KEY-3"],
    asks: Some(Op::Verify),
    share: 9,
    cases: |configs, sizes| single(cookies::aged(configs, sizes)),
    configs: |_| settings::timing(),
};

pub(super) const SPOILED: Property = Property {
    name: "a spoiled cookie is not accepted, unless it spells the same bytes",
    rules: &["SIG-5", "SIG-6", "SIG-7", "SIG-8", "SIG-9", "SIG-10", "PAY-13", "PAY-14", "PAY-15"],
    asks: Some(Op::Verify),
    share: 8,
    cases: |configs, sizes| single(cookies::spoiled(configs, sizes)),
    configs: |_| settings::timing(),
};

pub(super) const CRYPTO: Property = Property {
    name: "salt, digest and key derivation belong to the signature",
    rules: &["KEY-7", "KEY-1", "KEY-6"],
    asks: None,
    share: 6,
    cases: |configs, sizes| {
        single(prop_oneof![
            2 => cookies::spoiled(configs.clone(), sizes),
            2 => cookies::aged(configs.clone(), sizes),
            1 => signing(configs, values::session(sizes)).prop_map(Call::Sign),
        ])
    },
    configs: settings::crypto,
};

/// Sessions to be signed.
pub(super) fn signing(configs: BoxedStrategy<Arc<Config>>, sessions: BoxedStrategy<Map>) -> BoxedStrategy<Sign> {
    (configs, settings::instant(), sessions).prop_map(|(config, now, session)| Sign { config, now, session }).boxed()
}

/// The sentence over [`one_character_edits`].
pub const ONE_CHARACTER_EDITS: &str =
    "no cookie one character away from a good one is accepted, unless it spells the same bytes";

/// The rules behind [`one_character_edits`].
pub const ONE_CHARACTER_EDITS_RULES: &[&str] = &["SIG-5", "SIG-7", "SIG-10"];

/// Every cookie one character away from a good one: a small one, then also a compressed one, then signed under other digests,
/// unless there is `only` one configuration.
pub fn one_character_edits(only: Option<&Arc<Config>>, sizes: &Sizes) -> Vec<Scenario> {
    let plain = Config::with_key("development key");
    let config = |digest| match only {
        Some(only) => (digest == Digest::Sha1).then(|| only.clone()),
        None => Some(Arc::new(plain.clone().digest(digest))),
    };
    let now = UnixTime::from_seconds(1_700_000_000);
    let small: Map = [("user", Value::int(42))].into_iter().collect();
    let compressed: Map = [("text", Value::Text("sliding ".repeat(12).into()))].into_iter().collect();
    let [sha1, sha224, _, _, sha512] = settings::DIGESTS;
    [(sha1, &small), (sha1, &compressed), (sha512, &small), (sha224, &compressed)]
        .into_iter()
        .take(sizes.one_character_edits)
        .filter_map(|(digest, session)| Some((config(digest)?, session)))
        .flat_map(|(config, session)| cookies::one_character_edits(&config, session, now))
        .map(Scenario::Single)
        .collect()
}
