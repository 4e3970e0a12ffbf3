//! Whether only this user controls a folder. Programs in the cache are run, by root too, and root must not run what somebody else
//! put there.
//!
//! Windows protects the folders of a user with its own access lists, which are not read here.

use std::{io, path::Path};

/// Why a folder, given without symbolic links, may hold what somebody else put there; `None` if it may not.
#[cfg(unix)]
pub(crate) fn doubt(folder: &Path) -> io::Result<Option<String>> {
    use std::{fs, os::unix::fs::MetadataExt};

    let user = rustix::process::geteuid().as_raw();
    for (depth, part) in folder.ancestors().enumerate() {
        let found = fs::symlink_metadata(part)?;
        let (part, owner, mode) = (part.display(), found.uid(), found.mode());
        if owner != user && owner != 0 {
            return Ok(Some(format!("{part} belongs to user {owner}, and this is user {user}")));
        }
        // In a sticky folder, such as /tmp, nobody can rename what belongs to another.
        let is_sticky = depth > 0 && mode & 0o1000 != 0;
        // Where each user has a group of the same number, nobody else is in it.
        let group_is_private = found.gid() == owner;
        let by_group = mode & 0o020 != 0 && !group_is_private;
        let by_all = mode & 0o002 != 0;
        if !is_sticky && (by_group || by_all) {
            let who = if by_all { "everybody" } else { "its group" };
            return Ok(Some(format!("{part} can be written to by {who} (mode {:o})", mode & 0o7777)));
        }
    }
    Ok(None)
}

/// Whether all that is in a folder, and the folder itself, was put there by this user (or root), and nobody else can add to it. A
/// cache may have been open to others before it was made this user's alone.
#[cfg(unix)]
pub(crate) fn is_ours_alone(folder: &Path) -> io::Result<bool> {
    use std::{fs, os::unix::fs::MetadataExt};

    let user = rustix::process::geteuid().as_raw();
    let is_ours = |found: &fs::Metadata| [0, user].contains(&found.uid());
    let top = fs::symlink_metadata(folder)?;
    let by_group = top.mode() & 0o020 != 0 && top.gid() != top.uid();
    if !is_ours(&top) || by_group || top.mode() & 0o002 != 0 {
        return Ok(false);
    }
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // Python, which may run from it right now, renames what it compiles.
            let found = match entry.metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                found => found?,
            };
            if !is_ours(&found) {
                return Ok(false);
            }
            if found.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(true)
}

#[cfg(not(unix))]
pub(crate) fn is_ours_alone(_: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(not(unix))]
pub(crate) fn doubt(_: &Path) -> io::Result<Option<String>> {
    Ok(None)
}

/// Why the path to a folder, as it was named, may lead elsewhere tomorrow: a symbolic link on it that belongs to somebody else.
#[cfg(unix)]
pub(crate) fn doubt_of_links(named: &Path) -> io::Result<Option<String>> {
    use std::{fs, os::unix::fs::MetadataExt};

    let user = rustix::process::geteuid().as_raw();
    for part in named.ancestors().filter(|part| !part.as_os_str().is_empty()) {
        let found = fs::symlink_metadata(part)?;
        if found.is_symlink() && ![0, user].contains(&found.uid()) {
            return Ok(Some(format!("the link {} belongs to user {}", part.display(), found.uid())));
        }
    }
    Ok(None)
}

#[cfg(not(unix))]
pub(crate) fn doubt_of_links(_: &Path) -> io::Result<Option<String>> {
    Ok(None)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt,
    };

    #[test]
    fn what_others_put_into_a_folder_or_could_is_not_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deeper").join("file");
        fs::create_dir(file.parent().unwrap()).unwrap();
        fs::write(&file, "").unwrap();
        for (mode, ours) in [(0o700, true), (0o755, true), (0o777, false), (0o1777, false)] {
            fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_ours_alone(folder.path()).unwrap(), ours, "{mode:o}");
        }
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        if std::os::unix::fs::chown(&file, Some(65534), None).is_err() {
            eprintln!("skipped: only root can give a file away");
            return;
        }
        assert!(!is_ours_alone(folder.path()).unwrap());
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_doubted_and_so_is_all_below_it() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let inner = top.join("open").join("inner");
        fs::create_dir_all(&inner).unwrap();
        let open = inner.parent().unwrap();
        for (mode, doubted) in [(0o755, false), (0o700, false), (0o777, true), (0o1777, false), (0o757, true)] {
            fs::set_permissions(open, Permissions::from_mode(mode)).unwrap();
            assert_eq!(doubt(&inner).unwrap().is_some(), doubted, "{mode:o}");
        }
        // What is put into a sticky folder itself may be anybody's.
        fs::set_permissions(open, Permissions::from_mode(0o1777)).unwrap();
        assert!(doubt(open).unwrap().unwrap().contains("everybody (mode 1777)"));
        fs::set_permissions(open, Permissions::from_mode(0o755)).unwrap();
    }
}
