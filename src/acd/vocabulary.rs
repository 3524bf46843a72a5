//! What the ACD is told and what it orders, and the words for it.

use super::{Cause, Decision, Levels, StateName};
use crate::base::limits::REASON_LETTERS_MAX;
use crate::base::{AgentId, CallId, Instant, QueueId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Offline → not-ready `logged-on`; [`Event::MadeReady`] follows where logging in makes ready.
    LoggedOn {
        agent: AgentId,
    },
    LoggedOff {
        agent: AgentId,
    },
    /// Ends not-ready and wrap-up; during a call it takes back what was asked for after it. Nothing to an agent who is offline.
    MadeReady {
        agent: AgentId,
    },
    MadeNotReady {
        agent: AgentId,
        reason: Reason,
    },
    /// His phone registered (anew): ends not-ready `unreachable`, nothing else.
    Reachable {
        agent: AgentId,
    },

    /// A caller entered a queue. A higher `priority` goes first; `since` is his first arrival; `preferred` the agent whom he is to be given to
    /// if the queue's rule has him waited for, such as the last who spoke with him; `asks` what the number that he dialled asks for besides the
    /// queue.
    Enqueued {
        call: CallId,
        queue: QueueId,
        priority: u8,
        since: Instant,
        preferred: Option<AgentId>,
        asks: Levels,
    },
    /// Somebody is to be called back, and has a place in the queue for it as if he waited: that of `since`, his first arrival. No queue is too
    /// full for him, nobody has to be at work yet, and he never waits too long.
    CallBackEnqueued {
        call: CallId,
        queue: QueueId,
        since: Instant,
        preferred: Option<AgentId>,
        /// What the number that he dialled asked for besides.
        asks: Levels,
    },
    /// A caller who had no agent yet left the queue. A phone that rang for him is silenced.
    Left {
        call: CallId,
        why: Leaving,
    },

    /// The phone of the agent who was offered the call rings.
    Alerting {
        agent: AgentId,
        call: CallId,
    },
    /// An agent has the caller. Of a call offered to another, or to nobody yet: he picked it up.
    Answered {
        agent: AgentId,
        call: CallId,
    },
    /// The offer ended without an answer, and the caller still waits.
    OfferEnded {
        agent: AgentId,
        call: CallId,
        result: OfferResult,
    },

    /// The agent is on a call that no queue gave him: internal, outgoing, direct.
    Engaged {
        agent: AgentId,
        call: CallId,
    },
    /// The agent's part in a call ended, queue's or not.
    Disengaged {
        agent: AgentId,
        call: CallId,
    },

    /// Midnight: the figures begin anew.
    DayBegan,
}

/// How an offer ended without an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum OfferResult {
    /// Rang to the limit.
    Missed,
    /// 603, or any final answer that says no.
    Rejected,
    /// 486.
    Busy,
    /// No contact, no answer to the INVITE, 408, 480, 5xx.
    Unreachable,
    /// Taken back by the switch for reasons of its own.
    Withdrawn,
}

impl OfferResult {
    /// What is counted against the agent; `None` when it was no doing of his.
    #[must_use]
    pub const fn cause(self) -> Option<Cause> {
        match self {
            Self::Missed => Some(Cause::Missed),
            Self::Rejected => Some(Cause::Rejected),
            Self::Busy => Some(Cause::Busy),
            Self::Unreachable => Some(Cause::Unreachable),
            Self::Withdrawn => None,
        }
    }
}

/// How a caller left a queue before an agent answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Leaving {
    /// He hung up, or the call broke.
    Abandoned,
    /// He was taken elsewhere: another queue or destination.
    Overflowed,
    /// He hung up, and is called back.
    CalledBack,
}

/// Why an agent is not ready.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Reason {
    LoggedOn,
    Missed,
    Rejected,
    Busy,
    Unreachable,
    /// The time after a call is over, and he has not said that he is done.
    WrapUpOverdue,
    /// As asked for by phone or API: `meeting`, `break`, …
    Asked(Arc<str>),
}

impl Reason {
    /// A reason in the agent's own words, cut at [`REASON_LETTERS_MAX`] letters.
    #[must_use]
    pub fn asked(text: &str) -> Self {
        Self::Asked(text.chars().take(REASON_LETTERS_MAX).collect::<String>().into())
    }

    /// `logged-on`, `missed`, `rejected`, `busy`, `unreachable`, `wrap-up-overdue`, or the agent's own words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::LoggedOn => "logged-on",
            Self::Missed => "missed",
            Self::Rejected => "rejected",
            Self::Busy => "busy",
            Self::Unreachable => "unreachable",
            Self::WrapUpOverdue => "wrap-up-overdue",
            Self::Asked(text) => text,
        }
    }
}

impl From<Cause> for Reason {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Missed => Self::Missed,
            Cause::Rejected => Self::Rejected,
            Cause::Busy => Self::Busy,
            Cause::Unreachable => Self::Unreachable,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Ring the agent's phone for the caller, whom others' phones may ring for already.
    Offer { call: CallId, agent: AgentId, queue: QueueId },
    /// Stop the agent's phone: the caller left, another has him, or the agent is no longer free. The offer is over in these books.
    Withdraw { call: CallId, agent: AgentId },
    /// No agent is free for a caller who came, or whose offer failed: the switch entertains him itself.
    KeepWaiting { call: CallId, queue: QueueId },
    /// The queue does not take the caller.
    Refuse { call: CallId, queue: QueueId, why: Refusal },
    /// The caller has waited as long as the queue has anybody wait. He has left it.
    Expired { call: CallId, queue: QueueId },
    /// Why the offer that follows is made, or none: for who asks later.
    Decided(Box<Decision>),
    /// For events and API. `reason` stands with not-ready alone.
    StateChanged { agent: AgentId, from: StateName, to: StateName, reason: Option<Reason> },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It holds as many calls as its capacity.
    Full,
    /// No agent who may take its calls is logged on.
    NobodyLoggedOn,
    /// Those who are logged on are all not ready.
    NobodyReady,
    /// The configuration has no such queue (any more).
    Unknown,
}
