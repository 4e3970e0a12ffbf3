//! Dates as Python's `email.utils` reads them, which is what Flask makes of the text under ` d` (`PAY-10`).
//!
//! Flask writes one form only, that of [`super::http_date`]. It reads most of what mail programs ever wrote:
//!
//! ```text
//! date    = [weekday] fields             what follows the fifth field does not count
//! fields  = day month year clock [zone]  month and day, year and clock, year and zone may change places
//!         | day "-" month "-" year clock zone
//!         | day month year clock±zone    the zone begins at the sign
//! clock   = hour ":" minute [":" second] | hour "." minute ["." second]
//! ```
//!
//! A zone that is unknown or missing counts as UTC; so do the single letters of the military except `Z`, which is UTC. Comments
//! in parentheses are words like others.
//!
//! Python 3.9 to 3.13 agree on all of this except for two things, and no vector has either. Where the day is empty, or the year
//! is empty or a lone comma, there is no date, while 3.9 raises an `IndexError`. And digits are those of Unicode 13, while 3.11
//! knows those of one script more, and 3.12 those of three.

use super::{Raised, integer};
use crate::value::{Datetime, Text};
use time::{Date, Month, PrimitiveDateTime, Time, UtcOffset};

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

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The zones that have names, as hours and minutes east in one number.
const ZONES: [(&str, i128); 14] = [
    ("ADT", -300),
    ("AST", -400),
    ("CDT", -500),
    ("CST", -600),
    ("EDT", -400),
    ("EST", -500),
    ("GMT", 0),
    ("MDT", -600),
    ("MST", -700),
    ("PDT", -700),
    ("PST", -800),
    ("UT", 0),
    ("UTC", 0),
    ("Z", 0),
];

const SECONDS_OF_A_DAY: i128 = 86_400;

/// The most days that a Python `timedelta` holds.
const MOST_DAYS: i128 = 999_999_999;

/// The datetime that a text tells, with the offset that it names, else that of UTC; `None` if it tells none, or one that does not
/// exist: a day that the month lacks, second 60, an offset of 24 hours or more.
///
/// # Errors
///
/// [`Raised::Payload`] when a number is too large for Python's `datetime` even to look at: Flask does not expect the
/// `OverflowError`.
pub fn read(text: &Text) -> Result<Option<Datetime>, Raised> {
    // Half a surrogate pair is no space, digit or letter of a name, and neither is what stands for it here.
    let text: String =
        text.code_points().iter().map(|&point| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    match Fields::of(&text).and_then(|fields| Numbers::of(&fields)) {
        Some(numbers) => numbers.datetime(),
        None => Ok(None),
    }
}

/// The parts of a date, each in its place.
struct Fields<'a> {
    day: &'a str,
    /// 1 to 12.
    month: u8,
    year: &'a str,
    clock: &'a str,
    zone: &'a str,
}

impl<'a> Fields<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let words = without_weekday(text.split(is_space).filter(|word| !word.is_empty()).collect());
        let [first, second, third, fourth, zone] = five(&words)?;
        let (day, month) = match (month(second), month(first)) {
            (Some(month), _) => (first, month),
            (None, Some(month)) => (second, month),
            (None, None) => return None,
        };
        let (year, clock) = if third.find(':') > Some(0) { (fourth, third) } else { (third, fourth) };
        // A lone comma for a year is an empty year, whose place the zone does not take.
        let year = Some(without_comma(year)).filter(|year| !year.is_empty())?;
        let (year, zone) = if year.starts_with(integer::is_digit) { (year, zone) } else { (zone, year) };
        Some(Self { day: without_comma(day), month, year, clock: without_comma(clock), zone })
    }
}

/// The words without the name of the day: a first word that ends in a comma, whatever it is, or that is a day's short name, or
/// what stands before the last comma in the first word.
fn without_weekday(mut words: Vec<&str>) -> Vec<&str> {
    let Some(first) = words.first_mut() else { return words };
    if first.ends_with(',') || WEEKDAYS.iter().any(|day| first.eq_ignore_ascii_case(day)) {
        words.remove(0);
    } else if let Some((_, rest)) = first.rsplit_once(',') {
        *first = rest;
    }
    words
}

/// Day, month, year, clock and zone, not yet in this order, with the zone empty when there is none.
fn five<'a>(words: &[&'a str]) -> Option<[&'a str; 5]> {
    let fields = match *words {
        [date, clock, zone] => {
            let mut pieces = date.split('-');
            let date = [pieces.next()?, pieces.next()?, pieces.next()?];
            if pieces.next().is_some() {
                return None;
            }
            [date[0], date[1], date[2], clock, zone]
        }
        [a, b, c, clock] => {
            let sign = clock.find('+').or_else(|| clock.find('-')).filter(|&at| at > 0);
            let (clock, zone) = clock.split_at_checked(sign.unwrap_or(clock.len()))?;
            [a, b, c, clock, zone]
        }
        [a, b, c, clock, zone, ..] => [a, b, c, clock, zone],
        _ => return None,
    };
    let [a, b, c, ..] = fields;
    (![a, b, c].contains(&"")).then_some(fields)
}

/// What Python's `split()` takes for space: Unicode's white space and four separators of ASCII.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1C'..='\x1F').contains(&c)
}

/// The number of a month from its name, in full or its first three letters, in any case.
fn month(name: &str) -> Option<u8> {
    (1..)
        .zip(MONTHS)
        .find(|(_, month)| [month, &month[..3]].iter().any(|m| name.eq_ignore_ascii_case(m)))
        .map(|(n, _)| n)
}

fn without_comma(word: &str) -> &str {
    word.strip_suffix(',').unwrap_or(word)
}

/// A date in numbers that need not exist in any calendar.
struct Numbers {
    year: i128,
    /// 1 to 12.
    month: u8,
    day: i128,
    hour: i128,
    minute: i128,
    second: i128,
    /// Seconds east of UTC.
    offset: i128,
}

impl Numbers {
    fn of(fields: &Fields) -> Option<Self> {
        let separator = if fields.clock.contains(':') { ':' } else { '.' };
        let clock: Vec<_> = fields.clock.split(separator).collect();
        let (hour, minute, second) = match clock[..] {
            [hour, minute] => (hour, minute, "0"),
            [hour, minute, second] => (hour, minute, second),
            _ => return None,
        };
        Some(Self {
            year: full_year(integer::read(fields.year)?),
            month: fields.month,
            day: integer::read(fields.day)?,
            hour: integer::read(hour)?,
            minute: integer::read(minute)?,
            second: integer::read(second)?,
            offset: offset(fields.zone),
        })
    }

    fn datetime(&self) -> Result<Option<Datetime>, Raised> {
        if self.offset.div_euclid(SECONDS_OF_A_DAY).abs() > MOST_DAYS {
            return Err(Raised::Payload);
        }
        // Python looks at the offset first: where that is too large, no other number raises.
        if self.offset.abs() >= SECONDS_OF_A_DAY {
            return Ok(None);
        }
        if [self.year, self.day, self.hour, self.minute, self.second]
            .iter()
            .any(|&number| i32::try_from(number).is_err())
        {
            return Err(Raised::Payload);
        }
        Ok(self.existing())
    }

    fn existing(&self) -> Option<Datetime> {
        let small = |number: i128| u8::try_from(number).ok();
        let year = i32::try_from(self.year).ok().filter(|year| (1..=9999).contains(year))?;
        let date = Date::from_calendar_date(year, Month::try_from(self.month).ok()?, small(self.day)?).ok()?;
        let time = Time::from_hms(small(self.hour)?, small(self.minute)?, small(self.second)?).ok()?;
        let offset = UtcOffset::from_whole_seconds(i32::try_from(self.offset).ok()?).ok()?;
        Some(Datetime { local: PrimitiveDateTime::new(date, time), offset: Some(offset) })
    }
}

/// A year below 100, however it is spelled, is one of 1969 to 2068; negative ones count back from 2000.
fn full_year(year: i128) -> i128 {
    match year {
        69..=99 => year + 1900,
        ..69 => year + 2000,
        _ => year,
    }
}

/// Seconds east of UTC of a zone by its name, or by hours and minutes in one number. The minutes are the last two digits, up to
/// 99.
fn offset(zone: &str) -> i128 {
    let zone = zone.to_uppercase();
    let named = ZONES.iter().find(|(name, _)| *name == zone).map(|&(_, number)| number);
    let number = named.or_else(|| integer::read(&zone)).unwrap_or(0);
    number / 100 * 3600 + number % 100 * 60
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::iso::datetime_to_iso;

    fn date(text: &str) -> Option<String> {
        read(&text.into()).unwrap().as_ref().map(datetime_to_iso)
    }

    fn assert_dates(cases: &[(&str, &str)]) {
        for (text, iso) in cases {
            assert_eq!(date(text).as_deref(), Some(*iso), "{text}");
        }
    }

    fn assert_none(texts: &[&str]) {
        for text in texts {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn the_three_forms_of_http_are_read() {
        let noon = "2024-02-29T12:30:05+00:00";
        assert_dates(&[
            ("Thu, 29 Feb 2024 12:30:05 GMT", noon),
            ("Thursday, 29-Feb-24 12:30:05 GMT", noon),
            ("Thu Feb 29 12:30:05 2024", noon),
        ]);
        assert_none(&["", " ", "soon", "2024-02-29T12:30:05Z", "Thursday 29-Feb-24 12:30:05 GMT"]);
    }

    #[test]
    fn whatever_ends_in_a_comma_is_a_weekday() {
        let noon = "2024-02-29T12:00:00+00:00";
        assert_dates(&[
            ("Fri, 29 Feb 2024 12:00", noon),
            ("x, 29 Feb 2024 12:00", noon),
            ("Thu,29 Feb 2024 12:00", noon),
        ]);
        assert_dates(&[("THU 29 Feb 2024 12:00", noon), ("29 Feb 2024 12:00", noon)]);
        assert_none(&["Thursday 29 Feb 2024 12:00", "29, Feb 2024 12:00", "Thu, Thu, 29 Feb 2024 12:00"]);
    }

    #[test]
    fn neighbours_change_places() {
        let noon = "2024-02-29T12:30:00+02:00";
        assert_dates(&[("29 Feb 2024 12:30 +0200", noon), ("Feb 29, 2024, 12:30, +0200", noon)]);
        assert_dates(&[
            ("29 february 12:30 2024 +0200", noon),
            ("29 Feb +0200 12:30 2024", noon),
            ("feb 29 12:30 +0200 2024", noon),
        ]);
        assert_none(&["2024 29 Feb 12:30 +0200", "29 Febr 2024 12:30", "29 Feb, 2024 12:30", "29 Feb , 12:30 2024"]);
    }

    #[test]
    fn a_clock_has_minutes_and_perhaps_seconds_behind_colons_or_dots() {
        let at = |clock: &str| date(&format!("1 Jan 2024 {clock} GMT")).map(|iso| iso[11..19].to_owned());
        assert_eq!(at("9:5").as_deref(), Some("09:05:00"));
        assert_eq!(at("23.59.59").as_deref(), Some("23:59:59"));
        assert_eq!(at("+1:-0:1_2,").as_deref(), Some("01:00:12"));
        for clock in ["12", "12:30:05:06", "12:30.05", "24:00", "23:60", "23:59:60", "-1:00", "12:", ":30"] {
            assert_eq!(at(clock), None, "{clock}");
        }
    }

    #[test]
    fn a_year_below_100_is_one_of_1969_to_2068_unless_it_is_negative() {
        let year = |year: &str| date(&format!("1 Jan 0:0 {year}")).map(|iso| iso[..4].to_owned());
        for (written, read) in
            [("0", "2000"), ("0068", "2068"), ("69", "1969"), ("0099", "1999"), ("100", "0100"), ("9999", "9999")]
        {
            assert_eq!(year(written).as_deref(), Some(read), "{written}");
        }
        assert_eq!(year("10000"), None);
        assert_eq!(date("1 Jan GMT 0:0 -5"), date("1 Jan 1995 0:0"));
        assert_none(&[
            "1 Jan GMT 0:0 -2000",
            "30 Feb 2024 0:0",
            "29 Feb 2023 0:0",
            "0 Jan 2024 0:0",
            "32 Jan 2024 0:0",
        ]);
    }

    #[test]
    fn zones_are_names_or_numbers_and_else_utc() {
        let offset = |zone: &str| date(&format!("1 Jan 2024 12:30 {zone}")).map(|iso| iso[19..].to_owned());
        for (zone, east) in
            [("est", "-05:00"), ("ADT", "-03:00"), ("E\u{17F}T", "-05:00"), ("+0530", "+05:30"), ("5", "+00:05")]
        {
            assert_eq!(offset(zone).as_deref(), Some(east), "{zone}");
        }
        for (zone, east) in [("-0099", "-01:39"), ("+2359", "+23:59"), ("-2359", "-23:59"), ("-5_30 EST", "-05:30")] {
            assert_eq!(offset(zone).as_deref(), Some(east), "{zone}");
        }
        for zone in ["", "Z", "A", "CET", "-0000", "(EST)", "GMT+1", "+05:30", "--1"] {
            assert_eq!(offset(zone).as_deref(), Some("+00:00"), "{zone}");
        }
        assert_eq!((offset("+2360"), offset("-2400"), offset("2399999999959")), (None, None, None));
        assert_dates(&[
            ("1 Jan 2024 12:30+0200", "2024-01-01T12:30:00+02:00"),
            ("1 Jan 2024 12:30-1", "2024-01-01T12:30:00-00:01"),
        ]);
    }

    #[test]
    fn numbers_too_large_for_python_raise_unless_the_offset_alone_rules_the_date_out() {
        let raises = |text: &str| read(&text.into()) == Err(Raised::Payload);
        for text in [
            "1 Jan 2147483648 0:0",
            "2147483648 Jan 2024 0:0",
            "1 Jan 2024 0:-2147483649 GMT",
            "1 Jan 2024 0:0 2399999999960",
        ] {
            assert!(raises(text), "{text}");
        }
        assert!(raises("1 Jan 2024 0:0 -2399999997601"));
        assert_none(&[
            "1 Jan 2147483647 0:0",
            "1 Jan 2147483648 0:0 +2400",
            "1 Jan 2147483648 x:0",
            "1 Jan 2024 0:0 -2399999997600",
        ]);
    }

    #[test]
    fn words_are_split_at_any_space_and_digits_are_of_any_script() {
        assert_dates(&[("\u{662}\u{669}\u{3000}Feb\x1F2024\u{85}12:30", "2024-02-29T12:30:00+00:00")]);
        assert_none(&["29 Feb \u{B2}024 12:30 2024"]);
        let behind_half_a_pair =
            Text::from_code_points([0xD800, 0x2C].into_iter().chain("1 Jan 2024 0:0".chars().map(u32::from)));
        assert!(read(&behind_half_a_pair).unwrap().is_some());
    }
}
