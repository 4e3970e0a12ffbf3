//! Applications that give each user a lifetime of their own, by the role that stands in the session: with a hook before each
//! request that sets the application's lifetime, and with a session interface that asks the session.
//!
//! The first is often recommended, and leaks: the session is opened before the hook runs, by the lifetime that the request
//! before, of anybody, has left on the application (`EXP-6`). So an application of this kind has a state, unlike everything
//! else on the server. `docs/claims.md` explains the consequences for users.
//!
//! What it does not know: requests that overlap, which read and write the same lifetime while each other's views run; and
//! roles that are no text, which have no lifetime here and raise in Python where they cannot be looked up.

use super::{server, session::Session};
use crate::{
    config::{Config, Lifetime},
    protocol::{Action, Choices, Exchange, Response},
    value::{Map, Value},
};
use serde::Deserialize;
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

/// The key under which a session holds its role.
pub const ROLE: &str = "role";

/// The longest lifetime in whole seconds that a time span of Python holds (`EXP-9`).
const LONGEST: Lifetime = Lifetime::Seconds(86_399_999_999_999);

/// How an application gives each role its lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recipe {
    /// A hook before each request sets the application's lifetime, and makes the session permanent.
    Hook,
    /// The session interface reads the lifetime from the session, for the age and for `Expires`.
    Interface,
}

/// A running application.
#[derive(Clone, Debug, PartialEq)]
pub struct Application {
    recipe: Recipe,
    configured: Arc<Config>,
    lifetimes: BTreeMap<String, Lifetime>,
    /// The lifetime that stands on the application now.
    left: Lifetime,
}

impl Application {
    /// An application as it is started. Sessions without a role, or with one that has no lifetime, go by the configured
    /// lifetime, or what is left of it.
    pub fn start(recipe: Recipe, configured: Arc<Config>, lifetimes: BTreeMap<String, Lifetime>) -> Self {
        let left = configured.lifetime;
        Self { recipe, configured, lifetimes, left }
    }

    /// restarts it: what requests left on it is gone.
    pub fn restart(&mut self) {
        self.left = self.configured.lifetime;
    }

    /// The lifetime that stands on the application now.
    pub fn lifetime(&self) -> Lifetime {
        self.left
    }

    /// What comes of one request. The configuration in the call is not looked at: the application has its own.
    pub fn exchange(&mut self, call: &Exchange, choices: &Choices) -> Response {
        match self.recipe {
            Recipe::Hook => self.exchange_with_hook(call, choices),
            Recipe::Interface => self.exchange_with_interface(call, choices),
        }
    }

    /// The lifetime left behind judges the cookie; the one that the hook sets comes too late for that, and gives the `Expires`.
    fn exchange_with_hook(&mut self, call: &Exchange, choices: &Choices) -> Response {
        let Ok(mut session) = server::open_from_header(call, &self.with(self.left), choices) else {
            return server::not_opened();
        };
        let opened = Some(session.data.clone());
        self.hook(&mut session);
        Response { opened, ..server::respond(session, call, choices, |_| Cow::Owned(self.with(self.left))) }
    }

    /// Without a secret key there is no role, and so nothing that could raise.
    fn hook(&mut self, session: &mut Session) {
        let _role = session.act(&Action::Get { key: ROLE.into() });
        if let Some(lifetime) = self.lifetime_of_role(&session.data) {
            self.left = lifetime;
            let _done = session.act(&Action::SetPermanent { value: true });
        }
    }

    /// The session is opened twice: at any age, to see whose it is, and then within that user's lifetime.
    fn exchange_with_interface(&self, call: &Exchange, choices: &Choices) -> Response {
        let open = |lifetime| server::open_from_header(call, &self.with(lifetime), choices);
        match open(LONGEST).and_then(|session| open(self.lifetime_of(&session.data))) {
            Ok(session) => {
                server::respond(session, call, choices, |data| Cow::Owned(self.with(self.lifetime_of(data))))
            }
            Err(_) => server::not_opened(),
        }
    }

    fn lifetime_of(&self, session: &Map) -> Lifetime {
        self.lifetime_of_role(session).unwrap_or(self.left)
    }

    fn lifetime_of_role(&self, session: &Map) -> Option<Lifetime> {
        let Some(Value::Text(role)) = session.get(ROLE) else { return None };
        self.lifetimes.get(&role.to_utf8()?).copied()
    }

    fn with(&self, lifetime: Lifetime) -> Config {
        Config::clone(&self.configured).lifetime(lifetime)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixTime;

    fn start(recipe: Recipe, configured: Config) -> Application {
        let lifetimes = [("user".to_owned(), Lifetime::Seconds(60))].into();
        Application::start(recipe, Arc::new(configured), lifetimes)
    }

    fn log_in(application: &mut Application) -> Response {
        let actions =
            vec![Action::SetPermanent { value: true }, Action::Set { key: ROLE.into(), value: "user".into() }];
        ask(application, None, actions)
    }

    fn ask(application: &mut Application, cookie_header: Option<String>, actions: Vec<Action>) -> Response {
        let call = Exchange {
            config: Arc::default(),
            now: UnixTime::from_seconds(1_700_000_000),
            cookie_header,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            actions,
        };
        application.exchange(&call, &Choices::default())
    }

    #[test]
    fn without_a_secret_key_neither_recipe_does_anything() {
        for recipe in [Recipe::Hook, Recipe::Interface] {
            let mut application = start(recipe, Config::default());
            let answered = log_in(&mut application);
            assert_eq!((answered.status, answered.headers), (500, Vec::new()));
            assert_eq!(application, start(recipe, Config::default()));
        }
    }

    #[test]
    fn what_the_hook_does_comes_after_the_session_was_opened() {
        let mut application = start(Recipe::Hook, Config::with_key("key"));
        let role = || Action::Set { key: ROLE.into(), value: "user".into() };
        let answered = ask(&mut application, None, vec![role()]);
        let (_, set) = answered.headers.iter().find(|(name, _)| name == "Set-Cookie").unwrap();
        let answered = ask(&mut application, set.split(';').next().map(str::to_owned), vec![Action::Permanent]);
        assert_eq!(answered.opened, Some([(ROLE, Value::from("user"))].into_iter().collect::<Map>()));
        assert_eq!(answered.results, [Value::Bool(true)]);
    }

    #[test]
    fn only_the_hook_leaves_something_behind_and_a_restart_clears_it() {
        for (recipe, left) in [(Recipe::Hook, Lifetime::Seconds(60)), (Recipe::Interface, Lifetime::default())] {
            let mut application = start(recipe, Config::with_key("key"));
            let answered = log_in(&mut application);
            let (_, set) = answered.headers.iter().find(|(name, _)| name == "Set-Cookie").unwrap();
            assert_eq!(answered.opened, Some(Map::new()));
            // The hook saw no role yet, and configures 31 days.
            let expires =
                if recipe == Recipe::Hook { "Fri, 15 Dec 2023 22:13:20" } else { "Tue, 14 Nov 2023 22:14:20" };
            assert!(set.contains(&format!("Expires={expires} GMT")), "{set}");
            let header = set.split(';').next().map(str::to_owned);
            ask(&mut application, header, Vec::new());
            assert_eq!(application.lifetime(), left);
            application.restart();
            assert_eq!(application, start(recipe, Config::with_key("key")));
        }
    }
}
