//! The folder in which everything is set up, and how a part of it comes into its place.

use super::SetupError;
use crate::{embedded, suite::rules};
use directories::ProjectDirs;
use sha2::{Digest, Sha256};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The folder for caches.
pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// `SESSIONPROOF_CACHE`, or the platform's own; made if it is not there.
    pub(super) fn open() -> Result<Self, SetupError> {
        let folder = folder()?;
        match fs::create_dir_all(&folder).and_then(|()| folder.canonicalize()) {
            Ok(folder) => Ok(Self { folder }),
            Err(source) => Err(SetupError::Cache { folder, source }),
        }
    }

    /// Where an implementation has its place; `texts` are all that it is made of.
    pub(super) fn home<'t>(&self, name: &str, release: &str, texts: impl IntoIterator<Item = &'t str>) -> PathBuf {
        self.folder.join(format!("{name}@{release}-{}", fingerprint(texts)))
    }

    /// A folder that goes away again unless it is put in its place.
    pub(super) fn beside(&self) -> Result<tempfile::TempDir, SetupError> {
        let made = tempfile::Builder::new().prefix("partial-").tempdir_in(&self.folder);
        made.map_err(|source| SetupError::Cache { folder: self.folder.clone(), source })
    }

    /// The files that travel in this binary, laid out as in the project.
    pub(super) fn files(&self) -> Result<PathBuf, SetupError> {
        let specification = ("spec/session-lifetime.md", rules::TEXT);
        let all = || embedded::FILES.iter().copied().chain([specification]);
        let home = self.folder.join(format!("files-{}", fingerprint(all().flat_map(|(path, text)| [path, text]))));
        if home.is_dir() {
            return Ok(home);
        }
        let beside = self.beside()?;
        lay_out(beside.path(), all())?;
        place(beside, &home, |home| home.is_dir())?;
        Ok(home)
    }
}

/// The releases of an implementation that are set up. Makes nothing.
pub(super) fn releases(name: &str) -> Vec<String> {
    let entries = folder().ok().and_then(|folder| fs::read_dir(folder).ok());
    let names = entries.into_iter().flatten().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let release = |folder: String| {
        let (found, rest) = folder.split_once('@')?;
        let (release, _) = rest.rsplit_once('-')?;
        (found == name).then(|| release.to_owned())
    };
    let mut releases: Vec<_> = names.filter_map(release).collect();
    releases.sort();
    releases.dedup();
    releases
}

/// Writes files below a folder.
pub(super) fn lay_out<'f>(
    folder: &Path,
    files: impl IntoIterator<Item = (&'f str, &'f str)>,
) -> Result<(), SetupError> {
    for (path, text) in files {
        let file = folder.join(path);
        let written = fs::create_dir_all(file.parent().unwrap_or(folder)).and_then(|()| fs::write(&file, text));
        written.map_err(|source| SetupError::Cache { folder: folder.to_owned(), source })?;
    }
    Ok(())
}

/// Renames a finished folder to its place. Where a whole one stands by now, another run was faster, and it serves.
pub(super) fn place(
    finished: tempfile::TempDir,
    home: &Path,
    is_whole: impl Fn(&Path) -> bool,
) -> Result<(), SetupError> {
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

fn folder() -> Result<PathBuf, SetupError> {
    match env::var_os("SESSIONPROOF_CACHE").filter(|folder| !folder.is_empty()) {
        Some(folder) => Ok(PathBuf::from(folder)),
        None => Ok(ProjectDirs::from("", "", "sessionproof").ok_or(SetupError::NoCache)?.cache_dir().to_owned()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_laid_out_once_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache { folder: folder.path().to_owned() };
        let home = cache.files().unwrap();
        assert_eq!(cache.files().unwrap(), home);
        for file in [
            "adapters/python/flask_adapter.py",
            "adapters/python/requirements-flask-3.1.3.txt",
            "vectors/generate.py",
            "spec/session-lifetime.md",
        ] {
            assert!(home.join(file).is_file(), "{file}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_was_placed_first_stays() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache { folder: folder.path().to_owned() };
        let home = cache.home("port", "1.0", ["text"]);
        assert_ne!(home, cache.home("port", "1.0", ["other text"]));
        for text in ["first", "second"] {
            let beside = cache.beside().unwrap();
            lay_out(beside.path(), [("file", text)]).unwrap();
            place(beside, &home, |home| home.join("file").is_file()).unwrap();
        }
        assert_eq!(fs::read_to_string(home.join("file")).unwrap(), "first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
