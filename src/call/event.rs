//! What a call is told by its legs, what its parent orders of it, and what it orders and tells in turn.

use super::record::{HeldBy, Outcome, ReleasedBy};
use crate::base::srtp::Protection;
use crate::base::{AgentId, ClipId, Codec, LegId, SoundLimits};
use crate::media::control::{AllocationFailure, Background, Excerpt};
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
    /// An offer within the session was answered: of ours, or what the endpoint repeated to refresh it.
    ReofferAnswered {
        leg: LegId,
        sdp: Vec<u8>,
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

/// Where a party who is called, or comes by himself, is to be once he is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Place {
    /// In the callee's seat, whose party, if one sits there, gives it up: the call is transferred.
    #[default]
    Callee,
    /// In the caller's seat: in place of the phone that was there or, where the switch makes the call, as the first who is there at all.
    Caller,
    /// Beside the two.
    Beside(Part),
}

/// What one beside the two is to them: whom he hears, and who hears him.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Part {
    /// The callee asks him, and the caller waits.
    Consulted,
    /// One more in the conversation.
    Conferee,
    /// Hears all, is heard by nobody.
    Listening,
    /// Hears all, is heard by the callee alone.
    Whispering,
    /// Hears all, is heard by all.
    BargingIn,
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
    /// The recording is filled with silence, or goes on.
    PauseRecording {
        on: bool,
    },
    /// No recording is made of this call, which is not answered yet.
    LeaveUnrecorded,
    /// A party is called. With `early_media` the caller hears what the far network plays.
    Offer(Offer),
    /// A phone that called by itself is taken into the call.
    Admit(Admission),
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
    /// Behind what is announced already, pieces of recordings.
    AnnounceRecording {
        side: Side,
        excerpts: Vec<Excerpt>,
        token: u64,
    },
    /// To one beside the two; nothing is told of its end.
    AnnounceBeside {
        leg: LegId,
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
    /// How that side sounds is measured, by these limits.
    Measure {
        side: Side,
        limits: SoundLimits,
    },
    /// From now on an agent's BYE ends his own part alone (`Fact::AgentLeft`).
    OutliveAgent,
    /// From now on a conference goes on when the caller has left it.
    OutliveCaller,
    /// The agent's phone is released, the caller stays.
    DismissAgent {
        /// Text of the Reason header.
        cause: String,
    },
    /// A caller whose agent is gone waits for another.
    WaitAnew,
    /// Caller and callee exchange their seats: from now on it is the other one who holds, asks others, and is transferred to.
    Exchange,
    /// The callee turns to others: the caller is on hold.
    TurnAside,
    /// And back to the caller.
    TurnBack,
    /// One beside the two takes the callee's seat, whose party is released.
    TakeSeat {
        leg: LegId,
        /// Text of the Reason header to the one who goes.
        cause: String,
    },
    /// One beside the two is something else to them from now on.
    SetPart {
        leg: LegId,
        part: Part,
    },
    /// One beside the two is released.
    Dismiss {
        leg: LegId,
        cause: String,
    },
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
    #[serde(default)]
    pub place: Place,
    #[serde(default)]
    pub protection: Protection,
    /// What it may speak, in order of preference.
    #[serde(default)]
    pub codecs: Vec<Codec>,
}

/// A phone that called by itself, to be somewhere in a call that stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Admission {
    pub leg: LegId,
    pub agent: Option<AgentId>,
    pub sdp: Option<Vec<u8>>,
    pub protection: Protection,
    /// What it may speak, in order of preference.
    pub codecs: Vec<Codec>,
    /// Our address towards it, and its own.
    pub local: IpAddr,
    pub peer: IpAddr,
    pub place: Place,
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
    /// A party has the place that he was called for, beside the two.
    Joined {
        leg: LegId,
    },
    /// One who was beside the two is gone, or a phone that called was not let in.
    Parted {
        leg: LegId,
    },
    /// The seat of that side has another party; the one before is gone.
    Reseated {
        side: Side,
        from: LegId,
        to: LegId,
    },
    /// Caller and callee have each other's seat.
    Exchanged,
    DigitBeside {
        leg: LegId,
        digit: char,
    },
    /// The call is over: all legs are released, the record is whole but for its recording.
    Ended,
}
