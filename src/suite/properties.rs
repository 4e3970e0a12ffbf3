//! The properties: sentences that hold for every generated case. What a case must answer is the model's answer.

use super::{
    generate::{cookies, requests, settings, values, world},
    scenario::Scenario,
};
use crate::{
    clock::UnixTime,
    config::Config,
    protocol::{Call, Sign},
    value::Value,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use std::sync::Arc;

/// One property.
#[derive(Clone, Copy)]
pub struct Property {
    /// What holds, as a sentence.
    pub name: &'static str,
    /// The rules that it is evidence for, the foremost first.
    pub rules: &'static [&'static str],
    /// How many cases it gets for each hundred of a run.
    pub share: usize,
    /// Its cases, for a pool of configurations that [`Property::configs`] makes.
    pub cases: fn(BoxedStrategy<Arc<Config>>) -> BoxedStrategy<Scenario>,
    /// Its configurations.
    pub configs: fn() -> BoxedStrategy<Config>,
}

/// Every property.
pub const PROPERTIES: &[Property] = &[
    Property {
        name: "a session is signed as Flask signs it",
        rules: &[
            "PAY-1", "PAY-2", "PAY-3", "PAY-4", "PAY-5", "PAY-12", "SIG-1", "SIG-2", "SIG-3", "SIG-4", "KEY-1", "KEY-2",
        ],
        share: 10,
        cases: |configs| signing(configs).prop_map(|sign| Scenario::Single(Call::Sign(sign))).boxed(),
        configs: settings::timing,
    },
    Property {
        name: "what was signed loads as the same values",
        rules: &["PAY-16", "PAY-6", "PAY-7", "PAY-8", "PAY-9", "PAY-10", "PAY-11", "PAY-13"],
        share: 8,
        cases: |configs| signing(configs).prop_map(Scenario::RoundTrip).boxed(),
        configs: settings::timing,
    },
    Property {
        name: "a signature is accepted exactly while its age is within the lifetime",
        rules: &["EXP-1", "EXP-2", "EXP-3", "EXP-4", "EXP-5", "EXP-7", "EXP-8", "EXP-9", "EXP-10", "KEY-3"],
        share: 11,
        cases: |configs| cookies::aged(configs).prop_map(Scenario::Single).boxed(),
        configs: settings::timing,
    },
    Property {
        name: "a spoiled cookie is not accepted, unless it spells the same bytes",
        rules: &["SIG-5", "SIG-6", "SIG-7", "SIG-8", "SIG-9", "SIG-10", "PAY-13", "PAY-14", "PAY-15"],
        share: 11,
        cases: |configs| cookies::spoiled(configs).prop_map(Scenario::Single).boxed(),
        configs: settings::timing,
    },
    Property {
        name: "salt, digest and key derivation belong to the signature",
        rules: &["KEY-7", "KEY-1", "KEY-6"],
        share: 6,
        cases: |configs| {
            prop_oneof![cookies::spoiled(configs.clone()), cookies::aged(configs)].prop_map(Scenario::Single).boxed()
        },
        configs: settings::crypto,
    },
    Property {
        name: "keys that are missing, empty or mistaken decide as configured",
        rules: &["KEY-5", "KEY-4", "KEY-3", "KEY-6"],
        share: 6,
        cases: |configs| {
            let read = cookies::aged(configs.clone());
            prop_oneof![read, requests::request(configs, false)].prop_map(Scenario::Single).boxed()
        },
        configs: settings::keys,
    },
    Property {
        name: "what the view does decides what is written",
        rules: &[
            "SET-1", "SET-8", "SET-10", "MOD-1", "MOD-2", "MOD-3", "MOD-4", "MOD-5", "MOD-6", "MOD-7", "MOD-8",
            "MOD-9", "MOD-10", "PERM-1", "PERM-2", "PERM-5", "DEL-1", "DEL-3", "DEL-4", "DEL-5", "VARY-1", "VARY-2",
            "VARY-3", "VARY-4",
        ],
        share: 14,
        cases: |configs| requests::request(configs, false).prop_map(Scenario::Single).boxed(),
        configs: settings::timing,
    },
    Property {
        name: "a permanent session slides on every request, and no other does",
        rules: &["REN-1", "REN-2", "REN-3", "REN-4", "REN-5", "REN-6", "PERM-3", "PERM-4", "PERM-6", "EXP-6", "DEL-6"],
        share: 10,
        cases: |configs| requests::request(configs, true).prop_map(Scenario::Single).boxed(),
        configs: settings::timing,
    },
    Property {
        name: "a cookie looks as configured, set or deleted",
        rules: &["SET-2", "SET-3", "SET-4", "SET-5", "SET-6", "SET-7", "SET-9", "SET-10", "DEL-2"],
        share: 8,
        cases: |configs| requests::request(configs, false).prop_map(Scenario::Single).boxed(),
        configs: settings::looks,
    },
    Property {
        name: "the first cookie of the name counts, however the header is written",
        rules: &["HDR-1", "HDR-2", "HDR-3", "HDR-4", "HDR-5", "HDR-6"],
        share: 6,
        cases: |configs| requests::unusual_header(configs).prop_map(Scenario::Single).boxed(),
        configs: || Just(Config::with_key("development key")).boxed(),
    },
    Property {
        name: "browsers, servers and clocks together go as the rules say",
        rules: &[
            "SYS-1", "SYS-2", "SYS-3", "SYS-4", "SYS-5", "SYS-6", "SYS-7", "SYS-8", "REN-5", "REN-6", "EXP-6", "DEL-1",
        ],
        share: 10,
        cases: world::story,
        configs: settings::timing,
    },
];

fn signing(configs: BoxedStrategy<Arc<Config>>) -> BoxedStrategy<Sign> {
    (configs, settings::instant(), values::session())
        .prop_map(|(config, now, session)| Sign { config, now, session })
        .boxed()
}

impl Property {
    /// A pool of configurations: a plain one and `count` generated ones.
    pub fn pool(&self, count: usize, runner: &mut TestRunner) -> Vec<Arc<Config>> {
        let mut pool = vec![Arc::new(Config::with_key("development key"))];
        let configs = (self.configs)();
        let generated = (0..count).filter_map(|_| Some(Arc::new(configs.new_tree(runner).ok()?.current())));
        pool.extend(generated);
        pool
    }
}

/// The sentence over [`neighbours`].
pub const NEIGHBOURS: &str =
    "no cookie one character away from a good one is accepted, unless it spells the same bytes";

/// The rules behind [`neighbours`].
pub const NEIGHBOURS_RULES: &[&str] = &["SIG-5", "SIG-7", "SIG-10"];

/// Every cookie one character away from two good ones.
pub fn neighbours() -> Vec<Scenario> {
    let config = Arc::new(Config::with_key("development key"));
    let now = UnixTime::from_seconds(1_700_000_000);
    let small = [("user", Value::int(42))].into_iter().collect();
    let long = [("text", Value::Text("sliding ".repeat(12).into()))].into_iter().collect();
    [&small, &long]
        .into_iter()
        .flat_map(|session| cookies::neighbours(&config, session, now))
        .map(Scenario::Single)
        .collect()
}
