//! Implementations that set themselves up in the user's cache: a Python virtual environment, a folder of Node.js packages, or a
//! program built by cargo, each with the adapter that drives it. Offline once it is there.
//!
//! Everything is made beside its place and renamed when it is whole, so that an interrupted set-up leaves nothing to trip over.

mod cache;
mod known;
mod node;
mod python;
mod rust;

pub use known::{KNOWN, Known};

use super::processes::Tool;
use cache::Cache;
use known::Recipe;
use std::{
    io,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

/// How many of a tool's last lines an error shows.
const LINES: usize = 6;

/// Why an implementation could not be set up. Each message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The cache cannot be written.
    #[error("the cache {folder} cannot be written: {source}\nset SESSIONPROOF_CACHE to a folder that can be written")]
    Cache {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A release was asked for of what stands in this binary.
    #[error("{0} is in this binary, in one release only\nwrite the name alone: {0}")]
    InBinary(&'static str),
    /// A package was not installed.
    #[error(
        "{package} could not be installed by {tool}:\n{output}\ncheck the network and that the release exists, then try again"
    )]
    Install {
        /// What was to be installed.
        package: String,
        /// What was to install it.
        tool: &'static str,
        /// The tool's last lines.
        output: String,
    },
    /// The files of an adapter are not in this binary.
    #[error("the files of {0} are not in this binary\nbuild sessionproof in a clone of its repository")]
    NoAdapter(&'static str),
    /// No folder for caches is known.
    #[error("no folder for caches is known here\nset SESSIONPROOF_CACHE to a folder that can be written")]
    NoCache,
    /// There is no Python that will do.
    #[error("{what}\ninstall Python {oldest} or newer, or name one with --python PATH")]
    NoPython {
        /// What was found in its place.
        what: String,
        /// The oldest release that will do.
        oldest: String,
    },
    /// Something that builds or runs the implementation is not there.
    #[error("{what}\n{remedy}, then try again")]
    NoTool {
        /// What was found in its place.
        what: String,
        /// What to install.
        remedy: &'static str,
    },
    /// The name of a release is none.
    #[error("{0:?} is not the number of a release\nwrite it as in flask@3.0.3")]
    NotAVersion(String),
    /// The virtual environment was not made.
    #[error(
        "{python} makes no virtual environment:\n{output}\ninstall the module venv (on Debian: apt install python3-venv), \
         or name another Python with --python PATH"
    )]
    Venv {
        /// The interpreter.
        python: String,
        /// Its last lines.
        output: String,
    },
}

/// Sets implementations up.
pub struct Setup<'a> {
    /// The Python to use; the first of `python3` and `python` that will do when there is none.
    pub python: Option<PathBuf>,
    /// Is told what takes long.
    pub report: &'a mut dyn FnMut(&str),
}

/// The oracle: a Python that has the pinned Flask, and the files that drive it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oracle {
    /// The interpreter of the virtual environment.
    pub python: PathBuf,
    /// The folder that holds `adapters/`, `vectors/` and `spec/`.
    pub files: PathBuf,
}

impl Oracle {
    /// The command that runs the adapter of real Flask.
    pub fn command(&self) -> Vec<String> {
        python::command(self, known::FLASK.adapter)
    }
}

impl Setup<'_> {
    /// Real Flask of some release; none is the one that the vectors were made with.
    pub fn flask(&mut self, release: Option<&str>) -> Result<Oracle, SetupError> {
        python::set_up(self, &Cache::open()?, &known::FLASK, release)
    }

    /// The command that runs the adapter of an implementation, which is set up if it is not yet; without a release the one that
    /// this version of the suite pins. None for what stands in this binary.
    pub fn command(&mut self, known: &Known, release: Option<&str>) -> Result<Option<Vec<String>>, SetupError> {
        Ok(match &known.recipe {
            Recipe::InBinary => match release {
                Some(_) => return Err(SetupError::InBinary(known.name)),
                None => None,
            },
            Recipe::Node(package) => Some(node::set_up(self, &Cache::open()?, package, release)?),
            Recipe::Python(package) => {
                let oracle = python::set_up(self, &Cache::open()?, package, release)?;
                Some(python::command(&oracle, package.adapter))
            }
            Recipe::Rust(package) => Some(rust::set_up(self, &Cache::open()?, package, release)?),
        })
    }

    fn announce(&mut self, name: &str, release: &str, home: &std::path::Path) {
        (self.report)(&format!("setting up {name} {release} in {} (once)", home.display()));
    }
}

/// A release, if it is spelled as one: it becomes part of file names and of what other tools are asked.
fn version(text: &str) -> Result<&str, SetupError> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b);
    match text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(fits) && text.len() < 100 {
        true => Ok(text),
        false => Err(SetupError::NotAVersion(text.to_owned())),
    }
}

/// What a tool prints on standard output; what went wrong, when it did not succeed.
fn ask(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.stdin(Stdio::null()).run_to_end() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => Err(format!("{name} does not run ({})", output.status)),
        Err(error) => Err(format!("there is no {name} ({error})")),
    }
}

/// Nothing when a command succeeded, its last lines when it did not.
fn check(ran: io::Result<Output>) -> Result<(), String> {
    match ran {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let text =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
            let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
            Err(last.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n"))
        }
        Err(error) => Err(format!("    {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_numbers() {
        for (text, fits) in [
            ("3.1.3", true),
            ("2.3.0rc1", true),
            ("1.0.0-beta.1", true),
            ("", false),
            ("--help", false),
            ("3; x", false),
            ("3/../x", false),
        ] {
            assert_eq!(version(text).is_ok(), fits, "{text:?}");
        }
    }

    #[test]
    fn what_is_in_the_binary_has_no_releases() {
        let mut setup = Setup { python: None, report: &mut |_| {} };
        let verifier = Known::named("verifier").unwrap();
        assert_eq!(setup.command(verifier, None).unwrap(), None);
        assert!(setup.command(verifier, Some("1.0")).unwrap_err().to_string().contains("write the name alone"));
    }

    #[test]
    fn a_release_that_is_none_is_refused_before_anything_is_asked() {
        let mut setup = Setup { python: None, report: &mut |_| panic!("nothing is set up") };
        for known in KNOWN.iter().filter(|known| !known.is_in_binary()) {
            let error = setup.command(known, Some("latest")).unwrap_err();
            assert!(matches!(error, SetupError::NotAVersion(_)), "{}: {error}", known.name);
        }
    }
}
