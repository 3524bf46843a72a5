//! How a party sounds: the words for it, shared by whoever measures, whoever sets the limits, and whoever acts on it.

use super::Duration;
use serde::{Deserialize, Serialize};

/// From where on speech counts as too quiet, too loud, or drowned.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SoundLimits {
    /// Mean level of speech in dBov.
    pub faint_below: i8,
    pub loud_above: i8,
    /// Speech that stands no more dB than this above the noise behind it is noisy.
    pub noise_within: u8,
}

impl Default for SoundLimits {
    fn default() -> Self {
        Self { faint_below: -38, loud_above: -12, noise_within: 10 }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Loudness {
    Quiet,
    #[default]
    Fair,
    Loud,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Clarity {
    #[default]
    Clean,
    Noisy,
}

/// What is measured of a party.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Reading {
    /// Mean level of all its speech so far, dBov.
    pub level_dbov: i8,
    /// What is heard of it between words, dBov.
    pub noise_dbov: i8,
    /// More than a few samples of it stood at full scale.
    pub clipped: bool,
    /// How much speech that is the mean of.
    pub speech: Duration,
    /// Of its last seconds of speech.
    pub loudness: Loudness,
    pub clarity: Clarity,
}

/// What is wrong with how a party sounds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Flaw {
    Faint,
    Loud,
    Noisy,
}

impl Flaw {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Faint => "faint",
            Self::Loud => "loud",
            Self::Noisy => "noisy",
        }
    }
}
