//! An inspection as text for people. It is styled; whoever prints it strips the styles if there is no terminal. Text from the
//! cookie is shown in visible characters only.

use super::{Answer, BrowserDoes, Inspection, Key, LifetimeFrom, Payload, Server, Verdict};
use crate::{
    foreign::beginning,
    value::{
        Map, Value,
        iso::datetime_to_iso,
        wire::{kind, python_float},
    },
};
use anstyle::{AnsiColor, Style};
use std::fmt::Write;
use time::{OffsetDateTime, macros::format_description};

/// How many characters of a value are shown.
const SHOWN: usize = 80;
/// How many values of a session are shown.
const LINES: usize = 100;
/// How deep values are shown line by line.
const DEPTH: usize = 6;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBT: Style = AnsiColor::Yellow.on_default();
const BOLD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// The inspection as text.
pub fn write(inspection: &Inspection) -> String {
    let mut text = String::new();
    let name = inspection.name.as_deref().map_or_else(|| "without a name".to_owned(), |name| beginning(name, SHOWN));
    let length = inspection.value.chars().count();
    line(&mut text, "cookie", &format!("{name}, {}, from {}", count(length, "byte"), inspection.form.words()));
    parts(inspection, &mut text);
    if let Some(payload) = &inspection.payload {
        session(payload, &mut text);
    }
    text.push('\n');
    server(inspection, &mut text);
    browser(inspection, &mut text);
    text.push('\n');
    pitfalls(inspection, &mut text);
    text
}

/// A labelled line; further ones are set in below it.
fn line(text: &mut String, label: &str, content: &str) {
    let mut label = label;
    for content in content.lines() {
        let _ = writeln!(text, "{BOLD}{label:<10}{BOLD:#} {content}");
        label = "";
    }
}

fn parts(inspection: &Inspection, text: &mut String) {
    let Some(signature) = &inspection.signature else {
        line(text, "value", "empty, so it holds no session (HDR-4)");
        return;
    };
    let signed = match (signature.at, signature.age) {
        (Some(at), Some(age)) if age < 0 => format!("{}, {} in the future (EXP-3)", utc(at.into()), span(-age)),
        (Some(at), Some(age)) => format!("{}, {} ago (SIG-4)", utc(at.into()), span(age)),
        _ => format!("the timestamp {} cannot be read (SIG-8)", beginning(&signature.timestamp, 40)),
    };
    line(text, "signed", &signed);
    let key = match signature.key {
        Key::Current => "made with the secret key (KEY-1)".to_owned(),
        Key::Fallback(number) => format!("made with fallback key {number} (KEY-3)"),
        Key::NotGiven => "not checked: pass the key with --secret-key-file".to_owned(),
        Key::Unknown => "no given key made it (SIG-5)\n\
                         compare key, salt, digest and key derivation with the server's (KEY-6, KEY-7)"
            .to_owned(),
    };
    line(text, "signature", &key);
}

fn session(payload: &Payload, text: &mut String) {
    let packed = if payload.compressed { "compressed, " } else { "" };
    let encoded = payload.encoded.chars().count();
    let content = match (&payload.text, &payload.error) {
        (Some(json), None) => format!("{packed}{} of JSON in {encoded}", count(json.len(), "byte")),
        (Some(json), Some(error)) => format!("{}\n{error} (PAY-14)", beginning(json, SHOWN)),
        (None, error) => format!("{packed}{} (PAY-14)", error.as_deref().unwrap_or("it cannot be read")),
    };
    line(text, "payload", &content);
    let Some(session) = &payload.session else { return };
    let permanent = match payload.permanent {
        Some(true) => "permanent",
        _ => "not permanent",
    };
    line(text, "session", &format!("{}, {permanent} (PERM-1)", count(session.len(), "key")));
    let mut rows = Vec::new();
    let mut hidden = 0;
    entries(session, 0, &mut rows, &mut hidden);
    let width = rows.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0).min(40);
    for (name, kind, value) in rows {
        let _ = writeln!(text, "{:11}{name:<width$}  {FAINT}{kind:<8}{FAINT:#}  {value}", "");
    }
    if hidden > 0 {
        let _ = writeln!(text, "{:11}… and {hidden} more values", "");
    }
}

/// A row for each value: its place, its type, and itself where it is no container that is shown below.
type Rows = Vec<(String, &'static str, String)>;

fn entries(map: &Map, depth: usize, rows: &mut Rows, hidden: &mut usize) {
    for (key, value) in map.iter() {
        let name = match key {
            Value::Text(name) => beginning(&name.to_string(), 40),
            other => scalar(other),
        };
        entry(name, value, depth, rows, hidden);
    }
}

fn entry(name: String, value: &Value, depth: usize, rows: &mut Rows, hidden: &mut usize) {
    if rows.len() >= LINES {
        *hidden += 1;
        return;
    }
    let name = format!("{}{name}", "  ".repeat(depth));
    let is_deep = depth + 1 >= DEPTH;
    match value {
        Value::Map(map) => {
            rows.push((name, kind(value), count(map.len(), "key")));
            if !is_deep {
                entries(map, depth + 1, rows, hidden);
            }
        }
        Value::List(items) | Value::Tuple(items) => {
            rows.push((name, kind(value), count(items.len(), "item")));
            for (number, item) in items.iter().enumerate().filter(|_| !is_deep) {
                entry(number.to_string(), item, depth + 1, rows, hidden);
            }
        }
        other => rows.push((name, kind(other), scalar(other))),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Bytes(bytes) => beginning(&format!("b\"{}\"", bytes.escape_ascii()), SHOWN),
        Value::Datetime(datetime) => datetime_to_iso(datetime),
        Value::Float(float) => python_float(*float),
        Value::Int(int) => beginning(&int.to_string(), SHOWN),
        Value::Markup(text) | Value::Text(text) => beginning(&format!("\"{text}\""), SHOWN),
        Value::Uuid(uuid) => uuid::Uuid::from_u128(*uuid).to_string(),
        Value::List(items) | Value::Tuple(items) => count(items.len(), "item"),
        Value::Map(map) => count(map.len(), "key"),
    }
}

fn server(inspection: &Inspection, text: &mut String) {
    let Server { assumes_signature, now, then } = &inspection.server;
    let mut content = said(now);
    if *assumes_signature && inspection.signature.is_some() {
        content += ", if the signature is valid";
    }
    let then_said = then.as_ref().map(|then| {
        let away = span(i128::from(then.at) - i128::from(inspection.now.seconds()));
        format!("\nfrom {} on, in {away}: {}", utc(then.at.into()), said(&then.verdict))
    });
    content += &then_said.unwrap_or_default();
    content += match (now.answer, now.rule) {
        (Answer::Accepted, _) => "\na copy of it is accepted until then too, even after a logout (SYS-4)",
        (Answer::Rejected, "EXP-1") => {
            "\na longer lifetime would make it valid again (EXP-6); the server does not delete it (DEL-6)"
        }
        (Answer::Rejected, "HDR-4") => "",
        (Answer::Rejected, _) => "\nthe view sees an empty session; the server does not delete the cookie (DEL-6)",
        (Answer::Raised, _) => "\nevery request with it gets status 500",
        (Answer::NotRead, _) => "",
    };
    line(text, "server", &content);
    if inspection.signature.is_some() {
        let lifetime = inspection.lifetime;
        let seconds = lifetime.seconds.max_age().map_or_else(|| "beyond the calendar".to_owned(), |s| span(s.into()));
        let from = match lifetime.from {
            LifetimeFrom::Default => "Flask's default; pass the configured one with --lifetime",
            LifetimeFrom::Expires => "taken from Expires (PERM-3)",
            LifetimeFrom::Given => "as given",
        };
        line(text, "lifetime", &format!("{seconds}, {from}"));
    }
    if let Some(renewal) = &inspection.renewal {
        let content = match (renewal.renewed, renewal.expires) {
            (true, Some(expires)) => {
                format!("every request renews it; a request now would keep it until {}", utc(expires.into()))
            }
            (true, None) => "every request renews it".to_owned(),
            (false, _) => "only a change to the session renews it; reading does not".to_owned(),
        };
        let also = if renewal.renewed { "" } else { ", REN-6" };
        line(text, "renewal", &format!("{content} ({}{also})", renewal.rule));
    }
}

fn said(verdict: &Verdict) -> String {
    let (style, word) = match verdict.answer {
        Answer::Accepted => (GOOD, "accepted"),
        Answer::NotRead => (DOUBT, "no verdict"),
        Answer::Raised => (BAD, "raises an error"),
        Answer::Rejected => (BAD, "rejected"),
    };
    format!("{style}{word}{style:#}: {} ({})", verdict.why, verdict.rule)
}

fn browser(inspection: &Inspection, text: &mut String) {
    let Some(browser) = &inspection.browser else {
        line(text, "browser", "unknown: pass the whole Set-Cookie header");
        return;
    };
    let now = i128::from(inspection.now.seconds());
    let content = match (browser.does, browser.until) {
        (BrowserDoes::Ignore, _) => "ignores the header and keeps its old cookie".to_owned(),
        (BrowserDoes::KeepUntil, Some(until)) if i128::from(until) < now => {
            format!("kept it until {}, {} ago", utc(until.into()), span(now - i128::from(until)))
        }
        (BrowserDoes::KeepUntil, until) => {
            let until = until.unwrap_or(i64::MAX);
            let away = span(i128::from(until) - now);
            format!("keeps it until {}, {away} from now, even if it restarts", utc(until.into()))
        }
        (BrowserDoes::KeepUntilClosed, _) => "keeps it until it is closed".to_owned(),
        (BrowserDoes::Remove, _) => "removes its cookie".to_owned(),
    };
    let attributes: Vec<_> = browser.attributes.iter().take(20).map(|attribute| beginning(attribute, SHOWN)).collect();
    let attributes = if attributes.is_empty() { "no attributes".to_owned() } else { attributes.join("; ") };
    line(text, "browser", &format!("{content} ({})\n{FAINT}{attributes}{FAINT:#}", browser.rule));
}

fn pitfalls(inspection: &Inspection, text: &mut String) {
    if inspection.pitfalls.is_empty() {
        text.push_str("No pitfalls found.\n");
        return;
    }
    text.push_str("Pitfalls:\n");
    for pitfall in &inspection.pitfalls {
        let _ = writeln!(text, "  {DOUBT}{:<7}{DOUBT:#} {}", pitfall.rule, pitfall.what);
        let _ = writeln!(text, "  {:<7} {FAINT}{}{FAINT:#}", "", pitfall.remedy);
    }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// A point in time in UTC, or the seconds where no calendar holds it.
fn utc(seconds: i128) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    let at = i64::try_from(seconds).ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    at.and_then(|at| at.format(format).ok()).unwrap_or_else(|| format!("second {seconds}, beyond the calendar"))
}

/// A time that passes, by its two largest units.
pub(super) fn span(seconds: i128) -> String {
    const UNITS: [(i128, &str); 5] =
        [(365 * 86_400, "year"), (86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let minus = if seconds < 0 { "minus " } else { "" };
    let mut rest = seconds.saturating_abs();
    let Some(first) = UNITS.iter().position(|(unit, _)| rest >= *unit) else { return "0 seconds".to_owned() };
    let mut parts = Vec::new();
    for (unit, name) in UNITS.iter().skip(first).take(2) {
        match rest / unit {
            0 => {}
            1 => parts.push(format!("1 {name}")),
            many => parts.push(format!("{many} {name}s")),
        }
        rest %= unit;
    }
    format!("{minus}{}", parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_by_their_two_largest_units() {
        for (seconds, told) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (61, "1 minute 1 second"),
            (3600, "1 hour"),
            (90_061, "1 day 1 hour"),
            (31 * 86_400, "31 days"),
            (86_400 * 400, "1 year 35 days"),
            (-60, "minus 1 minute"),
        ] {
            assert_eq!(span(seconds), told);
        }
        assert!(span(i128::MIN).starts_with("minus "));
    }
}
