//! A program that speaks the adapter protocol: its words, its environment, and the release that it must report.
//!
//! A program that a user names is started as a shell would start it. One that was set up by name is isolated: it sees a few
//! variables of the environment and works in its own folder, so that neither changes what is tested.

use super::{ServerKind, time_zone};
use crate::adapter_error::AdapterError;
use crate::protocol::Capabilities;
use std::{env, ffi::OsString, fs::File, path::PathBuf, process::Command, sync::Arc};

/// A program and its arguments, ready to be started. Made of the words of a command line, or by
/// [`Setup::program`](crate::setup::Setup::program).
#[derive(Clone, Debug)]
pub struct Program {
    words: Vec<String>,
    isolation: Option<Isolation>,
    release: Option<Release>,
    time_zone: Option<String>,
    servers: Vec<ServerKind>,
}

/// What an isolated program is started with.
#[derive(Clone, Debug)]
pub(crate) struct Isolation {
    /// The whole environment.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// The working directory.
    pub(crate) folder: PathBuf,
    /// A lock on the cache, held so that nobody clears it meanwhile; `None` if the file system has no locks.
    pub(crate) _lease: Option<Arc<File>>,
}

/// A release that was set up by name.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    /// The name, as on the command line.
    pub(crate) name: String,
    /// The release that was asked for.
    pub(crate) asked: String,
    /// What it must report; the same, or a spelling that the package's own tool takes as equal.
    pub(crate) installed: String,
}

impl Isolation {
    /// Gives a command this environment and working directory, and nothing else.
    pub(crate) fn apply(&self, command: &mut Command) {
        let variables = self.environment.iter().map(|(name, value)| (name, value));
        command.env_clear().envs(variables).current_dir(&self.folder);
    }
}

impl Program {
    pub(crate) fn isolated(words: Vec<String>, isolation: Isolation, release: Option<Release>) -> Self {
        Self { words, isolation: Some(isolation), release, time_zone: None, servers: Vec::new() }
    }

    /// Gives it a time zone, as `TZ` names one. By default it is that of the environment, and if there is none,
    /// [one that is not UTC](time_zone::default).
    #[must_use]
    pub fn with_time_zone(self, zone: impl Into<String>) -> Self {
        Self { time_zone: Some(zone.into()), ..self }
    }

    /// Gives each copy of it a server of its own, whose address it finds in its environment.
    #[must_use]
    pub fn with_server(mut self, kind: ServerKind) -> Self {
        self.servers.push(kind);
        self
    }

    /// The servers that each copy has for itself.
    pub fn servers(&self) -> &[ServerKind] {
        &self.servers
    }

    /// Gives it another argument.
    #[must_use]
    pub fn with_argument(mut self, word: impl Into<String>) -> Self {
        self.words.push(word.into());
        self
    }

    /// The program and its arguments.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The command, with the environment and the working directory that belong to it; `None` without a word.
    pub fn to_command(&self) -> Option<Command> {
        let (program, arguments) = self.words.split_first()?;
        let mut command = Command::new(program);
        command.args(arguments);
        self.isolation.iter().for_each(|isolation| isolation.apply(&mut command));
        match &self.time_zone {
            Some(zone) => _ = command.env("TZ", zone),
            None if env::var_os("TZ").is_none() => _ = command.env("TZ", time_zone::default()),
            None => {}
        }
        Some(command)
    }

    /// Fails when what runs reports another version than that of the release that was set up.
    pub(crate) fn is_what_was_set_up(&self, hello: &Capabilities) -> Result<(), AdapterError> {
        let Some(Release { name, asked, installed }) = &self.release else { return Ok(()) };
        if hello.version == *installed {
            return Ok(());
        }
        let reported: String = hello.version.chars().take(100).collect();
        Err(AdapterError {
            message: format!("{name} {asked} was set up, and what runs reports version {reported:?}"),
            hint: format!(
                "write the number of the release in full if that is the one that you mean, or have this one set up anew:\n\
                 sessionproof cache clear {name}@{asked}"
            ),
        })
    }
}

impl From<&[String]> for Program {
    fn from(words: &[String]) -> Self {
        Self { words: words.to_vec(), isolation: None, release: None, time_zone: None, servers: Vec::new() }
    }
}

impl From<&Vec<String>> for Program {
    fn from(words: &Vec<String>) -> Self {
        words.as_slice().into()
    }
}

impl<const N: usize> From<&[String; N]> for Program {
    fn from(words: &[String; N]) -> Self {
        words.as_slice().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_than_was_set_up_is_an_error_that_names_both() {
        let isolation = Isolation { environment: Vec::new(), folder: PathBuf::new(), _lease: None };
        let release = Release { name: "flask".into(), asked: "3.1".into(), installed: "3.1.0".into() };
        let program = Program::isolated(vec!["x".into()], isolation, Some(release));
        let mut hello = Capabilities::new("flask");
        for (reported, fits) in [("3.1.0", true), ("2.2.5", false), ("", false), ("3.1", false)] {
            hello.version = reported.to_owned();
            let said = program.is_what_was_set_up(&hello);
            assert_eq!(said.is_ok(), fits, "{reported}");
            if let Err(broken) = said {
                assert!(broken.message.contains("flask 3.1 ") && broken.message.contains(&format!("{reported:?}")));
            }
        }
    }

    #[test]
    fn a_program_that_a_user_names_may_report_anything() {
        let named = Program::from(&["x".to_owned()]);
        assert!(named.is_what_was_set_up(&Capabilities::new("flask")).is_ok());
    }
}
