//! How loud a party speaks and what noise is behind it, measured all through a call for the price of adding up squares. It knows frames and
//! how loud they are, not what they are: a voice, music and a busy tone are all sound that comes and goes; hum and hiss are noise.
//!
//! In the manner of ITU-T P.56, simplified: a frame of 20 ms is active when it stands [`MARGIN`] above the noise floor, from the third in a
//! row on and for [`HANGOVER`] frames behind the last, so that stops inside of words count and a click does not. The level is the mean power
//! of active frames. The floor is the least smoothed power of the last second and a half (minimum statistics). The noise is what a tenth of
//! the frames of the last five seconds do not exceed: the pauses, of one who speaks; nobody speaks for so long without any.

use super::frame::Rate;
use super::g711::{FULL_SCALE, Law};
use super::level::SILENCE_DBOV;
use crate::base::time::millis;
use crate::base::{Clarity, Loudness, Reading, SoundLimits};

/// Samples of a frame of G.711: 20 ms.
const FRAME: u32 = 160;
/// Frames of a window: half a second. Whatever is said is decided at a window's end.
const WINDOW: u32 = 25;
/// Windows of the floor: 1.5 s.
const FLOOR_OF: usize = 3;
/// Frames of the noise: 5 s. One of so many is no louder.
const NOISE_OF: usize = 250;
const NOISE_SHARE: u32 = 10;
/// Classes of power, each half an octave wide: the loudest begins at full scale, the quietest ends at −94 dBov.
const CLASSES: usize = 64;
/// 6 dB, as power.
const MARGIN: f32 = 4.0;
/// A frame below this is never active: −58 dBov, under the quiet parts of speech at −45.
const ACTIVE_MIN: f32 = 1.58e-6;
/// Active frames in a row before any of them counts: a key's click is shorter.
const RUN: u32 = 3;
/// 200 ms, as of P.56.
const HANGOVER: u32 = 10;
/// Active frames before the level is judged: 3 s; and before the noise is: 5 s.
const LEVEL_AFTER: u32 = 150;
const NOISE_AFTER: u32 = 250;
/// Active frames that the judgement looks back on: 5 s.
const MEMORY: u32 = 250;
/// Classes are left this far beyond the limit by which they are entered, in dB.
const HYSTERESIS: f32 = 3.0;
/// Of the samples of speech, the share at full scale from which on it is clipped; it is left at half of that.
const CLIPPED: f32 = 0.002;
/// Noise that nobody hears: −60 dBov.
const NOISE_HEARD: f32 = 1e-6;
/// Windows between two tellings of a change.
const TELL_EVERY: u32 = 4;

/// Measures one direction of a call. Half a kilobyte, no allocation, no logarithm but where it has something to say.
#[derive(Clone, Debug)]
pub struct Gauge {
    limits: SoundLimits,
    /// Of the frame that is not whole yet: squares, samples, samples at full scale.
    energy: u64,
    samples: u32,
    full: u32,
    /// Power of the last frames, smoothed; full scale is 1.
    smooth: f32,
    /// The least of it: in the window that runs, and in those before it, the newest first.
    low: f32,
    lows: [f32; FLOOR_OF],
    floor: f32,
    /// It was told from the start.
    knows_floor: bool,
    /// Frames of the window that runs, and of all.
    frames: u32,
    frames_all: usize,
    /// The classes of the last frames, in a ring, and how many are of each.
    ring: [u8; NOISE_OF],
    classes: [u8; CLASSES],
    /// Active frames in a row; of those that do not count yet, their power.
    run: u32,
    withheld: f32,
    hang: u32,
    /// Of the last active frames: mean power, and share of samples at full scale.
    recent: f32,
    recent_full: f32,
    /// Of all.
    power: f64,
    full_all: u64,
    active: u32,
    /// The power of the last frame, and whether it is one of speech.
    last: (f32, bool),
    loudness: Loudness,
    clarity: Clarity,
    told: Option<(Loudness, Clarity)>,
    /// Windows since something was told, and active frames by which the next reading is due.
    untold: u32,
    due: u32,
}

impl Gauge {
    #[must_use]
    pub fn new(limits: SoundLimits) -> Self {
        Self {
            limits,
            energy: 0,
            samples: 0,
            full: 0,
            smooth: 0.0,
            low: f32::MAX,
            lows: [f32::MAX; FLOOR_OF],
            floor: f32::MAX,
            knows_floor: false,
            frames: 0,
            frames_all: 0,
            ring: [0; NOISE_OF],
            classes: [0; CLASSES],
            run: 0,
            withheld: 0.0,
            hang: 0,
            recent: 0.0,
            recent_full: 0.0,
            power: 0.0,
            full_all: 0,
            active: 0,
            last: (0.0, false),
            loudness: Loudness::Fair,
            clarity: Clarity::Clean,
            told: None,
            untold: 0,
            due: LEVEL_AFTER,
        }
    }

    /// Other limits from now on; what was measured stays.
    pub fn set_limits(&mut self, limits: SoundLimits) {
        self.limits = limits;
    }

    /// Begins with the floor that another found in the same sound: what is said at once counts, too.
    pub fn begin_above(&mut self, other: &Self) {
        (self.floor, self.lows, self.knows_floor) = (other.floor, [other.floor; FLOOR_OF], true);
    }

    /// Takes a payload of G.711 as it came. `Some` when there is something new to say: the first time after three seconds of speech, then when
    /// a class changed, at most each two seconds, and each time that there is half as much speech again.
    pub fn push_law(&mut self, law: Law, mut payload: &[u8]) -> Option<Reading> {
        let mut reading = None;
        while !payload.is_empty() {
            let (piece, rest) = payload.split_at(payload.len().min((FRAME - self.samples) as usize));
            let (energy, full) = law.energy(piece);
            self.energy += energy;
            self.samples += piece.len() as u32;
            self.full += full;
            payload = rest;
            if self.samples == FRAME {
                reading = self.take(FRAME).or(reading);
            }
        }
        reading
    }

    /// As [`push_law`](Self::push_law), for a decoded frame of 20 ms at `rate`.
    pub fn push(&mut self, frame: &[i16], rate: Rate) -> Option<Reading> {
        if frame.len() != rate.samples_per_frame() {
            return None;
        }
        self.energy = frame.iter().map(|sample| u64::from(u32::from(sample.unsigned_abs()).pow(2))).sum();
        self.full = frame.iter().map(|sample| u32::from(sample.unsigned_abs() >= FULL_SCALE)).sum();
        self.take(rate.samples_per_frame() as u32)
    }

    /// A frame is whole.
    fn take(&mut self, samples: u32) -> Option<Reading> {
        let power = self.energy as f32 / (samples as f32 * 32_768.0 * 32_768.0);
        let full = self.full as f32 / samples as f32;
        self.full_all += if power >= ACTIVE_MIN { u64::from(self.full) * u64::from(FRAME) / u64::from(samples) } else { 0 };
        (self.energy, self.samples, self.full) = (0, 0, 0);
        self.smooth = if self.frames_all == 0 { power } else { self.smooth + 0.5 * (power - self.smooth) };
        self.low = self.low.min(self.smooth);
        self.floor = self.floor.min(self.low);
        self.sort(power);
        // Before the first floor anything may be noise.
        let speaks = (self.knows_floor || self.frames_all > WINDOW as usize) && self.activity(power, full);
        self.last = (power, speaks);
        self.frames += 1;
        if self.frames < WINDOW {
            return None;
        }
        self.frames = 0;
        self.lows.rotate_right(1);
        self.lows[0] = std::mem::replace(&mut self.low, f32::MAX);
        self.floor = self.lows.iter().copied().fold(f32::MAX, f32::min);
        self.untold = self.untold.saturating_add(1);
        self.judge()
    }

    /// Half an octave is a step of the first bit behind the point: the class stands in the number as it is stored.
    fn sort(&mut self, power: f32) {
        const LEAST: u32 = (127 << 1) - (CLASSES as u32 - 1);
        let class = (power.to_bits() >> 22).clamp(LEAST, LEAST + CLASSES as u32 - 1) - LEAST;
        let place = self.frames_all % NOISE_OF;
        if self.frames_all >= NOISE_OF {
            self.classes[usize::from(self.ring[place])] -= 1;
        }
        self.ring[place] = class as u8;
        self.classes[class as usize] += 1;
        self.frames_all += 1;
    }

    /// Power that a tenth of the last frames do not exceed.
    fn noise(&self) -> f32 {
        let mut left = (self.frames_all.min(NOISE_OF) as u32).div_ceil(NOISE_SHARE);
        for (class, count) in self.classes.iter().enumerate() {
            if u32::from(*count) >= left {
                // The middle of the class.
                return f32::from_bits(((class as u32 + (127 << 1) - (CLASSES as u32 - 1)) << 22) | (1 << 21));
            }
            left -= u32::from(*count);
        }
        0.0
    }

    /// Whether the frame counts as speech.
    fn activity(&mut self, power: f32, full: f32) -> bool {
        if power > (self.floor * MARGIN).max(ACTIVE_MIN) {
            self.run += 1;
            if self.run < RUN && self.hang == 0 {
                self.withheld += power;
                return false;
            }
            if self.withheld > 0.0 {
                let each = std::mem::take(&mut self.withheld) / (RUN - 1) as f32;
                (1..RUN).for_each(|_| self.count(each, 0.0));
            }
            if self.run >= RUN {
                self.hang = HANGOVER;
            }
        } else {
            (self.run, self.withheld) = (0, 0.0);
            if self.hang == 0 {
                return false;
            }
            self.hang -= 1;
        }
        self.count(power, full);
        true
    }

    fn count(&mut self, power: f32, full: f32) {
        self.active = self.active.saturating_add(1);
        self.power += f64::from(power);
        let weight = 1.0 / self.active.min(MEMORY) as f32;
        self.recent += (power - self.recent) * weight;
        self.recent_full += (full - self.recent_full) * weight;
    }

    fn judge(&mut self) -> Option<Reading> {
        if self.active < LEVEL_AFTER {
            return None;
        }
        let level = in_db(f64::from(self.recent));
        let (faint, loud) = (f32::from(self.limits.faint_below), f32::from(self.limits.loud_above));
        // What one is already, one stays a little longer.
        let slack = |is: bool| if is { HYSTERESIS } else { 0.0 };
        let clipped = if self.loudness == Loudness::Loud { CLIPPED / 2.0 } else { CLIPPED };
        self.loudness = if level < faint + slack(self.loudness == Loudness::Quiet) {
            Loudness::Quiet
        } else if level > loud - slack(self.loudness == Loudness::Loud) || self.recent_full > clipped {
            Loudness::Loud
        } else {
            Loudness::Fair
        };
        if self.active >= NOISE_AFTER && self.frames_all >= NOISE_OF {
            let floor = self.noise();
            let above = in_db(f64::from(self.recent - floor)) - in_db(f64::from(floor));
            let within = f32::from(self.limits.noise_within) + slack(self.clarity == Clarity::Noisy);
            self.clarity = if floor > NOISE_HEARD && above < within { Clarity::Noisy } else { Clarity::Clean };
        }
        let classes = Some((self.loudness, self.clarity));
        let changed = classes != self.told && self.untold >= TELL_EVERY;
        if !changed && self.active < self.due {
            return None;
        }
        (self.told, self.untold) = (classes, 0);
        self.due = self.active + self.active / 2;
        Some(self.reading())
    }

    /// Of the last whole frame: its power, of which full scale is 1, and whether it counts as speech.
    #[must_use]
    pub fn last_frame(&self) -> (f32, bool) {
        self.last
    }

    /// Of the samples of speech, the share that stands at full scale.
    #[must_use]
    pub fn share_at_full_scale(&self) -> f32 {
        (self.full_all as f32 / (FRAME * self.active.max(1)) as f32).min(1.0)
    }

    /// What was measured so far.
    #[must_use]
    pub fn reading(&self) -> Reading {
        let active = self.active.max(1);
        Reading {
            level_dbov: in_db(self.power / f64::from(active)).round() as i8,
            noise_dbov: in_db(f64::from(self.noise())).round() as i8,
            clipped: self.full_all as f32 > CLIPPED * FRAME as f32 * active as f32,
            speech: millis(u64::from(self.active) * 20),
            loudness: self.loudness,
            clarity: self.clarity,
        }
    }
}

/// Power, of which full scale is 1, in dBov.
fn in_db(power: f64) -> f32 {
    (10.0 * power.max(1e-20).log10()).clamp(f64::from(SILENCE_DBOV), 0.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::dbov;
    use crate::audio::tone::Tone;
    use crate::audio::wav;
    use crate::base::Rng;

    const SECOND: usize = 8_000;

    fn scaled(samples: &[i16], level: f32) -> Vec<i16> {
        let gain = 10_f32.powf((level - dbov(samples)) / 20.0);
        samples.iter().map(|sample| (f32::from(*sample) * gain).clamp(-32_768.0, 32_767.0) as i16).collect()
    }

    /// Sentences for `seconds`, with half a second between them; the level is that of the sentences alone.
    fn speech(seconds: usize, level: f32) -> Vec<i16> {
        let clip = wav::read(include_bytes!("../../tests/fixtures/voice/zh-f-3.wav"), Rate::Hz8000).expect("a clip");
        let loud: Vec<&[i16]> = clip.chunks_exact(160).collect();
        let first = loud.iter().position(|frame| dbov(frame) > -40.0).expect("speech");
        let last = loud.iter().rposition(|frame| dbov(frame) > -40.0).expect("speech");
        let mut sentence = scaled(&loud[first..=last].concat(), level);
        sentence.resize(sentence.len() + SECOND / 2, 0);
        sentence.into_iter().cycle().take(seconds * SECOND).collect()
    }

    fn white(seconds: usize, level: f32) -> Vec<i16> {
        let mut rng = Rng::new(3);
        scaled(&(0..seconds * SECOND).map(|_| (rng.below(20_001) as i16) - 10_000).collect::<Vec<_>>(), level)
    }

    fn hum(seconds: usize, level: f32) -> Vec<i16> {
        let mut samples = Vec::new();
        Tone::new(&[100.0, 150.0], &[], Rate::Hz8000, f64::from(level)).fill(seconds * SECOND, &mut samples);
        samples
    }

    fn mixed(one: &[i16], other: &[i16]) -> Vec<i16> {
        one.iter().zip(other).map(|(a, b)| a.saturating_add(*b)).collect()
    }

    /// What was told, with the seconds at which it was.
    fn told(gauge: &mut Gauge, samples: &[i16]) -> Vec<(f32, Reading)> {
        let frames = samples.chunks_exact(160).enumerate();
        frames.filter_map(|(n, frame)| Some(((n + 1) as f32 / 50.0, gauge.push(frame, Rate::Hz8000)?))).collect()
    }

    fn measured(samples: &[i16]) -> Vec<(f32, Reading)> {
        told(&mut Gauge::new(SoundLimits::default()), samples)
    }

    #[test]
    fn the_level_of_speech_is_told_within_two_db_and_silence_between_does_not_count() {
        for level in [-15.0, -20.0, -26.0, -32.0, -40.0, -45.0] {
            let told = measured(&speech(20, level));
            let last = told.last().expect("a reading").1;
            assert!((f32::from(last.level_dbov) - level).abs() <= 2.0, "{last:?} at {level}");
            assert!(f32::from(last.noise_dbov) < level - 30.0 && last.clarity == Clarity::Clean && !last.clipped, "{last:?} at {level}");
            let loudness = if level < -38.0 { Loudness::Quiet } else { Loudness::Fair };
            assert_eq!(told[0].1.loudness, loudness, "{level}");
            assert!((3.0..7.0).contains(&told[0].0), "the first after three seconds of speech: {}", told[0].0);
        }
    }

    #[test]
    fn what_goes_on_evenly_is_noise_and_never_speech() {
        for level in [-20.0, -30.0, -45.0] {
            for sound in [white(20, level), hum(20, level), vec![0; 20 * SECOND]] {
                let mut gauge = Gauge::new(SoundLimits::default());
                assert_eq!(told(&mut gauge, &sound), [], "{level}");
                assert_eq!(gauge.active, 0);
            }
        }
        // Clicks of 10 ms, ten a second.
        let clicks: Vec<i16> = (0..20 * SECOND).map(|n| if n % 800 < 80 { 8_000 } else { 0 }).collect();
        assert_eq!(measured(&clicks), []);
    }

    #[test]
    fn speech_that_hardly_stands_out_of_its_noise_is_noisy() {
        for (noise, clarity) in [(-60.0, Clarity::Clean), (-40.0, Clarity::Clean), (-33.0, Clarity::Noisy), (-28.0, Clarity::Noisy)] {
            let told = measured(&mixed(&speech(40, -26.0), &white(40, noise)));
            let last = told.last().expect("a reading").1;
            assert_eq!((last.clarity, last.loudness), (clarity, Loudness::Fair), "{last:?} at {noise}");
            assert!((f32::from(last.noise_dbov) - noise).abs() <= 3.0, "{last:?} at {noise}");
        }
    }

    #[test]
    fn clipping_and_shouting_are_loud() {
        let shouted = measured(&speech(20, -10.0));
        assert_eq!(shouted.last().expect("a reading").1.loudness, Loudness::Loud);
        let clipped = measured(&speech(20, -9.0)).last().expect("a reading").1;
        assert!(clipped.clipped && clipped.loudness == Loudness::Loud, "{clipped:?}");
        assert!(!measured(&speech(20, -20.0)).last().expect("a reading").1.clipped);
    }

    #[test]
    fn a_change_is_told_once_and_the_limit_is_not_hovered_about() {
        let mut gauge = Gauge::new(SoundLimits::default());
        let fair = told(&mut gauge, &speech(20, -26.0));
        let faint = told(&mut gauge, &speech(40, -46.0));
        assert!(fair.iter().all(|(_, reading)| reading.loudness == Loudness::Fair));
        let turned = faint.iter().filter(|(_, reading)| reading.loudness == Loudness::Quiet).count();
        assert!((1..=2).contains(&turned), "{faint:?}");
        // Two dB above the limit one who was faint still is; who was not is not.
        let between = told(&mut gauge, &speech(60, -36.5));
        assert!(between.iter().all(|(_, reading)| reading.loudness == Loudness::Quiet), "{between:?}");
        assert!(measured(&speech(60, -36.5)).iter().all(|(_, reading)| reading.loudness == Loudness::Fair));
        assert!(told(&mut gauge, &speech(40, -26.0)).iter().any(|(_, reading)| reading.loudness == Loudness::Fair));
    }

    #[test]
    fn readings_come_ever_more_rarely() {
        let told = measured(&speech(600, -26.0));
        assert!((8..=16).contains(&told.len()), "{} in ten minutes", told.len());
        let speech: Vec<u128> = told.iter().map(|(_, reading)| reading.speech.as_millis()).collect();
        assert!(speech.windows(2).all(|two| two[1] * 2 + 40 >= two[0] * 3), "{speech:?}");
    }

    #[test]
    fn packets_of_g711_are_measured_as_they_come_whatever_their_length() {
        let samples = speech(20, -26.0);
        for law in [Law::A, Law::Mu] {
            let mut bytes = Vec::new();
            law.encode(&samples, &mut bytes);
            let readings: Vec<Vec<Reading>> = [160, 80, 240, 33]
                .map(|packet| {
                    let mut gauge = Gauge::new(SoundLimits::default());
                    bytes.chunks(packet).filter_map(|payload| gauge.push_law(law, payload)).collect()
                })
                .to_vec();
            assert!(readings.iter().all(|told| *told == readings[0]) && !readings[0].is_empty(), "{law:?}");
            let decoded = measured(&samples).last().expect("a reading").1;
            let last = readings[0].last().expect("a reading");
            assert!(last.level_dbov.abs_diff(decoded.level_dbov) <= 1, "{last:?} {decoded:?}");
        }
        // What stands at full scale.
        assert_eq!(Law::A.energy(&[0xAA, 0x2A, 0xD5]).1, 2);
        assert_eq!(Law::Mu.energy(&[0x80, 0x00, 0xFF]).1, 2);
    }
}
