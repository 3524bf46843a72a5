//! The codecs the switch speaks, named once for configuration, SDP, media and recording.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An audio codec, by its media subtype.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// G.711 µ-law, static payload type 0 (RFC 3551).
    Pcmu,
    /// G.711 A-law, static payload type 8 (RFC 3551).
    Pcma,
    /// Opus (RFC 6716), RTP clock always 48 kHz (RFC 7587).
    Opus,
}

impl Codec {
    /// RTP clock in Hz.
    #[must_use]
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
            Self::Opus => 48_000,
        }
    }

    /// The static payload type of RFC 3551, or `None` for a dynamic one.
    #[must_use]
    pub const fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::Opus => None,
        }
    }

    /// Name in configuration: `pcmu`, `pcma`, `opus`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "pcmu",
            Self::Pcma => "pcma",
            Self::Opus => "opus",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A codec name that the switch does not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnknownCodec;

impl FromStr for Codec {
    type Err = UnknownCodec;

    fn from_str(name: &str) -> Result<Self, UnknownCodec> {
        [Self::Pcmu, Self::Pcma, Self::Opus].into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name)).ok_or(UnknownCodec)
    }
}
