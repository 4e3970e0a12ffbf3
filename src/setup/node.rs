//! npm packages: a folder with the package, its dependencies, and the adapter.

use super::{
    Release, Setup, SetupError,
    cache::{Cache, lay_out},
    contents,
    folder::cannot_write,
    isolation,
    tools::{Failure, ask, check},
    version,
};
use crate::{
    bundled,
    processes::{Program, Tool},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A package that npm installs.
pub(crate) struct NodePackage {
    pub(crate) name: &'static str,
    /// The file in `adapters/node`.
    pub(crate) adapter: &'static str,
    /// The folder in `adapters/node` with its `package.json` and `package-lock.json`; empty for `adapters/node` itself.
    pub(crate) folder: &'static str,
    /// The release in `package-lock.json`.
    pub(crate) release: &'static str,
    /// The arguments of the adapter.
    pub(crate) arguments: &'static [&'static str],
}

impl NodePackage {
    /// What it is called in the cache: its name there must be that of a folder.
    pub(crate) fn name_in_cache(&self) -> &'static str {
        match self.folder.trim_end_matches('/') {
            "" => self.name,
            folder => folder,
        }
    }

    /// The files that are laid out for it, each with its name there: the modules, and the lists of its packages.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let own = format!("{FOLDER}{}", self.folder);
        bundled::under(FOLDER).filter_map(move |(path, text)| match path.strip_prefix(&own) {
            Some(list) if list.starts_with("package") => Some((list, text)),
            _ => path.strip_prefix(FOLDER).filter(|name| name.ends_with(".mjs")).map(|name| (name, text)),
        })
    }
}

/// The oldest Node.js that the adapters run on.
pub(crate) const OLDEST: u32 = 18;
const FOLDER: &str = "adapters/node/";
const REMEDY: &str = "install Node.js 18 or newer with npm (on Debian: apt install nodejs npm)";
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// The program that runs the adapter of a release, set up if it is not there.
pub(crate) fn set_up(
    setup: &mut Setup<'_>,
    cache: &Cache,
    package: &NodePackage,
    release: Option<&str>,
) -> Result<Program, SetupError> {
    let release = version(release.unwrap_or(package.release))?;
    let files: Vec<_> = package.files().collect();
    find_node(cache)?;
    let home = cache.home(package.name_in_cache(), release, files.iter().flat_map(|&(path, text)| [path, text]));
    if contents::whole(&home).is_none() {
        setup.announce(package.name_in_cache(), release, &home);
        let beside = cache.beside()?;
        lay_out(beside.path(), files)?;
        npm(cache, beside.path(), package, release)?;
        cache.finish(beside, &home, (package.name_in_cache(), release, release))?;
    }
    let mut words = vec!["node".to_owned(), home.join(package.adapter).display().to_string()];
    words.extend(package.arguments.iter().map(|&word| word.to_owned()));
    let (name, asked, installed) = (package.name_in_cache().to_owned(), release.to_owned(), release.to_owned());
    Ok(Program::isolated(words, super::isolation(cache, &home), Some(Release { name, asked, installed })))
}

/// Installs the pinned release, or another one. Packages run no scripts.
fn npm(cache: &Cache, folder: &Path, package: &NodePackage, release: &str) -> Result<(), SetupError> {
    let work = cache.beside()?;
    let npm = || isolation::tool_at_work(NPM, work.path());
    ask(npm().arg("--version")).map_err(|what| SetupError::NoTool { what, remedy: REMEDY })?;
    let failed = |failure: Failure| failure.of_install(cache, "npm", (package.name, release));
    let mut settings = Vec::new();
    for which in ["userconfig", "globalconfig"] {
        // With a prefix, npm looks for no project around the folder.
        let asked = npm().args(["config", "get", which, "--prefix"]).arg(work.path()).run_to_end();
        let theirs = PathBuf::from(check(asked).map_err(failed)?.trim());
        let ours = work.path().join(which);
        fs::write(&ours, reach(&theirs).unwrap_or_default()).map_err(|source| cannot_write(work.path(), source))?;
        settings.push(format!("--{which}={}", ours.display()));
    }
    let exactly = format!("{}@{release}", package.name);
    let task: &[&str] = match release == package.release {
        true => &["ci"],
        false => &["install", "--save-exact", &exactly],
    };
    let installed = npm()
        .args(task)
        .args(["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"])
        .args(["--fetch-retries", "2", "--fetch-timeout", "20000"])
        .args(settings)
        .arg("--prefix")
        .arg(folder)
        .run_to_end();
    check(installed).map(drop).map_err(failed)
}

/// Those lines of a file of npm's settings that say how packages are reached. Nothing of a section is.
fn reach(file: &Path) -> io::Result<String> {
    let text = fs::read_to_string(file)?;
    let lines = text.lines().take_while(|line| !line.trim_start().starts_with('['));
    let is_meant = |line: &&str| {
        let key = line.split('=').next().unwrap_or_default().trim();
        isolation::is_of_npm(key.trim_end_matches("[]").trim_matches('"'))
    };
    Ok(lines.filter(is_meant).map(|line| format!("{line}\n")).collect())
}

fn find_node(cache: &Cache) -> Result<(), SetupError> {
    let no = |what| SetupError::NoTool { what, remedy: REMEDY };
    let said = ask(isolation::tool("node", cache.folder()).arg("--version")).map_err(no)?;
    let major = said.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(major) if major >= OLDEST => Ok(()),
        _ => Err(no(format!("node is {}", said.trim()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npm_is_told_how_to_reach_packages_and_nothing_else() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "; ours\nregistry = https://mirror/\n//mirror/:_authToken=${TOKEN}\n@ours:registry=https://ours/\n\
                    ca[]=\"one\"\nprefix=/elsewhere\nscript-shell=./sh\nnode-options=--require ./x.js\n[section]\nproxy=no\n";
        fs::write(file.path(), text).unwrap();
        assert_eq!(
            reach(file.path()).unwrap(),
            "registry = https://mirror/\n//mirror/:_authToken=${TOKEN}\n@ours:registry=https://ours/\nca[]=\"one\"\n"
        );
    }
}
