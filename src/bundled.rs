//! The files inside the binary: vectors; with the feature `cli`, also adapters and the scripts that make vectors. They are
//! compressed, and inflated once when the first is asked for.

use std::{ops::Range, sync::OnceLock};

/// The length of all texts, and where each file's text is among them, in the order of paths.
type Index = (usize, &'static [(&'static str, Range<usize>)]);

static INDEX: Index = include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

/// All texts, one behind the other.
fn texts() -> &'static str {
    static TEXTS: OnceLock<String> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let deflated = include_bytes!(concat!(env!("OUT_DIR"), "/bundled.zlib"));
        let texts = crate::stock_zlib::inflate(deflated, INDEX.0).unwrap_or_default();
        String::from_utf8(texts).unwrap_or_default()
    })
}

/// Every file with its path from the top of the project, in the order of paths.
pub fn files() -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
    INDEX.1.iter().map(|(path, place)| (*path, texts().get(place.clone()).unwrap_or_default()))
}

/// The files whose path begins with `prefix`.
pub fn under(prefix: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    files().filter(move |(path, _)| path.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    #[test]
    fn every_file_is_there_as_it_is_on_disk() {
        assert!(files().count() > 50);
        for (path, text) in files() {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
            assert_eq!(fs::read_to_string(file).unwrap(), text, "{path}");
        }
    }
}
