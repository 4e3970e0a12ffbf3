//! Integers as Python's `int()` reads them from text: decimal digits of any script, a sign, single underscores between digits.
//!
//! The digits are those of Unicode 13, as in Python 3.9 and 3.10. Later Pythons know a few more scripts (one since 3.11, three
//! since 3.12). Space around the number is not read here; the caller splits at it.

/// Numbers farther from zero than this are read as this: no date comes near.
const FARTHEST: i128 = 10i128.pow(20);

/// Python refuses to convert a text of more digits than this.
const MOST_DIGITS: usize = 4300;

/// The integer that `int(text)` gives, cut to 10²⁰ on either side of zero; `None` if Python raises `ValueError`.
pub fn read(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut count = 0;
    let mut number: i128 = 0;
    for run in digits.split('_') {
        if run.is_empty() {
            return None;
        }
        for c in run.chars() {
            number = (number * 10 + i128::from(decimal(c)?)).min(FARTHEST);
            count += 1;
        }
    }
    (count <= MOST_DIGITS).then_some(sign * number)
}

/// What Python's `isdigit()` says of a character: yes to decimal digits, and to superscripts, circled digits and the like, though
/// `int()` cannot read those.
pub fn is_digit(c: char) -> bool {
    decimal(c).is_some() || UNREADABLE_DIGITS.iter().any(|&(first, last)| (first..=last).contains(&c))
}

/// The value of a decimal digit of any script.
pub fn decimal(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    let zero = ZEROS.iter().rfind(|&&zero| zero <= c)?;
    Some(u32::from(c) - u32::from(*zero)).filter(|&value| value < 10)
}

/// The zero of each script beyond ASCII, in order; its nine other digits follow it.
#[rustfmt::skip]
const ZEROS: [char; 64] = [
    '\u{660}', '\u{6F0}', '\u{7C0}', '\u{966}', '\u{9E6}', '\u{A66}', '\u{AE6}', '\u{B66}', '\u{BE6}', '\u{C66}', '\u{CE6}',
    '\u{D66}', '\u{DE6}', '\u{E50}', '\u{ED0}', '\u{F20}', '\u{1040}', '\u{1090}', '\u{17E0}', '\u{1810}', '\u{1946}',
    '\u{19D0}', '\u{1A80}', '\u{1A90}', '\u{1B50}', '\u{1BB0}', '\u{1C40}', '\u{1C50}', '\u{A620}', '\u{A8D0}', '\u{A900}',
    '\u{A9D0}', '\u{A9F0}', '\u{AA50}', '\u{ABF0}', '\u{FF10}', '\u{104A0}', '\u{10D30}', '\u{11066}', '\u{110F0}',
    '\u{11136}', '\u{111D0}', '\u{112F0}', '\u{11450}', '\u{114D0}', '\u{11650}', '\u{116C0}', '\u{11730}', '\u{118E0}',
    '\u{11950}', '\u{11C50}', '\u{11D50}', '\u{11DA0}', '\u{16A60}', '\u{16B50}', '\u{1D7CE}', '\u{1D7D8}', '\u{1D7E2}',
    '\u{1D7EC}', '\u{1D7F6}', '\u{1E140}', '\u{1E2F0}', '\u{1E950}', '\u{1FBF0}',
];

/// Characters that count as digits and are no decimal digits: first and last of each run.
#[rustfmt::skip]
const UNREADABLE_DIGITS: [(char, char); 20] = [
    ('\u{B2}', '\u{B3}'), ('\u{B9}', '\u{B9}'), ('\u{1369}', '\u{1371}'), ('\u{19DA}', '\u{19DA}'), ('\u{2070}', '\u{2070}'),
    ('\u{2074}', '\u{2079}'), ('\u{2080}', '\u{2089}'), ('\u{2460}', '\u{2468}'), ('\u{2474}', '\u{247C}'),
    ('\u{2488}', '\u{2490}'), ('\u{24EA}', '\u{24EA}'), ('\u{24F5}', '\u{24FD}'), ('\u{24FF}', '\u{24FF}'),
    ('\u{2776}', '\u{277E}'), ('\u{2780}', '\u{2788}'), ('\u{278A}', '\u{2792}'), ('\u{10A40}', '\u{10A43}'),
    ('\u{10E60}', '\u{10E68}'), ('\u{11052}', '\u{1105A}'), ('\u{1F100}', '\u{1F10A}'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_and_single_underscores_are_read() {
        assert_eq!((read("+1_2"), read("-0"), read("007")), (Some(12), Some(0), Some(7)));
        for text in ["", "+", "_1", "1_", "1__2", "+_1", "--1", "1 ", "0x1", "1.0"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn every_script_has_its_digits_and_superscripts_are_digits_that_cannot_be_read() {
        assert_eq!(decimal('\u{66A}'), None, "what stands right behind a script's nine");
        assert_eq!(read("\u{662}\u{1D7FF}"), Some(29));
        assert_eq!((read("\u{B2}"), is_digit('\u{B2}')), (None, true));
        assert_eq!((read("\u{BD}"), is_digit('\u{BD}')), (None, false));
    }

    #[test]
    fn a_number_of_any_size_is_read_up_to_4300_digits() {
        assert_eq!(read(&"9".repeat(4300)), Some(FARTHEST));
        assert_eq!(read(&format!("-{}", "9".repeat(30))), Some(-FARTHEST));
        assert_eq!(read(&"0".repeat(4301)), None);
    }
}
