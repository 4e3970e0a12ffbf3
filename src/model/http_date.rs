//! Dates as HTTP writes them. Flask reads more forms: [`super::email_date`].

use time::OffsetDateTime;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The date of a Unix time in seconds as `Thu, 01 Jan 1970 00:00:00 GMT`; `None` outside the years 1 to 9999.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_four_digits_of_year_and_a_weekday() {
        assert_eq!(format(0).as_deref(), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
        assert_eq!(format(-59_011_459_200).as_deref(), Some("Fri, 01 Jan 0100 00:00:00 GMT"));
        assert_eq!(format(i64::MAX), None);
    }
}
