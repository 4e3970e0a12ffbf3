//! Python packages: a virtual environment for each release.

use super::{
    Oracle, Setup, SetupError, ask,
    cache::{Cache, place},
    check,
    known::PythonPackage,
    version,
};
use crate::{adapter::processes::Tool, embedded};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A release of Python, as in 3.9.
pub(super) type Minor = (u32, u32);

/// The command that runs an adapter, which is a file of `adapters/python` and its arguments.
pub(super) fn command(made: &Oracle, adapter: &[&str]) -> Vec<String> {
    let mut command = vec![made.python.display().to_string()];
    if let Some((file, arguments)) = adapter.split_first() {
        command.push(made.files.join("adapters").join("python").join(file).display().to_string());
        command.extend(arguments.iter().map(|&word| word.to_owned()));
    }
    command
}

/// The virtual environment of a release, made if it is not there.
pub(super) fn set_up(
    setup: &mut Setup<'_>,
    cache: &Cache,
    package: &PythonPackage,
    release: Option<&str>,
) -> Result<Oracle, SetupError> {
    let release = release.map(version).transpose()?;
    let base = find(setup.python.as_deref(), package.oldest_python(release))?;
    let release = release.unwrap_or(package.default_for(base.version));
    let files = cache.files()?;
    let wanted = wanted(package, release);
    let home = cache.home(package.name, release, [base.identity.as_str(), &wanted.join(" ")]);
    if !works(&home, package.module) {
        setup.announce(package.name, release, &home);
        let beside = cache.beside()?;
        let python = base.path.display().to_string();
        let made = Command::new(&base.path).args(["-m", "venv"]).arg(beside.path()).stdin(Stdio::null()).run_to_end();
        check(made).map_err(|output| SetupError::Venv { python, output })?;
        let installed = Command::new(interpreter(beside.path()))
            .args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet"])
            .args(["--retries", "2", "--timeout", "20"])
            .args(&wanted)
            .current_dir(files.join("adapters").join("python"))
            .stdin(Stdio::null())
            .run_to_end();
        let failed =
            |output| SetupError::Install { package: format!("{} {release}", package.name), tool: "pip", output };
        check(installed).map_err(failed)?;
        if !works(beside.path(), package.module) {
            return Err(failed(format!("    the module {} cannot be imported", package.module)));
        }
        place(beside, &home, |home| works(home, package.module))?;
    }
    Ok(Oracle { python: interpreter(&home), files })
}

/// What pip is asked to install: what is pinned by hash where the suite pins the release.
fn wanted(package: &PythonPackage, release: &str) -> Vec<String> {
    let requirements = format!("requirements-{}-{release}.txt", package.name);
    if embedded::under(&format!("adapters/python/{requirements}")).next().is_some() {
        return vec!["--require-hashes".to_owned(), "-r".to_owned(), requirements];
    }
    let bounds = match package.name {
        "flask" => bounds_of_flask(release),
        // It needs itsdangerous, and does not say so.
        "starlette-flask" => &["itsdangerous"],
        _ => &[],
    };
    let exactly = format!("{}=={release}", package.name);
    std::iter::once(exactly).chain(bounds.iter().map(|&bound| bound.to_owned())).collect()
}

/// Old releases of Flask name no upper bounds for what they need.
fn bounds_of_flask(release: &str) -> &'static [&'static str] {
    let number: Vec<u32> = release.split('.').filter_map(|part| part.parse().ok()).collect();
    match number[..] {
        [0 | 1, ..] => &["werkzeug<2.1", "jinja2<3.1", "markupsafe<2.1", "itsdangerous<2.1"],
        [2, 0..3, ..] => &["werkzeug<2.3"],
        [2, ..] => &["werkzeug<3"],
        _ => &[],
    }
}

/// A Python on this machine.
struct Python {
    path: PathBuf,
    version: Minor,
    /// What tells it from others: where it lives, and its version.
    identity: String,
}

fn find(named: Option<&Path>, oldest: Minor) -> Result<Python, SetupError> {
    let no = |what| SetupError::NoPython { what, oldest: format!("{}.{}", oldest.0, oldest.1) };
    if let Some(path) = named {
        return ask_version(path, oldest).map_err(no);
    }
    let mut problems = Vec::new();
    for name in ["python3", "python"] {
        match ask_version(Path::new(name), oldest) {
            Ok(python) => return Ok(python),
            Err(what) => problems.push(what),
        }
    }
    Err(no(problems.join("; ")))
}

/// Asks an interpreter for its version; the error says why it will not do.
fn ask_version(path: &Path, oldest: Minor) -> Result<Python, String> {
    const QUESTION: &str = "import sys; print(*sys.version_info[:3]); print(sys.base_prefix)";
    let output = ask(Command::new(path).args(["-c", QUESTION]))?;
    let version: Vec<u32> = output.lines().next().unwrap_or("").split(' ').filter_map(|n| n.parse().ok()).collect();
    let name = path.display();
    match version[..] {
        [major, minor, ..] if (major, minor) >= oldest => {
            Ok(Python { path: path.to_owned(), version: (major, minor), identity: output })
        }
        [major, minor, ..] => Err(format!("{name} is Python {major}.{minor}")),
        _ => Err(format!("{name} does not say which Python it is")),
    }
}

/// Whether a virtual environment is there and its package can be imported.
fn works(home: &Path, module: &str) -> bool {
    let asked = Command::new(interpreter(home))
        .args(["-W", "ignore", "-c", &format!("import {module}")])
        .stdin(Stdio::null())
        .run_to_end();
    asked.is_ok_and(|ran| ran.status.success())
}

fn interpreter(home: &Path) -> PathBuf {
    if cfg!(windows) { home.join("Scripts").join("python.exe") } else { home.join("bin").join("python") }
}

#[cfg(test)]
mod tests {
    use super::super::known::FLASK;
    use super::*;

    #[test]
    fn old_releases_get_what_they_were_made_for() {
        assert_eq!(wanted(&FLASK, "3.0.3"), ["flask==3.0.3"]);
        assert_eq!(wanted(&FLASK, "2.3.3"), ["flask==2.3.3", "werkzeug<3"]);
        assert_eq!(wanted(&FLASK, "2.2.5")[1..], ["werkzeug<2.3"]);
        assert_eq!(wanted(&FLASK, "3.1.3")[0], "--require-hashes");
    }

    #[test]
    fn what_is_no_python_is_named_in_the_error() {
        let error = find(Some(Path::new("no-such-python")), (3, 9)).err().unwrap().to_string();
        assert!(error.contains("no-such-python") && error.contains("--python"), "{error}");
    }
}
