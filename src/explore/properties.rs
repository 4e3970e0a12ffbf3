//! The properties of every configuration: the rules of the whole system, and runs that must exist if the rules are to mean
//! anything.

use super::{
    configuration::Configuration,
    event::{Event, LifetimeStep, View},
    observation::{Answer, Observation},
    system::{Kind, Property},
};

/// A property with its test.
#[derive(Clone, Copy)]
pub(super) struct Tested {
    name: &'static str,
    rule: &'static str,
    pub(super) test: Test,
    /// Which configurations have it.
    pub(super) applies_to: fn(&Configuration) -> bool,
}

/// How a property is tested.
#[derive(Clone, Copy)]
pub(super) enum Test {
    /// What every event must satisfy.
    Always(fn(&Observation<'_>) -> bool),
    /// What every run must come to. A state is tested by what a server would answer if the event happened now.
    Eventually(fn(&dyn Fn(Event) -> Option<Answer>) -> bool),
    /// What some event must show.
    Sometimes(fn(&Observation<'_>) -> bool),
}

impl Tested {
    pub(super) fn property(&self) -> Property {
        let kind = match self.test {
            Test::Always(_) => Kind::Always,
            Test::Eventually(_) => Kind::Eventually,
            Test::Sometimes(_) => Kind::Sometimes,
        };
        Property { name: self.name, rule: self.rule, kind }
    }
}

const fn always(name: &'static str, rule: &'static str, holds: fn(&Observation<'_>) -> bool) -> Tested {
    Tested { name, rule, test: Test::Always(holds), applies_to: |_| true }
}

const fn sometimes(
    name: &'static str,
    rule: &'static str,
    applies_to: fn(&Configuration) -> bool,
    shows: fn(&Observation<'_>) -> bool,
) -> Tested {
    Tested { name, rule, test: Test::Sometimes(shows), applies_to }
}

/// All properties.
pub(super) const PROPERTIES: [Tested; 29] = [
    always("nothing-too-old-is-accepted", "SYS-1", |seen| {
        seen.is_of_all(|answer| !answer.is_in() || answer.age().is_none_or(|age| age <= answer.lifetime))
    }),
    always("nothing-from-the-future-is-accepted", "SYS-8", |seen| {
        seen.is_of_all(|answer| !answer.is_in() || answer.age().is_none_or(|age| age >= 0))
    }),
    always("nothing-is-accepted-that-no-server-set", "SIG-5", |seen| {
        seen.is_of_all(|answer| !answer.is_in() || answer.sent.is_some())
    }),
    always("nothing-is-accepted-under-a-key-that-is-gone", "SYS-6", |seen| {
        seen.is_of_all(|answer| !answer.is_in() || answer.sent.is_none() || seen.knows_the_key(answer))
    }),
    always("what-is-in-time-and-under-a-known-key-is-accepted", "SYS-4", |seen| {
        seen.is_of_all(|answer| answer.is_in() || !answer.is_in_time() || !seen.knows_the_key(answer))
    }),
    always("nobody-is-taken-for-somebody-else", "PAY-16", |seen| {
        seen.is_of_all(|answer| match (answer.opened, answer.sent) {
            (Some(opened), Some(sent)) => {
                (opened.user, opened.permanent, opened.cart) == (sent.user, sent.permanent, sent.cart)
            }
            _ => true,
        })
    }),
    always("a-permanent-session-is-renewed-by-every-request", "REN-1", |seen| {
        seen.is_of_all(|answer| {
            let renews = seen.refreshes(answer) && answer.view == View::Read;
            !renews || answer.set.is_some_and(|set| set.expires == Some(answer.second + answer.lifetime))
        })
    }),
    always("a-read-renews-nothing-else", "SYS-7", |seen| {
        seen.is_of_all(|answer| answer.view != View::Read || seen.refreshes(answer) || answer.set.is_none())
    }),
    always("only-permanent-sessions-have-a-date", "PERM-3", |seen| {
        let dated = |browser| seen.after.expiry_in(browser).is_some();
        seen.browsers().all(|browser| seen.after.held_by(browser).is_none_or(|held| held.permanent == dated(browser)))
    }),
    always("a-closed-browser-keeps-permanent-sessions-alone", "SYS-3", |seen| match seen.event {
        Event::Restart { browser } => {
            let kept = seen.before.held_by(browser).filter(|held| held.permanent);
            seen.after.held_by(browser) == kept
        }
        _ => true,
    }),
    always("a-browser-keeps-a-cookie-until-its-date", "UA-2", |seen| match seen.event {
        Event::Tick => seen.browsers().all(|browser| seen.is_kept_as_it_should_be(browser)),
        _ => true,
    }),
    always("a-logout-removes-the-cookie-in-its-browser", "DEL-1", |seen| match seen.event {
        Event::Request { browser, view: View::LogOut, .. } => seen.after.held_by(browser).is_none(),
        _ => true,
    }),
    always("what-is-refused-is-not-deleted", "DEL-6", |seen| {
        seen.is_of_all(|answer| answer.is_in() || answer.view != View::Read || answer.set.is_none())
    }),
    always("what-happens-in-one-browser-stays-there", "SYS-3", |seen| {
        let touched = match seen.event {
            Event::Copy { to, .. } => Some(to),
            Event::Request { browser, .. } | Event::Restart { browser } => Some(browser),
            Event::Tick => return true,
            Event::Forge { .. } | Event::Keys { .. } | Event::Lifetime(_) => None,
        };
        let same = |browser| seen.before.value_in(browser) == seen.after.value_in(browser);
        seen.browsers().filter(|browser| Some(*browser) != touched).all(same)
    }),
    Tested {
        name: "an-idle-user-is-out",
        rule: "SYS-1",
        test: Test::Eventually(is_out),
        applies_to: |of| of.idle.is_some(),
    },
    sometimes(
        "a-session-slides-past-its-first-expiry",
        "SYS-2",
        |of| is_active(of) && of.refresh,
        |seen| {
            seen.is_of_one(|answer| {
                answer.is_in() && answer.view == View::Read && seen.is_past_its_first_expiry(answer)
            })
        },
    ),
    sometimes("a-cookie-is-accepted-at-the-last-second", "EXP-2", is_active, |seen| {
        seen.is_of_one(|answer| answer.is_in() && answer.age() == Some(answer.lifetime))
    }),
    sometimes("a-cookie-is-refused-a-second-later", "EXP-2", is_active, |seen| {
        seen.is_of_one(|answer| !answer.is_in() && answer.age() == Some(answer.lifetime + 1))
    }),
    sometimes("a-session-ends-while-its-browser-stays-open", "SYS-7", is_active, |seen| {
        seen.is_of_one(|answer| {
            let too_old = answer.age().is_some_and(|age| age > answer.lifetime);
            !answer.is_in() && too_old && answer.sent.is_some_and(|sent| !sent.permanent)
        })
    }),
    sometimes(
        "the-browser-forgets-before-the-server",
        "UA-2",
        |of| of.browser_skew >= 0,
        |seen| {
            let gone = |browser: usize| match (seen.before.held_by(browser), seen.after.held_by(browser)) {
                (Some(held), None) => seen.after.second_of(0) - held.issued <= seen.after.lifetime.seconds(),
                _ => false,
            };
            seen.event == Event::Tick && seen.browsers().any(gone)
        },
    ),
    sometimes(
        "a-permanent-session-outlives-its-browser",
        "SYS-3",
        |of| of.browser_skew <= 0,
        |seen| matches!(seen.event, Event::Restart { browser } if seen.after.held_by(browser).is_some()),
    ),
    sometimes(
        "a-forged-cookie-is-refused",
        "SIG-5",
        |of| of.forgeries && is_active(of),
        |seen| seen.is_of_one(|answer| answer.browser.is_none() && !answer.is_in()),
    ),
    sometimes(
        "a-copy-outlives-the-logout",
        "SYS-4",
        |of| of.copies,
        |seen| {
            seen.is_of_one(|answer| answer.is_in() && answer.sent.is_some_and(|sent| sent.copied && sent.logged_out))
        },
    ),
    sometimes(
        "a-copy-slides-past-the-first-expiry-after-a-logout",
        "SYS-4",
        |of| of.copies && of.refresh,
        |seen| {
            seen.is_of_one(|answer| {
                let stolen = answer.sent.is_some_and(|sent| sent.copied && sent.logged_out);
                answer.is_in() && stolen && seen.is_past_its_first_expiry(answer)
            })
        },
    ),
    sometimes(
        "a-rotation-without-a-fallback-logs-out",
        "SYS-6",
        |of| of.rotation,
        |seen| seen.is_of_one(|answer| !answer.is_in() && answer.is_in_time() && !seen.knows_the_key(answer)),
    ),
    sometimes(
        "a-fallback-key-keeps-a-user-in",
        "SYS-6",
        |of| of.rotation,
        |seen| seen.is_of_one(|answer| answer.is_in() && !seen.signs_with_the_key(answer)),
    ),
    sometimes(
        "a-shorter-lifetime-logs-out-at-once",
        "SYS-5",
        |of| of.lifetimes,
        |seen| {
            seen.is_of_one(|answer| {
                let is_within =
                    |lifetime: LifetimeStep| answer.age().is_some_and(|age| (0..=lifetime.seconds()).contains(&age));
                !answer.is_in() && !answer.is_in_time() && answer.sent.is_some_and(|sent| is_within(sent.lifetime))
            })
        },
    ),
    sometimes(
        "a-longer-lifetime-revives",
        "SYS-5",
        |of| of.lifetimes,
        |seen| {
            seen.is_of_one(|answer| {
                let is_beyond = |lifetime: LifetimeStep| answer.age().is_some_and(|age| age > lifetime.seconds());
                answer.is_in() && answer.sent.is_some_and(|sent| is_beyond(sent.lifetime))
            })
        },
    ),
    sometimes(
        "a-server-that-is-behind-refuses-a-fresh-cookie",
        "SYS-8",
        |of| of.servers.len() > 1,
        |seen| seen.is_of_one(|answer| !answer.is_in() && answer.age().is_some_and(|age| age < 0)),
    ),
];

fn is_active(configuration: &Configuration) -> bool {
    configuration.idle.is_none()
}

/// No server would accept the cookie that the browser still has. Without requests, a user who is out stays out.
fn is_out(answer: &dyn Fn(Event) -> Option<Answer>) -> bool {
    let event = Event::Request { browser: 0, server: 0, view: View::Read };
    answer(event).is_some_and(|answer| !answer.is_in())
}
