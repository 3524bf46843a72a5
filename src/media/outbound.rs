//! The sending half of a leg: our one stream towards it, made of its party's packets, its party's keys, and our own frames; sealed on its
//! way out where the leg is encrypted.

use super::changeover::Joint;
use super::control::StreamParameters;
use super::loss::LossControl;
use super::turn::{Component, Turn};
use crate::audio::{Encoder, OpusSettings, Rate};
use crate::base::srtp::{MasterKey, Suite};
use crate::base::{Codec, Duration, Instant, LegId, OpusWishes, Rng, time::millis};
use crate::rtp::rtcp::Sent;
use crate::rtp::sender::Relayed;
use crate::rtp::{Event, Header, Sender, srtp};
use std::net::SocketAddr;

/// While a party presses a key its sound is held back (RFC 4733 §2.5.1.2: no audio beside the event), until this long after its last
/// packet.
const EVENT_HOLDS: Duration = millis(60);

#[derive(Debug)]
pub struct Outbound {
    sender: Sender,
    encoder: Option<(Codec, Rate, Encoder)>,
    opus: OpusSettings,
    /// What the leg wishes of it.
    wishes: OpusWishes,
    loss: LossControl,
    /// Encoded frames of a packet longer than one frame.
    pending: Vec<u8>,
    /// The last packet of our own.
    sent: Vec<u8>,
    pending_frames: u16,
    event_holds_until: Instant,
    /// Seals what goes out.
    srtp: Option<Box<Sealing>>,
    /// With the keys that were given up, the latest last: one that comes again goes on with its count.
    laid_by: Vec<Sealing>,
}

#[derive(Debug)]
struct Sealing {
    key: MasterKey,
    context: srtp::Outbound,
    /// What the stream's roll-over counter was when its key began: the other side counts from there.
    counter_before: u64,
}

/// Where to, and as what.
#[derive(Clone, Copy, Debug)]
pub struct Towards<'a> {
    pub leg: LegId,
    pub tag: u32,
    pub destination: SocketAddr,
    pub parameters: &'a StreamParameters,
}

impl Outbound {
    #[must_use]
    pub fn new(opus: OpusSettings, since: Instant, rng: &mut Rng) -> Self {
        Self {
            sender: Sender::new(8_000, 0, since, rng),
            encoder: None,
            opus,
            wishes: OpusWishes::default(),
            loss: LossControl::new(opus.bitrate, None),
            pending: Vec::new(),
            sent: Vec::new(),
            pending_frames: 0,
            event_holds_until: Instant::START,
            srtp: None,
            laid_by: Vec::new(),
        }
    }

    /// From now on what goes out is sealed with `key`, or not. `reports`: how many reports may have gone out under it before.
    pub fn set_key(&mut self, key: Option<&MasterKey>, reports: u32) {
        if let Some(sealing) = self.srtp.take() {
            // A leg has one key of each suite.
            if self.laid_by.len() == Suite::ALL.len() {
                self.laid_by.remove(0);
            }
            self.laid_by.push(*sealing);
        }
        let Some(key) = key else { return };
        // RFC 3711 §9.1: no number twice under one key.
        let known = self.laid_by.iter().position(|sealing| sealing.key == *key).map(|place| self.laid_by.remove(place));
        let sealing = known.unwrap_or_else(|| {
            let counter_before = self.sender.highest() >> 16;
            Sealing { key: key.clone(), context: srtp::Outbound::new(key, reports), counter_before }
        });
        self.srtp = Some(Box::new(sealing));
    }

    /// The leg had its key before a restart, from its beginning: our count begins there.
    pub fn resume_key(&mut self) {
        if let Some(sealing) = &mut self.srtp {
            sealing.counter_before = Sender::FIRST_COUNTER;
        }
    }

    /// The stream was begun before a restart.
    pub fn resume(&mut self, now: Instant) {
        self.sender.resume(now);
    }

    pub fn set_format(&mut self, parameters: &StreamParameters) {
        if self.encoder.as_ref().is_some_and(|(codec, ..)| *codec != parameters.codec) {
            // Half a packet of another codec is nothing that could be sent.
            self.pending.clear();
            self.pending_frames = 0;
        }
        if self.wishes != parameters.opus {
            self.wishes = parameters.opus;
            self.loss = LossControl::new(self.opus.wished(self.wishes).bitrate, self.wishes.bit_rate_max);
            self.encoder = None;
        }
        self.sender.set_format(parameters.codec.clock_rate(), parameters.send_payload_type);
    }

    /// The leg tells what share of our packets it lost, 0.0 to 1.0.
    pub fn note_loss(&mut self, share: f32) {
        if self.loss.note(share)
            && let Some((Codec::Opus, _, encoder)) = &mut self.encoder
        {
            encoder.expect_loss(self.loss.percent(), self.loss.bitrate());
        }
    }

    /// Relays a party's packet: the payload as it is, the header ours.
    pub fn relay(&mut self, packet: Relayed, payload: &[u8], towards: Towards<'_>, now: Instant, turn: &mut Turn) {
        self.relay_as(towards.parameters.send_payload_type, packet, payload, towards, now, turn);
    }

    /// The same, as what is no sound of the codec's own.
    pub fn relay_as(&mut self, payload_type: u8, packet: Relayed, payload: &[u8], towards: Towards<'_>, now: Instant, turn: &mut Turn) {
        let Some(mut header) = self.sender.relay(packet, now) else { return };
        header.payload_type = payload_type;
        self.send(header, payload, towards, turn);
    }

    /// Relays a packet of a party's key, brought from its clock to the leg's.
    pub fn relay_event(&mut self, packet: Relayed, event: Event, clock_rate: u32, towards: Towards<'_>, now: Instant, turn: &mut Turn) {
        let Some(payload_type) = towards.parameters.send_event_type else { return self.sender.withhold(packet) };
        self.flush(towards, now, turn);
        let Some(header) = self.sender.event(packet, payload_type, now) else { return };
        self.event_holds_until = now + EVENT_HOLDS;
        let payload = event.at_clock(clock_rate, towards.parameters.event_clock()).write();
        self.send(header, &payload, towards, turn);
    }

    /// A packet of the party's that the leg does not get, and must not miss.
    pub fn withhold(&mut self, packet: Relayed) {
        self.sender.withhold(packet);
    }

    /// Whether the party's sound gives way to a key it presses.
    #[must_use]
    pub fn is_held_by_event(&self, now: Instant) -> bool {
        now < self.event_holds_until
    }

    /// Sends 20 ms of sound at `rate`, when a packet is full. `joint`: what was heard before it, if that came another way.
    pub fn send_frame(
        &mut self,
        frame: &mut [i16],
        rate: Rate,
        mut joint: Option<Box<Joint>>,
        towards: Towards<'_>,
        now: Instant,
        turn: &mut Turn,
    ) {
        let codec = towards.parameters.codec;
        let opus =
            OpusSettings { bitrate: self.loss.bitrate(), expected_loss_percent: self.loss.percent(), ..self.opus.wished(self.wishes) };
        let encoder = match &mut self.encoder {
            Some((of, at, encoder)) if (*of, *at) == (codec, rate) => encoder,
            slot => {
                // The session works at another rate from now on, and filters begin anew: the hearer is not to notice.
                if slot.as_ref().is_some_and(|(of, at, _)| *of == codec && *at != rate) {
                    joint = joint.or_else(|| Some(Box::new(Joint::after(codec, rate, &self.sent))));
                }
                let encoder = if codec == Codec::Opus { Encoder::with_opus(rate, opus) } else { Encoder::new(codec, rate) };
                &mut slot.insert((codec, rate, encoder)).2
            }
        };
        if let Some(joint) = joint {
            joint.join(encoder, frame);
        }
        encoder.encode(frame, &mut self.pending);
        if self.wishes.dtx && encoder.rests(&self.pending) {
            self.pending.clear();
            return;
        }
        self.pending_frames += 1;
        // Opus frames cannot be put one behind another: they go out each for itself.
        let frames = if codec == Codec::Opus { 1 } else { (towards.parameters.ptime / 20).clamp(1, 6) };
        if self.pending_frames >= frames {
            self.flush(towards, now, turn);
        }
    }

    /// Sends what waits for its packet to be full.
    pub fn flush(&mut self, towards: Towards<'_>, now: Instant, turn: &mut Turn) {
        if self.pending_frames == 0 {
            return;
        }
        let ticks = towards.parameters.codec.clock_rate() / 50 * u32::from(self.pending_frames);
        let header = self.sender.originate(ticks, now);
        let pending = std::mem::take(&mut self.pending);
        self.send(header, &pending, towards, turn);
        self.pending = std::mem::replace(&mut self.sent, pending);
        self.pending.clear();
        self.pending_frames = 0;
    }

    fn send(&mut self, header: Header, payload: &[u8], towards: Towards<'_>, turn: &mut Turn) {
        self.sender.note_octets(payload.len());
        turn.send((towards.leg, towards.tag), Component::Rtp, towards.destination, |out| {
            let start = out.len();
            header.write(payload, out);
            if let Some(sealing) = &self.srtp {
                let counter = (self.sender.number_of(header.sequence) >> 16).wrapping_sub(sealing.counter_before);
                sealing.context.seal(counter as u32, start, out);
            }
        });
    }

    /// Seals the report that stands from `start` in `out`.
    pub fn seal_report(&mut self, start: usize, out: &mut Vec<u8>) {
        if let Some(sealing) = &mut self.srtp {
            sealing.context.seal_report(start, out);
        }
    }

    /// Something else is heard from now on.
    pub fn interrupt(&mut self) {
        self.sender.interrupt();
        self.sent.clear();
        self.pending.clear();
        self.pending_frames = 0;
    }

    #[must_use]
    pub fn ssrc(&self) -> u32 {
        self.sender.ssrc()
    }

    /// The number of the first packet of this program.
    #[must_use]
    pub fn first_number(&self) -> u16 {
        self.sender.first_number()
    }

    /// Numbers that were left out, since what is passed on never came.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.sender.skipped()
    }

    #[must_use]
    pub fn sent(&self, now: Instant) -> Sent {
        Sent {
            ssrc: self.sender.ssrc(),
            timestamp: self.sender.timestamp_at(now),
            packets: self.sender.packets(),
            octets: self.sender.octets(),
        }
    }
}
