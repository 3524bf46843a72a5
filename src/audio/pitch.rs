//! How periodic a sound is: voices have a pitch, noise and clicks have none. At 8 kHz.

use super::frame::Rate;
use super::high_pass::HighPass;

/// Shortest and longest period looked for: 400 Hz and 70 Hz.
const LAG_MIN: usize = 20;
const LAG_MAX: usize = 114;
/// Samples compared with those one period before: 30 ms.
const MATCH: usize = 240;
const SIZE: usize = MATCH + LAG_MAX;
/// Products of two such samples, added up over MATCH, fit into 31 bits.
const SAMPLE_MAX: u16 = 2_047;

/// Keeps the last 44 ms of a stream and measures them when asked.
#[derive(Clone, Debug)]
pub struct Pitch {
    /// The last samples, without rumble and with half of their tilt.
    line: Vec<i16>,
    last: i16,
    high_pass: HighPass,
}

impl Default for Pitch {
    fn default() -> Self {
        let mut line = Vec::with_capacity(SIZE + 320);
        line.resize(SIZE, 0);
        Self { line, last: 0, high_pass: HighPass::new(150.0, Rate::Hz8000) }
    }
}

impl Pitch {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes samples at 8 kHz.
    pub fn push(&mut self, samples: &[i16]) {
        self.line.extend_from_slice(samples);
        self.high_pass.process(&mut self.line[SIZE..]);
        for sample in &mut self.line[SIZE..] {
            // Half of the tilt is taken away, so that neighbours are not alike by themselves, as they are in rumble.
            let flat = i32::from(*sample) - i32::from(self.last) / 2;
            self.last = std::mem::replace(sample, (flat / 2) as i16);
        }
        self.line.drain(..samples.len());
    }

    /// How like the last 30 ms are to what came one period before: 0 for noise, 1 for a sound that repeats exactly.
    #[must_use]
    pub fn periodicity(&self) -> f32 {
        periodicity(&self.line)
    }
}

fn periodicity(samples: &[i16]) -> f32 {
    let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
    let shift = (loudest / (SAMPLE_MAX + 1)).checked_ilog2().map_or(0, |bits| bits + 1);
    let mut line = [0_i16; SIZE];
    for (scaled, sample) in line.iter_mut().zip(samples) {
        *scaled = sample >> shift;
    }
    let recent = &line[LAG_MAX..];
    let energy = dot(recent, recent);
    if energy == 0 {
        return 0.0;
    }
    let likeness = |lag: usize| {
        let earlier = &line[LAG_MAX - lag..SIZE - lag];
        dot(recent, earlier) as f32 / (energy as f32 * dot(earlier, earlier).max(1) as f32).sqrt()
    };
    (LAG_MIN..=LAG_MAX).map(likeness).fold(0.0, f32::max)
}

fn dot(a: &[i16], b: &[i16]) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;

    fn voiced(hz: f64, peak: f64) -> Vec<i16> {
        let wave = |n: usize, h: f64| (n as f64 * hz * h / 8_000.0 * std::f64::consts::TAU).sin() / h;
        (0..8_000).map(|n| (1..8).map(|h| peak / 2.0 * wave(n, f64::from(h))).sum::<f64>() as i16).collect()
    }

    fn answers(samples: &[i16]) -> Vec<f32> {
        let mut pitch = Pitch::new();
        let answer = |frame: &[i16]| {
            pitch.push(frame);
            pitch.periodicity()
        };
        samples.chunks(160).map(answer).skip(5).collect()
    }

    #[test]
    fn voices_of_men_and_women_are_periodic_at_any_level() {
        for hz in [85.0, 120.0, 200.0, 320.0] {
            for peak in [30_000.0, 3_000.0, 300.0] {
                let least = answers(&voiced(hz, peak)).into_iter().fold(1.0, f32::min);
                assert!(least > 0.9, "{hz} Hz, peak {peak}: {least}");
            }
        }
    }

    #[test]
    fn noise_and_silence_are_not() {
        let mut rng = Rng::new(3);
        let noise: Vec<i16> = (0..40_000).map(|_| (rng.next_u64() as i16) / 4).collect();
        assert!(answers(&noise).into_iter().fold(0.0, f32::max) < 0.4);
        assert!(answers(&[0; 8_000]).into_iter().all(|answer| answer == 0.0));
        assert!(
            answers(&[i16::MIN, i16::MAX].repeat(4_000)).into_iter().all(|answer| answer <= 1.0),
            "the loudest input does not overflow"
        );
    }
}
