//! `man`: the manual pages, made from the help pages.

use super::{
    CliError,
    files::{Readers, write_atomic},
    out::{Out, cannot_print},
};
use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use sessionproof::{foreign, suite::outcome::results::Outcome};
use std::{
    io,
    path::{Path, PathBuf},
};

const EXAMPLES: &str = "\
Examples:
  # the first page
  sessionproof man | man -l -
  # a page for each command
  sessionproof man ~/.local/share/man/man1";

#[derive(Args)]
#[command(after_help = EXAMPLES, next_line_help = true)]
pub struct Arguments {
    /// The folder for a page of each command [default: print the first]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<Outcome, CliError> {
    let mut program = super::Arguments::command().disable_help_subcommand(true);
    program.build();
    match &arguments.folder {
        Some(folder) => write_all(program, folder)?,
        None => Out::StandardOutput.write(&page(program)?).map_err(|error| cannot_print(&error))?,
    }
    Ok(Outcome::Conformant)
}

/// Writes the page of a command and those of its own commands.
fn write_all(command: Command, folder: &Path) -> Result<(), CliError> {
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        write_all(inner.clone(), folder)?;
    }
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let file = folder.join(format!("{name}.1"));
    write_atomic(&file, &page(command)?, Readers::Everybody).map_err(|error| {
        CliError(format!("{} cannot be written: {error}\nname another folder for the pages", foreign::path(&file)))
    })
}

fn page(command: Command) -> io::Result<String> {
    let mut text = Vec::new();
    Man::new(command).render(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
