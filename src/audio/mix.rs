//! Adding voices: a sum wide enough for any number of them, brought back to 16 bits once, at the end.

use super::frame::FRAME_SAMPLES_MAX;

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

    /// Appends `samples` samples of everything added.
    pub fn write(&self, samples: usize, out: &mut Vec<i16>) {
        out.extend(self.samples.iter().take(samples).map(|sum| saturate(*sum)));
    }

    /// Appends everything but `own`, as long as `own`: nobody hears himself.
    pub fn write_without(&self, own: &[i16], out: &mut Vec<i16>) {
        out.extend(self.samples.iter().zip(own).map(|(sum, own)| saturate(sum - i32::from(*own))));
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

    #[test]
    fn loud_voices_saturate_once_at_the_end() {
        let mut sum = Sum::new();
        for level in [30_000, 30_000, -30_000] {
            sum.add(&[level; 320]);
        }
        let mut out = Vec::new();
        sum.write(320, &mut out);
        assert_eq!(out, [30_000; 320], "the third voice takes back what the second went over");
        out.clear();
        sum.write_without(&[-30_000; 160], &mut out);
        assert_eq!(out, [i16::MAX; 160]);
    }

    #[test]
    fn a_cleared_sum_is_silence() {
        let mut sum = Sum::new();
        sum.add(&[5; 160]);
        sum.clear();
        let mut out = Vec::new();
        sum.write(160, &mut out);
        assert_eq!(out, [0; 160]);
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
