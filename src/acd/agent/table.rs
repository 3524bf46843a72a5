//! The table of an agent's states and events: what each fact makes of him, and what falls due.

use super::{Action, Agent, Event, Policy, State, Talk, Then};
use crate::acd::{AfterMissed, OfferResult, Reason};
use crate::base::limits::{OFFER_GRACE, OFFER_REST};
use crate::base::{Duration, Instant, Machine};
use std::collections::BTreeMap;

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
    use crate::acd::agent::{StateName, Work};
    use crate::base::machine::drive::Drive;
    use crate::base::time::secs;
    use crate::base::{CallId, Rng, Timestamp};

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
