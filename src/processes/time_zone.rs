//! The time zone that adapters run in. It is not UTC: an implementation that takes local time for UTC would not show there.

use std::{env, path::PathBuf};

/// Zones that differ in what goes wrong with local time: none, west and east with summer time, and the farthest on both sides.
/// The first is where adapters run unless another is chosen.
pub const ZONES: [&str; 5] = ["America/New_York", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"];

/// The first zone by its rules, for systems without the names.
const RULES: &str = "EST5EDT,M3.2.0,M11.1.0";

/// The zone that adapters run in when neither an option nor the environment names one.
pub fn default() -> &'static str {
    if exists(ZONES[0]) == Some(true) { ZONES[0] } else { RULES }
}

/// Whether the system knows a zone of this name; `None` if it has no list, or if the text gives rules instead of a name.
pub fn exists(zone: &str) -> Option<bool> {
    let is_name = zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-/".contains(&b)) && !zone.starts_with('/');
    if !is_name || !zone.contains('/') && zone.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let folder = env::var_os("TZDIR").map_or_else(|| PathBuf::from("/usr/share/zoneinfo"), PathBuf::from);
    folder.is_dir().then(|| folder.join(zone).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_no_names() {
        for rules in [RULES, "EST5EDT", ":/etc/localtime", "<+14>-14"] {
            assert_eq!(exists(rules), None, "{rules}");
        }
        assert_ne!(exists("Nowhere/At_All"), Some(true));
    }
}
