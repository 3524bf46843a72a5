//! The legs of one call that hear each other: who hears whom, each packet's way between them, each tick's sound, and the recording.

use super::clips::ClipLibrary;
use super::control::{Background, Report, StreamParameters};
use super::detector::{Detector, Voice};
use super::engine::EngineSettings;
use super::outbound::Outbound;
use super::stream::{Heard, Kind, Stream};
use super::tap::{Received, Tap};
use super::topology::{Facts, Hears, hears};
use super::turn::{Component, Turn};
use crate::audio::{Rate, mix};
use crate::base::{CallId, ClipId, Codec, Instant, LegId, Rng, SessionId, limits::SESSION_LEGS_MAX};
use crate::rtp::Event;
use crate::rtp::sender::Relayed;
use std::net::SocketAddr;

#[derive(Debug)]
pub struct Session {
    id: SessionId,
    rate: Rate,
    legs: Vec<Stream>,
    bridge: Option<(LegId, LegId)>,
    tap: Option<Tap>,
    /// How many sources of packets there were.
    sources: u32,
}

/// Room for one frame, kept by the engine and lent to each session in turn.
#[derive(Debug, Default)]
pub struct Scratch {
    frame: Vec<i16>,
    background: Vec<i16>,
    ended: Vec<u64>,
}

impl Session {
    pub fn new(id: SessionId) -> Self {
        Self { id, rate: Rate::Hz8000, legs: Vec::new(), bridge: None, tap: None, sources: 0 }
    }

    pub fn id(&self) -> SessionId {
        self.id
    }

    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
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
        if self.legs.len() >= SESSION_LEGS_MAX {
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

    // Orders. Each ends with a new plan of who hears what.

    pub fn configure(&mut self, leg: LegId, parameters: StreamParameters, now: Instant) {
        let Some(index) = self.index(leg) else { return };
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

    pub fn bridge(&mut self, a: LegId, b: LegId) {
        if a != b && self.index(a).is_some() && self.index(b).is_some() {
            self.bridge = Some((a, b));
            self.plan();
        }
    }

    pub fn unbridge(&mut self) {
        self.bridge = None;
        self.plan();
    }

    pub fn set_background(&mut self, leg: LegId, background: Background) {
        let Some(stream) = self.leg(leg) else { return };
        stream.player.set_background(background);
        self.plan();
    }

    pub fn announce(&mut self, leg: LegId, clips: Vec<ClipId>, token: u64, turn: &mut Turn) {
        let session = self.id;
        let Some(stream) = self.leg(leg) else {
            // Nobody may wait for an announcement to a leg that is gone.
            turn.reports.push(Report::AnnouncementEnded { session, leg, token });
            return;
        };
        let mut ended = Vec::new();
        stream.player.announce(clips, token, &mut ended);
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
        (left, right): (LegId, Option<LegId>),
        began_at: Option<Instant>,
        now: Instant,
        turn: &mut Turn,
    ) {
        if self.tap.as_ref().is_some_and(|tap| tap.call() == call) {
            return;
        }
        self.stop_recording(now, turn);
        let wide = self.index(left).is_some_and(|index| self.legs[index].codec() == Some(Codec::Opus));
        let rate = if wide { Rate::Hz16000 } else { Rate::Hz8000 };
        self.tap = Some(Tap::start(call, rate, (left, right), began_at, now, &mut turn.recorded));
    }

    pub fn set_recorded_party(&mut self, right: Option<LegId>) {
        if let Some(tap) = &mut self.tap {
            tap.set_right(right);
        }
    }

    pub fn stop_recording(&mut self, now: Instant, turn: &mut Turn) {
        if let Some(tap) = self.tap.take() {
            tap.stop(now, &mut turn.recorded);
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

    pub fn release_leg(&mut self, leg: LegId, now: Instant, rng: &mut Rng, turn: &mut Turn) {
        let Some(index) = self.index(leg) else { return };
        self.legs.remove(index).release(now, rng, turn);
        if self.bridge.is_some_and(|(a, b)| a == leg || b == leg) {
            self.bridge = None;
        }
        if let Some(tap) = &mut self.tap {
            tap.forget(leg);
        }
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

    /// 16 kHz when any leg is wideband, else 8.
    fn set_rate(&mut self, now: Instant) {
        let wide = self.legs.iter().any(|stream| stream.codec() == Some(Codec::Opus));
        self.rate = if wide { Rate::Hz16000 } else { Rate::Hz8000 };
        for stream in &mut self.legs {
            stream.player.set_rate(self.rate);
            if let Some(detector) = &mut stream.detector {
                detector.set_rate(self.rate, now);
            }
        }
    }

    /// Who is bridged with the leg at `index`.
    fn party(&self, index: usize) -> Option<usize> {
        let (a, b) = self.bridge?;
        match self.legs[index].leg {
            leg if leg == a => self.index(b),
            leg if leg == b => self.index(a),
            _ => None,
        }
    }

    /// Settles who hears what. Cheap, and changes nothing when nothing changed.
    fn plan(&mut self) {
        for index in 0..self.legs.len() {
            let party: Option<(usize, Facts)> = self.party(index).map(|party| (party, self.legs[party].facts()));
            let hears = hears(self.legs[index].facts(), party);
            let stream = &mut self.legs[index];
            if hears != stream.hears && (matches!(hears, Hears::Relayed(_)) || matches!(stream.hears, Hears::Relayed(_))) {
                stream.outbound.interrupt();
            }
            stream.hears = hears;
        }
        for index in 0..self.legs.len() {
            let relayed_to = self.legs.iter().position(|hearer| hearer.hears == Hears::Relayed(index));
            let decoded = self
                .legs
                .iter()
                .any(|hearer| matches!(hearer.hears, Hears::Decoded(party) | Hears::AnnouncementOver(party) if party == index));
            let stream = &mut self.legs[index];
            stream.relayed_to = relayed_to;
            let decodes = decoded || stream.detector.is_some();
            if stream.decodes != decodes {
                stream.decodes = decodes;
                stream.inbound.reset();
            }
        }
    }

    // Packets.

    /// True when it is of a key: then the next tick must look.
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
        if component == Component::Rtcp || crate::rtp::packet::is_rtcp(bytes) {
            self.legs[index].receive_report(component, from, bytes, now);
        } else if let Some(heard) = self.legs[index].receive(from, bytes, now, &mut self.sources, turn) {
            match heard.kind {
                Kind::Sound => self.handle_sound(index, heard, now, turn),
                Kind::Event(event) => {
                    self.handle_event(index, heard, event, now, turn);
                    return true;
                }
                Kind::Silence => self.withhold(index, heard),
            }
        }
        false
    }

    fn handle_sound(&mut self, index: usize, heard: Heard<'_>, now: Instant, turn: &mut Turn) {
        let stream = &mut self.legs[index];
        let (source, relayed_to) = (stream.source, stream.relayed_to);
        let (timestamp, payload) = (heard.packet.header.timestamp, heard.packet.payload);
        if stream.decodes {
            stream.inbound.push(heard.extended, payload, now);
        }
        if let (Some(tap), Some(codec)) = (&mut self.tap, stream.codec()) {
            tap.received(stream.leg, Received { codec, source, timestamp, payload }, now, &mut turn.recorded);
        }
        if let Some(hearer) = relayed_to {
            let relayed = relayed(stream, heard);
            self.legs[hearer].send(|outbound, towards| outbound.relay(relayed, payload, towards, now, turn));
        }
    }

    fn handle_event(&mut self, index: usize, heard: Heard<'_>, event: Event, now: Instant, turn: &mut Turn) {
        let stream = &mut self.legs[index];
        stream.note_event(event, heard.packet.header.timestamp, now, turn);
        let (relayed, clock_rate) = (relayed(stream, heard), stream.codec().map_or(8_000, Codec::clock_rate));
        if let Some(hearer) = self.legs.iter_mut().find(|hearer| hearer.hears.party() == Some(index)) {
            hearer.send(|outbound, towards| outbound.relay_event(relayed, event, clock_rate, towards, now, turn));
        }
    }

    fn withhold(&mut self, index: usize, heard: Heard<'_>) {
        let stream = &self.legs[index];
        let (relayed, relayed_to) = (relayed(stream, heard), stream.relayed_to);
        if let Some(hearer) = relayed_to {
            self.legs[hearer].outbound.withhold(relayed);
        }
    }

    // Ticks.

    /// Twenty milliseconds of sound for every leg that needs some, and what else time brings.
    pub fn tick(&mut self, library: &ClipLibrary, now: Instant, rng: &mut Rng, scratch: &mut Scratch, turn: &mut Turn) {
        for stream in &mut self.legs {
            decode(stream, self.rate, now, turn);
        }
        let mut replan = false;
        for index in 0..self.legs.len() {
            replan |= self.sound(index, library, now, scratch, turn);
        }
        for stream in &mut self.legs {
            stream.handle_timeout(now, rng, turn);
        }
        if replan {
            self.plan();
        }
    }

    /// Until when ticks bring nothing to any leg; the start when each of them does.
    pub fn quiet_until(&self) -> Instant {
        self.legs.iter().map(Stream::quiet_until).min().unwrap_or(Instant::NEVER)
    }

    /// Brings forth what the leg at `index` hears in this tick. True when an announcement ended.
    fn sound(&mut self, index: usize, library: &ClipLibrary, now: Instant, scratch: &mut Scratch, turn: &mut Turn) -> bool {
        let frame = &mut scratch.frame;
        frame.clear();
        frame.resize(self.rate.samples_per_frame(), 0);
        let stream = &mut self.legs[index];
        let hears = stream.hears;
        // What the switch itself plays, and whether it is more than digital silence.
        let (sends, loud) = match hears {
            Hears::Nothing | Hears::Relayed(_) => return false,
            Hears::Decoded(_) => (false, false),
            Hears::Announcement | Hears::AnnouncementOver(_) => {
                let some = stream.player.announce_frame(library, frame, &mut scratch.ended);
                (some, some)
            }
            Hears::Background => (true, stream.player.background_frame(library, frame, &mut scratch.background)),
        };
        if let Some(tap) = &mut self.tap
            && loud
            && tap.left() == stream.leg
            && stream.towards().is_some()
        {
            tap.played(frame, self.rate, now, &mut turn.recorded);
        }
        // The party is mixed in after the tap: it has a channel of its own.
        let held = stream.outbound.is_held_by_event(now);
        let said = hears.party().filter(|_| !held).and_then(|party| self.legs[party].inbound.frame());
        if let Some(said) = said {
            mix::add(frame, said);
        }
        let sends = sends || said.is_some();
        let (stream, rate) = (&mut self.legs[index], self.rate);
        let ended = !scratch.ended.is_empty();
        stream.send(|outbound: &mut Outbound, towards| {
            if sends {
                outbound.send_frame(frame, rate, towards, now, turn);
            }
            // The last sample has gone out when its end is told.
            if ended || !sends {
                outbound.flush(towards, now, turn);
            }
        });
        stream.report_ended(&mut scratch.ended, turn);
        ended
    }
}

/// The packet as its source numbered it.
fn relayed(stream: &Stream, heard: Heard<'_>) -> Relayed {
    let header = heard.packet.header;
    Relayed { key: u64::from(stream.source), extended: heard.extended, timestamp: header.timestamp, marker: header.marker }
}

/// Decodes the leg's frame of this tick and listens to it.
fn decode(stream: &mut Stream, rate: Rate, now: Instant, turn: &mut Turn) {
    let Some(codec) = stream.codec().filter(|_| stream.decodes) else { return };
    stream.inbound.tick(codec, rate, now);
    let Some(detector) = &mut stream.detector else { return };
    let (session, leg) = (stream.session, stream.leg);
    match detector.hear(stream.inbound.frame_or_silence(), now) {
        Some(Voice::Spoke) => turn.reports.push(Report::Spoke { session, leg }),
        Some(Voice::FellSilent) => turn.reports.push(Report::FellSilent { session, leg }),
        None => {}
    }
}
