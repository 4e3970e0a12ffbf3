//! Results as JUnit XML, which most services that run tests can show: a suite for each family, a test case for each rule. The
//! suite of the run has the diagnosis as properties.
//!
//! The elements and attributes are those of Jenkins' schema of the format, in its order.

use super::{style::strip, terminal};
use crate::{
    foreign,
    rules::{self, Rule},
    suite::outcome::results::{Judged, Outcome, Results, Tally},
};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};
use std::io;

/// The suite of the run as a whole.
const RUN: &str = "run";

/// The results as text.
pub fn write(results: &Results) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    match document(results, &mut writer) {
        Ok(()) => String::from_utf8_lossy(&writer.into_inner()).into_owned() + "\n",
        // Memory takes whatever is written to it.
        Err(_) => String::new(),
    }
}

/// One test case.
struct Case {
    name: String,
    class: String,
    end: End,
}

/// How a test case ended: a message, and more about it.
enum End {
    Error(String),
    Failed(String, String),
    Passed,
    Skipped(String),
}

fn document(results: &Results, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut suites = Vec::new();
    for family in rules::families() {
        let rules = results.by_rule().filter(|(rule, _)| rules::family_of(&rule.id) == family.id);
        let cases: Vec<_> = rules.map(|(rule, tally)| of_rule(results, rule, tally)).collect();
        if !cases.is_empty() {
            suites.push((format!("{} {}", family.id, family.name), cases));
        }
    }
    let mut run = vec![of_run(results)];
    run.extend(of_known(results));
    suites.push((RUN.to_owned(), run));
    let all = || suites.iter().flat_map(|(_, cases)| cases);
    let name = format!("sessionproof {}", super::words::tested(results));
    let [tests, failures, errors, _] = counts(all());
    writer
        .create_element("testsuites")
        .with_attributes(attributes(&[
            ("name", &name),
            ("tests", &tests.to_string()),
            ("failures", &failures.to_string()),
            ("errors", &errors.to_string()),
        ]))
        .write_inner_content(|writer| {
            suites.iter().try_for_each(|(name, cases)| {
                let diagnosis = if name == RUN { super::findings::diagnosis(results) } else { Vec::new() };
                suite(name, &diagnosis, cases, writer)
            })
        })?;
    Ok(())
}

fn suite(name: &str, diagnosis: &[String], cases: &[Case], writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
    let [tests, failures, errors, skipped] = counts(cases.iter()).map(|count| count.to_string());
    let counts = [("tests", &*tests), ("failures", &failures), ("errors", &errors), ("skipped", &skipped)];
    let element = writer.create_element("testsuite").with_attributes(attributes(&[("name", name)]));
    element.with_attributes(attributes(&counts)).write_inner_content(|writer| {
        if !diagnosis.is_empty() {
            writer.create_element("properties").write_inner_content(|writer| {
                for line in diagnosis {
                    let property = attributes(&[("name", "diagnosis"), ("value", line)]);
                    writer.create_element("property").with_attributes(property).write_empty()?;
                }
                Ok(())
            })?;
        }
        for case in cases {
            let named = attributes(&[("name", &case.name), ("classname", &case.class)]);
            let element = writer.create_element("testcase").with_attributes(named);
            match &case.end {
                End::Passed => drop(element.write_empty()?),
                end => drop(element.write_inner_content(|writer| outcome(end, writer))?),
            }
        }
        Ok(())
    })?;
    Ok(())
}

fn outcome(end: &End, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
    let (name, message, text) = match end {
        End::Error(message) => ("error", message, ""),
        End::Failed(message, text) => ("failure", message, text.as_str()),
        End::Passed => return Ok(()),
        End::Skipped(message) => ("skipped", message, ""),
    };
    let element = writer.create_element(name).with_attributes(attributes(&[("message", message)]));
    match text {
        "" => element.write_empty()?,
        text => element.write_text_content(BytesText::new(&foreign::lines(text)))?,
    };
    Ok(())
}

/// How many cases there are, how many failed, ended in an error, and were skipped.
fn counts<'c>(cases: impl Iterator<Item = &'c Case>) -> [usize; 4] {
    cases.fold([0; 4], |[tests, failures, errors, skipped], case| match case.end {
        End::Error(_) => [tests + 1, failures, errors + 1, skipped],
        End::Failed(..) => [tests + 1, failures + 1, errors, skipped],
        End::Passed => [tests + 1, failures, errors, skipped],
        End::Skipped(_) => [tests + 1, failures, errors, skipped + 1],
    })
}

fn of_rule(results: &Results, rule: &Rule, tally: Tally) -> Case {
    let end = match tally.judged() {
        Judged::Failed => {
            let found = results.failures_of(&rule.id);
            let texts: Vec<_> = found
                .take(super::words::SHOWN_OF_A_RULE)
                .map(|f| strip(&terminal::failure(f, f.replay.as_deref())))
                .collect();
            End::Failed(super::words::describe(tally), texts.concat())
        }
        Judged::Known => End::Skipped(format!(
            "known failure: {}: {}",
            super::words::describe(tally),
            super::words::why_known(results, &rule.id)
        )),
        Judged::NotAsked | Judged::NotJudged => End::Skipped(super::words::describe(tally)),
        Judged::Passed => End::Passed,
    };
    let class = format!("sessionproof.{}", rules::family_of(&rule.id));
    Case { name: format!("{} {}", rule.id, rule.title), class, end }
}

/// The test that there is a verdict at all.
fn of_run(results: &Results) -> Case {
    let end = match results.outcome() {
        Outcome::Conformant | Outcome::KnownFailures | Outcome::NotConformant => End::Passed,
        Outcome::NotJudged => End::Error(super::words::why_not_judged(results)),
    };
    Case { name: super::words::VERDICT.to_owned(), class: "sessionproof.run".to_owned(), end }
}

/// The test that every known failure still fails; `None` if there is no list.
fn of_known(results: &Results) -> Option<Case> {
    let stale: Vec<_> = results.stale().iter().map(ToString::to_string).collect();
    let end = match &stale[..] {
        [] => End::Passed,
        [first, ..] => End::Failed(first.clone(), stale.join("\n")),
    };
    let case = Case { name: super::words::ALL_STILL_FAIL.to_owned(), class: "sessionproof.run".to_owned(), end };
    (!results.known.is_empty()).then_some(case)
}

/// Attributes whose values XML can hold.
fn attributes(attributes: &[(&'static str, &str)]) -> Vec<(&'static str, std::borrow::Cow<'static, str>)> {
    attributes.iter().map(|(name, value)| (*name, foreign::lines(value).into())).collect()
}
