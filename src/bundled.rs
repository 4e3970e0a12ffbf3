//! The files inside the binary: vectors; with the feature `cli`, also adapters and the scripts that make vectors.

/// Every file with its path from the top of the project, in the order of paths.
pub const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The files whose path begins with `prefix`.
pub fn under(prefix: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.iter().copied().filter(move |(path, _)| path.starts_with(prefix))
}
