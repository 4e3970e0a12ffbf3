//! A configuration member by member.

use super::{Config, Digest, Fallbacks, Key, KeyDerivation, Lifetime};

impl Config {
    /// Sets the secret key; none takes it away.
    #[must_use]
    pub fn secret_key(self, key: Option<Key>) -> Self {
        Self { secret_key: key, ..self }
    }

    /// Sets older keys, which verify and never sign ([`fallback_keys`](Self#structfield.fallback_keys)).
    #[must_use]
    pub fn fallback_keys(self, fallback_keys: impl Into<Fallbacks>) -> Self {
        Self { fallback_keys: Some(fallback_keys.into()), ..self }
    }

    /// Sets `PERMANENT_SESSION_LIFETIME` ([`lifetime`](Self#structfield.lifetime)).
    #[must_use]
    pub fn lifetime(self, lifetime: impl Into<Lifetime>) -> Self {
        Self { lifetime: lifetime.into(), ..self }
    }

    /// Sets `SESSION_REFRESH_EACH_REQUEST` ([`refresh_each_request`](Self#structfield.refresh_each_request)).
    #[must_use]
    pub fn refresh_each_request(self, refresh_each_request: bool) -> Self {
        Self { refresh_each_request, ..self }
    }

    /// Sets `SESSION_COOKIE_NAME` ([`cookie_name`](Self#structfield.cookie_name)).
    #[must_use]
    pub fn cookie_name(self, cookie_name: impl Into<String>) -> Self {
        Self { cookie_name: cookie_name.into(), ..self }
    }

    /// Sets `SESSION_COOKIE_DOMAIN` ([`cookie_domain`](Self#structfield.cookie_domain)).
    #[must_use]
    pub fn cookie_domain(self, cookie_domain: impl Into<String>) -> Self {
        Self { cookie_domain: Some(cookie_domain.into()), ..self }
    }

    /// Sets `SESSION_COOKIE_PATH` ([`cookie_path`](Self#structfield.cookie_path)).
    #[must_use]
    pub fn cookie_path(self, cookie_path: impl Into<String>) -> Self {
        Self { cookie_path: Some(cookie_path.into()), ..self }
    }

    /// Sets `APPLICATION_ROOT` ([`application_root`](Self#structfield.application_root)).
    #[must_use]
    pub fn application_root(self, application_root: impl Into<String>) -> Self {
        Self { application_root: application_root.into(), ..self }
    }

    /// Sets `SESSION_COOKIE_HTTPONLY` ([`cookie_httponly`](Self#structfield.cookie_httponly)).
    #[must_use]
    pub fn cookie_httponly(self, cookie_httponly: bool) -> Self {
        Self { cookie_httponly, ..self }
    }

    /// Sets `SESSION_COOKIE_SECURE` ([`cookie_secure`](Self#structfield.cookie_secure)).
    #[must_use]
    pub fn cookie_secure(self, cookie_secure: bool) -> Self {
        Self { cookie_secure, ..self }
    }

    /// Sets `SESSION_COOKIE_SAMESITE` ([`cookie_samesite`](Self#structfield.cookie_samesite)).
    #[must_use]
    pub fn cookie_samesite(self, cookie_samesite: impl Into<String>) -> Self {
        Self { cookie_samesite: Some(cookie_samesite.into()), ..self }
    }

    /// Sets `SESSION_COOKIE_PARTITIONED` ([`cookie_partitioned`](Self#structfield.cookie_partitioned)).
    #[must_use]
    pub fn cookie_partitioned(self, cookie_partitioned: bool) -> Self {
        Self { cookie_partitioned, ..self }
    }

    /// Sets the salt ([`salt`](Self#structfield.salt)).
    #[must_use]
    pub fn salt(self, salt: impl Into<String>) -> Self {
        Self { salt: salt.into(), ..self }
    }

    /// Sets the hash function ([`digest`](Self#structfield.digest)).
    #[must_use]
    pub fn digest(self, digest: Digest) -> Self {
        Self { digest, ..self }
    }

    /// Sets how the signing key is made ([`key_derivation`](Self#structfield.key_derivation)).
    #[must_use]
    pub fn key_derivation(self, key_derivation: KeyDerivation) -> Self {
        Self { key_derivation, ..self }
    }
}
