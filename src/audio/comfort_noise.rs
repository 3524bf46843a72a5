//! Comfort noise (RFC 3389): what a hearer gets while a party that suppresses silence says nothing, in the loudness and the colour that
//! its last packet of comfort noise told. Silence itself sounds like a dead line.

use super::frame::Rate;
use super::resample::{Downsampler, Upsampler};
use crate::base::{Codec, Rng};

/// Reflection coefficients that are taken; senders have up to ten.
const ORDER_MAX: usize = 12;
/// No party's room is louder, whatever a packet says, in dBov.
const LEVEL_MAX: f32 = -25.0;

/// Noise without end.
#[derive(Clone, Debug)]
pub struct ComfortNoise {
    /// The rate of the codec that it stands in for, at which its colour was told.
    told: Rate,
    /// The rate at which it is heard.
    heard: Rate,
    gain: f32,
    colour: [f32; ORDER_MAX],
    order: usize,
    /// The lattice filter's memory.
    back: [f32; ORDER_MAX + 1],
    rng: Rng,
    up: Upsampler,
    down: Downsampler,
    scratch: Vec<i16>,
}

impl ComfortNoise {
    /// Silence, until a packet tells of noise. `codec` is the one whose pauses it fills.
    #[must_use]
    pub fn new(codec: Codec, heard: Rate) -> Self {
        let told = if codec.is_wideband() { Rate::Hz16000 } else { Rate::Hz8000 };
        Self {
            told,
            heard,
            gain: 0.0,
            colour: [0.0; ORDER_MAX],
            order: 0,
            back: [0.0; ORDER_MAX + 1],
            rng: Rng::new(0x0C0_FFEE),
            up: Upsampler::new(),
            down: Downsampler::new(),
            scratch: Vec::new(),
        }
    }

    /// Takes the payload of a packet: the level in −dBov, then reflection coefficients (RFC 3389 §3); an empty one changes nothing.
    pub fn told(&mut self, payload: &[u8]) {
        let Some((level, colour)) = payload.split_first() else { return };
        let level = (-f32::from(level & 0x7F)).min(LEVEL_MAX);
        self.order = colour.len().min(ORDER_MAX);
        let mut left = 1.0;
        for (coefficient, byte) in self.colour.iter_mut().zip(colour) {
            // RFC 3389 §3.2: 0 to 254 for −1 to 1, both left out; 255 is nobody's.
            *coefficient = (258.0 * (f32::from(*byte).min(254.0) - 127.0)) / 32_768.0;
            left *= 1.0 - *coefficient * *coefficient;
        }
        // Even chances between −1 and 1 have a power of a third; the filter adds what its poles ring with.
        self.gain = 32_768.0 * 10.0_f32.powf(level / 20.0) * 3.0_f32.sqrt() * left.sqrt();
    }

    /// Appends `samples` samples at the rate at which it is heard.
    pub fn sound(&mut self, samples: usize, out: &mut Vec<i16>) {
        let wanted = out.len() + samples;
        let mut made = std::mem::take(&mut self.scratch);
        made.clear();
        match (self.told, self.heard) {
            (Rate::Hz8000, Rate::Hz16000) => {
                made.extend((0..samples.div_ceil(2)).map(|_| self.next()));
                self.up.process(&made, out);
            }
            (Rate::Hz16000, Rate::Hz8000) => {
                made.extend((0..samples * 2).map(|_| self.next()));
                self.down.process(&made, out);
            }
            _ => out.extend((0..samples).map(|_| self.next())),
        }
        self.scratch = made;
        out.truncate(wanted);
    }

    /// One sample of white noise through the all-pole lattice.
    fn next(&mut self) -> i16 {
        let white = self.rng.next_u32() as f32 / (u32::MAX as f32 / 2.0) - 1.0;
        let mut forward = white * self.gain;
        for place in (0..self.order).rev() {
            forward -= self.colour[place] * self.back[place];
            self.back[place + 1] = self.back[place] + self.colour[place] * forward;
        }
        self.back[0] = forward;
        forward.clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::dbov;

    fn noise(codec: Codec, rate: Rate, payload: &[u8]) -> Vec<i16> {
        let (mut noise, mut out) = (ComfortNoise::new(codec, rate), Vec::new());
        noise.told(payload);
        for _ in 0..100 {
            noise.sound(rate.samples_per_frame(), &mut out);
        }
        assert_eq!(out.len(), 100 * rate.samples_per_frame());
        out
    }

    /// Power of the differences of neighbours against the power itself: 2 for white noise, less for dark, more for bright.
    fn brightness(samples: &[i16]) -> f64 {
        let power: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        samples.windows(2).map(|pair| (f64::from(pair[1]) - f64::from(pair[0])).powi(2)).sum::<f64>() / power
    }

    #[test]
    fn it_is_as_loud_as_was_told() {
        for level in [30_u8, 45, 60, 70] {
            for colour in [&[][..], &[127, 127], &[30, 200, 100], &[250]] {
                let payload = [&[level], colour].concat();
                for (codec, rate) in [(Codec::Pcma, Rate::Hz8000), (Codec::G722, Rate::Hz16000)] {
                    let heard = dbov(&noise(codec, rate, &payload));
                    assert!((heard + f32::from(level)).abs() < 1.5, "{heard} for −{level}, {colour:?}");
                }
            }
        }
        let shouted = dbov(&noise(Codec::Pcma, Rate::Hz8000, &[0]));
        assert!((LEVEL_MAX - 1.0..LEVEL_MAX + 1.0).contains(&shouted), "{shouted}");
    }

    #[test]
    fn it_has_the_colour_that_was_told() {
        let of = |colour: &[u8]| brightness(&noise(Codec::Pcma, Rate::Hz8000, &[&[45], colour].concat()));
        let (white, dark, bright) = (of(&[]), of(&[20]), of(&[234]));
        assert!((1.9..2.1).contains(&white), "{white}");
        // One pole at ±0.84: 2 (1 ∓ 0.84).
        assert!((0.25..0.40).contains(&dark) && (3.6..3.75).contains(&bright), "{dark} {bright}");
    }

    #[test]
    fn at_the_other_rate_it_keeps_its_band() {
        let up = noise(Codec::Pcma, Rate::Hz16000, &[45]);
        assert!((dbov(&up) + 45.0).abs() < 1.5, "{}", dbov(&up));
        let narrow = brightness(&up);
        assert!(narrow < 1.0, "nothing above 4 kHz: {narrow}");
        let down = dbov(&noise(Codec::G722, Rate::Hz8000, &[45]));
        assert!((-51.0..-46.0).contains(&down), "half its band, 3 dB less: {down}");
    }

    #[test]
    fn before_it_is_told_anything_it_is_silent_and_any_payload_is_taken() {
        assert_eq!(noise(Codec::Pcmu, Rate::Hz8000, &[]), [0; 16_000]);
        let mut rng = Rng::new(8);
        for _ in 0..2_000 {
            let payload: Vec<u8> = (0..rng.below(40)).map(|_| rng.next_u32() as u8).collect();
            let (mut noise, mut out) = (ComfortNoise::new(Codec::Pcma, Rate::Hz8000), Vec::new());
            noise.told(&payload);
            noise.sound(1_600, &mut out);
            assert!(dbov(&out) <= LEVEL_MAX + 6.0, "{payload:?}: {}", dbov(&out));
        }
    }
}
