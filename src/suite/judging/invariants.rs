//! What holds in every story, in addition to each answer being the expected one.
//!
//! Equality with the expected answer is only as good as the expectation, and answers are compared by meaning: a header that means
//! the same to a reader may mean something else to a browser. So the outcome is checked too, with as little of the model as
//! possible: the clock, the keys, and what the browser did.
//!
//! It does not know whether an answer is right. That no invariant is broken proves nothing.

use super::{blame::is_modifying, compare::Difference};
use crate::case::story::Story;
use crate::{
    clock::UnixTime,
    config::Config,
    cookie_text::{self, set_cookie},
    model::{
        base64,
        browser::{Browser, Cookie, MAX_AGE, Target},
        cookie_header, signing,
        world::Event,
    },
    protocol::{Answer, Call, Choices, Exchange, Response},
};

/// Checks the last of a story's answers against every invariant.
///
/// # Errors
///
/// The first that does not hold, with the rule behind it.
pub fn hold(story: &Story, answered: &[(Call, Answer)], choices: &Choices) -> Result<(), Difference> {
    match Visit::last(story, answered, choices) {
        Some(visit) => INVARIANTS.iter().try_for_each(|invariant| invariant(&visit)),
        None => Ok(()),
    }
}

type Invariant = fn(&Visit<'_>) -> Result<(), Difference>;

const INVARIANTS: &[Invariant] =
    &[nothing_unsigned_is_accepted, nothing_old_is_accepted, a_renewal_shortens_no_life, a_deletion_is_effective];

/// One request with its answer, and the browser before and after.
struct Visit<'a> {
    call: &'a Exchange,
    exchanged: &'a Response,
    choices: &'a Choices,
    /// The cookie value that counted.
    sent: Option<String>,
    /// The requests whose answers set that value.
    issues: Vec<&'a Exchange>,
    before: Browser,
    after: Browser,
    /// Where the request went.
    to: Target,
    /// The time by the browser's clock.
    now: UnixTime,
    /// Whether the browser heeded the answer's Set-Cookie headers.
    heeded: bool,
}

impl<'a> Visit<'a> {
    fn last(story: &Story, answered: &'a [(Call, Answer)], choices: &'a Choices) -> Option<Self> {
        let (last, earlier) = answered.split_last()?;
        let (Call::Exchange(call), Answer::Exchange(exchanged)) = last else { return None };
        let replay = story.replay_to(earlier);
        let request = replay.pending?.request;
        let mut after = replay.world.clone();
        after.step_with(&Event::Request(request.clone()), |_| exchanged.clone());
        let header = call.cookie_header.as_deref();
        let sent = header.and_then(|header| cookie_header::value(header, &call.config.cookie_name, choices.duplicates));
        let agent = replay.world.browsers.get(request.browser)?;
        let server = replay.world.servers.get(request.server)?;
        Some(Self {
            call,
            exchanged,
            choices,
            issues: sent.as_deref().map(|value| issues_of(value, earlier)).unwrap_or_default(),
            sent,
            now: agent.clock(replay.world.now),
            before: agent.browser.clone(),
            after: after.browsers.get(request.browser)?.browser.clone(),
            to: Target { host: server.host.clone(), path: request.path.clone(), secure: server.secure },
            heeded: !request.ignore_set_cookie,
        })
    }

    /// Whether a session with anything in it was opened.
    fn accepted(&self) -> bool {
        self.exchanged.opened.as_ref().is_some_and(|session| !session.is_empty())
    }

    /// The browser's own cookie, where that is what was sent.
    fn own(&self) -> Option<&Cookie> {
        let name = cookie_text::name(&self.call.config);
        let mut cookies = self.before.cookies().iter().filter(|cookie| cookie.goes_to(&self.to, self.now));
        cookies.find(|cookie| cookie.name == name && Some(&cookie.value) == self.sent.as_ref())
    }

    /// Whether the browser heeds the answer, and what it sets is to look as what was sent.
    fn is_like_its_issues(&self) -> bool {
        let here = looks(&self.call.config);
        self.heeded && !self.issues.is_empty() && self.issues.iter().all(|issue| looks(&issue.config) == here)
    }

    /// The cookie in the same place afterwards.
    fn in_place_of(&self, cookie: &Cookie) -> Option<&Cookie> {
        let place = |c: &Cookie| (c.name.clone(), c.domain.clone(), c.host_only, c.path.clone(), c.partitioned);
        self.after.cookies().iter().find(|stored| place(stored) == place(cookie) && !stored.is_expired(self.now))
    }
}

/// The requests whose answers set a value.
fn issues_of<'a>(value: &str, answered: &'a [(Call, Answer)]) -> Vec<&'a Exchange> {
    let issue = |(call, answer): &'a (Call, Answer)| match (call, answer) {
        (Call::Exchange(call), Answer::Exchange(exchanged)) => {
            set_cookie(exchanged, call).is_some_and(|cookie| cookie.value == value).then_some(call)
        }
        _ => None,
    };
    answered.iter().filter_map(issue).collect()
}

/// `SIG-5`: whatever opens a session is signed by a key that the server knows.
fn nothing_unsigned_is_accepted(visit: &Visit<'_>) -> Result<(), Difference> {
    let config = &visit.call.config;
    let is_signed = |value: &String| {
        let Some((signed, signature)) = value.rsplit_once('.') else { return false };
        let Some(signature) = base64::decode(signature.as_bytes()) else { return false };
        config.verifying_keys(visit.choices.fallback_text).iter().any(|key| {
            signing::mac(config.digest, &signing::derive_key(config, key), &[signed.as_bytes()]) == signature
        })
    };
    if !visit.accepted() || visit.sent.as_ref().is_some_and(is_signed) {
        return Ok(());
    }
    broken(
        "SIG-5",
        "nothing unsigned is ever accepted",
        "an empty session",
        "a session from a cookie that no key signed",
    )
}

/// `EXP-1`: whatever opens a session is no older than the lifetime, by the server's clock, counted from the answer that set
/// it.
fn nothing_old_is_accepted(visit: &Visit<'_>) -> Result<(), Difference> {
    let (Some(issue), Some(max_age)) = (visit.issues.last(), visit.call.config.lifetime.max_age()) else {
        return Ok(());
    };
    let age = visit.call.now.seconds() - issue.now.seconds();
    if !visit.accepted() || (0..=max_age).contains(&age) {
        return Ok(());
    }
    let (expected, got) =
        (format!("an empty session: the lifetime is {max_age} s"), format!("a session of age {age} s"));
    broken("EXP-1", "no accepted session is older than its lifetime", &expected, &got)
}

/// `REN-5`: where neither lifetime nor clock went down since a permanent session was set, the browser keeps what is set in its
/// place at least as long.
fn a_renewal_shortens_no_life(visit: &Visit<'_>) -> Result<(), Difference> {
    let Some(own) = visit.own() else { return Ok(()) };
    if set_cookie(visit.exchanged, visit.call).is_none_or(|set| set.value.is_empty()) {
        return Ok(());
    }
    let call = visit.call;
    let went_down = visit
        .issues
        .iter()
        .any(|issue| call.config.lifetime.micros() < issue.config.lifetime.micros() || call.now < issue.now);
    let (Some(expires), true) = (own.expires, visit.is_like_its_issues() && !went_down) else { return Ok(()) };
    // No life is longer than the browser's own limit, whatever it was when somebody copied the cookie here.
    let least = expires.min(visit.now.plus_seconds(MAX_AGE));
    let kept = visit.in_place_of(own).map(|kept| kept.expires);
    // The session stopped being permanent, which is no renewal.
    if kept == Some(None) && is_modifying(call) {
        return Ok(());
    }
    match kept {
        Some(Some(expires)) if expires >= least => Ok(()),
        Some(Some(expires)) => shortened(least, &format!("kept until {expires}")),
        Some(None) => shortened(least, "kept until the browser closes"),
        None => shortened(least, "dropped on arrival"),
    }
}

fn shortened(least: UnixTime, got: &str) -> Result<(), Difference> {
    broken(
        "REN-5",
        "a renewed cookie never shortens a life in the browser",
        &format!("kept until {least} or later"),
        got,
    )
}

/// `DEL-2`, `DEL-3`: a browser that heeds the deletion of a cookie that was set with the same attributes has no such cookie.
fn a_deletion_is_effective(visit: &Visit<'_>) -> Result<(), Difference> {
    let Some(own) = visit.own() else { return Ok(()) };
    let is_deletion = set_cookie(visit.exchanged, visit.call).is_some_and(|set| set.value.is_empty());
    if !is_deletion || !visit.is_like_its_issues() {
        return Ok(());
    }
    match visit.in_place_of(own) {
        None => Ok(()),
        Some(kept) => {
            let rule = if kept.value.is_empty() { "DEL-3" } else { "DEL-2" };
            broken(
                rule,
                "a deletion is effective in the browser",
                "no cookie",
                &format!("the browser keeps {}", kept.pair()),
            )
        }
    }
}

/// The configuration's members that decide how the cookie looks.
fn looks(config: &Config) -> Config {
    let mut looks = Config::default()
        .cookie_name(&*config.cookie_name)
        .application_root(&*config.application_root)
        .cookie_httponly(config.cookie_httponly)
        .cookie_secure(config.cookie_secure)
        .cookie_partitioned(config.cookie_partitioned);
    looks.cookie_domain.clone_from(&config.cookie_domain);
    looks.cookie_path.clone_from(&config.cookie_path);
    looks.cookie_samesite.clone_from(&config.cookie_samesite);
    looks
}

fn broken(rule: &'static str, what: &str, expected: &str, got: &str) -> Result<(), Difference> {
    let (what, expected, got) = (what.to_owned(), expected.to_owned(), got.to_owned());
    Err(Difference { suspects: rule.into(), what, expected, got })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        adapter::{AdapterError, Implementation, in_process::Model},
        case::{
            scenario::Scenario,
            source::Source,
            story::{Browser as BrowserAtStart, Event, Request, Server},
        },
        config::Lifetime,
        model::answer,
        protocol::{Action, Capabilities, Reply},
        suite::judging::{
            compare::compare,
            judge::{Case, Verdict, judge},
        },
        value::Value,
    };
    use std::sync::Arc;

    const SECOND: i64 = 1_000_000;

    /// The model's answer to a call, spoiled.
    type Mutant = fn(&Exchange) -> Response;

    fn told_right(call: &Exchange) -> Response {
        match answer(&Call::Exchange(call.clone()), &Choices::default()) {
            Answer::Exchange(exchanged) => exchanged,
            other => panic!("{other:?}"),
        }
    }

    fn story(events: Vec<Event>) -> Story {
        let config = Arc::new(Config::with_key("key").lifetime(Lifetime::Seconds(1800)));
        Story {
            start: UnixTime::from_seconds(1_700_000_000),
            servers: vec![Server { config, skew: 0 }],
            browsers: vec![BrowserAtStart::default()],
            events,
        }
    }

    fn log_in(permanent: bool) -> Event {
        let set = Action::Set { key: "user".into(), value: Value::int(1) };
        Event::Request(Request::new(0, 0, vec![set, Action::SetPermanent { value: permanent }]))
    }

    fn look() -> Event {
        Event::Request(Request::new(0, 0, vec![Action::Get { key: "user".into() }]))
    }

    fn log_out() -> Event {
        Event::Request(Request::new(0, 0, vec![Action::Clear]))
    }

    /// What the invariants alone say of an implementation, whatever the model would answer; and whether the last answer equals
    /// the model's.
    fn alone(story: &Story, mutant: Mutant) -> (Option<&'static str>, bool) {
        let (mut answered, choices) = (Vec::new(), Choices::default());
        let mut equal = true;
        while let Some(call) = story.next(&answered) {
            let Call::Exchange(asked) = &call else { panic!("{call:?}") };
            let (right, given) = (Answer::Exchange(told_right(asked)), Answer::Exchange(mutant(asked)));
            equal = compare(&call, &right, &given, &choices).is_ok();
            answered.push((call, given));
            if let Err(difference) = hold(story, &answered, &choices) {
                return (Some(difference.rule()), equal);
            }
        }
        (None, equal)
    }

    /// The rule that the judge names.
    fn judged(story: &Story, mutant: Mutant) -> Option<&'static str> {
        struct Mutated(Model, Mutant);
        impl Implementation for Mutated {
            fn capabilities(&self) -> Capabilities {
                self.0.capabilities()
            }

            fn answer(&self, calls: &[Call]) -> Result<Vec<Reply>, AdapterError> {
                let exchange = |call: &Call| match call {
                    Call::Exchange(call) => Reply::Ok(Answer::Exchange((self.1)(call))),
                    other => panic!("{other:?}"),
                };
                Ok(calls.iter().map(exchange).collect())
            }
        }
        let scenario = Scenario::World(story.clone());
        let case = Case { scenario: &scenario, recorded: &[] };
        match judge(&Mutated(Model::default(), mutant), &[case]).unwrap().remove(0) {
            Verdict::Fail(divergence) => Some(divergence.difference.rule()),
            Verdict::Pass => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_model_breaks_none() {
        let events =
            vec![log_in(true), Event::Wait(1799 * SECOND), look(), Event::Wait(1799 * SECOND), log_out(), look()];
        assert_eq!(alone(&story(events), told_right), (None, true));
    }

    #[test]
    fn a_session_older_than_its_lifetime_is_seen_without_the_model() {
        let events = vec![log_in(false), Event::Wait(1801 * SECOND), look()];
        let immortal: Mutant = |call| {
            let mut call = call.clone();
            Arc::make_mut(&mut call.config).lifetime = Lifetime::default();
            told_right(&call)
        };
        assert_eq!(alone(&story(events), immortal).0, Some("EXP-1"));
    }

    #[test]
    fn what_nobody_signed_is_seen_without_the_model() {
        let forged =
            Request { cookie: Source::Header("session=e30.AA.AA".to_owned()), ..Request::new(0, 0, Vec::new()) };
        let trusting: Mutant = |call| {
            let session = [("user", Value::int(1))].into_iter().collect();
            Response { opened: Some(session), ..told_right(call) }
        };
        assert_eq!(alone(&story(vec![Event::Request(forged)]), trusting).0, Some("SIG-5"));
        // Out of nothing is no better.
        assert_eq!(alone(&story(vec![look()]), trusting).0, Some("SIG-5"));
    }

    fn with_header(mut exchanged: Response, change: impl Fn(&str) -> String) -> Response {
        for (_, header) in exchanged.headers.iter_mut().filter(|(name, _)| name == "Set-Cookie") {
            *header = change(header);
        }
        exchanged
    }

    /// The same instant to a reader that knows time zones. A browser does not, and reads an hour earlier.
    #[test]
    fn a_renewal_in_another_time_zone_is_equal_by_meaning_and_shortens_a_life() {
        let western: Mutant = |call| {
            let renewal = call.actions.len() == 1;
            with_header(told_right(call), |header| match renewal {
                true => header.replace("22:43:30 GMT", "21:43:30 -0100"),
                false => header.to_owned(),
            })
        };
        let story = story(vec![log_in(true), Event::Wait(10 * SECOND), look()]);
        assert_eq!(alone(&story, western), (Some("REN-5"), true));
        assert_eq!(judged(&story, western), Some("REN-5"));
    }

    /// A stray carriage return: readers of attributes trim it, and a browser ignores the header because of it.
    #[test]
    fn a_deletion_that_a_browser_ignores_is_equal_by_meaning_and_has_no_effect() {
        let stray: Mutant = |call| {
            with_header(told_right(call), |header| match header.contains("Max-Age=0") {
                true => format!("{header}\r"),
                false => header.to_owned(),
            })
        };
        let story = story(vec![log_in(true), Event::Wait(10 * SECOND), log_out()]);
        assert_eq!(alone(&story, stray), (Some("DEL-2"), true));
        assert_eq!(judged(&story, stray), Some("DEL-2"));
    }

    #[test]
    fn a_deletion_without_an_expiry_is_seen_without_the_model() {
        let empty: Mutant = |call| {
            let without = |header: &str| header.replace("; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0", "");
            with_header(told_right(call), without)
        };
        assert_eq!(alone(&story(vec![log_in(true), log_out()]), empty).0, Some("DEL-3"));
    }
}
