//! Whether an adapter follows the protocol. The implementation behind it is not judged.
//!
//! Each check is made by itself, on one copy of the adapter, which is started again after a failed check. Answers about cookies
//! count only where the protocol shows in them: values come back unchanged, and the clock is the request's.

mod checks;
mod conversation;
pub mod finding;
mod ways;

use crate::adapter::subprocess::{hello, messages};
use crate::json::{Json, json};
use crate::{
    adapter::{AdapterError, Program},
    processes,
    protocol::{Capabilities, Choices},
};
use conversation::Conversation;
use finding::{Finding, Verdict, Violation};
use std::time::{Duration, Instant};

/// How long an adapter may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For one reply, hello included.
    pub call: Duration,
    /// For all checks together.
    pub run: Duration,
}

/// Why a check did not pass.
enum Stop {
    Violation(Violation),
    NotAsked(String),
    /// The implementation raised on what it should write.
    Raised(Violation),
}

impl From<Violation> for Stop {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

/// What was seen of a check that passed.
type Seen = Result<String, Stop>;

/// Runs every check in turn, and calls `found` with each result at once. It stops after a hello that cannot be used, and after a
/// reply that is not flushed.
///
/// # Errors
///
/// The program cannot be started, or reports another release than the one that was set up; or this process was interrupted.
pub fn run(
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
    let mut note = |check, seen: Seen| {
        let verdict = match seen {
            Ok(what) => Verdict::Passed(what),
            Err(Stop::Violation(violation) | Stop::Raised(violation)) => Verdict::Failed(violation),
            Err(Stop::NotAsked(why)) => Verdict::NotAsked(why),
        };
        let finding = Finding { check, verdict };
        found(&finding);
        let is_failed = finding.is_failed();
        findings.push(finding);
        is_failed
    };

    // An adapter that this process ended has failed nothing.
    let going_on = || processes::interruption().map_or(Ok(()), Err);
    let reply = conversation.start()?;
    going_on()?;
    let hello = match reply.and_then(|reply| greeting(&conversation, &reply)) {
        Ok(hello) => hello,
        Err(violation) => {
            note("hello", Err(violation.into()));
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
    let mut first_to_fix = None;
    for (check, ask) in checks::ALL {
        let seen = match first_to_fix {
            _ if Instant::now() >= deadline => {
                Err(Stop::NotAsked("the time for the run is over; raise --time-limit".to_owned()))
            }
            Some(broken) if checks::rests_on(check, broken) => match ask(&mut conversation, &hello) {
                Err(Stop::Violation(_) | Stop::Raised(_)) => Err(Stop::NotAsked(format!("fix {broken} first"))),
                seen => seen,
            },
            _ => ask(&mut conversation, &hello),
        };
        going_on()?;
        if note(check, seen) && ["ids", "clock"].contains(&check) {
            first_to_fix = first_to_fix.or(Some(check));
        }
    }
    Ok(findings)
}

/// The hello in a reply.
fn greeting(conversation: &Conversation, reply: &Json) -> Result<Capabilities, Violation> {
    let remedy = "Section `hello` of spec/adapter-protocol.md shows a hello and lists its members.";
    let wrong = |why: &str| conversation.violation(why, remedy);
    let hello = hello::from_json(reply).map_err(|why| wrong(&why))?;
    if hello.name.is_empty() {
        return Err(wrong("\"name\" is empty"));
    }
    let choices = json!(Choices::default());
    let named = reply.pointer("/ok/choices").and_then(Json::as_object);
    if let Some(name) = named.into_iter().flat_map(|named| named.keys()).find(|name| choices.get(name).is_none()) {
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
