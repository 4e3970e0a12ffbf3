//! Dates with their times as ISO 8601 text.

use super::Datetime;
use time::{
    OffsetDateTime, PrimitiveDateTime, UtcOffset,
    format_description::well_known::{Iso8601, iso8601},
};

/// A datetime from ISO 8601 text as Python's `isoformat` writes it.
pub fn datetime_from_iso(text: &str) -> Option<Datetime> {
    if let Ok(aware) = OffsetDateTime::parse(text, &Iso8601::PARSING) {
        let local = PrimitiveDateTime::new(aware.date(), aware.time());
        return Some(Datetime { local, offset: Some(aware.offset()) });
    }
    let local = PrimitiveDateTime::parse(text, &Iso8601::PARSING).ok()?;
    Some(Datetime { local, offset: None })
}

/// ISO 8601 text as Python's `isoformat` writes it.
pub fn datetime_to_iso(datetime: &Datetime) -> String {
    use iso8601::{Config, EncodedConfig, FormattedComponents, TimePrecision};
    const fn format(digits: Option<std::num::NonZeroU8>) -> EncodedConfig {
        Config::DEFAULT
            .set_formatted_components(FormattedComponents::DateTime)
            .set_time_precision(TimePrecision::Second { decimal_digits: digits })
            .encode()
    }
    const WHOLE: Iso8601<{ format(None) }> = Iso8601;
    const MICRO: Iso8601<{ format(std::num::NonZeroU8::new(6)) }> = Iso8601;
    let text = match datetime.local.microsecond() {
        0 => datetime.local.format(&WHOLE),
        _ => datetime.local.format(&MICRO),
    };
    let offset = datetime.offset.map(iso_offset).unwrap_or_default();
    text.unwrap_or_default() + &offset
}

fn iso_offset(offset: UtcOffset) -> String {
    let (hours, minutes, _) = offset.as_hms();
    let sign = if offset.is_negative() { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", hours.abs(), minutes.abs())
}
