//! What can be tested on an implementation with one configuration and a clock of its own, such as a running server.
//!
//! If the server's configuration never exercises a rule, passing proves nothing; such rules are reported as inconclusive.
//!
//! Cookies can be signed in the past, so that no time need pass. State that a server keeps outside the cookie does not age that
//! way, so one story waits.

use crate::{
    adapter::{AdapterError, Implementation},
    clock::UnixTime,
    config::{Config, Fallbacks, Lifetime},
    model::{answer, signing::LAST_SECOND},
    protocol::{Action, Answer, Call, Choices},
    value::Value,
};
use crate::{
    case::{
        scenario::Scenario,
        story::{Browser, Event, Request, Server, Story},
    },
    evidence::vectors::{LoadedVector, from_scenario},
    rules::family_of,
    suite::judging::judge::{Case, Inconclusive, Verdict, judge},
};
use std::{sync::Arc, time::Duration};

/// How often the waiting story is repeated if an answer was late: a busy machine is no reason to give up.
const TOLD: usize = 3;

/// What a rule needs to be configured with that `config` is not; `None` if cases with that configuration are evidence for it.
pub fn needs(rule: &str, config: &Config) -> Option<&'static str> {
    let has_fallbacks = matches!(&config.fallback_keys, Some(Fallbacks::Keys(keys)) if !keys.is_empty());
    let micros = config.lifetime.micros();
    let plain = Config::default();
    let has_path = config.cookie_path.is_some() || config.application_root != plain.application_root;
    let has_attributes = config.cookie_domain.is_some()
        || config.cookie_samesite.is_some()
        || config.cookie_secure
        || config.cookie_partitioned;
    let (has, what) = match rule {
        "KEY-2" | "KEY-3" | "EXP-10" => (has_fallbacks, "a fallback key"),
        "KEY-4" => (false, "text instead of a list of fallback keys"),
        "KEY-5" => (false, "no secret key"),
        "KEY-7" => (has_other_crypto(config), "another salt, digest or key derivation than Flask's"),
        "KEY-6" => (false, "keys of text and of bytes"),
        "SYS-6" => (false, "keys that are rotated"),
        "SYS-8" => (false, "several servers with clocks of their own"),
        "EXP-5" => (micros.is_some_and(|micros| micros % 1_000_000 != 0), "a lifetime with a fraction of a second"),
        "EXP-6" | "SYS-5" => (false, "a lifetime that changes"),
        "EXP-7" => (micros.is_some_and(|micros| micros <= 0), "a lifetime of zero or less"),
        "EXP-9" => (is_beyond_the_calendar(config.lifetime), "a lifetime that ends beyond the calendar"),
        "REN-1" | "REN-3" | "REN-4" | "REN-5" | "SYS-2" => (config.refresh_each_request, "refresh on each request"),
        "REN-2" => (!config.refresh_each_request, "no refresh on each request"),
        "SET-2" => (config.cookie_name != plain.cookie_name, "a cookie name of its own"),
        "SET-4" => (has_path, "a cookie path or an application root"),
        "SET-5" => (config.cookie_secure || !config.cookie_httponly, "Secure, or no HttpOnly"),
        "DEL-2" => (has_path || has_attributes, "attributes that the cookie does not have anyway"),
        "SET-3" => (config.cookie_domain.is_some(), "a cookie domain"),
        "SET-6" => (config.cookie_samesite.is_some(), "SameSite"),
        "SET-7" => (config.cookie_partitioned, "Partitioned"),
        _ => (true, ""),
    };
    (!has).then_some(what)
}

fn has_other_crypto(config: &Config) -> bool {
    let plain = Config::default();
    config.salt != plain.salt || config.digest != plain.digest || config.key_derivation != plain.key_derivation
}

/// Whether a session that is set in our days ends after the year 9999, or never.
fn is_beyond_the_calendar(lifetime: Lifetime) -> bool {
    lifetime.micros().is_none_or(|micros| micros / 1_000_000 > i128::from(LAST_SECOND))
}

/// A vector with the lifetime of `config` instead of its own, if that changes nothing about what opens, and what it is evidence
/// for besides ages; `None` if it would be about something else. What is expected is then the model's answer.
pub fn with_server_lifetime(ready: &LoadedVector, config: &Config) -> Option<LoadedVector> {
    let is_about_age = |rule: &str| matches!(family_of(rule), "EXP" | "SYS");
    let mut vector = ready.vector.clone();
    vector.rules.retain(|rule| !is_about_age(rule));
    let mut scenario = ready.scenario.clone();
    let there = match &mut scenario {
        Scenario::Single(Call::Exchange(call)) => &mut call.config,
        Scenario::Single(Call::Sign(sign)) | Scenario::RoundTrip(sign) => &mut sign.config,
        Scenario::Single(Call::Story(_)) => return None,
        Scenario::Single(Call::Verify(call)) => &mut call.config,
        Scenario::Sequence(sequence) if sequence.steps.iter().all(|step| step.config.is_empty()) => {
            &mut sequence.config
        }
        Scenario::Calls(_) | Scenario::Sequence(_) | Scenario::World(_) => return None,
    };
    if vector.rules.is_empty() || there.lifetime == config.lifetime {
        return None;
    }
    *there = Arc::new((**there).clone().lifetime(config.lifetime));
    let (here, there) = (answers(&ready.scenario), answers(&scenario));
    let is_alike = here.len() == there.len() && here.iter().zip(&there).all(|((_, a), (_, b))| opens_alike(a, b));
    is_alike.then_some(LoadedVector { vector, scenario, recorded: Vec::new() })
}

/// The calls of a scenario, as the model answers them.
fn answers(scenario: &Scenario) -> Vec<(Call, Answer)> {
    let mut answered = Vec::new();
    while let Some(call) = scenario.next(&answered) {
        let answer = answer(&call, &Choices::default());
        answered.push((call, answer));
    }
    answered
}

fn opens_alike(a: &Answer, b: &Answer) -> bool {
    match (a, b) {
        (Answer::Exchange(a), Answer::Exchange(b)) => {
            (a.status, &a.opened, &a.results) == (b.status, &b.opened, &b.results)
        }
        (a, b) => a == b,
    }
}

/// Three browsers and one server: one that is active all the time, one whose session is not permanent, and one that is idle until
/// its lifetime is over. What becomes of each, the model says.
pub fn waiting(config: &Arc<Config>) -> LoadedVector {
    let max_age = config.lifetime.max_age().unwrap_or_default().max(0);
    let log_in = |permanent| {
        vec![Action::Set { key: "user".into(), value: Value::int(1) }, Action::SetPermanent { value: permanent }]
    };
    let read = || vec![Action::Get { key: "user".into() }];
    let (active, not_permanent, idle) = (0, 1, 2);
    // When, who, and what; each has a second of its own.
    let half = (max_age / 2).max(3);
    let end = (max_age + 3).max(half + 2);
    let visits = [
        (0, active, log_in(true)),
        (1, not_permanent, log_in(false)),
        (2, idle, log_in(true)),
        (half, active, read()),
        (half + 1, not_permanent, read()),
        (end, idle, read()),
        (end + 1, active, read()),
        (end + 2, not_permanent, read()),
    ];
    let mut events = Vec::new();
    let mut now = 0;
    for (at, browser, actions) in visits {
        if at > now {
            events.push(Event::Wait((at - now).saturating_mul(1_000_000)));
        }
        events.push(Event::Request(Request::new(browser, 0, actions)));
        now = at;
    }
    let story = Story {
        start: UnixTime::from_seconds(1_700_000_000),
        servers: vec![Server { config: config.clone(), skew: 0 }],
        browsers: vec![Browser::default(); 3],
        events,
    };
    let rules = ["SYS-1", "SYS-2", "SYS-7", "EXP-1", "EXP-4", "REN-1", "REN-3"].map(str::to_owned).to_vec();
    let comment = "the lifetime passes by itself, for a session in use, one that is not permanent, and an idle one";
    let scenario = Scenario::World(story);
    let vector = from_scenario("live-waiting".to_owned(), rules, comment.to_owned(), &scenario, &[]);
    LoadedVector { vector, scenario, recorded: Vec::new() }
}

/// The verdict on a story in which time passes by itself, repeated if an answer was late; `None` if the clock is an input.
pub fn wait(implementation: &dyn Implementation, ready: &LoadedVector) -> Result<Option<Verdict>, AdapterError> {
    let mut verdict = None;
    for _ in 0..TOLD {
        let Some(real) = implementation.in_real_time() else { break };
        let case = Case { scenario: &ready.scenario, recorded: &ready.recorded };
        verdict = judge(&*real.implementation, &[case])?.pop();
        if !matches!(verdict, Some(Verdict::Inconclusive(Inconclusive::Broke(_)))) {
            break;
        }
    }
    Ok(verdict)
}

/// How long [`waiting`] takes; `None` if that is too long to wait.
pub fn takes(config: &Config) -> Option<Duration> {
    let max_age = u64::try_from(config.lifetime.max_age()?.max(0)).ok()?;
    Some(Duration::from_secs(max_age.checked_add(10)?))
}

/// Why [`waiting`] was not asked, and what to do about it.
pub fn not_waited(config: &Config) -> String {
    match takes(config) {
        Some(takes) => format!("the lifetime did not pass by itself; wait for it with --wait {}", takes.as_secs()),
        None => "the lifetime does not pass by itself".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{evidence::vectors, rules};

    #[test]
    fn a_plain_configuration_is_no_evidence_for_rules_about_others() {
        let plain = Config::with_key("key");
        let needing: Vec<_> =
            rules::all().iter().map(|rule| rule.id.as_str()).filter(|rule| needs(rule, &plain).is_some()).collect();
        assert_eq!(
            needing,
            [
                "KEY-2", "KEY-3", "KEY-4", "KEY-5", "KEY-6", "KEY-7", "EXP-5", "EXP-6", "EXP-7", "EXP-9", "EXP-10",
                "REN-2", "SET-2", "SET-3", "SET-4", "SET-5", "SET-6", "SET-7", "DEL-2", "SYS-5", "SYS-6", "SYS-8"
            ]
        );
    }

    #[test]
    fn vectors_are_retold_but_for_those_about_ages() {
        let config = Config::with_key("key").lifetime(Lifetime::Seconds(7));
        let vectors = vectors::embedded().unwrap();
        let with_server_lifetime: Vec<_> =
            vectors.iter().filter_map(|ready| with_server_lifetime(ready, &config)).collect();
        assert!(with_server_lifetime.len() > 300, "{}", with_server_lifetime.len());
        for ready in &with_server_lifetime {
            assert!(ready.vector.rules.iter().all(|rule| !rule.starts_with("EXP") && !rule.starts_with("SYS")));
            assert!(ready.recorded.is_empty());
        }
        assert!(!with_server_lifetime.iter().any(|ready| ready.vector.id == "expiry-at-lifetime"));
    }

    #[test]
    fn what_is_configured_can_be_asked_about() {
        let config = Config::with_key("key")
            .fallback_keys(["old"])
            .lifetime(Lifetime::Delta(1.5))
            .refresh_each_request(false)
            .cookie_samesite("Lax");
        for rule in ["KEY-3", "EXP-5", "REN-2", "SET-6"] {
            assert_eq!(needs(rule, &config), None, "{rule}");
        }
        for rule in ["REN-1", "SYS-2", "EXP-7", "SET-7"] {
            assert!(needs(rule, &config).is_some(), "{rule}");
        }
    }
}
