//! Dates as a user agent reads them: the cookie-date algorithm of RFC 6265bis, section 5.1.1, which takes nearly every date
//! that was ever written, and some that nobody meant.
//!
//! Weekday and time zone are not looked at. The model's own dates are written and read by [`super::super::http_date`].

use time::{Date, Month, PrimitiveDateTime, Time};

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The Unix time in seconds of a cookie date, or none when it cannot be read (`UA-8`).
pub fn parse(text: &str) -> Option<i64> {
    let (mut clock, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(is_delimiter).filter(|token| !token.is_empty()) {
        // Each token counts as the first thing that is still missing and that it can be.
        if claim(&mut clock, || read_clock(token)) || claim(&mut day, || read_number(token, 1..=2)) {
            continue;
        }
        if claim(&mut month, || read_month(token)) || claim(&mut year, || read_number(token, 2..=4)) {
            continue;
        }
    }
    let time = clock.and_then(|(hour, minute, second)| Time::from_hms(hour, minute, second).ok())?;
    let date = Date::from_calendar_date(full_year(year?)?, month?, u8::try_from(day?).ok()?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc().unix_timestamp())
}

/// Years of two digits lie in 1970 to 2069, also when they are written `0001`; years before 1601 are refused.
fn full_year(year: u16) -> Option<i32> {
    let year = match year {
        0..=69 => year + 2000,
        70..=99 => year + 1900,
        _ => year,
    };
    (year >= 1601).then_some(i32::from(year))
}

fn is_delimiter(c: char) -> bool {
    matches!(c, '\t' | ' '..='/' | ';'..='@' | '['..='`' | '{'..='~')
}

/// Fills a place that is still empty; returns whether it did.
fn claim<T>(place: &mut Option<T>, read: impl FnOnce() -> Option<T>) -> bool {
    if place.is_none() {
        *place = read();
        return place.is_some();
    }
    false
}

/// `hours:minutes:seconds`, one or two digits each. What follows may be anything but a digit.
fn read_clock(token: &str) -> Option<(u8, u8, u8)> {
    let mut parts = token.splitn(3, ':');
    let mut whole = || parts.next().filter(|part| part.len() <= 2).and_then(|part| read_number(part, 1..=2));
    let (hour, minute) = (whole()?, whole()?);
    let second = read_number(parts.next()?, 1..=2)?;
    Some((u8::try_from(hour).ok()?, u8::try_from(minute).ok()?, u8::try_from(second).ok()?))
}

/// The digits that a token begins with, if there are as many as asked for. What follows may be anything but a digit.
fn read_number(token: &str, digits: std::ops::RangeInclusive<usize>) -> Option<u16> {
    let end = token.find(|c: char| !c.is_ascii_digit()).unwrap_or(token.len());
    if digits.contains(&end) { token.get(..end)?.parse().ok() } else { None }
}

/// A month by its first three letters.
fn read_month(token: &str) -> Option<Month> {
    let name = token.get(..3)?;
    let at = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))?;
    Month::try_from(u8::try_from(at + 1).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_customary_spelling_of_a_date_is_read() {
        for text in [
            "Tue, 14 Nov 2023 22:13:20 GMT",
            "Tuesday, 14-Nov-23 22:13:20 GMT",
            "Tue Nov 14 22:13:20 2023",
            "14 november 2023 22:13:20",
            "2023 22:13:20 14th Nov",
            "22:13:20Z 14/Nov/2023 +0500",
        ] {
            assert_eq!(parse(text), Some(1_700_000_000), "{text:?}");
        }
    }

    #[test]
    fn what_lacks_a_part_or_lies_outside_the_calendar_is_not_a_date() {
        for text in [
            "",
            "tomorrow",
            "14 Nov 2023",
            "Nov 2023 22:13:20",
            "31 Feb 2023 22:13:20",
            "14 Nov 1600 22:13:20",
            "14 Nov 2023 24:00:00",
            "14 Nov 2023 22:13:60",
            "14 Nov 2023 22:130:20",
            "14 Nov 2023 22:13:200",
            "14 Nov 2023 122:13:20",
            "014 Nov 20230 22:13:20",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_fraction_of_a_second_is_taken_for_the_day() {
        assert_eq!(parse("22:13:20.5 14/Nov/2023"), parse("5 Nov 2014 22:13:20"));
    }

    #[test]
    fn years_of_two_digits_lie_in_1970_to_2069_however_they_are_written() {
        let first_of_january = |year: &str| parse(&format!("Thu, 01 Jan {year} 00:00:00 GMT"));
        assert_eq!(first_of_january("70"), Some(0));
        assert_eq!(first_of_january("0070"), Some(0));
        assert_eq!(first_of_january("69"), first_of_january("2069"));
        assert_eq!(first_of_january("0001"), first_of_january("2001"));
        assert_eq!(first_of_january("0100"), None);
    }
}
