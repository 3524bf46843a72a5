//! Is somebody speaking? A neural detector (earshot) behind a high-pass is asked only when no steady tone sounds, and believed only
//! when what it hears has a pitch and changes in level, and goes on for long enough.
//!
//! Why not earshot alone: at −20 to −30 dBov it takes white and pink noise, comfort noise and 60 Hz hum for speech nearly all of the
//! time. Noise has no pitch, a machine's hum has one but never changes; a voice has both.
//!
//! Error rates on the labelled set (`tests/voice_set.rs`: 21 utterances of six espeak-ng voices, Mandarin and English, from "喂" of a
//! third of a second to whole sentences; delay is from the first frame of speech to the report):
//!
//! | speech | heard | frames hit | false alarms | delay p50 / p95 / max |
//! | --- | --- | --- | --- | --- |
//! | −20 to −32 dBov; A-law, µ-law, Opus | 21 of 21 | 100 % | 0 % | 180 / 180 / 180 ms |
//! | −40 dBov; A-law, Opus | 21 of 21 | 99.7 % | 0 % | 180 / 200 / 380 ms |
//! | −40 dBov in comfort noise at −60 | 21 of 21 | 99.4 % | 0 % | 200 / 280 / 460 ms |
//! | −26 dBov in comfort noise at −50 | 21 of 21 | 100 % | 0 % | 180 / 180 / 180 ms |
//! | −26 dBov in white noise, 15 dB below | 21 of 21 | 98.2 % | 0 % | 200 / 340 / 360 ms |
//! | −26 dBov in pink noise, 15 dB below | 21 of 21 | 99.1 % | 0 % | 180 / 200 / 420 ms |
//! | −26 dBov in street rumble, 10 dB below | 21 of 21 | 100 % | 0 % | 180 / 180 / 180 ms |
//! | −26 dBov in 50 Hz hum, 10 dB below | 21 of 21 | 95.2 % | 0 % | 220 / 460 / 480 ms |
//! | −26 dBov in 50 Hz hum as loud | 20 of 21 | 81.3 % | 0 % | 260 / 940 / 1,000 ms |
//!
//! Never speech, in 59 sounds through A-law and Opus: silence; white, pink, brown, low-passed (comfort) and street noise, hum of 50 and
//! 60 Hz with harmonics, and clicks of keys, each at −20, −30, −40 and −50 dBov; dial, busy, ringback and fax tones; DTMF.
//! Known to err: music is taken for speech (our music on hold 83 % of the time), a whisper is not (it has no pitch), and a cry or
//! cough with a pitch counts when it lasts 160 ms.

use std::collections::VecDeque;
use std::fmt;

use earshot::Detector;

use super::frame::Rate;
use super::high_pass::HighPass;
use super::level::dbov;
use super::pitch::Pitch;
use super::resample::{Downsampler, Upsampler};
use super::tone_detector::{Heard, ToneDetector};
use crate::base::time::{Duration, millis};

/// Samples of one verdict of earshot: 16 ms at 16 kHz.
const STEP: usize = 256;
const STEP_MS: u64 = 16;
/// A step with this score or more is voice to earshot. Lower than its usual 0.5: what it lets in, pitch and liveliness keep out.
const SCORE_MIN: f32 = 0.3;
/// A step below this level, in dBov, is never voice: under the quiet parts of speech at −40 dBov.
const LEVEL_MIN: f32 = -58.0;
/// A sound that repeats itself this well has a pitch; noise of any colour stays below 0.4.
const PERIODIC_MIN: f32 = 0.5;
/// Speech begins when of the last so many steps …
const STEPS_LOOKED_AT: usize = 20;
/// … so many are voice …
const STEPS_OF_VOICE: usize = 10;
/// … so many of them with a pitch …
const STEPS_WITH_PITCH: usize = 5;
/// … and their levels are so many dB apart: a machine hums evenly, nobody speaks so.
const LIVELINESS_DB: f32 = 3.0;
/// Steps without a lively voice that end speech: 320 ms, longer than the stops inside words.
const STEPS_FOR_QUIET: u64 = 20;
/// Steps after a tone that are not listened to: earshot has a memory of three.
const STEPS_AFTER_TONE: u32 = 4;

/// After so much digital silence every filter and memory holds nothing else, and more of it tells nothing: a phone that sends no packets
/// costs no listening.
const SETTLED_MS: usize = 1_000;

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

/// Tells speech from silence, noise, hum and tones in one direction of a call. About 12 KB, most of it on the heap.
pub struct VoiceDetector {
    widths: Widths,
    tones: ToneDetector,
    pitch: Pitch,
    high_pass: HighPass,
    earshot: Box<Detector>,
    /// Samples at 16 kHz not yet judged; less than one step between pushes.
    wide: Vec<i16>,
    /// What the last steps were, the newest at the back.
    steps: VecDeque<Step>,
    quiet_steps: u64,
    deaf_steps: u32,
    activity: Activity,
    /// Milliseconds of digital silence up to now, no more than [`SETTLED_MS`].
    nothing_ms: usize,
    rate: Rate,
}

/// Tones and pitch are sought at 8 kHz, earshot listens at 16 kHz: one of the two must be made.
enum Widths {
    Up(Upsampler),
    Down(Downsampler, Vec<i16>),
}

/// What was found in 16 ms.
#[derive(Clone, Copy)]
struct Step {
    voice: bool,
    periodic: bool,
    dbov: f32,
}

impl VoiceDetector {
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let widths = match rate {
            Rate::Hz8000 => Widths::Up(Upsampler::new()),
            Rate::Hz16000 => Widths::Down(Downsampler::new(), Vec::with_capacity(320)),
        };
        Self {
            widths,
            tones: ToneDetector::new(Rate::Hz8000),
            pitch: Pitch::new(),
            high_pass: HighPass::new(100.0, Rate::Hz16000),
            earshot: Detector::default_boxed(),
            wide: Vec::with_capacity(STEP + 640),
            steps: VecDeque::with_capacity(STEPS_LOOKED_AT + 1),
            quiet_steps: 0,
            deaf_steps: 0,
            activity: Activity::Quiet,
            nothing_ms: SETTLED_MS,
            rate,
        }
    }

    /// Takes samples at the detector's rate, usually a frame, and says when the activity changed in them. Of two changes in one push
    /// the last is told.
    pub fn push(&mut self, samples: &[i16]) -> Option<Change> {
        if samples.iter().any(|sample| *sample != 0) {
            self.nothing_ms = 0;
        } else if self.nothing_ms >= SETTLED_MS {
            return None;
        } else {
            self.nothing_ms += samples.len() * 1_000 / self.rate.hz() as usize;
        }
        let tone = match &mut self.widths {
            Widths::Up(up) => {
                up.process(samples, &mut self.wide);
                self.pitch.push(samples);
                self.tones.push(samples)
            }
            Widths::Down(down, narrow) => {
                self.wide.extend_from_slice(samples);
                narrow.clear();
                down.process(samples, narrow);
                self.pitch.push(narrow);
                self.tones.push(narrow)
            }
        };
        let mut change = None;
        let mut used = 0;
        while self.wide.len() - used >= STEP {
            let mut step = [0; STEP];
            step.copy_from_slice(&self.wide[used..used + STEP]);
            used += STEP;
            let step = self.judge(&mut step, tone.is_some());
            change = self.take(step).or(change);
        }
        self.wide.drain(..used);
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

    fn judge(&mut self, samples: &mut [i16; STEP], tone: bool) -> Step {
        self.high_pass.process(samples);
        let dbov = dbov(samples);
        // earshot hears everything, so that its memory is never stale.
        let score = self.earshot.predict_i16(samples);
        if tone {
            // What was taken for voice while the tone was not yet known was the tone.
            self.steps.clear();
            self.deaf_steps = STEPS_AFTER_TONE;
            return Step { voice: false, periodic: false, dbov };
        }
        if self.deaf_steps > 0 {
            self.deaf_steps -= 1;
            return Step { voice: false, periodic: false, dbov };
        }
        let voice = score >= SCORE_MIN && dbov >= LEVEL_MIN;
        Step { voice, periodic: voice && self.pitch.periodicity() >= PERIODIC_MIN, dbov }
    }

    fn take(&mut self, step: Step) -> Option<Change> {
        if self.steps.len() == STEPS_LOOKED_AT {
            self.steps.pop_front();
        }
        self.steps.push_back(step);
        let lively = self.liveliness() >= LIVELINESS_DB;
        self.quiet_steps = if step.periodic && lively { 0 } else { self.quiet_steps + 1 };
        match self.activity {
            Activity::Quiet if step.voice && lively && self.enough_voice() => {
                let begun = self.steps.iter().position(|step| step.voice).unwrap_or(0);
                self.quiet_steps = 0;
                self.activity = Activity::Speech;
                Some(Change { activity: Activity::Speech, ago: millis((self.steps.len() - begun) as u64 * STEP_MS) })
            }
            Activity::Speech if self.quiet_steps >= STEPS_FOR_QUIET => {
                self.steps.clear();
                self.activity = Activity::Quiet;
                Some(Change { activity: Activity::Quiet, ago: millis(self.quiet_steps * STEP_MS) })
            }
            _ => None,
        }
    }

    fn enough_voice(&self) -> bool {
        self.steps.iter().filter(|step| step.voice).count() >= STEPS_OF_VOICE
            && self.steps.iter().filter(|step| step.periodic).count() >= STEPS_WITH_PITCH
    }

    /// How far apart the levels of the steps of voice are, in dB.
    fn liveliness(&self) -> f32 {
        let levels = self.steps.iter().filter(|step| step.voice).map(|step| step.dbov);
        let (low, high) = levels.fold((0.0_f32, -127.0_f32), |(low, high), level| (low.min(level), high.max(level)));
        high - low
    }
}

impl fmt::Debug for VoiceDetector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VoiceDetector").field("activity", &self.activity).finish_non_exhaustive()
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
}
