//! One agent: what he is doing, since when, and what that allows. Knows nothing of queues' order or of his phone.
//!
//! Longest idle counts from `idle_since`: the moment he last came to ready, from a call, a pause or a failed offer alike. Only an offer
//! that ended through no doing of his (the caller left, another agent took it) gives him the old one back.

use super::{AfterMissed, OfferResult, Reason};
use crate::base::limits::{OFFER_GRACE, OFFER_REST};
use crate::base::{CallId, Duration, Instant, Machine, QueueId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

#[derive(Clone, Debug)]
pub(super) struct Agent {
    pub policy: Policy,
    state: State,
    since: Instant,
}

/// What of the rules concerns an agent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Policy {
    pub after_missed: AfterMissed,
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
        then: Then,
    },
    WrapUp {
        until: Instant,
    },
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
}

/// What was asked for during a call, or stood before it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Then {
    Ready,
    NotReady(Reason),
    Offline,
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
        Self::restored(policy, State::Offline, now)
    }

    /// As he was when his image was taken, under the policy of today.
    pub(super) fn restored(policy: Policy, state: State, since: Instant) -> Self {
        Self { policy, state, since }
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
            State::WrapUp { .. } => StateName::WrapUp,
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
        matches!(
            self.state,
            State::NotReady { reason: Reason::Unreachable } | State::Talking { then: Then::NotReady(Reason::Unreachable), .. }
        )
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

    /// What follows the calls he is on.
    pub(super) fn next_state(&self) -> Option<StateName> {
        match &self.state {
            State::Talking { then: Then::Ready, .. } => Some(StateName::Ready),
            State::Talking { then: Then::NotReady(_), .. } => Some(StateName::NotReady),
            State::Talking { then: Then::Offline, .. } => Some(StateName::Offline),
            _ => None,
        }
    }

    fn enter(&mut self, state: State, now: Instant, out: &mut Vec<Action>) {
        let from = self.name();
        self.state = state;
        let (to, reason) = (self.name(), self.reason().cloned());
        // A new reason is a new spell of not-ready; the end of a rest is no change of state.
        if from != to || to == StateName::NotReady {
            self.since = now;
            out.push(Action::Changed { from, to, reason });
        }
    }
}

fn ready(now: Instant) -> State {
    State::Ready { idle_since: now, rest_until: None }
}

fn rested(idle_since: Instant, now: Instant) -> State {
    State::Ready { idle_since, rest_until: Some(now + OFFER_REST) }
}

fn not_ready(reason: Reason) -> State {
    State::NotReady { reason }
}

impl Policy {
    /// Where a failed offer leaves an agent. Busy is no fault but a second line: he rests and is tried again; what is rejected or cannot
    /// be reached would fail again at once.
    fn after(self, result: OfferResult, idle_since: Instant, now: Instant) -> State {
        match (result, self.after_missed) {
            (OfferResult::Missed, AfterMissed::NotReady) => not_ready(Reason::Missed),
            (OfferResult::Missed, AfterMissed::Ready) | (OfferResult::Busy, _) => rested(now, now),
            (OfferResult::Rejected, _) => not_ready(Reason::Rejected),
            (OfferResult::Unreachable, _) => not_ready(Reason::Unreachable),
            (OfferResult::Withdrawn, _) => rested(idle_since, now),
        }
    }
}

impl Machine for Agent {
    type Event = Event;
    type Action = Action;

    #[allow(clippy::too_many_lines, reason = "the whole table of an agent's states and events, in one place")]
    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        let policy = self.policy;
        let next = match (&mut self.state, event) {
            (State::Offline, Event::LoggedOn) => not_ready(Reason::LoggedOn),
            (State::Talking { then: then @ Then::Offline, .. }, Event::LoggedOn) => {
                *then = Then::NotReady(Reason::LoggedOn);
                return;
            }
            (_, Event::LoggedOn) => return,

            (State::Offline, Event::LoggedOff) => return,
            (State::Talking { then, .. }, Event::LoggedOff) => {
                *then = Then::Offline;
                return;
            }
            (State::Reserved { call, .. } | State::Ringing { call, .. }, Event::LoggedOff) => {
                out.push(Action::DropOffer { call: *call, missed: false });
                State::Offline
            }
            (State::NotReady { .. } | State::Ready { .. } | State::WrapUp { .. }, Event::LoggedOff) => State::Offline,

            (State::NotReady { .. } | State::WrapUp { .. }, Event::MadeReady) => ready(now),
            (State::Talking { then: then @ Then::NotReady(_), .. }, Event::MadeReady) => {
                *then = Then::Ready;
                return;
            }
            (_, Event::MadeReady) => return,

            (State::Talking { then: then @ (Then::Ready | Then::NotReady(_)), .. }, Event::MadeNotReady { reason }) => {
                *then = Then::NotReady(reason);
                return;
            }
            (State::Offline | State::Talking { then: Then::Offline, .. }, Event::MadeNotReady { .. }) => return,
            (State::NotReady { reason: standing }, Event::MadeNotReady { reason }) if *standing == reason => return,
            (State::NotReady { .. } | State::Ready { .. } | State::WrapUp { .. }, Event::MadeNotReady { reason }) => not_ready(reason),
            // Who asks for a pause while his phone rings will not answer it: the caller goes to the next at once.
            (State::Reserved { call, .. } | State::Ringing { call, .. }, Event::MadeNotReady { reason }) => {
                out.push(Action::DropOffer { call: *call, missed: false });
                not_ready(reason)
            }

            (State::NotReady { reason: Reason::Unreachable }, Event::Reachable) => ready(now),
            (State::Talking { then: then @ Then::NotReady(Reason::Unreachable), .. }, Event::Reachable) => {
                *then = Then::Ready;
                return;
            }
            (_, Event::Reachable) => return,

            (State::Ready { idle_since, .. }, Event::Offered { call }) => {
                State::Reserved { call, idle_since: *idle_since, give_up_at: now + policy.ring_limit + OFFER_GRACE }
            }
            (_, Event::Offered { .. }) => return,

            (State::Reserved { call, idle_since, .. }, Event::Alerted { call: rings }) if *call == rings => {
                State::Ringing { call: *call, idle_since: *idle_since, give_up_at: now + policy.ring_limit + OFFER_GRACE }
            }
            (_, Event::Alerted { .. }) => return,

            (
                State::Reserved { call, idle_since, .. } | State::Ringing { call, idle_since, .. },
                Event::OfferEnded { call: ended, result },
            ) if *call == ended => policy.after(result, *idle_since, now),
            (State::Reserved { call, idle_since, .. } | State::Ringing { call, idle_since, .. }, Event::Spared { call: left })
                if *call == left =>
            {
                State::Ready { idle_since: *idle_since, rest_until: None }
            }
            (_, Event::OfferEnded { .. } | Event::Spared { .. }) => return,

            (State::Talking { calls, .. }, Event::Engaged { call, work }) => {
                let talk = calls.entry(call).or_insert(Talk { since: now, work: None });
                if work.is_some() {
                    *talk = Talk { since: now, work };
                }
                return;
            }
            (state, Event::Engaged { call, work }) => {
                let then = match state {
                    // He goes back to what he was; a call made in wrap-up is the end of it.
                    State::Offline => Then::Offline,
                    State::NotReady { reason } => Then::NotReady(reason.clone()),
                    State::Reserved { call: offered, .. } | State::Ringing { call: offered, .. } => {
                        if *offered != call {
                            out.push(Action::DropOffer { call: *offered, missed: false });
                        }
                        Then::Ready
                    }
                    State::Ready { .. } | State::WrapUp { .. } | State::Talking { .. } => Then::Ready,
                };
                State::Talking { calls: BTreeMap::from([(call, Talk { since: now, work })]), wrap_up: Duration::ZERO, then }
            }

            (State::Talking { calls, wrap_up, then }, Event::Disengaged { call }) => {
                let Some(talk) = calls.remove(&call) else { return };
                if let Some(work) = talk.work {
                    *wrap_up = (*wrap_up).max(work.wrap_up);
                    out.push(Action::Handled { queue: work.queue, talked: now - talk.since });
                }
                if !calls.is_empty() {
                    return;
                }
                match then {
                    Then::Ready if !wrap_up.is_zero() => State::WrapUp { until: now + *wrap_up },
                    Then::Ready => ready(now),
                    Then::NotReady(reason) => not_ready(reason.clone()),
                    Then::Offline => State::Offline,
                }
            }
            (_, Event::Disengaged { .. }) => return,
        };
        self.enter(next, now, out);
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        let next = match self.state {
            State::Ready { idle_since, rest_until: Some(until) } if until <= now => State::Ready { idle_since, rest_until: None },
            State::Reserved { call, idle_since, give_up_at } if give_up_at <= now => {
                out.push(Action::DropOffer { call, missed: false });
                self.policy.after(OfferResult::Unreachable, idle_since, now)
            }
            State::Ringing { call, idle_since, give_up_at } if give_up_at <= now => {
                out.push(Action::DropOffer { call, missed: true });
                self.policy.after(OfferResult::Missed, idle_since, now)
            }
            State::WrapUp { until } if until <= now => ready(now),
            _ => return,
        };
        self.enter(next, now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Ready { rest_until, .. } => rest_until,
            State::Reserved { give_up_at, .. } | State::Ringing { give_up_at, .. } => Some(give_up_at),
            State::WrapUp { until } => Some(until),
            State::Offline | State::NotReady { .. } | State::Talking { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::secs;
    use crate::base::{Rng, Timestamp};

    fn call(n: u64) -> CallId {
        CallId::new(Timestamp(1), &mut Rng::new(n))
    }

    fn ready() -> Drive<Agent> {
        let policy = Policy { after_missed: AfterMissed::Ready, ring_limit: secs(15) };
        let mut drive = Drive::new(Agent::new(policy, Instant::START));
        drive.event(Event::LoggedOn).event(Event::MadeReady);
        drive
    }

    #[test]
    fn what_is_told_of_another_call_than_the_offered_changes_nothing() {
        let mut drive = ready();
        drive.event(Event::Offered { call: call(1) });
        for rang in [false, true] {
            let before = drive.machine.state().clone();
            for other in [
                Event::Alerted { call: call(2) },
                Event::OfferEnded { call: call(2), result: OfferResult::Busy },
                Event::Spared { call: call(2) },
                Event::Disengaged { call: call(1) },
                Event::Offered { call: call(2) },
            ] {
                drive.event(other);
                assert_eq!(*drive.machine.state(), before);
            }
            if !rang {
                drive.event(Event::Alerted { call: call(1) });
            }
        }
        drive.event(Event::Spared { call: call(1) });
        assert_eq!(drive.machine.free_since(), Some(Instant::START));
    }

    #[test]
    fn whatever_is_waited_for_comes_at_its_moment_and_not_before() {
        let mut drive = ready();
        drive.event(Event::Offered { call: call(1) }).until(secs(19)).event(Event::Alerted { call: call(1) }).until(secs(38));
        assert_eq!(drive.machine.name(), StateName::Ringing);
        drive.until(secs(39));
        assert_eq!((drive.machine.name(), drive.machine.free_since()), (StateName::Ready, None), "he rests");
        drive.until(secs(44));
        assert_eq!(drive.machine.free_since(), Some(Instant::START + secs(39)));
        drive.event(Event::Offered { call: call(2) }).until(secs(64));
        assert_eq!(drive.machine.reason(), Some(&Reason::Unreachable));
        let work = Work { queue: "service".into(), wrap_up: secs(30) };
        drive.event(Event::Reachable).event(Event::Engaged { call: call(3), work: Some(work) }).until(secs(70));
        drive.event(Event::Disengaged { call: call(3) }).until(secs(99));
        assert_eq!((drive.machine.name(), drive.machine.since()), (StateName::WrapUp, Instant::START + secs(70)));
        drive.until(secs(100));
        assert_eq!(drive.machine.free_since(), Some(Instant::START + secs(100)));
    }
}
