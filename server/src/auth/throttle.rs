//! Sign-in attempts are few: a handful at once, then one every few seconds, for each address. One that succeeds
//! costs none: many people may stand behind one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const AT_ONCE: u32 = 8;
const ONE_EVERY: Duration = Duration::from_secs(6);
/// The table is swept when it has grown to this many addresses.
const SWEEP_AT: usize = 10_000;

/// For each address when it will have all its attempts again.
#[derive(Clone, Default)]
pub(crate) struct SignInThrottle(Arc<Mutex<HashMap<IpAddr, Instant>>>);

impl SignInThrottle {
    /// Takes one attempt; `false` when the address has none left.
    pub(crate) fn allow(&self, caller: IpAddr) -> bool {
        self.take(caller, Instant::now())
    }

    /// Gives back the attempt that was taken.
    pub(crate) fn succeeded(&self, caller: IpAddr) {
        let mut whole_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(whole) = whole_at.get_mut(&caller) {
            *whole = whole.checked_sub(ONE_EVERY).unwrap_or(*whole);
        }
    }

    fn take(&self, caller: IpAddr, now: Instant) -> bool {
        let mut whole_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if whole_at.len() > SWEEP_AT {
            whole_at.retain(|_, whole| *whole > now);
        }
        let whole = whole_at.entry(caller).or_insert(now);
        let after = (*whole).max(now) + ONE_EVERY;
        if after > now + ONE_EVERY * AT_ONCE {
            return false;
        }
        *whole = after;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn wrong_attempts_are_few_and_right_ones_cost_none() {
        let throttle = SignInThrottle::default();
        let caller = |last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        let now = Instant::now();
        for _ in 0..100 {
            assert!(throttle.take(caller(1), now));
            throttle.succeeded(caller(1));
        }
        for _ in 0..AT_ONCE {
            assert!(throttle.take(caller(1), now));
        }
        assert!(!throttle.take(caller(1), now), "none is left");
        assert!(throttle.take(caller(2), now), "another has all of them");
        assert!(throttle.take(caller(1), now + ONE_EVERY));
        assert!(!throttle.take(caller(1), now + ONE_EVERY));
        let later = now + ONE_EVERY * 1_000;
        let given = (0..100).filter(|_| throttle.take(caller(1), later)).count();
        assert_eq!(given, AT_ONCE as usize, "never more than at first");
    }
}
