//! From one rate to another: ×2 and ÷2 on the packet path in integers (the same bits on every machine), any ratio once when a
//! prompt is loaded.
//!
//! The path's filter is a linear-phase FIR of 32 taps at 16 kHz: −0.4 dB at 3.4 kHz, −45 dB from 4.6 kHz on, 15.5 samples (0.97 ms)
//! of delay.

use super::frame::Rate;

/// Taps at 16 kHz.
const TAPS: usize = 32;
/// Taps of one phase at 8 kHz.
const PHASE: usize = TAPS / 2;
/// Samples at 16 kHz by which what is brought up, and what is brought down, is late: 15.5 each, 31 on the way up and down again.
pub const UP_DELAY: usize = PHASE - 1;
pub const DOWN_DELAY: usize = PHASE;
/// Samples handled at once, so that the working buffers stand on the stack.
const CHUNK: usize = 160;

/// First half of the symmetric filter in Q15, scaled so that each phase sums to one: Kaiser window (β 4.0), cut-off 3.92 kHz.
const HALF: [i16; PHASE] = [-114, -65, 285, 168, -555, -361, 957, 698, -1551, -1287, 2485, 2403, -4261, -5186, 10133, 29019];

const FILTER: [i16; TAPS] = {
    let mut filter = [0; TAPS];
    let mut tap = 0;
    while tap < PHASE {
        filter[tap] = HALF[tap];
        filter[TAPS - 1 - tap] = HALF[tap];
        tap += 1;
    }
    filter
};

/// The same at half the gain, so that all 32 sum to one.
const DOWN: [i16; TAPS] = {
    let mut down = FILTER;
    let mut tap = 0;
    while tap < TAPS {
        down[tap] = (down[tap] + 1) >> 1;
        tap += 1;
    }
    down
};

/// Every second tap, for the samples that fall on and between the input; newest sample last.
const EVEN: [i16; PHASE] = phase(1);
const ODD: [i16; PHASE] = phase(0);

const fn phase(first: usize) -> [i16; PHASE] {
    let mut taps = [0; PHASE];
    let mut tap = 0;
    while tap < PHASE {
        taps[tap] = FILTER[first + 2 * tap];
        tap += 1;
    }
    taps
}

fn dot<const N: usize>(taps: &[i16; N], samples: &[i16]) -> i32 {
    // A phase's taps sum to less than 2 in magnitude, so 31 bits hold the worst case (tested below).
    taps.iter().zip(samples).map(|(tap, sample)| i32::from(*tap) * i32::from(*sample)).sum()
}

fn saturate(value: i32) -> i16 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

/// 8 kHz in, 16 kHz out, as a stream.
#[derive(Clone, Debug, Default)]
pub struct Upsampler {
    past: [i16; PHASE - 1],
}

impl Upsampler {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends two samples for each of `samples`.
    pub fn process(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        for chunk in samples.chunks(CHUNK) {
            let mut line = [0_i16; PHASE - 1 + CHUNK];
            let length = PHASE - 1 + chunk.len();
            line[..PHASE - 1].copy_from_slice(&self.past);
            line[PHASE - 1..length].copy_from_slice(chunk);
            for window in line[..length].windows(PHASE) {
                out.push(saturate((dot(&EVEN, window) + (1 << 14)) >> 15));
                out.push(saturate((dot(&ODD, window) + (1 << 14)) >> 15));
            }
            self.past.copy_from_slice(&line[length - (PHASE - 1)..length]);
        }
    }
}

/// 16 kHz in, 8 kHz out, as a stream.
#[derive(Clone, Debug, Default)]
pub struct Downsampler {
    past: Past,
    /// The first of a pair whose second has not come yet.
    odd: Option<i16>,
}

#[derive(Clone, Debug)]
struct Past([i16; TAPS - 2]);

impl Default for Past {
    fn default() -> Self {
        Self([0; TAPS - 2])
    }
}

impl Downsampler {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one sample for each two of `samples`; an odd one waits for the next call.
    pub fn process(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        const LEAD: usize = TAPS - 2;
        let mut rest = samples;
        if let (Some(first), [second, others @ ..]) = (self.odd, rest) {
            self.pair([first, *second], out);
            self.odd = None;
            rest = others;
        }
        let even = rest.len() - rest.len() % 2;
        for chunk in rest[..even].chunks(CHUNK) {
            let mut line = [0_i16; LEAD + CHUNK];
            let length = LEAD + chunk.len();
            line[..LEAD].copy_from_slice(&self.past.0);
            line[LEAD..length].copy_from_slice(chunk);
            out.extend(line[..length].windows(TAPS).step_by(2).map(|window| saturate((dot(&DOWN, window) + (1 << 14)) >> 15)));
            self.past.0.copy_from_slice(&line[length - LEAD..length]);
        }
        self.odd = rest.get(even).copied().or(self.odd);
    }

    fn pair(&mut self, pair: [i16; 2], out: &mut Vec<i16>) {
        let mut window = [0_i16; TAPS];
        window[..TAPS - 2].copy_from_slice(&self.past.0);
        window[TAPS - 2..].copy_from_slice(&pair);
        out.push(saturate((dot(&DOWN, &window) + (1 << 14)) >> 15));
        self.past.0.copy_from_slice(&window[2..]);
    }
}

/// Zero crossings of the sinc on each side when a whole clip is brought to another rate.
const CROSSINGS: f64 = 24.0;

/// A whole clip of any sample rate brought to `rate` by windowed sinc, without delay: loading a prompt, not a packet's way.
#[must_use]
pub fn convert(samples: &[i16], from_hz: u32, rate: Rate) -> Vec<i16> {
    if from_hz == rate.hz() || samples.is_empty() || from_hz == 0 {
        return samples.to_vec();
    }
    let step = f64::from(from_hz) / f64::from(rate.hz());
    // Downwards the filter cuts at the new Nyquist frequency, a little below it for the transition band.
    let cutoff = 0.95 * (1.0 / step).min(1.0);
    let reach = CROSSINGS / cutoff;
    let half = reach.ceil() as usize;
    // A new sample falls between two old ones in as many ways as the rates' ratio has, reduced: the filter of each is made once. A minute
    // of music would else take seconds of sines, at each start and reload.
    let divisor = gcd(from_hz, rate.hz());
    let (stride, ways) = ((from_hz / divisor) as usize, (rate.hz() / divisor) as usize);
    let filter = |way: usize| -> Vec<f64> {
        let fraction = way as f64 / ways as f64;
        let tap = |n: usize| {
            let distance = n as f64 - half as f64 - fraction;
            if distance.abs() > reach { 0.0 } else { cutoff * sinc(distance * cutoff) * hann(distance / reach) }
        };
        (0..=2 * half).map(tap).collect()
    };
    let mut filters = vec![Vec::new(); ways];
    let length = (samples.len() as f64 / step).floor() as usize;
    (0..length)
        .map(|index| {
            let (centre, way) = (index * stride / ways, index * stride % ways);
            if filters[way].is_empty() {
                filters[way] = filter(way);
            }
            // The first tap stands `half` samples before the centre; the clip has edges.
            let (first, skipped) = (centre.saturating_sub(half), half.saturating_sub(centre));
            let sum: f64 = samples[first..].iter().zip(&filters[way][skipped..]).map(|(sample, tap)| f64::from(*sample) * tap).sum();
            sum.round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
        })
        .collect()
}

fn gcd(one: u32, other: u32) -> u32 {
    if other == 0 { one } else { gcd(other, one % other) }
}

fn sinc(x: f64) -> f64 {
    let x = x * std::f64::consts::PI;
    if x.abs() < 1e-9 { 1.0 } else { x.sin() / x }
}

fn hann(x: f64) -> f64 {
    0.5 + 0.5 * (x * std::f64::consts::PI).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::dbov;

    fn sine(hz: f64, rate: f64, samples: usize) -> Vec<i16> {
        (0..samples).map(|n| (10_000.0 * (n as f64 * hz / rate * std::f64::consts::TAU).sin()).round() as i16).collect()
    }

    /// Level of the settled part of `out` against that of the sine that went in, in dB.
    fn gain(out: &[i16]) -> f32 {
        dbov(&out[400..out.len() - 400]) - dbov(&sine(1_000.0, 16_000.0, 16_000))
    }

    #[test]
    fn no_input_can_overflow_the_sum() {
        for taps in [EVEN, ODD] {
            let worst: i64 = taps.iter().map(|tap| i64::from(tap.unsigned_abs()) * 32_768).sum();
            assert!(worst + (1 << 14) < i64::from(i32::MAX));
            assert_eq!(taps.iter().map(|tap| i32::from(*tap)).sum::<i32>(), 32_768, "unity gain");
        }
        let worst: i64 = DOWN.iter().map(|tap| i64::from(tap.unsigned_abs()) * 32_768).sum();
        assert!(worst + (1 << 14) < i64::from(i32::MAX));
        assert!(DOWN.iter().map(|tap| i32::from(*tap)).sum::<i32>().abs_diff(32_768) <= 16, "unity gain to 0.005 dB");
    }

    #[test]
    fn the_voice_band_passes_up_and_its_images_do_not() {
        for hz in [100.0, 300.0, 1_000.0, 2_000.0, 3_000.0, 3_300.0] {
            let mut out = Vec::new();
            Upsampler::new().process(&sine(hz, 8_000.0, 8_000), &mut out);
            assert!(gain(&out).abs() < 0.5, "{hz} Hz: {}", gain(&out));
            // What is left beside the sine itself is the image above 4 kHz and rounding.
            let expected = sine_like(&out, hz);
            let rest: Vec<i16> = out.iter().zip(&expected).skip(400).map(|(got, want)| got - want).collect();
            assert!(dbov(&rest) - dbov(&out) < -42.0, "{hz} Hz leaves {}", dbov(&rest) - dbov(&out));
        }
    }

    /// The sine of `hz` that fits `out` best.
    fn sine_like(out: &[i16], hz: f64) -> Vec<i16> {
        let angle = |n: usize| n as f64 * hz / 16_000.0 * std::f64::consts::TAU;
        let settled = 400..out.len() - 400;
        let count = settled.len() as f64 / 2.0;
        let cos: f64 = settled.clone().map(|n| f64::from(out[n]) * angle(n).cos()).sum::<f64>() / count;
        let sin: f64 = settled.map(|n| f64::from(out[n]) * angle(n).sin()).sum::<f64>() / count;
        (0..out.len()).map(|n| (cos * angle(n).cos() + sin * angle(n).sin()).round() as i16).collect()
    }

    #[test]
    fn what_does_not_fit_below_four_kilohertz_is_taken_away() {
        for (hz, least, most) in [(1_000.0, -0.5, 0.5), (3_300.0, -0.5, 0.5), (4_700.0, -200.0, -42.0), (6_000.0, -200.0, -42.0)] {
            let mut out = Vec::new();
            Downsampler::new().process(&sine(hz, 16_000.0, 16_000), &mut out);
            assert!((least..most).contains(&gain(&out)), "{hz} Hz: {}", gain(&out));
        }
    }

    #[test]
    fn a_stream_in_pieces_sounds_as_in_one() {
        let input = sine(440.0, 16_000.0, 3_200);
        let (mut whole_up, mut whole_down) = (Vec::new(), Vec::new());
        Upsampler::new().process(&input, &mut whole_up);
        Downsampler::new().process(&input, &mut whole_down);
        for size in [1, 7, 80, 161, 333] {
            let (mut up, mut down, mut out_up, mut out_down) = (Upsampler::new(), Downsampler::new(), Vec::new(), Vec::new());
            for piece in input.chunks(size) {
                up.process(piece, &mut out_up);
                down.process(piece, &mut out_down);
            }
            assert!(out_up == whole_up && out_down == whole_down, "pieces of {size}");
        }
    }

    #[test]
    fn the_delay_is_within_a_millisecond() {
        let mut impulse = vec![0; 160];
        impulse[0] = 20_000;
        let mut out = Vec::new();
        Upsampler::new().process(&impulse, &mut out);
        let peak = (0..out.len()).max_by_key(|at| out[*at].unsigned_abs()).expect("samples");
        assert!(peak <= 16, "{peak} samples at 16 kHz");
    }

    #[test]
    fn a_clip_of_any_rate_keeps_its_length_pitch_and_level() {
        for from in [8_000, 11_025, 16_000, 22_050, 44_100, 48_000] {
            for rate in [Rate::Hz8000, Rate::Hz16000] {
                let clip = sine(1_000.0, f64::from(from), from as usize);
                let out = convert(&clip, from, rate);
                assert!(out.len().abs_diff(rate.hz() as usize) <= 1, "{from} to {rate:?}: {}", out.len());
                assert!(gain(&out).abs() < 0.1, "{from} to {rate:?}: {}", gain(&out));
                let crossings = out.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
                assert!((998..=1_001).contains(&crossings), "{from} to {rate:?}: {crossings} Hz");
            }
        }
        assert!(gain(&convert(&sine(4_500.0, 48_000.0, 48_000), 48_000, Rate::Hz8000)) < -50.0, "no alias");
    }
}
