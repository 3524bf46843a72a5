//! The receiving half of a leg where its sound is decoded: jitter buffer, decoder, what fills a pause, and the frame of each tick. Idle
//! while the leg is only relayed.

use crate::audio::comfort_noise::ComfortNoise;
use crate::audio::{Decoder, FRAME, Rate};
use crate::base::{Codec, Instant};
use crate::rtp::{JitterBuffer, Next};

/// A packet of Opus this short says that silence follows, of which it sends word about every 400 ms (RFC 7587 §3.1.3).
const OPUS_RESTS: usize = 2;
/// Ticks for which the decoder makes noise of its own after such a packet, when no further one comes: half as long again.
const RESTS_FOR: u16 = 30;
/// What is kept of a packet of comfort noise: the level and as many coefficients as are used.
const COMFORT_BYTES_MAX: usize = 16;

/// Takes room only while its sound is decoded.
#[derive(Debug, Default)]
pub struct Inbound {
    decoding: Option<Box<Decoding>>,
    /// Thrown away by buffers of before.
    discarded_before: u64,
    discarded_told: u64,
    /// Something was decoded since that was told.
    decoded: bool,
}

#[derive(Debug)]
struct Decoding {
    buffer: JitterBuffer,
    decoder: Option<(Codec, Rate, Decoder)>,
    /// Decoded and not yet heard.
    decoded: Vec<i16>,
    frame: Vec<i16>,
    heard: bool,
    /// Samples of the last packet, for the next that is lost.
    packet_samples: usize,
    comfort: Option<Box<Comfort>>,
    /// Ticks left in which Opus' own noise stands for a silence that its sender told.
    rests: u16,
}

/// A silence that the party told of (RFC 3389).
#[derive(Debug)]
struct Comfort {
    payload: Vec<u8>,
    noise: Option<(Codec, Rate, ComfortNoise)>,
    /// Sound came after it: the noise ends as soon as that is heard.
    is_over: bool,
}

impl Inbound {
    /// Another source, codec or rate, or nobody wants to hear any more.
    pub fn reset(&mut self) {
        self.discarded_before = self.discarded();
        self.decoding = None;
    }

    /// Packets that came and were not heard: too late, or more than the buffer may hold.
    #[must_use]
    pub fn discarded(&self) -> u64 {
        self.discarded_before + self.decoding.as_ref().map_or(0, |decoding| decoding.buffer.late() + decoding.buffer.discarded())
    }

    /// Of them those that were not told yet; `None` when nothing was decoded meanwhile.
    pub fn take_discarded(&mut self) -> Option<u64> {
        let all = self.discarded();
        let untold = all - std::mem::replace(&mut self.discarded_told, all);
        std::mem::take(&mut self.decoded).then_some(untold)
    }

    pub fn push(&mut self, extended: u64, payload: &[u8], now: Instant) {
        self.decoded = true;
        let decoding = self.decoding();
        decoding.buffer.push(extended, payload, now);
        if let Some(comfort) = &mut decoding.comfort {
            comfort.is_over = true;
        }
    }

    /// The party falls silent, and tells how its silence sounds.
    pub fn rest(&mut self, payload: &[u8]) {
        let payload = payload[..payload.len().min(COMFORT_BYTES_MAX)].to_vec();
        match &mut self.decoding().comfort {
            Some(comfort) => {
                (comfort.payload, comfort.is_over) = (payload, false);
                if let Some((.., noise)) = &mut comfort.noise {
                    noise.told(&comfort.payload);
                }
            }
            slot => *slot = Some(Box::new(Comfort { payload, noise: None, is_over: false })),
        }
    }

    /// Brings forth the frame of the tick at `now`; none before the first packet.
    pub fn tick(&mut self, codec: Codec, rate: Rate, now: Instant) {
        if let Some(decoding) = &mut self.decoding {
            decoding.tick(codec, rate, now);
        }
    }

    fn decoding(&mut self) -> &mut Decoding {
        self.decoding.get_or_insert_with(|| {
            let (decoded, frame) = (Vec::new(), Vec::new());
            let buffer = JitterBuffer::new();
            Box::new(Decoding { buffer, decoder: None, decoded, frame, heard: false, packet_samples: 0, comfort: None, rests: 0 })
        })
    }

    /// What the leg says in this tick; `None` when it says nothing.
    #[must_use]
    pub fn frame(&self) -> Option<&[i16]> {
        self.decoding.as_ref().filter(|decoding| decoding.heard).map(|decoding| &*decoding.frame)
    }

    /// What the leg says in this tick, silence included; empty before the first packet.
    #[must_use]
    pub fn frame_or_silence(&self) -> &[i16] {
        self.decoding.as_ref().map_or(&[], |decoding| &*decoding.frame)
    }
}

impl Decoding {
    fn tick(&mut self, codec: Codec, rate: Rate, now: Instant) {
        let wanted = rate.samples_per_frame();
        let decoder = match &mut self.decoder {
            Some((of, at, decoder)) if (*of, *at) == (codec, rate) => decoder,
            slot => {
                self.decoded.clear();
                self.packet_samples = 0;
                &mut slot.insert((codec, rate, Decoder::new(codec, rate))).2
            }
        };
        while self.decoded.len() < wanted {
            let before = self.decoded.len();
            match self.buffer.pull(now) {
                Next::Packet(payload) => {
                    if self.comfort.as_ref().is_some_and(|comfort| comfort.is_over) {
                        self.comfort = None;
                    }
                    self.rests = if codec == Codec::Opus && payload.len() <= OPUS_RESTS { RESTS_FOR } else { 0 };
                    if decoder.decode(payload, &mut self.decoded).is_err() {
                        decoder.conceal(packet_samples(self.packet_samples, wanted), &mut self.decoded);
                    } else {
                        self.packet_samples = self.decoded.len() - before;
                        self.buffer.set_packet_time(FRAME * self.packet_samples as u32 / wanted as u32);
                    }
                }
                Next::Lost => {
                    let lost = packet_samples(self.packet_samples, wanted);
                    match self.buffer.upcoming() {
                        Some(next) => decoder.conceal_before(next, lost, &mut self.decoded),
                        None => decoder.conceal(lost, &mut self.decoded),
                    }
                }
                Next::Starved | Next::Idle if self.comfort.is_some() => {
                    let comfort = self.comfort.as_mut().expect("asked for just now");
                    comfort.noise(codec, rate).sound(wanted - before, &mut self.decoded);
                }
                Next::Starved => decoder.conceal(wanted - before, &mut self.decoded),
                Next::Idle if self.rests > 0 => {
                    self.rests -= 1;
                    decoder.conceal(wanted - before, &mut self.decoded);
                }
                Next::Idle => break,
            }
        }
        self.heard = !self.decoded.is_empty();
        let ready = self.decoded.len().min(wanted);
        self.frame.clear();
        self.frame.extend(self.decoded.drain(..ready));
        self.frame.resize(wanted, 0);
    }
}

impl Comfort {
    /// The noise, of the codec and at the rate that are heard now.
    fn noise(&mut self, codec: Codec, rate: Rate) -> &mut ComfortNoise {
        let fits = self.noise.as_ref().is_some_and(|(of, at, _)| (*of, *at) == (codec, rate));
        if !fits {
            let mut noise = ComfortNoise::new(codec, rate);
            noise.told(&self.payload);
            self.noise = Some((codec, rate, noise));
        }
        &mut self.noise.as_mut().expect("made just now").2
    }
}

/// How much to make up for a packet: as long as the one before, a frame when none was.
fn packet_samples(last: usize, frame: usize) -> usize {
    if last == 0 { frame } else { last }
}
