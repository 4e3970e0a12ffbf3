//! Dates: the one form that is written, and those that `PAY-10` reads (the grammar of the specification).

use super::Not;
use crate::value::Datetime;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `date(n)`.
pub(in super::super) fn fixdate(seconds: i64) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(seconds).ok().filter(|at| at.year() > 0)?;
    let day = DAYS.get(usize::from(at.weekday().number_days_from_monday()))?;
    let month = MONTHS.get(usize::from(u8::from(at.month())) - 1)?.get(..3)?;
    let (hour, minute, second) = at.to_hms();
    Some(format!("{day}, {:02} {month} {:04} {hour:02}:{minute:02}:{second:02} GMT", at.day(), at.year()))
}

/// The instant of a date as it is written.
pub(in super::super) fn read_fixdate(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u16>().ok();
    let month = Month::try_from(month(text.get(8..11)?)?).ok()?;
    let date = Date::from_calendar_date(number(12, 16)?.into(), month, number(5, 7)?.try_into().ok()?).ok()?;
    let [hour, minute, second] = [(17, 19), (20, 22), (23, 25)].map(|(from, to)| number(from, to)?.try_into().ok());
    let seconds = date.with_hms(hour?, minute?, second?).ok()?.assume_utc().unix_timestamp();
    (fixdate(seconds).as_deref() == Some(text)).then_some(seconds)
}

/// The datetime that a text under ` d` stands for; none if it is null. Text beyond ASCII is not known.
pub(in super::super) fn read(text: &str) -> Result<Option<Datetime>, Not> {
    if !text.is_ascii() {
        return Err(Not::Known);
    }
    match five_fields(text).and_then(|fields| meaning(&fields)) {
        Some(numbers) => numbers.datetime(),
        None => Ok(None),
    }
}

fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || ('\x1C'..='\x1F').contains(&c) || c == '\x0B'
}

/// Steps 1 and 2.
fn five_fields(text: &str) -> Option<[String; 5]> {
    let mut words: Vec<String> = text.split(is_space).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let first = words.first()?.clone();
    if first.ends_with(',') || DAYS.iter().any(|day| day.eq_ignore_ascii_case(&first)) {
        words.remove(0);
    } else if let Some((_, rest)) = first.rsplit_once(',') {
        words[0] = rest.to_owned();
    }
    if let [date, clock, zone] = &words[..] {
        let pieces: Vec<&str> = date.split('-').collect();
        let [a, b, c] = pieces[..] else { return None };
        return (![a, b, c].contains(&"")).then(|| [a, b, c, clock, zone].map(str::to_owned));
    }
    if let [a, b, c, last] = &words[..] {
        let sign = last.find('+').or_else(|| last.find('-')).filter(|at| *at > 0).unwrap_or(last.len());
        let (clock, zone) = last.split_at(sign);
        return Some([a, b, c, clock, zone].map(str::to_owned));
    }
    words.truncate(5);
    words.try_into().ok()
}

struct Numbers {
    year: i128,
    month: u8,
    day: i128,
    clock: [i128; 3],
    zone: i128,
}

/// Step 3.
fn meaning(fields: &[String; 5]) -> Option<Numbers> {
    let [first, second, third, fourth, fifth] = fields.each_ref().map(String::as_str);
    let (day, month) = match (month(second), month(first)) {
        (Some(month), _) => (first, month),
        (None, month) => (second, month?),
    };
    let (year, clock) = if third.find(':').is_some_and(|at| at > 0) { (fourth, third) } else { (third, fourth) };
    let without_comma = |field: &'_ str| field.strip_suffix(',').unwrap_or(field).to_owned();
    let year = Some(without_comma(year)).filter(|year| !year.is_empty())?;
    let is_number = year.starts_with(|c: char| c.is_ascii_digit());
    let (year, zone) = if is_number { (year, fifth.to_owned()) } else { (fifth.to_owned(), year) };
    let clock = without_comma(clock);
    let parts: Option<Vec<i128>> = clock.split(if clock.contains(':') { ':' } else { '.' }).map(number).collect();
    let clock = match parts?[..] {
        [hour, minute] => [hour, minute, 0],
        [hour, minute, second] => [hour, minute, second],
        _ => return None,
    };
    Some(Numbers { year: number(&year)?, month, day: number(&without_comma(day))?, clock, zone: zone_number(&zone) })
}

fn month(name: &str) -> Option<u8> {
    let is_it = |month: &&str| name.eq_ignore_ascii_case(month) || name.eq_ignore_ascii_case(&month[..3]);
    MONTHS.iter().position(is_it).and_then(|place| u8::try_from(place + 1).ok())
}

/// `number`; those beyond 30 digits are cut, since no date comes near.
fn number(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_run = |run: &str| !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_digit());
    if !digits.split('_').all(is_run) || digits.replace('_', "").len() > 4300 {
        return None;
    }
    let digits = digits.replace('_', "");
    let digits = digits.trim_start_matches('0');
    let number = digits.get(..30).unwrap_or(digits).parse().unwrap_or(0);
    Some(if text.starts_with('-') { -number } else { number })
}

/// Hours and minutes east of UTC, as one number.
fn zone_number(zone: &str) -> i128 {
    match zone.to_ascii_uppercase().as_str() {
        "AST" | "EDT" => -400,
        "ADT" => -300,
        "EST" | "CDT" => -500,
        "CST" | "MDT" => -600,
        "MST" | "PDT" => -700,
        "PST" => -800,
        other => number(other).unwrap_or(0),
    }
}

impl Numbers {
    fn datetime(&self) -> Result<Option<Datetime>, Not> {
        const DAY: i128 = 86_400;
        let offset = self.zone / 100 * 3600 + self.zone % 100 * 60;
        if offset.div_euclid(DAY).abs() > 999_999_999 {
            return Err(Not::Readable);
        }
        if offset.abs() >= DAY {
            return Ok(None);
        }
        let year = match self.year {
            69..=99 => self.year + 1900,
            ..69 => self.year + 2000,
            _ => self.year,
        };
        let [hour, minute, second] = self.clock;
        if [year, self.day, hour, minute, second].iter().any(|number| i32::try_from(*number).is_err()) {
            return Err(Not::Readable);
        }
        let existing = || {
            let year = i32::try_from(year).ok().filter(|year| (1..=9999).contains(year))?;
            let small = |number: i128| u8::try_from(number).ok();
            let date = Date::from_calendar_date(year, Month::try_from(self.month).ok()?, small(self.day)?).ok()?;
            let time = Time::from_hms(small(hour)?, small(minute)?, small(second)?).ok()?;
            let offset = UtcOffset::from_whole_seconds(i32::try_from(offset).ok()?).ok()?;
            Some(Datetime { local: PrimitiveDateTime::new(date, time), offset: Some(offset) })
        };
        Ok(existing())
    }
}
