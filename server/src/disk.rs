//! The disk that the data lies on, as `doctor` and `/readyz` judge it.

use engine::store::health::Room;

pub(crate) const GIB: u64 = 1 << 30;
/// Free space below which the disk is called short, and below which it is as good as full; on a small volume a
/// share of it is enough.
const SHORT: u64 = 2 * GIB;
const FULL: u64 = GIB / 8;
const SHORT_SHARE: u64 = 5;
const FULL_SHARE: u64 = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Enough,
    Short,
    Full,
}

pub(crate) fn standing(room: Room) -> Standing {
    match room.free {
        free if free < needed(room) => Standing::Full,
        free if free < SHORT.min(room.total / SHORT_SHARE) => Standing::Short,
        _ => Standing::Enough,
    }
}

/// With less it is as good as full.
pub(crate) fn needed(room: Room) -> u64 {
    FULL.min(room.total / FULL_SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(total: u64, free: u64, expected: Standing) {
        assert_eq!(standing(Room { free, total }), expected, "{free} of {total}");
    }

    #[test]
    fn a_small_volume_is_judged_by_a_share_of_it() {
        let mib = 1 << 20;
        check(1_000 * GIB, 3 * GIB, Standing::Enough);
        check(1_000 * GIB, GIB, Standing::Short);
        check(1_000 * GIB, 100 * mib, Standing::Full);
        check(100 * mib, 90 * mib, Standing::Enough);
        check(100 * mib, 10 * mib, Standing::Short);
        check(100 * mib, 4 * mib, Standing::Full);
    }
}
