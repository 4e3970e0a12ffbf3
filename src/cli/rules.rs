//! `rules`: the specification from the terminal.

use super::Trouble;
use clap::Args;
use sessionproof::suite::{
    results::Outcome,
    rules::{self, Level, Pattern, Rule},
};

const EXAMPLES: &str = "\
Examples:
  sessionproof rules              all rules, a line each
  sessionproof rules EXP          one family
  sessionproof rules EXP-1        one rule with its text";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Rules of these numbers or families: EXP-1, EXP, EXP-1*, several with commas
    #[arg(value_name = "PATTERN", default_value = "*", value_parser = Pattern::parse)]
    rules: Pattern,
}

pub fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    let chosen: Vec<_> = rules::all().iter().filter(|rule| arguments.rules.matches(&rule.id)).collect();
    match chosen[..] {
        [rule] => anstream::println!("{}\n\n{}", line(rule), rule.body.trim()),
        _ => chosen.into_iter().for_each(|rule| anstream::println!("{}", line(rule))),
    }
    Ok(Outcome::Conformant)
}

fn line(rule: &Rule) -> String {
    let level = match rule.level {
        Level::Choice => "CHOICE",
        Level::Must => "MUST",
        Level::Should => "SHOULD",
    };
    format!("{:<8}{level:<8}{}", rule.id, rule.title)
}
