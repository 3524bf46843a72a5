//! Session descriptions (RFC 8866) and the offer/answer model (RFC 3264): pure functions from (offer, capabilities) to (answer,
//! what was settled). sdp-types reads and writes the syntax.
//!
//! What lives here: one audio stream over RTP, plain or encrypted by SDES (`crypto`), whatever else the peer offers being refused line by line. What must not: SIP,
//! sockets, and the memory of a dialog, which the caller keeps ([`Local`] and the [`Layout`] of the last [`Negotiated`]).
//!
//! Choices: our configured order of codecs wins over the offerer's, since the configuration is the house's one place to say what it
//! pays CPU for; an answer lists one codec and its telephone-event alone, so that both sides know what will be sent.

mod crypto;
mod description;
mod layout;
mod offer_answer;
mod several;

pub use crypto::REQUIRED as SRTP_REQUIRED;
pub use layout::Layout;
pub use offer_answer::{accept, addresses, answer, offer, offer_secured, set_aside};
pub use several::{Stream, join, split};

use crate::base::srtp::{Protection, SrtpKeys};
use crate::base::{Codec, ExtendedReports, OpusWishes, OtherCodec};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;

/// What may flow, as seen from the switch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Direction {
    pub send: bool,
    pub receive: bool,
}

impl Direction {
    pub const SENDRECV: Self = Self { send: true, receive: true };
    pub const SENDONLY: Self = Self { send: true, receive: false };
    pub const RECVONLY: Self = Self { send: false, receive: true };
    pub const INACTIVE: Self = Self { send: false, receive: false };

    /// The attribute of RFC 8866 §6.7.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match (self.send, self.receive) {
            (true, true) => "sendrecv",
            (true, false) => "sendonly",
            (false, true) => "recvonly",
            (false, false) => "inactive",
        }
    }
}

/// Our side of one leg's session: what we can and want to do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Local {
    /// Where we receive RTP; RTCP comes to the next port, or to the same one when multiplexed.
    pub address: SocketAddr,
    /// In order of preference; at least one.
    pub codecs: Vec<Codec>,
    pub direction: Direction,
    /// `o=`: one number for the life of the leg.
    pub session_id: u64,
    /// `o=`: one more for each description that differs from the one sent before (RFC 3264 §8).
    pub version: u64,
    /// Packet time that we like, milliseconds; 20.
    pub ptime: u16,
    /// We take comfort noise (RFC 3389). An answer takes it wherever it is offered.
    #[serde(default)]
    pub comfort_noise: bool,
    /// We take keys, and send them (RFC 4733).
    #[serde(default = "yes")]
    pub events: bool,
    /// What we ask of Opus that is sent to us.
    #[serde(default)]
    pub opus: OpusWishes,
    /// What the peer asked for in an earlier round, and is to have on.
    #[serde(default)]
    pub extended_reports: ExtendedReports,
    /// What earlier rounds on this leg fixed: default for the first, else that of the last [`Negotiated`].
    pub layout: Layout,
    /// Whether and how the stream is encrypted.
    #[serde(default)]
    pub protection: Protection,
}

fn yes() -> bool {
    true
}

impl Local {
    /// A first description: both directions, 20 ms packets, Opus with forward error correction, no encryption.
    #[must_use]
    pub fn new(address: SocketAddr, codecs: &[Codec], session_id: u64) -> Self {
        Self {
            address,
            codecs: codecs.to_vec(),
            direction: Direction::SENDRECV,
            session_id,
            version: 1,
            ptime: 20,
            comfort_noise: false,
            events: true,
            opus: OpusWishes { fec: true, ..OpusWishes::default() },
            extended_reports: ExtendedReports::default(),
            layout: Layout::default(),
            protection: Protection::NONE,
        }
    }
}

/// What offer and answer settled.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Negotiated {
    /// Where the peer receives RTP; unspecified (0.0.0.0) under the hold of RFC 2543, and then nothing is sent.
    pub remote: SocketAddr,
    /// Where it receives RTCP: RTP port + 1, `a=rtcp` (RFC 3605), or the RTP port itself when `rtcp_mux`.
    pub remote_rtcp: SocketAddr,
    /// RFC 5761, agreed by both.
    pub rtcp_mux: bool,
    pub codec: Codec,
    /// All that both can speak, in our order of preference; known where the peer offered.
    #[serde(default)]
    pub common: Vec<Codec>,
    /// What the peer's answer lists besides: it may turn to one of these without a word.
    #[serde(default)]
    pub others: Vec<OtherCodec>,
    /// The type the peer wants to receive, and the one it sends.
    pub send_payload_type: u8,
    pub receive_payload_type: u8,
    /// telephone-event at the codec's clock (RFC 4733 §2.1), where both have it; else at 8 kHz.
    pub send_event_type: Option<u8>,
    pub receive_event_type: Option<u8>,
    /// Its clock, where that is not the codec's.
    #[serde(default)]
    pub event_clock: Option<u32>,
    /// As the descriptions say. A holder that says `sendonly` often sends nothing all the same: do not wait for its packets while `hold`.
    pub direction: Direction,
    /// Packet time we send, milliseconds: 20, 40 or 60.
    pub ptime: u16,
    /// The peer announced that it may fall silent: CN (RFC 3389), `usedtx=1` (RFC 7587) or `silenceSupp:on` (RFC 3108).
    pub silence_suppression: bool,
    /// Comfort noise (RFC 3389, payload type 13) is agreed: the peer takes it and sends it.
    #[serde(default)]
    pub comfort_noise: bool,
    /// What the peer asks of Opus that we send, where that is the codec.
    #[serde(default)]
    pub opus: OpusWishes,
    /// The peer does not want to hear us: `sendonly`, `inactive`, or the address 0.0.0.0.
    pub hold: bool,
    /// What the peer asks us to tell it of its stream (RFC 3611 §5.2), where it was the first to speak of it.
    #[serde(default)]
    pub extended_reports: ExtendedReports,
    /// To be put into [`Local::layout`] for the next round.
    pub layout: Layout,
    /// What the stream is encrypted with, if it is.
    #[serde(default)]
    pub srtp: Option<SrtpKeys>,
}

/// Why a description cannot be used, and what to answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SdpError {
    /// No session description, or a broken one.
    Malformed(String),
    /// Well formed, but nothing in it that we can speak.
    NotAcceptable(&'static str),
}

impl SdpError {
    /// The SIP status to refuse the offer with.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::NotAcceptable(_) => 488,
        }
    }
}

impl fmt::Display for SdpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => write!(f, "session description unreadable: {why}"),
            Self::NotAcceptable(why) => write!(f, "session description not acceptable: {why}"),
        }
    }
}

impl std::error::Error for SdpError {}
