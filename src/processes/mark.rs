//! The mark by which a process is found that left its group: a random word in its environment, which its children inherit. On
//! Linux the system shows it; elsewhere nothing is found.
//!
//! Runs may be nested, as when an adapter is itself a suite: the variable holds a list, and each run adds its own mark. A process
//! that clears or overwrites its environment is not found.

use std::{
    env,
    hash::{BuildHasher, Hasher, RandomState},
    sync::OnceLock,
};

/// The variable.
pub(super) const VARIABLE: &str = "SESSIONPROOF_RUN";
/// The separator of two marks.
const BETWEEN: char = ',';

/// How the marks of all processes begin that this process starts, and of no others.
pub(super) fn of_this_process() -> &'static str {
    static MARK: OnceLock<String> = OnceLock::new();
    MARK.get_or_init(|| {
        let word = || RandomState::new().build_hasher().finish();
        format!("{:016x}{:016x}.", word(), word())
    })
}

/// The variable's value for a process: the marks that this process has itself, and a further one.
pub(super) fn and_ours(mark: &str) -> String {
    match env::var(VARIABLE) {
        Ok(outer) if !outer.is_empty() => format!("{outer}{BETWEEN}{mark}"),
        _ => mark.to_owned(),
    }
}

/// Kills every process that has a mark of which `is_ours` is true, until there is none.
#[cfg(target_os = "linux")]
pub(super) fn sweep(is_ours: &dyn Fn(&str) -> bool) {
    use std::{fs, thread, time::Duration};

    /// How often the list of processes is gone through, at most. What starts others all the time may slip through once.
    const PASSES: usize = 100;

    let own = std::process::id();
    for _ in 0..PASSES {
        let Ok(processes) = fs::read_dir("/proc") else { return };
        let numbers = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let found = numbers.filter(|number| *number != own && has_mark(*number, is_ours));
        if found.filter(|number| kill(*number, is_ours)).count() == 0 {
            return;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Nothing can be found here.
#[cfg(not(target_os = "linux"))]
pub(super) fn sweep(_: &dyn Fn(&str) -> bool) {}

/// Whether the environment of a process, as it was when its program began, holds such a mark. One that has ended has none.
#[cfg(target_os = "linux")]
fn has_mark(number: u32, is_ours: &dyn Fn(&str) -> bool) -> bool {
    let environment = std::fs::read(format!("/proc/{number}/environ")).unwrap_or_default();
    let marks = environment.split(|byte| *byte == 0).find_map(|variable| {
        let marks = variable.strip_prefix(VARIABLE.as_bytes())?.strip_prefix(b"=")?;
        std::str::from_utf8(marks).ok()
    });
    marks.is_some_and(|marks| marks.split(BETWEEN).any(is_ours))
}

/// Kills a process that has such a mark. The mark is checked again once a descriptor holds the process, since its number may have
/// become a stranger's.
#[cfg(target_os = "linux")]
fn kill(number: u32, is_ours: &dyn Fn(&str) -> bool) -> bool {
    use rustix::{
        io::Errno,
        process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal},
    };

    let Some(pid) = i32::try_from(number).ok().and_then(Pid::from_raw) else { return false };
    let held = pidfd_open(pid, PidfdFlags::empty());
    if !has_mark(number, is_ours) {
        return false;
    }
    match held {
        Ok(held) => pidfd_send_signal(held, Signal::KILL).is_ok(),
        // a kernel before 5.3, or one that refuses.
        Err(Errno::NOSYS | Errno::PERM) => kill_process(pid, Signal::KILL).is_ok(),
        Err(_) => false,
    }
}
