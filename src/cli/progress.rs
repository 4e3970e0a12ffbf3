//! A progress bar on standard error, if that is a terminal.

use super::out::note;
use indicatif::{ProgressBar, ProgressStyle};
use sessionproof::{foreign, suite::running::run::Event};

/// The progress of a run.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub fn new() -> Self {
        // indicatif draws on standard error, and hides what is drawn where that is no terminal.
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos:>6}/{len} {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Shows what happens.
    pub fn follow(&mut self, event: Event<'_>) {
        match event {
            Event::Checked(checks) => self.bar.inc(checks as u64),
            Event::Broke(_) | Event::Failed(_) => {}
            Event::Part { name, checks } => {
                self.bar.reset();
                self.bar.set_length(checks as u64);
                self.bar.set_message(name.to_owned());
            }
        }
    }

    /// Hides the bar while something prints.
    pub fn aside(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// The progress of something that is counted.
pub struct Counter {
    bar: ProgressBar,
}

impl Counter {
    pub fn new(all: usize, message: &'static str) -> Self {
        let bar = Progress::new().bar;
        bar.set_length(all as u64);
        bar.set_message(message);
        Self { bar }
    }

    /// Counts one.
    pub fn one_more(&self) {
        self.bar.inc(1);
    }

    /// Hides the bar while something prints.
    pub fn aside(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// Announces on a terminal what takes long and cannot be counted.
pub fn announce(what: &str) {
    use std::io::IsTerminal;
    if std::io::stderr().is_terminal() {
        note!("{}", foreign::line(what));
    }
}

/// Says what is set up and whether its hashes are known. In a log too, since code of others will run.
pub fn tell_set_up(what: &str) {
    note!("{}", foreign::line(what));
}
