//! Mutants with another default: they are right about every member that is configured (`CFG-1`).

use super::{Mutant, hooks::Hooks};
use crate::config::{Config, Digest, KeyDerivation, Lifetime};

pub(super) const MUTANTS: &[Mutant] = &[
    of_default("default-salt-of-itsdangerous", &["CFG-1", "KEY-1"], "the salt is itsdangerous by default", |config| {
        if !config.names("salt") {
            config.salt = "itsdangerous".to_owned();
        }
    }),
    of_default("default-digest-sha-256", &["CFG-1", "KEY-1"], "the digest is SHA-256 by default", |config| {
        if !config.names("digest") {
            config.digest = Digest::Sha256;
        }
    }),
    of_default(
        "default-derivation-of-itsdangerous",
        &["CFG-1", "KEY-1"],
        "the key derivation is django-concat by default",
        |config| {
            if !config.names("key_derivation") {
                config.key_derivation = KeyDerivation::DjangoConcat;
            }
        },
    ),
    of_default(
        "default-lifetime-two-weeks",
        &["CFG-1", "EXP-1", "EXP-2", "PERM-3"],
        "sessions live for 14 days by default, as in Django and Starlette",
        |config| {
            if !config.names("lifetime") {
                config.lifetime = Lifetime::Seconds(14 * 86_400);
            }
        },
    ),
    of_default("default-refresh-off", &["CFG-1", "REN-1", "SET-1"], "refresh is off by default", |config| {
        if !config.names("refresh_each_request") {
            config.refresh_each_request = false;
        }
    }),
    of_default(
        "default-name-sid",
        &["CFG-1", "SET-2", "HDR-1", "HDR-5"],
        "the cookie is called sid by default",
        |config| {
            if !config.names("cookie_name") {
                config.cookie_name = "sid".to_owned();
            }
        },
    ),
    of_default("default-path-of-sessions", &["CFG-1", "SET-4"], "the path is /app by default", |config| {
        if !config.names("application_root") {
            config.application_root = "/app".to_owned();
        }
    }),
    of_default("default-http-only-off", &["CFG-1", "SET-5"], "HttpOnly is off by default", |config| {
        if !config.names("cookie_httponly") {
            config.cookie_httponly = false;
        }
    }),
    of_default("default-secure-on", &["CFG-1", "SET-5"], "Secure is on by default", |config| {
        if !config.names("cookie_secure") {
            config.cookie_secure = true;
        }
    }),
    of_default("default-same-site-lax", &["CFG-1", "SET-6"], "SameSite is Lax by default", |config| {
        if !config.names("cookie_samesite") {
            config.cookie_samesite = Some("Lax".to_owned());
        }
    }),
    of_default("default-domain-of-the-host", &["CFG-1", "SET-3"], "Domain is the host by default", |config| {
        if !config.names("cookie_domain") {
            config.cookie_domain = Some("localhost".to_owned());
        }
    }),
    of_default("default-partitioned-on", &["CFG-1", "SET-7", "SET-5"], "Partitioned is on by default", |config| {
        if !config.names("cookie_partitioned") {
            config.cookie_partitioned = true;
        }
    }),
];

const fn of_default(
    name: &'static str,
    rules: &'static [&'static str],
    summary: &'static str,
    config: fn(&mut Config),
) -> Mutant {
    Mutant::new(name, rules, summary, Hooks { config, ..Hooks::MODEL })
}
