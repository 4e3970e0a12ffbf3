//! What an implementation with one configuration, such as a running server, can be asked about: which rules need another one.
//!
//! A case about a rule that its configuration does not bring into play passes whatever the implementation does about that rule.
//! So no check counts as evidence for such a rule; it is inconclusive in sight.

use crate::{
    config::{Config, Fallbacks, Lifetime},
    model::signing::LAST_SECOND,
};

/// What a rule needs to be configured with that `config` is not; none where cases with that configuration are evidence for it.
pub fn needs(rule: &str, config: &Config) -> Option<&'static str> {
    let has_fallbacks = matches!(&config.fallback_keys, Some(Fallbacks::Keys(keys)) if !keys.is_empty());
    let micros = config.lifetime.micros();
    let (has, what) = match rule {
        "KEY-2" | "KEY-3" | "EXP-10" => (has_fallbacks, "a fallback key"),
        "KEY-4" => (false, "text in place of the list of fallback keys"),
        "KEY-5" => (false, "no secret key"),
        "KEY-6" => (false, "keys of text and of bytes"),
        "SYS-6" => (false, "keys that are rotated"),
        "SYS-8" => (false, "several servers with clocks of their own"),
        "EXP-5" => (micros.is_some_and(|micros| micros % 1_000_000 != 0), "a lifetime with a fraction of a second"),
        "EXP-6" | "SYS-5" => (false, "a lifetime that changes"),
        "EXP-7" => (micros.is_some_and(|micros| micros <= 0), "a lifetime of zero or less"),
        "EXP-9" => (is_beyond_the_calendar(config.lifetime), "a lifetime that ends beyond the calendar"),
        "REN-1" | "REN-3" | "REN-4" | "REN-5" | "SYS-2" => (config.refresh_each_request, "refresh on each request"),
        "REN-2" => (!config.refresh_each_request, "no refresh on each request"),
        "SET-3" => (config.cookie_domain.is_some(), "a cookie domain"),
        "SET-6" => (config.cookie_samesite.is_some(), "SameSite"),
        "SET-7" => (config.cookie_partitioned, "Partitioned"),
        _ => (true, ""),
    };
    (!has).then_some(what)
}

/// Whether a session that is set in our days ends after the year 9999, or never.
fn is_beyond_the_calendar(lifetime: Lifetime) -> bool {
    lifetime.micros().is_none_or(|micros| micros / 1_000_000 > i128::from(LAST_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Key, suite::rules};

    #[test]
    fn a_plain_configuration_is_no_evidence_for_rules_about_others() {
        let plain = Config::with_key("key");
        let needing: Vec<_> =
            rules::all().iter().map(|rule| rule.id.as_str()).filter(|rule| needs(rule, &plain).is_some()).collect();
        assert_eq!(
            needing,
            [
                "KEY-2", "KEY-3", "KEY-4", "KEY-5", "KEY-6", "EXP-5", "EXP-6", "EXP-7", "EXP-9", "EXP-10", "REN-2",
                "SET-3", "SET-6", "SET-7", "SYS-5", "SYS-6", "SYS-8"
            ]
        );
    }

    #[test]
    fn what_is_configured_can_be_asked_about() {
        let config = Config {
            fallback_keys: Some(Fallbacks::Keys(vec![Key::from("old")])),
            lifetime: Lifetime::Delta(1.5),
            refresh_each_request: false,
            cookie_samesite: Some("Lax".to_owned()),
            ..Config::with_key("key")
        };
        for rule in ["KEY-3", "EXP-5", "REN-2", "SET-6"] {
            assert_eq!(needs(rule, &config), None, "{rule}");
        }
        for rule in ["REN-1", "SYS-2", "EXP-7", "SET-7"] {
            assert!(needs(rule, &config).is_some(), "{rule}");
        }
    }
}
