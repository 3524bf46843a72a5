//! From payload to samples: G.711, G.722 and Opus at the session's rate, with what to play when a packet is missing.

use audiopus::coder::Decoder as Opus;
use audiopus::{Channels, SampleRate};

use super::conceal::Concealer;
use super::frame::Rate;
use super::g711::Law;
use super::g722;
use super::resample::{DOWN_DELAY, Downsampler, UP_DELAY, Upsampler};
use crate::base::Codec;

/// Longest packet taken, in milliseconds; also Opus' own limit (RFC 6716 §2.1.4).
pub const PACKET_MS_MAX: usize = 120;

/// The peer's payload cannot be sound. The stream goes on: treat the packet as lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DecodeError {
    /// No bytes at all.
    Empty,
    /// More than 120 ms.
    TooLong,
    /// Not a packet of this codec (RFC 6716 §3.4).
    Malformed,
}

/// One stream's decoder. G.711 holds 0.7 KB, G.722 2 KB, Opus about 18 KB.
#[derive(Debug)]
pub struct Decoder {
    rate: Rate,
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    G711(Box<G711>),
    G722(Box<G722>),
    Opus(Opus),
}

#[derive(Debug)]
struct G711 {
    law: Law,
    concealer: Concealer,
    up: Upsampler,
    /// Samples at 8 kHz on their way; kept for its room.
    narrow: Vec<i16>,
}

#[derive(Debug)]
struct G722 {
    coder: g722::Decoder,
    concealer: Concealer,
    down: Downsampler,
    /// Samples at 16 kHz on their way; kept for its room.
    wide: Vec<i16>,
}

impl Decoder {
    /// A decoder that gives mono samples at `rate`, whatever the stream carries: Opus decodes any bandwidth and stereo to it,
    /// G.711 is brought up to 16 kHz, G.722 down to 8.
    ///
    /// # Panics
    /// When libopus cannot allocate its state.
    #[must_use]
    pub fn new(codec: Codec, rate: Rate) -> Self {
        let g711 = |law| {
            Inner::G711(Box::new(G711 {
                law,
                concealer: Concealer::new(Rate::Hz8000),
                up: Upsampler::new(),
                narrow: Vec::with_capacity(PACKET_MS_MAX * 8),
            }))
        };
        let inner = match codec {
            Codec::Pcma => g711(Law::A),
            Codec::Pcmu => g711(Law::Mu),
            Codec::G722 => Inner::G722(Box::new(G722 {
                coder: g722::Decoder::new(),
                concealer: Concealer::new(Rate::Hz16000),
                down: Downsampler::new(),
                wide: Vec::with_capacity(PACKET_MS_MAX * 16),
            })),
            Codec::Opus => Inner::Opus(Opus::new(opus_rate(rate), Channels::Mono).expect("libopus allocates a decoder of a valid rate")),
        };
        Self { rate, inner }
    }

    /// Appends the samples of one packet of up to 120 ms. On an error nothing is appended.
    ///
    /// # Errors
    /// The payload is empty, too long or no packet of the codec.
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), DecodeError> {
        if payload.is_empty() {
            return Err(DecodeError::Empty);
        }
        match &mut self.inner {
            Inner::G711(g711) => {
                let G711 { law, concealer, up, narrow } = &mut **g711;
                if payload.len() > PACKET_MS_MAX * 8 {
                    return Err(DecodeError::TooLong);
                }
                narrow.clear();
                law.decode(payload, narrow);
                concealer.received(narrow);
                widen(self.rate, up, narrow, out);
                Ok(())
            }
            Inner::G722(g722) => {
                let G722 { coder, concealer, down, wide } = &mut **g722;
                if payload.len() > PACKET_MS_MAX * 8 {
                    return Err(DecodeError::TooLong);
                }
                wide.clear();
                coder.decode(payload, wide);
                concealer.received(wide);
                lower(self.rate, down, wide, out);
                Ok(())
            }
            Inner::Opus(opus) => decode_opus(opus, Some(payload), self.rate.samples_in_ms(PACKET_MS_MAX), false, out),
        }
    }

    /// Samples by which what is decoded is behind what was coded.
    #[must_use]
    pub fn delay(&self) -> usize {
        match &self.inner {
            Inner::G711(_) if self.rate == Rate::Hz16000 => UP_DELAY,
            Inner::G722(_) if self.rate == Rate::Hz16000 => g722::DELAY,
            Inner::G722(_) => (g722::DELAY + DOWN_DELAY) / 2,
            Inner::G711(_) | Inner::Opus(_) => 0,
        }
    }

    /// Appends `samples` samples at the decoder's rate for packets that did not come: the sound continued, fading.
    pub fn conceal(&mut self, samples: usize, out: &mut Vec<i16>) {
        match &mut self.inner {
            Inner::G711(g711) => {
                let G711 { concealer, up, narrow, .. } = &mut **g711;
                narrow.clear();
                let wanted = out.len() + samples;
                let lost = if self.rate == Rate::Hz8000 { samples } else { samples.div_ceil(2) };
                concealer.conceal(lost, narrow);
                widen(self.rate, up, narrow, out);
                out.truncate(wanted);
            }
            Inner::G722(g722) => {
                let G722 { concealer, down, wide, .. } = &mut **g722;
                wide.clear();
                let lost = if self.rate == Rate::Hz16000 { samples } else { samples * 2 };
                concealer.conceal(lost, wide);
                lower(self.rate, down, wide, out);
            }
            Inner::Opus(opus) => conceal_opus(opus, self.rate, samples, out),
        }
    }

    /// As `conceal`, when the packet after the lost ones is already here: Opus finds the last lost frame inside it if its sender uses
    /// forward error correction (RFC 6716 §2.1.7). `next` must then still be decoded.
    pub fn conceal_before(&mut self, next: &[u8], samples: usize, out: &mut Vec<i16>) {
        let Inner::Opus(opus) = &mut self.inner else { return self.conceal(samples, out) };
        let wanted = out.len() + samples;
        let frame = audiopus::packet::nb_samples(next, opus_rate(self.rate)).unwrap_or(0);
        let by_fec = frame.min(samples);
        conceal_opus(opus, self.rate, samples - by_fec, out);
        if by_fec == 0 || by_fec < frame || decode_opus(opus, Some(next), frame, true, out).is_err() {
            conceal_opus(opus, self.rate, wanted - out.len(), out);
        }
        out.resize(wanted, 0);
    }
}

fn opus_rate(rate: Rate) -> SampleRate {
    match rate {
        Rate::Hz8000 => SampleRate::Hz8000,
        Rate::Hz16000 => SampleRate::Hz16000,
    }
}

fn widen(rate: Rate, up: &mut Upsampler, narrow: &[i16], out: &mut Vec<i16>) {
    match rate {
        Rate::Hz8000 => out.extend_from_slice(narrow),
        Rate::Hz16000 => up.process(narrow, out),
    }
}

fn lower(rate: Rate, down: &mut Downsampler, wide: &[i16], out: &mut Vec<i16>) {
    match rate {
        Rate::Hz8000 => down.process(wide, out),
        Rate::Hz16000 => out.extend_from_slice(wide),
    }
}

/// Appends up to `room` samples; with no payload, exactly `room` samples of concealment.
fn decode_opus(opus: &mut Opus, payload: Option<&[u8]>, room: usize, fec: bool, out: &mut Vec<i16>) -> Result<(), DecodeError> {
    let start = out.len();
    out.resize(start + room, 0);
    let decoded = opus.decode(payload, &mut out[start..], fec);
    out.truncate(start + *decoded.as_ref().unwrap_or(&0));
    decoded.map(|_| ()).map_err(|_| DecodeError::Malformed)
}

fn conceal_opus(opus: &mut Opus, rate: Rate, samples: usize, out: &mut Vec<i16>) {
    let wanted = out.len() + samples;
    // libopus conceals whole multiples of 2.5 ms.
    let unit = rate.samples_in_ms(5) / 2;
    while out.len() < wanted {
        let piece = (wanted - out.len()).next_multiple_of(unit).min(rate.samples_per_frame());
        if decode_opus(opus, None, piece, false, out).is_err() {
            out.resize(wanted, 0);
        }
    }
    out.truncate(wanted);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::encoder::{Encoder, OpusSettings};
    use crate::audio::level::dbov;
    use crate::base::Rng;

    const BOTH: [Rate; 2] = [Rate::Hz8000, Rate::Hz16000];
    const ALL: [Codec; 4] = Codec::ALL;

    fn sine(rate: Rate, frames: usize) -> Vec<i16> {
        let step = 440.0 * std::f64::consts::TAU / f64::from(rate.hz());
        (0..frames * rate.samples_per_frame()).map(|n| (8_000.0 * (n as f64 * step).sin()) as i16).collect()
    }

    fn packets(codec: Codec, rate: Rate, frames: usize) -> Vec<Vec<u8>> {
        let mut encoder = Encoder::new(codec, rate);
        sine(rate, frames)
            .chunks(rate.samples_per_frame())
            .map(|frame| {
                let mut payload = Vec::new();
                encoder.encode(frame, &mut payload);
                payload
            })
            .collect()
    }

    #[test]
    fn every_codec_brings_a_voice_across_at_either_rate() {
        for codec in ALL {
            for (from, to) in BOTH.into_iter().flat_map(|from| BOTH.map(|to| (from, to))) {
                let mut decoder = Decoder::new(codec, to);
                let mut out = Vec::new();
                for packet in packets(codec, from, 50) {
                    decoder.decode(&packet, &mut out).expect("our own packet");
                }
                assert_eq!(out.len(), 50 * to.samples_per_frame());
                let level = dbov(&out[out.len() / 2..]) - dbov(&sine(to, 50));
                assert!(level.abs() < 1.0, "{codec} {from:?} to {to:?}: {level} dB");
            }
        }
    }

    #[test]
    fn packets_of_ten_to_a_hundred_and_twenty_milliseconds_are_taken() {
        for ms in [10, 20, 30, 60, 120] {
            for rate in BOTH {
                let mut out = Vec::new();
                Decoder::new(Codec::Pcma, rate).decode(&vec![0xD5; ms * 8], &mut out).expect("a packet");
                assert_eq!(out.len(), rate.samples_in_ms(ms));
            }
        }
        assert_eq!(Decoder::new(Codec::Pcmu, Rate::Hz8000).decode(&[0xFF; 961], &mut Vec::new()), Err(DecodeError::TooLong));
        // RFC 6716 §3.2.5: a code 3 packet may hold six frames of 20 ms; here each is empty (DTX).
        let mut out = Vec::new();
        Decoder::new(Codec::Opus, Rate::Hz16000).decode(&[(9 << 3) | 3, 6], &mut out).expect("six frames of 20 ms");
        assert_eq!(out.len(), 1_920);
    }

    #[test]
    fn what_is_no_packet_leaves_nothing_behind() {
        for codec in ALL {
            assert_eq!(Decoder::new(codec, Rate::Hz8000).decode(&[], &mut Vec::new()), Err(DecodeError::Empty));
        }
        let mut out = vec![1, 2, 3];
        // RFC 6716 §3.4 [R5]: a code 3 packet of more than 120 ms; [R2]: a code 1 packet of odd length; code 3 without its count.
        for payload in [&[(9 << 3) | 3, 7][..], &[(9 << 3) | 1, 0], &[(9 << 3) | 3]] {
            let result = Decoder::new(Codec::Opus, Rate::Hz8000).decode(payload, &mut out);
            assert_eq!(result, Err(DecodeError::Malformed), "{payload:?}");
            assert_eq!(out, [1, 2, 3]);
        }
    }

    #[test]
    fn no_payload_can_bring_a_decoder_down() {
        let mut rng = Rng::new(5);
        for codec in ALL {
            let mut decoder = Decoder::new(codec, Rate::Hz16000);
            let mut out = Vec::new();
            for _ in 0..2_000 {
                let payload: Vec<u8> = (0..rng.below(300)).map(|_| rng.next_u32() as u8).collect();
                out.clear();
                if rng.one_in(8) {
                    decoder.conceal_before(&payload, 320, &mut out);
                    assert_eq!(out.len(), 320);
                } else if decoder.decode(&payload, &mut out).is_err() {
                    assert!(out.is_empty());
                }
                assert!(out.len() <= Rate::Hz16000.samples_in_ms(PACKET_MS_MAX));
            }
        }
    }

    #[test]
    fn a_lost_packet_is_as_long_as_asked_and_not_silent() {
        for codec in ALL {
            for rate in BOTH {
                let mut decoder = Decoder::new(codec, rate);
                let mut out = Vec::new();
                for packet in packets(codec, rate, 20) {
                    decoder.decode(&packet, &mut out).expect("our own packet");
                }
                for samples in [rate.samples_per_frame(), 33, 1, 0, 3 * rate.samples_per_frame()] {
                    out.clear();
                    decoder.conceal(samples, &mut out);
                    assert_eq!(out.len(), samples, "{codec} {rate:?}");
                    if samples == rate.samples_per_frame() {
                        assert!(dbov(&out) > dbov(&sine(rate, 1)) - 12.0, "{codec} {rate:?}: {}", dbov(&out));
                    }
                }
            }
        }
    }

    #[test]
    fn the_next_packet_gives_back_what_was_lost_when_its_sender_guards_it() {
        // What is lost is the onset of a voice: nothing but the copy in the next packet can know it.
        let heard_with = |fec: bool| {
            let settings = OpusSettings { fec, expected_loss_percent: 20, ..OpusSettings::default() };
            let mut encoder = Encoder::with_opus(Rate::Hz16000, settings);
            let mut sound = vec![0_i16; 320 * 10];
            sound.extend(voice_like(320 * 3));
            let mut packets = Vec::new();
            for frame in sound.chunks(320) {
                let mut payload = Vec::new();
                encoder.encode(frame, &mut payload);
                packets.push(payload);
            }
            let mut decoder = Decoder::new(Codec::Opus, Rate::Hz16000);
            let mut out = Vec::new();
            for packet in &packets[..11] {
                decoder.decode(packet, &mut out).expect("our own packet");
            }
            out.clear();
            decoder.conceal_before(&packets[12], 320, &mut out);
            assert_eq!(out.len(), 320);
            let truth: Vec<i16> = voice_like(640)[320 - 104..640 - 104].to_vec();
            let error: Vec<i16> = out.iter().zip(&truth).map(|(got, want)| got.saturating_sub(*want)).collect();
            dbov(&truth) - dbov(&error)
        };
        let (with, without) = (heard_with(true), heard_with(false));
        assert!(with > without + 3.0, "signal to error {with} dB with correction, {without} dB without");
    }

    fn voice_like(samples: usize) -> Vec<i16> {
        let wave = |n: usize, hz: f64| (n as f64 * hz / 16_000.0 * std::f64::consts::TAU).sin();
        (0..samples).map(|n| (1..20).map(|h| 4_000.0 / f64::from(h) * wave(n, 130.0 * f64::from(h))).sum::<f64>() as i16).collect()
    }
}
