//! The one task that decides: takes what happened, wakes what is due, carries out what the switch orders. Nothing in here decides.

use super::clock::Clock;
use super::desk::Question;
use super::ledger::Ledger;
use super::media::MediaPool;
use super::net::Net;
use super::replay::Finder;
use super::trace::{Direction, Trace};
use crate::base::{Instant, WallClock};
use crate::media::clips::ClipLibrary;
use crate::media::control::Report;
use crate::sip::Received;
use crate::sip::admission::{BEARABLE, Strain};
use crate::switch::Switch;
use crate::switch::input::{Input, RequestId};
use crate::switch::output::{Output, Reply};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

/// Inputs taken in one go before deadlines and questions are looked at again.
const BATCH: u32 = 256;

/// How often the switch learns how late it is (`sip::admission`); and how soon again when it is too late.
const STRAIN_EVERY: Duration = Duration::from_millis(100);
const STRAIN_SOON: Duration = Duration::from_millis(10);

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
    /// The SIP of calls is kept.
    pub trace: Trace,
    /// Recordings are sought by their number.
    pub finder: Finder,
    pub lateness: Lateness,
}

/// Nanoseconds that a deadline (a rule's timer, a repetition) waited for its turn, at worst since this was last taken; cheap to clone.
#[derive(Clone, Default)]
pub struct LateMax(Arc<AtomicU64>);

impl LateMax {
    pub fn take(&self) -> Duration {
        Duration::from_nanos(self.0.swap(0, Relaxed))
    }
}

/// How late the switch is: how long a batch took, for what came at its beginning was not even seen; what waits in the inbox, by what an
/// input costs on average; and how late deadlines are seen.
pub struct Lateness {
    /// Of one input, averaged over the last ones.
    cost: Duration,
    worst: Strain,
    told_at: Instant,
    deadlines: LateMax,
}

impl Lateness {
    /// The weight of a new reading in the average, one in so many.
    const WEIGHT: u32 = 8;

    pub fn new(now: Instant, deadlines: LateMax) -> Self {
        Self { cost: Duration::ZERO, worst: Strain::default(), told_at: now, deadlines }
    }

    fn handled(&mut self, inputs: u32, took: Duration, waiting: usize) {
        self.cost = self.cost * (Self::WEIGHT - 1) / Self::WEIGHT + took / inputs.max(1) / Self::WEIGHT;
        let wait = self.cost.saturating_mul(u32::try_from(waiting).unwrap_or(u32::MAX));
        self.worst.signalling = self.worst.signalling.max(took).max(wait);
    }

    /// A deadline is looked at, with the switch's turn at `now`, when there is one that has passed.
    fn woken(&mut self, deadline: Option<Instant>, now: Instant) {
        if let Some(deadline) = deadline.filter(|deadline| *deadline < now) {
            self.worst.signalling = self.worst.signalling.max(now - deadline);
            self.deadlines.0.fetch_max(u64::try_from((now - deadline).as_nanos()).unwrap_or(u64::MAX), Relaxed);
        }
    }

    fn ticked(&mut self, late: Duration) {
        self.worst.media = self.worst.media.max(late);
    }

    /// The worst since it was last told.
    fn tell(&mut self, now: Instant) -> Option<Strain> {
        let is_late = self.worst.signalling >= BEARABLE.signalling || self.worst.media >= BEARABLE.media;
        let every = if is_late { STRAIN_SOON } else { STRAIN_EVERY };
        if now.saturating_since(self.told_at) < every {
            return None;
        }
        self.told_at = now;
        Some(std::mem::take(&mut self.worst))
    }
}

/// Questions that wait for the switch's reply.
#[derive(Default)]
struct Pending {
    asked: u64,
    waiting: BTreeMap<RequestId, oneshot::Sender<Reply>>,
}

impl Driver {
    /// Carries out what the switch ordered before there was a driver: a restart's calls are heard again.
    pub fn begin(&mut self, mut out: Vec<Output>) {
        self.carry_out(&mut out, &mut Pending::default());
    }

    /// Tells the switch of something that happened before the driver runs.
    pub fn tell(&mut self, input: Input) {
        let mut out = Vec::new();
        self.switch.handle(input, self.clock.now(), &mut out);
        self.carry_out(&mut out, &mut Pending::default());
    }

    /// Runs until the switch is drained, and gives back the net and the media plane to be closed.
    pub async fn run(mut self) -> (Net, MediaPool, Ledger) {
        let mut out = Vec::with_capacity(64);
        let mut pending = Pending::default();
        let mut blocked = false;
        let mut wall_check = tokio::time::interval(WALL_EVERY);
        wall_check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut strain_check = tokio::time::interval(STRAIN_EVERY);
        strain_check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let deadline = self.switch.deadline();
            tokio::select! {
                // Whatever is ready first, the inbox has its turn below: none of these comes often, and a full inbox starves none of them.
                biased;
                () = sleep_until(deadline.map(|deadline| self.clock.to_system(deadline).into())) => {
                    let now = self.clock.now();
                    self.lateness.woken(deadline, now);
                    self.switch.handle_timeout(now, &mut out);
                }
                Some((command, answer)) = self.questions.recv() => {
                    pending.asked += 1;
                    let id = RequestId(pending.asked);
                    pending.waiting.insert(id, answer);
                    self.switch.handle(Input::Command { id, command }, self.clock.now(), &mut out);
                }
                Some(library) = self.libraries.recv() => self.media.set_clips(&library),
                _ = wall_check.tick() => self.compare_wall(&mut out),
                _ = strain_check.tick() => {}
                Some(input) = self.inbox.recv() => self.take(input, &mut out),
            }
            self.take_waiting(&mut out);
            self.lateness.ticked(self.media.take_strain());
            if let Some(strain) = self.lateness.tell(self.clock.now()) {
                tracing::trace!(?strain, inbox = self.inbox.len(), "strain");
                self.switch.handle(Input::Strained(strain), self.clock.now(), &mut out);
            }
            if self.ledger.is_blocked() != blocked {
                blocked = !blocked;
                tracing::warn!(blocked, "store");
                self.switch.handle(Input::StoreBlocked(blocked), self.clock.now(), &mut out);
            }
            if self.carry_out(&mut out, &mut pending) {
                // The next start finds the agents as they are now.
                self.switch.checkpoint(self.clock.now(), &mut out);
                self.carry_out(&mut out, &mut pending);
                return (self.net, self.media, self.ledger);
            }
        }
    }

    /// What stands in the inbox, a batch of it.
    fn take_waiting(&mut self, out: &mut Vec<Output>) {
        let waiting = self.inbox.len();
        let began = self.clock.now();
        let mut inputs = 0;
        while inputs < BATCH
            && let Ok(input) = self.inbox.try_recv()
        {
            self.take(input, out);
            inputs += 1;
        }
        if inputs > 0 {
            self.lateness.handled(inputs, self.clock.now() - began, waiting);
        }
    }

    fn take(&mut self, input: Input, out: &mut Vec<Output>) {
        self.net.taken(&input);
        if let Input::Media(Report::Statistics { statistics, .. }) = &input {
            self.ledger.stream(statistics);
        }
        let now = self.clock.now();
        match &input {
            Input::Sip(Received::Bytes { flow, bytes }) => self.trace.bytes(self.wall.read(now), Direction::In, *flow, bytes),
            Input::Sip(Received::Closed { flow }) => self.trace.closed(*flow),
            _ => {}
        }
        self.lateness.woken(self.switch.deadline(), now);
        self.switch.handle(input, now, out);
    }

    /// Carries out what was ordered; true when the switch is drained.
    fn carry_out(&mut self, out: &mut Vec<Output>, pending: &mut Pending) -> bool {
        // What must survive is on its way to the journal before a phone hears of it. In one hand-over, for whoever is woken may take the
        // processor at once.
        let (mut rows, mut orders) = (Vec::new(), Vec::with_capacity(out.len()));
        for output in out.drain(..) {
            match output {
                Output::StoreCall(record) => rows.push(self.ledger.call(record)),
                Output::StoreDecision(decision) => rows.push(self.ledger.decision(decision)),
                Output::StoreInterval(interval) => rows.push(self.ledger.interval(interval)),
                Output::Event(event) => rows.push(self.ledger.event(event)),
                Output::Keep { part, image } => rows.push(self.ledger.keep(&part, image)),
                Output::Audit(note) => rows.push(self.ledger.audit(note)),
                Output::Leg(leg) => self.ledger.leg(&leg),
                order => orders.push(order),
            }
        }
        self.ledger.give(rows);
        let mut drained = false;
        for order in orders {
            match order {
                Output::SendSip { flow, bytes } => {
                    self.trace.bytes(self.wall.read(self.clock.now()), Direction::Out, flow, &bytes);
                    self.net.send(flow, bytes);
                }
                Output::Dialog { call, call_id } => self.trace.belongs(call_id, call),
                Output::CloseSip { flow } => self.net.close(flow),
                Output::ExpectSip { flow, name } => self.net.expect(flow, name),
                Output::TrustSip { flow } => self.net.trust(flow),
                Output::Media(command) => self.media.order_soon(command),
                Output::FindRecording { call, number } => self.finder.find(call, number),
                // Handed over above.
                Output::StoreCall(_)
                | Output::StoreDecision(_)
                | Output::StoreInterval(_)
                | Output::Event(_)
                | Output::Audit(_)
                | Output::Keep { .. }
                | Output::Leg(_) => {}
                Output::Reply { id, reply } => {
                    if let Some(answer) = pending.waiting.remove(&id) {
                        // Whoever asked may have given up meanwhile.
                        let _ = answer.send(reply);
                    }
                }
                Output::Drained => drained = true,
            }
        }
        self.media.wake_ordered();
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
