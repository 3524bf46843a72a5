//! Is somebody speaking? A neural detector (earshot) behind a high-pass, asked only when no steady tone sounds, and believed only when
//! it says so for long enough.

use std::fmt;

use earshot::Detector;

use super::frame::Rate;
use super::resample::Upsampler;
use super::tone_detector::{Heard, ToneDetector};
use crate::base::time::{Duration, millis};

/// Samples of one verdict of earshot: 16 ms at 16 kHz.
const STEP: usize = 256;
const STEP_MS: u64 = 16;
/// A step with this score or more is voice.
const SCORE_MIN: f32 = 0.5;
/// Mean power below which a step is never voice: −58 dBov, under the quiet parts of speech at −40 dBov.
const POWER_MIN: f32 = 1_700.0;
/// Speech begins with so many steps of voice …
const STEPS_FOR_SPEECH: u32 = 10;
/// … among the last so many.
const STEPS_LOOKED_AT: u32 = 20;
/// Steps without voice that end speech: 304 ms, longer than the stops inside words.
const STEPS_FOR_QUIET: u32 = 19;
/// Steps after a tone that are not listened to: earshot has a memory of three.
const STEPS_AFTER_TONE: u32 = 4;

/// What one side of a call does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Activity {
    Speech,
    Quiet,
}

/// The activity changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    /// From now on.
    pub activity: Activity,
    /// How long ago, before the end of what was pushed, it really began.
    pub ago: Duration,
}

/// Tells speech from silence, noise, hum and tones in one direction of a call. About 10 KB: keep it in a `Box`.
pub struct VoiceDetector {
    up: Option<Upsampler>,
    tones: ToneDetector,
    high_pass: HighPass,
    earshot: Box<Detector>,
    /// Samples at 16 kHz not yet judged; less than one step between pushes.
    line: Vec<i16>,
    /// One bit a step, the newest lowest.
    voiced: u32,
    quiet_steps: u32,
    deaf_steps: u32,
    activity: Activity,
}

impl VoiceDetector {
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let up = match rate {
            Rate::Hz8000 => Some(Upsampler::new()),
            Rate::Hz16000 => None,
        };
        Self {
            up,
            tones: ToneDetector::new(rate),
            high_pass: HighPass::new(),
            earshot: Detector::default_boxed(),
            line: Vec::with_capacity(STEP + 640),
            voiced: 0,
            quiet_steps: 0,
            deaf_steps: 0,
            activity: Activity::Quiet,
        }
    }

    /// Takes samples at the detector's rate, usually a frame, and says when the activity changed in them.
    pub fn push(&mut self, samples: &[i16]) -> Option<Change> {
        let tone = self.tones.push(samples).is_some();
        match &mut self.up {
            None => self.line.extend_from_slice(samples),
            Some(up) => up.process(samples, &mut self.line),
        }
        let mut change = None;
        let mut used = 0;
        while self.line.len() - used >= STEP {
            let mut step = [0; STEP];
            step.copy_from_slice(&self.line[used..used + STEP]);
            used += STEP;
            let voice = self.is_voice(&mut step, tone);
            change = self.take_step(voice).or(change);
        }
        self.line.drain(..used);
        change
    }

    #[must_use]
    pub fn activity(&self) -> Activity {
        self.activity
    }

    /// The steady tone that sounds now, if one does: a key, ringback, busy.
    #[must_use]
    pub fn tone(&self) -> Option<Heard> {
        self.tones.current()
    }

    fn is_voice(&mut self, step: &mut [i16; STEP], tone: bool) -> bool {
        let power = self.high_pass.process(step);
        // earshot hears everything, so that its memory is never stale.
        let score = self.earshot.predict_i16(step);
        if tone {
            // What was taken for voice while the tone was not yet known was the tone.
            self.voiced = 0;
            self.deaf_steps = STEPS_AFTER_TONE;
            return false;
        }
        if self.deaf_steps > 0 {
            self.deaf_steps -= 1;
            return false;
        }
        score >= SCORE_MIN && power >= POWER_MIN
    }

    fn take_step(&mut self, voice: bool) -> Option<Change> {
        const LOOKED_AT: u32 = (1 << STEPS_LOOKED_AT) - 1;
        self.voiced = (self.voiced << 1 | u32::from(voice)) & LOOKED_AT;
        self.quiet_steps = if voice { 0 } else { self.quiet_steps + 1 };
        match self.activity {
            Activity::Quiet if voice && self.voiced.count_ones() >= STEPS_FOR_SPEECH => {
                let steps = u32::BITS - self.voiced.leading_zeros();
                self.activity = Activity::Speech;
                Some(Change { activity: Activity::Speech, ago: millis(u64::from(steps) * STEP_MS) })
            }
            Activity::Speech if self.quiet_steps >= STEPS_FOR_QUIET => {
                self.activity = Activity::Quiet;
                self.voiced = 0;
                Some(Change { activity: Activity::Quiet, ago: millis(u64::from(self.quiet_steps) * STEP_MS) })
            }
            _ => None,
        }
    }
}

impl fmt::Debug for VoiceDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VoiceDetector").field("activity", &self.activity).finish_non_exhaustive()
    }
}

/// Butterworth high-pass of fourth order at 100 Hz for 16 kHz: hum at 50 Hz loses 24 dB, a man's voice nothing.
#[derive(Clone, Debug)]
struct HighPass {
    sections: [Biquad; 2],
}

#[derive(Clone, Debug)]
struct Biquad {
    b: [f32; 3],
    a: [f32; 2],
    z: [f32; 2],
}

impl HighPass {
    fn new() -> Self {
        // The quality of the two pole pairs of a fourth-order Butterworth filter.
        Self { sections: [0.541_196_1, 1.306_563].map(Biquad::high_pass) }
    }

    /// Filters in place; returns the mean power of the result.
    fn process(&mut self, samples: &mut [i16; STEP]) -> f32 {
        let mut power = 0.0;
        for sample in samples.iter_mut() {
            let mut value = f32::from(*sample);
            for section in &mut self.sections {
                value = section.next(value);
            }
            power += value * value;
            *sample = value as i16;
        }
        power / STEP as f32
    }
}

impl Biquad {
    fn high_pass(quality: f32) -> Self {
        let angle = std::f32::consts::TAU * 100.0 / 16_000.0;
        let alpha = angle.sin() / (2.0 * quality);
        let gain = 1.0 / (1.0 + alpha);
        let side = (1.0 + angle.cos()) / 2.0 * gain;
        Self { b: [side, -2.0 * side, side], a: [-2.0 * angle.cos() * gain, (1.0 - alpha) * gain], z: [0.0; 2] }
    }

    fn next(&mut self, input: f32) -> f32 {
        let output = self.b[0] * input + self.z[0];
        self.z[0] = self.b[1] * input - self.a[0] * output + self.z[1];
        self.z[1] = self.b[2] * input - self.a[1] * output;
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tone::{Tone, dtmf};
    use crate::base::Cadence;

    fn changes(samples: &[i16], rate: Rate) -> Vec<Change> {
        let mut detector = VoiceDetector::new(rate);
        samples.chunks(rate.samples_per_frame()).filter_map(|frame| detector.push(frame)).collect()
    }

    #[test]
    fn silence_and_tones_are_never_speech() {
        for rate in [Rate::Hz8000, Rate::Hz16000] {
            assert_eq!(changes(&vec![0; rate.samples_in_ms(3_000)], rate), []);
            for zone in ["cn", "us", "uk", "jp"] {
                let mut tone = Vec::new();
                Tone::ringback(&Cadence::of_zone(zone).expect("a known zone"), rate).fill(rate.samples_in_ms(12_000), &mut tone);
                assert_eq!(changes(&tone, rate), [], "ringback of {zone}");
            }
            let keys: Vec<i16> = "13800138000*#".chars().flat_map(|key| dtmf(key, 80, 80, rate)).collect();
            assert_eq!(changes(&keys, rate), [], "keys");
        }
    }

    #[test]
    fn the_high_pass_takes_hum_and_leaves_voices() {
        let through = |hz: f64| {
            let mut filter = HighPass::new();
            let mut power = 0.0;
            let mut tone = Tone::new(&[hz], &[], Rate::Hz16000, -20.0);
            for _ in 0..60 {
                let mut samples = Vec::new();
                tone.fill(STEP, &mut samples);
                let mut step: [i16; STEP] = samples.try_into().expect("one step");
                power = filter.process(&mut step);
            }
            10.0 * (power / (32_768.0 * 32_768.0)).log10()
        };
        assert!((through(1_000.0) + 20.0).abs() < 0.5, "{}", through(1_000.0));
        assert!(through(50.0) < -40.0, "{}", through(50.0));
    }
}
