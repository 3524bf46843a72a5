//! Whether recordings are what they were when their calls ended.

use super::finish::{all, hash};
use crate::recording::RecordingFile;
use std::fs::File;
use std::io;
use std::path::Path;

/// What a recomputed hash says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    Intact,
    /// Not there.
    Missing,
    /// Not what was recorded.
    Changed {
        sha256: String,
    },
    Unreadable {
        reason: String,
    },
}

/// Compares the recording `file` (`2026/11/21/CALL-ID.wav`, below `folder`) with the hash its call's record has.
#[must_use]
pub fn verify(folder: &Path, file: &str, sha256: &str) -> Verdict {
    let Some(file) = RecordingFile::parse(file) else {
        return Verdict::Unreadable { reason: "not a recording's name".to_owned() };
    };
    match File::open(folder.join(file.to_string())).and_then(hash) {
        Ok(actual) if actual.eq_ignore_ascii_case(sha256) => Verdict::Intact,
        Ok(actual) => Verdict::Changed { sha256: actual },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Verdict::Missing,
        Err(error) => Verdict::Unreadable { reason: error.to_string() },
    }
}

/// Every finished recording below `folder`, oldest day first: what lies there and no record knows.
///
/// # Errors
/// The folder cannot be listed.
pub fn finished(folder: &Path) -> io::Result<Vec<RecordingFile>> {
    if folder.exists() { all(folder, false) } else { Ok(Vec::new()) }
}
