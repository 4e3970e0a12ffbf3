use super::*;
use crate::{
    adapter::{AdapterError, Implementation, in_process::Model},
    evidence::vectors,
    model::answer,
    protocol::{Capabilities, Reply},
    rules::Pattern,
    suite::running::run::{Options, replay, run},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// The model with a mutant: the call as the mutant one takes it, and the answer as it gives it.
struct Mutated<T, G>(Model, T, G);

impl<T, G> Implementation for Mutated<T, G>
where
    T: Fn(&mut Exchange) + Send + Sync,
    G: Fn(&Exchange, &mut Response) + Send + Sync,
{
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        let mutant = |call: &Call| {
            let Call::Exchange(asked) = call else { return answer(call, &self.capabilities().choices) };
            let mut taken = asked.clone();
            (self.1)(&mut taken);
            let mut given = answer(&Call::Exchange(taken), &self.capabilities().choices);
            if let Answer::Exchange(given) = &mut given {
                (self.2)(asked, given);
            }
            given
        };
        Ok(calls.iter().map(|call| Reply::Ok(mutant(call))).collect())
    }
}

/// The timeline of the failure that breaks a rule in a story, without styles.
fn shown(
    rule: &str,
    take: impl Fn(&mut Exchange) + Send + Sync,
    give: impl Fn(&Exchange, &mut Response) + Send + Sync,
) -> String {
    let rules = Pattern::parse(&format!("SYS,{rule}")).unwrap();
    let options = Options { cases: 2000, rules, ..Options::default() };
    let mutant = Mutated(Model::default(), take, give);
    let results = run(&mutant, &[], &options, &mut |_| {});
    let is_story = |failure: &&Failure| matches!(failure.scenario, Scenario::World(_)) && failure.rule == rule;
    let failure = results.failures.iter().find(is_story).unwrap_or_else(|| panic!("no story breaks {rule}"));
    let Scenario::World(story) = &failure.scenario else { unreachable!() };
    assert!(story.events.len() <= 5, "{story:?}");
    let saved = [failure.vector.ready("saved").unwrap()];
    assert_eq!(saved[0].scenario, failure.scenario);
    assert_eq!(replay(&mutant, &saved, &mut |_| {}).total.failed, 1);
    assert_eq!(replay(&Model::default(), &saved, &mut |_| {}).total.passed, 1);
    plain(&timeline(failure).unwrap())
}

fn plain(text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    text
}

fn as_asked(_: &mut Exchange) {}

fn as_answered(_: &Exchange, _: &mut Response) {}

#[test]
fn refresh_that_is_lost_is_told_in_a_few_lines() {
    let never_refresh = |call: &mut Exchange| Arc::make_mut(&mut call.config).refresh_each_request = false;
    insta::assert_snapshot!(shown("REN-1", never_refresh, as_answered));
}

#[test]
fn a_lifetime_frozen_at_the_start_of_the_session_is_told_in_a_few_lines() {
    // Which lifetime was in force when a cookie was set.
    let frozen: Mutex<BTreeMap<String, Lifetime>> = Mutex::default();
    let take = |call: &mut Exchange| {
        let known = session_cookie(call).and_then(|value| frozen.lock().unwrap().get(&value).copied());
        if let Some(lifetime) = known {
            Arc::make_mut(&mut call.config).lifetime = lifetime;
        }
    };
    let give = |call: &Exchange, given: &mut Response| {
        if let Some(cookie) = set_cookie(given, call) {
            frozen.lock().unwrap().insert(cookie.value, call.config.lifetime);
        }
    };
    insta::assert_snapshot!(shown("PERM-3", take, give));
}

#[test]
fn a_logout_without_attributes_is_told_in_a_few_lines() {
    let bare = |_: &Exchange, given: &mut Response| {
        for (_, header) in given.headers.iter_mut().filter(|(_, header)| header.contains("Max-Age=0")) {
            *header = header.replace("; HttpOnly; Path=/", "");
        }
    };
    insta::assert_snapshot!(shown("DEL-2", as_asked, bare));
}

#[test]
fn a_failed_sequence_of_a_vector_is_a_timeline_as_well() {
    let vectors = vectors::embedded().unwrap();
    let one: Vec<_> = vectors.into_iter().filter(|r| r.vector.id == "expiry-in-force-shortened").collect();
    let longer = |call: &mut Exchange| {
        let lifetime = Lifetime::Seconds(3600);
        Arc::make_mut(&mut call.config).lifetime = lifetime;
    };
    let mutant = Mutated(Model::default(), longer, as_answered);
    let results = replay(&mutant, &one, &mut |_| {});
    insta::assert_snapshot!(plain(&timeline(&results.failures[0]).unwrap()));
}
