//! Time as an input: nothing in this crate asks the machine what time it is, except [`UnixTime::now`] where a caller wants that.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use std::{fmt, time::SystemTime};

/// A point in time: whole microseconds since the Unix epoch.
///
/// On the adapter protocol it is a number of seconds with at most six decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime {
    micros: i64,
}

impl UnixTime {
    /// The machine's time.
    #[must_use]
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// A point in time at a whole second. Seconds beyond what the type holds saturate.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self { micros: seconds.saturating_mul(1_000_000) }
    }

    /// A point in time from microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self { micros }
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.micros
    }

    /// Whole seconds since the epoch, rounded down: what a signature's timestamp holds (`SIG-4`).
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.micros.div_euclid(1_000_000)
    }

    /// The point in time some microseconds later (or earlier).
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self { micros: self.micros.saturating_add(micros) }
    }

    /// The point in time some seconds later (or earlier).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_micros(seconds.saturating_mul(1_000_000))
    }
}

impl From<SystemTime> for UnixTime {
    /// The microsecond that the time is in. What lies beyond the type's range saturates.
    fn from(time: SystemTime) -> Self {
        let micros = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => {
                let micros = i64::try_from(before.duration().as_nanos().div_ceil(1000)).unwrap_or(i64::MAX);
                micros.saturating_neg()
            }
        };
        Self { micros }
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.micros.rem_euclid(1_000_000) {
            0 => write!(f, "{}", self.seconds()),
            fraction => {
                let digits = format!("{fraction:06}");
                write!(f, "{}.{}", self.seconds(), digits.trim_end_matches('0'))
            }
        }
    }
}

/// A number of seconds in a document.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a number of seconds is needed")]
pub(crate) enum Seconds {
    /// An integer that 64 bits hold.
    Whole(i64),
    /// Any other number.
    Fraction(f64),
}

impl Serialize for UnixTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.micros % 1_000_000 {
            0 => serializer.serialize_i64(self.seconds()),
            _ => serializer.serialize_f64(self.micros as f64 / 1e6),
        }
    }
}

impl<'de> Deserialize<'de> for UnixTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = |seconds: &dyn fmt::Display| D::Error::custom(format!("the time {seconds} is out of range"));
        match Seconds::deserialize(deserializer)? {
            Seconds::Whole(seconds) => match seconds.checked_mul(1_000_000) {
                Some(micros) => Ok(Self { micros }),
                None => Err(wrong(&seconds)),
            },
            Seconds::Fraction(seconds) => match (seconds * 1e6).round() {
                micros if micros.abs() < 9e18 => Ok(Self { micros: micros as i64 }),
                _ => Err(wrong(&seconds)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "json")]
    fn microseconds_survive_the_line() {
        for text in ["0", "1700000000", "1700000000.25", "1700000000.999999", "253402300799.5"] {
            let time: UnixTime = crate::json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&time).unwrap(), text);
            assert_eq!(time.to_string(), text);
        }
    }

    #[test]
    fn the_systems_time_is_read_to_the_microsecond_before_the_epoch_too() {
        let at = |nanos| SystemTime::UNIX_EPOCH + std::time::Duration::from_nanos(nanos);
        assert_eq!(UnixTime::from(at(1_500_000_999)), UnixTime::from_micros(1_500_000));
        let before = SystemTime::UNIX_EPOCH - std::time::Duration::from_nanos(1);
        assert_eq!(UnixTime::from(before), UnixTime::from_micros(-1));
        assert!(UnixTime::now() > UnixTime::from_seconds(1_700_000_000));
    }

    #[test]
    fn seconds_round_down() {
        assert_eq!(UnixTime::from_micros(1_999_999).seconds(), 1);
        assert_eq!(UnixTime::from_micros(-1).seconds(), -1);
    }
}
