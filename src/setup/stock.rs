//! Lists what is in the cache by the names of its folders, and removes it. Other files there are left alone.

use super::{
    SetupError,
    folder::{Kind, folder, is_cache, lock_file, named_kinds, trusted},
};
use std::{
    fs,
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

/// The folder of the cache and its entries, in the order of names. Nothing is made.
pub fn list() -> Result<(PathBuf, Vec<Entry>), SetupError> {
    let folder = folder()?;
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
    let found = folder().map(|folder| named_kinds(&folder)).unwrap_or_default();
    let release = |(_, kind)| match kind {
        Kind::Implementation { name: found, release } if found == name => Some(release),
        _ => None,
    };
    let mut releases: Vec<_> = found.into_iter().filter_map(release).collect();
    releases.sort();
    releases.dedup();
    releases
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
