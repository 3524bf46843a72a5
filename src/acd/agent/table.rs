//! The table of an agent's states and events: what each fact makes of him, and what falls due.

use super::{Action, Agent, Counters, Event, Policy, State, Talk, Then, WrapUp};
use crate::acd::{Cause, Consequence, OfferResult, Reason, WrapUpKind};
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
    /// Where a failed offer leaves an agent: with each it is counted, and the limit of its cause says what follows. Until then he rests
    /// and is tried again.
    fn after(self, result: OfferResult, counters: &mut Counters, idle_since: Instant, now: Instant) -> State {
        let Some(cause) = result.cause() else { return rested(idle_since, now) };
        let (count, limit) = (counters.count(cause), self.limits.of(cause));
        if limit.after == 0 || count < limit.after {
            return rested(now, now);
        }
        match limit.then {
            Consequence::NotReady => not_ready(cause.into()),
            Consequence::Ready => rested(now, now),
            Consequence::LogOff => State::Offline,
        }
    }
}

impl Counters {
    /// Who comes back from a consequence has paid for it.
    fn come_back(&mut self, from: &Reason) {
        if let Some(cause) = Cause::ALL.into_iter().find(|cause| Reason::from(*cause) == *from) {
            self.forgive(cause);
        }
    }
}

impl WrapUp {
    /// What follows its end.
    fn ended(self, now: Instant) -> State {
        match (self.asked, self.kind) {
            (Some(reason), _) => not_ready(reason),
            (None, WrapUpKind::UntilDone) => not_ready(Reason::WrapUpOverdue),
            (None, WrapUpKind::Optional | WrapUpKind::Mandatory) => ready(now),
        }
    }

    /// With one that another call earned, or what follows when neither has time left.
    fn or_ended(self, now: Instant) -> State {
        if self.until > now { State::WrapUp(self) } else { self.ended(now) }
    }

    fn is_mandatory(&self) -> bool {
        self.kind == WrapUpKind::Mandatory
    }
}

impl Machine for Agent {
    type Event = Event;
    type Action = Action;

    #[allow(clippy::too_many_lines, reason = "the whole table of an agent's states and events, in one place")]
    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        let (policy, counters) = (self.policy, &mut self.counters);
        let next = match (&mut self.state, event) {
            (State::Offline, Event::LoggedOn) => {
                *counters = Counters::default();
                not_ready(Reason::LoggedOn)
            }
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
            (State::NotReady { .. } | State::Ready { .. } | State::WrapUp(_), Event::LoggedOff) => State::Offline,

            (State::NotReady { reason }, Event::MadeReady) => {
                counters.come_back(reason);
                ready(now)
            }
            // What may not be cut short goes on; what was to come after it is taken back.
            (State::WrapUp(wrap_up) | State::Talking { then: Then::WrapUp(wrap_up), .. }, Event::MadeReady) if wrap_up.is_mandatory() => {
                wrap_up.asked = None;
                return;
            }
            (State::WrapUp(_), Event::MadeReady) => ready(now),
            (State::Talking { then: then @ (Then::NotReady(_) | Then::WrapUp(_)), .. }, Event::MadeReady) => {
                if let Then::NotReady(reason) = then {
                    counters.come_back(reason);
                }
                *then = Then::Ready;
                return;
            }
            (_, Event::MadeReady) => return,

            (State::WrapUp(wrap_up) | State::Talking { then: Then::WrapUp(wrap_up), .. }, Event::MadeNotReady { reason })
                if wrap_up.is_mandatory() =>
            {
                wrap_up.asked = Some(reason);
                return;
            }
            (State::Talking { then: then @ (Then::Ready | Then::NotReady(_) | Then::WrapUp(_)), .. }, Event::MadeNotReady { reason }) => {
                *then = Then::NotReady(reason);
                return;
            }
            (State::Offline | State::Talking { then: Then::Offline, .. }, Event::MadeNotReady { .. }) => return,
            (State::NotReady { reason: standing }, Event::MadeNotReady { reason }) if *standing == reason => return,
            (State::NotReady { .. } | State::Ready { .. } | State::WrapUp(_), Event::MadeNotReady { reason }) => not_ready(reason),
            // Who asks for a pause while his phone rings will not answer it: the caller goes to the next at once.
            (State::Reserved { call, .. } | State::Ringing { call, .. }, Event::MadeNotReady { reason }) => {
                out.push(Action::DropOffer { call: *call, missed: false });
                not_ready(reason)
            }

            (State::NotReady { reason: Reason::Unreachable }, Event::Reachable) => {
                counters.forgive(Cause::Unreachable);
                ready(now)
            }
            (State::Talking { then: then @ Then::NotReady(Reason::Unreachable), .. }, Event::Reachable) => {
                counters.forgive(Cause::Unreachable);
                *then = Then::Ready;
                return;
            }
            (State::WrapUp(wrap_up) | State::Talking { then: Then::WrapUp(wrap_up), .. }, Event::Reachable)
                if wrap_up.asked == Some(Reason::Unreachable) =>
            {
                counters.forgive(Cause::Unreachable);
                wrap_up.asked = None;
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
            ) if *call == ended => policy.after(result, counters, *idle_since, now),
            (State::Reserved { call, idle_since, .. } | State::Ringing { call, idle_since, .. }, Event::Spared { call: left })
                if *call == left =>
            {
                State::Ready { idle_since: *idle_since, rest_until: None }
            }
            (_, Event::OfferEnded { .. } | Event::Spared { .. }) => return,

            (State::Talking { calls, .. }, Event::Engaged { call, work }) => {
                let talk = calls.entry(call).or_insert(Talk { since: now, work: None });
                if work.is_some() {
                    *counters = Counters::default();
                    *talk = Talk { since: now, work };
                }
                return;
            }
            (state, Event::Engaged { call, work }) => {
                if work.is_some() {
                    *counters = Counters::default();
                }
                let then = match state {
                    // He goes back to what he was; a call made in a wrap-up that he may end is the end of it.
                    State::Offline => Then::Offline,
                    State::NotReady { reason } => Then::NotReady(reason.clone()),
                    State::Reserved { call: offered, .. } | State::Ringing { call: offered, .. } => {
                        if *offered != call {
                            out.push(Action::DropOffer { call: *offered, missed: false });
                        }
                        Then::Ready
                    }
                    State::WrapUp(wrap_up) if wrap_up.kind != WrapUpKind::Optional => Then::WrapUp(wrap_up.clone()),
                    State::Ready { .. } | State::WrapUp(_) | State::Talking { .. } => Then::Ready,
                };
                let calls = BTreeMap::from([(call, Talk { since: now, work })]);
                State::Talking { calls, wrap_up: Duration::ZERO, wrap_up_kind: WrapUpKind::Optional, then }
            }

            (State::Talking { calls, wrap_up, wrap_up_kind, then }, Event::Disengaged { call }) => {
                let Some(talk) = calls.remove(&call) else { return };
                let mut queue = None;
                if let Some(work) = talk.work {
                    queue = Some(work.queue.clone());
                    *wrap_up = (*wrap_up).max(work.wrap_up);
                    *wrap_up_kind = (*wrap_up_kind).max(work.kind);
                    out.push(Action::Handled { queue: work.queue, talked: now - talk.since });
                }
                if !calls.is_empty() {
                    return;
                }
                let earned = WrapUp { until: now + *wrap_up, kind: *wrap_up_kind, queue, asked: None };
                match (then.clone(), wrap_up.is_zero()) {
                    (Then::Offline, _) => State::Offline,
                    (Then::Ready, true) => ready(now),
                    (Then::Ready, false) => State::WrapUp(earned),
                    // In place of a time after the call that he may end; after one that he may not.
                    (Then::NotReady(reason), false) if earned.is_mandatory() => State::WrapUp(WrapUp { asked: Some(reason), ..earned }),
                    (Then::NotReady(reason), _) => not_ready(reason),
                    (Then::WrapUp(rest), true) => rest.or_ended(now),
                    (Then::WrapUp(rest), false) => WrapUp {
                        until: rest.until.max(earned.until),
                        kind: rest.kind.max(earned.kind),
                        queue: earned.queue,
                        asked: rest.asked,
                    }
                    .or_ended(now),
                }
            }
            (_, Event::Disengaged { .. }) => return,
        };
        self.enter(next, now, out);
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        let (policy, counters) = (self.policy, &mut self.counters);
        let next = match &self.state {
            State::Ready { idle_since, rest_until: Some(until) } if *until <= now => {
                State::Ready { idle_since: *idle_since, rest_until: None }
            }
            State::Reserved { call, idle_since, give_up_at } if *give_up_at <= now => {
                out.push(Action::DropOffer { call: *call, missed: false });
                policy.after(OfferResult::Unreachable, counters, *idle_since, now)
            }
            State::Ringing { call, idle_since, give_up_at } if *give_up_at <= now => {
                out.push(Action::DropOffer { call: *call, missed: true });
                policy.after(OfferResult::Missed, counters, *idle_since, now)
            }
            State::WrapUp(wrap_up) if wrap_up.until <= now => wrap_up.clone().ended(now),
            _ => return,
        };
        self.enter(next, now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Ready { rest_until, .. } => *rest_until,
            State::Reserved { give_up_at, .. } | State::Ringing { give_up_at, .. } => Some(*give_up_at),
            State::WrapUp(wrap_up) => Some(wrap_up.until),
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
    use crate::base::{CallId, Limit, Limits, Rng, Timestamp};

    fn call(n: u64) -> CallId {
        CallId::new(Timestamp(1), &mut Rng::new(n))
    }

    fn ready() -> Drive<Agent> {
        let missed = Limit { after: 1, then: Consequence::Ready };
        let policy = Policy { limits: Limits { missed, ..Limits::default() }, ring_limit: secs(15) };
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
        let work = Work { queue: "service".into(), wrap_up: secs(30), kind: WrapUpKind::Optional };
        drive.event(Event::Reachable).event(Event::Engaged { call: call(3), work: Some(work) }).until(secs(70));
        drive.event(Event::Disengaged { call: call(3) }).until(secs(99));
        assert_eq!((drive.machine.name(), drive.machine.since()), (StateName::WrapUp, Instant::START + secs(70)));
        drive.until(secs(100));
        assert_eq!(drive.machine.free_since(), Some(Instant::START + secs(100)));
    }
}
