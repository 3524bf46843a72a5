//! From samples to payload, one frame of 20 ms at a time.

use audiopus::coder::Encoder as Opus;
use audiopus::{Application, Bandwidth, Bitrate, Channels, SampleRate, Signal};

use super::frame::Rate;
use super::g711::Law;
use super::g722;
use super::resample::{DOWN_DELAY, Downsampler, UP_DELAY, Upsampler};
use crate::base::{Codec, OpusWishes};

/// `OPUS_SET_DTX` of opus_defines.h, which audiopus has no word for.
const OPUS_SET_DTX: i32 = 4016;
/// A packet of Opus this short says nothing and need not be sent (RFC 7587 §3.1.3).
const OPUS_RESTS: usize = 2;
/// Room for one Opus frame; 24 kb/s takes 60 bytes, 510 kb/s would take 1,275 (RFC 6716 §3.2.1).
const OPUS_FRAME_MAX: usize = 1_275;

/// How Opus encodes. The default is telephone speech at a moderate cost: about 48 µs a frame at 8 kHz, 91 µs at 16 kHz.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpusSettings {
    /// Bits a second, 6,000 to 510,000.
    pub bitrate: i32,
    /// 0 to 10.
    pub complexity: u8,
    /// In-band forward error correction: each packet carries a coarse copy of the one before.
    pub fec: bool,
    /// What the sender is to expect to be lost, 0 to 100; FEC needs more than 0.
    pub expected_loss_percent: u8,
    /// Silence is not sent.
    pub dtx: bool,
    /// All packets of one size.
    pub constant_rate: bool,
    /// Nothing above half of this many Hz is coded.
    pub playback_rate_max: u32,
}

impl Default for OpusSettings {
    fn default() -> Self {
        Self {
            bitrate: 24_000,
            complexity: 5,
            fec: false,
            expected_loss_percent: 0,
            dtx: false,
            constant_rate: false,
            playback_rate_max: 48_000,
        }
    }
}

impl OpusSettings {
    /// These, as far as the one who hears wishes it otherwise.
    #[must_use]
    pub fn wished(self, wishes: OpusWishes) -> Self {
        let most = wishes.bit_rate_max.map_or(i32::MAX, |most| i32::try_from(most).unwrap_or(i32::MAX));
        Self {
            bitrate: self.bitrate.min(most),
            fec: wishes.fec,
            dtx: wishes.dtx,
            constant_rate: wishes.constant_rate,
            playback_rate_max: wishes.playback_rate_max,
            ..self
        }
    }
}

/// One stream's encoder.
#[derive(Debug)]
pub struct Encoder {
    rate: Rate,
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    G711 { law: Law, down: Downsampler, narrow: Vec<i16> },
    G722 { coder: g722::Encoder, up: Upsampler, wide: Vec<i16> },
    Opus(Opus),
}

impl Encoder {
    /// An encoder for mono frames of `rate`; Opus with its default settings.
    ///
    /// # Panics
    /// When libopus cannot allocate its state.
    #[must_use]
    pub fn new(codec: Codec, rate: Rate) -> Self {
        match codec {
            Codec::Pcma => Self::with_g711(Law::A, rate),
            Codec::Pcmu => Self::with_g711(Law::Mu, rate),
            Codec::G722 => {
                let inner = Inner::G722 { coder: g722::Encoder::new(), up: Upsampler::new(), wide: Vec::with_capacity(320) };
                Self { rate, inner }
            }
            Codec::Opus => Self::with_opus(rate, OpusSettings::default()),
        }
    }

    fn with_g711(law: Law, rate: Rate) -> Self {
        Self { rate, inner: Inner::G711 { law, down: Downsampler::new(), narrow: Vec::with_capacity(160) } }
    }

    /// An Opus encoder; settings out of range are brought to the nearest that Opus takes.
    ///
    /// # Panics
    /// When libopus cannot allocate its state.
    #[must_use]
    pub fn with_opus(rate: Rate, settings: OpusSettings) -> Self {
        let hz = match rate {
            Rate::Hz8000 => SampleRate::Hz8000,
            Rate::Hz16000 => SampleRate::Hz16000,
        };
        let mut opus = Opus::new(hz, Channels::Mono, Application::Voip).expect("libopus allocates an encoder of a valid rate");
        let set = |result: audiopus::Result<()>| result.expect("libopus takes a setting within its range");
        set(opus.set_complexity(settings.complexity.min(10)));
        set(opus.set_inband_fec(settings.fec));
        set(opus.set_signal(Signal::Voice));
        set(opus.set_vbr(!settings.constant_rate));
        set(opus.set_encoder_ctl_request(OPUS_SET_DTX, i32::from(settings.dtx)));
        set(opus.set_max_bandwidth(match settings.playback_rate_max {
            0..12_000 => Bandwidth::Narrowband,
            12_000..16_000 => Bandwidth::Mediumband,
            16_000..24_000 => Bandwidth::Wideband,
            24_000..48_000 => Bandwidth::Superwideband,
            48_000.. => Bandwidth::Fullband,
        }));
        let mut encoder = Self { rate, inner: Inner::Opus(opus) };
        encoder.expect_loss(settings.expected_loss_percent, settings.bitrate);
        encoder
    }

    /// So much is lost on the way, in percent, and so many bits a second are to be spent. Nothing for G.711 and G.722, which know no choice.
    ///
    /// # Panics
    /// When libopus refuses what is within its range.
    pub fn expect_loss(&mut self, percent: u8, bitrate: i32) {
        let Inner::Opus(opus) = &mut self.inner else { return };
        let set = |result: audiopus::Result<()>| result.expect("libopus takes a setting within its range");
        set(opus.set_bitrate(Bitrate::BitsPerSecond(bitrate.clamp(6_000, 510_000))));
        set(opus.set_packet_loss_perc(percent.min(100)));
    }

    /// Whether a payload of this encoder stands for a silence that need not be sent.
    #[must_use]
    pub fn rests(&self, payload: &[u8]) -> bool {
        matches!(self.inner, Inner::Opus(_)) && payload.len() <= OPUS_RESTS
    }

    #[must_use]
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Samples by which what comes out is behind what goes in, as far as `follow` makes up for it.
    #[must_use]
    pub fn delay(&self) -> usize {
        match &self.inner {
            Inner::G711 { .. } if self.rate == Rate::Hz16000 => DOWN_DELAY,
            Inner::G711 { .. } => 0,
            Inner::G722 { .. } if self.rate == Rate::Hz8000 => (UP_DELAY + g722::DELAY) / 2,
            Inner::G722 { .. } => g722::DELAY,
            // 6.5 ms, of which libopus itself tells.
            Inner::Opus(opus) => opus.lookahead().map_or(0, |samples| samples as usize),
        }
    }

    /// Takes what its hearer heard before the next frame, so that it does not begin with silence; of Opus 20 ms of it, if there are as many.
    pub fn follow(&mut self, heard: &[i16]) {
        match &mut self.inner {
            Inner::G711 { down, narrow, .. } => {
                *down = Downsampler::new();
                narrow.clear();
                // Whole pairs: the next frame begins one.
                down.process(&heard[heard.len() % 2..], narrow);
            }
            Inner::G722 { coder, up, wide } => {
                (*coder, *up) = (g722::Encoder::new(), Upsampler::new());
                // Whole pairs: a byte stands for two.
                let heard = &heard[heard.len() % 2..];
                let heard = widened(self.rate, up, heard, wide);
                coder.encode(heard, &mut Vec::new());
            }
            Inner::Opus(opus) => {
                let frame = self.rate.samples_per_frame();
                if let Some(start) = heard.len().checked_sub(frame) {
                    // What comes out was heard already.
                    let _ = opus.encode(&heard[start..], &mut [0; OPUS_FRAME_MAX]);
                }
            }
        }
    }

    /// Appends the payload of one frame. Frames of G.711 and G.722 may be put one behind another for a longer packet; Opus frames may not.
    ///
    /// # Panics
    /// When `frame` is not 20 ms of the encoder's rate: the caller's mistake, never a peer's.
    pub fn encode(&mut self, frame: &[i16], payload: &mut Vec<u8>) {
        assert_eq!(frame.len(), self.rate.samples_per_frame(), "an encoder takes frames of 20 ms");
        match &mut self.inner {
            Inner::G711 { law, .. } if self.rate == Rate::Hz8000 => law.encode(frame, payload),
            Inner::G711 { law, down, narrow } => {
                narrow.clear();
                down.process(frame, narrow);
                law.encode(narrow, payload);
            }
            Inner::G722 { coder, up, wide } => coder.encode(widened(self.rate, up, frame, wide), payload),
            Inner::Opus(opus) => {
                let start = payload.len();
                payload.resize(start + OPUS_FRAME_MAX, 0);
                let length = opus.encode(frame, &mut payload[start..]).expect("libopus encodes a frame of a valid length");
                payload.truncate(start + length);
            }
        }
    }
}

/// The samples at 16 kHz; `wide` is room for them.
fn widened<'a>(rate: Rate, up: &mut Upsampler, samples: &'a [i16], wide: &'a mut Vec<i16>) -> &'a [i16] {
    match rate {
        Rate::Hz16000 => samples,
        Rate::Hz8000 => {
            wide.clear();
            up.process(samples, wide);
            wide
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_g711_frame_is_a_hundred_and_sixty_bytes_at_either_rate() {
        for rate in [Rate::Hz8000, Rate::Hz16000] {
            let mut payload = vec![7];
            let mut encoder = Encoder::new(Codec::Pcmu, rate);
            encoder.encode(&vec![0; rate.samples_per_frame()], &mut payload);
            encoder.encode(&vec![0; rate.samples_per_frame()], &mut payload);
            assert_eq!((payload.len(), payload[0], payload[320]), (321, 7, 0xFF), "appended");
        }
    }

    #[test]
    fn opus_keeps_to_its_bit_rate() {
        let mut encoder = Encoder::new(Codec::Opus, Rate::Hz16000);
        let mut payload = Vec::new();
        for start in 0..100 {
            let frame: Vec<i16> = (0..320).map(|n| (((start * 320 + n) * 7_919 % 20_011) - 10_000) as i16).collect();
            encoder.encode(&frame, &mut payload);
        }
        // Two seconds at 24 kb/s are 6,000 bytes.
        assert!((4_500..7_500).contains(&payload.len()), "{} bytes", payload.len());
    }

    /// Bytes of each of `frames` of noise that is bright up to 8 kHz, or of silence.
    fn sizes(settings: OpusSettings, silent: bool, frames: i32) -> Vec<usize> {
        let mut encoder = Encoder::with_opus(Rate::Hz16000, settings);
        let sample = |n: i32| if silent { 0 } else { ((n * 7_919 % 20_011) - 10_000) as i16 };
        let frame = |at: i32| (0..320).map(|n| sample(at * 320 + n)).collect::<Vec<i16>>();
        let coded = (0..frames).map(|at| {
            let mut payload = Vec::new();
            encoder.encode(&frame(at), &mut payload);
            assert_eq!(encoder.rests(&payload), payload.len() <= 2);
            payload.len()
        });
        coded.collect()
    }

    #[test]
    fn the_wishes_of_who_hears_are_kept() {
        let wished = |wishes: OpusWishes| OpusSettings::default().wished(wishes);
        let steady = sizes(wished(OpusWishes { constant_rate: true, ..OpusWishes::default() }), false, 50);
        assert!(steady[1..].iter().all(|size| *size == steady[1]), "{steady:?}");
        let few = sizes(wished(OpusWishes { bit_rate_max: Some(8_000), ..OpusWishes::default() }), false, 100);
        // Two seconds at 8 kb/s are 2,000 bytes.
        assert!((1_400..2_600).contains(&few.iter().sum::<usize>()), "{}", few.iter().sum::<usize>());
        let resting = sizes(wished(OpusWishes { dtx: true, ..OpusWishes::default() }), true, 100);
        assert!(resting.iter().filter(|size| **size <= 2).count() > 70, "{resting:?}");
        let awake = sizes(wished(OpusWishes::default()), true, 100);
        assert!(awake.iter().all(|size| *size > 2), "who did not wish it gets every packet: {awake:?}");

        // Who plays 8,000 samples a second gets no sound above 4 kHz.
        let narrow = wished(OpusWishes { playback_rate_max: 8_000, ..OpusWishes::default() });
        let mut encoder = Encoder::with_opus(Rate::Hz16000, narrow);
        let mut decoder = crate::audio::Decoder::new(Codec::Opus, Rate::Hz16000);
        let (mut said, mut heard) = (Vec::new(), Vec::new());
        for at in 0..50 {
            let frame: Vec<i16> = (0..320).map(|n| (8_000.0 * (f64::from(at * 320 + n) * 2.4).sin()) as i16).collect();
            let mut payload = Vec::new();
            encoder.encode(&frame, &mut payload);
            decoder.decode(&payload, &mut heard).expect("our own packet");
            said.extend(frame);
        }
        let loss = crate::audio::level::dbov(&said) - crate::audio::level::dbov(&heard[3_200..]);
        assert!(loss > 20.0, "6.1 kHz is left out: {loss} dB");
    }

    #[test]
    fn settings_out_of_range_are_brought_into_it() {
        let settings = OpusSettings { bitrate: 1, complexity: 99, fec: true, expected_loss_percent: 200, ..OpusSettings::default() };
        let mut payload = Vec::new();
        Encoder::with_opus(Rate::Hz8000, settings).encode(&[0; 160], &mut payload);
        assert!(!payload.is_empty());
    }
}
