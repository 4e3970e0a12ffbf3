//! Files that are written completely or not at all. Devices and pipes are written to as they are.

use sessionproof::processes::Unfinished;
use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Everybody that the umask allows: for files that others use, such as a list for version control.
    Everybody,
    /// Its owner alone, whatever the umask says: answers of an application may give access to it.
    Owner,
}

/// How many links lead from one to the next at most, as on Linux.
const LINKS: usize = 40;

/// Where a text goes, behind all links.
enum Place {
    /// A file, which may exist.
    File(PathBuf),
    /// A device such as `/dev/null`, a named pipe, or something that this process has open, such as `/dev/fd/3`: it is written to
    /// as it is.
    Stream(PathBuf),
}

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        let mut path = path.to_owned();
        for _ in 0..LINKS {
            let found = match fs::symlink_metadata(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::File(path)),
                found => found?,
            };
            if !found.is_symlink() {
                return Self::of_kind(path, &found);
            }
            let folder = folder(&path);
            if fs::canonicalize(folder)?.starts_with("/proc") {
                // Where such a link leads is no path.
                let open = fs::metadata(&path)?;
                return if open.is_dir() { Err(ErrorKind::IsADirectory.into()) } else { Ok(Self::Stream(path)) };
            }
            path = folder.join(fs::read_link(&path)?);
        }
        Err(io::Error::new(ErrorKind::InvalidInput, "too many links lead from one to the next"))
    }

    fn of_kind(path: PathBuf, found: &Metadata) -> io::Result<Self> {
        let refused = |what| Err(io::Error::new(ErrorKind::InvalidInput, what));
        if found.is_file() {
            return Ok(Self::File(path));
        }
        if found.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::FileTypeExt;
            if found.file_type().is_socket() {
                return refused("it is a socket");
            }
            if found.file_type().is_block_device() {
                return refused("it is a whole disk, and its content would be lost");
            }
            Ok(Self::Stream(path))
        }
        #[cfg(not(unix))]
        refused("it is no file")
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the folder of a file, and fails if nothing can be written there. So a long run need not end with that.
pub fn make_ready(path: &Path) -> io::Result<()> {
    match Place::of(path)? {
        Place::File(path) => beside(&path, Readers::Owner).map(drop),
        Place::Stream(path) => is_writable(&path),
    }
}

/// Writes a temporary file in the same folder and renames it. A missing folder is made. An existing file is replaced, with its
/// permissions, and a link leads on to the new one. What is no file, such as `/dev/null` or a named pipe, is written to.
pub fn write_atomic(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    match Place::of(path)? {
        Place::File(path) => {
            let (mut beside, _unfinished) = beside(&path, readers)?;
            beside.write_all(text.as_bytes())?;
            beside.persist(path).map(drop).map_err(|error| error.error)
        }
        Place::Stream(path) => write_through(&path, text),
    }
}

/// A temporary file beside another, whose folder is made.
fn beside(path: &Path, readers: Readers) -> io::Result<(NamedTempFile, Unfinished)> {
    let folder = folder(path);
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
    let beside = builder.tempfile_in(folder)?;
    let unfinished = Unfinished::new(beside.path());
    Ok((beside, unfinished))
}

/// Whether a device or a pipe may be written to. It is not opened: a reader would take that for the whole.
#[cfg(unix)]
fn is_writable(path: &Path) -> io::Result<()> {
    use rustix::fs::{Access, access};
    Ok(access(path, Access::WRITE_OK)?)
}

#[cfg(not(unix))]
fn is_writable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Writes a text to a device or a pipe.
fn write_through(path: &Path, text: &str) -> io::Result<()> {
    let _reader = has_reader(path)?;
    // What others write there, such as the text for people, is not written over.
    let mut stream = OpenOptions::new().append(true).open(path)?;
    stream.write_all(text.as_bytes())
}

/// Fails if nobody reads a named pipe: to open it would wait for ever.
#[cfg(unix)]
fn has_reader(path: &Path) -> io::Result<Option<File>> {
    use rustix::{fs::OFlags, io::Errno};
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
    if !fs::metadata(path)?.file_type().is_fifo() {
        return Ok(None);
    }
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let opened = OpenOptions::new().write(true).custom_flags(flags).open(path);
    opened.map(Some).map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::NXIO) => io::Error::new(ErrorKind::NotConnected, "it is a named pipe, and nobody reads it"),
        _ => error,
    })
}

#[cfg(not(unix))]
fn has_reader(_: &Path) -> io::Result<Option<File>> {
    Ok(None)
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
    fn a_socket_and_a_folder_are_refused_and_stay_as_they_are() {
        use std::os::unix::{
            fs::{FileTypeExt, symlink},
            net::UnixListener,
        };
        let folder = tempfile::tempdir().unwrap();
        let [socket, link, round] = ["socket", "link", "round"].map(|name| folder.path().join(name));
        let _listener = UnixListener::bind(&socket).unwrap();
        symlink(&socket, &link).unwrap();
        symlink(&round, &round).unwrap();
        for path in [&socket, &link, &round] {
            for error in [write_atomic(path, "text", Readers::Owner).unwrap_err(), make_ready(path).unwrap_err()] {
                assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            }
        }
        assert!(fs::symlink_metadata(&socket).unwrap().file_type().is_socket());
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(write_atomic(folder.path(), "text", Readers::Owner).is_err() && make_ready(folder.path()).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_on_to_the_file_that_is_written() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let [file, link, second, new] =
            ["deep/file", "link", "second", "made/new"].map(|name| folder.path().join(name));
        symlink("deep/file", &link).unwrap();
        symlink("link", &second).unwrap();
        for path in [&link, &second] {
            make_ready(path).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap_or_default().len(), if path == &link { 0 } else { 4 });
            write_atomic(path, "text", Readers::Owner).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), "text");
            assert!(fs::symlink_metadata(path).unwrap().is_symlink());
        }
        make_ready(&new).unwrap();
        assert_eq!(fs::read_dir(new.parent().unwrap()).unwrap().count(), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn devices_and_pipes_are_written_to() {
        use std::{
            os::{fd::AsRawFd, unix::fs::FileTypeExt},
            process::Command,
            thread,
        };
        let folder = tempfile::tempdir().unwrap();
        let [pipe, kept] = ["pipe", "kept"].map(|name| folder.path().join(name));
        write_atomic(Path::new("/dev/null"), "text", Readers::Owner).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        assert_eq!(write_atomic(Path::new("/dev/full"), "text", Readers::Owner).unwrap_err().raw_os_error(), Some(28));

        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        make_ready(&pipe).unwrap();
        let error = write_atomic(&pipe, "text", Readers::Owner).unwrap_err();
        assert!(error.to_string().contains("nobody reads it"), "{error}");
        let reader = thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).unwrap()
        });
        let long = "text".repeat(100_000);
        while write_atomic(&pipe, &long, Readers::Owner).is_err() {
            thread::yield_now();
        }
        assert_eq!(reader.join().unwrap(), long);
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());

        let open = File::create(&kept).unwrap();
        let descriptor = PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd()));
        make_ready(&descriptor).unwrap();
        (&open).write_all(b"before ").unwrap();
        write_atomic(&descriptor, "text", Readers::Owner).unwrap();
        assert_eq!(fs::read_to_string(&kept).unwrap(), "before text");
        assert!(make_ready(Path::new("/proc/self/cwd")).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_that_takes_no_file_is_refused_before_there_is_anything_to_write() {
        assert!(make_ready(Path::new("/proc/report.json")).is_err());
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
