//! Phones that call by themselves to be let into a call that stands: another phone of somebody who is in it, a colleague who picks up what
//! rings, a supervisor who dials a code.

use super::Switch;
use super::directory::Role;
use super::errand::{Granted, Refused, refused};
use super::on_sip::Invitation;
use crate::base::{AgentId, CallId, Instant, LegId};
use crate::call::record::{CallDirection, CallRecord, Outcome, ReleasedBy};
use crate::call::{Admission, Order, Part, Place, Side};
use crate::config;
use crate::sip::Origin;
use serde::{Deserialize, Serialize};

/// A phone that called to be let in, until it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct Admitted {
    pub agent: AgentId,
    /// Of its own call, which is nothing but the way in.
    record: Box<CallRecord>,
}

/// `*81` and an extension listens to its call, and so on.
const SUPERVISION: [(&str, Place); 4] = [
    ("*81", Place::Beside(Part::Listening)),
    ("*82", Place::Beside(Part::Whispering)),
    ("*83", Place::Beside(Part::BargingIn)),
    ("*84", Place::Callee),
];

/// What a dialled number asks of another's call: the place in it, and whose.
pub(super) fn supervision_code(number: &str) -> Option<(Place, &str)> {
    let (code, place) = SUPERVISION.iter().find(|(code, _)| number.starts_with(code))?;
    Some((*place, number.strip_prefix(code)?)).filter(|(_, extension)| !extension.is_empty())
}

impl Switch {
    /// A phone that called has its place: its call ends with that, and goes on in the other.
    pub(super) fn came_in(&mut self, admitted: Admitted, into: CallId, now: Instant) {
        let at = self.at(now);
        let record = CallRecord { answered_at: Some(at), connected_at: Some(at), merged_into: Some(into), ..*admitted.record };
        self.over_at_once(record, Outcome::Answered, "joined with another call", now);
    }

    /// It has none.
    pub(super) fn stayed_out(&mut self, admitted: Admitted, now: Instant) {
        self.over_at_once(*admitted.record, Outcome::Refused, "not let in", now);
    }

    fn over_at_once(&mut self, record: CallRecord, outcome: Outcome, cause: &str, now: Instant) {
        let released_at = Some(self.at(now));
        let (released_by, release_cause) = (Some(ReleasedBy::Switch), Some(cause.to_owned()));
        let record = CallRecord { released_at, released_by, outcome: Some(outcome), release_cause, ..record };
        self.publish_over(&record, now);
        self.store(record);
    }

    /// Nobody is let in; for want of a right to it there is no call either, as for one who proves no account.
    fn keep_out(&mut self, invitation: &Invitation, refused: &Refused, now: Instant) {
        let Refused { code, why } = refused;
        tracing::info!(leg = %invitation.leg, code, why, "not let in");
        if *code == 403 {
            return self.refuse(invitation.leg, *code, None, now);
        }
        let Origin::Account(agent) = &invitation.origin else { return self.refuse(invitation.leg, *code, None, now) };
        let record = self.new_record(invitation, CallDirection::Internal, Some(agent.clone()), now);
        self.arrive_refused(invitation.leg, *code, Outcome::Refused, record, now);
    }

    /// A new call is to take the place of the peer of `target` (RFC 3891): one who speaks, or one whose phone rings.
    pub(super) fn replaces(&mut self, invitation: Invitation, target: LegId, now: Instant) {
        if let Err(refused) = self.admit_in_place(&invitation, target, now) {
            self.keep_out(&invitation, &refused, now);
        }
    }

    fn admit_in_place(&mut self, invitation: &Invitation, target: LegId, now: Instant) -> Granted {
        // RFC 3891 §3: 481 where there is no such dialog (any more).
        let call = self.calls_of_legs.get(&target).copied().ok_or_else(|| refused(481, "that call is over"))?;
        let slot = self.slots.get(&call).ok_or_else(|| refused(481, "that call is over"))?;
        let Origin::Account(agent) = invitation.origin.clone() else { return Err(refused(403, "only agents replace others")) };
        let (place, whose) = match slot.call.side_of(target) {
            Some(Side::Callee) => (Place::Callee, slot.callee_agent.clone()),
            Some(Side::Caller) if slot.call.is_connected() => (Place::Caller, slot.caller_agent.clone()),
            Some(Side::Caller) => return Err(refused(481, "nobody speaks in that call")),
            None => match (slot.offers.get(&target), slot.errands.get(&target)) {
                (Some(offer), _) => (Place::Callee, Some(offer.agent.clone())),
                (None, Some(errand)) => (errand.kind.place(), errand.agent.clone()),
                (None, None) => (Place::Callee, slot.call.record().agent.clone()),
            },
        };
        if !self.may_replace(&agent, whose.as_ref()) {
            return Err(refused(403, format!("{agent} may not take that place")));
        }
        let is_ringing = slot.call.side_of(target).is_none();
        self.let_in(call, invitation, agent, place, now)?;
        if is_ringing {
            self.gives_way(call, target, now);
        }
        Ok(())
    }

    /// The phone that rang gives way to the one that picked up for it.
    fn gives_way(&mut self, call: CallId, target: LegId, now: Instant) {
        if self.slots.get(&call).is_some_and(|slot| slot.errands.contains_key(&target)) {
            self.withdraw_errand(call, target, "picked up elsewhere", now);
        }
    }

    /// Himself on another phone; a colleague of his team; a supervisor.
    fn may_replace(&self, agent: &AgentId, whose: Option<&AgentId>) -> bool {
        let of = |agent: &AgentId| self.config.agents.get(agent);
        let team = of(agent).and_then(|agent| agent.team.as_deref());
        let is_supervisor = of(agent).is_some_and(|agent| agent.role == config::Role::Supervisor);
        whose.is_some_and(|whose| {
            whose == agent || is_supervisor || (team.is_some() && of(whose).and_then(|whose| whose.team.as_deref()) == team)
        })
    }

    /// A supervisor dials `*81` to `*84` and an extension.
    pub(super) fn supervise_by_phone(&mut self, invitation: Invitation, place: Place, extension: &str, now: Instant) {
        if let Err(refused) = self.admit_supervisor(&invitation, place, extension, now) {
            self.keep_out(&invitation, &refused, now);
        }
    }

    fn admit_supervisor(&mut self, invitation: &Invitation, place: Place, extension: &str, now: Instant) -> Granted {
        let Origin::Account(supervisor) = invitation.origin.clone() else { return Err(refused(404, "a code of the house")) };
        self.may_supervise(&supervisor)?;
        let call = self
            .directory
            .call_of(&AgentId::new(extension))
            .filter(|call| self.slots.get(call).is_some_and(|slot| slot.call.is_connected()));
        let call = call.ok_or_else(|| refused(480, format!("{extension} speaks with nobody")))?;
        self.put_agent_in_place(call, self.side_of_agent(call, extension), now);
        self.let_in(call, invitation, supervisor, place, now)
    }

    fn side_of_agent(&self, call: CallId, agent: &str) -> Side {
        let called = self.slots.get(&call).is_some_and(|slot| slot.caller_agent.as_ref().is_some_and(|caller| caller.as_str() == agent));
        if called { Side::Caller } else { Side::Callee }
    }

    fn let_in(&mut self, call: CallId, invitation: &Invitation, agent: AgentId, place: Place, now: Instant) -> Granted {
        let Invitation { leg, flow, sdp, .. } = invitation;
        let (leg, sdp) = (*leg, sdp.clone());
        let record = Box::new(self.new_record(invitation, CallDirection::Internal, Some(agent.clone()), now));
        let slot = self.slots.get_mut(&call).ok_or_else(|| refused(481, "that call is over"))?;
        slot.admitted.insert(leg, Box::new(Admitted { agent: agent.clone(), record }));
        self.add_leg(call, leg);
        if self.acd.offered_to(call).is_empty() {
            self.engage(agent.clone(), call, Role::Beside, now);
        } else {
            // What rings in a queue's name is his when he has answered, not before.
            self.directory.takes_part(&agent, call, Role::Beside);
        }
        let protection = self.protection(leg, Some(&agent), None);
        let local = self.hears_at(*flow, sdp.as_deref());
        let codecs = self.codecs(Some(&agent), None);
        let admission = Admission { leg, agent: Some(agent), sdp, protection, codecs, local, peer: flow.peer.ip(), place };
        self.order(call, Order::Admit(admission), now);
        Ok(())
    }
}
