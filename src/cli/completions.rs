//! `completions`: scripts by which a shell completes command lines.

use super::{
    CliError,
    out::{Out, cannot_print},
};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use sessionproof::suite::outcome::results::Outcome;

const EXAMPLES: &str = "\
Examples:
  sessionproof completions bash > \\
    ~/.local/share/bash-completion/completions/sessionproof
  sessionproof completions zsh > ~/.zfunc/_sessionproof
  sessionproof completions fish > \\
    ~/.config/fish/completions/sessionproof.fish";

#[derive(Args)]
#[command(after_help = EXAMPLES, next_line_help = true)]
pub struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub fn run(arguments: &Arguments) -> Result<Outcome, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "sessionproof", &mut script);
    let script = String::from_utf8_lossy(&script);
    Out::StandardOutput.write(&script).map_err(|error| cannot_print(&error))?;
    Ok(Outcome::Conformant)
}
