//! What must not be found in an output. What is looked for is listed here again, apart from what the program escapes.

use pulldown_cmark::{Event, Options, Parser, Tag};
use quick_xml::{Reader, events::Event as Xml};
use sessionproof::json::Json;

/// Where text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Output {
    /// What a workflow on GitHub acts on.
    Annotations,
    Html,
    Json,
    Junit,
    /// Standard output and standard error without a terminal.
    Log,
    /// The table of `report matrix`.
    Markdown,
    Tap,
    /// Standard output and standard error on a terminal that shows styles.
    Terminal,
    /// A list of known failures.
    Toml,
}

/// The styles of the program.
const STYLES: [&str; 7] =
    ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[4m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m"];

/// What is wrong with an output.
pub fn mutants(output: Output, text: &str) -> Vec<String> {
    let mut mutants = Vec::new();
    let plain = match output {
        Output::Terminal => STYLES.iter().fold(text.to_owned(), |text, style| text.replace(style, "")),
        _ => text.to_owned(),
    };
    mutants.extend(plain.chars().find(|c| is_acted_on(*c)).map(|c| format!("the character {c:?}")));
    let acts = |line: &&str| match output {
        Output::Annotations => !is_annotation(line),
        Output::Tap => false,
        _ => begins_command(line),
    };
    mutants.extend(plain.lines().find(acts).map(|line| format!("the line {line:?}")));
    mutants.extend(plain.lines().find(|line| line.starts_with("FORGED")).map(|_| "a line of its own".to_owned()));
    let anywhere = ["##[", "##vso[", "##teamcity["];
    mutants.extend(
        anywhere.into_iter().find(|command| plain.contains(command)).map(|command| format!("the command {command}")),
    );
    match output {
        Output::Html => mutants.extend(elements(text, &["h1", "body"], "qC")),
        Output::Json => mutants.extend(sessionproof::json::from_str::<Json>(text).err().map(|error| error.to_string())),
        Output::Junit => mutants.extend(elements(text, &["testsuites", "testcase"], "qC")),
        Output::Markdown => mutants.extend(markdown(text)),
        Output::Tap => mutants.extend(tap(text)),
        Output::Toml => mutants.extend(text.parse::<toml::Table>().err().map(|error| error.to_string())),
        Output::Annotations | Output::Log | Output::Terminal => {}
    }
    mutants
}

/// Control characters except line break and tab, and what turns text around or is not seen.
fn is_acted_on(c: char) -> bool {
    let is_control = matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}') && c != '\n' && c != '\t';
    is_control
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a line is a command of GitHub's, or of TAP's.
fn begins_command(line: &str) -> bool {
    let text = line.trim_start();
    let is_plan = text.split_once("..").is_some_and(|(from, to)| {
        !from.is_empty() && from.bytes().all(|b| b.is_ascii_digit()) && to.starts_with(|c: char| c.is_ascii_digit())
    });
    is_plan
        || (text.starts_with("::") && text.matches("::").count() > 1)
        || text.starts_with("not ok")
        || text.starts_with("ok 1")
        || text.starts_with("Bail out!")
}

/// Whether a line is an annotation of ours: a known kind, properties that end before the message.
fn is_annotation(line: &str) -> bool {
    let is_placed = line.starts_with("::error file=") && line.contains(",title=a known failure now passes::");
    let known = [
        "::error title=",
        "::warning title=",
        "::notice title=",
        if is_placed { "::error file=" } else { "::error title=" },
    ];
    let Some(rest) = known.iter().find_map(|known| line.strip_prefix(known)) else { return false };
    let properties = rest.split("::").next().unwrap_or_default();
    properties.matches(',').count() <= 2 && !properties.contains(":") && rest.contains("::")
}

/// What is not as it should be in a document: it parses, its root is one of ours, it has neither comments nor instructions, and no
/// element was made of the text that holds `mark`.
fn elements(text: &str, expected: &[&str], mark: &str) -> Vec<String> {
    let mut reader = Reader::from_str(text);
    let (mut mutants, mut seen, mut began) = (Vec::new(), Vec::new(), String::new());
    loop {
        // The element that begins right before.
        let before = std::mem::take(&mut began);
        match reader.read_event() {
            Err(error) => return vec![format!("not well-formed: {error}")],
            Ok(Xml::Eof) => break,
            Ok(Xml::Start(element)) => {
                began = element.name().as_ref().to_owned();
                seen.push(began.clone());
            }
            Ok(Xml::Text(text)) if before == "b" && text.starts_with(mark) => {
                mutants.push(format!("the element {before} with {:?}", &*text));
            }
            Ok(Xml::Comment(comment)) => mutants.push(format!("a comment: {:?}", &*comment)),
            Ok(Xml::CData(_) | Xml::PI(_)) => mutants.push("a section or an instruction".to_owned()),
            Ok(_) => {}
        }
    }
    let missing = expected.iter().find(|name| !seen.iter().any(|seen| seen == *name));
    mutants.extend(missing.map(|name| format!("there is no element {name}")));
    mutants
}

/// What is more than text, code, tables and lists in Markdown as GitHub reads it, and whether a row has too many cells.
fn markdown(text: &str) -> Vec<String> {
    let mut mutants = Vec::new();
    let (mut in_cells, mut widths, mut items) = (0, std::collections::BTreeSet::new(), 0);
    for event in Parser::new_ext(text, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
        match event {
            Event::Start(Tag::TableRow | Tag::TableHead) => in_cells = 0,
            Event::Start(Tag::TableCell) => in_cells += 1,
            Event::End(pulldown_cmark::TagEnd::TableRow | pulldown_cmark::TagEnd::TableHead) => {
                widths.insert(in_cells);
            }
            Event::Start(Tag::Item) => items += 1,
            Event::Start(Tag::Paragraph | Tag::Table(_) | Tag::List(None))
            | Event::End(_)
            | Event::Code(_)
            | Event::SoftBreak => {}
            Event::Text(text) => {
                let is_link = ["http:", "www.", "@q"].iter().any(|link| text.contains(link));
                mutants.extend(is_link.then(|| format!("a link or a mention in {text:?}")));
            }
            other => mutants.push(format!("markup: {other:?}")),
        }
    }
    if widths.len() != 1 || items != 1 {
        mutants.push(format!("rows of {widths:?} cells, {items} items"));
    }
    mutants
}

/// Whether every line is one of TAP 14 as the program writes it, with as many test points as the plan says.
fn tap(text: &str) -> Vec<String> {
    let mut lines = text.lines();
    let (version, plan) = (lines.next(), lines.next().and_then(|plan| plan.strip_prefix("1..")?.parse::<usize>().ok()));
    let mut mutants = Vec::new();
    if version != Some("TAP version 14") || plan.is_none() {
        mutants.push(format!("begins with {version:?} and {plan:?}"));
    }
    let mut points = 0;
    for line in lines {
        let point = line.strip_prefix("not ").unwrap_or(line).strip_prefix("ok ");
        if let Some(point) = point {
            points += 1;
            let is_next = point.strip_prefix(&points.to_string()).is_some_and(|rest| rest.starts_with(" - "));
            // A directive begins at the first sign that no backslash stands before.
            let signs = point.match_indices('#').filter(|(at, _)| !point[..*at].ends_with('\\')).count();
            if !is_next || signs > 1 {
                mutants.push(format!("the point {line:?}"));
            }
        } else if points == 0 && line.starts_with("# ") {
            // What was tested, and the diagnosis, stand above the points.
        } else if !["  ---", "  message: \"", "  failures:", "    - \"", "  ..."]
            .iter()
            .any(|begin| line.starts_with(begin))
        {
            mutants.push(format!("the line {line:?}"));
        }
    }
    if Some(points) != plan {
        mutants.push(format!("{points} points of {plan:?}"));
    }
    mutants
}

#[test]
fn harm_is_found_in_every_output_when_nothing_stops_it() {
    let bare = super::PROBES.concat();
    let documents = [
        (Output::Annotations, format!("::error title=x::{bare}")),
        (Output::Html, format!("<html><body><h1>x</h1><p>{bare}</p></body></html>")),
        (Output::Json, format!("{{\"x\":\"{bare}\"}}")),
        (Output::Junit, format!("<testsuites><testcase>{bare}</testcase></testsuites>")),
        (Output::Log, bare.clone()),
        (Output::Markdown, format!("|a|b|\n|---|---|\n|a|{bare}|\n\n- x\n")),
        (Output::Tap, format!("TAP version 14\n1..1\nok 1 - {bare}\n")),
        (Output::Terminal, bare.clone()),
        (Output::Toml, format!("x = \"{bare}\"\n")),
    ];
    for (output, text) in documents {
        assert!(mutants(output, &text).len() > 3, "{output:?}: {:?}", mutants(output, &text));
    }
}
