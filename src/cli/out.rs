//! Everything that the commands print. It passes the door for foreign text, so that nothing acts on a terminal or a log even if a
//! command forgot to escape it. `clippy.toml` forbids other modules to print.

use sessionproof::foreign;
use std::{
    fmt,
    io::{self, Write},
};

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
    /// printed, as when the terminal is gone.
    pub fn print(self, text: impl fmt::Display) {
        let text = foreign::terminal(&text.to_string());
        let written = match self {
            Self::StandardError => anstream::stderr().write_all(text.as_bytes()),
            Self::StandardOutput => {
                let mut output = anstream::stdout();
                output.write_all(text.as_bytes()).and_then(|()| output.flush())
            }
        };
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
            && self == Self::StandardOutput
        {
            let _ = writeln!(anstream::stderr(), "warning: standard output cannot be written: {error}");
        }
    }

    /// Writes a text for programs unchanged: a report, which passed the door of its own format.
    pub fn write(self, text: &str) -> io::Result<()> {
        match self {
            Self::StandardError => io::stderr().lock().write_all(text.as_bytes()),
            Self::StandardOutput => io::stdout().lock().write_all(text.as_bytes()),
        }
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
