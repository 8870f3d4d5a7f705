//! The disk that the data lies on, as `doctor` and `/readyz` judge it.

use std::io;
use std::path::Path;

pub(crate) const GIB: u64 = 1 << 30;
/// Free space below which the disk is called short, and below which it is as good as full.
pub(crate) const SHORT: u64 = 2 * GIB;
pub(crate) const FULL: u64 = GIB / 8;

/// Bytes that can still be written.
pub(crate) fn free(folder: &Path) -> io::Result<u64> {
    let space = nix::sys::statvfs::statvfs(folder).map_err(io::Error::from)?;
    Ok(space.blocks_available() * space.fragment_size())
}
