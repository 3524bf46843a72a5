//! How loud: levels in dBov, where 0 is a full-scale square wave, a full-scale sine −3 and silence −127 (RFC 6464 §3, RFC 6465 §3).

/// The level given to digital silence and anything below it.
pub const SILENCE_DBOV: f32 = -127.0;

/// Level of `samples` in dBov, −127.0 to 0.0.
#[must_use]
pub fn dbov(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return SILENCE_DBOV;
    }
    from_power(power(samples) / samples.len() as f64)
}

/// Level of `samples` as the byte of RFC 6464 §3 and RFC 6465 §3: 0 is loudest, 127 silence.
#[must_use]
pub fn rfc6465(samples: &[i16]) -> u8 {
    (-dbov(samples)).round() as u8
}

fn power(samples: &[i16]) -> f64 {
    // 320 × 2^30 fits easily; integers add exactly in any order.
    samples.iter().map(|sample| i64::from(i32::from(*sample).pow(2))).sum::<i64>() as f64
}

fn from_power(mean_square: f64) -> f32 {
    let db = 10.0 * (mean_square / (32_768.0 * 32_768.0)).max(1e-20).log10();
    db.clamp(f64::from(SILENCE_DBOV), 0.0) as f32
}

/// A running level: the power of the last second or so, and the loudest sample since last asked.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    mean_square: f64,
    frames: u32,
    peak: u16,
}

impl Meter {
    /// Frames that count: 50 frames of 20 ms.
    const MEMORY: u32 = 50;

    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a frame and returns its own level in dBov.
    pub fn push(&mut self, frame: &[i16]) -> f32 {
        if frame.is_empty() {
            return SILENCE_DBOV;
        }
        let mean_square = power(frame) / frame.len() as f64;
        // A true mean until the memory is full, exponential from then on.
        self.frames = (self.frames + 1).min(Self::MEMORY);
        self.mean_square += (mean_square - self.mean_square) / f64::from(self.frames);
        self.peak = frame.iter().map(|sample| sample.unsigned_abs()).fold(self.peak, u16::max);
        from_power(mean_square)
    }

    /// The running level in dBov.
    #[must_use]
    pub fn dbov(&self) -> f32 {
        if self.frames == 0 { SILENCE_DBOV } else { from_power(self.mean_square) }
    }

    /// The loudest sample since the last call, 0 to 32768.
    pub fn take_peak(&mut self) -> u16 {
        std::mem::take(&mut self.peak)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(amplitude: f64) -> Vec<i16> {
        (0..1_600).map(|n| (amplitude * (f64::from(n) * 0.0625 * std::f64::consts::TAU).sin()).round() as i16).collect()
    }

    #[test]
    fn levels_of_known_signals() {
        for (samples, level) in [
            (vec![i16::MIN; 160], 0.0),
            (sine(32_767.0), -3.01),
            (sine(3_276.7), -23.01),
            (sine(327.67), -43.01),
            (vec![0; 160], -127.0),
            (vec![], -127.0),
        ] {
            assert!((dbov(&samples) - level).abs() < 0.05, "{} against {level}", dbov(&samples));
        }
    }

    #[test]
    fn the_byte_of_the_header_extension_counts_downwards() {
        assert_eq!([rfc6465(&[i16::MIN; 160]), rfc6465(&sine(3_276.7)), rfc6465(&[0; 160])], [0, 23, 127]);
    }

    #[test]
    fn the_meter_forgets_in_a_second_or_so() {
        let mut meter = Meter::new();
        assert!(meter.dbov() < -126.0);
        for _ in 0..50 {
            meter.push(&sine(3_276.7)[..160]);
        }
        assert!((meter.dbov() + 23.0).abs() < 0.1, "{}", meter.dbov());
        for _ in 0..250 {
            meter.push(&[0; 160]);
        }
        assert!(meter.dbov() < -40.0, "{}", meter.dbov());
        assert_eq!((meter.take_peak(), meter.take_peak()), (3_277, 0));
    }
}
