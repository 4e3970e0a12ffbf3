//! `rules`: shows the rules, and the evidence for each.

use super::{
    CliError,
    out::{Out, say},
};
use clap::Args;
use sessionproof::{
    evidence::{
        history::History,
        vectors::{self, LoadedVector},
    },
    rules::{self, Pattern, Rule},
    suite::outcome::{
        coverage::{evidence, why_without_vectors},
        results::Outcome,
    },
};

const EXAMPLES: &str = "\
Examples:
  # all rules, a line each
  sessionproof rules
  # one family
  sessionproof rules EXP
  # one rule, with its text and its evidence
  sessionproof rules EXP-1";

#[derive(Args)]
#[command(after_help = EXAMPLES, next_line_help = true)]
pub struct Arguments {
    /// Only these rules or families, as in EXP-1,SIG,!SIG-7 (! excludes)
    #[arg(value_name = "PATTERN", default_value = "*", value_parser = Pattern::parse)]
    rules: Pattern,
}

pub fn run(arguments: &Arguments) -> Result<Outcome, CliError> {
    let vectors = vectors::all()?;
    let chosen: Vec<_> = rules::all().iter().filter(|rule| arguments.rules.matches(&rule.id)).collect();
    match chosen[..] {
        [rule] => Out::StandardOutput.print(page(rule, &vectors) + &of_releases(rule)?),
        _ => {
            say!("{:<8}{:<8}{:>8}{:>12}{:>14}  rule", "", "level", "vectors", "properties", "observations");
            chosen.into_iter().for_each(|rule| say!("{}", line(rule, &vectors)));
        }
    }
    Ok(Outcome::Conformant)
}

fn line(rule: &Rule, vectors: &[LoadedVector]) -> String {
    let (vectors, properties, tests, observations) = evidence(&rule.id, vectors).counts();
    let (level, properties) = (rule.level, properties + tests);
    format!("{:<8}{level:<8}{vectors:>8}{properties:>12}{observations:>14}  {}", rule.id, rule.title)
}

/// Which releases keep the rule, if any was asked about it.
fn of_releases(rule: &Rule) -> Result<String, CliError> {
    let lines = History::embedded().map_err(CliError)?.of_rule(&rule.id);
    let list: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    Ok(if list.is_empty() { list } else { format!("\nReleases (spec/history.md):\n{list}") })
}

/// A rule's text and everything that it rests on.
fn page(rule: &Rule, vectors: &[LoadedVector]) -> String {
    let evidence = evidence(&rule.id, vectors);
    let mut page = format!("{} ({}) {}\n\n{}\n", rule.id, rule.level, rule.title, rule.body.trim());
    let mut list = |title: &str, names: &[String]| {
        if !names.is_empty() {
            page += &format!("\n{title}\n");
            names.iter().for_each(|name| page += &format!("  {name}\n"));
        }
    };
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    list("Vectors from real Flask:", &evidence.vectors);
    list("Properties of generated cases:", &owned(&evidence.properties));
    list("Tests of the model:", &owned(&evidence.tests));
    list(&format!("Observations of real browsers ({}):", evidence.observations.len()), &evidence.observations);
    if let (true, Some(why)) = (evidence.vectors.is_empty(), why_without_vectors(&rule.id)) {
        page += &format!("\nNo vectors: {why}.\n");
    }
    page
}
