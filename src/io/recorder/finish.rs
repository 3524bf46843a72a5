//! The last steps of a recording: on the disk for certain, hashed, under its own name. A thread of its own, since a disk may take its
//! time and the next second of a thousand calls does not wait.

use super::header::{HEADER, Header};
use crate::audio::Rate;
use crate::audio::sides::Sides;
use crate::base::{CallId, CallSound, Duration};
use crate::recording::RecordingFile;
use crate::switch::input::{Input, RecorderReport};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
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

/// So many are finished together at most. A file system writes its journal for one sync as for a hundred, and it is that which takes time:
/// one by one, a disk ends a few hundred recordings a second.
const TOGETHER_MAX: usize = 256;
/// From so many on the whole file system is synced in place of each file: each day's, for a day may lie on a disk of its own.
const MANY: usize = 8;

/// Finishes what there is, until nobody orders any more.
pub(super) fn run(folder: &Path, jobs: &Receiver<Job>, inbox: &Sender<Input>, failed: impl Fn(&str)) {
    while let Ok(first) = jobs.recv() {
        let together: Vec<Job> = std::iter::once(first).chain(jobs.try_iter().take(TOGETHER_MAX - 1)).collect();
        for report in finish(folder, &together, &failed) {
            // A switch that is gone needs no report.
            let _ = inbox.blocking_send(Input::Recorder(report));
        }
    }
}

/// First the sound of all is on the disk, then each has its name, then the names are on the disk.
pub(super) fn finish(folder: &Path, jobs: &[Job], failed: impl Fn(&str)) -> Vec<RecorderReport> {
    let days: BTreeSet<String> = jobs.iter().map(|job| job.file.folder()).collect();
    // Where a file system cannot be synced as a whole, each file is.
    let is_synced = jobs.len() >= MANY && days.iter().all(|day| sync_file_system(&folder.join(day)).is_ok());
    let named: Vec<io::Result<Seen>> = jobs
        .iter()
        .map(|job| {
            let part = folder.join(job.file.part());
            let file = File::open(&part)?;
            if !is_synced {
                file.sync_all()?;
            }
            name(file, &part, &folder.join(job.file.to_string()))
        })
        .collect();
    let unsynced: BTreeMap<String, io::Error> =
        days.into_iter().filter_map(|day| sync_folder(&folder.join(&day)).err().map(|error| (day, error))).collect();
    let mut reports = Vec::with_capacity(2 * jobs.len());
    for (job, named) in jobs.iter().zip(named) {
        let file = job.file.to_string();
        let report = match (named, unsynced.get(&job.file.folder())) {
            (Ok(Seen { sha256, sound }), None) => {
                reports.extend(sound.map(|sound| RecorderReport::Sounded { call: job.call, sound }));
                RecorderReport::Complete { call: job.call, file, duration: job.duration, sha256 }
            }
            (Err(error), _) => not_finished(job, &file, &error, &failed),
            (Ok(_), Some(error)) => not_finished(job, &file, error, &failed),
        };
        reports.push(report);
    }
    reports
}

fn not_finished(job: &Job, file: &str, error: &io::Error, failed: impl Fn(&str)) -> RecorderReport {
    let reason = format!("{file} could not be finished: {error}");
    failed(&reason);
    RecorderReport::Failed { call: job.call, reason }
}

/// Syncs `part`, gives it its final name, and returns what was seen of it. An existing file is never overwritten.
pub(super) fn settle(part: &Path, target: &Path) -> io::Result<Seen> {
    let file = File::open(part)?;
    file.sync_all()?;
    let seen = name(file, part, target)?;
    if let Some(day) = target.parent() {
        sync_folder(day)?;
    }
    Ok(seen)
}

/// Of a part file that is on the disk: hashed and listened to, and under its final name.
fn name(file: File, part: &Path, target: &Path) -> io::Result<Seen> {
    let seen = look_through(file)?;
    take_name(part, target, &seen.sha256)?;
    Ok(seen)
}

/// Syncs all that lies on the file system that holds `folder`.
fn sync_file_system(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(folder)?)?)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
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

/// What a pass over a whole recording tells.
pub(super) struct Seen {
    pub sha256: String,
    /// `None`: it is none of our files.
    pub sound: Option<CallSound>,
}

/// SHA-256 of a file from its beginning, lower-case hexadecimal, and how it sounds. It is read whole for the one, so that the other costs no
/// more than adding up; and whatever became of the call, a crash too, all of it stands there.
pub(super) fn look_through(file: File) -> io::Result<Seen> {
    let (mut head, mut sides) = (Vec::with_capacity(HEADER), None);
    let sha256 = read_whole(file, |bytes| {
        let (first, sound) = bytes.split_at(bytes.len().min(HEADER - head.len()));
        head.extend_from_slice(first);
        if sides.is_none() && head.len() == HEADER {
            sides = Some(
                head.first_chunk().and_then(Header::rate).map(|hz| Sides::new(if hz == 16_000 { Rate::Hz16000 } else { Rate::Hz8000 })),
            );
        }
        if let Some(Some(sides)) = &mut sides {
            sides.push(sound);
        }
    })?;
    Ok(Seen { sha256, sound: sides.flatten().map(Sides::finish) })
}

/// SHA-256 of a file from its beginning, lower-case hexadecimal.
pub(super) fn hash(file: File) -> io::Result<String> {
    read_whole(file, |_| ())
}

fn read_whole(mut file: File, mut look: impl FnMut(&[u8])) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                hasher.update(&buffer[..length]);
                look(&buffer[..length]);
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Rng, Timestamp};

    #[test]
    fn many_are_finished_together_and_one_that_is_gone_fails_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let jobs: Vec<Job> = (0..20)
            .map(|n| {
                // Two days: the last ten begin after midnight.
                let at = Timestamp(1_795_219_199_000 + if n < 10 { 0 } else { 2_000 });
                let call = CallId::new(at, &mut Rng::new(n));
                Job { call, file: RecordingFile::new(call, at), duration: Duration::from_secs(n) }
            })
            .collect();
        assert_ne!(jobs[0].file.folder(), jobs[19].file.folder());
        for (n, job) in jobs.iter().enumerate().filter(|(n, _)| *n != 7) {
            let part = folder.path().join(job.file.part());
            fs::create_dir_all(part.parent().expect("a day")).expect("made");
            fs::write(part, format!("sound {n}")).expect("written");
        }
        let alarms = std::cell::Cell::new(0);
        let reports = finish(folder.path(), &jobs, |_| alarms.set(alarms.get() + 1));
        for (n, (job, report)) in jobs.iter().zip(reports).enumerate() {
            match report {
                RecorderReport::Failed { call, .. } => assert!(n == 7 && call == job.call, "{n}"),
                RecorderReport::Complete { call, file, duration, sha256 } => {
                    assert_eq!((call, duration.as_secs()), (job.call, n as u64));
                    assert_eq!(fs::read(folder.path().join(&file)).expect("under its name"), format!("sound {n}").into_bytes());
                    assert_eq!(sha256, format!("{:x}", Sha256::digest(format!("sound {n}"))));
                    assert!(!folder.path().join(job.file.part()).exists());
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(alarms.get(), 1);
    }
}
