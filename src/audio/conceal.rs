//! What a hearer gets for a lost packet of G.711: the last pitch period repeated and faded, in the spirit of G.711 Appendix I, without
//! its delay. At 8 kHz.

/// Shortest and longest pitch period: 200 Hz and 66 Hz, as in Appendix I.
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
    history: [i16; HISTORY],
    /// The period being repeated, while a loss lasts.
    loss: Option<Loss>,
}

#[derive(Clone, Debug)]
struct Loss {
    period: [i16; PITCH_MAX],
    length: usize,
    /// The step where the repetition begins, spread over its first quarter period.
    step: i16,
    played: usize,
}

impl Default for Concealer {
    fn default() -> Self {
        Self { history: [0; HISTORY], loss: None }
    }
}

impl Concealer {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what was received; after a loss its beginning is blended with the repetition, in place.
    pub fn received(&mut self, samples: &mut [i16]) {
        if let Some(mut loss) = self.loss.take() {
            let join = (JOIN_MIN + loss.played * 2 / 5).min(JOIN_MAX).min(samples.len());
            for (at, sample) in samples[..join].iter_mut().enumerate() {
                let (old, new) = (i32::from(loss.next()) * (join - at) as i32, i32::from(*sample) * at as i32);
                *sample = ((old + new) / join as i32) as i16;
            }
        }
        self.remember(samples);
    }

    /// Appends `samples` samples of what probably was there.
    pub fn conceal(&mut self, samples: usize, out: &mut Vec<i16>) {
        let mut loss = self.loss.take().unwrap_or_else(|| Loss::after(&self.history));
        out.extend((0..samples).map(|_| loss.next()));
        self.loss = Some(loss);
    }

    fn remember(&mut self, samples: &[i16]) {
        let kept = HISTORY.saturating_sub(samples.len());
        self.history.copy_within(HISTORY - kept.., 0);
        self.history[kept..].copy_from_slice(&samples[samples.len() - (HISTORY - kept)..]);
    }
}

impl Loss {
    fn after(history: &[i16; HISTORY]) -> Self {
        let length = pitch(history);
        let last = &history[HISTORY - length..];
        let before = &history[HISTORY - 2 * length..HISTORY - length];
        let mut period = [0; PITCH_MAX];
        period[..length].copy_from_slice(last);
        // The last quarter fades into the period before, so that the end of one repetition meets the start of the next.
        let quarter = length / 4;
        for at in 0..quarter {
            let index = length - quarter + at;
            let (old, new) = (i32::from(last[index]) * (quarter - at) as i32, i32::from(before[index]) * at as i32);
            period[index] = ((old + new) / quarter as i32) as i16;
        }
        let step = history[HISTORY - 1].saturating_sub(history[HISTORY - 1 - length]);
        Self { period, length, step, played: 0 }
    }

    fn next(&mut self) -> i16 {
        let quarter = self.length / 4;
        let repeated = i32::from(self.period[self.played % self.length]);
        let bridge = i32::from(self.step) * quarter.saturating_sub(self.played) as i32 / quarter as i32;
        let left = FADE_TO.saturating_sub(self.played.max(FADE_FROM)) as i32;
        self.played = (self.played + 1).min(FADE_TO);
        let faded = (repeated + bridge) * left / (FADE_TO - FADE_FROM) as i32;
        faded.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
    }
}

/// The lag at which the last 20 ms resemble what came before them most.
fn pitch(history: &[i16; HISTORY]) -> usize {
    let recent = &history[HISTORY - MATCH..];
    let likeness = |lag: usize| {
        let earlier = &history[HISTORY - MATCH - lag..HISTORY - lag];
        let (mut product, mut energy) = (0_i64, 1_i64);
        for (a, b) in recent.iter().zip(earlier) {
            product += i64::from(i32::from(*a) * i32::from(*b));
            energy += i64::from(i32::from(*b) * i32::from(*b));
        }
        product as f64 / (energy as f64).sqrt()
    };
    // Of equal lags the shortest: a period, not two.
    (PITCH_MIN..=PITCH_MAX)
        .map(|lag| (lag, likeness(lag)))
        .fold((PITCH_MIN, f64::MIN), |best, (lag, value)| if value > best.1 * 1.0001 || best.1 == f64::MIN { (lag, value) } else { best })
        .0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::dbov;

    /// A voiced sound of 125 Hz: three harmonics.
    fn voiced(samples: std::ops::Range<usize>) -> Vec<i16> {
        let wave = |n: usize, harmonic: f64| (n as f64 * 125.0 * harmonic / 8_000.0 * std::f64::consts::TAU).sin();
        samples.map(|n| (6_000.0 * wave(n, 1.0) + 3_000.0 * wave(n, 2.0) + 1_500.0 * wave(n, 3.0)) as i16).collect()
    }

    #[test]
    fn a_voice_goes_on_through_a_lost_packet() {
        let mut concealer = Concealer::new();
        concealer.received(&mut voiced(0..480));
        let mut out = Vec::new();
        concealer.conceal(80, &mut out);
        let error: Vec<i16> = out.iter().zip(voiced(480..560)).map(|(got, want)| got.saturating_sub(want)).collect();
        assert!(dbov(&error) < dbov(&voiced(480..560)) - 20.0, "off by {} dBov", dbov(&error));
    }

    #[test]
    fn a_long_loss_fades_to_silence_and_stays_there() {
        let mut concealer = Concealer::new();
        concealer.received(&mut voiced(0..480));
        let mut out = Vec::new();
        concealer.conceal(1_600, &mut out);
        let levels: Vec<f32> = out[..480].chunks(80).map(dbov).collect();
        assert!(levels.windows(2).skip(1).all(|pair| pair[1] < pair[0]), "{levels:?}");
        assert!(out[480..].iter().all(|sample| *sample == 0));
    }

    #[test]
    fn no_click_on_the_way_into_a_loss_or_out_of_it() {
        let steepest = |samples: &[i16]| samples.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap_or(0);
        for lost in [80, 160, 320] {
            let mut concealer = Concealer::new();
            let mut heard = voiced(0..473);
            concealer.received(&mut heard);
            concealer.conceal(lost, &mut heard);
            let mut next = voiced(473 + lost..953 + lost);
            concealer.received(&mut next);
            heard.extend(next);
            assert!(steepest(&heard) < steepest(&voiced(0..2_000)) * 2, "{lost} samples lost: {}", steepest(&heard));
        }
    }

    #[test]
    fn silence_is_continued_by_silence() {
        let mut out = Vec::new();
        Concealer::new().conceal(160, &mut out);
        assert_eq!(out, [0; 160]);
    }
}
