//! Adding voices: a sum wide enough for any number of them, brought back to 16 bits once, at the end, by a limiter without memory.
//!
//! The limiter leaves everything below three quarters of full scale as it is and bends what is above towards full scale, which it never
//! reaches: `knee + room × over / (over + room)`. Two loud voices at once are rounded, not cut, and never wrap. It has no gain that
//! would have to recover: one loud word does not make the next sample, let alone the next word, quieter, so there is nothing to pump.

use super::frame::FRAME_SAMPLES_MAX;

/// Up to here a sum is heard as it is: −2.5 dB of full scale, above the peaks of any one voice at its usual level.
const KNEE: i32 = 24_576;
/// What is left above it.
const ROOM: f32 = (i16::MAX as i32 - KNEE) as f32;

/// The sum of one frame's voices. Kept and cleared by its owner: no allocation a frame.
#[derive(Clone, Debug)]
pub struct Sum {
    samples: [i32; FRAME_SAMPLES_MAX],
}

impl Default for Sum {
    fn default() -> Self {
        Self { samples: [0; FRAME_SAMPLES_MAX] }
    }
}

impl Sum {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub fn clear(&mut self) {
        self.samples.fill(0);
    }

    /// Adds a voice; of a frame longer than 20 ms at 16 kHz the first 320 samples.
    pub fn add(&mut self, voice: &[i16]) {
        for (sum, sample) in self.samples.iter_mut().zip(voice) {
            *sum += i32::from(*sample);
        }
    }

    /// Takes out a voice that was added: exactly, for nothing has been cut yet.
    pub fn subtract(&mut self, voice: &[i16]) {
        for (sum, sample) in self.samples.iter_mut().zip(voice) {
            *sum -= i32::from(*sample);
        }
    }

    /// Fills `frame` with everything added, limited to 16 bits.
    pub fn write(&self, frame: &mut [i16]) {
        for (sample, sum) in frame.iter_mut().zip(&self.samples) {
            *sample = limit(*sum);
        }
    }
}

/// Brings a sum back to 16 bits.
#[must_use]
pub fn limit(sum: i32) -> i16 {
    let size = sum.saturating_abs();
    let over = (size - KNEE).max(0) as f32;
    let limited = size.min(KNEE) + (ROOM * (over / (over + ROOM))) as i32;
    (if sum < 0 { -limited } else { limited }) as i16
}

/// Passes from what `before` says to what `frame` says over the length of `before`.
pub fn cross_fade(before: &[i16], frame: &mut [i16]) {
    let length = before.len().min(frame.len());
    for (at, (old, new)) in before.iter().zip(frame).enumerate() {
        let sum = i32::from(*old) * (length - at) as i32 + i32::from(*new) * at as i32;
        *new = (sum / length as i32) as i16;
    }
}

/// Adds `voice` to `frame` in place, saturating; for two voices, where order does not matter.
pub fn add(frame: &mut [i16], voice: &[i16]) {
    for (sample, other) in frame.iter_mut().zip(voice) {
        *sample = sample.saturating_add(*other);
    }
}

/// Scales in place by `q15` / 32768 (0 silences, 32767 is unity), for fades and music under a prompt.
pub fn scale(frame: &mut [i16], q15: u16) {
    for sample in frame {
        *sample = saturate((i32::from(*sample) * i32::from(q15)) >> 15);
    }
}

fn saturate(value: i32) -> i16 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(sum: &Sum, samples: usize) -> Vec<i16> {
        let mut frame = vec![7; samples];
        sum.write(&mut frame);
        frame
    }

    #[test]
    fn loud_voices_are_limited_once_at_the_end() {
        let mut sum = Sum::new();
        for level in [20_000, 30_000, -30_000] {
            sum.add(&[level; 320]);
        }
        assert_eq!(written(&sum, 320), [20_000; 320], "the third voice takes back what the second went over");
        sum.subtract(&[-30_000; 160]);
        let loud = written(&sum, 160);
        assert!(loud.iter().all(|sample| (30_000..i16::MAX).contains(sample)), "{}", loud[0]);
        sum.subtract(&[30_000; 160]);
        assert_eq!(written(&sum, 160), [20_000; 160], "what is taken out leaves no trace");
    }

    #[test]
    fn a_cleared_sum_is_silence() {
        let mut sum = Sum::new();
        sum.add(&[5; 160]);
        sum.clear();
        assert_eq!(written(&sum, 160), [0; 160]);
    }

    #[test]
    fn the_limiter_leaves_what_is_quiet_and_never_wraps_or_turns_back() {
        for sum in -KNEE..=KNEE {
            assert_eq!(i32::from(limit(sum)), sum);
        }
        // 64 voices at full scale are two millions.
        let mut before = i16::MIN;
        for sum in (-2_100_000..=2_100_000).step_by(7) {
            let limited = limit(sum);
            assert!(limited >= before && limited > i16::MIN, "{sum}: {limited} after {before}");
            assert_eq!(limited, -limit(-sum), "as much below as above");
            before = limited;
        }
        assert!(limit(2_100_000) > 32_600);
        // The bend begins without an edge.
        assert!((limit(KNEE + 100) - limit(KNEE)).abs_diff(99) <= 1);
    }

    #[test]
    fn a_cross_fade_begins_with_the_old_and_ends_with_the_new() {
        let mut frame = [1_000; 8];
        cross_fade(&[-1_000; 4], &mut frame);
        assert_eq!(frame, [-1_000, -500, 0, 500, 1_000, 1_000, 1_000, 1_000]);
        cross_fade(&[], &mut frame);
        assert_eq!(frame[0], -1_000);
    }

    #[test]
    fn two_voices_add_in_place() {
        let mut frame = [1_000, -32_000, 32_000];
        add(&mut frame, &[1, -1_000, 1_000]);
        assert_eq!(frame, [1_001, i16::MIN, i16::MAX]);
        scale(&mut frame, 16_384);
        assert_eq!(frame, [500, -16_384, 16_383]);
    }
}
