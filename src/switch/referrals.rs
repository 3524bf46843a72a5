//! What agents' phones refer: their caller to a number, or two calls of theirs to each other.

use super::directory::Role;
use super::errand::{Errand, Granted, Refused, refused};
use super::output::Detail;
use super::slot::{PARTY_RINGS_FOR, Purpose};
use super::{Key, Switch};
use crate::base::{CallId, Instant, LegId};
use crate::call::Side;
use crate::call::record::{Outcome, SegmentEnding};
use crate::config::{BoxOwner, Destination};
use crate::sip::{Command, ReferId, ReferTarget};

impl Switch {
    /// An agent's phone refers whom it speaks with to somebody else.
    pub(super) fn referred(&mut self, refer: ReferId, target: &ReferTarget, now: Instant) {
        let found = self.calls_of_legs.get(&refer.leg).copied();
        // Who hears recordings has nobody whom he could refer.
        let speaks = |call: &CallId| self.slots.get(call).is_some_and(|slot| !matches!(slot.purpose, Purpose::Replay(_)));
        let found = found.filter(speaks);
        let side = found.and_then(|call| self.slots.get(&call)?.call.side_of(refer.leg));
        let (Some(call), Some(side)) = (found, side) else {
            // One beside the two transfers nobody but himself.
            return self.tell_sip(Command::TellReferProgress { refer, status: 403 }, now);
        };
        let done = match target {
            ReferTarget::Number(number) => self.transfer(call, number, side, Some(refer), now),
            ReferTarget::Replace(other) => self.merge(call, refer, *other, now),
        };
        if let Err(Refused { code, why }) = done {
            tracing::info!(%call, code, why, "a referral came to nothing");
            self.tell_sip(Command::TellReferProgress { refer, status: code }, now);
        }
    }

    /// Two calls of one agent become one: the other party of `other`'s call takes the place of the agent in `call`, or the other way round,
    /// so that the call that was there first goes on.
    fn merge(&mut self, call: CallId, refer: ReferId, other: LegId, now: Instant) -> Granted {
        let Some(second) = self.calls_of_legs.get(&other).copied().filter(|second| *second != call) else {
            return Err(refused(481, "the other call is over"));
        };
        let ((keeps, keeps_leg), (gives, gives_leg)) =
            if call < second { ((call, refer.leg), (second, other)) } else { ((second, other), (call, refer.leg)) };
        let side_in = |call: CallId, leg: LegId| self.slots.get(&call).and_then(|slot| slot.call.side_of(leg));
        let (Some(side), Some(gives_side)) = (side_in(keeps, keeps_leg), side_in(gives, gives_leg)) else {
            return Err(refused(481, "the other call is over"));
        };
        if !self.slots.get(&keeps).is_some_and(|slot| slot.call.is_connected()) {
            return Err(refused(481, "nobody speaks in the first call yet"));
        }
        let waiting = self.slots.get(&gives).filter(|slot| !slot.call.is_connected());
        if let Some((queue, asks)) = waiting.and_then(|slot| Some((slot.queue()?.clone(), slot.asks.clone()))) {
            // He who transfers waits in a queue himself: there it is the caller who is to wait.
            self.put_agent_in_place(keeps, side, now);
            self.tell_referrer(Some(refer), 200, now);
            if let Some(slot) = self.slots.get_mut(&keeps) {
                slot.asks = asks;
            }
            self.go_to(keeps, &Destination::Queue(queue), now);
            self.release(gives, Outcome::Abandoned, "joined with another call", now);
            return Ok(());
        }
        let hears_box = self.slots.get(&gives).and_then(|slot| match &slot.purpose {
            Purpose::Message { id, meeting, .. } => Some((id.clone(), *meeting)),
            _ => None,
        });
        if let Some((id, meeting)) = hears_box {
            // He who transfers was asked for a word: it is the caller's that is wanted.
            let owner = self.config.boxes.get(&id).map(|settings| settings.owner.clone());
            let to = match owner {
                Some(BoxOwner::Agent(owner)) if meeting => Destination::Agent(owner),
                _ => Destination::Message(id),
            };
            self.put_agent_in_place(keeps, side, now);
            self.tell_referrer(Some(refer), 200, now);
            if let Some(slot) = self.slots.get_mut(&gives) {
                slot.purpose = Purpose::Play { clips: Vec::new(), turned: None };
            }
            self.publish("call.transferred", Some(keeps), now, vec![("to", Detail::Text(to.to_string()))]);
            self.go_to(keeps, &to, now);
            self.release(gives, Outcome::Abandoned, "joined with another call", now);
            return Ok(());
        }
        let Some(giving) = self.slots.get_mut(&gives) else { return Err(refused(481, "the other call is over")) };
        let mut ordered = Vec::new();
        let Some(mut guest) = giving.call.give_away(gives_leg, now, &mut ordered) else {
            return Err(refused(481, "nobody is in the other call"));
        };
        giving.call.record_mut().merged_into = Some(keeps);
        let leg = guest.leg();
        giving.errands.remove(&leg);
        let agent = match gives_side {
            Side::Caller => giving.callee_agent.take(),
            Side::Callee => giving.caller_agent.take(),
        };
        giving.legs.remove(&leg);
        guest.agent.clone_from(&agent);
        self.put_agent_in_place(keeps, side, now);
        self.add_leg(keeps, leg);
        if let Some(agent) = &agent {
            self.engage(agent.clone(), keeps, Role::Beside, now);
            for role in [Role::Caller, Role::Callee, Role::Beside] {
                self.directory.leaves(agent, gives, role);
            }
            self.segment_ends(gives, agent, SegmentEnding::Changed, now);
        }
        let is_ringing = guest.is_ringing();
        let by = self.slots.get(&keeps).and_then(|slot| slot.callee_agent.clone());
        if let Some(slot) = self.slots.get_mut(&keeps) {
            if is_ringing {
                slot.errands.insert(leg, Box::new(Errand::taken_over(agent.clone(), PARTY_RINGS_FOR, refer, by, now)));
            } else if let Some(agent) = agent.clone() {
                slot.beside.insert(leg, agent);
            }
            let mut taken = Vec::new();
            slot.call.take_in(guest, "transferred", now, &mut taken);
            self.touched.insert(Key::Slot(keeps));
            self.work.extend(taken.into_iter().map(|action| super::Work::Call(keeps, action)));
        }
        if !is_ringing {
            self.tell_sip(Command::TellReferProgress { refer, status: 200 }, now);
        }
        self.touched.insert(Key::Slot(gives));
        self.work.extend(ordered.into_iter().map(|action| super::Work::Call(gives, action)));
        if let Some(agent) = agent {
            self.tell_acd(crate::acd::Event::Disengaged { agent, call: gives }, now);
        }
        self.pause_goes_along(gives, keeps, now);
        Ok(())
    }
}
