//! The exhaustive search of the model: what it finds, how many states there are, and that it finds what is wrong.

use serde_json::{Value as Json, json};
use sessionproof::{
    bundled,
    config::Config,
    explore::{
        configuration::{CONFIGURATIONS, Configuration},
        exploration::Exploration,
        mutants::Mutant,
        per_user::{EXPIRY, IN_OR_OUT, PerUser},
        search::{Searched, search},
        system::Kind,
        timeline,
    },
    model::recipe::Recipe,
    rules,
};
use std::collections::BTreeSet;

fn explore(name: &str) -> Searched<Exploration> {
    search(Exploration::new(Configuration::find(name).unwrap()), &mut |_| {}).unwrap()
}

fn explore_with(name: &str, mutant: Mutant) -> Searched<Exploration> {
    let configuration = Configuration { writes: false, ..Configuration::find(name).unwrap() };
    search(Exploration::with_mutant(configuration, mutant), &mut |_| {}).unwrap()
}

/// The states of the small configurations. The large ones are counted by the command line, in a release build.
const STATES: [(&str, usize); 9] = [
    ("idle", 14),
    ("one-user", 56),
    ("no-refresh", 47),
    ("rotation", 278),
    ("lifetimes", 492),
    ("browser-ahead", 36),
    ("browser-behind", 64),
    ("server-behind", 56),
    ("rolling-rotation", 904),
];

#[test]
fn every_property_is_true_of_the_small_configurations_and_their_states_are_counted() {
    for (name, states) in STATES {
        let explored = explore(name);
        assert_eq!(explored.graph.states(), states, "{name}");
        for finding in &explored.findings {
            let run = finding.witness.as_ref().map(|run| timeline::lines(&explored.system, run));
            assert!(finding.is_true(), "{name}: {}: {run:#?}", finding.property.name);
        }
    }
}

#[test]
fn every_configuration_is_named_once_and_pins_its_states() {
    let names: BTreeSet<_> = CONFIGURATIONS.iter().map(|configuration| configuration.name).collect();
    assert_eq!(names.len(), CONFIGURATIONS.len());
    assert!(CONFIGURATIONS.iter().all(|configuration| configuration.states > 0));
    for (name, states) in STATES {
        assert_eq!(Configuration::find(name).unwrap().states, states, "{name}");
    }
}

#[test]
fn every_property_applies_somewhere_and_cites_a_rule() {
    let mut names = BTreeSet::new();
    for name in ["idle", "one-user", "rotation", "lifetimes", "server-behind"] {
        for finding in explore(name).findings {
            assert!(rules::find(finding.property.rule).is_some(), "{}", finding.property.name);
            names.insert(finding.property.name);
        }
    }
    assert!(names.contains("an-idle-user-is-out") && names.len() > 20);
}

/// For each mutant: the configuration, a property that it breaks (or that nothing shows any more), and the events of the
/// shortest run to that.
const MUTANTS: [(Mutant, &str, &str, Option<usize>); 17] = [
    (Mutant::BoundaryRefused, "one-user", "what-is-in-time-and-under-a-known-key-is-accepted", Some(4)),
    (Mutant::BrowserSessionsDoNotAge, "one-user", "nothing-too-old-is-accepted", Some(5)),
    (Mutant::CopiesRefused, "copied-cookie-no-refresh", "a-copy-outlives-the-logout", None),
    (Mutant::ExpiresForgotten, "one-user", "only-permanent-sessions-have-a-date", Some(1)),
    (Mutant::FallbackKeySigns, "rotation", "what-is-in-time-and-under-a-known-key-is-accepted", Some(4)),
    (Mutant::FallbackNotTried, "rotation", "a-fallback-key-keeps-a-user-in", None),
    (Mutant::FutureAccepted, "server-behind", "nothing-from-the-future-is-accepted", Some(2)),
    (Mutant::LifetimeFrozen, "lifetimes", "nothing-too-old-is-accepted", Some(5)),
    (Mutant::LifetimeOfIssue, "lifetimes", "a-longer-lifetime-revives", None),
    (Mutant::LogoutLost, "one-user", "a-logout-removes-the-cookie-in-its-browser", Some(2)),
    (Mutant::ReadsRenewAll, "one-user", "a-read-renews-nothing-else", Some(1)),
    (Mutant::RefreshLost, "one-user", "a-session-slides-past-its-first-expiry", None),
    (Mutant::RefusedDeleted, "server-behind", "what-is-refused-is-not-deleted", Some(1)),
    (Mutant::RestartForgetsAll, "one-user", "a-closed-browser-keeps-permanent-sessions-alone", Some(2)),
    (Mutant::RestartKeepsAll, "one-user", "a-closed-browser-keeps-permanent-sessions-alone", Some(2)),
    (Mutant::RetiredKeyAccepted, "rotation", "nothing-is-accepted-under-a-key-that-is-gone", Some(3)),
    (Mutant::SignatureUnchecked, "one-user", "nothing-is-accepted-that-no-server-set", Some(1)),
];

#[test]
fn every_mutant_is_found_with_a_shortest_run() {
    let mut wrong = Vec::new();
    for (mutant, name, property, events) in MUTANTS {
        let explored = explore_with(name, mutant);
        let finding = explored.finding(property).unwrap();
        let found = finding.witness.as_ref().map(|run| run.events.len());
        if finding.is_true() || found != events {
            wrong.push(format!("{mutant:?} in {name}: {property}: {found:?}"));
        }
        assert!(!explored.holds(), "{mutant:?}");
        assert_eq!(finding.property.kind == Kind::Sometimes, events.is_none());
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(Mutant::ALL.iter().all(|mutant| MUTANTS.iter().any(|(planted, ..)| planted == mutant)));
}

#[test]
fn an_idle_user_who_is_never_out_is_found() {
    let explored = explore_with("idle", Mutant::BrowserSessionsDoNotAge);
    let run = explored.finding("an-idle-user-is-out").unwrap().witness.as_ref().unwrap();
    assert_eq!(run.events.len(), 5);
}

#[test]
fn a_run_is_told_a_line_for_each_event() {
    let explored = explore("server-behind");
    let finding = explored.finding("a-server-that-is-behind-refuses-a-fresh-cookie").unwrap();
    let lines = timeline::lines(&explored.system, finding.witness.as_ref().unwrap());
    assert_eq!(
        lines,
        [
            "   0 s  browser 0 writes at server 0: no cookie; set without a date",
            "   0 s  browser 0 reads at server 1: a cookie of -1 s, lifetime 2 s, refused",
        ]
    );
}

fn explore_recipe(recipe: Recipe) -> Searched<PerUser> {
    search(PerUser::new(recipe, Config::with_key("a key for test vectors")), &mut |_| {}).unwrap()
}

/// The steps that real Flask is told (`vectors/generate/recipes.py`), which are those of the runs that are found.
#[test]
fn the_search_finds_by_itself_what_one_user_does_to_another_and_real_flask_is_told_that() {
    let explored = explore_recipe(Recipe::Hook);
    let (_, text) = bundled::under("vectors/inputs/found_steps.json").next().unwrap();
    let told: Json = serde_json::from_str(text).unwrap();
    for (property, story) in [(EXPIRY, "found-expiry-of-another"), (IN_OR_OUT, "found-in-or-out")] {
        let run = explored.finding(property).unwrap().witness.as_ref().unwrap();
        assert!(run.events.len() <= 6);
        let steps = PerUser::requests(&run.events)
            .into_iter()
            .map(|(now, browser, actions)| json!({ "now": now, "browser": browser, "actions": actions }));
        assert_eq!(told[story], Json::from_iter(steps), "{:?}", run.events);
    }
}

#[test]
fn with_the_interface_nobody_changes_anything_for_another() {
    let explored = explore_recipe(Recipe::Interface);
    assert!(explored.holds());
    assert_eq!(explored.graph.states(), 413);
}
