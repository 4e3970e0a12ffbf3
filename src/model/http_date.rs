//! Dates as HTTP writes them.

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The date of a Unix time in seconds as `Thu, 01 Jan 1970 00:00:00 GMT`; none outside the years 1 to 9999.
pub fn format(seconds: i64) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    if !(1..=9999).contains(&at.year()) {
        return None;
    }
    let weekday = &at.weekday().to_string()[..3];
    let month = MONTHS[u8::from(at.month()) as usize - 1];
    let (hour, minute, second) = at.to_hms();
    Some(format!("{weekday}, {:02} {month} {:04} {hour:02}:{minute:02}:{second:02} GMT", at.day(), at.year()))
}

/// The Unix time in seconds of a date in the form that [`format()`] writes, whatever its weekday says.
pub fn parse_imf(text: &str) -> Option<i64> {
    let (_weekday, rest) = text.split_once(", ")?;
    let mut words = rest.split(' ');
    let (day, month, year, clock, zone) = (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
    if zone != "GMT" || words.next().is_some() {
        return None;
    }
    let month = MONTHS.iter().position(|m| *m == month)? + 1;
    let date = Date::from_calendar_date(
        year.parse().ok()?,
        Month::try_from(u8::try_from(month).ok()?).ok()?,
        day.parse().ok()?,
    );
    let mut clock = clock.split(':').map(str::parse::<u8>);
    let mut next = || clock.next()?.ok();
    let time = Time::from_hms(next()?, next()?, next()?);
    Some(PrimitiveDateTime::new(date.ok()?, time.ok()?).assume_utc().unix_timestamp())
}
