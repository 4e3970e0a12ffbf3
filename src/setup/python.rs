//! Python packages: a virtual environment for each release.
//!
//! Everything runs in Python's isolated mode, which ignores the working directory, the user's own packages, and all variables
//! that begin with `PYTHON`.

use super::{
    Oracle, Release, Setup, SetupError,
    cache::Cache,
    contents, isolation,
    tools::{ask, check},
    version,
};
use crate::{
    bundled,
    processes::{Program, Tool},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

/// A release of Python, as in 3.9.
pub(crate) type Minor = (u32, u32);

/// The oldest Python that the adapters run on.
pub(crate) const OLDEST_PYTHON: Minor = (3, 9);

/// A package that pip installs.
pub(crate) struct PythonPackage {
    pub(crate) name: &'static str,
    /// The module that is imported to check the installation.
    pub(crate) module: &'static str,
    /// The file in `adapters/python`, and its arguments.
    pub(crate) adapter: &'static [&'static str],
    /// The releases that are pinned, the newest first, each with the oldest Python that runs it.
    pub(crate) releases: &'static [(&'static str, Minor)],
}

impl PythonPackage {
    /// The release that is taken on some Python when none is asked for.
    pub(crate) fn default_for(&self, python: Minor) -> &'static str {
        let fits = self.releases.iter().find(|(_, oldest)| python >= *oldest);
        fits.or(self.releases.last()).map_or("", |&(release, _)| release)
    }

    /// The oldest Python that runs a release, as far as that is known. pip knows the rest.
    pub(crate) fn oldest_python(&self, release: Option<&str>) -> Minor {
        let all = self.releases.iter();
        match release {
            Some(release) => all.filter(|(known, _)| *known == release).map(|&(_, oldest)| oldest).next(),
            None => all.map(|&(_, oldest)| oldest).min(),
        }
        .unwrap_or(OLDEST_PYTHON)
    }
}

/// Runs an adapter in isolated mode, in which the folder of a script is not on the path: there its helper lies.
const RUN: &str = "import runpy, sys; del sys.argv[0]; sys.path.insert(0, sys.argv.pop(0)); \
                   runpy.run_path(sys.argv[0], run_name='__main__')";

/// Imports a module and prints the version of its package.
const IMPORT: &str = "import importlib, importlib.metadata, sys; importlib.import_module(sys.argv[1]); \
                      print(importlib.metadata.version(sys.argv[2]))";

/// Prints the settings of pip, from its files and the environment, as JSON.
const SETTINGS: &str = "import ast, json, subprocess, sys; \
                        listed = subprocess.run([sys.executable, '-I', '-m', 'pip', 'config', 'list'], check=True, \
                        stdout=subprocess.PIPE, universal_newlines=True).stdout; \
                        pairs = (line.partition('=') for line in listed.splitlines() if '=' in line); \
                        print(json.dumps({key: str(ast.literal_eval(value)) for key, _, value in pairs}))";

/// The program that runs an adapter, which is a file of `adapters/python` and its arguments.
pub(crate) fn adapter(made: &Oracle, adapter: &[&str]) -> Program {
    let mut words = vec![made.python.display().to_string()];
    if let Some((file, arguments)) = adapter.split_first() {
        let folder = made.files.join("adapters").join("python");
        words.extend(["-I", "-c", RUN].map(str::to_owned));
        words.extend([folder.display().to_string(), folder.join(file).display().to_string()]);
        words.extend(arguments.iter().map(|&word| word.to_owned()));
    }
    Program::isolated(words, made.isolation.clone(), Some(made.release.clone()))
}

/// A script of `vectors/generate/`, which finds what it imports by itself.
pub(crate) fn script(made: &Oracle, name: &str) -> Command {
    let mut command = Command::new(&made.python);
    command.args(["-I", "-B"]).arg(made.files.join("vectors").join("generate").join(name));
    made.isolation.apply(&mut command);
    command
}

/// The virtual environment of a release, made if it is not there.
pub(crate) fn set_up(
    setup: &mut Setup<'_>,
    cache: &Cache,
    package: &PythonPackage,
    release: Option<&str>,
) -> Result<Oracle, SetupError> {
    let release = release.map(version).transpose()?;
    let base = find(setup.python.as_deref(), package.oldest_python(release), cache)?;
    let release = release.unwrap_or(package.default_for(base.version));
    let files = cache.files()?;
    let wanted = pip_arguments(package, release);
    let home = cache.home(package.name, release, [base.identity.as_str(), &wanted.join(" ")]);
    let whole = contents::whole(&home).filter(|_| runs(&home));
    let installed = match whole {
        Some(contents) => contents.installed,
        None => {
            setup.announce(package.name, release, &home);
            install(cache, package, release, &base, &home, &files, &wanted)?
        }
    };
    let (name, asked) = (package.name.to_owned(), release.to_owned());
    Ok(Oracle {
        python: interpreter(&home),
        isolation: super::isolation(cache, &files),
        files,
        release: Release { name, asked, installed },
    })
}

/// Makes the virtual environment, and returns its version.
fn install(
    cache: &Cache,
    package: &PythonPackage,
    release: &str,
    base: &Python,
    home: &Path,
    files: &Path,
    wanted: &[String],
) -> Result<String, SetupError> {
    let (beside, work) = (cache.beside()?, cache.beside()?);
    // By itself, venv keeps from us what pip says when it cannot be put there.
    let made = isolation::tool_at_work(&base.path, work.path())
        .args(["-I", "-m", "venv", "--without-pip"])
        .arg(beside.path())
        .run_to_end();
    let python = || {
        let mut python = isolation::tool_at_work(interpreter(beside.path()), work.path());
        python.arg("-I");
        python
    };
    let made = check(made).and_then(|_| check(python().args(["-m", "ensurepip", "--default-pip"]).run_to_end()));
    made.map_err(|failure| {
        let (folder, python) = (cache.folder().to_owned(), base.path.display().to_string());
        failure.error(cache, |output| SetupError::Venv { folder, python, output })
    })?;
    let settings = check(python().args(["-c", SETTINGS]).run_to_end());
    let pip = settings.and_then(|settings| {
        let installed = python()
            .args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet"])
            .args(["--retries", "2", "--timeout", "20"])
            .args(wanted)
            .envs(reach(&settings))
            .current_dir(files.join("adapters").join("python"))
            .run_to_end();
        check(installed)
    });
    let asked = ["-W", "ignore", "-c", IMPORT, package.module, package.name];
    let version = pip.and_then(|_| check(python().args(asked).run_to_end()));
    let version = version.map_err(|failure| failure.of_install(cache, "pip", (package.name, release)))?;
    cache.finish(beside, home, (package.name, release, version.trim()))?;
    Ok(version.trim().to_owned())
}

/// Those settings of pip that say how packages are reached, as variables, with all its files put aside. Settings of `install`
/// come before global ones, and variables before both.
fn reach(settings: &str) -> BTreeMap<String, String> {
    let settings: BTreeMap<String, String> = crate::json::from_str(settings).unwrap_or_default();
    let mut variables = BTreeMap::new();
    for section in ["global.", "install.", ":env:."] {
        let of_section = settings.iter().filter_map(|(key, value)| Some((key.strip_prefix(section)?, value)));
        for (name, value) in of_section.filter(|(name, _)| isolation::is_of_pip(name)) {
            variables.insert(format!("PIP_{}", name.replace('-', "_").to_ascii_uppercase()), value.clone());
        }
    }
    let no_file = if cfg!(windows) { "nul" } else { "/dev/null" };
    variables.insert("PIP_CONFIG_FILE".to_owned(), no_file.to_owned());
    variables
}

/// The arguments for pip: pinned by hash if the suite pins the release.
fn pip_arguments(package: &PythonPackage, release: &str) -> Vec<String> {
    let requirements = format!("requirements-{}-{release}.txt", package.name);
    if bundled::under(&format!("adapters/python/{requirements}")).next().is_some() {
        // To build a package pip would fetch tools, of which there are no hashes.
        return ["--only-binary", ":all:", "--require-hashes", "-r", &requirements].map(str::to_owned).into();
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
    /// What distinguishes it from others: its place and its version.
    identity: String,
}

fn find(named: Option<&Path>, oldest: Minor, cache: &Cache) -> Result<Python, SetupError> {
    let no = |what| SetupError::NoPython { what, oldest: format!("{}.{}", oldest.0, oldest.1) };
    if let Some(path) = named {
        return ask_version(&isolation::absolute(path), oldest, cache.folder()).map_err(no);
    }
    let mut problems = Vec::new();
    for name in ["python3", "python"] {
        match ask_version(Path::new(name), oldest, cache.folder()) {
            Ok(python) => return Ok(python),
            Err(what) => problems.push(what),
        }
    }
    Err(no(problems.join("; ")))
}

/// Asks an interpreter for its version; the error says why it will not do.
fn ask_version(path: &Path, oldest: Minor, folder: &Path) -> Result<Python, String> {
    const QUESTION: &str = "import sys; print(*sys.version_info[:3]); print(sys.base_prefix)";
    let output = ask(isolation::tool(path, folder).args(["-I", "-c", QUESTION]))?;
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

/// Whether the interpreter of a virtual environment runs: what it links to may be gone.
fn runs(home: &Path) -> bool {
    ask(isolation::tool(interpreter(home), home).args(["-I", "-S", "-c", ""])).is_ok()
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
        assert_eq!(pip_arguments(&FLASK, "3.0.2"), ["flask==3.0.2"]);
        assert_eq!(pip_arguments(&FLASK, "2.3.2"), ["flask==2.3.2", "werkzeug<3"]);
        assert_eq!(pip_arguments(&FLASK, "2.2.3")[1..], ["werkzeug<2.3"]);
        let pinned = ["--only-binary", ":all:", "--require-hashes", "-r", "requirements-flask-3.0.3.txt"];
        assert_eq!(pip_arguments(&FLASK, "3.0.3"), pinned);
    }

    #[test]
    fn pip_is_told_how_to_reach_packages_and_nothing_else() {
        let told = reach(
            r#"{"global.index-url": "https://global", "install.index-url": "https://mirror", "global.target": "/elsewhere",
                "install.user": "true", ":env:.cert": "/cert.pem", "global.cert": "/other.pem", "site.proxy": "no"}"#,
        );
        let told: Vec<_> = told.iter().filter(|(name, _)| *name != "PIP_CONFIG_FILE").collect();
        let told: Vec<_> = told.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(told, [("PIP_CERT", "/cert.pem"), ("PIP_INDEX_URL", "https://mirror")]);
    }

    #[test]
    fn what_is_no_python_is_named_in_the_error() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path()).unwrap();
        let error = find(Some(Path::new("no-such-python")), (3, 9), &cache).err().unwrap().to_string();
        assert!(error.contains("no-such-python") && error.contains("--python"), "{error}");
    }
}
