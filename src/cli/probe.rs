//! `probe`: writes the files that an application mounts for `check --url`.

use super::{
    CliError,
    files::{Readers, write_atomic},
    out::say,
};
use clap::Args;
use sessionproof::{bounded, bundled, foreign, suite::outcome::results::Outcome};
use std::{io::ErrorKind, path::PathBuf};

const EXAMPLES: &str = "\
Examples:
  # write the probe and its helper into this folder
  sessionproof probe
  # or into another one
  sessionproof probe path/to/project

In the application, once it is configured:
  import sessionproof_probe
  sessionproof_probe.mount(app)

Then, for half an hour:
  export SESSIONPROOF_PROBE_UNTIL=$(( $(date +%s) + 1800 ))
  gunicorn --bind 127.0.0.1:8000 application:app
  sessionproof check --secret-key-file FILE \\
    --url http://127.0.0.1:8000/sessionproof-probe";

/// The probe, and what it imports.
const FILES: [&str; 2] = ["adapters/python/sessionproof_probe.py", "adapters/python/sessionproof_adapter.py"];

#[derive(Args)]
#[command(after_help = EXAMPLES, next_line_help = true)]
pub struct Arguments {
    /// The folder to write to; existing files are never overwritten
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<Outcome, CliError> {
    for (path, text) in FILES.iter().flat_map(|path| bundled::under(path)) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let file = arguments.folder.join(name);
        let shown = foreign::path(&file);
        if file.metadata().is_ok_and(|found| !found.is_file()) {
            return Err(CliError(format!("{shown} exists and is no file\nremove it, or name another folder")));
        }
        let there = bounded::read(&file, text.len() as u64);
        let is_other = there.as_ref().is_err_and(|error| error.kind() == ErrorKind::FileTooLarge);
        if is_other || there.as_ref().is_ok_and(|there| there != text.as_bytes()) {
            return Err(CliError(format!("{shown} exists with other content\nremove it, or name another folder")));
        }
        if there.is_err() {
            write_atomic(&file, text, Readers::Everybody).map_err(|error| {
                CliError(format!("{shown} cannot be written: {error}\nname a folder that can be written to"))
            })?;
        }
        say!("{shown}");
    }
    Ok(Outcome::Conformant)
}
