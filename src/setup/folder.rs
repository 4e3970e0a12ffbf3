//! The folder of the cache: where it is, what belongs to it by its name, and who may write to it.

use super::{SetupError, trust, version};
use directories::ProjectDirs;
use std::{
    env,
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// The file on which locks are held, and the one that is held while something is put in its place.
pub(crate) const LOCKS: [&str; 2] = ["lock", "placing.lock"];
/// By this file backups and people know a cache (<https://bford.info/cachedir/>).
pub(crate) const TAG: &str = "CACHEDIR.TAG";
pub(crate) const TAG_TEXT: &str = "\
Signature: 8a477f597d28d172789f06886806bc55
# Implementations that sessionproof has set up. `sessionproof cache list` shows them, `sessionproof cache clear` removes them.
";
pub(crate) const PARTIAL: &str = "partial-";
pub(crate) const FILES: &str = "files-";

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
pub(crate) fn named_kinds(folder: &Path) -> Vec<(PathBuf, Kind)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|found| found.is_dir()));
    folders.filter_map(|entry| Some((entry.path(), kind(entry.file_name().to_str()?)?))).collect()
}

pub(crate) fn kind(folder: &str) -> Option<Kind> {
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

/// Something in a folder could not be written.
pub(crate) fn cannot_write(folder: &Path, source: io::Error) -> SetupError {
    let folder = folder.to_owned();
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            SetupError::Full { folder, output: format!("    {source}") }
        }
        _ => SetupError::Cache { folder, source },
    }
}

/// Where the cache is, or will be.
pub(crate) fn folder() -> Result<PathBuf, SetupError> {
    let named = match env::var_os("SESSIONPROOF_CACHE").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => ProjectDirs::from("", "", "sessionproof").ok_or(SetupError::NoCache)?.cache_dir().to_owned(),
    };
    std::path::absolute(&named).map_err(|source| SetupError::Cache { folder: named, source })
}

/// The folder without symbolic links, if nobody else can have put anything there.
pub(crate) fn trusted(named: &Path) -> Result<PathBuf, SetupError> {
    let asked = named.canonicalize().and_then(|folder| {
        let doubt = match trust::doubt(&folder)? {
            None => trust::doubt_of_links(named)?,
            doubt => doubt,
        };
        Ok((folder, doubt))
    });
    match asked {
        Ok((folder, None)) => Ok(folder),
        Ok((_, Some(what))) => Err(SetupError::Untrusted { folder: named.to_owned(), what }),
        Err(source) => Err(cannot_write(named, source)),
    }
}

/// A file of the cache to hold a lock on.
pub(crate) fn lock_file(folder: &Path, which: usize) -> Option<File> {
    let file = folder.join(LOCKS.get(which)?);
    // A link would lead elsewhere, and a named pipe has no end.
    if fs::symlink_metadata(&file).is_ok_and(|found| !found.is_file()) {
        return None;
    }
    File::options().create(true).truncate(false).write(true).open(file).ok()
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
