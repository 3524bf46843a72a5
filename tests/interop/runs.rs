//! When a known tone was heard, and how well.

use crate::sound::{cut, level, seconds, tone_level};

/// What is listened for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    pub hz: f64,
    /// At which it should be heard, dBov.
    pub level: f64,
}

/// As phones say it, -23 dBov.
pub const fn said(hz: f64) -> Tone {
    Tone { hz, level: -23.0 }
}

/// What codecs and phones may change of it, dB.
const TOLERANCE: f64 = 3.0;
const STEP: f64 = 0.1;

/// A stretch in which the tone was heard as it was said, seconds and dBov.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    pub from: f64,
    pub to: f64,
    pub level: f64,
}

impl Run {
    pub fn lasted(&self) -> f64 {
        self.to - self.from
    }
}

/// Where the tone, and little else, was heard for at least so many seconds. A tenth of a second that is amiss parts no run: machines hesitate.
pub fn runs(sound: &[i16], tone: Tone, at_least: f64) -> Vec<Run> {
    let clear = |from: f64| {
        let piece = cut(sound, from, from + STEP);
        let (there, all) = (tone_level(piece, tone.hz), level(piece));
        let rest = 10.0 * (10_f64.powf(all / 10.0) - 10_f64.powf(there / 10.0)).max(1e-13).log10();
        (there - tone.level).abs() < TOLERANCE && rest < there - 10.0
    };
    let mut found: Vec<Run> = Vec::new();
    for n in 0..(seconds(sound) / STEP) as usize {
        let from = n as f64 * STEP;
        if !clear(from) {
            continue;
        }
        match found.last_mut() {
            Some(run) if from - run.to < STEP * 1.5 => run.to = from + STEP,
            _ => found.push(Run { from, to: from + STEP, level: 0.0 }),
        }
    }
    found.retain(|run| run.lasted() >= at_least);
    for run in &mut found {
        run.level = tone_level(cut(sound, run.from, run.to), tone.hz);
    }
    found
}

/// The longest of them.
#[track_caller]
pub fn longest(what: &str, sound: &[i16], tone: Tone, at_least: f64) -> Run {
    let all = runs(sound, tone, at_least);
    let longest = all.into_iter().max_by(|one, other| one.lasted().total_cmp(&other.lasted()));
    longest.unwrap_or_else(|| {
        let all = runs(sound, tone, 0.0);
        let most = all.iter().map(Run::lasted).fold(0.0, f64::max);
        panic!(
            "{what}: {} Hz at {} dBov for {at_least} s is not there: {most:.1} s in {:.1} s of sound",
            tone.hz,
            tone.level,
            seconds(sound)
        )
    })
}
