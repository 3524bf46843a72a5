//! Tones heard: one or two steady sines, such as ringback, busy, dial tone, DTMF and modem tones. Asked before the voice detector,
//! which takes them for speech. At 8 kHz inside, a spectrum of 32 ms every 20 ms.

use std::sync::LazyLock;

use super::frame::Rate;
use super::resample::Downsampler;
use super::tone::dtmf_key;

/// Samples of one spectrum; a bin is 31.25 Hz wide.
const SIZE: usize = 256;
/// Samples between spectra: 20 ms.
const HOP: usize = 160;
/// Bins on each side that belong to a peak: the Hann window's lobe and room for two sines that beat, such as 440 and 480 Hz.
const REACH: usize = 3;
/// Nothing below 94 Hz counts: hum is not a tone, and not voice either.
const LOWEST_BIN: usize = 3;
/// This much of all power must lie in the peaks; speech of one vowel reaches 0.9 at times.
const SHARE_MIN: f32 = 0.95;
/// A second peak this far below the first (13 dB) is a harmonic or noise.
const SECOND_MIN: f32 = 0.05;
/// A peak that moves more than this between two spectra, in Hz, is a voice gliding.
const STEADY_HZ: f32 = 8.0;
/// Spectra in a row that must agree: 72 ms of sound; keys are known by two, 52 ms.
const AGREE: u32 = 3;
const AGREE_KEY: u32 = 2;
/// Mean power of a spectrum's samples below which nothing is called a tone: −55 dBov.
const POWER_MIN: f32 = 3_400.0;

/// What sounds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Heard {
    /// Frequency of the lower sine, in Hz.
    pub low: f32,
    /// Frequency of the higher one, if there are two.
    pub high: Option<f32>,
}

impl Heard {
    /// The DTMF key that sounds like this.
    #[must_use]
    pub fn key(self) -> Option<char> {
        dtmf_key(self.low, self.high?)
    }

    fn agrees_with(self, other: Self) -> bool {
        let near = |a: f32, b: f32| (a - b).abs() <= STEADY_HZ;
        near(self.low, other.low)
            && match (self.high, other.high) {
                (Some(a), Some(b)) => near(a, b),
                (None, None) => true,
                _ => false,
            }
    }
}

/// Listens for steady tones in a stream.
#[derive(Clone, Debug)]
pub struct ToneDetector {
    down: Option<Downsampler>,
    /// Samples at 8 kHz not yet used up; at most one spectrum and one push.
    line: Vec<i16>,
    candidate: Option<Heard>,
    agreed: u32,
}

impl ToneDetector {
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let down = match rate {
            Rate::Hz8000 => None,
            Rate::Hz16000 => Some(Downsampler::new()),
        };
        Self { down, line: Vec::with_capacity(SIZE + HOP), candidate: None, agreed: 0 }
    }

    /// Takes samples at the detector's rate and says what steady tone sounds at their end.
    pub fn push(&mut self, samples: &[i16]) -> Option<Heard> {
        match &mut self.down {
            None => self.line.extend_from_slice(samples),
            Some(down) => down.process(samples, &mut self.line),
        }
        let mut used = 0;
        while self.line.len() - used >= SIZE {
            let heard = listen(&self.line[used..used + SIZE]);
            self.agreed = match (heard, self.candidate) {
                (Some(now), Some(before)) if now.agrees_with(before) => self.agreed + 1,
                (Some(_), _) => 1,
                (None, _) => 0,
            };
            self.candidate = heard;
            used += HOP;
        }
        self.line.drain(..used);
        self.current()
    }

    /// The steady tone that sounds now.
    #[must_use]
    pub fn current(&self) -> Option<Heard> {
        let heard = self.candidate?;
        let needed = if heard.key().is_some() { AGREE_KEY } else { AGREE };
        (self.agreed >= needed).then_some(heard)
    }
}

/// One or two peaks that hold nearly all the power, or nothing.
fn listen(samples: &[i16]) -> Option<Heard> {
    let mean_square = samples.iter().map(|sample| f32::from(*sample).powi(2)).sum::<f32>() / SIZE as f32;
    if mean_square < POWER_MIN {
        return None;
    }
    let power = spectrum(samples);
    let total: f32 = power[LOWEST_BIN..].iter().sum();
    let all: f32 = total + power[..LOWEST_BIN].iter().sum::<f32>();
    // Most of it below 94 Hz is hum, whatever lies above.
    if total < all * 0.5 {
        return None;
    }
    let first = Peak::strongest(&power, None)?;
    let second = Peak::strongest(&power, Some(&first)).filter(|second| second.power > first.power * SECOND_MIN);
    let held = first.power + second.as_ref().map_or(0.0, |second| second.power);
    if held < total * SHARE_MIN {
        return None;
    }
    Some(match second {
        None => Heard { low: first.hz, high: None },
        Some(second) => Heard { low: first.hz.min(second.hz), high: Some(first.hz.max(second.hz)) },
    })
}

/// Power gathered around one frequency.
struct Peak {
    bin: usize,
    hz: f32,
    power: f32,
}

impl Peak {
    /// The strongest that does not overlap `other`.
    fn strongest(power: &[f32; SIZE / 2], other: Option<&Self>) -> Option<Self> {
        let free = |bin: &usize| other.is_none_or(|other| bin.abs_diff(other.bin) > 2 * REACH);
        let top = (LOWEST_BIN..power.len()).filter(free).max_by(|a, b| power[*a].total_cmp(&power[*b]))?;
        // Two sines that beat show two lobes at times: their middle is where they were before.
        let bin = (Self::centre(power, top) + 0.5) as usize;
        let hz = Self::centre(power, bin) * 8_000.0 / SIZE as f32;
        let taken = |bin: &usize| other.is_some_and(|other| bin.abs_diff(other.bin) <= REACH);
        let held = Self::around(bin).filter(|bin| !taken(bin)).map(|bin| power[bin]).sum();
        Some(Self { bin, hz, power: held })
    }

    fn around(bin: usize) -> std::ops::Range<usize> {
        bin.saturating_sub(REACH).max(LOWEST_BIN)..(bin + REACH + 1).min(SIZE / 2)
    }

    /// Centre of gravity in bins.
    fn centre(power: &[f32; SIZE / 2], bin: usize) -> f32 {
        let sum: f32 = Self::around(bin).map(|bin| power[bin]).sum();
        Self::around(bin).map(|bin| bin as f32 * power[bin]).sum::<f32>() / sum.max(1e-6)
    }
}

struct Tables {
    window: [f32; SIZE],
    /// cos and −sin of a full turn in SIZE steps, first half.
    turns: [(f32, f32); SIZE / 2],
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let angle = |n: usize| std::f32::consts::TAU * n as f32 / SIZE as f32;
    Tables {
        window: std::array::from_fn(|n| 0.5 - 0.5 * angle(n).cos()),
        turns: std::array::from_fn(|n| (angle(n).cos(), -angle(n).sin())),
    }
});

/// Power of each bin below 4 kHz under a Hann window: the radix-2 transform in place.
fn spectrum(samples: &[i16]) -> [f32; SIZE / 2] {
    let tables = &*TABLES;
    let mut re = [0.0_f32; SIZE];
    let mut im = [0.0_f32; SIZE];
    for (n, (sample, weight)) in samples.iter().zip(&tables.window).enumerate() {
        re[usize::from((n as u8).reverse_bits())] = f32::from(*sample) * weight;
    }
    let mut half = 1;
    while half < SIZE {
        let stride = SIZE / 2 / half;
        for start in (0..SIZE).step_by(2 * half) {
            for k in 0..half {
                let (cos, sin) = tables.turns[k * stride];
                let (a, b) = (start + k, start + k + half);
                let (x, y) = (re[b] * cos - im[b] * sin, re[b] * sin + im[b] * cos);
                (re[b], im[b]) = (re[a] - x, im[a] - y);
                (re[a], im[a]) = (re[a] + x, im[a] + y);
            }
        }
        half *= 2;
    }
    std::array::from_fn(|bin| re[bin] * re[bin] + im[bin] * im[bin])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tone::{Tone, dtmf};
    use crate::base::Rng;

    /// What is heard after each 20 ms of `samples`.
    fn heard(samples: &[i16], rate: Rate) -> Vec<Option<Heard>> {
        let mut detector = ToneDetector::new(rate);
        samples.chunks(rate.samples_per_frame()).map(|frame| detector.push(frame)).collect()
    }

    fn steady(hz: &[f64], dbov: f64, rate: Rate) -> Vec<i16> {
        let mut out = Vec::new();
        Tone::new(hz, &[], rate, dbov).fill(rate.samples_in_ms(1_000), &mut out);
        out
    }

    #[test]
    fn tones_of_exchanges_are_known_within_a_tenth_of_a_second() {
        for rate in [Rate::Hz8000, Rate::Hz16000] {
            for (hz, dbov) in
                [(&[450.0][..], -18.0), (&[425.0], -40.0), (&[350.0, 440.0], -18.0), (&[440.0, 480.0], -18.0), (&[1_000.0], -10.0)]
            {
                let heard = heard(&steady(hz, dbov, rate), rate);
                let late = heard.iter().skip(5).filter(|heard| heard.is_none()).count();
                assert!(late <= 2, "{hz:?} at {rate:?}: not heard in {late} of {} frames", heard.len() - 5);
            }
        }
    }

    #[test]
    fn keys_are_read_from_the_sound() {
        for key in "0123456789*#ABCD".chars() {
            for rate in [Rate::Hz8000, Rate::Hz16000] {
                let mut sound = vec![0; rate.samples_in_ms(33)];
                sound.extend(dtmf(key, 70, 50, rate));
                let keys: Vec<char> = heard(&sound, rate).into_iter().flatten().filter_map(Heard::key).collect();
                assert!(!keys.is_empty() && keys.iter().all(|other| *other == key), "{key}: {keys:?}");
            }
        }
    }

    #[test]
    fn noise_is_no_tone() {
        let mut rng = Rng::new(7);
        let noise: Vec<i16> = (0..80_000).map(|_| (rng.next_u64() as i16) >> 4).collect();
        assert!(heard(&noise, Rate::Hz8000).iter().all(Option::is_none));
        assert!(heard(&[0; 8_000], Rate::Hz8000).iter().all(Option::is_none));
    }

    #[test]
    fn a_gliding_voice_is_no_tone() {
        // A voice of 120 to 180 Hz with ten harmonics.
        let mut phase = 0.0_f64;
        let voice: Vec<i16> = (0..16_000)
            .map(|n| {
                phase += (150.0 + 30.0 * (f64::from(n) / 2_000.0).sin()) / 8_000.0 * std::f64::consts::TAU;
                (1..=10).map(|h| 3_000.0 / f64::from(h) * (phase * f64::from(h)).sin()).sum::<f64>() as i16
            })
            .collect();
        let tones = heard(&voice, Rate::Hz8000).iter().flatten().count();
        assert_eq!(tones, 0);
    }
}
