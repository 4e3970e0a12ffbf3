//! Lists what is in the cache by the names of its folders, and removes it. Other files there are left alone.

use super::{
    SetupError,
    cache::{self, FILES, LOCKS, PARTIAL, TAG, TAG_TEXT, lock_file, trusted},
    version,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Something that was set up in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Its folder.
    pub path: PathBuf,
    /// How much its files take (bytes).
    pub bytes: u64,
    /// When it was made, if the file system knows.
    pub made: Option<SystemTime>,
}

/// What a folder of the cache is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A release of an implementation.
    Implementation {
        /// Its name, as on the command line.
        name: String,
        /// The release.
        release: String,
    },
    /// Adapters, vectors and scripts, from a binary.
    Files,
    /// What a run is setting up, or an interrupted run has left.
    Partial,
}

/// The folder of the cache and its entries, in the order of names. Nothing is made.
pub fn list() -> Result<(PathBuf, Vec<Entry>), SetupError> {
    let folder = cache::folder()?;
    let found = named_kinds(&folder);
    let entry = |(path, kind): (PathBuf, Kind)| {
        let made = fs::symlink_metadata(&path).and_then(|found| found.modified()).ok();
        Entry { kind, bytes: size(&path), made, path }
    };
    let mut entries: Vec<_> = found.into_iter().map(entry).collect();
    entries.sort_by(|a, b| (&a.kind, &a.path).cmp(&(&b.kind, &b.path)));
    Ok((folder, entries))
}

/// Removes everything in the cache, or everything of one name, or one release of it. Gives what was removed.
///
/// # Errors
///
/// The folder does not look like a cache, is not this user's alone, or is in use.
pub fn clear(name: Option<&str>, release: Option<&str>) -> Result<Vec<Entry>, SetupError> {
    let (folder, entries) = list()?;
    if fs::symlink_metadata(&folder).is_err() {
        return Ok(Vec::new());
    }
    trusted(&folder)?;
    if !is_cache(&folder) {
        return Err(SetupError::NoSuchCache(folder));
    }
    let lock = lock_file(&folder, 0);
    if let Some(Err(fs::TryLockError::WouldBlock)) = lock.as_ref().map(fs::File::try_lock) {
        return Err(SetupError::InUse(folder));
    }
    let meant: Vec<_> = entries.into_iter().filter(|entry| entry.kind.is_of(name, release)).collect();
    for entry in &meant {
        let removed = fs::remove_dir_all(&entry.path);
        removed.map_err(|source| SetupError::Cache { folder: entry.path.clone(), source })?;
    }
    Ok(meant)
}

impl Kind {
    /// Whether this is meant by a name and a release on the command line; without them everything is.
    pub fn is_of(&self, name: Option<&str>, release: Option<&str>) -> bool {
        match self {
            Self::Implementation { name: found, release: of } => {
                name.is_none_or(|name| name == found) && release.is_none_or(|release| release == of)
            }
            Self::Files | Self::Partial => name.is_none(),
        }
    }
}

/// The releases of an implementation that are set up.
pub(crate) fn releases(name: &str) -> Vec<String> {
    let found = cache::folder().map(|folder| named_kinds(&folder)).unwrap_or_default();
    let release = |(_, kind)| match kind {
        Kind::Implementation { name: found, release } if found == name => Some(release),
        _ => None,
    };
    let mut releases: Vec<_> = found.into_iter().filter_map(release).collect();
    releases.sort();
    releases.dedup();
    releases
}

/// What runs are setting up in a cache, or have left.
pub(crate) fn partial(folder: &Path) -> Vec<PathBuf> {
    named_kinds(folder).into_iter().filter(|(_, kind)| *kind == Kind::Partial).map(|(path, _)| path).collect()
}

/// Whether a folder is marked as a cache, or holds nothing that is not of one.
pub(crate) fn is_cache(folder: &Path) -> bool {
    let tag = folder.join(TAG);
    let is_file = fs::symlink_metadata(&tag).is_ok_and(|found| found.is_file());
    if is_file && fs::read(&tag).is_ok_and(|tag| tag == TAG_TEXT.as_bytes()) {
        return true;
    }
    let of_cache = |entry: io::Result<fs::DirEntry>| {
        entry.is_ok_and(|entry| {
            let name = entry.file_name();
            LOCKS.iter().any(|lock| name == *lock) || name.to_str().and_then(kind).is_some()
        })
    };
    fs::read_dir(folder).is_ok_and(|mut entries| entries.all(of_cache))
}

/// The folders that are of a cache. Links are not: none is ever made.
fn named_kinds(folder: &Path) -> Vec<(PathBuf, Kind)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|found| found.is_dir()));
    folders.filter_map(|entry| Some((entry.path(), kind(entry.file_name().to_str()?)?))).collect()
}

fn kind(folder: &str) -> Option<Kind> {
    let is_fingerprint = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if folder.starts_with(PARTIAL) {
        return Some(Kind::Partial);
    }
    if folder.strip_prefix(FILES).is_some_and(is_fingerprint) {
        return Some(Kind::Files);
    }
    let (name, rest) = folder.split_once('@')?;
    let (release, fingerprint) = rest.rsplit_once('-')?;
    let is_name = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
    let fits = is_name && version(release).is_ok() && is_fingerprint(fingerprint);
    fits.then(|| Kind::Implementation { name: name.to_owned(), release: release.to_owned() })
}

/// How much the files below a folder take, links not followed.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let of_one = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.map(of_one).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_told_by_their_names() {
        let implementation = |name: &str, release: &str| {
            Some(Kind::Implementation { name: name.to_owned(), release: release.to_owned() })
        };
        for (folder, is) in [
            ("flask@3.1.3-0123456789ab", implementation("flask", "3.1.3")),
            ("itsdangerous.js@1.0.0-beta.1-0123456789ab", implementation("itsdangerous.js", "1.0.0-beta.1")),
            ("files-0123456789ab", Some(Kind::Files)),
            ("partial-aB3xYz", Some(Kind::Partial)),
            ("flask@3.1.3", None),
            ("flask@latest-0123456789ab", None),
            ("Flask\u{1b}[2J@3.1.3-0123456789ab", None),
            ("files-of-mine", None),
            ("Documents", None),
        ] {
            assert_eq!(kind(folder), is, "{folder}");
        }
    }

    #[test]
    fn a_folder_with_other_things_in_it_is_a_cache_only_if_it_is_marked() {
        let folder = tempfile::tempdir().unwrap();
        assert!(is_cache(folder.path()));
        fs::create_dir(folder.path().join("files-0123456789ab")).unwrap();
        assert!(is_cache(folder.path()));
        fs::write(folder.path().join("letter.txt"), "").unwrap();
        assert!(!is_cache(folder.path()));
        fs::write(folder.path().join(TAG), TAG_TEXT).unwrap();
        assert!(is_cache(folder.path()));
    }
}
