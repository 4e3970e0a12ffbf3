//! The recipe for a lifetime per user: what real Flask did, told again by the model, and made again by real Flask.

use crate::common::{self, Steps};

use serde::Deserialize;
use sessionproof::{
    bundled,
    clock::UnixTime,
    config::{Config, Lifetime},
    evidence::vectors::Provenance,
    model::{
        browser::{Browser, Target},
        recipe::{Application, Recipe},
    },
    protocol::{Action, Choices, Exchange, Response},
    rules,
    value::Value,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    process::Stdio,
    sync::Arc,
};

const FILES: [&str; 2] = ["per_user_lifetime", "found_by_search"];
const CODE: &str = "adapters/python/per_user_lifetime.py";
const PAGE: &str = include_str!("../../docs/claims.md");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    spec: String,
    recipe: String,
    #[serde(rename = "description")]
    _description: String,
    #[serde(rename = "provenance")]
    _provenance: Provenance,
    recordings: Vec<Recording>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recording {
    id: String,
    rules: Vec<String>,
    comment: String,
    application: Recipe,
    config: Arc<Config>,
    lifetimes: BTreeMap<String, Lifetime>,
    input: Steps<Step>,
    output: Steps<Done>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    now: UnixTime,
    browser: String,
    #[serde(default)]
    restart: bool,
    cookie: Option<Cookie>,
    actions: Vec<Action>,
}

/// A cookie instead of the browser's own.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Cookie {
    /// The one that an earlier step set.
    From(usize),
    /// A whole header.
    Header(String),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Done {
    #[serde(flatten)]
    exchanged: Response,
    cookie_header: Option<String>,
    lifetime_before: Lifetime,
    lifetime_after: Lifetime,
}

impl Done {
    fn set_cookie(&self) -> Option<&str> {
        let mut headers = self.exchanged.headers.iter();
        headers.find(|(name, _)| name == "Set-Cookie").map(|(_, value)| value.as_str())
    }

    fn role(&self) -> Option<&Value> {
        self.exchanged.opened.as_ref()?.get("role")
    }
}

fn text_of(path: &str) -> &'static str {
    bundled::under(path).next().unwrap_or_else(|| panic!("no {path}")).1
}

fn recordings_of(name: &str) -> &'static str {
    text_of(&format!("vectors/recipes/{name}.json"))
}

fn file(name: &str) -> File {
    serde_json::from_str(recordings_of(name)).unwrap()
}

fn recordings() -> impl Iterator<Item = Recording> {
    FILES.into_iter().flat_map(|name| file(name).recordings)
}

fn recording(id: &str) -> Recording {
    recordings().find(|recording| recording.id == id).unwrap_or_else(|| panic!("no {id}"))
}

/// The recorded steps once more, with the model's application and browsers.
fn told_again(recording: &Recording) -> Vec<Done> {
    let mut application =
        Application::start(recording.application, recording.config.clone(), recording.lifetimes.clone());
    let mut browsers: HashMap<&str, Browser> = HashMap::new();
    let here = Target::https("localhost", "/");
    let mut done: Vec<Done> = Vec::new();
    for step in &recording.input.steps {
        if step.restart {
            application.restart();
        }
        let browser = browsers.entry(&step.browser).or_default();
        let cookie_header = match &step.cookie {
            Some(Cookie::From(earlier)) => {
                done[*earlier].set_cookie().and_then(|set| set.split(';').next()).map(str::to_owned)
            }
            Some(Cookie::Header(header)) => Some(header.clone()),
            None => browser.cookie_header(&here, step.now),
        };
        let call = Exchange {
            config: recording.config.clone(),
            now: step.now,
            cookie_header: cookie_header.clone(),
            method: "GET".to_owned(),
            path: "/".to_owned(),
            actions: step.actions.clone(),
        };
        let lifetime_before = application.lifetime();
        let exchanged = application.exchange(&call, &Choices::default());
        let step_done = Done { exchanged, cookie_header, lifetime_before, lifetime_after: application.lifetime() };
        browser.receive(&step_done.set_cookie().into_iter().collect::<Vec<_>>(), &here, step.now);
        done.push(step_done);
    }
    done
}

#[test]
fn the_model_tells_every_recording_exactly() {
    for recording in recordings() {
        assert_eq!(told_again(&recording), recording.output.steps, "{}", recording.id);
    }
}

#[test]
fn every_recording_is_named_explained_and_told_to_both_applications() {
    for name in FILES {
        let file = file(name);
        assert_eq!((file.format, file.spec.as_str(), file.recipe.as_str()), (1, "flask-3.1", name));
    }
    let recordings: Vec<_> = recordings().collect();
    let ids: BTreeSet<_> = recordings.iter().map(|recording| recording.id.as_str()).collect();
    assert_eq!(ids.len(), recordings.len());
    for recording in &recordings {
        assert!(!recording.comment.is_empty() && !recording.rules.is_empty(), "{}", recording.id);
        for rule in &recording.rules {
            assert!(rules::find(rule).is_some(), "{}: {rule}", recording.id);
        }
        let other = match recording.application {
            Recipe::Hook => recording.id.replacen("hook-", "interface-", 1),
            Recipe::Interface => recording.id.replacen("interface-", "hook-", 1),
        };
        assert!(other != recording.id && ids.contains(other.as_str()), "{} has no {other}", recording.id);
    }
}

/// What the recordings say about the user of the last step, under the hook and under the interface.
fn last_roles(story: &str) -> [Option<Value>; 2] {
    ["hook", "interface"].map(|application| {
        let recording = recording(&format!("{application}-{story}"));
        recording.output.steps.last().unwrap().role().cloned()
    })
}

#[test]
fn with_the_hook_an_admins_request_lets_an_idle_users_session_live_on() {
    for story in ["idle-user-lives-on", "copied-cookie-lives-on"] {
        assert_eq!(last_roles(story), [Some("user".into()), None], "{story}");
    }
}

#[test]
fn with_the_hook_a_users_request_logs_an_idle_admin_out() {
    assert_eq!(last_roles("idle-admin-out"), [None, Some("admin".into())]);
}

#[test]
fn with_the_hook_the_first_request_after_a_restart_goes_by_the_configured_lifetime() {
    let last = recording("hook-restart").output.steps.pop().unwrap();
    assert_eq!(last.lifetime_before, Config::default().lifetime);
    assert_eq!(last_roles("restart"), [Some("user".into()), None]);
    assert_eq!(last_roles("first-login-after-a-start"), [Some("user".into()), None]);
}

#[test]
fn the_interface_leaves_nothing_on_the_application() {
    for recording in recordings().filter(|recording| recording.application == Recipe::Interface) {
        for step in &recording.output.steps {
            let left = (step.lifetime_before, step.lifetime_after);
            assert_eq!(left, (recording.config.lifetime, recording.config.lifetime), "{}", recording.id);
        }
    }
}

/// What the search of the model found, real Flask did: the last answer is another one with the requests of somebody else than
/// without, under the hook; and the same one under the interface.
#[test]
fn what_the_search_found_is_so_on_real_flask() {
    let last = |id: &str| recording(id).output.steps.pop().unwrap();
    let expires = |id: &str| last(id).set_cookie().unwrap().split("; ").nth(1).unwrap().to_owned();
    let role = |id: &str| last(id).role().cloned();
    // The user's cookie, with the eight hours of an admin or the half hour of a user; 31 days is what the hook gives alone.
    assert_eq!(expires("hook-found-expiry-of-another"), "Expires=Wed, 15 Nov 2023 06:13:20 GMT");
    assert_eq!(expires("hook-found-expiry-of-another-alone"), "Expires=Fri, 15 Dec 2023 22:13:20 GMT");
    for id in ["interface-found-expiry-of-another", "interface-found-expiry-of-another-alone"] {
        assert_eq!(expires(id), "Expires=Tue, 14 Nov 2023 22:43:20 GMT");
    }
    assert_eq!([role("hook-found-in-or-out"), role("hook-found-in-or-out-alone")], [None, Some("admin".into())]);
    assert_eq!(role("interface-found-in-or-out"), role("interface-found-in-or-out-alone"));
}

/// Whoever copies the code from the page has the code that was recorded.
#[test]
fn the_page_shows_the_code_that_runs() {
    let blocks: Vec<_> = PAGE.split("```python\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 2);
    for (block, definition) in blocks.into_iter().zip(["def set_lifetime_in_a_hook", "class LifetimePerUser"]) {
        assert!(text_of(CODE).contains(block), "{block}");
        assert!(block.contains(definition), "{block}");
    }
    assert!(text_of(CODE).ends_with(PAGE.split("```python\n").nth(2).unwrap().split("```").next().unwrap()));
}

#[test]
fn real_flask_makes_the_recordings_again() {
    let Some(oracle) = common::oracle("real_flask_makes_the_recordings_again") else { return };
    let out = tempfile::tempdir().unwrap();
    let made = oracle.script("recipes.py").arg("--out").arg(out.path()).stdin(Stdio::null()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for name in FILES {
        let text = fs::read_to_string(out.path().join(format!("{name}.json"))).unwrap();
        assert_eq!(but_provenance(&text), but_provenance(recordings_of(name)));
    }
}

/// Another Python makes the same recordings, under its own name. Payloads as short as these are never compressed, so that
/// zlib does not matter.
fn but_provenance(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("\"provenance\":")).collect()
}
