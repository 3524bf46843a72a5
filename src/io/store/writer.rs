//! The one thread that writes: rows are gathered for a moment and committed together. A transaction that fails is tried again for ever, and
//! the bounded inbox behind it tells the switch.

use super::{Database, Row, Shared, StoreError, StoreOptions, sql};
use crate::io::shapes::{Call, EventShape};
use sqlx::{AnyConnection, Connection, Executor};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

#[derive(Debug)]
pub(super) enum Message {
    Row(Row),
    /// Answered when all before it is committed.
    Flush(oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
}

pub(super) fn spawn(
    messages: mpsc::Receiver<Message>,
    database: Arc<Database>,
    shared: Arc<Shared>,
    options: StoreOptions,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("store".into()).spawn(move || {
        runtime.block_on(Writer { messages, database, shared, options, connection: None }.run());
    })?;
    Ok(())
}

struct Writer {
    messages: mpsc::Receiver<Message>,
    database: Arc<Database>,
    shared: Arc<Shared>,
    options: StoreOptions,
    /// None before the first transaction and after a failed one.
    connection: Option<AnyConnection>,
}

/// What one transaction takes, and who waits for it.
#[derive(Default)]
struct Batch {
    rows: Vec<Row>,
    flushed: Vec<oneshot::Sender<()>>,
    close: Option<oneshot::Sender<()>>,
}

impl Batch {
    /// Whether the batch is to be committed without waiting for more.
    fn take(&mut self, message: Message) -> bool {
        match message {
            Message::Row(row) => {
                self.rows.push(row);
                false
            }
            Message::Flush(done) => {
                self.flushed.push(done);
                true
            }
            Message::Close(done) => {
                self.close = Some(done);
                true
            }
        }
    }
}

impl Writer {
    async fn run(mut self) {
        while let Some(batch) = self.gather().await {
            let rows = batch.rows.len() as u64;
            if rows > 0 {
                self.commit(&batch.rows).await;
                self.shared.written.fetch_add(rows, Ordering::Relaxed);
            }
            for done in batch.flushed {
                let _ = done.send(());
            }
            if let Some(done) = batch.close {
                self.end().await;
                let _ = done.send(());
                return;
            }
        }
        self.end().await;
    }

    /// The first row, and what comes within the batch's wait and size. `None` when all handles are gone.
    async fn gather(&mut self) -> Option<Batch> {
        let mut batch = Batch::default();
        let mut ripe = batch.take(self.messages.recv().await?);
        let deadline = Instant::now() + self.options.batch_wait;
        while !ripe && batch.rows.len() < self.options.batch_max {
            match tokio::time::timeout_at(deadline, self.messages.recv()).await {
                Ok(Some(message)) => ripe = batch.take(message),
                Ok(None) | Err(_) => break,
            }
        }
        Some(batch)
    }

    /// Until it succeeds: a call's record is worth waiting for, and the inbox is bounded.
    async fn commit(&mut self, rows: &[Row]) {
        loop {
            match self.transact(rows).await {
                Ok(()) => {
                    if self.shared.failing.swap(false, Ordering::Relaxed) {
                        tracing::info!("the store writes again");
                    }
                    return;
                }
                Err(error) => {
                    self.connection = None;
                    if !self.shared.failing.swap(true, Ordering::Relaxed) {
                        tracing::error!(%error, "the store cannot write; it tries again until it can");
                    }
                    tokio::time::sleep(self.options.retry_after).await;
                }
            }
        }
    }

    async fn transact(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        if self.connection.is_none() {
            self.connection = Some(self.database.connect().await?);
        }
        let connection = self.connection.as_mut().expect("connected above");
        let mut transaction = connection.begin().await?;
        // Of a call that changed several times within the batch only the last record is written.
        let last: BTreeMap<_, _> = rows
            .iter()
            .enumerate()
            .filter_map(|(index, row)| if let Row::Call(record) = row { Some((record.id, index)) } else { None })
            .collect();
        for (index, row) in rows.iter().enumerate() {
            match row {
                Row::Call(record) if last.get(&record.id) == Some(&index) => {
                    sql::put_call(&mut transaction, &Call::from(&**record)).await?;
                }
                Row::Call(_) => {}
                Row::Event(event) => sql::put_event(&mut transaction, &EventShape::new(event.seq, &event.event)).await?,
                Row::Audit(entry) => sql::put_audit(&mut transaction, entry).await?,
                Row::Kept { part, image } => sql::put_kept(&mut transaction, part, image.as_deref()).await?,
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn end(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            if let Err(error) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await {
                tracing::warn!(%error, "the write-ahead log stays beside the database");
            }
            let _ = connection.close().await;
        }
    }
}
