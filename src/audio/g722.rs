//! G.722 at 64 kb/s: 7 kHz of sound in two bands, one byte for two samples at 16 kHz. The arithmetic is audio-codec's.

use std::fmt;

use audio_codec::g722::{G722Decoder, G722Encoder};

/// Samples at 16 kHz by which each half of the band filter is late; 22 on the way through both.
pub const DELAY: usize = 11;

/// From samples to bytes.
pub struct Encoder(Box<G722Encoder>);

/// From bytes to samples. Any byte is sound: a stream that lost some finds back by itself within 20 ms or so.
pub struct Decoder(Box<G722Decoder>);

impl Encoder {
    #[must_use]
    pub fn new() -> Self {
        Self(Box::new(G722Encoder::new()))
    }

    /// Appends one byte for each two of `samples`, whose number is even.
    ///
    /// # Panics
    /// When it is odd: the caller's mistake, never a peer's.
    pub fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        use audio_codec::Encoder;
        assert!(samples.len().is_multiple_of(2), "a byte of G.722 stands for two samples");
        let start = payload.len();
        payload.resize(start + samples.len() / 2, 0);
        let written = self.0.encode_into(samples, &mut payload[start..]).expect("a byte for two samples is all that G.722 takes");
        payload.truncate(start + written);
    }
}

impl Decoder {
    #[must_use]
    pub fn new() -> Self {
        Self(Box::new(G722Decoder::new()))
    }

    /// Appends two samples for each byte.
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) {
        let start = out.len();
        out.resize(start + payload.len() * 2, 0);
        let written = self.0.decode_frame_into(payload, &mut out[start..]).expect("two samples for a byte is all that G.722 gives");
        out.truncate(start + written);
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;

    /// A second of a vowel of 130 Hz whose pitch glides, with an overtone at 6 kHz that no telephone of 8 kHz would carry.
    fn vowel() -> Vec<i16> {
        let mut phase = 0.0_f64;
        (0..16_000)
            .map(|n| {
                phase += (130.0 + 30.0 * (f64::from(n) / 16_000.0)) / 16_000.0 * std::f64::consts::TAU;
                let voiced: f64 = (1..=20).map(|harmonic| 3_000.0 / f64::from(harmonic) * (phase * f64::from(harmonic)).sin()).sum();
                (voiced + 800.0 * (f64::from(n) * 6_000.0 / 16_000.0 * std::f64::consts::TAU).sin()).round() as i16
            })
            .collect()
    }

    /// Signal to error in dB, `late` samples later.
    fn clearness(said: &[i16], heard: &[i16], late: usize) -> f64 {
        let pairs = || said.iter().zip(&heard[late..]).skip(320);
        let power: f64 = pairs().map(|(said, _)| f64::from(*said).powi(2)).sum();
        let error: f64 = pairs().map(|(said, heard)| (f64::from(*said) - f64::from(*heard)).powi(2)).sum();
        10.0 * (power / error).log10()
    }

    #[test]
    fn what_is_coded_sounds_like_what_was_said() {
        let (mut payload, mut heard) = (Vec::new(), Vec::new());
        Encoder::new().encode(&vowel(), &mut payload);
        assert_eq!(payload.len(), 8_000, "64 kb/s");
        Decoder::new().decode(&payload, &mut heard);
        let clear = clearness(&vowel(), &heard, 2 * DELAY);
        assert!(clear > 20.0, "{clear} dB");
    }

    /// `ffmpeg -f s16le -ar 16000 -i vowel.raw -c:a g722 -f g722 vowel.g722` of this very vowel.
    #[test]
    fn a_stream_of_another_maker_is_understood() {
        let mut heard = Vec::new();
        Decoder::new().decode(include_bytes!("../../tests/fixtures/g722/vowel-ffmpeg.g722"), &mut heard);
        let clear = clearness(&vowel(), &heard, 2 * DELAY);
        assert!(clear > 20.0, "{clear} dB");
    }

    /// The bytes that `ffmpeg -f g722 -i …` gave back as `vowel-ffmpeg.raw`: another maker understands ours as we do.
    #[test]
    fn another_maker_hears_what_we_hear() {
        let mut payload = Vec::new();
        Encoder::new().encode(&vowel(), &mut payload);
        let known: &[u8] = include_bytes!("../../tests/fixtures/g722/vowel.g722");
        assert!(payload == known, "the stream that another maker was given is the one that we make");
        let theirs: Vec<i16> = include_bytes!("../../tests/fixtures/g722/vowel-heard-by-ffmpeg.raw")
            .chunks_exact(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        let mut ours = Vec::new();
        Decoder::new().decode(&payload, &mut ours);
        assert_eq!(ours.len(), theirs.len());
        let furthest = ours.iter().zip(&theirs).map(|(ours, theirs)| ours.abs_diff(*theirs)).max();
        assert!(furthest <= Some(32), "{furthest:?}");
    }

    #[test]
    fn no_bytes_and_no_samples_bring_it_down() {
        let mut rng = Rng::new(3);
        let (mut encoder, mut decoder, mut payload, mut out) = (Encoder::new(), Decoder::new(), Vec::new(), Vec::new());
        for round in 0..400_u32 {
            let bytes: Vec<u8> = (0..160).map(|n| [rng.next_u32() as u8, 0, 0xFF, [0x80, 0x7F][n % 2]][round as usize % 4]).collect();
            let extreme = |rng: &mut Rng| if rng.one_in(2) { i16::MIN } else { i16::MAX };
            let samples: Vec<i16> = (0..320).map(|_| if round % 2 == 0 { extreme(&mut rng) } else { rng.next_u32() as i16 }).collect();
            payload.clear();
            out.clear();
            encoder.encode(&samples, &mut payload);
            decoder.decode(&bytes, &mut out);
            assert_eq!((payload.len(), out.len()), (160, 320));
        }
    }
}
