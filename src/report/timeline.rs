//! A failed story, or sequence of requests, as a timeline: a line for each event, and the first divergence marked.
//!
//! Clocks show seconds of the true time: in full at the first event, then relative to it. Ages are by the clock of the server
//! that was asked. Browsers, servers and events are counted from 1.

#![cfg_attr(not(feature = "cli"), allow(dead_code, reason = "the HTML report alone draws the rows"))]

use super::{
    overlaps::overlaps,
    style::{BAD, styled},
};
use crate::json::{Json, json};
use crate::{
    case::{
        scenario::{Scenario, Sequence},
        source::Source,
        story::{Event, Story},
    },
    clock::UnixTime,
    config::{Config, Lifetime},
    cookie_text::{set_cookie, signed_at},
    foreign,
    model::{
        browser::{Ignored, date},
        cookie_header,
    },
    protocol::{Action, Answer, Call, DuplicatesChoice, Exchange, Response},
    suite::{judging::divergence::Divergence, outcome::results::Failure},
};
use serde::Serialize;
use std::fmt::Write;

/// How wide a line is at most.
const WIDTH: usize = 110;

/// The timeline of a failure as text; `None` for a check of another kind.
pub fn timeline(failure: &Failure) -> Option<String> {
    overlaps(failure).or_else(|| Some(cast(failure) + &lines(failure)?.table()))
}

/// The events of a failure; `None` for a check of another kind.
pub(super) fn rows(failure: &Failure) -> Option<Vec<Row>> {
    Some(lines(failure)?.rows())
}

fn lines(failure: &Failure) -> Option<Lines<'_>> {
    match &failure.scenario {
        Scenario::Calls(_) | Scenario::RoundTrip(_) | Scenario::Single(_) => None,
        Scenario::Sequence(sequence) => Some(of_sequence(sequence, &failure.divergence)),
        Scenario::World(story) => Some(of_story(story, &failure.divergence)),
    }
}

/// An event of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    /// When, by the true time.
    pub(super) clock: String,
    /// What happened.
    pub(super) event: String,
    /// For a request, which cookie was sent.
    pub(super) sent: String,
    /// For a request, what the answer was; of the diverging one, what it should have been.
    pub(super) answer: String,
    /// What the diverging answer was.
    pub(super) got: Option<String>,
    /// How it is drawn.
    #[serde(skip)]
    pub(super) mark: Mark,
}

/// An event as it is drawn. Browsers and servers are counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mark {
    /// A browser gets the cookie of another.
    Copy { from: usize, to: usize },
    /// A browser asks.
    Request { browser: usize, sent: bool, change: Change },
    /// A browser is closed and started again.
    Restart { browser: usize },
    /// A server restarts.
    Server(usize),
    /// Time passes.
    #[default]
    Wait,
}

/// What an answer does to the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It deletes it.
    Deleted,
    /// The browser does not heed what it says.
    Ignored,
    /// Nothing.
    None,
    /// It sets one.
    Set,
}

/// The browsers and servers of a story whose clocks or configurations matter, a line each.
pub(super) fn cast(failure: &Failure) -> String {
    let mut text = String::new();
    let Scenario::World(story) = &failure.scenario else { return text };
    for (number, server) in story.servers.iter().enumerate() {
        let mut traits = vec![format!("lifetime {}", lifetime(server.config.lifetime))];
        if !server.config.refresh_each_request {
            traits.push("refresh off".to_owned());
        }
        if server.skew != 0 {
            traits.push(format!("clock {} s", with_sign(server.skew)));
        }
        let _ = writeln!(text, "  server {}  {}", number + 1, traits.join(", "));
    }
    for (number, browser) in story.browsers.iter().enumerate().filter(|(_, browser)| browser.skew != 0) {
        let _ = writeln!(text, "  browser {} clock {} s", number + 1, with_sign(browser.skew));
    }
    text
}

fn lifetime(lifetime: Lifetime) -> String {
    match lifetime {
        Lifetime::Delta(seconds) => format!("timedelta of {seconds} s"),
        Lifetime::Seconds(seconds) => format!("{seconds} s"),
    }
}

/// A distance in microseconds as seconds with a sign.
fn with_sign(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "+" };
    format!("{sign}{}", UnixTime::from_micros(micros.saturating_abs()))
}

/// The lines of a timeline.
struct Lines<'a> {
    start: UnixTime,
    divergence: &'a Divergence,
    lines: Vec<Line>,
}

/// One event.
#[derive(Default)]
struct Line {
    clock: String,
    event: String,
    /// For a request: what was sent, whether it was accepted, what was set.
    exchange: Option<[String; 3]>,
    /// At the divergence: what it was instead, accepted and set.
    got: Option<[String; 2]>,
    mark: Mark,
}

fn of_story<'a>(story: &Story, divergence: &'a Divergence) -> Lines<'a> {
    let mut lines = Lines { start: story.start, divergence, lines: Vec::new() };
    let mut configs: Vec<_> = story.servers.iter().map(|server| server.config.clone()).collect();
    let replay = story.replay_to(&divergence.before);
    let moments = replay.steps.iter().map(|step| (step.event, step.at, step.answer, &step.received[..]));
    let last =
        replay.pending.iter().map(|pending| (pending.event, replay.world.now, Some(divergence.before.len()), &[][..]));
    for (event, at, answer, received) in moments.chain(last) {
        let Some(what) = story.events.get(event) else { continue };
        match what {
            Event::Copy { from, to } => {
                let event = format!("copy the cookie of browser {} to browser {}", from + 1, to + 1);
                lines.event(at, event, Mark::Copy { from: *from, to: *to });
            }
            Event::Reconfigure { server, config } => {
                let old = configs.get_mut(*server).map(|old| std::mem::replace(old, config.clone()));
                let changed = old.map(|old| changes(&old, config)).unwrap_or_default();
                lines.event(at, format!("server {} restarts with {changed}", server + 1), Mark::Server(*server));
            }
            Event::Request(request) => {
                let server =
                    if story.servers.len() > 1 { format!(" → server {}", request.server + 1) } else { String::new() };
                let who = format!("browser {}{server}: ", request.browser + 1);
                let browser = (request.browser, received, request.ignore_set_cookie);
                lines.request(at, &who, &request.cookie, answer, browser);
            }
            Event::Restart { browser } => {
                lines.event(at, format!("browser {} restarts", browser + 1), Mark::Restart { browser: *browser });
            }
            Event::Wait(micros) => lines.event(at, format!("wait {} s", UnixTime::from_micros(*micros)), Mark::Wait),
        }
    }
    lines
}

fn of_sequence<'a>(sequence: &Sequence, divergence: &'a Divergence) -> Lines<'a> {
    let start = sequence.steps.first().map(|step| step.now).unwrap_or_default();
    let mut lines = Lines { start, divergence, lines: Vec::new() };
    for (number, step) in sequence.steps.iter().enumerate().take(divergence.before.len() + 1) {
        let changed: Vec<_> = step.config.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let who = if changed.is_empty() { String::new() } else { format!("({}) ", changed.join(", ")) };
        lines.request(step.now, &who, &step.cookie, Some(number), (0, &[], false));
    }
    lines
}

/// What differs between two configurations, by the names of the protocol.
fn changes(old: &Config, new: &Config) -> String {
    let (old, new) = (json!(old), json!(new));
    let (Json::Object(old), Json::Object(new)) = (old, new) else { return String::new() };
    let changed = new.iter().filter(|(name, value)| old.get(name.as_str()) != Some(value));
    let shown = changed.map(|(name, value)| format!("{name}={value}"));
    let back =
        old.keys().filter(|name| !new.contains_key(name.as_str())).map(|name| format!("{name} back to its default"));
    let all: Vec<_> = shown.chain(back).collect();
    if all.is_empty() { "the same configuration".to_owned() } else { all.join(", ") }
}

impl Lines<'_> {
    fn clock(&self, at: UnixTime) -> String {
        match self.lines.is_empty() {
            true => at.to_string(),
            false => self.relative(at),
        }
    }

    fn relative(&self, at: UnixTime) -> String {
        with_sign(at.micros().saturating_sub(self.start.micros()))
    }

    fn event(&mut self, at: UnixTime, event: String, mark: Mark) {
        self.lines.push(Line { clock: self.clock(at), event: foreign::line(event), mark, ..Line::default() });
    }

    /// A request with its answer; one that no server answered has none.
    fn request(
        &mut self,
        at: UnixTime,
        who: &str,
        source: &Source,
        answer: Option<usize>,
        (browser, received, lost): (usize, &[Result<(), Ignored>], bool),
    ) {
        let before = &self.divergence.before;
        let diverging = (&self.divergence.call, &self.divergence.expected);
        let answered = answer.and_then(|number| match before.get(number) {
            Some((call, answer)) => Some((call, answer)),
            None => (number == before.len()).then_some(diverging),
        });
        let Some((Call::Exchange(call), Answer::Exchange(expected))) = answered else {
            let mark = Mark::Request { browser, sent: false, change: Change::None };
            return self.event(at, format!("{who}nobody answers"), mark);
        };
        let heeded = match received.iter().find_map(|received| received.err()) {
            _ if lost => " (answer lost)",
            Some(_) => " (ignored)",
            None => "",
        };
        let set = |exchanged| format!("{}{heeded}", self.set(exchanged, call));
        let got_is_shown = answer == Some(before.len());
        let got = match &self.divergence.got {
            Answer::Exchange(got) if got_is_shown => Some([verdict(got, call), set(got)].map(foreign::line)),
            _ => None,
        };
        let shown = match &self.divergence.got {
            Answer::Exchange(got) if got_is_shown => got,
            _ => expected,
        };
        let change = match change(shown, call) {
            Change::Deleted | Change::Set if !heeded.is_empty() => Change::Ignored,
            change => change,
        };
        self.lines.push(Line {
            clock: self.clock(at),
            event: foreign::line(format!("{who}{} {} {}", call.method, call.path, actions(&call.actions))),
            exchange: Some([sent(call, source), verdict(expected, call), set(expected)].map(foreign::line)),
            got,
            mark: Mark::Request { browser, sent: session_cookie(call).is_some(), change },
        });
    }

    /// What an answer set.
    fn set(&self, exchanged: &Response, call: &Exchange) -> String {
        let Some(cookie) = set_cookie(exchanged, call) else { return "nothing set".to_owned() };
        if cookie.value.is_empty() {
            return "deleted".to_owned();
        }
        match cookie.attributes.get("expires") {
            None => "set, no Expires".to_owned(),
            Some(text) => match date::parse(text) {
                Some(seconds) => format!("set until {}", self.relative(UnixTime::from_seconds(seconds))),
                None => format!("set until {text:?}"),
            },
        }
    }

    fn rows(&self) -> Vec<Row> {
        let row = |line: &Line| {
            let answer =
                line.exchange.as_ref().map(|[_, verdict, set]| format!("{verdict}, {set}")).unwrap_or_default();
            let (answer, got) = match &line.got {
                Some(got) => {
                    let (expected, got) = self.both(line, got);
                    (expected, Some(got))
                }
                None => (answer, None),
            };
            let sent = line.exchange.as_ref().map(|[sent, ..]| sent.clone()).unwrap_or_default();
            Row { clock: line.clock.clone(), event: line.event.clone(), sent, answer, got, mark: line.mark }
        };
        self.lines.iter().map(row).collect()
    }

    fn table(&self) -> String {
        let rows: Vec<[&str; 5]> = self.lines.iter().map(Line::cells).collect();
        let widest =
            |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        let [clock, sent, verdict, set] = [0, 2, 3, 4].map(|column| widest(column).unwrap_or(0).max(4));
        // Mark and number, and two spaces between columns.
        let room = WIDTH.saturating_sub(7 + clock + sent + verdict + set + 8).max(20);
        let event = widest(1).unwrap_or(0).clamp(5, room);
        let mut text = format!("     #  {:<clock$}  {:<event$}  {:<sent$}  answer\n", "clock", "event", "sent");
        for (number, (line, [at, what, age, opened, change])) in self.lines.iter().zip(&rows).enumerate() {
            let mark = if line.got.is_some() { styled(BAD, "✗") } else { " ".to_owned() };
            let what = cut(what, event);
            let row = format!("  {mark} {:>2}  {at:<clock$}  {what:<event$}  {age:<sent$}", number + 1);
            text += row.trim_end();
            let indent = " ".repeat(10 + clock);
            match &line.got {
                None => {
                    let row = format!("  {opened:<verdict$}  {change}");
                    text += if row.trim().is_empty() { "" } else { row.trim_end() };
                    text.push('\n');
                }
                Some(got) => {
                    let (expected, got) = self.both(line, got);
                    let room = WIDTH.saturating_sub(20 + clock);
                    let _ = writeln!(text, "\n{indent}expected  {}", cut(&expected, room));
                    let _ = writeln!(text, "{indent}got       {}", styled(BAD, cut(&got, room)));
                }
            }
        }
        text
    }
}

impl Lines<'_> {
    /// What the diverging answer should have been and what it was, in words that differ.
    fn both(&self, line: &Line, got: &[String; 2]) -> (String, String) {
        let expected = line.exchange.as_ref().map(|[_, verdict, set]| format!("{verdict}, {set}")).unwrap_or_default();
        let got = got.join(", ");
        if expected != got {
            return (expected, got);
        }
        let difference = &self.divergence.difference;
        let with = |what: &str, value: &str| {
            format!("{what}; {}: {}", foreign::line(&difference.what), foreign::line(value.replace('\n', " ")))
        };
        (with(&expected, &difference.expected), with(&got, &difference.got))
    }
}

impl Line {
    /// The columns. Of the diverging request, verdict and cookie stand on lines of their own.
    fn cells(&self) -> [&str; 5] {
        let [sent, verdict, set] = match &self.exchange {
            Some([sent, verdict, set]) if self.got.is_none() => [sent.as_str(), verdict, set],
            Some([sent, ..]) => [sent.as_str(), "", ""],
            None => [""; 3],
        };
        [&self.clock, &self.event, sent, verdict, set]
    }
}

/// A text that has no more than `width` characters.
fn cut(text: &str, width: usize) -> String {
    match text.chars().count() > width {
        true => text.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

/// What a view does, in the words of the protocol, with keys that are text.
fn actions(actions: &[Action]) -> String {
    if actions.is_empty() {
        return "no action".to_owned();
    }
    let words = actions.iter().map(|action| {
        let json = json!(action);
        let member = |name: &str| json.get(name).and_then(Json::as_str);
        let value = json.get("value").and_then(Json::as_bool).filter(|_| json.get("key").is_none());
        let name = member("do").unwrap_or_default();
        match (member("key"), value) {
            (Some(key), _) => format!("{name} {key}"),
            (None, Some(value)) => format!("{name} {value}"),
            (None, None) => name.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Which cookie was sent, and how old it was.
fn sent(call: &Exchange, source: &Source) -> String {
    let Some(value) = session_cookie(call) else {
        return if call.cookie_header.is_some() { "no session" } else { "nothing" }.to_owned();
    };
    let age = match signed_at(&value) {
        Some(seconds) => format!("{} s old", i128::from(call.now.seconds()) - i128::from(seconds)),
        None => "unreadable".to_owned(),
    };
    match source {
        Source::From(event) => format!("{age} (of {})", event + 1),
        Source::Header(_) => format!("{age} (forged)"),
        Source::Jar | Source::None => age,
    }
}

fn session_cookie(call: &Exchange) -> Option<String> {
    cookie_header::value(call.cookie_header.as_deref()?, &call.config.cookie_name, DuplicatesChoice::First)
}

/// What an answer does to the cookie.
fn change(exchanged: &Response, call: &Exchange) -> Change {
    match set_cookie(exchanged, call) {
        None => Change::None,
        Some(cookie) if cookie.value.is_empty() => Change::Deleted,
        Some(_) => Change::Set,
    }
}

/// Whether a session was opened from what was sent.
fn verdict(exchanged: &Response, call: &Exchange) -> String {
    match &exchanged.opened {
        None => "error",
        Some(session) if !session.is_empty() => "accepted",
        Some(_) if session_cookie(call).is_some() => "rejected",
        Some(_) => "empty",
    }
    .to_owned()
}

#[cfg(test)]
mod tests;
