//! The messages about an adapter that breaks: what happened, the call, the end of its standard error, and the likely mistake.
//!
//! Whatever an adapter printed is shortened and escaped, so that a report stays readable and a terminal unharmed.

use super::process::Death;
use crate::{adapter::AdapterError, foreign, protocol::Call};
use std::{
    io::{self, ErrorKind},
    time::Duration,
};

/// How much of a line is shown (bytes).
const SHOWN: usize = 400;

const FLUSH: &str = "Read requests until standard input ends, and answer each within --call-timeout (raise it for a slow \
                     implementation). Always end every reply with a newline, and flush standard output.";
const STDOUT: &str = "Standard output is for replies only, one JSON object in UTF-8 on each line; print everything else to \
                      standard error. See spec/adapter-protocol.md.";
const UNTIL_THE_END: &str = "Read requests until standard input ends; answer `error` to a request instead of exiting.";

/// A stream that an adapter should have kept open.
#[derive(Clone, Copy)]
pub(crate) enum Pipe {
    /// Standard input.
    Input,
    /// Standard output.
    Output,
}

/// What else is known.
pub(crate) struct Scene {
    /// The call that was probably being answered.
    pub(crate) call: Option<String>,
    /// The end of its standard error.
    pub(crate) stderr: String,
}

impl Scene {
    /// A scene of which nothing is known.
    pub(crate) fn empty() -> Self {
        Self { call: None, stderr: String::new() }
    }

    /// The message: what happened, then this.
    fn broken(&self, what: &str, remedy: &str) -> AdapterError {
        let mut what = what.to_owned();
        if let Some(call) = &self.call {
            what += &format!("\n  the call: {call}");
        }
        what += &last_words(&self.stderr);
        AdapterError { message: what, hint: remedy.to_owned() }
    }
}

/// The call as the line that asks it.
pub(crate) fn request(call: &Call, id: u64) -> String {
    shown(call.to_line(id).as_bytes())
}

/// There is no command.
pub(crate) fn no_command() -> AdapterError {
    AdapterError {
        message: "no command was given".to_owned(),
        hint: "Name the adapter's program and its arguments.".to_owned(),
    }
}

/// The system refuses to start the program.
pub(crate) fn cannot_start(command: &[String], error: &io::Error) -> AdapterError {
    let remedy = match error.kind() {
        ErrorKind::NotFound => {
            "Check the path: it is relative to the working directory, and a bare name is looked up in PATH. The interpreter in a \
             script's first line must exist too."
        }
        ErrorKind::PermissionDenied => {
            "Make the program executable (chmod +x), or name its interpreter first, as in `python adapter.py`."
        }
        _ => {
            "Is it a program for this machine? Begin a script with a line such as `#!/usr/bin/env python3`, or name its \
             interpreter first."
        }
    };
    AdapterError {
        message: format!("cannot start the adapter {}: {error}", command_line(command)),
        hint: remedy.to_owned(),
    }
}

/// The system refuses to start a thread.
pub(crate) fn no_thread(error: &io::Error) -> AdapterError {
    AdapterError {
        message: format!("cannot start a thread to serve the adapter: {error}"),
        hint: "Raise the limit on processes and threads, or run fewer copies with --workers.".to_owned(),
    }
}

/// A copy ended without a hello.
pub(crate) fn ended_before_hello(command: &[String], how: &str, unfinished: &[u8], death: &Death) -> AdapterError {
    let scene = Scene { call: None, stderr: death.stderr.clone() };
    let what = format!("the adapter {} {how} before it answered hello{}", command_line(command), rest(unfinished));
    let remedy = "Run the command by hand and type {\"id\":0,\"op\":\"hello\",\"protocol\":1} and a newline. Are its \
                  dependencies installed?";
    scene.broken(&what, remedy)
}

/// No hello came in time.
pub(crate) fn no_hello(command: &[String], limit: Duration, scene: &Scene) -> AdapterError {
    scene.broken(&format!("the adapter {} has not answered hello within {limit:?}", command_line(command)), FLUSH)
}

/// The hello is not one.
pub(crate) fn bad_hello(line: &[u8], why: &str, scene: &Scene) -> AdapterError {
    let what = format!("the adapter's hello cannot be used: {why}\n  the line: {}", shown(line));
    scene.broken(&what, "Section `hello` of spec/adapter-protocol.md shows a hello and lists its members.")
}

/// Two copies are not the same.
pub(crate) fn other_hello(line: &[u8], scene: &Scene) -> AdapterError {
    let what = format!("a second copy of the adapter sent a different hello\n  the line: {}", shown(line));
    scene.broken(
        &what,
        "Send the same hello each time: every copy must be the same implementation with the same choices.",
    )
}

/// No reply came in time.
pub(crate) fn hang(limit: Duration, unanswered: usize, scene: &Scene) -> AdapterError {
    let others = match unanswered.saturating_sub(1) {
        0 => String::new(),
        others => format!(" (and to {others} more)"),
    };
    scene.broken(&format!("the adapter has not replied for {limit:?} to a call{others}"), FLUSH)
}

/// The time for the whole run is over.
pub(crate) fn out_of_time(limit: Duration, unanswered: usize, scene: &Scene) -> AdapterError {
    let missing = match unanswered {
        0 => "the adapter has not answered hello".to_owned(),
        _ => format!("{unanswered} calls have no reply"),
    };
    let what = format!("the run took longer than its time limit of {limit:?}; {missing}");
    scene.broken(&what, "Raise --time-limit, or run fewer cases.")
}

/// A line is not a reply.
pub(crate) fn not_a_reply(line: &[u8], why: &str, scene: &Scene) -> AdapterError {
    scene
        .broken(&format!("the adapter printed a line that is not a reply ({why})\n  the line: {}", shown(line)), STDOUT)
}

/// A line is too long.
pub(crate) fn too_long(beginning: &[u8], limit: usize, scene: &Scene) -> AdapterError {
    let what =
        format!("the adapter printed a line of more than {limit} bytes\n  the line begins: {}", shown(beginning));
    scene.broken(&what, &format!("End every reply with a newline, and keep it below the limit. {STDOUT}"))
}

/// A reply answers no waiting call.
pub(crate) fn wrong_id(line: &[u8], why: &str, scene: &Scene) -> AdapterError {
    let what = format!("the adapter printed a reply to no waiting call: {why}\n  the reply: {}", shown(line));
    scene.broken(&what, "Answer each request once, and copy its `id` unchanged into the reply.")
}

/// A reply has the right id and the wrong members.
pub(crate) fn bad_reply(line: &[u8], op: &str, why: &str) -> String {
    format!(
        "the adapter's reply cannot be read: {why}\n  the reply: {}\n  section `{op}` of spec/adapter-protocol.md shows the \
         reply and lists its members",
        shown(line)
    )
}

/// A copy ended, and not for the first time.
pub(crate) fn too_many_crashes(how: &str, crashes: usize, scene: &Scene) -> AdapterError {
    let what = format!("the adapter {how} before it had answered; {crashes} adapter processes have crashed");
    scene.broken(&what, UNTIL_THE_END)
}

/// A copy ended too early and was started again.
pub(crate) fn restarted(how: &str, scene: &Scene) -> String {
    let during = match &scene.call {
        Some(call) => format!(" during the call {call}"),
        None => String::new(),
    };
    format!("the adapter {how}{during}{}", last_words(&scene.stderr))
}

/// The reply to a call during which the adapter crashed twice.
pub(crate) fn crashed_during(how: &str, unfinished: &[u8], death: &Death) -> String {
    format!(
        "the adapter {how} during this call, and again when it got this call alone{}{}",
        rest(unfinished),
        last_words(&death.stderr)
    )
}

/// How a copy ended that closed one of its pipes first.
pub(crate) fn end_of(death: &Death, closed: Pipe) -> String {
    match closed {
        _ if death.exit.by_itself => death.exit.describe(),
        Pipe::Input => "closed its standard input and kept running".to_owned(),
        Pipe::Output => "closed its standard output and kept running".to_owned(),
    }
}

pub(crate) fn last_words(stderr: &str) -> String {
    match stderr.trim_end() {
        "" => String::new(),
        text => format!("\n  the end of its standard error:\n    {}", text.replace('\n', "\n    ")),
    }
}

fn rest(unfinished: &[u8]) -> String {
    if unfinished.is_empty() {
        return String::new();
    }
    format!("\n  after a line without a newline: {}", shown(unfinished))
}

fn command_line(command: &[String]) -> String {
    let words: Vec<String> = command.iter().map(|word| foreign::shell_word(word)).collect();
    format!("`{}`", shown(words.join(" ").as_bytes()))
}

/// One line, cut and escaped.
pub(crate) fn shown(line: &[u8]) -> String {
    let (head, more) = match line.split_at_checked(SHOWN) {
        Some((head, rest)) if !rest.is_empty() => (head, "…"),
        _ => (line, ""),
    };
    foreign::line(foreign::bytes(head)) + more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_an_adapter_printed_stays_one_line() {
        assert_eq!(shown(b"a\nb\xff"), "a\\nb\\xff");
    }

    #[test]
    fn a_long_line_is_cut_wherever_its_characters_end() {
        assert_eq!(shown(&[b'x'; SHOWN]), "x".repeat(SHOWN));
        assert_eq!(shown("é".repeat(SHOWN).as_bytes()), "é".repeat(SHOWN / 2) + "…");
        assert_eq!(shown(format!("x{}", "é".repeat(SHOWN)).as_bytes()).matches("\\xc3…").count(), 1);
    }

    #[test]
    fn a_command_is_shown_as_a_shell_reads_it() {
        let command = ["sh", "-c", "echo 'hi'", ""].map(str::to_owned);
        assert_eq!(command_line(&command), r"`sh -c 'echo '\''hi'\''' ''`");
    }
}
