//! Ctrl-C and its like: everything that was started ends at once, then what was found so far is told. A second one, if it
//! does not come together with the first, ends this program at once as well.
//!
//! Where nobody can act on a signal, as on `SIGKILL`, a guard does: this program once more, in a mode of its own.

use super::CliError;
use std::{ffi::OsStr, time::Duration};

/// The word that makes this program a guard. It is for this program alone, and stands on no help page.
const GUARD: &str = "guard-for";

/// How long after the first signal another is the same wish and not a second one: `timeout`, and whatever hands signals on, sends
/// them to a process and to its whole group.
#[cfg(unix)]
const SAME: Duration = Duration::from_millis(250);

/// Stands guard for the process that started this one, if it was started for that.
pub fn stood_guard() -> bool {
    let is_guard = std::env::args_os().nth(1).is_some_and(|word| word == OsStr::new(GUARD));
    if is_guard {
        sessionproof::processes::stand_guard(std::io::stdin().lock());
    }
    is_guard
}

/// Prepares for signals, and for being killed. For commands that start programs; others just end.
#[cfg(unix)]
pub fn prepare() -> Result<(), CliError> {
    use sessionproof::processes;
    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM},
        iterator::Signals,
        low_level,
    };
    use std::{os::unix::process::CommandExt, process::Command, thread, time::Instant};

    // Linux knows the running program by this name even when its file was replaced.
    let program = if cfg!(target_os = "linux") { Some("/proc/self/exe".into()) } else { std::env::current_exe().ok() };
    if let Some(program) = program {
        let mut guard = Command::new(program);
        guard.arg0("sessionproof").arg(GUARD).arg(std::process::id().to_string());
        processes::guard_with(guard);
    }
    let handled = [(SIGHUP, "SIGHUP"), (SIGINT, "SIGINT"), (SIGTERM, "SIGTERM")].into_iter();
    let handled: Vec<_> = handled.filter(|(signal, _)| !is_ignored(*signal)).collect();
    let mut signals = Signals::new(handled.iter().map(|(signal, _)| signal))?;
    let work = move || {
        let mut first: Option<Instant> = None;
        for signal in signals.forever() {
            let name = handled.iter().find(|(known, _)| *known == signal).map_or("a signal", |(_, name)| name);
            processes::interrupt(name);
            if first.get_or_insert_with(Instant::now).elapsed() >= SAME {
                low_level::exit(2);
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(work)?;
    Ok(())
}

/// There are no such signals here.
#[cfg(not(unix))]
pub fn prepare() -> Result<(), CliError> {
    Ok(())
}

/// Whether a signal is ignored, as `nohup` has it for `SIGHUP`, and a shell without job control for `SIGINT` of what it puts in
/// the background. Linux tells; elsewhere no signal is taken for ignored but `SIGHUP`, whose default is to end this program.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    match mask {
        Some(mask) => mask & (1 << (signal - 1)) != 0,
        None => signal == signal_hook::consts::SIGHUP,
    }
}
