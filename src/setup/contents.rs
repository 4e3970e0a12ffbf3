//! A list of what was set up in a folder: the release, and the digest of each file, so that damage is noticed.
//!
//! Python writes its `__pycache__` at any time, and pip is not needed again, so neither is checked.

use super::{SetupError, folder::cannot_write, trust};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// The file that holds this, in the folder itself.
pub(crate) const FILE: &str = "sessionproof.json";

/// Folders that are not looked at.
const SKIPPED: [&str; 2] = ["__pycache__", "pip"];

/// What was set up in a folder.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Contents {
    /// The name, as on the command line.
    pub(crate) name: String,
    /// The release that was asked for.
    pub(crate) release: String,
    /// What the package says of itself.
    pub(crate) installed: String,
    /// Each file by its path, with its digest, or where it leads.
    files: BTreeMap<String, String>,
}

/// Writes the list of what is in a finished folder.
pub(crate) fn seal(folder: &Path, name: &str, release: &str, installed: &str) -> Result<(), SetupError> {
    let read = || -> io::Result<()> {
        let mut files = BTreeMap::new();
        collect(folder, &mut PathBuf::new(), &mut files)?;
        files.remove(FILE);
        let [name, release, installed] = [name, release, installed].map(str::to_owned);
        let text = serde_json::to_string_pretty(&Contents { name, release, installed, files })?;
        fs::write(folder.join(FILE), text)
    };
    read().map_err(|source| cannot_write(folder, source))
}

/// The content of a folder, if it is unchanged since it was finished, and this user's alone.
pub(crate) fn whole(folder: &Path) -> Option<Contents> {
    if fs::symlink_metadata(folder).is_ok_and(|found| !found.is_dir()) || !trust::is_ours_alone(folder).ok()? {
        return None;
    }
    if !fs::symlink_metadata(folder.join(FILE)).ok()?.is_file() {
        return None;
    }
    let contents: Contents = crate::json::from_str(&fs::read_to_string(folder.join(FILE)).ok()?).ok()?;
    let mut files = BTreeMap::new();
    collect(folder, &mut PathBuf::new(), &mut files).ok()?;
    files.remove(FILE);
    (files == contents.files).then_some(contents)
}

fn collect(top: &Path, at: &mut PathBuf, files: &mut BTreeMap<String, String>) -> io::Result<()> {
    for entry in fs::read_dir(top.join(&*at))? {
        let entry = entry?;
        let name = entry.file_name();
        let is_folder = entry.file_type()?.is_dir();
        at.push(&name);
        if !is_folder {
            // What has no name in UTF-8 cannot be written down, and none of the packages has such files.
            if let Some(path) = at.to_str() {
                files.insert(path.to_owned(), digest_or_target(&top.join(path))?);
            }
        } else if !SKIPPED.iter().any(|skipped| name == *skipped) {
            collect(top, at, files)?;
        }
        at.pop();
    }
    Ok(())
}

/// A file's digest, or where a link leads.
fn digest_or_target(path: &Path) -> io::Result<String> {
    let found = fs::symlink_metadata(path)?;
    if found.is_symlink() {
        return Ok(format!("-> {}", fs::read_link(path)?.display()));
    }
    if !found.is_file() {
        return Err(io::Error::other(format!("{} is neither a file nor a link", path.display())));
    }
    Ok(Sha256::digest(fs::read(path)?).iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_of_any_file_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deeper").join("file");
        fs::create_dir(file.parent().unwrap()).unwrap();
        let fresh = || {
            fs::write(&file, "text").unwrap();
            seal(folder.path(), "flask", "3.1", "3.1.0").unwrap();
            let whole = whole(folder.path()).unwrap();
            assert_eq!(
                (whole.name.as_str(), whole.release.as_str(), whole.installed.as_str()),
                ("flask", "3.1", "3.1.0")
            );
            assert_eq!(whole.files.len(), 1);
        };
        fresh();
        fs::write(&file, "").unwrap();
        assert_eq!(whole(folder.path()), None);
        fresh();
        fs::write(&file, "txet").unwrap();
        assert_eq!(whole(folder.path()), None);
        fresh();
        fs::remove_file(&file).unwrap();
        assert_eq!(whole(folder.path()), None);
        fresh();
        // Python runs some files that are only there, such as those that end in `.pth`.
        let more = file.with_file_name("more.pth");
        fs::write(&more, "").unwrap();
        assert_eq!(whole(folder.path()), None);
        fs::remove_file(more).unwrap();
        fresh();
        fs::write(folder.path().join(FILE), "").unwrap();
        assert_eq!(whole(folder.path()), None);
    }

    #[test]
    fn what_python_writes_by_itself_is_no_damage() {
        let folder = tempfile::tempdir().unwrap();
        let compiled = folder.path().join("__pycache__");
        fs::create_dir(&compiled).unwrap();
        fs::write(compiled.join("a.pyc"), "one").unwrap();
        seal(folder.path(), "flask", "3.1.3", "3.1.3").unwrap();
        fs::write(compiled.join("a.pyc"), "other").unwrap();
        assert!(whole(folder.path()).is_some());
    }
}
