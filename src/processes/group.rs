//! The operating system's side of process groups. Without groups, a process stands for its group.

#[cfg(unix)]
mod system {
    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
    use std::{
        os::unix::process::CommandExt,
        process::{Child, Command},
    };

    /// Makes the process that a command starts the leader of a group.
    pub(crate) fn lead(command: &mut Command) {
        command.process_group(0);
    }

    /// Looks without reaping, so that the process keeps its number.
    pub(crate) fn has_exited(child: &mut Child) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(Pid::from_child(child)), look), Ok(None))
    }

    /// Waits for the end of a process without reaping it.
    pub(crate) fn wait(child: &mut Child) {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while waitid(WaitId::Pid(Pid::from_child(child)), look).is_err_and(|error| error == rustix::io::Errno::INTR) {}
    }

    /// Kills every member of a group. Errors mean that nothing is left to kill.
    pub(crate) fn kill(leader: u32) {
        if let Some(leader) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::process::{Child, Command};

    /// There is nothing to lead.
    pub(crate) fn lead(_: &mut Command) {}

    /// Whether a process has ended.
    pub(crate) fn has_exited(child: &mut Child) -> bool {
        !matches!(child.try_wait(), Ok(None))
    }

    /// Waits for the end of a process.
    pub(crate) fn wait(child: &mut Child) {
        let _ = child.wait();
    }

    /// Whoever holds the process kills it.
    pub(crate) fn kill(_: u32) {}
}

pub(super) use system::*;
