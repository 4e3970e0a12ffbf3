//! The one door for foreign text: everything that does not come from this binary. An adapter's or server's answers, the content
//! and names of files, and the output of tools may all be written to attack a reader, or a service that reads a log.
//!
//! Three things make foreign text safe everywhere. Each target has a function here that does them, and what the target needs
//! besides:
//!
//! - Characters that a terminal acts on, and invisible ones, are written as `\u{…}`. Ordinary text stays unchanged.
//! - A text that must be one line stays one line, by [`line()`]. A text of several lines is indented below the first, by
//!   [`block`].
//! - No line begins like a command to a service that reads logs (`::error::`, TAP's `not ok`). `##[…]`, `##vso[…]` and
//!   `##teamcity[…]` do not occur at all, since services obey them in the middle of a line too.
//!
//! [`terminal`] and [`lines`] take a whole text that is ready to be printed. They cannot know which line breaks are foreign, so
//! they are a safety net below [`line()`] and [`block`], not a replacement.

use std::{
    borrow::Cow,
    fmt::{self, Write},
    path::Path,
};

/// The styles that this program prints, as ANSI sequences. Any other sequence is foreign.
const STYLES: [&str; 7] =
    ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[4m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m"];

/// A text on one line, for a place within a line.
pub fn line(text: impl fmt::Display) -> String {
    let text = text.to_string();
    let mut shown = String::with_capacity(text.len());
    visible(&text, Breaks::Escaped, &mut shown);
    match begins_command(&shown) {
        true => without_command(&shown),
        false => shown,
    }
}

/// The beginning of a text, on one line: `most` characters, and a note of how many there are where that is not all.
pub fn beginning(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}… ({} characters)", line(text.get(..at).unwrap_or_default()), text.chars().count()),
        None => line(text),
    }
}

/// A text of several lines, of which all but the first are set in by two spaces at least.
pub fn block(text: impl fmt::Display) -> String {
    let text = text.to_string();
    let mut shown = String::with_capacity(text.len());
    for (number, line) in text.trim_end_matches('\n').split('\n').enumerate() {
        if number > 0 {
            let is_set_in = line.starts_with("  ") || line.is_empty();
            shown += if is_set_in { "\n" } else { "\n  " };
        }
        let mut one = String::with_capacity(line.len());
        visible(line, Breaks::Kept, &mut one);
        shown += &without_command(&one);
    }
    shown
}

/// A whole text for a file or a stream that knows no styles, such as XML: line breaks and tabs stay.
pub fn lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    visible(text, Breaks::Kept, &mut shown);
    without_commands(&shown)
}

/// A whole text for a terminal, or for the log that standard output and standard error go to elsewhere: line breaks, tabs and
/// this program's own styles stay.
pub fn terminal(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        let (before, from) = rest.split_at(at);
        visible(before, Breaks::Kept, &mut shown);
        let style = STYLES.iter().find(|style| from.starts_with(**style)).copied();
        let taken = style.unwrap_or("\u{1b}");
        match style {
            Some(style) => shown += style,
            None => visible(taken, Breaks::Kept, &mut shown),
        }
        rest = from.get(taken.len()..).unwrap_or_default();
    }
    visible(rest, Breaks::Kept, &mut shown);
    without_commands(&shown)
}

/// What a program printed, which need not be text: line breaks and tabs stay, and what is not UTF-8 is written as `\x…`.
pub fn bytes(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        visible(chunk.valid(), Breaks::Kept, &mut shown);
        for byte in chunk.invalid() {
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    without_commands(&shown)
}

/// The name of a file or folder, on one line.
pub fn path(path: &Path) -> String {
    line(path.display())
}

/// A word of a command line, as a POSIX shell takes it. One with control characters is quoted as bash, zsh and the POSIX of 2024
/// have it.
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) && !begins_command(word) {
        return word.to_owned();
    }
    if line(word) == word {
        return format!("'{}'", word.replace('\'', "'\\''"));
    }
    let mut quoted = String::from("$'");
    for c in word.chars() {
        match c {
            '\n' => quoted += "\\n",
            '\\' | '\'' => quoted.extend(['\\', c]),
            '#' => quoted += "\\x23",
            c if is_acted_on(c) => c.to_string().bytes().for_each(|byte| {
                let _ = write!(quoted, "\\x{byte:02x}");
            }),
            c => quoted.push(c),
        }
    }
    quoted + "'"
}

/// JSON that reads back as the same values: what a terminal or a log would act on stands in strings, and is escaped there.
pub fn json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for (at, c) in json.char_indices() {
        let is_plain = matches!(c, '\n' | ' '..='"' | '$'..='~');
        if is_plain || !(is_acted_on(c) || second_of_command(json, at)) {
            text.push(c);
            continue;
        }
        let mut units = [0; 2];
        c.encode_utf16(&mut units).iter().for_each(|unit| {
            let _ = write!(text, "\\u{unit:04x}");
        });
    }
    text
}

/// A text as a string of TOML that reads back as the same.
pub fn toml(text: &str) -> String {
    let mut string = String::from("\"");
    for (at, c) in text.char_indices() {
        match c {
            '"' | '\\' => string.extend(['\\', c]),
            c if is_acted_on(c) || second_of_command(text, at) => {
                let _ = write!(string, "\\U{:08x}", u32::from(c));
            }
            c => string.push(c),
        }
    }
    string + "\""
}

/// A text within HTML or XML: the characters of markup are entities.
#[cfg(feature = "cli")]
pub fn markup(text: &str) -> String {
    quick_xml::escape::escape(lines(text)).into_owned()
}

/// A text within a line or a cell of Markdown. Where anything in it could be markup, a link or a mention, it is code.
pub fn markdown(text: &str) -> String {
    let text = line(text);
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | ',' | '-' | '+' | '/');
    let is_link = |word: &str| {
        let lower = word.to_ascii_lowercase();
        let is_commit = word.len() >= 7 && word.bytes().all(|b| b.is_ascii_hexdigit());
        lower.starts_with("www.") || lower.starts_with("gh-") || is_commit
    };
    let begins_list = |text: &str| {
        let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
        !text.starts_with(char::is_alphanumeric) || (rest.len() < text.len() && rest.starts_with(". "))
    };
    let words = || text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-')));
    if text.is_empty() || (text.chars().all(is_plain) && !begins_list(&text) && !words().any(is_link)) {
        return text;
    }
    // What ends code, or a cell, even within code.
    let held = text.replace('`', "\\u{60}").replace('|', "\\u{7c}");
    format!("`{held}`")
}

/// The message of an annotation on GitHub.
pub fn annotation(text: &str) -> String {
    lines(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of an annotation on GitHub, such as its title.
pub fn annotation_property(text: &str) -> String {
    annotation(&line(text)).replace(':', "%3A").replace(',', "%2C")
}

/// A text in a test line of TAP, in which nothing begins a directive.
pub fn tap(text: &str) -> String {
    line(text).replace('\\', "\\\\").replace('#', "\\#")
}

/// What becomes of line breaks and tabs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Breaks {
    Escaped,
    Kept,
}

/// Adds a text to what is shown, with escapes for what is acted on.
fn visible(text: &str, breaks: Breaks, shown: &mut String) {
    for (at, c) in text.char_indices() {
        match c {
            ' '..='"' | '$'..='~' => shown.push(c),
            '\n' | '\t' if breaks == Breaks::Kept => shown.push(c),
            '\0' => shown.push_str("\\0"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if second_of_command(text, at) || (is_acted_on(c) && !joins_emoji(text, at)) => {
                shown.extend(c.escape_unicode());
            }
            c => shown.push(c),
        }
    }
}

/// Control characters, and what changes the direction of other text, is not seen, or has no meaning yet.
fn is_acted_on(c: char) -> bool {
    match c {
        ' '..='~' => false,
        // Letters by name, and yet nothing is seen of them.
        '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        c if c.is_control() => true,
        c if c.is_whitespace() || c.is_alphanumeric() => false,
        c => {
            // Behind a letter, so that marks of combination count as printable.
            let mut text = String::from("a");
            text.push(c);
            text.escape_debug().nth(2).is_some()
        }
    }
}

/// Whether a zero-width joiner stands between two emoji, which it makes one of.
fn joins_emoji(text: &str, at: usize) -> bool {
    let is_emoji = |c: char| matches!(c, '\u{2190}'..='\u{2bff}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}');
    text.get(at..).and_then(|rest| rest.strip_prefix('\u{200d}')).is_some_and(|rest| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        before.is_some_and(is_emoji) && rest.chars().next().is_some_and(is_emoji)
    })
}

/// Whether the second sign of `##[`, `##vso[` or `##teamcity[` stands here.
fn second_of_command(text: &str, at: usize) -> bool {
    let Some((before, Some(rest))) = text.split_at_checked(at).map(|(b, rest)| (b, rest.strip_prefix('#'))) else {
        return false;
    };
    before.ends_with('#') && rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).starts_with('[')
}

/// Whether a line begins with what a service obeys that reads a log: an annotation of GitHub, or a line of TAP. White space
/// before it does not matter: GitHub's runner skips it, and in TAP it makes a test of a subtest.
fn begins_command(line: &str) -> bool {
    let text = line.trim_start();
    if let Some(annotation) = text.strip_prefix("::") {
        return annotation.contains("::");
    }
    let (negated, test) = match text.strip_prefix("not ") {
        Some(test) => (true, test.trim_start()),
        None => (false, text),
    };
    let is_test = test.strip_prefix("ok").is_some_and(|rest| {
        let ends_word = !rest.starts_with(|c: char| c.is_alphanumeric() || "-_./:".contains(c));
        let rest = rest.trim_start();
        rest.is_empty()
            || rest.starts_with("- ")
            || rest.starts_with(|c: char| c.is_ascii_digit())
            || (negated && ends_word)
    });
    let is_plan = text.strip_prefix(|c: char| c.is_ascii_digit()).is_some_and(|rest| {
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.strip_prefix("..").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    let begins = |word: &str| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    is_test || is_plan || begins("bail out!") || begins("tap version ") || begins("pragma ")
}

/// A line that begins no command: the first character that is not white space is escaped where it would.
fn without_command(line: &str) -> String {
    if !begins_command(line) {
        return line.to_owned();
    }
    let text = line.trim_start();
    let (space, mut rest) = (line.get(..line.len() - text.len()).unwrap_or_default(), text.chars());
    let first = rest.next().map(|c| c.escape_unicode().to_string()).unwrap_or_default();
    format!("{space}{first}{}", rest.as_str())
}

/// A text of whose lines none begins a command, whatever style it begins with.
fn without_commands(text: &str) -> String {
    let safe = |line: &str| -> String {
        let mut head = 0;
        while let Some(style) =
            STYLES.iter().find(|style| line.get(head..).is_some_and(|line| line.starts_with(**style)))
        {
            head += style.len();
        }
        let (style, line) = line.split_at_checked(head).unwrap_or(("", line));
        let plain: Cow<'_, str> = match line.contains('\u{1b}') {
            true => STYLES.iter().fold(line.to_owned(), |line, style| line.replace(style, "")).into(),
            false => line.into(),
        };
        if begins_command(&plain) { format!("{style}{}", without_command(&plain)) } else { format!("{style}{line}") }
    };
    text.split('\n').map(safe).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_unchanged() {
        for text in [
            "flask 3.1.3",
            "café, cafe\u{301}, 漢字\u{3000}かな, Ελλάδα, עברית",
            "🙂 👩‍💻 ❤️ → ⏎ … ✓",
            "a :: b",
            "ok-sessions",
            "okay",
            "see ##42",
            "1.5",
            "10..",
            "::1 refuses",
            "a\\b \"c\" 'd'",
            "not okay",
            "ok for now",
        ] {
            assert_eq!(line(text), text);
            assert_eq!(terminal(text), text);
            assert_eq!(block(text), text);
            assert_eq!(bytes(text.as_bytes()), text);
            assert_eq!(json(text), text.replace('\u{200d}', "\\u200d"));
        }
        assert_eq!(terminal("\u{1b}[1m\u{1b}[31mFAIL\u{1b}[0m\n\tx\n"), "\u{1b}[1m\u{1b}[31mFAIL\u{1b}[0m\n\tx\n");
    }

    #[test]
    fn nothing_that_a_terminal_acts_on_is_left() {
        assert_eq!(line("a\u{1b}[31m\u{9b}\u{202e}é\r\n\t"), "a\\u{1b}[31m\\u{9b}\\u{202e}é\\r\\n\\t");
        assert_eq!(terminal("\u{1b}[35m\u{1b}]0;x\u{7}\u{1b}"), "\\u{1b}[35m\\u{1b}]0;x\\u{7}\\u{1b}");
        let unseen = "\u{ad}\u{61c}\u{200b}\u{200d}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\
                      \u{2066}\u{2069}\u{3164}\u{feff}\u{fff9}\u{fffe}\u{e000}\u{e0001}\u{e0041}";
        for c in ('\0'..='\u{9f}').filter(|c| !matches!(c, '\n' | '\t')).chain(unseen.chars()) {
            let (text, is_plain) = (format!("a{c}b"), matches!(c, ' '..='~'));
            for shown in [line(&text), block(&text), lines(&text), terminal(&text), bytes(text.as_bytes()), json(&text)]
            {
                assert_eq!(
                    shown.contains(c),
                    is_plain || (matches!(c, '\n' | '\t') && shown == text),
                    "{text:?}: {shown:?}"
                );
            }
        }
        assert_eq!(beginning("abcdef\n", 3), "abc… (7 characters)");
    }

    #[test]
    fn no_line_begins_a_command() {
        for command in [
            "::error::x",
            "::error file=a,line=1::x",
            "not ok 1 - x",
            "ok 1",
            "ok",
            "not ok",
            "ok - x",
            "Bail out!",
            "bail OUT! x",
            "1..9",
            "TAP version 14",
            "pragma +strict",
            "##[error]x",
            "##vso[task.complete]x",
            "##teamcity[x]",
        ] {
            for text in [command.to_owned(), format!(" \u{a0}{command}"), format!("x\n{command}\n    {command}")] {
                for shown in [
                    line(&text),
                    block(&text),
                    lines(&text),
                    terminal(&text),
                    terminal(&format!("\u{1b}[2m{text}")),
                    bytes(text.as_bytes()),
                ] {
                    assert!(
                        !shown.split('\n').any(|line| begins_command(line.trim_start_matches("\u{1b}[2m"))),
                        "{shown:?}"
                    );
                    assert!(!["##[", "##vso[", "##teamcity["].iter().any(|begin| shown.contains(begin)), "{shown:?}");
                }
                assert_eq!(line(&text).lines().count(), 1);
                assert!(!json(&text).contains("##[") && !json(&text).contains("##vso["));
            }
        }
        assert_eq!(block("a\nb\n  c\n"), "a\n  b\n  c");
    }

    #[test]
    fn json_reads_back_as_the_same() {
        let text: String = ('\0'..='\u{2100}').chain("##[error]\u{e0001}😀".chars()).collect();
        let printed = json(&serde_json::to_string(&text).unwrap());
        assert_eq!(crate::json::from_str::<String>(&printed).unwrap(), text);
        assert!(!printed.chars().any(is_acted_on), "{printed}");
    }

    #[test]
    fn what_is_not_text_is_shown_by_its_bytes() {
        assert_eq!(bytes(b"\x1b[2J \xff \"\xc3\xa9\\\" \r\n"), "\\u{1b}[2J \\xff \"é\\\" \\r\n");
    }

    #[test]
    fn words_are_quoted_when_a_shell_would_take_them_apart() {
        for (word, quoted) in [
            ("a-b.py", "a-b.py"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("", "''"),
            ("é", "'é'"),
            ("a\nb'\u{1b}\\", "$'a\\nb\\'\\x1b\\\\'"),
            ("\u{202e}", "$'\\xe2\\x80\\xae'"),
            ("::a::b", "$'::a::b'"),
        ] {
            assert_eq!(shell_word(word), quoted);
        }
    }

    #[test]
    fn markdown_is_plain_words_or_code() {
        for text in ["flask 3.1.3", "itsdangerous.js", "out/1.json", "漢字", "quart 0.20.0+local", ""] {
            assert_eq!(markdown(text), text);
        }
        for text in [
            "<b>",
            "[x](http://y)",
            "@name",
            "#1",
            "GH-1",
            "www.example.com",
            "0123abc",
            "a_b",
            "*",
            "- x",
            "1. x",
            "a\\",
            "&amp;",
            "x: y",
        ] {
            assert_eq!(markdown(text), format!("`{text}`"));
        }
        assert_eq!(markdown("a`|b\n"), "`a\\u{60}\\u{7c}b\\n`");
    }
}
