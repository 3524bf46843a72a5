//! The unit of sound: 20 ms of mono 16-bit samples at one of two rates.

use crate::base::time::{Duration, millis};

/// Milliseconds in a frame.
pub const FRAME_MS: usize = 20;
/// The length of a frame.
pub const FRAME: Duration = millis(20);
/// Samples of the longest frame: 20 ms at 16 kHz.
pub const FRAME_SAMPLES_MAX: usize = 320;

/// How many samples a second a session works in: 8 kHz between telephones, 16 kHz when both sides are wideband.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rate {
    Hz8000,
    Hz16000,
}

impl Rate {
    #[must_use]
    pub const fn hz(self) -> u32 {
        match self {
            Self::Hz8000 => 8_000,
            Self::Hz16000 => 16_000,
        }
    }

    /// 160 or 320.
    #[must_use]
    pub const fn samples_per_frame(self) -> usize {
        self.samples_in_ms(FRAME_MS)
    }

    #[must_use]
    pub const fn samples_in_ms(self, ms: usize) -> usize {
        ms * match self {
            Self::Hz8000 => 8,
            Self::Hz16000 => 16,
        }
    }

    /// Samples in `duration`, rounded down.
    #[must_use]
    pub fn samples_in(self, duration: Duration) -> usize {
        usize::try_from(duration.as_micros() * u128::from(self.hz()) / 1_000_000).unwrap_or(usize::MAX)
    }

    /// How long `samples` last.
    #[must_use]
    pub fn duration_of(self, samples: usize) -> Duration {
        Duration::from_micros(samples as u64 * 1_000_000 / u64::from(self.hz()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_twenty_milliseconds_at_either_rate() {
        for (rate, samples) in [(Rate::Hz8000, 160), (Rate::Hz16000, 320)] {
            assert_eq!(rate.samples_per_frame(), samples);
            assert_eq!(rate.samples_in(FRAME), samples);
            assert_eq!(rate.duration_of(samples), FRAME);
        }
        assert_eq!(Rate::Hz16000.samples_per_frame(), FRAME_SAMPLES_MAX);
    }
}
