//! Which implementation is meant: one in this binary, one that is set up, or a command.

use super::{Trouble, failures::shell_word, progress::announce, server::ServerArguments};
use clap::Args;
use sessionproof::adapter::{
    Implementation,
    embedded::{Embedded, Model},
    setup::Setup,
    subprocess::{Bencher, Options, Subprocess},
};
use std::{
    num::NonZero,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

/// The longest time that can be asked for, in seconds: a year.
const LONGEST: u64 = 31_536_000;

#[derive(Args)]
pub struct Target {
    /// The implementation: verifier, model (both in this binary), flask or flask@VERSION
    #[arg(value_name = "IMPLEMENTATION", conflicts_with = "command")]
    implementation: Option<String>,
    /// A program that speaks the adapter protocol, with its arguments
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<String>,
    #[command(flatten)]
    server: ServerArguments,
    /// How many copies of the program run side by side; as many as there are processors unless told otherwise, 8 at most;
    /// `bench` always runs one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=64))]
    workers: Option<u64>,
    /// How long a call may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=LONGEST))]
    call_timeout: u64,
    /// How long the whole run may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..=LONGEST))]
    time_limit: u64,
    /// The Python that real Flask is set up with; the first of python3 and python unless told otherwise
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
}

impl Target {
    /// The implementation, ready to be asked.
    pub fn open(&self) -> Result<Box<dyn Implementation>, Trouble> {
        let limits = (Duration::from_secs(self.call_timeout), Duration::from_secs(self.time_limit));
        if let Some(server) = self.server.connect(self.side_by_side(), limits.0, limits.1)? {
            return Ok(Box::new(server));
        }
        if !self.command.is_empty() {
            return self.start(&self.command);
        }
        match self.implementation.as_deref().unwrap_or("verifier") {
            "model" => Ok(Box::new(Model::default())),
            "verifier" => Ok(Box::new(Embedded::default())),
            name => match name.split_once('@').map_or((name, None), |(name, release)| (name, Some(release))) {
                ("flask", release) => {
                    let mut setup = Setup { python: self.python.clone(), report: &mut announce };
                    self.start(&setup.flask(release)?.command())
                }
                _ => Err(Trouble(format!(
                    "there is no implementation {name:?} here\n\
                     there are verifier, model, flask and flask@VERSION; any program goes behind --, as in: \
                     sessionproof check -- python3 my_adapter.py"
                ))),
            },
        }
    }

    /// Whether one is named: [`Self::open`] takes the verifier otherwise.
    pub fn is_named(&self) -> bool {
        self.implementation.is_some() || !self.command.is_empty() || self.server.is_named()
    }

    /// The command that starts the implementation; none for the verifier in this binary.
    pub fn command(&self) -> Result<Option<Vec<String>>, Trouble> {
        if self.server.is_named() {
            return Err(Trouble("a running server cannot be measured\nname a program that offers bench".to_owned()));
        }
        if !self.command.is_empty() {
            return Ok(Some(self.command.clone()));
        }
        let name = self.implementation.as_deref().unwrap_or("verifier");
        match name.split_once('@').map_or((name, None), |(name, release)| (name, Some(release))) {
            ("verifier", None) => Ok(None),
            ("flask", release) => {
                let mut setup = Setup { python: self.python.clone(), report: &mut announce };
                Ok(Some(setup.flask(release)?.command()))
            }
            _ => Err(Trouble(format!(
                "{name:?} cannot be measured\n\
                 there are verifier, flask and flask@VERSION; any adapter that offers bench goes behind --, as in: \
                 sessionproof bench -- python3 my_adapter.py"
            ))),
        }
    }

    /// A copy of a program that measures itself, and when the run has to be over.
    pub fn bencher(&self, command: &[String]) -> Result<(Bencher, Instant), Trouble> {
        let deadline = Instant::now() + Duration::from_secs(self.time_limit);
        Ok((Bencher::start(command, Duration::from_secs(self.call_timeout))?, deadline))
    }

    /// How many calls are answered side by side.
    fn side_by_side(&self) -> usize {
        let processors = thread::available_parallelism().map_or(2, NonZero::get).min(8);
        self.workers.and_then(|n| usize::try_from(n).ok()).unwrap_or(processors)
    }

    fn start(&self, command: &[String]) -> Result<Box<dyn Implementation>, Trouble> {
        let options = Options {
            workers: self.side_by_side(),
            call_timeout: Duration::from_secs(self.call_timeout),
            run_limit: Some(Duration::from_secs(self.time_limit)),
            ..Options::default()
        };
        Ok(Box::new(Subprocess::start(command, options)?))
    }

    /// The words of a command line that name the implementation, with a space before each.
    pub fn words(&self) -> String {
        let mut words = self.server.words();
        if let Some(name) = &self.implementation {
            words += &format!(" {}", shell_word(name));
        }
        if !self.command.is_empty() {
            words += " --";
        }
        for word in &self.command {
            words += &format!(" {}", shell_word(word));
        }
        words
    }
}
