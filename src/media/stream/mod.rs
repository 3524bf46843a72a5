//! One leg of a session: what was settled for it, whose packets are its own, how long it may be silent, and both halves of its sound.

mod hearing;
mod measuring;
mod opening;
mod quality;

use super::changeover::Changeover;
use super::control::{Report, StreamParameters, StreamStatistics};
use super::detector::Detector;
use super::engine::EngineSettings;
use super::inbound::Inbound;
use super::latch::{Latch, Standing};
use super::outbound::{Outbound, Towards};
use super::parties::Parties;
use super::player::Player;
use super::topology::{Facts, Hears};
use super::turn::{Component, Turn};
use crate::audio::{Gauge, Rate};
use crate::base::{Codec, Duration, Instant, LegId, Rng, SessionId, time::millis};
use crate::rtp::packet::is_keep_alive;
use crate::rtp::rtcp::{self, Reporter};
use crate::rtp::{Arrival, Event, EventReceiver, Packet, Receiver};
use opening::Opening;
use quality::Quality;
use std::net::SocketAddr;

/// A leg turns to another of its codecs no oftener than this: each time is a new beginning for who hears it.
const TURNS_EVERY: Duration = millis(500);

/// Comfort noise (RFC 3389 §6): how the silence sounds that the leg does not send.
const COMFORT_NOISE: u8 = 13;

#[derive(Debug)]
pub struct Stream {
    pub session: SessionId,
    pub leg: LegId,
    /// Under which its packets go out.
    pub tag: u32,
    pub address: SocketAddr,
    pub parameters: Option<StreamParameters>,
    /// The codec that was settled, and when the leg turned from it to another that it had listed.
    turned: Option<(Codec, Instant)>,
    pub inbound: Inbound,
    pub outbound: Outbound,
    pub player: Player,
    pub detector: Option<Detector>,
    /// How it sounds, while that is wanted.
    pub gauge: Option<Box<Gauge>>,
    /// Whom it is to hear, as was ordered.
    pub is_to_hear: Parties,
    /// What it hears, as of the last plan.
    pub hears: Hears,
    /// What it hears soon.
    pub changeover: Option<Changeover>,
    /// Whether what it says is decoded: somebody hears it mixed or transcoded, or its voice is listened for.
    pub decodes: bool,
    /// Who gets its packets as they come.
    pub relayed_to: Parties,
    /// Names the present source of its packets within the session.
    pub source: u32,
    rtp_latch: Latch,
    rtcp_latch: Latch,
    life: Life,
    /// Whether its first packet was told, in this configuration.
    heard_of: bool,
    receiver: Receiver,
    events: EventReceiver,
    reporter: Reporter,
    quality: Quality,
    counted: Counted,
    /// Opens what comes, where the leg is encrypted.
    opening: Option<Box<Opening>>,
    /// How often what it sent encrypted may have rolled over.
    rolled_over: u32,
    /// For how long it was there before a restart.
    resumed_after: Duration,
}

/// Whether packets are expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Life {
    /// Not configured, held, or it announced silence suppression.
    Unwatched,
    Expected {
        until: Instant,
    },
    /// Told; not told again before another configuration.
    TimedOut,
}

#[derive(Clone, Copy, Default, Debug)]
struct Counted {
    packets: u64,
    octets: u64,
    refused: u64,
    malformed: u64,
    unauthentic: u64,
}

/// A packet of the leg's own, to be heard.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    pub kind: Kind,
    pub packet: Packet<'a>,
    pub extended: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Sound,
    Event(Event),
    /// Comfort noise: silence from here on.
    Rest,
    /// Events that cannot be read: nothing to hear or to pass on.
    Silence,
}

impl Stream {
    /// A leg that was allocated at `since`; before `now` when a restart goes on with it. `rng` is the leg's own.
    #[allow(clippy::too_many_arguments)] // Its whole world, handed over once.
    pub fn new(
        session: SessionId,
        leg: LegId,
        address: SocketAddr,
        rate: Rate,
        settings: EngineSettings,
        since: Instant,
        now: Instant,
        rng: &mut Rng,
    ) -> Self {
        let mut outbound = Outbound::new(settings.opus, since, rng);
        let resumes = since < now;
        if resumes {
            outbound.resume(now);
        }
        let quality = Quality::new(since, now, resumes.then(|| outbound.first_number()));
        Self {
            session,
            leg,
            tag: 0,
            address,
            parameters: None,
            turned: None,
            inbound: Inbound::default(),
            outbound,
            player: Player::new(rate),
            detector: None,
            gauge: None,
            is_to_hear: Parties::NONE,
            hears: Hears::Nothing,
            changeover: None,
            decodes: false,
            relayed_to: Parties::NONE,
            source: 0,
            rtp_latch: Latch::for_rtp(),
            rtcp_latch: Latch::for_rtcp(),
            life: Life::Unwatched,
            heard_of: false,
            receiver: Receiver::new(8_000),
            events: EventReceiver::new(8_000),
            reporter: Reporter::new(rng.hex(8), now, rng),
            quality,
            counted: Counted::default(),
            opening: None,
            rolled_over: 0,
            resumed_after: now.saturating_since(since),
        }
    }

    pub fn codec(&self) -> Option<Codec> {
        self.parameters.as_ref().map(|parameters| parameters.codec)
    }

    /// On which its keys are pressed.
    pub fn event_clock(&self) -> u32 {
        self.parameters.as_ref().map_or(8_000, StreamParameters::event_clock)
    }

    pub fn facts(&self) -> Facts {
        let direction = self.parameters.as_ref().map(|parameters| parameters.direction);
        Facts {
            codec: self.codec(),
            send: direction.is_some_and(|direction| direction.send),
            receive: direction.is_some_and(|direction| direction.receive),
            announcing: self.player.is_announcing(),
            background: self.player.has_background(),
        }
    }

    /// What was settled, as the leg has it: whoever turned to another of its codecs goes on with it when the same is settled again.
    pub fn as_turned(&mut self, parameters: StreamParameters) -> StreamParameters {
        let turned = self.turned.filter(|(settled, _)| *settled == parameters.codec);
        let turned = turned.and(self.codec()).and_then(|codec| parameters.turned_to(codec));
        if turned.is_none() {
            self.turned = None;
        }
        turned.unwrap_or(parameters)
    }

    /// Takes what offer and answer settled. The same again only counts the RTP time-out from now.
    pub fn configure(&mut self, parameters: StreamParameters, now: Instant) {
        let watched = parameters.direction.receive && !parameters.silence_suppression;
        self.life = if watched { Life::Expected { until: now + parameters.rtp_timeout } } else { Life::Unwatched };
        let old = self.parameters.as_ref();
        if old.is_none_or(|old| (old.remote, old.signalled_from) != (parameters.remote, parameters.signalled_from)) {
            self.rtp_latch.open(now);
        }
        if old.is_none_or(|old| (old.remote_rtcp, old.rtcp_mux) != (parameters.remote_rtcp, parameters.rtcp_mux)) {
            self.rtcp_latch.open(now);
        }
        self.rtp_latch.described(parameters.direction.receive, now);
        self.rtcp_latch.described(parameters.direction.receive, now);
        if old == Some(&parameters) {
            return;
        }
        if old.is_none_or(|old| old.codec != parameters.codec) {
            self.inbound.reset();
        }
        self.encrypt(parameters.srtp.as_deref());
        self.heard_of = false;
        self.receiver.set_clock_rate(parameters.codec.clock_rate());
        self.events.set_clock_rate(parameters.event_clock());
        self.outbound.set_format(&parameters);
        self.parameters = Some(parameters);
    }

    /// A packet of another codec that the leg listed: what is in force from now on.
    pub fn turn_by(&mut self, from: SocketAddr, bytes: &[u8], now: Instant) -> Option<StreamParameters> {
        let parameters = self.parameters.as_ref().filter(|parameters| !parameters.others.is_empty())?;
        let came = Packet::read(bytes).ok()?.header.payload_type;
        let other = parameters.others.iter().find(|other| other.receive_payload_type == came)?;
        let is_early = self.turned.is_some_and(|(_, at)| now.saturating_since(at) < TURNS_EVERY);
        if is_early || self.rtp_latch.standing(from, parameters, now) != Standing::Own {
            return None;
        }
        let turned = parameters.turned_to(other.codec);
        let settled = self.turned.map_or(parameters.codec, |(settled, _)| settled);
        self.turned = Some((settled, now));
        turned
    }

    /// Judges an RTP packet and counts it. `Some` when it is to be heard. `sources` numbers the session's sources.
    pub fn receive<'a>(
        &mut self,
        from: SocketAddr,
        bytes: &'a [u8],
        now: Instant,
        sources: &mut u32,
        turn: &mut Turn,
    ) -> Option<Heard<'a>> {
        // Before the answer is known nobody is a stranger, and nobody is heard: phones send as soon as they have answered.
        let parameters = self.parameters.as_ref()?;
        // A stranger's packet is the stranger's, malformed or not.
        let is_its_own = match self.rtp_latch.standing(from, parameters, now) {
            Standing::Own => true,
            Standing::OnTrial => is_sound(bytes, parameters) && (self.opening.is_some() || self.rtp_latch.try_out(from, now)),
            Standing::Stranger => false,
        };
        if !is_its_own {
            self.counted.refused += 1;
            return None;
        }
        self.rtp_latch.note(from, now);
        let Ok(packet) = Packet::read(bytes) else {
            if is_keep_alive(bytes) {
                self.lives(now);
            } else {
                self.counted.malformed += 1;
            }
            return None;
        };
        let kind = match packet.header.payload_type {
            // Nothing to hear, but the leg's own: phones open the way through a NAT with it.
            kind if kind == parameters.receive_payload_type && packet.payload.is_empty() => Kind::Silence,
            kind if kind == parameters.receive_payload_type => Kind::Sound,
            kind if Some(kind) == parameters.receive_event_type => Event::read(packet.payload).map_or(Kind::Silence, Kind::Event),
            COMFORT_NOISE => Kind::Rest,
            // RFC 6263 §4.6: of a type that nobody agreed to, so that it is not heard.
            _ if packet.payload.is_empty() => {
                self.lives(now);
                return None;
            }
            _ => {
                self.counted.malformed += 1;
                return None;
            }
        };
        self.rtp_latch.lock(from, parameters, now);
        self.counted.packets += 1;
        self.counted.octets += packet.payload.len() as u64;
        let receives = parameters.direction.receive;
        self.lives(now);
        if !self.heard_of {
            self.heard_of = true;
            turn.reports.push(Report::FirstPacket { session: self.session, leg: self.leg });
        }
        let extended = match self.receiver.receive(packet.header.ssrc, packet.header.sequence) {
            Arrival::Began { extended } => {
                *sources += 1;
                self.source = *sources;
                self.inbound.reset();
                extended
            }
            Arrival::Next { extended, .. } | Arrival::Late { extended } => extended,
            Arrival::Duplicate | Arrival::Astray => return None,
        };
        if kind == Kind::Sound {
            self.receiver.note_transit(packet.header.timestamp, now);
        }
        // While a leg is held its packets are counted, and go nowhere.
        receives.then_some(Heard { kind, packet, extended })
    }

    /// Takes a packet of RTCP, from the port of its own or, shared (RFC 5761), from that of RTP.
    pub fn receive_report(&mut self, component: Component, from: SocketAddr, bytes: &[u8], now: Instant) {
        let Some(parameters) = &self.parameters else { return };
        let sound_comes_from = self.rtp_latch.source().map(|source| source.ip());
        let latch = match component {
            Component::Rtp => &mut self.rtp_latch,
            Component::Rtcp => &mut self.rtcp_latch,
        };
        let is_its_own = match latch.standing(from, parameters, now) {
            Standing::Own => true,
            // Reports come from where the sound does, or prove themselves.
            Standing::OnTrial => sound_comes_from == Some(from.ip()) || (self.opening.is_some() && !is_keep_alive(bytes)),
            Standing::Stranger => false,
        };
        if !is_its_own {
            self.counted.refused += 1;
            return;
        }
        latch.note(from, now);
        match rtcp::read(bytes, self.outbound.ssrc()) {
            Ok(incoming) => {
                if component == Component::Rtcp {
                    self.rtcp_latch.lock(from, parameters, now);
                }
                self.reporter.note(incoming, now);
                if let Some(block) = incoming.block {
                    self.outbound.note_loss(f32::from(block.fraction_lost) / 256.0);
                }
                self.quality.note(&incoming, self.outbound.skipped(), parameters.codec.clock_rate(), now);
                self.lives(now);
            }
            Err(rtcp::NotRtcp) if is_keep_alive(bytes) => self.lives(now),
            Err(rtcp::NotRtcp) => self.counted.malformed += 1,
        }
    }

    fn lives(&mut self, now: Instant) {
        if let (Life::Expected { until }, Some(parameters)) = (&mut self.life, &self.parameters) {
            *until = now + parameters.rtp_timeout;
        }
    }

    /// A packet of a key, as a fact for the rules.
    pub fn note_event(&mut self, event: Event, timestamp: u32, now: Instant, turn: &mut Turn) {
        if let Some(press) = self.events.receive(event, timestamp, now) {
            turn.reports.push(Report::Digit { session: self.session, leg: self.leg, digit: press.key, duration: press.duration });
        }
    }

    /// Where our packets go and how; `None` when nothing may be sent.
    pub fn towards(&self) -> Option<Towards<'_>> {
        let parameters = self.parameters.as_ref().filter(|parameters| parameters.direction.send)?;
        let destination = self.rtp_latch.destination(parameters.remote);
        is_reachable(destination).then_some(Towards { leg: self.leg, tag: self.tag, destination, parameters })
    }

    /// Sends through the outbound half; nothing while the direction forbids it.
    pub fn send(&mut self, send: impl FnOnce(&mut Outbound, Towards<'_>)) {
        let Some(parameters) = self.parameters.as_ref().filter(|parameters| parameters.direction.send) else { return };
        let destination = self.rtp_latch.destination(parameters.remote);
        if is_reachable(destination) {
            send(&mut self.outbound, Towards { leg: self.leg, tag: self.tag, destination, parameters });
        }
    }

    /// Until when ticks bring nothing to this leg; the start when each of them does.
    pub fn quiet_until(&self) -> Instant {
        let sounds = !matches!(self.hears, Hears::Nothing | Hears::Relayed(_))
            || self.changeover.is_some()
            || self.player.is_announcing()
            || self.decodes;
        if sounds {
            return Instant::START;
        }
        let life = if let Life::Expected { until } = self.life { until } else { Instant::NEVER };
        life.min(self.reporter.deadline()).min(self.quality.deadline()).min(self.events.deadline().unwrap_or(Instant::NEVER))
    }

    /// What time alone brings: the end of a key whose end was lost, the RTP time-out, the RTCP report, the end of a minute.
    pub fn handle_timeout(&mut self, now: Instant, rng: &mut Rng, turn: &mut Turn) {
        if let Some(press) = self.events.handle_timeout(now) {
            turn.reports.push(Report::Digit { session: self.session, leg: self.leg, digit: press.key, duration: press.duration });
        }
        if matches!(self.life, Life::Expected { until } if until <= now) {
            self.life = Life::TimedOut;
            turn.reports.push(Report::TimedOut { session: self.session, leg: self.leg });
        }
        if self.reporter.deadline() <= now {
            self.send_report(false, now, rng, turn);
        }
        if self.quality.deadline() <= now {
            self.end_part(now, turn);
        }
    }

    /// Sends our report, the last one with BYE. RTCP flows whatever the direction of the media (RFC 3264 §5.1).
    fn send_report(&mut self, goodbye: bool, now: Instant, rng: &mut Rng, turn: &mut Turn) {
        let (component, destination) = match &self.parameters {
            None => (Component::Rtcp, None),
            Some(parameters) if parameters.rtcp_mux => (Component::Rtp, Some(self.rtp_latch.destination(parameters.remote_rtcp))),
            Some(parameters) => (Component::Rtcp, Some(self.rtcp_latch.destination(parameters.remote_rtcp))),
        };
        let Some(destination) = destination.filter(|destination| is_reachable(*destination)) else {
            self.reporter.postpone(now, rng);
            return;
        };
        let wanted = self.extended_report(now);
        let (sent, received) = (self.outbound.sent(now), self.receiver.report());
        let (reporter, outbound) = (&mut self.reporter, &mut self.outbound);
        turn.send((self.leg, self.tag), component, destination, |out| {
            let start = out.len();
            if goodbye {
                reporter.goodbye(sent, received, now, out);
            } else {
                reporter.report_extended(sent, received, &wanted, now, rng, out);
            }
            outbound.seal_report(start, out);
        });
    }

    /// The leg goes: what was announced ends, the other side is told, what was counted is reported.
    pub fn release(&mut self, now: Instant, rng: &mut Rng, turn: &mut Turn) {
        let mut ended = Vec::new();
        self.player.stop(&mut ended);
        self.report_ended(&mut ended, turn);
        if self.outbound.sent(now).packets > 0 {
            self.send_report(true, now, rng, turn);
        }
        self.end_part(now, turn);
        turn.reports.push(Report::Statistics { session: self.session, leg: self.leg, statistics: self.statistics(now) });
        turn.released.push(self.leg);
    }

    pub fn report_ended(&self, tokens: &mut Vec<u64>, turn: &mut Turn) {
        for token in tokens.drain(..) {
            turn.reports.push(Report::AnnouncementEnded { session: self.session, leg: self.leg, token });
        }
    }

    fn statistics(&self, now: Instant) -> StreamStatistics {
        let sent = self.outbound.sent(now);
        StreamStatistics {
            packets_received: self.counted.packets,
            octets_received: self.counted.octets,
            packets_sent: sent.packets,
            octets_sent: sent.octets,
            packets_lost: self.receiver.lost(),
            jitter_ms: self.receiver.jitter_ms(),
            packets_refused: self.counted.refused,
            packets_malformed: self.counted.malformed,
            packets_unauthentic: self.counted.unauthentic,
        }
    }
}

/// Whether it is RTP of the leg's codec.
fn is_sound(bytes: &[u8], parameters: &StreamParameters) -> bool {
    Packet::read(bytes).is_ok_and(|packet| packet.header.payload_type == parameters.receive_payload_type)
}

/// The old way to hold, 0.0.0.0, and port 0 are no destinations.
fn is_reachable(destination: SocketAddr) -> bool {
    !destination.ip().is_unspecified() && destination.port() != 0
}
