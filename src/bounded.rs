//! Reads a path that somebody named, whatever it is: a file, a pipe such as `<(…)`, or an endless device. It reads no more than a
//! limit, so that an endless or much too large input ends in an error and does not use up the memory.
//!
//! It does not know what is in the files.

use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    path::Path,
};

/// The bytes of a file. Where there are more than `most`, the error is of the kind [`ErrorKind::FileTooLarge`].
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_from(File::open(path)?, most)
}

/// The text of a file, which has to be UTF-8. Where it is longer than `most` bytes, the error is as in [`read`].
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    let not_text = |_| io::Error::new(ErrorKind::InvalidData, "it is not text in UTF-8");
    String::from_utf8(read(path, most)?).map_err(not_text)
}

/// The rest of a stream. Where that is more than `most` bytes, the error is as in [`read`].
pub fn read_from(stream: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("it is larger than {most} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, io::repeat};

    #[test]
    fn as_much_is_read_as_is_allowed_and_one_byte_more_is_too_much() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "12345").unwrap();
        assert_eq!(read_text(&file, 5).unwrap(), "12345");
        assert_eq!(read(&file, 4).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }

    #[test]
    fn what_has_no_end_is_too_large() {
        assert_eq!(read_from(repeat(0), 1 << 20).unwrap_err().kind(), ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_folder_is_an_error_and_so_are_bytes_that_are_no_text() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path(), 5).is_err());
        let file = folder.path().join("file");
        fs::write(&file, [0xFF]).unwrap();
        assert_eq!(read_text(&file, 5).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
