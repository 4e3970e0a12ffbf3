//! Ctrl-C, `SIGTERM` and `SIGHUP`. The first ends everything that was started, and the results so far are shown. A second one
//! ends this program at once, unless it came together with the first.
//!
//! No program can act on `SIGKILL`. A guard does that: a second process of this program, in a mode of its own.

use super::CliError;
use std::{ffi::OsStr, time::Duration};

/// The argument that makes this program a guard. It is not on any help page.
const GUARD: &str = "guard-for";

/// Another signal within this time counts as the first: `timeout` and others send each signal to a process and to its group.
#[cfg(unix)]
const SAME: Duration = Duration::from_millis(250);

/// Acts as a guard, if this process was started for that.
pub fn stood_guard() -> bool {
    let is_guard = std::env::args_os().nth(1).is_some_and(|word| word == OsStr::new(GUARD));
    if is_guard {
        sessionproof::processes::stand_guard(std::io::stdin().lock());
    }
    is_guard
}

/// Handles signals, and starts the guard. For commands that start programs; a signal simply ends the others.
#[cfg(unix)]
pub fn prepare() -> Result<(), CliError> {
    use sessionproof::processes;
    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM},
        iterator::Signals,
        low_level,
    };
    use std::{os::unix::process::CommandExt, process::Command, thread, time::Instant};

    // On Linux this name works even if the program's file was replaced.
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

/// Does nothing: there are no such signals here.
#[cfg(not(unix))]
pub fn prepare() -> Result<(), CliError> {
    Ok(())
}

/// Whether a signal is ignored: `nohup` ignores `SIGHUP`, and a shell without job control ignores `SIGINT` for background jobs.
/// This is known on Linux. Elsewhere only `SIGHUP` is assumed to be ignored; by default it ends this program.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    match mask {
        Some(mask) => mask & (1 << (signal - 1)) != 0,
        None => signal == signal_hook::consts::SIGHUP,
    }
}
