//! Calls that must not change each other's answers: the same configuration or the same cookie again, at another time, under other
//! keys or for another operation, in any order.
//!
//! Implementations keep signers, keys and verdicts from one call to the next. What they keep must belong to everything that
//! decides: value, clock and configuration.

use super::{cookies, sizes::Sizes};
use crate::{
    case::scenario::Scenario,
    clock::UnixTime,
    config::{Config, Digest, Fallbacks, Key, KeyDerivation, Lifetime},
    cookie_text,
    protocol::{Action, Call, Exchange, Sign, Verify},
    value::{Map, Value},
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use std::sync::Arc;

/// The key that was replaced.
const OLD: &str = "the key before";

/// What differs between the calls.
#[derive(Clone, Copy, Debug)]
enum Differs {
    /// Salt, digest or key derivation.
    Crypto,
    /// Which key signed, and which keys are configured.
    Keys,
    /// The lifetime.
    Lifetime,
    /// Whether a call reads under fallback keys, or writes.
    Operation,
    /// Whether the signature is good.
    Signature,
    /// The clock.
    Time,
}

/// The operations that are asked.
#[derive(Clone, Copy, Debug)]
enum Form {
    Exchange,
    Verify,
    VerifyAndSign,
}

/// Two to four calls that differ in one thing.
pub fn turns(configs: BoxedStrategy<Arc<Config>>, _: &Sizes) -> BoxedStrategy<Scenario> {
    let differs = prop_oneof![
        3 => Just(Differs::Operation),
        3 => Just(Differs::Time),
        1 => Just(Differs::Crypto),
        1 => Just(Differs::Keys),
        1 => Just(Differs::Lifetime),
        1 => Just(Differs::Signature),
    ];
    let form = select(vec![Form::VerifyAndSign, Form::Exchange, Form::Verify]);
    (configs, 1_500_000_000i64..1_900_000_000, differs, form, vec(any::<Index>(), 2..=4))
        .prop_map(|(config, second, differs, form, which)| {
            let choices = calls(&config, UnixTime::from_seconds(second), differs, form);
            Scenario::Calls(which.iter().map(|index| index.get(&choices).clone()).collect())
        })
        .boxed()
}

/// The calls that a case is made of.
fn calls(config: &Arc<Config>, at: UnixTime, differs: Differs, form: Form) -> Vec<Call> {
    let changed = |change: &dyn Fn(&mut Config)| {
        let mut config = (**config).clone();
        change(&mut config);
        Arc::new(config)
    };
    let old = || Some(Fallbacks::Keys(vec![Key::from(OLD)]));
    let new_cookie = cookie(config, at);
    let old_cookie = cookies::signed(&user(), OLD.as_bytes(), config, at);
    match differs {
        Differs::Crypto => {
            let others = [
                config.clone(),
                changed(&|config| config.salt = "another salt".to_owned()),
                changed(&|config| config.digest = Digest::Sha256),
                changed(&|config| config.key_derivation = KeyDerivation::Concat),
            ];
            others.iter().map(|config| read(form, config, at, &new_cookie)).collect()
        }
        Differs::Keys => {
            let others = [
                changed(&|config| config.secret_key = Some(Key::from(OLD))),
                changed(&|config| config.fallback_keys = None),
                changed(&|config| config.fallback_keys = old()),
            ];
            others.iter().map(|config| read(form, config, at, &old_cookie)).collect()
        }
        Differs::Lifetime => {
            let others = [60, 3600].map(|seconds| changed(&|config| config.lifetime = Lifetime::Seconds(seconds)));
            others.iter().map(|config| read(form, config, at.plus_seconds(100), &new_cookie)).collect()
        }
        Differs::Operation => {
            let config = &changed(&|config| config.fallback_keys = old());
            [&old_cookie, &new_cookie]
                .map(|cookie| read(form, config, at, cookie))
                .into_iter()
                .chain(write(form, config, at))
                .collect()
        }
        Differs::Signature => {
            let mut other = cookies::signed(&user(), b"a key of somebody else", config, at);
            if other == new_cookie {
                other.pop();
            }
            [&new_cookie, &other].map(|cookie| read(form, config, at, cookie)).into()
        }
        Differs::Time => {
            let lifetime = config.lifetime.max_age().filter(|seconds| (1..10_000_000).contains(seconds));
            let lifetime = lifetime.unwrap_or(3600);
            let config = &changed(&|config| config.lifetime = Lifetime::Seconds(lifetime));
            [0, lifetime, lifetime + 1, -1].map(|age| read(form, config, at.plus_seconds(age), &new_cookie)).into()
        }
    }
}

fn cookie(config: &Config, at: UnixTime) -> String {
    cookies::signed(&user(), config.signing_key().unwrap_or_default(), config, at)
}

fn user() -> Map {
    [("user", Value::int(1))].into_iter().collect()
}

/// A cookie is read.
fn read(form: Form, config: &Arc<Config>, now: UnixTime, cookie: &str) -> Call {
    let (config, cookie) = (config.clone(), cookie.to_owned());
    match form {
        Form::Exchange => Call::Exchange(Exchange {
            cookie_header: Some(format!("{}={cookie}", cookie_text::name(&config))),
            actions: vec![Action::Get { key: "user".into() }],
            ..Exchange::new(config, now)
        }),
        Form::Verify | Form::VerifyAndSign => Call::Verify(Verify { config, now, cookie }),
    }
}

/// A session is written, if the form has an operation for it.
fn write(form: Form, config: &Arc<Config>, now: UnixTime) -> Option<Call> {
    let config = config.clone();
    match form {
        Form::Exchange => Some(Call::Exchange(Exchange {
            actions: vec![Action::Set { key: "user".into(), value: Value::int(1) }],
            ..Exchange::new(config, now)
        })),
        Form::Verify => None,
        Form::VerifyAndSign => Some(Call::Sign(Sign { config, now, session: user() })),
    }
}
