//! `rules`: the specification from the terminal, with the evidence of each rule.

use super::{
    Trouble,
    out::{Out, say},
};
use clap::Args;
use sessionproof::{
    evidence::vectors::{self, Ready},
    spec::rules::{self, Pattern, Rule},
    suite::outcome::{
        coverage::{evidence, why_without_vectors},
        results::Outcome,
    },
};

const EXAMPLES: &str = "\
Examples:
  sessionproof rules              all rules, a line each, with the counts of their evidence
  sessionproof rules EXP          one family
  sessionproof rules EXP-1        one rule with its text and evidence";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Rules of these numbers or families: EXP-1, EXP, EXP-1*, several with commas; `!EXP-2` leaves
    /// one out
    #[arg(value_name = "PATTERN", default_value = "*", value_parser = Pattern::parse)]
    rules: Pattern,
}

pub fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    let vectors = vectors::embedded()?;
    let chosen: Vec<_> = rules::all().iter().filter(|rule| arguments.rules.matches(&rule.id)).collect();
    match chosen[..] {
        [rule] => Out::StandardOutput.print(page(rule, &vectors)),
        _ => {
            say!("{:<8}{:<8}{:>8}{:>12}{:>14}  rule", "", "level", "vectors", "properties", "observations");
            chosen.into_iter().for_each(|rule| say!("{}", line(rule, &vectors)));
        }
    }
    Ok(Outcome::Conformant)
}

fn line(rule: &Rule, vectors: &[Ready]) -> String {
    let (vectors, properties, tests, observations) = evidence(&rule.id, vectors).counts();
    let (level, properties) = (rule.level, properties + tests);
    format!("{:<8}{level:<8}{vectors:>8}{properties:>12}{observations:>14}  {}", rule.id, rule.title)
}

/// A rule's text and everything that it rests on.
fn page(rule: &Rule, vectors: &[Ready]) -> String {
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
