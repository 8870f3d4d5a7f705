//! Sign-in attempts are few: a handful at once, then one every few seconds, for each address.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::DefaultClock;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

const AT_ONCE: NonZeroU32 = NonZeroU32::new(8).unwrap();
const ONE_EVERY: Duration = Duration::from_secs(6);
/// The table is swept when it has grown to this many addresses.
const SWEEP_AT: usize = 10_000;

#[derive(Clone)]
pub(crate) struct SignInThrottle(
    Arc<RateLimiter<IpAddr, DefaultKeyedStateStore<IpAddr>, DefaultClock>>,
);

impl Default for SignInThrottle {
    fn default() -> Self {
        let quota = Quota::with_period(ONE_EVERY).unwrap_or(Quota::per_minute(AT_ONCE));
        Self(Arc::new(RateLimiter::keyed(quota.allow_burst(AT_ONCE))))
    }
}

impl SignInThrottle {
    /// Takes one attempt; `false` when the address has none left.
    pub(crate) fn allow(&self, caller: IpAddr) -> bool {
        if self.0.len() > SWEEP_AT {
            self.0.retain_recent();
        }
        self.0.check_key(&caller).is_ok()
    }
}
