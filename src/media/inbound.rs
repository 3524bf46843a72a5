//! The receiving half of a leg where its sound is decoded: jitter buffer, decoder, and the frame of each tick. Idle while the leg is
//! only relayed.

use crate::audio::{Decoder, FRAME, Rate};
use crate::base::{Codec, Instant};
use crate::rtp::{JitterBuffer, Next};

/// Takes room only while its sound is decoded.
#[derive(Debug, Default)]
pub struct Inbound {
    decoding: Option<Box<Decoding>>,
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
}

impl Inbound {
    /// Another source, codec or rate, or nobody wants to hear any more.
    pub fn reset(&mut self) {
        self.decoding = None;
    }

    pub fn push(&mut self, extended: u64, payload: &[u8], now: Instant) {
        self.decoding().buffer.push(extended, payload, now);
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
            Box::new(Decoding { buffer: JitterBuffer::new(), decoder: None, decoded, frame, heard: false, packet_samples: 0 })
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
                    if decoder.decode(payload, &mut self.decoded).is_err() {
                        decoder.conceal(packet_samples(self.packet_samples, wanted), &mut self.decoded);
                    } else {
                        self.packet_samples = self.decoded.len() - before;
                        self.buffer.set_packet_time(FRAME * self.packet_samples as u32 / wanted as u32);
                    }
                }
                Next::Lost => decoder.conceal(packet_samples(self.packet_samples, wanted), &mut self.decoded),
                Next::Starved => decoder.conceal(wanted - before, &mut self.decoded),
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

/// How much to make up for a packet: as long as the one before, a frame when none was.
fn packet_samples(last: usize, frame: usize) -> usize {
    if last == 0 { frame } else { last }
}
