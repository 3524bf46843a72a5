//! The media plane at work: threads that own their sockets, a session on one of them for its whole life. A leg that is moved into a session
//! of another worker goes there with its sockets (`passage`).
//!
//! What lives here: ports, sockets, threads, and the way of orders and reports. What must not: what a packet means; that is
//! `crate::media`'s engine.

mod figures;
mod passage;
mod poller;
mod ports;
mod reading;
mod sockets;
mod worker;

pub use figures::WorkerFigures;

use crate::base::limits::{MEDIA_COMMANDS_MAX, REPLAY_PARTS_WAITING_MAX};
use crate::base::{Duration, SessionId};
use crate::io::clock::Clock;
use crate::io::recorder::RecorderSink;
use crate::media::control::Command;
use crate::media::{ClipLibrary, Engine, EngineSettings};
use crate::switch::input::Input;
use figures::Figures;
use passage::{Departure, Expected};
use poller::{Poller, Waker};
use ports::PortPairs;
use reading::{Asker, Desk};
use sockets::SharedPorts;
use std::io;
use std::num::NonZero;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use tokio::sync::mpsc::Sender;
use worker::Worker;

/// What the pool is built from.
#[derive(Clone, Debug)]
pub struct MediaSettings {
    /// Threads; one a core unless given.
    pub workers: Option<usize>,
    /// RTP on even ports, RTCP on the next odd one.
    pub ports: RangeInclusive<u16>,
    pub engine: EngineSettings,
    /// From a good source: SSRCs and first sequence numbers are not to be guessed. A restart with the same seed goes on with its legs.
    pub seed: u64,
    /// Where recordings are that somebody may listen to.
    pub recordings: PathBuf,
}

/// The workers. Held by the one task that drives the switch.
pub struct MediaPool {
    workers: Vec<Handle>,
    ports: SharedPorts,
}

struct Handle {
    orders: SyncSender<Order>,
    bell: Bell,
    /// Orders were given since the worker was last woken.
    to_wake: AtomicBool,
    figures: Arc<Figures>,
    thread: JoinHandle<()>,
}

/// The figures of a pool that runs elsewhere.
#[derive(Clone)]
pub struct MediaReadings {
    workers: Vec<Arc<Figures>>,
    ports: SharedPorts,
}

impl MediaReadings {
    /// One reading a worker; its `lag_max` begins anew.
    #[must_use]
    pub fn workers(&self) -> Vec<WorkerFigures> {
        self.workers.iter().map(|figures| figures.read()).collect()
    }

    /// Port pairs free, and all there are.
    #[must_use]
    pub fn ports(&self) -> (usize, usize) {
        let ports = self.ports.lock();
        (ports.free(), ports.total())
    }
}

/// What a worker is told.
enum Order {
    Command(Command),
    /// The leg goes to a session of another worker.
    Depart(Departure),
    /// A leg comes from a session of another worker. What is ordered of the session after this waits for it.
    Expect(Expected),
    SetClips(Arc<ClipLibrary>),
}

/// Wakes a worker; of many who ring, the first alone pays for it.
#[derive(Clone)]
struct Bell {
    rung: Arc<AtomicBool>,
    waker: Waker,
}

impl Bell {
    fn ring(&self) {
        if !self.rung.swap(true, SeqCst)
            && let Err(error) = self.waker.wake()
        {
            tracing::error!(%error, "a media worker cannot be woken");
        }
    }

    /// Whoever rings from now on wakes again.
    fn heard(&self) {
        self.rung.store(false, SeqCst);
    }
}

impl MediaPool {
    /// Starts the threads. `sink` is asked for each worker's end of the recorder.
    ///
    /// # Errors
    /// No thread or poll can be made.
    pub fn start(
        settings: &MediaSettings,
        clips: &Arc<ClipLibrary>,
        clock: Clock,
        inbox: &Sender<Input>,
        mut sink: impl FnMut() -> RecorderSink,
    ) -> io::Result<Self> {
        let cores = || thread::available_parallelism().map_or(1, NonZero::get);
        let count = settings.workers.unwrap_or_else(cores).max(1);
        let ports = SharedPorts::new(PortPairs::new(&settings.ports));
        let mut workers = Vec::with_capacity(count);
        let (asks, asked) = sync_channel(REPLAY_PARTS_WAITING_MAX);
        let mut askers = Vec::with_capacity(count);
        for number in 0..count {
            let poller = Poller::new()?;
            let bell = Bell { rung: Arc::new(AtomicBool::new(false)), waker: poller.waker() };
            let (orders, to_do) = sync_channel(MEDIA_COMMANDS_MAX);
            let figures = Arc::new(Figures::default());
            // One for all: a leg's numbers are the same on whichever worker a restart puts it.
            let (engine, clips, seed) = (settings.engine, Arc::clone(clips), settings.seed);
            let (ports, inbox, sink) = (ports.clone(), inbox.clone(), sink());
            let (answers, read) = sync_channel(REPLAY_PARTS_WAITING_MAX);
            askers.push(Asker { answers, bell: bell.clone() });
            let desk = Desk { worker: number, asks: asks.clone(), answers: read };
            let (its_bell, its_figures) = (bell.clone(), Arc::clone(&figures));
            let thread = thread::Builder::new().name(format!("media-{number}")).spawn(move || {
                let engine = Engine::new(engine, clips, seed);
                Worker::new(poller, engine, ports, to_do, its_bell, inbox, sink, desk, its_figures, clock).run();
            })?;
            workers.push(Handle { orders, bell, to_wake: AtomicBool::new(false), figures, thread });
        }
        reading::start(settings.recordings.clone(), asked, askers)?;
        Ok(Self { workers, ports })
    }

    /// Gives the order to the worker that has the session. Orders for one session are done in turn. Waits while the worker has
    /// `MEDIA_COMMANDS_MAX` waiting; it takes them every millisecond and never waits for the switch.
    pub fn order(&self, command: Command) {
        self.order_soon(command);
        self.wake_ordered();
    }

    /// As [`order`](Self::order), for many orders: none is done for certain before [`wake_ordered`](Self::wake_ordered). A worker that is
    /// woken for each of them would take the processor from whoever orders.
    pub fn order_soon(&self, command: Command) {
        // At once, so that no other leg is given the pair while this one waits for its worker.
        if let Command::Allocate { resumed: Some(leg), .. } = &command {
            self.ports.lock().reserve(leg.port);
        }
        match command {
            Command::Move { leg, from, to } if self.index_of(from) != self.index_of(to) => {
                let to_worker = self.of_session(to);
                let (departure, expected) = passage::open(leg, (from, to), to_worker.bell.clone());
                // First that it is waited for: what is ordered of the session next must find that it is.
                to_worker.give(Order::Expect(expected));
                self.of_session(from).give(Order::Depart(departure));
            }
            command => self.of_session(session_of(&command)).give(Order::Command(command)),
        }
    }

    /// Wakes the workers that were given orders.
    pub fn wake_ordered(&self) {
        for worker in &self.workers {
            worker.wake();
        }
    }

    /// Other clips from now on; what plays goes on to its end.
    pub fn set_clips(&self, clips: &Arc<ClipLibrary>) {
        for worker in &self.workers {
            worker.give(Order::SetClips(Arc::clone(clips)));
            worker.wake();
        }
    }

    /// The figures, to be read by others while the pool runs.
    #[must_use]
    pub fn readings(&self) -> MediaReadings {
        MediaReadings { workers: self.workers.iter().map(|worker| Arc::clone(&worker.figures)).collect(), ports: self.ports.clone() }
    }

    /// How late the worst of the latest ticks began since this was last asked; for one asker alone.
    #[must_use]
    pub fn take_strain(&self) -> Duration {
        let worst = self.workers.iter().map(|worker| worker.figures.strain.swap(0, Relaxed)).max();
        Duration::from_nanos(worst.unwrap_or(0))
    }

    /// Ends the threads; sessions that are left end as they stand, and the workers' ends of the recorder are dropped.
    pub fn close(self) {
        for Handle { orders, bell, thread, .. } in self.workers {
            drop(orders);
            let _ = bell.waker.wake();
            // A worker that panicked has said so.
            let _ = thread.join();
        }
    }

    fn of_session(&self, session: SessionId) -> &Handle {
        &self.workers[self.index_of(session)]
    }

    fn index_of(&self, session: SessionId) -> usize {
        usize::try_from(session.0 % self.workers.len() as u64).expect("below the number of workers")
    }
}

impl Handle {
    fn give(&self, order: Order) {
        let given = match self.orders.try_send(order) {
            Ok(()) => true,
            Err(TrySendError::Full(order)) => {
                self.wake();
                self.orders.send(order).is_ok()
            }
            Err(TrySendError::Disconnected(_)) => false,
        };
        if !given {
            tracing::error!("a media worker is gone; its calls have no sound");
        }
        self.to_wake.store(true, Relaxed);
    }

    fn wake(&self) {
        if self.to_wake.swap(false, Relaxed) {
            self.bell.ring();
        }
    }
}

fn session_of(command: &Command) -> SessionId {
    match command {
        Command::Allocate { session, .. }
        | Command::Configure { session, .. }
        | Command::SetHearing { session, .. }
        | Command::Move { from: session, .. }
        | Command::SetBackground { session, .. }
        | Command::Announce { session, .. }
        | Command::AnnounceRecording { session, .. }
        | Command::StopAnnouncements { session, .. }
        | Command::StartRecording { session, .. }
        | Command::SetRecordedParties { session, .. }
        | Command::PauseRecording { session, .. }
        | Command::StopRecording { session }
        | Command::Copy { session, .. }
        | Command::ListenForSpeech { session, .. }
        | Command::Measure { session, .. }
        | Command::ReleaseLeg { session, .. }
        | Command::Release { session } => *session,
    }
}

#[cfg(test)]
mod tests;
