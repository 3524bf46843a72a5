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
    /// G.722, static payload type 9: 16,000 samples a second, while its RTP clock counts 8,000 (RFC 3551 §4.5.2).
    G722,
    /// Opus (RFC 6716), RTP clock always 48 kHz (RFC 7587).
    Opus,
}

/// A codec that a peer may turn to, since its answer lists it beside the one that is spoken (RFC 3264 §7), with what changes with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OtherCodec {
    pub codec: Codec,
    pub send_payload_type: u8,
    pub receive_payload_type: u8,
    pub send_event_type: Option<u8>,
    pub receive_event_type: Option<u8>,
    /// Where that is not the codec's.
    pub event_clock: Option<u32>,
    pub comfort_noise: bool,
    pub opus: OpusWishes,
}

impl Codec {
    /// Every one, in the order that the switch prefers where the configuration says nothing: what costs least first.
    pub const ALL: [Self; 4] = [Self::Pcma, Self::Pcmu, Self::G722, Self::Opus];

    /// RTP clock in Hz.
    #[must_use]
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::Opus => 48_000,
        }
    }

    /// The static payload type of RFC 3551, or `None` for a dynamic one.
    #[must_use]
    pub const fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::G722 => Some(9),
            Self::Opus => None,
        }
    }

    /// Whether it carries more than the telephone's band, 300 to 3,400 Hz; its calls are mixed and recorded at 16 kHz.
    #[must_use]
    pub const fn is_wideband(self) -> bool {
        matches!(self, Self::G722 | Self::Opus)
    }

    /// Name in configuration: `pcmu`, `pcma`, `g722`, `opus`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "pcmu",
            Self::Pcma => "pcma",
            Self::G722 => "g722",
            Self::Opus => "opus",
        }
    }
}

/// What a receiver of Opus asks of its sender (RFC 7587 §6.1, `a=fmtp`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct OpusWishes {
    /// `useinbandfec=1`: it makes use of a coarse copy of each packet in the next.
    pub fec: bool,
    /// `usedtx=1`: it would rather get nothing than silence.
    pub dtx: bool,
    /// `cbr=1`: packets of one size, so that nobody reads a text from their sizes (RFC 6562).
    pub constant_rate: bool,
    /// `maxaveragebitrate`, bits a second, 6,000 to 510,000.
    pub bit_rate_max: Option<u32>,
    /// `maxplaybackrate`, Hz: what is above half of it is not played. 8,000 to 48,000.
    pub playback_rate_max: u32,
}

impl Default for OpusWishes {
    fn default() -> Self {
        Self { fec: false, dtx: false, constant_rate: false, bit_rate_max: None, playback_rate_max: 48_000 }
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
        Self::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name)).ok_or(UnknownCodec)
    }
}
