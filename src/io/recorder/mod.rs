//! The recorder: threads that turn the plane's chunks into stereo WAV files; one writes, one finishes, one sees to it that what is written
//! reaches the disk.
//!
//! What lives here: files of recordings, from the first header to the hash, and their repair. What must not: any say over a call.
//! Whatever the disk does, packets flow and calls go on; what could not be kept is reported and raises an alarm.

mod desk;
mod excerpt;
mod file;
mod finish;
mod header;
mod repair;
mod sink;
mod sync;
mod take;
mod timeline;
mod unnoticed;
mod verify;

pub use excerpt::excerpt;
pub use repair::{Left, Recovered, Repair, repair};
pub use sink::RecorderSink;
pub use unnoticed::unnoticed;
pub use verify::{Verdict, finished, verify};

use crate::base::limits::LEGS_MAX;
use crate::io::precedence;
use crate::switch::input::Input;
use desk::Desk;
use sink::{BATCHES_MAX, Backlog};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use tokio::sync::mpsc::Sender;

/// The running recorder. Made once the folder has been repaired.
pub struct Recorder {
    batches: SyncSender<Vec<crate::media::control::Recorded>>,
    backlog: Arc<Backlog>,
    status: RecorderStatus,
    writing: JoinHandle<()>,
    finishing: JoinHandle<()>,
    syncing: JoinHandle<()>,
    /// Dropped to end the syncing.
    open_for_sync: SyncSender<()>,
}

impl Recorder {
    /// Starts the threads. A folder that cannot be written is no error: it raises the alarm, and is tried again for each call.
    ///
    /// # Errors
    /// No thread can be made.
    pub fn start(folder: PathBuf, inbox: Sender<Input>) -> io::Result<Self> {
        Self::start_with(folder, inbox, || ())
    }

    /// As `start`; the writing thread calls `before_writing` before each batch, so that a test can hold it as a slow disk would.
    fn start_with(folder: PathBuf, inbox: Sender<Input>, before_writing: impl Fn() + Send + 'static) -> io::Result<Self> {
        let (batches, arriving) = sync_channel(BATCHES_MAX);
        // As many as there can be calls: a full queue is finished by the writer itself, late but whole.
        let (jobs, to_finish) = sync_channel(LEGS_MAX);
        let backlog = Arc::new(Backlog::default());
        let status = RecorderStatus { shared: Arc::default(), backlog: Arc::clone(&backlog) };
        let finishing = {
            let (folder, inbox, status) = (folder.clone(), inbox.clone(), status.clone());
            thread::Builder::new().name("recordings-end".to_owned()).spawn(move || {
                precedence::give_way(precedence::FINISHING);
                finish::run(&folder, &to_finish, &inbox, |reason| status.raise(reason.to_owned()));
            })?
        };
        let (open_for_sync, ended) = sync_channel(0);
        let syncing = {
            let (folder, status) = (folder.clone(), status.clone());
            let is_open = {
                let shared = Arc::clone(&status.shared);
                move || shared.open.load(Relaxed) > 0
            };
            thread::Builder::new()
                .name("recordings-sync".to_owned())
                .spawn(move || sync::run(&folder, &ended, is_open, |reason| status.raise(reason)))?
        };
        let desk = Desk::new(folder, inbox, jobs, status.clone());
        let writing = thread::Builder::new().name("recorder".to_owned()).spawn(move || {
            precedence::give_way(precedence::WRITING);
            desk.run(&arriving, before_writing);
        })?;
        Ok(Self { batches, backlog, status, writing, finishing, syncing, open_for_sync })
    }

    /// An end for one media worker.
    #[must_use]
    pub fn sink(&self) -> RecorderSink {
        RecorderSink::new(self.batches.clone(), Arc::clone(&self.backlog))
    }

    #[must_use]
    pub fn status(&self) -> RecorderStatus {
        self.status.clone()
    }

    /// Waits until every sink is dropped and every recording is finished. Reports still go to the inbox meanwhile, so it must be read,
    /// or be dropped.
    pub fn close(self) {
        let Self { batches, writing, finishing, syncing, open_for_sync, .. } = self;
        drop((batches, open_for_sync));
        for thread in [writing, finishing, syncing] {
            // A thread that panicked has said so; its part files are repaired at the next start.
            let _ = thread.join();
        }
    }
}

/// What can be read of the recorder at any time.
#[derive(Clone)]
pub struct RecorderStatus {
    shared: Arc<Shared>,
    backlog: Arc<Backlog>,
}

#[derive(Default)]
struct Shared {
    /// Written on trouble and read by the API: never on the way of a packet.
    alarm: Mutex<Option<String>>,
    open: AtomicUsize,
    failed: AtomicU64,
    late_samples: AtomicU64,
    undecodable: AtomicU64,
}

/// Counted since the start, save `open` and `chunks_waiting`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RecorderFigures {
    pub open: usize,
    pub chunks_waiting: usize,
    /// Chunks for which there was no room: silence stands in their place.
    pub chunks_lost: u64,
    /// Samples that came after their place was written.
    pub late_samples: u64,
    /// Payloads that were no sound.
    pub undecodable: u64,
    pub failed: u64,
}

impl RecorderStatus {
    /// Why recordings cannot be made (whole) at present, in words for an operator; `None` while all is well.
    #[must_use]
    pub fn alarm(&self) -> Option<String> {
        self.alarm_lock().clone()
    }

    #[must_use]
    pub fn figures(&self) -> RecorderFigures {
        let Shared { open, failed, late_samples, undecodable, .. } = &*self.shared;
        RecorderFigures {
            open: open.load(Relaxed),
            chunks_waiting: self.backlog.waiting.load(Relaxed),
            chunks_lost: self.backlog.lost.load(Relaxed),
            late_samples: late_samples.load(Relaxed),
            undecodable: undecodable.load(Relaxed),
            failed: failed.load(Relaxed),
        }
    }

    fn raise(&self, reason: String) {
        let mut alarm = self.alarm_lock();
        if alarm.is_none() {
            tracing::error!(%reason, "recording alarm");
        }
        *alarm = Some(reason);
    }

    fn clear(&self) {
        if self.alarm_lock().take().is_some() {
            tracing::info!("recording alarm cleared");
        }
    }

    fn alarm_lock(&self) -> MutexGuard<'_, Option<String>> {
        self.shared.alarm.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
