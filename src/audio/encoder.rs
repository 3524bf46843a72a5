//! From samples to payload, one frame of 20 ms at a time.

use audiopus::coder::Encoder as Opus;
use audiopus::{Application, Bitrate, Channels, SampleRate, Signal};

use super::frame::Rate;
use super::g711::Law;
use super::resample::{DOWN_DELAY, Downsampler};
use crate::base::Codec;

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
}

impl Default for OpusSettings {
    fn default() -> Self {
        Self { bitrate: 24_000, complexity: 5, fec: false, expected_loss_percent: 0 }
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
        set(opus.set_bitrate(Bitrate::BitsPerSecond(settings.bitrate.clamp(6_000, 510_000))));
        set(opus.set_complexity(settings.complexity.min(10)));
        set(opus.set_inband_fec(settings.fec));
        set(opus.set_packet_loss_perc(settings.expected_loss_percent.min(100)));
        set(opus.set_signal(Signal::Voice));
        Self { rate, inner: Inner::Opus(opus) }
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
            Inner::Opus(opus) => {
                let frame = self.rate.samples_per_frame();
                if let Some(start) = heard.len().checked_sub(frame) {
                    // What comes out was heard already.
                    let _ = opus.encode(&heard[start..], &mut [0; OPUS_FRAME_MAX]);
                }
            }
        }
    }

    /// Appends the payload of one frame. G.711 frames may be put one behind another for a longer packet; Opus frames may not.
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
            Inner::Opus(opus) => {
                let start = payload.len();
                payload.resize(start + OPUS_FRAME_MAX, 0);
                let length = opus.encode(frame, &mut payload[start..]).expect("libopus encodes a frame of a valid length");
                payload.truncate(start + length);
            }
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

    #[test]
    fn settings_out_of_range_are_brought_into_it() {
        let settings = OpusSettings { bitrate: 1, complexity: 99, fec: true, expected_loss_percent: 200 };
        let mut payload = Vec::new();
        Encoder::with_opus(Rate::Hz8000, settings).encode(&[0; 160], &mut payload);
        assert!(!payload.is_empty());
    }
}
