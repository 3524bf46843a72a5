//! WAV clips as bytes, through hound: prompts and music come in by here. Reading the file is `io`'s.

use std::fmt;
use std::io::Cursor;

use hound::{SampleFormat, WavReader};

use super::frame::Rate;
use super::resample::convert;
use crate::base::limits::CLIP_SECONDS_MAX;

/// Why these bytes are no clip. The text is for the operator who put the file there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WavError {
    /// Not a WAV file, or broken; what hound says about it.
    Unreadable(String),
    NotMono {
        channels: u16,
    },
    Not16Bit {
        bits: u16,
        float: bool,
    },
    /// A sample rate below 4 kHz or above 192 kHz.
    OddRate {
        hz: u32,
    },
    Empty,
    TooLong {
        seconds: u64,
    },
}

impl fmt::Display for WavError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "not a readable WAV file ({why})"),
            Self::NotMono { channels } => write!(f, "has {channels} channels; a prompt is mono"),
            Self::Not16Bit { bits, float: false } => write!(f, "has {bits}-bit samples; a prompt has 16-bit PCM"),
            Self::Not16Bit { bits, float: true } => write!(f, "has {bits}-bit float samples; a prompt has 16-bit PCM"),
            Self::OddRate { hz } => write!(f, "has a sample rate of {hz} Hz; 4,000 to 192,000 are taken, 16,000 is best"),
            Self::Empty => write!(f, "holds no sound"),
            Self::TooLong { seconds } => write!(f, "lasts {seconds} s; the longest clip taken is {CLIP_SECONDS_MAX} s"),
        }
    }
}

impl std::error::Error for WavError {}

/// A clip as its file has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clip {
    pub hz: u32,
    pub samples: Vec<i16>,
}

impl Clip {
    /// Reads mono 16-bit PCM of any usual sample rate.
    ///
    /// # Errors
    /// What is wrong with the file, in words.
    pub fn read(bytes: &[u8]) -> Result<Self, WavError> {
        let unreadable = |error: hound::Error| WavError::Unreadable(error.to_string());
        let mut reader = WavReader::new(Cursor::new(bytes)).map_err(unreadable)?;
        let spec = reader.spec();
        if spec.channels != 1 {
            return Err(WavError::NotMono { channels: spec.channels });
        }
        if spec.bits_per_sample != 16 || spec.sample_format != SampleFormat::Int {
            return Err(WavError::Not16Bit { bits: spec.bits_per_sample, float: spec.sample_format == SampleFormat::Float });
        }
        if !(4_000..=192_000).contains(&spec.sample_rate) {
            return Err(WavError::OddRate { hz: spec.sample_rate });
        }
        let seconds = u64::from(reader.duration()) / u64::from(spec.sample_rate);
        if seconds > CLIP_SECONDS_MAX {
            return Err(WavError::TooLong { seconds });
        }
        let samples: Vec<i16> = reader.samples().collect::<Result<_, _>>().map_err(unreadable)?;
        if samples.is_empty() {
            return Err(WavError::Empty);
        }
        Ok(Self { hz: spec.sample_rate, samples })
    }

    /// The clip's samples at `rate`.
    #[must_use]
    pub fn at(&self, rate: Rate) -> Vec<i16> {
        convert(&self.samples, self.hz, rate)
    }
}

/// Reads a clip and brings it to `rate`.
///
/// # Errors
/// What is wrong with the file, in words.
pub fn read(bytes: &[u8], rate: Rate) -> Result<Vec<i16>, WavError> {
    Ok(Clip::read(bytes)?.at(rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hound::{WavSpec, WavWriter};

    fn wav(channels: u16, hz: u32, bits: u16, samples: usize) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let spec = WavSpec { channels, sample_rate: hz, bits_per_sample: bits, sample_format: SampleFormat::Int };
        let mut writer = WavWriter::new(&mut bytes, spec).expect("a header");
        for n in 0..samples * usize::from(channels) {
            writer.write_sample(i32::try_from(n % 100).expect("small")).expect("a sample");
        }
        writer.finalize().expect("a file");
        bytes.into_inner()
    }

    #[test]
    fn a_mono_clip_of_any_rate_comes_to_the_sessions_rate() {
        for hz in [8_000, 16_000, 22_050, 44_100, 48_000] {
            for rate in [Rate::Hz8000, Rate::Hz16000] {
                let samples = read(&wav(1, hz, 16, hz as usize / 2), rate).expect("a clip");
                assert!(samples.len().abs_diff(rate.samples_in_ms(500)) <= 1, "{hz}");
            }
        }
    }

    #[test]
    fn a_file_at_the_sessions_rate_is_taken_sample_by_sample() {
        let expected: Vec<i16> = (0..250).map(|n| n % 100).collect();
        assert_eq!(read(&wav(1, 8_000, 16, 250), Rate::Hz8000), Ok(expected));
    }

    #[test]
    fn what_is_no_prompt_is_refused_with_its_reason() {
        assert_eq!(Clip::read(&wav(2, 8_000, 16, 10)), Err(WavError::NotMono { channels: 2 }));
        assert_eq!(Clip::read(&wav(1, 8_000, 24, 10)), Err(WavError::Not16Bit { bits: 24, float: false }));
        assert_eq!(Clip::read(&wav(1, 1_000, 16, 10)), Err(WavError::OddRate { hz: 1_000 }));
        assert_eq!(Clip::read(&wav(1, 8_000, 16, 0)), Err(WavError::Empty));
        assert_eq!(Clip::read(&wav(1, 4_000, 16, 4_000 * 601)), Err(WavError::TooLong { seconds: 601 }));
        assert!(matches!(Clip::read(b"ID3 this is a song"), Err(WavError::Unreadable(_))));
        assert!(matches!(Clip::read(&[]), Err(WavError::Unreadable(_))));
        let whole = wav(1, 8_000, 16, 100);
        assert!(matches!(Clip::read(&whole[..whole.len() - 50]), Err(WavError::Unreadable(_))), "cut short");
    }
}
