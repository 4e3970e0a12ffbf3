//! The operating system's side of one copy of an adapter: started with pipes, ended for certain.
//!
//! On Unix an adapter leads a process group of its own, so that what it started (a shell's command, a launcher's interpreter)
//! ends with it. The price is that the terminal's interrupt does not reach it: it learns from the end of its standard input
//! that the suite is gone.

use crate::adapter::Program;
use std::{
    io,
    process::{Child, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How often a process that should be ending is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// A process that has not been reaped.
pub(super) struct Process {
    child: Child,
    reaped: bool,
}

/// How a process ended.
pub(super) struct Exit {
    /// Whether it ended before it was killed.
    pub(super) by_itself: bool,
    /// Its status; none when the system does not tell.
    status: Option<ExitStatus>,
}

impl Process {
    /// Starts a program, with pipes for the three standard streams.
    pub(super) fn start(program: &Program) -> io::Result<Self> {
        let Some(mut command) = program.to_command() else { return Err(io::ErrorKind::InvalidInput.into()) };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        group::lead(&mut command);
        Ok(Self { child: command.spawn()?, reaped: false })
    }

    /// The process, to take its pipes from.
    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Whether it has ended by itself.
    pub(super) fn has_exited(&mut self) -> bool {
        self.reaped || group::has_exited(&mut self.child)
    }

    /// Waits until `by` for it to end, and kills it with what it started.
    pub(super) fn end(&mut self, by: Instant) -> Exit {
        let mut by_itself = self.has_exited();
        while !by_itself && Instant::now() < by {
            thread::sleep(LOOK);
            by_itself = self.has_exited();
        }
        // Its id names its group until it is reaped, and may name a stranger's afterwards.
        if !self.reaped {
            group::kill(&mut self.child);
        }
        self.reaped = true;
        Exit { by_itself, status: self.child.wait().ok() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end(Instant::now());
    }
}

impl Exit {
    /// The end as words that follow a subject.
    pub(super) fn describe(&self) -> String {
        match self.status {
            Some(status) => match status.code() {
                Some(code) => format!("exited with status {code}"),
                None => format!("was ended by {status}"),
            },
            None => "ended".to_owned(),
        }
    }
}

#[cfg(unix)]
mod group {
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
    use std::{
        os::unix::process::CommandExt,
        process::{Child, Command},
    };

    pub(super) fn lead(command: &mut Command) {
        command.process_group(0);
    }

    /// Looks without reaping, so that the process keeps its id.
    pub(super) fn has_exited(child: &mut Child) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(Pid::from_child(child)), look), Ok(None))
    }

    /// Errors mean that nothing is left to kill.
    pub(super) fn kill(child: &mut Child) {
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
        let _ = child.kill();
    }
}

#[cfg(not(unix))]
mod group {
    use std::process::{Child, Command};

    pub(super) fn lead(_: &mut Command) {}

    pub(super) fn has_exited(child: &mut Child) -> bool {
        !matches!(child.try_wait(), Ok(None))
    }

    /// Errors mean that nothing is left to kill.
    pub(super) fn kill(child: &mut Child) {
        let _ = child.kill();
    }
}
