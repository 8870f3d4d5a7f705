//! The disk that the data lies on, as `doctor` and `/readyz` judge it.

use std::io;
use std::path::Path;

pub(crate) const GIB: u64 = 1 << 30;
/// Free space below which the disk is called short, and below which it is as good as full; on a small volume a
/// share of it is enough.
const SHORT: u64 = 2 * GIB;
const FULL: u64 = GIB / 8;
const SHORT_SHARE: u64 = 5;
const FULL_SHARE: u64 = 20;

/// What a disk has, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) free: u64,
    total: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Enough,
    Short,
    Full,
}

impl Room {
    pub(crate) fn of(folder: &Path) -> io::Result<Self> {
        let space = nix::sys::statvfs::statvfs(folder).map_err(io::Error::from)?;
        let bytes = |blocks| blocks * space.fragment_size();
        Ok(Self { free: bytes(space.blocks_available()), total: bytes(space.blocks()) })
    }

    pub(crate) fn standing(self) -> Standing {
        match self.free {
            free if free < self.needed() => Standing::Full,
            free if free < SHORT.min(self.total / SHORT_SHARE) => Standing::Short,
            _ => Standing::Enough,
        }
    }

    /// With less it is as good as full.
    pub(crate) fn needed(self) -> u64 {
        FULL.min(self.total / FULL_SHARE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(total: u64, free: u64, expected: Standing) {
        assert_eq!(Room { free, total }.standing(), expected, "{free} of {total}");
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
