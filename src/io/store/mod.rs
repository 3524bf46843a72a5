//! The store: calls, events and audit in a database, written behind the switch's back and never awaited by a call.
//!
//! One thread writes, in batches, what comes through a bounded inbox (`writer`); a pool of connections reads (`reader`). SQLite in WAL mode
//! lets both go on side by side. What must not live here: what a call means; the store keeps shapes.

mod reader;
mod recovery;
mod schema;
mod sql;
mod writer;

pub use super::recorder::Recovered;
pub use reader::CallFilter;
pub use recovery::Interrupted;

use super::events::NumberedEvent;
use super::shapes::AuditEntry;
use crate::base::limits;
use crate::call::record::CallRecord;
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, Connection, Executor};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Something to be kept.
#[derive(Clone, Debug)]
pub enum Row {
    /// Inserted, or replaces the record of the same id.
    Call(Box<CallRecord>),
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
            Self::Closed => f.write_str("the store is closed"),
        }
    }
}

impl std::error::Error for StoreError {}

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
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// Rows in the inbox.
    pub rows_max: usize,
    pub batch_max: usize,
    pub batch_wait: Duration,
    /// Pause before a failed transaction is tried again.
    pub retry_after: Duration,
    /// How long one statement waits for another process's lock.
    pub busy_timeout: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            rows_max: limits::STORE_ROWS_MAX,
            batch_max: limits::STORE_BATCH_MAX,
            batch_wait: limits::STORE_BATCH_WAIT,
            retry_after: Duration::from_secs(1),
            busy_timeout: Duration::from_secs(2),
        }
    }
}

/// A handle to the store; cheap to clone. The writer ends when it is closed or the last handle is gone.
#[derive(Clone, Debug)]
pub struct Store {
    inbox: mpsc::Sender<writer::Message>,
    readers: AnyPool,
    shared: Arc<Shared>,
    database: Arc<Database>,
}

/// What writer and handles tell each other.
#[derive(Debug, Default)]
struct Shared {
    /// The last transaction failed; it is tried again until it succeeds.
    failing: AtomicBool,
    blocked: AtomicBool,
    lost: AtomicU64,
    written: AtomicU64,
}

/// Where the database is and how to connect.
#[derive(Debug)]
struct Database {
    url: String,
    busy_timeout: Duration,
}

impl Store {
    /// Opens (or makes) `sanling.db` in `folder`, brings its tables up to date and starts the writer.
    ///
    /// # Errors
    /// When the folder or the database cannot be opened or brought up to date.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_with(folder, StoreOptions::default()).await
    }

    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_with(folder: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        std::fs::create_dir_all(folder).map_err(StoreError::System)?;
        let path = std::path::absolute(folder).map_err(StoreError::System)?.join("sanling.db");
        let database = Arc::new(Database { url: sqlite_url(&path), busy_timeout: options.busy_timeout });
        let mut connection = database.connect().await?;
        schema::migrator().run(&mut connection).await.map_err(StoreError::Migration)?;
        connection.close().await?;
        let readers = AnyPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(5))
            .after_connect({
                let busy = format!("PRAGMA busy_timeout = {}; PRAGMA query_only = 1", options.busy_timeout.as_millis());
                move |connection, _| {
                    let busy = busy.clone();
                    Box::pin(async move { connection.execute(sqlx::AssertSqlSafe(busy)).await.map(|_| ()) })
                }
            })
            .connect(&database.url)
            .await?;
        let (inbox, messages) = mpsc::channel(options.rows_max);
        let shared = Arc::new(Shared::default());
        writer::spawn(messages, Arc::clone(&database), Arc::clone(&shared), options).map_err(StoreError::System)?;
        Ok(Self { inbox, readers, shared, database })
    }

    /// Gives a row to the writer; never waits.
    ///
    /// # Errors
    /// When the inbox is full; the row is lost and counted.
    pub fn try_push(&self, row: Row) -> Result<(), StoreFull> {
        self.inbox.try_send(writer::Message::Row(row)).map_err(|_| {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
            StoreFull
        })
    }

    /// Whether new calls are to be refused: from 7/8 of the inbox on, so that the rows of running calls still fit, until half of it is free.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        let (free, all) = (self.inbox.capacity(), self.inbox.max_capacity());
        let blocked = self.inbox.is_closed() || if self.shared.blocked.load(Ordering::Relaxed) { free * 2 < all } else { free * 8 < all };
        self.shared.blocked.store(blocked, Ordering::Relaxed);
        blocked
    }

    /// Whether the last transaction failed (disk full, for one). Nothing is lost yet: it is tried again, and the inbox fills.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.shared.failing.load(Ordering::Relaxed)
    }

    /// Rows that found the inbox full, since the start.
    #[must_use]
    pub fn rows_lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn rows_written(&self) -> u64 {
        self.shared.written.load(Ordering::Relaxed)
    }

    /// Rows waiting for the writer.
    #[must_use]
    pub fn rows_waiting(&self) -> usize {
        self.inbox.max_capacity() - self.inbox.capacity()
    }

    /// Waits until everything pushed before is committed. Waits for ever while the disk is full: bound it where that matters.
    ///
    /// # Errors
    /// When the writer has ended.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let (done, wait) = oneshot::channel();
        self.inbox.send(writer::Message::Flush(done)).await.map_err(|_| StoreError::Closed)?;
        wait.await.map_err(|_| StoreError::Closed)
    }

    /// Writes what waits, folds the write-ahead log into the database and ends the writer. Rows pushed later are lost.
    ///
    /// # Errors
    /// When the writer has ended before.
    pub async fn close(&self) -> Result<(), StoreError> {
        let (done, wait) = oneshot::channel();
        self.inbox.send(writer::Message::Close(done)).await.map_err(|_| StoreError::Closed)?;
        self.readers.close().await;
        wait.await.map_err(|_| StoreError::Closed)
    }
}

impl Database {
    /// A connection that writes.
    async fn connect(&self) -> Result<AnyConnection, sqlx::Error> {
        let mut connection = AnyConnection::connect(&self.url).await?;
        // NORMAL: a power cut may lose the last transactions but never spoils the file; a killed process loses none.
        let pragmas =
            format!("PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", self.busy_timeout.as_millis());
        connection.execute(sqlx::AssertSqlSafe(pragmas)).await?;
        Ok(connection)
    }
}

/// The path as a URL, whatever letters it has.
fn sqlite_url(path: &Path) -> String {
    let mut url = String::from("sqlite://");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => url.push(char::from(*byte)),
            other => url.push_str(&format!("%{other:02X}")),
        }
    }
    url + "?mode=rwc"
}

#[cfg(test)]
mod tests;
