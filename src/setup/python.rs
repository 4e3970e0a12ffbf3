//! Python packages: a virtual environment for each release.
//!
//! Everything runs in Python's isolated mode, which ignores the working directory, the user's own packages, and all variables
//! that begin with `PYTHON`.

use super::{
    Oracle, Release, Setup, SetupError,
    cache::Cache,
    contents, isolation,
    pythons::{self, Minor, Python, Wanted},
    releases::{self, OfItsDay},
    tools::{Failure, ask, check},
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

/// The oldest Python for what has hashes. The adapters also run on 3.6, for releases of its day.
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

    /// The file of the packages with their hashes, whether or not there is one.
    fn requirements(&self, release: &str) -> String {
        format!("requirements-{}-{release}.txt", self.name)
    }

    /// Whether the packages of a release are pinned by their hashes.
    fn has_hashes(&self, release: &str) -> bool {
        bundled::under(&format!("adapters/python/{}", self.requirements(release))).next().is_some()
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

/// Prints the version of a package, or nothing. With a module it imports that first.
const VERSION: &str = "
import importlib, sys
if sys.argv[2:]:
    importlib.import_module(sys.argv[2])
try:
    from importlib.metadata import version, PackageNotFoundError as Missing
except ImportError:
    from pkg_resources import DistributionNotFound as Missing, get_distribution
    version = lambda name: get_distribution(name).version
try:
    print(version(sys.argv[1]))
except Missing:
    pass
";

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
    let of_its_day = release.filter(|release| !package.has_hashes(release));
    let of_its_day = of_its_day.and_then(|release| releases::of_its_day(package.name, release));
    let wanted = match &of_its_day {
        Some(found) => Wanted { oldest: found.oldest, newest: Some(found.newest), anywhere: true },
        None => Wanted { oldest: package.oldest_python(release), newest: None, anywhere: release.is_some() },
    };
    let base = pythons::find(setup.python.as_deref(), wanted, cache.folder())?;
    let release = release.unwrap_or(package.default_for(base.version));
    let files = cache.files()?;
    let of = Of { package, release, of_its_day };
    let wanted = of.pip_arguments(base.version);
    // What is pinned may change while a release stays.
    let pins = format!("adapters/python/{}", package.requirements(release));
    let pins = bundled::under(&pins).map(|(_, text)| text);
    let told = wanted.join(" ");
    let home = cache.home(package.name, release, [base.identity.as_str(), &told].into_iter().chain(pins));
    let whole = contents::whole(&home).filter(|_| runs(&home));
    let installed = match whole {
        Some(contents) => contents.installed,
        None => {
            setup.announce(package.name, release, &home);
            if let Some(newer) = of.newer_python(base.version) {
                (setup.report)(&newer);
            }
            install(cache, &of, &base, &home, &files, &wanted)?
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

/// What is installed in the environment of the Python that the user names, to be tested there; `None` if the package is not.
pub(crate) fn in_place(
    setup: &mut Setup<'_>,
    cache: &Cache,
    package: &PythonPackage,
    named: &Path,
) -> Result<Option<Oracle>, SetupError> {
    let python = isolation::absolute(named);
    let tool = || {
        let mut python = isolation::tool(&python, cache.folder());
        python.args(["-I", "-W", "ignore", "-c", VERSION, package.name]);
        python
    };
    let installed = ask(&mut tool()).unwrap_or_default().trim().to_owned();
    if installed.is_empty() {
        return Ok(None);
    }
    let shown = python.display();
    (setup.report)(&format!(
        "testing {} {installed} as it is installed for {shown} (write {0}@RELEASE for one of its own)",
        package.name
    ));
    if let Err(failure) = check(tool().arg(package.module).run_to_end()) {
        return Err(SetupError::Unfit {
            package: format!("{} {installed}", package.name),
            what: "importing it failed",
            python: shown.to_string(),
            output: failure.lines,
            remedy: "make it start there, or name another Python with --python PATH".to_owned(),
        });
    }
    let files = cache.files()?;
    let (name, asked) = (package.name.to_owned(), installed.clone());
    let release = Release { name, asked, installed };
    Ok(Some(Oracle { python, isolation: super::isolation(cache, &files), files, release }))
}

/// A release of a package, and what it ran with on its own day if that is known.
struct Of<'a> {
    package: &'a PythonPackage,
    release: &'a str,
    of_its_day: Option<OfItsDay>,
}

impl Of<'_> {
    /// The arguments for pip: pinned by hash if the suite pins the release; otherwise the packages of its day.
    fn pip_arguments(&self, python: Minor) -> Vec<String> {
        let Self { package, release, of_its_day } = self;
        if package.has_hashes(release) {
            // To build a package pip would fetch tools, of which there are no hashes.
            let requirements = package.requirements(release);
            return ["--only-binary", ":all:", "--require-hashes", "-r", &requirements].map(str::to_owned).into();
        }
        let bounds: &[&str] = match (package.name, of_its_day) {
            // What is older than the Python could seldom be built for it.
            ("flask", Some(found)) if python > found.newest => bounds_of_flask(release),
            (_, Some(found)) => &found.packages,
            ("flask", None) => bounds_of_flask(release),
            // It needs itsdangerous, and does not say so.
            ("starlette-flask", None) => &["itsdangerous"],
            _ => &[],
        };
        let exactly = format!("{}=={release}", package.name);
        std::iter::once(exactly).chain(bounds.iter().map(|&bound| bound.to_owned())).collect()
    }

    /// What is said if the Python is newer than the release.
    fn newer_python(&self, (major, minor): Minor) -> Option<String> {
        let found = self.of_its_day.as_ref().filter(|found| (major, minor) > found.newest)?;
        let (name, release, day, pythons) = (self.package.name, self.release, found.day, found.pythons());
        Some(format!(
            "{name} {release} is of {day}, and runs here on Python {major}.{minor}; to test it as it was then, install {pythons}"
        ))
    }

    /// What is wrong when an installation failed, or what was installed does not start.
    fn unfit(&self, cache: &Cache, base: &Python, what: &'static str, failure: Failure) -> SetupError {
        let package = format!("{} {}", self.package.name, self.release);
        let (major, minor) = base.version;
        let python = format!("Python {major}.{minor} ({})", base.path.display());
        let remedy = match &self.of_its_day {
            Some(found) => format!(
                "the release is of {}: install {} and try again, or name one with --python PATH",
                found.day,
                found.pythons()
            ),
            None => "name another Python with --python PATH, or another release".to_owned(),
        };
        failure.error(cache, |output| SetupError::Unfit { package, what, python, output, remedy })
    }
}

/// Makes the virtual environment, and returns its version.
fn install(
    cache: &Cache,
    of: &Of<'_>,
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
    let (package, release) = (of.package, of.release);
    pip.map_err(|failure| match failure.of_another_python() {
        Some(what) => of.unfit(cache, base, what, failure),
        None => failure.of_install(cache, "pip", (package.name, release)),
    })?;
    let asked = ["-W", "ignore", "-c", VERSION, package.name, package.module];
    let version = check(python().args(asked).run_to_end());
    let version = version.map_err(|failure| of.unfit(cache, base, "importing it failed", failure))?;
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

    fn asked_of_pip(release: &str, python: Minor) -> Vec<String> {
        Of { package: &FLASK, release, of_its_day: releases::of_its_day("flask", release) }.pip_arguments(python)
    }

    #[test]
    fn old_releases_get_what_was_newest_on_their_day() {
        let old = asked_of_pip("1.0.4", (3, 7));
        assert_eq!(old[0], "flask==1.0.4");
        assert!(old.contains(&"werkzeug==0.15.4".to_owned()), "{old:?}");
        let pinned = ["--only-binary", ":all:", "--require-hashes", "-r", "requirements-flask-3.0.3.txt"];
        assert_eq!(asked_of_pip("3.0.3", (3, 11)), pinned);
        assert_eq!(asked_of_pip("9.9.9", (3, 11)), ["flask==9.9.9"]);
    }

    #[test]
    fn on_a_newer_python_old_releases_get_packages_that_it_runs() {
        assert_eq!(asked_of_pip("2.3.2", (3, 13)), ["flask==2.3.2", "werkzeug<3"]);
        assert_eq!(asked_of_pip("2.2.3", (3, 12))[1..], ["werkzeug<2.3"]);
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
}
