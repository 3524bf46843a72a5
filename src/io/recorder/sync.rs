//! What was written is brought to the disk now and then, so that a power failure costs seconds and not the call. A thread of its own:
//! a disk may take its time, and neither the writing nor the finishing waits for it.

use crate::base::Duration;
use crate::base::time::secs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};

/// How often. One call for the whole file system costs no more than what was written, where one a file would be hundreds a second, each
/// with its own turn of the file system's journal.
const SYNC_EVERY: Duration = secs(5);

/// Until nobody holds the other end of `ended`.
pub(super) fn run(folder: &Path, ended: &Receiver<()>, is_open: impl Fn() -> bool, failed: impl Fn(String)) {
    while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(SYNC_EVERY) {
        if is_open()
            && let Err(error) = sync(folder)
        {
            failed(format!("{} cannot be brought to the disk: {error}", folder.display()));
        }
    }
}

/// Opened anew each time, so that the disk can be unmounted when no call is recorded.
fn sync(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(folder)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_synced_and_one_that_is_gone_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        sync(folder.path()).expect("synced");
        assert!(sync(&folder.path().join("gone")).is_err());
    }

    #[test]
    fn it_ends_with_the_recorder() {
        let (end, ended) = std::sync::mpsc::channel();
        drop(end);
        run(Path::new("/nowhere"), &ended, || true, |reason| panic!("{reason}"));
    }
}
