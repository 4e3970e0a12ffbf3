//! `bench`: how fast cookies are verified, here and elsewhere.

use super::{
    CliError,
    out::{Out, say},
    server, signals,
    target::Target,
};
use clap::{Arg, Args};
use sessionproof::json::json;
use sessionproof::{
    bench::{self, Alone, Beside, Part, Spread},
    foreign,
    suite::outcome::results::Outcome,
    verifier::Verifier,
};

const EXAMPLES: &str = "\
Examples:
  # the verifier in this binary
  sessionproof bench
  # real Flask, compared with it in the same run
  sessionproof bench flask
  # any adapter that offers the operation bench
  sessionproof bench -- python3 my_adapter.py
  # as JSON, with quartiles
  sessionproof bench --json flask

Exit status:
  0  measured
  2  not measured (usage, set-up, or the adapter broke)";

#[derive(Args)]
#[command(after_help = EXAMPLES, mut_args(hidden), next_line_help = true)]
pub struct Arguments {
    #[command(flatten)]
    target: Target,
    /// How often each measurement is repeated
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..=1000))]
    turns: u16,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Hides the options that have no effect here: one copy of one program is measured.
fn hidden(argument: Arg) -> Arg {
    let hide = argument.get_id() == "workers";
    server::hidden(argument.hide(hide))
}

pub fn run(arguments: &Arguments) -> Result<Outcome, CliError> {
    let turns = usize::from(arguments.turns);
    let verifier = Verifier::new(&bench::shapes::config())?;
    signals::prepare()?;
    match arguments.target.measured()? {
        None => {
            let all = bench::alone(turns)?;
            if arguments.json {
                print(&json!({ "unit": "nanoseconds per cookie", "hardware": verifier.hardware(), "shapes": all }))?;
            } else {
                Out::StandardOutput.print(table_alone(&all, verifier.hardware()));
            }
        }
        Some(program) => {
            let (mut bencher, deadline) = arguments.target.bencher(program)?;
            let mut all = Vec::new();
            // What was measured is shown even if not everything could be.
            let ended = bench::beside(&mut bencher, turns, deadline, &mut all);
            if ended.is_err() && all.is_empty() {
                return ended.map(|()| Outcome::Conformant).map_err(CliError::from);
            }
            let hello = bencher.hello();
            let name = [&hello.name, &hello.version, &hello.runtime].map(String::as_str).join(" ");
            if arguments.json {
                print(
                    &json!({ "unit": "nanoseconds per cookie", "hardware": verifier.hardware(), "beside": name, "shapes": all }),
                )?;
            } else {
                Out::StandardOutput.print(table_beside(&all, &name));
            }
            ended?;
        }
    }
    Ok(Outcome::Conformant)
}

fn print(json: &sessionproof::json::Json) -> Result<(), CliError> {
    say!("{}", foreign::json(&serde_json::to_string_pretty(json)?));
    Ok(())
}

fn table_alone(all: &[Alone], hardware: &str) -> String {
    let mut text = format!(
        "nanoseconds per cookie: median (multiple of the floor, the time of SHA-1 alone); hardware: {hardware}\n\n"
    );
    text += &format!(
        "{:<11}{:>7}{:>7}{:>9}{:>16}{:>16}{:>16}{:>16}{:>9}{:>9}\n",
        "shape", "signed", "blocks", "floor", "portable", "verify", "rejected", "batch", "load", "sign"
    );
    for one in all {
        let against = |spread: Spread| format!("{:.0} ({:.2}x)", spread.median, spread.median / one.floor.median);
        text += &format!(
            "{:<11}{:>7}{:>7}{:>9.0}{:>16}{:>16}{:>16}{:>16}{:>9.0}{:>9.0}\n",
            one.shape,
            one.signed_bytes,
            one.blocks,
            one.floor.median,
            against(one.portable),
            against(one.verify),
            against(one.rejected),
            against(one.batch),
            one.load.median,
            one.sign.median,
        );
    }
    text += &format!("\n{:<11}{:>11}{:>9}{:>9}{:>9}\n", "load", "signature", "base64", "inflate", "JSON");
    for one in all {
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        let [signature, base64, inflate, json] =
            [one.shares.signature, one.shares.base64, one.shares.inflate, one.shares.json].map(percent);
        text += &format!("{:<11}{signature:>11}{base64:>9}{inflate:>9}{json:>9}\n", one.shape);
    }
    text
}

fn table_beside(all: &[Beside], name: &str) -> String {
    let mut text = format!("nanoseconds per cookie: median (quartiles); the verifier and {}\n\n", foreign::line(name));
    text += &format!("{:<11}{:<11}{:>24}{:>28}{:>9}\n", "shape", "part", "verifier", "other", "ratio");
    for one in all {
        let part = match one.part {
            Part::Load => "load",
            Part::Signature => "signature",
        };
        let spread = |s: Spread| format!("{:.0} ({:.0} to {:.0})", s.median, s.lower_quartile, s.upper_quartile);
        let theirs = one.theirs.map_or_else(|| "not offered".to_owned(), spread);
        let ratio = one.ratio.map_or_else(String::new, |ratio| format!("{ratio:.1}x"));
        text += &format!("{:<11}{part:<11}{:>24}{theirs:>28}{ratio:>9}\n", one.shape, spread(one.ours));
    }
    text
}
