//! How many events a key may send in a stretch of time.
//!
//! The rule is GCRA, a leaky bucket that stores one time for each key: when the bucket will have run
//! empty. Each node counts for itself.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use crate::id::KeyId;
use crate::time::Timestamp;

/// So many events in so many seconds: `100/min`, `20/s` or `5000/h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub count: NonZeroU32,
    pub seconds: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a rate: write 100/min, 20/s or 5000/h")]
pub struct InvalidRate(String);

impl FromStr for Rate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let wrong = || InvalidRate(text.chars().take(32).collect());
        let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
        let seconds = match unit.trim() {
            "s" | "sec" | "second" => 1,
            "m" | "min" | "minute" => 60,
            "h" | "hour" => 3_600,
            _ => return Err(wrong()),
        };
        Ok(Self { count: count.trim().parse().map_err(|_| wrong())?, seconds })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.seconds {
            1 => "s",
            60 => "min",
            _ => "h",
        };
        write!(f, "{}/{unit}", self.count)
    }
}

/// Where a caller stands with its limit after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub rate: Rate,
    /// How many more are taken right now.
    pub remaining: u32,
    /// Seconds until all of it may be used again.
    pub reset: u64,
    /// The request was refused: seconds until one like it is taken; `None` when it never is,
    /// because it counts for more than the limit.
    pub refused: Option<Option<u64>>,
}

/// When the bucket will have run empty, in nanoseconds since 1970.
type Empty = i64;

impl Rate {
    /// Lets `count` through at `now`, or not: then `empty` stays as it was.
    fn take(self, empty: Empty, now: Timestamp, count: u32) -> (Empty, Standing) {
        let period = i64::from(self.seconds) * 1_000_000_000;
        // A rate beyond one a nanosecond is one a nanosecond.
        let each = (period / i64::from(self.count.get())).max(1);
        let now = now.millis().saturating_mul(1_000_000);
        // A clock that stepped back must not keep a caller out for longer than the period.
        let full = empty.clamp(now, now + period);
        let wanted = full + each * i64::from(count);
        let refused = wanted > now + period;
        let empty = if refused { full } else { wanted };
        let seconds = |nanos: i64| nanos.max(0).unsigned_abs().div_ceil(1_000_000_000);
        let wait = (count <= self.count.get()).then(|| seconds(wanted - now - period).max(1));
        let standing = Standing {
            rate: self,
            remaining: u32::try_from((now + period - empty) / each).unwrap_or(0),
            reset: seconds(empty - now),
            refused: refused.then_some(wait),
        };
        (empty, standing)
    }
}

/// The buckets of the keys that have a limit.
#[derive(Default)]
pub struct Limits(Mutex<HashMap<KeyId, Empty>>);

impl Limits {
    pub fn take(&self, key: KeyId, rate: Rate, now: Timestamp, count: u32) -> Standing {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let empty = buckets.entry(key).or_insert(0);
        let (after, standing) = rate.take(*empty, now, count);
        *empty = after;
        standing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_750_000_000_000 + millis)
    }

    #[test]
    fn a_burst_then_a_steady_trickle() {
        let rate: Rate = "60/min".parse().unwrap();
        let mut empty = 0;
        let mut take = |millis, count| {
            let (after, standing) = rate.take(empty, at(millis), count);
            empty = after;
            standing
        };
        assert_eq!(take(0, 59).remaining, 1);
        let last = take(0, 1);
        assert_eq!((last.remaining, last.reset, last.refused), (0, 60, None));
        assert_eq!(take(0, 1).refused, Some(Some(1)), "one comes back each second");
        assert_eq!(take(999, 1).refused, Some(Some(1)));
        assert_eq!(take(1_000, 1).refused, None);
        assert_eq!(take(61_000, 30).remaining, 30);
        assert_eq!(take(61_000, 31).refused, Some(Some(1)));
        assert_eq!(take(61_000, 61).refused, Some(None), "more than the limit never passes");
        assert_eq!(take(61_000, 30).refused, None, "what was refused counted for nothing");
        assert_eq!(take(-3_600_000, 1).refused, Some(Some(1)), "the clock stepped back");
    }

    #[test]
    fn a_rate_beyond_all_measure_lets_everything_through() {
        let rate: Rate = format!("{}/s", u32::MAX).parse().unwrap();
        let (empty, standing) = rate.take(0, at(0), 1_000);
        assert_eq!(standing.refused, None);
        assert_eq!(rate.take(empty, at(0), 1_000).1.refused, None);
    }

    #[test]
    fn rates_are_written_as_they_are_read() {
        for text in ["100/min", "20/s", "5000/h"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for wrong in ["0/min", "5", "5/day", "x/s", "-1/s", ""] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }
}
