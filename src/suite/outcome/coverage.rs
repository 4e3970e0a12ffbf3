//! The evidence for each rule: vectors from real Flask, properties of the suite, and tests of the model if no implementation can
//! be asked.

use crate::{
    evidence::{observations, vectors::LoadedVector},
    rules::{self, Level},
    suite::properties::{ONE_CHARACTER_EDITS, ONE_CHARACTER_EDITS_RULES, PROPERTIES},
};
use std::fmt::Write;

/// Properties of the model that this project's own tests hold: for the rules of the user agent and of the whole system, which no
/// adapter can be asked about. Each is the name of a test with the rules that it is evidence for.
pub const MODEL_PROPERTIES: &[(&str, &[&str])] = &[
    ("a_cookie_after_an_expired_one_begins_anew", &["UA-7", "UA-5"]),
    ("a_cookie_replaces_the_one_in_its_place_and_keeps_its_creation_time", &["UA-7"]),
    ("a_cookie_with_expires_lives_until_that_instant_over_restarts", &["UA-2"]),
    ("a_cookie_without_expiry_lives_until_the_browser_restarts", &["UA-1"]),
    ("a_deletion_with_the_same_configuration_always_removes_the_cookie", &["UA-5", "DEL-2", "DEL-3"]),
    ("a_restart_keeps_exactly_what_has_an_expiry", &["UA-1", "UA-2"]),
    ("a_session_cookie_is_kept_with_exactly_its_expires", &["UA-2", "UA-4", "UA-5"]),
    ("an_expiry_in_the_past_removes_the_cookie_and_only_in_its_place", &["UA-5"]),
    ("an_oversize_cookie_is_ignored_and_the_old_one_stays", &["UA-6"]),
    ("an_unreadable_date_or_age_does_not_count", &["UA-8"]),
    ("another_domain_path_or_partition_is_another_cookie", &["UA-7"]),
    ("max_age_takes_precedence_over_expires_wherever_it_stands", &["UA-3"]),
    ("no_lifetime_is_longer_than_400_days", &["UA-4"]),
    ("sys_1_an_idle_user_is_out_after_the_lifetime", &["SYS-1"]),
    ("sys_2_an_active_permanent_user_is_never_out", &["SYS-2"]),
    ("sys_2_one_gap_longer_than_the_lifetime_is_too_long", &["SYS-2"]),
    ("sys_3_closing_the_browser_ends_only_sessions_that_are_not_permanent", &["SYS-3"]),
    ("sys_3_closing_the_browser_ends_the_session_in_that_browser_alone", &["SYS-3"]),
    ("sys_4_a_copied_cookie_outlives_logout_until_its_age_limit", &["SYS-4"]),
    ("sys_5_a_change_of_the_lifetime_acts_at_once_on_old_cookies", &["SYS-5"]),
    ("sys_6_rotation_with_a_fallback_key_is_seamless", &["SYS-6"]),
    ("sys_6_rotation_without_a_fallback_key_logs_everybody_out", &["SYS-6"]),
    ("sys_7_a_session_that_is_not_permanent_has_an_absolute_age_from_its_last_write", &["SYS-7"]),
    ("sys_8_a_server_whose_clock_is_behind_rejects_a_fresh_cookie", &["SYS-8"]),
    ("sys_8_servers_with_the_same_keys_accept_each_others_cookies", &["SYS-8"]),
    ("the_last_attribute_of_a_name_counts", &["UA-8"]),
    ("ua_2_a_browser_whose_clock_is_ahead_drops_the_cookie_on_arrival", &["UA-2"]),
    ("unreadable_expiry_makes_a_cookie_of_the_browsers_session", &["UA-8"]),
];

/// Families of rules that no vector from Flask can show, with the reason.
pub const WITHOUT_VECTORS: &[(&str, &str)] = &[(
    "UA",
    "the user agent decides, and Flask has no part in it; the model is held against RFC 6265bis and real browsers",
)];

/// What a rule rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The ids of the vectors that cite it.
    pub vectors: Vec<String>,
    /// The sentences of the suite's properties.
    pub properties: Vec<&'static str>,
    /// The names of the model's tests.
    pub tests: Vec<&'static str>,
    /// What real browsers were seen to do, as `browser: id`.
    pub observations: Vec<String>,
}

impl Evidence {
    /// How many vectors, properties, tests of the model and observations there are.
    pub fn counts(&self) -> (usize, usize, usize, usize) {
        (self.vectors.len(), self.properties.len(), self.tests.len(), self.observations.len())
    }
}

/// What a rule rests on, among some vectors.
pub fn evidence(rule: &str, vectors: &[LoadedVector]) -> Evidence {
    let cites = |ready: &&LoadedVector| ready.vector.rules.iter().any(|cited| cited == rule);
    let one_character_edits = (ONE_CHARACTER_EDITS, ONE_CHARACTER_EDITS_RULES);
    let properties = PROPERTIES.iter().map(|property| (property.name, property.rules)).chain([one_character_edits]);
    let named = |(name, rules): (&'static str, &[&str])| rules.contains(&rule).then_some(name);
    Evidence {
        vectors: vectors.iter().filter(cites).map(|ready| ready.vector.id.clone()).collect(),
        properties: properties.filter_map(named).collect(),
        tests: MODEL_PROPERTIES.iter().copied().filter_map(named).collect(),
        observations: observations::citing(rule),
    }
}

/// The rules that a property of the suite is evidence for.
pub fn rules_of_property(name: &str) -> &'static [&'static str] {
    let one_character_edits = (ONE_CHARACTER_EDITS, ONE_CHARACTER_EDITS_RULES);
    let mut properties = PROPERTIES.iter().map(|property| (property.name, property.rules)).chain([one_character_edits]);
    properties.find(|(known, _)| *known == name).map_or(&[], |(_, rules)| rules)
}

/// Why a rule has no vectors, where that is known.
pub fn why_without_vectors(rule: &str) -> Option<&'static str> {
    let family = rules::family_of(rule);
    WITHOUT_VECTORS.iter().find(|(id, _)| *id == family).map(|(_, why)| *why)
}

/// The word of the specification for a level.
pub fn level_word(level: Level) -> &'static str {
    match level {
        Level::Choice => "CHOICE",
        Level::Must => "MUST",
        Level::Should => "SHOULD",
    }
}

/// The matrix of rules and evidence in `docs/evidence/coverage.md`. `mutant` names the mutant that only this rule catches; the
/// suite itself knows of none.
pub fn matrix(vectors: &[LoadedVector], mutant: &dyn Fn(&str) -> String) -> String {
    let mut text = String::from(
        "# Rules and their evidence\n\n\
         Made from the specification, the vectors, the properties and the mutants. A test fails if this page is not up to date; \
         `UPDATE_MUTANTS=1 cargo test --release --test integration mutants` rewrites it.\n\n\
         **Vectors** are answers of real Flask that cite the rule. **Properties** hold for generated cases of any \
         implementation. **Model tests** test the model if no implementation can be asked. **Observations** are what real \
         browsers did. **Mutant** is one of the [mutants](mutants.md) that only this rule catches, or the reason why \
         there is none.\n",
    );
    for family in rules::families() {
        let _ = write!(text, "\n## {}: {}\n\n", family.id, family.name);
        if let Some(why) = why_without_vectors(&family.id) {
            let _ = write!(text, "No vectors: {why}.\n\n");
        }
        text += "| rule | level | | vectors | properties | model tests | observations | mutant |\n\
                 |---|---|---|---:|---:|---:|---:|---|\n";
        for rule in rules::all().iter().filter(|rule| rules::family_of(&rule.id) == family.id) {
            let evidence = evidence(&rule.id, vectors);
            let (vectors, properties, tests, observations) = evidence.counts();
            let (id, level, title) = (&rule.id, rule.level, &rule.title);
            let mutant = mutant(id);
            let counts = format!("{vectors} | {properties} | {tests} | {observations}");
            let _ = writeln!(text, "| {id} | {level} | {title} | {counts} | {mutant} |");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::vectors;
    use std::{collections::BTreeSet, fs, path::Path};

    #[test]
    fn every_rule_has_a_vector_and_a_property_or_a_reason() {
        let vectors = vectors::all().unwrap();
        for rule in rules::all() {
            let evidence = evidence(&rule.id, &vectors);
            assert!(
                !evidence.vectors.is_empty() || why_without_vectors(&rule.id).is_some(),
                "{} has no vector",
                rule.id
            );
            assert!(!evidence.properties.is_empty() || !evidence.tests.is_empty(), "{} has no property", rule.id);
        }
    }

    #[test]
    fn every_rule_of_the_user_agent_was_observed() {
        for rule in rules::all().iter().filter(|rule| rules::family_of(&rule.id) == "UA") {
            assert!(!observations::citing(&rule.id).is_empty(), "{} has no observation", rule.id);
        }
    }

    #[test]
    fn a_reason_stands_only_where_it_is_needed() {
        let vectors = vectors::all().unwrap();
        for (family, _) in WITHOUT_VECTORS {
            let cited =
                vectors.iter().flat_map(|ready| &ready.vector.rules).any(|rule| rules::family_of(rule) == *family);
            assert!(!cited, "{family} has vectors");
        }
    }

    #[test]
    fn whatever_is_cited_exists() {
        let vectors = vectors::all().unwrap();
        let cited = vectors.iter().flat_map(|ready| ready.vector.rules.iter().map(String::as_str));
        let named = PROPERTIES.iter().flat_map(|property| property.rules).chain(ONE_CHARACTER_EDITS_RULES);
        let tested = MODEL_PROPERTIES.iter().flat_map(|(_, rules)| *rules);
        for rule in cited.chain(named.copied()).chain(tested.copied()) {
            assert!(rules::find(rule).is_some(), "there is no rule {rule}");
        }
    }

    #[test]
    fn ids_of_vectors_are_unique() {
        let mut seen = BTreeSet::new();
        for ready in vectors::all().unwrap() {
            assert!(seen.insert(ready.vector.id.clone()), "{} stands twice", ready.vector.id);
        }
    }

    #[test]
    fn the_tests_of_the_model_exist() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = [
            "tests/integration/browser_properties.rs",
            "tests/integration/system_rules.rs",
            "src/model/browser/tests.rs",
            "src/model/browser/attributes.rs",
        ];
        let text: String = files.iter().map(|file| fs::read_to_string(root.join(file)).unwrap()).collect();
        for (test, _) in MODEL_PROPERTIES {
            assert!(text.contains(&format!("fn {test}(")), "there is no test {test}");
        }
    }
}
