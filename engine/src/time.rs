//! Points in time as milliseconds since 1970, and the clock through which the engine reads them.
//!
//! Wall-clock times order and label; how long something took is measured by the monotonic clock
//! where it happens, and what is to happen later goes by [`steady`] time.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

pub mod steady;

/// Milliseconds since 1970-01-01T00:00:00Z. Shown as RFC 3339 with milliseconds, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time: write it as RFC 3339, for example 2026-01-31T09:41:07.088Z")]
pub struct InvalidTimestamp(String);

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    pub fn plus(self, duration: std::time::Duration) -> Self {
        self.plus_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
    }

    pub fn minus(self, duration: std::time::Duration) -> Self {
        self.plus_millis(i64::try_from(duration.as_millis()).map_or(i64::MIN, |millis| -millis))
    }

    /// Milliseconds from `earlier` to `self`; zero when the clock stepped back in between.
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).max(0)
    }

    /// Minutes since 1970, the grain of the rollups.
    pub fn minute(self) -> i64 {
        self.0.div_euclid(60_000)
    }

    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        text.parse::<jiff::Timestamp>()
            .map(|at| Self(at.as_millisecond()))
            .map_err(|_| InvalidTimestamp(text.chars().take(64).collect()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(f, "{at:.3}"),
            Err(_) => write!(f, "{}", self.0),
        }
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The edge through which the engine reads the time; tests turn it by hand.
pub trait Clock: Send + Sync + 'static {
    /// What the wall shows.
    fn now(&self) -> Timestamp;

    /// Milliseconds that have passed since some moment, whatever the wall was set to meanwhile.
    fn passed(&self) -> i64;
}

pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }

    fn passed(&self) -> i64 {
        since_boot()
    }
}

/// Time in which the machine slept has passed as well, which `Instant` leaves out.
#[cfg(target_os = "linux")]
fn since_boot() -> i64 {
    use nix::time::{ClockId, clock_gettime};
    match clock_gettime(ClockId::CLOCK_BOOTTIME) {
        Ok(at) => at.tv_sec() * 1_000 + at.tv_nsec() / 1_000_000,
        Err(_) => since_first_asked(),
    }
}

#[cfg(not(target_os = "linux"))]
fn since_boot() -> i64 {
    since_first_asked()
}

fn since_first_asked() -> i64 {
    static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
    i64::try_from(FIRST.elapsed().as_millis()).unwrap_or(i64::MAX)
}

/// A clock that stands still until it is turned.
#[derive(Clone)]
pub struct ManualClock {
    wall: Arc<AtomicI64>,
    passed: Arc<AtomicI64>,
}

impl ManualClock {
    pub fn at(now: Timestamp) -> Self {
        Self { wall: Arc::new(AtomicI64::new(now.millis())), passed: Arc::default() }
    }

    /// Time passes, and the wall shows it.
    pub fn turn(&self, millis: i64) {
        self.wall.fetch_add(millis, Ordering::SeqCst);
        self.pass(millis);
    }

    /// Time passes while the wall stands still.
    pub fn pass(&self, millis: i64) {
        self.passed.fetch_add(millis, Ordering::SeqCst);
    }

    /// Somebody sets the wall; no time passes.
    pub fn set(&self, millis: i64) {
        self.wall.store(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.wall.load(Ordering::SeqCst))
    }

    fn passed(&self) -> i64 {
        self.passed.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_with_milliseconds_in_utc() {
        assert_eq!(Timestamp::from_millis(0).to_string(), "1970-01-01T00:00:00.000Z");
        let at = Timestamp::parse("2026-01-31T10:41:07.0881+01:00").unwrap();
        assert_eq!(at.to_string(), "2026-01-31T09:41:07.088Z");
        assert!(Timestamp::parse("yesterday").is_err());
    }
}
