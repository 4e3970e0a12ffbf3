//! Crates: cargo builds a program from an adapter, once.

use super::{
    Release, Setup, SetupError,
    cache::{Cache, lay_out},
    contents,
    folder::cannot_write,
    isolation,
    tools::{Failure, ask, check},
    version,
};
use crate::json::Json;
use crate::{
    bundled,
    processes::{Program, Tool},
};
use std::{
    env::consts::EXE_SUFFIX,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A crate that cargo builds together with its adapter.
pub(crate) struct RustPackage {
    /// What it is called on the command line.
    pub(crate) known: &'static str,
    /// What the crate is called.
    pub(crate) name: &'static str,
    /// The program in `adapters/rust`.
    pub(crate) adapter: &'static str,
    /// The release in `Cargo.lock`.
    pub(crate) release: &'static str,
}

const FOLDER: &str = "adapters/rust/";
/// What `Cargo.toml` is called in [`FOLDER`]: a package leaves out every folder that has one of its own.
const MANIFEST: &str = "manifest.toml";
const REMEDY: &str = "install Rust with cargo (on Debian: apt install cargo)";

/// The program that is the adapter of a release, built if it is not there.
pub(crate) fn set_up(
    setup: &mut Setup<'_>,
    cache: &Cache,
    package: &RustPackage,
    release: Option<&str>,
) -> Result<Program, SetupError> {
    let release = version(release.unwrap_or(package.release))?;
    let files = sources(package, release);
    if files.is_empty() {
        return Err(SetupError::NoAdapter(package.adapter));
    }
    let texts = files.iter().flat_map(|(path, text)| [*path, text.as_str()]);
    let home = cache.home(package.known, release, texts);
    let program = format!("{}{EXE_SUFFIX}", package.adapter);
    if contents::whole(&home).is_none() {
        setup.announce(package.known, release, &home);
        let (sources, beside) = (cache.beside()?, cache.beside()?);
        lay_out(sources.path(), files.iter().map(|(path, text)| (*path, text.as_str())))?;
        let built = cargo(cache, sources.path(), package, release)?.join(&program);
        let moved = fs::rename(built, beside.path().join(&program));
        moved.map_err(|source| cannot_write(&home, source))?;
        cache.finish(beside, &home, (package.known, release, release))?;
    }
    let words = vec![home.join(program).display().to_string()];
    let (name, asked, installed) = (package.known.to_owned(), release.to_owned(), release.to_owned());
    Ok(Program::isolated(words, super::isolation(cache, &home), Some(Release { name, asked, installed })))
}

/// The files to build from. Another release than the pinned one has no lock, and cargo resolves it again.
fn sources(package: &RustPackage, release: &str) -> Vec<(&'static str, String)> {
    let is_pinned = release == package.release;
    let files = bundled::under(FOLDER).map(|(path, text)| (path.trim_start_matches(FOLDER), text));
    let files = files.filter(|(path, _)| is_pinned || *path != "Cargo.lock");
    let pin = |release: &str| format!("{} = {{ version = \"={release}\"", package.name);
    let named = |path| if path == MANIFEST { "Cargo.toml" } else { path };
    files.map(|(path, text)| (named(path), text.replace(&pin(package.release), &pin(release)))).collect()
}

/// Builds the program, and returns its folder.
fn cargo(cache: &Cache, folder: &Path, package: &RustPackage, release: &str) -> Result<PathBuf, SetupError> {
    let work = cache.beside()?;
    // Cargo and rustup obey the files of every folder above the one that they work in: here there is none but the user's own.
    let top = folder.ancestors().last().unwrap_or(folder);
    let cargo = || {
        let mut cargo = isolation::tool_at_work("cargo", work.path());
        // Empty ones stand for what the user's own file of settings may say.
        cargo.envs(["CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"].map(|name| (name, "")));
        cargo.current_dir(top);
        cargo
    };
    let about = ask(cargo().arg("-vV")).map_err(|what| SetupError::NoTool { what, remedy: REMEDY })?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let manifest = folder.join("Cargo.toml");
    let with_manifest = |command: &mut Command, task: &str| {
        command
            .arg(task)
            .arg("--manifest-path")
            .arg(&manifest)
            .args((release == package.release).then_some("--locked"));
    };
    let failed = |failure: Failure| failure.of_install(cache, "cargo", (package.name, release));
    let mut build = cargo();
    with_manifest(&mut build, "build");
    build.args(["--release", "--quiet", "--bin", package.adapter, "--target", host, "--target-dir"]);
    check(build.arg(folder.join("target")).run_to_end()).map_err(failed)?;
    let mut metadata = cargo();
    with_manifest(&mut metadata, "metadata");
    let told = check(metadata.args(["--format-version", "1", "--offline"]).run_to_end()).map_err(failed)?;
    comes_from_a_registry(&told, package.name).map_err(|why| failed(Failure::new(&why)))?;
    Ok(folder.join("target").join(host).join("release"))
}

/// Settings of the user can put a folder in the place of a crate. Then its version says nothing.
fn comes_from_a_registry(metadata: &str, name: &str) -> Result<(), String> {
    let metadata: Json = crate::json::from_str(metadata).map_err(|error| error.to_string())?;
    let of_name = |package: &&Json| package["name"] == name;
    let package = metadata["packages"].as_array().and_then(|packages| packages.iter().find(of_name));
    let source = package.and_then(|package| package["source"].as_str()).unwrap_or_default();
    match source.starts_with("registry+") || source.starts_with("sparse+") {
        true => Ok(()),
        false => Err(format!(
            "cargo takes {name} from {} and not from a registry: remove [patch] and paths from config.toml in CARGO_HOME",
            package.and_then(|package| package["manifest_path"].as_str()).unwrap_or("somewhere")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::known::ITSDANGEROUS;
    use super::*;

    #[test]
    fn a_crate_that_a_setting_replaces_by_a_folder_is_refused() {
        let told = |source: &str| {
            let package = format!(r#"{{"name": "port", "source": {source}, "manifest_path": "/fork/Cargo.toml"}}"#);
            comes_from_a_registry(
                &format!(r#"{{"packages": [{{"name": "other", "source": null}}, {package}]}}"#),
                "port",
            )
        };
        assert_eq!(told(r#""registry+https://index""#), Ok(()));
        assert!(told("null").unwrap_err().contains("/fork/Cargo.toml"));
        assert!(comes_from_a_registry("{}", "port").is_err());
    }

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
