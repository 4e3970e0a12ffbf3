//! Everything that the commands print. It passes the door for foreign text, so that nothing acts on a terminal or a log even if a
//! command forgot to escape it. `clippy.toml` forbids other modules to print.
//!
//! A reader that goes away, as `head -1` does, is no error. Any other reason why standard output cannot be written is kept, and
//! the command ends with status 2.

use super::CliError;
use sessionproof::foreign;
use std::{
    fmt,
    io::{self, ErrorKind, Write},
    sync::OnceLock,
};

/// Why standard output could not be written. The first reason counts.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

/// Where text for people goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Out {
    /// Standard error: for notes, and if a report takes standard output.
    StandardError,
    /// Standard output.
    StandardOutput,
}

impl Out {
    /// Prints a text for people, without styles if there is no terminal. The run and its reports continue if it cannot be
    /// printed, as when the terminal is gone; [`unwritten`] says so at the end.
    pub fn print(self, text: impl fmt::Display) {
        let text = foreign::terminal(&text.to_string());
        match self {
            Self::StandardError => {
                let _ = anstream::stderr().write_all(text.as_bytes());
            }
            Self::StandardOutput => {
                let mut output = anstream::stdout();
                if let Err(error) = output.write_all(text.as_bytes()).and_then(|()| output.flush())
                    && error.kind() != ErrorKind::BrokenPipe
                {
                    let _ = UNWRITTEN.set(error.to_string());
                }
            }
        }
    }

    /// Writes a text for programs unchanged: a report, which passed the door of its own format.
    pub fn write(self, text: &str) -> io::Result<()> {
        let written = match self {
            Self::StandardError => io::stderr().lock().write_all(text.as_bytes()),
            Self::StandardOutput => {
                let mut output = io::stdout().lock();
                output.write_all(text.as_bytes()).and_then(|()| output.flush())
            }
        };
        unless_nobody_reads(written)
    }
}

/// Why standard output could not be written, if anything was lost.
pub fn unwritten() -> Option<&'static str> {
    UNWRITTEN.get().map(String::as_str)
}

/// What is said where standard output cannot be written.
pub fn cannot_print(error: &dyn fmt::Display) -> CliError {
    CliError(format!("standard output cannot be written: {error}\nwrite it to a place that has room"))
}

/// What came of writing, where a reader may go away.
pub fn unless_nobody_reads(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints a line on standard output.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::cli::out::Out::StandardOutput.print(format_args!("{}\n", format_args!($($text)*)))
    };
}

/// Prints a line on standard error.
macro_rules! note {
    ($($text:tt)*) => {
        $crate::cli::out::Out::StandardError.print(format_args!("{}\n", format_args!($($text)*)))
    };
}

pub(super) use {note, say};
