//! How a server is reached, and what is known of it.

use super::{super::AdapterError, client};
use crate::config::{Config, Digest, KeyDerivation, Lifetime};
use crate::json::{Json, json};
use std::{fmt, net::IpAddr, time::Duration};

/// How a server is reached, and what is known of it.
#[derive(Clone)]
pub struct Options {
    /// The URL of the probe.
    pub url: String,
    /// The application's secret key.
    pub secret_key: Vec<u8>,
    /// Its fallback keys, in the order of its configuration.
    pub fallback_keys: Vec<Vec<u8>>,
    /// What it is to be configured with, where that is not what it says itself.
    pub lifetime: Option<Lifetime>,
    /// The salt of its session interface; Flask's where there is none. A server that names another is not believed.
    pub salt: Option<String>,
    /// The same for its digest.
    pub digest: Option<Digest>,
    /// The same for its key derivation.
    pub key_derivation: Option<KeyDerivation>,
    /// Certificates to trust instead of the built-in ones, in PEM.
    pub certificates: Option<Vec<u8>>,
    /// How many requests are under way at once.
    pub workers: usize,
    /// How long a request may take.
    pub call_timeout: Duration,
    /// How long the whole run may take.
    pub run_limit: Option<Duration>,
    /// How long the run may wait for time to pass by itself.
    pub wait: Duration,
}

/// Without the keys.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("url", &self.url)
            .field("lifetime", &self.lifetime)
            .field("salt", &self.salt)
            .field("digest", &self.digest)
            .field("key_derivation", &self.key_derivation)
            .field("workers", &self.workers)
            .field("call_timeout", &self.call_timeout)
            .field("run_limit", &self.run_limit)
            .field("wait", &self.wait)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// Whether requests go beyond this machine without TLS.
    ///
    /// # Errors
    ///
    /// The URL is none of a probe.
    pub fn is_in_the_clear(&self) -> Result<bool, AdapterError> {
        let uri = client::parse(&self.url)?;
        let host = uri.host().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse();
        let is_loopback =
            host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address: IpAddr| address.is_loopback());
        Ok(uri.scheme_str() == Some("http") && !is_loopback)
    }

    /// Refuses to sign otherwise than Flask does, unless that was named: with another salt, the same key signs something else.
    pub(super) fn signs_as(&self, server: &Config) -> Result<(), AdapterError> {
        let flask = Config::default();
        let salt = self.salt.as_ref().unwrap_or(&flask.salt);
        let digest = self.digest.unwrap_or(flask.digest);
        let derivation = self.key_derivation.unwrap_or(flask.key_derivation);
        let wrong = |what: &str, option: &str, says: Json, named: Json| {
            let what = format!("{} reports that it signs with the {what} {says}, not with {named}", self.url);
            let remedy =
                format!("nothing was signed; if its session interface uses that {option}, name it with --{option}");
            Err(AdapterError { message: what, hint: remedy })
        };
        if server.salt != *salt {
            return wrong("salt", "salt", json!(server.salt), json!(salt));
        }
        if server.digest != digest {
            return wrong("digest", "digest", json!(server.digest), json!(digest));
        }
        if server.key_derivation != derivation {
            return wrong("key derivation", "key-derivation", json!(server.key_derivation), json!(derivation));
        }
        Ok(())
    }
}
