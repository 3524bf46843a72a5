//! Room on a disk.

use std::io;
use std::path::Path;

/// What of a disk is free for us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Free {
    pub bytes: u64,
    /// The disk's size.
    pub of: u64,
}

impl Free {
    /// Of the disk that `folder` lies on.
    ///
    /// # Errors
    /// The folder is not there.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let disk = rustix::fs::statvfs(folder)?;
        Ok(Self { bytes: disk.f_bavail.saturating_mul(disk.f_frsize), of: disk.f_blocks.saturating_mul(disk.f_frsize) })
    }
}
