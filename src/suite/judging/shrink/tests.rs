use super::*;
use crate::{
    case::story::Server,
    model::answer,
    protocol::{Answer, Call, Choices},
    suite::judging::compare::Difference,
};

fn log_in(browser: usize, server: usize) -> Event {
    let set = Action::Set { key: "user".into(), value: "somebody".into() };
    Event::Request(Request::new(browser, server, vec![Action::Items, set]))
}

fn visit(browser: usize, cookie: Source) -> Event {
    Event::Request(Request { cookie, ..Request::new(browser, 0, vec![Action::Items]) })
}

fn long_story() -> Story {
    let config = |lifetime| {
        let lifetime = Lifetime::Seconds(lifetime);
        Arc::new(Config::with_key("a long key").lifetime(lifetime).fallback_keys(["older"]))
    };
    Story {
        start: UnixTime::from_micros(1_723_456_789_123_456),
        servers: vec![Server { config: config(1234), skew: 17 }, Server { config: config(1234), skew: -2_500_000 }],
        browsers: vec![Browser::default(), Browser { skew: 123_456_789 }],
        events: vec![
            Event::Restart { browser: 0 },
            log_in(1, 1),
            Event::Wait(17),
            log_in(1, 0),
            Event::Copy { from: 0, to: 1 },
            Event::Wait(1_234_700_000),
            visit(0, Source::None),
            Event::Wait(2_345_678),
            visit(0, Source::From(3)),
            visit(0, Source::Jar),
        ],
    }
}

/// What an implementation breaks that takes a cookie as long as its age is not more than a minute beyond the lifetime.
fn overdue(scenario: &Scenario) -> Option<Divergence> {
    let Scenario::World(story) = scenario else { panic!("{scenario:?}") };
    let choices = Choices::default();
    let mut answers = Vec::new();
    while let Some(call) = story.next(&answers) {
        let Call::Exchange(asked) = &call else { panic!("{call:?}") };
        let mut late = asked.clone();
        late.now = late.now.plus_seconds(-60);
        let expected = answer(&call, &choices);
        let opened = |answer: &Answer| match answer {
            Answer::Exchange(exchanged) => exchanged.opened.clone().unwrap_or_default(),
            other => panic!("{other:?}"),
        };
        let got = answer(&Call::Exchange(late), &choices);
        if opened(&expected).is_empty() && !opened(&got).is_empty() {
            let (what, wanted, was) = Default::default();
            let difference = Difference { suspects: "EXP-1".into(), what, expected: wanted, got: was };
            return Some(Divergence { difference, also: Vec::new(), before: answers, call, expected, got });
        }
        answers.push((call, expected));
    }
    None
}

fn simplified(story: Story) -> Story {
    let first = Scenario::World(story);
    let found = overdue(&first).expect("the story fails at first");
    match simplify((first, found), &mut |scenario| Ok(overdue(scenario))).0 {
        Scenario::World(story) => story,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_story_is_shrunk_to_a_log_in_a_wait_past_the_boundary_and_a_visit() {
    let story = simplified(long_story());
    let [Event::Request(one), Event::Wait(wait), Event::Request(two)] = &story.events[..] else { panic!("{story:?}") };
    assert_eq!((story.servers.len(), story.browsers.len()), (1, 1));
    assert_eq!((story.servers[0].skew, story.start.micros()), (0, START));
    assert_eq!((story.servers[0].config.lifetime, *wait), (Lifetime::Seconds(3600), 3601 * SECOND));
    assert_eq!(story.servers[0].config.fallback_keys, None);
    assert_eq!((one.actions.len(), two.actions.len(), &two.cookie), (1, 0, &Source::Jar));
}

#[test]
fn what_is_simplest_stays_as_it_is() {
    let story = simplified(long_story());
    assert_eq!(simplified(story.clone()), story);
}

#[test]
fn numbers_that_name_events_follow_them() {
    let sources = |removed| {
        let events = without(&long_story(), removed).events;
        events.into_iter().find_map(|event| match event {
            Event::Request(Request { cookie: cookie @ Source::From(_), .. }) => Some(cookie),
            _ => None,
        })
    };
    assert_eq!(sources(0), Some(Source::From(2)));
    assert_eq!(sources(3), None);
    assert_eq!(sources(5), Some(Source::From(3)));
}
