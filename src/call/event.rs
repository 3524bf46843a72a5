//! What a call is told by its legs, what its parent orders of it, and what it orders and tells in turn.

use super::record::{HeldBy, Outcome, ReleasedBy};
use crate::base::{AgentId, ClipId, LegId};
use crate::media::control::{AllocationFailure, Background};
use crate::sip;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// A fact about one of the call's legs.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    Allocated {
        leg: LegId,
        address: SocketAddr,
    },
    AllocationFailed {
        leg: LegId,
        cause: AllocationFailure,
    },
    Ringing {
        leg: LegId,
        sdp: Option<Vec<u8>>,
    },
    Answered {
        leg: LegId,
        sdp: Option<Vec<u8>>,
        peer: IpAddr,
    },
    Failed {
        leg: LegId,
        failure: sip::Failure,
    },
    Acked {
        leg: LegId,
        sdp: Option<Vec<u8>>,
    },
    Reoffered {
        leg: LegId,
        sdp: Option<Vec<u8>>,
    },
    Released {
        leg: LegId,
        cause: sip::Cause,
    },
    Digit {
        leg: LegId,
        digit: char,
    },
    Spoke {
        leg: LegId,
    },
    FellSilent {
        leg: LegId,
    },
    AnnouncementEnded {
        leg: LegId,
        token: u64,
    },
    /// Media stopped coming.
    TimedOut {
        leg: LegId,
    },
}

/// Which party.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Side {
    Caller,
    Callee,
}

impl Side {
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Caller => Self::Callee,
            Self::Callee => Self::Caller,
        }
    }
}

/// Why a call is to end, for its record and for the phones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ending {
    pub by: ReleasedBy,
    /// How it counts; `None` keeps what the call has come to by itself.
    pub outcome: Option<Outcome>,
    /// Final response to a caller who was not answered.
    pub code: u16,
    pub retry_after: Option<u32>,
    /// Text of the Reason header and of the record.
    pub cause: String,
}

/// What the parent orders.
#[derive(Clone, PartialEq, Debug)]
pub enum Order {
    /// The caller hears ringing.
    RingCaller,
    /// The switch answers the caller itself.
    AnswerCaller,
    /// A party is called. With `early_media` the caller hears what the far network plays.
    Offer(Offer),
    /// An offer is given up; nothing more is told of it.
    WithdrawOffer {
        leg: LegId,
        reason: sip::Reason,
    },
    SetBackground {
        side: Side,
        background: Background,
    },
    Announce {
        side: Side,
        clips: Vec<ClipId>,
        token: u64,
    },
    StopAnnouncements {
        side: Side,
    },
    ListenForSpeech {
        side: Side,
        on: bool,
    },
    /// From now on an agent's BYE ends his own part alone (`Fact::AgentLeft`).
    OutliveAgent,
    /// The agent's phone is released, the caller stays.
    DismissAgent {
        /// Text of the Reason header.
        cause: String,
    },
    /// A caller whose agent is gone waits for another.
    WaitAnew,
    Release(Ending),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Offer {
    pub leg: LegId,
    pub callee: sip::Callee,
    /// The agent whose phone it is, if one's.
    pub agent: Option<AgentId>,
    pub from: sip::Party,
    /// Our address towards the callee.
    pub local: IpAddr,
    pub early_media: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    Sip(sip::Command),
    Media(crate::media::control::Command),
    Tell(Fact),
}

/// What the call tells its parent. Past tense.
#[derive(Clone, PartialEq, Debug)]
pub enum Fact {
    /// The caller's offer can be served and his port is there: the call may be routed.
    CallerReady,
    CallerAnswered,
    /// The callee's phone was sent the INVITE.
    OfferSent {
        leg: LegId,
    },
    OfferRang {
        leg: LegId,
    },
    OfferFailed {
        leg: LegId,
        failure: sip::Failure,
    },
    /// Both parties hear each other.
    Connected {
        leg: LegId,
    },
    Held {
        by: HeldBy,
    },
    Retrieved {
        by: HeldBy,
    },
    Digit {
        side: Side,
        digit: char,
    },
    Spoke {
        side: Side,
    },
    FellSilent {
        side: Side,
    },
    AnnouncementEnded {
        side: Side,
        token: u64,
    },
    /// The agent's part is over, and the caller is alone with the switch.
    AgentLeft {
        leg: LegId,
    },
    /// The call is over: all legs are released, the record is whole but for its recording.
    Ended,
}
