//! What encrypts sound (RFC 3711, keyed as RFC 4568 has it): the suites, a stream's keys, and what is asked of a leg. The doing is
//! `rtp::srtp`'s. Nothing here is ever shown: not in logs, events or traces.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Longest master key with its salt: AES-256 and 14 bytes.
pub const MASTER_MAX: usize = 46;

/// Longest master key identifier taken, in bytes (RFC 4568 §6.1 allows 128, and nobody writes more than 4).
pub const MKI_MAX: usize = 4;

/// Cipher, its key and the tag (RFC 4568 §6.2, RFC 6188, RFC 7714).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Suite {
    #[serde(rename = "AEAD_AES_128_GCM")]
    Gcm128,
    #[serde(rename = "AEAD_AES_256_GCM")]
    Gcm256,
    #[serde(rename = "AES_CM_128_HMAC_SHA1_80")]
    Cm128Tag80,
    #[serde(rename = "AES_256_CM_HMAC_SHA1_80")]
    Cm256Tag80,
    #[serde(rename = "AES_CM_128_HMAC_SHA1_32")]
    Cm128Tag32,
}

impl Suite {
    /// In the order in which they are offered where the configuration says nothing: those first that do cipher and tag in one go; the short
    /// tag, which is guessed in 2³² tries, last.
    pub const ALL: [Self; 5] = [Self::Gcm128, Self::Gcm256, Self::Cm128Tag80, Self::Cm256Tag80, Self::Cm128Tag32];

    /// As `a=crypto` has it, and the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gcm128 => "AEAD_AES_128_GCM",
            Self::Gcm256 => "AEAD_AES_256_GCM",
            Self::Cm128Tag80 => "AES_CM_128_HMAC_SHA1_80",
            Self::Cm256Tag80 => "AES_256_CM_HMAC_SHA1_80",
            Self::Cm128Tag32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// Bytes of the master key, without its salt.
    #[must_use]
    pub const fn key_length(self) -> usize {
        match self {
            Self::Gcm128 | Self::Cm128Tag80 | Self::Cm128Tag32 => 16,
            Self::Gcm256 | Self::Cm256Tag80 => 32,
        }
    }

    #[must_use]
    pub const fn salt_length(self) -> usize {
        match self {
            Self::Gcm128 | Self::Gcm256 => 12,
            Self::Cm128Tag80 | Self::Cm128Tag32 | Self::Cm256Tag80 => 14,
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A suite that the switch does not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnknownSuite;

impl FromStr for Suite {
    type Err = UnknownSuite;

    fn from_str(name: &str) -> Result<Self, UnknownSuite> {
        Self::ALL.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name)).ok_or(UnknownSuite)
    }
}

/// The master key of one direction, with its salt, and what names it in packets, if anything does.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct MasterKey {
    #[zeroize(skip)]
    suite: Suite,
    #[serde(with = "super::bytes")]
    bytes: Vec<u8>,
    /// Behind each packet (RFC 3711 §3.1); mostly empty.
    #[serde(with = "super::bytes", default)]
    mki: Vec<u8>,
}

impl MasterKey {
    /// `None` when the bytes are not as many as the suite's key and salt are, or the identifier is too long.
    #[must_use]
    pub fn new(suite: Suite, bytes: Vec<u8>, mki: Vec<u8>) -> Option<Self> {
        let fits = bytes.len() == suite.key_length() + suite.salt_length() && mki.len() <= MKI_MAX;
        fits.then_some(Self { suite, bytes, mki })
    }

    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Key, then salt.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[must_use]
    pub fn mki(&self) -> &[u8] {
        &self.mki
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.suite)
    }
}

/// What a stream is encrypted with: the peer's key for what it sends, ours for what we send. Of one suite.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SrtpKeys {
    pub receive: MasterKey,
    pub send: MasterKey,
}

/// Whether calls of an agent or a trunk are encrypted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SrtpPolicy {
    #[default]
    Off,
    /// Where the other side can.
    Optional,
    /// Or not at all.
    Required,
}

/// Thirty-two random bytes, of which a leg's own keys are made.
#[derive(Clone, PartialEq, Eq, Default, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct LegSecret([u8; 32]);

impl LegSecret {
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub fn reveal(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for LegSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// What is asked of one leg's encryption, and what its keys are made of.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Protection {
    pub policy: SrtpPolicy,
    /// In order of preference.
    pub suites: Vec<Suite>,
    /// The leg's own for its life: some phones take a key once, and never another.
    pub secret: LegSecret,
}

impl Protection {
    /// A leg that is not encrypted.
    pub const NONE: Self = Self { policy: SrtpPolicy::Off, suites: Vec::new(), secret: LegSecret::new([0; 32]) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_read_as_they_are_written() {
        for suite in Suite::ALL {
            assert_eq!(suite.name().parse(), Ok(suite));
            assert_eq!(suite.name().to_ascii_lowercase().parse(), Ok(suite));
        }
        assert_eq!("F8_128_HMAC_SHA1_80".parse::<Suite>(), Err(UnknownSuite));
    }

    #[test]
    fn keys_have_their_length_and_are_not_shown() {
        for suite in Suite::ALL {
            let length = suite.key_length() + suite.salt_length();
            assert!(length <= MASTER_MAX);
            assert_eq!(MasterKey::new(suite, vec![7; length + 1], vec![]), None);
            assert_eq!(MasterKey::new(suite, vec![7; length], vec![1; MKI_MAX + 1]), None);
            let key = MasterKey::new(suite, vec![7; length], vec![]).expect("a key");
            assert_eq!(format!("{key:?}"), format!("MasterKey({suite})"));
            assert_eq!(format!("{:?}", LegSecret::new([7; 32])), "…");
        }
    }
}
