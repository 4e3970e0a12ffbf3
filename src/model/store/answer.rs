//! The model of stores as an implementation: what it answers to a story.

use super::{
    HOST, Stores,
    expected::{CookieIs, Effect, Expected, KeyIs, RequestIs, StatusIs},
    mistakes::{Mistake, Mistakes},
    request::Held,
};
use crate::{
    clock::UnixTime,
    config::Config,
    model::set_cookie::SetCookie,
    protocol::{
        Choices,
        story::{Step, StepAnswer, StoredKey, Story, StoryAnswer},
    },
};

/// The specification's answer to a story.
pub fn answer(story: &Story, choices: &Choices) -> StoryAnswer {
    answer_with(story, choices, Mistakes::NONE)
}

/// The answer to a story of an implementation that makes some mistakes.
pub fn answer_with(story: &Story, choices: &Choices, mistakes: Mistakes) -> StoryAnswer {
    let mut world = Stores::with(story, choices, mistakes);
    StoryAnswer { steps: story.steps.iter().map(|step| world.answer(step)).collect() }
}

impl Stores {
    /// Lets a step happen, and answers it as an implementation would.
    pub fn answer(&mut self, step: &Step) -> StepAnswer {
        match self.step(step) {
            Expected::Answered(request) => self.answer_of(&request),
            Expected::Begun(_, answer) => *answer,
            Expected::Keys(keys) => {
                let keys = keys.iter().map(|key| self.stored(key)).collect();
                StepAnswer { keys: Some(keys), ..StepAnswer::default() }
            }
            Expected::Nothing => StepAnswer::default(),
        }
    }

    pub(super) fn has(&self, mistake: Mistake) -> bool {
        self.mistakes.has(mistake)
    }

    /// The answer of a request, where something is left open the most usual one.
    fn answer_of(&self, request: &RequestIs) -> StepAnswer {
        let status = match request.status {
            StatusIs::Any => 200,
            StatusIs::Error if request.opened.is_none() => 503,
            StatusIs::Error => 409,
            StatusIs::Exactly(status) => status,
        };
        StepAnswer {
            cookie_header: Some(request.cookie_header.clone()),
            status: Some(status),
            opened: request.opened.clone(),
            results: request.results.clone(),
            headers: self.headers(request),
            ..StepAnswer::default()
        }
    }

    /// The Set-Cookie and Vary headers of an answer.
    pub(super) fn headers(&self, request: &RequestIs) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        if let Some(cookie) = self.set_cookie(request) {
            headers.push(("Set-Cookie".to_owned(), cookie));
        }
        let is_written =
            matches!(request.effect, Effect::Created | Effect::Deleted | Effect::Regenerated | Effect::Updated);
        if request.vary && !(is_written && self.has(Mistake::NoVaryOnWrite)) {
            headers.push(("Vary".to_owned(), "Cookie".to_owned()));
        }
        headers
    }

    fn set_cookie(&self, request: &RequestIs) -> Option<String> {
        let config = (*self.config.config).clone();
        match &request.cookie {
            CookieIs::None | CookieIs::DeletedOrNone | CookieIs::SetOrNone { .. } => None,
            CookieIs::Deleted => {
                if self.has(Mistake::ClearKeepsCookie) && request.effect == Effect::Deleted {
                    return None;
                }
                let mut deletion = SetCookie::deletion();
                if self.has(Mistake::DeletionWithoutEnd) {
                    (deletion.expires, deletion.max_age) = (None, None);
                }
                deletion.header(&self.spoiled(config, true)).ok()
            }
            CookieIs::Set { id, until } => {
                let until = match until {
                    Some(_) if self.has(Mistake::PermanentWithoutExpires) => None,
                    Some(until) if self.has(Mistake::ExpiresLate) => Some(until.plus_seconds(60)),
                    None if self.has(Mistake::NotPermanentWithExpires) => Some(self.now.plus_micros(self.lifetime())),
                    other => *other,
                };
                let cookie = SetCookie { value: id.clone(), expires: until.map(UnixTime::seconds), max_age: None };
                cookie.header(&self.spoiled(config, false)).ok()
            }
        }
    }

    /// The configuration without the attributes that a mistake leaves out.
    fn spoiled(&self, mut config: Config, is_deletion: bool) -> Config {
        use Mistake as M;
        let has = |of_deletion, of_cookie| self.has(if is_deletion { of_deletion } else { of_cookie });
        if has(M::DeletionWithoutPartitioned, M::CookieWithoutPartitioned) && config.cookie_partitioned {
            (config.cookie_partitioned, config.cookie_secure) = (false, true);
        }
        if has(M::DeletionWithoutSecure, M::CookieWithoutSecure) {
            config.cookie_secure = false;
        }
        config.cookie_httponly &= !has(M::DeletionWithoutHttpOnly, M::CookieWithoutHttpOnly);
        if has(M::DeletionWithoutSameSite, M::CookieWithoutSameSite) {
            config.cookie_samesite = None;
        }
        if has(M::DeletionWithoutDomain, M::CookieWithoutDomain) {
            config.cookie_domain = None;
        }
        if has(M::DeletionWithoutPath, M::CookieWithoutPath) {
            config.cookie_path = Some("/elsewhere".to_owned());
        }
        config
    }

    /// The user agent takes the cookie of an answer.
    pub(super) fn receive(&mut self, held: &Held, request: &RequestIs) {
        if self.observes {
            return;
        }
        let headers = self.headers(request);
        let cookies: Vec<_> = headers.iter().filter(|(name, _)| name == "Set-Cookie").map(|(_, value)| value).collect();
        let (target, now) = (Self::target(held.path()), self.now);
        self.agents.entry(held.agent.clone()).or_default().receive(&cookies, &target, now);
    }

    /// A key as the store holds it.
    fn stored(&self, key: &KeyIs) -> StoredKey {
        StoredKey {
            key: format!("{HOST}:{}", key.id),
            id: key.is_own.then(|| key.id.clone()),
            ends_in_ms: key.has_end.then(|| key.left.div_euclid(1000)),
            bytes: 64,
        }
    }
}
