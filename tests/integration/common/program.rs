//! The program in an empty folder, with an empty cache.

use std::{
    fs,
    process::{Command, Output},
};

/// The program with some arguments, in an empty folder with an empty cache.
pub struct Run {
    pub folder: tempfile::TempDir,
    pub command: Command,
}

impl Run {
    pub fn new(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sessionproof"));
        command.args(arguments).current_dir(folder.path()).env("SESSIONPROOF_CACHE", folder.path().join("cache"));
        Self { folder, command }
    }

    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    pub fn done(mut self) -> Done {
        let output = self.command.output().unwrap();
        Done { output, folder: self.folder }
    }
}

pub struct Done {
    pub output: Output,
    pub folder: tempfile::TempDir,
}

impl Done {
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// Ended with status 2 and one error that says all of this.
    pub fn is_refused_with(&self, parts: &[&str]) {
        let stderr = self.stderr();
        assert_eq!(self.output.status.code(), Some(2), "{stderr}\n{}", self.stdout());
        assert_eq!(stderr.matches("error:").count(), 1, "{stderr}");
        for part in parts {
            assert!(stderr.contains(part), "{part:?} is not in {stderr}");
        }
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}
