//! The folder in which everything is set up.
//!
//! Each part is made in a folder whose name begins with `partial-`, and renamed when it is complete. Every process that sets
//! something up, or runs what is set up, holds a shared lock on the cache. So if nobody holds the lock, a partial folder was left
//! by an interrupted run, and is removed.

use super::{
    SetupError, contents,
    folder::{self, FILES, PARTIAL, TAG, TAG_TEXT, cannot_write, folder, lock_file, trusted},
    trust,
};
use crate::{bundled, rules};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, DirBuilder, File},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The folder for caches.
pub(crate) struct Cache {
    folder: PathBuf,
    lease: Option<Arc<File>>,
}

impl Cache {
    /// `SESSIONPROOF_CACHE`, or the platform's own; made if it is not there, for this user alone. What interrupted runs left is
    /// removed.
    pub(crate) fn open() -> Result<Self, SetupError> {
        let named = folder()?;
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&named).map_err(|source| cannot_write(&named, source))?;
        Self::at(&trusted(&named)?)
    }

    /// The cache in a folder that can be trusted.
    pub(crate) fn at(folder: &Path) -> Result<Self, SetupError> {
        let folder = folder.to_owned();
        // One that cannot be written, or has no locks, still serves what is in it.
        if !folder.join(TAG).exists() && folder::is_cache(&folder) {
            let _ = fs::write(folder.join(TAG), TAG_TEXT);
        }
        let lock = lock_file(&folder, 0);
        if let Some(lock) = &lock {
            let partial = folder::partial(&folder);
            if !partial.is_empty() && lock.try_lock().is_ok() {
                partial.iter().for_each(|left| drop(fs::remove_dir_all(left)));
                let _ = lock.unlock();
            }
        }
        let lease = lock.filter(|lock| lock.lock_shared().is_ok()).map(Arc::new);
        Ok(Self { folder, lease })
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The lock that is held as long as something in the cache is in use.
    pub(crate) fn lease(&self) -> Option<Arc<File>> {
        self.lease.clone()
    }

    /// Where an implementation has its place; `texts` are all that it is made of.
    pub(crate) fn home<'t>(&self, name: &str, release: &str, texts: impl IntoIterator<Item = &'t str>) -> PathBuf {
        self.folder.join(format!("{name}@{release}-{}", fingerprint(texts)))
    }

    /// A folder that goes away again unless it is put in its place.
    pub(crate) fn beside(&self) -> Result<tempfile::TempDir, SetupError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PARTIAL);
        // Whatever the umask lets others do with what is in it.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        builder.tempdir_in(&self.folder).map_err(|source| cannot_write(&self.folder, source))
    }

    /// The files that travel in this binary, laid out as in the project. Damage is repaired.
    pub(crate) fn files(&self) -> Result<PathBuf, SetupError> {
        let specification = ("spec/session-lifetime.md", rules::TEXT);
        let all = || bundled::files().chain([specification]);
        let home = self.folder.join(format!("{FILES}{}", fingerprint(all().flat_map(|(path, text)| [path, text]))));
        let is_whole = |home: &Path| {
            let is_as_it_was =
                |(path, text): (&str, &str)| fs::read(home.join(path)).is_ok_and(|there| there == text.as_bytes());
            trust::is_ours_alone(home).unwrap_or_default() && all().all(is_as_it_was)
        };
        if !is_whole(&home) {
            let beside = self.beside()?;
            lay_out(beside.path(), all())?;
            self.place(beside, &home, is_whole)?;
        }
        Ok(home)
    }

    /// Writes the list of a finished folder's content, and renames the folder to its place.
    pub(crate) fn finish(
        &self,
        finished: tempfile::TempDir,
        home: &Path,
        (name, release, installed): (&str, &str, &str),
    ) -> Result<(), SetupError> {
        contents::seal(finished.path(), name, release, installed)?;
        self.place(finished, home, |home| contents::whole(home).is_some())
    }

    /// Renames a finished folder to its place. Where a whole one stands by now, another run was faster, and it serves.
    fn place(
        &self,
        finished: tempfile::TempDir,
        home: &Path,
        is_whole: impl Fn(&Path) -> bool,
    ) -> Result<(), SetupError> {
        let _alone = lock_file(&self.folder, 1).filter(|lock| lock.lock().is_ok());
        if is_whole(home) {
            return Ok(());
        }
        let cannot = |source| cannot_write(home, source);
        if fs::symlink_metadata(home).is_ok() {
            fs::remove_dir_all(home).map_err(cannot)?;
        }
        fs::rename(finished.path(), home).map_err(cannot)?;
        let _moved = finished.keep();
        Ok(())
    }
}

/// Writes files below a folder.
pub(crate) fn lay_out<'f>(
    folder: &Path,
    files: impl IntoIterator<Item = (&'f str, &'f str)>,
) -> Result<(), SetupError> {
    for (path, text) in files {
        let file = folder.join(path);
        let written = fs::create_dir_all(file.parent().unwrap_or(folder)).and_then(|()| fs::write(&file, text));
        written.map_err(|source| cannot_write(folder, source))?;
    }
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

#[cfg(test)]
mod tests {
    use super::{super::folder::LOCKS, *};

    fn entries(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != TAG && !LOCKS.contains(&name.as_str())).collect();
        names.sort();
        names
    }

    #[test]
    fn the_files_are_laid_out_once_and_whole_and_damage_is_repaired() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path()).unwrap();
        let home = cache.files().unwrap();
        assert_eq!(cache.files().unwrap(), home);
        for file in [
            "adapters/python/flask_adapter.py",
            "adapters/python/requirements-flask-3.1.3.txt",
            "vectors/generate/generate.py",
            "spec/session-lifetime.md",
        ] {
            let text = fs::read(home.join(file)).unwrap();
            fs::write(home.join(file), "").unwrap();
            cache.files().unwrap();
            assert_eq!(fs::read(home.join(file)).unwrap(), text, "{file}");
        }
        assert_eq!(entries(folder.path()).len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_is_a_file_and_nothing_that_leads_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = folder.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, folder.path().join("lock")).unwrap();
        assert!(lock_file(folder.path(), 0).is_none() && !elsewhere.exists());
        assert!(lock_file(folder.path(), 1).is_some());
    }

    #[test]
    fn what_was_placed_first_stays_and_what_is_damaged_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path()).unwrap();
        let home = cache.home("port", "1.0", ["text"]);
        assert_ne!(home, cache.home("port", "1.0", ["other text"]));
        let placed = |text| {
            let beside = cache.beside().unwrap();
            lay_out(beside.path(), [("file", text)]).unwrap();
            cache.finish(beside, &home, ("port", "1.0", "1.0")).unwrap();
            fs::read_to_string(home.join("file")).unwrap()
        };
        assert_eq!(placed("first"), "first");
        assert_eq!(placed("second"), "first");
        fs::write(home.join("file"), "").unwrap();
        assert_eq!(placed("third"), "third");
        assert_eq!(entries(folder.path()).len(), 1);
    }

    #[test]
    fn what_an_interrupted_run_left_is_removed_and_what_another_run_is_making_stays() {
        let folder = tempfile::tempdir().unwrap();
        let other = Cache::at(folder.path()).unwrap();
        let at_work = other.beside().unwrap();
        drop(Cache::at(folder.path()).unwrap());
        assert!(at_work.path().is_dir());
        // An interrupted run holds no lock any more, and removes nothing.
        let left = at_work.keep();
        drop(other);
        drop(Cache::at(folder.path()).unwrap());
        assert!(!left.exists());
    }
}
