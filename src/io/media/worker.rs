//! One media thread: it owns its engine and its sockets, and nobody else touches them.
//!
//! A turn: wait for packets, orders or the tick → receive → engine → send → reports and recorded chunks on their way. A packet costs its
//! receive and its send, no lock, no log, no look into a map; nothing waits for anybody but the poll.

use super::figures::{Figures, nanos};
use super::passage::{Awaited, Departure, Expected};
use super::poller::{Events, Poller, WOKEN};
use super::reading::Desk;
use super::sockets::{BindError, SharedPorts, Sockets};
use super::{Bell, Order};
use crate::base::limits::MEDIA_REPORTS_MAX;
use crate::base::time::{millis, secs};
use crate::base::{Duration, Instant, LegId, SessionId};
use crate::io::clock::Clock;
use crate::io::precedence;
use crate::io::recorder::RecorderSink;
use crate::media::control::{AllocationFailure, Command, Report, ResumedLeg};
use crate::media::{Engine, Turn};
use crate::switch::input::Input;
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, TryRecvError};
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

/// Larger than any packet on an Ethernet; what is longer is cut and then refused as malformed.
const DATAGRAM_MAX: usize = 2_048;
/// Packets received by one reading of the clock: a third of a millisecond.
const PACKETS_A_READING: usize = 64;
/// A tick that begins so late tells that turns have become long.
const LATE: Duration = millis(4);
/// Packets of one socket taken in a turn then: what has gathered in 80 ms.
const PACKETS_WHEN_LATE: usize = 4;
/// Orders done at a time, and those between two looks at the clock: a new leg's sockets take a tenth of a millisecond.
const ORDERS_A_TURN: usize = 256;
const ORDERS_A_LOOK: usize = 8;
/// While the tick is due already, orders have this part of the time that the turn's packets took: among them are those that end calls, and
/// a worker that is late for too many calls would never be rid of them.
const ORDERS_SHARE: u32 = 2;
/// Recorded chunks gathered before they are passed on, at the latest with the next tick.
const CHUNKS_A_BATCH: usize = 512;
/// How soon reports that found no room are offered again.
const RETRY: Duration = millis(2);
const IDLE: Duration = secs(1);

pub(super) struct Worker {
    pub poller: Poller,
    pub engine: Engine,
    pub sockets: Sockets,
    pub orders: Receiver<Order>,
    /// Rung by who orders.
    pub bell: Bell,
    /// Sessions whose orders wait for a leg that is on its way.
    pub awaited: Awaited,
    pub inbox: Sender<Input>,
    pub sink: RecorderSink,
    /// Where recordings are read that somebody listens to.
    pub desk: Desk,
    pub figures: Arc<Figures>,
    pub clock: Clock,
    pub turn: Turn,
    pub buffer: Vec<u8>,
    /// Reports that found the inbox full, oldest first.
    pub reports: VecDeque<Report>,
}

impl Worker {
    #[allow(clippy::too_many_arguments)] // Its whole world, handed over once.
    pub fn new(
        poller: Poller,
        engine: Engine,
        ports: SharedPorts,
        orders: Receiver<Order>,
        bell: Bell,
        inbox: Sender<Input>,
        sink: RecorderSink,
        desk: Desk,
        figures: Arc<Figures>,
        clock: Clock,
    ) -> Self {
        Self {
            poller,
            engine,
            sockets: Sockets::new(ports),
            orders,
            bell,
            awaited: Awaited::default(),
            inbox,
            sink,
            desk,
            figures,
            clock,
            turn: Turn::new(),
            buffer: vec![0; DATAGRAM_MAX],
            reports: VecDeque::new(),
        }
    }

    /// Until nobody can order any more.
    pub fn run(mut self) {
        precedence::go_first(precedence::SOUND);
        let (mut events, mut more_orders, mut now) = (Events::new(), false, self.clock.now());
        loop {
            let patience = if more_orders { Duration::ZERO } else { self.patience(now) };
            if let Err(error) = self.poller.wait(&mut events, patience) {
                tracing::error!(%error, "media worker cannot wait for packets");
                return;
            }
            let began = self.clock.now();
            let ticked = self.tick(began);
            let woken = self.receive(&events, ticked.is_some_and(|lag| lag >= LATE), began);
            let ticked = ticked.is_some();
            let orders = if woken || more_orders { self.take_orders(began) } else { Some(false) };
            self.finish_turn(ticked || orders.is_none());
            match orders {
                Some(more) => more_orders = more,
                None => return,
            }
            now = self.clock.now();
            self.figures.busy.fetch_add(nanos(now - began), Relaxed);
        }
    }

    fn patience(&self, now: Instant) -> Duration {
        let until_tick = self.engine.deadline().map_or(IDLE, |deadline| deadline.saturating_since(now));
        if self.reports.is_empty() { until_tick } else { until_tick.min(RETRY) }
    }

    /// How late, when it was time.
    fn tick(&mut self, now: Instant) -> Option<Duration> {
        let deadline = self.engine.deadline().filter(|deadline| *deadline <= now)?;
        let lag = now - deadline;
        self.engine.tick(now, &mut self.turn);
        self.figures.ticks.fetch_add(1, Relaxed);
        self.figures.lag_max.fetch_max(nanos(lag), Relaxed);
        self.figures.strain.fetch_max(nanos(lag), Relaxed);
        // Sent before packets are taken: what is due goes first.
        self.send();
        Some(lag)
    }

    /// A packet of each socket that has some; more of them while the worker is `late`, for one a turn would never catch up with turns that
    /// are longer than a packet's time. True when there are orders.
    fn receive(&mut self, events: &Events, late: bool, mut now: Instant) -> bool {
        let packets = if late { PACKETS_WHEN_LATE } else { 1 };
        let (mut received, mut woken) = (0, false);
        for key in events.keys() {
            if key == WOKEN {
                self.poller.take_wake_up();
                woken = true;
                continue;
            }
            let Some((pair, component)) = self.sockets.of_key(key) else { continue };
            for _ in 0..packets {
                // An error is that there is none any more, an ICMP answer to something sent, or what another turn will see again.
                let Ok((length, source)) = pair.socket(component).recv_from(&mut self.buffer) else { break };
                received += 1;
                if received % PACKETS_A_READING == 0 {
                    now = self.clock.now();
                }
                if let Some(place) = pair.place {
                    self.engine.handle_packet_at(place, pair.leg, component, source, &self.buffer[..length], now, &mut self.turn);
                }
            }
        }
        if received > 0 {
            self.figures.packets_received.fetch_add(received as u64, Relaxed);
        }
        woken
    }

    /// Whether there are more; `None` when there never will be. The turn began at `began`.
    fn take_orders(&mut self, began: Instant) -> Option<bool> {
        let now = self.clock.now();
        let enough_at = now + (now - began) / ORDERS_SHARE;
        // Before looking: an order that comes in between wakes again.
        self.bell.heard();
        while let Ok((wanted, sound)) = self.desk.answers.try_recv() {
            self.engine.read(wanted, sound);
        }
        while let Some(order) = self.awaited.take_ready() {
            self.obey(order);
        }
        for done in 1..=ORDERS_A_TURN {
            match self.orders.try_recv() {
                Ok(order) => {
                    if let Some(order) = self.awaited.pass(order) {
                        self.obey(order);
                    }
                }
                Err(TryRecvError::Empty) => return Some(false),
                Err(TryRecvError::Disconnected) => return None,
            }
            // A leg's ports are to be free for the next order already.
            if !self.turn.released.is_empty() {
                self.send();
            }
            if done % ORDERS_A_LOOK == 0 {
                let now = self.clock.now();
                if now >= enough_at && self.engine.deadline().is_some_and(|tick| tick <= now) {
                    break;
                }
            }
        }
        Some(true)
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Command(Command::Allocate { session, leg, local, resumed }) => self.allocate(session, leg, local, resumed),
            Order::Command(command @ Command::Move { leg, .. }) => {
                self.engine.handle_command(command, self.clock.now(), &mut self.turn);
                self.note_place(leg);
            }
            Order::Command(command) => self.engine.handle_command(command, self.clock.now(), &mut self.turn),
            Order::Depart(departure) => self.depart(departure),
            Order::Expect(expected) => self.arrive(expected),
            Order::SetClips(clips) => self.engine.set_clips(clips),
        }
    }

    /// A leg goes to another worker, with its sockets.
    fn depart(&mut self, departure: Departure) {
        // What stands in the turn for it goes out by its sockets still.
        self.send();
        let (leg, now) = (departure.leg, self.clock.now());
        let departed = self.engine.depart(departure.from, leg, now, &mut self.turn);
        let pair = if departed.is_some() { self.sockets.hand_out(leg, &self.poller) } else { None };
        departure.hand_over(departed.zip(pair));
    }

    /// A leg has come from another worker; or it did not, and is not waited for any more.
    fn arrive(&mut self, expected: Expected) {
        let (leg, to, now) = (expected.leg, expected.to, self.clock.now());
        let departed = expected.into_passenger().and_then(|(departed, pair)| match self.sockets.take_in(pair, &self.poller) {
            Ok(()) => Some(departed),
            Err(error) => {
                tracing::warn!(%leg, %error, "a leg's sockets cannot be taken over");
                None
            }
        });
        self.engine.arrive(to, leg, departed, now, &mut self.turn);
        self.note_place(leg);
    }

    /// The engine and the sockets find the leg by each other's names for it.
    fn note_place(&mut self, leg: LegId) {
        if let Some(tag) = self.sockets.tag(leg) {
            let place = self.engine.set_tag(leg, tag);
            self.sockets.set_place(tag, place);
        }
    }

    fn allocate(&mut self, session: SessionId, leg: LegId, local: IpAddr, resumed: Option<ResumedLeg>) {
        let now = self.clock.now();
        if self.engine.has_leg(leg) {
            // Asked again: the engine tells what it has, and takes no other address.
            let unused = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
            return self.engine.allocated(session, leg, unused, now, &mut self.turn);
        }
        let bound = match resumed {
            Some(resumed) => self.sockets.bind_again(leg, local, resumed.port, &self.poller),
            None => self.sockets.bind(leg, local, &self.poller),
        };
        match bound {
            Ok(address) => {
                let since = resumed.map_or(now, |resumed| resumed.since);
                self.engine.resumed(session, leg, address, since, now, &mut self.turn);
                self.note_place(leg);
            }
            Err(failure) => {
                let cause = match failure {
                    BindError::Exhausted => AllocationFailure::PortsExhausted,
                    BindError::Refused(error) => {
                        tracing::warn!(%local, %error, "no media port can be bound");
                        AllocationFailure::Refused
                    }
                };
                self.turn.reports.push(Report::AllocationFailed { session, leg, cause });
            }
        }
    }

    /// Sends the turn's packets, then closes the sockets that it released, and empties it into what goes out at the turn's end.
    fn send(&mut self) {
        let (mut sent, mut unsent) = (0, 0);
        for (packet, bytes) in self.turn.packets() {
            let socket = self.sockets.of_tag(packet.tag).filter(|pair| pair.leg == packet.leg).map(|pair| pair.socket(packet.component));
            match socket.map(|socket| socket.send_to(bytes, packet.destination)) {
                Some(Ok(_)) => sent += 1,
                // Lost, as any packet may be.
                Some(Err(_)) | None => unsent += 1,
            }
        }
        if sent + unsent > 0 {
            self.figures.packets_sent.fetch_add(sent, Relaxed);
            self.figures.packets_unsent.fetch_add(unsent, Relaxed);
        }
        for leg in self.turn.released.drain(..) {
            self.sockets.release(leg);
        }
        self.reports.extend(self.turn.reports.drain(..));
        self.turn.clear_packets();
    }

    fn finish_turn(&mut self, ticked: bool) {
        self.send();
        if ticked || self.turn.recorded.len() >= CHUNKS_A_BATCH || self.engine.deadline().is_none() {
            self.sink.pass(&mut self.turn.recorded);
        }
        for wanted in self.turn.wanted.drain(..) {
            if let Some(refused) = self.desk.ask(wanted) {
                self.engine.read(refused, None);
            }
        }
        while let Some(report) = self.reports.pop_front() {
            if let Err(TrySendError::Full(Input::Media(report))) = self.inbox.try_send(Input::Media(report)) {
                self.reports.push_front(report);
                break;
            }
        }
        if self.reports.len() > MEDIA_REPORTS_MAX {
            self.figures.reports_lost.fetch_add((self.reports.len() - MEDIA_REPORTS_MAX) as u64, Relaxed);
            self.reports.truncate(MEDIA_REPORTS_MAX);
        }
        self.figures.legs.store(self.engine.legs() as u64, Relaxed);
        self.figures.sessions.store(self.engine.sessions() as u64, Relaxed);
    }
}
