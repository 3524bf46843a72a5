//! The thread that does what may take long: makes written bytes safe from a power cut, and removes segments that are not needed any more.

use super::medium::Medium;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A sync that takes longer is told.
const SLOW: Duration = Duration::from_secs(1);

/// The handle to the thread; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Keeper(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// A lock between the thread that writes and the one that syncs: held to push or take a few pointers, never over a system call.
    work: Mutex<Work>,
    wake: Condvar,
    /// Bytes of all segments on the disk.
    bytes: AtomicU64,
    /// All frames up to this number are applied.
    applied: AtomicU64,
    /// The file whose sync makes safe what was applied.
    follower: PathBuf,
}

#[derive(Debug, Default)]
struct Work {
    dirty: Vec<Arc<File>>,
    closed: Vec<Closed>,
    ending: bool,
    ended: bool,
}

#[derive(Debug)]
struct Closed {
    path: PathBuf,
    last: u64,
    bytes: u64,
}

impl Keeper {
    /// Starts the thread. `applied` as in [`Self::applied`]; what was applied before is safe from a power cut once `follower` is synced, or is
    /// not there.
    ///
    /// # Errors
    /// No thread can be made.
    pub(super) fn start(medium: Arc<dyn Medium>, every: Duration, applied: u64, follower: PathBuf) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { applied: AtomicU64::new(applied), follower, ..Shared::default() });
        let keeper = Self(Arc::clone(&shared));
        std::thread::Builder::new().name("journal-sync".into()).spawn(move || shared.run(&*medium, every))?;
        Ok(keeper)
    }

    /// Tells that frames up to `seq` are applied.
    pub fn applied(&self, seq: u64) {
        self.0.applied.fetch_max(seq, Relaxed);
    }

    /// Bytes of all segments on the disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Relaxed)
    }

    /// Syncs and removes what there is, and ends the thread.
    pub fn end(&self) {
        let mut work = self.0.work();
        work.ending = true;
        self.0.wake.notify_all();
        while !work.ended {
            work = self.0.wake.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The segment of an earlier run that is appended to; what it has may not be safe yet.
    pub(super) fn opened(&self, file: &Arc<File>, bytes: u64) {
        self.written(file, bytes);
    }

    /// Bytes that are in the page cache now.
    pub(super) fn written(&self, file: &Arc<File>, bytes: u64) {
        self.0.bytes.fetch_add(bytes, Relaxed);
        let mut work = self.0.work();
        if work.dirty.last().is_none_or(|last| !Arc::ptr_eq(last, file)) {
            work.dirty.push(Arc::clone(file));
        }
    }

    /// A segment will grow no more; it is removed once its last frame is applied.
    pub(super) fn closed(&self, path: PathBuf, last: u64, bytes: u64) {
        self.0.work().closed.push(Closed { path, last, bytes });
    }

    /// As [`closed`](Self::closed), for one that an earlier run left.
    pub(super) fn found(&self, path: PathBuf, last: u64, bytes: u64) {
        self.0.bytes.fetch_add(bytes, Relaxed);
        self.closed(path, last, bytes);
    }
}

impl Shared {
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, medium: &dyn Medium, every: Duration) {
        loop {
            let mut work = self.work();
            if !work.ending {
                work = self.wake.wait_timeout(work, every).unwrap_or_else(PoisonError::into_inner).0;
            }
            let ending = work.ending;
            // The order counts: what is removed below was carried over into files that are synced here.
            let closed = std::mem::take(&mut work.closed);
            let dirty = std::mem::take(&mut work.dirty);
            drop(work);
            let mut safe = true;
            for file in &dirty {
                safe &= sync(medium, file);
            }
            let kept = if safe { self.remove(medium, closed) } else { closed };
            let mut work = self.work();
            work.closed.splice(0..0, kept);
            if !safe && !ending {
                work.dirty.splice(0..0, dirty);
            }
            if ending {
                work.ended = true;
                self.wake.notify_all();
                return;
            }
        }
    }

    /// Removes the segments that are applied, and gives back the others.
    fn remove(&self, medium: &dyn Medium, closed: Vec<Closed>) -> Vec<Closed> {
        let applied = self.applied.load(Relaxed);
        if closed.iter().all(|segment| segment.last > applied) {
            return closed;
        }
        match File::open(&self.follower) {
            Ok(file) if !sync(medium, &file) => return closed,
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return closed,
            _ => {}
        }
        let (gone, kept): (Vec<_>, Vec<_>) = closed.into_iter().partition(|segment| segment.last <= applied);
        for segment in gone {
            match std::fs::remove_file(&segment.path) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                // It is replayed at the next start, which changes nothing, and then removed.
                Err(error) => tracing::warn!(segment = %segment.path.display(), %error, "a segment of the journal cannot be removed"),
            }
            self.bytes.fetch_sub(segment.bytes, Relaxed);
        }
        kept
    }
}

fn sync(medium: &dyn Medium, file: &File) -> bool {
    let began = Instant::now();
    let outcome = medium.sync(file);
    if began.elapsed() > SLOW {
        tracing::warn!(took = ?began.elapsed(), "the disk is slow: syncing the journal took long; nobody waited for it");
    }
    match outcome {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "the journal cannot be synced: a power cut would cost what was not");
            false
        }
    }
}
