//! Moments as text (RFC 3339, UTC, milliseconds), and what can be read off that text.
//!
//! The first render of a page must not depend on a clock or a locale, or the browser would
//! disagree with the server; so everything here is a function of the text alone.

use std::ops::Range;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ssr", schema(value_type = String, format = DateTime))]
#[serde(transparent)]
pub struct Timestamp(pub String);

impl Timestamp {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `09:41:07.088`, or the whole text when it is not what it should be.
    pub fn clock(&self) -> &str {
        self.0.get(11..23).unwrap_or(&self.0)
    }

    /// `2025-11-24`.
    pub fn date(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }

    /// Milliseconds since 1970.
    pub fn millis(&self) -> Option<i64> {
        let number =
            |range: Range<usize>| self.0.get(range).and_then(|text| text.parse::<i64>().ok());
        let days = days_from_civil(number(0..4)?, number(5..7)?, number(8..10)?);
        let seconds = ((days * 24 + number(11..13)?) * 60 + number(14..16)?) * 60 + number(17..19)?;
        Some(seconds * 1000 + number(20..23).unwrap_or(0))
    }

    /// How long after `earlier` this was, in milliseconds; never negative.
    pub fn since(&self, earlier: &Self) -> Option<u64> {
        Some(u64::try_from(self.millis()? - earlier.millis()?).unwrap_or(0))
    }
}

/// Howard Hinnant's days_from_civil: days since 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// `84 ms`, `38.2 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`.
pub fn duration(millis: u64) -> String {
    let (seconds, minutes, hours) = (millis / 1000, millis / 60_000, millis / 3_600_000);
    let pair = |big: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{big} {unit}"),
        small => format!("{big} {unit} {small} {small_unit}"),
    };
    match millis {
        0..1000 => format!("{millis} ms"),
        1000..60_000 => format!("{}.{} s", seconds, millis % 1000 / 100),
        60_000..3_600_000 => pair(minutes, "min", seconds % 60, "s"),
        3_600_000..86_400_000 => pair(hours, "h", minutes % 60, "min"),
        _ => pair(hours / 24, "d", hours % 24, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(Timestamp(text.to_owned()).millis(), expected, "{text}");
    }

    #[test]
    fn text_becomes_milliseconds() {
        check("1970-01-01T00:00:00.000Z", Some(0));
        check("2000-02-29T12:00:00.500Z", Some(951_825_600_500));
        check("2025-11-24T16:44:05Z", Some(1_764_002_645_000));
        check("yesterday", None);
        check("ümläut-und-mehr-als-zwanzig", None);
    }

    #[test]
    fn clocks_are_cut_from_the_text() {
        assert_eq!(Timestamp("2025-11-24T09:41:07.088Z".to_owned()).clock(), "09:41:07.088");
        assert_eq!(Timestamp("odd".to_owned()).clock(), "odd");
    }

    #[test]
    fn durations_read_naturally() {
        let cases = [(84, "84 ms"), (38_240, "38.2 s"), (60_000, "1 min"), (250_000, "4 min 10 s")];
        for (millis, expected) in cases {
            assert_eq!(duration(millis), expected);
        }
        assert_eq!(duration(7_500_000), "2 h 5 min");
        assert_eq!(duration(273_600_000), "3 d 4 h");
    }
}
