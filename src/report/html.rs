//! Results as one page without external files: no script, font or picture from elsewhere, which its own policy forbids.

use super::{
    findings::{self, BrokenRule},
    picture,
    style::strip,
    terminal, timeline,
    words::{SHOWN_OF_A_RULE, describe, why_not_judged},
};
use crate::{
    evidence::vectors::Vector,
    foreign,
    rules::{self, Rule},
    suite::outcome::{
        known::Known,
        results::{Failure, Judged, Origin, Outcome, Results, Tally},
    },
};
use minijinja::{Environment, Output, State, UndefinedBehavior, context, escape_formatter, value::Serde};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde::Serialize;
use std::collections::BTreeMap;

/// How many failures are shown in full.
const SHOWN: usize = 100;

const TEMPLATES: [(&str, &str); 3] = [
    ("layout.html", include_str!("html/layout.html")),
    ("matrix.html", include_str!("html/matrix.html")),
    ("run.html", include_str!("html/run.html")),
];

/// The results as a page.
pub fn write(results: &Results) -> String {
    page("run.html", &Run::of(results))
}

/// A page from a template. An error in the template is shown instead of the page, so that tests see it.
pub(super) fn page<T: Serialize>(name: &str, content: &T) -> String {
    let render = || {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_formatter(shown);
        for (name, text) in TEMPLATES {
            templates.add_template(name, text)?;
        }
        let style = include_str!("html/style.css");
        templates.get_template(name)?.render(context! { style, page => Serde(content) })
    };
    render().unwrap_or_else(|error: minijinja::Error| format!("the page cannot be made: {error:#}\n"))
}

/// Writes a value into a page, through the door for foreign text; what a template calls safe was made here and is left alone.
fn shown(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &minijinja::Value) -> Result<(), minijinja::Error> {
    match value.as_str().filter(|_| !value.is_safe()) {
        // A text stays on its line of the page, which may be printed into a log.
        Some(text) => Ok(out.write_str(&foreign::markup(text).replace('\n', "&#10;"))?),
        None => escape_formatter(out, state, value),
    }
}

/// The verdict in two words.
pub(super) fn outcome_words(results: &Results) -> &'static str {
    match results.outcome() {
        Outcome::Conformant => "conformant",
        Outcome::KnownFailures => "known failures",
        Outcome::NotConformant => "not conformant",
        Outcome::NotJudged => "could not judge",
    }
}

#[derive(Serialize)]
struct Run {
    name: String,
    outcome: Outcome,
    verdict: String,
    why_not_judged: Option<String>,
    diagnosis: Vec<String>,
    broken: Vec<BrokenRule>,
    facts: Vec<(&'static str, String)>,
    families: Vec<Family>,
    inconclusive: Vec<(String, usize)>,
    known: Vec<KnownRow>,
    stale: Vec<String>,
    incidents: Vec<String>,
    failures: Vec<Card>,
    not_shown: usize,
}

#[derive(Serialize)]
struct Family {
    id: String,
    name: String,
    tally: Tally,
    known: usize,
    /// How many of its rules came to what: passed, failed, known to fail, not judged, not asked.
    rules_by_end: [usize; 5],
    rules: Vec<RuleCard>,
}

#[derive(Serialize)]
struct RuleCard {
    id: String,
    title: String,
    level: &'static str,
    judged: Judged,
    told: String,
    /// The rule's text, as HTML.
    text: String,
}

#[derive(Serialize)]
struct Card {
    rule: String,
    title: String,
    origin: String,
    what: String,
    expected: String,
    got: String,
    cast: Vec<String>,
    rows: Vec<timeline::Row>,
    /// The drawing, as SVG.
    picture: Option<String>,
    asked: String,
    vector: String,
    /// The command line that asks it again.
    replay: String,
}

/// A known failure.
#[derive(Serialize)]
struct KnownRow {
    what: String,
    failures: usize,
    reason: String,
}

impl KnownRow {
    fn of(known: &Known) -> Self {
        Self { what: known.what(), failures: known.failures, reason: known.why() }
    }
}

impl Run {
    fn of(results: &Results) -> Self {
        let hello = &results.implementation;
        let broken = findings::broken_rules(results);
        let mut failures = first_failures(&results.failures);
        if broken.iter().any(|broken| broken.standing.is_some()) {
            let place = |failure: &&Failure| broken.iter().position(|broken| broken.rule == failure.rule);
            failures.sort_by_key(place);
        }
        Self {
            name: format!("{} {}", hello.name, hello.version).trim().to_owned(),
            outcome: results.outcome(),
            verdict: strip(&terminal::verdict(results)),
            why_not_judged: (results.outcome() == Outcome::NotJudged).then(|| why_not_judged(results)),
            diagnosis: findings::diagnosis(results),
            broken,
            facts: facts(results),
            families: rules::families().iter().filter_map(|family| Family::of(family, results)).collect(),
            inconclusive: results.inconclusive.clone().into_iter().collect(),
            known: results.known.iter().map(KnownRow::of).collect(),
            stale: results.stale().iter().map(ToString::to_string).collect(),
            incidents: results.incidents.clone(),
            not_shown: results.total.failed.saturating_sub(failures.len()),
            failures: failures.into_iter().map(|failure| Card::of(failure, results.target.as_deref())).collect(),
        }
    }
}

fn facts(results: &Results) -> Vec<(&'static str, String)> {
    let hello = &results.implementation;
    let choices = terminal::other_choices(&hello.choices);
    let facts = [
        ("implementation", format!("{} {}", hello.name, hello.version)),
        ("runs on", hello.runtime.clone()),
        ("offers", hello.ops.iter().map(|op| op.as_str()).collect::<Vec<_>>().join(", ")),
        ("choices that differ from Flask's", choices.join(", ")),
        ("specification", results.spec.clone()),
        ("generated cases", results.generated()),
        ("shard", if results.shard.is_whole() { String::new() } else { results.shard.to_string() }),
        ("checks", results.total.total().to_string()),
        ("took", format!("{:.1} s", results.times.wall.duration().as_secs_f64())),
        ("sessionproof", results.suite.clone()),
    ];
    facts.into_iter().filter(|(_, fact)| !fact.trim().is_empty()).collect()
}

impl Family {
    fn of(family: &rules::Family, results: &Results) -> Option<Self> {
        let own = results.by_rule().filter(|(rule, _)| rules::family_of(&rule.id) == family.id);
        let rules: Vec<_> = own.map(|(rule, tally)| RuleCard::of(rule, tally)).collect();
        let ended = |judged| rules.iter().filter(|rule| rule.judged == judged).count();
        let (_, tally) = results.families.iter().find(|(id, _)| *id == family.id)?;
        let rules_by_end =
            [Judged::Passed, Judged::Failed, Judged::Known, Judged::NotJudged, Judged::NotAsked].map(ended);
        let (id, name) = (family.id.clone(), family.name.clone());
        (!rules.is_empty()).then_some(Self { id, name, tally: *tally, known: tally.known, rules_by_end, rules })
    }
}

impl RuleCard {
    fn of(rule: &Rule, tally: Tally) -> Self {
        Self {
            id: rule.id.clone(),
            title: rule.title.clone(),
            level: rule.level.as_str(),
            judged: tally.judged(),
            told: describe(tally),
            text: markdown(&rule.body),
        }
    }
}

impl Card {
    fn of(failure: &Failure, target: Option<&str>) -> Self {
        let difference = &failure.divergence.difference;
        let cites = match &failure.cited[..] {
            [] => String::new(),
            cited => format!("; cites {} (chosen; {} is blamed)", cited.join(", "), failure.rule),
        };
        let origin = match &failure.origin {
            Origin::Property(sentence) => format!("property: {sentence}"),
            Origin::Vector { id, comment, again: false } => format!("vector {id}: {comment}"),
            Origin::Vector { id, comment, again: true } => {
                format!("vector {id}: {comment} (it passed before; an earlier call changed the answer)")
            }
        };
        Self {
            rule: failure.rule.clone(),
            title: rules::find(&failure.rule).map_or_else(String::new, |rule| rule.title.clone()),
            origin: origin + &cites,
            what: difference.what.clone(),
            expected: difference.expected.clone(),
            got: difference.got.clone(),
            cast: timeline::cast(failure).lines().map(|line| line.trim().to_owned()).collect(),
            rows: timeline::rows(failure).unwrap_or_default(),
            picture: picture::picture(failure),
            asked: foreign::json(&failure.divergence.call.to_line(1)),
            vector: vector_file(&failure.vector),
            replay: failure.replay.clone().unwrap_or_else(|| {
                let file = foreign::shell_word(&format!("{}.json", failure.vector.id));
                format!("sessionproof replay {file}{}", target.unwrap_or(" -- COMMAND"))
            }),
        }
    }
}

/// The text of a file that `replay` takes.
fn vector_file(vector: &Vector) -> String {
    crate::evidence::vectors::VectorFile::of_failure(vector.clone()).to_text()
}

/// The first failures of each rule, and not too many in all.
fn first_failures(failures: &[Failure]) -> Vec<&Failure> {
    let mut of_rule: BTreeMap<&str, usize> = BTreeMap::new();
    let mut shown = Vec::new();
    for failure in failures {
        let count = of_rule.entry(&failure.rule).or_default();
        *count += 1;
        if *count <= SHOWN_OF_A_RULE && shown.len() < SHOWN {
            shown.push(failure);
        }
    }
    shown
}

/// The Markdown of the specification as HTML. Its links lead to other files of the project, which a page of its own does not
/// have beside it: their texts stay.
fn markdown(text: &str) -> String {
    let without_links = Parser::new_ext(text, Options::ENABLE_TABLES)
        .filter(|event| !matches!(event, Event::Start(Tag::Link { .. }) | Event::End(TagEnd::Link)));
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, without_links);
    html
}
