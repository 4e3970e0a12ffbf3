//! The operating system's side of one copy of an adapter: it starts the process with pipes, and makes sure that it ends.

use crate::{
    adapter::{AdapterError, Program},
    processes::{Running, Server},
};
use std::{
    io,
    process::{Child, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How often a process that should be ending is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// A process that has not been reaped.
pub(crate) struct Process {
    running: Running,
    /// The servers that it has for itself, which end after it.
    _servers: Vec<Server>,
}

/// What could not be started.
pub(crate) enum NotStarted {
    /// The program itself.
    Program(io::Error),
    /// A server that it has for itself, and what to do.
    Server(AdapterError),
}

/// How a process ended.
pub(crate) struct Exit {
    /// Whether it ended before it was killed.
    pub(crate) by_itself: bool,
    /// Its status; `None` if the system does not say.
    status: Option<ExitStatus>,
}

/// How a copy ended.
pub(crate) struct Death {
    /// The end of its process.
    pub(crate) exit: Exit,
    /// The last that it wrote to standard error.
    pub(crate) stderr: String,
}

impl Process {
    /// Starts a program, with pipes for the three standard streams.
    ///
    /// # Errors
    ///
    /// It cannot be started, or a server that it needs cannot.
    pub(crate) fn start(program: &Program) -> Result<Self, NotStarted> {
        let mut command = program.to_command().ok_or(NotStarted::Program(io::ErrorKind::InvalidInput.into()))?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let servers = program.servers().iter().map(|kind| Server::start(*kind)).collect::<Result<Vec<_>, _>>();
        let servers = servers.map_err(NotStarted::Server)?;
        servers.iter().for_each(|server| server.tell(&mut command));
        Ok(Self { running: Running::start(&mut command).map_err(NotStarted::Program)?, _servers: servers })
    }

    /// The process, to take its pipes from.
    pub(crate) fn child(&mut self) -> &mut Child {
        self.running.child()
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_exited(&mut self) -> bool {
        self.running.has_exited()
    }

    /// Waits until `by` for it to end, and kills it with what it started.
    pub(crate) fn end(&mut self, by: Instant) -> Exit {
        let mut by_itself = self.has_exited();
        while !by_itself && Instant::now() < by {
            thread::sleep(LOOK);
            by_itself = self.has_exited();
        }
        Exit { by_itself, status: self.running.reap().ok() }
    }
}

impl Exit {
    /// The end as words that follow a subject.
    pub(crate) fn describe(&self) -> String {
        match self.status {
            Some(status) => match status.code() {
                Some(code) => format!("exited with status {code}"),
                None => format!("was ended by {status}"),
            },
            None => "ended".to_owned(),
        }
    }
}
