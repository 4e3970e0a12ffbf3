//! Every process that is started for a run, and the promise that none of them outlives it.
//!
//! - Each leads its own process group (on Unix), so that what it started (a shell's command, a launcher's interpreter) ends with
//!   it. As a consequence the terminal's interrupt does not reach it: whoever handles signals calls [`interrupt`], which ends
//!   every group at once and lets no other begin.
//! - A process that left its group (by `setsid`, or as a daemon) is found by a mark (`mark`) in its environment, on Linux.
//! - A process that is killed by `SIGKILL` can do nothing. The command line therefore has a [guard](stand_guard): a second
//!   process that hears what begins and ends, and ends what is left when the first is gone.
//!
//! A library has no program that it could start as a guard. If a test that uses
//! [`Subprocess`](crate::adapter::subprocess::Subprocess) is killed, its adapters end when their standard input ends; those that
//! do not read it keep running.
//!
//! It does not know what the processes are for.

mod group;
mod guard;
mod mark;
mod program;
mod server;
pub mod time_zone;

pub use crate::interruption::{interrupted_by, interruption};
pub use program::Program;
pub(crate) use program::{Isolation, Release};
pub(crate) use server::Server;
pub use server::ServerKind;

pub use guard::stand_guard;

use crate::{adapter_error::AdapterError, interruption};
use guard::{Guard, Message};
use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, Receiver},
    },
    thread,
    time::{Duration, Instant},
};

/// How often a wait is broken off, to see whether this process was interrupted.
pub(crate) const GLANCE: Duration = Duration::from_millis(200);

/// How long the last words of a tool that has ended may take to arrive.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How much a tool may print on one stream (bytes). None prints nearly as much.
const MOST_PRINTED: usize = 64 << 20;

/// What runs, and who is told.
static REGISTRY: Mutex<Registry> = Mutex::new(Registry { running: BTreeMap::new(), guard: Guard::None });
/// How many processes were ever started.
static STARTED: AtomicU64 = AtomicU64::new(0);

struct Registry {
    /// The groups that may have members, by mark. None of their leaders has been reaped, so that no number names a stranger.
    running: BTreeMap<String, u32>,
    guard: Guard,
}

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends every process that was started here, and lets no other begin. `signal` is the name of the signal that asks for it; where
/// several do, the first counts.
pub fn interrupt(signal: &'static str) {
    interruption::interrupt(signal);
    // Under the lock, so that whatever is being started at this moment is among them.
    registry().running.values().for_each(|leader| group::kill(*leader));
    mark::sweep(&|mark| mark.starts_with(mark::of_this_process()));
}

/// Waits for time to pass. Fails as soon as this process is interrupted.
pub(crate) fn pause(duration: Duration) -> Result<(), AdapterError> {
    let until = Instant::now() + duration;
    loop {
        interruption().map_or(Ok(()), Err)?;
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        thread::sleep(left.min(GLANCE));
    }
}

/// Names the command that starts a guard, which calls [`stand_guard`] on its standard input. It is started with the first
/// process.
pub fn guard_with(command: Command) {
    registry().guard = Guard::Command(command);
}

/// A file that is being written under another name. The guard removes it where this process does not live to finish it.
pub struct Unfinished(PathBuf);

impl Unfinished {
    /// Until this is dropped, the file at `path` is unfinished.
    pub fn new(path: &Path) -> Self {
        // The guard stands in another folder.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        registry().guard.tell(&Message::FileBegins(path.clone()));
        Self(path)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        registry().guard.tell(&Message::FileEnds(std::mem::take(&mut self.0)));
    }
}

/// A tool that is run to its end.
pub trait Tool {
    /// Runs it, and gives what it printed, as [`Command::output`] does. It ends with this process, and with what it started.
    ///
    /// # Errors
    ///
    /// It cannot be started, or this process was interrupted.
    fn run_to_end(&mut self) -> io::Result<Output>;
}

impl Tool for Command {
    fn run_to_end(&mut self) -> io::Result<Output> {
        run_to_end(self)
    }
}

fn run_to_end(command: &mut Command) -> io::Result<Output> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    // No mark: what a tool leaves running on purpose, such as a cache of compiled code, serves others as well.
    let mut running = Running::start_as(command, false)?;
    let (stdout, stderr) = (Printed::of(running.child.stdout.take())?, Printed::of(running.child.stderr.take())?);
    group::wait(&mut running.child);
    running.kill();
    let by = Instant::now() + LAST_WORDS;
    Ok(Output { status: running.reap()?, stdout: stdout.until(by), stderr: stderr.until(by) })
}

/// What a tool printed, as far as it has been read.
struct Printed {
    bytes: Arc<Mutex<Vec<u8>>>,
    ended: Receiver<()>,
}

impl Printed {
    /// Reads a stream to its end, or to a limit, behind which it is closed.
    fn of(stream: Option<impl Read + Send + 'static>) -> io::Result<Self> {
        let (bytes, (end, ended)) = (Arc::default(), mpsc::channel());
        let printed = Self { bytes: Arc::clone(&bytes), ended };
        if let Some(mut stream) = stream {
            let read = move || {
                let mut chunk = vec![0; 64 * 1024];
                loop {
                    let read = match stream.read(&mut chunk) {
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                        Ok(read) => read,
                        Err(_) => 0,
                    };
                    let mut bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
                    bytes.extend_from_slice(chunk.get(..read).unwrap_or_default());
                    if read == 0 || bytes.len() > MOST_PRINTED {
                        break;
                    }
                }
                drop(end);
            };
            thread::Builder::new().name("a tool's output".to_owned()).spawn(read)?;
        }
        Ok(printed)
    }

    /// All of it, or what had come by a time: what a tool left running may hold the stream open for ever.
    fn until(self, by: Instant) -> Vec<u8> {
        let _ = self.ended.recv_timeout(by.saturating_duration_since(Instant::now()));
        std::mem::take(&mut *self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A process that has not been reaped. It ends when this is dropped, with everything that it started.
pub(crate) struct Running {
    child: Child,
    mark: String,
    is_marked: bool,
    is_over: bool,
}

impl Running {
    /// Starts a command, with a mark in its environment.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        Self::start_as(command, true)
    }

    fn start_as(command: &mut Command, is_marked: bool) -> io::Result<Self> {
        let mark = format!("{}{}", mark::of_this_process(), STARTED.fetch_add(1, Relaxed));
        if is_marked {
            command.env(mark::VARIABLE, mark::and_ours(&mark));
        }
        group::lead(command);
        let mut registry = registry();
        if let Some(signal) = interrupted_by() {
            return Err(io::Error::other(format!("interrupted by {signal}")));
        }
        registry.guard.tell(&Message::Begins(mark.clone()));
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                registry.guard.tell(&Message::Ends(mark));
                return Err(error);
            }
        };
        registry.running.insert(mark.clone(), child.id());
        registry.guard.tell(&Message::Leads(mark.clone(), child.id()));
        Ok(Self { child, mark, is_marked, is_over: false })
    }

    /// The process, to take its pipes from.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_exited(&mut self) -> bool {
        self.is_over || group::has_exited(&mut self.child)
    }

    /// Kills it with everything that it started, once.
    pub(crate) fn kill(&mut self) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        {
            let mut registry = registry();
            group::kill(self.child.id());
            registry.running.remove(&self.mark);
        }
        // Where there are no groups.
        let _ = self.child.kill();
        if self.is_marked {
            mark::sweep(&|mark| mark == self.mark);
        }
        registry().guard.tell(&Message::Ends(self.mark.clone()));
    }

    /// Kills it if it still runs, and gives its status. Only now may the system give its number to another.
    pub(crate) fn reap(&mut self) -> io::Result<ExitStatus> {
        self.kill();
        self.child.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.reap();
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::{
        fs,
        io::{BufRead, BufReader},
    };

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }

    /// Whether a process runs: a zombie does not.
    fn runs(pid: &str) -> bool {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(')').next().and_then(|rest| rest.trim().chars().next()).is_some_and(|state| state != 'Z')
    }

    fn end_within_seconds(pid: &str) {
        let by = Instant::now() + Duration::from_secs(10);
        while runs(pid) {
            assert!(Instant::now() < by, "{pid} still runs");
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn what_left_its_group_ends_with_who_started_it() {
        let mut running = Running::start(&mut shell("setsid sleep 300 & echo $!; wait")).unwrap();
        let mut lines = BufReader::new(running.child().stdout.take().unwrap()).lines();
        // The shell names its own child, which may fork once more before it leaves.
        let stray = lines.next().unwrap().unwrap();
        assert!(runs(&stray));
        drop(running);
        end_within_seconds(&stray);
    }

    #[test]
    fn one_that_ends_takes_no_other_with_it() {
        let mut one = Running::start(&mut shell("exec sleep 300")).unwrap();
        let mut other = Running::start(&mut shell("exec sleep 300")).unwrap();
        one.reap().unwrap();
        assert!(!other.has_exited());
    }

    #[test]
    fn a_tool_is_run_to_its_end() {
        let ran = shell("echo out; echo err >&2; exit 3").run_to_end().unwrap();
        assert_eq!((ran.status.code(), ran.stdout, ran.stderr), (Some(3), b"out\n".to_vec(), b"err\n".to_vec()));
    }

    #[test]
    fn what_a_tool_left_running_does_not_hold_up_who_ran_it() {
        let began = Instant::now();
        let ran = shell("setsid sleep 300 & echo $!; exit 3").run_to_end().unwrap();
        let left = String::from_utf8(ran.stdout).unwrap();
        let is_over = began.elapsed() < Duration::from_secs(60);
        let left = left.trim().parse().ok().and_then(rustix::process::Pid::from_raw).unwrap();
        let _ = rustix::process::kill_process(left, rustix::process::Signal::KILL);
        assert!(is_over && ran.status.code() == Some(3));
    }

    #[test]
    fn a_tool_that_prints_without_end_is_ended() {
        let ran = shell("exec yes").run_to_end().unwrap();
        assert!(!ran.status.success() && ran.stdout.len() < MOST_PRINTED + (1 << 20));
    }

    #[test]
    fn a_guard_ends_what_it_was_told_of_and_removes_unfinished_files() {
        let folder = tempfile::tempdir().unwrap();
        let unfinished = folder.path().join(".partial-1");
        fs::write(&unfinished, "half").unwrap();
        let mut busy = shell("setsid sleep 300 & echo $!; while :; do :; done");
        group::lead(&mut busy);
        let mut busy = busy.env(mark::VARIABLE, "other,a-mark").spawn().unwrap();
        let mut lines = BufReader::new(busy.stdout.take().unwrap()).lines();
        let stray = lines.next().unwrap().unwrap();
        let told = [
            Message::Begins("a-mark".to_owned()),
            Message::Leads("a-mark".to_owned(), busy.id()),
            Message::FileBegins(unfinished.clone()),
        ];
        let told: String = told.iter().map(Message::line).collect();
        stand_guard(told.as_bytes());
        assert!(!busy.wait().unwrap().success());
        end_within_seconds(&stray);
        assert!(!unfinished.exists());
    }

    #[test]
    fn a_guard_leaves_alone_what_has_ended() {
        let mut other = shell("exec sleep 300");
        group::lead(&mut other);
        let mut other = other.spawn().unwrap();
        let mark = "another-mark".to_owned();
        let told = [Message::Begins(mark.clone()), Message::Leads(mark.clone(), other.id()), Message::Ends(mark)];
        stand_guard(told.iter().map(Message::line).collect::<String>().as_bytes());
        assert_eq!(other.try_wait().unwrap(), None);
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
