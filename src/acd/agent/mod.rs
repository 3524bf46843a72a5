//! One agent: what he is doing, since when, and what that allows. Knows nothing of queues' order or of his phone.
//!
//! Longest idle counts from `idle_since`: the moment he last came to ready, from a call, a pause or a failed offer alike. Only an offer
//! that ended through no doing of his (the caller left, another agent took it) gives him the old one back.

mod counters;
mod table;

pub use counters::Counters;

use super::{Limits, OfferResult, Reason, WrapUpKind};
use crate::base::{CallId, Duration, Instant, QueueId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

#[derive(Clone, Debug)]
pub(super) struct Agent {
    pub policy: Policy,
    state: State,
    since: Instant,
    counters: Counters,
}

/// What of the rules concerns an agent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Policy {
    pub limits: Limits,
    /// How long a phone may ring. The offer's owner keeps the time; the agent's own deadlines lie a grace beyond.
    pub ring_limit: Duration,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum State {
    Offline,
    NotReady {
        reason: Reason,
    },
    /// Offered nothing before `rest_until`.
    Ready {
        idle_since: Instant,
        rest_until: Option<Instant>,
    },
    /// A call is on its way to his phone.
    Reserved {
        call: CallId,
        idle_since: Instant,
        give_up_at: Instant,
    },
    Ringing {
        call: CallId,
        idle_since: Instant,
        give_up_at: Instant,
    },
    /// On one call or more, of a queue or not. Not transient: it ends with the last of them. Then comes `then`.
    Talking {
        calls: BTreeMap<CallId, Talk>,
        wrap_up: Duration,
        #[serde(default)]
        wrap_up_kind: WrapUpKind,
        then: Then,
    },
    WrapUp(WrapUp),
}

/// The time after a call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct WrapUp {
    pub until: Instant,
    #[serde(default)]
    pub kind: WrapUpKind,
    /// Whose call it was.
    #[serde(default)]
    pub queue: Option<QueueId>,
    /// Asked for while it may not be cut short: it comes after.
    #[serde(default)]
    pub asked: Option<Reason>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Talk {
    since: Instant,
    work: Option<Work>,
}

/// What makes a call a queue's: whose, and the working-after-call time it earns.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Work {
    pub queue: QueueId,
    pub wrap_up: Duration,
    #[serde(default)]
    pub kind: WrapUpKind,
}

/// What was asked for during a call, or stood before it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Then {
    Ready,
    NotReady(Reason),
    Offline,
    /// What he was at before a call that no queue gave him.
    WrapUp(WrapUp),
}

/// The states by the contract's names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum StateName {
    Offline,
    Ready,
    Reserved,
    Ringing,
    Talking,
    WrapUp,
    NotReady,
}

impl StateName {
    pub const ALL: [Self; 7] = [Self::Offline, Self::Ready, Self::Reserved, Self::Ringing, Self::Talking, Self::WrapUp, Self::NotReady];

    /// `offline`, `ready`, `reserved`, `ringing`, `talking`, `wrap-up`, `not-ready`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Ready => "ready",
            Self::Reserved => "reserved",
            Self::Ringing => "ringing",
            Self::Talking => "talking",
            Self::WrapUp => "wrap-up",
            Self::NotReady => "not-ready",
        }
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Event {
    LoggedOn,
    LoggedOff,
    MadeReady,
    MadeNotReady {
        reason: Reason,
    },
    /// His phone registered anew.
    Reachable,
    /// The matcher gave him a call.
    Offered {
        call: CallId,
    },
    /// His phone rings.
    Alerted {
        call: CallId,
    },
    OfferEnded {
        call: CallId,
        result: OfferResult,
    },
    /// The call he was offered left, or another agent took it.
    Spared {
        call: CallId,
    },
    /// He is on a call; `work` when it is a queue's.
    Engaged {
        call: CallId,
        work: Option<Work>,
    },
    Disengaged {
        call: CallId,
    },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Action {
    /// He can no longer take the call offered to him: stop the ringing, give the call to the next. `missed` when his phone rang out.
    DropOffer {
        call: CallId,
        missed: bool,
    },
    /// The time after a queue's call is over.
    WrappedUp {
        queue: QueueId,
        took: Duration,
    },
    /// A queue's call ended.
    Handled {
        queue: QueueId,
        talked: Duration,
    },
    Changed {
        from: StateName,
        to: StateName,
        reason: Option<Reason>,
    },
}

impl Agent {
    pub(super) fn new(policy: Policy, now: Instant) -> Self {
        Self::restored(policy, State::Offline, now, Counters::default())
    }

    /// As he was when his image was taken, under the policy of today.
    pub(super) fn restored(policy: Policy, state: State, since: Instant, counters: Counters) -> Self {
        Self { policy, state, since, counters }
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    pub(super) fn name(&self) -> StateName {
        match self.state {
            State::Offline => StateName::Offline,
            State::NotReady { .. } => StateName::NotReady,
            State::Ready { .. } => StateName::Ready,
            State::Reserved { .. } => StateName::Reserved,
            State::Ringing { .. } => StateName::Ringing,
            State::Talking { .. } => StateName::Talking,
            State::WrapUp(_) => StateName::WrapUp,
        }
    }

    /// When the state was entered.
    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// Idle since when, if a call can be offered now.
    pub(super) fn free_since(&self) -> Option<Instant> {
        match self.state {
            State::Ready { idle_since, rest_until: None } => Some(idle_since),
            _ => None,
        }
    }

    pub(super) fn reason(&self) -> Option<&Reason> {
        if let State::NotReady { reason } = &self.state { Some(reason) } else { None }
    }

    /// Whether he waits for his phone to register anew.
    pub(super) fn misses_phone(&self) -> bool {
        let waits = |wrap_up: &WrapUp| wrap_up.asked == Some(Reason::Unreachable);
        match &self.state {
            State::NotReady { reason } | State::Talking { then: Then::NotReady(reason), .. } => *reason == Reason::Unreachable,
            State::WrapUp(wrap_up) | State::Talking { then: Then::WrapUp(wrap_up), .. } => waits(wrap_up),
            _ => false,
        }
    }

    /// Of the time after a call: who ends it, and when it ends.
    pub(super) fn wrap_up(&self) -> Option<(WrapUpKind, Instant)> {
        if let State::WrapUp(WrapUp { until, kind, .. }) = &self.state { Some((*kind, *until)) } else { None }
    }

    /// Offers that he let go since he last answered one.
    pub(super) fn counters(&self) -> Counters {
        self.counters
    }

    /// The call he is offered, or the first of those he is on.
    pub(super) fn call(&self) -> Option<CallId> {
        match &self.state {
            State::Reserved { call, .. } | State::Ringing { call, .. } => Some(*call),
            State::Talking { calls, .. } => calls.iter().min_by_key(|(_, talk)| talk.since).map(|(call, _)| *call),
            _ => None,
        }
    }

    /// The call that is offered to him.
    pub(super) fn offered(&self) -> Option<CallId> {
        if let State::Reserved { call, .. } | State::Ringing { call, .. } = self.state { Some(call) } else { None }
    }

    /// The calls he is on.
    pub(super) fn calls(&self) -> Vec<CallId> {
        if let State::Talking { calls, .. } = &self.state { calls.keys().copied().collect() } else { Vec::new() }
    }

    /// Whether he takes queues' calls now, or will when what he is at has ended.
    pub(super) fn returns(&self) -> bool {
        match &self.state {
            State::Ready { .. } | State::Reserved { .. } | State::Ringing { .. } | State::Talking { then: Then::Ready, .. } => true,
            State::WrapUp(wrap_up) | State::Talking { then: Then::WrapUp(wrap_up), .. } => wrap_up.asked.is_none(),
            State::Talking { then: Then::NotReady(_) | Then::Offline, .. } => false,
            State::Offline | State::NotReady { .. } => false,
        }
    }

    /// What follows the calls he is on; what he asked for while the time after a call may not be cut short.
    pub(super) fn next_state(&self) -> Option<StateName> {
        match &self.state {
            State::Talking { then: Then::Ready, .. } => Some(StateName::Ready),
            State::Talking { then: Then::NotReady(_), .. } => Some(StateName::NotReady),
            State::Talking { then: Then::Offline, .. } => Some(StateName::Offline),
            State::WrapUp(WrapUp { asked: Some(_), .. }) | State::Talking { then: Then::WrapUp(WrapUp { asked: Some(_), .. }), .. } => {
                Some(StateName::NotReady)
            }
            State::Talking { then: Then::WrapUp(_), .. } => Some(StateName::WrapUp),
            _ => None,
        }
    }

    fn enter(&mut self, state: State, now: Instant, out: &mut Vec<Action>) {
        let from = self.name();
        if let State::WrapUp(WrapUp { queue: Some(queue), .. }) = &self.state {
            out.push(Action::WrappedUp { queue: queue.clone(), took: now - self.since });
        }
        self.state = state;
        let (to, reason) = (self.name(), self.reason().cloned());
        // A new reason is a new spell of not-ready; the end of a rest is no change of state.
        if from != to || to == StateName::NotReady {
            self.since = now;
            out.push(Action::Changed { from, to, reason });
        }
    }
}
