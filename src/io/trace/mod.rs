//! The SIP of each call, word for word: what a phone said, for who looks for why it did not work. One file a call below the data folder,
//! `sip/2026/11/21/CALL-ID.sip`, appended to once a second by a thread of its own.
//!
//! What lives here: the way of a message from the driver to its call's file, and back to the reader. What must not: anything that the
//! switch waits for. A message that finds the thread behind is dropped and counted; a crash loses the last second.

mod page;
mod sorting;

pub use page::{Direction, Entry, read};

use crate::base::limits::{TRACE_INBOX_MAX, TRACE_PAGE_MAX};
use crate::base::{CallId, Timestamp};
use crate::recording::day_folder;
use crate::sip::Flow;
use sorting::Sorting;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Below the data folder.
pub const FOLDER: &str = "sip";

/// How often what has come is written.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// How often what is too old is looked for.
const FORGET_EVERY: Duration = Duration::from_secs(3_600);

/// What the driver tells.
#[derive(Debug)]
enum Told {
    Bytes {
        at: Timestamp,
        direction: Direction,
        flow: Flow,
        bytes: Vec<u8>,
    },
    /// The connection is no more: what stood half in it is nothing.
    Closed(Flow),
    /// From now on the messages of this Call-ID are of that call.
    Belongs {
        call_id: String,
        call: CallId,
    },
}

/// Where the driver tells what came and went; dropping it ends the thread when all is written.
#[derive(Debug)]
pub struct Trace {
    tell: Option<SyncSender<Told>>,
    lost: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Trace {
    /// Begins to write below `data`.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(data: &Path) -> io::Result<Self> {
        let (tell, told) = sync_channel(TRACE_INBOX_MAX);
        let folder = data.join(FOLDER);
        let thread = std::thread::Builder::new().name("sip-trace".to_owned()).spawn(move || Writer::new(folder).run(&told))?;
        Ok(Self { tell: Some(tell), lost: Arc::default(), thread: Some(thread) })
    }

    /// Messages that were dropped because the thread was behind.
    #[must_use]
    pub fn lost(&self) -> Arc<AtomicU64> {
        self.lost.clone()
    }

    pub fn bytes(&self, at: Timestamp, direction: Direction, flow: Flow, bytes: &[u8]) {
        self.tell(Told::Bytes { at, direction, flow, bytes: bytes.to_vec() });
    }

    pub fn closed(&self, flow: Flow) {
        self.tell(Told::Closed(flow));
    }

    pub fn belongs(&self, call_id: String, call: CallId) {
        self.tell(Told::Belongs { call_id, call });
    }

    fn tell(&self, told: Told) {
        if self.tell.as_ref().is_some_and(|tell| tell.try_send(told).is_err()) {
            self.lost.fetch_add(1, Relaxed);
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        self.tell = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

/// The thread's own.
struct Writer {
    folder: PathBuf,
    sorting: Sorting,
    /// What is to be appended to each call's file.
    pages: BTreeMap<CallId, Vec<u8>>,
    told_trouble: bool,
}

impl Writer {
    fn new(folder: PathBuf) -> Self {
        Self { folder, sorting: Sorting::default(), pages: BTreeMap::new(), told_trouble: false }
    }

    fn run(mut self, told: &Receiver<Told>) {
        let mut next_write = Instant::now() + WRITE_EVERY;
        loop {
            let ended = match told.recv_timeout(next_write.saturating_duration_since(Instant::now())) {
                Ok(told) => {
                    self.take(told);
                    false
                }
                Err(error) => error == RecvTimeoutError::Disconnected,
            };
            if ended || Instant::now() >= next_write {
                self.write();
                self.sorting.forget_strangers();
                next_write = Instant::now() + WRITE_EVERY;
            }
            if ended {
                return;
            }
        }
    }

    fn take(&mut self, told: Told) {
        let found = match told {
            Told::Bytes { at, direction, flow, bytes } => self.sorting.bytes(at, direction, flow, &bytes),
            Told::Closed(flow) => return self.sorting.closed(flow),
            Told::Belongs { call_id, call } => self.sorting.belongs(call_id, call),
        };
        for (call, entry) in found {
            entry.write(self.pages.entry(call).or_default());
        }
    }

    fn write(&mut self) {
        for (call, page) in std::mem::take(&mut self.pages) {
            match append(&self.folder, call, &page) {
                Ok(()) => self.told_trouble = false,
                Err(error) => {
                    if !std::mem::replace(&mut self.told_trouble, true) {
                        tracing::error!(folder = %self.folder.display(), %error, "SIP of calls cannot be written");
                    }
                }
            }
        }
    }
}

/// Where the SIP of a call is.
fn path_of(folder: &Path, call: CallId) -> PathBuf {
    folder.join(day_folder(call.timestamp())).join(format!("{call}.sip"))
}

/// A file that has grown to its limit grows no more.
fn append(folder: &Path, call: CallId, page: &[u8]) -> io::Result<()> {
    let path = path_of(folder, call);
    let open = || OpenOptions::new().append(true).create(true).open(&path);
    let mut file = match open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
            open()?
        }
        other => other?,
    };
    if file.metadata()?.len() + page.len() as u64 > TRACE_PAGE_MAX {
        return Ok(());
    }
    file.write_all(page)
}

/// Looks for ever, once an hour, for days that are older than `keep` says at the time.
pub async fn forget(data: PathBuf, keep: impl Fn() -> Option<Duration>) {
    loop {
        if let Some(keep) = keep() {
            let before = jiff::Timestamp::now().as_millisecond().saturating_sub(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX));
            let data = data.clone();
            match tokio::task::spawn_blocking(move || remove_before(&data, Timestamp(before))).await {
                Ok(Ok(0)) => {}
                Ok(Ok(days)) => tracing::info!(days, "SIP of calls removed, older than it is kept"),
                Ok(Err(error)) => tracing::warn!(%error, "SIP of calls cannot be removed"),
                Err(error) => tracing::error!(%error, "SIP of calls cannot be removed"),
            }
        }
        tokio::time::sleep(FORGET_EVERY).await;
    }
}

/// Removes the days that ended before `before`.
///
/// # Errors
/// What the file system said.
pub fn remove_before(data: &Path, before: Timestamp) -> io::Result<u64> {
    let last = day_folder(before);
    let mut removed = 0;
    let folder = data.join(FOLDER);
    for year in folders(&folder)? {
        for month in folders(&folder.join(&year))? {
            for day in folders(&folder.join(&year).join(&month))? {
                if format!("{year}/{month}/{day}") < last {
                    std::fs::remove_dir_all(folder.join(&year).join(&month).join(&day))?;
                    removed += 1;
                }
            }
        }
    }
    Ok(removed)
}

fn folders(path: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;
    use crate::sip::Protocol;

    const NOON: Timestamp = Timestamp(1_795_262_400_000);

    fn told(trace: &Trace, call_id: &str) {
        let flow = Flow {
            protocol: Protocol::Udp,
            local: "127.0.0.1:5060".parse().expect("an address"),
            peer: "127.0.0.1:5062".parse().expect("an address"),
        };
        let bytes = format!("BYE sip:1 SIP/2.0\r\nCall-ID: {call_id}\r\nCSeq: 2 BYE\r\n\r\n");
        trace.bytes(NOON, Direction::In, flow, bytes.as_bytes());
    }

    #[test]
    fn what_is_told_is_read_when_the_thread_has_ended_and_goes_when_it_is_old() {
        let data = tempfile::tempdir().expect("a folder");
        let (folder, call) = (data.path().join(FOLDER), CallId::new(NOON, &mut Rng::new(1)));
        for day in 0..2 {
            let trace = Trace::start(data.path()).expect("starts");
            let call = CallId::new(Timestamp(NOON.0 + day * 86_400_000), &mut Rng::new(1));
            told(&trace, "a");
            trace.belongs("a".to_owned(), call);
            told(&trace, "a");
            told(&trace, "of another switch");
            drop(trace);
        }
        assert_eq!(read(&folder, call).expect("reads").len(), 2);
        assert_eq!(read(&folder, CallId::new(NOON, &mut Rng::new(2))).expect("reads"), []);
        assert_eq!(remove_before(data.path(), NOON).expect("looks"), 0, "the day itself stays");
        assert_eq!(remove_before(data.path(), Timestamp(NOON.0 + 86_400_000)).expect("removes"), 1);
        assert_eq!(read(&folder, call).expect("reads"), []);
        assert_eq!(remove_before(&data.path().join("nothing"), NOON).expect("looks"), 0);
    }

    #[test]
    fn a_page_grows_to_its_limit() {
        let data = tempfile::tempdir().expect("a folder");
        let call = CallId::new(NOON, &mut Rng::new(1));
        let half = vec![b'x'; usize::try_from(TRACE_PAGE_MAX / 2).expect("fits")];
        for _ in 0..3 {
            append(data.path(), call, &half).expect("appends");
        }
        assert_eq!(path_of(data.path(), call).metadata().expect("is there").len(), TRACE_PAGE_MAX);
    }
}
