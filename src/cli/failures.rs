//! Failures are shown at once, and saved as vector files for `replay`.

use super::{
    files::{Readers, write_atomic},
    out::{Out, note},
};
use clap::Args;
use sessionproof::{
    evidence::vectors::{Vector, VectorFile},
    foreign,
    report::terminal,
    suite::outcome::results::{BrokenCheck, Failure, Results},
};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

/// How many failures are shown and saved, in all and of one rule. The others are only counted.
const SHOWN: usize = 20;
const SHOWN_OF_A_RULE: usize = 2;

#[derive(Args)]
pub struct Failures {
    /// The folder to save failures in, each as a file for `replay`
    #[arg(long, value_name = "DIR", default_value = "sessionproof-failures")]
    failures: PathBuf,
}

/// The failures of a run.
pub struct Folder<'a> {
    folder: &'a Path,
    /// The words that name the implementation on the command line.
    target: String,
    /// How many of each rule were shown.
    shown: BTreeMap<String, usize>,
    /// The command lines that ask what was saved again, by the ids of the vectors.
    saved: BTreeMap<String, String>,
    hidden: usize,
    warned: bool,
    out: Out,
}

impl Failures {
    /// The folder is made at the first failure. `target` names the implementation on the command line, and `out` is where
    /// failures are shown.
    pub fn folder(&self, target: String, out: Out) -> Folder<'_> {
        Folder {
            folder: &self.failures,
            target,
            shown: BTreeMap::new(),
            saved: BTreeMap::new(),
            hidden: 0,
            warned: false,
            out,
        }
    }
}

impl Folder<'_> {
    /// Shows and saves a failure.
    pub fn show(&mut self, failure: &Failure) {
        let all: usize = self.shown.values().sum();
        let of_rule = self.shown.entry(failure.rule.clone()).or_default();
        if all >= SHOWN || *of_rule >= SHOWN_OF_A_RULE {
            self.hidden += 1;
            return;
        }
        *of_rule += 1;
        let saved = self.saved(&failure.vector);
        self.out.print(terminal::failure(failure, saved.as_deref()));
    }

    /// Saves a vector, and gives the command line that asks it again.
    fn saved(&mut self, vector: &Vector) -> Option<String> {
        match self.save(vector) {
            Ok(file) => {
                let again = replay_command(&file, &self.target);
                self.saved.insert(vector.id.clone(), again.clone());
                Some(again)
            }
            Err(error) => {
                self.warn(&error);
                None
            }
        }
    }

    /// Shows and saves a check in which the adapter broke.
    pub fn show_broken(&mut self, check: &BrokenCheck) {
        let saved = self.saved(&check.vector);
        self.out.print(terminal::broken_check(check, saved.as_deref()));
    }

    /// Tells the results how to ask again, for their reports.
    pub fn tell(&self, results: &mut Results) {
        for failure in &mut results.failures {
            failure.replay = self.saved.get(&failure.vector.id).cloned();
        }
        results.target = Some(self.target.clone());
    }

    /// Says how many failures were not shown.
    pub fn end(&self) {
        if self.hidden > 0 {
            self.out.print(format!("\n… and {} more failures; show those of one rule with --rules\n", self.hidden));
        }
    }

    fn save(&self, vector: &Vector) -> io::Result<PathBuf> {
        let file = VectorFile::of_failure(vector.clone());
        let path = self.folder.join(format!("{}.json", vector.id));
        write_atomic(&path, &file.to_text(), Readers::Owner)?;
        Ok(path)
    }

    fn warn(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.warned, true) {
            let folder = foreign::path(self.folder);
            note!("warning: failures cannot be saved in {folder}: {error}\nname another folder with --failures DIR");
        }
    }
}

/// The command line that runs the vectors of a file again. This program is named as it was called.
pub fn replay_command(file: &Path, target: &str) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "sessionproof".to_owned());
    format!("{} replay {}{target}", foreign::shell_word(&program), foreign::shell_word(&file.display().to_string()))
}
