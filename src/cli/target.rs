//! Which implementation is meant: one in this binary, one that is set up, or a command.

use super::{CliError, progress::tell_set_up, server::ServerArguments};
use clap::Args;
use sessionproof::{
    adapter::{
        Implementation, Program,
        in_process::{BuiltInVerifier, Model},
        subprocess::{Bencher, Options, Subprocess},
    },
    foreign,
    protocol_check::Limits,
    setup::{KNOWN, Known, Setup},
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
    /// The implementation, as in flask or flask@3.0.3; `sessionproof list` names them all
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
    /// The Python that implementations are set up with; the first of python3 and python unless told otherwise
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
}

impl Target {
    /// The implementation, ready to be asked.
    pub fn open(&self) -> Result<Box<dyn Implementation>, CliError> {
        let limits = (Duration::from_secs(self.call_timeout), Duration::from_secs(self.time_limit));
        if let Some(server) = self.server.connect(self.side_by_side(), limits.0, limits.1)? {
            return Ok(Box::new(server));
        }
        match self.program()? {
            Some(program) => self.start(program),
            None if self.implementation.as_deref() == Some("model") => Ok(Box::new(Model::default())),
            None => Ok(Box::new(BuiltInVerifier::default())),
        }
    }

    /// Whether one is named: [`Self::open`] takes the verifier otherwise.
    pub fn is_named(&self) -> bool {
        self.implementation.is_some() || !self.command.is_empty() || self.server.is_named()
    }

    /// The program of the implementation, which is set up if it is not yet; none for what stands in this binary.
    fn program(&self) -> Result<Option<Program>, CliError> {
        if !self.command.is_empty() {
            return Ok(Some(Program::from(&self.command)));
        }
        let name = self.implementation.as_deref().unwrap_or("verifier");
        let (name, release) = name.split_once('@').map_or((name, None), |(name, release)| (name, Some(release)));
        let Some(known) = Known::named(name) else { return Err(unknown(name)) };
        let mut setup = Setup { python: self.python.clone(), report: &mut tell_set_up };
        Ok(setup.program(known, release)?)
    }

    /// The program that measures itself; none for the verifier in this binary, which is measured without one.
    pub fn measured(&self) -> Result<Option<Program>, CliError> {
        if self.server.is_named() {
            return Err(CliError("a running server cannot be measured\nname a program that offers bench".to_owned()));
        }
        if self.implementation.as_deref() == Some("model") {
            return Err(CliError(
                "\"model\" cannot be measured: it is written to be read\n\
                 there are verifier, flask and others that `sessionproof list` names; any adapter that offers bench goes \
                 behind --, as in: sessionproof bench -- python3 my_adapter.py"
                    .to_owned(),
            ));
        }
        self.program()
    }

    /// The program whose manners are judged, and how long it may take.
    pub fn manners(&self) -> Result<(Program, Limits), CliError> {
        let nothing = "--smoke judges the manners of an adapter, and what is in this binary has none\n\
                       name a program, as in: sessionproof check --smoke -- python3 my_adapter.py";
        let named = if self.implementation.as_deref() == Some("model") { None } else { self.program()? };
        let program = named.ok_or_else(|| CliError(nothing.to_owned()))?;
        let limits = Limits { call: Duration::from_secs(self.call_timeout), run: Duration::from_secs(self.time_limit) };
        Ok((program, limits))
    }

    /// A copy of a program that measures itself, and when the run has to be over.
    pub fn bencher(&self, program: Program) -> Result<(Bencher, Instant), CliError> {
        let deadline = Instant::now() + Duration::from_secs(self.time_limit);
        Ok((Bencher::start(program, Duration::from_secs(self.call_timeout))?, deadline))
    }

    /// How many calls are answered side by side.
    fn side_by_side(&self) -> usize {
        let processors = thread::available_parallelism().map_or(2, NonZero::get).min(8);
        self.workers.and_then(|n| usize::try_from(n).ok()).unwrap_or(processors)
    }

    fn start(&self, program: Program) -> Result<Box<dyn Implementation>, CliError> {
        let options = Options {
            workers: self.side_by_side(),
            call_timeout: Duration::from_secs(self.call_timeout),
            run_limit: Some(Duration::from_secs(self.time_limit)),
            ..Options::default()
        };
        Ok(Box::new(Subprocess::start(program, options)?))
    }

    /// The words of a command line that name the implementation, with a space before each.
    pub fn words(&self) -> String {
        let mut words = self.server.words();
        if let Some(name) = &self.implementation {
            words += &format!(" {}", foreign::shell_word(name));
        }
        if !self.command.is_empty() {
            words += " --";
        }
        for word in &self.command {
            words += &format!(" {}", foreign::shell_word(word));
        }
        words
    }
}

fn unknown(name: &str) -> CliError {
    let names: Vec<_> = KNOWN.iter().map(|known| known.name).collect();
    CliError(format!(
        "there is no implementation {name:?} here\n\
         there are {}, each but the first two also as NAME@VERSION; any program goes behind --, as in: \
         sessionproof check -- python3 my_adapter.py",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_two_are_the_ones_in_this_binary() {
        assert_eq!(KNOWN.iter().take_while(|known| known.is_in_binary()).count(), 2);
        assert_eq!(KNOWN.iter().filter(|known| known.is_in_binary()).count(), 2);
    }
}
