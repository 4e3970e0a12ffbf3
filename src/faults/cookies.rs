//! Faults of the cookie that is set or deleted, of permanence, renewal and Vary (`PERM-*`, `REN-*`, `SET-*`, `DEL-*`, `VARY-*`).

use super::{
    Fault,
    steps::Steps,
    tools::{
        cookie_set, drop_attribute, drop_headers, each_cookie, each_deletion, is_idle, send_nothing, set_attribute,
        vary,
    },
};
use crate::protocol::{Action, Exchange, Exchanged};

pub(super) const FAULTS: &[Fault] = &[
    of_save("permanent-ignored", &["PERM-1", "PERM-3", "REN-1", "SET-1"], "no session is permanent", |session, _| {
        session.data.remove(&"_permanent".into());
    }),
    of_answer("expires-missing", &["PERM-3"], "the cookie of a permanent session has no Expires", |answer, _| {
        each_cookie(answer, |header| {
            if !super::tools::is_deletion(header) {
                drop_attribute(header, " Expires");
                drop_attribute(header, "Expires");
            }
        });
    }),
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
    of_save(
        "refresh-only-when-read",
        &["REN-1", "REN-4", "SET-1"],
        "a session that was not touched is not renewed",
        |s, _| {
            if !s.accessed {
                s.data.clear();
            }
        },
    ),
    of_save(
        "refresh-for-all",
        &["REN-3", "REN-6", "SET-1", "SYS-7"],
        "every session is renewed by refresh",
        |s, call| {
            s.modified |= call.config.refresh_each_request && !s.data.is_empty();
        },
    ),
    Fault::new(
        "refresh-flag-ignored",
        &["REN-2"],
        "permanent sessions are renewed with refresh off",
        Steps { saving: |config| config.refresh_each_request = true, ..Steps::MODEL },
    ),
    of_save("sign-on-read", &["MOD-8", "REN-6", "SET-1", "REN-2", "REN-3"], "a read writes the session", |s, _| {
        s.modified |= s.accessed && !s.data.is_empty();
    }),
    Fault::new(
        "cookie-name-fixed",
        &["SET-2"],
        "the cookie is set as session, whatever is configured",
        Steps { saving: |config| config.cookie_name = "session".to_owned(), ..Steps::MODEL },
    ),
    of_answer("domain-with-a-dot", &["SET-3", "DEL-2"], "a dot is put before the domain", |answer, _| {
        each_cookie(answer, |header| set_attribute(header, "Domain", |domain| format!(".{domain}")));
    }),
    Fault::new(
        "path-always-root",
        &["SET-4", "DEL-2"],
        "the path is / whatever is configured",
        Steps {
            saving: |config| {
                config.cookie_path = Some("/".to_owned());
            },
            ..Steps::MODEL
        },
    ),
    Fault::new(
        "http-only-never",
        &["SET-5", "DEL-2"],
        "HttpOnly is never written",
        Steps { saving: |config| config.cookie_httponly = false, ..Steps::MODEL },
    ),
    Fault::new(
        "secure-never",
        &["SET-5", "DEL-2"],
        "a configured Secure is not written",
        Steps { saving: |config| config.cookie_secure = false, ..Steps::MODEL },
    ),
    Fault::new(
        "same-site-lax-by-default",
        &["SET-6", "DEL-2"],
        "SameSite=Lax is written where nothing is configured",
        Steps {
            saving: |config| {
                config.cookie_samesite.get_or_insert_with(|| "Lax".to_owned());
            },
            ..Steps::MODEL
        },
    ),
    of_answer(
        "partitioned-without-secure",
        &["SET-7", "SET-5", "DEL-2"],
        "Partitioned brings no Secure",
        |answer, call| {
            if call.config.cookie_partitioned && !call.config.cookie_secure {
                each_cookie(answer, |header| drop_attribute(header, "Secure"));
            }
        },
    ),
    of_answer("cookie-set-twice", &["SET-8"], "the cookie is set twice in one response", |answer, _| {
        if let Some(header) = cookie_set(answer).map(str::to_owned) {
            answer.headers.push(("Set-Cookie".to_owned(), header));
        }
    }),
    of_answer("oversize-dropped", &["SET-9"], "a cookie over 4093 bytes is not sent", |answer, _| {
        if cookie_set(answer).is_some_and(|header| header.len() > 4093) {
            drop_headers(answer, "Set-Cookie");
        }
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
    of_answer("emptied-not-deleted", &["DEL-1", "SET-1"], "an emptied session sends nothing", |answer, _| {
        answer.headers.retain(|(_, value)| !super::tools::is_deletion(value));
    }),
    of_answer("deletion-without-attributes", &["DEL-2"], "a deletion has no Path and no Domain", |answer, _| {
        each_deletion(answer, |header| {
            drop_attribute(header, "Path");
            drop_attribute(header, "Domain");
        });
    }),
    of_answer("deletion-without-max-age", &["DEL-3"], "a deletion has no Max-Age", |answer, _| {
        each_deletion(answer, |header| drop_attribute(header, "Max-Age"));
    }),
    of_save("empty-deletes-always", &["DEL-4", "DEL-6"], "an empty session is deleted at every request", |s, _| {
        s.modified |= s.data.is_empty();
    }),
    of_save(
        "last-key-deletes",
        &["DEL-5"],
        "a session that holds nothing but its permanence counts as empty",
        |s, _| {
            if s.data.len() == 1 && s.data.contains(&"_permanent".into()) && s.modified {
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
        if matches!(call.actions.last(), Some(Action::StreamGet { .. })) && answer.status == 200 {
            vary(answer);
        }
    }),
];

const fn of_save(
    name: &'static str,
    rules: &'static [&'static str],
    summary: &'static str,
    before_save: fn(&mut crate::model::session::Session, &Exchange),
) -> Fault {
    Fault::new(name, rules, summary, Steps { before_save, ..Steps::MODEL })
}

const fn of_answer(
    name: &'static str,
    rules: &'static [&'static str],
    summary: &'static str,
    answered: fn(&mut Exchanged, &Exchange),
) -> Fault {
    Fault::new(name, rules, summary, Steps { answered, ..Steps::MODEL })
}
