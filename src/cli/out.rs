//! Everything that the commands print, through the door for foreign text: whatever a command forgot, nothing reaches a terminal or
//! a log that would act on it. No other module prints, which `clippy.toml` holds.

use sessionproof::foreign;
use std::{
    fmt,
    io::{self, Write},
};

/// Where goes what people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Out {
    /// Standard error, for what is beside the matter, and when standard output is a report's.
    StandardError,
    /// Standard output.
    StandardOutput,
}

impl Out {
    /// Prints a text for people, without its styles where there is no terminal. Where it cannot be printed, as when the terminal is
    /// gone, the run and its reports go on.
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

    /// Writes a text for programs as it is: a report, which went through the door of its own format.
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
