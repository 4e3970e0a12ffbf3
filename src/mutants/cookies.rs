//! Mutants of when a cookie is set or deleted, of permanence, renewal and Vary (`PERM-*`, `REN-*`, `SET-1`, `DEL-*`, `VARY-*`).

use super::{
    Mutant,
    hooks::{self, Hooks},
    tools::{
        cookie_set, drop_attribute, drop_headers, each_cookie, each_set, is_idle, is_of_view, is_read, resign,
        send_nothing, session_in, set_attribute, shift_date, timestamp, vary,
    },
};
use crate::{
    clock::UnixTime,
    model::{http_date, server, session::Session, signing::LAST_SECOND},
    protocol::{Action, Exchange, Response},
    value::{Map, Value},
};

pub(super) const MUTANTS: &[Mutant] = &[
    of_save("permanent-ignored", &["PERM-1", "PERM-3", "REN-1", "SET-1"], "no session is permanent", |session, _| {
        session.data.remove("_permanent");
    }),
    of_answer("expires-missing", &["PERM-3"], "the cookie of a permanent session has no Expires", |answer, _| {
        each_cookie(answer, |header| {
            if !super::tools::is_deletion(header) {
                drop_attribute(header, " Expires");
                drop_attribute(header, "Expires");
            }
        });
    }),
    of_answer("expires-in-local-time", &["PERM-3"], "Expires is local time, said to be GMT", |answer, _| {
        each_set(answer, |header| {
            set_attribute(header, "Expires", |date| shift_date(date, 3600).unwrap_or_else(|| date.to_owned()));
        });
    }),
    Mutant::new(
        "expires-rounded-up",
        &["PERM-3"],
        "Expires is rounded up to a whole second",
        Hooks {
            answered: |answer, call| {
                let micros = call.config.lifetime.micros().map(|lifetime| i128::from(call.now.micros()) + lifetime);
                if micros.is_some_and(|micros| micros.rem_euclid(1_000_000) != 0) {
                    each_set(answer, |header| {
                        set_attribute(header, "Expires", |date| shift_date(date, 1).unwrap_or_else(|| date.to_owned()));
                    });
                }
            },
            ..Hooks::MODEL
        },
    ),
    of_answer(
        "max-age-instead-of-expires",
        &["PERM-3", "PERM-6"],
        "a permanent session has Max-Age and no Expires",
        |answer, call| {
            let seconds = call.config.lifetime.max_age().unwrap_or(0);
            each_set(answer, |header| {
                if header.contains("; Expires=") {
                    drop_attribute(header, "Expires");
                    header.push_str(&format!("; Max-Age={seconds}"));
                }
            });
        },
    ),
    of_answer(
        "permanent-only-by-true",
        &["PERM-1"],
        "a cookie has an Expires only where true itself is stored, and not for what is true in Python's sense",
        |answer, _| {
            let is_odd = |session: &Map| {
                session.get("_permanent").is_some_and(|value| value.is_true() && *value != Value::Bool(true))
            };
            if cookie_set(answer).and_then(session_in).is_some_and(|session| is_odd(&session)) {
                each_set(answer, |header| drop_attribute(header, "Expires"));
            }
        },
    ),
    of_answer(
        "ending-permanence-keeps-expires",
        &["PERM-5"],
        "the cookie keeps an Expires when the view ends permanence",
        |answer, call| {
            let ends = call.actions.iter().rev().find_map(|action| match action {
                Action::SetPermanent { value } => Some(!value),
                _ => None,
            });
            let was = answer.opened.clone().is_some_and(|session| Session::opened(session).is_permanent());
            let at = call.config.lifetime.max_age().and_then(|max_age| call.now.seconds().checked_add(max_age));
            if let (Some(true), true, Some(date)) = (ends, was, at.and_then(http_date::format)) {
                each_set(answer, |header| {
                    if !header.contains("; Expires=") {
                        header.push_str(&format!("; Expires={date}"));
                    }
                });
            }
        },
    ),
    of_answer(
        "permanent-by-default",
        &["PERM-4"],
        "the cookie of a session that says nothing of permanence has an Expires",
        |answer, call| {
            let says_nothing = |session: Map| !session.contains_key("_permanent");
            let at = call.config.lifetime.max_age().and_then(|max_age| call.now.seconds().checked_add(max_age));
            if let (Some(true), Some(date)) =
                (cookie_set(answer).and_then(session_in).map(says_nothing), at.and_then(http_date::format))
            {
                each_set(answer, |header| header.push_str(&format!("; Expires={date}")));
            }
        },
    ),
    of_answer("expires-for-all", &["PERM-4", "PERM-5", "SYS-3"], "every cookie has an Expires", |answer, _| {
        each_cookie(answer, |header| {
            if !header.contains("; Expires=") {
                header.push_str("; Expires=Tue, 19 Jan 2038 03:14:07 GMT");
            }
        });
    }),
    of_answer("max-age-added", &["PERM-6"], "Max-Age stands beside Expires", |answer, call| {
        let seconds = call.config.lifetime.max_age().unwrap_or(0);
        each_cookie(answer, |header| {
            if !super::tools::is_deletion(header) {
                header.push_str(&format!("; Max-Age={seconds}"));
            }
        });
    }),
    of_answer(
        "refresh-lost-on-errors",
        &["REN-4", "MOD-9"],
        "an answer of 404, 405 or 500 sends no cookie",
        |answer, _| {
            if answer.status >= 400 {
                drop_headers(answer, "Set-Cookie");
            }
        },
    ),
    of_answer("refresh-lost-without-a-view", &["REN-4"], "what no view answers renews nothing", |answer, call| {
        if call.path != "/" || matches!(call.method.as_str(), "OPTIONS" | "DELETE") {
            send_nothing(answer);
        }
    }),
    of_answer(
        "refresh-only-when-touched",
        &["REN-1"],
        "a permanent session that the view did not touch is not renewed",
        |answer, call| {
            let is_renewed = answer.opened.clone().is_some_and(|session| Session::opened(session).is_permanent());
            if is_renewed && answer.status == 200 && is_idle(call) && is_of_view(call) {
                send_nothing(answer);
            }
        },
    ),
    of_answer(
        "renewal-keeps-the-timestamp",
        &["REN-5"],
        "a renewed cookie is signed with the timestamp of the old one",
        |answer, call| {
            let sent = call.cookie_header.as_deref().and_then(|header| header.split_once('='));
            let old = sent.and_then(|(_, value)| timestamp(value));
            if let (Some(old), true) = (old.filter(|old| (0..=LAST_SECOND).contains(old)), is_idle(call)) {
                each_set(answer, |header| resign(header, &call.config, UnixTime::from_seconds(old)));
            }
        },
    ),
    of_answer(
        "renewal-keeps-expires",
        &["REN-5"],
        "the Expires of a renewed cookie is that of the old one",
        |answer, call| {
            let sent = call.cookie_header.as_deref().and_then(|header| header.split_once('='));
            let old = sent.and_then(|(_, value)| timestamp(value)).zip(call.config.lifetime.max_age());
            let date = old.and_then(|(old, max_age)| http_date::format(old.checked_add(max_age)?));
            if let (Some(date), true) = (date, is_idle(call)) {
                each_set(answer, |header| set_attribute(header, "Expires", |_| date.clone()));
            }
        },
    ),
    of_answer(
        "refresh-for-untouched",
        &["REN-3"],
        "what no view touches renews sessions that are not permanent too",
        |answer, call| {
            if is_idle(call) && call.config.refresh_each_request {
                write_anew(answer, call, |session| !session.data.is_empty() && !session.is_permanent());
            }
        },
    ),
    of_answer(
        "refresh-flag-ignored-for-untouched",
        &["REN-2"],
        "what no view touches renews permanent sessions with refresh off",
        |answer, call| {
            if is_idle(call) && !call.config.refresh_each_request {
                write_anew(answer, call, Session::is_permanent);
            }
        },
    ),
    of_answer(
        "a-look-renews",
        &["MOD-8"],
        "a session that is not permanent is written when a view does nothing but look at it",
        |answer, call| {
            if is_of_view(call) && !is_idle(call) && call.actions.iter().all(is_read) {
                write_anew(answer, call, |session| !session.data.is_empty() && !session.is_permanent());
            }
        },
    ),
    of_save(
        "refresh-for-all",
        &["REN-3", "REN-6", "SET-1", "SYS-7", "MOD-8"],
        "every session is renewed by refresh",
        |s, call| {
            s.modified |= call.config.refresh_each_request && !s.data.is_empty();
        },
    ),
    Mutant::new(
        "refresh-flag-ignored",
        &["REN-2"],
        "permanent sessions are renewed with refresh off",
        Hooks { saving: |config| config.refresh_each_request = true, ..Hooks::MODEL },
    ),
    of_save("sign-on-read", &["MOD-8", "REN-6", "SET-1", "REN-2", "REN-3"], "a read writes the session", |s, _| {
        s.modified |= s.accessed && !s.data.is_empty();
    }),
    of_answer(
        "unwritable-is-no-error",
        &["SET-10"],
        "a cookie that cannot be written leaves the status alone",
        |answer, call| {
            let ended = matches!(call.actions.last(), Some(Action::Raise | Action::NotFound));
            if answer.status == 500 && answer.results.len() == call.actions.len() && answer.opened.is_some() && !ended {
                answer.status = 200;
            }
        },
    ),
    of_answer("emptied-not-deleted", &["DEL-1", "SET-1", "MOD-3"], "an emptied session sends nothing", |answer, _| {
        answer.headers.retain(|(_, value)| !super::tools::is_deletion(value));
    }),
    of_save("empty-deletes-always", &["DEL-4", "DEL-6"], "an empty session is deleted at every request", |s, _| {
        s.modified |= s.data.is_empty();
    }),
    of_save(
        "last-key-deletes",
        &["DEL-5"],
        "a session that holds nothing but its permanence counts as empty",
        |s, _| {
            if s.data.len() == 1 && s.data.contains_key("_permanent") && s.modified {
                s.data.clear();
            }
        },
    ),
    of_answer(
        "only-clear-deletes",
        &["DEL-1"],
        "a session that is emptied key by key is not deleted",
        |answer, call| {
            let was_full = answer.opened.as_ref().is_some_and(|session| !session.is_empty());
            if answer.status == 200 && was_full && !call.actions.contains(&Action::Clear) {
                answer.headers.retain(|(_, value)| !super::tools::is_deletion(value));
            }
        },
    ),
    of_answer(
        "nothing-sent-is-deleted",
        &["DEL-4"],
        "who sends no cookie and does nothing with the session gets a deletion",
        |answer, call| {
            if call.cookie_header.is_none() && is_idle(call) {
                write_anew(answer, call, |session| session.data.is_empty());
            }
        },
    ),
    of_answer(
        "untouched-rejected-cookie-deleted",
        &["DEL-6"],
        "a cookie that opens as an empty session is deleted where the view does nothing with it",
        |answer, call| {
            if call.cookie_header.is_some() && is_idle(call) {
                write_anew(answer, call, |session| session.data.is_empty());
            }
        },
    ),
    of_save(
        "popped-empty-but-for-permanence",
        &["DEL-5"],
        "who pops the last key of a permanent session gets a deletion",
        |s, call| {
            let pops = |action: &Action| matches!(action, Action::Pop { .. } | Action::Delete { .. } | Action::PopItem);
            let can_be_written = call
                .config
                .lifetime
                .max_age()
                .is_some_and(|seconds| (0..=LAST_SECOND).contains(&call.now.seconds().saturating_add(seconds)));
            let is_left = s.data.len() == 1 && s.data.contains_key("_permanent");
            if can_be_written && is_left && s.modified && call.actions.iter().any(pops) {
                s.data.clear();
            }
        },
    ),
    of_save(
        "rejected-cookie-deleted",
        &["DEL-6", "DEL-4"],
        "a cookie that opens as an empty session is deleted",
        |s, call| {
            s.modified |= s.data.is_empty() && call.cookie_header.is_some();
        },
    ),
    of_answer("vary-never", &["VARY-1", "VARY-2"], "Vary is never sent", |answer, _| drop_headers(answer, "Vary")),
    of_answer("vary-always", &["VARY-3", "KEY-5"], "Vary is sent with every answer", |answer, _| vary(answer)),
    of_answer(
        "vary-for-untouched",
        &["VARY-3"],
        "a view that does nothing with the session adds Vary",
        |answer, call| {
            let streams = |action: &Action| matches!(action, Action::StreamGet { .. });
            if call.config.signing_key().is_some() && !call.actions.iter().any(streams) {
                vary(answer);
            }
        },
    ),
    of_answer("vary-only-when-set", &["VARY-1"], "Vary is sent with a cookie and not for a read", |answer, _| {
        if !answer.headers.iter().any(|(name, _)| name == "Set-Cookie") {
            drop_headers(answer, "Vary");
        }
    }),
    of_answer("vary-only-when-read", &["VARY-2"], "a renewal sends no Vary", |answer, call| {
        if is_idle(call) {
            drop_headers(answer, "Vary");
        }
    }),
    of_answer("vary-while-streaming", &["VARY-4"], "a read while the body streams adds Vary", |answer, call| {
        let has_key = call.config.signing_key().is_some();
        if has_key && matches!(call.actions.last(), Some(Action::StreamGet { .. })) && answer.status == 200 {
            vary(answer);
        }
    }),
];

/// Writes or deletes the opened session of a request that did neither, where it is one of some.
fn write_anew(answer: &mut Response, call: &Exchange, which: fn(&Session) -> bool) {
    let Some(mut session) = answer.opened.clone().map(Session::opened).filter(which) else { return };
    if answer.headers.iter().any(|(name, _)| name == "Set-Cookie") || call.config.signing_key().is_none() {
        return;
    }
    session.accessed = !answer.headers.is_empty();
    session.modified = true;
    let write = |data: &Map| hooks::sign(&hooks::write(data)?, &call.config, call.now);
    if let Ok(headers) = server::save(&session, &call.config, call.now, write) {
        answer.headers = headers;
    }
}

const fn of_save(
    name: &'static str,
    rules: &'static [&'static str],
    summary: &'static str,
    before_save: fn(&mut crate::model::session::Session, &Exchange),
) -> Mutant {
    Mutant::new(name, rules, summary, Hooks { before_save, ..Hooks::MODEL })
}

/// A mutant of the finished answer.
pub(super) const fn of_answer(
    name: &'static str,
    rules: &'static [&'static str],
    summary: &'static str,
    answered: fn(&mut Response, &Exchange),
) -> Mutant {
    Mutant::new(name, rules, summary, Hooks { answered, ..Hooks::MODEL })
}
