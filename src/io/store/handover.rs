//! Between the thread that journals and the one that applies: rows in memory while the second keeps up, and a note that the rest is in the
//! journal when it does not.

use super::fact::Fact;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, oneshot};

#[derive(Debug)]
pub(super) struct Handover {
    /// A lock between two threads of the store, held for a push or for taking a queue.
    state: Mutex<State>,
    wake: Notify,
    rows_max: usize,
    ripe: usize,
}

#[derive(Debug)]
struct State {
    queue: VecDeque<(u64, Fact)>,
    /// What follows the queue is to be read from the journal.
    behind: bool,
    /// Number of the last frame that is written.
    appended: u64,
    waiting: Vec<Waiting>,
    ending: bool,
}

#[derive(Debug)]
struct Waiting {
    upto: u64,
    done: oneshot::Sender<()>,
}

/// What there is to do.
#[derive(Debug)]
pub(super) enum Work {
    /// In order; `upto` is the number that will be applied then, images and all.
    Rows { facts: Vec<Fact>, upto: u64 },
    /// Read the journal, up to this number.
    CatchUp { upto: u64 },
    /// Nothing; wait.
    Nothing,
    /// Nothing, and nothing will come.
    End,
}

impl Handover {
    /// What is in the journal up to `appended` is read from there first. `rows_max` rows are handed in memory; a batch is ripe, waited for
    /// no longer, with `ripe` of them.
    pub fn new(appended: u64, rows_max: usize, ripe: usize) -> Self {
        let state = State { queue: VecDeque::new(), behind: true, appended, waiting: Vec::new(), ending: false };
        Self { state: Mutex::new(state), wake: Notify::new(), rows_max, ripe }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over what has been written; frames up to `appended`.
    pub fn give(&self, facts: impl Iterator<Item = (u64, Fact)>, appended: u64) {
        let mut state = self.state();
        state.appended = appended;
        let before = state.queue.len();
        if !state.behind {
            state.queue.extend(facts);
            if state.queue.len() > self.rows_max {
                // What was given in memory stays; later rows are found in the journal.
                state.behind = true;
            }
        }
        let now = state.queue.len();
        drop(state);
        if (before == 0 && now > 0) || (before < self.ripe && now >= self.ripe) {
            self.wake.notify_one();
        }
    }

    /// `done` is told when everything written so far is applied.
    pub fn flush(&self, done: oneshot::Sender<()>) {
        let mut state = self.state();
        let upto = state.appended;
        state.waiting.push(Waiting { upto, done });
        drop(state);
        self.wake.notify_one();
    }

    pub fn end(&self) {
        self.state().ending = true;
        self.wake.notify_one();
    }

    /// Number of the last frame that is written.
    pub fn appended(&self) -> u64 {
        self.state().appended
    }

    /// At most `max` rows; `applied` is what is done already.
    pub fn take(&self, applied: u64, max: usize) -> Work {
        let mut state = self.state();
        if !state.queue.is_empty() {
            let count = state.queue.len().min(max);
            let whole = count == state.queue.len() && !state.behind;
            let (mut upto, mut facts) = (state.appended, Vec::with_capacity(count));
            for (seq, fact) in state.queue.drain(..count) {
                if !whole {
                    upto = seq;
                }
                facts.push(fact);
            }
            return Work::Rows { facts, upto };
        }
        if state.behind && applied < state.appended {
            return Work::CatchUp { upto: state.appended };
        }
        state.behind = false;
        if applied < state.appended {
            // Images alone: nothing of theirs goes into the tables.
            return Work::Rows { facts: Vec::new(), upto: state.appended };
        }
        if state.ending { Work::End } else { Work::Nothing }
    }

    /// Tells those who waited for what is applied now.
    pub fn applied(&self, seq: u64) {
        let (done, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.state().waiting).into_iter().partition(|one| one.upto <= seq);
        self.state().waiting.splice(0..0, waiting);
        for one in done {
            let _ = one.done.send(());
        }
    }

    /// Whether a batch is to be applied now rather than after its time.
    pub fn is_ripe(&self) -> bool {
        let state = self.state();
        state.ending || state.behind || !state.waiting.is_empty() || state.queue.len() >= self.ripe
    }

    /// Wakes when there is something new to look at.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }
}
