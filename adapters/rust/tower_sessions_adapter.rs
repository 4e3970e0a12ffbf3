//! tower-sessions in an axum application, behind version 2 of the adapter protocol. The store is its MemoryStore.
//!
//! The word `always_save` makes `refresh_each_request` the layer's setting of that name, which is off otherwise.
//!
//! The crates run as they are, and their clock is held: they ask `SystemTime::now`. The expiry is `OnInactivity` of the lifetime,
//! `set_permanent` is `set_expiry`, a logout is `flush`, and a new id is `cycle_id`. A session is loaded when it is first used, so what
//! was opened is what the store has for its id when the request begins. The cookie is called `session` unless the configuration names
//! it. No secret guards an id, so a key changes nothing.

mod sessionproof_adapter;
mod sessionproof_stories;
mod tower_memory;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::{Extension, Router, body::Body, http::HeaderValue, http::StatusCode, response::Response, routing::get};
use serde_json::Value;
use sessionproof_adapter::{Config, Refusal, locked, unsupported};
use sessionproof_stories::{Action, Answer, Broken, Call, StoryAdapter, runtime_with};
use tower::ServiceExt;
use tower_memory::Memory;
use tower_sessions::cookie::{SameSite, time::Duration};
use tower_sessions::{Expiry, Session, SessionManagerLayer};

const LOCK: &str = include_str!("Cargo.lock");

/// One axum application for one configuration.
fn build(config: &Config, store: &Memory, always_save: bool) -> Result<Router, Refusal> {
    let lifetime = Expiry::OnInactivity(Duration::microseconds(config.lifetime_micros()?));
    let same_site = config.given("cookie_samesite").map(|word| {
        let mut all = [SameSite::Lax, SameSite::None, SameSite::Strict].into_iter();
        all.find(|known| *word == known.to_string()).ok_or_else(|| unsupported(format!("SameSite={word}")))
    });
    let layer = SessionManagerLayer::new(store.clone()).with_name(config.text("cookie_name")?.to_owned());
    let layer = layer.with_expiry(lifetime).with_always_save(always_save && config.flag("refresh_each_request")?);
    let layer = config.given_text("cookie_domain")?.into_iter().fold(layer, SessionManagerLayer::with_domain);
    let layer = config.given_text("cookie_path")?.into_iter().fold(layer, SessionManagerLayer::with_path);
    let layer = config.given_flag("cookie_httponly")?.into_iter().fold(layer, SessionManagerLayer::with_http_only);
    let layer = config.given_flag("cookie_secure")?.into_iter().fold(layer, SessionManagerLayer::with_secure);
    let layer = same_site.transpose()?.into_iter().fold(layer, SessionManagerLayer::with_same_site);
    let app = Router::new().route("/", get(view).post(view)).route("/static/file.txt", get("a file"));
    Ok(app.layer(from_fn_with_state(store.clone(), note)).layer(Extension(lifetime)).layer(layer))
}

/// Notes each session as it was opened.
async fn note(State(store): State<Memory>, session: Session, request: Request, next: Next) -> Response {
    if let (Some(call), Ok(data)) = (request.extensions().get::<Call>(), store.opened(session.id()).await) {
        call.opened(data);
    }
    next.run(request).await
}

async fn view(Extension(call): Extension<Call>, lifetime: Extension<Expiry>, session: Session) -> StatusCode {
    match call.view(&Browsing(session, lifetime.0)).await {
        Ok(()) => StatusCode::OK,
        Err(Broken::NotFound) => StatusCode::NOT_FOUND,
        Err(Broken::GivenUp | Broken::Raised(_)) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The session of a request, and what makes it permanent.
struct Browsing(Session, Expiry);

impl sessionproof_stories::Session for Browsing {
    async fn get(&self, key: &str) -> Result<Option<Value>, String> {
        self.0.get_value(key).await.map_err(|error| error.to_string())
    }

    async fn set(&self, key: &str, value: &Value) -> Result<(), String> {
        self.0.insert(key, value).await.map_err(|error| error.to_string())
    }

    async fn remove(&self, key: &str) -> Result<Option<Value>, String> {
        self.0.remove_value(key).await.map_err(|error| error.to_string())
    }

    async fn act(&self, action: &Action) -> Result<Value, String> {
        let done = match action {
            Action::Clear => self.0.flush().await,
            Action::Regenerate => self.0.cycle_id().await,
            other => {
                let is_permanent = matches!(other, Action::SetPermanent(true));
                self.0.set_expiry(Some(if is_permanent { self.1 } else { Expiry::OnSessionEnd }));
                Ok(())
            }
        };
        done.map(|()| Value::Null).map_err(|error| error.to_string())
    }
}

async fn answer(app: Router, call: Call) -> Result<Answer, Refusal> {
    let request = Request::builder().method(call.method.as_str()).uri(&call.path).extension(call.clone());
    let request = call.cookie_bytes().iter().fold(request, |request, cookies| request.header("Cookie", &cookies[..]));
    let request = request.body(Body::empty()).map_err(|problem| unsupported(format!("such a request: {problem}")))?;
    let Ok(response) = app.oneshot(request).await;
    let text = |value: &HeaderValue| value.as_bytes().iter().copied().map(char::from).collect();
    let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    Ok(Answer { status: response.status().as_u16(), headers })
}

fn main() {
    let (store, always_save) = (Memory::default(), std::env::args().any(|word| word == "always_save"));
    let renew = if always_save { "request" } else { "write" };
    StoryAdapter {
        name: "tower-sessions",
        version: locked(LOCK, "tower-sessions"),
        runtime: runtime_with(LOCK, &["axum", "tokio"]),
        store: store.clone(),
        missing: &["application_root", "cookie_partitioned", "digest", "key_derivation", "key_prefix", "salt"],
        actions: &["clear", "regenerate", "set_permanent"],
        values: &["json", "integers", "floats"],
        choices: &[("boundary", "exclusive"), ("permanence", "permanent"), ("renew", renew)],
        precision_ms: 1,
        build: &|config| build(config, &store, always_save),
        request: |app, call| Box::pin(answer(app.clone(), call)),
        ident: |_, key| Some(key.to_owned()),
    }
    .serve();
}
