//! The writing thread: every call that is recorded now, flushed in turn, so that a crash costs less than a second.

use super::RecorderStatus;
use super::file::{FRAME_BYTES, PAGE, part_path};
use super::finish::{Job, finish};
use super::header::mend;
use super::take::{Take, file_of};
use super::timeline::WINDOW_MS;
use crate::base::limits::RECORDING_REPORTS_MAX;
use crate::base::time::{millis, secs};
use crate::base::{CallId, Deadlines, Duration, Instant};
use crate::io::clock::Clock;
use crate::media::control::Recorded;
use crate::switch::input::{Input, RecorderReport};
use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

/// How often what is settled goes to the file; every second time its header is told.
const FLUSH_EVERY: Duration = millis(290);
/// The header of a running call's file is valid to within the last second: behind it are two flushes, the timeline's window, a tick, and
/// what does not fill a page.
const _: () = assert!(2 * FLUSH_EVERY.as_millis() as u64 + WINDOW_MS + 20 + PAGE / FRAME_BYTES / 8 < 1_000);
/// How often a folder in trouble is tried again without a call.
const PROBE_EVERY: Duration = secs(10);

pub(super) struct Desk {
    folder: PathBuf,
    inbox: Sender<Input>,
    jobs: SyncSender<Job>,
    status: RecorderStatus,
    clock: Clock,
    /// `None`: it failed, and what still comes of it is passed over.
    calls: BTreeMap<CallId, Option<Take>>,
    /// Each call's next flush.
    flushes: Deadlines<CallId>,
    /// Reports that found the inbox full.
    reports: VecDeque<RecorderReport>,
    probe_at: Instant,
    lost_before: u64,
    scratch: Vec<i16>,
}

impl Desk {
    pub fn new(folder: PathBuf, inbox: Sender<Input>, jobs: SyncSender<Job>, status: RecorderStatus) -> Self {
        let clock = Clock::started_now();
        Self {
            folder,
            inbox,
            jobs,
            status,
            clock,
            calls: BTreeMap::new(),
            flushes: Deadlines::new(),
            reports: VecDeque::new(),
            probe_at: Instant::START,
            lost_before: 0,
            scratch: Vec::new(),
        }
    }

    /// Until every sink is gone; then every open recording is closed as it stands.
    pub fn run(mut self, arriving: &Receiver<Vec<Recorded>>, before_writing: impl Fn()) {
        loop {
            let now = self.clock.now();
            self.look_after(now);
            let wake_at = self.flushes.next().unwrap_or(self.probe_at).min(self.probe_at);
            let patience = if self.reports.is_empty() { wake_at - now } else { millis(20).min(wake_at - now) };
            match arriving.recv_timeout(patience) {
                Ok(batch) => {
                    before_writing();
                    self.status.backlog.waiting.fetch_sub(batch.len(), Relaxed);
                    for chunk in batch {
                        self.handle(chunk);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        while let Some((call, take)) = self.calls.pop_first() {
            if let Some(take) = take {
                self.end(call, take, 0);
            }
        }
        for report in self.reports.drain(..) {
            let _ = self.inbox.blocking_send(Input::Recorder(report));
        }
    }

    fn handle(&mut self, chunk: Recorded) {
        match chunk {
            Recorded::Started { call, rate, resumed } => self.begin(call, rate, resumed),
            Recorded::Audio { call, channel, position, audio } => {
                let Some(Some(take)) = self.calls.get_mut(&call) else { return };
                match take.add(channel, position, &audio, &mut self.scratch) {
                    Ok(true) => {}
                    Ok(false) => drop(self.status.shared.undecodable.fetch_add(1, Relaxed)),
                    Err(error) => self.fail(call, true, &error),
                }
            }
            Recorded::Stopped { call, samples } => {
                self.flushes.set(call, None);
                if let Some(Some(take)) = self.calls.remove(&call) {
                    self.end(call, take, samples);
                }
            }
        }
        self.status.shared.open.store(self.flushes.len(), Relaxed);
    }

    fn begin(&mut self, call: CallId, hz: u32, resumed: bool) {
        if self.calls.contains_key(&call) {
            return;
        }
        let take = if resumed { Take::resume(&self.folder, call, hz) } else { Take::begin(&self.folder, call, hz) };
        match take {
            Ok(take) => {
                let file = take.file.to_string();
                self.calls.insert(call, Some(take));
                self.flushes.set(call, Some(self.clock.now() + FLUSH_EVERY));
                self.report(RecorderReport::Opened { call, file });
            }
            Err(error) => self.fail(call, false, &error),
        }
    }

    /// Ends at `length`, or with the last sound, whichever is later.
    fn end(&mut self, call: CallId, mut take: Take, length: u64) {
        let file = take.file;
        self.status.shared.late_samples.fetch_add(take.late_samples(), Relaxed);
        let duration = match take.end(length) {
            Ok(duration) => duration,
            Err(error) => {
                self.fail(call, true, &error);
                self.calls.remove(&call);
                return;
            }
        };
        if let Err(std::sync::mpsc::TrySendError::Full(job) | std::sync::mpsc::TrySendError::Disconnected(job)) =
            self.jobs.try_send(Job { call, file, duration })
        {
            for report in finish(&self.folder, &[job], |reason| self.status.raise(reason.to_owned())) {
                self.report(report);
            }
        }
    }

    /// Told once a call. What is on file already is kept, with sizes that fit.
    fn fail(&mut self, call: CallId, began: bool, error: &io::Error) {
        self.flushes.set(call, None);
        // The file is closed before it is mended.
        self.calls.insert(call, None);
        let file = file_of(call);
        if began && let Ok(part) = File::options().read(true).write(true).open(part_path(&self.folder, file)) {
            let _ = mend(&part);
        }
        let reason = format!("{} cannot be written: {error}", self.folder.join(file.to_string()).display());
        self.status.shared.failed.fetch_add(1, Relaxed);
        self.status.raise(reason.clone());
        self.report(RecorderReport::Failed { call, reason });
    }

    /// What is due by the clock: flushes, reports that wait, the folder's health.
    fn look_after(&mut self, now: Instant) {
        while let Some(call) = self.flushes.pop_due(now) {
            let Some(Some(take)) = self.calls.get_mut(&call) else { continue };
            self.status.shared.late_samples.fetch_add(take.late_samples(), Relaxed);
            match take.flush() {
                Ok(()) => self.flushes.set(call, Some(now + FLUSH_EVERY)),
                Err(error) => self.fail(call, true, &error),
            }
        }
        while let Some(report) = self.reports.pop_front() {
            if !self.offer(report) {
                break;
            }
        }
        if self.probe_at <= now {
            self.probe_at = now + PROBE_EVERY;
            self.probe();
        }
    }

    /// Raises the alarm before a call is lost to it, and ends it when its cause is gone.
    pub(super) fn probe(&mut self) {
        let lost = self.status.backlog.lost.load(Relaxed);
        let lost_lately = lost - std::mem::replace(&mut self.lost_before, lost);
        match writable(&self.folder) {
            Err(error) => self.status.raise(format!("{} cannot be written: {error}", self.folder.display())),
            Ok(()) if lost_lately > 0 => {
                self.status.raise(format!("the recorder is behind: {lost_lately} chunks of sound are silence in their files"));
            }
            Ok(()) => self.status.clear(),
        }
    }

    fn report(&mut self, report: RecorderReport) {
        if self.reports.is_empty() {
            self.offer(report);
        } else if self.reports.len() < RECORDING_REPORTS_MAX {
            self.reports.push_back(report);
        }
    }

    /// False, and put back in front, when there is no room.
    fn offer(&mut self, report: RecorderReport) -> bool {
        match self.inbox.try_send(Input::Recorder(report)) {
            Ok(()) | Err(TrySendError::Closed(_)) => true,
            Err(TrySendError::Full(Input::Recorder(report))) => {
                self.reports.push_front(report);
                false
            }
            Err(TrySendError::Full(_)) => true,
        }
    }
}

/// Tries what a recording needs: a file with some bytes in it. 64 KiB are a second of one call at 16 kHz, and more than a full disk has.
fn writable(folder: &Path) -> io::Result<()> {
    let path = folder.join(".probe");
    fs::create_dir_all(folder)?;
    let written = File::create(&path).and_then(|mut file| file.write_all(&[0; 64 << 10]));
    let removed = fs::remove_file(&path);
    written.and(removed)
}
