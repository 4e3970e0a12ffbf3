//! Implementations that set themselves up: a Python virtual environment with one release of Flask, in the user's cache, and
//! the adapter that drives it. Offline once it is there.
//!
//! Everything is made beside its place and renamed when it is whole, so that an interrupted set-up leaves nothing to trip over.

use crate::{embedded, suite::rules};
use directories::ProjectDirs;
use sha2::{Digest, Sha256};
use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The release of Flask that the vectors were made with.
pub const FLASK: &str = "3.1.3";
/// Where that release and all it needs is pinned by hash, from the top of the project.
const REQUIREMENTS: &str = "adapters/python/requirements-flask-3.1.3.txt";
/// The oldest Python that the adapters run on.
const OLDEST_PYTHON: (u32, u32) = (3, 9);
/// How many of pip's last lines an error shows.
const PIP_LINES: usize = 6;

/// Why an implementation could not be set up. Each message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The cache cannot be written.
    #[error("the cache {folder} cannot be written: {source}\nset SESSIONPROOF_CACHE to a folder that can be written")]
    Cache {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No folder for caches is known.
    #[error("no folder for caches is known here\nset SESSIONPROOF_CACHE to a folder that can be written")]
    NoCache,
    /// There is no Python that will do.
    #[error("{what}\ninstall Python 3.9 or newer, or name one with --python PATH")]
    NoPython {
        /// What was found in its place.
        what: String,
    },
    /// The name of a release is none.
    #[error("{0:?} is not the number of a release\nwrite it as in flask@3.0.3")]
    NotAVersion(String),
    /// pip did not install.
    #[error(
        "{package} could not be installed:\n{output}\ncheck the network and that the release exists, then try again"
    )]
    Pip {
        /// What was to be installed.
        package: String,
        /// pip's last lines.
        output: String,
    },
    /// The virtual environment was not made.
    #[error(
        "{python} makes no virtual environment:\n{output}\ninstall the module venv (on Debian: apt install python3-venv), \
         or name another Python with --python PATH"
    )]
    Venv {
        /// The interpreter.
        python: String,
        /// Its last lines.
        output: String,
    },
}

/// Sets implementations up.
pub struct Setup<'a> {
    /// The Python to use; the first of `python3` and `python` that will do when there is none.
    pub python: Option<PathBuf>,
    /// Is told what takes long.
    pub report: &'a mut dyn FnMut(&str),
}

/// The oracle: a Python that has the pinned Flask, and the files that drive it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oracle {
    /// The interpreter of the virtual environment.
    pub python: PathBuf,
    /// The folder that holds `adapters/`, `vectors/` and `spec/`.
    pub files: PathBuf,
}

impl Oracle {
    /// The command that runs the adapter of real Flask.
    pub fn command(&self) -> Vec<String> {
        let adapter = self.files.join("adapters").join("python").join("flask_adapter.py");
        [&self.python, &adapter].map(|path| path.display().to_string()).into()
    }
}

impl Setup<'_> {
    /// Real Flask of some release; none is the one that the vectors were made with.
    pub fn flask(&mut self, release: Option<&str>) -> Result<Oracle, SetupError> {
        let release = release.unwrap_or(FLASK);
        if !is_version(release) {
            return Err(SetupError::NotAVersion(release.to_owned()));
        }
        let cache = cache()?;
        let base = find_python(self.python.as_deref())?;
        let files = files(&cache)?;
        let packages = packages(release, &files);
        let name = format!("flask-{release}-{}", fingerprint([base.identity.as_str(), packages.join(" ").as_str()]));
        let home = cache.join(name);
        if !works(&home) {
            self.venv(&cache, &home, &base, release, &packages)?;
        }
        Ok(Oracle { python: interpreter(&home), files })
    }

    fn venv(
        &mut self,
        cache: &Path,
        home: &Path,
        base: &Python,
        release: &str,
        packages: &[String],
    ) -> Result<(), SetupError> {
        let package = format!("Flask {release}");
        (self.report)(&format!("setting up {package} in {} (once)", home.display()));
        let beside = beside(cache)?;
        let python = base.path.display().to_string();
        let made = Command::new(&base.path).args(["-m", "venv"]).arg(beside.path()).stdin(Stdio::null()).output();
        check(made).map_err(|output| SetupError::Venv { python, output })?;
        let installed = Command::new(interpreter(beside.path()))
            .args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet"])
            .args(["--retries", "2", "--timeout", "20"])
            .args(packages)
            .stdin(Stdio::null())
            .output();
        check(installed).map_err(|output| SetupError::Pip { package, output })?;
        place(beside, home, works)
    }
}

/// The folder for caches: `SESSIONPROOF_CACHE`, or the platform's own.
fn cache() -> Result<PathBuf, SetupError> {
    let folder = match env::var_os("SESSIONPROOF_CACHE").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => ProjectDirs::from("", "", "sessionproof").ok_or(SetupError::NoCache)?.cache_dir().to_owned(),
    };
    match fs::create_dir_all(&folder).and_then(|()| folder.canonicalize()) {
        Ok(folder) => Ok(folder),
        Err(source) => Err(SetupError::Cache { folder, source }),
    }
}

/// The files that travel in this binary, laid out as in the project.
fn files(cache: &Path) -> Result<PathBuf, SetupError> {
    let specification = ("spec/session-lifetime.md", rules::TEXT);
    let all = || embedded::FILES.iter().copied().chain([specification]);
    let home = cache.join(format!("files-{}", fingerprint(all().flat_map(|(path, text)| [path, text]))));
    if home.is_dir() {
        return Ok(home);
    }
    let beside = beside(cache)?;
    let write = |path: &str, text: &str| -> io::Result<()> {
        let file = beside.path().join(path);
        fs::create_dir_all(file.parent().unwrap_or(beside.path()))?;
        fs::write(file, text)
    };
    for (path, text) in all() {
        write(path, text).map_err(|source| SetupError::Cache { folder: cache.to_owned(), source })?;
    }
    place(beside, &home, Path::is_dir)?;
    Ok(home)
}

/// A folder that goes away again unless it is put in its place.
fn beside(cache: &Path) -> Result<tempfile::TempDir, SetupError> {
    let made = tempfile::Builder::new().prefix("partial-").tempdir_in(cache);
    made.map_err(|source| SetupError::Cache { folder: cache.to_owned(), source })
}

/// Renames a finished folder to its place. Where a whole one stands by now, another run was faster, and it serves.
fn place(finished: tempfile::TempDir, home: &Path, is_whole: fn(&Path) -> bool) -> Result<(), SetupError> {
    if is_whole(home) {
        return Ok(());
    }
    let cannot = |source| SetupError::Cache { folder: home.to_owned(), source };
    if home.exists() {
        fs::remove_dir_all(home).map_err(cannot)?;
    }
    fs::rename(finished.path(), home).map_err(cannot)?;
    let _moved = finished.keep();
    Ok(())
}

/// Some of the SHA-256 of texts.
fn fingerprint<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// A Python on this machine.
struct Python {
    path: PathBuf,
    /// What tells it from others: where it lives, and its version.
    identity: String,
}

fn find_python(named: Option<&Path>) -> Result<Python, SetupError> {
    if let Some(path) = named {
        return ask_python(path).map_err(|what| SetupError::NoPython { what });
    }
    let mut problems = Vec::new();
    for name in ["python3", "python"] {
        match ask_python(Path::new(name)) {
            Ok(python) => return Ok(python),
            Err(what) => problems.push(what),
        }
    }
    Err(SetupError::NoPython { what: problems.join("; ") })
}

/// Asks an interpreter for its version; the error says why it will not do.
fn ask_python(path: &Path) -> Result<Python, String> {
    const QUESTION: &str = "import sys; print(*sys.version_info[:3]); print(sys.base_prefix)";
    let name = path.display();
    let asked = Command::new(path).args(["-c", QUESTION]).stdin(Stdio::null()).output();
    let output = match asked {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
        Ok(output) => return Err(format!("{name} does not run ({})", output.status)),
        Err(error) => return Err(format!("there is no {name} ({error})")),
    };
    let version: Vec<u32> = output.lines().next().unwrap_or("").split(' ').filter_map(|n| n.parse().ok()).collect();
    match version[..] {
        [major, minor, ..] if (major, minor) >= OLDEST_PYTHON => Ok(Python { path: path.to_owned(), identity: output }),
        [major, minor, ..] => Err(format!("{name} is Python {major}.{minor}")),
        _ => Err(format!("{name} does not say which Python it is")),
    }
}

/// Whether a virtual environment is there and its Flask can be imported.
fn works(home: &Path) -> bool {
    let asked = Command::new(interpreter(home))
        .args(["-c", "import flask"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}

fn interpreter(home: &Path) -> PathBuf {
    if cfg!(windows) { home.join("Scripts").join("python.exe") } else { home.join("bin").join("python") }
}

/// What pip is asked to install. Old releases of Flask name no upper bounds for what they need.
fn packages(release: &str, files: &Path) -> Vec<String> {
    if release == FLASK {
        let pinned = files.join(REQUIREMENTS).display().to_string();
        return vec!["--require-hashes".to_owned(), "-r".to_owned(), pinned];
    }
    let number: Vec<u32> = release.split('.').filter_map(|part| part.parse().ok()).collect();
    let bounds: &[&str] = match number[..] {
        [0 | 1, ..] => &["werkzeug<2.1", "jinja2<3.1", "markupsafe<2.1", "itsdangerous<2.1"],
        [2, 0..3, ..] => &["werkzeug<2.3"],
        [2, ..] => &["werkzeug<3"],
        _ => &[],
    };
    std::iter::once(format!("flask=={release}")).chain(bounds.iter().map(|&bound| bound.to_owned())).collect()
}

fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.')
}

/// Nothing when a command succeeded, its last lines when it did not.
fn check(ran: io::Result<Output>) -> Result<(), String> {
    match ran {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let text =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
            let last = &lines[lines.len().saturating_sub(PIP_LINES)..];
            Err(last.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n"))
        }
        Err(error) => Err(format!("    {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_numbers() {
        for (text, fits) in [("3.1.3", true), ("2.3.0rc1", true), ("", false), ("--help", false), ("3; x", false)] {
            assert_eq!(is_version(text), fits, "{text:?}");
        }
    }

    #[test]
    fn old_releases_get_what_they_were_made_for() {
        let files = Path::new("files");
        assert_eq!(packages("3.0.3", files), ["flask==3.0.3"]);
        assert_eq!(packages("2.3.3", files), ["flask==2.3.3", "werkzeug<3"]);
        assert_eq!(packages("2.2.5", files)[1..], ["werkzeug<2.3"]);
        assert_eq!(packages(FLASK, files)[0], "--require-hashes");
    }

    #[test]
    fn what_is_no_python_is_named_in_the_error() {
        let error = find_python(Some(Path::new("no-such-python"))).err().unwrap().to_string();
        assert!(error.contains("no-such-python") && error.contains("--python"), "{error}");
    }

    #[test]
    fn the_files_are_laid_out_once_and_whole() {
        let cache = tempfile::tempdir().unwrap();
        let home = files(cache.path()).unwrap();
        assert_eq!(files(cache.path()).unwrap(), home);
        for file in
            ["adapters/python/flask_adapter.py", "vectors/generate.py", "spec/session-lifetime.md", REQUIREMENTS]
        {
            assert!(home.join(file).is_file(), "{file}");
        }
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1);
    }
}
