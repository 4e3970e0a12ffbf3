//! The Pythons on this machine, and which of them runs a release.

use super::{SetupError, isolation, tools::ask};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// A release of Python, as in 3.9.
pub(crate) type Minor = (u32, u32);

/// The newest Python that is looked for by its number.
const NEWEST: Minor = (3, 19);

/// A Python on this machine.
#[derive(Debug)]
pub(crate) struct Python {
    pub(crate) path: PathBuf,
    pub(crate) version: Minor,
    /// What distinguishes it from others: its place and its version.
    pub(crate) identity: String,
}

/// Which Python is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    /// An older one will not do.
    pub(crate) oldest: Minor,
    /// A newer one is taken only if there is no other; `None` if every newer one is as good.
    pub(crate) newest: Option<Minor>,
    /// Whether it is also looked for by its number, since a release was asked for that may need another one than the user's own.
    pub(crate) anywhere: bool,
}

impl Wanted {
    fn fits(&self, version: Minor) -> bool {
        version >= self.oldest && self.newest.is_none_or(|newest| version <= newest)
    }
}

/// The Python that a user names. Otherwise the first that fits of `python3`, `python`, and, if wanted, the others on this machine
/// (the newest first). If all are too new, the first of these.
pub(crate) fn find(named: Option<&Path>, wanted: Wanted, folder: &Path) -> Result<Python, SetupError> {
    let no = |what| SetupError::NoPython { what, oldest: format!("{}.{}", wanted.oldest.0, wanted.oldest.1) };
    if let Some(path) = named {
        return ask_version(&isolation::absolute(path), wanted.oldest, folder).map_err(no);
    }
    let (mut problems, mut too_new) = (Vec::new(), None);
    for name in ["python3", "python"] {
        match ask_version(Path::new(name), wanted.oldest, folder) {
            Ok(python) if wanted.fits(python.version) => return Ok(python),
            Ok(python) => too_new = too_new.or(Some(python)),
            Err(what) => problems.push(what),
        }
    }
    for path in wanted.anywhere.then(|| others(wanted)).into_iter().flatten() {
        if let Ok(python) = ask_version(&path, wanted.oldest, folder)
            && wanted.fits(python.version)
        {
            return Ok(python);
        }
    }
    too_new.ok_or_else(|| no(problems.join("; ")))
}

/// Where other Pythons may be, the newest first: by their numbers in PATH, and where pyenv and uv put them.
fn others(wanted: Wanted) -> Vec<PathBuf> {
    let home = env::home_dir();
    let below = |variable: &str, in_home: &str| {
        // A relative one would lead into the working directory.
        let named = env::var_os(variable).map(PathBuf::from).filter(|folder| folder.is_absolute());
        named.or_else(|| Some(home.as_deref()?.join(in_home)))
    };
    let managed = [
        below("PYENV_ROOT", ".pyenv").map(|folder| folder.join("versions")),
        below("UV_PYTHON_INSTALL_DIR", ".local/share/uv/python"),
    ];
    let names: Vec<_> = managed.iter().flatten().flat_map(|folder| entries(folder)).collect();
    let newest = wanted.newest.unwrap_or(NEWEST);
    let mut paths = Vec::new();
    for minor in (wanted.oldest.1..=newest.1).rev() {
        paths.push(PathBuf::from(format!("python3.{minor}")));
        // As in `3.9.18`, and `cpython-3.9.18-linux-x86_64-gnu`.
        let number = format!("3.{minor}.");
        let of_minor = names.iter().filter(|(name, _)| name.trim_start_matches("cpython-").starts_with(&number));
        paths.extend(of_minor.map(|(_, path)| path.join("bin").join("python3")));
    }
    paths
}

/// The names in a folder with their paths, in the order of names.
fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let found = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut named: Vec<_> =
        found.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())).collect();
    named.sort();
    named
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_python_is_named_in_the_error() {
        let wanted = Wanted { oldest: (3, 9), newest: None, anywhere: true };
        let error = find(Some(Path::new("no-such-python")), wanted, Path::new("/")).unwrap_err().to_string();
        assert!(error.contains("no-such-python") && error.contains("--python"), "{error}");
    }

    #[test]
    fn a_python_of_its_day_comes_before_a_newer_one() {
        let wanted = Wanted { oldest: (3, 6), newest: Some((3, 9)), anywhere: true };
        for (version, fits) in [((3, 5), false), ((3, 6), true), ((3, 9), true), ((3, 10), false)] {
            assert_eq!(wanted.fits(version), fits, "{version:?}");
        }
        let paths = others(wanted);
        let names: Vec<_> = paths.iter().filter(|path| path.components().count() == 1).collect();
        assert_eq!(
            names,
            [Path::new("python3.9"), Path::new("python3.8"), Path::new("python3.7"), Path::new("python3.6")]
        );
    }
}
