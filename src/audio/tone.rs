//! Tones made: call-progress tones in their cadence, and DTMF. Phase-continuous, with soft edges.

use std::f64::consts::TAU;

use super::frame::Rate;
use crate::base::Cadence;

/// Level of the ringback tone in dBov: −12 dBm0, within China's −10 ± 3 dBm (GB/T 3380-1982) and kind to the ear.
pub const RINGBACK_DBOV: f64 = -18.0;
/// A burst rises and falls in this time.
const RAMP_MS: usize = 5;

/// Sines sounded together, each a rotating vector: no sine is computed on a frame's way.
#[derive(Clone, Debug)]
struct Chord {
    sines: Vec<Sine>,
}

#[derive(Clone, Debug)]
struct Sine {
    re: f64,
    im: f64,
    turn_re: f64,
    turn_im: f64,
}

impl Chord {
    /// `hz` together at `dbov` in all.
    fn new(hz: &[f64], rate: Rate, dbov: f64) -> Self {
        // Power of n sines of amplitude a is n·a²/2; 0 dBov is a full-scale square wave.
        let amplitude = 32_768.0 * 10_f64.powf(dbov / 20.0) * (2.0 / hz.len().max(1) as f64).sqrt();
        let sines = hz.iter().map(|hz| {
            let angle = TAU * hz / f64::from(rate.hz());
            Sine { re: amplitude, im: 0.0, turn_re: angle.cos(), turn_im: angle.sin() }
        });
        Self { sines: sines.collect() }
    }

    fn next(&mut self) -> f64 {
        let mut sum = 0.0;
        for sine in &mut self.sines {
            sum += sine.im;
            (sine.re, sine.im) = (sine.re * sine.turn_re - sine.im * sine.turn_im, sine.re * sine.turn_im + sine.im * sine.turn_re);
        }
        sum
    }
}

/// A tone in bursts and pauses, from its beginning, without end.
#[derive(Clone, Debug)]
pub struct Tone {
    chord: Chord,
    /// Samples on, off, on, off, …
    on_off: Vec<usize>,
    period: usize,
    /// Samples since the period began.
    at: usize,
    ramp: usize,
}

impl Tone {
    /// The ringback tone of `cadence`, from the start of its first burst.
    #[must_use]
    pub fn ringback(cadence: &Cadence, rate: Rate) -> Self {
        let hz: Vec<f64> = cadence.tone.iter().map(|hz| f64::from(*hz)).collect();
        Self::new(&hz, cadence.on_off, rate, RINGBACK_DBOV)
    }

    /// `hz` together at `dbov`, in milliseconds on, off, on, off, …; an empty list sounds without pause.
    #[must_use]
    pub fn new(hz: &[f64], on_off_ms: &[u16], rate: Rate, dbov: f64) -> Self {
        let on_off: Vec<usize> = on_off_ms.iter().map(|ms| rate.samples_in_ms(usize::from(*ms))).collect();
        let period = on_off.iter().sum();
        Self { chord: Chord::new(hz, rate, dbov), on_off, period, at: 0, ramp: rate.samples_in_ms(RAMP_MS) }
    }

    /// Appends the next `samples` samples.
    pub fn fill(&mut self, samples: usize, out: &mut Vec<i16>) {
        for _ in 0..samples {
            let sample = self.chord.next() * self.gain();
            out.push(sample as i16);
            self.at += 1;
            if self.at >= self.period && self.period > 0 {
                self.at = 0;
            }
        }
    }

    /// 0 in a pause, 1 in a burst, between them on its edges.
    fn gain(&self) -> f64 {
        if self.period == 0 {
            return (self.at as f64 / self.ramp as f64).min(1.0);
        }
        let mut begun = 0;
        for (index, length) in self.on_off.iter().enumerate() {
            if self.at < begun + length {
                let (since, left) = (self.at - begun, begun + length - self.at);
                return if index % 2 == 0 { (since.min(left) as f64 / self.ramp as f64).min(1.0) } else { 0.0 };
            }
            begun += length;
        }
        0.0
    }
}

const LOW: [u16; 4] = [697, 770, 852, 941];
const HIGH: [u16; 4] = [1_209, 1_336, 1_477, 1_633];
const KEYS: [[char; 4]; 4] = [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// The two frequencies of a key (ITU-T Q.23), or `None` when it is no key.
#[must_use]
pub fn dtmf_pair(key: char) -> Option<(u16, u16)> {
    KEYS.iter().enumerate().find_map(|(row, keys)| Some((LOW[row], HIGH[keys.iter().position(|other| *other == key)?])))
}

/// The key whose frequencies lie within 2 % of `low` and `high`, in Hz (ITU-T Q.24 asks for 1.5 % at least).
#[must_use]
pub fn dtmf_key(low: f32, high: f32) -> Option<char> {
    let nearest = |hz: f32, all: [u16; 4]| all.iter().position(|other| (hz / f32::from(*other) - 1.0).abs() < 0.02);
    Some(KEYS[nearest(low, LOW)?][nearest(high, HIGH)?])
}

/// The sound of a key held for `on_ms`, then `off_ms` of pause, at −13 dBov; nothing for what is no key.
#[must_use]
pub fn dtmf(key: char, on_ms: u16, off_ms: u16, rate: Rate) -> Vec<i16> {
    let mut out = Vec::new();
    if let Some((low, high)) = dtmf_pair(key) {
        let mut tone = Tone::new(&[f64::from(low), f64::from(high)], &[on_ms, off_ms], rate, -13.0);
        tone.fill(rate.samples_in_ms(usize::from(on_ms) + usize::from(off_ms)), &mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::dbov;
    use crate::base::time::millis;

    #[test]
    fn ringback_sounds_when_the_cadence_says_so() {
        for zone in ["cn", "uk", "us"] {
            let cadence = Cadence::of_zone(zone).expect("a known zone");
            for rate in [Rate::Hz8000, Rate::Hz16000] {
                let mut tone = Tone::ringback(&cadence, rate);
                for frame in 0..600_u64 {
                    let mut out = Vec::new();
                    tone.fill(rate.samples_per_frame(), &mut out);
                    let sounds = cadence.sounds_at(millis(frame * 20));
                    assert_eq!(dbov(&out) > -30.0, sounds, "{zone} at {} ms: {}", frame * 20, dbov(&out));
                }
            }
        }
    }

    #[test]
    fn ringback_has_its_frequency_and_level_and_never_clips_or_clicks() {
        let cn = Cadence::of_zone("cn").expect("a known zone");
        let mut out = Vec::new();
        Tone::ringback(&cn, Rate::Hz8000).fill(8_000, &mut out);
        assert!((dbov(&out[400..7_600]) - RINGBACK_DBOV as f32).abs() < 0.1);
        let crossings = out.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
        assert!((448..=451).contains(&crossings), "{crossings} Hz");
        let steepest = out.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().expect("samples");
        assert!(steepest < 2_100, "{steepest}");
    }

    #[test]
    fn an_hour_of_tone_keeps_its_level() {
        let mut tone = Tone::new(&[450.0], &[], Rate::Hz16000, -20.0);
        let mut out = Vec::new();
        for _ in 0..180_000 {
            out.clear();
            tone.fill(320, &mut out);
        }
        assert!((dbov(&out) + 20.0).abs() < 0.1, "{}", dbov(&out));
    }

    #[test]
    fn keys_and_their_frequencies() {
        assert_eq!(dtmf_pair('5'), Some((770, 1_336)));
        assert_eq!(dtmf_pair('#'), Some((941, 1_477)));
        assert_eq!(dtmf_pair('x'), None);
        assert_eq!(dtmf_key(765.0, 1_340.0), Some('5'));
        assert_eq!(dtmf_key(730.0, 1_340.0), None);
        assert_eq!(dtmf('1', 70, 50, Rate::Hz8000).len(), 960);
        assert!(dtmf('x', 70, 50, Rate::Hz8000).is_empty());
    }
}
