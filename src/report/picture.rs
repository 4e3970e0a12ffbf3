//! A failed story, or sequence of requests, as a drawing: time goes to the right, each browser has a lane, and the first
//! divergence is marked.
//!
//! It is SVG for a page, whose style sheet gives the colours by class.

use super::timeline::{Change, Mark, Row, rows};
use crate::{case::scenario::Scenario, foreign, suite::outcome::results::Failure};
use std::fmt::Write;

/// The room before the first event, and of each event (pixels).
const LEFT: usize = 78;
const STEP: usize = 72;
/// The room above the first lane, of each lane, and below the last.
const TOP: usize = 34;
const LANE: usize = 58;
const BOTTOM: usize = 30;

/// The drawing of a failure; `None` for a check that is no timeline.
pub(super) fn picture(failure: &Failure) -> Option<String> {
    let rows = rows(failure)?;
    let browsers = match &failure.scenario {
        Scenario::World(story) => story.browsers.len().max(1),
        _ => 1,
    };
    Some(Picture { browsers, is_story: matches!(failure.scenario, Scenario::World(_)) }.draw(&rows))
}

struct Picture {
    browsers: usize,
    is_story: bool,
}

impl Picture {
    fn draw(&self, rows: &[Row]) -> String {
        let (width, height) = (LEFT + STEP * rows.len(), TOP + LANE * self.browsers + BOTTOM);
        let mut svg = format!(
            "<svg class=\"timeline\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
             aria-label=\"The timeline of the failure\" xmlns=\"http://www.w3.org/2000/svg\">\n"
        );
        for browser in 0..self.browsers {
            let (y, end) = (lane(browser), width - 8);
            let name = if self.is_story { format!("browser {}", browser + 1) } else { "client".to_owned() };
            let _ = writeln!(svg, "<text class=\"lane\" x=\"4\" y=\"{}\">{name}</text>", y + 4);
            let _ = writeln!(svg, "<path class=\"lane\" d=\"M{} {y}H{end}\"/>", LEFT - 8);
        }
        for (number, row) in rows.iter().enumerate() {
            self.event(&mut svg, number, row, height);
        }
        svg + "</svg>"
    }

    fn event(&self, svg: &mut String, number: usize, row: &Row, height: usize) {
        let x = LEFT + STEP * number + STEP / 2;
        let _ = writeln!(svg, "<g><title>{}</title>", foreign::markup(&title(row)));
        if row.got.is_some() {
            let (left, height) = (x - STEP / 2 + 4, height - 4);
            let width = STEP - 8;
            let _ = writeln!(
                svg,
                "<rect class=\"diverges\" x=\"{left}\" y=\"2\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>"
            );
        }
        let mark = if row.got.is_some() { "✗ " } else { "" };
        let _ = writeln!(svg, "<text class=\"number\" x=\"{x}\" y=\"18\">{mark}{}</text>", number + 1);
        let _ = writeln!(
            svg,
            "<text class=\"clock\" x=\"{x}\" y=\"{}\">{}</text>",
            height - 10,
            foreign::markup(&row.clock)
        );
        match row.mark {
            Mark::Copy { from, to } => copy(svg, x, lane(from), lane(to)),
            Mark::Request { browser, sent, change } => request(svg, x, lane(browser), sent, change),
            Mark::Restart { browser } => word(svg, x, lane(browser), "restart"),
            Mark::Server(server) => {
                let y = lane(0);
                let end = lane(self.browsers - 1);
                let _ = writeln!(svg, "<path class=\"server\" d=\"M{x} {}V{}\"/>", y - 16, end + 16);
                word(svg, x, y, &format!("server {}", server + 1));
            }
            Mark::Wait => (0..self.browsers).for_each(|browser| word(svg, x, lane(browser), "wait")),
        }
        *svg += "</g>\n";
    }
}

/// Where a browser's lane is.
fn lane(browser: usize) -> usize {
    TOP + LANE * browser + LANE / 2
}

/// The text that appears when the pointer is over an event.
fn title(row: &Row) -> String {
    match &row.got {
        Some(got) => format!("{}\nexpected: {}\ngot: {got}", row.event, row.answer),
        None if row.answer.is_empty() => row.event.clone(),
        None => format!("{}\n{}", row.event, row.answer),
    }
}

/// A request is a disc when a session was sent, and a ring when none was; above it stands what the answer did to the cookie.
fn request(svg: &mut String, x: usize, y: usize, sent: bool, change: Change) {
    let class = if sent { "sent" } else { "bare" };
    let _ = writeln!(svg, "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"8\"/>");
    let (class, cross) = match change {
        Change::None => return,
        Change::Deleted => ("deleted", true),
        Change::Ignored => ("ignored", false),
        Change::Set => ("set", false),
    };
    let at = y - 18;
    let _ = writeln!(svg, "<path class=\"{class}\" d=\"M{x} {}l6 6l-6 6l-6 -6z\"/>", at - 6);
    if cross {
        let _ = writeln!(svg, "<path class=\"cross\" d=\"M{} {}l10 10m0 -10l-10 10\"/>", x - 5, at - 5);
    }
}

fn copy(svg: &mut String, x: usize, from: usize, to: usize) {
    let tip = if to > from { to - 10 } else { to + 10 };
    let wing = if to > from { "-5 -7h10" } else { "-5 7h10" };
    let _ =
        writeln!(svg, "<path class=\"copy\" d=\"M{x} {from}V{tip}\"/><path class=\"tip\" d=\"M{x} {tip}l{wing}z\"/>");
    let _ = writeln!(svg, "<circle class=\"bare\" cx=\"{x}\" cy=\"{to}\" r=\"3\"/>");
}

/// A word on a lane.
fn word(svg: &mut String, x: usize, y: usize, word: &str) {
    let (left, top) = (x - STEP / 2 + 6, y - 10);
    let _ = writeln!(
        svg,
        "<rect class=\"word\" x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"20\" rx=\"4\"/>\
         <text class=\"word\" x=\"{x}\" y=\"{}\">{word}</text>",
        STEP - 12,
        y + 4
    );
}
