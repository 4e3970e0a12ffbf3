//! Text as Python holds it: a sequence of code points in which lone surrogates may stand.

use std::fmt;

/// Text of a session value: Unicode code points, lone surrogates included (`PAY-4`).
///
/// A high surrogate directly before a low one is always joined into the character that they spell, since that is how
/// the pair comes back from JSON.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text(Vec<u32>);

const HIGH: std::ops::RangeInclusive<u32> = 0xD800..=0xDBFF;
const LOW: std::ops::RangeInclusive<u32> = 0xDC00..=0xDFFF;

impl Text {
    /// Text from code points; values beyond U+10FFFF become U+FFFD.
    pub fn from_code_points(points: impl IntoIterator<Item = u32>) -> Self {
        let mut text = Self::default();
        for point in points {
            text.push(point);
        }
        text
    }

    /// Text from UTF-16 code units.
    pub fn from_utf16(units: impl IntoIterator<Item = u16>) -> Self {
        Self::from_code_points(units.into_iter().map(u32::from))
    }

    /// Appends one code point, joining surrogate halves.
    pub fn push(&mut self, point: u32) {
        match self.0.last_mut() {
            Some(last) if HIGH.contains(last) && LOW.contains(&point) => {
                *last = 0x10000 + ((*last - 0xD800) << 10) + (point - 0xDC00);
            }
            _ => self.0.push(if point > 0x10FFFF { 0xFFFD } else { point }),
        }
    }

    /// The code points, by which Python orders text.
    pub fn code_points(&self) -> &[u32] {
        &self.0
    }

    /// The UTF-16 code units, as JSON's `\u` escapes spell them.
    #[must_use]
    pub fn to_utf16(&self) -> Vec<u16> {
        let mut units = Vec::with_capacity(self.0.len());
        for &point in &self.0 {
            match char::from_u32(point) {
                Some(c) => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
                None => units.push(point as u16),
            }
        }
        units
    }

    /// The text as a Rust string, or none when a lone surrogate stands in it.
    pub fn to_utf8(&self) -> Option<String> {
        self.0.iter().map(|&p| char::from_u32(p)).collect()
    }

    /// The text without its last `count` code points (Python's `text[:-count]`).
    pub fn without_last(&self, count: usize) -> Self {
        Self(self.0[..self.0.len().saturating_sub(count)].to_vec())
    }

    /// Whether no code point stands in the text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        // Most text is ASCII, of which the length is known, and which the compiler widens many characters at a time.
        Self(if text.is_ascii() {
            text.bytes().map(u32::from).collect()
        } else {
            text.chars().map(u32::from).collect()
        })
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.0.iter().copied().eq(other.chars().map(u32::from))
    }
}

impl fmt::Display for Text {
    /// Lone surrogates are shown as U+FFFD.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &point in &self.0 {
            write!(f, "{}", char::from_u32(point).unwrap_or('\u{FFFD}'))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_utf8() {
            Some(text) => write!(f, "{text:?}"),
            None => write!(f, "{:04x?}", self.to_utf16()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrogate_halves_join_and_lone_ones_stay() {
        assert_eq!(Text::from_utf16([0xD83D, 0xDE00]), Text::from("😀"));
        let lone = Text::from_utf16([0xDE00, 0xD83D]);
        assert_eq!(lone.to_utf16(), [0xDE00, 0xD83D]);
        assert_eq!(lone.to_utf8(), None);
    }

    #[test]
    fn order_is_by_code_point_not_by_utf16_unit() {
        let (halfwidth, emoji) = (Text::from("\u{FF61}"), Text::from("😀"));
        assert!(halfwidth < emoji);
    }
}
