//! Mutants: systems in which servers or browsers do one small thing wrong. A correct search must find each of them.

use super::{
    event::{Keys, LifetimeStep, Secret},
    state::Held,
};
use crate::{
    config::{Fallbacks, Key, Lifetime},
    model::server,
    protocol::{Action, Choices, Exchange, Response},
};
use std::sync::Arc;

/// What a mutant does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// A cookie that is exactly as old as the lifetime is refused.
    BoundaryRefused,
    /// A cookie of a session that is not permanent has no age limit.
    BrowserSessionsDoNotAge,
    /// A server accepts a cookie only from the browser that it was set in.
    CopiesRefused,
    /// A permanent session's cookie is set without `Expires`.
    ExpiresForgotten,
    /// The old key still signs while it is a fallback key.
    FallbackKeySigns,
    /// Fallback keys are not tried.
    FallbackNotTried,
    /// A cookie from the future is accepted.
    FutureAccepted,
    /// A changed lifetime has no effect.
    LifetimeFrozen,
    /// The lifetime that counts is the one that was in force when the cookie was set.
    LifetimeOfIssue,
    /// The browser ignores the answer to a logout.
    LogoutLost,
    /// A read also renews sessions that are not permanent.
    ReadsRenewAll,
    /// Permanent sessions are not renewed.
    RefreshLost,
    /// A cookie that is refused is deleted.
    RefusedDeleted,
    /// Closing the browser ends permanent sessions too.
    RestartForgetsAll,
    /// Closing the browser ends nothing.
    RestartKeepsAll,
    /// A key that was removed still verifies.
    RetiredKeyAccepted,
    /// Cookies signed with any key are accepted.
    SignatureUnchecked,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::BoundaryRefused,
        Self::BrowserSessionsDoNotAge,
        Self::CopiesRefused,
        Self::ExpiresForgotten,
        Self::FallbackKeySigns,
        Self::FallbackNotTried,
        Self::FutureAccepted,
        Self::LifetimeFrozen,
        Self::LifetimeOfIssue,
        Self::LogoutLost,
        Self::ReadsRenewAll,
        Self::RefreshLost,
        Self::RefusedDeleted,
        Self::RestartForgetsAll,
        Self::RestartKeepsAll,
        Self::RetiredKeyAccepted,
        Self::SignatureUnchecked,
    ];

    /// What a mutant's server answers, given what is known of the cookie. Mutants of browsers are not handled here.
    pub(super) fn exchange(self, call: &Exchange, sent: Option<Held>) -> Response {
        let mut call = call.clone();
        let answer = |call: &Exchange| server::exchange(call, &Choices::default());
        match self {
            Self::ExpiresForgotten => return without_expires(answer(&call)),
            Self::RefusedDeleted if call.cookie_header.is_some() => {
                if answer(&call).opened.is_some_and(|session| session.is_empty()) {
                    call.actions.push(Action::Clear);
                }
            }
            Self::ReadsRenewAll => call.actions.push(Action::SetModified { value: true }),
            _ => self.spoil(&mut call, sent),
        }
        answer(&call)
    }

    fn spoil(self, call: &mut Exchange, sent: Option<Held>) {
        let now = call.now.seconds();
        let is_fallback = call.config.fallback_keys.is_some();
        let config = Arc::make_mut(&mut call.config);
        let keys = |secrets: &[&str]| Some(Fallbacks::Keys(secrets.iter().map(|&text| Key::from(text)).collect()));
        match (self, sent) {
            (Self::BoundaryRefused, Some(sent)) if config.lifetime.max_age() == Some(now - sent.issued) => {
                call.cookie_header = None;
            }
            // A login derives the cookie's date from the lifetime, and this mutant is not about dates.
            (Self::BrowserSessionsDoNotAge, Some(sent))
                if !sent.permanent && !call.actions.contains(&Action::SetPermanent { value: true }) =>
            {
                config.lifetime = Lifetime::Seconds(1_000_000);
            }
            (Self::CopiesRefused, Some(sent)) if sent.copied => call.cookie_header = None,
            (Self::FallbackKeySigns, _) if is_fallback => {
                config.secret_key = Some(Secret::Old.text().into());
                config.fallback_keys = keys(&[Secret::New.text()]);
            }
            (Self::FallbackNotTried, _) => config.fallback_keys = None,
            (Self::FutureAccepted, Some(sent)) if sent.issued > now => {
                call.now = call.now.plus_seconds(sent.issued - now);
            }
            (Self::LifetimeFrozen, _) => config.lifetime = Lifetime::Seconds(LifetimeStep::Normal.seconds()),
            (Self::LifetimeOfIssue, Some(sent)) => config.lifetime = Lifetime::Seconds(sent.lifetime.seconds()),
            (Self::RefreshLost, _) => config.refresh_each_request = false,
            (Self::RetiredKeyAccepted, _) if config.secret_key == Some(Keys::New.signing().text().into()) => {
                config.fallback_keys = keys(&[Secret::Old.text()]);
            }
            (Self::SignatureUnchecked, None) => config.fallback_keys = keys(&["a guessed key"]),
            _ => {}
        }
    }
}

fn without_expires(mut exchanged: Response) -> Response {
    for (_, value) in exchanged.headers.iter_mut().filter(|(name, _)| name == "Set-Cookie") {
        let kept: Vec<&str> = value.split("; ").filter(|part| !part.starts_with("Expires=")).collect();
        *value = kept.join("; ");
    }
    exchanged
}
