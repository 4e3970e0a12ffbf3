//! Sets implementations up in the user's cache: a Python virtual environment, a folder of Node.js packages, or a program built by
//! cargo, each with its adapter. Once it is set up, an implementation needs no network.
//!
//! Everything is made in a temporary folder and renamed when it is complete, so that an interrupted set-up leaves nothing behind.
//! Damage is noticed later, and the implementation is set up again. Nothing in the working directory is run, and the environment
//! changes neither what is installed nor what is tested.

mod cache;
mod contents;
mod folder;
mod isolation;
mod known;
mod node;
mod python;
mod pythons;
mod releases;
mod rust;
mod stock;
mod tools;
mod trust;

pub use folder::Kind;
pub use known::{KNOWN, Known};
pub use stock::{Entry, clear, list};

use crate::foreign;
use crate::processes::{Isolation, Program, Release};
use cache::Cache;
use known::{OwnServer, Recipe};
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// Why an implementation could not be set up. Each message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The cache cannot be written.
    #[error(
        "the cache {} cannot be written: {source}\nset SESSIONPROOF_CACHE to a folder that you may write to",
        foreign::path(folder)
    )]
    Cache {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no room for the cache.
    #[error(
        "the disk of the cache {} is full:\n{output}\nfree some space (`sessionproof cache clear` empties the cache), or \
         set SESSIONPROOF_CACHE to a folder on another disk",
        foreign::path(folder)
    )]
    Full {
        /// The folder.
        folder: PathBuf,
        /// What was said of it.
        output: String,
    },
    /// The cache is in use, and cannot be cleared.
    #[error(
        "the cache {} is in use\nwait for the other runs of sessionproof to end, then try again",
        foreign::path(.0)
    )]
    InUse(PathBuf),
    /// A release was asked for of what stands in this binary.
    #[error("{0} is part of this binary and has no other releases\nwrite the name alone: {0}")]
    InBinary(&'static str),
    /// A package was not installed.
    #[error(
        "{tool} could not install {package} in the cache {}:\n{output}\ncheck the network, and that the release exists, then \
         try again",
        foreign::path(folder)
    )]
    Install {
        /// The folder.
        folder: PathBuf,
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
    #[error("this platform has no folder for caches\nset SESSIONPROOF_CACHE to a folder that you may write to")]
    NoCache,
    /// A folder does not look like the cache, so nothing in it is removed.
    #[error(
        "{} does not look like a cache of sessionproof: it holds other files too\nset SESSIONPROOF_CACHE to the cache, or \
         remove by hand what `sessionproof cache list` shows",
        foreign::path(.0)
    )]
    NoSuchCache(PathBuf),
    /// There is no Python that will do.
    #[error("{}\ninstall Python {oldest} or newer, or name one with --python PATH", foreign::block(what))]
    NoPython {
        /// What was found in its place.
        what: String,
        /// The oldest release that will do.
        oldest: String,
    },
    /// Something that builds or runs the implementation is not there.
    #[error("{}\n{remedy}, then try again", foreign::block(what))]
    NoTool {
        /// What was found in its place.
        what: String,
        /// What to install.
        remedy: &'static str,
    },
    /// The name of a release is none.
    #[error("{0:?} is not a release number\nwrite it as in flask@3.0.3")]
    NotAVersion(String),
    /// A release does not run on the Python.
    #[error("{}: {what} on {}:\n{output}\n{remedy}", foreign::line(package), foreign::line(python))]
    Unfit {
        /// The package with its release.
        package: String,
        /// What failed.
        what: &'static str,
        /// The Python.
        python: String,
        /// The last lines of what failed.
        output: String,
        /// What to do.
        remedy: String,
    },
    /// Somebody else may have put programs into the cache, which are run.
    #[error(
        "the cache {} is not safe to use: {}\nset SESSIONPROOF_CACHE to a folder that only you can write to; or make this \
         one yours alone (chown, chmod go-w) if you know what is in it",
        foreign::path(folder),
        foreign::line(what)
    )]
    Untrusted {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        what: String,
    },
    /// The virtual environment was not made.
    #[error(
        "{} could not make a virtual environment in the cache {}:\n{output}\ninstall the module venv (on Debian: apt install \
         python3-venv), or name another Python with --python PATH",
        foreign::line(python),
        foreign::path(folder)
    )]
    Venv {
        /// The folder of the cache.
        folder: PathBuf,
        /// The interpreter.
        python: String,
        /// Its last lines.
        output: String,
    },
}

/// Sets implementations up.
pub struct Setup<'a> {
    /// The Python to use; if `None`, one on this machine that runs the release, `python3` and `python` first.
    pub python: Option<PathBuf>,
    /// Called with what is being set up, which may take long.
    pub report: &'a mut dyn FnMut(&str),
}

/// The oracle: a Python that has the pinned Flask, and the files that drive it.
#[derive(Clone, Debug)]
pub struct Oracle {
    /// The interpreter of the virtual environment.
    pub python: PathBuf,
    /// The folder that holds `adapters/`, `vectors/` and `spec/`.
    pub files: PathBuf,
    isolation: Isolation,
    release: Release,
}

impl Oracle {
    /// The program that runs the adapter of real Flask.
    pub fn program(&self) -> Program {
        python::adapter(self, known::FLASK.adapter)
    }

    /// The program that lists the mutants of real Flask, traces it, or is one of them, by the words that follow its name.
    pub fn mutants(&self, words: &[&str]) -> Program {
        python::adapter(self, &[&["flask_mutants.py"], words].concat())
    }

    /// A script of `vectors/generate/` by its name, to be given arguments and run: isolated, as the adapter is.
    pub fn script(&self, name: &str) -> Command {
        python::script(self, name)
    }
}

impl Setup<'_> {
    /// Real Flask in a release; `None` means the release that the vectors were made with.
    pub fn flask(&mut self, release: Option<&str>) -> Result<Oracle, SetupError> {
        python::set_up(self, &Cache::open()?, &known::FLASK, release)
    }

    /// The program that runs the adapter of an implementation, which is set up if it is not yet; without a release the one that
    /// this version of the suite pins. None for what stands in this binary.
    pub fn program(&mut self, known: &Known, release: Option<&str>) -> Result<Option<Program>, SetupError> {
        let program = self.plain_program(known, release)?;
        Ok(program.map(|program| match &known.server {
            None => program,
            Some(OwnServer { kind, without }) => match (kind.program(), without) {
                (None, Some(word)) => {
                    (self.report)(&format!(
                        "there is no {kind} on this machine: {word} takes its place, in the process of the adapter"
                    ));
                    program.with_argument(*word)
                }
                _ => program.with_server(*kind),
            },
        }))
    }

    fn plain_program(&mut self, known: &Known, release: Option<&str>) -> Result<Option<Program>, SetupError> {
        if !known.is_in_binary() {
            release.map(version).transpose()?;
        }
        Ok(match &known.recipe {
            Recipe::InBinary => match release {
                Some(_) => return Err(SetupError::InBinary(known.name)),
                None => None,
            },
            Recipe::Node(package) => Some(node::set_up(self, &Cache::open()?, package, release)?),
            Recipe::Python(package) => {
                let cache = Cache::open()?;
                let in_place = match (release, self.python.clone()) {
                    (None, Some(named)) => python::in_place(self, &cache, package, &named)?,
                    _ => None,
                };
                let oracle = match in_place {
                    Some(oracle) => oracle,
                    None => python::set_up(self, &cache, package, release)?,
                };
                Some(python::adapter(&oracle, package.adapter))
            }
            Recipe::Rust(package) => Some(rust::set_up(self, &Cache::open()?, package, release)?),
        })
    }

    fn announce(&mut self, name: &str, release: &str, home: &Path) {
        let folder = home.display();
        (self.report)(&match fs::symlink_metadata(home) {
            Ok(_) => format!("{name} {release} in {folder} is damaged; setting it up again"),
            Err(_) => format!("setting up {name} {release} in {folder} (once)"),
        });
        if !Known::named(name).is_some_and(|known| known.releases_with_hashes().contains(&release)) {
            (self.report)(&format!(
                "no hashes are known for {name} {release}: it is installed as the registry serves it"
            ));
        }
    }
}

/// What a program of the cache is started with: it works in a folder of its own.
fn isolation(cache: &Cache, folder: &Path) -> Isolation {
    Isolation { environment: isolation::of_adapters(folder), folder: folder.to_owned(), _lease: cache.lease() }
}

/// A release, if it is spelled as one: it becomes part of file names and of what other tools are asked.
fn version(text: &str) -> Result<&str, SetupError> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b);
    match text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(fits) && text.len() < 100 {
        true => Ok(text),
        false => Err(SetupError::NotAVersion(text.to_owned())),
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
    fn a_release_without_hashes_is_said_to_have_none_before_it_is_installed() {
        for known in KNOWN.iter().filter(|known| !known.is_in_binary()) {
            for (release, has_hashes) in [(known.release().unwrap(), true), ("0.0.1", false)] {
                let mut told = Vec::new();
                let mut tell = |text: &str| told.push(text.to_owned());
                Setup { python: None, report: &mut tell }.announce(known.name, release, std::path::Path::new("there"));
                let says_so = told.iter().any(|text| text.contains("no hashes are known") && text.contains(release));
                assert_eq!(says_so, !has_hashes, "{} {release}: {told:?}", known.name);
            }
        }
    }

    #[test]
    fn what_is_in_the_binary_has_no_releases() {
        let mut setup = Setup { python: None, report: &mut |_| {} };
        let verifier = Known::named("verifier").unwrap();
        assert!(setup.program(verifier, None).unwrap().is_none());
        assert!(setup.program(verifier, Some("1.0")).unwrap_err().to_string().contains("write the name alone"));
    }

    #[test]
    fn a_release_that_is_none_is_refused_before_anything_is_asked() {
        let mut setup = Setup { python: None, report: &mut |_| panic!("nothing is set up") };
        for known in KNOWN.iter().filter(|known| !known.is_in_binary()) {
            let error = setup.program(known, Some("latest")).unwrap_err();
            assert!(matches!(error, SetupError::NotAVersion(_)), "{}: {error}", known.name);
        }
    }
}
