//! Which changes tell the cause of a difference; and those of a request whose answer has another status, or lacks a cookie.

use super::{
    changes::{Change, found, of_cookie, of_opened, of_signer, of_values, raised, under, with_cookie},
    plain,
    sealed::Sealed,
};
use crate::{
    config::Config,
    model,
    protocol::{Action, Answer, Call, Choices, Exchange, Sign},
    suite::judging::{
        blame,
        compare::{OPENED, SET_COOKIE, SIGNATURE, STATUS, VERDICT, WRITING},
        divergence::Divergence,
    },
    value::Value,
};

/// The calls that tell which rule a difference breaks, the most special rule first. There are none if the difference itself tells
/// the rule.
pub(super) fn of(divergence: &Divergence, choices: &Choices) -> Vec<Change> {
    let Divergence { call, difference, .. } = divergence;
    let is_raised = [&divergence.expected, &divergence.got].into_iter().any(raised);
    let mut changes = Vec::new();
    if call.config().signing_key().is_none() {
        return changes;
    }
    match call {
        // The lifetime is read before the cookie: nothing about the cookie can be the cause.
        Call::Verify(verify) if difference.what == VERDICT && verify.config.lifetime.micros().is_none() => {}
        Call::Verify(verify) if difference.what == VERDICT => {
            of_cookie(verify, is_raised, Call::Verify, &mut changes);
        }
        Call::Exchange(exchange) if difference.what == OPENED => of_opened(exchange, choices, is_raised, &mut changes),
        // Nothing was to be written, so nothing that is written can be the cause.
        Call::Exchange(_)
            if difference.what == STATUS && difference.rule() == "MOD-7" && !sets(&divergence.expected) => {}
        // Where an error is due, putting right what cannot be written says nothing.
        Call::Exchange(exchange) if difference.what == STATUS && raised(&divergence.got) => {
            of_status(exchange, choices, &mut changes)
        }
        Call::Exchange(exchange) if difference.what == SET_COOKIE && sets(&divergence.expected) => {
            of_missing(exchange, choices, difference.rule(), &mut changes);
        }
        Call::Sign(sign) if difference.what == WRITING => {
            of_values(
                |rule| Call::Sign(Sign { session: plain::map(&sign.session, rule), ..sign.clone() }),
                &mut changes,
            );
            of_signer(call, choices, &mut changes);
        }
        _ if difference.what == SIGNATURE => of_signer(call, choices, &mut changes),
        _ => {}
    }
    changes.retain(|change| change.call != *call);
    changes
}

/// The changes of a request whose answer lacks a cookie, likely since its view raises or sets the flag by hand: no error, no flag
/// set by hand, a plain change of the session.
fn of_missing(call: &Exchange, choices: &Choices, likeliest: &str, changes: &mut Vec<Change>) {
    let with = |actions: Vec<Action>| Exchange { actions, ..call.clone() };
    let without = |is_left_out: fn(&Action) -> bool| {
        with(call.actions.iter().filter(|action| !is_left_out(action)).cloned().collect())
    };
    let raises = |action: &Action| matches!(action, Action::Raise);
    let is_by_hand = |action: &Action| matches!(action, Action::SetModified { .. });
    let plain = with(vec![Action::Set { key: Value::from("a"), value: Value::int(1) }]);
    let kind = blame::only_kind(&without(|action| matches!(action, Action::Raise | Action::SetModified { .. })));
    let mut add = |rule: &'static str, call: Exchange| {
        let call = Call::Exchange(call);
        if sets(&model::answer(&call, choices)) {
            changes.push(Change { suspects: rule.into(), call });
        }
    };
    let raised = likeliest == "MOD-9" && call.actions.iter().any(raises);
    let by_hand = matches!(likeliest, "MOD-7" | "SET-1") && call.actions.iter().any(is_by_hand);
    if raised {
        add("MOD-9", without(raises));
    }
    if by_hand {
        add("MOD-7", without(is_by_hand));
    }
    if (raised || by_hand) && kind != "SET-1" {
        add(kind, plain);
    }
}

/// Whether an answer to a request sets or deletes a cookie.
fn sets(answer: &Answer) -> bool {
    match answer {
        Answer::Exchange(response) => response.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Set-Cookie")),
        Answer::Sign(_) | Answer::Story(_) | Answer::Verify(_) => false,
    }
}

/// The changes of a request whose status is wrong.
fn of_status(call: &Exchange, choices: &Choices, changes: &mut Vec<Change>) {
    let with = |change: &dyn Fn(&mut Exchange)| {
        let mut call = call.clone();
        change(&mut call);
        Call::Exchange(call)
    };
    let held = found(call, choices).as_ref().and_then(Sealed::of);
    let without = |rule| {
        let actions = call.actions.iter().map(|action| plain::action(action, rule)).collect();
        let call = Exchange { actions, ..call.clone() };
        // What the cookie holds is written again.
        let plain = held.as_ref().and_then(|sealed| sealed.with_session(&plain::map(&sealed.session()?, rule))?.call());
        Call::Exchange(plain.map_or(call.clone(), |verify| with_cookie(&call, verify)))
    };
    of_values(without, changes);
    let mut add = |rule: &'static str, call: Call| changes.push(Change { suspects: rule.into(), call });
    let whole = Call::Exchange(call.clone());
    let flask = Config::default();
    add("SET-3", under(&whole, choices, |config| config.cookie_domain = None));
    add(
        "SET-4",
        under(&whole, choices, |config| {
            config.cookie_path = None;
            config.application_root.clone_from(&flask.application_root);
        }),
    );
    add("SET-6", under(&whole, choices, |config| config.cookie_samesite = None));
    add("SET-7", under(&whole, choices, |config| config.cookie_partitioned = false));
    add("SET-2", under(&whole, choices, |config| config.cookie_name.clone_from(&flask.cookie_name)));
    add("MOD-7", with(&|call| call.actions.retain(|action| !matches!(action, Action::SetModified { .. }))));
    add(
        "REN-4",
        with(&|call| {
            "/".clone_into(&mut call.path);
            "GET".clone_into(&mut call.method);
        }),
    );
    of_signer(&whole, choices, changes);
}
