//! The manners of an adapter: whether it keeps to the protocol, whatever its implementation makes of cookies.
//!
//! Each manner is asked for by itself, of one copy that is started again after it broke one. What the implementation answers counts
//! only as far as a manner shows in it: that values come back, that the clock is the request's.

mod checks;
mod conversation;
mod ways;

use crate::adapter::subprocess::{hello, messages};
use crate::{
    adapter::{AdapterError, Program},
    processes,
    protocol::{Capabilities, Choices},
};
use conversation::Conversation;
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

/// How long an adapter may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For one reply, hello included.
    pub call: Duration,
    /// For all manners together.
    pub run: Duration,
}

/// What came of one manner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The manner, in a word or two.
    pub manner: &'static str,
    /// Whether the adapter has it.
    pub verdict: Verdict,
}

impl Finding {
    /// Whether the adapter was seen to be without the manner.
    pub fn is_broken(&self) -> bool {
        matches!(self.verdict, Verdict::Broken(_))
    }
}

/// Whether an adapter has a manner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does not.
    Broken(Mutant),
    /// It does, and this was seen.
    Kept(String),
    /// It could not be asked, and why.
    NotAsked(String),
}

/// How a manner is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// The line that was sent last.
    pub asked: String,
    /// What came.
    pub came: String,
    /// What to mend.
    pub remedy: String,
}

/// Why a manner was not seen to be kept.
enum Stop {
    Mutant(Mutant),
    NotAsked(String),
    /// The implementation raised on what it should write.
    Raised(Mutant),
}

impl From<Mutant> for Stop {
    fn from(mutant: Mutant) -> Self {
        Self::Mutant(mutant)
    }
}

/// What was seen of a manner that is kept.
type Seen = Result<String, Stop>;

/// Asks an adapter for each manner in turn, and tells `found` of each as soon as it is known. Nothing follows a hello that cannot
/// be used, or a reply that is not flushed. Fails when the program cannot be started, reports another release than the one that was set
/// up, and where this process is interrupted.
pub fn judge(
    program: impl Into<Program>,
    limits: Limits,
    found: &mut dyn FnMut(&Finding),
) -> Result<Vec<Finding>, AdapterError> {
    let program = program.into();
    if program.words().is_empty() {
        return Err(messages::no_command());
    }
    let deadline = Instant::now() + limits.run;
    let mut conversation = Conversation::new(&program, limits.call, deadline);
    let mut findings = Vec::new();
    let mut note = |manner, seen: Seen| {
        let verdict = match seen {
            Ok(what) => Verdict::Kept(what),
            Err(Stop::Mutant(mutant) | Stop::Raised(mutant)) => Verdict::Broken(mutant),
            Err(Stop::NotAsked(why)) => Verdict::NotAsked(why),
        };
        let finding = Finding { manner, verdict };
        found(&finding);
        let is_broken = finding.is_broken();
        findings.push(finding);
        is_broken
    };

    // What came of an adapter that was ended is no finding about it.
    let going_on = || processes::interruption().map_or(Ok(()), Err);
    let reply = conversation.start()?;
    going_on()?;
    let hello = match reply.and_then(|reply| greeting(&conversation, &reply)) {
        Ok(hello) => hello,
        Err(mutant) => {
            note("hello", Err(mutant.into()));
            return Ok(findings);
        }
    };
    program.is_what_was_set_up(&hello)?;
    note("hello", Ok(introduction(&hello)));
    let flushed = checks::flush(&mut conversation);
    going_on()?;
    if note("flush", flushed) {
        return Ok(findings);
    }
    let mut first_to_mend = None;
    for (manner, ask) in checks::ALL {
        let seen = match first_to_mend {
            _ if Instant::now() >= deadline => {
                Err(Stop::NotAsked("the time for all is over: raise --time-limit".to_owned()))
            }
            Some(broken) if checks::rests_on(manner, broken) => match ask(&mut conversation, &hello) {
                Err(Stop::Mutant(_) | Stop::Raised(_)) => Err(Stop::NotAsked(format!("mend {broken} first"))),
                seen => seen,
            },
            _ => ask(&mut conversation, &hello),
        };
        going_on()?;
        if note(manner, seen) && ["ids", "clock"].contains(&manner) {
            first_to_mend = first_to_mend.or(Some(manner));
        }
    }
    Ok(findings)
}

/// The hello in a reply.
fn greeting(conversation: &Conversation, reply: &Json) -> Result<Capabilities, Mutant> {
    let remedy = "Section `hello` of spec/adapter-protocol.md shows a hello and lists its members.";
    let wrong = |why: &str| conversation.mutant(why, remedy);
    let hello = hello::from_json(reply).map_err(|why| wrong(&why))?;
    if hello.name.is_empty() {
        return Err(wrong("\"name\" is empty"));
    }
    let choices = json!(Choices::default());
    let named = reply.pointer("/ok/choices").and_then(Json::as_object);
    if let Some(name) = named.into_iter().flat_map(|named| named.keys()).find(|name| choices.get(*name).is_none()) {
        let known: Vec<_> = choices.as_object().into_iter().flat_map(|choices| choices.keys().cloned()).collect();
        return Err(wrong(&format!("\"choices\" names {name:?}; there are {}", known.join(", "))));
    }
    Ok(hello)
}

fn introduction(hello: &Capabilities) -> String {
    let ops: Vec<_> = hello.ops.iter().map(|op| op.as_str()).collect();
    let values: Vec<_> = hello.values.iter().map(|kind| kind.as_str()).collect();
    let mut who = hello.name.clone();
    for part in [&hello.version, &hello.runtime].into_iter().filter(|part| !part.is_empty()) {
        who += &format!(" {part}");
    }
    let who = messages::shown(who.as_bytes());
    format!("{who} offers {}, for values of {}", ops.join(", "), values.join(", "))
}
