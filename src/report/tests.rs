//! Every report is made of the results of real mutants, and read again by a reader of its format.

use super::{style::strip, *};
use crate::{
    adapter::{AdapterError, Implementation, in_process::BuiltInVerifier},
    case::scenario::Scenario,
    evidence::vectors,
    mutants,
    protocol::{Call, Capabilities, Reply},
    suite::{
        outcome::{
            known::KnownFailures,
            results::{Failure, Judged, Outcome, Results},
        },
        running::run::{self, Options},
    },
};
use quick_xml::{Reader, XmlVersion, events::Event};
use std::collections::BTreeMap;

fn results_of(implementation: &dyn Implementation, cases: usize) -> Results {
    let options = Options { cases, spec: "flask-3.1.r1".to_owned(), ..Options::default() };
    run::run(implementation, &vectors::embedded().unwrap(), &options, &mut |_| {})
}

fn mutant(name: &str, cases: usize) -> Results {
    results_of(mutants::find(name).unwrap().make().as_ref(), cases)
}

/// A good implementation until it breaks at its first call.
struct Breaking(BuiltInVerifier);

impl Implementation for Breaking {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn answer(&self, _: &[Call]) -> Result<Vec<Reply>, AdapterError> {
        Err(AdapterError { message: "it broke <&\u{1}\"'>: 100%,\nbadly".to_owned(), hint: "fix it".to_owned() })
    }
}

/// The elements of an XML text in order, each with its depth, attributes and text.
fn elements(text: &str) -> Vec<(usize, String, BTreeMap<String, String>, String)> {
    let mut reader = Reader::from_str(text);
    let mut elements: Vec<(usize, String, BTreeMap<String, String>, String)> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    loop {
        let event = reader.read_event().unwrap_or_else(|error| panic!("{error} at {}", reader.buffer_position()));
        match event {
            Event::Start(ref start) | Event::Empty(ref start) => {
                let attributes = start.attributes().map(|attribute| {
                    let attribute = attribute.unwrap();
                    let name = attribute.key.0.to_owned();
                    (name, attribute.normalized_value(XmlVersion::Implicit1_0).unwrap().into_owned())
                });
                let name = start.name().0.to_owned();
                elements.push((open.len(), name, attributes.collect(), String::new()));
                if matches!(event, Event::Start(_)) {
                    open.push(elements.len() - 1);
                }
            }
            Event::End(_) => drop(open.pop().unwrap()),
            Event::Text(text) => {
                if let Some(at) = open.last() {
                    elements[*at].3 += &text;
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");
    elements
}

#[test]
fn junit_has_a_test_case_for_each_rule_and_counts_that_are_right() {
    for results in [
        mutant("accept-all", 0),
        results_of(&BuiltInVerifier::default(), 50),
        results_of(&Breaking(BuiltInVerifier::default()), 0),
    ] {
        let text = junit::write(&results);
        let elements = elements(&text);
        let cases: Vec<_> = elements.iter().filter(|(_, name, ..)| name == "testcase").collect();
        assert_eq!(cases.len(), results.rules.len() + 1);
        let count = |name: &str| elements.iter().filter(|(_, found, ..)| found == name).count();
        let stated = |attribute: &str| {
            let suites = elements.iter().filter(|(_, name, ..)| name == "testsuite");
            suites.map(|(_, _, attributes, _)| attributes[attribute].parse::<usize>().unwrap()).sum::<usize>()
        };
        let judged = |judged| results.rules.values().filter(|tally| tally.judged() == judged).count();
        assert_eq!((stated("tests"), count("testcase")), (cases.len(), cases.len()));
        assert_eq!((stated("failures"), count("failure")), (judged(Judged::Failed), judged(Judged::Failed)));
        let skipped = judged(Judged::NotAsked) + judged(Judged::NotJudged);
        assert_eq!((stated("skipped"), count("skipped")), (skipped, skipped));
        let errors = usize::from(results.outcome() == Outcome::NotJudged);
        assert_eq!((stated("errors"), count("error")), (errors, errors));
        for (depth, name, attributes, _) in &elements {
            let (expected, allowed): (usize, &[&str]) = match name.as_str() {
                "testsuites" => (0, &["name", "tests", "failures", "errors"]),
                "testsuite" => (1, &["name", "tests", "failures", "errors", "skipped"]),
                "testcase" => (2, &["name", "classname"]),
                "failure" | "error" | "skipped" => (3, &["message"]),
                other => panic!("{other}"),
            };
            assert_eq!(*depth, expected, "{name}");
            assert!(attributes.keys().all(|attribute| allowed.contains(&attribute.as_str())), "{attributes:?}");
        }
    }
}

#[test]
fn tap_has_a_point_for_each_rule_in_order() {
    for results in [mutant("accept-all", 0), results_of(&Breaking(BuiltInVerifier::default()), 0)] {
        let text = tap::write(&results);
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("TAP version 14"));
        assert_eq!(lines.next(), Some(format!("1..{}", results.rules.len() + 1).as_str()));
        let points: Vec<_> = lines.filter(|line| line.starts_with("ok ") || line.starts_with("not ok ")).collect();
        for (number, (point, (rule, tally))) in (1..).zip(points.iter().zip(results.by_rule())) {
            let is_failure = tally.judged() == Judged::Failed;
            let start = format!("{}ok {number} - {}", if is_failure { "not " } else { "" }, rule.id);
            assert!(point.starts_with(&start), "{point}");
            assert_eq!(point.contains("# SKIP"), tally.judged() != Judged::Passed && !is_failure, "{point}");
        }
        assert_eq!(points.len(), results.rules.len() + 1);
        assert_eq!(points.last().unwrap().starts_with("not ok"), results.outcome() == Outcome::NotJudged);
        assert_eq!(
            text.lines().filter(|line| *line == "  ---").count(),
            points.iter().filter(|p| p.starts_with("not")).count()
        );
    }
}

#[test]
fn annotations_name_each_broken_rule_on_one_line() {
    let results = mutant("accept-all", 0);
    let text = github::write(&results);
    let broken: Vec<_> = results.by_rule().filter(|(_, tally)| tally.failed > 0).collect();
    let errors: Vec<_> = text.lines().filter(|line| line.starts_with("::error title=")).collect();
    assert_eq!(errors.len(), broken.len() + 1, "{text}");
    for ((rule, _), error) in broken.iter().zip(&errors) {
        assert!(error.starts_with(&format!("::error title={} ", rule.id)), "{error}");
    }
    assert!(text.lines().all(|line| line.starts_with("::")), "{text}");
    let broke = github::write(&results_of(&Breaking(BuiltInVerifier::default()), 0));
    assert!(broke.contains("100%25,%0A  badly"), "{broke}");
}

/// That a page is well-formed, and that nothing in it comes from elsewhere.
fn is_whole(page: &str) {
    let elements = elements(page);
    assert_eq!(elements.iter().filter(|(_, name, ..)| name == "h1").count(), 1);
    let mut ids = std::collections::BTreeSet::new();
    for (_, name, attributes, text) in &elements {
        for (attribute, value) in attributes {
            let is_link =
                ["href", "src", "srcset", "action", "data", "poster", "xlink:href"].contains(&attribute.as_str());
            assert!(!is_link || value.starts_with('#') || value.starts_with("data:"), "{name} {attribute}={value}");
            assert!(!value.contains("url("), "{value}");
            assert!(attribute != "id" || ids.insert(value.clone()), "{value} stands twice");
        }
        assert!(!["script", "img", "iframe", "object", "embed", "base"].contains(&name.as_str()), "{name}");
        assert!(name != "style" || !(text.contains("url(") || text.contains("@import")));
    }
    for (_, _, attributes, _) in &elements {
        if let Some(target) = attributes.get("href").and_then(|href| href.strip_prefix('#')) {
            assert!(ids.contains(target), "nothing has the id {target}");
        }
    }
}

#[test]
fn the_page_is_well_formed_and_needs_nothing_from_elsewhere() {
    let results = mutant("accept-all", 300);
    let page = html::write(&results);
    is_whole(&page);
    for (rule, tally) in results.by_rule() {
        assert!(page.contains(&format!("id=\"{}\"", rule.id)), "{}", rule.id);
        assert_eq!(page.contains(&format!("<h3><a href=\"#{}\">", rule.id)), tally.failed > 0, "{}", rule.id);
    }
    assert!(page.contains("not conformant: "));
    is_whole(&html::write(&results_of(&BuiltInVerifier::default(), 50)));
    let list = "[[known]]\nrules = \"*,!PAY\"\nreason = \"<why>\"\n\n[[known]]\nrules = \"VARY\"\nreason = \"&\"\n";
    let known = KnownFailures::parse("<known>.toml", list).unwrap();
    let options = Options { known, cases: 50, ..Options::default() };
    let vectors = vectors::embedded().unwrap();
    let known = run::run(mutants::find("age-equal-refused").unwrap().make().as_ref(), &vectors, &options, &mut |_| {});
    let page = html::write(&known);
    is_whole(&page);
    assert!(page.contains("&lt;why&gt;") && page.contains("&lt;known&gt;.toml:5: VARY now passes"), "{page}");
    let broken = html::write(&results_of(&Breaking(BuiltInVerifier::default()), 0));
    is_whole(&broken.replace('\u{1}', ""));
    assert!(broken.contains("it broke &lt;&amp;"));
}

#[test]
fn a_failed_story_is_drawn_with_a_lane_for_each_browser_and_one_divergence() {
    let mut drawn = 0;
    for name in ["accept-all", "forget-all"] {
        for failure in mutant(name, 600).failures {
            let picture = picture::picture(&failure);
            let lanes = match &failure.scenario {
                Scenario::World(story) => story.browsers.len().max(1),
                Scenario::Sequence(_) => 1,
                _ => 0,
            };
            assert_eq!(picture.is_some(), lanes > 0);
            let Some(picture) = picture else { continue };
            drawn += 1;
            let elements = elements(&picture);
            let count = |name: &str, class: &str| {
                let is_class = |a: &BTreeMap<String, String>| a.get("class").is_some_and(|found| found == class);
                elements.iter().filter(|(_, found, attributes, _)| found == name && is_class(attributes)).count()
            };
            assert_eq!(count("path", "lane"), lanes, "{picture}");
            assert_eq!(count("rect", "diverges"), 1, "{picture}");
            assert_eq!(count("text", "clock"), timeline::rows(&failure).unwrap().len());
        }
    }
    assert!(drawn > 10, "{drawn}");
}

#[test]
fn the_drawing_of_a_short_story() {
    let is_story = |failure: &&Failure| matches!(failure.scenario, Scenario::World(_));
    let results = mutant("accept-all", 600);
    let failure = results.failures.iter().find(is_story).unwrap();
    insta::assert_snapshot!(format!(
        "{}\n{}",
        strip(&timeline::timeline(failure).unwrap()),
        picture::picture(failure).unwrap()
    ));
}

#[test]
fn a_matrix_has_a_row_for_each_rule_and_a_column_for_each_implementation() {
    let files = [("a.json", mutant("accept-all", 0)), ("b.json", results_of(&BuiltInVerifier::default(), 50))]
        .map(|(file, results)| (file.to_owned(), results));
    let matrix = matrix::Matrix::new(&files);
    is_whole(&matrix.html());
    let text = matrix.markdown();
    let row = |rule: &str| text.lines().find(|line| line.starts_with(&format!("| {rule} |"))).unwrap().to_owned();
    assert!(row("SIG-5").contains("| ✗ ") && row("SIG-5").contains("| ✓ "), "{}", row("SIG-5"));
    assert!(row("UA-1").ends_with("| – | – |"), "{}", row("UA-1"));
    assert!(row("SET-1").ends_with(" |") && row("SET-1").contains("| ? "), "{}", row("SET-1"));
    for line in text.lines().filter(|line| line.starts_with('|')) {
        assert_eq!(line.replace("\\|", "").matches('|').count(), 5, "{line}");
    }
}
