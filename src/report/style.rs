//! The colours of text on a terminal.

use anstyle::{AnsiColor, Style};

pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(super) const DOUBT: Style = AnsiColor::Yellow.on_default();
pub(super) const FAINT: Style = Style::new().dimmed();

pub(super) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Text without the styles that were put into it here. Text from elsewhere holds no escape character: `foreign` replaces it.
pub(crate) fn strip(text: &str) -> String {
    let mut parts = text.split('\x1b');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_taken_off_and_nothing_else() {
        let text = format!("{} m[1m {}m", styled(BAD, "✗ m"), styled(FAINT, ""));
        assert_eq!(strip(&text), "✗ m m[1m m");
        assert_eq!(strip(&text), anstream::adapter::strip_str(&text).to_string());
    }
}
