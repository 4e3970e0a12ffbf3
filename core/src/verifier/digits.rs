//! Decimal digits of every script, which Python's `int()` takes as it takes those of ASCII.
//!
//! The scripts are those of Unicode 13, as in Python 3.9 and 3.10; each later Unicode has added some.

use std::borrow::Cow;

/// The text with every decimal digit spelled in ASCII.
pub(super) fn in_ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| digit_of(c).unwrap_or(c)).collect())
}

/// The ASCII spelling of a digit of another script.
fn digit_of(c: char) -> Option<char> {
    let point = u32::from(c);
    let at = ZEROS.partition_point(|zero| *zero <= point).checked_sub(1)?;
    char::from_digit(point - ZEROS.get(at)?, 10)
}

/// Where the ten digits of a script begin, in order.
#[rustfmt::skip]
const ZEROS: [u32; 65] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
    0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0,
    0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16B50, 0x1D7CE,
    0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_are_spelled_in_ascii_and_nothing_else_is_touched() {
        assert_eq!(in_ascii("\u{661}\u{969}\u{FF19}x\u{1D7D8}é½²/:"), "139x0é½²/:");
        assert_eq!(in_ascii("/0189:"), "/0189:");
        assert!(ZEROS.windows(2).all(|pair| pair[0] + 10 <= pair[1]));
    }
}
