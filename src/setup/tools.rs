//! Runs tools, and explains their failures. A full disk is recognized, whatever the tool says about it.

use super::{SetupError, cache::Cache};
use crate::{foreign, processes::Tool};
use std::{
    io,
    path::Path,
    process::{Command, Output},
};

/// How many of a tool's last lines an error shows.
const LINES: usize = 6;

/// What tools say when no space is left. Numbers stay the same in every language.
const FULL: [&str; 6] = [
    "No space left on device",
    "ENOSPC",
    "Errno 28",
    "os error 28",
    "Disk quota exceeded",
    "not enough space on the disk",
];

/// What pip says when it has fetched a package and cannot build it.
const BUILD: [&str; 4] =
    ["subprocess-exited-with-error", "metadata-generation-failed", "Failed building wheel", "setup.py egg_info"];

/// A disk with less free space than this counts as full (bytes). The tool may have removed part of what it wrote.
const NOTHING: u64 = 64 * 1024;

/// How a tool failed.
pub(crate) struct Failure {
    /// Its last lines.
    pub(crate) lines: String,
    is_full: bool,
    of_another_python: Option<&'static str>,
}

impl Failure {
    pub(crate) fn new(said: &str) -> Self {
        let lines: Vec<_> = said.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
        // The line that names the cause is often not among the last.
        let cause = lines.iter().find(|line| FULL.iter().any(|words| line.contains(words)));
        let shown = cause.into_iter().filter(|cause| !last.contains(cause)).chain(last);
        let lines = shown.map(|line| format!("    {}", foreign::line(line))).collect::<Vec<_>>().join("\n");
        let says = |what: &[&str]| what.iter().any(|words| said.contains(words));
        let of_another_python = match () {
            () if says(&BUILD) => Some("it could not be built"),
            () if says(&["require a different python version", "Requires-Python"]) => {
                Some("it is not made for this one")
            }
            () => None,
        };
        Self { lines, is_full: cause.is_some(), of_another_python }
    }

    /// The error: a full disk, or otherwise what `otherwise` makes of it.
    pub(crate) fn error(self, cache: &Cache, otherwise: impl FnOnce(String) -> SetupError) -> SetupError {
        match self.is_full || is_full(cache.folder()) {
            true => SetupError::Full { folder: cache.folder().to_owned(), output: self.lines },
            false => otherwise(self.lines),
        }
    }

    /// What failed, if another Python may help: the package could not be built, or is not meant for this one.
    pub(crate) fn of_another_python(&self) -> Option<&'static str> {
        self.of_another_python
    }

    /// The error that a package was not installed.
    pub(crate) fn of_install(self, cache: &Cache, tool: &'static str, (name, release): (&str, &str)) -> SetupError {
        let (folder, package) = (cache.folder().to_owned(), format!("{name} {release}"));
        self.error(cache, |output| SetupError::Install { folder, package, tool, output })
    }
}

/// What a tool prints on standard output; what went wrong, when it did not succeed.
pub(crate) fn ask(command: &mut Command) -> Result<String, String> {
    let name = foreign::line(command.get_program().display());
    match command.run_to_end() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => Err(format!("{name} does not run ({})", output.status)),
        Err(error) => Err(format!("there is no {name} ({error})")),
    }
}

/// What a tool prints on standard output when it succeeds.
pub(crate) fn check(ran: io::Result<Output>) -> Result<String, Failure> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match ran {
        Ok(output) if output.status.success() => Ok(text(&output.stdout)),
        Ok(output) => {
            Err(Failure::new(&format!("{}\n{}\n{}", text(&output.stdout), text(&output.stderr), output.status)))
        }
        Err(error) => Err(Failure::new(&error.to_string())),
    }
}

#[cfg(unix)]
fn is_full(folder: &Path) -> bool {
    rustix::fs::statvfs(folder).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < NOTHING)
}

#[cfg(not(unix))]
fn is_full(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_seen_wherever_the_tool_says_it() {
        let lines = (0..20).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
        let failure = Failure::new(&format!("OSError: [Errno 28] Kein Platz\n{lines}"));
        assert!(failure.is_full && failure.lines.contains("Errno 28") && failure.lines.contains("line 19"));
        assert!(!failure.lines.contains("line 3"));
        assert!(!Failure::new(&lines).is_full);
    }

    #[test]
    fn what_another_python_may_help_is_told_from_what_the_network_does() {
        let of_another = |said: &str| Failure::new(said).of_another_python();
        assert_eq!(of_another("error: subprocess-exited-with-error\nmore"), Some("it could not be built"));
        let ignored = "ERROR: Ignored the following versions that require a different python version: 3.1.3";
        assert_eq!(of_another(ignored), Some("it is not made for this one"));
        assert_eq!(of_another("ERROR: No matching distribution found for flask==9.9"), None);
    }
}
