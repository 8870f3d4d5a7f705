//! Durations as people write them: `500ms`, `15s`, `10m`, `1h`, `2d`.

use std::time::Duration;

/// The longest wait a definition may ask for.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDuration {
    #[error("`{0}` is not a duration: write a number and a unit, as in 500ms, 15s, 10m, 1h or 2d")]
    Unreadable(String),
    #[error("`{0}` is too long: at most 366d")]
    TooLong(String),
}

pub fn parse(text: &str) -> Result<Duration, InvalidDuration> {
    let unreadable = || InvalidDuration::Unreadable(text.chars().take(32).collect());
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(unreadable)?;
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().map_err(|_| unreadable())?;
    let millis: u64 = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(unreadable()),
    };
    let duration = Duration::from_millis(number.saturating_mul(millis));
    if duration > LONGEST {
        return Err(InvalidDuration::TooLong(text.chars().take(32).collect()));
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_as_people_write_them() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(parse("2d"), Ok(Duration::from_secs(172_800)));
        assert!(parse("10").is_err() && parse("soon").is_err() && parse("").is_err());
        assert_eq!(parse("99999d"), Err(InvalidDuration::TooLong("99999d".into())));
    }
}
