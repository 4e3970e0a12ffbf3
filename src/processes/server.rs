//! Servers that an adapter has for itself: an empty Redis or memcached on a free port of loopback, which keeps nothing on
//! disk and ends with the adapter.
//!
//! A Redis has a password of its own, so that no other user of the machine can use it.

use super::Running;
use crate::adapter_error::AdapterError;
use std::{
    env, fmt,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it is waited between two looks.
const LOOK: Duration = Duration::from_millis(5);
/// How often another port is tried, where somebody was faster.
const TRIES: usize = 3;

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerKind {
    /// `memcached`.
    Memcached,
    /// `redis-server` or `valkey-server`.
    Redis,
}

impl fmt::Display for ServerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.programs().first().copied().unwrap_or_default())
    }
}

impl ServerKind {
    /// The variable of the adapter's environment that has its address.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Memcached => "SESSIONPROOF_MEMCACHED",
            Self::Redis => "SESSIONPROOF_REDIS",
        }
    }

    /// The programs that will do, the best first.
    const fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Memcached => &["memcached"],
            Self::Redis => &["redis-server", "valkey-server"],
        }
    }

    /// The program on this machine, if there is one.
    pub fn program(self) -> Option<PathBuf> {
        let folders: Vec<_> = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
        let is_there = |path: &PathBuf| path.is_file();
        self.programs().iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(is_there))
    }

    fn missing(self) -> AdapterError {
        let names = self.programs().join(" or ");
        let package = match self {
            Self::Memcached => "memcached",
            Self::Redis => "redis-server",
        };
        AdapterError {
            message: format!("there is no {names} on this machine, and the adapter needs one"),
            hint: format!("install it (on Debian: apt install {package}), or name its folder in PATH"),
        }
    }
}

/// A server that runs. It ends when this is dropped.
pub(crate) struct Server {
    kind: ServerKind,
    address: String,
    _running: Running,
    _folder: TempDir,
}

impl Server {
    /// Starts a server, and waits until it answers.
    pub(crate) fn start(kind: ServerKind) -> Result<Self, AdapterError> {
        let program = kind.program().ok_or_else(|| kind.missing())?;
        let mut said = String::new();
        for _ in 0..TRIES {
            match Self::try_start(kind, &program) {
                Ok(server) => return Ok(server),
                Err(error) => {
                    said = error.to_string();
                    // Another port would not help one that says nothing.
                    if error.kind() == io::ErrorKind::TimedOut {
                        break;
                    }
                }
            }
        }
        Err(AdapterError {
            message: format!("{} does not start: {said}", program.display()),
            hint: "start it by hand to see what is wrong; it has to be able to listen on 127.0.0.1".to_owned(),
        })
    }

    fn try_start(kind: ServerKind, program: &PathBuf) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("sessionproof-store-").tempdir()?;
        // Free a moment ago; who takes it meanwhile is noticed, since the server ends then.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = Command::new(program);
        command.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let (mut told, hello, address) = match kind {
            ServerKind::Memcached => {
                let port = port.to_string();
                command.args(["-l", "127.0.0.1", "-p", &port, "-U", "0", "-m", "64"]);
                if is_root() {
                    command.args(["-u", "root"]);
                }
                (Vec::new(), b"version\r\n".to_vec(), format!("127.0.0.1:{port}"))
            }
            ServerKind::Redis => {
                let password = password()?;
                command.arg("-");
                let settings = format!(
                    "port {port}\nbind 127.0.0.1\nsave \"\"\nappendonly no\nrequirepass {password}\ndaemonize no\n"
                );
                let hello = format!("AUTH {password}\r\nPING\r\n").into_bytes();
                (settings.into_bytes(), hello, format!("redis://:{password}@127.0.0.1:{port}"))
            }
        };
        command.stdin(if told.is_empty() { Stdio::null() } else { Stdio::piped() });
        let mut running = Running::start(&mut command)?;
        if let Some(mut input) = running.child().stdin.take() {
            // One that ended already is noticed below.
            let _ = input.write_all(&std::mem::take(&mut told));
        }
        let expected: &[u8] = if kind == ServerKind::Redis { b"+PONG" } else { b"VERSION" };
        let until = Instant::now() + PATIENCE;
        while !answers(port, &hello, expected) {
            if running.has_exited() {
                return Err(io::Error::other("it ended before it answered"));
            }
            if Instant::now() >= until {
                let said = format!("it did not answer for {} s", PATIENCE.as_secs());
                return Err(io::Error::new(io::ErrorKind::TimedOut, said));
            }
            thread::sleep(LOOK);
        }
        Ok(Self { kind, address, _running: running, _folder: folder })
    }

    /// Tells a program where it is.
    pub(crate) fn tell(&self, command: &mut Command) {
        command.env(self.kind.variable(), &self.address);
    }
}

/// Whether the server at a port gives the right answer.
fn answers(port: u16, hello: &[u8], expected: &[u8]) -> bool {
    let ask = || -> io::Result<bool> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(500))?;
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
        stream.write_all(hello)?;
        let (mut heard, mut chunk) = (Vec::new(), [0; 256]);
        while heard.len() < 1024 && !heard.windows(expected.len()).any(|window| window == expected) {
            match stream.read(&mut chunk)? {
                0 => return Ok(false),
                read => heard.extend_from_slice(chunk.get(..read).unwrap_or_default()),
            }
        }
        Ok(heard.windows(expected.len()).any(|window| window == expected))
    };
    ask().unwrap_or(false)
}

fn password() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}
