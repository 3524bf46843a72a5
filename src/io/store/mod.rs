//! The store: calls, events and audit, kept behind the switch's back and never awaited by a call.
//!
//! ```text
//! try_push → inbox (bounded) → taker: the journal, one write(2) a wake-up → applier: the database, one transaction a moment → readers
//! ```
//!
//! What the journal has outlives the process, and within a second the power (`io::journal`); the database follows it as fast as it can
//! (`taker`, `handover`, `applier`) and is what the API reads (`reader`). SQLite in WAL mode lets reading and writing go on side by side.
//! The images a restart goes on from stay in the journal. What must not live here: what a call means; the store keeps shapes.

mod applier;
mod custody;
mod database;
mod fact;
mod facts;
mod handover;
mod numbers;
mod reader;
mod recovery;
mod schema;
mod search;
mod sql;
mod taker;
mod trouble;
mod work;

pub use super::recorder::Recovered;
pub use recovery::Interrupted;
pub use search::{CallFilter, NumberPattern};
pub use work::{Work, WorkFilter, WorkKind};

use super::events::NumberedEvent;
use super::journal::{self, Disk, Keeper, Lock, Medium};
use super::shapes::{AuditEntry, Call, LegalHold};
use crate::base::limits;
use crate::call::record::CallRecord;
use crate::report::AgentInterval;
use crate::switch::output::DecisionRecord;
use applier::Applier;
use database::Database;
use handover::Handover;
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Connection, Executor};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use taker::{Message, Taker};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use trouble::Trouble;

/// Something to be kept.
#[derive(Clone, Debug)]
pub enum Row {
    /// Inserted, or replaces the record of the same id.
    Call(Box<CallRecord>),
    /// The same, of a call that the switch is done with: its recording was removed.
    Mended(Box<Call>),
    /// A legal hold on a call's recording, or its end.
    Hold {
        call: String,
        hold: Option<LegalHold>,
    },
    /// Why an agent was chosen for a call, or nobody was.
    Decision(Box<DecisionRecord>),
    /// What an agent was at. Inserted, or replaces what began at the same moment.
    Interval(Box<AgentInterval>),
    /// What somebody wrote beside the calls. Inserted, or replaces what had its kind and id.
    Work(Box<Work>),
    WorkGone {
        kind: WorkKind,
        id: String,
    },
    Event(Arc<NumberedEvent>),
    Audit(Box<AuditEntry>),
    /// What a restart needs of a part of the switch; `None` forgets it.
    Kept {
        part: String,
        image: Option<Vec<u8>>,
    },
}

/// The inbox is full: the row was not taken. It is counted in [`Store::rows_lost`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoreFull;

/// What the database said. Its text is for logs, not for callers of the API.
#[derive(Debug)]
pub enum StoreError {
    Database(sqlx::Error),
    Migration(sqlx::migrate::MigrateError),
    /// A stored shape that this version cannot read.
    Shape(serde_json::Error),
    /// The folder, the thread.
    System(std::io::Error),
    /// What a look through the database found.
    Damaged(String),
    /// Another process, most likely another switch, has this data folder open.
    InUse(PathBuf),
    /// The writer has ended.
    Closed,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => write!(f, "database: {error}"),
            Self::Migration(error) => write!(f, "database schema: {error}"),
            Self::Shape(error) => write!(f, "a row of the database cannot be read: {error}"),
            Self::System(error) => write!(f, "{error}"),
            Self::Damaged(what) => write!(f, "the database is damaged: {what}"),
            Self::InUse(folder) => {
                write!(
                    f,
                    "the data folder {} is in use by another process: stop it, or give this switch a folder of its own",
                    folder.display()
                )
            }
            Self::Closed => f.write_str("the store is closed"),
        }
    }
}

impl std::error::Error for StoreError {}

impl StoreError {
    /// Whether the file is no sound database, and no second try will make it one.
    fn is_corruption(&self) -> bool {
        // The codes SQLITE_CORRUPT and SQLITE_NOTADB, by the words that every layer above passes on.
        let said = || {
            let text = self.to_string();
            text.contains("disk image is malformed") || text.contains("file is not a database")
        };
        matches!(self, Self::Damaged(_)) || said()
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Shape(error)
    }
}

/// Bounds of a store; tests make them small.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Rows in the inbox, and between the threads.
    pub rows_max: usize,
    /// Rows of one transaction.
    pub batch_max: usize,
    /// How long a row waits for others before its transaction begins.
    pub batch_wait: Duration,
    /// Pause before what failed is tried again.
    pub retry_after: Duration,
    /// How long one statement waits for another process's lock.
    pub busy_timeout: Duration,
    /// How long another process that has the folder open is waited for, as it may be ending.
    pub patience: Duration,
    /// Bytes of one segment of the journal.
    pub segment_max: u64,
    /// Bytes of the journal; more, and new calls are refused.
    pub journal_max: u64,
    pub sync_every: Duration,
    /// What the journal is written to.
    pub medium: Arc<dyn Medium>,
    /// Pages the database may have.
    pub database_pages_max: Option<u32>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            rows_max: limits::STORE_ROWS_MAX,
            batch_max: limits::STORE_BATCH_MAX,
            batch_wait: limits::STORE_BATCH_WAIT,
            retry_after: Duration::from_secs(1),
            busy_timeout: Duration::from_secs(2),
            patience: Duration::from_secs(2),
            segment_max: limits::JOURNAL_SEGMENT_MAX,
            journal_max: limits::JOURNAL_BYTES_MAX,
            sync_every: limits::JOURNAL_SYNC_EVERY,
            medium: Arc::new(Disk),
            database_pages_max: None,
        }
    }
}

/// A handle to the store; cheap to clone. Its threads end when it is closed or the last handle is gone.
#[derive(Clone, Debug)]
pub struct Store {
    inbox: mpsc::Sender<Message>,
    readers: AnyPool,
    shared: Arc<Shared>,
    database: Arc<Database>,
    found: Arc<Found>,
    custody: Arc<tokio::sync::Mutex<()>>,
    /// How long a start waits for a database that is locked.
    patience: Duration,
}

/// What threads and handles tell each other.
#[derive(Debug)]
struct Shared {
    journal: Trouble,
    database: Trouble,
    blocked: AtomicBool,
    lost: AtomicU64,
    /// Rows in the inbox, and how many it may hold.
    waiting: AtomicUsize,
    rows_max: usize,
    /// Rows that are in the journal, and those that are in the database, since the start.
    journalled: AtomicU64,
    written: AtomicU64,
    /// Number of the last frame that is applied.
    applied: AtomicU64,
    keeper: Keeper,
    journal_max: u64,
}

impl Shared {
    fn new(keeper: Keeper, options: &StoreOptions, applied: u64) -> Self {
        Self {
            journal: Trouble::default(),
            database: Trouble::default(),
            blocked: AtomicBool::new(false),
            lost: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            rows_max: options.rows_max,
            journalled: AtomicU64::new(0),
            written: AtomicU64::new(0),
            applied: AtomicU64::new(applied),
            keeper,
            journal_max: options.journal_max,
        }
    }
}

/// What the opening found.
#[derive(Debug, Default)]
struct Found {
    notices: Vec<String>,
    last_event: u64,
    /// Taken once, by the switch that goes on from them. A lock, because handles are shared; held to take it.
    images: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Store {
    /// Opens (or makes) database and journal in `folder`, brings the tables up to date and applies what the journal has beyond them.
    ///
    /// # Errors
    /// When the folder is in use, or the journal or the database cannot be opened or brought up to date. A damaged one is no error: it is
    /// moved aside and told in [`notices`](Self::notices).
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_with(folder, StoreOptions::default()).await
    }

    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_with(folder: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        std::fs::create_dir_all(folder).map_err(StoreError::System)?;
        let folder = std::path::absolute(folder).map_err(StoreError::System)?;
        let journal_folder = folder.join("journal");
        let lock = Lock::take(&journal_folder, options.patience).map_err(|error| match error.kind() {
            std::io::ErrorKind::WouldBlock => StoreError::InUse(folder.clone()),
            _ => StoreError::System(error),
        })?;
        let database = Arc::new(Database::new(folder.join("sanling.db"), options.busy_timeout, options.database_pages_max));
        let mut found = Found::default();
        let (connection, applied) = database.prepare(&mut found.notices).await?;

        let mut images = BTreeMap::new();
        let opened = journal::open(
            &journal_folder,
            Arc::clone(&options.medium),
            applied,
            &folder.join("sanling.db-wal"),
            options.segment_max,
            options.sync_every,
            |frame| {
                found.last_event = found.last_event.max(fact::event_number(&frame).unwrap_or(0));
                match (frame.kind, fact::read_image(frame.body)) {
                    (fact::IMAGE, Some((part, image))) => {
                        images.insert(part.to_owned(), image.to_owned());
                    }
                    (fact::NO_IMAGE, Some((part, _))) => {
                        images.remove(part);
                    }
                    _ => {}
                }
            },
        )
        .map_err(StoreError::System)?;
        found.last_event = found.last_event.max(opened.mark);
        found.notices.extend(opened.notices);
        for notice in &found.notices {
            tracing::error!("{notice}");
        }
        found.images = Mutex::new(images.clone());

        let readers = readers(&database.url, options.busy_timeout).await?;
        let patience = options.patience;
        let (inbox, messages) = mpsc::channel(options.rows_max);
        let shared = Arc::new(Shared::new(opened.keeper, &options, applied));
        let handover = Arc::new(Handover::new(opened.appender.last(), options.rows_max, options.batch_max));
        let applier = Applier {
            database: Arc::clone(&database),
            handover: Arc::clone(&handover),
            shared: Arc::clone(&shared),
            options: options.clone(),
            journal: journal_folder,
            applied,
            connection: None,
        };
        connection.close().await?;
        let applying = applier.start().map_err(StoreError::System)?;
        let taker = Taker { messages, appender: opened.appender, images, handover, shared: Arc::clone(&shared), options, applying, lock };
        taker.start().map_err(StoreError::System)?;
        let store = Self { inbox, readers, shared, database, found: Arc::new(found), custody: Arc::default(), patience };
        if tokio::time::timeout(patience, store.flush()).await.is_err() {
            tracing::error!(
                "the database is locked or slow: the switch starts without waiting for it, and it is brought up to date when it can be"
            );
        }
        Ok(store)
    }

    /// Opens the database in `folder` for reading alone, beside the switch that writes it. Rows that are given are lost.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open_beside(folder: &Path) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let options = StoreOptions::default();
        let path = std::path::absolute(folder).map_err(StoreError::System)?.join("sanling.db");
        let database = Arc::new(Database::new(path, options.busy_timeout, None));
        let readers = readers(&database.url, options.busy_timeout).await?;
        let shared = Arc::new(Shared::new(Keeper::default(), &options, 0));
        Ok(Self {
            inbox: mpsc::channel(1).0,
            readers,
            shared,
            database,
            found: Arc::default(),
            custody: Arc::default(),
            patience: options.patience,
        })
    }

    /// What a restart goes on from, by part: the last image of each. The second time it is empty.
    #[must_use]
    pub fn kept(&self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut *self.found.images.lock().unwrap_or_else(PoisonError::into_inner)).into_iter().collect()
    }

    /// What was damaged when the store was opened and what became of it, a sentence each.
    #[must_use]
    pub fn notices(&self) -> &[String] {
        &self.found.notices
    }

    /// Gives a row to the writer; never waits.
    ///
    /// # Errors
    /// When the inbox is full; the row is lost and counted.
    pub fn try_push(&self, row: Row) -> Result<(), StoreFull> {
        if self.try_push_all(vec![row]).is_empty() { Ok(()) } else { Err(StoreFull) }
    }

    /// As [`try_push`](Self::try_push), with one wake-up of the writer for all rows. Gives back those that found no room, the last ones;
    /// they are lost and counted.
    pub fn try_push_all(&self, mut rows: Vec<Row>) -> Vec<Row> {
        if rows.is_empty() {
            return rows;
        }
        let before = self.shared.waiting.fetch_add(rows.len(), Relaxed);
        let mut refused = rows.split_off(rows.len().min(self.shared.rows_max.saturating_sub(before)));
        self.shared.waiting.fetch_sub(refused.len(), Relaxed);
        if !rows.is_empty()
            && let Err(TrySendError::Full(Message::Rows(rows)) | TrySendError::Closed(Message::Rows(rows))) =
                self.inbox.try_send(Message::Rows(rows))
        {
            self.shared.waiting.fetch_sub(rows.len(), Relaxed);
            refused.splice(0..0, rows);
        }
        self.shared.lost.fetch_add(refused.len() as u64, Relaxed);
        refused
    }

    /// Whether new calls are to be refused: from 7/8 of the inbox or of the journal on, so that the rows of running calls still fit, until
    /// half of it is free.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        let all = self.shared.rows_max as u64;
        let free = all.saturating_sub(self.rows_waiting() as u64);
        let (journal_free, journal_all) = (self.shared.journal_max.saturating_sub(self.shared.keeper.bytes()), self.shared.journal_max);
        let short = |times: u64| free * times < all || journal_free * times < journal_all;
        let blocked = self.inbox.is_closed() || short(if self.shared.blocked.load(Relaxed) { 2 } else { 8 });
        self.shared.blocked.store(blocked, Relaxed);
        blocked
    }

    /// Whether journal or database could not be written at the last try. Nothing is lost yet: it is tried again, and inbox or journal fill.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.shared.journal.is_there() || self.shared.database.is_there()
    }

    /// What is wrong, a sentence each, for an operator.
    #[must_use]
    pub fn troubles(&self) -> Vec<String> {
        [&self.shared.journal, &self.shared.database].into_iter().filter_map(Trouble::text).collect()
    }

    /// Rows that found the inbox full, since the start.
    #[must_use]
    pub fn rows_lost(&self) -> u64 {
        self.shared.lost.load(Relaxed)
    }

    /// Rows that went into the database, since the start.
    #[must_use]
    pub fn rows_written(&self) -> u64 {
        self.shared.written.load(Relaxed)
    }

    /// Rows that went into the journal, since the start.
    #[must_use]
    pub fn rows_journalled(&self) -> u64 {
        self.shared.journalled.load(Relaxed)
    }

    /// Rows waiting for the journal.
    #[must_use]
    pub fn rows_waiting(&self) -> usize {
        self.shared.waiting.load(Relaxed)
    }

    /// Bytes of the journal's segments on the disk.
    #[must_use]
    pub fn journal_bytes(&self) -> u64 {
        self.shared.keeper.bytes()
    }

    /// The database's version.
    ///
    /// # Errors
    /// What the database said.
    pub async fn version(&self) -> Result<String, StoreError> {
        Ok(sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&self.readers).await?)
    }

    /// Waits until everything pushed before is in the database. Waits for ever while that cannot be written: bound it where that matters.
    ///
    /// # Errors
    /// When the writer has ended.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let (done, wait) = oneshot::channel();
        self.inbox.send(Message::Flush(done)).await.map_err(|_| StoreError::Closed)?;
        wait.await.map_err(|_| StoreError::Closed)
    }

    /// Writes what waits, folds the write-ahead log into the database and ends the writer. Rows pushed later are lost.
    ///
    /// # Errors
    /// When the writer has ended before.
    pub async fn close(&self) -> Result<(), StoreError> {
        let (done, wait) = oneshot::channel();
        self.inbox.send(Message::Close(done)).await.map_err(|_| StoreError::Closed)?;
        self.readers.close().await;
        wait.await.map_err(|_| StoreError::Closed)
    }
}

async fn readers(url: &str, busy_timeout: Duration) -> Result<AnyPool, StoreError> {
    let busy = format!("PRAGMA busy_timeout = {}; PRAGMA query_only = 1", busy_timeout.as_millis());
    let options = AnyPoolOptions::new().max_connections(4).acquire_timeout(Duration::from_secs(5)).after_connect(move |connection, _| {
        let busy = busy.clone();
        Box::pin(async move { connection.execute(sqlx::AssertSqlSafe(busy)).await.map(|_| ()) })
    });
    Ok(options.connect(url).await?)
}

#[cfg(test)]
mod tests;
