//! Time for timers: retries, delays and leases wait for a while to pass, not for a date to come.
//!
//! The wall clock is set: by hand, by a time server, by a machine that begins in 1970. A timer that went by
//! it would ring an hour early, or an hour late, or with ten thousand others at once. So timers go by
//! steady time, which is the wall's time when the process began, and from then on moves by the monotonic
//! clock:
//!
//! - What the wall drifts against the monotonic clock is followed: over days the wall is right. A clock
//!   drifts, and a time server slews it, by no more than [`DRIFT`].
//! - What it moves beyond that is a jump: it was set, or it stands still. A jump is not followed. Steady time
//!   and the wall are apart from then on by [`Steady::gap`], and every timer rings when its time has passed.
//!   Of a small gap, up to [`SMALL`], nobody would notice the end: it is closed little by little.
//! - The store keeps due times in steady time. When a process begins, all of them are moved by the gap that
//!   the last one left, in one transaction, and the gap is none again: in the store's eyes due times are wall
//!   times, see [`kept`].
//! - Time never goes back over a restart: a machine that begins in 1970 goes on from where it was.
//! - Time in which no process ran is known by the wall alone, and counts as what the wall says.
//!
//! What happened when (received, started, finished) is labelled by the wall. Only SQLite's one server keeps
//! its gap: the nodes at one Postgres share due times, so each begins with the wall and holds on to that.
//!
//! Invariant: steady time never goes back, and passes as fast as the monotonic clock, but for [`DRIFT`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Clock, Timestamp};

pub(crate) mod kept;

/// How often the wall is looked at.
const LOOK: i64 = 1_000;
/// One part in so many is how fast a clock drifts at most.
const DRIFT: i64 = 500;
/// What the two readings of one look may be apart by rounding.
const GRAIN: i64 = 2;
/// A gap up to this is closed.
const SMALL: i64 = 1_000;

/// A clock that is never set.
pub struct Steady {
    clock: Arc<dyn Clock>,
    course: Mutex<Course>,
}

impl Steady {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let course = Course::new(clock.now().millis(), clock.passed());
        Self { clock, course: Mutex::new(course) }
    }

    pub fn now(&self) -> Timestamp {
        let (wall, passed) = (self.clock.now().millis(), self.clock.passed());
        Timestamp::from_millis(self.course().at(wall, passed))
    }

    /// Milliseconds by which the wall clock is ahead: it was set by so much since the process began.
    pub fn gap(&self) -> i64 {
        self.course().gap()
    }

    /// What the wall will show at `at`, unless it is set again.
    pub fn on_the_wall(&self, at: Timestamp) -> Timestamp {
        at.plus_millis(self.gap())
    }

    /// Begins no earlier than this.
    pub(crate) fn begin_after(&self, earliest: Timestamp) {
        let mut course = self.course();
        course.steady = course.steady.max(earliest.millis());
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the clocks stood at the last look, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Course {
    steady: i64,
    wall: i64,
    passed: i64,
}

impl Course {
    fn new(wall: i64, passed: i64) -> Self {
        Self { steady: wall, wall, passed }
    }

    fn gap(self) -> i64 {
        self.wall.saturating_sub(self.steady)
    }

    /// Steady time when the clocks show this. Pure.
    fn at(&mut self, wall: i64, passed: i64) -> i64 {
        let gone = passed.saturating_sub(self.passed).max(0);
        if gone < LOOK {
            return self.steady.saturating_add(gone);
        }
        let most = gone / DRIFT;
        let drift = wall.saturating_sub(self.wall).saturating_sub(gone);
        let follow = if drift.saturating_abs() <= most + GRAIN { drift } else { 0 };
        self.steady = self.steady.saturating_add(gone).saturating_add(follow);
        (self.wall, self.passed) = (wall, passed);
        if self.gap().saturating_abs() <= SMALL {
            self.steady += self.gap().clamp(-most, most);
        }
        self.steady
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000;
    const YEAR: i64 = 365 * 24 * HOUR;
    const NOW: i64 = 1_800_000_000_000;

    /// Lets `hours` pass second by second, while the wall moves as `wall` says; what steady time has passed.
    fn pass(course: &mut Course, hours: i64, mut wall: impl FnMut(i64) -> i64) -> i64 {
        let before = course.steady;
        let begun = course.passed;
        for second in 1..=hours * 3_600 {
            course.at(wall(second), begun + second * 1_000);
        }
        course.steady - before
    }

    #[test]
    fn a_wall_that_is_set_or_stands_still_moves_no_timer() {
        for jump in [HOUR, -HOUR, YEAR, -YEAR] {
            let mut course = Course::new(NOW, 0);
            let passed = pass(&mut course, 2, |second| {
                NOW + second * 1_000 + if second > 1_800 { jump } else { 0 }
            });
            assert_eq!(passed, 2 * HOUR, "{jump}");
            assert_eq!(course.gap(), jump);
        }
        let mut course = Course::new(NOW, 0);
        let off = pass(&mut course, 2, |_| NOW) - 2 * HOUR;
        assert!(off.abs() <= GRAIN && (course.gap() + 2 * HOUR).abs() <= GRAIN, "frozen: {off}");
        let mut course = Course::new(NOW, 0);
        let frozen_then_set = |second: i64| if second < 3_600 { NOW } else { NOW + second * 1_000 };
        assert_eq!(pass(&mut course, 2, frozen_then_set), 2 * HOUR);
        assert_eq!(course.gap(), 0, "and what little was followed is made up for");
    }

    #[test]
    fn drift_is_followed_and_a_small_gap_closes() {
        let mut course = Course::new(NOW, 0);
        let slewed = |second: i64| NOW + second * 1_000 + second / 2;
        assert!((pass(&mut course, 24, slewed) - 24 * HOUR - 43_200).abs() <= GRAIN);
        let mut course = Course::new(NOW, 0);
        assert_eq!(pass(&mut course, 1, |second| NOW + second * 1_000 - 800), HOUR - 800);
        assert_eq!(course.gap(), 0);
    }

    #[test]
    fn it_begins_where_it_was() {
        let clock = super::super::ManualClock::at(Timestamp::from_millis(0));
        let steady = Steady::new(Arc::new(clock.clone()));
        steady.begin_after(Timestamp::from_millis(NOW));
        clock.turn(5_000);
        assert_eq!(steady.now(), Timestamp::from_millis(NOW + 5_000));
        clock.set(NOW + 20_000);
        clock.turn(1_000);
        assert_eq!(steady.now(), Timestamp::from_millis(NOW + 6_000));
        assert_eq!(steady.on_the_wall(steady.now()), Timestamp::from_millis(NOW + 21_000));
    }

    proptest! {
        /// However the wall is set, and whenever it is read, what passes is what passed.
        #[test]
        fn only_passing_time_counts(
            course in prop::collection::vec(
                // Ten seconds and more: no set leaves a gap that is small enough to be closed.
                (0..90_000i64, prop::option::of((-6_000_000..6_000_000i64).prop_map(|n| n * 10_000))),
                1..200,
            ),
        ) {
            let (mut wall, mut passed, mut last) = (NOW, 7, NOW);
            let mut steady = Course::new(wall, passed);
            for (gone, set) in course {
                passed += gone;
                wall += gone + set.unwrap_or(0);
                let now = steady.at(wall, passed);
                prop_assert!(now >= last, "never back");
                prop_assert_eq!(now - NOW, passed - 7);
                last = now;
            }
        }
    }
}
