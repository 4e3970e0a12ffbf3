//! The live mode: servers that are judged where they run, and everything that can go wrong on the way.
//!
//! - `in_rust`: a probe in this process, answered by the model, so that the translation is compared with what it must give back;
//! - `false_servers`: servers that want sessions under a key which they do not have, or other sessions than Flask's;
//! - `hostile`: servers that are down, slow or something else;
//! - `marks`: that whatever is signed for a server is marked;
//! - `mounted`: what a probe in a real application shows to others, and leaves behind;
//! - `shapes`: the probe in applications of many shapes;
//! - `real`: Flask on gunicorn behind nginx, Quart on Hypercorn, and applications that are wrong on purpose.

#![cfg(unix)]

mod false_servers;
mod hostile;
mod in_rust;
mod marks;
mod mounted;
pub(crate) mod probe;
mod real;
mod shapes;

use std::{
    path::PathBuf,
    process::{Command, Output},
    time::{Duration, Instant},
};

/// What the key file of every test holds. No output and no file may ever hold it.
const KEY: &str = "the real key of a server under test";

/// `sessionproof check --url` in a folder of its own, with more arguments.
fn check(folder: &tempfile::TempDir, url: &str, arguments: &[&str]) -> Ended {
    let key = folder.path().join("key");
    std::fs::write(&key, format!("{KEY}\n")).unwrap();
    let began = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_sessionproof"))
        .current_dir(folder.path())
        .args(["check", "--url", url, "--secret-key-file", "key"])
        .args(arguments)
        .output()
        .unwrap();
    Ended { output, took: began.elapsed(), folder: folder.path().to_owned() }
}

/// A run that ended.
struct Ended {
    output: Output,
    took: Duration,
    folder: PathBuf,
}

impl Ended {
    /// Standard output and error.
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned() + &String::from_utf8_lossy(&self.output.stderr)
    }

    /// Checks the exit status and words of the output. The key is nowhere in it.
    #[track_caller]
    fn with(self, status: i32, words: &[&str]) -> Self {
        let text = self.text();
        assert_eq!(self.output.status.code(), Some(status), "{text}");
        for word in words {
            assert!(text.contains(word), "{word:?} is missing in:\n{text}");
        }
        assert!(!text.contains(KEY), "the key was shown:\n{text}");
        for file in walk(&self.folder) {
            let is_key = file.file_name().is_some_and(|name| name == "key");
            let held = String::from_utf8_lossy(&std::fs::read(&file).unwrap_or_default()).contains(KEY);
            assert!(is_key || !held, "{} holds the key", file.display());
        }
        self
    }

    #[track_caller]
    fn within(self, seconds: u64) -> Self {
        assert!(self.took < Duration::from_secs(seconds), "it took {:?}", self.took);
        self
    }
}

/// The files that runs write: failures and reports.
fn walk(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let below = |path: PathBuf| if path.is_dir() { walk(&path) } else { vec![path] };
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_none_or(|end| end != "py"))
        .flat_map(below)
        .collect()
}
