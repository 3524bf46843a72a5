//! The legs of one call that hear each other: the orders that concern them, and each packet's way between them. Who hears what is
//! `plan`'s, each tick's sound `sound`'s.

mod copies;
mod plan;
mod sound;

pub use sound::Scratch;

use self::copies::Copies;
use super::clips::Clip;
use super::control::{Background, Excerpt, Hearing, Report, StreamParameters};
use super::detector::Detector;
use super::engine::EngineSettings;
use super::parties::Parties;
use super::player::Player;
use super::stream::{Heard, Kind, Stream};
use super::tap::{Received, Tap};
use super::turn::{Component, Turn};
use crate::audio::{Gauge, Rate};
use crate::base::{CallId, ClipId, Codec, Instant, LegId, Rng, SessionId, SoundLimits, limits::SESSION_LEGS_MAX};
use crate::rtp::Event;
use crate::rtp::packet::is_rtcp;
use crate::rtp::sender::Relayed;
use std::net::SocketAddr;

#[derive(Debug)]
pub struct Session {
    id: SessionId,
    rate: Rate,
    legs: Vec<Stream>,
    tap: Option<Tap>,
    copies: Copies,
    /// How many sources of packets there were.
    sources: u32,
}

impl Session {
    pub fn new(id: SessionId) -> Self {
        Self { id, rate: Rate::Hz8000, legs: Vec::new(), tap: None, copies: Copies::default(), sources: 0 }
    }

    pub fn id(&self) -> SessionId {
        self.id
    }

    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.legs.len() >= SESSION_LEGS_MAX
    }

    /// False when the session has as many legs as it may.
    pub fn add_leg(
        &mut self,
        leg: LegId,
        address: SocketAddr,
        settings: EngineSettings,
        since: Instant,
        now: Instant,
        rng: &mut Rng,
    ) -> bool {
        if self.is_full() {
            return false;
        }
        self.legs.push(Stream::new(self.id, leg, address, self.rate, settings, since, now, rng));
        true
    }

    pub fn set_tag(&mut self, leg: LegId, tag: u32) {
        if let Some(stream) = self.leg(leg) {
            stream.tag = tag;
        }
    }

    pub fn address(&self, leg: LegId) -> Option<SocketAddr> {
        self.index(leg).map(|index| self.legs[index].address)
    }

    fn index(&self, leg: LegId) -> Option<usize> {
        self.legs.iter().position(|stream| stream.leg == leg)
    }

    fn leg(&mut self, leg: LegId) -> Option<&mut Stream> {
        self.legs.iter_mut().find(|stream| stream.leg == leg)
    }

    // Orders. Each that changes what is heard ends with a new plan.

    pub fn configure(&mut self, leg: LegId, parameters: StreamParameters, now: Instant) {
        let Some(index) = self.index(leg) else { return };
        let parameters = self.legs[index].as_turned(parameters);
        self.apply(index, parameters, now);
    }

    fn apply(&mut self, index: usize, parameters: StreamParameters, now: Instant) {
        let stream = &mut self.legs[index];
        let before = stream.codec();
        stream.configure(parameters, now);
        // Another codec is another stream to whoever decodes it, though its SSRC may stay.
        if before.is_some() && before != stream.codec() {
            self.sources += 1;
            stream.source = self.sources;
        }
        self.set_rate(now);
        self.plan();
    }

    /// Who hears whom, completely.
    pub fn set_hearing(&mut self, hearing: &Hearing) {
        let mut places: Vec<(LegId, usize)> = self.legs.iter().enumerate().map(|(place, stream)| (stream.leg, place)).collect();
        places.sort_unstable();
        let place_of = |leg: &LegId| places.binary_search_by_key(leg, |(leg, _)| *leg).ok().map(|found| places[found].1);
        for stream in &mut self.legs {
            stream.is_to_hear = Parties::NONE;
        }
        for (hearer, heard) in hearing {
            let Some(hearer) = place_of(hearer) else { continue };
            let heard: Parties = heard.iter().filter_map(place_of).filter(|place| *place != hearer).collect();
            let stream = &mut self.legs[hearer];
            stream.is_to_hear = stream.is_to_hear.with(heard);
        }
        self.plan();
    }

    pub fn set_background(&mut self, leg: LegId, background: Background) {
        let Some(stream) = self.leg(leg) else { return };
        stream.player.set_background(background);
        self.plan();
    }

    pub fn announce(&mut self, leg: LegId, clips: Vec<ClipId>, token: u64, turn: &mut Turn) {
        self.play(leg, token, turn, |player, ended| player.announce(clips, token, ended));
    }

    pub fn announce_recording(&mut self, leg: LegId, excerpts: Vec<Excerpt>, token: u64, turn: &mut Turn) {
        self.play(leg, token, turn, |player, ended| player.replay(excerpts, token, ended));
    }

    /// What was wanted for the leg has been read, or cannot be.
    pub fn read(&mut self, leg: LegId, excerpt: Excerpt, sound: Option<Clip>) {
        if let Some(stream) = self.leg(leg) {
            stream.player.read(excerpt, sound);
        }
    }

    fn play(&mut self, leg: LegId, token: u64, turn: &mut Turn, queue: impl FnOnce(&mut Player, &mut Vec<u64>)) {
        let session = self.id;
        let Some(stream) = self.leg(leg) else {
            // Nobody may wait for an announcement to a leg that is gone.
            turn.reports.push(Report::AnnouncementEnded { session, leg, token });
            return;
        };
        let mut ended = Vec::new();
        queue(&mut stream.player, &mut ended);
        stream.report_ended(&mut ended, turn);
        self.plan();
    }

    pub fn stop_announcements(&mut self, leg: LegId, turn: &mut Turn) {
        let Some(stream) = self.leg(leg) else { return };
        let mut ended = Vec::new();
        stream.player.stop(&mut ended);
        stream.report_ended(&mut ended, turn);
        self.plan();
    }

    /// `began_at`: when it began, if a restart goes on with it.
    pub fn start_recording(
        &mut self,
        call: CallId,
        (left, right): (LegId, Vec<LegId>),
        began_at: Option<Instant>,
        now: Instant,
        turn: &mut Turn,
    ) {
        if self.tap.as_ref().is_some_and(|tap| tap.call() == call) {
            return;
        }
        self.stop_recording(now, turn);
        let wide = self.index(left).is_some_and(|index| self.legs[index].codec().is_some_and(Codec::is_wideband));
        let rate = if wide { Rate::Hz16000 } else { Rate::Hz8000 };
        self.tap = Some(Tap::start(call, rate, (left, &right), began_at, now, &mut turn.recorded));
        self.plan();
    }

    pub fn set_recorded_parties(&mut self, left: LegId, right: &[LegId]) {
        if let Some(tap) = &mut self.tap {
            tap.set_parties(left, right);
            self.plan();
        }
    }

    pub fn pause_recording(&mut self, on: bool, now: Instant) {
        if let Some(tap) = &mut self.tap {
            let was = tap.is_paused();
            tap.pause(on, now);
            if was && !on {
                self.copies.resume(now);
            }
            self.plan();
        }
    }

    pub fn stop_recording(&mut self, now: Instant, turn: &mut Turn) {
        if let Some(tap) = self.tap.take() {
            tap.stop(now, &mut turn.recorded);
            // What is on no record goes to nobody.
            self.plan();
        }
    }

    pub fn listen_for_speech(&mut self, leg: LegId, on: bool) {
        let rate = self.rate;
        let Some(stream) = self.leg(leg) else { return };
        match (on, &stream.detector) {
            (true, None) => stream.detector = Some(Detector::new(rate)),
            (false, Some(_)) => stream.detector = None,
            (true, Some(_)) | (false, None) => return,
        }
        self.plan();
    }

    pub fn measure(&mut self, leg: LegId, limits: Option<SoundLimits>) {
        let Some(stream) = self.leg(leg) else { return };
        match (limits, &mut stream.gauge) {
            (Some(limits), Some(gauge)) => gauge.set_limits(limits),
            (Some(limits), None) => stream.gauge = Some(Box::new(Gauge::new(limits))),
            (None, _) => stream.gauge = None,
        }
    }

    pub fn release_leg(&mut self, leg: LegId, now: Instant, rng: &mut Rng, turn: &mut Turn) {
        if let Some(mut stream) = self.take(leg) {
            stream.release(now, rng, turn);
            self.lost_a_leg(now, turn);
        }
    }

    /// The leg leaves for another session, as it stands.
    pub fn depart(&mut self, leg: LegId, now: Instant, turn: &mut Turn) -> Option<Stream> {
        let mut stream = self.take(leg)?;
        stream.depart(now, turn);
        self.lost_a_leg(now, turn);
        Some(stream)
    }

    /// A leg comes from another session, which this one has room for. Nobody hears it, and it hears nobody, until that is ordered; what
    /// is held of it is kept for that moment.
    pub fn arrive(&mut self, mut stream: Stream, now: Instant) {
        self.sources += 1;
        (stream.session, stream.source) = (self.id, self.sources);
        self.legs.push(stream);
        self.set_rate(now);
    }

    fn take(&mut self, leg: LegId) -> Option<Stream> {
        let place = self.index(leg)?;
        let stream = self.legs.remove(place);
        for other in &mut self.legs {
            other.close_up(place);
        }
        if let Some(tap) = &mut self.tap {
            tap.forget(leg);
        }
        Some(stream)
    }

    fn lost_a_leg(&mut self, now: Instant, turn: &mut Turn) {
        self.plan();
        // A recording without a call has nothing more to tell.
        if self.legs.is_empty() {
            self.stop_recording(now, turn);
        }
    }

    /// Ends everything; the engine forgets the session after.
    pub fn release(&mut self, now: Instant, rng: &mut Rng, turn: &mut Turn) {
        for mut stream in self.legs.drain(..) {
            stream.release(now, rng, turn);
        }
        self.stop_recording(now, turn);
    }

    pub fn leg_ids(&self) -> impl Iterator<Item = LegId> {
        self.legs.iter().map(|stream| stream.leg)
    }

    // Packets.

    /// True when it is of a key, or of another codec: then the next tick must look.
    pub fn handle_packet(
        &mut self,
        leg: LegId,
        component: Component,
        from: SocketAddr,
        bytes: &[u8],
        now: Instant,
        turn: &mut Turn,
    ) -> bool {
        let Some(index) = self.index(leg) else { return false };
        if !self.legs[index].is_encrypted() {
            return self.handle_clear(index, component, from, bytes, now, turn);
        }
        let mut opened = std::mem::take(&mut turn.opened);
        let is_its_own = self.legs[index].open(component, from, bytes, &mut opened, now);
        let is_key = is_its_own && self.handle_clear(index, component, from, &opened, now, turn);
        turn.opened = opened;
        is_key
    }

    fn handle_clear(&mut self, index: usize, component: Component, from: SocketAddr, bytes: &[u8], now: Instant, turn: &mut Turn) -> bool {
        if component == Component::Rtcp || is_rtcp(bytes) {
            self.legs[index].receive_report(component, from, bytes, now);
            return false;
        }
        let turned = self.legs[index].turn_by(from, bytes, now);
        let has_turned = turned.is_some();
        if let Some(parameters) = turned {
            self.apply(index, parameters, now);
        }
        if let Some(heard) = self.legs[index].receive(from, bytes, now, &mut self.sources, turn) {
            match heard.kind {
                Kind::Sound => self.handle_sound(index, heard, now, turn),
                Kind::Event(event) => {
                    self.handle_event(index, heard, event, now, turn);
                    return true;
                }
                Kind::Rest => self.handle_rest(index, heard, now, turn),
                Kind::Silence => self.withhold(index, heard),
            }
        }
        has_turned
    }

    fn handle_sound(&mut self, index: usize, heard: Heard<'_>, now: Instant, turn: &mut Turn) {
        let stream = &mut self.legs[index];
        let (source, relayed_to) = (stream.source, stream.relayed_to);
        let (timestamp, payload) = (heard.packet.header.timestamp, heard.packet.payload);
        if stream.decodes {
            stream.inbound.push(heard.extended, payload, now);
        }
        stream.measure_packet(payload, turn);
        if let (Some(tap), Some(codec)) = (&mut self.tap, stream.codec()) {
            tap.received(stream.leg, Received { codec, source, timestamp, payload }, now, &mut turn.recorded);
        }
        if !relayed_to.is_empty() {
            let relayed = relayed(stream, heard);
            for hearer in relayed_to.iter() {
                self.legs[hearer].relay(relayed, payload, now, turn);
            }
        }
    }

    /// A key goes on to those who hear its presser alone; in a mix of several nobody could tell whose it was.
    fn handle_event(&mut self, index: usize, heard: Heard<'_>, event: Event, now: Instant, turn: &mut Turn) {
        let stream = &mut self.legs[index];
        stream.note_event(event, heard.packet.header.timestamp, now, turn);
        let (relayed, clock_rate) = (relayed(stream, heard), stream.event_clock());
        for hearer in self.legs.iter_mut().filter(|hearer| hearer.hears.parties().only() == Some(index)) {
            hearer.send(|outbound, towards| outbound.relay_event(relayed, event, clock_rate, towards, now, turn));
        }
    }

    /// A silence goes on as such to who gets the packets of who is silent, and sounds like it where he is decoded.
    fn handle_rest(&mut self, index: usize, heard: Heard<'_>, now: Instant, turn: &mut Turn) {
        let stream = &mut self.legs[index];
        if stream.decodes {
            stream.inbound.rest(heard.packet.payload);
        }
        let (relayed, relayed_to) = (relayed(stream, heard), stream.relayed_to);
        for hearer in relayed_to.iter() {
            self.legs[hearer].relay_comfort(relayed, heard.packet.payload, now, turn);
        }
    }

    fn withhold(&mut self, index: usize, heard: Heard<'_>) {
        let stream = &self.legs[index];
        let (relayed, relayed_to) = (relayed(stream, heard), stream.relayed_to);
        for hearer in relayed_to.iter() {
            self.legs[hearer].outbound.withhold(relayed);
        }
    }
}

/// The packet as its source numbered it.
fn relayed(stream: &Stream, heard: Heard<'_>) -> Relayed {
    let header = heard.packet.header;
    Relayed { key: u64::from(stream.source), extended: heard.extended, timestamp: header.timestamp, marker: header.marker }
}
