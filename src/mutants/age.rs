//! Mutants of age and lifetime (`EXP-*`).

use super::{
    Mutant,
    hooks::{self, Hooks},
    tools::{big_endian, timestamp, verify_stamped, with_lifetime},
};
use crate::{
    clock::UnixTime,
    config::{Config, Fallbacks, Lifetime},
    model::{
        Raised,
        session::Session,
        signing::{LAST_SECOND, Refusal},
    },
    protocol::Reason,
};

const LONG: i64 = 10_000_000_000;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::new(
        "age-never-checked",
        &["EXP-1", "EXP-2", "EXP-3", "SYS-1"],
        "the timestamp is read and not looked at",
        Hooks { verify: at_any_age, ..Hooks::MODEL },
    ),
    Mutant::new(
        "age-equal-refused",
        &["EXP-2", "EXP-1", "EXP-7"],
        "age equal to the lifetime is too old",
        Hooks {
            verify: |cookie, config, now| match judged_age(cookie, config, now) {
                Some((age, max_age)) if age == max_age => expired(cookie, config, now),
                _ => hooks::verify(cookie, config, now),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "age-one-second-more",
        &["EXP-2", "EXP-1"],
        "one second more than the lifetime is accepted",
        Hooks { verify: |cookie, config, now| with_leeway(cookie, config, now, 1), ..Hooks::MODEL },
    ),
    Mutant::new(
        "leeway-of-a-minute",
        &["EXP-2", "EXP-1"],
        "a cookie is accepted for a minute after its lifetime",
        Hooks { verify: |cookie, config, now| with_leeway(cookie, config, now, 60), ..Hooks::MODEL },
    ),
    Mutant::new(
        "grace-of-a-second",
        &["EXP-2"],
        "a lifetime of whole seconds, unless it is zero, gets a second of grace",
        Hooks {
            verify: |cookie, config, now| match config.lifetime {
                Lifetime::Seconds(1..=LONG) => with_leeway(cookie, config, now, 1),
                _ => hooks::verify(cookie, config, now),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "age-of-31-bits-of-milliseconds",
        &["EXP-1", "EXP-2"],
        "the age is counted in milliseconds of 31 bits, which begin anew after 24 days",
        Hooks {
            verify: |cookie, config, now| match judged_age(cookie, config, now) {
                Some((age @ 2_147_484.., _)) => hooks::verify(cookie, config, now.plus_seconds(age % 2_147_483 - age)),
                _ => hooks::verify(cookie, config, now),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "age-in-floats",
        &["EXP-8", "EXP-2", "EXP-1"],
        "the clock's fraction of a second counts toward the age",
        Hooks {
            verify: |cookie, config, now| match judged_age(cookie, config, now) {
                Some((age, max_age)) if age == max_age && now.micros() % 1_000_000 > 0 => expired(cookie, config, now),
                _ => hooks::verify(cookie, config, now),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "clock-rounded",
        &["EXP-8", "EXP-2", "EXP-1", "EXP-3"],
        "the clock is rounded to the nearest second when a cookie is read",
        Hooks { verify: |cookie, config, now| hooks::verify(cookie, config, now.plus_micros(500_000)), ..Hooks::MODEL },
    ),
    Mutant::new(
        "future-accepted",
        &["EXP-3", "SIG-9"],
        "a timestamp in the future is accepted",
        Hooks { verify: |cookie, config, now| from_the_future(cookie, config, now, LONG), ..Hooks::MODEL },
    ),
    Mutant::new(
        "future-leeway",
        &["EXP-3", "SYS-8", "SIG-9"],
        "a timestamp up to a minute in the future is accepted, since clocks differ",
        Hooks { verify: |cookie, config, now| from_the_future(cookie, config, now, 60), ..Hooks::MODEL },
    ),
    Mutant::new(
        "future-by-absolute-age",
        &["EXP-3"],
        "the age is the distance of the clocks, in whichever direction",
        Hooks {
            verify: |cookie, config, now| match timestamp(cookie) {
                Some(at) if at > now.seconds() && at - now.seconds() <= config.lifetime.max_age().unwrap_or(0) => {
                    hooks::verify(cookie, config, UnixTime::from_seconds(at))
                }
                _ => hooks::verify(cookie, config, now),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "future-raises",
        &["EXP-3"],
        "a timestamp in the future is an error",
        Hooks {
            verify: |cookie, config, now| match hooks::verify(cookie, config, now) {
                Err(Refusal::Rejected(Reason::Future)) => Err(Refusal::Raised(Raised::Calendar)),
                other => other,
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "future-says-expired",
        &["EXP-3"],
        "a timestamp in the future is rejected as expired",
        Hooks {
            verify: |cookie, config, now| match hooks::verify(cookie, config, now) {
                Err(Refusal::Rejected(Reason::Future)) => Err(Refusal::Rejected(Reason::Expired)),
                other => other,
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "expired-raises",
        &["EXP-1", "EXP-2"],
        "a cookie that is too old is an error",
        Hooks {
            verify: |cookie, config, now| match hooks::verify(cookie, config, now) {
                Err(Refusal::Rejected(Reason::Expired)) => Err(Refusal::Raised(Raised::Payload)),
                other => other,
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "only-permanent-ages",
        &["EXP-4", "SYS-7", "EXP-1", "EXP-2"],
        "a session that is not permanent never grows too old",
        Hooks {
            verify: |cookie, config, now| match hooks::verify(cookie, config, now) {
                Err(Refusal::Rejected(Reason::Expired)) if !is_permanent(cookie, config, now) => {
                    at_any_age(cookie, config, now)
                }
                other => other,
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "only-others-age",
        &["EXP-4", "SYS-1", "EXP-1", "EXP-2"],
        "the age of a permanent session is left to its cookie's Expires",
        Hooks {
            verify: |cookie, config, now| match hooks::verify(cookie, config, now) {
                Err(Refusal::Rejected(Reason::Expired)) if is_permanent(cookie, config, now) => {
                    at_any_age(cookie, config, now)
                }
                other => other,
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "lifetime-default-for-others",
        &["EXP-4", "SYS-7", "EXP-1", "EXP-2"],
        "a session that is not permanent lives for the default lifetime, not the configured one",
        Hooks {
            verify: |cookie, config, now| match is_permanent(cookie, config, now) {
                true => hooks::verify(cookie, config, now),
                false => hooks::verify(cookie, &config.clone().lifetime(Lifetime::default()), now),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "lifetime-rounded",
        &["EXP-5"],
        "a fraction of the lifetime is rounded to the nearest second",
        Hooks { reading: |config| fraction(config, f64::round), ..Hooks::MODEL },
    ),
    Mutant::new(
        "lifetime-rounded-up",
        &["EXP-5"],
        "a fraction of the lifetime is rounded up",
        Hooks { reading: |config| fraction(config, f64::ceil), ..Hooks::MODEL },
    ),
    Mutant::new(
        "lifetime-floored",
        &["EXP-5", "EXP-7"],
        "a negative fraction of the lifetime is rounded down, not toward zero",
        Hooks { reading: |config| fraction(config, f64::floor), ..Hooks::MODEL },
    ),
    Mutant::new(
        "lifetime-in-days",
        &["EXP-5", "EXP-1", "EXP-2"],
        "the days of a lifetime count, and the hours are lost, as with timedelta.days",
        Hooks {
            reading: |config| {
                let seconds = config.lifetime.max_age().unwrap_or(LONG);
                if seconds >= 86_400 {
                    config.lifetime = Lifetime::Seconds(seconds - seconds % 86_400);
                }
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "lifetime-without-days",
        &["EXP-1", "EXP-2", "KEY-5"],
        "the days of a lifetime are lost, as with timedelta.seconds",
        Hooks {
            reading: |config| {
                let seconds = config.lifetime.max_age().unwrap_or(LONG);
                config.lifetime = Lifetime::Seconds(seconds.rem_euclid(86_400));
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "lifetime-in-minutes",
        &["EXP-1", "EXP-2", "PERM-3"],
        "the lifetime is taken for minutes",
        Hooks {
            config: |config| {
                config.lifetime = Lifetime::Seconds(config.lifetime.max_age().unwrap_or(LONG).saturating_mul(60));
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "lifetime-fixed",
        &["EXP-6", "EXP-1", "EXP-2", "SYS-5"],
        "cookies are accepted for 31 days, whatever is configured",
        Hooks { reading: |config| config.lifetime = Lifetime::default(), ..Hooks::MODEL },
    ),
    Mutant::new(
        "zero-lifetime-is-none",
        &["EXP-7"],
        "a lifetime of zero means that there is no limit",
        Hooks {
            verify: |cookie, config, now| match config.lifetime {
                Lifetime::Seconds(0) => at_any_age(cookie, config, now),
                _ => hooks::verify(cookie, config, now),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "zero-lifetime-is-the-default",
        &["EXP-7"],
        "a lifetime of zero is taken for unset, and the default used",
        Hooks {
            config: |config| {
                if config.lifetime == Lifetime::Seconds(0) {
                    config.lifetime = Lifetime::default();
                }
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "negative-lifetime-is-none",
        &["EXP-7", "EXP-3"],
        "a negative lifetime means that there is no limit",
        Hooks {
            verify: |cookie, config, now| match config.lifetime.max_age() {
                Some(..0) => at_any_age(cookie, config, now),
                _ => hooks::verify(cookie, config, now),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "negative-lifetime-is-zero",
        &["EXP-7"],
        "a negative lifetime is taken for zero",
        Hooks {
            reading: |config| {
                if matches!(config.lifetime, Lifetime::Seconds(..0)) {
                    config.lifetime = Lifetime::Seconds(0);
                }
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "huge-lifetime-saturates",
        &["EXP-9", "SET-10", "PERM-3", "SIG-4"],
        "a lifetime beyond the calendar is the longest that there is, without an error",
        Hooks { config: |config| no_longer_than(config, LONG), ..Hooks::MODEL },
    ),
    Mutant::new(
        "huge-lifetime-raises-early",
        &["EXP-9"],
        "a lifetime that leads beyond the calendar raises for every cookie that is read",
        Hooks {
            verify: |cookie, config, now| match config.lifetime.max_age() {
                Some(seconds) if now.seconds().saturating_add(seconds) > LAST_SECOND => {
                    Err(Refusal::Raised(Raised::Calendar))
                }
                _ => hooks::verify(cookie, config, now),
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "expires-beyond-the-calendar-capped",
        &["EXP-9", "SET-10", "PERM-3"],
        "an Expires beyond the calendar becomes the last date that there is",
        Hooks { saving: |config| no_longer_than(config, 200_000_000_000), ..Hooks::MODEL },
    ),
    Mutant::new(
        "retried-after-expiry",
        &["EXP-10"],
        "a signature too old under the current key is tried with the fallback keys, and then said to be nobody's",
        Hooks {
            verify: |cookie, config, now| match hooks::verify(cookie, config, now) {
                Err(Refusal::Rejected(Reason::Expired | Reason::Future))
                    if matches!(&config.fallback_keys, Some(Fallbacks::Keys(keys)) if !keys.is_empty())
                        && is_current(cookie, config, now) =>
                {
                    Err(Refusal::Rejected(Reason::Signature))
                }
                other => other,
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "fallback-keys-know-no-age",
        &["KEY-3", "EXP-10", "EXP-1", "EXP-2", "EXP-3", "SYS-1"],
        "what a fallback key signed is accepted at any age",
        Hooks {
            verify: |cookie, config, now| match hooks::verify(cookie, config, now) {
                Err(Refusal::Rejected(Reason::Expired | Reason::Future)) if !is_current(cookie, config, now) => {
                    at_any_age(cookie, config, now)
                }
                other => other,
            },
            ..Hooks::MODEL
        },
    ),
];

fn at_any_age(cookie: &str, config: &Config, now: UnixTime) -> Result<Vec<u8>, Refusal> {
    let at = timestamp(cookie).map_or(now, UnixTime::from_seconds);
    hooks::verify(cookie, &with_lifetime(config, LONG), at)
}

/// Age and lifetime of a cookie in seconds.
fn judged_age(cookie: &str, config: &Config, now: UnixTime) -> Option<(i64, i64)> {
    Some((now.seconds() - timestamp(cookie)?, config.lifetime.max_age()?))
}

/// What the specification says of the cookie when it is too old.
fn expired(cookie: &str, config: &Config, now: UnixTime) -> Result<Vec<u8>, Refusal> {
    hooks::verify(cookie, &with_lifetime(config, -1), now)
}

fn with_leeway(cookie: &str, config: &Config, now: UnixTime, seconds: i64) -> Result<Vec<u8>, Refusal> {
    match config.lifetime.max_age() {
        Some(max_age) => hooks::verify(cookie, &with_lifetime(config, max_age.saturating_add(seconds)), now),
        None => hooks::verify(cookie, config, now),
    }
}

fn from_the_future(cookie: &str, config: &Config, now: UnixTime, seconds: i64) -> Result<Vec<u8>, Refusal> {
    verify_stamped(cookie, config, now, |bytes| {
        let at = big_endian(bytes)?;
        let is_near = at > now.seconds() && at - now.seconds() <= seconds;
        Some(if is_near { now.seconds() } else { at })
    })
}

fn is_permanent(cookie: &str, config: &Config, now: UnixTime) -> bool {
    let session = at_any_age(cookie, config, now).ok().and_then(|payload| hooks::read(&payload).ok());
    session.is_some_and(|session| Session::opened(session).is_permanent())
}

fn is_current(cookie: &str, config: &Config, now: UnixTime) -> bool {
    let mut current = config.clone();
    current.fallback_keys = None;
    !matches!(hooks::verify(cookie, &current, now), Err(Refusal::Rejected(Reason::Signature)))
}

fn fraction(config: &mut Config, round: impl Fn(f64) -> f64) {
    if let Lifetime::Delta(seconds) = config.lifetime {
        config.lifetime = Lifetime::Delta(round(seconds));
    }
}

fn no_longer_than(config: &mut Config, seconds: i64) {
    if config.lifetime.max_age().is_none_or(|configured| configured > seconds) {
        config.lifetime = Lifetime::Seconds(seconds);
    }
}
