//! Mutants of how a cookie looks: its name, its attributes, and those of its deletion (`SET-*`, `DEL-2`, `DEL-3`).
//!
//! A cookie is set in one place of most programs and deleted in another, so a mistake is often made in one of them alone.

use super::{
    Mutant,
    cookies::of_answer,
    hooks::Hooks,
    tools::{
        cookie_set, drop_attribute, drop_headers, each_cookie, each_deletion, each_set, is_idle, set_attribute,
        shift_date,
    },
};
use crate::cookie_text;
use crate::model::http_date;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::new(
        "cookie-name-fixed",
        &["SET-2"],
        "the cookie is set as session, whatever is configured",
        Hooks { saving: |config| config.cookie_name = "session".to_owned(), ..Hooks::MODEL },
    ),
    of_answer("domain-with-a-dot", &["SET-3", "DEL-2"], "a dot is put before the domain", |answer, _| {
        each_cookie(answer, |header| set_attribute(header, "Domain", |domain| format!(".{domain}")));
    }),
    Mutant::new(
        "path-always-root",
        &["SET-4", "DEL-2"],
        "the path is / whatever is configured",
        Hooks {
            saving: |config| {
                config.cookie_path = Some("/".to_owned());
            },
            ..Hooks::MODEL
        },
    ),
    Mutant::new(
        "http-only-never",
        &["SET-5", "DEL-2"],
        "HttpOnly is never written",
        Hooks { saving: |config| config.cookie_httponly = false, ..Hooks::MODEL },
    ),
    Mutant::new(
        "secure-never",
        &["SET-5", "DEL-2"],
        "a configured Secure is not written",
        Hooks { saving: |config| config.cookie_secure = false, ..Hooks::MODEL },
    ),
    Mutant::new(
        "same-site-lax-by-default",
        &["SET-6", "DEL-2"],
        "SameSite=Lax is written where nothing is configured",
        Hooks {
            saving: |config| {
                config.cookie_samesite.get_or_insert_with(|| "Lax".to_owned());
            },
            ..Hooks::MODEL
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
    of_answer("deletion-without-attributes", &["DEL-2"], "a deletion has no Path and no Domain", |answer, _| {
        each_deletion(answer, |header| {
            drop_attribute(header, "Path");
            drop_attribute(header, "Domain");
        });
    }),
    of_answer("deletion-without-max-age", &["DEL-3"], "a deletion has no Max-Age", |answer, _| {
        each_deletion(answer, |header| drop_attribute(header, "Max-Age"));
    }),
    of_answer("domain-lost", &["SET-3"], "a configured domain is not written when the cookie is set", |answer, _| {
        each_set(answer, |header| drop_attribute(header, "Domain"));
    }),
    of_answer(
        "path-is-where-it-was-set",
        &["SET-4"],
        "the cookie is set with the path of the request",
        |answer, call| {
            each_set(answer, |header| set_attribute(header, "Path", |_| call.path.clone()));
        },
    ),
    of_answer("secure-lost-at-renewal", &["SET-5", "SET-7"], "a renewed cookie has no Secure", |answer, call| {
        if is_idle(call) && !call.config.cookie_partitioned {
            each_set(answer, |header| drop_attribute(header, "Secure"));
        }
    }),
    of_answer(
        "same-site-in-lower-case-lost",
        &["SET-6"],
        "SameSite that is not in title case is dropped",
        |answer, call| {
            if call.config.cookie_samesite.as_deref().is_some_and(|word| !word.starts_with(char::is_uppercase)) {
                each_set(answer, |header| drop_attribute(header, "SameSite"));
            }
        },
    ),
    of_answer("partitioned-lost", &["SET-7"], "a configured Partitioned is not written", |answer, _| {
        each_set(answer, |header| drop_attribute(header, "Partitioned"));
    }),
    of_answer(
        "partitioned-set-without-secure",
        &["SET-7"],
        "Partitioned brings no Secure when the cookie is set",
        |answer, call| {
            if call.config.cookie_partitioned && !call.config.cookie_secure {
                each_set(answer, |header| drop_attribute(header, "Secure"));
            }
        },
    ),
    of_answer("second-cookie-set", &["SET-2"], "a cookie that tells of the session is set beside it", |answer, _| {
        if cookie_set(answer).is_some() {
            answer.headers.push(("Set-Cookie".to_owned(), "logged_in=1; Path=/".to_owned()));
        }
    }),
    of_answer("deletion-at-the-root", &["DEL-2"], "a deletion has the path /", |answer, _| {
        each_deletion(answer, |header| set_attribute(header, "Path", |_| "/".to_owned()));
    }),
    of_answer("deletion-without-domain", &["DEL-2"], "a deletion has no Domain", |answer, _| {
        each_deletion(answer, |header| drop_attribute(header, "Domain"));
    }),
    of_answer("deletion-without-secure", &["DEL-2"], "a deletion has no Secure", |answer, _| {
        each_deletion(answer, |header| drop_attribute(header, "Secure"));
    }),
    of_answer("deletion-without-same-site", &["DEL-2"], "a deletion has no SameSite", |answer, _| {
        each_deletion(answer, |header| drop_attribute(header, "SameSite"));
    }),
    of_answer("deletion-without-partitioned", &["DEL-2"], "a deletion has no Partitioned", |answer, _| {
        each_deletion(answer, |header| drop_attribute(header, "Partitioned"));
    }),
    of_answer("deletion-without-expires", &["DEL-3"], "a deletion has no Expires", |answer, _| {
        each_deletion(answer, |header| drop_attribute(header, "Expires"));
    }),
    of_answer("deletion-expires-now", &["DEL-3"], "a deletion expires at the time of the answer", |answer, call| {
        let now = http_date::format(call.now.seconds()).unwrap_or_default();
        each_deletion(answer, |header| set_attribute(header, "Expires", |_| now.clone()));
    }),
    of_answer("deletion-expires-at-one", &["DEL-3"], "a deletion expires a second after 1970 began", |answer, _| {
        each_deletion(answer, |header| {
            set_attribute(header, "Expires", |date| shift_date(date, 1).unwrap_or_else(|| date.to_owned()));
        });
    }),
    of_answer("deletion-with-a-word", &["DEL-3"], "the value of a deletion is the word deleted", |answer, call| {
        let name = cookie_text::name(&call.config);
        each_deletion(answer, |header| *header = header.replacen(&format!("{name}=;"), &format!("{name}=deleted;"), 1));
    }),
];
