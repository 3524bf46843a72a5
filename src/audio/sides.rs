//! How both sides of a recording sound, whole: level of speech, noise behind it, clipping, who speaks when. One pass over the frames as they stand
//! in the file; the gauge that measures calls as they run tells what of it is speech.

use super::frame::Rate;
use super::gauge::Gauge;
use super::level::SILENCE_DBOV;
use crate::base::time::millis;
use crate::base::{CallSound, SideFigures, SoundLimits};

/// 16 bits, two channels.
const MOMENT: usize = 4;
/// Samples of a frame of 20 ms at 16 kHz.
const FRAME_MAX: usize = 320;
/// Classes of the power of what is no speech, each 1 dB wide; the quietest is digital silence, or next to it.
const CLASSES: usize = 96;
/// The floor of noise is sought in so much of the beginning before any of it is judged.
const HEAD_FRAMES: usize = 100;
/// What is behind words is judged of so many frames of it, a second.
const NOISE_FROM: u64 = 50;

#[derive(Debug)]
pub struct Sides {
    rate: Rate,
    sides: [Side; 2],
    /// The beginning, until there is enough of it; then bytes of a frame that is not whole yet.
    head: Option<Vec<u8>>,
    rest: Vec<u8>,
    frames: u64,
    silent: u64,
    both: u64,
}

#[derive(Debug)]
struct Side {
    gauge: Gauge,
    /// Frames of each class in which it does not speak.
    quiet: [u64; CLASSES],
    speaks: u64,
    over: u64,
    /// The frame in which it began to speak.
    since: Option<u64>,
}

impl Sides {
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let side = || Side { gauge: Gauge::new(SoundLimits::default()), quiet: [0; CLASSES], speaks: 0, over: 0, since: None };
        Self { rate, sides: [side(), side()], head: Some(Vec::new()), rest: Vec::new(), frames: 0, silent: 0, both: 0 }
    }

    /// The next bytes of the file's sound: left, right, left, …, 16 bits, the lower byte first.
    pub fn push(&mut self, bytes: &[u8]) {
        let Some(head) = &mut self.head else { return self.judge(bytes) };
        head.extend_from_slice(bytes);
        if head.len() >= HEAD_FRAMES * self.rate.samples_per_frame() * MOMENT {
            self.begin();
        }
    }

    /// The beginning is there: its floor, then all of it.
    fn begin(&mut self) {
        let Some(head) = self.head.take() else { return };
        for (number, side) in self.sides.iter_mut().enumerate() {
            let mut scout = Gauge::new(SoundLimits::default());
            for frame in head.chunks_exact(self.rate.samples_per_frame() * MOMENT).take(HEAD_FRAMES) {
                let samples: Vec<i16> =
                    frame.chunks_exact(MOMENT).map(|moment| i16::from_le_bytes([moment[2 * number], moment[2 * number + 1]])).collect();
                let _ = scout.push(&samples, self.rate);
            }
            side.gauge.begin_above(&scout);
        }
        self.judge(&head);
    }

    fn judge(&mut self, mut bytes: &[u8]) {
        let frame = self.rate.samples_per_frame() * MOMENT;
        if !self.rest.is_empty() {
            let (fills, behind) = bytes.split_at(bytes.len().min(frame - self.rest.len()));
            self.rest.extend_from_slice(fills);
            if self.rest.len() < frame {
                return;
            }
            let whole = std::mem::take(&mut self.rest);
            self.take(&whole);
            bytes = behind;
        }
        let frames = bytes.chunks_exact(frame);
        self.rest.extend_from_slice(frames.remainder());
        frames.for_each(|frame| self.take(frame));
    }

    /// Of the whole frames.
    #[must_use]
    pub fn finish(mut self) -> CallSound {
        self.begin();
        let long = |frames: u64| millis(frames * 20);
        let figures = |side: &Side| SideFigures {
            level_dbov: if side.speaks == 0 { SILENCE_DBOV as i8 } else { side.gauge.reading().level_dbov },
            noise_dbov: side.noise_dbov(),
            clipped_ppm: (side.gauge.share_at_full_scale() * 1e6) as u32,
            speech: long(side.speaks),
            talked_over: long(side.over),
        };
        CallSound {
            duration: long(self.frames),
            sides: [figures(&self.sides[0]), figures(&self.sides[1])],
            silence: long(self.silent),
            over_talk: long(self.both),
        }
    }

    fn take(&mut self, frame: &[u8]) {
        let mut samples = [[0_i16; FRAME_MAX]; 2];
        let [left, right] = &mut samples;
        for ((moment, left), right) in frame.chunks_exact(MOMENT).zip(left.iter_mut()).zip(right.iter_mut()) {
            *left = i16::from_le_bytes([moment[0], moment[1]]);
            *right = i16::from_le_bytes([moment[2], moment[3]]);
        }
        let length = frame.len() / MOMENT;
        for (side, samples) in self.sides.iter_mut().zip(&samples) {
            side.take(&samples[..length], self.rate, self.frames);
        }
        match [self.sides[0].since, self.sides[1].since] {
            [None, None] => self.silent += 1,
            [Some(left), Some(right)] => {
                self.both += 1;
                // Who began later speaks into the other's words; who began together does not.
                self.sides[0].over += u64::from(left > right);
                self.sides[1].over += u64::from(right > left);
            }
            _ => {}
        }
        self.frames += 1;
    }
}

impl Side {
    fn take(&mut self, samples: &[i16], rate: Rate, number: u64) {
        // What it has to say on the way was said when the call ran.
        let _ = self.gauge.push(samples, rate);
        let (power, speaks) = self.gauge.last_frame();
        if speaks {
            self.speaks += 1;
            self.since.get_or_insert(number);
        } else {
            self.since = None;
            let below = (-10.0 * f64::from(power).max(1e-20).log10()).round().max(0.0) as usize;
            self.quiet[below.min(CLASSES - 1)] += 1;
        }
    }

    /// The median of what is heard where it does not speak, digital silence left out.
    fn noise_dbov(&self) -> i8 {
        let heard = &self.quiet[..CLASSES - 1];
        let all: u64 = heard.iter().sum();
        if all < NOISE_FROM {
            return SILENCE_DBOV as i8;
        }
        let mut left = all.div_ceil(2);
        let class = heard.iter().position(|count| {
            left = left.saturating_sub(*count);
            left == 0
        });
        class.and_then(|class| i8::try_from(class).ok()).map_or(SILENCE_DBOV as i8, |below| -below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::dbov;
    use crate::audio::wav;
    use crate::base::Rng;
    use crate::base::time::secs;

    const SECOND: usize = 8_000;

    /// A sentence over and over without long pauses, at that level.
    fn speech(seconds: usize, level: f32) -> Vec<i16> {
        let clip = wav::read(include_bytes!("../../tests/fixtures/voice/zh-f-3.wav"), Rate::Hz8000).expect("a clip");
        let frames: Vec<&[i16]> = clip.chunks_exact(160).collect();
        let first = frames.iter().position(|frame| dbov(frame) > -40.0).expect("speech");
        let last = frames.iter().rposition(|frame| dbov(frame) > -40.0).expect("speech");
        scaled(&frames[first..=last].concat(), level).into_iter().cycle().take(seconds * SECOND).collect()
    }

    fn scaled(samples: &[i16], level: f32) -> Vec<i16> {
        let gain = 10_f32.powf((level - dbov(samples)) / 20.0);
        samples.iter().map(|sample| (f32::from(*sample) * gain) as i16).collect()
    }

    fn noise(seconds: usize, level: f32) -> Vec<i16> {
        let mut rng = Rng::new(3);
        scaled(&(0..seconds * SECOND).map(|_| (rng.below(20_001) as i16) - 10_000).collect::<Vec<_>>(), level)
    }

    fn silence(seconds: usize) -> Vec<i16> {
        vec![0; seconds * SECOND]
    }

    fn measured(left: &[i16], right: &[i16]) -> CallSound {
        let bytes: Vec<u8> = left.iter().zip(right).flat_map(|(left, right)| [left.to_le_bytes(), right.to_le_bytes()].concat()).collect();
        let whole = |piece: usize| {
            let mut sides = Sides::new(Rate::Hz8000);
            bytes.chunks(piece).for_each(|piece| sides.push(piece));
            sides.finish()
        };
        let sound = whole(bytes.len());
        assert_eq!([whole(65_492), whole(7), whole(640)], [sound; 3], "however it is read");
        sound
    }

    fn near(actual: crate::base::Duration, expected: u64) -> bool {
        actual.abs_diff(secs(expected)) <= millis(900)
    }

    #[test]
    fn who_speaks_when_and_how_loud_is_told_of_each_side() {
        let left = [speech(10, -26.0), silence(10), silence(5), speech(5, -26.0)].concat();
        let right = [silence(10), speech(10, -20.0), silence(5), silence(2), speech(3, -20.0)].concat();
        let sound = measured(&left, &right);
        assert_eq!(sound.duration, secs(30));
        let [caller, agent] = sound.sides;
        assert!(near(caller.speech, 15) && near(agent.speech, 13) && near(sound.silence, 5) && near(sound.over_talk, 3), "{sound:?}");
        assert_eq!(caller.talked_over + agent.talked_over, sound.over_talk);
        assert!((i32::from(caller.level_dbov) + 26).abs() <= 1 && (i32::from(agent.level_dbov) + 20).abs() <= 1, "{sound:?}");
        assert_eq!((caller.noise_dbov, caller.clipped_ppm), (-127, 0), "there is nothing behind it");
    }

    #[test]
    fn who_speaks_into_the_words_of_the_other_is_told() {
        // Loud and soft by turns, an eighth of a second each: without a pause.
        let drones = |seconds: usize| -> Vec<i16> {
            (0..seconds * SECOND).map(|n| if n / 1_000 % 2 == 0 { [4_000, -4_000][n % 2] } else { 30 }).collect()
        };
        let sound = measured(&drones(12), &[silence(5), drones(2), silence(5)].concat());
        let [caller, agent] = sound.sides;
        assert!(caller.speech >= secs(11) && caller.talked_over.is_zero(), "{sound:?}");
        assert!(agent.talked_over == sound.over_talk && near(sound.over_talk, 2), "{sound:?}");
    }

    #[test]
    fn noise_is_what_is_heard_between_words() {
        let behind = noise(30, -45.0);
        let words = [silence(5), speech(10, -26.0), silence(5), speech(10, -26.0)].concat();
        let mixed: Vec<i16> = words.iter().zip(&behind).map(|(a, b)| a.saturating_add(*b)).collect();
        let sound = measured(&mixed, &behind);
        let [caller, other] = sound.sides;
        assert!((i32::from(caller.noise_dbov) + 45).abs() <= 2 && (i32::from(caller.level_dbov) + 26).abs() <= 1, "{sound:?}");
        assert!((i32::from(other.noise_dbov) + 45).abs() <= 1 && other.speech.is_zero() && other.level_dbov == -127, "{sound:?}");
        assert!(near(sound.silence, 10) && sound.over_talk.is_zero(), "{sound:?}");
    }

    #[test]
    fn what_stands_at_full_scale_is_clipped() {
        let loud: Vec<i16> = speech(10, -20.0).iter().map(|sample| sample.saturating_mul(12)).collect();
        let sound = measured(&[silence(2), loud].concat(), &silence(12));
        let [caller, other] = sound.sides;
        assert!(caller.clipped_ppm > 50_000 && other.clipped_ppm == 0, "{sound:?}");
    }

    #[test]
    fn nothing_and_less_than_a_frame_are_nothing() {
        let of = |bytes: usize| {
            let mut sides = Sides::new(Rate::Hz16000);
            vec![1; bytes].chunks(1_000).for_each(|piece| sides.push(piece));
            sides.finish()
        };
        let nothing = SideFigures { level_dbov: -127, noise_dbov: -127, ..SideFigures::default() };
        assert_eq!(of(0), CallSound { sides: [nothing; 2], ..CallSound::default() });
        assert_eq!([of(1_279), of(1_280), of(1_280 * 151)].map(|sound| sound.duration), [secs(0), millis(20), millis(3_020)]);
    }
}
