//! The rules, read from the headings of `spec/session-lifetime.md` and `spec/stores.md`, which are their only source.

use std::{collections::BTreeSet, fmt, str::FromStr, sync::LazyLock};

/// The normative text about sessions in cookies.
pub static TEXT: &str = include_str!("../spec/session-lifetime.md");

/// The normative text about sessions in a store.
pub static STORES: &str = include_str!("../spec/stores.md");

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Sessions in a signed cookie: [`TEXT`].
    Cookie,
    /// Sessions in a store: [`STORES`].
    Store,
}

impl Profile {
    /// The profile of a rule.
    pub fn of(rule: &str) -> Self {
        if family_of(rule) == "STO" { Self::Store } else { Self::Cookie }
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its number, such as `EXP-1`.
    pub id: String,
    /// How binding it is.
    pub level: Level,
    /// Its heading, a short sentence.
    pub title: String,
    /// The text under the heading.
    pub body: String,
}

/// How binding a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Level {
    /// Left to the implementation, which declares what it does.
    Choice,
    /// Binding.
    Must,
    /// Binding unless there are good reasons.
    Should,
}

impl Level {
    /// The word of the specification.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Choice => "CHOICE",
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A family of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// The letters before the number, such as `EXP`.
    pub id: String,
    /// What it is about.
    pub name: String,
}

struct Registry {
    rules: Vec<Rule>,
    families: Vec<Family>,
}

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let (mut all, stores) = (parse(TEXT), parse(STORES));
    all.rules.extend(stores.rules);
    all.families.extend(stores.families);
    all
});

/// All rules in the order of the texts.
pub fn all() -> &'static [Rule] {
    &REGISTRY.rules
}

/// The rules of a profile in the order of its text.
pub fn of(profile: Profile) -> impl Iterator<Item = &'static Rule> {
    all().iter().filter(move |rule| Profile::of(&rule.id) == profile)
}

/// The families in the order of the texts.
pub fn families() -> &'static [Family] {
    &REGISTRY.families
}

/// The rule of a number.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().iter().find(|rule| rule.id == id)
}

/// Where a rule about stores stands among others that are broken as well: what brings a session back comes first, then what loses
/// something, then how long it lives, and looks last. All other rules are alike.
pub fn weight(rule: &str) -> usize {
    const FIRST: [&str; 6] = ["STO-22", "STO-23", "STO-27", "STO-19", "STO-37", "STO-25"];
    const LAST: [&str; 5] = ["STO-7", "STO-29", "STO-39", "STO-38", "STO-20"];
    let of = |list: &[&str]| list.iter().position(|known| *known == rule);
    match (of(&FIRST), of(&LAST)) {
        (Some(at), _) => at,
        (_, Some(at)) => FIRST.len() + 1 + at,
        _ if Profile::of(rule) == Profile::Cookie => 0,
        _ => FIRST.len(),
    }
}

/// The letters before a rule's number.
pub fn family_of(id: &str) -> &str {
    id.split('-').next().unwrap_or(id)
}

/// The paragraph of a rule's body that begins with a bold label such as `**Rule.**`, without the label.
pub fn paragraph<'a>(rule: &'a Rule, label: &str) -> Option<&'a str> {
    let label = format!("**{label}.**");
    rule.body.split("\n\n").find_map(|paragraph| paragraph.trim().strip_prefix(&label)).map(str::trim)
}

/// `## EXP: age` opens a family, `### EXP-1 (MUST) …` a rule.
fn parse(text: &str) -> Registry {
    let mut registry = Registry { rules: Vec::new(), families: Vec::new() };
    let mut is_rule = false;
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            is_rule = match heading_of_rule(heading) {
                Some(rule) => {
                    registry.rules.push(rule);
                    true
                }
                None => false,
            };
        } else if let Some(heading) = line.strip_prefix("## ") {
            is_rule = false;
            if let Some((id, name)) = heading.split_once(": ")
                && id.bytes().all(|b| b.is_ascii_uppercase())
            {
                registry.families.push(Family { id: id.to_owned(), name: name.to_owned() });
            }
        } else if let (true, Some(rule)) = (is_rule, registry.rules.last_mut()) {
            rule.body.push_str(line);
            rule.body.push('\n');
        }
    }
    registry
}

fn heading_of_rule(heading: &str) -> Option<Rule> {
    let (id, rest) = heading.split_once(" (")?;
    let (level, title) = rest.split_once(") ")?;
    let level = match level {
        "CHOICE" => Level::Choice,
        "MUST" => Level::Must,
        "SHOULD" => Level::Should,
        _ => return None,
    };
    Some(Rule { id: id.to_owned(), level, title: title.to_owned(), body: String::new() })
}

/// Rules chosen on the command line: numbers, families, or either with `*` for any characters; several by commas. What has `!`
/// before it is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<String>,
    without: Vec<String>,
    /// The rules that may be chosen at all; all of them when there is none.
    among: Option<BTreeSet<String>>,
    /// The only rule that is judged, where the others are judged elsewhere.
    alone: Option<String>,
}

impl Pattern {
    /// A pattern that chooses at least one rule; the error says what it did not match.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pattern = Self::default();
        for part in text.split(',').map(|part| part.trim().to_ascii_uppercase()) {
            let (rules, list) = match part.strip_prefix('!') {
                Some(rules) => (rules.to_owned(), &mut pattern.without),
                None => (part, &mut pattern.parts),
            };
            if !all().iter().any(|rule| matches(&rules, &rule.id)) {
                return Err(format!("no rule matches {rules:?}; `sessionproof rules` lists them"));
            }
            list.push(rules);
        }
        match all().iter().any(|rule| pattern.matches(&rule.id)) {
            true => Ok(pattern),
            false => Err("no rule is left; leave fewer out".to_owned()),
        }
    }

    /// The pattern, for some rules only.
    pub fn among(self, rules: &BTreeSet<String>) -> Self {
        Self { among: Some(rules.clone()), ..self }
    }

    /// The pattern, for one rule only. The others are judged elsewhere, by the same pattern.
    pub fn alone(self, rule: &str) -> Self {
        Self { alone: Some(rule.to_owned()), ..self }
    }

    /// Whether a rule is excluded on purpose: by `!`, or because it is judged elsewhere. One that is merely not named is not.
    pub fn excludes(&self, id: &str) -> bool {
        self.alone.as_ref().is_some_and(|alone| alone != id) || self.without.iter().any(|part| matches(part, id))
    }

    /// Whether a rule is in force.
    pub fn is_in_force(&self, id: &str) -> bool {
        self.among.as_ref().is_none_or(|among| among.contains(id))
    }

    /// Whether a rule is chosen. A pattern that chooses none in particular chooses all.
    pub fn matches(&self, id: &str) -> bool {
        self.is_in_force(id)
            && !self.excludes(id)
            && (self.parts.is_empty() || self.parts.iter().any(|part| matches(part, id)))
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

fn matches(part: &str, id: &str) -> bool {
    match part.split_once('*') {
        Some((head, tail)) => {
            id.strip_prefix(head).is_some_and(|rest| (0..=rest.len()).any(|at| matches(tail, &rest[at..])))
        }
        None => part == id || part == family_of(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_become_rules_and_families() {
        let registry =
            parse("# T\n## EXP: age\nintro\n### EXP-1 (MUST) Title\n**Rule.** A.\n\n**Reason.** B.\n## Notes\nx\n");
        assert_eq!(registry.families, [Family { id: "EXP".into(), name: "age".into() }]);
        assert_eq!(registry.rules.len(), 1);
        assert_eq!(paragraph(&registry.rules[0], "Reason"), Some("B."));
    }

    #[test]
    fn every_family_has_its_rules_numbered_from_one() {
        let expected = [
            ("CFG", 1),
            ("KEY", 7),
            ("SIG", 10),
            ("PAY", 16),
            ("EXP", 10),
            ("PERM", 6),
            ("REN", 6),
            ("MOD", 10),
            ("SET", 10),
            ("DEL", 6),
            ("VARY", 4),
            ("HDR", 6),
            ("UA", 8),
            ("SYS", 8),
        ];
        let families = || families().iter().filter(|family| family.id != "STO");
        let families_found: Vec<_> = families().map(|family| family.id.as_str()).collect();
        assert_eq!(families_found, expected.map(|(family, _)| family));

        let ids: Vec<_> = expected
            .into_iter()
            .flat_map(|(family, count)| (1..=count).map(move |number| format!("{family}-{number}")))
            .collect();
        let ids_found: Vec<_> = of(Profile::Cookie).map(|rule| rule.id.clone()).collect();
        assert_eq!(ids_found, ids);
    }

    #[test]
    fn the_rules_of_stores_rise_and_leave_out_only_the_numbers_that_are_kept() {
        let number = |rule: &Rule| rule.id.strip_prefix("STO-").and_then(|number| number.parse::<u32>().ok());
        let numbers: Vec<_> = of(Profile::Store).filter_map(number).collect();
        let expected: Vec<_> = (1..=39).filter(|number| ![13, 17, 21].contains(number)).collect();
        assert_eq!(numbers, expected);
        assert!(STORES.contains("The numbers 13, 17, 21 and 40 are kept"));
    }

    #[test]
    fn no_heading_of_a_rule_is_overlooked() {
        let headings = TEXT.lines().chain(STORES.lines()).filter(|line| line.starts_with("### ")).count();
        assert_eq!(headings, all().len());
    }

    #[test]
    fn every_rule_is_stated_put_as_a_predicate_and_given_a_reason() {
        for rule in all() {
            for label in ["Rule", "Predicate", "Reason"] {
                let text = paragraph(rule, label).unwrap_or_default();
                assert!(!text.is_empty(), "{} has no {label}", rule.id);
            }
            assert!(!rule.title.ends_with('.') && !rule.title.is_empty(), "{}", rule.title);
        }
    }

    #[test]
    fn every_rule_says_how_binding_it_is_in_the_words_of_rfc_2119() {
        for rule in all() {
            let stated = paragraph(rule, "Rule").unwrap_or_default();
            let word = if rule.level == Level::Should { "SHOULD" } else { "MUST" };
            assert!(stated.contains(word), "{} is no {word}: {stated}", rule.id);
        }
    }

    #[test]
    fn a_rule_is_a_choice_exactly_when_it_names_its_choices() {
        for rule in all() {
            let is_choice = rule.level == Level::Choice;
            assert_eq!(paragraph(rule, "Choices").is_some(), is_choice, "{}", rule.id);
        }
        let choices: Vec<_> =
            all().iter().filter(|rule| rule.level == Level::Choice).map(|rule| rule.id.as_str()).collect();
        let of_cookies = ["KEY-4", "SIG-7", "SIG-9", "PAY-2", "PAY-12", "PAY-14", "HDR-1"];
        assert_eq!(choices, [&of_cookies[..], &["STO-12", "STO-14", "STO-24", "STO-30", "STO-36"]].concat());
    }

    #[test]
    fn every_rule_that_a_property_names_exists() {
        use crate::suite::properties::{ONE_CHARACTER_EDITS_RULES, PROPERTIES};
        for id in PROPERTIES.iter().flat_map(|property| property.rules).chain(ONE_CHARACTER_EDITS_RULES) {
            assert!(find(id).is_some(), "{id}");
        }
    }

    #[test]
    fn every_rule_that_the_text_mentions_exists() {
        let code_spans = [TEXT, STORES].into_iter().flat_map(|text| text.split('`').skip(1).step_by(2));
        let mentioned = code_spans.filter(|span| {
            span.split_once('-').is_some_and(|(family, number)| {
                families().iter().any(|known| known.id == family) && number.bytes().all(|b| b.is_ascii_digit())
            })
        });
        for id in mentioned {
            assert!(find(id).is_some(), "{id}");
        }
    }

    #[test]
    fn patterns_choose_rules() {
        for (part, id, chosen) in
            [("EXP", "EXP-10", true), ("EXP-1", "EXP-10", false), ("EXP-1*", "EXP-10", true), ("*-1", "SIG-1", true)]
        {
            assert_eq!(matches(part, id), chosen, "{part} {id}");
        }
    }

    #[test]
    fn patterns_leave_rules_out() {
        let chosen = |text: &str| {
            let pattern = Pattern::parse(text).unwrap();
            all().iter().filter(|rule| pattern.matches(&rule.id)).map(|rule| rule.id.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(chosen("KEY,!KEY-2,!KEY-4*"), ["KEY-1", "KEY-3", "KEY-5", "KEY-6", "KEY-7"]);
        assert_eq!(chosen("!EXP-2").len(), all().len() - 1);
        assert_eq!(chosen("*,!ua").len(), all().len() - 8);
        let pattern = Pattern::parse("EXP,!EXP-9").unwrap();
        assert!(pattern.excludes("EXP-9"));
        assert!(!pattern.excludes("SIG-4") && !pattern.matches("SIG-4"));
        assert!(Pattern::parse("!EXP-99").unwrap_err().contains("EXP-99"));
        assert_eq!(Pattern::parse("EXP,!EXP"), Err("no rule is left; leave fewer out".to_owned()));
    }
}
