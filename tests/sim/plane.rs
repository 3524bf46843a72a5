//! The media plane without its packets, for days on virtual time: it obeys the same orders and makes the same reports as the engine, each at
//! its moment, but nothing passes every 20 ms. What is said to a leg ends when its clips would; a phone tells when its sound begins and ends
//! (`Voice`), and whoever speaks does so in spurts and pauses drawn here; a leg that is expected to send and does not, times out; a
//! recording is its timeline without sound. That sound itself goes the right way is proven by the stories and the swarm with the engine.

use super::phones::Voice;
use super::sound::{CLIPS, Sound};
use sanling::base::time::millis;
use sanling::base::{CallId, Deadlines, Duration, Instant, LegId, Rng, SessionId};
use sanling::media::Turn;
use sanling::media::control::{AllocationFailure, Command, Recorded, Report, StreamStatistics};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

pub struct Plane {
    rng: Rng,
    sessions: BTreeMap<SessionId, Session>,
    legs: BTreeMap<LegId, Leg>,
    /// What sounds where, at the phones.
    voices: BTreeMap<SocketAddr, Sound>,
    by_remote: BTreeMap<SocketAddr, LegId>,
    deadlines: Deadlines<LegId>,
}

#[derive(Default)]
struct Session {
    legs: BTreeSet<LegId>,
    recording: Option<(CallId, Instant)>,
}

struct Leg {
    session: SessionId,
    address: SocketAddr,
    remote: Option<SocketAddr>,
    /// It is expected to send, and may be silent for so long.
    expected: Option<Duration>,
    /// Since when no packet of it comes.
    quiet_since: Option<Instant>,
    /// When each ends, with its token.
    announced: VecDeque<(Instant, u64)>,
    listening: bool,
    /// Speaks now, and until or from when.
    speaks: bool,
    turns_at: Option<Instant>,
}

impl Leg {
    fn deadline(&self) -> Option<Instant> {
        let said = self.announced.front().map(|(at, _)| *at);
        let lost = self.expected.and_then(|patience| self.quiet_since.map(|since| since + patience));
        [said, lost, self.turns_at].into_iter().flatten().min()
    }
}

impl Plane {
    pub fn new(rng: Rng) -> Self {
        Self {
            rng,
            sessions: BTreeMap::new(),
            legs: BTreeMap::new(),
            voices: BTreeMap::new(),
            by_remote: BTreeMap::new(),
            deadlines: Deadlines::new(),
        }
    }

    /// The process died and is back, with nothing of what it had; the phones go on.
    pub fn restart(&mut self) {
        self.sessions.clear();
        self.legs.clear();
        self.by_remote.clear();
        self.deadlines = Deadlines::new();
    }

    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.legs.is_empty()
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    pub fn allocated(&mut self, session: SessionId, leg: LegId, address: SocketAddr, _now: Instant, turn: &mut Turn) {
        self.sessions.entry(session).or_default().legs.insert(leg);
        let new = Leg {
            session,
            address,
            remote: None,
            expected: None,
            quiet_since: None,
            announced: VecDeque::new(),
            listening: false,
            speaks: false,
            turns_at: None,
        };
        self.legs.insert(leg, new);
        turn.reports.push(Report::Allocated { session, leg, address });
    }

    /// A phone's sound begins or ends.
    pub fn voice(&mut self, at: SocketAddr, voice: Voice, now: Instant) {
        match voice {
            Voice::Began(sound) => drop(self.voices.insert(at, sound)),
            Voice::Ended => drop(self.voices.remove(&at)),
        }
        if let Some(leg) = self.by_remote.get(&at).copied() {
            self.consider(leg, now);
        }
    }

    /// Whether packets come from the leg, and whether its holder is one who speaks.
    fn consider(&mut self, id: LegId, now: Instant) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let sound = leg.remote.and_then(|remote| self.voices.get(&remote)).copied().unwrap_or(Sound::Nothing);
        let comes = sound != Sound::Nothing && leg.expected.is_some();
        leg.quiet_since = if comes { None } else { Some(leg.quiet_since.unwrap_or(now)) };
        let heard = comes && sound == Sound::Speech && leg.listening;
        if heard && leg.turns_at.is_none() {
            // Most speak at once; some must be asked first.
            let first = if self.rng.one_in(12) { 5_000 + self.rng.below(4_000) } else { 300 + self.rng.below(2_000) };
            leg.turns_at = Some(now + millis(first));
        } else if !heard && leg.turns_at.is_some() {
            // What was begun ends with the next turn, which is now.
            leg.turns_at = if leg.speaks { Some(now) } else { None };
        }
        let deadline = leg.deadline();
        self.deadlines.set(id, deadline);
    }

    pub fn handle_command(&mut self, command: Command, now: Instant, turn: &mut Turn) {
        match command {
            Command::Configure { leg: id, parameters, .. } => {
                let Some(leg) = self.legs.get_mut(&id) else { return };
                if let Some(old) = leg.remote.replace(parameters.remote).filter(|old| *old != parameters.remote) {
                    self.by_remote.remove(&old);
                }
                self.by_remote.insert(parameters.remote, id);
                // A new agreement is a new patience.
                (leg.expected, leg.quiet_since) = (parameters.direction.receive.then_some(parameters.rtp_timeout), None);
                self.consider(id, now);
            }
            Command::Announce { session, leg: id, clips, token } => {
                if !self.legs.contains_key(&id) {
                    return turn.reports.push(Report::AnnouncementEnded { session, leg: id, token });
                }
                let long: u64 = clips.iter().map(|clip| length_of(clip.as_str())).sum();
                self.announce(id, millis(long), token, now);
            }
            Command::AnnounceRecording { session, leg: id, excerpts, token } => {
                if !self.legs.contains_key(&id) {
                    return turn.reports.push(Report::AnnouncementEnded { session, leg: id, token });
                }
                let long = excerpts.iter().map(|excerpt| excerpt.to - excerpt.from).sum();
                self.announce(id, long, token, now);
            }
            Command::StopAnnouncements { leg, .. } => self.stop_announcements(leg, turn),
            Command::ListenForSpeech { leg: id, on, .. } => {
                if let Some(leg) = self.legs.get_mut(&id) {
                    leg.listening = on;
                    if !on {
                        (leg.speaks, leg.turns_at) = (false, None);
                    }
                    self.consider(id, now);
                }
            }
            Command::StartRecording { session, call, began_at, .. } => {
                if let Some(session) = self.sessions.get_mut(&session)
                    && session.recording.is_none()
                {
                    session.recording = Some((call, began_at.unwrap_or(now)));
                    turn.recorded.push(Recorded::Started { call, rate: 8_000, resumed: began_at.is_some() });
                }
            }
            Command::StopRecording { session } => self.stop_recording(session, now, turn),
            Command::ReleaseLeg { session, leg } => self.release_leg(session, leg, now, turn),
            Command::Release { session } => {
                for leg in self.sessions.get(&session).map(|session| session.legs.clone()).unwrap_or_default() {
                    self.release_leg(session, leg, now, turn);
                }
            }
            Command::Move { leg, from, to } => self.move_leg(leg, from, to, now, turn),
            Command::Measure { .. }
            | Command::Allocate { .. }
            | Command::SetHearing { .. }
            | Command::SetBackground { .. }
            | Command::PauseRecording { .. }
            | Command::Copy { .. }
            | Command::SetRecordedParties { .. } => {}
        }
    }

    fn announce(&mut self, id: LegId, long: Duration, token: u64, now: Instant) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let from = leg.announced.back().map_or(now, |(end, _)| *end);
        leg.announced.push_back((from + long, token));
        let deadline = leg.deadline();
        self.deadlines.set(id, deadline);
    }

    /// Sound that is heard of it goes along; what was said to it, and who listened for it, does not.
    fn move_leg(&mut self, id: LegId, from: SessionId, to: SessionId, now: Instant, turn: &mut Turn) {
        self.stop_announcements(id, turn);
        let Some(leg) = self.legs.get_mut(&id).filter(|leg| leg.session == from) else {
            return turn.reports.push(Report::AllocationFailed { session: to, leg: id, cause: AllocationFailure::Refused });
        };
        (leg.session, leg.listening, leg.speaks, leg.turns_at) = (to, false, false, None);
        turn.reports.push(Report::Allocated { session: to, leg: id, address: leg.address });
        self.sessions.entry(to).or_default().legs.insert(id);
        if let Some(session) = self.sessions.get_mut(&from) {
            session.legs.remove(&id);
            if session.legs.is_empty() {
                self.stop_recording(from, now, turn);
                self.sessions.remove(&from);
            }
        }
        self.consider(id, now);
    }

    fn stop_announcements(&mut self, id: LegId, turn: &mut Turn) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let session = leg.session;
        turn.reports.extend(leg.announced.drain(..).map(|(_, token)| Report::AnnouncementEnded { session, leg: id, token }));
        let deadline = leg.deadline();
        self.deadlines.set(id, deadline);
    }

    fn stop_recording(&mut self, session: SessionId, now: Instant, turn: &mut Turn) {
        if let Some((call, began)) = self.sessions.get_mut(&session).and_then(|session| session.recording.take()) {
            let samples = u64::try_from((now - began).as_micros() * 8 / 1_000).unwrap_or(u64::MAX);
            turn.recorded.push(Recorded::Stopped { call, samples });
        }
    }

    fn release_leg(&mut self, session: SessionId, id: LegId, now: Instant, turn: &mut Turn) {
        self.stop_announcements(id, turn);
        let Some(leg) = self.legs.remove(&id) else { return };
        self.deadlines.set(id, None);
        if let Some(remote) = leg.remote.filter(|remote| self.by_remote.get(remote) == Some(&id)) {
            self.by_remote.remove(&remote);
        }
        turn.reports.push(Report::Statistics { session, leg: id, statistics: StreamStatistics::default() });
        turn.released.push(id);
        let last = self.sessions.get_mut(&session).is_some_and(|session| {
            session.legs.remove(&id);
            session.legs.is_empty()
        });
        if last {
            self.stop_recording(session, now, turn);
            self.sessions.remove(&session);
        }
    }

    /// What is due.
    pub fn tick(&mut self, now: Instant, turn: &mut Turn) {
        while let Some(id) = self.deadlines.pop_due(now) {
            let Some(leg) = self.legs.get_mut(&id) else { continue };
            let session = leg.session;
            while let Some((_, token)) = leg.announced.front().copied().filter(|(at, _)| *at <= now) {
                leg.announced.pop_front();
                turn.reports.push(Report::AnnouncementEnded { session, leg: id, token });
            }
            if leg.turns_at.is_some_and(|at| at <= now) {
                leg.speaks = !leg.speaks;
                let sound = leg.remote.and_then(|remote| self.voices.get(&remote)).copied();
                let goes_on = leg.listening && leg.expected.is_some() && sound == Some(Sound::Speech);
                // A sentence; a pause, now and then one in which somebody looks something up.
                let long = match (leg.speaks, self.rng.one_in(10)) {
                    (true, _) => 500 + self.rng.below(6_000),
                    (false, false) => 400 + self.rng.below(3_000),
                    (false, true) => 4_000 + self.rng.below(9_000),
                };
                leg.turns_at = goes_on.then_some(now + millis(long));
                turn.reports.push(if leg.speaks { Report::Spoke { session, leg: id } } else { Report::FellSilent { session, leg: id } });
            }
            if leg.expected.is_some_and(|patience| leg.quiet_since.is_some_and(|since| since + patience <= now)) {
                // Told once.
                leg.expected = None;
                turn.reports.push(Report::TimedOut { session, leg: id });
            }
            let deadline = leg.deadline();
            self.deadlines.set(id, deadline);
        }
    }
}

fn length_of(clip: &str) -> u64 {
    CLIPS.iter().find(|(name, ..)| *name == clip).map_or(0, |(.., ms)| u64::from(*ms))
}
