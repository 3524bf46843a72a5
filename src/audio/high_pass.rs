//! A high-pass: what lies below a voice (hum, rumble, an offset) is taken away before anything is judged.

use super::frame::Rate;

/// Butterworth of fourth order: an octave below its corner 24 dB are gone, an octave above it nothing.
#[derive(Clone, Debug)]
pub struct HighPass {
    sections: [Biquad; 2],
}

#[derive(Clone, Debug)]
struct Biquad {
    b: [f32; 3],
    a: [f32; 2],
    z: [f32; 2],
}

impl HighPass {
    /// `corner` in Hz.
    #[must_use]
    pub fn new(corner: f32, rate: Rate) -> Self {
        // The quality of the two pole pairs of a fourth-order Butterworth filter.
        Self { sections: [0.541_196_1, 1.306_563].map(|quality| Biquad::high_pass(corner / rate.hz() as f32, quality)) }
    }

    /// Filters in place; returns the mean square of the result.
    pub fn process(&mut self, samples: &mut [i16]) -> f32 {
        let mut power = 0.0;
        for sample in samples.iter_mut() {
            let mut value = f32::from(*sample);
            for section in &mut self.sections {
                value = section.next(value);
            }
            power += value * value;
            *sample = value as i16;
        }
        power / samples.len().max(1) as f32
    }
}

impl Biquad {
    fn high_pass(corner: f32, quality: f32) -> Self {
        let angle = std::f32::consts::TAU * corner;
        let alpha = angle.sin() / (2.0 * quality);
        let gain = 1.0 / (1.0 + alpha);
        let side = f32::midpoint(1.0, angle.cos()) * gain;
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
    use crate::audio::tone::Tone;

    #[test]
    fn hum_goes_and_voices_stay() {
        for rate in [Rate::Hz8000, Rate::Hz16000] {
            let through = |hz: f64| {
                let mut samples = Vec::new();
                Tone::new(&[hz], &[], rate, -20.0).fill(rate.samples_in_ms(1_000), &mut samples);
                let mut filter = HighPass::new(100.0, rate);
                let settled = rate.samples_in_ms(500);
                filter.process(&mut samples[..settled]);
                10.0 * (filter.process(&mut samples[settled..]) / (32_768.0 * 32_768.0)).log10()
            };
            assert!((through(1_000.0) + 20.0).abs() < 0.1, "{}", through(1_000.0));
            assert!((through(100.0) + 23.0).abs() < 0.2, "{}", through(100.0));
            assert!(through(50.0) < -43.5, "{}", through(50.0));
        }
    }
}
