//! RTP as numbers: what a packet says, what its numbers tell of loss and jitter, how ours go on when the source changes. rtp-rs and
//! rtcp-types do the bits. No sockets, no addresses, no sound: those are `media`'s.

pub mod bursts;
pub mod e_model;
pub mod jitter_buffer;
pub mod packet;
pub mod receiver;
pub mod rtcp;
pub mod sender;
pub mod srtp;
pub mod telephone_event;

pub use jitter_buffer::{JitterBuffer, Next};
pub use packet::{Header, Malformed, Packet};
pub use receiver::{Arrival, Receiver};
pub use sender::Sender;
pub use telephone_event::{Event, EventReceiver, KeyPress};

use crate::base::Duration;

/// `duration` in ticks of an RTP clock, rounded down.
#[must_use]
pub fn ticks(duration: Duration, clock_rate: u32) -> u64 {
    u64::try_from(duration.as_nanos() * u128::from(clock_rate) / 1_000_000_000).unwrap_or(u64::MAX)
}
