//! Reads dates as Python's mail parser does, which is what Flask reads the tag ` d` with.
//!
//! Flask writes one form, `Thu, 01 Jan 1970 00:00:00 GMT`; this reads everything else that Flask would read. Superscripts and
//! other characters that Python calls digits and cannot read are no digits here.

use super::digits;
use crate::value::Datetime;
use time::{Date, Month, PrimitiveDateTime, Time, UtcOffset};

/// Why there is no date in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoDate {
    /// A number too large for Python's date types, which is an error and not merely no date.
    Overflow,
    /// Not a date.
    Unreadable,
}

/// The datetime in a text. In UTC where the text names no zone.
pub(super) fn read(text: &str) -> Result<Datetime, NoDate> {
    let parts = Parts::of(&digits::in_ascii(text)).ok_or(NoDate::Unreadable)?;
    let offset = offset(&parts.zone)?;
    // All numbers are looked at before the calendar is.
    let [year, month, day, hour, minute, second] = [
        c_int(century(parts.year))?,
        parts.month,
        c_int(parts.day)?,
        c_int(parts.clock[0])?,
        c_int(parts.clock[1])?,
        c_int(parts.clock[2])?,
    ];
    local(year, [month, day, hour, minute, second])
        .map(|local| Datetime { local, offset: Some(offset) })
        .ok_or(NoDate::Unreadable)
}

fn local(year: i32, rest: [i32; 5]) -> Option<PrimitiveDateTime> {
    let small = |number: i32| u8::try_from(number).ok();
    let [month, day, hour, minute, second] = rest.map(small);
    let date = Date::from_calendar_date(year, Month::try_from(month?).ok()?, day?).ok()?;
    let time = Time::from_hms(hour?, minute?, second?).ok()?;
    (1..=9999).contains(&year).then_some(PrimitiveDateTime::new(date, time))
}

/// The numbers in a date, still of any size.
struct Parts {
    year: i128,
    /// Counted from 1.
    month: i32,
    day: i128,
    clock: [i128; 3],
    zone: String,
}

impl Parts {
    fn of(text: &str) -> Option<Self> {
        // An empty word in the place of a number or a month is neither, and so no date.
        let [mut day, mut month, mut year, mut clock, mut zone] = words(text)?;
        month = month.to_lowercase();
        if month_number(&month).is_none() {
            (day, month) = (month, day.to_lowercase());
        }
        let month = month_number(&month)?;
        if year.find(':').is_some_and(|at| at > 0) {
            (year, clock) = (clock, year);
        }
        let year = match without_comma(&year) {
            "" => return None,
            digits if digits.starts_with(|c: char| c.is_ascii_digit()) => digits.to_owned(),
            other => std::mem::replace(&mut zone, other.to_owned()),
        };
        let clock = clock_parts(without_comma(&clock))?;
        Some(Self { year: integer(&year)?, month, day: integer(without_comma(&day))?, clock, zone })
    }
}

/// Day, month, year, time and zone, in whatever order they turn out to be.
fn words(text: &str) -> Option<[String; 5]> {
    let is_space = |c: char| c.is_whitespace() || matches!(c, '\x1C'..='\x1F');
    let mut words: Vec<String> = text.split(is_space).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let first = words.first_mut()?;
    if first.ends_with(',') || is_weekday(first) {
        words.remove(0);
    } else if let Some((_weekday, day)) = first.rsplit_once(',') {
        *first = day.to_owned();
    }
    if let [date, _, _] = &words[..]
        && date.matches('-').count() == 2
    {
        let date: Vec<String> = date.split('-').map(str::to_owned).collect();
        words.splice(..1, date);
    }
    if let [_, _, _, last] = &words[..] {
        let (clock, zone) = match last.find('+').or_else(|| last.find('-')) {
            Some(at) if at > 0 => last.split_at(at),
            _ => (last.as_str(), ""),
        };
        let (clock, zone) = (clock.to_owned(), zone.to_owned());
        words.splice(3.., [clock, zone]);
    }
    words.truncate(5);
    words.try_into().ok()
}

fn is_weekday(word: &str) -> bool {
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].contains(&word.to_lowercase().as_str())
}

fn month_number(word: &str) -> Option<i32> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let is_month = |month: &&str| word == *month || (word.len() == 3 && month.starts_with(word));
    (1..).zip(MONTHS).find(|(_, month)| is_month(month)).map(|(number, _)| number)
}

fn without_comma(word: &str) -> &str {
    word.strip_suffix(',').unwrap_or(word)
}

/// Hour, minute and second, the last of which may be missing. Dots may stand for colons.
fn clock_parts(clock: &str) -> Option<[i128; 3]> {
    let mark = if clock.contains(':') { ':' } else { '.' };
    let numbers: Option<Vec<i128>> = clock.split(mark).map(integer).collect();
    match numbers?[..] {
        [hour, minute] => Some([hour, minute, 0]),
        [hour, minute, second] => Some([hour, minute, second]),
        _ => None,
    }
}

/// Python's `int(text)`. What is too large for any use here is cut off at a size that is so too.
fn integer(text: &str) -> Option<i128> {
    const MAX_DIGITS: usize = 4300;
    let (digits, is_negative) = match text.strip_prefix('-') {
        Some(digits) => (digits, true),
        None => (text.strip_prefix('+').unwrap_or(text), false),
    };
    let is_number = |run: &str| !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_digit());
    if !digits.split('_').all(is_number) || digits.len() - digits.matches('_').count() > MAX_DIGITS {
        return None;
    }
    const CUT: i128 = i64::MAX as i128;
    let digit = |byte: u8| i128::from(byte - b'0');
    let number = digits.bytes().filter(|byte| *byte != b'_').fold(0, |n: i128, b| (n * 10 + digit(b)).min(CUT));
    Some(if is_negative { -number } else { number })
}

/// The full year of one with two digits, by the custom of POSIX.
fn century(year: i128) -> i128 {
    match year {
        100.. => year,
        69..=99 => year + 1900,
        _ => year + 2000,
    }
}

fn c_int(number: i128) -> Result<i32, NoDate> {
    i32::try_from(number).map_err(|_| NoDate::Overflow)
}

/// The zone's distance from UTC. None, and one that nobody knows, count as UTC.
fn offset(zone: &str) -> Result<UtcOffset, NoDate> {
    let hundreds = match zone.to_uppercase().as_str() {
        "UT" | "UTC" | "GMT" | "Z" => 0,
        "ADT" => -300,
        "AST" | "EDT" => -400,
        "CDT" | "EST" => -500,
        "CST" | "MDT" => -600,
        "MST" | "PDT" => -700,
        "PST" => -800,
        other => integer(other).unwrap_or_default(),
    };
    let seconds = hundreds / 100 * 3600 + hundreds % 100 * 60;
    const DAY: i128 = 86_400;
    match i32::try_from(seconds) {
        _ if seconds.div_euclid(DAY).abs() > 999_999_999 => Err(NoDate::Overflow),
        Ok(seconds) if i128::from(seconds).abs() < DAY => {
            UtcOffset::from_whole_seconds(seconds).map_err(|_| NoDate::Unreadable)
        }
        _ => Err(NoDate::Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::iso::datetime_to_iso;

    fn iso(text: &str) -> Result<String, NoDate> {
        read(text).map(|datetime| datetime_to_iso(&datetime))
    }

    #[test]
    fn many_forms_are_read() {
        for (text, expected) in [
            ("Thu, 29 Feb 2024 12:30:00 GMT", "2024-02-29T12:30:00+00:00"),
            ("29 february 2024 12:30", "2024-02-29T12:30:00+00:00"),
            ("Thursday,29 Feb 2024 12.30.05 -0000", "2024-02-29T12:30:05+00:00"),
            ("Thu Feb 29 12:30:00 2024", "2024-02-29T12:30:00+00:00"),
            ("29-Feb-24 12:30:00 EST", "2024-02-29T12:30:00-05:00"),
            ("29 Feb 2024 12:30:00+0530", "2024-02-29T12:30:00+05:30"),
            ("1 Jan 0000 00:00:00 x", "2000-01-01T00:00:00+00:00"),
            ("1 Jan 69 00:00:00", "1969-01-01T00:00:00+00:00"),
        ] {
            assert_eq!(iso(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_told_from_what_is_too_large() {
        for text in [
            "",
            " ",
            "soon",
            "Thu, 30 Feb 2024 12:30:00 GMT",
            "1 Jan 10000 0:0",
            "1 Jan 2000 0:0 +2400",
            "1 Jan 2000 0:60",
        ] {
            assert_eq!(iso(text), Err(NoDate::Unreadable), "{text}");
        }
        let (longest, longer) =
            (format!("{}1 Jan 2000 0:0", "0".repeat(4299)), format!("{}1 Jan 2000 0:0", "0".repeat(4300)));
        let underscored = format!("{}1 Jan 2000 0:0", "0_".repeat(4299));
        assert_eq!(iso(&longest).as_deref(), Ok("2000-01-01T00:00:00+00:00"));
        assert_eq!(iso(&underscored).as_deref(), Ok("2000-01-01T00:00:00+00:00"));
        assert_eq!(iso(&longer), Err(NoDate::Unreadable));
        for text in ["1 Jan 99999999999 0:0", "1 Jan 2000 0:0 +999999999999999999999"] {
            assert_eq!(iso(text), Err(NoDate::Overflow), "{text}");
        }
    }
}
