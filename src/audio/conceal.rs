//! What a hearer gets for a lost packet of G.711 or G.722: the last pitch period repeated and faded, in the spirit of G.711 Appendix I,
//! without its delay. At 8 or 16 kHz.

use super::frame::Rate;

/// Shortest and longest pitch period at 8 kHz: 200 Hz and 66 Hz, as in Appendix I. This and what follows is twice as much at 16 kHz.
const PITCH_MIN: usize = 40;
const PITCH_MAX: usize = 120;
/// Stretch over which two periods are compared: 20 ms.
const MATCH: usize = 160;
/// What is remembered of the sound: enough to compare at the longest pitch.
const HISTORY: usize = PITCH_MAX + MATCH;
/// Full level for the first 10 ms of a loss, then down to nothing at 60 ms.
const FADE_FROM: usize = 80;
const FADE_TO: usize = 480;
/// Joining the real sound again takes 4 ms, and 4 ms more for each 10 ms lost, 10 ms at most.
const JOIN_MIN: usize = 32;
const JOIN_MAX: usize = 80;

/// Remembers what was heard, and continues it when nothing comes.
#[derive(Clone, Debug)]
pub struct Concealer {
    /// Samples for each of those at 8 kHz: one or two.
    scale: usize,
    history: Vec<i16>,
    /// The period being repeated, while a loss lasts.
    loss: Option<Loss>,
}

#[derive(Clone, Debug)]
struct Loss {
    scale: usize,
    period: Vec<i16>,
    /// The step where the repetition begins, spread over its first quarter period.
    step: i16,
    played: usize,
}

impl Concealer {
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let scale = (rate.hz() / Rate::Hz8000.hz()) as usize;
        Self { scale, history: vec![0; HISTORY * scale], loss: None }
    }

    /// Takes what was received; after a loss its beginning is blended with the repetition, in place.
    pub fn received(&mut self, samples: &mut [i16]) {
        if let Some(mut loss) = self.loss.take() {
            let join = (JOIN_MIN * self.scale + loss.played * 2 / 5).min(JOIN_MAX * self.scale).min(samples.len());
            for (at, sample) in samples[..join].iter_mut().enumerate() {
                let (old, new) = (i32::from(loss.next()) * (join - at) as i32, i32::from(*sample) * at as i32);
                *sample = ((old + new) / join as i32) as i16;
            }
        }
        self.remember(samples);
    }

    /// Appends `samples` samples of what probably was there.
    pub fn conceal(&mut self, samples: usize, out: &mut Vec<i16>) {
        let mut loss = self.loss.take().unwrap_or_else(|| Loss::after(&self.history, self.scale));
        out.extend((0..samples).map(|_| loss.next()));
        self.loss = Some(loss);
    }

    fn remember(&mut self, samples: &[i16]) {
        let length = self.history.len();
        let kept = length.saturating_sub(samples.len());
        self.history.copy_within(length - kept.., 0);
        self.history[kept..].copy_from_slice(&samples[samples.len() - (length - kept)..]);
    }
}

impl Loss {
    fn after(history: &[i16], scale: usize) -> Self {
        let length = pitch(history, scale);
        let (end, quarter) = (history.len(), length / 4);
        let (before, last) = history[end - 2 * length..].split_at(length);
        let mut period = last.to_vec();
        // The last quarter fades into the period before, so that the end of one repetition meets the start of the next.
        for at in 0..quarter {
            let index = length - quarter + at;
            let (old, new) = (i32::from(last[index]) * (quarter - at) as i32, i32::from(before[index]) * at as i32);
            period[index] = ((old + new) / quarter as i32) as i16;
        }
        let step = history[end - 1].saturating_sub(history[end - 1 - length]);
        Self { scale, period, step, played: 0 }
    }

    fn next(&mut self) -> i16 {
        let (from, to) = (FADE_FROM * self.scale, FADE_TO * self.scale);
        let quarter = self.period.len() / 4;
        let repeated = i32::from(self.period[self.played % self.period.len()]);
        let bridge = i32::from(self.step) * quarter.saturating_sub(self.played) as i32 / quarter as i32;
        let left = to.saturating_sub(self.played.max(from)) as i32;
        self.played = (self.played + 1).min(to);
        let faded = (repeated + bridge) * left / (to - from) as i32;
        faded.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
    }
}

/// The lag at which the last 20 ms resemble what came before them most; at 16 kHz looked for among every second sample first, then
/// between its neighbours.
fn pitch(history: &[i16], scale: usize) -> usize {
    let matched = MATCH * scale;
    let (end, recent) = (history.len(), &history[history.len() - matched..]);
    let likeness = |lag: usize, stride: usize| {
        let earlier = &history[end - matched - lag..end - lag];
        let (mut product, mut energy) = (0_i64, 1_i64);
        for (a, b) in recent.iter().zip(earlier).step_by(stride) {
            product += i64::from(i32::from(*a) * i32::from(*b));
            energy += i64::from(i32::from(*b) * i32::from(*b));
        }
        product as f64 / (energy as f64).sqrt()
    };
    let (shortest, longest) = (PITCH_MIN * scale, PITCH_MAX * scale);
    // Of equal lags the shortest: a period, not two.
    let best = |lags: &mut dyn Iterator<Item = usize>, stride: usize| {
        lags.map(|lag| (lag, likeness(lag, stride)))
            .fold(
                (shortest, f64::MIN),
                |best, (lag, value)| if value > best.1 * 1.0001 || best.1 == f64::MIN { (lag, value) } else { best },
            )
            .0
    };
    let near = best(&mut (shortest..=longest).step_by(scale), scale);
    if scale == 1 { near } else { best(&mut ((near - 1).max(shortest)..=(near + 1).min(longest)), 1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::dbov;

    const BOTH: [Rate; 2] = [Rate::Hz8000, Rate::Hz16000];

    /// A voiced sound of 125 Hz: three harmonics. Places are counted at 8 kHz.
    fn voiced(rate: Rate, samples: std::ops::Range<usize>) -> Vec<i16> {
        let scale = rate.samples_in_ms(1) / 8;
        let wave = |n: usize, harmonic: f64| (n as f64 * 125.0 * harmonic / f64::from(rate.hz()) * std::f64::consts::TAU).sin();
        (samples.start * scale..samples.end * scale)
            .map(|n| (6_000.0 * wave(n, 1.0) + 3_000.0 * wave(n, 2.0) + 1_500.0 * wave(n, 3.0)) as i16)
            .collect()
    }

    #[test]
    fn a_voice_goes_on_through_a_lost_packet() {
        for rate in BOTH {
            let mut concealer = Concealer::new(rate);
            concealer.received(&mut voiced(rate, 0..480));
            let mut out = Vec::new();
            concealer.conceal(rate.samples_in_ms(10), &mut out);
            let truth = voiced(rate, 480..560);
            let error: Vec<i16> = out.iter().zip(&truth).map(|(got, want)| got.saturating_sub(*want)).collect();
            assert!(dbov(&error) < dbov(&truth) - 20.0, "{rate:?}: off by {} dBov", dbov(&error));
        }
    }

    #[test]
    fn a_long_loss_fades_to_silence_and_stays_there() {
        for rate in BOTH {
            let mut concealer = Concealer::new(rate);
            concealer.received(&mut voiced(rate, 0..480));
            let mut out = Vec::new();
            concealer.conceal(rate.samples_in_ms(200), &mut out);
            let (fading, silent) = out.split_at(rate.samples_in_ms(60));
            let levels: Vec<f32> = fading.chunks(rate.samples_in_ms(10)).map(dbov).collect();
            assert!(levels.windows(2).skip(1).all(|pair| pair[1] < pair[0]), "{rate:?}: {levels:?}");
            assert!(silent.iter().all(|sample| *sample == 0));
        }
    }

    #[test]
    fn no_click_on_the_way_into_a_loss_or_out_of_it() {
        let steepest = |samples: &[i16]| samples.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap_or(0);
        for (rate, ms) in BOTH.into_iter().flat_map(|rate| [10, 20, 40].map(|ms| (rate, ms))) {
            let lost = ms * 8;
            let mut concealer = Concealer::new(rate);
            let mut heard = voiced(rate, 0..473);
            concealer.received(&mut heard);
            concealer.conceal(rate.samples_in_ms(ms), &mut heard);
            let mut next = voiced(rate, 473 + lost..953 + lost);
            concealer.received(&mut next);
            heard.extend(next);
            assert!(steepest(&heard) < steepest(&voiced(rate, 0..2_000)) * 2, "{rate:?}, {ms} ms lost: {}", steepest(&heard));
        }
    }

    #[test]
    fn silence_is_continued_by_silence() {
        let mut out = Vec::new();
        Concealer::new(Rate::Hz8000).conceal(160, &mut out);
        assert_eq!(out, [0; 160]);
    }
}
