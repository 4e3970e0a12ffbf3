//! The properties: sentences that hold for every generated case. The expected answer to a case is the model's answer.
//!
//! There is a file for each module of the model: `signing` tests what [`crate::model::signing`] says, and so on. Four modules of
//! the model have no file here. No implementation can be asked about `browser` and `recipe`, which the project's own tests cover;
//! `http_date` and `integer` show in every cookie that is set and every session that is signed.
//!
//! No metamorphic properties are needed: matching the model on every call implies them. Equality on one call cannot see an answer
//! that depends on earlier calls. Therefore `turns` asks for it on purpose, cases share configurations, some share cookies,
//! stories have [`super::judging::invariants`], and the vectors are run twice.

mod base64;
mod cookie_header;
mod email_date;
mod json;
mod overlaps;
mod payload;
mod server;
mod session;
mod set_cookie;
mod signing;
mod stories;
mod tagging;
mod turns;

#[cfg(test)]
mod tests;

use super::generate::{settings, sizes::Sizes};
use crate::case::scenario::Scenario;
use crate::{config::Config, protocol::Call, protocol::Op};
use proptest::{
    strategy::{BoxedStrategy, Strategy, ValueTree},
    test_runner::TestRunner,
};
pub use signing::{ONE_CHARACTER_EDITS, ONE_CHARACTER_EDITS_RULES, one_character_edits};
use std::sync::Arc;

/// One property.
#[derive(Clone, Copy)]
pub struct Property {
    /// What holds, as a sentence.
    pub name: &'static str,
    /// The rules that it is evidence for, the foremost first.
    pub rules: &'static [&'static str],
    /// The operation that every case of it asks first; none if that differs from case to case.
    pub asks: Option<Op>,
    /// How many cases it gets for each hundred of a run.
    pub share: usize,
    /// Its cases, for a pool of configurations.
    pub cases: fn(BoxedStrategy<Arc<Config>>, &Sizes) -> BoxedStrategy<Scenario>,
    /// Its configuration of a number in the pool.
    pub configs: fn(usize) -> BoxedStrategy<Config>,
}

/// Every property. The order is part of what a seed means.
pub const PROPERTIES: &[Property] = &[
    signing::SIGNED,
    json::WRITTEN,
    payload::COMPRESSED,
    payload::ODD,
    tagging::RETURNED,
    base64::SPELLED,
    email_date::READ,
    signing::AGED,
    signing::SPOILED,
    signing::CRYPTO,
    server::DEFAULTS,
    server::KEYS,
    session::VIEW,
    server::SLIDING,
    set_cookie::LOOKS,
    cookie_header::HEADER,
    stories::STORIES,
    tagging::LOADED,
    turns::TURNS,
    overlaps::OVERLAPS,
];

impl Property {
    /// Whether the calls of its cases are asked of one copy of the implementation, each after the answer to the one before.
    pub fn is_in_turn(&self) -> bool {
        self.name == turns::TURNS.name
    }

    /// The cases of one run: a plain configuration and some generated ones are drawn first, and shared by all of them. Where
    /// there is `only` one that can be asked about, every case has that.
    pub fn strategy(
        &self,
        only: Option<&Arc<Config>>,
        sizes: &Sizes,
        runner: &mut TestRunner,
    ) -> BoxedStrategy<Scenario> {
        if let Some(config) = only.cloned() {
            let cases = (self.cases)(settings::pool(vec![config.clone()]), sizes);
            return cases.prop_map(move |scenario| scenario.with_config(&config)).boxed();
        }
        let mut pool = vec![Arc::new(Config::with_key("development key"))];
        let config = |number| Some(Arc::new((self.configs)(number).new_tree(runner).ok()?.current()));
        pool.extend((0..sizes.configs).filter_map(config));
        (self.cases)(settings::pool(pool), sizes)
    }
}

/// Cases of one call each.
fn single(calls: impl Strategy<Value = Call> + 'static) -> BoxedStrategy<Scenario> {
    calls.prop_map(Scenario::Single).boxed()
}
