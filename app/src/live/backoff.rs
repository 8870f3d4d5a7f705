//! When to try again, and when to admit that nothing is there.

use std::time::Duration;

use super::Connection;

/// Doubles from one second to half a minute.
pub(super) fn delay(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.saturating_sub(1).min(5)).min(Duration::from_secs(30))
}

/// A server that restarts comes back within a few attempts.
pub(super) fn state(failures: u32, online: bool) -> Connection {
    if online && failures < 4 { Connection::Reconnecting } else { Connection::Offline }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_half_a_minute() {
        let seconds: Vec<u64> = (1..8).map(|failures| delay(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn without_a_network_it_is_offline_at_once() {
        assert_eq!(state(1, false), Connection::Offline);
        assert_eq!(state(1, true), Connection::Reconnecting);
    }
}
