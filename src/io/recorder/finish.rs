//! The last steps of a recording: on the disk for certain, hashed, under its own name. A thread of its own, since a disk may take its
//! time and the next second of a thousand calls does not wait.

use crate::base::{CallId, Duration};
use crate::recording::RecordingFile;
use crate::switch::input::{Input, RecorderReport};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use tokio::sync::mpsc::Sender;

/// A closed part file to be finished.
pub(super) struct Job {
    pub call: CallId,
    pub file: RecordingFile,
    pub duration: Duration,
}

/// Finishes one after the other until nobody orders any more.
pub(super) fn run(folder: &Path, jobs: &Receiver<Job>, inbox: &Sender<Input>, failed: impl Fn(&str)) {
    while let Ok(job) = jobs.recv() {
        let report = finish(folder, &job, &failed);
        // A switch that is gone needs no report.
        let _ = inbox.blocking_send(Input::Recorder(report));
    }
}

pub(super) fn finish(folder: &Path, job: &Job, failed: impl Fn(&str)) -> RecorderReport {
    let file = job.file.to_string();
    match settle(&folder.join(job.file.part()), &folder.join(&file)) {
        Ok(sha256) => RecorderReport::Complete { call: job.call, file, duration: job.duration, sha256 },
        Err(error) => {
            let reason = format!("{file} could not be finished: {error}");
            failed(&reason);
            RecorderReport::Failed { call: job.call, reason }
        }
    }
}

/// Syncs `part`, gives it its final name, and returns the hash of what is under it. An existing file is never overwritten.
pub(super) fn settle(part: &Path, target: &Path) -> io::Result<String> {
    let file = File::open(part)?;
    file.sync_all()?;
    let sha256 = hash(file)?;
    take_name(part, target, &sha256)?;
    if let Some(day) = target.parent() {
        File::open(day)?.sync_all()?;
    }
    Ok(sha256)
}

/// Renames without overwriting: a link fails where a name is taken, while a rename would silently destroy what is there.
fn take_name(part: &Path, target: &Path, sha256: &str) -> io::Result<()> {
    match fs::hard_link(part, target) {
        Ok(()) => fs::remove_file(part),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // The power went between link and removal: both names are the same recording.
            if hash(File::open(target)?)? == sha256 {
                return fs::remove_file(part);
            }
            Err(io::Error::new(error.kind(), "another recording has this name; both are kept"))
        }
        // A file system without hard links.
        Err(_) if !target.exists() => fs::rename(part, target),
        Err(error) => Err(error),
    }
}

/// SHA-256 of a file from its beginning, lower-case hexadecimal.
pub(super) fn hash(mut file: File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => hasher.update(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(hasher.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// All recordings below `folder`, finished or growing, sorted; names that are no recording's are passed over.
pub(super) fn all(folder: &Path, part: bool) -> io::Result<Vec<RecordingFile>> {
    let mut found = Vec::new();
    descend(folder, &PathBuf::new(), 0, part, &mut found)?;
    found.sort();
    Ok(found)
}

fn descend(folder: &Path, below: &Path, depth: u8, part: bool, found: &mut Vec<RecordingFile>) -> io::Result<()> {
    for entry in fs::read_dir(folder.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        // Links are not followed: they could lead round in a circle.
        if depth < 3 && entry.file_type()?.is_dir() {
            descend(folder, &path, depth + 1, part, found)?;
        } else if depth == 3
            && path.extension().is_some_and(|extension| (extension == "part") == part)
            && let Some(file) = path.to_str().and_then(RecordingFile::parse)
        {
            found.push(file);
        }
    }
    Ok(())
}
