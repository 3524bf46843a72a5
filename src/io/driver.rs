//! The one task that decides: takes what happened, wakes what is due, carries out what the switch orders. Nothing in here decides.

use super::clock::Clock;
use super::desk::Question;
use super::ledger::Ledger;
use super::media::MediaPool;
use super::net::Net;
use crate::base::WallClock;
use crate::media::clips::ClipLibrary;
use crate::media::control::Report;
use crate::switch::Switch;
use crate::switch::input::{Input, RequestId};
use crate::switch::output::{Output, Reply};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

/// Inputs taken in one go before deadlines and questions are looked at again.
const BATCH: usize = 256;

/// How often the wall clock is compared with the one the switch goes by.
const WALL_EVERY: Duration = Duration::from_secs(10);

/// A wall clock that is this far off was set, and the switch is told.
const WALL_STEP_MS: i64 = 50;

pub struct Driver {
    pub clock: Clock,
    pub switch: Switch,
    pub wall: WallClock,
    pub inbox: mpsc::Receiver<Input>,
    pub questions: mpsc::Receiver<Question>,
    /// Prompts and music, read anew with a reload.
    pub libraries: mpsc::Receiver<Arc<ClipLibrary>>,
    pub net: Net,
    pub media: MediaPool,
    pub ledger: Ledger,
}

/// Questions that wait for the switch's reply.
#[derive(Default)]
struct Pending {
    asked: u64,
    waiting: BTreeMap<RequestId, oneshot::Sender<Reply>>,
}

impl Driver {
    /// Runs until the switch is drained, and gives back the net and the media plane to be closed.
    pub async fn run(mut self) -> (Net, MediaPool, Ledger) {
        let mut out = Vec::with_capacity(64);
        let mut pending = Pending::default();
        let mut blocked = false;
        let mut wall_check = tokio::time::interval(WALL_EVERY);
        wall_check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let deadline = self.switch.deadline().map(|deadline| self.clock.to_system(deadline).into());
            tokio::select! {
                biased;
                () = sleep_until(deadline) => self.switch.handle_timeout(self.clock.now(), &mut out),
                Some(input) = self.inbox.recv() => {
                    self.take(input, &mut out);
                    for _ in 1..BATCH {
                        let Ok(input) = self.inbox.try_recv() else { break };
                        self.take(input, &mut out);
                    }
                }
                Some((command, answer)) = self.questions.recv() => {
                    pending.asked += 1;
                    let id = RequestId(pending.asked);
                    pending.waiting.insert(id, answer);
                    self.switch.handle(Input::Command { id, command }, self.clock.now(), &mut out);
                }
                Some(library) = self.libraries.recv() => self.media.set_clips(&library),
                _ = wall_check.tick() => self.compare_wall(&mut out),
            }
            if self.ledger.is_blocked() != blocked {
                blocked = !blocked;
                tracing::warn!(blocked, "store");
                self.switch.handle(Input::StoreBlocked(blocked), self.clock.now(), &mut out);
            }
            if self.carry_out(&mut out, &mut pending) {
                return (self.net, self.media, self.ledger);
            }
        }
    }

    fn take(&mut self, input: Input, out: &mut Vec<Output>) {
        if let Input::Media(Report::Statistics { statistics, .. }) = &input {
            self.ledger.stream(statistics);
        }
        self.switch.handle(input, self.clock.now(), out);
    }

    /// Carries out what was ordered; true when the switch is drained.
    fn carry_out(&mut self, out: &mut Vec<Output>, pending: &mut Pending) -> bool {
        let mut drained = false;
        for output in out.drain(..) {
            match output {
                Output::SendSip { flow, bytes } => self.net.send(flow, bytes),
                Output::CloseSip { flow } => self.net.close(flow),
                Output::Media(command) => self.media.order(command),
                Output::StoreCall(record) => self.ledger.call(record),
                Output::Event(event) => self.ledger.event(event),
                Output::Keep { part, image } => self.ledger.keep(&part, image),
                Output::Reply { id, reply } => {
                    if let Some(answer) = pending.waiting.remove(&id) {
                        // Whoever asked may have given up meanwhile.
                        let _ = answer.send(reply);
                    }
                }
                Output::Drained => drained = true,
            }
        }
        drained
    }

    fn compare_wall(&mut self, out: &mut Vec<Output>) {
        let now = self.clock.now();
        let read = self.clock.read_wall();
        if (read.read(now).0 - self.wall.read(now).0).abs() > WALL_STEP_MS {
            tracing::warn!("the wall clock was set");
            self.wall = read;
            self.switch.handle(Input::Wall(read), now, out);
        }
    }
}

async fn sleep_until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
