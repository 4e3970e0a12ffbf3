//! The guard: a process that waits for the end of another, and then ends what that one left running.
//!
//! It reads messages on its standard input, one JSON value on each line. The end of that input is the end of the other process,
//! whatever its cause.

use super::{group, mark};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, Write},
    path::PathBuf,
    process::{ChildStdin, Command, Stdio},
};

/// A message to the guard.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Message {
    /// A process of this mark is about to begin.
    Begins(String),
    /// The process of this mark leads the group of this number.
    Leads(String, u32),
    /// Nothing of this mark is left.
    Ends(String),
    /// This file is being written.
    FileBegins(PathBuf),
    /// This file is finished.
    FileEnds(PathBuf),
}

impl Message {
    /// The message as a line.
    pub(super) fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

/// The guard as the guarded process knows it.
pub(super) enum Guard {
    /// There is none.
    None,
    /// What starts it, once there is something to guard.
    Command(Command),
    /// Where it listens.
    Listens(ChildStdin),
}

impl Guard {
    /// Tells the guard, which is started by the first process that begins. Where it cannot be, or is gone, there is none.
    pub(super) fn tell(&mut self, message: &Message) {
        if let (Self::Command(command), Message::Begins(_)) = (&mut *self, message) {
            // It holds nothing that anybody may wait for: no terminal, no output, no folder.
            command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            group::lead(command);
            *self = match command.spawn().ok().and_then(|mut started| started.stdin.take()) {
                Some(input) => Self::Listens(input),
                None => Self::None,
            };
        }
        if let Self::Listens(input) = self
            && input.write_all(message.line().as_bytes()).is_err()
        {
            *self = Self::None;
        }
    }
}

/// Stands guard: listens to the end of `input`, and ends whatever was begun and has not ended by then.
pub fn stand_guard(input: impl BufRead) {
    let mut leaders: BTreeMap<String, Option<Leader>> = BTreeMap::new();
    let mut unfinished = BTreeSet::new();
    for line in input.split(b'\n').map_while(Result::ok) {
        match crate::json::from_slice(&line) {
            Ok(Message::Begins(mark)) => drop(leaders.insert(mark, None)),
            Ok(Message::Leads(mark, number)) => drop(leaders.insert(mark, Some(Leader::of(number)))),
            Ok(Message::Ends(mark)) => drop(leaders.remove(&mark)),
            Ok(Message::FileBegins(file)) => drop(unfinished.insert(file)),
            Ok(Message::FileEnds(file)) => drop(unfinished.remove(&file)),
            // The other process was killed while it wrote.
            Err(_) => {}
        }
    }
    leaders.values().flatten().for_each(Leader::kill_group);
    if !leaders.is_empty() {
        mark::sweep(&|mark| leaders.contains_key(mark));
    }
    for file in unfinished {
        let _ = fs::remove_file(file);
    }
}

/// The leader of a group, as it was when the guard heard of it.
struct Leader {
    number: u32,
    since: Option<String>,
}

impl Leader {
    fn of(number: u32) -> Self {
        Self { number, since: since(number) }
    }

    /// Only the system, after the end of the guarded process, reaps a leader before the message about its end: the number may
    /// have become a stranger's by now.
    fn kill_group(&self) {
        if since(self.number).is_none_or(|since| self.since == Some(since)) {
            group::kill(self.number);
        }
    }
}

/// When a process began, in the system's own count; `None` if there is no such process, or the system does not tell.
fn since(number: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name comes first, in brackets, and may hold anything.
    stat.rsplit(')').next()?.split_whitespace().nth(19).map(str::to_owned)
}
