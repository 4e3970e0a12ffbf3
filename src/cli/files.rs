//! Files that are written completely or not at all.

use sessionproof::processes::Unfinished;
use std::{
    fs,
    io::{self, ErrorKind, Write},
    path::Path,
};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Everybody that the umask allows: for files that others use, such as a list for version control.
    Everybody,
    /// Its owner alone, whatever the umask says: answers of an application may give access to it.
    Owner,
}

/// Refuses a path where something other than a file stands, which a file would replace: a folder, a device such as `/dev/null`, a
/// named pipe, or a link to an open file, such as `/dev/stdout`.
pub fn is_place_for_file(path: &Path) -> io::Result<()> {
    let is_other = fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
    if is_other || fs::read_link(path).is_ok_and(|target| target.starts_with("/proc")) {
        return Err(io::Error::new(
            ErrorKind::InvalidInput,
            "it is a device, a pipe or the like, and a file would replace it",
        ));
    }
    if path.is_dir() { Err(ErrorKind::IsADirectory.into()) } else { Ok(()) }
}

/// Writes a temporary file in the same folder and renames it. A missing folder is made. An existing file is replaced, with its
/// permissions. What [`is_place_for_file`] refuses stays as it is.
pub fn write_atomic(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    is_place_for_file(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".partial-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(match readers {
        Readers::Everybody => 0o666,
        Readers::Owner => 0o600,
    }));
    #[cfg(not(unix))]
    let _ = readers;
    let mut beside = builder.tempfile_in(folder)?;
    let _unfinished = Unfinished::new(beside.path());
    beside.write_all(text.as_bytes())?;
    beside.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_in_a_folder_that_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deeper").join("file.json");
        write_atomic(&path, "text", Readers::Everybody).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "text");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused_and_stays_as_it_is() {
        use std::os::unix::{
            fs::{FileTypeExt, symlink},
            net::UnixListener,
        };
        let folder = tempfile::tempdir().unwrap();
        let [socket, link, output] = ["socket", "link", "output"].map(|name| folder.path().join(name));
        let _listener = UnixListener::bind(&socket).unwrap();
        symlink(&socket, &link).unwrap();
        symlink("/proc/self/fd/1", &output).unwrap();
        for path in [&socket, &link, &output] {
            let error = write_atomic(path, "text", Readers::Owner).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        }
        assert!(fs::symlink_metadata(&socket).unwrap().file_type().is_socket());
        assert!(
            fs::symlink_metadata(&link).unwrap().is_symlink() && fs::symlink_metadata(&output).unwrap().is_symlink()
        );
        assert!(write_atomic(folder.path(), "text", Readers::Owner).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_for_its_owner_replaces_one_that_everybody_could_read() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.json");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        fs::write(&path, "older").unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
        write_atomic(&path, "text", Readers::Owner).unwrap();
        assert_eq!((mode(&path), fs::read_to_string(&path).unwrap().as_str()), (0o600, "text"));
        write_atomic(&path, "text", Readers::Everybody).unwrap();
        assert_eq!(mode(&path) & 0o600, 0o600);
    }
}
