//! After a crash: every part file is made whole, hashed and given its name. Nothing that may hold sound is ever removed.

use super::file::part_path;
use super::finish::{Seen, all, settle};
use super::header::mend;
use crate::base::{CallId, CallSound, Duration};
use crate::recording::RecordingFile;
use std::collections::BTreeSet;
use std::fs::{OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// What became of the part files.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Repair {
    pub recovered: Vec<Recovered>,
    /// Files left as they are.
    pub left: Vec<Left>,
}

/// A recording that a crash left open and that is now finished; its call's record becomes `recovered`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recovered {
    pub call: CallId,
    /// Below the recordings folder.
    pub file: String,
    pub duration: Duration,
    pub sha256: String,
    pub sound: Option<CallSound>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Left {
    /// Below the recordings folder, with `.part`.
    pub file: String,
    pub reason: String,
}

/// Finishes every part file below `folder` that no running switch is writing, save those of the calls in `except`: they go on. A folder
/// that does not exist holds none.
///
/// # Errors
/// The folder cannot be listed. What is wrong with one file stands in [`Repair::left`] and does not keep the others.
pub fn repair(folder: &Path, except: &BTreeSet<CallId>) -> io::Result<Repair> {
    let mut repair = Repair::default();
    if !folder.exists() {
        return Ok(repair);
    }
    for file in all(folder, true)?.into_iter().filter(|file| !except.contains(&file.call())) {
        match one(folder, file) {
            Ok(recovered) => repair.recovered.push(recovered),
            Err(error) => repair.left.push(Left { file: file.part(), reason: error.to_string() }),
        }
    }
    Ok(repair)
}

fn one(folder: &Path, file: RecordingFile) -> io::Result<Recovered> {
    let part = part_path(folder, file);
    let open = OpenOptions::new().read(true).write(true).open(&part)?;
    match open.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(io::Error::new(io::ErrorKind::WouldBlock, "a running switch is writing it")),
        // A file system that cannot lock: nobody else repairs either.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    let duration = mend(&open)?.duration();
    let Seen { sha256, sound } = settle(&part, &folder.join(file.to_string()))?;
    Ok(Recovered { call: file.call(), file: file.to_string(), duration, sha256, sound })
}
