//! The thread that takes rows from the inbox: all that has come goes into the journal in one write, then on to the one who applies it.

use super::fact::{self, Fact};
use super::handover::Handover;
use super::{Row, Shared, StoreOptions};
use crate::base::limits;
use crate::io::journal::{Appender, Lock};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Rows taken in one go.
const TAKEN_MAX: usize = 4_096;

/// A write that takes longer is told.
const SLOW: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) enum Message {
    Rows(Vec<Row>),
    /// Answered when all before it is in the tables.
    Flush(oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
}

pub(super) struct Taker {
    pub messages: mpsc::Receiver<Message>,
    pub appender: Appender,
    /// What a restart needs: the last image of each part. It is carried from segment to segment.
    pub images: BTreeMap<String, Vec<u8>>,
    pub handover: Arc<Handover>,
    pub shared: Arc<Shared>,
    pub options: StoreOptions,
    /// The thread that applies; it ends when all is applied.
    pub applying: JoinHandle<()>,
    /// Dropped last of all.
    pub lock: Lock,
}

impl Taker {
    /// # Errors
    /// No thread can be made.
    pub fn start(self) -> std::io::Result<()> {
        std::thread::Builder::new().name("journal".into()).spawn(move || self.run())?;
        Ok(())
    }

    /// Until it is told to close, or all handles are gone.
    fn run(mut self) {
        let mut rows = Vec::with_capacity(TAKEN_MAX);
        loop {
            self.wait_for_room();
            let mut close = None;
            let (mut flushes, mut ended) = (Vec::new(), false);
            let Some(mut message) = self.messages.blocking_recv() else {
                return self.end(None);
            };
            // What belongs together is written together, and its images once.
            if matches!(message, Message::Rows(_)) {
                std::thread::sleep(limits::JOURNAL_WAIT);
            }
            loop {
                match message {
                    Message::Rows(more) => {
                        self.shared.waiting.fetch_sub(more.len(), Relaxed);
                        rows.extend(more);
                    }
                    Message::Flush(done) => flushes.push(done),
                    Message::Close(done) => close = Some(done),
                }
                if close.is_some() || rows.len() >= TAKEN_MAX {
                    break;
                }
                match self.messages.try_recv() {
                    Ok(next) => message = next,
                    Err(mpsc::error::TryRecvError::Empty) => break,
                    Err(mpsc::error::TryRecvError::Disconnected) => {
                        ended = true;
                        break;
                    }
                }
            }
            self.journal(&mut rows);
            for done in flushes {
                self.handover.flush(done);
            }
            if ended || close.is_some() {
                return self.end(close);
            }
        }
    }

    fn journal(&mut self, rows: &mut Vec<Row>) {
        if self.appender.wants_rotation() {
            self.rotate();
        }
        let superseded = superseded(rows);
        let mut facts = Vec::with_capacity(rows.len());
        let taken = rows.len() as u64;
        for (row, superseded) in rows.drain(..).zip(superseded) {
            match row {
                Row::Kept { .. } if superseded => {}
                Row::Kept { part, image } => self.keep(part, image),
                row => facts.extend(Fact::of(row).map(|fact| {
                    let seq = self.appender.push(fact.kind(), |out| fact.write(out));
                    if let Fact::Event(event) = &fact {
                        self.appender.mark(event.seq);
                    }
                    (seq, fact)
                })),
            }
        }
        self.write();
        self.shared.journalled.fetch_add(taken, Relaxed);
        self.handover.give(facts.into_iter(), self.appender.last());
    }

    fn keep(&mut self, part: String, image: Option<Vec<u8>>) {
        let head = fact::image_head(&part);
        let put = |out: &mut Vec<u8>| {
            out.extend_from_slice(&head);
            out.extend_from_slice(part.as_bytes());
        };
        match image {
            Some(mut image) => {
                image.shrink_to_fit();
                self.appender.push(fact::IMAGE, |out| {
                    put(out);
                    out.extend_from_slice(&image);
                });
                self.images.insert(part, image);
            }
            // A part that came and went within one batch was never told of.
            None if !self.images.contains_key(&part) => {}
            None => {
                self.appender.push(fact::NO_IMAGE, put);
                self.images.remove(&part);
            }
        }
    }

    /// Tried again when the next rows come: an old segment may grow beyond its size.
    fn rotate(&mut self) {
        let images = &self.images;
        let outcome = self.appender.rotate(|carry| {
            for (part, image) in images {
                carry(fact::IMAGE, &[&fact::image_head(part), part.as_bytes(), image]);
            }
        });
        if let Err(error) = outcome {
            tracing::warn!(%error, "the journal cannot begin its next segment");
        }
    }

    /// Until all is written: what was accepted is kept, and the bounded inbox behind it tells the switch.
    fn write(&mut self) {
        while self.appender.is_waiting() {
            let began = Instant::now();
            let outcome = self.appender.write();
            if began.elapsed() > SLOW {
                tracing::warn!(took = ?began.elapsed(), "the disk is slow: writing the journal took long; no call waited for it");
            }
            match outcome {
                Ok(()) => {
                    if self.shared.journal.recovered() {
                        tracing::info!("the journal is written again; nothing that was accepted is lost");
                    }
                }
                Err(error) => {
                    let what = format!(
                        "the journal cannot be written: {error}. Calls go on and their rows wait in memory; \
                         new calls are refused when it is full. Make room on the disk, or make it writable"
                    );
                    if self.shared.journal.failed(&what) {
                        tracing::error!("{what}");
                    }
                    std::thread::sleep(self.options.retry_after);
                }
            }
        }
    }

    /// While the tables are so far behind that the journal has its full size nothing more is taken; the inbox fills and tells it.
    fn wait_for_room(&self) {
        while self.shared.keeper.bytes() >= self.options.journal_max && self.handover.appended() > self.shared.applied.load(Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn end(self, close: Option<oneshot::Sender<()>>) {
        let Self { messages, handover, lock, shared, appender, applying, .. } = self;
        drop((messages, appender));
        handover.end();
        // One that panicked has said so; the journal is applied at the next start.
        let _ = applying.join();
        shared.keeper.end();
        drop(lock);
        if let Some(close) = close {
            let _ = close.send(());
        }
    }
}

/// Which images are replaced by later ones of the same batch.
fn superseded(rows: &[Row]) -> Vec<bool> {
    let mut last: HashMap<&str, usize> = HashMap::new();
    let mut superseded = vec![false; rows.len()];
    for (index, row) in rows.iter().enumerate() {
        if let Row::Kept { part, .. } = row
            && let Some(earlier) = last.insert(part, index)
        {
            superseded[earlier] = true;
        }
    }
    superseded
}
