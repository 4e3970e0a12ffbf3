//! The implementation on the command line: one in this binary, one that is set up, a command, or a running server.

use super::{CliError, progress::tell_set_up, server::ServerArguments};
use clap::Args;
use sessionproof::{
    adapter::{
        Implementation, Program,
        in_process::{BuiltInVerifier, Model},
        subprocess::{Bencher, Options, Subprocess},
    },
    evidence::vectors::FailedWith,
    foreign,
    processes::{ServerKind, time_zone},
    protocol::Capabilities,
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

/// How long one call may take, in seconds, if nothing else is asked for.
const SHORT: u64 = 10;

#[derive(Args)]
pub struct Target {
    /// An implementation by name, as flask or flask@3.0.3 (see `list`)
    #[arg(value_name = "IMPLEMENTATION", conflicts_with = "command")]
    implementation: Option<String>,
    /// A program that speaks the adapter protocol, with its arguments
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<String>,
    #[command(flatten)]
    server: ServerArguments,
    /// How many copies run in parallel [default: one per processor, up to 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=64))]
    workers: Option<u64>,
    /// How many seconds one call may take
    #[arg(long, value_name = "SECONDS", default_value_t = SHORT, value_parser = clap::value_parser!(u64).range(1..=LONGEST))]
    call_timeout: u64,
    /// How many seconds the whole run may take
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..=LONGEST))]
    time_limit: u64,
    /// The Python to use; what is installed there is tested in place
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// Start an empty Redis for each copy of the program (SESSIONPROOF_REDIS)
    #[arg(long, requires = "command")]
    redis: bool,
    /// Start an empty memcached for each copy (SESSIONPROOF_MEMCACHED)
    #[arg(long, requires = "command")]
    memcached: bool,
    /// The time zone that programs run in [default: $TZ or America/New_York]
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    time_zone: Option<String>,
}

/// A time zone that the system knows, or the rules of one.
fn zone(text: &str) -> Result<String, String> {
    const HINT: &str = "write one as in Europe/Berlin, or by its rules as in CET-1CEST,M3.5.0,M10.5.0/3";
    let is_one = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    match is_one && time_zone::exists(text) != Some(false) {
        true => Ok(text.to_owned()),
        false => Err(format!("this system knows no time zone {text:?}\n{HINT}")),
    }
}

impl Target {
    /// The implementation, ready for calls.
    pub fn open(&self) -> Result<Box<dyn Implementation>, CliError> {
        let limits = (Duration::from_secs(self.call_timeout), Duration::from_secs(self.time_limit));
        if let Some(server) = self.server.connect(self.side_by_side(), limits.0, limits.1)? {
            return Ok(Box::new(server));
        }
        self.open_as(self.implementation.as_deref())
    }

    /// The command's program, or the implementation of this name, ready for calls.
    pub fn open_as(&self, name: Option<&str>) -> Result<Box<dyn Implementation>, CliError> {
        match self.program_of(name)? {
            Some(program) => self.start(program),
            None if name == Some("model") => Ok(Box::new(Model::default())),
            None => Ok(Box::new(BuiltInVerifier::default())),
        }
    }

    /// How a failure says what failed.
    pub fn failed_with(&self, hello: &Capabilities) -> FailedWith {
        let reported = format!("{} {}", hello.name, hello.version).trim().to_owned();
        let is_in_binary = self.command.is_empty() && !self.server.is_named();
        let name = self.implementation.clone().or_else(|| is_in_binary.then(|| "verifier".to_owned()));
        FailedWith { reported, name, command: self.command.clone() }.without_secrets()
    }

    /// Whether one is named. If not, [`Self::open`] takes the verifier.
    pub fn is_named(&self) -> bool {
        self.implementation.is_some() || !self.command.is_empty() || self.server.is_named()
    }

    /// The program of the implementation, set up if necessary, in its time zone; `None` for one in this binary.
    fn program(&self) -> Result<Option<Program>, CliError> {
        self.program_of(self.implementation.as_deref())
    }

    fn program_of(&self, name: Option<&str>) -> Result<Option<Program>, CliError> {
        let program = self.named_program(name)?;
        Ok(match &self.time_zone {
            Some(zone) => program.map(|program| program.with_time_zone(zone)),
            None => program,
        })
    }

    fn named_program(&self, name: Option<&str>) -> Result<Option<Program>, CliError> {
        if !self.command.is_empty() {
            let wanted = [(self.redis, ServerKind::Redis), (self.memcached, ServerKind::Memcached)];
            let wanted = wanted.into_iter().filter(|(is_wanted, _)| *is_wanted);
            let program = Program::from(&self.command);
            return Ok(Some(wanted.fold(program, |program, (_, kind)| program.with_server(kind))));
        }
        let name = name.unwrap_or("verifier");
        let (name, release) = name.split_once('@').map_or((name, None), |(name, release)| (name, Some(release)));
        let Some(known) = Known::named(name) else { return Err(unknown(name)) };
        let mut setup = Setup { python: self.python.clone(), report: &mut tell_set_up };
        Ok(setup.program(known, release)?)
    }

    /// The program that measures itself; `None` for the verifier in this binary.
    pub fn measured(&self) -> Result<Option<Program>, CliError> {
        if self.server.is_named() {
            return Err(CliError(
                "a running server cannot be measured\nname a program that offers the operation bench".to_owned(),
            ));
        }
        if self.implementation.as_deref() == Some("model") {
            return Err(CliError(
                "\"model\" cannot be measured: it is written to be read\n\
                 name another implementation of `sessionproof list`, or an adapter that offers bench: \
                 sessionproof bench -- python3 my_adapter.py"
                    .to_owned(),
            ));
        }
        self.program()
    }

    /// The program that is checked with the protocol checks, and how long it may take.
    pub fn for_protocol_check(&self) -> Result<(Program, Limits), CliError> {
        const NONE: &str = "--protocol checks an adapter, and implementations in this binary have none\n\
                            name a program, as in: sessionproof check --protocol -- python3 my_adapter.py";
        let named = if self.implementation.as_deref() == Some("model") { None } else { self.program()? };
        let program = named.ok_or_else(|| CliError(NONE.to_owned()))?;
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
        if let Some(zone) = &self.time_zone {
            words += &format!(" --time-zone {}", foreign::shell_word(zone));
        }
        if let Some(python) = &self.python {
            words += &format!(" --python={}", foreign::shell_word(&python.display().to_string()));
        }
        if self.call_timeout != SHORT {
            words += &format!(" --call-timeout {}", self.call_timeout);
        }
        for (is_wanted, word) in [(self.redis, " --redis"), (self.memcached, " --memcached")] {
            words += if is_wanted { word } else { "" };
        }
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
    let guess = did_you_mean(name);
    CliError(format!(
        "there is no implementation {name:?}\n\
         {guess}there are {}; a release is named as in flask@3.0.3 (NAME@VERSION)\n\
         to test a program of your own: sessionproof check -- python3 my_adapter.py",
        names.join(", ")
    ))
}

/// A question that names the implementation that may be meant; empty if the name is known, or similar to none.
pub fn did_you_mean(name: &str) -> String {
    let names: Vec<_> = KNOWN.iter().map(|known| known.name).collect();
    match nearest(name, &names) {
        Some(near) if near != name => format!("did you mean {near}? "),
        _ => String::new(),
    }
}

/// The most similar of some names, if one is similar enough to be meant.
fn nearest<'n>(name: &str, names: &[&'n str]) -> Option<&'n str> {
    let distance = |known: &&&str| strsim::damerau_levenshtein(&name.to_lowercase(), known);
    let near = names.iter().min_by_key(distance)?;
    (distance(&near) <= (name.len() / 3).max(1)).then_some(*near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_answered_by_the_nearest_and_a_strange_one_by_none() {
        for (name, guess) in [
            ("flusk", "did you mean flask?"),
            ("Flask", "did you mean flask?"),
            ("qart", "did you mean quart?"),
            ("itsdangerous-js", "did you mean itsdangerous.js?"),
            ("verifer", "did you mean verifier?"),
        ] {
            assert!(unknown(name).to_string().contains(guess), "{}", unknown(name));
        }
        for name in ["", "django", "x"] {
            assert!(!unknown(name).to_string().contains("did you mean"), "{}", unknown(name));
        }
    }
}
