//! Failures are shown at once, and saved as vector files for `replay`: the first of each rule always.

use super::{
    files::{Readers, write_atomic},
    out::{Out, note},
};
use clap::Args;
use sessionproof::{
    evidence::vectors::{FailedWith, Vector, VectorFile},
    foreign,
    report::terminal,
    suite::outcome::{
        broken::BrokenCheck,
        results::{Failure, Results},
    },
};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

/// How many failures are shown and saved, in all and of one rule. Of the others, the first of each rule is saved.
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
    /// What is saved of the implementation.
    failed_with: FailedWith,
    /// How many of each rule were shown; a rule whose first failure was only saved has none.
    shown: BTreeMap<String, usize>,
    /// The command lines that ask what was saved again, by the ids of the vectors.
    saved: BTreeMap<String, String>,
    hidden: usize,
    warned: bool,
    out: Out,
}

impl Failures {
    /// The folder is made at the first failure. `target` names the implementation on the command line, `failed_with` says in the
    /// saved files what failed, and `out` is where failures are shown.
    pub fn folder(&self, target: String, failed_with: FailedWith, out: Out) -> Folder<'_> {
        let (folder, shown, saved) = (&*self.failures, BTreeMap::new(), BTreeMap::new());
        Folder { folder, target, failed_with, shown, saved, hidden: 0, warned: false, out }
    }
}

impl Folder<'_> {
    /// Shows and saves a failure.
    pub fn show(&mut self, failure: &Failure) {
        let is_first = !self.shown.contains_key(&failure.rule);
        let all: usize = self.shown.values().sum();
        let of_rule = self.shown.entry(failure.rule.clone()).or_default();
        let is_shown = all < SHOWN && *of_rule < SHOWN_OF_A_RULE;
        *of_rule += usize::from(is_shown);
        self.hidden += usize::from(!is_shown);
        if !is_shown && !is_first {
            return;
        }
        let saved = self.saved(&failure.vector);
        if is_shown {
            self.out.print(terminal::failure(failure, saved.as_deref()));
        }
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

    /// The command that repeats a saved failure, with `CASE` for its id; `None` if none was saved.
    pub fn replay(&self) -> Option<String> {
        (!self.saved.is_empty()).then(|| replay_command(&self.folder.join("CASE.json"), &self.target))
    }

    fn save(&self, vector: &Vector) -> io::Result<PathBuf> {
        let implementation = Some(self.failed_with.clone());
        let file = VectorFile { implementation, ..VectorFile::of_failure(vector.clone()) };
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
