//! Packages of npm: a folder with the package, what it needs, and the adapter.

use super::{
    Setup, SetupError, ask,
    cache::{Cache, lay_out, place},
    check,
    known::NodePackage,
    version,
};
use crate::{adapter::processes::Tool, embedded};
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// The oldest Node.js that the adapters run on.
pub(super) const OLDEST: u32 = 18;
const FOLDER: &str = "adapters/node/";
const REMEDY: &str = "install Node.js 18 or newer with npm (on Debian: apt install nodejs npm)";

/// The command that runs the adapter of a release, set up if it is not there.
pub(super) fn set_up(
    setup: &mut Setup<'_>,
    cache: &Cache,
    package: &NodePackage,
    release: Option<&str>,
) -> Result<Vec<String>, SetupError> {
    let release = version(release.unwrap_or(package.release))?;
    let files: Vec<_> = embedded::under(FOLDER).map(|(path, text)| (path.trim_start_matches(FOLDER), text)).collect();
    find_node()?;
    let home = cache.home(package.name, release, files.iter().flat_map(|&(path, text)| [path, text]));
    let is_whole =
        |home: &Path| home.join(package.adapter).is_file() && home.join("node_modules").join(package.name).is_dir();
    if !is_whole(&home) {
        setup.announce(package.name, release, &home);
        let beside = cache.beside()?;
        lay_out(beside.path(), files)?;
        npm(beside.path(), package, release)?;
        place(beside, &home, is_whole)?;
    }
    Ok(vec!["node".to_owned(), home.join(package.adapter).display().to_string()])
}

/// Installs what is pinned, or another release. No package gets to run a script.
fn npm(folder: &Path, package: &NodePackage, release: &str) -> Result<(), SetupError> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    ask(Command::new(npm).arg("--version")).map_err(|what| SetupError::NoTool { what, remedy: REMEDY })?;
    let exactly = format!("{}@{release}", package.name);
    let task: &[&str] = match release == package.release {
        true => &["ci"],
        false => &["install", "--save-exact", &exactly],
    };
    let installed = Command::new(npm)
        .args(task)
        .args(["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"])
        .args(["--fetch-retries", "2", "--fetch-timeout", "20000"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .run_to_end();
    let failed = |output| SetupError::Install { package: format!("{} {release}", package.name), tool: "npm", output };
    check(installed).map_err(failed)
}

fn find_node() -> Result<(), SetupError> {
    let no = |what| SetupError::NoTool { what, remedy: REMEDY };
    let said = ask(Command::new("node").arg("--version")).map_err(no)?;
    let major = said.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(major) if major >= OLDEST => Ok(()),
        _ => Err(no(format!("node is {}", said.trim()))),
    }
}
