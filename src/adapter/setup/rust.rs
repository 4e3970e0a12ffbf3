//! Crates: a program that cargo builds from an adapter. Cargo is needed once, to build it.

use super::{
    Setup, SetupError, ask,
    cache::{Cache, lay_out, place},
    check,
    known::RustPackage,
    version,
};
use crate::{adapter::processes::Tool, embedded};
use std::{
    env::consts::EXE_SUFFIX,
    fs,
    path::Path,
    process::{Command, Stdio},
};

const FOLDER: &str = "adapters/rust/";
const REMEDY: &str = "install Rust with cargo (on Debian: apt install cargo)";

/// The command that runs the adapter of a release, built if it is not there.
pub(super) fn set_up(
    setup: &mut Setup<'_>,
    cache: &Cache,
    package: &RustPackage,
    release: Option<&str>,
) -> Result<Vec<String>, SetupError> {
    let release = version(release.unwrap_or(package.release))?;
    let files = sources(package, release);
    if files.is_empty() {
        return Err(SetupError::NoAdapter(package.adapter));
    }
    let texts = files.iter().flat_map(|(path, text)| [*path, text.as_str()]);
    let home = cache.home(package.known, release, texts);
    let program = format!("{}{EXE_SUFFIX}", package.adapter);
    let is_whole = |home: &Path| home.join(&program).is_file();
    if !is_whole(&home) {
        setup.announce(package.known, release, &home);
        let sources = cache.beside()?;
        lay_out(sources.path(), files.iter().map(|(path, text)| (*path, text.as_str())))?;
        cargo(sources.path(), package, release)?;
        let beside = cache.beside()?;
        let built = sources.path().join("target").join("release").join(&program);
        let moved = fs::rename(built, beside.path().join(&program));
        moved.map_err(|source| SetupError::Cache { folder: home.clone(), source })?;
        place(beside, &home, is_whole)?;
    }
    Ok(vec![home.join(program).display().to_string()])
}

/// The files to build from. Another release than the pinned one has no lock, and cargo resolves anew.
fn sources(package: &RustPackage, release: &str) -> Vec<(&'static str, String)> {
    let is_pinned = release == package.release;
    let files = embedded::under(FOLDER).map(|(path, text)| (path.trim_start_matches(FOLDER), text));
    let files = files.filter(|(path, _)| is_pinned || *path != "Cargo.lock");
    let pin = |release: &str| format!("{} = {{ version = \"={release}\"", package.name);
    files.map(|(path, text)| (path, text.replace(&pin(package.release), &pin(release)))).collect()
}

fn cargo(folder: &Path, package: &RustPackage, release: &str) -> Result<(), SetupError> {
    ask(Command::new("cargo").arg("--version")).map_err(|what| SetupError::NoTool { what, remedy: REMEDY })?;
    let built = Command::new("cargo")
        .args(["build", "--release", "--quiet", "--bin", package.adapter, "--target-dir", "target"])
        .args((release == package.release).then_some("--locked"))
        .env_remove("CARGO_BUILD_TARGET")
        .current_dir(folder)
        .stdin(Stdio::null())
        .run_to_end();
    let failed = |output| SetupError::Install { package: format!("{} {release}", package.name), tool: "cargo", output };
    check(built).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::super::known::ITSDANGEROUS;
    use super::*;

    #[test]
    fn another_release_is_asked_for_without_the_lock() {
        let pinned = sources(&ITSDANGEROUS, ITSDANGEROUS.release);
        let other = sources(&ITSDANGEROUS, "0.4.0");
        let find = |files: &[(&'static str, String)], name| {
            files.iter().find(|(path, _)| *path == name).map(|(_, text)| text.clone())
        };
        assert!(find(&pinned, "Cargo.lock").is_some());
        assert!(find(&other, "Cargo.lock").is_none());
        assert!(find(&other, "Cargo.toml").unwrap().contains("itsdangerous = { version = \"=0.4.0\""));
    }
}
