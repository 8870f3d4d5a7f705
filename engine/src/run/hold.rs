//! How long a run waits for a host that is left alone. Pure.
//!
//! It waits in the hope of losing no attempt, but no longer than its own policy would let it wait for the next
//! one: then this attempt is spent without a call, and the run goes on by its policy. So a host that is gone
//! for hours brings a run to its end as if it had been called.

use std::time::Duration;

use super::RunState;
use super::breaker::{Hold, Why};
use super::machine::Failure;
use super::retry::RetryPolicy;
use crate::time::Timestamp;

/// What every run can wait, also one that has no attempt after this one.
const SHORTEST: Duration = Duration::from_secs(1);

/// What becomes of a run that may not call now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Waits {
        until: Timestamp,
    },
    /// It has waited long enough: the attempt is spent.
    Spends,
}

/// How long the attempt after `attempt` others waits for its host.
fn patience(policy: &RetryPolicy, attempt: u32) -> Duration {
    policy.wait_after(attempt.saturating_add(1), 1.0).unwrap_or_default().max(SHORTEST)
}

/// Notes in the run since when it waits; `now` is steady time. A host that has all the calls it may have
/// takes the next one as soon as it can, so for that a run waits as long as it takes.
pub(crate) fn hold(state: &mut RunState, policy: &RetryPolicy, hold: Hold, now: Timestamp) -> Held {
    if hold.why == Why::Full {
        state.held_since = None;
        return Held::Waits { until: hold.until };
    }
    let since = *state.held_since.get_or_insert(now);
    let ends = since.plus(patience(policy, state.attempt));
    match ends <= now {
        true => Held::Spends,
        false => Held::Waits { until: hold.until.min(ends.plus_millis(hold.spread)) },
    }
}

/// What the journal says of an attempt that was spent so; `since` is what the wall showed.
pub(crate) fn spent(host: &str, why: Why, since: Timestamp) -> Failure {
    let what = match why {
        Why::Asked => "it asked to be left alone at",
        Why::Failing | Why::Full => "it has failed again and again and is left alone since",
    };
    Failure {
        code: "circuit_open",
        message: format!("{host} was not called: {what} {since}"),
        permanent: false,
        retry_after: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWICE: RetryPolicy = RetryPolicy::Exponential {
        attempts: 2,
        initial: Duration::from_secs(20),
        max: Duration::from_secs(60),
    };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn failing(until: i64) -> Hold {
        Hold { why: Why::Failing, until: at(until), since: at(0), spread: 6 }
    }

    #[test]
    fn it_waits_as_long_as_for_its_next_attempt_and_at_least_a_second() {
        assert_eq!(patience(&TWICE, 0), Duration::from_secs(20));
        assert_eq!(patience(&TWICE, 1), SHORTEST, "there is none after the last");
        assert_eq!(patience(&RetryPolicy::Deliveries, 1), Duration::from_secs(300));
        let quick = RetryPolicy::Exponential {
            attempts: 9,
            initial: Duration::from_millis(1),
            max: Duration::from_millis(1),
        };
        assert_eq!(patience(&quick, 3), SHORTEST);
    }

    #[test]
    fn the_attempt_is_spent_when_the_wait_is_over_also_after_a_restart() {
        let mut state = RunState::default();
        let until = |state: &mut RunState, until, now| hold(state, &TWICE, failing(until), at(now));
        assert_eq!(until(&mut state, 2_000, 1_000), Held::Waits { until: at(2_000) });
        let stored = serde_json::to_string(&state).unwrap();
        let mut state: RunState = serde_json::from_str(&stored).unwrap();
        assert_eq!(until(&mut state, 80_000, 20_999), Held::Waits { until: at(21_006) });
        assert_eq!(until(&mut state, 80_000, 21_000), Held::Spends);
    }

    #[test]
    fn a_host_that_is_full_is_waited_for() {
        let mut state = RunState { held_since: Some(at(0)), ..RunState::default() };
        let full = Hold { why: Why::Full, ..failing(99_100) };
        assert_eq!(hold(&mut state, &TWICE, full, at(99_000)), Held::Waits { until: at(99_100) });
        assert_eq!(state.held_since, None);
    }

    #[test]
    fn the_journal_names_the_host_and_since_when() {
        let failure = spent("a.example:81", Why::Failing, at(0));
        assert_eq!((failure.code, failure.permanent), ("circuit_open", false));
        assert!(failure.message.starts_with("a.example:81 was not called"), "{failure:?}");
        assert!(failure.message.ends_with("since 1970-01-01T00:00:00.000Z"), "{failure:?}");
    }
}
