//! The thread that brings the tables up to what the journal says, in batches of which only the last state of a call is written. How far it
//! has come stands in the same transaction, so that doing a part again after a crash changes nothing.

use super::fact::{DecisionRow, EventRow, Fact, HoldRow};
use super::handover::{Handover, Work};
use super::work::{self, WorkRow};
use super::{Database, Shared, StoreError, StoreOptions, numbers, sql};
use crate::io::journal::Reader;
use crate::io::precedence;
use crate::io::shapes::{AuditEntry, Call};
use crate::report::AgentInterval;
use sqlx::{AnyConnection, Connection, Executor};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;

pub(super) struct Applier {
    pub database: Arc<Database>,
    pub handover: Arc<Handover>,
    pub shared: Arc<Shared>,
    pub options: StoreOptions,
    pub journal: PathBuf,
    /// All frames up to this number are in the tables.
    pub applied: u64,
    /// None before the first transaction and after a failed one.
    pub connection: Option<AnyConnection>,
}

/// What one transaction writes.
#[derive(Default)]
struct Batch<'a> {
    calls: Vec<(&'a Call, &'a str)>,
    events: Vec<&'a EventRow>,
    audit: Vec<&'a AuditEntry>,
    /// In order: a hold may end in the batch it began in.
    holds: Vec<&'a HoldRow>,
    decisions: Vec<&'a DecisionRow>,
    intervals: Vec<&'a AgentInterval>,
    /// In order: people write little, and what they wrote last stands.
    work: Vec<&'a WorkRow>,
}

impl<'a> Batch<'a> {
    /// Of a call that changed several times only the last record, at its last place; of decisions for one place, and of
    /// intervals with one beginning, only the last.
    fn of(facts: &'a [Fact]) -> Self {
        let mut batch = Self::default();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut decided: HashMap<(&str, u32), usize> = HashMap::new();
        let mut spent: HashMap<(&str, i64), usize> = HashMap::new();
        for fact in facts {
            match fact {
                Fact::Call(call, json) => match places.get(call.id.as_str()) {
                    Some(place) => batch.calls[*place] = (call, json),
                    None => {
                        places.insert(&call.id, batch.calls.len());
                        batch.calls.push((call, json));
                    }
                },
                Fact::Event(event) => batch.events.push(event),
                Fact::Audit(entry) => batch.audit.push(entry),
                Fact::Hold(hold) => batch.holds.push(hold),
                Fact::Decision(row) => match decided.entry((&row.call, row.place())) {
                    Entry::Occupied(place) => batch.decisions[*place.get()] = row,
                    Entry::Vacant(place) => {
                        place.insert(batch.decisions.len());
                        batch.decisions.push(row);
                    }
                },
                Fact::Work(row) => batch.work.push(row),
                Fact::Interval(interval) => match spent.entry((interval.agent.as_str(), interval.from.0)) {
                    Entry::Occupied(place) => batch.intervals[*place.get()] = interval,
                    Entry::Vacant(place) => {
                        place.insert(batch.intervals.len());
                        batch.intervals.push(interval);
                    }
                },
            }
        }
        batch
    }
}

impl Applier {
    /// # Errors
    /// No thread can be made.
    pub fn start(self) -> std::io::Result<JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("store".into()).spawn(move || {
            precedence::give_way(precedence::WRITING);
            runtime.block_on(self.run());
        })
    }

    async fn run(mut self) {
        loop {
            match self.handover.take(self.applied, self.options.batch_max) {
                Work::Rows { facts, upto } => self.apply(&facts, upto).await,
                Work::CatchUp { upto } => self.catch_up(upto).await,
                Work::Nothing => {
                    // Who asked when all was done already is told now.
                    self.handover.applied(self.applied);
                    self.handover.woken().await;
                    if !self.handover.is_ripe() {
                        // A moment, so that what belongs together is written together; a question or a full batch ends it.
                        let _ = tokio::time::timeout(self.options.batch_wait, self.ripened()).await;
                    }
                }
                Work::End => {
                    self.handover.applied(self.applied);
                    return self.end().await;
                }
            }
        }
    }

    async fn ripened(&self) {
        while !self.handover.is_ripe() {
            self.handover.woken().await;
        }
    }

    /// Reads what did not fit into memory, or was not applied when the last run ended.
    async fn catch_up(&mut self, upto: u64) {
        let mut reader = Reader::new(self.journal.clone(), self.applied);
        while self.applied < upto {
            let (mut facts, mut unreadable) = (Vec::new(), 0u64);
            let read = reader.read(upto, self.options.batch_max, |frame| match Fact::read(frame) {
                Ok(fact) => facts.extend(fact),
                Err(error) => {
                    unreadable += 1;
                    tracing::error!(number = frame.seq, %error, "a row of the journal cannot be read and is left out");
                }
            });
            self.shared.lost.fetch_add(unreadable, Relaxed);
            match read {
                Ok(read) => self.apply(&facts, read).await,
                Err(error) => {
                    self.told(&StoreError::System(error));
                    tokio::time::sleep(self.options.retry_after).await;
                }
            }
        }
    }

    /// Until it succeeds: the journal has the rows, and it is bounded.
    async fn apply(&mut self, facts: &[Fact], upto: u64) {
        while let Err(error) = self.transact(facts, upto).await {
            self.connection = None;
            self.told(&error);
            tokio::time::sleep(self.options.retry_after).await;
        }
        if self.shared.database.recovered() {
            tracing::info!("the database is written again");
        }
        self.applied = upto;
        self.shared.applied.store(upto, Relaxed);
        self.shared.written.fetch_add(facts.len() as u64, Relaxed);
        self.shared.keeper.applied(upto);
        self.handover.applied(upto);
    }

    fn told(&self, error: &StoreError) {
        let mut what = format!("the database cannot be written: {error}. Calls go on; the journal keeps their rows until it can");
        if error.is_corruption() {
            self.database.suspect();
            what.push_str(". It is damaged: at the next start it is moved aside and a new one made");
        }
        if self.shared.database.failed(&what) {
            tracing::error!("{what}");
        }
    }

    async fn transact(&mut self, facts: &[Fact], upto: u64) -> Result<(), StoreError> {
        if facts.is_empty() {
            // Images alone. How far the journal is read is told with the next row.
            return Ok(());
        }
        if self.connection.is_none() {
            self.connection = Some(self.database.connect().await?);
        }
        let batch = Batch::of(facts);
        let connection = self.connection.as_mut().expect("connected above");
        // The lock is asked for at the beginning: a transaction that reads first would be refused it without waiting.
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        sql::put_calls(&mut transaction, &batch.calls).await?;
        numbers::put_numbers(&mut transaction, &batch.calls).await?;
        sql::put_events(&mut transaction, &batch.events).await?;
        sql::put_audit(&mut transaction, &batch.audit).await?;
        sql::put_decisions(&mut transaction, &batch.decisions).await?;
        sql::put_intervals(&mut transaction, &batch.intervals).await?;
        for row in &batch.holds {
            sql::put_legal_hold(&mut transaction, row).await?;
        }
        for row in &batch.work {
            work::put(&mut transaction, row).await?;
        }
        sql::put_applied(&mut transaction, upto).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn end(mut self) {
        if let Some(mut connection) = self.connection.take() {
            if let Err(error) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await {
                tracing::warn!(%error, "the write-ahead log stays beside the database");
            }
            let _ = connection.close().await;
        }
    }
}
