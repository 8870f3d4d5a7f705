//! When a failed step is tried again. Pure: the jitter is an argument.

use std::time::Duration;

/// The delivery schedule of the Standard Webhooks specification, in seconds.
const DELIVERIES: [u64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryPolicy {
    /// The default: ten attempts over three days, as Standard Webhooks advises.
    Deliveries,
    /// Twice the wait after each attempt, from `initial` up to `max`.
    Exponential { attempts: u32, initial: Duration, max: Duration },
}

impl RetryPolicy {
    pub fn attempts(&self) -> u32 {
        match self {
            Self::Deliveries => DELIVERIES.len() as u32 + 1,
            Self::Exponential { attempts, .. } => *attempts,
        }
    }

    /// The wait after `attempt` (counted from 1) has failed, or `None` when it was the last.
    /// `jitter` in `0.0..=1.0` scales the whole wait (full jitter).
    pub fn wait_after(&self, attempt: u32, jitter: f64) -> Option<Duration> {
        if attempt >= self.attempts() {
            return None;
        }
        let full = match self {
            Self::Deliveries => Duration::from_secs(DELIVERIES[attempt.saturating_sub(1) as usize]),
            Self::Exponential { initial, max, .. } => {
                let doubled = 2u32.saturating_pow(attempt.saturating_sub(1));
                initial.saturating_mul(doubled).min(*max)
            }
        };
        Some(full.mul_f64(jitter.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_maximum() {
        let policy = RetryPolicy::Exponential {
            attempts: 5,
            initial: Duration::from_secs(5),
            max: Duration::from_secs(15),
        };
        let waits: Vec<_> =
            (1..=5).map(|n| policy.wait_after(n, 1.0).map(|w| w.as_secs())).collect();
        assert_eq!(waits, [Some(5), Some(10), Some(15), Some(15), None]);
    }

    #[test]
    fn deliveries_end_after_ten_attempts() {
        assert_eq!(RetryPolicy::Deliveries.wait_after(9, 1.0), Some(Duration::from_secs(86_400)));
        assert_eq!(RetryPolicy::Deliveries.wait_after(10, 1.0), None);
        assert_eq!(RetryPolicy::Deliveries.wait_after(1, 0.5), Some(Duration::from_millis(2_500)));
    }
}
