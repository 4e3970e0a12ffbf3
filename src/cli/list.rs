//! `list`: the implementations that are known by name, and which of them are set up.

use super::{
    CliError,
    out::{Out, say},
};
use clap::Args;
use sessionproof::json::json;
use sessionproof::{
    foreign,
    setup::{KNOWN, Known},
    suite::outcome::results::Outcome,
};

const EXAMPLES: &str = "\
Examples:
  # all of them, what each needs, and what is set up
  sessionproof list
  # as JSON
  sessionproof list --json
  # test one; it is set up when you first use it
  sessionproof check quart
  sessionproof check flask@3.0.3";

#[derive(Args)]
#[command(after_help = EXAMPLES, next_line_help = true)]
pub struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<Outcome, CliError> {
    if arguments.json {
        let all: Vec<_> = KNOWN.iter().map(object).collect();
        say!("{}", foreign::json(&serde_json::to_string_pretty(&all)?));
    } else {
        Out::StandardOutput.print(table());
    }
    Ok(Outcome::Conformant)
}

fn object(known: &Known) -> sessionproof::json::Json {
    json!({
        "name": known.name,
        "about": known.about,
        "release": known.release(),
        "releases_with_hashes": known.releases_with_hashes(),
        "needs": known.needs(),
        "set_up": known.releases_set_up(),
    })
}

fn table() -> String {
    let mut text = line("name", "release", "needs", "set up", "what it is");
    for known in KNOWN {
        let set_up = match known.is_in_binary() {
            true => "always".to_owned(),
            false => few(&known.releases_set_up()),
        };
        text += &line(known.name, known.release().unwrap_or("-"), &known.needs(), &set_up, known.about);
    }
    for (name, release, python) in KNOWN.iter().flat_map(Known::older_releases) {
        text += &format!("\n{name}: an older Python, {python} or newer, gets release {release}.\n");
    }
    text += "\nTest one with `sessionproof check NAME` or NAME@VERSION. It is set up once, in your cache.\n";
    let others = KNOWN.iter().flat_map(|known| {
        let others = known.releases_with_hashes().into_iter().filter(|release| Some(*release) != known.release());
        others.map(|release| format!("{}@{release}", known.name))
    });
    let others = others.collect::<Vec<_>>().join(", ");
    text + &format!(
        "This program has hashes for the releases above and for\n{others}.\n\
         It installs any other release as the registry serves it.\n"
    )
}

/// The releases that fit into the column.
fn few(releases: &[String]) -> String {
    match releases {
        [] => "no".to_owned(),
        [one] => foreign::line(one),
        [one, two] => foreign::line(format!("{one}, {two}")),
        [one, others @ ..] => format!("{}, {} more", foreign::line(one), others.len()),
    }
}

fn line(name: &str, release: &str, needs: &str, set_up: &str, about: &str) -> String {
    format!("{name:<26}{release:<9}{needs:<17}{set_up:<15} {about}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_short_however_many_releases_are_set_up() {
        let shown = |releases: &[&str]| few(&releases.iter().map(|release| release.to_string()).collect::<Vec<_>>());
        assert_eq!(shown(&[]), "no");
        assert_eq!(shown(&["3.1.3"]), "3.1.3");
        assert_eq!(shown(&["3.1.3", "3.0.3"]), "3.1.3, 3.0.3");
        assert_eq!(shown(&["3.1.3", "3.0.3", "2.3.3", "2.2.4"]), "3.1.3, 3 more");
    }
}
