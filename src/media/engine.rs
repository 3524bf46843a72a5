//! The engine of one worker: sessions by name, packets to them, orders to them, a tick every 20 ms. Pure: `io` owns the sockets, the
//! thread and the clock.
//!
//! The way of `io`: `Allocate` → bind a port pair → [`Engine::allocated`]; a datagram → [`Engine::handle_packet`]; any other order →
//! [`Engine::handle_command`]; [`Engine::deadline`] passed → [`Engine::tick`]; after each, send what stands in the [`Turn`], pass on
//! its reports and recorded chunks, read what it wants ([`Engine::read`]), close the sockets of the legs released, `clear` it.

use super::clips::{Clip, ClipLibrary};
use super::control::{AllocationFailure, Command, Report};
use super::session::{Scratch, Session};
use super::slots::Slots;
use super::stream::Stream;
use super::turn::{Component, Turn, Wanted};
use crate::audio::{FRAME, OpusSettings};
use crate::base::{Duration, Instant, LegId, Rng, SessionId, time::millis};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// An engine this far behind makes up for the ticks it missed; further, they are left out.
const CAUGHT_UP_MAX: Duration = millis(100);

/// Odd, and unlike the step of the generator's own seeding, so that neighbours draw nothing alike.
const LEGS_APART: u64 = 0xD6E8_FEB8_6659_FD93;

#[derive(Clone, Copy, Debug, Default)]
pub struct EngineSettings {
    /// How Opus is encoded towards the legs.
    pub opus: OpusSettings,
}

#[derive(Debug)]
pub struct Engine {
    settings: EngineSettings,
    clips: Arc<ClipLibrary>,
    seed: u64,
    /// The spread of RTCP.
    rng: Rng,
    sessions: Slots,
    legs: BTreeMap<LegId, Place>,
    /// The grid goes on while there is a session.
    next_tick: Option<Instant>,
    scratch: Scratch,
}

/// A leg on its way from one session to another, with its stream as it stands.
#[derive(Debug)]
pub struct Departed(Box<Stream>);

/// Where a leg's session stands; good as long as the leg is there, and harmless after.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place(u32);

impl Place {
    pub(super) fn of(index: u32) -> Self {
        Self(index)
    }

    pub(super) fn raw(self) -> u32 {
        self.0
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

impl Engine {
    /// `seed` draws SSRCs, first numbers and the spread of RTCP: from a good source in production, they are not to be guessed. A leg's SSRC
    /// and first numbers are a function of the seed and its id alone, so that a restart with the same seed goes on with its stream.
    #[must_use]
    pub fn new(settings: EngineSettings, clips: Arc<ClipLibrary>, seed: u64) -> Self {
        Self {
            settings,
            clips,
            seed,
            rng: Rng::new(seed),
            sessions: Slots::default(),
            legs: BTreeMap::new(),
            next_tick: None,
            scratch: Scratch::default(),
        }
    }

    /// Other clips from now on; what plays goes on to its end.
    pub fn set_clips(&mut self, clips: Arc<ClipLibrary>) {
        self.clips = clips;
    }

    /// The port pair of `leg` is bound at `address` (RTP; RTCP is the next port). Reports `Allocated`; or, when the session may have no
    /// more legs, `AllocationFailed`, and the leg's sockets are to be closed. The same leg again is reported as it stands, and must not be
    /// bound twice (`has_leg`).
    pub fn allocated(&mut self, session: SessionId, leg: LegId, address: SocketAddr, now: Instant, turn: &mut Turn) {
        self.add(session, leg, address, now, now, turn);
    }

    /// As `allocated`, for a leg that was first allocated at `since`, before a restart: its stream goes on. Its numbers are reckoned from
    /// the time that passed.
    pub fn resumed(&mut self, session: SessionId, leg: LegId, address: SocketAddr, since: Instant, now: Instant, turn: &mut Turn) {
        self.add(session, leg, address, since, now, turn);
    }

    fn add(&mut self, session: SessionId, leg: LegId, address: SocketAddr, since: Instant, now: Instant, turn: &mut Turn) {
        if let Some(place) = self.legs.get(&leg) {
            let its = self.sessions.at(*place).filter(|members| members.id() == session);
            if let Some(address) = its.and_then(|members| members.address(leg)) {
                turn.reports.push(Report::Allocated { session, leg, address });
            }
            return;
        }
        let place = self.sessions.find_or_begin(session);
        let mut its_own = Rng::new(self.seed ^ leg.0.wrapping_mul(LEGS_APART));
        let members = self.sessions.disturb(place).expect("the session was found or begun");
        if !members.add_leg(leg, address, self.settings, since, now, &mut its_own) {
            turn.reports.push(Report::AllocationFailed { session, leg, cause: AllocationFailure::Refused });
            turn.released.push(leg);
            return;
        }
        self.legs.insert(leg, place);
        if self.next_tick.is_none() {
            self.next_tick = Some(after(now));
        }
        turn.reports.push(Report::Allocated { session, leg, address });
    }

    /// The leg's packets go out under `tag` ([`Outgoing::tag`](super::Outgoing)), and may come in by the place returned, so that neither
    /// way has to look the leg up.
    pub fn set_tag(&mut self, leg: LegId, tag: u32) -> Option<Place> {
        let place = *self.legs.get(&leg)?;
        self.sessions.disturb(place)?.set_tag(leg, tag);
        Some(place)
    }

    #[must_use]
    pub fn has_leg(&self, leg: LegId) -> bool {
        self.legs.contains_key(&leg)
    }

    /// Legs alive.
    #[must_use]
    pub fn legs(&self) -> usize {
        self.legs.len()
    }

    /// Sessions alive.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// A datagram came from `source` to a leg's socket.
    pub fn handle_packet(&mut self, leg: LegId, component: Component, source: SocketAddr, bytes: &[u8], now: Instant, turn: &mut Turn) {
        if let Some(place) = self.legs.get(&leg) {
            self.handle_packet_at(*place, leg, component, source, bytes, now, turn);
        }
    }

    /// As `handle_packet`, where the leg's place is known.
    #[allow(clippy::too_many_arguments)] // One packet, where it came in, and the turn.
    pub fn handle_packet_at(
        &mut self,
        place: Place,
        leg: LegId,
        component: Component,
        source: SocketAddr,
        bytes: &[u8],
        now: Instant,
        turn: &mut Turn,
    ) {
        let Some(session) = self.sessions.at_mut(place) else { return };
        if session.handle_packet(leg, component, source, bytes, now, turn) {
            self.sessions.disturb(place);
        }
    }

    /// Does what is ordered. `Allocate` is `io`'s, which then tells `allocated`.
    pub fn handle_command(&mut self, command: Command, now: Instant, turn: &mut Turn) {
        match command {
            Command::Allocate { .. } => {}
            Command::Announce { session, leg, clips, token } => match self.sessions.find_mut(session) {
                Some(members) => members.announce(leg, clips, token, turn),
                None => turn.reports.push(Report::AnnouncementEnded { session, leg, token }),
            },
            Command::AnnounceRecording { session, leg, excerpts, token } => match self.sessions.find_mut(session) {
                Some(members) => members.announce_recording(leg, excerpts, token, turn),
                None => turn.reports.push(Report::AnnouncementEnded { session, leg, token }),
            },
            Command::Configure { session, leg, parameters } => self.with(session, |session| session.configure(leg, parameters, now)),
            Command::SetHearing { session, hearing } => self.with(session, |session| session.set_hearing(&hearing)),
            Command::Move { leg, from, to } => self.move_leg(leg, from, to, now, turn),
            Command::SetBackground { session, leg, background } => self.with(session, |session| session.set_background(leg, background)),
            Command::StopAnnouncements { session, leg } => self.with(session, |session| session.stop_announcements(leg, turn)),
            Command::StartRecording { session, call, left, right, began_at } => {
                self.with(session, |session| session.start_recording(call, (left, right), began_at, now, turn));
            }
            Command::SetRecordedParties { session, left, right } => {
                self.with(session, |session| session.set_recorded_parties(left, &right));
            }
            Command::PauseRecording { session, on } => self.with(session, |session| session.pause_recording(on, now)),
            Command::Copy { session, left, right } => self.with(session, |session| session.copy(left, right)),
            Command::StopRecording { session } => self.with(session, |session| session.stop_recording(now, turn)),
            Command::ListenForSpeech { session, leg, on } => self.with(session, |session| session.listen_for_speech(leg, on)),
            Command::Measure { session, leg, limits } => self.with(session, |session| session.measure(leg, limits)),
            Command::ReleaseLeg { session, leg } => self.release_leg(session, leg, now, turn),
            Command::Release { session } => self.release(session, now, turn),
        }
    }

    /// What the engine wanted (`Turn::wanted`) has been read; or, `None`, it cannot be, and the leg hears what comes after it.
    pub fn read(&mut self, wanted: Wanted, sound: Option<Clip>) {
        self.with(wanted.session, |session| session.read(wanted.leg, wanted.excerpt, sound));
    }

    fn with(&mut self, session: SessionId, act: impl FnOnce(&mut Session)) {
        if let Some(session) = self.sessions.find_mut(session) {
            act(session);
        }
    }

    fn move_leg(&mut self, leg: LegId, from: SessionId, to: SessionId, now: Instant, turn: &mut Turn) {
        let departed = if from == to { None } else { self.depart(from, leg, now, turn) };
        self.arrive(to, leg, departed, now, turn);
    }

    /// The leg leaves `session`, with its stream, for one of another engine; the caller takes its sockets along. `None` when it is not there.
    pub fn depart(&mut self, session: SessionId, leg: LegId, now: Instant, turn: &mut Turn) -> Option<Departed> {
        let members = self.sessions.find_mut(session)?;
        let stream = members.depart(leg, now, turn)?;
        let is_empty = members.is_empty();
        self.legs.remove(&leg);
        if is_empty {
            self.forget(session);
        }
        Some(Departed(Box::new(stream)))
    }

    /// The leg joins `session`, which may begin with it; the caller binds its sockets here. Reports `Allocated`; or, when it did not depart
    /// or finds no room, `AllocationFailed`, and it is released. One that is here already is reported as it stands.
    pub fn arrive(&mut self, session: SessionId, leg: LegId, departed: Option<Departed>, now: Instant, turn: &mut Turn) {
        let Some(Departed(mut stream)) = departed.filter(|_| !self.has_leg(leg)) else {
            let here = self.legs.get(&leg).and_then(|place| self.sessions.at(*place)).filter(|members| members.id() == session);
            return turn.reports.push(match here.and_then(|members| members.address(leg)) {
                Some(address) => Report::Allocated { session, leg, address },
                None => Report::AllocationFailed { session, leg, cause: AllocationFailure::Refused },
            });
        };
        let place = self.sessions.find_or_begin(session);
        let members = self.sessions.disturb(place).expect("the session was found or begun");
        if members.is_full() {
            stream.release(now, &mut self.rng, turn);
            return turn.reports.push(Report::AllocationFailed { session, leg, cause: AllocationFailure::Refused });
        }
        let address = stream.address;
        members.arrive(*stream, now);
        self.legs.insert(leg, place);
        if self.next_tick.is_none() {
            self.next_tick = Some(after(now));
        }
        turn.reports.push(Report::Allocated { session, leg, address });
    }

    fn release_leg(&mut self, session: SessionId, leg: LegId, now: Instant, turn: &mut Turn) {
        let Some(members) = self.sessions.find_mut(session) else { return };
        if members.address(leg).is_none() {
            return;
        }
        self.legs.remove(&leg);
        members.release_leg(leg, now, &mut self.rng, turn);
        if members.is_empty() {
            self.forget(session);
        }
    }

    fn release(&mut self, session: SessionId, now: Instant, turn: &mut Turn) {
        let Some(members) = self.sessions.find_mut(session) else { return };
        for leg in members.leg_ids() {
            self.legs.remove(&leg);
        }
        members.release(now, &mut self.rng, turn);
        self.forget(session);
    }

    fn forget(&mut self, session: SessionId) {
        self.sessions.remove(session);
        if self.sessions.len() == 0 {
            self.next_tick = None;
        }
    }

    /// When `tick` is to be called; `None` while there is no session.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.next_tick
    }

    /// Does the ticks that are due, each at its own time on the grid of 20 ms.
    pub fn tick(&mut self, now: Instant, turn: &mut Turn) {
        let Some(mut due) = self.next_tick else { return };
        if now.saturating_since(due) > CAUGHT_UP_MAX {
            due = after(Instant::after_start(now.since_start().saturating_sub(CAUGHT_UP_MAX)));
        }
        while due <= now {
            self.sessions.each_due(due, |session| {
                session.tick(&self.clips, due, &mut self.rng, &mut self.scratch, turn);
                session.quiet_until()
            });
            due += FRAME;
        }
        self.next_tick = Some(due);
    }
}

/// The first moment of the grid after `now`.
fn after(now: Instant) -> Instant {
    let frames = now.since_start().as_nanos() / FRAME.as_nanos() + 1;
    Instant::after_start(Duration::from_nanos(u64::try_from(frames * FRAME.as_nanos()).unwrap_or(u64::MAX)))
}
