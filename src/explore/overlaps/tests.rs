use super::{
    event::{Agent, Event, Tab, View},
    properties::RULES,
    story,
    system::{Overlaps, State},
    timeline,
    world::{WORLDS, World},
};
use crate::{
    adapter::{
        AdapterError, Implementation,
        in_process::{Model, capabilities, stories_of_model},
    },
    explore::{graph::fingerprint, search::search, shortest::shortest, system::System},
    model::store::{self, Mistakes, mistakes},
    protocol::{Answer, Call, Capabilities, Choices, Op, Reply},
    rules,
    suite::running::run,
};
use std::collections::BTreeSet;

fn world(name: &str) -> &'static World {
    World::find(name).unwrap()
}

/// The events of the shortest run that breaks a property.
fn broken(world: &'static World, mistakes: Mistakes, property: &str) -> Option<usize> {
    let broken = story::broken(&Overlaps::with(world, mistakes), Some(property), 6)?;
    Some(broken.run.events.len())
}

/// The large worlds are searched by the command line, in a release build.
#[test]
fn the_small_worlds_keep_every_property_and_their_counts_are_pinned() {
    for world in WORLDS.iter().filter(|world| world.transitions < 30_000) {
        let searched = search(Overlaps::new(world), &mut |_| {}).unwrap();
        let counts = (searched.graph.states(), searched.graph.transitions(), searched.graph.covering().count());
        assert_eq!(counts, (world.states, world.transitions, world.stories), "{}", world.name);
        for rule in RULES {
            let finding = searched.finding(rule.name).unwrap();
            let run = finding.witness.as_ref().map(|run| timeline::lines(&searched.system, run));
            assert!(run.is_none(), "{}: {}: {run:#?}", world.name, rule.name);
        }
    }
}

#[test]
fn every_world_and_every_property_has_a_name_of_its_own_and_a_rule() {
    let names: BTreeSet<_> = WORLDS.iter().map(|world| world.name).collect();
    assert_eq!(names.len(), WORLDS.len());
    let names: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), RULES.len());
    for rule in RULES {
        assert!(rules::find(rule.rule).is_some_and(|found| found.id == rule.rule), "{}", rule.name);
    }
}

/// A property that says nothing anywhere would prove nothing.
#[test]
fn the_premise_of_every_property_is_met_somewhere() {
    for rule in RULES {
        let met = WORLDS.iter().find_map(|world| {
            shortest(&Overlaps::new(world), 5, |_, transition| (rule.keeps)(world, &transition.seen).is_some())
        });
        assert!(met.is_some(), "{}", rule.name);
    }
}

#[test]
fn the_naive_interface_is_found_to_revive_a_session_with_the_fewest_steps_and_without_a_hint() {
    let overlaps = Overlaps::with(world("two-requests"), Mistakes::WRITE_BACK);
    let broken = story::broken(&overlaps, None, 12).unwrap();
    assert_eq!((broken.property, broken.rule), ("a-late-request-that-wrote-nothing-changes-nothing", "STO-22"));
    let lines = timeline::lines(&overlaps, &broken.run);
    let told = |what: &str, answer: &str| format!("    0 s  {what:<54} {answer}");
    assert_eq!(
        lines,
        [
            told("  browser: a whole request logs in", "nobody is in; 200; sets the cookie; 1 new in the store"),
            told("┌ browser: the first request begins, reads, and is held", "opens user"),
            told("│ browser: a whole request logs out", "opens user; 200; deletes the cookie; 1 gone from the store"),
            told("└ the first request ends", "200; sets the cookie; 1 new in the store"),
        ]
    );
    let words: Vec<_> = story::story(&overlaps, &broken.run.events).steps.iter().map(|step| step.word()).collect();
    assert_eq!(words, ["request", "begin", "request", "end", "look", "request"]);
}

#[test]
fn a_naive_interface_breaks_more_than_one_rule_at_once() {
    for (world_name, property, events) in [
        ("two-requests", "a-late-write-changes-nothing-and-says-so", 4),
        ("two-requests", "a-late-request-leaves-the-old-id-ended", 4),
        ("two-requests", "a-request-that-wrote-nothing-leaves-every-others-write", 5),
        ("two-requests", "an-id-that-was-cleared-is-nobody-for-ever", 5),
        ("store-lost", "a-late-request-brings-back-nothing-that-was-lost", 4),
        ("lifetimes", "a-shorter-lifetime-counts-at-once", 4),
    ] {
        assert_eq!(broken(world(world_name), Mistakes::WRITE_BACK, property), Some(events), "{property}");
    }
}

/// An implementation in this process that makes mistakes.
struct Mistaken(Mistakes);

impl Implementation for Mistaken {
    fn capabilities(&self) -> Capabilities {
        let mut capabilities = capabilities("mistaken", [Op::Story], Choices::default());
        capabilities.story = Some(stories_of_model());
        capabilities
    }

    fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        let answer = |call: &Call| match call {
            Call::Story(story) => Reply::Ok(Answer::Story(store::answer_with(story, &Choices::default(), self.0))),
            other => Reply::Unsupported(other.op().to_string()),
        };
        Ok(calls.iter().map(answer).collect())
    }
}

/// The judge of the suite finds the same from the outside.
#[test]
fn the_shortest_story_fails_on_the_naive_interface_and_passes_on_the_specification() {
    let overlaps = Overlaps::with(world("two-requests"), Mistakes::WRITE_BACK);
    let broken = story::broken(&overlaps, None, 12).unwrap();
    let vector = story::vector(&overlaps, &broken.run.events, broken.rule, String::new());
    let vectors = [vector.ready("explored").unwrap()];
    let total = |implementation: &dyn Implementation| run::replay(implementation, &vectors, &mut |_| {}).total;
    assert_eq!(total(&Mistaken(Mistakes::WRITE_BACK)).failed, 1);
    assert_eq!(total(&Model::default()).passed, 1);
}

/// For each mistake about state: a world, the property that tells it there, and the events of the shortest run.
const TOLD: &[(&str, &str, &str, usize)] = &[
    ("every-visitor-gets-key", "two-requests", "a-visitor-who-writes-nothing-leaves-nothing", 1),
    ("first-write-without-key", "two-requests", "the-first-write-makes-one-key-and-the-cookie-names-it", 1),
    ("first-write-without-cookie", "two-requests", "the-first-write-makes-one-key-and-the-cookie-names-it", 1),
    ("two-keys", "two-requests", "the-first-write-makes-one-key-and-the-cookie-names-it", 1),
    ("lifetime-short", "two-requests", "a-write-counts-the-life-anew", 1),
    ("lifetime-long", "two-requests", "a-write-counts-the-life-anew", 1),
    ("lifetime-in-minutes", "two-requests", "a-write-counts-the-life-anew", 1),
    ("expired-accepted", "until-closed", "a-session-past-its-end-is-nobody", 5),
    ("write-does-not-renew", "no-refresh", "a-write-counts-the-life-anew", 3),
    ("fraction-cut", "half-a-second", "a-lifetime-with-a-fraction-is-kept", 1),
    ("fraction-of-second-is-forever", "half-a-second", "a-lifetime-with-a-fraction-is-kept", 1),
    ("no-end", "permanent", "the-key-of-a-permanent-session-has-an-end", 1),
    ("not-permanent-has-no-end", "two-requests", "the-key-of-another-session-has-an-end-too", 1),
    ("key-stays", "permanent", "the-key-of-a-permanent-session-has-an-end", 1),
    ("not-permanent-key-stays", "two-requests", "the-key-of-another-session-has-an-end-too", 1),
    ("thirty-days-as-date", "forty-days", "a-lifetime-beyond-30-days-is-kept", 1),
    ("thirty-days-at-most", "forty-days", "a-lifetime-beyond-30-days-is-kept", 1),
    ("permanent-without-expires", "permanent", "a-permanent-cookie-ends-with-its-session-and-another-has-no-end", 1),
    (
        "not-permanent-with-expires",
        "two-requests",
        "a-permanent-cookie-ends-with-its-session-and-another-has-no-end",
        1,
    ),
    ("expires-late", "permanent", "a-permanent-cookie-ends-with-its-session-and-another-has-no-end", 1),
    ("read-does-not-renew-cookie", "permanent", "store-and-cookie-are-renewed-together", 3),
    ("read-does-not-renew-store", "permanent", "store-and-cookie-are-renewed-together", 3),
    ("refresh-off-renews-store", "no-refresh", "with-refreshing-off-a-read-renews-nothing", 3),
    ("refresh-off-renews-cookie", "no-refresh", "with-refreshing-off-a-read-renews-nothing", 2),
    ("read-does-not-renew", "until-closed", "an-active-reader-is-never-out", 3),
    ("untouched-does-not-renew", "until-closed", "a-request-that-does-not-use-the-session-renews-it-as-declared", 3),
    (
        "untouched-does-not-renew-until-closed",
        "until-closed",
        "a-request-that-does-not-use-the-session-renews-it-as-declared",
        3,
    ),
    ("ended-is-error", "store-lost", "a-session-that-has-ended-is-no-error", 3),
    ("boundary", "until-closed", "at-its-very-end-a-session-is-as-declared", 4),
    ("old-lifetime", "lifetimes", "a-shorter-lifetime-counts-at-once", 4),
    ("renewal-keeps-lifetime", "lifetimes", "an-active-reader-is-never-out", 3),
    ("clear-keeps-key", "two-requests", "a-logout-deletes-key-and-cookie", 2),
    ("clear-keeps-empty-key", "two-requests", "a-logout-deletes-key-and-cookie", 2),
    ("clear-keeps-cookie", "two-requests", "a-logout-deletes-key-and-cookie", 2),
    ("late-read-revives", "two-requests", "a-late-request-that-wrote-nothing-changes-nothing", 4),
    ("late-untouched-revives", "two-requests", "a-late-request-that-wrote-nothing-changes-nothing", 4),
    ("late-read-sets-cookie", "two-requests", "a-late-request-that-wrote-nothing-changes-nothing", 4),
    ("late-deletes-cookie", "two-requests", "a-late-request-that-wrote-nothing-changes-nothing", 4),
    ("late-write-revives", "two-requests", "a-late-write-changes-nothing-and-says-so", 4),
    ("late-regenerate-revives", "two-requests", "a-late-write-changes-nothing-and-says-so", 4),
    ("late-write-says-nothing", "two-requests", "a-late-write-changes-nothing-and-says-so", 4),
    ("first-writer-wins", "two-requests", "of-two-writes-at-once-what-is-declared-stays", 5),
    ("read-undoes-write", "two-requests", "a-request-that-wrote-nothing-leaves-every-others-write", 5),
    ("untouched-undoes-write", "two-requests", "a-request-that-wrote-nothing-leaves-every-others-write", 5),
    ("unknown-id-adopted", "made-up-id", "an-id-that-no-live-session-has-is-never-given", 1),
    ("ended-id-used-again", "store-lost", "an-id-that-no-live-session-has-is-never-given", 3),
    ("regenerate-keeps-old-key", "copied-cookie", "the-old-id-is-nobody-after-a-new-one", 4),
    ("regenerate-loses-data", "two-requests", "a-new-id-keeps-the-data", 4),
    ("regenerate-keeps-id", "two-requests", "a-new-id-replaces-the-old-one-in-the-store", 2),
    ("late-read-revives-old-id", "two-requests", "a-late-request-leaves-the-old-id-ended", 4),
    ("late-write-revives-old-id", "two-requests", "a-late-request-leaves-the-old-id-ended", 4),
    ("regenerate-keeps-end", "until-closed", "a-new-id-has-its-cookie-and-a-full-life", 3),
    ("regenerate-without-cookie", "two-requests", "a-new-id-has-its-cookie-and-a-full-life", 2),
    ("short-ids", "two-requests", "an-id-has-128-bits", 1),
    ("secret-key-ends-sessions", "new-key", "a-new-secret-key-ends-no-session", 3),
    ("prefix-ignored", "prefixes", "a-session-of-another-prefix-is-nobody", 3),
    ("update-lost", "two-requests", "what-was-written-is-read", 3),
    ("down-for-visitors", "away", "a-visitor-who-writes-nothing-is-served-while-the-store-is-away", 2),
    ("logout-while-down", "away", "a-logout-while-the-store-is-away-is-an-error", 3),
    ("full-loses-silently", "full", "a-full-store-refuses-a-write-and-says-so", 2),
    ("late-revives-lost", "store-lost", "a-late-request-brings-back-nothing-that-was-lost", 4),
    ("restart-forgets", "store-lost", "a-restart-of-the-application-ends-no-session", 3),
];

/// The mistakes that no property tells, and why.
const UNTOLD: &[(&str, &[&str])] = &[
    (
        "it is about the attributes of a cookie or about Vary, not about state",
        &[
            "cookie-without-domain",
            "cookie-without-http-only",
            "cookie-without-partitioned",
            "cookie-without-path",
            "cookie-without-same-site",
            "cookie-without-secure",
            "deletion-without-domain",
            "deletion-without-end",
            "deletion-without-http-only",
            "deletion-without-partitioned",
            "deletion-without-path",
            "deletion-without-same-site",
            "deletion-without-secure",
            "no-vary-on-read",
            "no-vary-on-write",
        ],
    ),
    (
        "it is about kinds of values and nested ones, which the worlds do not have",
        &["marked-change-lost", "nested-change-saved", "values-changed"],
    ),
    ("the model does not make it", &["down-is-empty", "keeps-copies"]),
];

#[test]
fn every_mistake_about_state_breaks_a_property_in_the_fewest_steps() {
    let mut wrong = Vec::new();
    for &(name, world_name, property, events) in TOLD {
        assert!(RULES.iter().any(|rule| rule.name == property), "{property}");
        let Some((mistake, ..)) =
            mistakes::ALL.iter().find(|(_, known, ..)| known.strip_prefix("store-") == Some(name))
        else {
            continue;
        };
        let found = broken(world(world_name), mistake.alone(), property);
        if found != Some(events) {
            wrong.push(format!("{name} in {world_name}: {property}: {found:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_mistake_is_told_or_has_a_reason() {
    for (_, name, ..) in mistakes::ALL {
        let name = name.strip_prefix("store-").unwrap_or(name);
        let is_told = TOLD.iter().any(|(told, ..)| *told == name);
        let has_reason = UNTOLD.iter().any(|(_, names)| names.contains(&name));
        assert!(is_told != has_reason, "{name}: a property tells it, or a reason says why none does");
    }
}

/// The beginning and the end of a request.
type Half = (usize, bool);

/// Every order of the beginnings and ends of so many requests.
fn interleavings(requests: usize) -> Vec<Vec<Half>> {
    fn go_on(requests: usize, so_far: &[Half], all: &mut Vec<Vec<Half>>) {
        if so_far.len() == 2 * requests {
            all.push(so_far.to_vec());
        }
        for request in 0..requests {
            let next = match (so_far.contains(&(request, false)), so_far.contains(&(request, true))) {
                (false, _) => (request, false),
                (true, false) => (request, true),
                (true, true) => continue,
            };
            go_on(requests, &[so_far, &[next]].concat(), all);
        }
    }
    let mut all = Vec::new();
    go_on(requests, &[], &mut all);
    all
}

/// Lets requests with these views happen in an order. Each takes the first tab that is free.
fn interleave(overlaps: &Overlaps, start: &State, order: &[Half], views: &[View]) -> State {
    let mut state = start.clone();
    let mut tabs = vec![Tab(0); views.len()];
    for &(request, ends) in order {
        let view = views[request];
        let event = match ends {
            true => Event::End { tab: tabs[request], view },
            false => {
                tabs[request] = (0..3).map(Tab).find(|tab| !state.is_under_way(*tab)).unwrap();
                Event::Begin { agent: Agent::Browser, tab: tabs[request], reads: view != View::Untouched }
            }
        };
        assert!(overlaps.events(&state).contains(&event), "{event}");
        state = overlaps.happen(&state, event).0;
    }
    state
}

/// What an observer sees of two requests does not depend on whether the search covers them: each step is one that it takes.
#[test]
fn every_interleaving_of_two_requests_with_all_pairs_of_views_is_searched() {
    let overlaps = Overlaps::new(world("two-requests"));
    let nobody = overlaps.initial_states().remove(0);
    let login = Event::Request { agent: Agent::Browser, tab: Tab(0), view: View::LogIn };
    let user = overlaps.happen(&nobody, login).0;
    let orders = interleavings(2);
    assert_eq!(orders.len(), 6);
    let mut ends = BTreeSet::new();
    for start in [&nobody, &user] {
        for order in &orders {
            for first in View::ALL {
                for second in View::ALL {
                    ends.insert(fingerprint(&interleave(&overlaps, start, order, &[first, second])));
                }
            }
        }
    }
    assert!(ends.len() > 5, "they do not all end alike");
}

#[test]
fn every_interleaving_of_three_requests_that_read_write_or_log_out_is_searched() {
    let overlaps = Overlaps::new(world("three-requests"));
    let nobody = overlaps.initial_states().remove(0);
    let write = Event::Request { agent: Agent::Browser, tab: Tab(0), view: View::Write };
    let user = overlaps.happen(&nobody, write).0;
    let orders = interleavings(3);
    assert_eq!(orders.len(), 90);
    let views = [View::Read, View::Write, View::LogOut];
    for order in &orders {
        for first in views {
            for second in views {
                for third in views {
                    interleave(&overlaps, &user, order, &[first, second, third]);
                }
            }
        }
    }
}
