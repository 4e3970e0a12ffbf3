//! One request through an application: the session is opened, the view acts on it, the response is written.
//!
//! The three operations of the adapter protocol are here as the specification answers them.

use super::{
    Raised, cookie_header, payload,
    session::Session,
    set_cookie::SetCookie,
    signing::{self, LAST_SECOND, Refusal},
};
use crate::{
    clock::UnixTime,
    config::Config,
    protocol::{
        Action, Choices, Exchange, OnInvalid, Reason, ReasonsChoice, Response, Sign, SignOutcome, Verify, VerifyOutcome,
    },
    value::{Map, Value},
};
use std::borrow::Cow;

/// What a cookie value opens as.
pub fn verify(call: &Verify, choices: &Choices) -> VerifyOutcome {
    match open(&call.cookie, &call.config, call.now, choices) {
        Ok(session) => VerifyOutcome::Accepted(session),
        Err(Refusal::Raised(raised)) => VerifyOutcome::Raised(raised.to_string()),
        Err(Refusal::Rejected(reason)) => {
            VerifyOutcome::Rejected((choices.reasons == ReasonsChoice::Typed).then_some(reason))
        }
    }
}

/// The cookie value of a session.
pub fn sign(call: &Sign, choices: &Choices) -> SignOutcome {
    match write(&call.session, &call.config, call.now, choices) {
        Ok(cookie) => SignOutcome::Cookie(cookie),
        Err(raised) => SignOutcome::Raised(raised.to_string()),
    }
}

/// What comes of one request.
pub fn exchange(call: &Exchange, choices: &Choices) -> Response {
    match open_from_header(call, &call.config, choices) {
        Ok(session) => respond(session, call, choices, |_| Cow::Borrowed(&*call.config)),
        Err(_) => not_opened(),
    }
}

/// What comes of a request whose session was opened as this one, whatever cookie was sent.
pub(crate) fn answer_with(opened: &Map, call: &Exchange, choices: &Choices) -> Response {
    respond(Session::opened(opened.clone()), call, choices, |_| Cow::Borrowed(&*call.config))
}

/// The answer where the session could not be opened (`SET-10`).
pub(crate) fn not_opened() -> Response {
    Response { status: 500, opened: None, results: Vec::new(), headers: Vec::new() }
}

/// Lets the view act on an opened session, and writes the response by the configuration that is in force then, which may
/// depend on what is in the session by then.
pub(super) fn respond<'c>(
    session: Session,
    call: &Exchange,
    choices: &Choices,
    in_force: impl FnOnce(&Map) -> Cow<'c, Config>,
) -> Response {
    respond_by(session, call, Session::act, |session| {
        let config = in_force(&session.data);
        save(session, &config, call.now, |data| write(data, &config, call.now, choices))
    })
}

/// A response whose session acts and is saved as the caller says.
pub(crate) fn respond_by(
    mut session: Session,
    call: &Exchange,
    act: impl Fn(&mut Session, &Action) -> Result<Value, Raised>,
    save: impl FnOnce(&Session) -> Result<Headers, Raised>,
) -> Response {
    let opened = Some(session.data.clone());
    let (mut status, mut results) = match route(&call.method, &call.path) {
        Route::View => view(&mut session, &call.actions, &act),
        Route::Status(status) => (status, Vec::new()),
    };
    let headers = match save(&session) {
        Ok(headers) => headers,
        // The error page is saved to as well, and fails at the same place: behind Vary, before the cookie (`SET-10`).
        Err(_) => {
            status = 500;
            vary(session.accessed)
        }
    };
    // The body streams when the headers are gone (`VARY-4`). No body is read for HEAD.
    if let (200, Some(action @ Action::StreamGet { .. })) = (status, call.actions.last())
        && matches!(route(&call.method, &call.path), Route::View)
        && call.method != "HEAD"
        && let Ok(value) = act(&mut session, action)
    {
        results.push(value);
    }
    Response { status, opened, results, headers }
}

enum Route {
    Status(u16),
    View,
}

/// Which methods a path takes, as Flask's routing decides (`REN-4` is about the answers that no view gives).
fn route(method: &str, path: &str) -> Route {
    match (path, method) {
        ("/", "GET" | "HEAD" | "POST") => Route::View,
        ("/", "OPTIONS") | ("/static/file.txt", "GET" | "HEAD" | "OPTIONS") => Route::Status(200),
        ("/" | "/static/file.txt", _) => Route::Status(405),
        _ => Route::Status(404),
    }
}

/// Does the actions up to the first that raises or answers 404.
fn view(
    session: &mut Session,
    actions: &[Action],
    act: impl Fn(&mut Session, &Action) -> Result<Value, Raised>,
) -> (u16, Vec<Value>) {
    let mut results = Vec::new();
    for action in actions {
        match action {
            Action::NotFound => return (404, results),
            Action::StreamGet { .. } => break,
            _ => match act(session, action) {
                Ok(result) => results.push(result),
                Err(_) => return (500, results),
            },
        }
    }
    (200, results)
}

/// The session of a request as an application with this configuration opens it.
pub(super) fn open_from_header(call: &Exchange, config: &Config, choices: &Choices) -> Result<Session, Raised> {
    open_by(
        call,
        config,
        |header| cookie_header::value(header, &config.cookie_name, choices.duplicates),
        |cookie| open(cookie, config, call.now, choices),
    )
}

/// The session of a request whose cookie is found and opened as the caller says.
pub(crate) fn open_by(
    call: &Exchange,
    config: &Config,
    find: impl FnOnce(&str) -> Option<String>,
    open: impl FnOnce(&str) -> Result<Map, Refusal>,
) -> Result<Session, Raised> {
    if config.signing_key().is_none() {
        return Ok(Session::null());
    }
    let header = call.cookie_header.as_deref().unwrap_or("");
    let Some(cookie) = find(header) else {
        return Ok(Session::opened(Map::new()));
    };
    match open(&cookie) {
        Ok(session) => Ok(Session::opened(session)),
        Err(Refusal::Raised(raised)) => Err(raised),
        Err(Refusal::Rejected(_)) => Ok(Session::opened(Map::new())),
    }
}

/// The session in a cookie value. The lifetime in force now judges it, whatever it was when it was signed (`EXP-6`), and
/// whether it is permanent or not (`EXP-4`).
pub(crate) fn open(cookie: &str, config: &Config, now: UnixTime, choices: &Choices) -> Result<Map, Refusal> {
    if cookie.is_empty() || config.signing_key().is_none() {
        return Err(Refusal::Rejected(Reason::Signature));
    }
    let payload = signing::verify(cookie, config, now, choices)?;
    payload::read(payload, choices).map_err(|raised| match choices.odd_payload {
        OnInvalid::Raise => Refusal::Raised(raised),
        OnInvalid::Reject => Refusal::Rejected(Reason::Payload),
    })
}

/// The cookie value of a session.
pub(crate) fn write(session: &Map, config: &Config, now: UnixTime, choices: &Choices) -> Result<String, Raised> {
    let key = config.signing_key().ok_or(Raised::NoSecretKey)?;
    signing::sign(&payload::write(session, choices)?, key, config, now)
}

/// Names and values of a response's headers.
pub(crate) type Headers = Vec<(String, String)>;

/// The headers of the response: the session's cookie set, deleted or left alone, and Vary. `write` makes the cookie's value.
pub(crate) fn save(
    session: &Session,
    config: &Config,
    now: UnixTime,
    write: impl FnOnce(&Map) -> Result<String, Raised>,
) -> Result<Headers, Raised> {
    if session.is_null {
        return Ok(Vec::new());
    }
    let cookie = match (session.data.is_empty(), should_write(session, config)) {
        (true, _) if session.modified => SetCookie::deletion(),
        (true, _) | (false, false) => return Ok(vary(session.accessed)),
        (false, true) => SetCookie {
            expires: if session.is_permanent() { Some(expires(config, now)?) } else { None },
            value: write(&session.data)?,
            max_age: None,
        },
    };
    let mut headers = vary(session.accessed);
    headers.push(("Set-Cookie".to_owned(), cookie.header(config)?));
    headers.extend(vary(!session.accessed));
    Ok(headers)
}

/// Modified, or permanent and renewed on every request (`SET-1`).
fn should_write(session: &Session, config: &Config) -> bool {
    session.modified || (session.is_permanent() && config.refresh_each_request)
}

/// The instant of issue plus the lifetime, in whole seconds (`PERM-3`).
fn expires(config: &Config, now: UnixTime) -> Result<i64, Raised> {
    const FIRST_SECOND: i64 = -62_135_596_800;
    let lifetime = config.lifetime.micros().ok_or(Raised::Calendar)?;
    let micros = i128::from(now.micros()) + lifetime;
    i64::try_from(micros.div_euclid(1_000_000))
        .ok()
        .filter(|seconds| (FIRST_SECOND..=LAST_SECOND).contains(seconds))
        .ok_or(Raised::Calendar)
}

fn vary(varies: bool) -> Headers {
    if varies { vec![("Vary".to_owned(), "Cookie".to_owned())] } else { Vec::new() }
}
