//! What real browsers did with cookies (`spec/vector-format.md`): the evidence for the rules of the user agent, about which no
//! implementation of Flask's sessions can be asked.

use crate::bundled;
use crate::json::Json;
use serde::Deserialize;
use std::sync::LazyLock;

/// Where the files are, from the top of the project.
pub const FOLDER: &str = "vectors/user-agent/";

/// What one browser was seen to do.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Browser {
    /// The version of the format: 1.
    pub format: u32,
    /// The specification whose rules are cited.
    pub spec: String,
    /// Its name, which is the file's.
    pub browser: String,
    /// Its version.
    pub version: String,
    /// What was done.
    pub description: String,
    /// What was seen.
    pub observations: Vec<Observation>,
}

/// Some pages that a browser visited, and what it kept and sent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// A stable name, unique in the file and the same in the files of all browsers.
    pub id: String,
    /// The rules that it is evidence for, the foremost first.
    pub rules: Vec<String>,
    /// Why it exists.
    pub comment: String,
    /// The steps.
    pub input: Json,
    /// What came of each.
    pub output: Json,
}

static EMBEDDED: LazyLock<Vec<Browser>> = LazyLock::new(|| {
    // A file that cannot be read would be missed by the tests of the coverage.
    bundled::under(FOLDER).filter_map(|(_, text)| crate::json::from_str(text).ok()).collect()
});

/// The browsers in this binary, with all that was seen.
pub fn embedded() -> &'static [Browser] {
    &EMBEDDED
}

/// The observations that cite a rule, each as `browser: id`.
pub fn citing(rule: &str) -> Vec<String> {
    let cites = |observation: &&Observation| observation.rules.iter().any(|cited| cited == rule);
    let named = |browser: &Browser, observation: &Observation| format!("{}: {}", browser.browser, observation.id);
    let of = |browser: &'static Browser| {
        browser.observations.iter().filter(cites).map(move |observation| named(browser, observation))
    };
    embedded().iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_can_be_read_and_is_named_after_its_browser() {
        let paths: Vec<_> = bundled::under(FOLDER).map(|(path, _)| path.to_owned()).collect();
        let named = embedded().iter().map(|browser| format!("{FOLDER}{}.json", browser.browser));
        assert_eq!(paths, named.collect::<Vec<_>>());
        assert!(!paths.is_empty());
    }

    #[test]
    fn observations_have_ids_of_their_own_and_cite_rules_that_exist() {
        for browser in embedded() {
            assert_eq!((browser.format, browser.spec.as_str()), (1, crate::evidence::vectors::SPEC));
            let mut seen = BTreeSet::new();
            for Observation { id, rules, .. } in &browser.observations {
                assert!(seen.insert(id), "{id} stands twice");
                assert!(!rules.is_empty(), "{id} cites no rule");
                rules.iter().for_each(|rule| assert!(rules::find(rule).is_some(), "there is no rule {rule}"));
            }
        }
    }
}
