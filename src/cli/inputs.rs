//! What several commands read in the same way: files with keys, and lifetimes.

use super::CliError;
use sessionproof::{bounded, config::Lifetime, foreign};
use std::{io::ErrorKind, path::Path};

/// The largest file of a key, certificates or a configuration, in bytes.
const LARGEST: u64 = 1 << 20;

/// The bytes of a small file.
pub fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    bounded::read(file, LARGEST).map_err(|error| {
        let name = foreign::path(file);
        CliError(match error.kind() {
            ErrorKind::FileTooLarge => format!("{name} is larger than {LARGEST} bytes\nname another file"),
            _ => format!("{name} cannot be read: {error}\nname a file that exists and that you may read"),
        })
    })
}

/// The key in a file, without the line break that editors and `echo` write at its end.
pub fn key(file: &Path) -> Result<Vec<u8>, CliError> {
    let mut key = read(file)?;
    if key.ends_with(b"\n") {
        key.pop();
        if key.ends_with(b"\r") {
            key.pop();
        }
    }
    match key.is_empty() {
        true => {
            let name = foreign::path(file);
            Err(CliError(format!("{name} is empty, so it holds no key\nwrite the application's SECRET_KEY into it")))
        }
        false => Ok(key),
    }
}

/// A lifetime like `1800`, `0.5`, `30m` or `31d`. With a fraction it stands for a `timedelta`.
pub fn lifetime(text: &str) -> Result<Lifetime, String> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(number) => (number, text.chars().last().unwrap_or('s')),
        None => (text, 's'),
    };
    let unit: i32 = match unit {
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => 1,
    };
    let whole = number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit.into())).map(Lifetime::Seconds);
    let parts =
        || number.parse::<f64>().ok().map(|n| n * f64::from(unit)).filter(|n| n.is_finite()).map(Lifetime::Delta);
    whole
        .or_else(parts)
        .ok_or_else(|| format!("{text:?} is not a time; write seconds, or a number with s, m, h or d, as in 30m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_have_units() {
        assert_eq!(lifetime("1800"), Ok(Lifetime::Seconds(1800)));
        assert_eq!(lifetime("30m"), lifetime("1800"));
        assert_eq!(lifetime("31d"), Ok(Lifetime::default()));
        assert_eq!(lifetime("0.5"), Ok(Lifetime::Delta(0.5)));
        for text in ["", "m", "1w", "inf", "nan", "1e999"] {
            assert!(lifetime(text).unwrap_err().contains("as in 30m"), "{text}");
        }
    }

    #[test]
    fn one_line_break_at_the_end_of_a_file_is_not_part_of_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        for (text, held) in [("key", "key"), ("key\n", "key"), ("key\r\n", "key"), ("key\n\n", "key\n"), (" \n", " ")] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(key(&file).unwrap(), held.as_bytes(), "{text:?}");
        }
        for empty in ["", "\n", "\r\n"] {
            std::fs::write(&file, empty).unwrap();
            assert!(key(&file).unwrap_err().to_string().contains("SECRET_KEY"), "{empty:?}");
        }
        assert!(key(&folder.path().join("none")).unwrap_err().to_string().contains("name a file"));
    }
}
